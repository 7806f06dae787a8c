//! Attempts to open a vault in vain. Whoever has no right factor cannot write into a log, so they wait in a row in the clear
//! until somebody opens the vault who can.
//!
//! The row is the store's: it can drop it, or invent attempts. It tells the store nothing, which was asked for the vault's
//! state at that time, and for nothing after that.

use super::event::{Event, EventKind};
use super::logs::Write;
use super::{Inner, session::Session};
use crate::codec::{self, Extensions, Version1};
use crate::error::Error;
use crate::store::{Snapshot, Store, StoreError, Table};
use minicbor::{Decode, Encode};

/// Row of the attempts.
const ATTEMPTS_KEY: &[u8] = b"attempts";
/// Most attempts that are kept: a thousand say as much as a million.
const MOST: usize = 1000;
/// Longest row, in bytes.
const MOST_BYTES: usize = 16 << 10;

#[derive(Default, Encode, Decode)]
#[cbor(array)]
struct Attempts {
    #[n(0)]
    version: Version1,
    /// In milliseconds since 1970.
    #[n(1)]
    times: Vec<i64>,
    #[n(2)]
    extensions: Extensions,
}

/// Notes an attempt.
pub(super) fn note(store: &dyn Store, now_ms: i64) -> Result<(), StoreError> {
    let mut tx = store.write()?;
    let mut attempts = read(&*tx)?.unwrap_or_default();
    if attempts.times.len() < MOST {
        attempts.times.push(now_ms);
        tx.put(Table::Vault, b"", ATTEMPTS_KEY, &codec::encode(&attempts))?;
        tx.commit()?;
    }
    Ok(())
}

/// Makes events of the attempts since the vault was last open.
pub(super) fn tell(inner: &Inner, session: &Session) -> Result<(), Error> {
    if inner.store.read()?.get(Table::Vault, b"", ATTEMPTS_KEY)?.is_none() {
        return Ok(());
    }
    let mut write = Write::begin(inner, session)?;
    for at in read(&*write.tx)?.unwrap_or_default().times {
        write.event(Event::new(EventKind::UnlockFailed, at));
    }
    write.tx.delete(Table::Vault, b"", ATTEMPTS_KEY)?;
    write.commit().map(drop)
}

/// A row that nobody wrote who meant well is none.
fn read(snapshot: &dyn Snapshot) -> Result<Option<Attempts>, StoreError> {
    let row = snapshot.get(Table::Vault, b"", ATTEMPTS_KEY)?.filter(|row| row.len() <= MOST_BYTES);
    Ok(row.and_then(|row| codec::decode(&row).ok()).filter(|attempts: &Attempts| attempts.times.len() <= MOST))
}
