//! A model card (Mitchell et al. 2019), in Markdown.

use std::fmt::Write;

use thinktwice::train::fit::{Fitted, HeadReport};
use thinktwice::train::slices::Slice;

use super::{Report, Unit};

/// The card of a model that was just trained; `evaluation` is what it makes of notes that it was not trained on. The same run gives the same card.
pub(in super::super) fn card(fitted: &Fitted, bytes: usize, evaluation: Option<&Report>) -> String {
    let mut card = String::new();
    model(&mut card, fitted, bytes);
    uses(&mut card);
    data(&mut card, fitted);
    for report in &fitted.reports {
        cross_validation(&mut card, report);
    }
    thresholds(&mut card, fitted);
    if !fitted.slices.is_empty() {
        card += "\n## On parts of the notes\n\nAccuracy of the first head, cross-validated; of groups, the worst.\n\n";
        slice_table(&mut card, &fitted.slices);
    }
    if let Some(report) = evaluation {
        elsewhere(&mut card, report);
    }
    ablations(&mut card, fitted);
    settings(&mut card, fitted);
    card
}

/// A line of a table.
fn row(card: &mut String, cells: &[&str]) {
    let _ = writeln!(card, "| {} |", cells.join(" | "));
}

fn header(card: &mut String, cells: &[&str]) {
    row(card, cells);
    let _ = writeln!(card, "|{}", "---|".repeat(cells.len()));
}

fn model(card: &mut String, fitted: &Fitted, bytes: usize) {
    let about = &fitted.model.about;
    let _ = writeln!(
        card,
        "# Model card: {}\n\nWritten by the training run (`thinktwice-train fit --card`), after Mitchell et al. 2019; change the run, not this page.\n",
        about.name
    );
    header(card, &["", ""]);
    row(card, &["digest", &format!("`{}`", fitted.model.digest)]);
    row(card, &["size", &format!("{bytes} bytes, {} features", fitted.model.vocabulary.len())]);
    for head in &about.heads {
        row(card, &[&format!("labels of `{}`", head.name), &head.labels.join(", ")]);
    }
    let features = &about.features;
    let mut kinds =
        vec![format!("words, 1 to {} in a row{}", features.word_ngrams, if features.stem.is_some() { ", stemmed" } else { "" })];
    kinds.extend(features.char_ngrams.map(|(shortest, longest)| format!("{shortest} to {longest} characters within words")));
    kinds.extend(features.skip_bigrams.then(|| "pairs of words with one or two between them".to_owned()));
    kinds.extend(features.surface_words.then(|| "whole words, by their word vectors".to_owned()));
    row(card, &["features", &kinds.join("; ")]);
    row(
        card,
        &[
            "method",
            "multinomial logistic regression with an L2 penalty, calibrated on out-of-fold logits, folded into one row of 8-bit weights a feature",
        ],
    );
}

fn uses(card: &mut String) {
    *card += "\n## Uses\n\n\
        - **Made for** reading one's own draft before it is sent, and for measuring such a reader.\n\
        - **Not to be used** to judge people, to act unseen on messages that others wrote, or on texts of another language or kind than the notes that it learned from.\n\
        - **It knows one note**, not the two people: the same words are kind from a friend and a threat from somebody else.\n";
}

fn data(card: &mut String, fitted: &Fitted) {
    let _ = writeln!(card, "\n## Data\n");
    header(card, &["", ""]);
    row(card, &["notes, in groups", &format!("{} in {}", fitted.corpus.notes, fitted.corpus.groups)]);
    row(card, &["digest of the corpus", &format!("`{}`", fitted.corpus.digest)]);
    if let Some(beside) = &fitted.beside {
        row(card, &["others learned from beside them", &format!("{}; a note counts as {} of them", beside.notes, beside.own_weight)]);
    }
    row(card, &["texts that are no notes, for the guard", &fitted.out_of_scope.to_string()]);
    *card += "\nFigures are measured by cross-validation with whole groups held out. Vocabulary, weights and calibration are fitted without the notes that they are measured on; where settings were \
        searched, so are the settings. Intervals are 95 % bootstrap intervals over groups. Notes that were written as traps (columns `against` and `pair`) teach and are not measured.\n";
}

