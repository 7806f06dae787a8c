//! The schema, and how a file of an earlier version becomes one of the present version.

use rusqlite::Connection;

use super::failure::{meaning, meaning_of_commit};
use crate::store::StoreError;

/// Marks a file as a store of this library: "AMPL".
const APPLICATION_ID: i32 = 0x414d_504c;

/// Step `n` turns schema `n` into schema `n + 1`; schema 0 is an empty file. A step that was released is never edited.
const STEPS: &[&str] = &[
    // 1: one table of SQL for each table of the store.
    //
    // Ordinary tables with an index, because a new row then goes to the end of its table wherever its part is: values of
    // some kilobytes are written once and never moved. The names are those of `Table`.
    "CREATE TABLE vault     (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE keyring   (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE contacts  (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE directory (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE cards     (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE ledger    (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE receipts  (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE grants    (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE entries   (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE wraps     (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE search    (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE log       (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT, WITHOUT ROWID;
     CREATE TABLE tiles     (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;
     CREATE TABLE map       (part BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (part, key)) STRICT;",
    // 2: leaves of logs by an integer, the number of the log and the place in it; see `log`.
    "ALTER TABLE log RENAME TO log_by_key;
     CREATE TABLE logs (number INTEGER PRIMARY KEY, part BLOB NOT NULL UNIQUE) STRICT;
     CREATE TABLE log  (place INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
     INSERT INTO logs (part) SELECT DISTINCT part FROM log_by_key ORDER BY part;
     INSERT INTO log (place, value)
         WITH leaves AS (SELECT number, hex(key) AS place, value FROM log_by_key JOIN logs USING (part))
         SELECT (number << 40)
             + (instr('123456789ABCDEF', substr(place,  7, 1)) << 36)
             + (instr('123456789ABCDEF', substr(place,  8, 1)) << 32)
             + (instr('123456789ABCDEF', substr(place,  9, 1)) << 28)
             + (instr('123456789ABCDEF', substr(place, 10, 1)) << 24)
             + (instr('123456789ABCDEF', substr(place, 11, 1)) << 20)
             + (instr('123456789ABCDEF', substr(place, 12, 1)) << 16)
             + (instr('123456789ABCDEF', substr(place, 13, 1)) << 12)
             + (instr('123456789ABCDEF', substr(place, 14, 1)) <<  8)
             + (instr('123456789ABCDEF', substr(place, 15, 1)) <<  4)
             +  instr('123456789ABCDEF', substr(place, 16, 1)),
             value
         FROM leaves ORDER BY 1;
     DROP TABLE log_by_key;",
    // 3: entries and leaves of logs in one table, a leaf after the entries that came with it; see `entries` and `log`. Entries
    // of before stand below the first log.
    "CREATE TABLE charts  (number INTEGER PRIMARY KEY, part BLOB NOT NULL UNIQUE) STRICT;
     CREATE TABLE journal (place INTEGER PRIMARY KEY, chart INTEGER, key BLOB, value BLOB NOT NULL) STRICT;
     INSERT INTO charts (part) SELECT DISTINCT part FROM entries ORDER BY part;
     INSERT INTO journal (place, chart, key, value)
         SELECT entries.rowid, number, key, value FROM entries JOIN charts USING (part) ORDER BY entries.rowid;
     INSERT INTO journal (place, value)
         SELECT ((place >> 40) << 48) + ((place & 0xffffffffff) << 16), value FROM log ORDER BY place;
     DROP TABLE entries;
     DROP TABLE log;
     CREATE UNIQUE INDEX entries ON journal (chart, key) WHERE chart IS NOT NULL;",
];

/// What a file is, before anything is changed in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing was ever written to it.
    Empty,
    /// A store whose schema is up to date.
    Current,
    /// A store of an earlier version.
    Older(usize),
}

/// Says what the file is. Refuses a file of another application, so that none is ever changed, and a newer store.
pub(super) fn state(connection: &Connection) -> Result<State, StoreError> {
    state_for(connection, STEPS.len())
}

/// Whether the schema is still that of this version, in a file where it was. Costs next to nothing.
pub(super) fn is_still_current(connection: &Connection) -> Result<bool, StoreError> {
    let version: i64 = connection
        .prepare_cached("PRAGMA user_version")
        .and_then(|mut statement| statement.query_row((), |row| row.get(0)))
        .map_err(|error| meaning(&error))?;
    Ok(usize::try_from(version) == Ok(STEPS.len()))
}

fn state_for(connection: &Connection, current: usize) -> Result<State, StoreError> {
    let (application, version, objects) = connection
        .query_row(
            "SELECT (SELECT application_id FROM pragma_application_id),
                    (SELECT user_version FROM pragma_user_version),
                    (SELECT count(*) FROM sqlite_schema)",
            (),
            |row| Ok((row.get::<_, i32>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)),
        )
        .map_err(|error| meaning(&error))?;
    match (application, usize::try_from(version)) {
        (0, Ok(0)) if objects == 0 => Ok(State::Empty),
        (APPLICATION_ID, Ok(version)) if version > current => Err(StoreError::NewerSchema),
        (APPLICATION_ID, Ok(version)) if version == current => Ok(State::Current),
        (APPLICATION_ID, Ok(version)) if version > 0 => Ok(State::Older(version)),
        _ => Err(StoreError::Damaged),
    }
}

/// Brings the schema up to date in one transaction. Another process may do the same at this time: the second one finds
/// nothing left to do.
pub(super) fn migrate(connection: &Connection) -> Result<(), StoreError> {
    migrate_by(connection, STEPS)
}

fn migrate_by(connection: &Connection, steps: &[&str]) -> Result<(), StoreError> {
    let run = |sql: &str| connection.execute_batch(sql).map_err(|error| meaning(&error));
    run("BEGIN IMMEDIATE")?;
    let done = (|| {
        let version = match state_for(connection, steps.len())? {
            State::Empty => 0,
            State::Current => return Ok(()),
            State::Older(version) => version,
        };
        for step in steps.iter().skip(version) {
            run(step)?;
        }
        run(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}", steps.len()))
    })();
    match done {
        Ok(()) => connection.execute_batch("COMMIT").map_err(|error| meaning_of_commit(&error)),
        Err(error) => {
            // The transaction may be over already; the first error is the one that tells something.
            let _ = connection.execute_batch("ROLLBACK");
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(connection: &Connection) -> i64 {
        connection.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_steps_lead_from_each_version_to_the_present_one() {
        let connection = Connection::open_in_memory().unwrap();
        assert_eq!(state(&connection), Ok(State::Empty));
        migrate(&connection).unwrap();
        assert_eq!(state(&connection), Ok(State::Current));
        // Again: nothing to do.
        migrate(&connection).unwrap();
        assert_eq!(state(&connection), Ok(State::Current));
    }

    #[test]
    fn an_earlier_version_is_brought_up_to_date_and_keeps_its_rows() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        connection.execute_batch("INSERT INTO vault VALUES (x'01', x'02', x'03')").unwrap();
        let mut steps = STEPS.to_vec();
        steps.push("CREATE TABLE added (value BLOB); INSERT INTO added SELECT value FROM vault");
        migrate_by(&connection, &steps).unwrap();
        assert_eq!(version(&connection), i64::try_from(steps.len()).unwrap());
        let value: Vec<u8> = connection.query_row("SELECT value FROM added", (), |row| row.get(0)).unwrap();
        assert_eq!(value, [3]);
        // What this version of the library sees then.
        assert_eq!(state(&connection), Err(StoreError::NewerSchema));
    }

    #[test]
    fn leaves_and_entries_keep_their_places() {
        use super::super::{log, rows};
        use crate::store::Table;
        let connection = Connection::open_in_memory().unwrap();
        migrate_by(&connection, &STEPS[..1]).unwrap();
        let places: [u64; 5] = [0, 1, 0xab, 0x9f_4567, (1 << 32) - 1];
        for (part, value) in [([7; 16], 1), ([3; 16], 2)] {
            for place in places {
                for table in ["log", "entries"] {
                    let sql = format!("INSERT INTO {table} VALUES (?1, ?2, ?3)");
                    connection.execute(&sql, (part, place.to_be_bytes(), [value])).unwrap();
                }
            }
        }
        migrate(&connection).unwrap();
        for (part, value) in [([7; 16], 1), ([3; 16], 2)] {
            let kept: Vec<_> = places.iter().map(|place| (place.to_be_bytes().to_vec(), vec![value])).collect();
            assert_eq!(log::scan(&connection, &part, None, 9), Ok(kept.clone()));
            assert_eq!(rows::scan(&connection, Table::Entries, &part, None, 9), Ok(kept));
        }
    }

    #[test]
    fn a_step_that_fails_changes_nothing() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        let mut steps = STEPS.to_vec();
        steps.push("CREATE TABLE added (value BLOB)");
        steps.push("INSERT INTO absent VALUES (1)");
        assert_eq!(migrate_by(&connection, &steps), Err(StoreError::Damaged));
        assert_eq!(state(&connection), Ok(State::Current));
        let added: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'added'", (), |row| row.get(0))
            .unwrap();
        assert_eq!(added, 0);
    }
}
