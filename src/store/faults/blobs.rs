//! Blobs that fail when they are told to.

use super::{Faults, Operation};
use crate::store::{Begun, BlobId, BlobPart, BlobReader, BlobStore, BlobWriter, StoreError};
use std::sync::Arc;

/// Passes everything on to another store of blobs, and fails when its [`Faults`] say so.
pub(super) struct FaultBlobs {
    pub(super) inner: Arc<dyn BlobStore>,
    pub(super) faults: Faults,
}

impl BlobStore for FaultBlobs {
    fn create(&self, blob: &BlobId) -> Result<Box<dyn BlobWriter>, StoreError> {
        let inner = self.faults.pass(Operation::CreateBlob, || self.inner.create(blob))?;
        Ok(Box::new(FaultWriter { inner, faults: self.faults.clone() }))
    }

    fn open(&self, blob: &BlobId) -> Result<Option<Box<dyn BlobReader>>, StoreError> {
        let inner = self.faults.pass(Operation::OpenBlob, || self.inner.open(blob))?;
        let faults = self.faults.clone();
        Ok(inner.map(|inner| Box::new(FaultReader { inner, faults }) as Box<dyn BlobReader>))
    }

    fn delete(&self, blob: &BlobId) -> Result<bool, StoreError> {
        self.faults.pass(Operation::DeleteBlob, || self.inner.delete(blob))
    }

    fn resume(&self, blob: &BlobId) -> Result<Option<Begun>, StoreError> {
        let begun = self.faults.pass(Operation::CreateBlob, || self.inner.resume(blob))?;
        let fails = |(reader, writer)| -> Begun {
            let faults = || self.faults.clone();
            let reader = FaultReader { inner: reader, faults: faults() };
            (Box::new(reader), Box::new(FaultWriter { inner: writer, faults: faults() }))
        };
        Ok(begun.map(fails))
    }

    fn list(&self, after: Option<&BlobId>, limit: usize) -> Result<Vec<BlobId>, StoreError> {
        self.faults.pass(Operation::ListBlobs, || self.inner.list(after, limit))
    }
}

struct FaultWriter {
    inner: Box<dyn BlobWriter>,
    faults: Faults,
}

impl BlobWriter for FaultWriter {
    fn append(&mut self, part: BlobPart, bytes: &[u8]) -> Result<(), StoreError> {
        self.faults.pass(Operation::AppendBlob, || self.inner.append(part, bytes))
    }

    fn cut(&mut self, part: BlobPart, len: u64) -> Result<(), StoreError> {
        self.faults.pass(Operation::AppendBlob, || self.inner.cut(part, len))
    }

    fn keep(&mut self) -> Result<(), StoreError> {
        self.faults.pass(Operation::AppendBlob, || self.inner.keep())
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.faults.pass(Operation::FinishBlob, || self.inner.finish())
    }
}

struct FaultReader {
    inner: Box<dyn BlobReader>,
    faults: Faults,
}

impl BlobReader for FaultReader {
    fn len(&self, part: BlobPart) -> Result<u64, StoreError> {
        self.inner.len(part)
    }

    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), StoreError> {
        self.faults.pass(Operation::ReadBlob, || self.inner.read(part, offset, out))
    }
}