fn cross_validation(card: &mut String, report: &HeadReport) {
    let _ = writeln!(card, "\n## {}, cross-validated on {} notes\n", report.head, report.notes.iter().sum::<usize>());
    header(card, &["figure", "found", "95 % interval"]);
    for (name, figure) in [("accuracy", &report.accuracy), ("macro-F1", &report.macro_f1)] {
        row(card, &[name, &format!("{:.3}", figure.value), &Unit::Plain.interval(figure)]);
    }
    row(card, &["log loss", &format!("{:.3}", report.log_loss), ""]);
    let calibration = &report.calibration;
    let loss = |loss: Option<f64>| loss.map_or("–".to_owned(), |loss| format!("{loss:.3}"));
    let (matrix, blocks) = (loss(calibration.log_loss_matrix), loss(calibration.log_loss_blocks));
    row(
        card,
        &[
            "log loss before calibration, with a temperature, with a matrix, with one for each block of features",
            &format!("{:.3}, {:.3}, {matrix}, {blocks}", calibration.log_loss_raw, calibration.log_loss_temperature),
            "",
        ],
    );
    *card += "\n";
    header(card, &["label", "notes", "precision", "recall", "F1"]);
    for (index, label) in report.labels.iter().enumerate() {
        let figure = |value: f64| format!("{value:.3}");
        let confusion = &report.confusion;
        row(
            card,
            &[
                label,
                &report.notes[index].to_string(),
                &figure(confusion.precision(index)),
                &figure(confusion.recall(index)),
                &figure(confusion.f1(index)),
            ],
        );
    }
}

fn thresholds(card: &mut String, fitted: &Fitted) {
    let head = &fitted.model.about.heads[0];
    let percent = |share: f32| Unit::Percent.format(f64::from(share));
    *card += "\n## Verdicts\n\nThe probability from which harmful labels together hold a note, by strictness, fitted out of fold; how many of a label's notes reach it as that label, and how many of the harmless \
        ones.\n\n";
    header(card, &["strictness", "label", "from", "found", "false alarms"]);
    let presets = head.presets.iter().map(|preset| (preset.strictness.as_str(), &preset.thresholds));
    for (strictness, thresholds) in [("normal", &head.thresholds)].into_iter().chain(presets) {
        for (index, (label, threshold)) in head.labels.iter().zip(thresholds).enumerate().filter(|(_, (_, threshold))| threshold.at > 0.0) {
            let is_measured = fitted.reports[0].notes[index] > 0;
            let found = if is_measured { percent(threshold.found) } else { "no note to measure it on".to_owned() };
            row(card, &[strictness, label, &format!("{:.3}", threshold.at), &found, &percent(threshold.false_alarms)]);
        }
    }
    let guard = &fitted.model.about.guard;
    let _ = writeln!(
        card,
        "\n`unsure`: fewer than {} of the words known, or no label above {:.3}, or {:.3} or more for those that hold together, though not enough to hold the note{}{}.",
        percent(guard.known_words),
        guard.confidence,
        guard.doubt,
        if guard.words > 1 { format!(", or fewer than {} words that nothing holds", guard.words) } else { String::new() },
        guard.out_of_scope.map_or(String::new(), |logit| format!(", or a logit of {logit:.2} or more that the text is no note"))
    );
    if let Some(refused) = &fitted.refused {
        let _ = writeln!(
            card,
            "Of texts that are no notes, of kinds that it was not shown, the guard refuses {} ({}).",
            Unit::Percent.format(refused.value),
            Unit::Percent.interval(refused)
        );
    }
}

