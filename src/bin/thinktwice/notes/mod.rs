//! Notes from files: JSON Lines, CSV, plain text, and the archive that the network gives its members.
//!
//! Reading is in two steps. [`Batches`] cuts the input into batches of whole rows, one after the other: little work. [`Layout::visit`] reads
//! the notes of a batch, which any thread may do. No more than a batch is in memory, whatever the size of the input.

mod layout;
mod rows;

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};

pub(crate) use layout::{Layout, Table};
pub(crate) use rows::{Note, Row};
use thinktwice::rows::Batches;

/// Where notes come from.
#[derive(Args)]
pub(crate) struct InputArgs {
    /// The notes: a file whose name ends in .jsonl, .csv, .tsv or .txt; `-` reads standard input
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// What the input is, whatever its name [default: by the name; JSON Lines from standard input]
    #[arg(long, value_enum, value_name = "FORMAT")]
    input_format: Option<InputFormat>,
    /// The CSV column, or the key of a JSON object, that the notes are in [default: text, or Message in the network's archive]
    #[arg(long, value_name = "NAME")]
    text_column: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InputFormat {
    /// JSON Lines: an object a line
    Jsonl,
    /// CSV with a header; cells separated by commas, semicolons or tabs
    Csv,
    /// Plain text: a note a line
    Text,
}

/// An input that has been opened, and whose header has been read.
pub(crate) struct Notes {
    /// What to call the input in messages.
    pub(crate) name: String,
    /// Its size in bytes, where it is known.
    pub(crate) size: Option<u64>,
    /// How its rows are built.
    pub(crate) layout: Layout,
    /// Its rows.
    pub(crate) batches: Batches,
}

impl InputArgs {
    /// The name that was given.
    #[cfg(feature = "train")]
    pub(crate) fn path(&self) -> &Path {
        &self.input
    }

    /// Opens the input and finds out how its rows are built.
    pub(crate) fn open(&self) -> anyhow::Result<Notes> {
        if self.input == Path::new("-") {
            let format = self.input_format.unwrap_or(InputFormat::Jsonl);
            return self.read("standard input".to_owned(), Batches::new(Box::new(std::io::stdin())), None, format);
        }
        let name = self.input.display().to_string();
        let format = match self.input_format {
            Some(format) => format,
            None => InputFormat::of(&self.input).with_context(|| {
                format!(
                    "{name}: the name of the input ends in .jsonl, .csv, .tsv or .txt; rename it, or say what it is with --input-format"
                )
            })?,
        };
        let file = File::open(&self.input).map_err(|error| anyhow!("cannot read {name}: {error}; check the path and its permissions"))?;
        let metadata = file.metadata().with_context(|| format!("cannot read {name}"))?;
        if metadata.is_dir() {
            bail!("{name} is a folder; name the file that the notes are in");
        }
        let size = metadata.is_file().then_some(metadata.len());
        self.read(name, Batches::new(Box::new(file)), size, format)
    }

    fn read(&self, name: String, mut batches: Batches, size: Option<u64>, format: InputFormat) -> anyhow::Result<Notes> {
        batches.begin().with_context(|| format!("cannot read {name}"))?;
        if batches.is_utf16() {
            bail!("{name}:1: UTF-16, not UTF-8; save the file as UTF-8 (iconv -f utf-16 -t utf-8)");
        }
        let column = self.text_column.as_deref();
        let layout = match format {
            InputFormat::Jsonl => Layout::Json { key: column.unwrap_or("text").to_owned() },
            InputFormat::Csv => Layout::Csv(Table::read(&mut batches, &name, column)?),
            InputFormat::Text if column.is_some() => bail!("{name}: plain text has no columns; leave out --text-column"),
            InputFormat::Text => Layout::Text,
        };
        Ok(Notes { name, size, layout, batches })
    }
}

impl InputFormat {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "csv" | "tsv" => Some(Self::Csv),
            "txt" => Some(Self::Text),
            _ => None,
        }
    }
}
