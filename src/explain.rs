//! Why a note is read as it is: each token's exact share of the logits, merged into phrases, and what would change the
//! verdict.

mod edits;
mod phrases;
mod removal;
mod sentences;
mod shares;
mod words;

use crate::assessment::{Assessment, Evidence, Explanation};
use crate::classifier::{Classifier, Scores};
use crate::features::Scratch;
use crate::policy::{AMBIGUOUS, TOO_LONG, UNKNOWN, Verdict};

pub use shares::Share;
pub(crate) use shares::spread;

/// From which probability another label is explained beside the one that decides, where a note can be read in more than one way.
const ALSO: f32 = 0.2;

/// Explains what was scored last with `scratch`.
pub(crate) fn explain(classifier: &Classifier, note: &str, scores: &Scores, assessment: &Assessment, scratch: &mut Scratch) -> Explanation {
    let findings = classifier.findings(scores, assessment);
    let is = |id: &str| findings.first().is_some_and(|finding| finding.id == id);
    if is(UNKNOWN) {
        // What the model says of a text that it does not know is not worth explaining.
        return Explanation { findings, ..Explanation::default() };
    }
    let decisive = assessment.decisive();
    let columns = columns(classifier, assessment, is(AMBIGUOUS));
    let mut original = classifier.original(scratch);
    let shares = classifier.shares_of(note, &original, scratch);
    let phrases = phrases::phrases(&scratch.tokens, &shares, &columns, decisive.probabilities.len());
    let evidence = phrases.iter().map(|phrase| Evidence {
        start: phrase.bytes.start,
        end: phrase.bytes.end,
        text: note[phrase.bytes.clone()].to_owned(),
        label: decisive.probabilities[phrase.column].0.clone(),
        weight: phrase.weight,
    });
    let evidence: Vec<Evidence> = evidence.collect();
    let mut search = edits::Search::new(classifier, note, assessment, &mut original, scratch);
    let edits = match assessment.verdict {
        Verdict::Hold | Verdict::Unsure => search.without_reading(against(classifier, &columns), &phrases, &shares),
        Verdict::Revise if is(TOO_LONG) => search.shorter(assessment.length),
        // What is missing cannot be taken out.
        Verdict::Revise | Verdict::Send => Vec::new(),
    };
    Explanation { evidence, edits, findings }
}

/// The first of the labels in `columns` that is not sent: what it is read from can be taken out.
fn against(classifier: &Classifier, columns: &[usize]) -> usize {
    let rulings = classifier.rulings().of(0);
    columns.iter().copied().find(|&column| rulings[column].verdict != Verdict::Send).unwrap_or(columns[0])
}

/// The columns of the labels to explain: the one that decides, and those that come near it where several together do.
fn columns(classifier: &Classifier, assessment: &Assessment, is_ambiguous: bool) -> Vec<usize> {
    let decisive = assessment.decisive();
    let winner = decisive.probabilities.iter().position(|(label, _)| *label == decisive.label).unwrap_or(0);
    let held = classifier.held(decisive).map(|(index, _)| index);
    let first = held.unwrap_or(winner);
    let rulings = classifier.rulings().of(0);
    let also = decisive.probabilities.iter().enumerate().filter(|(index, (_, p))| {
        *index != first && *p >= ALSO && (is_ambiguous || (held.is_some() && rulings[*index].verdict == Verdict::Hold))
    });
    std::iter::once(first).chain(also.map(|(index, _)| index)).collect()
}
