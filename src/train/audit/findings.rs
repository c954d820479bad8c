//! What is likely to be wrong with a corpus of any kind, note by note.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Serialize;

use super::copies::{CopyKind, near_copies};
use super::counts::label_counts;
use super::label_errors::label_errors;
use super::language::foreign;
use super::remarks::{self, Remark};
use super::words::Words;
use crate::text::Tokens;
use crate::train::corpus::{Corpus, Place};
use crate::train::cross::out_of_fold_probabilities;
use crate::train::fit::FitSettings;
use crate::train::near_copies::ALIKE;

/// What may be wrong with a note, in the order in which findings are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The row is no labelled note.
    UnusableRow,
    /// Nearly the same text has another label elsewhere.
    ConflictingCopy,
    /// Another label is likelier, by what the other groups teach.
    LabelError,
    /// Nearly the same text is in another group: it may be learned from and measured on.
    Leak,
    /// Nearly the same text is in the same group, or there are no groups.
    NearCopy,
    /// There is no word in it.
    Empty,
    /// It is longer than a note can be.
    Overlong,
    /// Hardly a word of it is frequent in the other notes.
    OtherLanguage,
}

impl Cause {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::UnusableRow,
        Self::ConflictingCopy,
        Self::LabelError,
        Self::Leak,
        Self::NearCopy,
        Self::Empty,
        Self::Overlong,
        Self::OtherLanguage,
    ];

    /// The name that JSON and the table use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnusableRow => "unusable-row",
            Self::ConflictingCopy => "conflicting-copy",
            Self::LabelError => "label-error",
            Self::Leak => "leak",
            Self::NearCopy => "near-copy",
            Self::Empty => "empty",
            Self::Overlong => "overlong",
            Self::OtherLanguage => "other-language",
        }
    }
}

/// Something that is likely to be wrong with a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file that the note stands in.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// The note's id; empty where the row is no note.
    pub id: String,
    /// The note; empty where the row is none.
    pub text: String,
    /// Its label; empty where the row is no note.
    pub label: String,
    /// The label that it is likelier to have.
    pub suggested_label: Option<String>,
    /// What is wrong.
    pub cause: Cause,
    /// The same in words, with figures.
    pub why: String,
}

/// What was found in a corpus.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// How many notes there are.
    pub notes: usize,
    /// How many groups.
    pub groups: usize,
    /// How many notes have each label.
    pub labels: BTreeMap<String, usize>,
    /// The share of the labels (0 to 1) that are told right from the other groups, where label errors were looked for: the lower it is, the more of
    /// the likely label errors are none.
    pub told_right: Option<f64>,
    /// What is to be said of the corpus as a whole.
    pub remarks: Vec<Remark>,
    /// What is to be said of single notes: by cause, likely label errors the likeliest first, the others in the order of the corpus.
    pub findings: Vec<Finding>,
}

/// Looks for what is likely to be wrong with the labels of the first head and with the texts. `places` are those of the notes, `settings` say how
/// label errors are looked for, `limit` is the longest note, in characters. The rows that were passed over when the corpus was read are findings too.
#[must_use]
pub fn inspect(corpus: &Corpus, places: &[Place], settings: &FitSettings, limit: usize) -> Report {
    let head = &settings.heads[0];
    let words: Vec<Words> = corpus.notes.par_iter().map_init(Tokens::default, |tokens, note| Words::new(&note.text, tokens)).collect();
    let (groups, ungrouped) = remarks::groups(corpus);
    let mut remarks: Vec<Remark> = ungrouped.into_iter().collect();
    remarks.extend(remarks::labels(corpus, head));
    remarks.extend(remarks::give_aways(corpus, &words, head));
    let mut inspection = Inspection { corpus, places, head, has_groups: groups < corpus.notes.len(), findings: Vec::new() };
    inspection.unusable_rows();
    let beliefs = match beliefs(corpus, settings, groups) {
        Ok(beliefs) => Some(beliefs),
        Err(why) => {
            remarks.push(Remark::new("label-errors", why));
            None
        }
    };
    inspection.copies(beliefs.as_ref());
    if let Some(beliefs) = &beliefs {
        inspection.label_errors(beliefs);
    }
    inspection.texts(&words, limit);
    let mut findings = inspection.findings;
    findings.sort_by_key(|finding| finding.cause);
    let labels = label_counts(corpus, head).into_iter().map(|(label, count)| (label.to_owned(), count)).collect();
    let told_right = beliefs.map(|beliefs| beliefs.told_right);
    Report { notes: corpus.notes.len(), groups, labels, told_right, remarks, findings }
}

/// What the rest of the corpus says of each note's label.
struct Beliefs {
    labels: Vec<String>,
    given: Vec<usize>,
    probabilities: Vec<Vec<f32>>,
    told_right: f64,
}

