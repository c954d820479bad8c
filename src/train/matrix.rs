//! Notes as rows of a sparse matrix.

use std::collections::HashMap;

use linfa::dataset::Records;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::vectors::WordVectors;
use crate::features::{Block, Extractor, FeatureSettings, Scratch};

/// A sparse matrix, row by row (compressed sparse row).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Csr {
    /// Where each row starts in `columns` and `values`, and one more for the end.
    pub starts: Vec<usize>,
    /// The column of each stored value, ascending within a row.
    pub columns: Vec<u32>,
    /// The stored values.
    pub values: Vec<f32>,
    /// How many columns there are.
    pub width: usize,
}

impl Csr {
    /// The stored entries of a row: column and value.
    pub fn row(&self, index: usize) -> impl Iterator<Item = (usize, f32)> {
        let range = self.starts[index]..self.starts[index + 1];
        self.columns[range.clone()].iter().zip(&self.values[range]).map(|(&column, &value)| (column as usize, value))
    }

    /// The same matrix with rows for columns.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut starts = vec![0; self.width + 1];
        for &column in &self.columns {
            starts[column as usize + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut at = starts.clone();
        let (mut columns, mut values) = (vec![0; self.columns.len()], vec![0.0; self.values.len()]);
        for row in 0..self.height() {
            for (column, value) in self.row(row) {
                columns[at[column]] = row as u32;
                values[at[column]] = value;
                at[column] += 1;
            }
        }
        Self { starts, columns, values, width: self.height() }
    }

    /// How many rows there are.
    #[must_use]
    pub fn height(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}

impl Records for Csr {
    type Elem = f32;

    fn nsamples(&self) -> usize {
        self.height()
    }

    fn nfeatures(&self) -> usize {
        self.width
    }
}

/// A feature that occurs in the corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its fingerprint.
    pub fingerprint: u64,
    /// Its block.
    pub block: Block,
    /// Whether it is a word by itself.
    pub is_word: bool,
    /// Its text.
    pub text: String,
}

/// How much each family of features counts beside the others: what its values are multiplied with. The penalty is the same for all weights, so
/// a family with larger values is held back less.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockWeights {
    /// Word n-grams.
    pub word: f32,
    /// Character n-grams.
    pub char: f32,
    /// Skip-bigrams.
    pub skip: f32,
    /// Every dimension of the word vectors.
    pub vector: f32,
}

impl BlockWeights {
    /// The weight of a block.
    #[must_use]
    pub fn of(&self, block: Block) -> f32 {
        match block {
            Block::Word => self.word,
            Block::Char => self.char,
            Block::Skip => self.skip,
            Block::Surface => self.vector,
        }
    }
}

/// A feature that has a column of the matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// The index of the feature.
    pub feature: u32,
    /// What its values are multiplied with: its block's weight and its idf.
    pub factor: f32,
}

/// All features of all notes, extracted once; every fold then takes its own vocabulary from it.
#[derive(Clone, Debug, Default)]
pub struct Extracted {
    /// The features, in the order in which they were first met.
    pub features: Vec<Feature>,
    /// For each note, the indices of its features, ascending, with the number of occurrences.
    pub notes: Vec<Vec<(u32, u32)>>,
}

/// Two different n-grams with one fingerprint: the corpus cannot be used with this format.
#[derive(Debug, thiserror::Error)]
#[error("the n-grams {first:?} and {second:?} have the same fingerprint; leave one of the notes that contain them out")]
pub struct Collision {
    /// The n-gram that was met first.
    pub first: String,
    /// The other.
    pub second: String,
}

