//! The proof of a bundle: that the log of the sender's device says what its content is.
//!
//! The content's hash is a mark in the map of the log, the map's root is in the last leaf, the leaf is in the tree, and the
//! tree's head is signed. Of anything else that the log tells, hashes travel and nothing more.

use crate::codec::{ChartId, Extensions, Hash, LogId, Malformed, Version1};
use crate::crypto::{role, sign::VerifyingKey};
use crate::log::{Consistency, Inclusion, Leaf, Log, LogError, MapProof, Note, TreeHead};
use crate::store::Snapshot;
use minicbor::{Decode, Encode};

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Proof {
    #[n(0)]
    version: Version1,
    #[cbor(n(1), with = "minicbor::bytes")]
    note: Vec<u8>,
    /// The last leaf.
    #[cbor(n(2), with = "minicbor::bytes")]
    leaf: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    inclusion: Vec<u8>,
    #[cbor(n(4), with = "minicbor::bytes")]
    mark: Vec<u8>,
    /// Of the head that the addressee saw last.
    #[cbor(n(5), with = "minicbor::bytes")]
    consistency: Option<Vec<u8>>,
    #[n(6)]
    extensions: Extensions,
}

impl Proof {
    /// Proves what a log, as it stands in this view of the store, says in its map under a key, to who has seen its first `seen`
    /// leaves.
    pub(crate) fn of(log: &Log, snapshot: &dyn Snapshot, key: &ChartId, seen: u64) -> Result<Self, LogError> {
        let mut reader = log.reader(snapshot);
        let last = log.size().checked_sub(1).ok_or(LogError::NoSuchLeaf)?;
        let mark = reader.prove_digest(key)?;
        // A proof that there is no mark would name a chart of somebody else.
        if mark.verify(&log.map_root(), key)?.is_none() {
            return Err(LogError::Damaged);
        }
        let consistency = if seen == 0 { None } else { Some(reader.prove_consistency(seen)?.to_bytes()) };
        Ok(Self {
            version: Version1,
            note: log.note().ok_or(LogError::NoSuchLeaf)?.to_bytes(),
            leaf: reader.leaf(last)?.to_bytes(),
            inclusion: reader.prove_inclusion(last)?.to_bytes(),
            mark: mark.to_bytes(),
            consistency,
            extensions: Extensions::default(),
        })
    }

    /// The log that it claims to be of.
    pub(crate) fn unverified_log(&self) -> Result<LogId, Malformed> {
        Ok(Note::from_bytes(&self.note)?.unverified_log())
    }

    /// The head of the log, and what its map says under a key.
    pub(crate) fn verify(
        &self,
        device: &VerifyingKey<role::LogSigning>,
        key: &ChartId,
    ) -> Result<(TreeHead, Hash), LogError> {
        let head = Note::from_bytes(&self.note)?.verify(device)?;
        let inclusion = Inclusion::from_bytes(&self.inclusion)?;
        // An earlier leaf has an earlier map.
        if inclusion.index().checked_add(1) != Some(head.size()) {
            return Err(LogError::Damaged);
        }
        inclusion.verify(&head, &self.leaf)?;
        let root = Leaf::from_bytes(&self.leaf)?.map_root;
        let said = MapProof::from_bytes(&self.mark)?.verify(&root, key)?.ok_or(LogError::Damaged)?;
        Ok((head, said))
    }

    /// Whether it is made for who has seen an earlier head.
    pub(crate) fn is_of_seen(&self) -> bool {
        self.consistency.is_some()
    }

    /// Fails unless the log goes on from a head of it that was seen before.
    pub(crate) fn extends(&self, seen: &TreeHead, head: &TreeHead) -> Result<(), LogError> {
        let consistency = self.consistency.as_ref().ok_or(LogError::Damaged)?;
        Consistency::from_bytes(consistency)?.verify(seen, head)
    }
}
