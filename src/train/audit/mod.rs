//! What is wrong with a corpus: by itself ([`inspect`]), or against a plan ([`check_plan`]). What [`inspect`] finds can be written as a table
//! ([`write_table`]), edited, and given back ([`clean()`]).

mod cells;
mod clean;
mod copies;
mod counts;
mod findings;
mod give_aways;
mod label_errors;
mod language;
mod names;
mod plan;
mod remarks;
mod second_labels;
mod table;
mod words;

pub use super::near_copies::similar_pairs;
pub use clean::{Change, CleanError, Cleaned, clean};
pub use findings::{Cause, Finding, Report, inspect};
pub use label_errors::{LabelError, label_errors};
pub use plan::{Briefs, Check, Distinct, Matrix, Plan, SecondLabel, Worn, check_plan};
pub use remarks::{Remark, labels};
pub use table::{Edit, read_edits, write_table};
