//! The rows of the devices' logs, which SQLite keeps by number.
//!
//! A leaf is small and comes with nearly every commit. In a table by part and key, a full page has SQLite write its neighbours
//! anew as well; under an integer key a new row goes to the end, and nothing else moves.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::failure::meaning;
use crate::store::{Row, StoreError};

/// Places of one log: log `n` has the integers from `n << 40`.
const PLACES: i64 = 1 << 40;

pub(super) fn get(connection: &Connection, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let Ok(place) = place(key) else { return Ok(None) };
    (|| {
        let mut statement = connection.prepare_cached(
            "SELECT value FROM log WHERE place = ((SELECT number FROM logs WHERE part = ?1) << 40) + ?2",
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
            "SELECT place - (number << 40), value FROM logs CROSS JOIN log
             WHERE part = ?1 AND place >= (number << 40) + ?2 AND place < (number + 1) << 40
             ORDER BY place LIMIT ?3",
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
            "SELECT place - (number << 40), value FROM logs CROSS JOIN log
             WHERE part = ?1 AND place >= number << 40 AND place < (number + 1) << 40
             ORDER BY place DESC LIMIT 1",
        )?;
        let mut rows = statement.query((part,))?;
        rows.next()?.map(pair).transpose()
    })()
    .map_err(|error: rusqlite::Error| meaning(&error))
}

pub(super) fn put(connection: &Connection, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let place = place(key)?;
    let put = || {
        let mut statement = connection.prepare_cached(
            "INSERT INTO log (place, value) SELECT (number << 40) + ?2, ?3 FROM logs WHERE part = ?1
             ON CONFLICT (place) DO UPDATE SET value = excluded.value",
        )?;
        statement.execute((part, place, value))
    };
    (|| {
        if put()? == 0 {
            connection.prepare_cached("INSERT INTO logs (part) VALUES (?1)")?.execute((part,))?;
            put()?;
        }
        Ok(())
    })()
    .map_err(|error: rusqlite::Error| meaning(&error))
}

pub(super) fn delete(connection: &Connection, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
    let Ok(place) = place(key) else { return Ok(false) };
    connection
        .prepare_cached("DELETE FROM log WHERE place = ((SELECT number FROM logs WHERE part = ?1) << 40) + ?2")
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
    i64::try_from(place).ok().filter(|place| *place < PLACES)
}

fn pair(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let (place, value): (i64, ValueRef<'_>) = (row.get(0)?, row.get_ref(1)?);
    Ok((place.to_be_bytes().to_vec(), value.as_blob()?.to_vec()))
}
