//! Cuts: where a revocation ends what the revoked wrote.

use super::standing::Claim;
use crate::codec::{CardHash, CompartmentId, Hash};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    /// The chain that ends in this point, from its end on: numbers and objects. `previous` gives the object before one that
    /// the reader holds; beyond a gap nothing is proven.
    fn chain(&self, previous: impl Fn(&Hash) -> Option<Hash>) -> impl Iterator<Item = (u64, Hash)> {
        core::iter::successors(Some((self.seq, self.hash)), move |(seq, hash)| {
            let before = seq.checked_sub(1).filter(|seq| *seq > 0)?;
            Some((before, previous(hash)?))
        })
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

    /// Whether a cut names a device in a compartment, at number `seq` of its chain or after it.
    pub(crate) fn reach(&self, device: &CardHash, compartment: &CompartmentId, seq: u64) -> bool {
        let here = self.0.iter().filter(|((_, at), _)| at == compartment).flat_map(|(_, points)| points);
        here.into_iter().any(|point| point.device == *device && point.seq >= seq)
    }

    /// The devices that are named.
    pub(crate) fn devices(&self) -> BTreeSet<CardHash> {
        self.0.values().flatten().map(|point| point.device).collect()
    }

    /// What was written before each cut, as far as it shows by the objects that the reader holds. `previous` gives, for the
    /// hash of such an object, the one before it in its chain.
    pub(crate) fn vouched(&self, previous: impl Fn(&Hash) -> Option<Hash>) -> Vouched {
        let mut vouched = BTreeMap::new();
        for ((entry, compartment), points) in &self.0 {
            for point in points {
                let chain = point.chain(&previous).map(|(seq, hash)| (hash, seq)).collect();
                // Of two points for one device the first counts.
                vouched.entry((*entry, *compartment, point.device)).or_insert(chain);
            }
        }
        Vouched(vouched)
    }
}

/// The objects that were written before a cut, with their numbers: by the ledger entry that made the cut, the compartment,
/// and the device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vouched(BTreeMap<(Hash, CompartmentId, CardHash), HashMap<Hash, u64>>);

impl Vouched {
    /// Whether an object was written before the cut that a ledger entry made: it is on the chain that ends in the cut, at
    /// the place that it claims. The number alone is the author's word. Without a chain, without a point for its device, or
    /// where the cut did not open, nobody vouches for it.
    pub(super) fn holds(&self, entry: Hash, claim: &Claim) -> bool {
        let chain = self.0.get(&(entry, claim.compartment, claim.device));
        let place = chain.and_then(|chain| chain.get(&claim.object));
        place.zip(claim.chain).is_some_and(|(seq, chain)| *seq == chain.seq)
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
        let mut chain = cut.chain(|at| held.contains(at).then(|| hash(at.as_bytes()[0] - 1)));
        chain.any(|at| at == (seq, hash(object)))
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
