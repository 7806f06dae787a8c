//! The statements, and rows in and out of them. Those of the logs are in [`log`].

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::failure::meaning;
use super::log;
use crate::store::{Row, StoreError, Table};

pub(super) fn get(
    connection: &Connection,
    table: Table,
    part: &[u8],
    key: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(statements) = statements(table) else { return log::get(connection, part, key) };
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
    let Some(statements) = statements(table) else { return log::scan(connection, part, after, limit) };
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
    let Some(statements) = statements(table) else { return log::last(connection, part) };
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
    let Some(statements) = statements(table) else { return log::put(connection, part, key, value) };
    connection
        .prepare_cached(statements.put)
        .and_then(|mut statement| statement.execute((part, key, value)))
        .map(drop)
        .map_err(|error| meaning(&error))
}

pub(super) fn delete(connection: &Connection, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
    let Some(statements) = statements(table) else { return log::delete(connection, part, key) };
    connection
        .prepare_cached(statements.delete)
        .and_then(|mut statement| statement.execute((part, key)))
        .map(|rows| rows > 0)
        .map_err(|error| meaning(&error))
}

fn pair(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
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

/// None of the logs, whose table has another form. Spelled out at compile time: the connection finds a prepared statement by its text.
macro_rules! statements {
    ($($table:ident $name:literal)*) => {
        const fn statements(table: Table) -> Option<&'static Statements> {
            match table {
                $(Table::$table => Some(&Statements {
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
                Table::Log => None,
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
    Entries "entries"
    Wraps "wraps"
    Index "search"
    Tiles "tiles"
    Map "map"
}
