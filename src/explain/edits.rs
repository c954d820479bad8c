//! What would change the verdict: the smallest removals, found by scoring the note again.

use std::ops::Range;

use super::phrases::Phrase;
use super::removal::{Sentence, removal, whole};
use super::sentences::{sentences, without};
use super::shares::Share;
use crate::assessment::{Assessment, Edit, Length};
use crate::classifier::{Classifier, Scores};
use crate::features::{Original, Scratch};
use crate::policy::Verdict;

/// How many edits are given: the smallest, and one other to choose from.
const EDITS: usize = 2;
/// How many single phrases, clauses and sentences are tried, the weightiest ones of a long note, and how many of them together. Every trial costs as much as scoring
/// the note, and all together at most twenty times as much (`benches/instructions.rs`).
const TRIALS: usize = 8;
const TRIALS_TOGETHER: usize = 3;
/// How many sentences of a note that is only too long are taken out at most.
const SENTENCES: usize = 3;
/// The longest sentence that is looked at clause by clause, in bytes: more than a whole note.
const LONGEST_SENTENCE: usize = 1000;
/// The least number of words that must be left of an edited note: fewer are no note.
const WORDS_LEFT: usize = 3;

/// Looks for removals after which the verdict is better.
pub(super) struct Search<'a> {
    classifier: &'a Classifier,
    note: &'a str,
    verdict: Verdict,
    original: &'a mut Original,
    scratch: &'a mut Scratch,
    /// What was tried last.
    scores: Scores,
    assessment: Assessment,
}

impl<'a> Search<'a> {
    /// A search in a note that was judged, and which is laid out in `original`.
    pub(super) fn new(
        classifier: &'a Classifier,
        note: &'a str,
        judged: &Assessment,
        original: &'a mut Original,
        scratch: &'a mut Scratch,
    ) -> Self {
        Self { classifier, note, verdict: judged.verdict, original, scratch, scores: Scores::default(), assessment: judged.clone() }
    }

    /// Phrases, clauses and sentences that speak for the label in `column`, smallest first; where no single one is enough, several of them together. Empty where those
    /// are not enough either.
    pub(super) fn without_reading(&mut self, column: usize, phrases: &[Phrase], shares: &[Share]) -> Vec<Edit> {
        let candidates = candidates(self.note, column, phrases, shares);
        let edits = self.smallest(candidates.clone());
        if edits.is_empty() { self.together(&candidates).into_iter().collect() } else { edits }
    }

    /// Sentences without which the note is short enough, one or a few that follow each other, smallest first. The first sentence says to whom it is and often who writes: it goes only where
    /// nothing else is enough.
    pub(super) fn shorter(&mut self, length: Length) -> Vec<Edit> {
        let over = length.characters.saturating_sub(length.limit);
        let all = sentences(self.note);
        let runs = (1..=SENTENCES).flat_map(|count| all.windows(count).skip(1));
        let mut candidates: Vec<Range<usize>> = runs.map(|run| whole(self.note, &(run[0].start..run[run.len() - 1].end))).collect();
        candidates.retain(|bytes| self.note[bytes.clone()].chars().count() >= over);
        candidates.sort_by_key(|bytes| (bytes.len(), bytes.start));
        candidates.truncate(TRIALS);
        let edits = self.smallest(candidates);
        if edits.is_empty() { self.smallest(all.first().map(|first| whole(self.note, first)).into_iter().collect()) } else { edits }
    }

    fn smallest(&mut self, mut candidates: Vec<Range<usize>>) -> Vec<Edit> {
        candidates.sort_by_key(|bytes| (bytes.len(), bytes.start));
        candidates.iter().filter_map(|bytes| self.tried(std::slice::from_ref(bytes))).take(EDITS).collect()
    }

