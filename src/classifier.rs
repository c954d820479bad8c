//! A model made ready for speed: a note in, an assessment out.

use std::path::Path;

use crate::assessment::{Assessment, Finding, Length, ModelId, Reading};
use crate::error::Error;
use crate::explain::explain;
use crate::features::{Block, Extractor, Scratch};
use crate::fingerprint::Index;
use crate::model::{About, FORMAT, Model, SHIPPED};
use crate::policy::{Policy, Rule, Verdict};
use crate::text::TokenKind;

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
    id: ModelId,
    extractor: Extractor,
    table: Table,
    bias: Vec<f32>,
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
        Self::new(&Model::read(SHIPPED, false).expect("the shipped model is tested"))
    }

    /// The model in a file, with the policy that it carries.
    ///
    /// # Errors
    ///
    /// As [`Model::load`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        Ok(Self::new(&Model::load(path)?))
    }

    /// The model in the bytes of a file, with the policy that it carries.
    ///
    /// # Errors
    ///
    /// As [`Model::from_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::new(&Model::from_bytes(bytes)?))
    }

    /// A classifier from a model in memory.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        Self {
            extractor: Extractor::new(&model.about.features, model.word_classes()),
            table: Table::new(model),
            bias: model.about.expand(&model.bias),
            id: ModelId { name: model.about.name.clone(), digest: model.digest.clone(), format: FORMAT },
            policy: model.about.policy.clone(),
            about: model.about.clone(),
        }
    }

    /// The same classifier with another policy.
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] where the policy speaks of a head or a label that the model does not have.
    pub fn with_policy(mut self, policy: Policy) -> Result<Self, Error> {
        for (name, head_policy) in &policy.heads {
            let Some(head) = self.about.heads.iter().find(|head| &head.name == name) else {
                let known: Vec<&str> = self.about.heads.iter().map(|head| head.name.as_str()).collect();
                return Err(Error::Policy(format!("heads.{name}: the model has no such head, only {}", known.join(", "))));
            };
            if let Some(label) = head_policy.labels.keys().find(|label| !head.labels.contains(label)) {
                return Err(Error::Policy(format!(
                    "heads.{name}.labels.{label}: the model has no such label, only {}",
                    head.labels.join(", ")
                )));
            }
        }
        policy.check()?;
        self.policy = policy;
        Ok(self)
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
        let mut scratch = Scratch::default();
        let scores = self.score(note, &mut scratch);
        let mut assessment = self.judge(note, &scores);
        assessment.explanation = Some(explain(self, note, &scores, &assessment, &mut scratch));
        assessment
    }

    /// Reads a note without explaining the answer: for many notes, with `scratch` reused from one to the next.
    #[must_use]
    pub fn assess_briefly(&self, note: &str, scratch: &mut Scratch) -> Assessment {
        let scores = self.score(note, scratch);
        self.judge(note, &scores)
    }

    /// Computes the probabilities of all labels.
    ///
    /// The logit of a label is its bias plus, for each block, the sum of the weights of all n-grams found, divided by
    /// the square root of how many there are. An n-gram counts once, however often it occurs.
    #[must_use]
    pub fn score(&self, note: &str, scratch: &mut Scratch) -> Scores {
        let columns = self.bias.len();
        let mut sums = vec![0.0_f32; Block::COUNT * columns];
        let mut counts = [0_u32; Block::COUNT];
        let mut known_words = 0;
        let mut hits = std::mem::take(&mut scratch.hits);
        hits.clear(self.table.rows());
        self.extractor.visit(note, scratch, |gram| {
            if let Some(row) = self.table.find(gram.fingerprint) {
                known_words += usize::from(gram.is_word);
                if hits.insert(row) {
                    let block = gram.block as usize;
                    counts[block] += 1;
                    for (sum, weight) in sums[block * columns..].iter_mut().zip(self.table.weights(row)) {
                        *sum += weight;
                    }
                }
            }
        });
        scratch.hits = hits;
        let mut logits = self.bias.clone();
        for (block, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let norm = 1.0 / (count as f32).sqrt();
            for (logit, sum) in logits.iter_mut().zip(&sums[block * columns..]) {
                *logit += sum * norm;
            }
        }
        let out_of_scope = self.about.guard.out_of_scope.and_then(|_| logits.pop());
        let mut probabilities = logits.clone();
        for range in self.head_ranges() {
            softmax(&mut probabilities[range]);
        }
        let words = scratch.tokens.iter().filter(|token| token.kind == TokenKind::Word).count();
        Scores { probabilities, logits, out_of_scope, words, known_words }
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

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// Applies the policy.
    pub(crate) fn judge(&self, note: &str, scores: &Scores) -> Assessment {
        let mut readings: Vec<Reading> = self
            .about
            .heads
            .iter()
            .zip(self.head_ranges())
            .map(|(head, range)| {
                let probabilities = &scores.probabilities[range];
                let winner = argmax(probabilities);
                Reading {
                    head: head.name.clone(),
                    label: head.labels[winner].clone(),
                    confidence: probabilities[winner],
                    probabilities: head.labels.iter().cloned().zip(probabilities.iter().copied()).collect(),
                    read: true,
                }
            })
            .collect();
        for index in 1..readings.len() {
            let when = self.policy.heads.get(&readings[index].head).map_or(&[][..], |head| &head.read_when);
            readings[index].read = when.is_empty() || when.contains(&readings[0].label);
        }
        let length = Length { characters: note.chars().count(), limit: self.policy.limit };
        let mut assessment = Assessment { verdict: Verdict::Unsure, readings, explanation: None, length, model: self.id.clone() };
        if self.knows(scores) {
            assessment.verdict = self.verdict(&assessment);
        }
        assessment
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

    fn verdict(&self, assessment: &Assessment) -> Verdict {
        let decisive = assessment.decisive();
        if self.held(decisive).is_some() {
            return Verdict::Hold;
        }
        if decisive.confidence < self.about.guard.confidence {
            return Verdict::Unsure;
        }
        match self.policy.verdict(&decisive.head, &decisive.label) {
            // The winner would hold the note, but falls short of its threshold: no intent stands out.
            Verdict::Hold => Verdict::Unsure,
            Verdict::Send if assessment.length.characters > assessment.length.limit => Verdict::Revise,
            Verdict::Send => {
                let further = assessment.readings[1..].iter().enumerate().filter(|(_, reading)| reading.read);
                further
                    .filter_map(|(index, reading)| {
                        let rule = self.policy.rule(&reading.head, &reading.label)?;
                        (reading.confidence >= self.threshold(index + 1, reading, rule)).then_some(rule.verdict)
                    })
                    .max()
                    .unwrap_or(Verdict::Send)
            }
            verdict => verdict,
        }
    }

    fn threshold(&self, head: usize, reading: &Reading, rule: &Rule) -> f32 {
        let head = &self.about.heads[head];
        let fitted = head.labels.iter().position(|label| *label == reading.label).map_or(0.0, |at| head.thresholds[at].at);
        rule.threshold.unwrap_or(fitted)
    }

    /// The label that holds the note: the likeliest of those that can, if their probabilities together reach its threshold. Together, because a
    /// note that is surely harmful in one of two ways is surely harmful.
    pub(crate) fn held<'r>(&self, decisive: &'r Reading) -> Option<(usize, &'r str)> {
        let head = &self.about.heads[0];
        let mut total = 0.0;
        let mut likeliest: Option<(usize, f32, &Rule)> = None;
        for (index, (label, p)) in decisive.probabilities.iter().enumerate() {
            if let Some(rule) = self.policy.rule(&decisive.head, label)
                && rule.verdict == Verdict::Hold
            {
                total += p;
                if likeliest.is_none_or(|(_, most, _)| *p > most) {
                    likeliest = Some((index, *p, rule));
                }
            }
        }
        let (index, _, rule) = likeliest?;
        (total >= rule.threshold.unwrap_or(head.thresholds[index].at)).then(|| (index, decisive.probabilities[index].0.as_str()))
    }

    /// What there is to say about a judged note, most important first.
    pub(crate) fn findings(&self, scores: &Scores, assessment: &Assessment) -> Vec<Finding> {
        let finding = |id: String, rule: &Rule| Finding { id, message: rule.message.clone(), help: rule.help.clone() };
        let mut findings = Vec::new();
        let decisive = assessment.decisive();
        match assessment.verdict {
            Verdict::Unsure if self.knows(scores) => findings.push(finding("ambiguous".to_owned(), &self.policy.ambiguous)),
            Verdict::Unsure => findings.push(finding("unknown".to_owned(), &self.policy.unknown)),
            Verdict::Hold => {
                let label = self.held(decisive).map_or(decisive.label.as_str(), |(_, label)| label);
                findings.extend(self.policy.rule(&decisive.head, label).map(|rule| finding(label.to_owned(), rule)));
            }
            Verdict::Send | Verdict::Revise => {
                let rule = self.policy.rule(&decisive.head, &decisive.label);
                findings.extend(rule.filter(|rule| rule.verdict == Verdict::Revise).map(|rule| finding(decisive.label.clone(), rule)));
                for (index, reading) in assessment.readings.iter().enumerate().skip(1).filter(|(_, reading)| reading.read) {
                    if let Some(rule) = self.policy.rule(&reading.head, &reading.label)
                        && rule.verdict != Verdict::Send
                        && reading.confidence >= self.threshold(index, reading, rule)
                    {
                        findings.push(finding(format!("{}-{}", reading.head, reading.label), rule));
                    }
                }
            }
        }
        if assessment.length.characters > assessment.length.limit {
            findings.push(finding("too-long".to_owned(), &self.policy.too_long));
        }
        findings
    }
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

/// Rows of weights by fingerprint.
#[derive(Debug)]
pub(crate) struct Table {
    index: Index,
    weights: Vec<f32>,
    columns: usize,
}

impl Table {
    fn new(model: &Model) -> Self {
        let fingerprints: Vec<u64> = model.vocabulary.full_fingerprints().collect();
        Self { index: Index::new(&fingerprints), weights: model.logits().flatten().collect(), columns: model.about.logits() }
    }

    fn rows(&self) -> usize {
        self.weights.len() / self.columns
    }

    /// The row of a feature, where the model has it.
    pub(crate) fn find(&self, fingerprint: u64) -> Option<usize> {
        self.index.get(fingerprint)
    }

    /// What a row adds to each logit.
    pub(crate) fn weights(&self, row: usize) -> &[f32] {
        &self.weights[row * self.columns..(row + 1) * self.columns]
    }
}
