//! What was worked out for short tokens before.

use crate::text::{LONG, Short};

/// A map from short tokens to what they came to. Where it would hold more than [`MOST`] it forgets everything, so that memory stays bounded whatever is read.
#[derive(Debug)]
pub(super) struct Memo<V> {
    /// Open addressing with linear probing, at most half full.
    slots: Vec<Slot<V>>,
    /// How many are taken.
    count: usize,
}

/// A token and what it came to, in one line of the cache: one look instead of two.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Slot<V> {
    /// [`NONE`] where the slot is free.
    token: Short,
    value: V,
}

/// What is no token.
const NONE: Short = (0, 0, 0);

/// How many tokens are remembered: more than the corpus has different words, of which 8,192 make up 97 % of its text.
pub(super) const MOST: usize = 1 << 15;

/// How many slots there are at first: enough for a note of ordinary length.
const FIRST: usize = 1 << 8;

impl<V> Default for Memo<V> {
    fn default() -> Self {
        Self { slots: Vec::new(), count: 0 }
    }
}

impl<V: Copy + Default> Memo<V> {
    /// What was remembered of a token.
    #[inline]
    pub(super) fn get(&self, Key { token, hash }: Key) -> Option<&V> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash & mask;
        loop {
            let slot = &self.slots[at];
            if slot.token == token {
                return Some(&slot.value);
            }
            if slot.token == NONE {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    /// Looks at the first slot of each token, so that the processor waits for all of their lines at once and not for one after the other.
    pub(super) fn look_ahead(&self, tokens: &[Key]) {
        let Some(mask) = self.slots.len().checked_sub(1) else { return };
        let seen = tokens.iter().fold(0, |seen, key| seen ^ self.slots[key.hash & mask].token.0);
        std::hint::black_box(seen);
    }

    /// Forgets everything where `more` tokens would be too many, and says whether it did.
    pub(super) fn make_room(&mut self, more: usize) -> bool {
        let is_full = self.count + more > MOST;
        if is_full {
            self.slots.fill(Slot { token: NONE, value: V::default() });
            self.count = 0;
        }
        is_full
    }

    /// Remembers a token that it did not know. [`LONG`] is none.
    pub(super) fn insert(&mut self, token: Short, value: V) {
        debug_assert!(token != LONG && token != NONE, "a short token");
        if 2 * self.count >= self.slots.len() {
            let slots = (2 * self.slots.len()).max(FIRST);
            let before = std::mem::replace(&mut self.slots, vec![Slot { token: NONE, value: V::default() }; slots]);
            for slot in before.into_iter().filter(|slot| slot.token != NONE) {
                self.put(slot);
            }
        }
        self.put(Slot { token, value });
        self.count += 1;
    }

    fn put(&mut self, slot: Slot<V>) {
        let mask = self.slots.len() - 1;
        let mut at = Key::new(slot.token).hash & mask;
        while self.slots[at].token != NONE {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }
}

/// A token, and where it is looked for first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) token: Short,
    hash: usize,
}

impl Key {
    #[inline]
    pub(super) fn new(token: Short) -> Self {
        let (a, b, c) = token;
        let mixed = a.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ c.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
        Self { token, hash: (mixed >> 40) as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_comes_back_until_it_is_too_much() {
        let get = |memo: &Memo<u64>, token| memo.get(Key::new(token)).copied();
        let mut memo = Memo::default();
        assert_eq!(get(&memo, (1, 0, 0)), None);
        for number in 1..=MOST as u64 {
            assert!(!memo.make_room(1));
            memo.insert((number, 7, 0), number);
        }
        assert!((1..=MOST as u64).all(|number| get(&memo, (number, 7, 0)) == Some(number)));
        assert_eq!((get(&memo, (1, 8, 0)), get(&memo, LONG)), (None, None));
        assert!(memo.make_room(1));
        memo.insert((1, 8, 0), 5);
        assert_eq!((get(&memo, (1, 8, 0)), get(&memo, (1, 7, 0))), (Some(5), None));
    }
}
