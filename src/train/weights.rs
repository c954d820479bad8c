//! What is fitted on one set of notes: the vocabulary, and the weights of every head.

use rayon::prelude::*;

use super::fit::{FitError, FitSettings};
use super::heads::HeadData;
use super::matrix::{Column, Csr, Extracted, Meanings};
use super::solver::{SparseFitted, SparseLogistic};
use super::vectors::WordVectors;
use crate::features::Block;

/// What is fitted on one set of notes.
pub(super) struct Weights<'v> {
    pub(super) vocabulary: Vec<Column>,
    /// Rows of the vocabulary, then of the dimensions of the word vectors.
    pub(super) heads: Vec<SparseFitted>,
    /// The word vectors, as weighted for the same notes.
    pub(super) meanings: Option<Meanings<'v>>,
}

/// How exact the fit is that ranks the features: a tenth of the iterations, and the same ranks but for the last few.
const RANKING: f64 = 1e-2;
/// How exact the fit is whose weights are kept: at 1e-4 it takes twice as long, and no figure moves in its third place.
const TOLERANCE: f64 = 1e-3;

/// What every fold shares.
pub(super) struct Training<'a> {
    pub(super) extracted: &'a Extracted,
    pub(super) heads: &'a [HeadData],
    pub(super) vectors: Option<&'a WordVectors>,
    pub(super) settings: &'a FitSettings,
}

impl<'a> Training<'a> {
    /// The word vectors as weighted for `rows`.
    fn meanings(&self, rows: &[usize]) -> Option<Meanings<'a>> {
        self.vectors.map(|vectors| Meanings::new(vectors, self.settings.block_weights.vector, self.extracted, rows))
    }

    pub(super) fn matrix(&self, rows: &[usize], weights: &Weights<'_>) -> Csr {
        self.extracted.matrix(rows, &weights.vocabulary, weights.meanings.as_ref())
    }

    /// Selects the vocabulary and fits all heads on `rows`.
    pub(super) fn fit_weights(&self, rows: &[usize]) -> Result<Weights<'a>, FitError> {
        let meanings = self.meanings(rows);
        let frequency = self.extracted.document_frequency(rows);
        let often = |feature: &u32| frequency[*feature as usize] >= self.settings.least_notes;
        let own_column = |feature: &u32| self.extracted.features[*feature as usize].block != Block::Surface;
        let most = libm::logf(1.0 + rows.len() as f32);
        let column = |feature: u32| Column {
            feature,
            // Relative to a feature that no note has, so that block weights mean the same in corpora of any size.
            factor: self.settings.block_weights.of(self.extracted.features[feature as usize].block)
                * (1.0 - libm::logf(1.0 + frequency[feature as usize] as f32) / most),
        };
        let vocabulary: Vec<Column> =
            (0..self.extracted.features.len() as u32).filter(|feature| often(feature) && own_column(feature)).map(column).collect();
        let first = self.fit_heads(rows, &vocabulary, meanings.as_ref(), None, RANKING)?;
        // What a feature can move: its largest weight, times how often it gets to.
        let importance: Vec<f64> = vocabulary
            .iter()
            .enumerate()
            .map(|(column, own)| {
                let weight = first.iter().flat_map(|head| head.row(column)).fold(0.0_f64, |most, weight| most.max(weight.abs()));
                weight * f64::from(own.factor) * f64::from(frequency[own.feature as usize]).sqrt()
            })
            .collect();
        let mut order: Vec<usize> = (0..vocabulary.len()).collect();
        order.sort_by(|&a, &b| importance[b].total_cmp(&importance[a]).then(a.cmp(&b)));
        let mut kept: Vec<usize> = order[..self.settings.vocabulary.min(order.len())].to_vec();
        kept.sort_unstable();
        let start: Vec<Vec<f64>> = first
            .iter()
            .map(|head| {
                let rows = kept.iter().flat_map(|&column| head.row(column));
                rows.chain(&head.weights[vocabulary.len() * head.classes..]).copied().collect()
            })
            .collect();
        let vocabulary: Vec<Column> = kept.into_iter().map(|column| vocabulary[column]).collect();
        let heads = self.fit_heads(rows, &vocabulary, meanings.as_ref(), Some(&start), TOLERANCE)?;
        Ok(Weights { vocabulary, heads, meanings })
    }

    fn fit_heads(
        &self,
        rows: &[usize],
        vocabulary: &[Column],
        meanings: Option<&Meanings<'_>>,
        start: Option<&[Vec<f64>]>,
        tolerance: f64,
    ) -> Result<Vec<SparseFitted>, FitError> {
        let fit_head = |(index, head): (usize, &HeadData)| {
            let labelled: Vec<usize> = rows.iter().copied().filter(|&row| head.targets[row].is_some()).collect();
            let targets: Vec<usize> = labelled.iter().filter_map(|&row| head.targets[row]).collect();
            let matrix = self.extracted.matrix(&labelled, vocabulary, meanings);
            SparseLogistic { tolerance, ..SparseLogistic::new(self.settings.alpha, head.labels.len()) }
                .fit_from(&matrix, &targets, start.map(|start| start[index].as_slice()))
                .map_err(|cause| FitError::Solver { head: head.name.clone(), cause })
        };
        self.heads.par_iter().enumerate().map(fit_head).collect()
    }
}
