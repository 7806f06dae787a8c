//! The index against a model that knows no shortcut: every answer is computed from the list of all rows.
#![allow(clippy::arithmetic_side_effects)]

use super::chart::InsertError;
use super::samples::{APART, entry, judge, row, version};
use super::{ChartIndex, Hit, IndexRow, Query};
use crate::codec::{EntryId, Hash, VersionId};
use crate::record::{Code, DateRange, Kind, Terms};
use core::cmp::Reverse;
use proptest::prelude::*;
use std::sync::Arc;

const SYSTEMS: [&str; 2] = ["http://loinc.org", ""];
const CODES: [&str; 3] = ["4548-4", "718-7", ""];
const WORDS: [&str; 6] = ["glucose", "glue", "gluten", "heart", "hear", "blood"];
const KINDS: [&str; 3] = ["Observation", "Condition", ""];

fn build(rows: &[IndexRow]) -> ChartIndex {
    let mut index = ChartIndex::new();
    for row in rows {
        index.insert(row, judge(&row.facts())).unwrap();
    }
    index
}

/// Heads by definition, in the order that is promised.
fn model_heads<'a>(rows: &'a [IndexRow], entry: &EntryId) -> Vec<&'a IndexRow> {
    let versions: Vec<_> = rows.iter().filter(|row| row.entry == *entry && row.chain_seq != APART).collect();
    let replaced = |row: &IndexRow| {
        versions.iter().any(|other| other.version != row.version && other.parents.contains(&row.version))
    };
    let order = |row: &&IndexRow| Reverse((!row.tombstone, row.time_ms, row.version));
    let mut heads: Vec<_> = versions.iter().copied().filter(|row| !replaced(row)).collect();
    if heads.is_empty() {
        heads.extend(versions.iter().copied().min_by_key(order));
    }
    heads.sort_by_key(order);
    heads
}

fn model_matches(row: &IndexRow, query: &Query) -> bool {
    let terms = &row.terms;
    !query.nothing
        && query.kind.as_ref().is_none_or(|kind| terms.kind == *kind)
        && query
            .codes
            .iter()
            .all(|(system, value)| terms.codes.iter().any(|code| code.system == *system && code.value == *value))
        && query.dates.is_none_or(|range| terms.dates.iter().any(|date| date.overlaps(&range)))
        && query.words.iter().all(|word| terms.words.contains(word))
        && query.prefixes.iter().all(|prefix| terms.words.iter().any(|word| word.starts_with(prefix)))
}

/// Entries with a head that does not delete and that `fits`.
fn model_find(rows: &[IndexRow], fits: impl Fn(&IndexRow) -> bool) -> Vec<(EntryId, VersionId, bool)> {
    let mut hits: Vec<_> = entries_of(rows)
        .iter()
        .filter_map(|entry| {
            let heads = model_heads(rows, entry);
            let conflict = heads.len() > 1;
            let hit = heads.into_iter().find(|row| !row.tombstone && fits(row))?;
            Some((hit.seq, (*entry, hit.version, conflict)))
        })
        .collect();
    hits.sort_by_key(|(seq, _)| *seq);
    hits.into_iter().map(|(_, hit)| hit).collect()
}

fn plain(hits: Vec<Hit>) -> Vec<(EntryId, VersionId, bool)> {
    hits.into_iter().map(|hit| (hit.entry, hit.version, hit.conflict)).collect()
}

fn entries_of(rows: &[IndexRow]) -> Vec<EntryId> {
    let mut entries: Vec<_> = rows.iter().map(|row| row.entry).collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}

fn pick(from: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(from).prop_map(str::to_owned)
}

fn date() -> impl Strategy<Value = DateRange> {
    (0_i64..50, 1_i64..10).prop_map(|(start, len)| DateRange::new(start, start + len).unwrap())
}

fn terms() -> impl Strategy<Value = Terms> {
    let code = (pick(&SYSTEMS), pick(&CODES)).prop_map(|(system, value)| Code { system, value });
    (
        pick(&KINDS),
        prop::collection::vec(code, 0..3),
        prop::collection::vec(date(), 0..3),
        prop::collection::vec(pick(&WORDS), 0..4),
    )
        .prop_map(|(kind, codes, dates, words)| Terms { kind, codes, dates, words })
}

