//! Assessments as people and programs read them.

pub(crate) mod human;
mod note;
pub(crate) mod sarif;
mod screen;
pub(crate) mod words;

use anstyle::Style;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
