//! What is fitted on one set of notes: the vocabulary, and the weights of every head.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::calibrate::LogitParts;
use super::dropout::{self, Scales};
use super::extract::Extracted;
use super::fit::{FitError, FitSettings, Weighting};
use super::matrix::{Column, Csr, Meanings};
use super::metrics::SplitMix64;
use super::problem::{HeadData, Problem};
use super::prune::{dearest, halfway};
use super::solver::{Design, SparseFitted, SparseLogistic};
use crate::features::Block;

/// What is fitted on one set of notes.
pub(super) struct Weights<'v> {
    pub(super) vocabulary: Vec<Column>,
    /// Rows of the vocabulary, then of the dimensions of the word vectors.
    pub(super) heads: Vec<SparseFitted>,
    /// What the columns of the vocabulary were scaled by, for each head.
    scales: Vec<Scales>,
    /// The word vectors, as weighted for the same notes.
    pub(super) meanings: Option<Arc<Meanings<'v>>>,
}

impl Weights<'_> {
    /// For each head, the logits of each row of a matrix with these columns.
    pub(super) fn logits(&self, extracted: &Extracted, matrix: &Csr) -> Vec<Vec<LogitParts>> {
        let mut blocks: Vec<Block> = self.vocabulary.iter().map(|column| extracted.features[column.feature as usize].block).collect();
        // What word vectors say belongs to the words as they stand.
        blocks.resize(matrix.width, Block::Surface);
        let of_row = |fitted: &SparseFitted, row: usize| {
            let mut parts = vec![0.0; (Block::COUNT + 1) * fitted.classes];
            let (of_blocks, intercepts) = parts.split_at_mut(Block::COUNT * fitted.classes);
            for (column, value) in matrix.row(row) {
                let part = &mut of_blocks[blocks[column] as usize * fitted.classes..];
                for (logit, weight) in part.iter_mut().zip(fitted.row(column)) {
                    *logit += f64::from(value) * f64::from(*weight);
                }
            }
            for (slot, intercept) in intercepts.iter_mut().zip(fitted.intercepts()) {
                *slot = f64::from(*intercept);
            }
            LogitParts(parts)
        };
        self.heads.iter().map(|fitted| (0..matrix.height()).map(|row| of_row(fitted, row)).collect()).collect()
    }
}

/// What is found before the weights that are kept.
struct Kept<'v> {
    vocabulary: Vec<Column>,
    scales: Vec<Scales>,
    meanings: Option<Arc<Meanings<'v>>>,
}

impl<'v> Kept<'v> {
    /// The columns of `vocabulary` at `kept`, with scales refined by the masses that all of them have.
    fn of(kept: &[usize], vocabulary: &[Column], even: &[Scales], masses: &[Vec<f64>], meanings: Option<Arc<Meanings<'v>>>) -> Self {
        let scales = even.iter().zip(masses).map(|(even, masses)| even.refined(masses, kept)).collect();
        Self { vocabulary: kept.iter().map(|&column| vocabulary[column]).collect(), scales, meanings }
    }
}

/// How exact the fit is that ranks and scales the features: a tenth of the iterations, and the same ranks but for the last few.
const RANKING: f64 = 1e-2;
/// How exact the fit is whose weights are kept: at 1e-4 it takes twice as long, and no figure moves in its third place.
const TOLERANCE: f64 = 1e-3;

/// How many features the notes may have together by which features are ranked: more than all of the corpora on which the ranking was measured.
const MOST_RANKED_BY: usize = 1 << 25;
/// How many notes of each label features are ranked by at least, where it has so many.
const LEAST_RANKED_BY: f64 = 1000.0;

/// A corpus and the settings to learn from it with.
pub(super) struct Training<'a> {
    pub(super) problem: &'a Problem<'a>,
    /// The heads to fit.
    pub(super) heads: &'a [HeadData],
    /// The features of all notes, as `settings` asks for.
    pub(super) extracted: &'a Extracted,
    pub(super) settings: &'a FitSettings,
    /// Called with what share of one fit of all heads has been done since it was last called.
    pub(super) advanced: &'a (dyn Fn(f64) + Sync),
}

