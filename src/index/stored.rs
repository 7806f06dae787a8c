//! The segments of a chart's index in a store: load, append with merging, refresh, repair.

use super::ranges::{Coverage, MOST_WEIGHT, Place, Stored, TIERS, block, completed_block};
use super::segment::{self, Builder, Unreadable};
use super::{ChartIndex, Facts, IndexError, IndexRow, Judge};
use crate::codec::ChartId;
use crate::crypto::{Secret, Suite, role};
use crate::store::{Snapshot, Table, Transaction};
use core::borrow::Borrow;
use core::ops::RangeInclusive;
use std::collections::BTreeMap;

/// What [`load`] found.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) index: ChartIndex,
    /// Rows that are missing, do not open or stand twice, ascending. The last may end beyond the rows of the chart.
    pub(crate) damaged: Vec<RangeInclusive<u64>>,
}

/// Reads the index of a chart.
///
/// The last versions of a chart have no row in it yet, and that its end was cut off does not show here: compare
/// [`ChartIndex::last_seq`] with the entries of the chart.
pub(crate) fn load(
    snapshot: &dyn Snapshot,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    judge: Judge<'_>,
) -> Result<Loaded, IndexError> {
    read(snapshot, suite, key, chart, 1, ChartIndex::new(), judge)
}

/// Number of the last row that is stored, 0 where there is none; unknown where the last segment has no key of ours.
pub(crate) fn stored_to(snapshot: &dyn Snapshot, chart: &ChartId) -> Result<Option<u64>, IndexError> {
    place(chart).last(snapshot)
}

/// Most rows that have no segment yet: one more ends a block, wherever they begin.
pub(crate) const MOST_UNSTORED: usize = 15;

/// Whether rows that have no segment yet are enough for one. Until then they are derived from their entries where they are
/// needed, which costs a reader little, and spares every write a segment of its own.
pub(crate) fn is_due(stored_to: u64, last: u64) -> bool {
    last > stored_to && completed_block(stored_to.saturating_add(1), last).is_some()
}

/// Reads what was appended since `index` was read, by this process or another. What [`repair`] changed in older rows does
/// not show here: [`load`] where that may have happened. Says what is damaged, as [`Loaded`] does. On an error the index
/// may be empty; [`load`] it.
pub(crate) fn refresh(
    snapshot: &dyn Snapshot,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    index: &mut ChartIndex,
    judge: Judge<'_>,
) -> Result<Vec<RangeInclusive<u64>>, IndexError> {
    let known = index.last_seq();
    // Fewer are stored than known where the last have no segment yet.
    if place(chart).last(snapshot)?.is_some_and(|last| last <= known) {
        return Ok(Vec::new());
    }
    // The rows that are new may since have been merged with some that are known, back to the start of a block.
    let next = known.saturating_add(1);
    for start in [next].into_iter().chain(TIERS.map(|tier| block(next, tier))) {
        if place(chart).covers(snapshot, start, next)? {
            let loaded = read(snapshot, suite, key, chart, start, core::mem::take(index), judge)?;
            if loaded.damaged.is_empty() {
                *index = loaded.index;
                return Ok(Vec::new());
            }
            break;
        }
    }
    let loaded = load(snapshot, suite, key, chart, judge)?;
    *index = loaded.index;
    Ok(loaded.damaged)
}

/// Appends rows, which must follow the last row of the chart, and merges what is due.
///
/// The caller holds the only transaction that writes and has made sure that its index is up to date.
pub(crate) fn append<R: Borrow<IndexRow>>(
    tx: &mut dyn Transaction,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    rows: &[R],
) -> Result<(), IndexError> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Ok(());
    };
    let (first, last) = (first.borrow().seq, last.borrow().seq);
    let small = total_weight(rows) <= MOST_WEIGHT && rows.len() <= MOST_ROWS;
    let Some(start) = completed_block(first, last).filter(|_| small) else {
        return write(tx, suite, key, chart, rows);
    };
    let joined = place(chart).trailing(&*tx, start, first, |stored| {
        segment::open_plain(suite, key, chart, stored.first, stored.last, &stored.sealed)
    })?;
    let bodies = joined.iter().rev().map_while(|(stored, plain)| {
        let body = segment::parse(plain, stored.first, stored.last).ok()?;
        Some((stored.first, stored.last, body))
    });
    let mut bodies: Vec<_> = bodies.collect();
    bodies.reverse();
    let mut builder = Builder::default();
    for (first, last, body) in bodies {
        builder.add_segment(first, last, body)?;
        place(chart).delete(tx, first, last)?;
    }
    rows.iter().try_for_each(|row| builder.add_row(row.borrow()))?;
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
    let mut ranges = Vec::new();
    place(chart).each(&*tx, 1, &mut |Stored { first, last, sealed }| {
        match segment::open(suite, key, chart, first, last, &sealed) {
            Ok(rows) => all.extend(rows.into_iter().map(|row| (row.seq, row))),
            Err(Unreadable::Damaged) => {}
            Err(Unreadable::Newer) => return Err(IndexError::Newer),
        }
        ranges.push((first, last));
        Ok(())
    })?;
    all.extend(rows.iter().map(|row| (row.seq, row.clone())));
    for (first, last) in ranges {
        place(chart).delete(tx, first, last)?;
    }
    let all: Vec<IndexRow> = all.into_values().collect();
    for run in all.chunk_by(|a, b| a.seq.checked_add(1) == Some(b.seq)) {
        write(tx, suite, key, chart, run)?;
    }
    Ok(())
}

