//! Notes as rows of a sparse matrix.

use std::collections::HashMap;

use linfa::dataset::Records;
use rayon::prelude::*;

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
        // In parallel by chunk, then joined in order, so that the number of threads changes nothing.
        let chunks: Vec<Vec<Vec<Feature>>> = texts
            .par_chunks(256)
            .map(|chunk| {
                let extractor = Extractor::new(settings);
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

    /// The matrix of `rows` over the features in `vocabulary` (ascending): each value is the number of occurrences,
    /// divided by the square root of the number of all occurrences in its block.
    #[must_use]
    pub fn matrix(&self, rows: &[usize], vocabulary: &[u32]) -> Csr {
        let mut column = vec![u32::MAX; self.features.len()];
        for (index, &feature) in vocabulary.iter().enumerate() {
            column[feature as usize] = index as u32;
        }
        let mut matrix = Csr { starts: vec![0], width: vocabulary.len(), ..Csr::default() };
        for &row in rows {
            let known = || self.notes[row].iter().filter(|(feature, _)| column[*feature as usize] != u32::MAX);
            let mut hits = [0_u32; Block::COUNT];
            for (feature, count) in known() {
                hits[self.features[*feature as usize].block as usize] += count;
            }
            for (feature, count) in known() {
                let norm = (hits[self.features[*feature as usize].block as usize] as f32).sqrt();
                matrix.columns.push(column[*feature as usize]);
                matrix.values.push(*count as f32 / norm);
            }
            matrix.starts.push(matrix.columns.len());
        }
        matrix
    }
}
