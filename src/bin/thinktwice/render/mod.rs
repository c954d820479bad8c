//! Assessments as people and programs read them.

pub(crate) mod human;
mod note;
pub(crate) mod sarif;
