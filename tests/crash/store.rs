//! The SQLite store under faults: what it acknowledged is there, and each change is there whole or not at all.

use std::path::Path;

use ampoule::store::{Durability, Snapshot, Store, Table};
use ampoule::{SqliteOptions, SqliteStore, StoreError};

use crate::unsynced::{Fault, Line, Machine, Notes, Run, child};

const DURABILITY: &str = "AMPOULE_TEST_DURABILITY";
const CHANGES: u64 = 24;

/// What change `number` writes: rows of several sizes, one of which is removed again by the next change.
fn apply(store: &SqliteStore, number: u64) -> Result<(), StoreError> {
    let mut change = store.write()?;
    let name = number.to_be_bytes();
    change.put(Table::Entries, b"chart", &name, &entry(number))?;
    change.put(Table::Wraps, b"chart", &name, &name)?;
    if number > 1 {
        let earlier = (number - 1).to_be_bytes();
        assert!(change.delete(Table::Wraps, b"chart", &earlier)?);
    }
    change.put(Table::Vault, b"", b"count", &name)?;
    change.commit().map(drop)
}

fn entry(number: u64) -> Vec<u8> {
    let len = usize::try_from(number * 977 % 9000).unwrap();
    (number..).map(|at| at.to_le_bytes()[0]).take(len).collect()
}

/// How many changes there are; fails unless all of each is there.
fn whole_changes(view: &dyn Snapshot) -> u64 {
    let count =
        view.get(Table::Vault, b"", b"count").unwrap().map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()));
    let entries = view.scan(Table::Entries, b"chart", None, usize::MAX).unwrap();
    let expected: Vec<_> = (1..=count).map(|number| (number.to_be_bytes().to_vec(), entry(number))).collect();
    assert!(entries == expected, "an entry is missing, torn or too many");
    let wraps = view.scan(Table::Wraps, b"chart", None, usize::MAX).unwrap();
    let last = count.to_be_bytes().to_vec();
    let expected = if count == 0 { vec![] } else { vec![(last.clone(), last)] };
    assert_eq!(wraps, expected);
    count
}

/// The child's side. Under a fault that does not end the process it goes on after an error, and opens the store again
/// where it is not known what happened.
fn work(folder: &Path, mut notes: Notes) {
    let path = folder.join("store.db");
    let durability = match std::env::var(DURABILITY).as_deref() {
        Ok("relaxed") => Durability::Relaxed,
        _ => Durability::Full,
    };
    let open = || SqliteOptions::new().durability(durability).open(&path);
    let mut store = open();
    let mut number = 1;
    let mut tries = 0;
    while number <= CHANGES && tries < 3 {
        notes.add(&format!("begin {number}"));
        let done = match &store {
            Ok(store) => apply(store, number),
            Err(error) => Err(*error),
        };
        match done {
            Ok(()) => {
                notes.add(&format!("done {number}"));
                // Also the log goes into the file now and then, and the file is closed and opened.
                if number % 7 == 0
                    && let Ok(store) = &store
                {
                    let _ = store.checkpoint();
                }
                if number % 10 == 0 {
                    drop(store);
                    store = open();
                }
                number += 1;
            }
            Err(error) => {
                notes.add(&format!("failed {number} {error:?}"));
                tries += 1;
                drop(store);
                store = open();
                if let Ok(store) = &store {
                    number = whole_changes(&*store.read().unwrap()) + 1;
                }
            }
        }
    }
}

/// The last number that was noted with this word.
fn last(run: &Run, word: &str) -> u64 {
    run.notes().rev().find_map(|note| note.strip_prefix(word)?.trim_start().parse().ok()).unwrap_or(0)
}

/// What a store that is opened after the run holds.
fn found(run: &Run) -> u64 {
    // Nothing fails any more: there is no need to wait for the disk.
    let store = SqliteOptions::new().durability(Durability::Relaxed).open(run.folder().join("store.db")).unwrap();
    store.check().unwrap();
    let count = whole_changes(&*store.read().unwrap());
    // It can be written again.
    apply(&store, count + 1).unwrap();
    assert_eq!(whole_changes(&*store.read().unwrap()), count + 1);
    count
}

