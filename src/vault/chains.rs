//! Gaps and repeats in what each device wrote into each compartment.
//!
//! A version names the one that its device wrote before it there. Whoever may read a compartment sees by that what is
//! missing in it, and learns nothing of others.

use super::standings::NOBODY;
use crate::codec::{CardHash, Hash};
use crate::index::{ChartIndex, Version};
use crate::keys::chart::ChartKeys;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What is wrong with the place of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The one before it is not here, and this vault may read it.
    Gap,
    /// Its device wrote another into the same place: it was copied, or put back to an older state.
    Repeat,
}

/// The versions after number `from` whose places are not as they should be, in order of arrival.
pub(super) fn flaws(keys: &ChartKeys, index: &ChartIndex, from: u64) -> Vec<(u64, Flaw)> {
    let concerned: BTreeSet<(CardHash, u8)> = index.after(from).map(|version| chain_of(&version)).collect();
    let mut chains: BTreeMap<(CardHash, u8), Vec<Version<'_>>> = BTreeMap::new();
    let mut damaged = HashSet::new();
    for version in index.after(0) {
        if version.author == NOBODY {
            damaged.insert(version.hash);
        } else if version.chain_seq > 0 && concerned.contains(&chain_of(&version)) {
            chains.entry(chain_of(&version)).or_default().push(version);
        }
    }
    let mut flaws = Vec::new();
    for chain in chains.values_mut() {
        chain.sort_by_key(|version| (version.chain_seq, version.seq));
        flaws.extend(flaws_of(keys, chain, &damaged).into_iter().filter(|(seq, _)| *seq > from));
    }
    flaws.sort_unstable_by_key(|(seq, _)| *seq);
    flaws
}

/// `chain` is what one device wrote into one compartment, by number.
fn flaws_of(keys: &ChartKeys, chain: &[Version<'_>], damaged: &HashSet<Hash>) -> Vec<(u64, Flaw)> {
    let mut flaws = Vec::new();
    // The versions of the greatest number below that of the one in hand, and those of its own number that came earlier.
    let (mut before, mut beside): (Vec<&Version<'_>>, Vec<&Version<'_>>) = (Vec::new(), Vec::new());
    for version in chain {
        if beside.first().is_some_and(|other| other.chain_seq < version.chain_seq) {
            before = core::mem::take(&mut beside);
        }
        let follows = before.iter().any(|other| other.chain_seq.checked_add(1) == Some(version.chain_seq));
        let linked = follows && before.iter().any(|other| other.hash == version.previous);
        if !beside.is_empty() || follows && !linked {
            flaws.push((version.seq, Flaw::Repeat));
        } else if !linked && version.chain_seq > 1 && !damaged.contains(&version.previous) {
            let last = before.first().map(|other| &other.known);
            if keys.reads_all_between(version.compartment, last, &version.known) {
                flaws.push((version.seq, Flaw::Gap));
            }
        }
        beside.push(version);
    }
    flaws
}

fn chain_of(version: &Version<'_>) -> (CardHash, u8) {
    (version.author, version.compartment)
}
