//! A corpus with the edits of a table.

use std::collections::BTreeMap;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::bail;
use thinktwice::Error;
use thinktwice::train::audit::{CleanError, clean, read_edits};
use thinktwice::train::corpus::files;
use thinktwice::whole_file::WholeFile;

use crate::DataArgs;

pub(super) fn run(data: &DataArgs, head: &str, table: &Path, output: &Path) -> anyhow::Result<()> {
    // What is not there is told where it is read.
    let same = |file: &Path| output.canonicalize().is_ok_and(|output| file.canonicalize().is_ok_and(|file| file == output));
    for path in &data.data {
        if files(path)?.iter().map(PathBuf::as_path).chain([table]).any(same) {
            bail!("{} is read from; give -o another file, so that nothing is lost", output.display());
        }
    }
    let edits = read_edits(table)?;
    // Whether there can be an output shows before the work, not after it.
    let mut out = BufWriter::new(WholeFile::create(output)?);
    let unwritten = |cause| Error::Write { path: output.to_owned(), cause };
    let cleaned = clean(&data.data, head, table, &edits, data.skip_bad_rows, &mut out).map_err(|error| match error {
        CleanError::Write(cause) => anyhow::Error::from(unwritten(cause)),
        other => other.into(),
    })?;
    out.into_inner().map_err(|error| unwritten(error.into_error()))?.commit()?;
    for row in &cleaned.skipped {
        anstream::eprintln!("left out {}:{}: {}", row.path.display(), row.line, row.cause);
    }
    let mut kinds: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
    for change in &cleaned.changes {
        let (old, new) = (change.old_label.as_str(), change.new_label.as_deref());
        let note = if change.id.is_empty() { String::new() } else { format!(" ({})", change.id) };
        let was = if old.is_empty() { "no label" } else { old };
        match new {
            None => anstream::println!("{}:{}{note}: left out, was {was}", change.file, change.line),
            Some(new) if new == old => anstream::println!("{}:{}{note}: {new}, as it was", change.file, change.line),
            Some(new) => anstream::println!("{}:{}{note}: {was} → {new}", change.file, change.line),
        }
        *kinds.entry((was, new)).or_default() += usize::from(new != Some(old));
    }
    for ((was, new), count) in kinds.into_iter().filter(|(_, count)| *count > 0) {
        anstream::println!("{count} × {was} → {}", new.unwrap_or("left out"));
    }
    for label in &cleaned.new_labels {
        anstream::eprintln!("no note had the label {label:?} before; if that is a slip, mend it in {} and apply it again", table.display());
    }
    if edits.is_empty() {
        anstream::eprintln!("{}: nothing is written in the column new_label, so nothing was changed", table.display());
    }
    anstream::println!("{}: {} rows", output.display(), cleaned.rows);
    Ok(())
}
