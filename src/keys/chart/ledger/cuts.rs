//! Cuts: where a revocation ends what the revoked wrote.

use crate::codec::{CardHash, CompartmentId, Hash};
use crate::envelope::Chain;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// The last known entry of a device in a compartment.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct CutPoint {
    #[n(0)]
    pub(crate) device: CardHash,
    #[n(1)]
    pub(crate) seq: u64,
    #[n(2)]
    pub(crate) hash: Hash,
}

impl CutPoint {
    /// Whether an object that claims to be number `seq` of the device is on the chain that ends in this point. The number
    /// alone is the author's word. `previous` gives the object before one that the reader holds; with a gap between,
    /// nothing is proven.
    fn vouches_for(&self, seq: u64, object: &Hash, previous: impl Fn(&Hash) -> Option<Hash>) -> bool {
        let (mut at, mut hash) = (self.seq, self.hash);
        while at > seq {
            let Some(before) = previous(&hash) else { return false };
            (at, hash) = (at.saturating_sub(1), before);
        }
        at == seq && hash == *object
    }
}

/// The cuts that a reader could open, by the ledger entry that made them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cuts(BTreeMap<(Hash, CompartmentId), Vec<CutPoint>>);

impl Cuts {
    /// Adds the points of a compartment that the ledger entry with this hash names.
    pub(crate) fn insert(&mut self, entry: Hash, compartment: CompartmentId, points: Vec<CutPoint>) {
        self.0.insert((entry, compartment), points);
    }

    /// The points that a ledger entry names in a compartment.
    pub(crate) fn get(&self, entry: Hash, compartment: CompartmentId) -> Option<&[CutPoint]> {
        self.0.get(&(entry, compartment)).map(Vec::as_slice)
    }

    /// Whether an object was written before the cut. Without a chain, without a point for its device, or where the cut did
    /// not open, nobody vouches for it.
    pub(super) fn vouch_for(
        &self,
        entry: Hash,
        compartment: CompartmentId,
        device: &CardHash,
        chain: Option<&Chain>,
        object: &Hash,
        previous: impl Fn(&Hash) -> Option<Hash>,
    ) -> bool {
        let points = self.get(entry, compartment).unwrap_or_default();
        let point = points.iter().find(|point| point.device == *device);
        point.zip(chain).is_some_and(|(point, chain)| point.vouches_for(chain.seq, object, previous))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> Hash {
        Hash::from_bytes([n; 32])
    }

    /// The chain is 1, 2, 3, 4; the cut names 3.
    fn within(seq: u64, object: u8, held: &[u8]) -> bool {
        let cut = CutPoint { device: CardHash::from_bytes([9; 32]), seq: 3, hash: hash(3) };
        let held: Vec<Hash> = held.iter().map(|n| hash(*n)).collect();
        cut.vouches_for(seq, &hash(object), |at| held.contains(at).then(|| hash(at.as_bytes()[0] - 1)))
    }

    #[test]
    fn h58_an_object_is_within_a_cut_by_its_chain_and_not_by_its_number() {
        let all = [1, 2, 3, 4];
        assert_eq!([1, 2, 3, 4].map(|n| within(u64::from(n), n, &all)), [true, true, true, false]);
        // Another in the place of the third, the second, the first.
        assert_eq!([3, 2, 1].map(|seq| within(seq, 7, &all)), [false; 3]);
        // While the third is missing nothing proves that the second is the one before it; the third proves itself.
        assert!(!within(2, 2, &[1, 2]));
        assert!(within(3, 3, &[]));
    }
}
