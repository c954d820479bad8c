//! Finds the pilots of a table, so that each feature has a row of its own.

use std::collections::VecDeque;

use super::{BUCKET_BITS, MOST_ROWS, row};

/// Where the features of a table stand.
pub(crate) struct Places {
    /// A pilot for each bucket.
    pub(crate) pilots: Vec<u8>,
    /// The row of each feature.
    pub(crate) rows: Vec<usize>,
    /// How many rows there are: one in fifty is left over.
    pub(crate) count: usize,
}

/// How many buckets are remembered that were moved last, and so are not moved again at once.
const REMEMBERED: usize = 16;

impl Places {
    /// Finds a place for each feature, given their fingerprints in ascending order.
    ///
    /// Full buckets first, since they are the hardest to place. A bucket that no pilot fits takes the rows of those that are the easiest to place again.
    ///
    /// # Errors
    ///
    /// Says why there is none.
    pub(crate) fn find(fingerprints: &[u64]) -> Result<Self, &'static str> {
        let count = fingerprints.len() + fingerprints.len() / 50 + 1;
        // Three features a bucket, or half as many.
        let bits = fingerprints.len().div_ceil(3).next_power_of_two().trailing_zeros().max(*BUCKET_BITS.start());
        if count > MOST_ROWS || !BUCKET_BITS.contains(&bits) {
            return Err("too many features");
        }
        let mut buckets = vec![0..0; 1 << bits];
        let mut from = 0;
        for same in fingerprints.chunk_by(|a, b| a >> (u64::BITS - bits) == b >> (u64::BITS - bits)) {
            if same.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err("two features with one fingerprint");
            }
            buckets[(same[0] >> (u64::BITS - bits)) as usize] = from..from + same.len();
            from += same.len();
        }
        let mut order: Vec<usize> = (0..buckets.len()).filter(|&bucket| !buckets[bucket].is_empty()).collect();
        order.sort_by_key(|&bucket| buckets[bucket].len());
        let mut filling = Filling {
            fingerprints,
            buckets,
            pilots: vec![0; 1 << bits],
            holders: vec![None; count],
            moved: VecDeque::from([usize::MAX; REMEMBERED]),
        };
        // A bound, so that it ends where features cannot be told apart.
        let mut tries = 10 * order.len() + 1_000;
        while let Some(bucket) = order.pop() {
            tries = tries.checked_sub(1).ok_or("too many features that begin alike")?;
            if !filling.place(bucket) {
                filling.place_instead_of_others(bucket, tries, &mut order)?;
            }
        }
        let Filling { pilots, .. } = filling;
        let rows = fingerprints.iter().map(|&one| row(one, pilots[(one >> (u64::BITS - bits)) as usize], count as u64) as usize).collect();
        Ok(Self { pilots, rows, count })
    }
}

struct Filling<'f> {
    fingerprints: &'f [u64],
    /// The features of each bucket.
    buckets: Vec<std::ops::Range<usize>>,
    pilots: Vec<u8>,
    /// The bucket that has each row.
    holders: Vec<Option<usize>>,
    /// Those that were moved last, the latest at the end.
    moved: VecDeque<usize>,
}

impl Filling<'_> {
    /// The rows of a bucket with a pilot.
    fn rows(&self, bucket: usize, pilot: u8) -> impl Iterator<Item = usize> {
        let count = self.holders.len() as u64;
        self.fingerprints[self.buckets[bucket].clone()].iter().map(move |&one| row(one, pilot, count) as usize)
    }

    /// Whether no two features of a bucket have the same row with a pilot.
    fn is_spread(&self, bucket: usize, pilot: u8) -> bool {
        self.rows(bucket, pilot).enumerate().all(|(at, row)| self.rows(bucket, pilot).take(at).all(|before| before != row))
    }

    /// Gives a bucket the first pilot with which its rows are free, if there is one.
    fn place(&mut self, bucket: usize) -> bool {
        let is_free = |pilot: &u8| self.rows(bucket, *pilot).all(|row| self.holders[row].is_none()) && self.is_spread(bucket, *pilot);
        let found = (0..=u8::MAX).find(is_free);
        if let Some(pilot) = found {
            self.take(bucket, pilot);
        }
        found.is_some()
    }

    /// Gives a bucket rows that others have, and puts those into `homeless`. `turn` differs from time to time, so that it does not go round in circles.
    fn place_instead_of_others(&mut self, bucket: usize, turn: usize, homeless: &mut Vec<usize>) -> Result<(), &'static str> {
        let cost = |pilot: u8| -> Option<usize> {
            if !self.is_spread(bucket, pilot) {
                return None;
            }
            let holders = self.rows(bucket, pilot).filter_map(|row| self.holders[row]);
            holders.map(|holder| (!self.moved.contains(&holder)).then(|| self.buckets[holder].len().pow(2))).sum()
        };
        let pilots = (0..=u8::MAX).map(|pilot| pilot.wrapping_add((turn * 89) as u8));
        let cheapest = pilots.filter_map(|pilot| Some((cost(pilot)?, pilot))).min_by_key(|(cost, _)| *cost);
        let (_, pilot) = cheapest.ok_or("too many features that begin alike")?;
        let rows: Vec<usize> = self.rows(bucket, pilot).collect();
        for row in rows {
            if let Some(holder) = self.holders[row] {
                let freed: Vec<usize> = self.rows(holder, self.pilots[holder]).collect();
                for row in freed {
                    self.holders[row] = None;
                }
                homeless.push(holder);
            }
        }
        self.take(bucket, pilot);
        self.moved.pop_front();
        self.moved.push_back(bucket);
        Ok(())
    }

    fn take(&mut self, bucket: usize, pilot: u8) {
        self.pilots[bucket] = pilot;
        let rows: Vec<usize> = self.rows(bucket, pilot).collect();
        for row in rows {
            self.holders[row] = Some(bucket);
        }
    }
}
