//! Whether a probability is what it says: of the notes given a label at 0.8, 8 of 10 should have it.

use serde::Serialize;

/// How many bins of equal width the probabilities from 0 to 1 are sorted into.
const BINS: usize = 10;

/// One point of a reliability diagram (`DeGroot` and Fienberg 1983): the notes whose probability of a label falls into one bin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReliabilityPoint {
    /// The mean of their probabilities of the label (0 to 1).
    pub mean_probability: f64,
    /// The share of them that have the label (0 to 1).
    pub observed: f64,
    /// How many they are, 1 or more.
    pub notes: usize,
}

/// The points of one label, lowest probability first; a bin without notes has none. Each answer is a probability of the label (0 to 1) and
/// whether the note has it.
#[must_use]
pub fn reliability(answers: impl IntoIterator<Item = (f32, bool)>) -> Vec<ReliabilityPoint> {
    let mut bins = [(0_usize, 0.0_f64, 0_usize); BINS];
    for (probability, has_label) in answers {
        let bin = &mut bins[((probability * BINS as f32) as usize).min(BINS - 1)];
        bin.0 += 1;
        bin.1 += f64::from(probability);
        bin.2 += usize::from(has_label);
    }
    let filled = bins.into_iter().filter(|bin| bin.0 > 0);
    let point = |(notes, sum, hits)| ReliabilityPoint { mean_probability: sum / notes as f64, observed: hits as f64 / notes as f64, notes };
    filled.map(point).collect()
}

/// The expected calibration error of one label: the mean distance of observed share and mean probability, weighted by notes (0 to 1); `NaN` without
/// points.
#[must_use]
pub fn calibration_error(points: &[ReliabilityPoint]) -> f64 {
    let notes: usize = points.iter().map(|point| point.notes).sum();
    let gaps = points.iter().map(|point| point.notes as f64 * (point.observed - point.mean_probability).abs());
    gaps.sum::<f64>() / notes as f64
}

/// The class-wise calibration error: the mean over the labels of the expected calibration error of p(label) in 10 bins of equal width (0 to 1; Kull et
/// al. 2019; Nixon et al. 2019 call it the static calibration error). It looks at every label's probability, not only the winner's. Few notes
/// in a bin raise it above 0 even where the probabilities are right, so compare it between models on the same notes.
#[must_use]
pub fn classwise_calibration_error(probabilities: &[&[f32]], targets: &[usize], labels: usize) -> f64 {
    let error_of = |label| calibration_error(&reliability(of_label(probabilities, targets, label)));
    (0..labels).map(error_of).sum::<f64>() / labels as f64
}

/// What is said of one label, note by note.
pub(super) fn of_label<'p>(probabilities: &'p [&[f32]], targets: &'p [usize], label: usize) -> impl Iterator<Item = (f32, bool)> + use<'p> {
    probabilities.iter().zip(targets).map(move |(p, &target)| (p[label], target == label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_and_errors_of_an_example_worked_by_hand() {
        let probabilities: [&[f32]; 4] = [&[0.95, 0.05], &[0.92, 0.08], &[0.65, 0.35], &[0.15, 0.85]];
        let targets = [0, 0, 1, 1];
        let points = reliability(of_label(&probabilities, &targets, 0));
        let rounded: Vec<(i32, i32, usize)> =
            points.iter().map(|p| ((1000.0 * p.mean_probability).round() as i32, (1000.0 * p.observed) as i32, p.notes)).collect();
        assert_eq!(rounded, [(150, 0, 1), (650, 0, 1), (935, 1000, 2)]);
        // (0.15 + 0.65 + 2 x 0.065) / 4, and the same for the other label.
        assert!((calibration_error(&points) - 0.2325).abs() < 1e-7);
        assert!((classwise_calibration_error(&probabilities, &targets, 2) - 0.2325).abs() < 1e-7);
    }

    #[test]
    fn probabilities_that_are_what_they_say_have_no_error() {
        let answers = (0..10).map(|note| (0.8, note < 8)).chain([(0.0, false), (1.0, true)]);
        let points = reliability(answers);
        assert_eq!(points.iter().map(|point| point.notes).collect::<Vec<_>>(), [1, 10, 1]);
        assert!(calibration_error(&points) < 1e-7);
        assert!(calibration_error(&reliability([])).is_nan());
    }
}
