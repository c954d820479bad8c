//! What speaks most for a label: the features with the greatest weights, in words that a person can read.

use std::collections::BTreeMap;

use super::Model;
use crate::features::Block;
use crate::text::Stemmer;

/// The families of features, with the names that [`Strong::family`] gives them.
const FAMILIES: [(Block, &str); Block::COUNT] = [
    (Block::Word, "phrases"),
    (Block::Skip, "phrases with a gap"),
    (Block::Surface, "words by their meaning"),
    (Block::Char, "parts of words"),
];

/// The greatest weights of one family of features.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Strong {
    /// What kind of features they are. Weights of different families are on different scales: each family is divided by the square root of how
    /// many of its features a note has.
    pub family: &'static str,
    /// The features, strongest first.
    pub features: Vec<StrongFeature>,
}

/// A feature and its weight.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StrongFeature {
    /// Its text: stems written as one of their words, `‹` and `›` for the note's beginning and end, `*` for one or two words in between,
    /// `_` for a word's edge.
    pub text: String,
    /// What it adds to the label's logit in a note that has no other feature of its family.
    pub weight: f32,
}

impl Model {
    /// The features that speak most for each label of each head, at most `count` of each family; families that the model does not have are left out.
    #[must_use]
    pub fn strongest(&self, count: usize) -> Vec<Vec<Vec<Strong>>> {
        let rows: Vec<(String, Vec<f32>)> = self.rows().collect();
        let names = Names::new(self);
        let of_label = |column: usize| {
            let of_family = |&(block, family): &(Block, &'static str)| {
                let mut own: Vec<&(String, Vec<f32>)> =
                    rows[self.vocabulary.rows_of(block)].iter().filter(|(_, weights)| weights[column] > 0.0).collect();
                own.sort_by(|a, b| b.1[column].total_cmp(&a.1[column]).then_with(|| a.0.cmp(&b.0)));
                let readable = |row: &&(String, Vec<f32>)| StrongFeature { text: names.readable(block, &row.0), weight: row.1[column] };
                Strong { family, features: own.iter().take(count).map(readable).collect() }
            };
            FAMILIES.iter().map(of_family).filter(|strong| !strong.features.is_empty()).collect()
        };
        let mut columns = 0..;
        self.about.heads.iter().map(|head| columns.by_ref().take(head.labels.len()).map(of_label).collect()).collect()
    }
}

/// Words for what the vocabulary has only as stems: the shortest known word of each, most often the one that the stem was made from.
struct Names(BTreeMap<String, String>);

impl Names {
    fn new(model: &Model) -> Self {
        let stemmer = Stemmer::new(model.about.features.stem);
        let mut known: Vec<String> = model.vocabulary.texts().skip(model.vocabulary.rows_of(Block::Surface).start).collect();
        known.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        let mut names = BTreeMap::new();
        for word in known {
            names.entry(stemmer.stem(&word).into_owned()).or_insert(word);
        }
        Self(names)
    }

    fn readable(&self, block: Block, text: &str) -> String {
        match block {
            Block::Word | Block::Skip => {
                let units: Vec<&str> = text.split(' ').map(|unit| self.0.get(unit).map_or(unit, String::as_str)).collect();
                units.join(" ")
            }
            Block::Char | Block::Surface => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SHIPPED;

    #[test]
    fn the_strongest_features_can_be_read() {
        let model = Model::from_bytes(SHIPPED).expect("whole");
        let strongest = model.strongest(5);
        assert_eq!(strongest.iter().map(Vec::len).collect::<Vec<_>>(), [4, 2]);
        for strong in strongest.iter().flatten().flatten() {
            assert_eq!(strong.features.len(), 5, "{}", strong.family);
            assert!(strong.features.is_sorted_by(|a, b| a.weight >= b.weight && b.weight > 0.0));
            assert!(strong.features.iter().all(|feature| !feature.text.contains('#')), "{strong:?}");
        }
        let romantic: Vec<&str> = strongest[0][2][0].features.iter().map(|feature| feature.text.as_str()).collect();
        let rows: BTreeMap<String, Vec<f32>> = model.rows().collect();
        assert!(romantic.iter().any(|text| rows.get(*text).is_some_and(|weights| weights[2] > weights[0])), "{romantic:?}");
    }
}
