//! Where the lines of a text are: for editors, for logs and for messages.

/// The line that a byte is on: how many lines there are before it, and its first byte. Lines end with LF, CR LF or CR.
pub(crate) fn line_of(text: &[u8], byte: usize) -> (usize, usize) {
    let ends_line = |&at: &usize| text[at] == b'\n' || (text[at] == b'\r' && text.get(at + 1) != Some(&b'\n'));
    (0..byte).filter(ends_line).fold((0, 0), |(lines, _), end| (lines + 1, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways() {
        let text = "one\ntwo\r\nthree\rfour\n\n";
        let at = |word: &str| line_of(text.as_bytes(), text.find(word).expect("there"));
        assert_eq!([at("one"), at("wo"), at("\n\n"), at("three"), at("four")], [(0, 0), (1, 4), (3, 15), (2, 9), (3, 15)]);
        assert_eq!(line_of(text.as_bytes(), 8), (1, 4), "between CR and LF");
        assert_eq!(line_of(text.as_bytes(), text.len()), (5, 21));
        assert_eq!(line_of(b"", 0), (0, 0));
    }
}
