//! Fingerprints of features. They are stored in model files: these functions are part of the format. The step is FNV-1a over characters
//! (Fowler, Noll and Vo), the finish is the 64-bit finaliser of `MurmurHash3`.

use super::Block;

pub(super) const WORD_SEED: u64 = 0xCBF2_9CE4_8422_2325;
pub(super) const SURFACE_SEED: u64 = 0x9E37_79B9_7F4A_7C15;
pub(super) const SKIP_SEED: u64 = 0x1656_67B1_9E37_79F9;
pub(super) const CHAR_SEED: u64 = 0x8422_2325_CBF2_9CE4;

pub(super) fn step_char(hash: u64, ch: char) -> u64 {
    step(hash, u64::from(ch))
}

pub(super) fn step(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23)
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

/// What a stem, or a token that is no word, puts into the fingerprint of an n-gram.
pub(super) fn unit_hash(text: &str) -> u64 {
    text.chars().fold(WORD_SEED, step_char)
}

/// The fingerprint of the feature that has this text.
pub(crate) fn fingerprint(block: Block, text: &str) -> u64 {
    match block {
        Block::Word => finish(text.split(' ').fold(WORD_SEED, |hash, text| step(hash, unit_hash(text)))),
        Block::Skip => {
            let (first, _) = text.split_once(' ').unwrap_or((text, ""));
            let (_, last) = text.rsplit_once(' ').unwrap_or(("", text));
            finish(step(step(SKIP_SEED, unit_hash(first)), unit_hash(last)))
        }
        Block::Char => finish(text.chars().fold(CHAR_SEED, step_char)),
        Block::Surface => surface_fingerprint(text),
    }
}
