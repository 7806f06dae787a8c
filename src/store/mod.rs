//! Where sealed bytes are kept: one trait, one transaction type.
//!
//! A store is a set of tables of rows `(part, key) → value`. `part` is a chart id, the id of a log, or empty for what
//! belongs to the vault as a whole, so that a big store can partition by it. Rows of a part are ordered by key as bytes.
//! A store learns nothing from values: all are sealed, or listed in `docs/THREAT-MODEL.md`.

mod blobs;
mod error;
#[cfg(feature = "testing")]
pub(crate) mod faults;
mod memory;
mod ordered;
#[cfg(feature = "sqlite")]
mod sqlite;
mod turn;

use std::sync::Arc;

#[cfg(feature = "directory")]
pub use blobs::DirectoryBlobs;
pub use blobs::{Begun, BlobId, BlobPart, BlobReader, BlobStore, BlobWriter, MemoryBlobs};
pub use error::StoreError;
pub use memory::MemoryStore;
pub(crate) use ordered::Ordered;
#[cfg(feature = "sqlite")]
pub use sqlite::{Durability, SqliteOptions, SqliteStore};

/// The tables. Numbers are stable: a store may keep them instead of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Table {
    /// The vault's own state: slots and sealed identity.
    Vault = 1,
    /// What the vault holds of each chart: seeds or granted keys, sealed.
    Keyring = 2,
    /// Contacts, sealed.
    Contacts = 3,
    /// The directory of patients, sealed.
    Directory = 4,
    /// Cards of authors, by hash.
    Cards = 5,
    /// The ledger of a chart, by number.
    Ledger = 6,
    /// Receipts of a ledger's home, by number.
    Receipts = 7,
    /// Sealed grants, by grant id.
    Grants = 8,
    /// Sealed entries in order of arrival.
    Entries = 9,
    /// Wraps that were made after an entry was stored.
    Wraps = 10,
    /// Segments of the sealed index.
    Index = 11,
    /// Leaves of the devices' logs. A key is a place, 8 bytes in big-endian order and less than 2³²; a store may refuse others
    /// with [`StoreError::UnsupportedKey`].
    Log = 12,
    /// Hashes of the devices' logs.
    Tiles = 13,
    /// Pages of the maps of the devices' logs.
    Map = 14,
}

impl Table {
    /// Every table, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::Vault,
        Self::Keyring,
        Self::Contacts,
        Self::Directory,
        Self::Cards,
        Self::Ledger,
        Self::Receipts,
        Self::Grants,
        Self::Entries,
        Self::Wraps,
        Self::Index,
        Self::Log,
        Self::Tiles,
        Self::Map,
    ];
}

/// Key and value of a row.
pub type Row = (Vec<u8>, Vec<u8>);

/// Keeps rows. Shared between threads; many may read while one writes.
pub trait Store: Send + Sync {
    /// A view of all rows as they stand at this moment, which later writes do not change.
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// The only writer, until it is committed or dropped. Waits for another writer, also one in another process, for a
    /// bounded time, and then fails with [`StoreError::Busy`].
    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError>;

    /// Where the blobs of files are kept, unless the vault is told another place. None where the store has no place for them.
    fn blobs(&self) -> Option<Arc<dyn BlobStore>> {
        None
    }
}

impl<S: Store + ?Sized> Store for Arc<S> {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        (**self).read()
    }

    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        (**self).write()
    }

    fn blobs(&self) -> Option<Arc<dyn BlobStore>> {
        (**self).blobs()
    }
}

/// A consistent view.
pub trait Snapshot {
    /// A number that is greater whenever another writer, in this process or another, may have committed in between. It may
    /// be greater without cause; but while a transaction is open, no view has a greater one than that has.
    fn generation(&self) -> Result<u64, StoreError>;

    /// The value of a row.
    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Up to `limit` rows of a part in ascending order of key, from the first key greater than `after`.
    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// The row of a part with the greatest key.
    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError>;
}

/// A change that happens whole or not at all. Dropping it undoes it.
pub trait Transaction: Snapshot {
    /// Writes a row, over an earlier one with the same key.
    fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError>;

    /// Writes a row if there is none with that key; says whether it did. A store that can do so in one step saves a look.
    fn add(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        if self.get(table, part, key)?.is_some() {
            return Ok(false);
        }
        self.put(table, part, key, value)?;
        Ok(true)
    }

    /// Removes a row; says whether there was one.
    fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError>;

    /// Makes the change durable. When this returns, a crash of the process or the machine does not undo it.
    ///
    /// Returns the generation of the state that it made; none where another writer may have changed that state already. Views
    /// of that state, and of those after it, have a greater one than this change has.
    fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError>;
}