/// Rows of few entries. A parent may be of another entry, may be the version itself, may come later or never.
fn rows() -> impl Strategy<Value = Vec<IndexRow>> {
    let one = (
        0_u64..5,
        prop::collection::vec(0_u64..32, 0..3),
        0_i64..4,
        (prop::bool::weighted(0.2), prop::bool::weighted(0.15)),
        prop::option::of(0_u8..6),
        1_u8..=3,
        terms(),
    );
    prop::collection::vec(one, 0..30).prop_map(|all| {
        (1..)
            .zip(all)
            .map(|(seq, (of, parents, time_ms, (tombstone, quarantined), request, kind, terms))| IndexRow {
                entry: entry(of),
                kind: Kind::from_u8(kind).unwrap(),
                parents: parents.into_iter().map(version).collect(),
                time_ms,
                tombstone,
                chain_seq: if quarantined { APART } else { seq },
                request: request.map(|byte| Hash::from_bytes([byte; 32])),
                terms: Arc::new(terms),
                ..row(seq)
            })
            .collect()
    })
}

fn query() -> impl Strategy<Value = Query> {
    (
        prop::option::of(pick(&KINDS)),
        prop::collection::vec((pick(&SYSTEMS), pick(&CODES)), 0..2),
        prop::option::of(date()),
        prop::collection::vec(pick(&WORDS), 0..2),
        prop::option::of(prop::sample::select(&["gl", "glu", "hea", "x", "glucose"][..])),
    )
        .prop_map(|(kind, codes, dates, words, prefix)| {
            let mut query = kind.map_or_else(Query::all, Query::kind);
            for (system, value) in codes {
                query = query.code(system, value);
            }
            query = dates.into_iter().fold(query, Query::dates);
            query = words.iter().fold(query, |query, word| query.words(word));
            prefix.into_iter().fold(query, Query::word_prefix)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn heads_and_versions_are_those_of_the_model(rows in rows()) {
        let mut index = ChartIndex::new();
        for (count, new) in (1..).zip(&rows) {
            index.insert(new, judge(&new.facts())).unwrap();
            let known = &rows[..count];
            for entry in entries_of(&rows) {
                let expected: Vec<_> = model_heads(known, &entry).iter().map(|row| row.version).collect();
                let found: Vec<_> = index.heads(&entry).map_or_else(Vec::new, |heads| {
                    let all = core::iter::once(heads.current).chain(heads.conflicts);
                    all.map(|head| head.version).collect()
                });
                prop_assert_eq!(found, expected);
            }
        }
        for entry in entries_of(&rows) {
            let expected: Vec<_> = rows.iter().filter(|row| row.entry == entry).map(|row| row.seq).collect();
            let found: Vec<_> = index.versions_of(&entry).iter().map(|version| version.seq).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn find_answers_as_the_model(rows in rows(), queries in prop::collection::vec(query(), 8)) {
        let index = build(&rows);
        for query in queries {
            prop_assert_eq!(plain(index.find(&query)), model_find(&rows, |row| model_matches(row, &query)));
        }
        prop_assert_eq!(plain(index.entries(None)), model_find(&rows, |_| true));
        for kind in Kind::ALL {
            prop_assert_eq!(plain(index.entries(Some(kind))), model_find(&rows, |row| row.kind == kind));
        }
    }

    /// What is current does not depend on the order in which versions came.
    #[test]
    fn any_order_gives_the_same_heads(rows in rows(), seed in any::<u64>()) {
        let index = build(&rows);
        let mut other = rows.clone();
        other.sort_by_key(|row| (row.seq.wrapping_mul(seed | 1)) >> 7);
        for (seq, row) in (1..).zip(&mut other) {
            row.seq = seq;
        }
        let shuffled = build(&other);
        for entry in entries_of(&rows) {
            let ids = |index: &ChartIndex| {
                index.heads(&entry).map(|heads| {
                    let others: Vec<_> = heads.conflicts.iter().map(|head| head.version).collect();
                    (heads.current.version, others)
                })
            };
            prop_assert_eq!(ids(&index), ids(&shuffled));
        }
    }

    #[test]
    fn every_version_is_what_was_inserted(rows in rows(), start in 0_u64..32) {
        let index = build(&rows);
        prop_assert_eq!(index.len(), rows.len());
        prop_assert_eq!(index.last_seq(), rows.len() as u64);
        for row in &rows {
            let found = index.version(&row.version).unwrap();
            prop_assert!(index.contains_version(&row.version));
            prop_assert_eq!(
                (found.seq, found.entry, found.version, found.hash, found.kind, found.compartment),
                (row.seq, row.entry, row.version, row.hash, row.kind, row.compartment)
            );
            prop_assert_eq!(
                (found.parents, found.author, found.time_ms, found.tombstone, found.quarantined),
                (&row.parents[..], row.author, row.time_ms, row.tombstone, row.chain_seq == APART)
            );
            if let Some(request) = &row.request {
                let first = rows.iter().find(|other| other.request.as_ref() == Some(request)).unwrap();
                prop_assert_eq!(index.by_request(request).unwrap().version, first.version);
            }
        }
        let later: Vec<_> = index.after(start).map(|version| version.seq).collect();
        prop_assert_eq!(later, (start + 1..=rows.len() as u64).collect::<Vec<_>>());
    }
}

#[test]
fn a_row_that_does_not_follow_or_is_known_changes_nothing() {
    let mut index = build(&[row(1), row(2)]);
    assert_eq!(index.insert(&row(2), false), Err(InsertError::OutOfOrder));
    assert_eq!(index.insert(&row(4), false), Err(InsertError::OutOfOrder));
    let known = IndexRow { version: version(1), hash: row(1).hash, ..row(3) };
    assert_eq!(index.insert(&known, false), Err(InsertError::KnownVersion));
    assert_eq!((index.len(), index.last_seq()), (2, 2));
    assert_eq!(index.heads(&entry(3)), None);
    index.insert(&row(3), false).unwrap();
}

/// Somebody gives a version the id of another, in that entry or in one of his own.
#[test]
fn a_version_whose_id_is_taken_is_a_version_all_the_same() {
    let twin = |of: u64| IndexRow { entry: entry(of), version: version(1), ..row(2) };
    let child = |of: u64| IndexRow { entry: entry(of), parents: vec![version(1)], ..row(3) };
    let heads = |rows: &[IndexRow], of: u64| {
        let index = build(rows);
        assert!(rows.iter().all(|row| index.contains(&row.version, &row.hash)));
        let heads = index.heads(&entry(of)).unwrap();
        core::iter::once(&heads.current).chain(&heads.conflicts).map(|head| head.hash).collect::<Vec<_>>()
    };
    let orders = |rows: [IndexRow; 3]| {
        let order = |[a, b, c]: [usize; 3]| {
            let rows = [rows[a].clone(), rows[b].clone(), rows[c].clone()];
            (1..).zip(rows).map(|(seq, row)| IndexRow { seq, ..row }).collect::<Vec<_>>()
        };
        [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].map(order)
    };
    for rows in orders([row(1), twin(1), row(4)]) {
        let mut both = heads(&rows, 1);
        both.sort_unstable();
        assert_eq!(both, [row(1).hash, twin(1).hash]);
    }
    for rows in orders([row(1), twin(1), child(1)]) {
        assert_eq!(heads(&rows, 1), [row(3).hash]);
    }
    for rows in orders([row(1), twin(2), child(2)]) {
        assert_eq!((heads(&rows, 1), heads(&rows, 2)), (vec![row(1).hash], vec![row(3).hash]));
    }
}

#[test]
fn nobody_hides_an_entry_by_naming_its_version_from_another() {
    let mut evil = row(2);
    evil.parents = vec![version(1)];
    let index = build(&[row(1), evil]);
    assert_eq!(index.heads(&entry(1)).unwrap().current.version, version(1));
}

#[test]
fn versions_that_replace_each_other_leave_the_entry_visible() {
    let circle = |seq, parent| IndexRow { entry: entry(1), parents: vec![version(parent)], ..row(seq) };
    let mut index = build(&[circle(1, 2), circle(2, 1)]);
    let heads = index.heads(&entry(1)).unwrap();
    assert_eq!((heads.current.version, heads.conflicts.len()), (version(2), 0));
    index.insert(&circle(3, 2), false).unwrap();
    assert_eq!(index.heads(&entry(1)).unwrap().current.version, version(3));
}

#[test]
fn a_deletion_hides_nothing_that_it_did_not_know() {
    let change = IndexRow { entry: entry(1), parents: vec![version(1)], time_ms: 5, ..row(2) };
    let deletion = IndexRow { tombstone: true, time_ms: 9, ..change.clone() };
    let deletion = IndexRow { seq: 3, version: version(3), ..deletion };
    let index = build(&[row(1), change, deletion]);
    let heads = index.heads(&entry(1)).unwrap();
    assert_eq!((heads.current.version, heads.conflicts[0].version), (version(2), version(3)));
    assert_eq!(index.entries(None).len(), 1);
}

#[test]
fn debug_shows_counts_only() {
    assert_eq!(format!("{:?}", build(&[row(1)])), "ChartIndex { rows: 1, entries: 1, .. }");
}
