//! Files that are not as they should be.

use std::fs;
use std::path::Path;

use ampoule::store::{Store, Table};
use ampoule::{SqliteOptions, SqliteStore, StoreError};
use rusqlite::Connection;

fn refused(path: &Path) -> StoreError {
    SqliteStore::open(path).err().unwrap()
}

fn made(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(path).unwrap();
    let mut change = store.write().unwrap();
    for number in 0..40_u64 {
        change.put(Table::Entries, b"p", &number.to_be_bytes(), &[7; 2000]).unwrap();
    }
    change.commit().unwrap();
    store
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(made(&path));
    let store = SqliteStore::open(&path).unwrap();
    let rows = store.read().unwrap().scan(Table::Entries, b"p", None, 99).unwrap();
    assert_eq!(rows.len(), 40);
}

#[test]
fn a_missing_folder_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refused(&folder.path().join("absent/store.db")), StoreError::CannotOpen);
    assert_eq!(refused(folder.path()), StoreError::CannotOpen);
    assert_eq!(refused(Path::new("nul\0in the path")), StoreError::CannotOpen);
}

#[test]
fn names_that_mean_something_to_sqlite_are_plain_names() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["file:x?mode=memory", ":memory:", "percent %20 #?", "ümläut 病"] {
        let path = folder.path().join(name);
        drop(made(&path));
        assert!(path.is_file(), "{name}");
    }
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for content in [&b"x"[..], b"SQLite format 3\0", &[0x5a; 5000]] {
        fs::write(&path, content).unwrap();
        assert_eq!(refused(&path), StoreError::Damaged);
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn what_is_no_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refused(folder.path()), StoreError::CannotOpen);
    #[cfg(unix)]
    for device in ["/dev/null", "/dev/zero"] {
        assert_eq!(refused(Path::new(device)), StoreError::CannotOpen);
    }
}

/// As in a folder of a file system that may only be read: the file opens, and its log cannot be made.
#[test]
fn a_file_without_room_for_its_log_is_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(made(&path));
    fs::create_dir(folder.path().join("store.db-wal")).unwrap();
    assert_eq!(refused(&path), StoreError::ReadOnly);
}

#[test]
fn a_database_of_another_application_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    // Whichever of these numbers the present schema has.
    let numbered = (1..10).map(|version| format!("PRAGMA user_version = {version}"));
    let others = ["CREATE TABLE notes (text)", "PRAGMA application_id = 7"].map(str::to_owned);
    for sql in others.into_iter().chain(numbered) {
        let _ = fs::remove_file(&path);
        Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
        let before = fs::read(&path).unwrap();
        assert_eq!(refused(&path), StoreError::Damaged, "{sql}");
        assert_eq!(fs::read(&path).unwrap(), before, "{sql}");
    }
}

#[test]
fn a_newer_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(made(&path));
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 1000").unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(refused(&path), StoreError::NewerSchema);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_version_that_comes_while_the_store_is_open_stops_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = made(&path);
    drop(store.read().unwrap());
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 1000").unwrap();
    assert_eq!(store.read().err(), Some(StoreError::NewerSchema));
    assert_eq!(store.write().err(), Some(StoreError::NewerSchema));
}

#[test]
fn damage_in_the_middle_of_the_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(made(&path));
    let whole = fs::read(&path).unwrap();
    let mut refusals = 0;
    for page in 1..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..64].fill(0xee);
        fs::write(&path, damaged).unwrap();
        let outcome = SqliteStore::open(&path).and_then(|store| {
            let view = store.read()?;
            for number in 0..40_u64 {
                // A value may be lost, but is an error then, and never another value.
                let value = view.get(Table::Entries, b"p", &number.to_be_bytes())?;
                if value != Some(vec![7; 2000]) {
                    return Err(StoreError::Damaged);
                }
            }
            Ok(())
        });
        if let Err(error) = outcome {
            assert_eq!(error, StoreError::Damaged, "page {page}");
            refusals += 1;
        }
        let checked = SqliteStore::open(&path).and_then(|store| store.check());
        assert_eq!(checked, Err(StoreError::Damaged), "page {page}");
    }
    // The pages of the rows; those of tables that are empty are only seen by the check.
    assert!(refusals >= 20, "{refusals}");
}

