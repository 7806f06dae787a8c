//! Tests that need a hand on the connection.

use super::*;

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
            "DROP TABLE entries; CREATE TABLE entries (part, key, value, PRIMARY KEY (part, key));
             INSERT INTO entries VALUES (x'70', x'6b', 'text');
             DROP TABLE wraps",
        )
        .unwrap();
    let view = store.read().unwrap();
    let damaged = Some(StoreError::Damaged);
    assert_eq!(view.get(Table::Entries, b"p", b"k").err(), damaged);
    assert_eq!(view.scan(Table::Entries, b"p", None, 1).err(), damaged);
    assert_eq!(view.get(Table::Wraps, b"p", b"k").err(), damaged);
}

#[test]
fn what_was_committed_here_is_read_at_the_generation_that_it_made() {
    let (folder, store) = fresh();
    let put = |store: &SqliteStore, value: &[u8]| {
        let mut change = store.write().unwrap();
        change.put(Table::Keyring, b"", b"k", value).unwrap();
        change.commit().unwrap()
    };
    put(&store, b"1");
    let read = || store.read().unwrap().generation().unwrap();
    read();
    let made = put(&store, b"2");
    assert!(made.is_some());
    assert_eq!((Some(read()), Some(read())), (made, made));
    // What somebody else commits then is another state, whoever sees it first.
    let made = put(&store, b"3");
    put(&SqliteStore::open(folder.path().join("store.db")).unwrap(), b"4");
    assert_ne!(Some(read()), made);
    let made = put(&store, b"5");
    assert_eq!(Some(read()), made);
}