fn slice_table(card: &mut String, slices: &[Slice]) {
    header(card, &["by", "value", "notes", "accuracy", "95 % interval"]);
    for slice in slices {
        if let Some(accuracy) = &slice.accuracy {
            row(
                card,
                &[
                    &slice.by,
                    &slice.value,
                    &slice.notes.to_string(),
                    &Unit::Percent.format(accuracy.value),
                    &Unit::Percent.interval(accuracy),
                ],
            );
        }
    }
}

fn elsewhere(card: &mut String, report: &Report) {
    let evaluation = &report.evaluation;
    let _ = writeln!(card, "\n## On notes that it was not trained on\n\n{} notes of {}.\n", evaluation.notes, report.data.join(", "));
    header(card, &["figure", "found", "95 % interval"]);
    for head in &evaluation.heads {
        for (name, unit, figure) in [
            ("accuracy", Unit::Plain, &head.accuracy),
            ("macro-F1", Unit::Plain, &head.macro_f1),
            ("log loss", Unit::Plain, &head.log_loss),
            ("Brier score", Unit::Plain, &head.brier_score),
            ("class-wise calibration error", Unit::Plain, &head.calibration_error),
        ] {
            row(card, &[&format!("{}, {name}", head.head), &unit.format(figure.value), &unit.interval(figure)]);
        }
    }
    let verdicts = &evaluation.verdicts;
    for (name, figure) in [
        (format!("harmful notes held, of {}", verdicts.harmful), &verdicts.harmful_held),
        (format!("harmless notes held, of {}", verdicts.harmless), &verdicts.harmless_held),
        ("notes that get `unsure`".to_owned(), &verdicts.unsure),
        ("errors among the surest 90 %".to_owned(), &evaluation.risk_coverage.error_at_90),
    ] {
        row(card, &[&name, &Unit::Percent.format(figure.value), &Unit::Percent.interval(figure)]);
    }
    for (kind, result) in report.suite.iter().flatten() {
        row(card, &[&format!("behavioural cases: {kind}"), &format!("{} of {}", result.right, result.cases), ""]);
    }
}

fn ablations(card: &mut String, fitted: &Fitted) {
    if fitted.ablations.is_empty() {
        return;
    }
    *card += "\n## What other settings would have done\n\n\
        Each row changes one thing of the settings below; both are fitted on three fifths of the groups and compared on another fifth, note by note, in every fold. A lower log loss and a higher macro-F1 are better; a \
        change is made where the loss is lower by more than two standard errors.\n\n";
    header(card, &["change", "log loss", "95 % interval", "macro-F1", "95 % interval", "made"]);
    for ablation in &fitted.ablations {
        let signed = |value: f64| format!("{value:+.4}");
        let (loss, f1) = (&ablation.log_loss, &ablation.macro_f1);
        row(
            card,
            &[
                &ablation.change,
                &signed(loss.value),
                &format!("{} to {}", signed(loss.low), signed(loss.high)),
                &signed(f1.value),
                &format!("{} to {}", signed(f1.low), signed(f1.high)),
                if ablation.kept { "yes" } else { "no" },
            ],
        );
    }
}

fn settings(card: &mut String, fitted: &Fitted) {
    let settings = &fitted.settings;
    let weights = &settings.block_weights;
    *card += "\n## Settings\n\n";
    header(card, &["", ""]);
    row(card, &["penalty (1/C)", &settings.alpha.to_string()]);
    row(card, &["how far the penalty is that of dropout, from 0 to 1", &settings.dropout.to_string()]);
    row(card, &["features kept beside whole words, at most", &settings.vocabulary.to_string()]);
    row(card, &["least notes that a feature stands in", &settings.least_notes.to_string()]);
    row(
        card,
        &[
            "weights of words, characters, skip-bigrams, vectors",
            &format!("{}, {}, {}, {}", weights.word, weights.char, weights.skip, weights.vector),
        ],
    );
    row(card, &["weighting", settings.weighting.as_str()]);
    row(card, &["folds", &settings.folds.to_string()]);
    row(card, &["share of notes that may go unanswered", &settings.unsure.to_string()]);
}
