//! `thinktwice model`: what is in a model.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use thinktwice::model::{Head, Model, SHIPPED, Strong};
use thinktwice::policy::Strictness;

use super::ExitStatus;
use super::render::{BOLD, DIM};

#[derive(Args)]
#[command(after_help = "\
Examples:
  thinktwice model                                           the shipped model
  thinktwice model my.model
  thinktwice model --format json | jq -r .digest
  thinktwice model --format json | jq '.heads[0].strongest.romantic'")]
pub(super) struct ModelCommandArgs {
    /// The model's file; without it, the shipped model
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person
    Human,
    /// One JSON object, with everything that the model says of itself
    Json,
}

/// How many features of each family are shown.
const SHOWN: usize = 8;

pub(super) fn run(args: &ModelCommandArgs) -> anyhow::Result<ExitStatus> {
    let model = match &args.file {
        None => Model::from_bytes(SHIPPED)?,
        Some(path) => Model::load(path)?,
    };
    let mut out = anstream::stdout().lock();
    match args.format {
        Format::Human => write_model(&mut out, &model, super::terminal_width())?,
        Format::Json => writeln!(out, "{}", described(&model)?)?,
    }
    out.flush()?;
    Ok(ExitStatus::Clear)
}

/// What the model says of itself, with its digest and the strongest features of each label.
fn described(model: &Model) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(&model.about)?;
    for (index, (head, strongest)) in model.about.heads.iter().zip(model.strongest(SHOWN)).enumerate() {
        let by_label: Vec<(&String, Vec<Strong>)> = head.labels.iter().zip(strongest).collect();
        value["heads"][index]["strongest"] = by_label.iter().map(|(label, strong)| ((*label).clone(), json!(strong))).collect();
    }
    value["digest"] = json!(model.digest);
    value["format"] = json!(thinktwice::model::FORMAT);
    value["vocabulary"] = json!(model.vocabulary.len());
    Ok(value)
}

fn write_model(out: &mut impl Write, model: &Model, width: usize) -> io::Result<()> {
    let about = &model.about;
    let training: Value = serde_json::from_str(about.training.get()).unwrap_or_default();
    let format = thinktwice::model::FORMAT;
    writeln!(out, "{BOLD}{}{BOLD:#}: {} features, format version {format}", about.name, model.vocabulary.len())?;
    writeln!(out, "{DIM}digest {}{DIM:#}", model.digest)?;
    if let (Some(notes), Some(groups)) = (training["corpus"]["notes"].as_u64(), training["corpus"]["groups"].as_u64()) {
        writeln!(out, "learned from {notes} notes of {groups} groups")?;
    }
    let beside = &training["beside"];
    if let (Some(notes), Some(weight)) = (beside["notes"].as_u64(), beside["own-weight"].as_u64()) {
        writeln!(out, "and from {notes} notes of others, {weight} of which count as much as one of these")?;
    }
    let no_figures = Vec::new();
    let figures = training["cross-validation"].as_array().unwrap_or(&no_figures);
    for head in &about.heads {
        let own = figures.iter().find(|figures| figures["head"] == head.name.as_str()).unwrap_or(&Value::Null);
        let how = if own.is_null() { "" } else { ", cross-validated" };
        writeln!(out, "\n{BOLD}{}{BOLD:#}{how}", head.name)?;
        write_figures(out, own)?;
        write_labels(out, head, own)?;
        write_presets(out, head)?;
    }
    writeln!(out, "\n{BOLD}When it says that it does not know{BOLD:#}")?;
    let (words, confidence) = (100.0 * about.guard.known_words, 100.0 * about.guard.confidence);
    let out_of_scope = if about.guard.out_of_scope.is_some() { ", or a text that looks like no note at all" } else { "" };
    let short =
        if about.guard.words > 1 { format!(", or fewer than {} words that nothing holds", about.guard.words) } else { String::new() };
    // Where no label holds, none makes a note doubtful.
    let doubt = about.guard.doubt;
    let doubt = if doubt < 1.0 {
        format!(", or {:.0} % for what would hold the note, though not enough to hold it", 100.0 * doubt)
    } else {
        String::new()
    };
    let when =
        format!("fewer than {words:.0} % of the words known, or no label as likely as {confidence:.0} %{doubt}{short}{out_of_scope}");
    write_paragraph(out, &when, "  ", width)?;
    if let Value::Object(of_training) = &training["settings"] {
        let mut of_training = of_training.clone();
        // What the model reads, which word vectors may have changed from what training was told.
        of_training.insert("features".to_owned(), json!(about.features));
        let mut settings = Vec::new();
        flatten("", &Value::Object(of_training), &mut settings);
        writeln!(out, "\n{BOLD}Settings{BOLD:#}")?;
        write_paragraph(out, &settings.join(", "), "  ", width)?;
    }
    for (head, strongest) in about.heads.iter().zip(model.strongest(SHOWN)) {
        for (label, strong) in head.labels.iter().zip(strongest) {
            writeln!(out, "\n{BOLD}What speaks most for {label}{BOLD:#}")?;
            for Strong { family, features } in strong {
                let texts: Vec<String> = features.iter().map(|feature| format!("“{}” {:.1}", feature.text, feature.weight)).collect();
                write_paragraph(out, &format!("{family}: {}", texts.join(", ")), "  ", width)?;
            }
        }
    }
    writeln!(out)?;
    let legend = "‹ and › are the note's beginning and end, * is one or two words, _ is a word's edge. \
                  The numbers are weights, each on its family's own scale.";
    for line in textwrap::wrap(legend, width) {
        writeln!(out, "{DIM}{line}{DIM:#}")?;
    }
    Ok(())
}

