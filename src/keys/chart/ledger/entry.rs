//! Ledger entries and receipts: what they say.

use crate::codec::{CardHash, ChartId, Extensions, GrantId, Hash, Version1};
use crate::keys::chart::{epoch::KeyState, grant::GrantFields};
use minicbor::{Decode, Encode};

/// The first entry, in clear. A chart's id is the hash of its payload: H("chart", payload).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Genesis {
    #[n(0)]
    pub(crate) version: Version1,
    /// Drawn at random, so that no two charts have one id.
    #[n(1)]
    pub(crate) nonce: Hash,
    /// Root card of the first custodian.
    #[n(2)]
    pub(crate) founder: CardHash,
    /// Device card that signs this.
    #[n(3)]
    pub(crate) actor: CardHash,
    /// Public key of the ledger's home.
    #[n(4)]
    pub(crate) home: Hash,
    /// Suite of everything in the chart.
    #[n(5)]
    pub(crate) suite: u8,
    /// Milliseconds since 1970.
    #[n(6)]
    pub(crate) time_ms: i64,
    #[n(7)]
    pub(crate) extensions: Extensions,
}

/// Any later entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct LedgerEntry {
    #[n(0)]
    pub(crate) version: Version1,
    #[n(1)]
    pub(crate) chart: ChartId,
    #[n(2)]
    pub(crate) seq: u64,
    /// Hash of the entry before, as stored.
    #[n(3)]
    pub(crate) previous: Hash,
    /// Device card that signs this.
    #[n(4)]
    pub(crate) actor: CardHash,
    /// Number of the entry that gives the actor the right to act.
    #[n(5)]
    pub(crate) authority: u64,
    /// Milliseconds since 1970.
    #[n(6)]
    pub(crate) time_ms: i64,
    #[n(7)]
    pub(crate) act: Act,
    #[n(8)]
    pub(crate) extensions: Extensions,
}

/// What an entry does. Numbers 4 to 8 are reserved for adopt, move-home, resolve, alias and erase.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Act {
    #[n(1)]
    KeyState(#[n(0)] KeyState),
    #[n(2)]
    Grant(#[n(0)] GrantFields),
    #[n(3)]
    Revoke(#[n(0)] Revoke),
}

/// Ends grants and turns the epoch, as one step.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Revoke {
    /// The grants that end without a successor.
    #[n(0)]
    pub(crate) ended: Vec<GrantId>,
    /// For each compartment, sealed under its cut key: the last entries of the revoked that are known. All of one length.
    #[n(1)]
    pub(crate) cuts: Vec<minicbor::bytes::ByteVec>,
    #[n(2)]
    pub(crate) state: KeyState,
    /// Grants of all who stay, the actor included: the whole authority of the new epoch.
    #[n(3)]
    pub(crate) staying: Vec<GrantFields>,
}

/// The home's word that an entry is final.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Receipt {
    #[n(0)]
    pub(crate) version: Version1,
    #[n(1)]
    pub(crate) chart: ChartId,
    #[n(2)]
    pub(crate) seq: u64,
    #[n(3)]
    pub(crate) entry: Hash,
    #[n(4)]
    pub(crate) extensions: Extensions,
}
