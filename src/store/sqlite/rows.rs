//! The statements, and rows in and out of them. Those of the journal are in [`entries`] and [`log`].

use rusqlite::Connection;
use rusqlite::ffi::{SQLITE_CONSTRAINT_DATATYPE, SQLITE_MISMATCH};
use rusqlite::types::ValueRef;

use super::failure::meaning;
use super::{entries, log};
use crate::store::{Row, StoreError, Table};

pub(super) fn get(
    connection: &Connection,
    table: Table,
    part: &[u8],
    key: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    let statements = match statements(table) {
        Form::Own(statements) => statements,
        Form::Entries => return entries::get(connection, part, key),
        Form::Log => return log::get(connection, part, key),
    };
    (|| {
        let mut statement = connection.prepare_cached(statements.get)?;
        let mut rows = statement.query((part, key))?;
        rows.next()?.map(|row| Ok(row.get_ref(0)?.as_blob()?.to_vec())).transpose()
    })()
    .map_err(|error: rusqlite::Error| meaning(&error))
}

pub(super) fn scan(
    connection: &Connection,
    table: Table,
    part: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let statements = match statements(table) {
        Form::Own(statements) => statements,
        Form::Entries => return entries::scan(connection, part, after, limit),
        Form::Log => return log::scan(connection, part, after, limit),
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    (|| {
        let mut statement = connection.prepare_cached(match after {
            Some(_) => statements.scan_after,
            None => statements.scan,
        })?;
        let mut rows = match after {
            Some(after) => statement.query((part, limit, after))?,
            None => statement.query((part, limit))?,
        };
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(pair(row)?);
        }
        Ok(found)
    })()
    .map_err(|error: rusqlite::Error| meaning(&error))
}

pub(super) fn last(connection: &Connection, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
    let statements = match statements(table) {
        Form::Own(statements) => statements,
        Form::Entries => return entries::last(connection, part),
        Form::Log => return log::last(connection, part),
    };
    (|| {
        let mut statement = connection.prepare_cached(statements.last)?;
        let mut rows = statement.query((part,))?;
        rows.next()?.map(pair).transpose()
    })()
    .map_err(|error: rusqlite::Error| meaning(&error))
}

pub(super) fn put(
    connection: &Connection,
    table: Table,
    part: &[u8],
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let statements = match statements(table) {
        Form::Own(statements) => statements,
        Form::Entries => return entries::put(connection, part, key, value),
        Form::Log => return log::put(connection, part, key, value),
    };
    connection
        .prepare_cached(statements.put)
        .and_then(|mut statement| statement.execute((part, key, value)))
        .map(drop)
        .map_err(|error| meaning(&error))
}

pub(super) fn delete(connection: &Connection, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
    let statements = match statements(table) {
        Form::Own(statements) => statements,
        Form::Entries => return entries::delete(connection, part, key),
        Form::Log => return log::delete(connection, part, key),
    };
    connection
        .prepare_cached(statements.delete)
        .and_then(|mut statement| statement.execute((part, key)))
        .map(|rows| rows > 0)
        .map_err(|error| meaning(&error))
}

/// How a statement went that names a part by its number; nothing where there is no number for it. Such a statement takes
/// an empty blob for a number that it does not find, and fails on the type of the column. To look the number up first is a
/// statement more, and to insert what a query gives has SQLite keep a copy of each page that it changes.
pub(super) fn numbered(done: rusqlite::Result<usize>) -> rusqlite::Result<Option<usize>> {
    match done {
        Ok(rows) => Ok(Some(rows)),
        Err(rusqlite::Error::SqliteFailure(failure, _))
            if matches!(failure.extended_code, SQLITE_CONSTRAINT_DATATYPE | SQLITE_MISMATCH) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Key and value of a row that was selected.
pub(super) fn pair(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let column = |index| row.get_ref(index).and_then(|value: ValueRef<'_>| Ok(value.as_blob()?.to_vec()));
    Ok((column(0)?, column(1)?))
}

/// The statements of one table.
struct Statements {
    get: &'static str,
    scan: &'static str,
    scan_after: &'static str,
    last: &'static str,
    put: &'static str,
    delete: &'static str,
}

/// In which form a table lies in the file.
enum Form {
    /// In one of its own, by part and key.
    Own(&'static Statements),
    Entries,
    Log,
}

/// Spelled out at compile time: the connection finds a prepared statement by its text.
macro_rules! statements {
    ($($table:ident $name:literal)*) => {
        const fn statements(table: Table) -> Form {
            match table {
                $(Table::$table => Form::Own(&Statements {
                    get: concat!("SELECT value FROM ", $name, " WHERE part = ?1 AND key = ?2"),
                    scan: concat!(
                        "SELECT key, value FROM ", $name, " WHERE part = ?1 ORDER BY key LIMIT ?2"
                    ),
                    scan_after: concat!(
                        "SELECT key, value FROM ", $name,
                        " WHERE part = ?1 AND key > ?3 ORDER BY key LIMIT ?2"
                    ),
                    last: concat!(
                        "SELECT key, value FROM ", $name,
                        " WHERE part = ?1 ORDER BY key DESC LIMIT 1"
                    ),
                    put: concat!(
                        "INSERT INTO ", $name, " (part, key, value) VALUES (?1, ?2, ?3) ",
                        "ON CONFLICT (part, key) DO UPDATE SET value = excluded.value"
                    ),
                    delete: concat!("DELETE FROM ", $name, " WHERE part = ?1 AND key = ?2"),
                }),)*
                Table::Entries => Form::Entries,
                Table::Log => Form::Log,
            }
        }
    };
}

statements! {
    Vault "vault"
    Keyring "keyring"
    Contacts "contacts"
    Directory "directory"
    Cards "cards"
    Ledger "ledger"
    Receipts "receipts"
    Grants "grants"
    Wraps "wraps"
    Index "search"
    Tiles "tiles"
    Map "map"
}
