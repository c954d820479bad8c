//! Which of two models is better, in words.

use thinktwice::train::compare::{Comparison, Difference, Side};

use super::Unit;

/// From how many groups on a bootstrap interval can be relied on at all.
const LEAST_GROUPS: usize = 10;
/// It is not worth saying how many notes would settle the question where they are more than so many times as many.
const MOST_TIMES: f64 = 100.0;

/// Says of "this model" whether it is better than `other`, by how much, and how sure that is. Macro-F1 says which model finds the right label
/// more often, log loss whose probabilities are the better ones; neither is called better where the two contradict each other.
pub(super) fn conclusion(comparison: &Comparison, other: &str, is_fair: bool) -> String {
    let Comparison { groups, macro_f1, log_loss, .. } = comparison;
    if !is_fair {
        return "Nothing follows from this for new notes, since a model has learned from some of these.".to_owned();
    }
    if *groups < LEAST_GROUPS {
        return format!(
            "Too few notes to tell which of the two is better: they must be of {LEAST_GROUPS} groups at least (here: {groups}), and 50 notes are a start."
        );
    }
    let labels = match (macro_f1.winner(), log_loss.winner()) {
        (Some(Side::Ours), Some(Side::Ours) | None) => {
            format!("This model is better than {other} on these notes: its macro-F1 is {}.", sure_points(macro_f1))
        }
        (Some(Side::Theirs), Some(Side::Theirs) | None) => {
            format!("This model is worse than {other} on these notes: its macro-F1 is {}.", sure_points(macro_f1))
        }
        (Some(Side::Ours), Some(Side::Theirs)) => format!(
            "This model finds the right label more often than {other} (its macro-F1 is {}), but its probabilities are worse (log loss {}).",
            sure_points(macro_f1),
            signed(log_loss)
        ),
        (Some(Side::Theirs), Some(Side::Ours)) => format!(
            "This model's probabilities are better than those of {other} (log loss {}), but it finds the right label less often (its macro-F1 is {}).",
            signed(log_loss),
            sure_points(macro_f1)
        ),
        (None, Some(side)) => {
            let better = if side == Side::Ours { "better" } else { "worse" };
            format!(
                "This model's probabilities are {better} than those of {other} on these notes (log loss {}). Which of the two finds the right \
                 label more often cannot be told: {}",
                signed(log_loss),
                undecided(comparison)
            )
        }
        (None, None) => format!("No difference from {other} can be shown on these notes: {}", undecided(comparison)),
    };
    let verdicts = [("harmful", &comparison.harmful_held), ("harmless", &comparison.harmless_held)];
    verdicts
        .into_iter()
        .fold(labels, |said, (kind, held)| said + &held.as_ref().and_then(|held| sure_verdicts(kind, held)).unwrap_or_default())
}

/// Where the interval leaves no room for the other, whether more or fewer of the notes of a kind are held.
fn sure_verdicts(kind: &str, held: &Difference) -> Option<String> {
    held.winner()?;
    let direction = if held.difference.value > 0.0 { "more" } else { "fewer" };
    let [ours, theirs] = [held.ours, held.theirs].map(|share| Unit::Percent.format(share));
    Some(format!(" It holds {direction} of the {kind} notes: {ours} against {theirs}."))
}

/// How much higher or lower, and how sure.
fn sure_points(difference: &Difference) -> String {
    let is_higher = difference.difference.value > 0.0;
    let (points, direction) = points(difference);
    let share = if is_higher { difference.ours_better } else { 1.0 - difference.ours_better };
    // A thousand resamples cannot say that it is always so.
    let share = if share > 0.999 { "over 99.9".to_owned() } else { format!("{:.1}", 100.0 * share) };
    format!(
        "{points} points {direction} (95\u{a0}% interval {}), and {direction} in {share}\u{a0}% of the resamples of the notes",
        Unit::Points.interval(&difference.difference)
    )
}

fn points(difference: &Difference) -> (String, &'static str) {
    let value = difference.difference.value;
    (format!("{:.1}", 100.0 * value.abs()), if value > 0.0 { "higher" } else { "lower" })
}

fn signed(difference: &Difference) -> String {
    format!("{}, {}", Unit::Signed.format(difference.difference.value), Unit::Signed.interval(&difference.difference))
}

/// What may be the case, and what would settle it.
fn undecided(comparison: &Comparison) -> String {
    let macro_f1 = &comparison.macro_f1;
    if macro_f1.difference.value == 0.0 {
        return "their macro-F1 is the same.".to_owned();
    }
    let (points, direction) = points(macro_f1);
    let settles = match macro_f1.times_more_needed() {
        Some(times) if times <= MOST_TIMES => {
            let notes = rounded(times * comparison.notes() as f64);
            format!(" If the difference is what it looks like, about {notes} such notes would show it.")
        }
        _ => String::new(),
    };
    format!(
        "its macro-F1 is {points} points {direction}, but anything from {} would fit these notes as well.{settles}",
        Unit::Points.interval(&macro_f1.difference)
    )
}

