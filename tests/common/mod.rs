//! What every test of the programs asks of an error.

use std::process::Output;

/// Exit code 2, nothing on standard output, one line on standard error that contains every part.
pub(crate) fn assert_fails(output: &Output, parts: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(output.stdout.is_empty());
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in {error}");
    }
}
