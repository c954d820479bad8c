//! What was worked out for short tokens before.

use crate::text::Short;

/// A map from short tokens to what they came to. When it holds [`MOST`] it forgets everything, so that memory stays bounded whatever is read.
#[derive(Debug)]
pub(super) struct Memo<V> {
    /// Open addressing with linear probing, at most half full; no token is all zeros.
    slots: Vec<(Short, V)>,
    used: usize,
}

/// How many tokens are remembered: more than the corpus has different words, of which 8,192 make up 97 % of its text.
pub(super) const MOST: usize = 1 << 15;

/// How many slots there are at first: enough for a note of ordinary length.
const FIRST: usize = 1 << 8;

const EMPTY: Short = [0; 3];

impl<V> Default for Memo<V> {
    fn default() -> Self {
        Self { slots: Vec::new(), used: 0 }
    }
}

impl<V: Copy + Default> Memo<V> {
    /// What was remembered of a token.
    pub(super) fn get(&self, token: Short) -> Option<V> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = place(token) & mask;
        loop {
            let (found, value) = self.slots[at];
            if found == token {
                return Some(value);
            }
            if found == EMPTY {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    /// Whether the next token makes it forget the others.
    pub(super) fn is_full(&self) -> bool {
        self.used == MOST
    }

    /// Remembers a token that it did not know.
    pub(super) fn insert(&mut self, token: Short, value: V) {
        if self.is_full() {
            self.clear();
        }
        if 2 * self.used >= self.slots.len() {
            let slots = (2 * self.slots.len()).max(FIRST);
            for (token, value) in std::mem::replace(&mut self.slots, vec![(EMPTY, V::default()); slots]) {
                if token != EMPTY {
                    self.put(token, value);
                }
            }
        }
        self.put(token, value);
        self.used += 1;
    }

    /// Forgets everything, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.slots.fill((EMPTY, V::default()));
        self.used = 0;
    }

    fn put(&mut self, token: Short, value: V) {
        let mask = self.slots.len() - 1;
        let mut at = place(token) & mask;
        while self.slots[at].0 != EMPTY {
            at = (at + 1) & mask;
        }
        self.slots[at] = (token, value);
    }
}

/// Where a token is looked for first.
fn place(token: Short) -> usize {
    let [a, b, c] = token;
    let mixed = a ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ c.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    (mixed.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_comes_back_until_it_is_too_much() {
        let mut memo = Memo::default();
        assert_eq!(memo.get([1, 0, 0]), None);
        for number in 1..=MOST as u64 {
            memo.insert([number, 7, 0], number);
        }
        assert!((1..=MOST as u64).all(|number| memo.get([number, 7, 0]) == Some(number)));
        assert!(memo.is_full() && memo.get([1, 8, 0]).is_none());
        memo.insert([1, 8, 0], 5);
        assert_eq!((memo.get([1, 8, 0]), memo.get([1, 7, 0])), (Some(5), None));
    }
}
