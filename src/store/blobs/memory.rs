//! Blobs in memory.

use super::{Begun, BlobId, BlobPart, BlobReader, BlobStore, BlobWriter};
use crate::store::StoreError;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps blobs in memory. They are gone when the last handle of it is dropped; clones are one store.
#[derive(Clone, Debug, Default)]
pub struct MemoryBlobs(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    finished: BTreeMap<BlobId, Arc<Parts>>,
    /// What writers left that were told to keep it.
    begun: BTreeMap<BlobId, Parts>,
    in_use: BTreeSet<BlobId>,
}

#[derive(Clone, Debug, Default)]
struct Parts {
    chunks: Vec<u8>,
    outboard: Vec<u8>,
}

impl MemoryBlobs {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlobStore for MemoryBlobs {
    fn create(&self, blob: &BlobId) -> Result<Box<dyn BlobWriter>, StoreError> {
        let mut kept = self.kept();
        if kept.finished.contains_key(blob) || kept.begun.contains_key(blob) || !kept.in_use.insert(*blob) {
            return Err(StoreError::Busy);
        }
        Ok(Box::new(MemoryWriter { store: self.clone(), blob: *blob, parts: Parts::default(), keep: false }))
    }

    fn open(&self, blob: &BlobId) -> Result<Option<Box<dyn BlobReader>>, StoreError> {
        let parts = self.kept().finished.get(blob).map(Arc::clone);
        Ok(parts.map(|parts| Box::new(MemoryReader(parts)) as Box<dyn BlobReader>))
    }

    fn delete(&self, blob: &BlobId) -> Result<bool, StoreError> {
        let mut kept = self.kept();
        if kept.in_use.contains(blob) {
            return Err(StoreError::Busy);
        }
        let was_begun = kept.begun.remove(blob).is_some();
        Ok(kept.finished.remove(blob).is_some() || was_begun)
    }

    fn resume(&self, blob: &BlobId) -> Result<Option<Begun>, StoreError> {
        let mut kept = self.kept();
        if kept.in_use.contains(blob) {
            return Err(StoreError::Busy);
        }
        let Some(parts) = kept.begun.remove(blob) else { return Ok(None) };
        kept.in_use.insert(*blob);
        let reader = MemoryReader(Arc::new(parts.clone()));
        let writer = MemoryWriter { store: self.clone(), blob: *blob, parts, keep: true };
        Ok(Some((Box::new(reader), Box::new(writer))))
    }

    fn list(&self, after: Option<&BlobId>, limit: usize) -> Result<Vec<BlobId>, StoreError> {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(*after));
        Ok(self.kept().finished.range((from, Bound::Unbounded)).take(limit).map(|(blob, _)| *blob).collect())
    }
}

struct MemoryWriter {
    store: MemoryBlobs,
    blob: BlobId,
    parts: Parts,
    keep: bool,
}

impl MemoryWriter {
    fn part(&mut self, part: BlobPart) -> &mut Vec<u8> {
        match part {
            BlobPart::Chunks => &mut self.parts.chunks,
            BlobPart::Outboard => &mut self.parts.outboard,
        }
    }
}

impl BlobWriter for MemoryWriter {
    fn append(&mut self, part: BlobPart, bytes: &[u8]) -> Result<(), StoreError> {
        self.part(part).extend_from_slice(bytes);
        Ok(())
    }

    fn cut(&mut self, part: BlobPart, len: u64) -> Result<(), StoreError> {
        self.part(part).truncate(usize::try_from(len).unwrap_or(usize::MAX));
        Ok(())
    }

    fn keep(&mut self) -> Result<(), StoreError> {
        self.keep = true;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.keep = false;
        let parts = Arc::new(core::mem::take(&mut self.parts));
        self.store.kept().finished.insert(self.blob, parts);
        Ok(())
    }
}

impl Drop for MemoryWriter {
    fn drop(&mut self) {
        let mut kept = self.store.kept();
        kept.in_use.remove(&self.blob);
        if self.keep {
            kept.begun.insert(self.blob, core::mem::take(&mut self.parts));
        }
    }
}

struct MemoryReader(Arc<Parts>);

impl MemoryReader {
    fn part(&self, part: BlobPart) -> &[u8] {
        match part {
            BlobPart::Chunks => &self.0.chunks,
            BlobPart::Outboard => &self.0.outboard,
        }
    }
}

impl BlobReader for MemoryReader {
    fn len(&self, part: BlobPart) -> Result<u64, StoreError> {
        u64::try_from(self.part(part).len()).map_err(|_| StoreError::Damaged)
    }

    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), StoreError> {
        out.copy_from_slice(self.lend(part, offset, out.len()).ok_or(StoreError::Damaged)?);
        Ok(())
    }

    fn lend(&self, part: BlobPart, offset: u64, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset).ok()?;
        self.part(part).get(from..)?.get(..len)
    }
}