impl Extracted {
    /// Extracts the features of all notes.
    ///
    /// # Errors
    ///
    /// [`Collision`], where two n-grams share a fingerprint (about 1 in 10 million for a million n-grams).
    pub fn new(texts: &[&str], settings: &FeatureSettings) -> Result<Self, Collision> {
        let extractor = Extractor::new(settings);
        // In parallel by chunk, then joined in order, so that the number of threads changes nothing.
        let chunks: Vec<Vec<Vec<Feature>>> = texts
            .par_chunks(256)
            .map(|chunk| {
                let mut scratch = Scratch::default();
                let extract = |text: &&str| {
                    let mut grams = Vec::new();
                    extractor.visit(text, &mut scratch, |gram| {
                        let Some(text) = Some(gram.text()).filter(|text| u8::try_from(text.len()).is_ok()) else { return };
                        grams.push(Feature { fingerprint: gram.fingerprint, block: gram.block, is_word: gram.is_word, text });
                    });
                    grams
                };
                chunk.iter().map(extract).collect()
            })
            .collect();
        let mut extracted = Self::default();
        let mut index: HashMap<u64, u32> = HashMap::new();
        for grams in chunks.into_iter().flatten() {
            let mut row: Vec<u32> = Vec::with_capacity(grams.len());
            for gram in grams {
                let id = *index.entry(gram.fingerprint).or_insert(extracted.features.len() as u32);
                match extracted.features.get(id as usize) {
                    None => extracted.features.push(gram),
                    Some(known) if (known.block, &known.text) != (gram.block, &gram.text) => {
                        return Err(Collision { first: known.text.clone(), second: gram.text });
                    }
                    Some(_) => {}
                }
                row.push(id);
            }
            row.sort_unstable();
            let counted = row.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32)).collect();
            extracted.notes.push(counted);
        }
        Ok(extracted)
    }

    /// In how many of `rows` each feature occurs.
    #[must_use]
    pub fn document_frequency(&self, rows: &[usize]) -> Vec<u32> {
        let mut counts = vec![0; self.features.len()];
        for &row in rows {
            for &(feature, _) in &self.notes[row] {
                counts[feature as usize] += 1;
            }
        }
        counts
    }

    /// The matrix of `rows` over `columns` (ascending by feature): a feature that occurs has its column's factor times how often it counts, divided by the square
    /// root of how often features of its block do in the note. `meanings` adds a dense column for each dimension of its word vectors.
    #[must_use]
    pub fn matrix(&self, rows: &[usize], columns: &[Column], meanings: Option<&Meanings<'_>>) -> Csr {
        let mut column = vec![u32::MAX; self.features.len()];
        for (index, own) in columns.iter().enumerate() {
            column[own.feature as usize] = index as u32;
        }
        let dimensions = meanings.map_or(0, |meanings| meanings.vectors.dimensions());
        let mut matrix = Csr { starts: vec![0], width: columns.len() + dimensions, ..Csr::default() };
        for &row in rows {
            let known = || self.notes[row].iter().filter(|(feature, _)| column[*feature as usize] != u32::MAX);
            let mut hits = [0_u32; Block::COUNT];
            for (feature, occurrences) in known() {
                let block = self.features[*feature as usize].block;
                hits[block as usize] += block.times(*occurrences);
            }
            for (feature, occurrences) in known() {
                let block = self.features[*feature as usize].block;
                let index = column[*feature as usize];
                let times = block.times(*occurrences) as f32;
                matrix.columns.push(index);
                matrix.values.push(times * columns[index as usize].factor / (hits[block as usize] as f32).sqrt());
            }
            if let Some(meanings) = meanings {
                let sum = meanings.sum(self, row);
                matrix.columns.extend((columns.len()..matrix.width).map(|column| column as u32));
                matrix.values.extend(sum);
            }
            matrix.starts.push(matrix.columns.len());
        }
        matrix
    }
}

/// Word vectors, weighted for one set of training notes.
#[derive(Debug)]
pub struct Meanings<'v> {
    vectors: &'v WordVectors,
    /// What every vector is multiplied with, beside the word's own idf.
    weight: f32,
    notes: f32,
    /// In how many of the training notes each word occurs.
    frequency: HashMap<String, u32>,
}

impl<'v> Meanings<'v> {
    /// Vectors weighted by `weight` and by the idf of each word among `notes` notes, of which `counts` have each of the features.
    #[must_use]
    pub fn new(vectors: &'v WordVectors, weight: f32, extracted: &Extracted, notes: usize, counts: &[u32]) -> Self {
        let words = extracted.features.iter().zip(counts).filter(|(feature, _)| feature.block == Block::Surface);
        let frequency = words.map(|(feature, &count)| (feature.text.clone(), count)).collect();
        Self { vectors, weight, notes: notes as f32, frequency }
    }

    /// The factor of a word: the weight times ln((1 + notes) / (1 + notes with the word)).
    fn factor(&self, word: &str) -> f32 {
        let frequency = self.frequency.get(word).copied().unwrap_or(0) as f32;
        self.weight * libm::logf((1.0 + self.notes) / (1.0 + frequency))
    }

    /// Every word with its weighted vector, in the order of the alphabet.
    pub fn words(&self) -> impl Iterator<Item = (&str, Vec<f32>)> {
        self.vectors.words().filter_map(|word| {
            let factor = self.factor(word);
            Some((word, self.vectors.get(word)?.iter().map(|value| factor * value).collect()))
        })
    }

    /// The sum of the weighted vectors of a note's words, divided by the square root of how many have one.
    fn sum(&self, extracted: &Extracted, row: usize) -> Vec<f32> {
        let mut sum = vec![0.0; self.vectors.dimensions()];
        let mut words = 0;
        for &(feature, occurrences) in &extracted.notes[row] {
            let feature = &extracted.features[feature as usize];
            if feature.block == Block::Surface
                && let Some(vector) = self.vectors.get(&feature.text)
            {
                let times = Block::Surface.times(occurrences);
                let factor = times as f32 * self.factor(&feature.text);
                words += times;
                for (slot, value) in sum.iter_mut().zip(vector) {
                    *slot += factor * value;
                }
            }
        }
        let norm = (words.max(1) as f32).sqrt();
        for slot in &mut sum {
            *slot /= norm;
        }
        sum
    }
}
