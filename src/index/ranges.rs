//! Segments as a store sees them: rows whose keys are ranges of numbers, in order, which together leave no gap.
//!
//! A key is the first and the last number of the segment, both u64. Merging follows from the numbers alone: an append that
//! reaches or passes a multiple of 16, 256 or 4096 joins the segments that begin in the block which ends there. So
//! everything is sealed four times at most, and n numbers make about n / 4096 + 45 segments.

use super::{IndexError, segment::Unreadable};
use crate::store::{Snapshot, Table, Transaction};
use core::ops::RangeInclusive;
use std::collections::VecDeque;

/// Where the segments of one kind lie.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) table: Table,
    pub(super) part: &'a [u8],
}

/// A segment as it lies in the store.
pub(super) struct Stored {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) sealed: Vec<u8>,
}

impl Place<'_> {
    /// Visits the segments that begin at number `start` or later, in order. A row whose key is none of ours is left alone.
    pub(super) fn each(
        self,
        snapshot: &dyn Snapshot,
        start: u64,
        visit: &mut dyn FnMut(Stored) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        let mut after = before(start).to_vec();
        loop {
            let page = snapshot.scan(self.table, self.part, Some(&after), PAGE)?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after.clone_from(last);
            for (key, sealed) in page {
                if let Some((first, last)) = range_of(&key) {
                    visit(Stored { first, last, sealed })?;
                }
            }
        }
    }

    /// The last number, 0 where there is none; unknown where the last row is none of ours.
    pub(super) fn last(self, snapshot: &dyn Snapshot) -> Result<Option<u64>, IndexError> {
        let last = snapshot.last(self.table, self.part)?;
        Ok(last.map_or(Some(0), |(key, _)| range_of(&key).map(|(_, last)| last)))
    }

    /// Whether the first segment that begins at `start` or later holds number `next`.
    pub(super) fn covers(self, snapshot: &dyn Snapshot, start: u64, next: u64) -> Result<bool, IndexError> {
        let rows = snapshot.scan(self.table, self.part, Some(&before(start)), 1)?;
        let range = rows.first().and_then(|(key, _)| range_of(key));
        Ok(range.is_some_and(|(first, last)| first <= next && next <= last))
    }

    /// The segments that begin at `start` or later, end just before `next`, follow one another, open, and are not too much
    /// together. What does not open stays as it is: the next load reports it.
    pub(super) fn trailing<T>(
        self,
        snapshot: &dyn Snapshot,
        start: u64,
        next: u64,
        open: impl Fn(&Stored) -> Result<T, Unreadable>,
    ) -> Result<Vec<(Stored, T)>, IndexError> {
        let mut found: VecDeque<Stored> = VecDeque::new();
        let mut weight = 0_usize;
        self.each(snapshot, start, &mut |stored| {
            weight = weight.saturating_add(stored.sealed.len());
            found.push_back(stored);
            while weight > MOST_WEIGHT {
                let dropped = found.pop_front().map_or(weight, |stored| stored.sealed.len());
                weight = weight.saturating_sub(dropped);
            }
            Ok(())
        })?;
        let mut joined = Vec::new();
        let mut end = next;
        for stored in found.into_iter().rev() {
            if stored.last.checked_add(1) != Some(end) {
                break;
            }
            let Ok(opened) = open(&stored) else { break };
            end = stored.first;
            joined.push((stored, opened));
        }
        joined.reverse();
        Ok(joined)
    }

    pub(super) fn put(self, tx: &mut dyn Transaction, first: u64, last: u64, sealed: &[u8]) -> Result<(), IndexError> {
        Ok(tx.put(self.table, self.part, &key_of(first, last), sealed)?)
    }

    pub(super) fn delete(self, tx: &mut dyn Transaction, first: u64, last: u64) -> Result<(), IndexError> {
        tx.delete(self.table, self.part, &key_of(first, last))?;
        Ok(())
    }
}

/// Watches that ranges follow one another.
pub(super) struct Coverage {
    /// What was known before.
    known: u64,
    /// The number that is due.
    next: u64,
    damaged: Vec<RangeInclusive<u64>>,
}

impl Coverage {
    /// Numbers up to `known` are there already.
    pub(super) fn after(known: u64) -> Self {
        Self { known, next: known.saturating_add(1), damaged: Vec::new() }
    }

    /// Takes note of a range that opened, and gives the number from which on it is new.
    pub(super) fn readable(&mut self, first: u64, last: u64) -> u64 {
        let new = self.next;
        self.damage(new..=first.saturating_sub(1));
        self.damage(first.max(self.known.saturating_add(1))..=new.saturating_sub(1).min(last));
        self.next = new.max(last.saturating_add(1));
        new
    }

