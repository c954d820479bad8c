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
    #[error("unusable policy: {0}")]
    Policy(String),
    /// An error in the file named.
    #[error("{}: {cause}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: Box<Error>,
    },
}

impl Error {
    /// The same error, with the file that it was found in.
    #[must_use]
    pub fn in_file(self, path: &std::path::Path) -> Self {
        Self::InFile { path: path.to_owned(), cause: Box::new(self) }
    }
}
