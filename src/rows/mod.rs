//! Rows of files that people bring along: JSON Lines, CSV and plain text, whatever state they are in.
//!
//! [`Batches`] cuts an input into batches of whole rows, one after the other: little work, and no more than a batch in memory. What the rows of a batch
//! are, [`lines`] and [`Header::records`] say, which any thread may call. Nothing here knows what a note or a label is.

mod batches;
mod csv;

pub use batches::{Batch, Batches};
pub use csv::{Header, NoHeader};

/// The longest text that is read, in bytes: a thousand times the longest note.
pub const LONGEST_TEXT: usize = 1 << 20;

/// Calls `take` with every line that is not blank, and its number, of which the first is `first`.
pub fn lines(bytes: &[u8], first: u64, mut take: impl FnMut(&[u8], u64)) {
    for (line, number) in bytes.split(|&byte| byte == b'\n').zip(first..) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.trim_ascii().is_empty() {
            take(line, number);
        }
    }
}

/// The text that the bytes are.
///
/// # Errors
///
/// What is wrong, and how to mend it: they are not UTF-8, or not text.
pub fn decode(bytes: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let byte = bytes[error.valid_up_to()];
        format!("not UTF-8 (a byte {byte:02X}); save the file as UTF-8 (for Western European files: iconv -f windows-1252 -t utf-8)")
    })?;
    if bytes.contains(&0) {
        return Err("a NUL byte in it, which no text has; save the file again as UTF-8, or take the byte out".to_owned());
    }
    Ok(text)
}

/// The text, if it is no longer than [`LONGEST_TEXT`].
///
/// # Errors
///
/// What is wrong, and how to mend it.
pub fn bounded<T: AsRef<str>>(text: T) -> Result<T, String> {
    if text.as_ref().len() > LONGEST_TEXT {
        return Err(format!("the note is longer than {} MiB; a note has a few hundred characters", LONGEST_TEXT >> 20));
    }
    Ok(text)
}

/// What is wrong with a line that should be a JSON object.
#[must_use]
pub fn not_an_object(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or(&message);
    match error.column() {
        0 => format!("not a JSON object ({what})"),
        column => format!("not a JSON object ({what} at column {column})"),
    }
}

/// The names, in quotation marks.
#[must_use]
pub fn quoted<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("{:?}", name.as_ref())).collect();
    names.join(", ")
}
