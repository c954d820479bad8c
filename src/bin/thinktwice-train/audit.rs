//! `thinktwice-train audit`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;
use thinktwice::train::FitSettings;
use thinktwice::train::audit::{Briefs, Check, Plan, SecondLabel, audit};

use super::DataArgs;

#[derive(Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    data: DataArgs,
    /// What the corpus must be (TOML); data/plan.toml is the shipped corpus's
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// The briefs of the groups (JSON Lines with a key "group")
    #[arg(long, value_name = "FILE")]
    briefs: Option<PathBuf>,
    /// Labels by second readers (JSON Lines with "id", "first", "second" and, where they differ, "resolved")
    #[arg(long, value_name = "FILE")]
    second: Option<PathBuf>,
    /// JSON Lines files, or folders of them, whose texts no note may resemble
    #[arg(long, num_args = 1.., value_name = "FILE")]
    evaluation: Vec<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// How many problems of each check to list
    #[arg(long, default_value_t = 20, value_name = "N")]
    most: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
    /// A table for a datasheet
    Markdown,
}

/// Returns whether every check passed.
pub(super) fn run(args: &AuditArgs) -> anyhow::Result<bool> {
    let plan: Plan = toml::from_str(&read(&args.plan)?).map_err(|error| anyhow::anyhow!("{}: {}", args.plan.display(), error.message()))?;
    let corpus = args.data.read(&FitSettings::default().heads)?;
    let mut briefs = Briefs::new();
    if let Some(path) = &args.briefs {
        for (line, row) in json_lines(path)? {
            match row {
                Value::Object(mut brief) => match brief.remove("group") {
                    Some(Value::String(group)) => briefs.insert(group, brief),
                    _ => bail!("{}:{line}: no \"group\"; name the group of the brief", path.display()),
                },
                _ => bail!("{}:{line}: not a JSON object; write one brief a line", path.display()),
            };
        }
    }
    let mut evaluation = Vec::new();
    for path in &args.evaluation {
        for file in files(path)? {
            json_lines(&file)?.iter().for_each(|(_, row)| texts(row, &mut evaluation));
        }
    }
    let mut second: Vec<SecondLabel> = Vec::new();
    if let Some(path) = &args.second {
        for (line, row) in json_lines(path)? {
            let row =
                serde_json::from_value(row).with_context(|| format!("{}:{line}: not a second label; mend the line", path.display()))?;
            second.push(row);
        }
    }
    let checks = audit(&corpus, &plan, &briefs, &evaluation, &second);
    match args.format {
        Format::Human => checks.iter().for_each(|check| print_check(check, args.most)),
        Format::Json => anstream::println!("{}", serde_json::to_string(&checks)?),
        Format::Markdown => {
            anstream::println!("| check | found | problems |\n|---|---|---|");
            for check in &checks {
                anstream::println!("| {} | {} | {} |", check.name, check.found.replace('|', "\\|"), check.problems.len());
            }
        }
    }
    Ok(checks.iter().all(|check| check.problems.is_empty()))
}

fn print_check(check: &Check, most: usize) {
    let mark = if check.problems.is_empty() { "ok  " } else { "FAIL" };
    anstream::println!("{mark}  {}: {}", check.name, check.found);
    for problem in check.problems.iter().take(most) {
        anstream::println!("        {problem}");
    }
    if check.problems.len() > most {
        anstream::println!("        … and {} more", check.problems.len() - most);
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}; check the path and its permissions", path.display()))
}

fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn json_lines(path: &Path) -> anyhow::Result<Vec<(usize, Value)>> {
    let text = read(path)?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines
        .map(|(line, number)| match serde_json::from_str(line) {
            Ok(row) => Ok((number, row)),
            Err(error) => bail!("{}:{number}: not JSON ({error}); mend the line", path.display()),
        })
        .collect()
}

/// Every string under a key `text` or in a list `texts`, at any depth: evaluation files have notes, pairs and sets.
fn texts(row: &Value, out: &mut Vec<String>) {
    if let Value::Object(object) = row {
        for (key, value) in object {
            match value {
                Value::String(text) if key == "text" => out.push(text.clone()),
                Value::Array(list) if key == "texts" => out.extend(list.iter().filter_map(Value::as_str).map(str::to_owned)),
                other => texts(other, out),
            }
        }
    }
}
