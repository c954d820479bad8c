//! In which order notes are asked for: the most useful first.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use thinktwice::text::{Shingles, jaccard, shingles};

/// Every so many questions one is drawn at random, so that what is labelled also says how frequent each label is, and what the model is
/// sure of but wrong about comes to light.
const RANDOM_EVERY: usize = 5;
/// The Jaccard similarity of character 5-grams from which a note would teach nothing that its labelled copy has not taught.
const ALIKE: f64 = 0.5;
/// What a note counts that the model is wholly sure of, beside 1 for one of which it knows nothing.
const SURE: f32 = 0.05;
/// More notes than these are not weighed against each other: of more, so many are drawn at random. Nobody labels as many in one go.
const POOL: usize = 50_000;

/// The notes that are still to be asked for.
#[derive(Debug)]
pub(super) struct Queue {
    /// The shingles of each note, numbered in the order in which they were met.
    sets: Vec<Shingles>,
    /// What each shingle counts: ln of the number of notes that have it, so that what one note alone has counts nothing.
    weights: Vec<f32>,
    /// How many labelled notes have each shingle.
    covered: Vec<u32>,
    uncertainty: Vec<f32>,
    random_rank: Vec<[u8; 32]>,
    open: Vec<bool>,
    order: Order,
    labelled: Vec<Shingles>,
    asked: usize,
}

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The most useful notes, and every fifth drawn at random.
    UsefulFirst,
    /// All drawn at random: a fair sample.
    Random,
}

impl Queue {
    /// A queue of `texts`. `labelled` are the texts that have a label already. As long as nothing is known of the uncertainty, all count as uncertain.
    pub(super) fn new(texts: &[&str], labelled: &[&str], order: Order) -> Self {
        let mut numbers: HashMap<u64, u64> = HashMap::new();
        let mut number = |text: &str| {
            let mut set: Shingles = shingles(text)
                .into_iter()
                .map(|shingle| {
                    let next = numbers.len() as u64;
                    *numbers.entry(shingle).or_insert(next)
                })
                .collect();
            set.sort_unstable();
            set
        };
        let sets: Vec<Shingles> = texts.iter().map(|text| number(text)).collect();
        let labelled: Vec<Shingles> = labelled.iter().map(|text| number(text)).collect();
        let mut frequency = vec![0_u32; numbers.len()];
        for shingle in sets.iter().flatten() {
            frequency[*shingle as usize] += 1;
        }
        let random_rank: Vec<[u8; 32]> = texts.iter().map(|text| rank(text)).collect();
        let mut open = vec![true; texts.len()];
        if texts.len() > POOL {
            let mut sorted = random_rank.clone();
            sorted.sort_unstable();
            random_rank.iter().zip(&mut open).for_each(|(rank, open)| *open = *rank < sorted[POOL]);
        }
        let mut queue = Self {
            sets,
            weights: frequency.iter().map(|count| (*count as f32).max(1.0).ln()).collect(),
            covered: vec![0; numbers.len()],
            uncertainty: vec![1.0; texts.len()],
            random_rank,
            open,
            order,
            asked: labelled.len(),
            labelled: Vec::new(),
        };
        for set in labelled {
            queue.cover(set);
        }
        queue
    }

    /// Says of each text how little a model knows of its label (0 to 1).
    pub(super) fn set_uncertainty(&mut self, uncertainty: Vec<f32>) {
        self.uncertainty = uncertainty;
    }

    /// The next note to ask for. Near copies of labelled notes are left out on the way.
    pub(super) fn next(&mut self) -> Option<usize> {
        loop {
            let open = (0..self.sets.len()).filter(|&row| self.open[row]);
            let at_random = self.order == Order::Random || self.asked % RANDOM_EVERY == RANDOM_EVERY - 1;
            let row = if at_random {
                open.min_by_key(|&row| self.random_rank[row])?
            } else {
                open.map(|row| (row, self.usefulness(row))).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?.0
            };
            self.open[row] = false;
            if self.labelled.iter().all(|set| jaccard(set, &self.sets[row]) < ALIKE) {
                self.asked += 1;
                return Some(row);
            }
        }
    }

