//! From a string to tokens: fold look-alikes, split, stem.
//!
//! Nothing here knows what a feature or a model is. Every token remembers the bytes of the original string that it
//! came from, so that whatever is said about it can be shown there.

mod classes;
mod normalize;
mod shingles;
mod stem;
mod tokenize;

pub use shingles::{Shingles, jaccard, shingles};
pub use stem::{Language, Stemmer};
pub(crate) use tokenize::{LONG, Short};
pub use tokenize::{Token, TokenKind, Tokens};
