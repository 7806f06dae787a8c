//! Plain SQLite: what an application would use without this library.

use rusqlite::Connection;
use std::path::Path;

/// A table of numbered blobs, as durable as a vault: write-ahead log, synced at each commit.
pub(crate) struct Plain {
    connection: Connection,
}

impl Plain {
    pub(crate) fn create(path: &Path) -> Self {
        let connection = Connection::open(path).unwrap();
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
        connection
            .execute_batch(
                "PRAGMA synchronous = FULL;
                 CREATE TABLE records (id INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;",
            )
            .unwrap();
        Self { connection }
    }

    /// Writes `count` rows in one transaction, with what `each` does before each of them.
    pub(crate) fn put(&self, count: usize, value: &[u8], mut each: impl FnMut()) {
        self.run("BEGIN IMMEDIATE");
        for _ in 0..count {
            each();
            let mut insert = self.connection.prepare_cached("INSERT INTO records (value) VALUES (?1)").unwrap();
            insert.execute((value,)).unwrap();
        }
        self.run("COMMIT");
    }

    /// Reads the row of a number.
    pub(crate) fn get(&self, id: usize) -> Vec<u8> {
        let mut select = self.connection.prepare_cached("SELECT value FROM records WHERE id = ?1").unwrap();
        select.query_row((i64::try_from(id).unwrap(),), |row| row.get(0)).unwrap()
    }

    fn run(&self, sql: &str) {
        self.connection.prepare_cached(sql).unwrap().execute(()).unwrap();
    }
}

/// A table of codes with an index over them.
pub(crate) struct PlainCodes {
    connection: Connection,
}

impl PlainCodes {
    /// A table with a row for each id and code.
    pub(crate) fn create(path: &Path, kind: &str, system: &str, rows: &[([u8; 16], String)]) -> Self {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE codes (id BLOB NOT NULL, kind TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL) STRICT;
                 CREATE INDEX by_code ON codes (kind, system, code);
                 BEGIN;",
            )
            .unwrap();
        for (id, code) in rows {
            let mut insert = connection.prepare_cached("INSERT INTO codes VALUES (?1, ?2, ?3, ?4)").unwrap();
            insert.execute((id, kind, system, code)).unwrap();
        }
        connection.execute_batch("COMMIT; ANALYZE;").unwrap();
        Self { connection }
    }

    /// As a new process would open it.
    pub(crate) fn open(path: &Path) -> Self {
        Self { connection: Connection::open(path).unwrap() }
    }

    /// Ids of all rows with a code.
    pub(crate) fn find(&self, kind: &str, system: &str, code: &str) -> Vec<[u8; 16]> {
        let query = "SELECT id FROM codes WHERE kind = ?1 AND system = ?2 AND code = ?3";
        let mut select = self.connection.prepare_cached(query).unwrap();
        let rows = select.query_map((kind, system, code), |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }
}
