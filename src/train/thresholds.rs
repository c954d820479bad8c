//! From which probability a label counts.

use super::cross::OutOfFold;
use super::problem::HeadData;
use crate::classifier::argmax;
use crate::model::Threshold;
use crate::policy::{Policy, Verdict};

/// Which labels of a head hold a note.
pub(super) fn holding(head: &HeadData, policy: &Policy) -> Vec<bool> {
    head.labels.iter().map(|label| policy.verdict(&head.name, label) == Verdict::Hold).collect()
}

/// What the labels that hold a note come to together.
pub(super) fn harm(p: &[f32], holds: &[bool]) -> f32 {
    p.iter().zip(holds).filter(|(_, holds)| **holds).map(|(p, _)| *p).sum()
}

/// One threshold for all labels that hold a note, on their probabilities together: the lowest at which no more of the harmless notes are held than
/// allowed (0 to 1).
pub(super) fn hold_thresholds(head: &HeadData, found: &OutOfFold, policy: &Policy, false_alarms: f32) -> Vec<Threshold> {
    let holds = holding(head, policy);
    let total = |p: &[f32]| harm(p, &holds);
    let notes = || found.probabilities.iter().zip(&found.targets);
    let mut harmless: Vec<f32> = notes().filter(|(_, target)| !holds[**target]).map(|(p, _)| total(p)).collect();
    harmless.sort_by(|a, b| b.total_cmp(a));
    let allowed = (f64::from(false_alarms) * harmless.len() as f64) as usize;
    // Just above the first harmless note that must not be held.
    let at = harmless.get(allowed).map_or(0.5, |p| p.next_up()).min(1.0);
    let likeliest = |p: &[f32]| {
        (0..p.len()).filter(|&label| holds[label]).fold(None, |best, label| match best {
            Some(best) if p[best] >= p[label] => Some(best),
            _ => Some(label),
        })
    };
    let held_as = |p: &[f32], label: usize| total(p) >= at && likeliest(p) == Some(label);
    (0..head.labels.len())
        .map(|label| {
            let share = |of: &dyn Fn(usize) -> bool| {
                let of: Vec<&Vec<f32>> = notes().filter(|(_, target)| of(**target)).map(|(p, _)| p).collect();
                rounded(of.iter().filter(|p| held_as(p, label)).count() as f64 / of.len().max(1) as f64)
            };
            Threshold {
                at: if holds[label] { at } else { 0.0 },
                false_alarms: share(&|target| !holds[target]),
                found: share(&|target| target == label),
            }
        })
        .collect()
}

/// Heads that do not hold go by the likeliest label.
pub(super) fn winner_thresholds(head: &HeadData, found: &OutOfFold) -> Vec<Threshold> {
    let share = |label: usize, own: bool| {
        let of: Vec<&Vec<f32>> =
            found.probabilities.iter().zip(&found.targets).filter(|(_, target)| (**target == label) == own).map(|(p, _)| p).collect();
        rounded(of.iter().filter(|p| argmax(p) == label).count() as f64 / of.len().max(1) as f64)
    };
    (0..head.labels.len()).map(|label| Threshold { at: 0.0, false_alarms: share(label, false), found: share(label, true) }).collect()
}

fn rounded(share: f64) -> f32 {
    ((share * 1e4).round() / 1e4) as f32
}
