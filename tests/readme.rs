//! The transcripts in the README are what the program prints. `TRYCMD=overwrite cargo test --test readme` renews them.
#![cfg(feature = "cli")]

#[test]
fn the_readme_tells_the_truth() {
    trycmd::TestCases::new().case("README.md");
}
