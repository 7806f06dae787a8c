//! The promises of the trait, one by one.

use ampoule::StoreError;
use ampoule::store::{Row, Store, Table};

use crate::each_store;

fn put(store: &dyn Store, table: Table, part: &[u8], key: &[u8], value: &[u8]) {
    let mut change = store.write().unwrap();
    change.put(table, part, key, value).unwrap();
    change.commit().unwrap();
}

fn row(key: &[u8], value: &[u8]) -> Row {
    (key.to_vec(), value.to_vec())
}

#[test]
fn a_row_comes_back_as_it_was_put() {
    each_store(|store| {
        let large = vec![0xa5; 17 << 20];
        for (part, key, value) in [
            (&b""[..], &b""[..], &b""[..]),
            (b"", b"k", b"v"),
            (b"chart", b"", b"\0"),
            (b"chart", b"\0", &large),
            (b"chart\0", b"", b"other part"),
            (&[0xff; 32], &[0xff; 300], b"not text"),
        ] {
            put(store, Table::Entries, part, key, value);
        }
        let view = store.read().unwrap();
        let get = |part, key| view.get(Table::Entries, part, key).unwrap();
        assert_eq!(get(b"", b""), Some(vec![]));
        assert_eq!(get(b"", b"k"), Some(b"v".to_vec()));
        assert_eq!(get(b"chart", b""), Some(b"\0".to_vec()));
        assert!(get(b"chart", b"\0") == Some(large));
        assert_eq!(get(b"chart\0", b""), Some(b"other part".to_vec()));
        assert_eq!(get(&[0xff; 32], &[0xff; 300]), Some(b"not text".to_vec()));
        assert_eq!(get(b"chart", b"absent"), None);
        assert_eq!(get(b"absent", b""), None);
    });
}

#[test]
fn what_is_added_takes_no_others_place() {
    const KEY: &[u8] = &7_u64.to_be_bytes();
    each_store(|store| {
        for table in Table::ALL {
            let mut change = store.write().unwrap();
            assert_eq!(change.add(table, b"p", KEY, b"first"), Ok(true));
            assert_eq!(change.add(table, b"p", KEY, b"second"), Ok(false));
            assert_eq!(change.add(table, b"q", KEY, b"of another part"), Ok(true));
            change.commit().unwrap();
            let mut change = store.write().unwrap();
            assert_eq!(change.add(table, b"p", KEY, b"third"), Ok(false));
            assert_eq!(change.get(table, b"p", KEY), Ok(Some(b"first".to_vec())));
            assert_eq!(change.get(table, b"q", KEY), Ok(Some(b"of another part".to_vec())));
            assert_eq!(change.delete(table, b"p", KEY), Ok(true));
            assert_eq!(change.add(table, b"p", KEY, b"again"), Ok(true));
        }
    });
}

#[test]
fn tables_are_apart() {
    // One that each table takes.
    const KEY: &[u8] = &7_u64.to_be_bytes();
    each_store(|store| {
        for table in Table::ALL {
            put(store, table, b"p", KEY, &[table as u8]);
        }
        let view = store.read().unwrap();
        for table in Table::ALL {
            let value = vec![table as u8];
            assert_eq!(view.get(table, b"p", KEY).unwrap(), Some(value.clone()));
            assert_eq!(view.scan(table, b"p", None, 9).unwrap(), [(KEY.to_vec(), value.clone())]);
            assert_eq!(view.last(table, b"p").unwrap(), Some((KEY.to_vec(), value)));
        }
        drop(view);
        for table in Table::ALL {
            let mut change = store.write().unwrap();
            assert!(change.delete(table, b"p", KEY).unwrap());
            assert_eq!(change.last(table, b"p").unwrap(), None);
            change.commit().unwrap();
        }
    });
}

#[test]
fn a_scan_goes_by_bytes_and_pages() {
    each_store(|store| {
        let mut change = store.write().unwrap();
        for key in [&b"b"[..], b"", b"\xff", b"a\0", b"a", b"\x7f\xff", b"\x80", b"aa"] {
            change.put(Table::Ledger, b"p", key, key).unwrap();
        }
        change.put(Table::Ledger, b"o", b"zz", b"other").unwrap();
        change.commit().unwrap();

        let view = store.read().unwrap();
        let all = view.scan(Table::Ledger, b"p", None, usize::MAX).unwrap();
        let sorted: Vec<Row> =
            [&b""[..], b"a", b"a\0", b"aa", b"b", b"\x7f\xff", b"\x80", b"\xff"].map(|key| row(key, key)).to_vec();
        assert_eq!(all, sorted);
        assert_eq!(view.last(Table::Ledger, b"p").unwrap(), sorted.last().cloned());
        assert_eq!(view.last(Table::Ledger, b"q").unwrap(), None);

        let mut paged = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = view.scan(Table::Ledger, b"p", after.as_deref(), 3).unwrap();
            assert!(page.len() <= 3);
            let Some((key, _)) = page.last() else { break };
            after = Some(key.clone());
            paged.extend(page);
        }
        assert_eq!(paged, sorted);
        assert_eq!(view.scan(Table::Ledger, b"p", None, 0).unwrap(), []);
        // From a key that is not there.
        assert_eq!(view.scan(Table::Ledger, b"p", Some(b"a\x01"), 1).unwrap(), [row(b"aa", b"aa")]);
    });
}

