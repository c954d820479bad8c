//! Notes as rows of a sparse matrix.

use std::collections::HashMap;

use linfa::dataset::Records;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::extract::{Extracted, Feature};
use super::vectors::WordVectors;
use crate::features::Block;

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

/// How many rows a thread takes at a time.
const CHUNK: usize = 256;

impl Extracted {
    /// The matrix of `rows` over `columns` (ascending by feature): a feature that occurs has its column's factor times how often it counts, divided by the square
    /// root of how often features of its block do in the note. `meanings` adds a dense column for each dimension of its word vectors.
    #[must_use]
    pub fn matrix(&self, rows: &[usize], columns: &[Column], meanings: Option<&Meanings<'_>>) -> Csr {
        let mut column_of = vec![u32::MAX; self.features.len()];
        for (index, own) in columns.iter().enumerate() {
            column_of[own.feature as usize] = index as u32;
        }
        let dimensions = meanings.map_or(0, |meanings| meanings.vectors.dimensions());
        let known = |row: usize| {
            self.notes.counted(row).map(|(feature, times)| (column_of[feature as usize], times)).filter(|&(column, _)| column != u32::MAX)
        };
        let lengths: Vec<usize> = rows.par_iter().map(|&row| known(row).count() + dimensions).collect();
        let mut starts = vec![0; rows.len() + 1];
        for (row, length) in lengths.iter().enumerate() {
            starts[row + 1] = starts[row] + length;
        }
        let mut matrix =
            Csr { columns: vec![0; starts[rows.len()]], values: vec![0.0; starts[rows.len()]], starts, width: columns.len() + dimensions };
        let block_of = |column: u32| self.features[columns[column as usize].feature as usize].block as usize;
        let fill = |row: usize, columns_out: &mut [u32], values_out: &mut [f32]| {
            let mut hits = [0_u32; Block::COUNT];
            let (sparse, dense) = columns_out.split_at_mut(columns_out.len() - dimensions);
            for ((slot, value), (column, times)) in sparse.iter_mut().zip(values_out.iter_mut()).zip(known(row)) {
                (*slot, *value) = (column, times as f32);
                hits[block_of(column)] += times;
            }
            let norms = hits.map(|hits| (hits as f32).sqrt());
            for (value, &column) in values_out.iter_mut().zip(&*sparse) {
                *value *= columns[column as usize].factor / norms[block_of(column)];
            }
            if let Some(meanings) = meanings {
                for (slot, column) in dense.iter_mut().zip(columns.len()..) {
                    *slot = column as u32;
                }
                meanings.sum(self, row, &mut values_out[sparse.len()..]);
            }
        };
        let (mut columns_left, mut values_left) = (matrix.columns.as_mut_slice(), matrix.values.as_mut_slice());
        let mut jobs = Vec::new();
        for (rows, lengths) in rows.chunks(CHUNK).zip(lengths.chunks(CHUNK)) {
            let length = lengths.iter().sum();
            let (own_columns, own_values);
            (own_columns, columns_left) = columns_left.split_at_mut(length);
            (own_values, values_left) = values_left.split_at_mut(length);
            jobs.push((rows, lengths, own_columns, own_values));
        }
        jobs.into_par_iter().for_each(|(rows, lengths, mut columns_left, mut values_left)| {
            for (&row, &length) in rows.iter().zip(lengths) {
                let (own_columns, own_values);
                (own_columns, columns_left) = columns_left.split_at_mut(length);
                (own_values, values_left) = values_left.split_at_mut(length);
                fill(row, own_columns, own_values);
            }
        });
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
    /// The vector and the factor of each feature that is a word with one, from the first such feature on.
    of_features: Vec<Option<(&'v [f32], f32)>>,
    first: usize,
}

impl<'v> Meanings<'v> {
    /// Vectors weighted by `weight` and by the idf of each word among `notes` notes, of which `counts` have each of the features.
    #[must_use]
    pub fn new(vectors: &'v WordVectors, weight: f32, extracted: &Extracted, notes: usize, counts: &[u32]) -> Self {
        let is_surface = |feature: &Feature| feature.block == Block::Surface;
        let first = extracted.features.iter().position(is_surface).unwrap_or(extracted.features.len());
        let words = || extracted.features.iter().zip(counts).skip(first).filter(|(feature, _)| is_surface(feature));
        let frequency = words().map(|(feature, &count)| (feature.text.clone(), count)).collect();
        let mut own = Self { vectors, weight, notes: notes as f32, frequency, of_features: Vec::new(), first };
        let of_feature = |feature: &Feature| vectors.get(&feature.text).map(|vector| (vector, own.factor(&feature.text)));
        own.of_features = extracted.features[first..].iter().map(of_feature).collect();
        own
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

    /// Writes the sum of the weighted vectors of a note's words divided by the square root of how many have one.
    fn sum(&self, extracted: &Extracted, row: usize, sum: &mut [f32]) {
        sum.fill(0.0);
        let mut words = 0;
        let features = extracted.notes.of(row);
        let surface = &features[features.partition_point(|&feature| (feature as usize) < self.first)..];
        for (vector, factor) in surface.iter().filter_map(|&feature| self.of_features[feature as usize - self.first]) {
            words += 1;
            for (slot, value) in sum.iter_mut().zip(vector) {
                *slot += factor * value;
            }
        }
        let norm = (words.max(1) as f32).sqrt();
        for slot in sum {
            *slot /= norm;
        }
    }
}
