//! Tests that need a hand on the connection.

use super::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

fn fresh() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store =
        SqliteOptions::new().busy_timeout(Duration::from_millis(20)).open(folder.path().join("store.db")).unwrap();
    (folder, store)
}

fn pragma(connection: &rusqlite::Connection, name: &str) -> String {
    connection
        .query_row(&format!("PRAGMA {name}"), (), |row| {
            Ok(match row.get_ref(0)? {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                text => text.as_str()?.to_owned(),
            })
        })
        .unwrap()
}

#[test]
fn each_connection_is_set_up_as_promised() {
    let (folder, store) = fresh();
    let check = |link: &Link, synchronous: &str| {
        for (name, value) in [
            ("journal_mode", "wal"),
            ("synchronous", synchronous),
            ("secure_delete", "1"),
            ("trusted_schema", "0"),
            ("cell_size_check", "1"),
            ("mmap_size", "0"),
            ("busy_timeout", "20"),
            ("temp_store", "2"),
            ("fullfsync", if synchronous == "2" { "1" } else { "0" }),
        ] {
            assert_eq!(pragma(link.connection(), name), value, "{name}");
        }
    };
    check(&lock(&store.writer), "2");
    check(&store.reader().unwrap(), "2");
    let relaxed = store.options.clone().durability(Durability::Relaxed).open(folder.path().join("relaxed.db")).unwrap();
    check(&lock(&relaxed.writer), "1");
}

#[test]
fn a_full_disk_is_told_and_leaves_what_was_there() {
    let (_folder, store) = fresh();
    let put = |key: &[u8], len: usize| {
        let mut change = store.write()?;
        change.put(Table::Entries, b"p", key, &vec![1; len])?;
        change.commit().map(drop)
    };
    put(b"before", 1000).unwrap();
    lock(&store.writer).connection().pragma_update(None, "max_page_count", 30).unwrap();
    assert_eq!(put(b"too large", 100_000), Err(StoreError::Full));
    put(b"after", 1000).unwrap();
    let view = store.read().unwrap();
    let keys: Vec<_> = view.scan(Table::Entries, b"p", None, 9).unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [b"after".to_vec(), b"before".to_vec()]);
}

#[test]
fn connections_are_kept_and_used_again() {
    let (_folder, store) = fresh();
    let idle = || lock(&store.readers).len();
    for _ in 0..3 {
        drop(store.read().unwrap());
        assert_eq!(idle(), 1);
    }
    let many: Vec<_> = (0..IDLE_READERS + 3).map(|_| store.read().unwrap()).collect();
    assert_eq!(idle(), 0);
    drop(many);
    assert_eq!(idle(), IDLE_READERS);
}

#[test]
fn a_value_of_another_type_is_damage() {
    let (_folder, store) = fresh();
    // A file made by somebody else need not have strict tables.
    lock(&store.writer)
        .connection()
        .execute_batch(
            "DROP TABLE grants; CREATE TABLE grants (part, key, value, PRIMARY KEY (part, key));
             INSERT INTO grants VALUES (x'70', x'6b', 'text');
             DROP TABLE wraps",
        )
        .unwrap();
    let view = store.read().unwrap();
    let damaged = Some(StoreError::Damaged);
    assert_eq!(view.get(Table::Grants, b"p", b"k").err(), damaged);
    assert_eq!(view.scan(Table::Grants, b"p", None, 1).err(), damaged);
    assert_eq!(view.get(Table::Wraps, b"p", b"k").err(), damaged);
}

/// Between two leaves there are 65,535 places. An entry more must not stand where the next leaf goes.
#[test]
fn entries_for_which_there_is_no_place_between_two_leaves_go_elsewhere() {
    let (_folder, store) = fresh();
    let entry = |key: u8| {
        let mut change = store.write().unwrap();
        change.put(Table::Entries, b"p", &[key], b"entry").unwrap();
        change.commit().unwrap();
    };
    let leaf = |place: u64| {
        let mut change = store.write().unwrap();
        change.put(Table::Log, b"log", &place.to_be_bytes(), b"leaf").unwrap();
        change.commit().unwrap();
    };
    entry(1);
    leaf(0);
    entry(2);
    let full = "UPDATE journal SET place = (1 << 48) + 65535 WHERE place = (1 << 48) + 1";
    assert_eq!(lock(&store.writer).connection().execute(full, ()), Ok(1));
    entry(3);
    leaf(1);
    entry(4);
    let view = store.read().unwrap();
    let entries = view.scan(Table::Entries, b"p", None, 9).unwrap();
    assert_eq!(entries, [1, 2, 3, 4].map(|key| (vec![key], b"entry".to_vec())));
    let leaves = view.scan(Table::Log, b"log", None, 9).unwrap();
    assert_eq!(leaves, [0_u64, 1].map(|place| (place.to_be_bytes().to_vec(), b"leaf".to_vec())));
}

#[test]
fn a_log_for_which_there_is_no_number_is_refused() {
    let (_folder, store) = fresh();
    lock(&store.writer).connection().execute("INSERT INTO logs VALUES ((1 << 15) - 3, x'00')", ()).unwrap();
    let mut change = store.write().unwrap();
    change.put(Table::Log, b"last", &[0; 8], b"leaf").unwrap();
    assert_eq!(change.last(Table::Log, b"last"), Ok(Some((vec![0; 8], b"leaf".to_vec()))));
    assert_eq!(change.put(Table::Log, b"one more", &[0; 8], b"leaf"), Err(StoreError::Full));
    assert_eq!(change.add(Table::Log, b"one more", &[0; 8], b"leaf"), Err(StoreError::Full));
}

