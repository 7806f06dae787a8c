//! Several processes on one file.

use std::path::Path;
use std::process::{Command, Stdio};

use ampoule::store::{Snapshot, Store, Table};
use ampoule::{SqliteStore, StoreError};

/// Set for a process that was started by a test; names the file.
const FILE: &str = "AMPOULE_TEST_STORE";
const ROUNDS: u64 = 200;

fn counter(view: &dyn Snapshot) -> u64 {
    view.get(Table::Vault, b"", b"counter").unwrap().map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()))
}

fn increment(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    for _ in 0..ROUNDS {
        let mut change = loop {
            match store.write() {
                Ok(change) => break change,
                Err(error) => assert_eq!(error, StoreError::Busy),
            }
        };
        let next = counter(&*change) + 1;
        change.put(Table::Vault, b"", b"counter", &next.to_be_bytes()).unwrap();
        change.put(Table::Entries, b"log", &next.to_be_bytes(), &[7; 3000]).unwrap();
        change.commit().unwrap();
        assert!(counter(&*store.read().unwrap()) >= next);
    }
}

/// This very test in another process.
fn another(test: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--test-threads=1"]).env(FILE, path).stdout(Stdio::null());
    command
}

#[test]
fn two_processes_lose_no_increment() {
    if let Some(path) = std::env::var_os(FILE) {
        return increment(path.as_ref());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    // All three also race to create the file.
    let children: Vec<_> =
        (0..2).map(|_| another("processes::two_processes_lose_no_increment", &path).spawn().unwrap()).collect();
    increment(&path);
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = SqliteStore::open(&path).unwrap();
    let view = store.read().unwrap();
    assert_eq!(counter(&*view), 3 * ROUNDS);
    let rows = view.scan(Table::Entries, b"log", None, usize::MAX).unwrap();
    assert_eq!(u64::try_from(rows.len()).unwrap(), 3 * ROUNDS);
    store.check().unwrap();
}

/// A commit of another process changes the generation, and the cache of a reader with it.
#[test]
fn another_process_changes_the_generation() {
    if let Some(path) = std::env::var_os(FILE) {
        return increment(path.as_ref());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let generation = store.read().unwrap().generation().unwrap();
    let before = store.read().unwrap();
    assert_eq!(before.generation().unwrap(), generation);

    let status = another("processes::another_process_changes_the_generation", &path).status().unwrap();
    assert!(status.success());

    assert_eq!(counter(&*before), 0);
    assert_eq!(before.generation().unwrap(), generation);
    let after = store.read().unwrap();
    assert_eq!(counter(&*after), ROUNDS);
    assert_ne!(after.generation().unwrap(), generation);
    drop(after);
    let change = store.write().unwrap();
    assert_eq!(counter(&*change), ROUNDS);
    assert_ne!(change.generation().unwrap(), generation);
}