/// The figures that training has left, with their 95 % intervals.
fn write_figures(out: &mut impl Write, figures: &Value) -> io::Result<()> {
    for (key, name) in [("accuracy", "accuracy"), ("macro_f1", "macro-F1")] {
        let figure = &figures[key];
        if let (Some(value), Some(low), Some(high)) = (figure["value"].as_f64(), figure["low"].as_f64(), figure["high"].as_f64()) {
            writeln!(out, "  {name:9} {value:.3} (95 % interval {low:.3} to {high:.3})")?;
        }
    }
    if let Some(loss) = figures["log_loss"].as_f64() {
        writeln!(out, "  log loss  {loss:.3}")?;
    }
    Ok(())
}

/// A line for each label: how many notes taught it, and what its threshold does.
fn write_labels(out: &mut impl Write, head: &Head, figures: &Value) -> io::Result<()> {
    let width = head.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).max(5);
    writeln!(out, "  {DIM}{:width$}  {:>6}  {:>6}  {:>12}  {:>6}{DIM:#}", "label", "notes", "from", "false alarms", "found")?;
    let has_thresholds = head.thresholds.iter().any(|threshold| threshold.at > 0.0);
    for (index, (label, threshold)) in head.labels.iter().zip(&head.thresholds).enumerate() {
        let notes = figures["notes"][index].as_u64().map_or_else(|| "?".to_owned(), |notes| notes.to_string());
        let at = if threshold.at > 0.0 { format!("{:.3}", threshold.at) } else { "-".to_owned() };
        // A label that holds nothing raises no alarm.
        let holds_nothing = has_thresholds && threshold.at == 0.0;
        let percent = |share: f32, places: usize| if holds_nothing { "-  ".to_owned() } else { format!("{:.places$} %", 100.0 * share) };
        let alarms = percent(threshold.false_alarms, 1);
        // Of no note, no share is found.
        let found = if notes == "0" { "-  ".to_owned() } else { percent(threshold.found, 0) };
        writeln!(out, "  {label:width$}  {notes:>6}  {at:>6}  {alarms:>12}  {found:>6}")?;
    }
    Ok(())
}

/// What the other levels of strictness do, if any label of the head has a threshold at all.
fn write_presets(out: &mut impl Write, head: &Head) -> io::Result<()> {
    let Some(label) = head.thresholds.iter().position(|threshold| threshold.at > 0.0) else {
        return Ok(());
    };
    for strictness in [Strictness::Relaxed, Strictness::Strict] {
        let at = head.threshold(label, strictness);
        match head.presets.iter().find(|preset| preset.strictness == strictness) {
            Some(preset) => {
                let alarms: f32 = preset.thresholds.iter().map(|threshold| threshold.false_alarms).sum();
                writeln!(out, "  {}: from {at:.3}, {:.1} % false alarms", strictness.as_str(), 100.0 * alarms)?;
            }
            None => writeln!(out, "  {}: from {at:.3}, not measured", strictness.as_str())?,
        }
    }
    Ok(())
}

/// `a.b 3` for every value in nested objects.
fn flatten(path: &str, value: &Value, out: &mut Vec<String>) {
    if let Value::Object(map) = value {
        for (key, inner) in map {
            flatten(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, inner, out);
        }
    } else {
        out.push(format!("{path} {value}"));
    }
}

fn write_paragraph(out: &mut impl Write, text: &str, indent: &str, width: usize) -> io::Result<()> {
    let hanging = format!("{indent}  ");
    let options = textwrap::Options::new(width).initial_indent(indent).subsequent_indent(&hanging);
    for line in textwrap::wrap(text, options) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
