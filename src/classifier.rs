//! A model made ready for speed: a note in, an assessment out.

use std::borrow::Cow;
use std::path::Path;

use crate::accept::Accepted;
use crate::assessment::{Assessment, Finding, Length, ModelId, Reading};
use crate::error::Error;
use crate::explain::explain;
use crate::features::{Block, Extractor, Original, Scratch};
use crate::model::{self, About, FORMAT, Head, Model, Parts, SHIPPED};
use crate::policy::{AMBIGUOUS, Policy, Rule, TOO_LONG, UNKNOWN, Verdict};
use crate::ruling::{self, Rulings, finding_id};
use crate::table::{KEPT_BYTES, Table, in_eights};

/// Reads notes with one model and one policy. Build it once, then call it as often as you like, from any thread.
///
/// ```
/// use thinktwice::{Classifier, Verdict};
///
/// let classifier = Classifier::shipped();
/// let assessment = classifier.assess("You looked gorgeous at the gala, can I take you out to dinner on Friday?");
/// assert_eq!(assessment.verdict, Verdict::Hold);
/// assert_eq!(assessment.decisive().label, "romantic");
/// ```
#[derive(Debug)]
pub struct Classifier {
    about: About,
    policy: Policy,
    rulings: Rulings,
    accepted: Accepted,
    id: ModelId,
    extractor: Extractor,
    table: Table,
    /// What a unit of each of a row's bytes is worth, in logits, eight by eight: nothing, where it is no weight.
    scale: Vec<[f32; 8]>,
    /// The biases of the columns, in the same places.
    bias: Vec<[f32; 8]>,
}

/// What the model computes for a note, before any policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// The probability of every label, heads in the model's order.
    pub probabilities: Vec<f32>,
    /// The logit of every label, in the same order.
    pub logits: Vec<f32>,
    /// The logit that the text is no note at all, where the model has one.
    pub out_of_scope: Option<f32>,
    /// How many word tokens the note has.
    pub words: usize,
    /// How many of them the model knows.
    pub known_words: usize,
}

impl Classifier {
    /// The model that comes with the library.
    ///
    /// # Panics
    ///
    /// Never: the bytes are compiled in, and a test verifies them.
    #[must_use]
    pub fn shipped() -> Self {
        let parts = Parts::read(SHIPPED).expect("the shipped model is tested");
        let rows = in_eights(parts.rows, parts.scale.len());
        let table = Table::new(Cow::Borrowed(parts.pilots), rows, parts.scale.len()).expect("the shipped model is tested");
        Self::assemble(parts.about, parts.digest, table, &parts.scale, &parts.bias)
    }

