//! Features as texts, and the sum of their weights.

use std::collections::{BTreeMap, HashMap};

use safetensors::SafeTensors;
use thinktwice::classifier::Scores;
use thinktwice::features::FeatureSettings;
use thinktwice::model::{About, Model};
use thinktwice::text::{Stemmer, TokenKind};

use crate::text::Token;

/// The families, in the order in which the model's file has them.
const WORD: usize = 0;
const CHAR: usize = 1;
const SKIP: usize = 2;
const SURFACE: usize = 3;

/// A model as a map from what its file keeps of the fingerprint of a text to the row of its weights.
pub(crate) struct Reference {
    rows: HashMap<Key, Vec<i8>>,
    keys: Keys,
    scale: Vec<f32>,
    bias: Vec<f32>,
    about: About,
    stemmer: Stemmer,
}

impl Reference {
    /// `file` is where the model was read from: it says how many features each family has.
    pub(crate) fn new(model: &Model, file: &[u8]) -> Self {
        let tensors = SafeTensors::deserialize(file).expect("whole");
        let counts = tensors.tensor("vocabulary.blocks").expect("there").data().as_chunks().0;
        let families = counts.iter().enumerate().flat_map(|(family, count)| (0..u32::from_le_bytes(*count)).map(move |_| family));
        let keys = Keys {
            pilots: tensors.tensor("table.pilots").expect("there").data().to_vec(),
            rows: tensors.tensor("table.rows").expect("there").shape()[0] as u64,
        };
        let names = families.zip(model.vocabulary.texts()).map(|(family, text)| keys.key(family, &text));
        let rows = names.zip(model.weights.chunks_exact(model.columns()).map(<[i8]>::to_vec)).collect();
        let stemmer = Stemmer::new(model.about.features.stem);
        Self { rows, keys, scale: model.scale.clone(), bias: model.bias.clone(), about: model.about.clone(), stemmer }
    }

    pub(crate) fn score(&self, tokens: &[Token]) -> Scores {
        let mut sums = vec![vec![0_i32; self.bias.len()]; 4];
        let mut counts = [0_u32; 4];
        let mut occurrences: BTreeMap<(usize, String), u32> = BTreeMap::new();
        for feature in features(&self.about.features, &self.stemmer, tokens) {
            *occurrences.entry(feature).or_default() += 1;
        }
        for ((family, text), occurrences) in occurrences {
            // What is within a word counts with every word, what is made of words once.
            let times = if family == CHAR || family == SURFACE { occurrences } else { 1 };
            if let Some(row) = self.rows.get(&self.keys.key(family, &text)) {
                counts[family] += times;
                for (sum, weight) in sums[family].iter_mut().zip(row) {
                    *sum += i32::from(*weight) * times.cast_signed();
                }
            }
        }
        let mut stored = self.bias.clone();
        for (sums, &count) in sums.iter().zip(&counts).filter(|(_, count)| **count > 0) {
            let norm = 1.0 / (count as f32).sqrt();
            for ((logit, sum), scale) in stored.iter_mut().zip(sums).zip(&self.scale) {
                *logit += *sum as f32 * scale * norm;
            }
        }
        let words: Vec<&Token> = tokens.iter().filter(|token| token.kind == TokenKind::Word).collect();
        let is_known = |word: &&&Token| self.rows.contains_key(&self.keys.key(WORD, &self.stemmer.stem(&word.text)));
        let mut scores = Scores { words: words.len(), known_words: words.iter().filter(is_known).count(), ..Scores::default() };
        // The weights of a head's labels add up to 0: the last one is what is missing.
        let mut stored = stored.into_iter();
        for head in &self.about.heads {
            let mut logits: Vec<f32> = stored.by_ref().take(head.labels.len() - 1).collect();
            logits.push(-logits.iter().sum::<f32>());
            scores.probabilities.extend(softmax(&logits));
            scores.logits.extend(logits);
        }
        scores.out_of_scope = stored.next();
        scores
    }
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|logit| libm::expf(logit - most)).collect();
    let sum = powers.iter().fold(0.0, |sum, power| sum + power);
    powers.iter().map(|power| power / sum).collect()
}

