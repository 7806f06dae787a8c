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

/// What an entry does. Numbers 7 and 8 are reserved for alias and erase.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Act {
    #[n(1)]
    KeyState(#[n(0)] KeyState),
    #[n(2)]
    Grant(#[n(0)] GrantFields),
    #[n(3)]
    Revoke(#[n(0)] Revoke),
    #[n(4)]
    Adopt(#[n(0)] Adopt),
    #[n(5)]
    MoveHome(#[n(0)] MoveHome),
    #[n(6)]
    Resolve(#[n(0)] Resolve),
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

/// Lets one quarantined entry version into normal reads.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Adopt {
    /// Object hash of the version.
    #[n(0)]
    pub(crate) object: Hash,
    #[n(1)]
    pub(crate) reason: String,
}

/// Longest reason, in bytes.
pub(crate) const MAX_REASON: usize = 1024;

/// Makes the actor's vault the ledger's home, from the next entry on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct MoveHome {
    /// Public key of the new home.
    #[n(0)]
    pub(crate) home: Hash,
    /// A [`HomeAcceptance`], signed by that key: nobody can name a key that he does not hold.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) acceptance: Vec<u8>,
}

/// What a new home signs: for which chart, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct HomeAcceptance {
    #[n(0)]
    pub(crate) version: Version1,
    #[n(1)]
    pub(crate) chart: ChartId,
    /// Root card of the custodian who keeps the key.
    #[n(2)]
    pub(crate) keeper: CardHash,
    #[n(3)]
    pub(crate) extensions: Extensions,
}

/// Ends a fork. The entry follows on one of the branches; what the others gave counts no more.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Resolve {
    /// The last entries of the other branches, in ascending order of their hashes.
    #[n(0)]
    pub(crate) others: Vec<Head>,
    /// Turns the epoch, with a history link for each branch that had turned it, and says who stays.
    #[n(1)]
    pub(crate) turn: Revoke,
}

/// A place in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Head {
    #[n(0)]
    pub(crate) seq: u64,
    #[n(1)]
    pub(crate) hash: Hash,
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
    /// Where the entry moves the home: the key that signs the receipts after this one. It stands here so that those who
    /// cannot read the entry can check what follows.
    #[n(5)]
    pub(crate) next_home: Option<Hash>,
}
