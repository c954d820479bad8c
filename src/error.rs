//! Errors: each says what was found, where, and how to mend it, in one line.
//!
//! That line includes the cause, so the cause is not offered as `source` again: a program that prints the whole chain would say it twice.

use std::path::PathBuf;

/// What can go wrong when a model or a policy is read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {}: {cause}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}: {cause}; check the path, its permissions and the free space", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The bytes are not a model of this program, or not a whole one.
    #[error("not a usable model: {0}; copy the file again or make a new one with thinktwice-train fit")]
    Model(String),
    /// The model is of another format version.
    #[error(
        "the model has format version {found}, this program reads version {expected}; retrain it with thinktwice-train fit, or use the program that wrote it"
    )]
    Version {
        /// The version that the file names.
        found: u64,
        /// The version that this program reads.
        expected: u64,
    },
    /// A file of word vectors that cannot be used.
    #[error("unusable word vectors: {0}; build them again with data/vectors/build.py")]
    Vectors(String),
    /// A policy that contradicts itself or the model.
    #[error("unusable policy: {}", place(*line, key, what))]
    Policy {
        /// The line of the file that it was read from, where it came from a text.
        line: Option<usize>,
        /// The key, with those of the tables that it stands in (`heads.intent.labels.romantic`); empty where the text is no TOML.
        key: String,
        /// What is wrong with it, and what would be right.
        what: String,
    },
    /// An error in the file named.
    #[error("{}: {cause}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: Box<Error>,
    },
}

/// `line 3, limit: what`, as far as it is known.
fn place(line: Option<usize>, key: &str, what: &str) -> String {
    let line = line.map(|line| format!("line {line}"));
    let key = Some(key).filter(|key| !key.is_empty()).map(str::to_owned);
    let place: Vec<String> = line.into_iter().chain(key).collect();
    if place.is_empty() { what.to_owned() } else { format!("{}: {what}", place.join(", ")) }
}

impl Error {
    /// A policy whose `key` cannot be used.
    pub(crate) fn policy(key: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Policy { line: None, key: key.into(), what: what.into() }
    }

    /// The same error, with the file that it was found in.
    #[must_use]
    pub fn in_file(self, path: &std::path::Path) -> Self {
        Self::InFile { path: path.to_owned(), cause: Box::new(self) }
    }
}