#[test]
fn a_snapshot_does_not_see_later_writes() {
    each_store(|store| {
        put(store, Table::Entries, b"p", b"1", b"old");
        put(store, Table::Entries, b"p", b"2", b"removed later");
        let before = store.read().unwrap();

        let mut change = store.write().unwrap();
        change.put(Table::Entries, b"p", b"1", b"new").unwrap();
        assert!(change.delete(Table::Entries, b"p", b"2").unwrap());
        change.put(Table::Entries, b"p", b"3", b"added").unwrap();
        let during = store.read().unwrap();
        change.commit().unwrap();
        put(store, Table::Entries, b"p", b"1", b"newest");
        let after = store.read().unwrap();

        let old = [row(b"1", b"old"), row(b"2", b"removed later")];
        for view in [&before, &during] {
            assert_eq!(view.scan(Table::Entries, b"p", None, 9).unwrap(), old);
            assert_eq!(view.last(Table::Entries, b"p").unwrap().as_ref(), old.last());
            assert_eq!(view.get(Table::Entries, b"p", b"3").unwrap(), None);
        }
        let new = [row(b"1", b"newest"), row(b"3", b"added")];
        assert_eq!(after.scan(Table::Entries, b"p", None, 9).unwrap(), new);
        drop(before);
        assert_eq!(during.scan(Table::Entries, b"p", None, 9).unwrap(), old);
        drop(during);
        assert_eq!(after.scan(Table::Entries, b"p", None, 9).unwrap(), new);
    });
}

#[test]
fn a_transaction_sees_its_own_writes_and_dropping_undoes_them() {
    each_store(|store| {
        put(store, Table::Grants, b"p", b"1", b"one");
        let mut change = store.write().unwrap();
        change.put(Table::Grants, b"p", b"1", b"changed").unwrap();
        change.put(Table::Grants, b"p", b"2", b"two").unwrap();
        assert_eq!(change.scan(Table::Grants, b"p", None, 9).unwrap(), [row(b"1", b"changed"), row(b"2", b"two")]);
        assert!(change.delete(Table::Grants, b"p", b"1").unwrap());
        assert!(!change.delete(Table::Grants, b"p", b"1").unwrap());
        assert_eq!(change.get(Table::Grants, b"p", b"1").unwrap(), None);
        assert_eq!(change.last(Table::Grants, b"p").unwrap(), Some(row(b"2", b"two")));
        drop(change);

        let view = store.read().unwrap();
        assert_eq!(view.scan(Table::Grants, b"p", None, 9).unwrap(), [row(b"1", b"one")]);
    });
}

#[test]
fn only_one_writes_and_the_other_is_told() {
    each_store(|store| {
        let first = store.write().unwrap();
        assert_eq!(store.write().err(), Some(StoreError::Busy));
        drop(first);
        assert!(store.write().is_ok());
    });
}

#[test]
fn writers_take_turns_and_readers_see_whole_changes() {
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 25;
    each_store(|store| {
        let start = std::sync::Barrier::new(usize::try_from(THREADS).unwrap() + 1);
        let count = |value: Option<Vec<u8>>| value.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()));
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    for _ in 0..ROUNDS {
                        // The others may hold the turn for longer than this one is willing to wait.
                        let mut change = loop {
                            match store.write() {
                                Ok(change) => break change,
                                Err(error) => assert_eq!(error, StoreError::Busy),
                            }
                        };
                        let one = count(change.get(Table::Vault, b"", b"one").unwrap()) + 1;
                        let two = count(change.get(Table::Vault, b"", b"two").unwrap()) + 1;
                        for (key, number) in [(b"one", one), (b"two", two)] {
                            change.put(Table::Vault, b"", key, &number.to_be_bytes()).unwrap();
                        }
                        change.commit().unwrap();
                    }
                });
            }
            start.wait();
            let mut seen = 0;
            while seen < THREADS * ROUNDS {
                let view = store.read().unwrap();
                let one = count(view.get(Table::Vault, b"", b"one").unwrap());
                let two = count(view.get(Table::Vault, b"", b"two").unwrap());
                assert_eq!(one, two);
                assert!(one >= seen, "a later snapshot went back");
                seen = one;
            }
        });
    });
}

