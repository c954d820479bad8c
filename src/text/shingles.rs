//! How alike two texts are: the share of their character 5-grams that they have in common.

/// A set of character 5-grams as sorted hashes.
pub type Shingles = Vec<u64>;

/// The character 5-grams of a text in lower case with its blanks folded; the whole text where it is shorter.
#[must_use]
pub fn shingles(text: &str) -> Shingles {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let chars: Vec<u64> = folded.chars().map(u64::from).collect();
    let hash =
        |window: &[u64]| window.iter().fold(0xCBF2_9CE4_8422_2325_u64, |h, c| (h ^ c).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(17));
    let mut shingles: Shingles = if chars.len() < 5 { vec![hash(&chars)] } else { chars.windows(5).map(hash).collect() };
    shingles.sort_unstable();
    shingles.dedup();
    shingles
}

/// The Jaccard similarity of two sets of shingles: shared, of all.
#[must_use]
pub fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    f64::from(shared) / (a.len() + b.len() - shared as usize) as f64
}