/// Every feature of a note, as family and text.
fn features(settings: &FeatureSettings, stemmer: &Stemmer, tokens: &[Token]) -> Vec<(usize, String)> {
    let mut features = Vec::new();
    let stem = |token: &Token| match token.kind {
        TokenKind::Word => stemmer.stem(&token.text).into_owned(),
        _ => token.text.clone(),
    };
    let units: Vec<String> =
        std::iter::once("‹".to_owned()).chain(tokens.iter().map(stem)).chain(std::iter::once("›".to_owned())).collect();
    let edge = units.len() - 1;
    let is_edges_only = |from: usize, to: usize| (from == to && (to == 0 || to == edge)) || (from == 0 && to == edge && edge == 1);
    for from in 0..=edge {
        for to in (from..from + settings.word_ngrams).filter(|&to| to <= edge && !is_edges_only(from, to)) {
            features.push((WORD, units[from..=to].join(" ")));
        }
        for to in (from + 2..=from + 3).filter(|&to| settings.skip_bigrams && to <= edge && (from, to) != (0, edge)) {
            features.push((SKIP, format!("{} * {}", units[from], units[to])));
        }
    }
    for token in tokens.iter().filter(|token| token.kind == TokenKind::Word) {
        if settings.surface_words {
            features.push((SURFACE, token.text.clone()));
        }
        let Some((shortest, longest)) = settings.char_ngrams else { continue };
        let chars: Vec<char> = format!("_{}_", token.text).chars().collect();
        for length in shortest..=longest {
            features.extend(chars.windows(length).map(|window| (CHAR, window.iter().collect())));
        }
    }
    features
}

/// What the model's file keeps of a feature: the row that it would have, and the lowest 24 bits of its fingerprint, which stand there.
type Key = (u64, u64);

/// How the model's file finds the row of a fingerprint.
struct Keys {
    pilots: Vec<u8>,
    /// How many rows there are.
    rows: u64,
}

impl Keys {
    fn key(&self, family: usize, text: &str) -> Key {
        let fingerprint = fingerprint(family, text);
        let bucket = (u128::from(fingerprint) * self.pilots.len() as u128) >> 64;
        let factor = 0xD6E8_FEB8_6659_FD92_u64.wrapping_mul(self.pilots[bucket as usize].into()).wrapping_add(0x9E37_79B9_7F4A_7C15);
        let upper = fingerprint.wrapping_mul(factor) >> 32;
        ((upper * self.rows) >> 32, fingerprint % (1 << 24))
    }
}

/// FNV-1a over a text's characters (Fowler, Noll and Vo), rotated at each step and finished as `MurmurHash3` is; where it is made of units, a polynomial in what
/// those come to.
fn fingerprint(family: usize, text: &str) -> u64 {
    let parts: Vec<u64> = text.split(' ').map(|unit| hash(0xCBF2_9CE4_8422_2325, unit)).collect();
    let polynomial = |factor: u64, parts: &[u64]| parts.iter().fold(0, |sum: u64, part| sum.wrapping_mul(factor).wrapping_add(*part));
    match family {
        WORD => polynomial(0xBF58_476D_1CE4_E5B9, &parts),
        SKIP => polynomial(0x94D0_49BB_1331_11EB, &[parts[0], parts[parts.len() - 1]]),
        CHAR => hash(0x8422_2325_CBF2_9CE4, text),
        _ => hash(0x9E37_79B9_7F4A_7C15, text),
    }
}

fn hash(seed: u64, text: &str) -> u64 {
    let mut hash = text.chars().fold(seed, |hash, ch| (hash ^ u64::from(ch)).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23));
    for factor in [0xFF51_AFD7_ED55_8CCD, 0xC4CE_B9FE_1A85_EC53_u64] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}
