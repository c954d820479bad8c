//! From a labelled corpus to a model: corpus → matrix → solver → calibration → thresholds → model file.
//!
//! Whatever is fitted here is fitted inside the fold that it is measured in: vocabulary, weights, calibration and
//! thresholds. No group is ever on both sides of a split.

mod assemble;
pub mod audit;
pub mod beside;
pub mod calibrate;
pub mod combine;
pub mod compare;
pub mod corpus;
mod counting;
pub mod coverage;
pub mod cross;
pub mod curve;
mod dropout;
pub mod evaluate;
pub mod extract;
pub mod fit;
pub mod grouping;
mod guard;
pub mod matrix;
pub mod metrics;
mod near_copies;
mod problem;
mod prune;
pub mod reliability;
pub mod seen;
pub mod select;
mod settings;
pub mod shipped;
pub mod slices;
pub mod solver;
pub mod suite;
mod thresholds;
pub mod vectors;
mod weights;

pub use beside::Beside;
pub use corpus::{Corpus, CorpusError};
pub use fit::{Extras, FitError, FitSettings, fit};
pub use vectors::WordVectors;
