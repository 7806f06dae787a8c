//! Stores that lie: an answer is the honest one or an error.

use super::*;
use crate::log::leaf::LeafRow;
use crate::log::{Checkpoint, standings};

const CHARTS: u64 = 40;

/// All that can be asked about some leaves and all charts.
fn observe(store: &dyn Store, leaves: &[u64]) -> Result<Vec<Vec<u8>>, LogError> {
    let view = store.read().unwrap();
    let log = Log::open(&*view, ID, signer(1).verifying_key())?;
    let mut reader = log.reader(&*view);
    let mut seen = vec![log.note().unwrap().to_bytes()];
    for index in leaves {
        seen.push(reader.leaf(*index)?.to_bytes());
        seen.push(reader.note(index + 1)?.to_bytes());
    }
    for number in 0..CHARTS + 2 {
        seen.push(reader.digest(&chart(number))?.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default());
    }
    Ok(seen)
}

fn key(index: u64) -> (Table, Vec<u8>) {
    (Table::Log, index.to_be_bytes().to_vec())
}

/// Attack 52: whatever byte of a row is changed, no answer is another than the honest one.
#[test]
fn h52_a_changed_byte_is_an_error() {
    let (store, _) = grown(258, CHARTS);
    let watched = [0, 255, 256, 257];
    let honest = observe(&store, &watched).unwrap();
    let rows = rows(&store);
    let root_page = &rows[&(Table::Map, vec![0])];
    let holds = |chart: ChartId| root_page.windows(32).any(|bytes| bytes == chart.as_bytes());
    let replaced = [256, 257].into_iter().filter(|number| holds(chart(number % CHARTS))).count();
    for ((table, row), value) in &rows {
        let index = row.as_slice().try_into().map(u64::from_be_bytes);
        if *table == Table::Log && !watched.contains(&index.unwrap()) {
            continue;
        }
        // Every hash of a tile, and every byte of all else.
        let step = if *table == Table::Tiles { 31 } else { 1 };
        let mut unseen = 0;
        for at in (0..value.len()).step_by(step) {
            let mut changed = value.clone();
            changed[at] ^= 1 << (at % 8);
            let mut tx = store.write().unwrap();
            tx.put(*table, ID.as_bytes(), row, &changed).unwrap();
            tx.commit().unwrap();
            match observe(&store, &watched) {
                Err(_) => {}
                Ok(seen) => {
                    assert_eq!(seen, honest, "{table:?} {row:?}, byte {at}");
                    unseen += 1;
                }
            }
        }
        // What answers nothing any more: the changes beside a leaf, once the map is stored with them, and digests of the
        // stored root page that a later leaf has replaced.
        let of_no_use = match *table {
            Table::Log if index.unwrap() < 256 => 64,
            Table::Map if row == &[0] => 32 * replaced,
            _ => 0,
        };
        assert_eq!(unseen, of_no_use, "{table:?} {row:?}");
        let mut tx = store.write().unwrap();
        tx.put(*table, ID.as_bytes(), row, value).unwrap();
        tx.commit().unwrap();
    }
    assert_eq!(observe(&store, &watched).unwrap(), honest);
}

/// Attack 52: what the note covers is checked when the log is opened, before anything is asked.
#[test]
fn h52_a_leaf_that_was_not_signed_does_not_open() {
    let (store, _) = grown(258, CHARTS);
    let honest = rows(&store);
    assert!(open(&store).is_ok());
    for index in [256, 257] {
        let mut row = LeafRow::from_bytes(&honest[&key(index)]).unwrap();
        row.leaf.sealed = b"other events".to_vec();
        let mut forged = honest.clone();
        forged.insert(key(index), row.to_bytes());
        assert_eq!(open(&store_of(&forged)).unwrap_err(), LogError::Damaged);
    }
}

/// Attack 52: a row that is left out, or swapped for another, is an error for whoever needs it.
#[test]
fn h52_a_row_that_is_missing_or_another_is_an_error() {
    let (store, _) = grown(300, CHARTS);
    let honest = rows(&store);
    assert!(observe(&store, &(0..300).collect::<Vec<_>>()).is_ok());
    for ((table, row), value) in &honest {
        let asked = match *table {
            Table::Log => u64::from_be_bytes(row.as_slice().try_into().unwrap()),
            _ => 0,
        };
        let mut without = honest.clone();
        without.remove(&(*table, row.clone()));
        let store = store_of(&without);
        // Without its last row the log is the log before: only a checkpoint tells, see below.
        if (*table, row.clone()) == key(299) {
            assert_eq!(open(&store).unwrap().size(), 299);
            continue;
        }
        assert!(observe(&store, &[asked]).is_err(), "{table:?} {row:?} missing");
        let next = honest.range((*table, row.clone())..).nth(1);
        if let Some(((next_table, next_row), other)) = next.filter(|((of, _), _)| of == table) {
            let mut swapped = honest.clone();
            swapped.insert((*table, row.clone()), other.clone());
            swapped.insert((*next_table, next_row.clone()), value.clone());
            assert!(observe(&store_of(&swapped), &[asked]).is_err(), "{table:?} {row:?} swapped");
        }
    }
}