    /// How many notes may still be asked for.
    pub(super) fn left(&self) -> usize {
        self.open.iter().filter(|open| **open).count()
    }

    /// The note has a label now.
    pub(super) fn answer(&mut self, row: usize) {
        self.cover(self.sets[row].clone());
    }

    /// The last note that was answered has none any more.
    pub(super) fn take_back(&mut self) {
        for shingle in self.labelled.pop().into_iter().flatten() {
            self.covered[shingle as usize] -= 1;
        }
    }

    /// The note was not answered after all.
    pub(super) fn put_back(&mut self, row: usize) {
        self.open[row] = true;
        self.asked -= 1;
    }

    fn cover(&mut self, set: Shingles) {
        for shingle in &set {
            self.covered[*shingle as usize] += 1;
        }
        self.labelled.push(set);
    }

    /// Uncertainty times novelty: the part of what the note shares with others that no labelled note has. Notes that stand for many others
    /// are thus asked for before odd ones, and never two of a kind in a row.
    fn usefulness(&self, row: usize) -> f32 {
        let (mut all, mut new) = (0.0, 0.0);
        for shingle in &self.sets[row] {
            let weight = self.weights[*shingle as usize];
            all += weight;
            new += if self.covered[*shingle as usize] == 0 { weight } else { 0.0 };
        }
        (SURE + (1.0 - SURE) * self.uncertainty[row]) * if all > 0.0 { new / all } else { 0.0 }
    }
}

/// A number that depends on the text alone, and is as good as drawn.
fn rank(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 6] = [
        "would you like to see the new bridge on friday",
        "would you like to see the new bridge on monday",
        "the tender for the pumping station closes in march",
        "the tender for the sewage works closes in april",
        "zxcv qwer asdf",
        "we met at the tender for the bridge, would you like to see it",
    ];

    #[test]
    fn the_uncertain_and_the_new_come_first_and_copies_never() {
        let mut queue = Queue::new(&TEXTS, &[], Order::UsefulFirst);
        queue.set_uncertainty(vec![0.1, 0.1, 1.0, 0.9, 0.2, 0.1]);
        let mut order = Vec::new();
        while let Some(row) = queue.next() {
            order.push(row);
            queue.answer(row);
        }
        assert_eq!(order[0], 2, "the most uncertain");
        assert_ne!(order[1], 3, "most of what it shares is known by now: {order:?}");
        assert_eq!(order.iter().filter(|row| **row < 2).count(), 1, "one of two near copies: {order:?}");
        assert_eq!((order.len(), queue.left()), (5, 0));
    }

    #[test]
    fn copies_of_what_was_labelled_before_are_left_out_and_what_is_taken_back_is_new_again() {
        let mut queue = Queue::new(&TEXTS, &["Would you like to see the new bridge on Friday"], Order::UsefulFirst);
        let before = queue.usefulness(2);
        queue.answer(2);
        assert!(queue.usefulness(2) == 0.0 && before > 0.0);
        queue.take_back();
        assert_eq!(queue.usefulness(2).to_bits(), before.to_bits());
        let mut order = Vec::new();
        while let Some(row) = queue.next() {
            order.push(row);
        }
        assert!(!order.contains(&0) && !order.contains(&1) && order.len() == 4, "{order:?}");
    }

    #[test]
    fn every_fifth_is_drawn_at_random_or_all_are() {
        let texts: Vec<String> = (0..40).map(|n| format!("note number {n} of {}", n * n * 7919)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let first = |count: usize, order: Order| -> Vec<usize> {
            let mut queue = Queue::new(&texts, &[], order);
            std::iter::from_fn(|| queue.next()).take(count).collect()
        };
        let order = first(5, Order::UsefulFirst);
        let lowest = (0..40).filter(|row| !order[..4].contains(row)).min_by_key(|&row| rank(texts[row]));
        assert_eq!(lowest, Some(order[4]));
        let mut by_rank: Vec<usize> = (0..40).collect();
        by_rank.sort_by_key(|&row| rank(texts[row]));
        assert_eq!(first(5, Order::Random), by_rank[..5]);
    }
}