    /// The removal of `ranges` as an edit, if the verdict is better without them.
    fn tried(&mut self, ranges: &[Range<usize>]) -> Option<Edit> {
        let rest = without(self.note, ranges);
        self.classifier.score_edited(&rest, self.original, self.scratch, &mut self.scores);
        self.classifier.judge_into(&rest, &self.scores, &mut self.assessment);
        let verdict = self.assessment.verdict;
        let is_better = match self.verdict {
            Verdict::Hold | Verdict::Unsure => matches!(verdict, Verdict::Send | Verdict::Revise),
            Verdict::Revise | Verdict::Send => verdict == Verdict::Send,
        };
        (is_better && self.scores.words >= WORDS_LEFT).then(|| edit(ranges, &self.assessment))
    }

    /// The weightiest candidates together, one more each time until the verdict is better, and then without those that are not needed for it. `None` where most of the note would be gone and
    /// what is left says nothing.
    fn together(&mut self, candidates: &[Range<usize>]) -> Option<Edit> {
        let mut chosen: Vec<Range<usize>> = Vec::new();
        let mut trials = TRIALS_TOGETHER;
        for bytes in candidates {
            if chosen.iter().any(|range| range.start < bytes.end && bytes.start < range.end) {
                continue;
            }
            chosen.push(bytes.clone());
            chosen.sort_by_key(|range| range.start);
            if chosen.len() < 2 {
                continue;
            }
            if let Some(edit) = self.tried(&chosen) {
                let edit = self.least(chosen, edit);
                let removed: usize = edit.remove.iter().map(|(start, end)| end - start).sum();
                return (edit.verdict == Verdict::Send || 2 * removed <= self.note.len()).then_some(edit);
            }
            trials -= 1;
            if trials == 0 {
                break;
            }
        }
        None
    }

    fn least(&mut self, mut chosen: Vec<Range<usize>>, mut edit: Edit) -> Edit {
        let mut index = 0;
        // Of two, neither is enough alone: both were tried.
        while chosen.len() > 2 && index < chosen.len() {
            let range = chosen.remove(index);
            if let Some(smaller) = self.tried(&chosen) {
                edit = smaller;
            } else {
                chosen.insert(index, range);
                index += 1;
            }
        }
        edit
    }
}

/// All removals that take out something of what speaks for the label in `column`, the weightiest first.
fn candidates(note: &str, column: usize, phrases: &[Phrase], shares: &[Share]) -> Vec<Range<usize>> {
    let weight = |bytes: &Range<usize>| -> f32 {
        let from = shares.partition_point(|share| share.bytes.start < bytes.start);
        shares[from..].iter().take_while(|share| share.bytes.end <= bytes.end).map(|share| share.logits[column]).sum()
    };
    let weightiest = |ranges: Vec<Range<usize>>| -> Vec<Range<usize>> {
        let mut weighed: Vec<(f32, Range<usize>)> = ranges.into_iter().map(|bytes| (weight(&bytes), bytes)).collect();
        weighed.retain(|(weight, _)| *weight > 0.0);
        weighed.sort_by(|a, b| b.0.total_cmp(&a.0));
        weighed.into_iter().map(|(_, bytes)| bytes).take(TRIALS).collect()
    };
    let all = Sentence::all(note);
    let own = phrases.iter().filter(|phrase| phrase.column == column);
    let mut ranges: Vec<Range<usize>> = own.map(|phrase| removal(&all, &phrase.bytes)).collect();
    for bytes in weightiest(all.iter().map(|sentence| sentence.bytes.clone()).collect()) {
        ranges.push(whole(note, &bytes));
        if bytes.len() <= LONGEST_SENTENCE {
            ranges.extend(all.iter().filter(|sentence| sentence.bytes == bytes).flat_map(Sentence::clauses));
        }
    }
    ranges.sort_by_key(|range| (range.start, range.end));
    ranges.dedup();
    weightiest(ranges)
}

fn edit(ranges: &[Range<usize>], assessment: &Assessment) -> Edit {
    Edit {
        remove: ranges.iter().map(|bytes| (bytes.start, bytes.end)).collect(),
        verdict: assessment.verdict,
        confidence: assessment.decisive().confidence,
    }
}
