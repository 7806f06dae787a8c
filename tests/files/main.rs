//! Files: put, read, replaced, and what is left of those that were never finished.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod bad_input;
#[cfg(feature = "testing")]
mod faults;
mod hostile;
// Without fast code it takes a minute, and shows the same.
#[cfg(feature = "aws-lc")]
mod huge;
#[cfg(feature = "sqlite")]
mod on_disk;
mod read;
mod write;

use ampoule::store::{BlobId, BlobPart, BlobStore, MemoryBlobs, Store, Table};
use ampoule::{
    Chart, Cursor, Error, FileInfo, FileReader, Grant, Kind, Label, MemoryStore, Query, Record, Recovery, StoreError,
    Terms, Unlock, Vault, VaultOptions,
};
use std::io::{self, Cursor as Bytes, Read, Seek, SeekFrom, Write};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;

pub(crate) const CHUNK: usize = 16 * 1024;

pub(crate) fn unlock() -> Unlock {
    Unlock::device_key(&[1; 32])
}

pub(crate) fn create(options: VaultOptions, store: impl Store + 'static) -> Vault {
    options.create(store, "Riverside Clinic", &unlock(), &Recovery::none_data_will_be_lost()).unwrap().0
}

/// A chart whose blobs the test holds too.
pub(crate) fn fresh() -> (MemoryBlobs, Vault, Chart) {
    let blobs = MemoryBlobs::new();
    let vault = create(Vault::options().blobs(blobs.clone()), MemoryStore::new());
    let chart = vault.create_chart().unwrap();
    (blobs, vault, chart)
}

pub(crate) fn info() -> FileInfo {
    FileInfo::new("application/dicom").named("slice 1")
}

pub(crate) fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

pub(crate) fn all(reader: &mut FileReader) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    reader.copy_to(&mut out, |_| ControlFlow::Continue(()))?;
    Ok(out)
}

pub(crate) fn ids(blobs: &dyn BlobStore) -> Vec<BlobId> {
    blobs.list(None, 99).unwrap()
}

/// Both parts of a blob.
pub(crate) fn stored(blobs: &dyn BlobStore, blob: &BlobId) -> [Vec<u8>; 2] {
    let reader = blobs.open(blob).unwrap().unwrap();
    [BlobPart::Chunks, BlobPart::Outboard].map(|part| {
        let mut bytes = vec![0; usize::try_from(reader.len(part).unwrap()).unwrap()];
        reader.read(part, 0, &mut bytes).unwrap();
        bytes
    })
}

/// Puts other bytes in the place of a blob.
pub(crate) fn replace(blobs: &dyn BlobStore, blob: &BlobId, [chunks, outboard]: [&[u8]; 2]) {
    blobs.delete(blob).unwrap();
    let mut writer = blobs.create(blob).unwrap();
    writer.append(BlobPart::Chunks, chunks).unwrap();
    writer.append(BlobPart::Outboard, outboard).unwrap();
    writer.finish().unwrap();
}
