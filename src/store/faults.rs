//! A store that fails when it is told to.

mod blobs;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{BlobStore, Row, Snapshot, Store, StoreError, Table, Transaction};

/// What is asked of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Operation {
    /// [`Store::read`].
    Read,
    /// [`Store::write`].
    Write,
    /// [`Snapshot::generation`].
    Generation,
    /// [`Snapshot::get`].
    Get,
    /// [`Snapshot::scan`].
    Scan,
    /// [`Snapshot::last`].
    Last,
    /// [`Transaction::put`].
    Put,
    /// [`Transaction::delete`].
    Delete,
    /// [`Transaction::commit`].
    Commit,
    /// [`BlobStore::create`].
    CreateBlob,
    /// [`BlobWriter::append`](super::BlobWriter::append).
    AppendBlob,
    /// [`BlobWriter::finish`](super::BlobWriter::finish).
    FinishBlob,
    /// [`BlobStore::open`].
    OpenBlob,
    /// [`BlobReader::read`](super::BlobReader::read).
    ReadBlob,
    /// [`BlobStore::delete`].
    DeleteBlob,
    /// [`BlobStore::list`].
    ListBlobs,
}

impl Operation {
    /// Those that change something.
    pub const CHANGES: [Self; 7] =
        [Self::Put, Self::Delete, Self::Commit, Self::CreateBlob, Self::AppendBlob, Self::FinishBlob, Self::DeleteBlob];

    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Read,
        Self::Write,
        Self::Generation,
        Self::Get,
        Self::Scan,
        Self::Last,
        Self::Put,
        Self::Delete,
        Self::Commit,
        Self::CreateBlob,
        Self::AppendBlob,
        Self::FinishBlob,
        Self::OpenBlob,
        Self::ReadBlob,
        Self::DeleteBlob,
        Self::ListBlobs,
    ];
}

/// A failure to come.
#[derive(Clone, Debug)]
#[must_use]
pub struct Fault {
    operations: Vec<Operation>,
    /// How many of them still succeed.
    after: u64,
    error: StoreError,
    takes_effect: bool,
    lasting: bool,
}

impl Fault {
    /// One of the named operations fails with [`StoreError::Io`], once, when `after` of them have succeeded.
    pub fn new(operations: impl Into<Vec<Operation>>, after: u64) -> Self {
        Self { operations: operations.into(), after, error: StoreError::Io, takes_effect: false, lasting: false }
    }

    /// The error to fail with.
    pub fn error(mut self, error: StoreError) -> Self {
        self.error = error;
        self
    }

    /// The operation does what it was asked, and only then reports the error: a commit that is durable and not
    /// acknowledged.
    pub fn takes_effect(mut self) -> Self {
        self.takes_effect = true;
        self
    }

    /// From then on every operation fails, as after a crash: what is not committed is gone. [`Faults::clear`] starts
    /// the store again.
    pub fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }
}

/// Tells a [`FaultStore`] when to fail, and how often it was asked. Stays usable when the store was given away.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    pending: Vec<Fault>,
    down: Option<StoreError>,
    asked: [u64; Operation::ALL.len()],
}

impl Faults {
    /// Adds a failure. Its count starts now.
    pub fn add(&self, fault: Fault) {
        self.plan().pending.push(fault);
    }

    /// Forgets all failures to come, and ends those that last.
    pub fn clear(&self) {
        let mut plan = self.plan();
        plan.pending.clear();
        plan.down = None;
    }

    /// Whether all failures that were added have happened.
    pub fn all_happened(&self) -> bool {
        self.plan().pending.is_empty()
    }

    /// How often the store was asked for one of these operations, those that failed included.
    pub fn asked(&self, operations: &[Operation]) -> u64 {
        let plan = self.plan();
        Operation::ALL
            .iter()
            .zip(plan.asked)
            .filter(|(operation, _)| operations.contains(operation))
            .map(|(_, count)| count)
            .sum()
    }

    /// Does what was asked, unless it is time to fail.
    fn pass<T>(&self, operation: Operation, act: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        // The plan is not held while the store acts: that may take long, and others ask meanwhile.
        match self.due(operation)? {
            Some(error) => {
                act()?;
                Err(error)
            }
            None => act(),
        }
    }

    /// Fails if the operation fails without effect; otherwise the error to report after it.
    fn due(&self, operation: Operation) -> Result<Option<StoreError>, StoreError> {
        let mut plan = self.plan();
        for (known, count) in Operation::ALL.iter().zip(&mut plan.asked) {
            if *known == operation {
                *count = count.saturating_add(1);
            }
        }
        if let Some(error) = plan.down {
            return Err(error);
        }
        let mut due = None;
        plan.pending.retain_mut(|fault| {
            if !fault.operations.contains(&operation) {
                return true;
            }
            if fault.after == 0 && due.is_none() {
                due = Some(fault.clone());
                return false;
            }
            fault.after = fault.after.saturating_sub(1);
            true
        });
        let Some(fault) = due else {
            return Ok(None);
        };
        if fault.lasting {
            plan.down = Some(StoreError::Io);
        }
        if fault.takes_effect { Ok(Some(fault.error)) } else { Err(fault.error) }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes everything on to another store, and fails when its [`Faults`] say so.
#[derive(Debug)]
pub struct FaultStore<S> {
    inner: S,
    faults: Faults,
}

impl<S: Store> FaultStore<S> {
    /// Wraps a store. It does not fail until it is told to.
    pub fn new(inner: S) -> Self {
        Self { inner, faults: Faults::default() }
    }

    /// The handle that tells it when to fail.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// The store within, which never fails by order.
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: Store> Store for FaultStore<S> {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let inner = self.faults.pass(Operation::Read, || self.inner.read())?;
        Ok(Box::new(FaultSnapshot { inner, faults: &self.faults }))
    }

    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        let inner = self.faults.pass(Operation::Write, || self.inner.write())?;
        Ok(Box::new(FaultSnapshot { inner, faults: &self.faults }))
    }

    fn blobs(&self) -> Option<Arc<dyn BlobStore>> {
        let inner = self.inner.blobs()?;
        Some(Arc::new(blobs::FaultBlobs { inner, faults: self.faults.clone() }))
    }
}

/// A snapshot, or a transaction.
struct FaultSnapshot<'a, V: ?Sized> {
    inner: Box<V>,
    faults: &'a Faults,
}