fn undisturbed(test: &str, durability: &str) -> Run {
    let run = Machine::new(test).set(DURABILITY, durability).run(None);
    assert!(!run.killed);
    assert_eq!(last(&run, "done"), CHANGES);
    assert_eq!(found(&run), CHANGES);
    run
}

/// Some faults at each event, spread so that all kinds of events meet all kinds of faults.
fn events(run: &Run, step: usize) -> impl Iterator<Item = u64> {
    let all = run.events();
    assert!(all > 100, "the calls of SQLite are not followed");
    (1..=all).step_by(step)
}

#[test]
fn what_is_acknowledged_survives_a_power_cut() {
    const TEST: &str = "store::what_is_acknowledged_survives_a_power_cut";
    if let Some((folder, notes)) = child() {
        return work(&folder, notes);
    }
    let all = undisturbed(TEST, "full");
    let mut within = 0;
    for event in events(&all, 2) {
        let fault = match event % 3 {
            0 => Fault::TornPowerCut { seed: event },
            1 => Fault::Kill,
            _ => Fault::PowerCut,
        };
        let run = Machine::new(TEST).run(Some((event, fault)));
        assert!(run.killed, "event {event} did not come");
        let (begun, done) = (last(&run, "begin"), last(&run, "done"));
        let count = found(&run);
        assert!(
            done <= count && count <= begun,
            "{fault:?} at {event}: {done} were acknowledged and {begun} begun, {count} are there"
        );
        within += u32::from(matches!(run.log.as_slice(),
            [.., Line::Event { .. }, Line::Event { .. }] if begun > done));
    }
    // Most of the faults came between the first and the last call of a change.
    assert!(within >= 100, "{within}");
}

/// The same test on a store that does not sync each commit loses what it acknowledged: the power cut is a real one.
/// What is left is whole all the same.
#[test]
fn without_syncing_acknowledged_changes_are_lost() {
    const TEST: &str = "store::without_syncing_acknowledged_changes_are_lost";
    if let Some((folder, notes)) = child() {
        return work(&folder, notes);
    }
    let all = undisturbed(TEST, "relaxed");
    let mut lost = 0;
    for event in events(&all, 5) {
        let run = Machine::new(TEST).set(DURABILITY, "relaxed").run(Some((event, Fault::PowerCut)));
        assert!(run.killed);
        let count = found(&run);
        assert!(count <= last(&run, "begin"));
        lost += last(&run, "done").saturating_sub(count);
    }
    assert!(lost > 0);
}

#[test]
fn a_killed_process_loses_nothing_even_without_syncing() {
    const TEST: &str = "store::a_killed_process_loses_nothing_even_without_syncing";
    if let Some((folder, notes)) = child() {
        return work(&folder, notes);
    }
    let all = undisturbed(TEST, "relaxed");
    for event in events(&all, 5) {
        let run = Machine::new(TEST).set(DURABILITY, "relaxed").run(Some((event, Fault::Kill)));
        assert!(run.killed);
        assert!(found(&run) >= last(&run, "done"));
    }
}

#[test]
fn a_failing_disk_is_told_and_loses_nothing() {
    const TEST: &str = "store::a_failing_disk_is_told_and_loses_nothing";
    if let Some((folder, notes)) = child() {
        return work(&folder, notes);
    }
    let all = undisturbed(TEST, "full");
    let mut full = 0;
    let mut failed = 0;
    for event in events(&all, 6) {
        for fault in [Fault::DiskFull, Fault::Io] {
            let run = Machine::new(TEST).run(Some((event, fault)));
            assert!(!run.killed);
            let count = found(&run);
            assert!(last(&run, "done") <= count && count <= last(&run, "begin"));
            full += run.notes().filter(|note| note.ends_with("Full")).count();
            failed += run.notes().filter(|note| note.ends_with("Io") || note.ends_with("Uncertain")).count();
            if fault == Fault::Io {
                // One error at the most, and then the work is done.
                assert_eq!(count, CHANGES);
            }
        }
    }
    assert!(full > 0 && failed > 0);
}
