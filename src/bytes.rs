//! Reading eight bytes at once.

/// The eight bytes from `at` on as a number, little-endian; zeros where they end before.
///
/// # Panics
///
/// Where `at` is beyond the end.
pub(crate) fn eight_from(bytes: &[u8], at: usize) -> u64 {
    let rest = &bytes[at..];
    match rest.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => last_few(rest),
    }
}

/// Out of line, so that nothing is kept for it where there are eight.
#[cold]
#[inline(never)]
fn last_few(rest: &[u8]) -> u64 {
    let mut eight = [0; 8];
    eight[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(eight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_or_what_there_is() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        assert_eq!(
            [eight_from(&bytes, 0), eight_from(&bytes, 1), eight_from(&bytes, 7)],
            [0x0807_0605_0403_0201, 0x0908_0706_0504_0302, 0x0908]
        );
    }
}
