//! SHA-256 as people write it.

use sha2::{Digest, Sha256};

/// The digest in hexadecimal.
pub(crate) fn hex(hasher: Sha256) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0'));
    hasher.finalize().iter().flat_map(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_digest() {
        assert!(hex(Sha256::new()).starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
    }
}
