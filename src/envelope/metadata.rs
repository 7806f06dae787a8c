//! What is sealed and signed beside the content.

use super::OpenError;
use crate::codec::{CardHash, CompartmentId, Extensions, Hash, Malformed, Version1, VersionId, decode};
use crate::record::{Terms, shared_terms};
use minicbor::{Decode, Encode};
use std::sync::Arc;

/// On whose behalf a service acts, as that service says. Never a signature of that person.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Actor {
    /// Directory that knows the person: a URI.
    #[n(0)]
    pub issuer: String,
    /// The person's id there.
    #[n(1)]
    pub subject: String,
    /// The session in which it happened.
    #[n(2)]
    pub session: String,
    /// Purpose of use, such as `TREAT`.
    #[n(3)]
    pub purpose: String,
}

/// Shows nothing: it names a person.
impl core::fmt::Debug for Actor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { issuer: _, subject: _, session: _, purpose: _ } = self;
        f.debug_struct("Actor").finish_non_exhaustive()
    }
}

/// Place in the chain of what one device wrote into one compartment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Chain {
    /// 1 for the first.
    #[n(0)]
    pub(crate) seq: u64,
    /// Object hash of the one before; zero for the first.
    #[n(1)]
    pub(crate) previous: Hash,
}

/// The metadata of an entry version.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Metadata {
    #[n(0)]
    pub(crate) version: Version1,
    /// Device card of the author.
    #[n(1)]
    pub(crate) author: CardHash,
    #[n(2)]
    pub(crate) compartment: CompartmentId,
    #[n(3)]
    pub(crate) epoch: u32,
    /// The ledger entry that the author knew as the last.
    #[n(4)]
    pub(crate) ledger_seq: u64,
    #[n(5)]
    pub(crate) ledger_hash: Hash,
    /// Absent where the author keeps no chain: an EHR that stores entries by itself.
    #[n(6)]
    pub(crate) chain: Option<Chain>,
    #[n(7)]
    pub(crate) parents: Vec<VersionId>,
    /// Milliseconds since 1970, by the author's clock.
    #[n(8)]
    pub(crate) time_ms: i64,
    #[n(9)]
    pub(crate) content_len: u64,
    /// 0: the content as it is. Other values are reserved for compression before sealing.
    #[n(10)]
    pub(crate) coding: u8,
    #[n(11)]
    pub(crate) media_type: String,
    #[n(12)]
    pub(crate) label: String,
    #[n(13)]
    pub(crate) name: Option<String>,
    /// Whether this version deletes the entry.
    #[n(14)]
    pub(crate) tombstone: bool,
    #[n(15)]
    pub(crate) actor: Option<Actor>,
    #[cbor(n(16), with = "shared_terms")]
    pub(crate) terms: Arc<Terms>,
    /// H("request", key) of the caller's idempotency key.
    #[n(17)]
    pub(crate) request: Option<Hash>,
    #[n(18)]
    pub(crate) extensions: Extensions,
}

/// Most parents of a version.
pub(crate) const MAX_PARENTS: usize = 64;

impl Metadata {
    /// Decodes, and checks what the encoding alone does not.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, OpenError> {
        if bytes.len() > super::MAX_METADATA {
            return Err(OpenError::Failed);
        }
        let metadata: Self = decode(bytes).map_err(|malformed| match malformed {
            Malformed::Newer => OpenError::Newer,
            Malformed::Invalid => OpenError::Failed,
        })?;
        if metadata.coding != 0 {
            return Err(OpenError::Newer);
        }
        let mut parents = metadata.parents.clone();
        parents.sort_unstable();
        parents.dedup();
        let in_order = parents == metadata.parents && parents.len() <= MAX_PARENTS;
        let chained = metadata.chain.is_none_or(|chain| chain.seq > 0);
        let terms = metadata.terms.is_within_bounds();
        if in_order && chained && terms { Ok(metadata) } else { Err(OpenError::Failed) }
    }
}

/// Shows nothing: it describes a patient's record.
impl core::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            version: _,
            author: _,
            compartment: _,
            epoch: _,
            ledger_seq: _,
            ledger_hash: _,
            chain: _,
            parents: _,
            time_ms: _,
            content_len: _,
            coding: _,
            media_type: _,
            label: _,
            name: _,
            tombstone: _,
            actor: _,
            terms: _,
            request: _,
            extensions: _,
        } = self;
        f.debug_struct("Metadata").finish_non_exhaustive()
    }
}
