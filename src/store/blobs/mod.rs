//! Where blobs are kept: the sealed content of files, beside the rows of a [`Store`](super::Store).
//!
//! A blob is written once, from front to back, and read at any place. It has two parts, which are byte strings of their own.
//! A store of blobs learns nothing from them but their lengths, which are padded.

#[cfg(feature = "directory")]
mod directory;
mod memory;
#[cfg(feature = "directory")]
mod writeback;

#[cfg(feature = "directory")]
pub use directory::DirectoryBlobs;
pub use memory::MemoryBlobs;

use super::StoreError;
pub use crate::blob::BlobPart;
pub use crate::codec::BlobId;
use std::sync::Arc;

/// Keeps blobs. Shared between threads.
pub trait BlobStore: Send + Sync {
    /// Begins a blob, under an id that is used for no other. It is in use until the writer is dropped, and not there before
    /// it is finished.
    fn create(&self, blob: &BlobId) -> Result<Box<dyn BlobWriter>, StoreError>;

    /// A finished blob, to be read; none where there is none.
    fn open(&self, blob: &BlobId) -> Result<Option<Box<dyn BlobReader>>, StoreError>;

    /// Removes a blob, or what is left of one that was never finished; says whether there was something. Fails with
    /// [`StoreError::Busy`] while it is in use by a writer, also one in another process.
    fn delete(&self, blob: &BlobId) -> Result<bool, StoreError>;

    /// Goes on with a blob that was begun, whose writer was told to keep it or died: what was appended, or the front of it, to
    /// be read, and a writer of what follows. None where nothing is left of one, and always in a store that keeps nothing.
    /// [`StoreError::Busy`] while it is in use.
    fn resume(&self, blob: &BlobId) -> Result<Option<Begun>, StoreError> {
        let _ = blob;
        Ok(None)
    }

    /// Up to `limit` finished blobs in ascending order of id, from the first that is greater than `after`.
    fn list(&self, after: Option<&BlobId>, limit: usize) -> Result<Vec<BlobId>, StoreError>;
}

/// A blob that was begun: what is there of it, and its writer.
pub type Begun = (Box<dyn BlobReader>, Box<dyn BlobWriter>);

/// Writes one blob. Dropped before it is finished, it leaves nothing, unless it was told to.
pub trait BlobWriter: Send {
    /// Appends to a part.
    fn append(&mut self, part: BlobPart, bytes: &[u8]) -> Result<(), StoreError>;

    /// Takes back what was appended to a part after its first `len` bytes. Asked of writers by [`BlobStore::resume`] alone.
    fn cut(&mut self, part: BlobPart, len: u64) -> Result<(), StoreError> {
        let _ = (part, len);
        Err(StoreError::Io)
    }

    /// Lets what was appended stay when the writer is dropped, for [`BlobStore::resume`]. A store that keeps nothing does
    /// nothing.
    fn keep(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Makes the blob durable, and lets it be opened. When this returns, a crash of the process or the machine does not undo
    /// it. Called once, after the last byte.
    fn finish(&mut self) -> Result<(), StoreError>;
}

/// Reads one blob.
pub trait BlobReader: Send + Sync {
    /// Length of a part, in bytes.
    fn len(&self, part: BlobPart) -> Result<u64, StoreError>;

    /// Fills `out` with the bytes of a part from `offset` on. A part that ends before is [`StoreError::Damaged`].
    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), StoreError>;

    /// The same bytes where they are, `len` of them, for a store that has them in memory: they are not copied then. None where
    /// they have to be read.
    fn lend(&self, part: BlobPart, offset: u64, len: usize) -> Option<&[u8]> {
        let _ = (part, offset, len);
        None
    }
}

impl<B: BlobStore + ?Sized> BlobStore for Arc<B> {
    fn create(&self, blob: &BlobId) -> Result<Box<dyn BlobWriter>, StoreError> {
        (**self).create(blob)
    }

    fn open(&self, blob: &BlobId) -> Result<Option<Box<dyn BlobReader>>, StoreError> {
        (**self).open(blob)
    }

    fn delete(&self, blob: &BlobId) -> Result<bool, StoreError> {
        (**self).delete(blob)
    }

    fn resume(&self, blob: &BlobId) -> Result<Option<Begun>, StoreError> {
        (**self).resume(blob)
    }

    fn list(&self, after: Option<&BlobId>, limit: usize) -> Result<Vec<BlobId>, StoreError> {
        (**self).list(after, limit)
    }
}
