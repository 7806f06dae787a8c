//! Segments in a store: load, append with merging, refresh, repair.
//!
//! A segment's key is the number of its first and of its last row, both u64. Merging follows from the numbers alone:
//! an append that reaches or passes a multiple of 16, 256 or 4096 joins the segments that begin in the block which ends
//! there. So each row is sealed four times at most, and a chart of n rows has about n / 4096 + 45 segments.

use super::segment::{self, Builder, Unreadable};
use super::{ChartIndex, IndexError, IndexRow};
use crate::codec::ChartId;
use crate::crypto::{Secret, Suite, role};
use crate::store::{Snapshot, Table, Transaction};
use core::ops::RangeInclusive;
use std::collections::{BTreeMap, VecDeque};

/// What [`load`] found.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) index: ChartIndex,
    /// Rows that are missing, do not open or stand twice, ascending. The last may end beyond the rows of the chart.
    pub(crate) damaged: Vec<RangeInclusive<u64>>,
}

/// Reads the index of a chart.
///
/// That its end was cut off does not show here: compare [`ChartIndex::last_seq`] with the entries of the chart.
pub(crate) fn load(
    snapshot: &dyn Snapshot,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
) -> Result<Loaded, IndexError> {
    let mut reading = Reading::new(ChartIndex::new());
    each(snapshot, chart, 1, &mut |stored| reading.take(suite, key, chart, &stored))?;
    Ok(reading.finish())
}

/// Reads what was appended since `index` was read, by this process or another. What [`repair`] changed in older rows does
/// not show here: [`load`] where that may have happened. Says what is damaged, as [`Loaded`] does.
pub(crate) fn refresh(
    snapshot: &dyn Snapshot,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    index: &mut ChartIndex,
) -> Result<Vec<RangeInclusive<u64>>, IndexError> {
    let known = index.last_seq();
    let next = known.saturating_add(1);
    let last = snapshot.last(Table::Index, chart.as_bytes())?;
    let last = last.and_then(|(key, _)| range_of(&key)).map(|(_, last)| last);
    if last.unwrap_or(0) == known {
        return Ok(Vec::new());
    }
    // The rows that are new may since have been merged with some that are known, back to the start of a block.
    for start in [next].into_iter().chain(TIERS.map(|tier| block(next, tier))) {
        if !covers(snapshot, chart, start, next)? {
            continue;
        }
        let mut reading = Reading::new(core::mem::take(index));
        each(snapshot, chart, start, &mut |stored| reading.take(suite, key, chart, &stored))?;
        let loaded = reading.finish();
        if loaded.damaged.is_empty() {
            *index = loaded.index;
            return Ok(loaded.damaged);
        }
        break;
    }
    let loaded = load(snapshot, suite, key, chart)?;
    *index = loaded.index;
    Ok(loaded.damaged)
}

/// Appends rows, which must follow the last row of the chart, and merges what is due.
///
/// The caller holds the only transaction that writes and has made sure that its index is up to date.
pub(crate) fn append(
    tx: &mut dyn Transaction,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    rows: &[IndexRow],
) -> Result<(), IndexError> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Ok(());
    };
    let due = TIERS.into_iter().rev().find(|tier| block(first.seq, *tier) != block(last.seq.saturating_add(1), *tier));
    let small = total_weight(rows) <= MOST_WEIGHT && rows.len() <= MOST_ROWS;
    let Some(tier) = due.filter(|_| small) else {
        return write(tx, suite, key, chart, rows);
    };
    let joined = trailing(tx, suite, key, chart, block(first.seq, tier), first.seq)?;
    let mut builder = Builder::default();
    for (stored, plain) in &joined {
        let body = segment::parse(plain, stored.first, stored.last);
        builder.add_segment(stored.first, stored.last, body.map_err(|_| IndexError::Unsealable)?)?;
    }
    rows.iter().try_for_each(|row| builder.add_row(row))?;
    for (stored, _) in &joined {
        tx.delete(Table::Index, chart.as_bytes(), &key_of(stored.first, stored.last))?;
    }
    put(tx, suite, key, chart, builder)
}

