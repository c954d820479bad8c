//! Reads the draft of an invitation note and says, before it is sent, how its recipient is likely to read it.
//!
//! ```
//! use thinktwice::{Classifier, Verdict};
//!
//! let classifier = Classifier::shipped();
//! let answer = classifier.assess("Following up on my application, is there any news on the decision yet?");
//! assert_eq!(answer.verdict, Verdict::Hold);
//! assert_eq!(answer.decisive().label, "pushy-job-seeking");
//! ```
//!
//! # What is where
//!
//! - [`Classifier`]: a model made ready; [`Classifier::assess`] is the whole of everyday use.
//! - [`Assessment`]: the answer, and the JSON that every other surface prints.
//! - [`policy`]: from labels to verdicts, thresholds and advice.
//! - [`model`]: a model as plain data, and its file.
//! - [`features`] and [`text`]: from a note to n-grams, the same way in training and in scoring.
//! - [`train`] (feature `train`): from a labelled corpus to a model.
//! - [`rows`] (feature `cli` or `train`): rows of JSON Lines and CSV, in whatever state they are.
//! - [`whole_file`] (feature `cli` or `train`): files that are there whole or not at all.
//!
//! # Cargo features
//!
//! `default-features = false` leaves the scoring library: no command line, no solver. `cli` adds the program `thinktwice` and
//! policies in TOML; `train` adds [`train`], and with `cli` the program `thinktwice-train` and `thinktwice label`.

mod accept;
pub mod assessment;
mod bytes;
pub mod classifier;
mod digest;
pub mod error;
pub mod explain;
pub mod features;
pub mod model;
mod occurrences;
pub mod policy;
#[cfg(any(feature = "cli", feature = "train"))]
pub mod rows;
mod ruling;
mod table;
pub mod text;
#[cfg(feature = "train")]
pub mod train;
#[cfg(any(feature = "cli", feature = "train"))]
pub mod whole_file;

pub use assessment::Assessment;
pub use classifier::Classifier;
pub use error::Error;
pub use policy::{Policy, Verdict};

/// The Rust examples of the README are tests too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeDoctests;
