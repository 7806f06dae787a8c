//! What can go wrong with a store.

/// A store could not do what it was asked. Nothing was changed, unless [`StoreError::Uncertain`] says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum StoreError {
    /// Another process or thread holds the store for writing.
    #[error("the store is in use by another writer; try again, or close the other process")]
    Busy,
    /// No space is left.
    #[error("the store is full; free some space and try again, nothing was written")]
    Full,
    /// The file or folder may not be written.
    #[error("the store is read-only; check the permissions of its file and of its folder")]
    ReadOnly,
    /// The file could not be opened.
    #[error("the store cannot be opened; check that its path exists and may be read")]
    CannotOpen,
    /// The file is no store, or is damaged.
    #[error("the store's file is damaged or is not a store; restore it from a backup")]
    Damaged,
    /// The store was written by a newer version of this library.
    #[error("the store was written by a newer version; update this software")]
    NewerSchema,
    /// The table takes other keys: those of [`Table::Log`](super::Table::Log) are places below 2⁴⁰.
    #[error("the store cannot keep a row under this key; see the documentation of its table")]
    UnsupportedKey,
    /// A commit failed in a way that leaves open whether it took effect.
    #[error("the store failed while it saved; open the vault again to see whether the change is there")]
    Uncertain,
    /// Reading or writing failed below the store.
    #[error("the store failed to read or write; check the disk")]
    Io,
}