/// Most rows that are written as one segment; a merge may reach one more such lot.
const MOST_ROWS: usize = 4096;

fn place(chart: &ChartId) -> Place<'_> {
    Place { table: Table::Index, part: chart.as_bytes() }
}

/// Reads the segments that begin at row `start` or later into `index`, which has rows before them or none.
fn read(
    snapshot: &dyn Snapshot,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    start: u64,
    mut index: ChartIndex,
    judge: Judge<'_>,
) -> Result<Loaded, IndexError> {
    let mut coverage = Coverage::after(index.last_seq());
    place(chart).each(snapshot, start, &mut |Stored { first, last, sealed }| {
        let opened = segment::open_plain(suite, key, chart, first, last, &sealed);
        let body = opened.as_ref().map_err(|error| *error).and_then(|plain| segment::parse(plain, first, last));
        let body = match body {
            Ok(body) => body,
            Err(error) => return coverage.unreadable(error, first, last),
        };
        let strings: Option<Vec<u32>> = body.strings.iter().map(|text| index.string_number(text)).collect();
        let authors: Option<Vec<u32>> = body.authors.iter().map(|author| index.author_number(*author)).collect();
        let heads: Option<Vec<u32>> = body.heads.iter().map(|head| index.head_number(*head)).collect();
        let ((strings, authors), heads) = strings.zip(authors).zip(heads).ok_or(IndexError::Unsealable)?;
        let new = coverage.readable(first, last);
        index.reserve(body.rows.len());
        for (seq, mut row) in (first..=last).zip(body.rows).filter(|(seq, _)| *seq >= new) {
            let author = usize::try_from(row.author).ok().and_then(|author| body.authors.get(author));
            let author = *author.ok_or(IndexError::Unsealable)?;
            let quarantined = judge(&Facts { author, chain_seq: row.chain_seq });
            row.renumber(&strings, &authors, &heads)?;
            if index.add(seq, &row, quarantined).is_err() {
                coverage.damage(seq..=seq);
            }
        }
        Ok(())
    })?;
    Ok(Loaded { index, damaged: coverage.finish() })
}

/// Writes rows that follow one another as segments of bounded size.
fn write<R: Borrow<IndexRow>>(
    tx: &mut dyn Transaction,
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    rows: &[R],
) -> Result<(), IndexError> {
    let mut builder = Builder::default();
    let (mut count, mut total) = (0_usize, 0_usize);
    for row in rows.iter().map(R::borrow) {
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
    place(chart).put(tx, first, last, &sealed)
}

/// About the bytes that a row takes in a segment where its strings stand for the first time.
fn weight(row: &IndexRow) -> usize {
    let terms = &row.terms;
    let codes = terms.codes.iter().flat_map(|code| [&code.system, &code.value]);
    let texts = codes.chain(&terms.words).chain([&terms.kind]);
    let lists = row.parents.len().saturating_add(terms.dates.len());
    texts.fold(lists.saturating_mul(24).saturating_add(200), |sum, text| {
        sum.saturating_add(text.len()).saturating_add(8)
    })
}

fn total_weight<R: Borrow<IndexRow>>(rows: &[R]) -> usize {
    rows.iter().map(|row| weight(row.borrow())).fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    use super::super::samples::{APART, CHART, judge, key, row, version};
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
        load(&*store.read().unwrap(), SUITE, &key(1), &CHART, &judge).unwrap()
    }

    fn refresh_from(store: &MemoryStore, index: &mut ChartIndex) -> Vec<RangeInclusive<u64>> {
        refresh(&*store.read().unwrap(), SUITE, &key(1), &CHART, index, &judge).unwrap()
    }

    fn segments(store: &MemoryStore) -> Vec<(u64, u64)> {
        let rows = store.read().unwrap().scan(Table::Index, CHART.as_bytes(), None, usize::MAX).unwrap();
        rows.iter().map(|(key, _)| (number(&key[..8]), number(&key[8..]))).collect()
    }

    fn number(bytes: &[u8]) -> u64 {
        u64::from_be_bytes(bytes.try_into().unwrap())
    }

    fn key_of(first: u64, last: u64) -> Vec<u8> {
        [first.to_be_bytes(), last.to_be_bytes()].concat()
    }

    /// All rows as they lie in the store.
    fn stored_rows(store: &MemoryStore) -> Vec<IndexRow> {
        let mut rows = Vec::new();
        place(&CHART)
            .each(&*store.read().unwrap(), 1, &mut |stored| {
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
                std::sync::Arc::make_mut(&mut row.terms).words =
                    (0..1024).map(|i| format!("{seq:030}-{i:030}")).collect();
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
    fn one_row_more_than_may_be_unstored_is_stored() {
        let most = u64::try_from(MOST_UNSTORED).unwrap();
        assert!((0..600).all(|to| is_due(to, to + most + 1)));
        assert!(!is_due(16, 16 + most) && !is_due(4096, 4096 + most));
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
        let quarantined = IndexRow { chain_seq: APART, ..row(17) };
        let mut tx = store.write().unwrap();
        repair(&mut *tx, SUITE, &key(1), &CHART, core::slice::from_ref(&quarantined)).unwrap();
        tx.commit().unwrap();
        let mut expected: Vec<IndexRow> = (1..=40).map(row).collect();
        expected[16] = quarantined;
        assert_eq!(stored_rows(&store), expected);
        assert!(load_all(&store).index.version(&version(17)).unwrap().quarantined);
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