/// Writes all segments of a chart anew: the rows that can be read, with `rows` in the place of those of their numbers. So
/// damaged ranges are filled, and rows are changed where authority changed.
pub(crate) fn repair(
    tx: &mut dyn Transaction,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    rows: &[IndexRow],
) -> Result<(), IndexError> {
    let mut all: BTreeMap<u64, IndexRow> = BTreeMap::new();
    let mut keys = Vec::new();
    each(&*tx, chart, 1, &mut |stored| {
        match segment::open(suite, key, chart, stored.first, stored.last, &stored.sealed) {
            Ok(rows) => all.extend(rows.into_iter().map(|row| (row.seq, row))),
            Err(Unreadable::Damaged) => {}
            Err(Unreadable::Newer) => return Err(IndexError::Newer),
        }
        keys.push(key_of(stored.first, stored.last));
        Ok(())
    })?;
    all.extend(rows.iter().map(|row| (row.seq, row.clone())));
    for key in keys {
        tx.delete(Table::Index, chart.as_bytes(), &key)?;
    }
    let all: Vec<IndexRow> = all.into_values().collect();
    for run in all.chunk_by(|a, b| a.seq.checked_add(1) == Some(b.seq)) {
        write(tx, suite, key, chart, run)?;
    }
    Ok(())
}

/// Block sizes at which segments are merged, ascending.
const TIERS: [u64; 3] = [16, 256, 4096];
/// Most rows that are written as one segment; a merge may reach one more such lot.
const MOST_ROWS: usize = 4096;
/// Roughly the most bytes of rows in one segment, so that one entry costs no long reading.
const MOST_WEIGHT: usize = 4 << 20;
/// Segments that are read at a time.
const PAGE: usize = 8;

/// The first row of the block that `seq` stands in: blocks begin at 1, `tier` + 1 and so on.
fn block(seq: u64, tier: u64) -> u64 {
    let before = seq.saturating_sub(1);
    before.saturating_sub(before.checked_rem(tier).unwrap_or(0)).saturating_add(1)
}

/// Whether a segment that begins at `start` or later is the first one there and holds row `next`.
fn covers(snapshot: &dyn Snapshot, chart: &ChartId, start: u64, next: u64) -> Result<bool, IndexError> {
    let after = before(start);
    let rows = snapshot.scan(Table::Index, chart.as_bytes(), Some(&after), 1)?;
    let range = rows.first().and_then(|(key, _)| range_of(key));
    Ok(range.is_some_and(|(first, last)| first <= next && next <= last))
}

