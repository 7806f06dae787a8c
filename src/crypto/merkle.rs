//! The Merkle tree of RFC 6962 over SHA-256: its hashes, and the proofs of `ct-merkle`.
//!
//! A tree has at most [`MOST_LEAVES`] leaves. Within that bound no calculation with places overflows, so nothing that is
//! read makes the calculations panic.

use super::Failed;
use core::ops::Range;
use ct_merkle::{
    ConsistencyProof, InclusionProof, RootHash, indices_for_consistency_proof, indices_for_inclusion_proof,
};
use sha2::{Digest, Sha256};

/// Most leaves of a tree.
pub(crate) const MOST_LEAVES: u64 = 1 << 56;

/// Hash of a leaf, of an inner node or of a whole tree.
pub(crate) type Node = [u8; 32];

/// A tree as a proof sees it: number of leaves, and their hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tree {
    pub(crate) size: u64,
    pub(crate) root: Node,
}

/// SHA-256 of the concatenated parts.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// "MTH({d(0)}) = SHA-256(0x00 || d(0))" (RFC 6962, section 2.1).
pub(crate) fn leaf_hash(leaf: &[u8]) -> Node {
    sha256(&[&[0], leaf])
}

/// "MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))" (RFC 6962, section 2.1).
pub(crate) fn node_hash(left: &Node, right: &Node) -> Node {
    sha256(&[&[1], left, right])
}

/// The leaves below each node that a proof of inclusion consists of, in its order (RFC 6962, section 2.1.1).
pub(crate) fn inclusion(size: u64, index: u64) -> Result<Vec<Range<u64>>, Failed> {
    if index >= size || size > MOST_LEAVES {
        return Err(Failed);
    }
    Ok(indices_for_inclusion_proof(size, index).into_iter().map(|place| leaves_below(place, size)).collect())
}

/// The leaves below each node that a proof of consistency consists of, in its order (RFC 6962, section 2.1.2).
pub(crate) fn consistency(old_size: u64, size: u64) -> Result<Vec<Range<u64>>, Failed> {
    let added = size.checked_sub(old_size).filter(|_| old_size > 0 && size <= MOST_LEAVES).ok_or(Failed)?;
    Ok(indices_for_consistency_proof(old_size, added).into_iter().map(|place| leaves_below(place, size)).collect())
}

/// Checks that the tree has this leaf at this place.
pub(crate) fn verify_inclusion(tree: &Tree, index: u64, leaf: &[u8], path: &[u8]) -> Result<(), Failed> {
    let proof = InclusionProof::<Sha256>::try_from_bytes(path.to_vec()).map_err(|_| Failed)?;
    root_hash(tree)?.verify_inclusion(&leaf, index, &proof).map_err(|_| Failed)
}

/// Checks that the leaves of the old tree are the first leaves of the new one.
pub(crate) fn verify_consistency(old: &Tree, new: &Tree, path: &[u8]) -> Result<(), Failed> {
    let proof = ConsistencyProof::<Sha256>::try_from_bytes(path.to_vec()).map_err(|_| Failed)?;
    root_hash(new)?.verify_consistency(&root_hash(old)?, &proof).map_err(|_| Failed)
}

fn root_hash(tree: &Tree) -> Result<RootHash<Sha256>, Failed> {
    if tree.size > MOST_LEAVES {
        return Err(Failed);
    }
    Ok(RootHash::new(tree.root.into(), tree.size))
}

/// Nodes are numbered as in an array-based tree (RFC 9420, appendix C): the level is the number of trailing ones. On the
/// right edge, a node has fewer leaves below it than its level allows.
fn leaves_below(place: u64, size: u64) -> Range<u64> {
    let level = place.trailing_ones();
    let number = place.checked_shr(level.saturating_add(1)).unwrap_or(0);
    let start = number.checked_shl(level).unwrap_or(u64::MAX);
    let width = 1_u64.checked_shl(level).unwrap_or(u64::MAX);
    start..start.saturating_add(width).min(size)
}
