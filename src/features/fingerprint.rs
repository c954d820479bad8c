//! Fingerprints of features. They are stored in model files: these functions are part of the format. Characters are taken in by FNV-1a (Fowler, Noll and Vo),
//! rotated at each step and finished by the 64-bit finaliser of `MurmurHash3`; units, which are numbers as good as drawn by lot then, by a polynomial (Karp and
//! Rabin 1987, modulo 2^64): a multiplication and an addition each.

use super::Block;

const WORD_SEED: u64 = 0xCBF2_9CE4_8422_2325;
const SURFACE_SEED: u64 = 0x9E37_79B9_7F4A_7C15;
pub(super) const CHAR_SEED: u64 = 0x8422_2325_CBF2_9CE4;

/// Odd numbers without a pattern, the same that the finaliser and `SplitMix64` use.
const NEXT: u64 = 0xBF58_476D_1CE4_E5B9;
const SKIP: u64 = 0x94D0_49BB_1331_11EB;

pub(super) fn step_char(hash: u64, ch: char) -> u64 {
    (hash ^ u64::from(ch)).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23)
}

pub(super) fn finish(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    hash ^ (hash >> 33)
}

/// The fingerprint of a whole word as it stands.
pub(super) fn surface_fingerprint(word: &str) -> u64 {
    finish(word.chars().fold(SURFACE_SEED, step_char))
}

/// The fingerprint of a unit by itself, a stem or a token that is no word, and what it puts into those of n-grams.
pub(super) fn unit_hash(text: &str) -> u64 {
    finish(text.chars().fold(WORD_SEED, step_char))
}

/// The fingerprint of an n-gram of which `before` is that of all units but the last.
pub(super) fn next_unit(before: u64, unit: u64) -> u64 {
    before.wrapping_mul(NEXT).wrapping_add(unit)
}

/// The fingerprint of a skip-bigram.
pub(super) fn skip_units(first: u64, last: u64) -> u64 {
    first.wrapping_mul(SKIP).wrapping_add(last)
}

/// The fingerprint of the feature that has this text.
pub(crate) fn fingerprint(block: Block, text: &str) -> u64 {
    match block {
        Block::Word => text.split(' ').map(unit_hash).reduce(next_unit).unwrap_or_default(),
        Block::Skip => {
            let (first, _) = text.split_once(' ').unwrap_or((text, ""));
            let (_, last) = text.rsplit_once(' ').unwrap_or(("", text));
            skip_units(unit_hash(first), unit_hash(last))
        }
        Block::Char => finish(text.chars().fold(CHAR_SEED, step_char)),
        Block::Surface => surface_fingerprint(text),
    }
}
