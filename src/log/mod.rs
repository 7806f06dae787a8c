//! The log of a device: what it wrote, in an order that only grows, and what each chart then was.
//!
//! ```text
//!  sealed events ─┐
//!                 ├─ leaf ──► tree (RFC 6962) ──► note, signed ──► checkpoint ──► keeper
//!  chart → digest ┴─ map root
//! ```
//!
//! [`Log`] is a log in a store, [`Reader`] what is read from it: each answer was verified against the signed note. Proofs
//! leave the store as [`Inclusion`], [`Consistency`] and [`MapProof`]. A [`Checkpoint`] is the notes of all logs of a
//! vault; a [`CheckpointKeeper`] keeps it where the store cannot reach.

mod checkpoint;
mod edge;
mod keeper;
mod leaf;
mod map;
mod note;
mod pages;
mod proof;
mod reader;
mod stored;
#[cfg(test)]
mod tests;

pub use keeper::{CallbackKeeper, CheckpointKeeper, FileKeeper, KeeperError, MemoryKeeper};

pub(crate) use checkpoint::{Checkpoint, Standing, standings};
#[cfg(feature = "testing")]
pub(crate) use leaf::LeafRow;
pub(crate) use leaf::{Leaf, MOST_CHANGES, open_events, seal_events};
pub use note::{InvalidWitness, Witness};
pub(crate) use note::{Note, TreeHead};
pub(crate) use proof::{Consistency, Inclusion, MapProof};
pub(crate) use reader::Reader;
pub(crate) use stored::{Appended, Log};

use crate::codec::Malformed;
use crate::crypto::{Failed, RandomError};
use crate::store::StoreError;

/// A log could not be read or written. Whatever the error, nothing in memory was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LogError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The store has no such log.
    #[error("the store has no such log; it was withheld, or nothing was ever written to it")]
    Missing,
    /// What was read is not what was signed.
    #[error("the log is damaged or was tampered with; restore the store from a backup")]
    Damaged,
    /// A newer version of this library wrote it.
    #[error("the log was written by a newer version; update this software")]
    Newer,
    /// The store holds leaves that this view of the log does not know.
    #[error("another writer has added to the log; open it again")]
    Stale,
    /// The log has no leaf at that place.
    #[error("the log has no such leaf; it has fewer")]
    NoSuchLeaf,
    /// A signature is not of the key that was expected.
    #[error("the checkpoint is not signed by this log's device")]
    WrongKey,
    /// What is to be written breaks the limits of the format.
    #[error("too much for one leaf of a log; write it in parts")]
    TooLong,
}

impl From<Malformed> for LogError {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Newer => Self::Newer,
            Malformed::Invalid => Self::Damaged,
        }
    }
}

impl From<Failed> for LogError {
    fn from(_: Failed) -> Self {
        Self::Damaged
    }
}