    /// Takes note of a range that did not open. A range of a newer version is an error: to write it anew would lose what
    /// this version does not know.
    pub(super) fn unreadable(&mut self, error: Unreadable, first: u64, last: u64) -> Result<(), IndexError> {
        match error {
            Unreadable::Newer => Err(IndexError::Newer),
            Unreadable::Damaged => {
                self.damage(first..=last);
                Ok(())
            }
        }
    }

    /// Takes note of damage, if the range is one.
    pub(super) fn damage(&mut self, range: RangeInclusive<u64>) {
        if !range.is_empty() {
            self.damaged.push(range);
        }
    }

    /// What is missing, does not open or stands twice: ascending, joined where it touches.
    pub(super) fn finish(mut self) -> Vec<RangeInclusive<u64>> {
        self.damaged.sort_unstable_by_key(|range| (*range.start(), *range.end()));
        let mut joined: Vec<RangeInclusive<u64>> = Vec::new();
        for range in self.damaged {
            match joined.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => joined.push(range),
            }
        }
        joined
    }
}

/// Block sizes at which segments are merged, ascending.
pub(super) const TIERS: [u64; 3] = [16, 256, 4096];
/// Roughly the most bytes in one segment, so that one entry costs no long reading.
pub(super) const MOST_WEIGHT: usize = 4 << 20;
/// Segments that are read at a time.
const PAGE: usize = 8;

/// The first number of the block that `number` stands in: blocks begin at 1, `tier` + 1 and so on.
pub(super) fn block(number: u64, tier: u64) -> u64 {
    let before = number.saturating_sub(1);
    before.saturating_sub(before.checked_rem(tier).unwrap_or(0)).saturating_add(1)
}

/// Where the largest block begins that the numbers `first` to `last` complete, if they complete one.
pub(super) fn completed_block(first: u64, last: u64) -> Option<u64> {
    let after = last.saturating_add(1);
    let tier = TIERS.into_iter().rev().find(|tier| block(first, *tier) != block(after, *tier))?;
    Some(block(first, tier))
}

/// The key of a segment.
pub(super) fn key_of(first: u64, last: u64) -> [u8; 16] {
    let mut key = [0; 16];
    let bytes = first.to_be_bytes().into_iter().chain(last.to_be_bytes());
    key.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    key
}

fn range_of(key: &[u8]) -> Option<(u64, u64)> {
    let (first, last) = key.split_first_chunk::<8>()?;
    let (first, last) = (u64::from_be_bytes(*first), u64::from_be_bytes(last.try_into().ok()?));
    (0 < first && first <= last).then_some((first, last))
}

/// The greatest key below those of segments that begin at `start`.
fn before(start: u64) -> [u8; 16] {
    key_of(start.saturating_sub(1), u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_begin_after_multiples() {
        for (number, tier, start) in [(1, 16, 1), (16, 16, 1), (17, 16, 17), (256, 256, 1), (257, 256, 257)] {
            assert_eq!(block(number, tier), start);
        }
        assert_eq!(block(u64::MAX, 16), u64::MAX - 14);
    }

    #[test]
    fn the_largest_completed_block_counts() {
        for (first, last, start) in [
            (15, 15, None),
            (16, 16, Some(1)),
            (17, 17, None),
            (30, 33, Some(17)),
            (256, 256, Some(1)),
            (250, 300, Some(1)),
            (5000, 8192, Some(4097)),
        ] {
            assert_eq!(completed_block(first, last), start, "{first} {last}");
        }
    }

    #[test]
    fn gaps_doubles_and_damage_are_joined() {
        let mut coverage = Coverage::after(0);
        assert_eq!(coverage.readable(1, 4), 1);
        assert_eq!(coverage.readable(3, 6), 5);
        coverage.unreadable(Unreadable::Damaged, 7, 8).unwrap();
        assert_eq!(coverage.readable(9, 9), 7);
        assert_eq!(coverage.readable(20, 20), 10);
        assert_eq!(coverage.unreadable(Unreadable::Newer, 21, 21), Err(IndexError::Newer));
        assert_eq!(coverage.finish(), [3..=4, 7..=8, 10..=19]);
    }

    #[test]
    fn what_was_known_before_is_no_double() {
        let mut coverage = Coverage::after(20);
        assert_eq!(coverage.readable(17, 32), 21);
        assert_eq!(coverage.readable(33, 33), 33);
        assert_eq!(coverage.finish(), []);
    }
}
