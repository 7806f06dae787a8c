//! Blobs that are being written or taken in: a row for each, from before its first byte until its descriptor is stored, or all
//! of it is there.
//!
//! A row that is there when nobody writes the blob is what a crash left. The blob goes first, then the row. Rows are sealed, so
//! that a store cannot have a vault remove what it likes. What somebody else described is gone on with for some days, and not
//! removed once it is whole.

use super::Fault;
use crate::codec::{self, BlobId, ChartId, Extensions, VaultId, Version1, padding};
use crate::crypto::{RandomError, Secret, Suite, chunked, kdf, role};
use crate::error::Error;
use crate::store::{BlobStore, Snapshot, Store, StoreError, Table, Transaction};
use crate::vault::session::{PAGE, Session};
use minicbor::{Decode, Encode};

/// Whose blob it is. The rows of each are a part of the vault's own table; a key is a blob's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Written here, and not described yet.
    Written,
    /// Described by somebody, and taken in.
    Received,
}

impl Origin {
    fn part(self) -> &'static [u8] {
        match self {
            Self::Written => b"blobs",
            Self::Received => b"incoming",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Written => "pending-blob",
            Self::Received => "incoming-blob",
        }
    }
}

/// One for all vaults, as for all that the archive key seals.
const SUITE: Suite = Suite::Aes256Gcm;

#[derive(Encode, Decode)]
#[cbor(array)]
struct Pending {
    #[n(0)]
    version: Version1,
    #[n(1)]
    chart: ChartId,
    /// In milliseconds since 1970.
    #[n(2)]
    begun_ms: i64,
    #[n(3)]
    extensions: Extensions,
}

/// Says that a blob will be written. Durable when this returns.
pub(super) fn mark(
    store: &dyn Store,
    session: &Session,
    origin: Origin,
    chart: ChartId,
    blob: &BlobId,
    begun_ms: i64,
) -> Result<(), Error> {
    let (vault, key) = (session.unlocked.vault_id(), &session.unlocked.identity().archive);
    let row = codec::encode(&Pending { version: Version1, chart, begun_ms, extensions: Extensions::default() });
    let row = seal(key, &context(&vault, origin, blob), &row).map_err(Error::from)?;
    let mut tx = store.write()?;
    let before = tx.generation()?;
    tx.put(Table::Vault, origin.part(), blob.as_bytes(), &row)?;
    if let Some(after) = tx.commit()? {
        session.charts_stay(before, after);
    }
    Ok(())
}

/// Says that a blob is described, in the transaction that describes it. Fails where somebody took it for what a crash left.
pub(super) fn settle(tx: &mut dyn Transaction, blob: &BlobId) -> Result<(), Error> {
    let part = Origin::Written.part();
    if tx.delete(Table::Vault, part, blob.as_bytes())? { Ok(()) } else { Err(Error::ContentNotHere) }
}

/// Takes back what [`mark`] said, of a blob that is not there, or whole.
pub(super) fn unmark(store: &dyn Store, origin: Origin, blob: &BlobId) -> Result<(), StoreError> {
    let mut tx = store.write()?;
    tx.delete(Table::Vault, origin.part(), blob.as_bytes())?;
    tx.commit().map(drop)
}

/// Removes a blob that nobody will describe or go on with, and its row; not while a writer holds it.
pub(super) fn remove(
    store: &dyn Store,
    blobs: &dyn BlobStore,
    origin: Origin,
    blob: &BlobId,
) -> Result<(), StoreError> {
    // In this order, and before another can describe it: the row is there for as long as the blob is.
    let mut tx = store.write()?;
    if tx.get(Table::Vault, origin.part(), blob.as_bytes())?.is_some() {
        // What was described before it came stays when it is whole: it lacked no more than that somebody said so here.
        if origin == Origin::Written || blobs.open(blob)?.is_none() {
            blobs.delete(blob)?;
        }
        tx.delete(Table::Vault, origin.part(), blob.as_bytes())?;
        tx.commit()?;
    }
    Ok(())
}

/// Blobs whose writers have not said that they are done, and when they were begun.
pub(super) fn all(
    snapshot: &dyn Snapshot,
    session: &Session,
    origin: Origin,
) -> Result<Vec<(BlobId, i64)>, StoreError> {
    let (vault, key) = (session.unlocked.vault_id(), &session.unlocked.identity().archive);
    let (mut all, mut after): (Vec<(BlobId, i64)>, Option<Vec<u8>>) = (Vec::new(), None);
    loop {
        let page = snapshot.scan(Table::Vault, origin.part(), after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(all) };
        after = Some(last.clone());
        for (id, row) in &page {
            let begun = |blob: BlobId| open(key, &context(&vault, origin, &blob), row).map(|begun| (blob, begun));
            all.extend(BlobId::from_slice(id).and_then(begun));
        }
    }
}

/// Whether there is a row for a blob, by this vault.
pub(super) fn is_marked(
    snapshot: &dyn Snapshot,
    session: &Session,
    origin: Origin,
    blob: &BlobId,
) -> Result<bool, StoreError> {
    let (vault, key) = (session.unlocked.vault_id(), &session.unlocked.identity().archive);
    let row = snapshot.get(Table::Vault, origin.part(), blob.as_bytes())?;
    Ok(row.is_some_and(|row| open(key, &context(&vault, origin, blob), &row).is_some()))
}

fn seal(key: &Secret<role::Archive>, context: &[u8], row: &[u8]) -> Result<Vec<u8>, Fault> {
    let padded = padding::pad(row).ok_or(Fault::Failed)?;
    let salt = chunked::salt(key, &padded).map_err(|RandomError| Fault::Random)?;
    Ok(chunked::seal(SUITE, key, salt, &[context], &padded)?)
}

/// When it was begun. What was written by somebody else, or by a newer version, is left alone.
fn open(key: &Secret<role::Archive>, context: &[u8], row: &[u8]) -> Option<i64> {
    let padded = chunked::open(SUITE, key, &[context], row).ok()?;
    codec::decode::<Pending>(padding::unpad(&padded)?).ok().map(|pending| pending.begun_ms)
}

/// label("pending-blob") or label("incoming-blob") ‖ vault ‖ blob.
fn context(vault: &VaultId, origin: Origin, blob: &BlobId) -> Vec<u8> {
    let mut context = kdf::label(origin.label());
    context.extend_from_slice(vault.as_bytes());
    context.extend_from_slice(blob.as_bytes());
    context
}