/// Attack 27: a row that is taken back to what it once was is an error.
#[test]
fn d27_an_older_row_is_an_error() {
    let (store, mut log) = grown(300, CHARTS);
    let before = rows(&store);
    grow(&mut log, &store, 700, CHARTS);
    let honest = rows(&store);
    let watched = [0, 299, 511, 699];
    assert!(observe(&store, &watched).is_ok());
    let mut tried = 0;
    for (place, old) in before.iter().filter(|(place, old)| honest[*place] != **old) {
        let mut mixed = honest.clone();
        mixed.insert(place.clone(), old.clone());
        assert!(observe(&store_of(&mixed), &watched).is_err(), "{place:?}");
        tried += 1;
    }
    // The tile above, the root page and others of the map.
    assert!(tried > 5);
}

/// Attack 27: a store that is rolled back as a whole opens, and is behind what was kept elsewhere.
#[test]
fn d27_a_store_rolled_back_is_behind_its_checkpoint() {
    let (store, mut log) = grown(10, CHARTS);
    let standing = |store: &MemoryStore, kept: &Checkpoint| {
        let view = store.read().unwrap();
        let log = Log::open(&*view, ID, signer(1).verifying_key()).unwrap();
        standings(kept, &*view, &[&log]).unwrap()[&ID]
    };
    for size in [11, 255, 256, 257, 600] {
        let before = rows(&store);
        let old = Checkpoint::of(VAULT, 1, [&log]);
        assert_eq!(standing(&store, &old), Standing::Same);
        grow(&mut log, &store, size, CHARTS);
        let kept = Checkpoint::from_bytes(&Checkpoint::of(VAULT, 2, [&log]).to_bytes()).unwrap();
        assert_eq!(standing(&store, &kept), Standing::Same);
        assert_eq!(standing(&store, &old), Standing::Extended);
        assert_eq!(standing(&store_of(&before), &kept), Standing::Behind);
        // Who had it open does not take the old one either.
        assert_eq!(log.reopen(&*store_of(&before).read().unwrap()).unwrap_err(), LogError::Damaged);
    }
    let kept = Checkpoint::of(VAULT, 3, [&log]);
    assert_eq!(standings(&kept, &*store.read().unwrap(), &[]).unwrap()[&ID], Standing::Missing);
}

/// Attack 28: of two histories that both are signed, only one extends what was kept.
#[test]
fn d28_a_fork_is_none_of_its_checkpoint() {
    for (common, size) in [(10, 11), (10, 300), (255, 256), (256, 257), (300, 600)] {
        let (store, mut log) = grown(common, CHARTS);
        let other = store_of(&rows(&store));
        let mut fork = log.clone();
        let mut tx = other.write().unwrap();
        add(&mut fork, &mut *tx, &Changes::new(), b"another history");
        tx.commit().unwrap();
        grow(&mut fork, &other, size, CHARTS);
        grow(&mut log, &store, size, CHARTS);
        let kept = Checkpoint::of(VAULT, 1, [&log]);
        for later in [size, size + 1, size + 400] {
            grow(&mut fork, &other, later, CHARTS);
            let view = other.read().unwrap();
            let opened = Log::open(&*view, ID, signer(1).verifying_key()).unwrap();
            let standing = standings(&kept, &*view, &[&opened]).unwrap()[&ID];
            assert_eq!(standing, Standing::Forked, "from {common} on, {size} kept, {later} leaves");
            assert_eq!(log.reopen(&*view).unwrap_err(), LogError::Damaged);
        }
    }
}

/// Attack 52: what a checkpoint says counts only with the signature of the log's device.
#[test]
fn h52_a_checkpoint_of_another_key_is_an_error() {
    let (store, log) = grown(10, CHARTS);
    let view = store.read().unwrap();
    let mut kept = Checkpoint::of(VAULT, 1, [&log]);
    assert!(standings(&kept, &*view, &[&log]).is_ok());
    kept.insert(Note::sign(ID, *log.head().unwrap().tree(), &signer(2)));
    assert_eq!(standings(&kept, &*view, &[&log]).unwrap_err(), LogError::WrongKey);
}

/// The leaves of a log under the name of another, and a log under another key.
#[test]
fn h52_a_log_is_no_other_log() {
    let (store, _) = grown(10, CHARTS);
    let other = LogId::from_bytes([1; 16]);
    let elsewhere = MemoryStore::new();
    let mut tx = elsewhere.write().unwrap();
    for ((table, row), value) in rows(&store) {
        tx.put(table, other.as_bytes(), &row, &value).unwrap();
    }
    tx.commit().unwrap();
    let view = elsewhere.read().unwrap();
    assert_eq!(Log::open(&*view, other, signer(1).verifying_key()).unwrap_err(), LogError::Damaged);
}