#[test]
fn no_view_is_newer_than_a_change_under_way() {
    each_store(|store| {
        let views: Vec<_> = (0..3).map(|_| store.read().unwrap()).collect();
        drop(views);
        for _ in 0..3 {
            let mut change = store.write().unwrap();
            let mut held = Vec::new();
            for _ in 0..5 {
                held.push(store.read().unwrap());
                let newest = held.iter().map(|view| view.generation().unwrap()).max();
                assert!(newest <= change.generation().ok());
            }
            change.put(Table::Vault, b"", b"key", b"value").unwrap();
            drop(held);
            change.commit().unwrap();
        }
    });
}

/// What a cache does: it keeps what it read beside the generation, and reads again when the generation differs.
#[test]
fn a_generation_names_one_state() {
    each_store(|store| {
        let mut known = std::collections::HashMap::new();
        let mut note = |generation: u64, value: Option<Vec<u8>>| {
            let seen = known.entry(generation).or_insert_with(|| value.clone());
            assert_eq!(*seen, value, "generation {generation} names two states");
        };
        let mut held = Vec::new();
        for round in 0..50_u8 {
            let mut change = store.write().unwrap();
            note(change.generation().unwrap(), change.get(Table::Keyring, b"", b"k").unwrap());
            change.put(Table::Keyring, b"", b"k", &[round]).unwrap();
            change.commit().unwrap();
            // Several at once, so that a store with connections uses several.
            for _ in 0..=round % 3 {
                held.push(store.read().unwrap());
            }
            for view in &held {
                note(view.generation().unwrap(), view.get(Table::Keyring, b"", b"k").unwrap());
            }
            if round % 5 == 4 {
                held.clear();
            }
        }
    });
}

#[test]
fn a_generation_settles_while_nobody_writes() {
    each_store(|store| {
        put(store, Table::Keyring, b"", b"k", b"v");
        let together: Vec<_> = (0..3).map(|_| store.read().unwrap()).collect();
        drop(together);
        let generations: Vec<u64> = (0..2)
            .flat_map(|_| {
                let together: Vec<_> = (0..3).map(|_| store.read().unwrap()).collect();
                together.iter().map(|view| view.generation().unwrap()).collect::<Vec<_>>()
            })
            .collect();
        assert!(generations.windows(2).all(|pair| pair[0] == pair[1]));
    });
}

#[test]
fn places_of_logs_come_in_order_whatever_follows_them() {
    const MOST: u64 = (1 << 32) - 1;
    each_store(|store| {
        let places = [0, 1, 255, 256, 1 << 24, MOST];
        let rows: Vec<Row> = places.iter().map(|place| row(&place.to_be_bytes(), &place.to_le_bytes())).collect();
        for log in [b"b", b"a"] {
            // The last first: nothing depends on the order of writing.
            for (key, value) in rows.iter().rev() {
                put(store, Table::Log, log, key, value);
            }
        }
        put(store, Table::Log, b"c", &3_u64.to_be_bytes(), b"another log");
        let view = store.read().unwrap();
        for log in [b"b", b"a"] {
            assert_eq!(view.scan(Table::Log, log, None, 9).unwrap(), rows);
            assert_eq!(view.last(Table::Log, log).unwrap().as_ref(), rows.last());
            for after in [&[][..], &[0; 7], &[0; 8], &[0; 9], &[0, 0, 0, 0, 0, 0, 1], &MOST.to_be_bytes(), &[0xff; 8]] {
                let later: Vec<Row> = rows.iter().filter(|(key, _)| key.as_slice() > after).cloned().collect();
                assert_eq!(view.scan(Table::Log, log, Some(after), 9).unwrap(), later, "{after:?}");
            }
        }
        assert_eq!(view.get(Table::Log, b"c", &0_u64.to_be_bytes()).unwrap(), None);
        assert_eq!(view.get(Table::Log, b"c", b"no place").unwrap(), None);
    });
}

#[cfg(feature = "sqlite")]
#[test]
fn a_key_that_is_no_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = ampoule::SqliteStore::open(folder.path().join("s")).unwrap();
    let mut change = store.write().unwrap();
    for key in [&b""[..], b"k", &[0; 7], &[0; 9], &(1_u64 << 32).to_be_bytes(), &[0xff; 8]] {
        assert_eq!(change.put(Table::Log, b"p", key, b"v"), Err(StoreError::UnsupportedKey));
        assert_eq!(change.delete(Table::Log, b"p", key), Ok(false));
    }
}
