//! Proofs that leave the store: whoever has a log's signed head verifies them without it.

use super::map::{bit, leaf_hash, node_hash};
use super::{LogError, TreeHead, map};
use crate::codec::{self, ChartId, Hash, Malformed, Version1};
use crate::crypto::merkle;
use minicbor::{Decode, Encode};

/// That a log has a leaf at a place (RFC 6962, section 2.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Inclusion {
    #[n(0)]
    version: Version1,
    #[n(1)]
    index: u64,
    #[cbor(n(2), with = "minicbor::bytes")]
    path: Vec<u8>,
}

impl Inclusion {
    pub(super) fn new(index: u64, path: &[merkle::Node]) -> Self {
        Self { version: Version1, index, path: path.concat() }
    }

    /// Place of the leaf, from 0.
    pub(crate) fn index(&self) -> u64 {
        self.index
    }

    /// Checks it for a leaf as its bytes are.
    pub(crate) fn verify(&self, head: &TreeHead, leaf: &[u8]) -> Result<(), LogError> {
        Ok(merkle::verify_inclusion(head.tree(), self.index, leaf, &self.path)?)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        codec::decode(bytes).and_then(|proof: Self| bounded(&proof.path).map(|()| proof))
    }
}

/// That a log's leaves at one size are its first leaves at another (RFC 6962, section 2.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Consistency {
    #[n(0)]
    version: Version1,
    #[cbor(n(1), with = "minicbor::bytes")]
    path: Vec<u8>,
}

impl Consistency {
    pub(super) fn new(path: &[merkle::Node]) -> Self {
        Self { version: Version1, path: path.concat() }
    }

    /// Checks it for two heads of one log.
    pub(crate) fn verify(&self, old: &TreeHead, new: &TreeHead) -> Result<(), LogError> {
        if old.log() != new.log() {
            return Err(LogError::Damaged);
        }
        Ok(merkle::verify_consistency(old.tree(), new.tree(), &self.path)?)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        codec::decode(bytes).and_then(|proof: Self| bounded(&proof.path).map(|()| proof))
    }
}

/// A path has a hash for each level of the tree at most, and one more where two trees part.
fn bounded(path: &[u8]) -> Result<(), Malformed> {
    const MOST: usize = 58 * 32;
    if path.len() > MOST || !path.len().is_multiple_of(32) {
        return Err(Malformed::Invalid);
    }
    Ok(())
}

/// What a map says of a chart: its digest, or that it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MapProof {
    /// Hashes beside the way from the root to the leaf.
    siblings: Vec<Hash>,
    /// The leaf at its end. Where it is another chart's, the map does not have the one that was asked for.
    end: Option<(ChartId, Hash)>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Encoded {
    #[n(0)]
    version: Version1,
    #[cbor(n(1), with = "minicbor::bytes")]
    siblings: Vec<u8>,
    #[n(2)]
    end: Option<(ChartId, Hash)>,
}

impl MapProof {
    pub(super) fn new((siblings, end): map::Way) -> Self {
        Self { siblings, end }
    }

    /// The digest of a chart in the map with this root, or that the map has none.
    pub(crate) fn verify(&self, root: &Hash, chart: &ChartId) -> Result<Option<Hash>, LogError> {
        let depth = self.siblings.len();
        let (hash, digest) = match &self.end {
            None => (map::EMPTY, None),
            Some((found, digest)) => {
                // A leaf stands where the bits of its chart lead.
                if (0..depth).any(|place| bit(found, place) != bit(chart, place)) {
                    return Err(LogError::Damaged);
                }
                (leaf_hash(found, digest), (found == chart).then_some(*digest))
            }
        };
        // A way ends as soon as one leaf or none is left: with nothing beside it, it would have ended earlier.
        if self.siblings.last() == Some(&map::EMPTY) {
            return Err(LogError::Damaged);
        }
        let join = |hash, (place, beside): (usize, &Hash)| {
            if bit(chart, place) { node_hash(beside, &hash) } else { node_hash(&hash, beside) }
        };
        if self.siblings.iter().enumerate().rev().fold(hash, join) != *root {
            return Err(LogError::Damaged);
        }
        Ok(digest)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let siblings = self.siblings.iter().flat_map(Hash::as_bytes).copied().collect();
        codec::encode(&Encoded { version: Version1, siblings, end: self.end })
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let Encoded { version: Version1, siblings, end } = codec::decode(bytes)?;
        let (hashes, rest) = siblings.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() > ChartId::LEN * 8 {
            return Err(Malformed::Invalid);
        }
        Ok(Self { siblings: hashes.iter().copied().map(Hash::from_bytes).collect(), end })
    }
}