/// To two digits: no estimate of this kind has more.
fn rounded(count: f64) -> u64 {
    let unit = 10_f64.powf((count.log10().floor() - 1.0).max(0.0));
    ((count / unit).ceil() * unit) as u64
}

#[cfg(test)]
mod tests {
    use thinktwice::train::metrics::Figure;

    use super::*;

    fn difference([low, value, high]: [f64; 3], ours_better: f64) -> Difference {
        Difference { ours: 0.8, theirs: 0.8 - value, difference: Figure { value, low, high }, ours_better }
    }

    /// Of 60 notes, each a group of its own.
    fn comparison(macro_f1: Difference, log_loss: Difference) -> Comparison {
        Comparison {
            model: String::new(),
            groups: 60,
            both_right: 40,
            only_ours_right: 12,
            only_theirs_right: 5,
            both_wrong: 3,
            mcnemar_p: 0.1,
            accuracy: macro_f1.clone(),
            macro_f1,
            log_loss,
            harmful_held: None,
            harmless_held: None,
            unshared_labels: Vec::new(),
        }
    }

    #[test]
    fn the_conclusion_goes_no_further_than_the_intervals() {
        let f1 = [difference([0.021, 0.123, 0.22], 0.994), difference([-0.05, 0.03, 0.11], 0.7), difference([-0.2, -0.1, -0.05], 0.0)];
        let loss = [difference([-0.3, -0.2, -0.1], 1.0), difference([-0.1, 0.0, 0.1], 0.5), difference([0.1, 0.2, 0.3], 0.0)];
        let says = |i: usize, j: usize| conclusion(&comparison(f1[i].clone(), loss[j].clone()), "old.model", true);
        let better = "This model is better than old.model on these notes: its macro-F1 is 12.3 points higher (95\u{a0}% interval +2.1 to +22.0), \
                      and higher in 99.4\u{a0}% of the resamples of the notes.";
        assert_eq!((says(0, 0).as_str(), says(0, 1).as_str()), (better, better));
        assert!(
            says(0, 2).starts_with("This model finds the right label more often") && says(0, 2).contains("but its probabilities are worse")
        );
        assert!(says(1, 0).contains("probabilities are better than") && says(1, 0).contains("cannot be told"), "{}", says(1, 0));
        let undecided = "No difference from old.model can be shown on these notes: its macro-F1 is 3.0 points higher, but anything from -5.0 to +11.0 \
                         would fit these notes as well. If the difference is what it looks like, about 860 such notes would show it.";
        assert_eq!(says(1, 1), undecided);
        assert!(says(1, 2).contains("probabilities are worse than"), "{}", says(1, 2));
        assert!(says(2, 0).contains("but it finds the right label less often"), "{}", says(2, 0));
        assert!(says(2, 1).contains("worse than old.model") && says(2, 1).contains("10.0 points lower"), "{}", says(2, 1));
        assert!(says(2, 2).contains("and lower in over 99.9\u{a0}%"), "{}", says(2, 2));
    }

    #[test]
    fn verdicts_are_spoken_of_where_they_surely_differ() {
        let mut found = comparison(difference([0.0; 3], 0.5), difference([0.0; 3], 0.5));
        found.harmful_held = Some(difference([-0.7, -0.5, -0.2], 0.0));
        found.harmless_held = Some(difference([-0.1, 0.0, 0.1], 0.5));
        let said = conclusion(&found, "it", true);
        assert!(said.ends_with("the same. It holds fewer of the harmful notes: 80.0 % against 130.0 %."), "{said}");
        found.harmless_held = Some(difference([0.1, 0.2, 0.3], 0.0));
        assert!(conclusion(&found, "it", true).ends_with(" It holds more of the harmless notes: 80.0 % against 60.0 %."));
    }

    #[test]
    fn what_was_learned_from_or_is_too_little_leads_to_no_conclusion() {
        let mut found = comparison(difference([0.1, 0.2, 0.3], 1.0), difference([-0.3, -0.2, -0.1], 1.0));
        assert!(conclusion(&found, "it", false).starts_with("Nothing follows"));
        found.groups = 9;
        assert!(conclusion(&found, "it", true).starts_with("Too few notes to tell"));
        let same = comparison(difference([0.0; 3], 0.5), difference([0.0; 3], 0.5));
        assert!(conclusion(&same, "it", true).ends_with("their macro-F1 is the same."));
    }
}