impl<'a> Training<'a> {
    pub(super) fn matrix(&self, rows: &[usize], weights: &Weights<'_>) -> Csr {
        self.extracted.matrix(rows, &weights.vocabulary, weights.meanings.as_deref())
    }

    /// Selects the vocabulary and fits all heads on `rows`.
    pub(super) fn fit_weights(&self, rows: &[usize]) -> Result<Weights<'a>, FitError> {
        let mut path = self.fit_path(rows, &[self.settings.alpha])?;
        Ok(path.swap_remove(0))
    }

    /// The same for each of several penalties, every fit starting from where the one before ended.
    pub(super) fn fit_path(&self, rows: &[usize], alphas: &[f64]) -> Result<Vec<Weights<'a>>, FitError> {
        let frequency = self.extracted.document_frequency(rows);
        let ranked_by = self.ranked_by(rows, MOST_RANKED_BY);
        let mut vocabulary = self.columns(rows, &frequency);
        if ranked_by.len() < rows.len() {
            let frequency = self.extracted.document_frequency(&ranked_by);
            vocabulary.retain(|column| frequency[column.feature as usize] >= self.settings.least_notes);
        }
        let meanings = self.meanings(rows.len(), &frequency);
        let (ranked_by, learned) = (self.problem.repeated(&ranked_by), self.problem.repeated(rows));
        if self.settings.dropout == 0.0 && vocabulary.len() <= self.settings.vocabulary {
            return self.fit_plain_path(&learned, &vocabulary, meanings.as_ref(), alphas);
        }
        let mut data = self.designs(&ranked_by, &vocabulary, meanings.as_deref());
        let count = vocabulary.len();
        let even: Vec<Scales> = data.iter().map(|(design, _)| Scales::even(design, count, self.settings.dropout)).collect();
        for ((design, _), scales) in data.iter_mut().zip(&even) {
            scales.apply(design);
        }
        let most = self.settings.vocabulary;
        let mut before: Option<Vec<SparseFitted>> = None;
        let mut path = Vec::new();
        let ranking = ranked_by.len() as f64 / (ranked_by.len() + learned.len()) as f64;
        for (at, &alpha) in alphas.iter().enumerate() {
            let first = self.fit_heads(&data, alpha, before.as_deref(), RANKING, ranking)?;
            let masses_of = |((design, _), fitted): (&(Design, Vec<usize>), &SparseFitted)| dropout::masses(design, fitted);
            let masses: Vec<Vec<f64>> = data.iter().zip(&first).map(masses_of).collect();
            let mut kept = dearest(count, halfway(count, most), &first, &masses);
            let mut last = None;
            if kept.len() > most {
                let some = self.scaled_designs(&ranked_by, &Kept::of(&kept, &vocabulary, &even, &masses, meanings.clone()));
                let again = self.fit_heads(&some, alpha, Some(&first), RANKING, 0.0)?;
                let masses: Vec<Vec<f64>> = some.iter().zip(&again).map(masses_of).collect();
                kept = dearest(kept.len(), most, &again, &masses).into_iter().map(|column| kept[column]).collect();
                last = Some(again);
            }
            let kept = Kept::of(&kept, &vocabulary, &even, &masses, meanings.clone());
            if at + 1 == alphas.len() {
                // A large one and the smaller one would not fit into memory together.
                data = Vec::new();
            }
            // What a part has found would weigh more than what the others have to say, since a fit ends before it has reached its end.
            let start = (ranked_by.len() == learned.len()).then_some(last.as_ref().unwrap_or(&first).as_slice());
            path.push(self.fit_kept(&learned, kept, start, alpha, 1.0 - ranking)?);
            before = Some(first);
        }
        Ok(path)
    }

    /// The same where all features stay as they are, and nothing has to be found about them first.
    fn fit_plain_path(
        &self,
        learned: &[usize],
        vocabulary: &[Column],
        meanings: Option<&Arc<Meanings<'a>>>,
        alphas: &[f64],
    ) -> Result<Vec<Weights<'a>>, FitError> {
        let mut path: Vec<Weights<'a>> = Vec::new();
        for &alpha in alphas {
            let scales = vec![Scales::none(); self.heads.len()];
            let kept = Kept { vocabulary: vocabulary.to_vec(), scales, meanings: meanings.cloned() };
            let start = path.last().map(|before| before.heads.as_slice());
            path.push(self.fit_kept(learned, kept, start, alpha, 1.0)?);
        }
        Ok(path)
    }

    /// The weights of all heads on `rows`, with the vocabulary and the scales that `weights` have found on some of them.
    pub(super) fn refit(&self, weights: &Weights<'_>, rows: &[usize]) -> Result<Weights<'a>, FitError> {
        let frequency = self.extracted.document_frequency(rows);
        let mut vocabulary = self.columns(rows, &frequency);
        vocabulary.retain(|column| weights.vocabulary.binary_search_by_key(&column.feature, |known| known.feature).is_ok());
        let kept = Kept { vocabulary, scales: weights.scales.clone(), meanings: self.meanings(rows.len(), &frequency) };
        self.fit_kept(&self.problem.repeated(rows), kept, None, self.settings.alpha, 1.0)
    }

    /// The weights of a vocabulary that has been found; `share` as in [`Self::fit_heads`].
    fn fit_kept(
        &self,
        learned: &[usize],
        kept: Kept<'a>,
        start: Option<&[SparseFitted]>,
        alpha: f64,
        share: f64,
    ) -> Result<Weights<'a>, FitError> {
        let data = self.scaled_designs(learned, &kept);
        let Kept { vocabulary, scales, meanings } = kept;
        let mut heads = self.fit_heads(&data, alpha, start, TOLERANCE, share)?;
        for (head, scales) in heads.iter_mut().zip(&scales) {
            scales.undo(head);
        }
        Ok(Weights { vocabulary, heads, scales, meanings })
    }

    /// The word vectors, where there are any, weighted for notes of which `frequency` have each feature.
    fn meanings(&self, notes: usize, frequency: &[u32]) -> Option<Arc<Meanings<'a>>> {
        let vectors = self.problem.vectors.filter(|_| self.settings.features.surface_words)?;
        Some(Arc::new(Meanings::new(vectors, self.settings.block_weights.vector, self.extracted, notes, frequency)))
    }

    /// The rows that features are ranked and scaled by: all that have no more than `most` features together; of more, some, drawn evenly but for labels that would
    /// be left with too few.
    fn ranked_by<'r>(&self, rows: &'r [usize], most: usize) -> Cow<'r, [usize]> {
        let values: usize = rows.iter().map(|&row| self.extracted.notes.of(row).len()).sum();
        if values <= most {
            return Cow::Borrowed(rows);
        }
        let targets = &self.heads[0].targets;
        let mut counts: BTreeMap<Option<usize>, usize> = BTreeMap::new();
        for &row in rows {
            *counts.entry(targets[row]).or_default() += 1;
        }
        let share = most as f64 / values as f64;
        let mut random = SplitMix64(11);
        let mut is_drawn = |row: &usize| {
            let share = share.max(LEAST_RANKED_BY / counts[&targets[*row]] as f64);
            (random.next_u64() as f64) < share * u64::MAX as f64
        };
        rows.iter().copied().filter(|row| is_drawn(row)).collect()
    }

    /// The features that occur often enough in `rows`, weighted.
    fn columns(&self, rows: &[usize], frequency: &[u32]) -> Vec<Column> {
        let features = 0..self.extracted.features.len();
        let of_interest = features.filter(|&index| {
            let feature = &self.extracted.features[index];
            frequency[index] >= self.settings.least_notes && feature.block != Block::Surface && feature.is_storable()
        });
        let most = libm::logf(1.0 + rows.len() as f32);
        // Relative to a feature that no note has, so that block weights mean the same in corpora of any size.
        let idf = |feature: usize| 1.0 - libm::logf(1.0 + frequency[feature] as f32) / most;
        let mut columns: Vec<Column> = of_interest.map(|feature| Column { feature: feature as u32, factor: idf(feature) }).collect();
        match self.settings.weighting {
            Weighting::Idf => {}
            Weighting::None => columns.iter_mut().for_each(|column| column.factor = 1.0),
            Weighting::LogCountRatio => self.weigh_by_log_count_ratio(rows, &mut columns),
        }
        for column in &mut columns {
            column.factor *= self.settings.block_weights.of(self.extracted.features[column.feature as usize].block);
        }
        columns
    }

    /// How much likelier or less likely a feature makes a label of the first head than it is anyway: the largest `|ln|` over the labels, each count
    /// smoothed by one note (Wang and Manning 2012, for more labels than two). Scaled to the sum of the factors that stand, so that block weights
    /// mean the same.
    fn weigh_by_log_count_ratio(&self, rows: &[usize], columns: &mut [Column]) {
        let head = &self.heads[0];
        let labels = head.labels.len();
        let mut counts = vec![0.0_f32; self.extracted.features.len() * labels];
        let mut prior = vec![0.0_f32; labels];
        for (row, target) in rows.iter().filter_map(|&row| Some((row, head.targets[row]?))) {
            prior[target] += 1.0;
            for (feature, _) in self.extracted.notes.counted(row) {
                counts[feature as usize * labels + target] += 1.0;
            }
        }
        let all: f32 = prior.iter().sum();
        let before: f32 = columns.iter().map(|column| column.factor).sum();
        for column in columns.iter_mut() {
            let own = &counts[column.feature as usize * labels..][..labels];
            let total = own.iter().sum::<f32>() + 1.0;
            let ratio = |(count, prior): (&f32, &f32)| libm::logf((count + prior / all) / total / (prior / all)).abs();
            // Of a label that none of these notes has, nothing can be said.
            column.factor = own.iter().zip(&prior).filter(|(_, prior)| **prior > 0.0).map(ratio).fold(0.0, f32::max);
        }
        let after: f32 = columns.iter().map(|column| column.factor).sum();
        // Where all of these notes have one label, nothing stands with it oftener than with others.
        let scale = if after > 0.0 { before / after } else { 0.0 };
        for column in columns {
            column.factor *= scale;
        }
    }

    fn scaled_designs(&self, rows: &[usize], kept: &Kept<'_>) -> Vec<(Design, Vec<usize>)> {
        let mut data = self.designs(rows, &kept.vocabulary, kept.meanings.as_deref());
        for ((design, _), scales) in data.iter_mut().zip(&kept.scales) {
            scales.apply(design);
        }
        data
    }

    /// For each head its labelled rows and their targets.
    fn designs(&self, rows: &[usize], vocabulary: &[Column], meanings: Option<&Meanings<'_>>) -> Vec<(Design, Vec<usize>)> {
        let of_head = |head: &HeadData| {
            let labelled: Vec<usize> = rows.iter().copied().filter(|&row| head.targets[row].is_some()).collect();
            let targets = labelled.iter().filter_map(|&row| head.targets[row]).collect();
            (Design::new(self.extracted.matrix(&labelled, vocabulary, meanings)), targets)
        };
        self.heads.par_iter().map(of_head).collect()
    }

    /// `start` holds fits on the same notes; `share` is how much of a
    /// whole fit this one is.
    fn fit_heads(
        &self,
        data: &[(Design, Vec<usize>)],
        alpha: f64,
        start: Option<&[SparseFitted]>,
        tolerance: f64,
        share: f64,
    ) -> Result<Vec<SparseFitted>, FitError> {
        let fit_head = |(index, head): (usize, &HeadData)| {
            let (design, targets) = &data[index];
            let solver = SparseLogistic { tolerance, ..SparseLogistic::new(alpha, head.labels.len()) };
            // The first head is watched for all.
            let advanced = |of_fit: f64| {
                if index == 0 {
                    (self.advanced)(share * of_fit);
                }
            };
            solver
                .fit_from(design, targets, start.map(|start| start[index].shares.as_slice()), &advanced)
                .map_err(|cause| FitError::Solver { head: head.name.clone(), cause })
        };
        self.heads.par_iter().enumerate().map(fit_head).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::corpus::{Corpus, Note};
    use crate::train::{Extras, FitSettings};

    /// Notes of which every hundredth is rare, and the others are long or short.
    fn corpus(count: usize) -> Corpus {
        let mut random = SplitMix64(9);
        let note = |row: usize| {
            let label = if row.is_multiple_of(100) { "rare" } else { ["long", "short"][row % 2] };
            let words: Vec<String> = (0..6).map(|_| format!("w{}", random.below(300))).collect();
            Note {
                text: format!("{} {label}{}", words.join(" "), random.below(4)),
                labels: [("intent".to_owned(), label.to_owned())].into(),
                group: row.to_string(),
                id: row.to_string(),
                ..Note::default()
            }
        };
        Corpus { notes: (0..count).map(note).collect(), skipped: Vec::new() }
    }

    fn with_training(count: usize, look: impl FnOnce(&Training<'_>)) {
        let (corpus, settings, extras) =
            (corpus(count), FitSettings { vocabulary: 2000, alpha: 8.0, ..FitSettings::default() }, Extras::default());
        let problem = Problem::new(&corpus, &settings, &extras).expect("a problem");
        let settings = FitSettings { features: problem.features(&settings), ..settings };
        let extracted = problem.extract(&settings.features, settings.least_notes).expect("no collision");
        look(&Training { problem: &problem, heads: &problem.heads, extracted: &extracted, settings: &settings, advanced: &|_| () });
    }

    #[test]
    fn of_many_notes_some_rank_the_features_and_rare_labels_are_kept() {
        with_training(30_000, |training| {
            let rows: Vec<usize> = (0..30_000).collect();
            let values = training.extracted.notes.len();
            assert_eq!(*training.ranked_by(&rows, values), *rows);
            let drawn = training.ranked_by(&rows, values / 5);
            let rare = drawn.iter().filter(|row| row.is_multiple_of(100)).count();
            let others = drawn.len() - rare;
            assert!(rare == 300 && (5700..6200).contains(&others), "{rare} and {others}");
            assert!(drawn.is_sorted());
        });
    }

    #[test]
    fn a_fit_with_features_that_were_found_before_keeps_them_and_learns_the_rest() {
        with_training(1000, |training| {
            let (some, all): (Vec<usize>, Vec<usize>) = ((0..1000).filter(|row| row % 5 != 2).collect(), (0..1000).collect());
            let first = training.fit_weights(&some).expect("a fit");
            let (next, anew) = (training.refit(&first, &all).expect("a fit"), training.fit_weights(&all).expect("a fit"));
            let features = |weights: &Weights<'_>| weights.vocabulary.iter().map(|column| column.feature).collect::<Vec<_>>();
            assert_eq!(features(&next), features(&first));
            let logits = |weights: &Weights<'_>| -> Vec<Vec<f64>> {
                let matrix = training.matrix(&all, weights);
                all.iter().map(|&row| weights.heads[0].logits(&matrix, row)).collect()
            };
            let distance = |a: &Weights<'_>, b: &Weights<'_>| {
                let pairs = logits(a).into_iter().flatten().zip(logits(b).into_iter().flatten());
                pairs.map(|(a, b)| (a - b).abs()).sum::<f64>()
            };
            let (near, far) = (distance(&next, &anew), distance(&first, &anew));
            assert!(near < 0.5 * far, "{near} and {far}");
        });
    }
}
