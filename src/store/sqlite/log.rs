//! The leaves of the devices' logs, which stand in the journal by number, between the entries.
//!
//! A leaf comes with nearly every commit and tells of the entries before it. Under an integer key it goes to the end of the
//! table, where they are: one page of the file takes both, and nothing else moves.
//!
//! Leaf `i` of log `n` has the place `n << 48 | i << 16`; those between are of entries.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::failure::meaning;
use super::rows::numbered;
use crate::store::{Row, StoreError};

/// Leaves of one log.
const LEAVES: i64 = 1 << 32;

pub(super) fn get(connection: &Connection, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let Ok(place) = place(key) else { return Ok(None) };
    (|| {
        let mut statement = connection.prepare_cached(
            "SELECT value FROM journal WHERE place = ((SELECT number FROM logs WHERE part = ?1) << 48) + (?2 << 16)",
        )?;
        let mut rows = statement.query((part, place))?;
        rows.next()?.map(|row| Ok(row.get_ref(0)?.as_blob()?.to_vec())).transpose()
    })()
    .map_err(|error: rusqlite::Error| meaning(&error))
}

pub(super) fn scan(
    connection: &Connection,
    part: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let Some(first) = first_place(after) else { return Ok(Vec::new()) };
    (|| {
        let mut statement = connection.prepare_cached(
            "SELECT place - (number << 48) >> 16, value FROM logs CROSS JOIN journal
             WHERE logs.part = ?1 AND place >= (number << 48) + (?2 << 16) AND place < (number + 1) << 48
             AND place & 65535 = 0 ORDER BY place LIMIT ?3",
        )?;
        let mut rows = statement.query((part, first, limit))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(pair(row)?);
        }
        Ok(found)
    })()
    .map_err(|error: rusqlite::Error| meaning(&error))
}

pub(super) fn last(connection: &Connection, part: &[u8]) -> Result<Option<Row>, StoreError> {
    (|| {
        let mut statement = connection.prepare_cached(
            "SELECT place - (number << 48) >> 16, value FROM logs CROSS JOIN journal
             WHERE logs.part = ?1 AND place >= number << 48 AND place < (number + 1) << 48
             AND place & 65535 = 0 ORDER BY place DESC LIMIT 1",
        )?;
        let mut rows = statement.query((part,))?;
        rows.next()?.map(pair).transpose()
    })()
    .map_err(|error: rusqlite::Error| meaning(&error))
}

/// The statement that writes a leaf, with what it does where there is one.
macro_rules! insert {
    ($taken:literal) => {
        concat!(
            "INSERT INTO journal (place, value)
             VALUES (coalesce((SELECT (number << 48) + (?2 << 16) FROM logs
                               WHERE part = ?1 AND number < (1 << 15) - 1), x''), ?3)
             ON CONFLICT (place) DO ",
            $taken
        )
    };
}

pub(super) fn put(connection: &Connection, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    write(connection, insert!("UPDATE SET value = excluded.value"), part, key, value).map(|_| ())
}

/// As [`put`], where there is none; says whether it did.
pub(super) fn add(connection: &Connection, part: &[u8], key: &[u8], value: &[u8]) -> Result<bool, StoreError> {
    write(connection, insert!("NOTHING"), part, key, value).map(|rows| rows > 0)
}

/// Runs a statement that writes a leaf. Returns how many rows it wrote.
fn write(connection: &Connection, sql: &str, part: &[u8], key: &[u8], value: &[u8]) -> Result<usize, StoreError> {
    let place = place(key)?;
    let put = || connection.prepare_cached(sql)?.execute((part, place, value));
    let put_anew = || {
        connection.prepare_cached("INSERT OR IGNORE INTO logs (part) VALUES (?1)")?.execute((part,))?;
        numbered(put())
    };
    match numbered(put()).and_then(|put| put.map_or_else(put_anew, |rows| Ok(Some(rows)))) {
        // There is no place for one more log.
        Ok(None) => Err(StoreError::Full),
        Ok(Some(rows)) => Ok(rows),
        Err(error) => Err(meaning(&error)),
    }
}

pub(super) fn delete(connection: &Connection, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
    let Ok(place) = place(key) else { return Ok(false) };
    connection
        .prepare_cached(
            "DELETE FROM journal WHERE place = ((SELECT number FROM logs WHERE part = ?1) << 48) + (?2 << 16)",
        )
        .and_then(|mut statement| statement.execute((part, place)))
        .map(|rows| rows > 0)
        .map_err(|error| meaning(&error))
}

/// The place that a key names.
fn place(key: &[u8]) -> Result<i64, StoreError> {
    let place = key.try_into().map(u64::from_be_bytes).ok().and_then(within);
    place.ok_or(StoreError::UnsupportedKey)
}

/// The first place whose key comes after some bytes, if there is one.
fn first_place(after: Option<&[u8]>) -> Option<i64> {
    let Some(after) = after else { return Some(0) };
    if let Some(first) = after.first_chunk() {
        return u64::from_be_bytes(*first).checked_add(1).and_then(within);
    }
    // The key that is these bytes and zeros comes after them.
    let mut padded = [0; 8];
    padded.get_mut(..after.len())?.copy_from_slice(after);
    within(u64::from_be_bytes(padded))
}

fn within(place: u64) -> Option<i64> {
    i64::try_from(place).ok().filter(|place| *place < LEAVES)
}

fn pair(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let (place, value): (i64, ValueRef<'_>) = (row.get(0)?, row.get_ref(1)?);
    Ok((place.to_be_bytes().to_vec(), value.as_blob()?.to_vec()))
}
