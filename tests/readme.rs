//! The transcripts in the README are what the program prints. `TRYCMD=overwrite cargo test --test readme` renews them.
#![cfg(feature = "cli")]

mod common;

use std::path::Path;

#[test]
fn the_readme_tells_the_truth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The transcripts run in a folder of their own, beside the example that they read.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(root.join("docs/examples/Invitations.csv"), folder.path().join("Invitations.csv")).expect("copied");
    common::transcripts(folder.path(), "README.md");
}
