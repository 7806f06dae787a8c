//! A store whose rows come in the order that [`Snapshot::scan`] promises, or not at all.
//!
//! Whoever reads page by page goes on from the last key. A store that begins anew each time, or gives more than was asked for,
//! would have him read for ever.

use super::{BlobStore, Row, Snapshot, Store, StoreError, Table, Transaction};
use std::sync::Arc;

/// Passes everything on, and fails where rows come in another order or number.
pub(crate) struct Ordered(pub(crate) Box<dyn Store>);

/// A snapshot, or a transaction.
struct InOrder<V: ?Sized>(Box<V>);

impl Store for Ordered {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(InOrder(self.0.read()?)))
    }

    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(InOrder(self.0.write()?)))
    }

    fn blobs(&self) -> Option<Arc<dyn BlobStore>> {
        self.0.blobs()
    }
}

impl<V: Snapshot + ?Sized> Snapshot for InOrder<V> {
    fn generation(&self) -> Result<u64, StoreError> {
        self.0.generation()
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(table, part, key)
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.0.scan(table, part, after, limit)?;
        let follows = rows.first().is_none_or(|(key, _)| after.is_none_or(|after| &key[..] > after));
        if follows && rows.len() <= limit && rows.is_sorted_by(|(one, _), (next, _)| one < next) {
            Ok(rows)
        } else {
            Err(StoreError::Damaged)
        }
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        self.0.last(table, part)
    }
}

impl<V: Transaction + ?Sized> Transaction for InOrder<V> {
    fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.0.put(table, part, key, value)
    }

    fn add(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        self.0.add(table, part, key, value)
    }

    fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
        self.0.delete(table, part, key)
    }

    fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError> {
        self.0.commit()
    }
}
