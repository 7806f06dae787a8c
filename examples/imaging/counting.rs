//! A place for content that counts what is read of it, and a reader that counts what comes out.

use ampoule::FileReader;
use ampoule::store::{BlobId, BlobPart, BlobReader, BlobStore, BlobWriter, DirectoryBlobs, StoreError};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder of sealed content. Clones count together.
#[derive(Clone)]
pub(crate) struct Counting {
    inner: Arc<DirectoryBlobs>,
    read: Arc<AtomicU64>,
}

impl Counting {
    pub(crate) fn new(inner: DirectoryBlobs) -> Self {
        Self { inner: Arc::new(inner), read: Arc::default() }
    }

    pub(crate) fn read_so_far(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

impl BlobStore for Counting {
    fn create(&self, blob: &BlobId) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.inner.create(blob)
    }

    fn open(&self, blob: &BlobId) -> Result<Option<Box<dyn BlobReader>>, StoreError> {
        let opened = self.inner.open(blob)?;
        Ok(opened.map(|inner| Box::new(Counted { inner, read: Arc::clone(&self.read) }) as Box<dyn BlobReader>))
    }

    fn delete(&self, blob: &BlobId) -> Result<bool, StoreError> {
        self.inner.delete(blob)
    }

    fn list(&self, after: Option<&BlobId>, limit: usize) -> Result<Vec<BlobId>, StoreError> {
        self.inner.list(after, limit)
    }
}

struct Counted {
    inner: Box<dyn BlobReader>,
    read: Arc<AtomicU64>,
}

impl BlobReader for Counted {
    fn len(&self, part: BlobPart) -> Result<u64, StoreError> {
        self.inner.len(part)
    }

    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), StoreError> {
        self.read.fetch_add(u64::try_from(out.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.inner.read(part, offset, out)
    }
}

/// A file that is read as any other, and how much came out of it.
pub(crate) struct Released {
    pub(crate) inner: FileReader,
    pub(crate) released: u64,
}

impl Released {
    pub(crate) fn new(inner: FileReader) -> Self {
        Self { inner, released: 0 }
    }
}

impl Read for Released {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.released = self.released.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

impl Seek for Released {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
