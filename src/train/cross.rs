//! Splits for cross-validation: no group on both sides.

use std::collections::BTreeMap;

use super::corpus::Note;

/// Assigns each note to one of `folds` folds, so that all notes of a group share one and the folds have about the same size.
/// Largest groups first, each to the smallest fold; ties go by name, so that the split depends on the corpus alone.
///
/// There are at most as many folds as groups.
#[must_use]
pub fn grouped_folds(notes: &[&Note], folds: usize) -> Vec<usize> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for note in notes {
        *sizes.entry(&note.group).or_default() += 1;
    }
    let mut groups: Vec<(&str, usize)> = sizes.into_iter().collect();
    groups.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut filled = vec![0; folds.clamp(1, groups.len().max(1))];
    let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, size) in groups {
        let smallest = (0..filled.len()).min_by_key(|&fold| (filled[fold], fold)).unwrap_or(0);
        filled[smallest] += size;
        fold_of.insert(group, smallest);
    }
    notes.iter().map(|note| fold_of[note.group.as_str()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_together_and_folds_are_even() {
        let notes: Vec<Note> = (0..90)
            .map(|index| Note {
                text: String::new(),
                labels: BTreeMap::new(),
                group: format!("g{}", index % 9),
                id: index.to_string(),
                other: BTreeMap::new(),
            })
            .collect();
        let notes: Vec<&Note> = notes.iter().collect();
        let folds = grouped_folds(&notes, 3);
        for (a, fold) in notes.iter().zip(&folds) {
            assert!(notes.iter().zip(&folds).all(|(b, other)| a.group != b.group || fold == other));
        }
        for fold in 0..3 {
            assert_eq!(folds.iter().filter(|&&of| of == fold).count(), 30);
        }
        assert_eq!(grouped_folds(&notes[..1], 5), [0]);
    }
}
