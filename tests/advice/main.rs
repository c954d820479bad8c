//! The advice that a user gets and the say that they have in it, from the outside: findings and their pages, policies, accepted
//! phrases, output formats, and what describes the program.
#![cfg(feature = "cli")]

mod accept;
#[path = "../common/mod.rs"]
mod common;
mod describe;
mod findings;
#[cfg(unix)]
mod hooks;
mod json;
mod policy;
mod sarif;