/// The segments from row `start` on that end just before `next`, follow one another, open, and are not too much together.
#[expect(clippy::type_complexity, reason = "a segment beside its plaintext")]
fn trailing(
    tx: &dyn Transaction,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    start: u64,
    next: u64,
) -> Result<Vec<(Stored, zeroize::Zeroizing<Vec<u8>>)>, IndexError> {
    let mut found: VecDeque<Stored> = VecDeque::new();
    let mut weight = 0_usize;
    each(tx, chart, start, &mut |stored| {
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
        let plain = segment::open_plain(suite, key, chart, stored.first, stored.last, &stored.sealed);
        let plain = plain.and_then(|plain| {
            segment::parse(&plain, stored.first, stored.last)?;
            Ok(plain)
        });
        // What does not open stays as it is: the next load reports it.
        let Ok(plain) = plain else { break };
        end = stored.first;
        joined.push((stored, plain));
    }
    joined.reverse();
    Ok(joined)
}

/// Writes rows that follow one another as segments of bounded size.
fn write(
    tx: &mut dyn Transaction,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    rows: &[IndexRow],
) -> Result<(), IndexError> {
    let mut builder = Builder::default();
    let (mut count, mut total) = (0_usize, 0_usize);
    for row in rows {
        let weight = weight(row);
        if count >= MOST_ROWS || (count > 0 && total.saturating_add(weight) > MOST_WEIGHT) {
            put(tx, suite, key, chart, core::mem::take(&mut builder))?;
            (count, total) = (0, 0);
        }
        builder.add_row(row)?;
        count = count.saturating_add(1);
        total = total.saturating_add(weight);
    }
    put(tx, suite, key, chart, builder)
}

fn put(
    tx: &mut dyn Transaction,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    builder: Builder<'_>,
) -> Result<(), IndexError> {
    let Some((first, last)) = builder.range() else {
        return Ok(());
    };
    let sealed = builder.seal(suite, key, chart)?;
    Ok(tx.put(Table::Index, chart.as_bytes(), &key_of(first, last), &sealed)?)
}

/// About the bytes that a row takes in a segment where its strings stand for the first time.
fn weight(row: &IndexRow) -> usize {
    let terms = &row.terms;
    let codes = terms.codes.iter().flat_map(|code| [&code.system, &code.value]);
    let texts = codes.chain(&terms.words).chain([&terms.kind]);
    let lists = row.parents.len().saturating_add(terms.dates.len());
    texts.fold(lists.saturating_mul(24).saturating_add(160), |sum, text| {
        sum.saturating_add(text.len()).saturating_add(8)
    })
}

fn total_weight(rows: &[IndexRow]) -> usize {
    rows.iter().map(weight).fold(0, usize::saturating_add)
}

/// A segment as it lies in the store.
struct Stored {
    first: u64,
    last: u64,
    sealed: Vec<u8>,
}

/// Visits the segments that begin at row `start` or later, in order. A row whose key is none of ours is left alone.
fn each(
    snapshot: &dyn Snapshot,
    chart: &ChartId,
    start: u64,
    visit: &mut dyn FnMut(Stored) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let mut after = before(start).to_vec();
    loop {
        let page = snapshot.scan(Table::Index, chart.as_bytes(), Some(&after), PAGE)?;
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

/// Builds an index from segments in the order of their keys.
struct Reading {
    index: ChartIndex,
    /// The last row that the index had before.
    known: u64,
    /// The row that is due.
    next: u64,
    damaged: Vec<RangeInclusive<u64>>,
}

impl Reading {
    fn new(index: ChartIndex) -> Self {
        let known = index.last_seq();
        Self { index, known, next: known.saturating_add(1), damaged: Vec::new() }
    }

    fn take(
        &mut self,
        suite: Suite,
        key: &Secret<role::Index>,
        chart: &ChartId,
        stored: &Stored,
    ) -> Result<(), IndexError> {
        let Stored { first, last, sealed } = stored;
        let plain = match segment::open_plain(suite, key, chart, *first, *last, sealed) {
            Ok(plain) => plain,
            Err(error) => return self.unreadable(error, *first..=*last),
        };
        let body = match segment::parse(&plain, *first, *last) {
            Ok(body) => body,
            Err(error) => return self.unreadable(error, *first..=*last),
        };
        if *first > self.next {
            self.damaged.push(self.next..=first.saturating_sub(1));
        }
        let twice = (*first).max(self.known.saturating_add(1))..=self.next.saturating_sub(1).min(*last);
        if !twice.is_empty() {
            self.damaged.push(twice);
        }
        let strings: Option<Vec<u32>> = body.strings.iter().map(|text| self.index.string_number(text)).collect();
        let authors: Option<Vec<u32>> = body.authors.iter().map(|author| self.index.author_number(*author)).collect();
        let (strings, authors) = strings.zip(authors).ok_or(IndexError::Unsealable)?;
        for (seq, mut row) in (*first..=*last).zip(body.rows) {
            if seq < self.next {
                continue;
            }
            row.renumber(&strings, &authors)?;
            if self.index.add(seq, &row).is_err() {
                self.damaged.push(seq..=seq);
            }
        }
        self.next = self.next.max(last.saturating_add(1));
        Ok(())
    }

    fn unreadable(&mut self, error: Unreadable, range: RangeInclusive<u64>) -> Result<(), IndexError> {
        match error {
            Unreadable::Newer => Err(IndexError::Newer),
            Unreadable::Damaged => {
                self.damaged.push(range);
                Ok(())
            }
        }
    }

    fn finish(mut self) -> Loaded {
        self.damaged.sort_unstable_by_key(|range| (*range.start(), *range.end()));
        let mut damaged: Vec<RangeInclusive<u64>> = Vec::new();
        for range in self.damaged {
            match damaged.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => damaged.push(range),
            }
        }
        Loaded { index: self.index, damaged }
    }
}

fn key_of(first: u64, last: u64) -> [u8; 16] {
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
    #![allow(clippy::arithmetic_side_effects)]
    use super::super::samples::{CHART, key, row, version};
    use super::*;
    use crate::store::{MemoryStore, Store};
    use proptest::prelude::*;

    const SUITE: Suite = Suite::Aes256Gcm;

    fn write_rows(store: &MemoryStore, rows: RangeInclusive<u64>) {
        let rows: Vec<IndexRow> = rows.map(row).collect();
        let mut tx = store.write().unwrap();
        append(&mut *tx, SUITE, &key(1), &CHART, &rows).unwrap();
        tx.commit().unwrap();
    }

    fn load_all(store: &MemoryStore) -> Loaded {
        load(&*store.read().unwrap(), SUITE, &key(1), &CHART).unwrap()
    }

    fn refresh_from(store: &MemoryStore, index: &mut ChartIndex) -> Vec<RangeInclusive<u64>> {
        refresh(&*store.read().unwrap(), SUITE, &key(1), &CHART, index).unwrap()
    }

    fn segments(store: &MemoryStore) -> Vec<(u64, u64)> {
        let rows = store.read().unwrap().scan(Table::Index, CHART.as_bytes(), None, usize::MAX).unwrap();
        rows.iter().map(|(key, _)| range_of(key).unwrap()).collect()
    }

    /// All rows as they lie in the store.
    fn stored_rows(store: &MemoryStore) -> Vec<IndexRow> {
        let mut rows = Vec::new();
        each(&*store.read().unwrap(), &CHART, 1, &mut |stored| {
            let opened = segment::open(SUITE, &key(1), &CHART, stored.first, stored.last, &stored.sealed);
            rows.extend(opened.unwrap());
            Ok(())
        })
        .unwrap();
        rows
    }

    fn with_row(store: &MemoryStore, change: impl FnOnce(&mut dyn Transaction)) {
        let mut tx = store.write().unwrap();
        change(&mut *tx);
        tx.commit().unwrap();
    }

    #[test]
    fn blocks_begin_after_multiples() {
        for (seq, tier, start) in [(1, 16, 1), (16, 16, 1), (17, 16, 17), (256, 256, 1), (257, 256, 257)] {
            assert_eq!(block(seq, tier), start);
        }
        assert_eq!(block(u64::MAX, 16), u64::MAX - 14);
    }

    #[test]
    fn one_by_one_merges_by_sixteens() {
        let store = MemoryStore::new();
        for seq in 1..=15 {
            write_rows(&store, seq..=seq);
        }
        assert_eq!(segments(&store).len(), 15);
        write_rows(&store, 16..=16);
        assert_eq!(segments(&store), [(1, 16)]);
        for seq in 17..=255 {
            write_rows(&store, seq..=seq);
        }
        assert_eq!(segments(&store).len(), 15 + 15);
        write_rows(&store, 256..=256);
        write_rows(&store, 257..=257);
        assert_eq!(segments(&store), [(1, 256), (257, 257)]);
        assert_eq!(stored_rows(&store), (1..=257).map(row).collect::<Vec<_>>());
    }

    #[test]
    fn a_lot_that_is_too_large_is_split() {
        let store = MemoryStore::new();
        write_rows(&store, 1..=10);
        write_rows(&store, 11..=9000);
        assert_eq!(segments(&store), [(1, 10), (11, 4106), (4107, 8202), (8203, 9000)]);
        assert_eq!(load_all(&store).index.len(), 9000);
    }

    #[test]
    fn large_rows_stay_in_segments_that_are_quickly_read() {
        let store = MemoryStore::new();
        let rows: Vec<IndexRow> = (1..=64)
            .map(|seq| {
                let mut row = row(seq);
                row.terms.words = (0..1024).map(|i| format!("{seq:030}-{i:030}")).collect();
                row
            })
            .collect();
        let mut tx = store.write().unwrap();
        for row in &rows {
            append(&mut *tx, SUITE, &key(1), &CHART, core::slice::from_ref(row)).unwrap();
        }
        append(&mut *tx, SUITE, &key(1), &CHART, &[row(65)]).unwrap();
        tx.commit().unwrap();
        let sizes = store.read().unwrap().scan(Table::Index, CHART.as_bytes(), None, usize::MAX).unwrap();
        assert!(sizes.len() > 1 && sizes.iter().all(|(_, sealed)| sealed.len() <= MOST_WEIGHT + MOST_WEIGHT / 4));
        assert_eq!(stored_rows(&store)[..64], rows[..]);
    }

    #[test]
    fn rows_out_of_order_are_not_written() {
        let store = MemoryStore::new();
        let mut tx = store.write().unwrap();
        for rows in [vec![row(0)], vec![row(1), row(3)], vec![row(2), row(2)]] {
            assert!(append(&mut *tx, SUITE, &key(1), &CHART, &rows).is_err());
        }
        drop(tx);
        assert!(segments(&store).is_empty());
    }

    #[test]
    fn an_empty_chart_has_an_empty_index() {
        let store = MemoryStore::new();
        let mut loaded = load_all(&store);
        assert_eq!((loaded.index.len(), loaded.index.last_seq(), loaded.damaged), (0, 0, vec![]));
        assert_eq!(refresh_from(&store, &mut loaded.index), []);
    }

    /// Each segment in turn: removed, changed in one bit, put in the place of its neighbour.
    #[test]
    fn a_segment_that_is_missing_changed_or_swapped_is_found() {
        let fresh = || {
            let store = MemoryStore::new();
            for start in [1, 5, 9, 13] {
                write_rows(&store, start..=(start + 3).min(15));
            }
            store
        };
        let ranges = segments(&fresh());
        assert_eq!(ranges, [(1, 4), (5, 8), (9, 12), (13, 15)]);
        for (place, &(first, last)) in ranges.iter().enumerate() {
            let (next_first, next_last) = ranges[(place + 1) % ranges.len()];
            let (own, next) = (key_of(first, last), key_of(next_first, next_last));
            let removed = fresh();
            with_row(&removed, |tx| assert!(tx.delete(Table::Index, CHART.as_bytes(), &own).unwrap()));
            let changed = fresh();
            with_row(&changed, |tx| {
                let mut value = tx.get(Table::Index, CHART.as_bytes(), &own).unwrap().unwrap();
                *value.last_mut().unwrap() ^= 1;
                tx.put(Table::Index, CHART.as_bytes(), &own, &value).unwrap();
            });
            let copied = fresh();
            with_row(&copied, |tx| {
                let value = tx.get(Table::Index, CHART.as_bytes(), &next).unwrap().unwrap();
                tx.put(Table::Index, CHART.as_bytes(), &own, &value).unwrap();
            });
            for (what, store) in [("removed", removed), ("changed", changed), ("copied", copied)] {
                let loaded = load_all(&store);
                // The end cut off is not seen here, by the contract of `load`.
                let unseen = what == "removed" && last == 15;
                let expected = if unseen { vec![] } else { vec![first..=last] };
                assert_eq!(loaded.damaged, expected, "{what} {first}");
                assert_eq!(loaded.index.len() as u64, 15 - (last - first + 1), "{what} {first}");
                assert!(!loaded.index.contains_version(&version(first)));
                let rows: Vec<IndexRow> = (first..=last).map(row).collect();
                let mut tx = store.write().unwrap();
                repair(&mut *tx, SUITE, &key(1), &CHART, &rows).unwrap();
                tx.commit().unwrap();
                assert_eq!(stored_rows(&store), (1..=15).map(row).collect::<Vec<_>>());
                assert_eq!(load_all(&store).damaged, []);
            }
        }
    }

    #[test]
    fn a_segment_put_back_after_it_was_merged_is_reported_and_changes_nothing() {
        let store = MemoryStore::new();
        for seq in 1..=15 {
            write_rows(&store, seq..=seq);
        }
        let old = store.read().unwrap().get(Table::Index, CHART.as_bytes(), &key_of(3, 3)).unwrap().unwrap();
        write_rows(&store, 16..=16);
        with_row(&store, |tx| tx.put(Table::Index, CHART.as_bytes(), &key_of(3, 3), &old).unwrap());
        let loaded = load_all(&store);
        assert_eq!(loaded.damaged, [3..=3]);
        assert_eq!(loaded.index.len(), 16);
    }

    #[test]
    fn a_damaged_segment_stops_no_append() {
        let store = MemoryStore::new();
        for seq in 1..=15 {
            write_rows(&store, seq..=seq);
        }
        with_row(&store, |tx| tx.put(Table::Index, CHART.as_bytes(), &key_of(9, 9), b"torn").unwrap());
        write_rows(&store, 16..=16);
        assert_eq!(segments(&store)[8..], [(9, 9), (10, 16)]);
        assert_eq!(load_all(&store).damaged, [9..=9]);
    }

    #[test]
    fn keys_that_are_none_of_ours_are_passed_over() {
        let store = MemoryStore::new();
        write_rows(&store, 1..=3);
        for foreign in [&[][..], &[0; 16], &[0xFF; 17], &key_of(9, 8)] {
            with_row(&store, |tx| tx.put(Table::Index, CHART.as_bytes(), foreign, b"x").unwrap());
        }
        let loaded = load_all(&store);
        assert_eq!((loaded.index.len(), loaded.damaged), (3, vec![]));
    }

    #[test]
    fn repair_changes_rows() {
        let store = MemoryStore::new();
        write_rows(&store, 1..=40);
        let quarantined = IndexRow { quarantined: true, ..row(17) };
        let mut tx = store.write().unwrap();
        repair(&mut *tx, SUITE, &key(1), &CHART, core::slice::from_ref(&quarantined)).unwrap();
        tx.commit().unwrap();
        let mut expected: Vec<IndexRow> = (1..=40).map(row).collect();
        expected[16] = quarantined;
        assert_eq!(stored_rows(&store), expected);
    }

    #[test]
    fn a_transaction_that_is_dropped_leaves_the_segments_before_a_merge() {
        let store = MemoryStore::new();
        for seq in 1..=15 {
            write_rows(&store, seq..=seq);
        }
        let before = segments(&store);
        let mut tx = store.write().unwrap();
        append(&mut *tx, SUITE, &key(1), &CHART, &[row(16)]).unwrap();
        drop(tx);
        assert_eq!(segments(&store), before);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

        /// Whatever the lots, the rows are all there in order, segments meet without gaps and stay few, and an index that
        /// is refreshed now and then equals one that is read anew.
        #[test]
        fn lots_of_any_size_merge_to_the_same_rows(lots in prop::collection::vec((1_u64..40, any::<bool>()), 1..60)) {
            let store = MemoryStore::new();
            let mut index = ChartIndex::new();
            let mut last = 0;
            for (len, look) in lots {
                write_rows(&store, last + 1..=last + len);
                last += len;
                if look {
                    prop_assert_eq!(refresh_from(&store, &mut index), []);
                    prop_assert_eq!(index.last_seq(), last);
                }
                let segments = segments(&store);
                prop_assert_eq!(segments[0].0, 1);
                prop_assert!(segments.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0));
                prop_assert!(segments.len() as u64 <= last / 256 + 45);
            }
            prop_assert_eq!(refresh_from(&store, &mut index), []);
            prop_assert_eq!(stored_rows(&store), (1..=last).map(row).collect::<Vec<_>>());
            let loaded = load_all(&store);
            prop_assert_eq!(loaded.damaged, []);
            let (read, kept): (Vec<_>, Vec<_>) = (loaded.index.after(0).collect(), index.after(0).collect());
            prop_assert_eq!(read, kept);
        }
    }
}
