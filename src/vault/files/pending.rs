//! Blobs that are being written: a row for each, from before its first byte until its descriptor is stored.
//!
//! A row that is there when nobody writes the blob is what a crash left. The blob goes first, then the row. Rows are sealed, so
//! that a store cannot have a vault remove what it likes.

use super::Fault;
use crate::codec::{self, BlobId, ChartId, Extensions, VaultId, Version1, padding};
use crate::crypto::{RandomError, Secret, Suite, chunked, kdf, role};
use crate::error::Error;
use crate::store::{BlobStore, Snapshot, Store, StoreError, Table, Transaction};
use crate::vault::session::{PAGE, Session};
use minicbor::{Decode, Encode};

/// Part of the rows, in the vault's own table. A key is a blob's id.
const PART: &[u8] = b"blobs";
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
    chart: ChartId,
    blob: &BlobId,
    begun_ms: i64,
) -> Result<(), Error> {
    let (vault, key) = (session.unlocked.vault_id(), &session.unlocked.identity().archive);
    let row = codec::encode(&Pending { version: Version1, chart, begun_ms, extensions: Extensions::default() });
    let row = seal(key, &vault, blob, &row).map_err(Error::from)?;
    let mut tx = store.write()?;
    let before = tx.generation()?;
    tx.put(Table::Vault, PART, blob.as_bytes(), &row)?;
    if let Some(after) = tx.commit()? {
        session.charts_stay(before, after);
    }
    Ok(())
}

/// Says that a blob is described, in the transaction that describes it. Fails where somebody took it for what a crash left.
pub(super) fn settle(tx: &mut dyn Transaction, blob: &BlobId) -> Result<(), Error> {
    if tx.delete(Table::Vault, PART, blob.as_bytes())? { Ok(()) } else { Err(Error::ContentNotHere) }
}

/// Takes back what [`mark`] said, of a blob that is not there.
pub(super) fn unmark(store: &dyn Store, blob: &BlobId) -> Result<(), StoreError> {
    let mut tx = store.write()?;
    tx.delete(Table::Vault, PART, blob.as_bytes())?;
    tx.commit().map(drop)
}

/// Removes a blob that nobody will describe, and its row; not while a writer holds it.
pub(super) fn remove(store: &dyn Store, blobs: &dyn BlobStore, blob: &BlobId) -> Result<(), StoreError> {
    // In this order, and before another can describe it: the row is there for as long as the blob is.
    let mut tx = store.write()?;
    if tx.get(Table::Vault, PART, blob.as_bytes())?.is_some() {
        blobs.delete(blob)?;
        tx.delete(Table::Vault, PART, blob.as_bytes())?;
        tx.commit()?;
    }
    Ok(())
}

/// Blobs whose writers have not said that they are done.
pub(super) fn all(snapshot: &dyn Snapshot, session: &Session) -> Result<Vec<BlobId>, StoreError> {
    let (vault, key) = (session.unlocked.vault_id(), &session.unlocked.identity().archive);
    let (mut all, mut after): (Vec<BlobId>, Option<Vec<u8>>) = (Vec::new(), None);
    loop {
        let page = snapshot.scan(Table::Vault, PART, after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(all) };
        after = Some(last.clone());
        for (id, row) in &page {
            let blob = BlobId::from_slice(id).filter(|blob| is_authentic(key, &vault, blob, row));
            all.extend(blob);
        }
    }
}

fn seal(key: &Secret<role::Archive>, vault: &VaultId, blob: &BlobId, row: &[u8]) -> Result<Vec<u8>, Fault> {
    let padded = padding::pad(row).ok_or(Fault::Failed)?;
    let salt = chunked::salt(key, &padded).map_err(|RandomError| Fault::Random)?;
    Ok(chunked::seal(SUITE, key, salt, &[&context(vault, blob)], &padded)?)
}

/// What was written by somebody else, or by a newer version, is left alone.
fn is_authentic(key: &Secret<role::Archive>, vault: &VaultId, blob: &BlobId, row: &[u8]) -> bool {
    let Ok(padded) = chunked::open(SUITE, key, &[&context(vault, blob)], row) else { return false };
    padding::unpad(&padded).is_some_and(|row| codec::decode::<Pending>(row).is_ok())
}

/// label("pending-blob") ‖ vault ‖ blob.
fn context(vault: &VaultId, blob: &BlobId) -> Vec<u8> {
    let mut context = kdf::label("pending-blob");
    context.extend_from_slice(vault.as_bytes());
    context.extend_from_slice(blob.as_bytes());
    context
}