impl<V: Snapshot + ?Sized> Snapshot for FaultSnapshot<'_, V> {
    fn generation(&self) -> Result<u64, StoreError> {
        self.faults.pass(Operation::Generation, || self.inner.generation())
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.faults.pass(Operation::Get, || self.inner.get(table, part, key))
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.faults.pass(Operation::Scan, || self.inner.scan(table, part, after, limit))
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        self.faults.pass(Operation::Last, || self.inner.last(table, part))
    }
}

impl<V: Transaction + ?Sized> Transaction for FaultSnapshot<'_, V> {
    fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.faults.pass(Operation::Put, || self.inner.put(table, part, key, value))
    }

    fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
        self.faults.pass(Operation::Delete, || self.inner.delete(table, part, key))
    }

    fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError> {
        let Self { inner, faults } = *self;
        faults.pass(Operation::Commit, || inner.commit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{BlobId, BlobPart, MemoryStore};

    fn put(store: &dyn Store, key: &[u8]) -> Result<(), StoreError> {
        let mut change = store.write()?;
        change.put(Table::Vault, b"", key, b"v")?;
        change.commit().map(drop)
    }

    fn keys(store: &dyn Store) -> Vec<Vec<u8>> {
        let view = store.read().unwrap();
        let rows = view.scan(Table::Vault, b"", None, 99).unwrap();
        rows.into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn each_operation_fails_when_it_is_told_to_and_only_then() {
        for operation in Operation::ALL {
            let store = FaultStore::new(MemoryStore::new());
            let use_all = || {
                let mut change = store.write()?;
                change.put(Table::Vault, b"", b"k", b"v")?;
                change.delete(Table::Vault, b"", b"other")?;
                change.commit()?;
                let view = store.read()?;
                view.generation()?;
                view.get(Table::Vault, b"", b"k")?;
                view.last(Table::Vault, b"")?;
                view.scan(Table::Vault, b"", None, 1)?;
                let (blobs, blob) = (store.blobs().unwrap(), BlobId::from_bytes([1; 16]));
                let mut writer = blobs.create(&blob)?;
                writer.append(BlobPart::Chunks, b"bytes")?;
                writer.finish()?;
                drop(writer);
                let read = blobs.open(&blob).and_then(|reader| reader.unwrap().read(BlobPart::Chunks, 0, &mut [0; 5]));
                let listed = blobs.list(None, 9).map(drop);
                // Gone before the next time, whatever failed.
                blobs
                    .delete(&blob)
                    .or_else(|_| store.inner().blobs().unwrap().delete(&blob).and(Err(StoreError::Full)))?;
                read.and(listed)
            };
            let faults = store.faults();
            faults.add(Fault::new([operation], 1).error(StoreError::Full));
            assert!(use_all().is_ok());
            assert!(!faults.all_happened());
            assert_eq!(use_all().err(), Some(StoreError::Full), "{operation:?}");
            assert!(faults.all_happened());
            assert!(use_all().is_ok());
            assert_eq!(faults.asked(&[operation]), 3);
        }
    }

    #[test]
    fn a_commit_that_fails_changes_nothing_or_all() {
        let store = FaultStore::new(MemoryStore::new());
        let faults = store.faults();
        faults.add(Fault::new([Operation::Commit], 0).error(StoreError::Full));
        assert_eq!(put(&store, b"lost"), Err(StoreError::Full));
        faults.add(Fault::new([Operation::Commit], 0).error(StoreError::Uncertain).takes_effect());
        assert_eq!(put(&store, b"kept"), Err(StoreError::Uncertain));
        assert_eq!(keys(&store), [b"kept".to_vec()]);
    }

    #[test]
    fn after_a_crash_all_fails_and_what_was_committed_is_left() {
        let store = FaultStore::new(MemoryStore::new());
        let faults = store.faults();
        put(&store, b"1").unwrap();
        let view = store.read().unwrap();
        let mut change = store.write().unwrap();
        change.put(Table::Vault, b"", b"2", b"v").unwrap();
        faults.add(Fault::new(Operation::CHANGES, 0).lasting());
        let down = Some(StoreError::Io);
        assert_eq!(change.put(Table::Vault, b"", b"3", b"v").err(), down);
        assert_eq!(change.get(Table::Vault, b"", b"2").err(), down);
        assert_eq!(change.commit().err(), down);
        assert_eq!(view.get(Table::Vault, b"", b"1").err(), down);
        assert_eq!(store.read().err(), down);
        assert_eq!(store.write().err(), down);
        faults.clear();
        assert_eq!(keys(&store), [b"1".to_vec()]);
    }
}