#[test]
fn what_was_committed_here_is_read_at_the_generation_that_it_made() {
    let (folder, store) = fresh();
    put(&store, 1);
    let read = || store.read().unwrap().generation().unwrap();
    read();
    let made = put(&store, 2);
    assert!(made.is_some());
    assert_eq!((Some(read()), Some(read())), (made, made));
    // What somebody else commits then is another state, whoever sees it first.
    let made = put(&store, 3);
    put(&SqliteStore::open(folder.path().join("store.db")).unwrap(), 4);
    assert_ne!(Some(read()), made);
    let made = put(&store, 5);
    assert_eq!(Some(read()), made);
}

/// Two readers that saw a commit ask the writer whether it was its own: what the first question tells it, the second must
/// not be told otherwise.
#[test]
fn a_writer_that_noticed_a_commit_does_not_deny_it_to_the_next_who_asks() {
    let (folder, store) = fresh();
    let other = SqliteStore::open(folder.path().join("store.db")).unwrap();
    let made = put(&store, 1).unwrap();
    let ask = |generation| lock(&store.writer).is_at(&store.generations, generation);
    assert!(ask(made) && ask(made));
    put(&other, 2);
    assert!(!ask(made));
    assert!(!ask(made));
    // From then on nobody has committed.
    let now = store.read().unwrap().generation().unwrap();
    assert!(now != made && ask(now));
}

/// While one reader asks, somebody else commits, and another reader is quicker to find out.
#[test]
fn a_reader_that_is_overtaken_reads_at_a_generation_of_its_own() {
    let (folder, store) = fresh();
    let other = SqliteStore::open(folder.path().join("store.db")).unwrap();
    // Both have looked before.
    let [mut slow, quick] = [(); 2].map(|()| {
        let mut link = store.reader().unwrap();
        link.begin(&store.generations, |_| false).unwrap();
        link.undo().unwrap();
        link
    });
    let made = put(&store, 1).unwrap();
    let still_at = |generation| lock(&store.writer).is_at(&store.generations, generation);
    let value = |link: &Link| {
        let sql = "SELECT value FROM keyring WHERE part = x'' AND key = x'6b'";
        link.connection().query_row(sql, (), |row| row.get::<_, Vec<u8>>(0)).unwrap()
    };
    let (quick, asked) = (RefCell::new(quick), Cell::new(0));
    let seen = RefCell::new(BTreeMap::from([(made, vec![1])]));
    let note = |generation, value: Vec<u8>| {
        assert_eq!(*seen.borrow_mut().entry(generation).or_insert_with(|| value.clone()), value);
    };
    let overtaken = slow.begin(&store.generations, |generation| {
        if asked.replace(asked.get() + 1) == 0 {
            put(&other, 2);
            let at = quick.borrow_mut().begin(&store.generations, still_at).unwrap();
            note(at, value(&quick.borrow()));
        }
        still_at(generation)
    });
    assert!(asked.get() > 0);
    note(overtaken.unwrap(), value(&slow));
    assert_eq!(value(&quick.borrow()), [2]);
}

/// Readers in several threads, while this store and another on the same file write by turns: a generation names one state.
#[test]
fn readers_at_once_never_see_two_states_at_one_generation() {
    let (folder, _) = fresh();
    let open = || SqliteStore::open(folder.path().join("store.db")).unwrap();
    let stores = [open(), open()];
    put(&stores[0], 0);
    let seen = Mutex::new(BTreeMap::new());
    let written = AtomicBool::new(false);
    let note = |generation: u64, value: Option<Vec<u8>>| {
        let first = lock(&seen).entry(generation).or_insert_with(|| value.clone()).clone();
        assert_eq!(first, value, "generation {generation}");
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !written.load(Ordering::SeqCst) {
                    let view = stores[0].read().unwrap();
                    note(view.generation().unwrap(), view.get(Table::Keyring, b"", b"k").unwrap());
                }
            });
        }
        for number in 1..=200_u8 {
            put(&stores[usize::from(number / 2 % 2)], number);
        }
        written.store(true, Ordering::SeqCst);
    });
    assert_eq!(stores[0].read().unwrap().get(Table::Keyring, b"", b"k").unwrap(), Some(vec![200]));
}

fn put(store: &SqliteStore, value: u8) -> Option<u64> {
    let mut change = store.write().unwrap();
    change.put(Table::Keyring, b"", b"k", &[value]).unwrap();
    change.commit().unwrap()
}

#[test]
fn what_the_writer_claims_counts_once_it_has_looked() {
    let (folder, store) = fresh();
    let elsewhere = SqliteStore::open(folder.path().join("store.db")).unwrap();
    let mut writer = lock(&store.writer);
    writer.begin_writing(&store.generations, &RwLock::default()).unwrap();
    writer.run("COMMIT").unwrap();
    // Somebody else commits and a reader sees that, before the writer makes the generation of its own state.
    let mut change = elsewhere.write().unwrap();
    change.put(Table::Keyring, b"", b"k", b"theirs").unwrap();
    change.commit().unwrap();
    drop(store.read().unwrap());
    let claimed = store.generations.claim();
    drop(writer);
    assert_ne!(store.read().unwrap().generation().unwrap(), claimed);
}
