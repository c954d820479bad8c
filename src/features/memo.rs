//! What was worked out for short tokens before.

use crate::text::Short;

/// A map from short tokens to what they came to. Where it would hold more than [`MOST`] it forgets everything, so that memory stays bounded whatever is read.
#[derive(Debug)]
pub(super) struct Memo<V> {
    /// Open addressing with linear probing, at most half full: one more than the place of each token's entry, 0 where there is none.
    slots: Vec<u32>,
    /// In the order in which the tokens were met, so that the common ones stand together.
    entries: Vec<(Short, V)>,
}

/// How many tokens are remembered: more than the corpus has different words, of which 8,192 make up 97 % of its text.
pub(super) const MOST: usize = 1 << 15;

/// How many slots there are at first: enough for a note of ordinary length.
const FIRST: usize = 1 << 8;

impl<V> Default for Memo<V> {
    fn default() -> Self {
        Self { slots: Vec::new(), entries: Vec::new() }
    }
}

impl<V> Memo<V> {
    /// What was remembered of a token.
    pub(super) fn get(&self, token: Short) -> Option<&V> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = place(token) & mask;
        loop {
            let entry = (self.slots[at] as usize).checked_sub(1)?;
            let (found, value) = &self.entries[entry];
            if *found == token {
                return Some(value);
            }
            at = (at + 1) & mask;
        }
    }

    /// Forgets everything where `more` tokens would be too many.
    pub(super) fn make_room(&mut self, more: usize) {
        if self.entries.len() + more > MOST {
            self.slots.fill(0);
            self.entries.clear();
        }
    }

    /// Remembers a token that it did not know.
    pub(super) fn insert(&mut self, token: Short, value: V) {
        self.entries.push((token, value));
        if 2 * self.entries.len() > self.slots.len() {
            let slots = (2 * self.slots.len()).max(FIRST);
            self.slots.clear();
            self.slots.resize(slots, 0);
            for entry in 0..self.entries.len() {
                self.put(entry);
            }
        } else {
            self.put(self.entries.len() - 1);
        }
    }

    fn put(&mut self, entry: usize) {
        let mask = self.slots.len() - 1;
        let mut at = place(self.entries[entry].0) & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = entry as u32 + 1;
    }
}

/// Where a token is looked for first.
fn place(token: Short) -> usize {
    let (a, b, c) = token;
    let mixed = a ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ c.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    (mixed.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_comes_back_until_it_is_too_much() {
        let mut memo = Memo::default();
        assert_eq!(memo.get((1, 0, 0)), None);
        for number in 1..=MOST as u64 {
            memo.make_room(1);
            memo.insert((number, 7, 0), number);
        }
        assert!((1..=MOST as u64).all(|number| memo.get((number, 7, 0)) == Some(&number)));
        assert_eq!(memo.get((1, 8, 0)), None);
        memo.make_room(1);
        memo.insert((1, 8, 0), 5);
        assert_eq!((memo.get((1, 8, 0)), memo.get((1, 7, 0))), (Some(&5), None));
    }
}