    /// The model in a file, with the policy that it carries.
    ///
    /// # Errors
    ///
    /// As [`Model::load`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        let (model, table) = Model::load_with_table(path)?;
        Ok(Self::assemble(model.about, model.digest, table, &model.scale, &model.bias))
    }

    /// The model in the bytes of a file, with the policy that it carries.
    ///
    /// # Errors
    ///
    /// As [`Model::from_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (model, table) = Model::with_table(bytes)?;
        Ok(Self::assemble(model.about, model.digest, table, &model.scale, &model.bias))
    }

    /// A classifier from a model in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] where its parts do not belong together, as those of a model that was read or trained do.
    pub fn new(model: &Model) -> Result<Self, Error> {
        let broken = |what: &str| Error::Model(what.to_owned());
        let model::Stored { pilots, rows } = model::Stored::new(model).map_err(broken)?;
        let rows = in_eights(&rows, model.columns()).into_owned();
        let table = Table::new(Cow::Owned(pilots), Cow::Owned(rows), model.columns()).map_err(broken)?;
        Ok(Self::assemble(model.about.clone(), model.digest.clone(), table, &model.scale, &model.bias))
    }

    fn assemble(about: About, digest: String, table: Table, scale: &[f32], bias: &[f32]) -> Self {
        let in_eights = |columns: &[f32]| {
            let mut eights = vec![[0.0; 8]; table.eights()];
            eights.as_flattened_mut()[KEPT_BYTES..KEPT_BYTES + columns.len()].copy_from_slice(columns);
            eights
        };
        Self {
            extractor: Extractor::new(&about.features),
            scale: in_eights(scale),
            bias: in_eights(bias),
            table,
            id: ModelId { name: about.name.clone(), digest, format: FORMAT },
            policy: about.policy.clone(),
            rulings: Rulings::new(&about.policy, &about.heads),
            accepted: Accepted::new(&about.policy.accept),
            about,
        }
    }

    /// The same classifier with another policy.
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] where the policy speaks of a head, a label or a finding that there is not with this model, or is out of range.
    pub fn with_policy(mut self, policy: Policy) -> Result<Self, Error> {
        ruling::check(&policy, &self.about.policy, &self.about.heads)?;
        self.accepted = Accepted::new(&policy.accept);
        self.rulings = Rulings::new(&policy, &self.about.heads);
        self.policy = policy;
        Ok(self)
    }

    /// The same classifier with the changes to its policy that `text` (TOML) names.
    ///
    /// # Errors
    ///
    /// As [`Policy::amended`] and [`Classifier::with_policy`], with the line of `text`.
    #[cfg(any(feature = "cli", feature = "train"))]
    pub fn with_amended_policy(self, text: &str) -> Result<Self, Error> {
        let policy = self.policy.amended(text)?;
        self.with_policy(policy).map_err(|error| error.at_line_of(text))
    }

    /// The ids of the findings that this model and policy can lead to: what `off` in a policy may name.
    #[must_use]
    pub fn finding_ids(&self) -> Vec<String> {
        ruling::finding_ids(&self.policy, &self.about.heads)
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What the model says of itself.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Reads a note and explains the answer.
    #[must_use]
    pub fn assess(&self, note: &str) -> Assessment {
        self.assess_with(note, &mut Scratch::default())
    }

    /// As [`Classifier::assess`], for one note after the other: with `scratch` reused, words that were met before cost less.
    #[must_use]
    pub fn assess_with(&self, note: &str, scratch: &mut Scratch) -> Assessment {
        let scores = self.score(note, scratch);
        let mut assessment = self.judge(note, &scores);
        assessment.explanation = Some(explain(self, note, &scores, &assessment, scratch));
        assessment
    }

    /// Reads a note without explaining the answer: for many notes, with `scratch` reused from one to the next.
    #[must_use]
    pub fn assess_briefly(&self, note: &str, scratch: &mut Scratch) -> Assessment {
        let scores = self.score(note, scratch);
        self.judge(note, &scores)
    }

    /// As [`Classifier::assess_briefly`], over what was said of another note: with `assessment` reused, too, most of its memory is.
    pub fn assess_briefly_into(&self, note: &str, scratch: &mut Scratch, assessment: &mut Assessment) {
        let scores = self.score(note, scratch);
        if assessment.model == self.id && assessment.readings.len() == self.about.heads.len() {
            assessment.explanation = None;
            assessment.length.limit = self.policy.limit;
            self.judge_into(note, &scores, assessment);
        } else {
            *assessment = self.judge(note, &scores);
        }
    }

    /// Computes the probabilities of all labels.
    ///
    /// The logit of a label is its bias plus, for each block, the sum of the weights of all features found, divided by
    /// the square root of how many there are. How often a feature counts that occurs more than once says [`Block::times`].
    #[must_use]
    pub fn score(&self, note: &str, scratch: &mut Scratch) -> Scores {
        let mut scores = Scores::default();
        self.score_into(note, scratch, &mut scores);
        scores
    }

    /// As [`Classifier::score`], into memory that is there already: with `scratch` and `scores` reused and no accepted phrase in the policy, it allocates nothing
    /// for words that it has met.
    pub fn score_into(&self, note: &str, scratch: &mut Scratch, scores: &mut Scores) {
        self.extractor.sums(note, scratch, &self.table);
        self.score_sums(note, scratch, scores);
    }

    /// Lays out the note that was scored last with this scratch, for [`Classifier::score_edited`].
    pub(crate) fn original(&self, scratch: &mut Scratch) -> Original {
        self.extractor.original(scratch, &self.table)
    }

    /// As [`Classifier::score_into`], of an original without some of its parts: the same to the last bit, at a third of the cost.
    pub(crate) fn score_edited(&self, edited: &str, original: &mut Original, scratch: &mut Scratch, scores: &mut Scores) {
        self.extractor.sums_of_edited(edited, original, scratch, &self.table);
        self.score_sums(edited, scratch, scores);
    }

    /// What the sums in `scratch` come to.
    fn score_sums(&self, note: &str, scratch: &mut Scratch, scores: &mut Scores) {
        let Scratch { sums, columns: stored, .. } = scratch;
        stored.clone_from(&self.bias);
        for block in (0..Block::COUNT).filter(|&block| sums.counts[block] > 0) {
            let norm = 1.0 / (sums.counts[block] as f32).sqrt();
            // All eight at once, those that are no columns too: a third of the instructions of taking the columns one by one.
            for ((logits, totals), scale) in stored.iter_mut().zip(&sums.totals).zip(&self.scale) {
                for ((logit, total), scale) in logits.iter_mut().zip(&totals[block]).zip(scale) {
                    *logit += *total as f32 * scale * norm;
                }
            }
        }
        scores.logits.clear();
        self.about.expand_into(&stored.as_flattened()[KEPT_BYTES..][..self.about.columns()], &mut scores.logits);
        (scores.words, scores.known_words) = (sums.words, sums.known_words);
        scores.out_of_scope = self.about.guard.out_of_scope.and_then(|_| scores.logits.pop());
        scores.probabilities.clone_from(&scores.logits);
        for range in self.head_ranges() {
            softmax(&mut scores.probabilities[range]);
        }
        self.accept_in_scores(note, scratch, scores);
    }

    /// The columns of each head.
    pub(crate) fn head_ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        self.about.heads.iter().scan(0, |at, head| {
            let from = *at;
            *at += head.labels.len();
            Some(from..*at)
        })
    }

    pub(crate) fn extractor(&self) -> &Extractor {
        &self.extractor
    }

    /// The row of a feature, where the model has it.
    pub(crate) fn find(&self, fingerprint: u64) -> Option<usize> {
        self.table.get(fingerprint)
    }

    /// What a row adds to each logit.
    pub(crate) fn weights(&self, row: usize) -> Vec<f32> {
        let scaled = self
            .table
            .weights(row)
            .iter()
            .zip(&self.scale.as_flattened()[KEPT_BYTES..])
            .map(|(weight, scale)| f32::from(weight.cast_signed()) * scale);
        self.about.expand(&scaled.collect::<Vec<f32>>())
    }

    /// A row as the table has it, eight by eight.
    pub(crate) fn row(&self, row: usize) -> &[[u8; 8]] {
        self.table.row(row)
    }

    /// What a unit of each of a row's bytes is worth, in logits: nothing, where it is no weight.
    pub(crate) fn scale_in_eights(&self) -> &[[f32; 8]] {
        &self.scale
    }

    pub(crate) fn rulings(&self) -> &Rulings {
        &self.rulings
    }

    pub(crate) fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// Applies the policy.
    pub(crate) fn judge(&self, note: &str, scores: &Scores) -> Assessment {
        let of_head = |head: &Head| Reading {
            head: head.name.clone(),
            label: String::new(),
            confidence: 0.0,
            probabilities: head.labels.iter().map(|label| (label.clone(), 0.0)).collect(),
            read: true,
        };
        let mut assessment = Assessment {
            verdict: Verdict::Unsure,
            readings: self.about.heads.iter().map(of_head).collect(),
            explanation: None,
            length: Length { characters: 0, limit: self.policy.limit },
            model: self.id.clone(),
        };
        self.judge_into(note, scores, &mut assessment);
        assessment
    }

    /// As [`Classifier::judge`], over what it said of another note.
    pub(crate) fn judge_into(&self, note: &str, scores: &Scores, assessment: &mut Assessment) {
        let readings = &mut assessment.readings;
        for (reading, range) in readings.iter_mut().zip(self.head_ranges()) {
            for ((_, own), probability) in reading.probabilities.iter_mut().zip(&scores.probabilities[range.clone()]) {
                *own = *probability;
            }
            let (label, confidence) = &reading.probabilities[argmax(&scores.probabilities[range])];
            reading.label.clone_from(label);
            reading.confidence = *confidence;
        }
        for index in 1..readings.len() {
            let when = self.policy.heads.get(&readings[index].head).map_or(&[][..], |head| &head.read_when);
            readings[index].read = when.is_empty() || when.contains(&readings[0].label);
        }
        assessment.length.characters = note.chars().count();
        assessment.verdict = self.verdict(self.cause(scores, &readings[0]), readings, assessment.length);
    }

    /// Whether the note has enough that training saw, and is a note.
    fn knows(&self, scores: &Scores) -> bool {
        if let (Some(logit), Some(most)) = (scores.out_of_scope, self.about.guard.out_of_scope)
            && logit >= most
        {
            return false;
        }
        scores.known_words > 0 && scores.known_words as f32 >= self.about.guard.known_words * scores.words as f32
    }

    /// What decides about a note whose first head says `decisive`.
    fn cause(&self, scores: &Scores, decisive: &Reading) -> Cause {
        if !self.knows(scores) && !self.policy.is_off(UNKNOWN) {
            return Cause::Unknown;
        }
        if let Some((label, _)) = self.held(decisive) {
            return Cause::Label(label, Verdict::Hold);
        }
        let rulings = self.rulings.of(0);
        let winner = decisive.probabilities.iter().position(|(label, _)| *label == decisive.label).unwrap_or(0);
        // A single word may hold a note, but hardly clear it.
        if rulings[winner].verdict != Verdict::Hold && scores.words < self.about.guard.words as usize && !self.policy.is_off(UNKNOWN) {
            return Cause::Unknown;
        }
        // A label that would hold the note but is not held falls short of its threshold.
        let stands_out = decisive.confidence >= self.about.guard.confidence
            && self.harm(decisive) < self.about.guard.doubt
            && match rulings[winner].verdict {
                Verdict::Hold => false,
                Verdict::Revise | Verdict::Unsure => decisive.confidence >= rulings[winner].threshold,
                Verdict::Send => true,
            };
        match rulings[winner].verdict {
            verdict if stands_out => Cause::Label(winner, verdict),
            _ if self.policy.is_off(AMBIGUOUS) => Cause::Label(winner, Verdict::Send),
            _ => Cause::Ambiguous,
        }
    }

    fn verdict(&self, cause: Cause, readings: &[Reading], length: Length) -> Verdict {
        match cause {
            Cause::Unknown => self.policy.unknown.verdict,
            Cause::Ambiguous => self.policy.ambiguous.verdict,
            Cause::Label(_, verdict @ (Verdict::Hold | Verdict::Unsure)) => verdict,
            Cause::Label(_, verdict) => {
                let further = self.rulings.further(readings).map(|(_, ruling)| ruling.verdict);
                let too_long = self.is_too_long(length).then_some(self.policy.too_long.verdict);
                further.chain(too_long).fold(verdict, Verdict::max)
            }
        }
    }

    fn is_too_long(&self, length: Length) -> bool {
        length.characters > length.limit && !self.policy.is_off(TOO_LONG)
    }

    /// What the labels that hold a note come to together.
    fn harm(&self, decisive: &Reading) -> f32 {
        let ruled = decisive.probabilities.iter().zip(self.rulings.of(0));
        ruled.filter(|(_, ruling)| ruling.verdict == Verdict::Hold).map(|((_, p), _)| p).sum()
    }

    /// The label that holds the note: the likeliest of those that can, if their probabilities together reach its threshold. Together, because a
    /// note that is surely harmful in one of two ways is surely harmful.
    pub(crate) fn held<'r>(&self, decisive: &'r Reading) -> Option<(usize, &'r str)> {
        let rulings = self.rulings.of(0);
        let mut likeliest: Option<(usize, f32)> = None;
        for (index, (_, p)) in decisive.probabilities.iter().enumerate().filter(|(index, _)| rulings[*index].verdict == Verdict::Hold) {
            if likeliest.is_none_or(|(_, most)| *p > most) {
                likeliest = Some((index, *p));
            }
        }
        let (index, _) = likeliest?;
        (self.harm(decisive) >= rulings[index].threshold).then(|| (index, decisive.probabilities[index].0.as_str()))
    }

    /// What there is to say about a judged note, most important first.
    pub(crate) fn findings(&self, scores: &Scores, assessment: &Assessment) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut of_label = |head: usize, label: &str| {
            let name = &self.about.heads[head].name;
            if let Some(rule) = self.policy.rule(name, label) {
                findings.push(finding(finding_id(head, name, label), rule, label));
            }
        };
        match self.cause(scores, assessment.decisive()) {
            Cause::Unknown => findings.push(finding(UNKNOWN.to_owned(), &self.policy.unknown, UNKNOWN)),
            Cause::Ambiguous => findings.push(finding(AMBIGUOUS.to_owned(), &self.policy.ambiguous, AMBIGUOUS)),
            Cause::Label(label, verdict) => {
                if verdict != Verdict::Send {
                    of_label(0, &self.about.heads[0].labels[label]);
                }
                if matches!(verdict, Verdict::Send | Verdict::Revise) {
                    for (head, _) in self.rulings.further(&assessment.readings) {
                        of_label(head, &assessment.readings[head].label);
                    }
                }
            }
        }
        if self.is_too_long(assessment.length) {
            findings.push(finding(TOO_LONG.to_owned(), &self.policy.too_long, TOO_LONG));
        }
        findings
    }
}

/// What decides about a note.
#[derive(Clone, Copy, Debug)]
enum Cause {
    /// The model knows too little of it.
    Unknown,
    /// No reading stands out.
    Ambiguous,
    /// This label of the first head, with this verdict.
    Label(usize, Verdict),
}

fn finding(id: String, rule: &Rule, label: &str) -> Finding {
    let message = if rule.message.is_empty() { format!("The recipient is likely to read this as {label}.") } else { rule.message.clone() };
    Finding { id, message, help: rule.help.clone() }
}

/// The index of the largest value: the first of equals, so that the answer does not depend on the order of evaluation.
pub(crate) fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

/// Logits to probabilities, in place. `libm` and not the system's `exp`: the same bits on every machine.
pub(crate) fn softmax(values: &mut [f32]) {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in values.iter_mut() {
        *value = libm::expf(*value - most);
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}
