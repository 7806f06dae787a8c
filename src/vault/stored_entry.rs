//! A version in its chart: what its row holds, and what the index says of it.

use super::standings::NOBODY;
use crate::codec::{ChartId, EntryId, Hash, VersionId};
use crate::envelope::Opened;
use crate::index::{Facts, IndexRow};
use crate::keys::chart::{Head, Wrap};
use crate::record::Kind;
use crate::store::{StoreError, Table, Transaction};
use std::sync::Arc;

/// A stored entry: wrap, sealed bytes, and what this vault says of them.
pub(crate) struct StoredEntry<'a> {
    pub(crate) wrap: Wrap,
    pub(crate) bytes: &'a [u8],
    pub(crate) stub: Stub,
}

/// What a row says of the version that it holds. The marks in the logs are over it, so that a version which is damaged is
/// told from one that is another.
#[derive(Clone, Copy)]
pub(crate) struct Stub {
    /// Object hash.
    pub(crate) hash: Hash,
    /// Number of the ledger entry that was known as the last when the version was taken in; [`crate::index::KEPT_APART`] where it was
    /// not.
    pub(crate) arrival: u64,
}

impl Stub {
    /// Hash, then arrival as u64.
    const LEN: usize = 40;
    pub(super) const NONE: Self = Self { hash: Hash::from_bytes([0; 32]), arrival: 0 };

    fn from_slice(bytes: &[u8]) -> Option<Self> {
        let (hash, arrival) = bytes.split_first_chunk()?;
        Some(Self { hash: Hash::from_bytes(*hash), arrival: u64::from_be_bytes(arrival.try_into().ok()?) })
    }
}

impl<'a> StoredEntry<'a> {
    pub(crate) fn split(stored: &'a [u8]) -> Option<Self> {
        let (sealed, stub) = stored.split_at_checked(stored.len().checked_sub(Stub::LEN)?)?;
        let (wrap, bytes) = sealed.split_at_checked(Wrap::LEN)?;
        Some(Self { wrap: Wrap::from_slice(wrap)?, bytes, stub: Stub::from_slice(stub)? })
    }

    /// Wrap and sealed bytes, as they travel.
    pub(crate) fn sealed(stored: &[u8]) -> Option<&[u8]> {
        stored.get(..stored.len().checked_sub(Stub::LEN)?)
    }
}

/// Stores a sealed version as number `seq` of its chart.
pub(super) fn put_entry(
    tx: &mut dyn Transaction,
    chart: &ChartId,
    seq: u64,
    wrap: &Wrap,
    bytes: &[u8],
    stub: Stub,
) -> Result<(), StoreError> {
    let mut value = Vec::with_capacity(Wrap::LEN.saturating_add(bytes.len()).saturating_add(Stub::LEN));
    value.extend_from_slice(&wrap.to_bytes());
    value.extend_from_slice(bytes);
    value.extend_from_slice(stub.hash.as_bytes());
    value.extend_from_slice(&stub.arrival.to_be_bytes());
    tx.put(Table::Entries, chart.as_bytes(), &seq.to_be_bytes(), &value)
}

/// The index row of an opened version.
pub(super) fn row_of(seq: u64, stub: Stub, opened: Opened) -> IndexRow {
    let Opened { header, metadata, content: _, slot } = opened;
    IndexRow {
        seq,
        entry: header.entry,
        version: header.version,
        hash: stub.hash,
        kind: header.kind,
        compartment: slot,
        parents: metadata.parents,
        author: metadata.author,
        time_ms: metadata.time_ms,
        tombstone: metadata.tombstone,
        chain_seq: metadata.chain.map_or(0, |chain| chain.seq),
        previous: metadata.chain.map_or(Hash::from_bytes([0; 32]), |chain| chain.previous),
        known: Head { seq: metadata.ledger_seq, hash: metadata.ledger_hash },
        arrival: stub.arrival,
        request: metadata.request,
        terms: metadata.terms,
    }
}

/// Whether a row only keeps the place of a version.
pub(super) fn is_nobodys(facts: &Facts) -> bool {
    facts.author == NOBODY
}

/// Keeps the place of a version of which nothing can be believed. The ids that it claims say which entry is not to be read
/// as if it were not there; where it claims none, these are of no other.
pub(super) fn placeholder(seq: u64, claimed: Option<(EntryId, VersionId)>, stub: Stub) -> IndexRow {
    let (entry, version) = claimed.unwrap_or_else(|| {
        let entry = EntryId::random().unwrap_or(EntryId::from_bytes([0; 16]));
        (entry, VersionId::random().unwrap_or(VersionId::from_bytes([0; 16])))
    });
    IndexRow {
        seq,
        entry,
        version,
        hash: stub.hash,
        kind: Kind::Record,
        compartment: 0,
        parents: Vec::new(),
        author: NOBODY,
        time_ms: 0,
        tombstone: false,
        chain_seq: 0,
        previous: Hash::from_bytes([0; 32]),
        known: Head { seq: 0, hash: Hash::from_bytes([0; 32]) },
        arrival: stub.arrival,
        request: None,
        terms: Arc::default(),
    }
}
