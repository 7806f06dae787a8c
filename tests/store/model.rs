//! Random operations on a store and on a plain map, which must agree at every step.

use std::collections::BTreeMap;

use ampoule::store::{Row, Snapshot, Store, Table};
use proptest::collection::vec;
use proptest::prelude::*;

type Model = BTreeMap<(Table, Vec<u8>, Vec<u8>), Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    /// Changes in one transaction, committed or dropped.
    Write(Vec<Change>, bool),
    /// Takes a snapshot and keeps it.
    Hold,
    /// Drops one of the snapshots that are kept.
    Release(usize),
    /// Closes the store and opens it again, where it has a file.
    Reopen,
}

#[derive(Clone, Debug)]
struct Change {
    place: Place,
    /// `None` removes.
    value: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
struct Place {
    table: Table,
    part: Vec<u8>,
    key: Vec<u8>,
}

/// Few places, so that changes meet.
fn place() -> impl Strategy<Value = Place> {
    (
        prop::sample::select(vec![Table::Vault, Table::Entries, Table::Index]),
        vec(0_u8..2, 0..2),
        prop::sample::select(vec![vec![], vec![0], vec![0, 0], vec![1], vec![0x7f], vec![0x80], vec![0xff, 0xff]]),
    )
        .prop_map(|(table, part, key)| Place { table, part, key })
}

fn step() -> impl Strategy<Value = Step> {
    let value =
        prop_oneof![vec(any::<u8>(), 0..8), (any::<u8>(), 3_000..9_000_usize).prop_map(|(byte, len)| vec![byte; len]),];
    let change = (place(), prop::option::weighted(0.7, value)).prop_map(|(place, value)| Change { place, value });
    prop_oneof![
        6 => (vec(change, 0..6), prop::bool::weighted(0.8))
            .prop_map(|(changes, commit)| Step::Write(changes, commit)),
        3 => Just(Step::Hold),
        2 => any::<usize>().prop_map(Step::Release),
        1 => Just(Step::Reopen),
    ]
}

/// Reads everything that can be read, by every way there is.
fn agree(view: &dyn Snapshot, model: &Model, limit: usize) {
    for table in [Table::Vault, Table::Entries, Table::Index] {
        for part in [&b""[..], b"\0", b"\x01"] {
            let rows: Vec<Row> = model
                .iter()
                .filter(|((in_table, in_part, _), _)| *in_table == table && in_part == part)
                .map(|((_, _, key), value)| (key.clone(), value.clone()))
                .collect();
            assert_eq!(view.last(table, part).unwrap().as_ref(), rows.last());
            let first: Vec<Row> = rows.iter().take(limit).cloned().collect();
            assert_eq!(view.scan(table, part, None, limit).unwrap(), first);
            for key in [&b""[..], b"\0", b"\0\0", b"\x01", b"\x7f", b"\x80", b"\xff\xff"] {
                let value = rows.iter().find(|row| row.0 == key).map(|row| row.1.clone());
                assert_eq!(view.get(table, part, key).unwrap(), value);
                let later: Vec<Row> = rows.iter().filter(|row| row.0.as_slice() > key).take(limit).cloned().collect();
                assert_eq!(view.scan(table, part, Some(key), limit).unwrap(), later);
            }
        }
    }
}

/// Runs steps up to the next [`Step::Reopen`]; returns how many were run.
fn run(store: &dyn Store, model: &mut Model, steps: &[Step], limit: usize) -> usize {
    let mut held: Vec<(Box<dyn Snapshot + '_>, Model)> = Vec::new();
    for (done, step) in steps.iter().enumerate() {
        match step {
            Step::Write(changes, commit) => {
                let mut transaction = store.write().unwrap();
                let mut after = model.clone();
                for Change { place, value } in changes {
                    let Place { table, part, key } = place.clone();
                    let row = (table, part.clone(), key.clone());
                    if let Some(value) = value {
                        transaction.put(table, &part, &key, value).unwrap();
                        after.insert(row, value.clone());
                    } else {
                        let was_there = transaction.delete(table, &part, &key).unwrap();
                        assert_eq!(was_there, after.remove(&row).is_some());
                    }
                }
                agree(&*transaction, &after, limit);
                // What is not committed is seen by nobody else.
                agree(&*store.read().unwrap(), model, limit);
                if *commit {
                    transaction.commit().unwrap();
                    *model = after;
                }
            }
            Step::Hold => held.push((store.read().unwrap(), model.clone())),
            Step::Release(which) if !held.is_empty() => {
                held.swap_remove(which % held.len());
            }
            Step::Release(_) => {}
            Step::Reopen => return done + 1,
        }
        agree(&*store.read().unwrap(), model, limit);
        for (view, seen) in &held {
            agree(&**view, seen, limit);
        }
    }
    steps.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn memory_does_as_a_map_does(steps in vec(step(), 1..30), limit in 1_usize..9) {
        let store = ampoule::MemoryStore::new();
        let mut model = Model::new();
        let mut left = steps.as_slice();
        while !left.is_empty() {
            let done = run(&store, &mut model, left, limit);
            left = &left[done..];
        }
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite_does_as_a_map_does(steps in vec(step(), 1..30), limit in 1_usize..9) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut model = Model::new();
        let mut left = steps.as_slice();
        while !left.is_empty() {
            // What survives the loss of power is not what is tested here.
            let store = ampoule::SqliteOptions::new()
                .durability(ampoule::store::Durability::Relaxed)
                .open(&path)
                .unwrap();
            agree(&*store.read().unwrap(), &model, limit);
            let done = run(&store, &mut model, left, limit);
            left = &left[done..];
            store.check().unwrap();
        }
    }
}