#[test]
fn a_trigger_in_the_file_does_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(made(&path));
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM journal; END")
        .unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let mut change = store.write().unwrap();
    change.put(Table::Entries, b"p", b"new", b"row").unwrap();
    change.commit().unwrap();
    let view = store.read().unwrap();
    assert_eq!(view.scan(Table::Entries, b"p", None, 99).unwrap().len(), 41);
}

#[test]
fn what_was_removed_is_gone_from_the_files_after_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = made(&path);
    let long = b"a secret that is to be removed ".repeat(400);
    let mut change = store.write().unwrap();
    change.put(Table::Vault, b"", b"short", &long[..31]).unwrap();
    change.put(Table::Vault, b"", b"long", &long).unwrap();
    change.commit().unwrap();
    let found = || {
        fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .any(|bytes| bytes.windows(31).any(|window| window == &long[..31]))
    };
    assert!(found());
    let mut change = store.write().unwrap();
    change.delete(Table::Vault, b"", b"short").unwrap();
    change.put(Table::Vault, b"", b"long", b"replaced").unwrap();
    change.commit().unwrap();
    // Still in the log.
    assert!(found());
    store.checkpoint().unwrap();
    assert!(!found());
}

#[test]
fn a_checkpoint_does_not_wait_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteOptions::new().busy_timeout(crate::PATIENCE).open(folder.path().join("store.db")).unwrap();
    let view = store.read().unwrap();
    let mut change = store.write().unwrap();
    change.put(Table::Vault, b"", b"k", b"v").unwrap();
    change.commit().unwrap();
    assert_eq!(store.checkpoint(), Err(StoreError::Busy));
    drop(view);
    assert_eq!(store.checkpoint(), Ok(()));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn new_files_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let _store = made(&path);
        let mut files = 0;
        for entry in fs::read_dir(folder.path()).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            files += 1;
        }
        // The file, the log and its index.
        assert_eq!(files, 3);
    }

    const FOLDER: &str = "AMPOULE_TEST_FOLDER";

    #[test]
    fn what_may_not_be_written_is_read_only() {
        if let Some(folder) = std::env::var_os(FOLDER) {
            return check_read_only(folder.as_ref());
        }
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        drop(made(&folder.join("store.db")));
        drop(made(&folder.join("closed.db")));
        let allow = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        allow(&folder.join("store.db"), 0o444);
        allow(&folder.join("closed.db"), 0o000);
        fs::create_dir(folder.join("open")).unwrap();
        fs::copy(folder.join("store.db"), folder.join("open/store.db")).unwrap();
        allow(&folder.join("open"), 0o777);
        // As a spell in which the file could only be read leaves it behind.
        fs::create_dir(folder.join("index")).unwrap();
        for (name, mode) in [("store.db", 0o666), ("store.db-wal", 0o666), ("store.db-shm", 0o444)] {
            let path = folder.join("index").join(name);
            if name == "store.db" { fs::copy(folder.join("store.db"), &path).map(drop) } else { fs::write(&path, "") }
                .unwrap();
            allow(&path, mode);
        }
        allow(&folder.join("index"), 0o555);
        let root = fs::metadata(folder).unwrap().uid() == 0;
        allow(folder, 0o555);
        if root {
            // Permissions do not bind the superuser: the check runs as somebody else, from a copy of this program that
            // anybody may reach.
            let program = folder.join("test");
            fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
            allow(&program, 0o755);
            let status = Command::new(&program)
                .args(["files::unix::what_may_not_be_written_is_read_only", "--exact"])
                .current_dir(folder)
                .env(FOLDER, folder)
                .uid(65_534)
                .gid(65_534)
                .stdout(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success());
        } else {
            check_read_only(folder);
        }
        allow(folder, 0o755);
    }

    fn check_read_only(folder: &Path) {
        // A new file in a folder that may not be written, a file there, and a file alone.
        assert_eq!(refused(&folder.join("new.db")), StoreError::ReadOnly);
        assert_eq!(refused(&folder.join("store.db")), StoreError::ReadOnly);
        assert_eq!(refused(&folder.join("open/store.db")), StoreError::ReadOnly);
        assert_eq!(refused(&folder.join("closed.db")), StoreError::CannotOpen);
        assert_eq!(refused(&folder.join("index/store.db")), StoreError::ReadOnly);
        assert!(SqliteStore::open(folder.join("open/new.db")).is_ok());
    }
}
