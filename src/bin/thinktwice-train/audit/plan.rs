//! A corpus against its plan.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;
use thinktwice::train::audit::{Briefs, Check, Plan, SecondLabel, check_plan};

use super::Format;
use crate::DataArgs;

#[derive(Args)]
#[command(next_help_heading = "Against a plan")]
pub(super) struct PlanArgs {
    /// What the corpus must be (TOML), such as data/plan.toml: checks it against that, and fails where it is not so
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// The briefs of the groups (JSON Lines with a key "group")
    #[arg(long, value_name = "FILE", requires = "plan")]
    briefs: Option<PathBuf>,
    /// Labels by second readers (JSON Lines with "id", "first", "second" and, where they differ, "resolved")
    #[arg(long, value_name = "FILE", requires = "plan")]
    second: Option<PathBuf>,
    /// JSON Lines files, or folders of them, whose texts no note may resemble
    #[arg(long, num_args = 1.., value_name = "FILE", requires = "plan")]
    evaluation: Vec<PathBuf>,
}

/// The checks of the plan, where there is one.
pub(super) fn checks(args: &PlanArgs, data: &DataArgs, heads: &[String]) -> anyhow::Result<Option<Vec<Check>>> {
    let Some(path) = &args.plan else { return Ok(None) };
    let plan: Plan = toml::from_str(&read(path)?).map_err(|error| anyhow::anyhow!("{}: {}", path.display(), error.message()))?;
    let corpus = data.read(heads)?;
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
    Ok(Some(check_plan(&corpus, &plan, &briefs, &evaluation, &second)))
}

/// Prints the checks, and returns whether every one passed.
pub(super) fn print(checks: &[Check], format: Format, most: usize) -> anyhow::Result<bool> {
    match format {
        Format::Human => checks.iter().for_each(|check| print_check(check, most)),
        Format::Json => anstream::println!("{}", serde_json::to_string(checks)?),
        Format::Csv => bail!("the checks of a plan are no table to edit; leave --plan out for one, or print --format markdown"),
        Format::Markdown => {
            anstream::println!("| check | found | problems |\n|---|---|---|");
            for check in checks {
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