/// Out-of-fold probabilities, or why they would say nothing.
fn beliefs(corpus: &Corpus, settings: &FitSettings, groups: usize) -> Result<Beliefs, String> {
    let ungrouped = (groups < 2).then(|| {
        let mut corpus = corpus.clone();
        for (row, note) in corpus.notes.iter_mut().enumerate() {
            note.group = row.to_string();
        }
        corpus
    });
    let (labels, probabilities) = out_of_fold_probabilities(ungrouped.as_ref().unwrap_or(corpus), settings)
        .map_err(|error| format!("likely label errors were not looked for: {error}"))?;
    let at: BTreeMap<&String, usize> = labels.iter().enumerate().map(|(index, label)| (label, index)).collect();
    let given: Vec<usize> = corpus.notes.iter().filter_map(|note| at.get(note.labels.get(&settings.heads[0])?).copied()).collect();
    let right = given.iter().zip(&probabilities).filter(|(given, p)| p.iter().all(|other| *other <= p[**given])).count();
    let commonest = (0..labels.len()).map(|label| given.iter().filter(|given| **given == label).count()).max().unwrap_or(0);
    if right <= commonest {
        return Err(format!(
            "likely label errors were not looked for: the notes are too few or too mixed to learn from ({right} of {} labels are told right from the \
             other groups, and always saying the commonest gives {commonest})",
            given.len()
        ));
    }
    Ok(Beliefs { told_right: right as f64 / given.len() as f64, labels, given, probabilities })
}

struct Inspection<'a> {
    corpus: &'a Corpus,
    places: &'a [Place],
    head: &'a str,
    has_groups: bool,
    findings: Vec<Finding>,
}

impl Inspection<'_> {
    fn add(&mut self, cause: Cause, row: usize, suggested_label: Option<String>, why: String) {
        let (note, place) = (&self.corpus.notes[row], &self.places[row]);
        self.findings.push(Finding {
            file: place.file.display().to_string(),
            line: place.line,
            id: note.id.clone(),
            text: note.text.clone(),
            label: note.labels.get(self.head).cloned().unwrap_or_default(),
            suggested_label,
            cause,
            why,
        });
    }

    fn unusable_rows(&mut self) {
        self.findings.extend(self.corpus.skipped.iter().map(|row| Finding {
            file: row.path.display().to_string(),
            line: row.line,
            id: String::new(),
            text: String::new(),
            label: String::new(),
            suggested_label: None,
            cause: Cause::UnusableRow,
            why: row.cause.clone(),
        }));
    }

    fn copies(&mut self, beliefs: Option<&Beliefs>) {
        let own_belief = |row: usize| beliefs.map_or(0.0, |beliefs| beliefs.probabilities[row][beliefs.given[row]]);
        for copy in near_copies(self.corpus, self.head, ALIKE) {
            let (mut row, mut of) = (copy.row, copy.of);
            // Of two labels for one text, the one that the other groups speak for less is in question.
            if copy.kind == CopyKind::Conflict && own_belief(of) < own_belief(row) {
                (row, of) = (of, row);
            }
            let (other, place) = (&self.corpus.notes[of], &self.places[of]);
            let like = format!("like {}:{} ({:.2} alike)", place.file.display(), place.line, copy.similarity);
            let label = other.labels.get(self.head).cloned();
            match copy.kind {
                CopyKind::Conflict => {
                    let why = format!("{like}, which is {}", label.as_deref().unwrap_or_default());
                    self.add(Cause::ConflictingCopy, row, label, why);
                }
                CopyKind::Leak if self.has_groups => {
                    let why = format!("{like}, which is of the group {}; drop one, or give both one group", other.group);
                    self.add(Cause::Leak, row, None, why);
                }
                CopyKind::Leak | CopyKind::Redundant => {
                    self.add(Cause::NearCopy, row, None, format!("{like}; drop one, or keep both in one group"));
                }
            }
        }
    }

    fn label_errors(&mut self, beliefs: &Beliefs) {
        let conflicting: BTreeSet<(String, u64)> = self
            .findings
            .iter()
            .filter(|finding| finding.cause == Cause::ConflictingCopy)
            .map(|finding| (finding.file.clone(), finding.line))
            .collect();
        for error in label_errors(&beliefs.given, &beliefs.probabilities) {
            let place = &self.places[error.row];
            if conflicting.contains(&(place.file.display().to_string(), place.line)) {
                continue;
            }
            let p = &beliefs.probabilities[error.row];
            let (given, suggested) = (&beliefs.labels[beliefs.given[error.row]], &beliefs.labels[error.suggested]);
            let why = format!(
                "the other groups say {given} {:.2}, {suggested} {:.2}{}",
                error.self_confidence,
                p[error.suggested],
                if error.confident { "" } else { "; not surely" }
            );
            self.add(Cause::LabelError, error.row, Some(suggested.clone()), why);
        }
    }

    fn texts(&mut self, words: &[Words], limit: usize) {
        for (row, words) in words.iter().enumerate() {
            let characters = self.corpus.notes[row].text.chars().count();
            if words.words.is_empty() {
                self.add(Cause::Empty, row, None, "no word in it".to_owned());
            } else if characters > limit {
                self.add(Cause::Overlong, row, None, format!("{characters} characters, more than {limit}"));
            }
        }
        for (row, share) in foreign(words) {
            self.add(Cause::OtherLanguage, row, None, format!("{:.0} % of its words are everyday words of this corpus", 100.0 * share));
        }
    }
}
