//! The sealed index of a chart, and the sealed directory of patients.
//!
//! ```text
//!  IndexRow ── append ──► segment (sealed, immutable) ──► Table::Index
//!     │                        │ merged by sixteens
//!     └── insert ──► ChartIndex ◄── load, refresh
//!                       │
//!                     find, heads, versions
//! ```
//!
//! Each stored entry version has one row, numbered in order of arrival. Rows live in segments that are sealed under a key
//! of this vault and chart, so the store learns sizes and counts, and neither equality nor frequency of any term.
//! The index can be derived again from the entries; damage to it is reported as ranges to rebuild.

mod chart;
pub(crate) mod directory;
mod find;
mod query;
mod ranges;
#[cfg(test)]
mod samples;
mod segment;
mod stored;
mod symbols;
#[cfg(test)]
mod tests;
mod thread;

pub(crate) use chart::{ChartIndex, Heads, Hit, Version};
pub use query::{PatientQuery, Query};
pub(crate) use stored::{MOST_UNSTORED, append, is_due, load, refresh, repair, stored_to};
pub(crate) use thread::{Place, Threaded};

use crate::codec::{CardHash, EntryId, Hash, VersionId};
use crate::crypto::{Failed, RandomError};
use crate::keys::chart::Head;
use crate::record::{Kind, Terms};
use crate::store::StoreError;
use std::sync::Arc;

/// What the index keeps of one stored entry version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexRow {
    /// Place in order of arrival: 1, 2, 3 and so on in each chart, without gaps.
    pub(crate) seq: u64,
    pub(crate) entry: EntryId,
    pub(crate) version: VersionId,
    /// Object hash of the sealed version.
    pub(crate) hash: Hash,
    pub(crate) kind: Kind,
    /// Number of the compartment, 0 to 7, in the order of the chart's key state.
    pub(crate) compartment: u8,
    pub(crate) parents: Vec<VersionId>,
    /// Device card of the author.
    pub(crate) author: CardHash,
    /// When the author says that he wrote it, in milliseconds since 1970.
    pub(crate) time_ms: i64,
    /// The version deletes the entry.
    pub(crate) tombstone: bool,
    /// Place in the chain of its author's device in its compartment; 0 where the author keeps no chain.
    pub(crate) chain_seq: u64,
    /// Object hash of the version before it in that chain; zero for the first.
    pub(crate) previous: Hash,
    /// The ledger entry that the author knew as the last.
    pub(crate) known: Head,
    /// Number of the ledger entry that this vault knew as the last when it took the version in; [`KEPT_APART`] where it did
    /// not.
    pub(crate) arrival: u64,
    /// Hash of the caller's idempotency key.
    pub(crate) request: Option<Hash>,
    pub(crate) terms: Arc<Terms>,
}

/// In the place of a ledger number: the version was kept apart when it came.
pub(crate) const KEPT_APART: u64 = u64::MAX;

/// Says which versions take no part in what is read: those that authority keeps apart, and places of damaged ones.
pub(crate) type Judge<'a> = &'a dyn Fn(&Facts) -> bool;

/// What a [`Judge`] decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) author: CardHash,
    pub(crate) chain_seq: u64,
}

/// Compartments of a chart.
pub(crate) const COMPARTMENTS: u8 = 8;

/// The index could not be read or written. A damaged segment is no error: it is reported as a range to rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IndexError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A newer version of this library wrote it.
    #[error("the index was written by a newer version; update this software")]
    Newer,
    /// The rows to be written are not numbered one after the other.
    #[error("rows of an index follow one another; read the index again and number them anew")]
    OutOfOrder,
    /// Rows that break the limits of the format, or a cipher that failed.
    #[error("the index could not be sealed; nothing was written")]
    Unsealable,
}

impl IndexRow {
    /// What a judge decides by.
    pub(crate) fn facts(&self) -> Facts {
        Facts { author: self.author, chain_seq: self.chain_seq }
    }
}

impl From<Failed> for IndexError {
    fn from(_: Failed) -> Self {
        Self::Unsealable
    }
}
