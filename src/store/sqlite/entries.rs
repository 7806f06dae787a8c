//! The entries, which stand in the journal in order of arrival, whatever their charts, and are found by an index.
//!
//! An entry goes to the place after the last one, and so beside the leaf of a log that tells of it; see [`log`](super::log).
//! When the places between two leaves are used up, entries go below those of the first log. The index has a small number for
//! each chart instead of its id: a page of it then has three times as many rows, and is seldom full.

use rusqlite::Connection;

use super::failure::meaning;
use super::rows::{numbered, pair};
use crate::store::{Row, StoreError};

pub(super) fn get(connection: &Connection, chart: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    (|| {
        let mut statement = connection.prepare_cached(
            "SELECT value FROM journal WHERE chart = (SELECT number FROM charts WHERE part = ?1) AND key = ?2",
        )?;
        let mut rows = statement.query((chart, key))?;
        rows.next()?.map(|row| Ok(row.get_ref(0)?.as_blob()?.to_vec())).transpose()
    })()
    .map_err(|error: rusqlite::Error| meaning(&error))
}

pub(super) fn scan(
    connection: &Connection,
    chart: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    (|| {
        let mut statement = connection.prepare_cached(match after {
            Some(_) => {
                "SELECT key, value FROM journal WHERE chart = (SELECT number FROM charts WHERE part = ?1)
                 AND key > ?3 ORDER BY key LIMIT ?2"
            }
            None => {
                "SELECT key, value FROM journal WHERE chart = (SELECT number FROM charts WHERE part = ?1)
                 ORDER BY key LIMIT ?2"
            }
        })?;
        let mut rows = match after {
            Some(after) => statement.query((chart, limit, after))?,
            None => statement.query((chart, limit))?,
        };
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(pair(row)?);
        }
        Ok(found)
    })()
    .map_err(|error: rusqlite::Error| meaning(&error))
}

pub(super) fn last(connection: &Connection, chart: &[u8]) -> Result<Option<Row>, StoreError> {
    (|| {
        let mut statement = connection.prepare_cached(
            "SELECT key, value FROM journal WHERE chart = (SELECT number FROM charts WHERE part = ?1)
             ORDER BY key DESC LIMIT 1",
        )?;
        let mut rows = statement.query((chart,))?;
        rows.next()?.map(pair).transpose()
    })()
    .map_err(|error: rusqlite::Error| meaning(&error))
}

pub(super) fn put(connection: &Connection, chart: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let put = || {
        let mut statement = connection.prepare_cached(
            "INSERT INTO journal (chart, key, value)
             VALUES (coalesce((SELECT number FROM charts WHERE part = ?1), x''), ?2, ?3)
             ON CONFLICT (chart, key) WHERE chart IS NOT NULL DO UPDATE SET value = excluded.value",
        )?;
        statement.execute((chart, key, value))
    };
    (|| {
        if numbered(put())?.is_none() {
            connection.prepare_cached("INSERT INTO charts (part) VALUES (?1)")?.execute((chart,))?;
            put()?;
        }
        make_way(connection, chart, key)
    })()
    .map_err(|error| meaning(&error))
}

pub(super) fn delete(connection: &Connection, chart: &[u8], key: &[u8]) -> Result<bool, StoreError> {
    connection
        .prepare_cached("DELETE FROM journal WHERE chart = (SELECT number FROM charts WHERE part = ?1) AND key = ?2")
        .and_then(|mut statement| statement.execute((chart, key)))
        .map(|rows| rows > 0)
        .map_err(|error| meaning(&error))
}

/// Moves an entry that was put to the place of a leaf, which is where the one before it took the last place between two.
fn make_way(connection: &Connection, chart: &[u8], key: &[u8]) -> rusqlite::Result<()> {
    if connection.last_insert_rowid() & 0xFFFF != 0 {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(
        "UPDATE journal SET place = (SELECT coalesce(max(place), 0) + 1 FROM journal WHERE place < 1 << 48)
         WHERE chart = (SELECT number FROM charts WHERE part = ?1) AND key = ?2 AND place & 65535 = 0",
    )?;
    statement.execute((chart, key)).map(drop)
}
