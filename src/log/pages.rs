//! Pages of the map in a store. A page is believed for its hash alone, which the page above it holds.

use super::LogError;
use super::map::{EMPTY, MOST_DEPTH, Page, Slot, nibble};
use crate::codec::{self, ChartId, Hash, LogId, Malformed, Version1};
use crate::store::{Snapshot, Table, Transaction};
use minicbor::{Decode, Encode};

/// Where the pages of a log are.
pub(super) struct Pages<'a> {
    pub(super) snapshot: &'a dyn Snapshot,
    pub(super) log: &'a LogId,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Encoded {
    #[n(0)]
    version: Version1,
    /// Charts that are alone in their slots, ascending.
    #[n(1)]
    leaves: Vec<(ChartId, Hash)>,
    /// Hashes of the pages below, by slot, ascending.
    #[n(2)]
    pages: Vec<(u8, Hash)>,
}

impl Pages<'_> {
    /// The page of the root, not verified: whoever asks for it compares the map's root in the end.
    pub(super) fn root(&self) -> Result<Page, LogError> {
        self.read(0, &ChartId::from_bytes([0; 32]))
    }

    /// The page of this depth on the way to a chart.
    pub(super) fn load(&self, depth: usize, chart: &ChartId, hash: &Hash) -> Result<Page, LogError> {
        let page = self.read(depth, chart)?;
        if page.hash() != *hash || !page.is_needed() {
            return Err(LogError::Damaged);
        }
        Ok(page)
    }

    fn read(&self, depth: usize, chart: &ChartId) -> Result<Page, LogError> {
        if depth >= MOST_DEPTH {
            return Err(LogError::Damaged);
        }
        let row = self.snapshot.get(Table::Map, self.log.as_bytes(), &key(depth, chart))?;
        Ok(decode(depth, chart, &row.ok_or(LogError::Damaged)?)?)
    }
}

/// Writes a page, all pages below which are in the store.
pub(super) fn write(
    tx: &mut dyn Transaction,
    log: &LogId,
    depth: usize,
    above: &ChartId,
    page: &Page,
) -> Result<(), LogError> {
    Ok(tx.put(Table::Map, log.as_bytes(), &key(depth, above), &encode(page))?)
}

/// Depth u8, and the bits above the page, with zeros to a whole byte.
fn key(depth: usize, chart: &ChartId) -> Vec<u8> {
    let mut key = vec![u8::try_from(depth).unwrap_or(u8::MAX)];
    key.extend(chart.as_bytes().iter().take(depth.div_ceil(2)));
    if let Some(last) = key.last_mut().filter(|_| !depth.is_multiple_of(2)) {
        *last &= 0xF0;
    }
    key
}

fn encode(page: &Page) -> Vec<u8> {
    let mut encoded = Encoded { version: Version1, leaves: Vec::new(), pages: Vec::new() };
    for (number, slot) in (0..).zip(&page.slots) {
        match slot {
            Slot::Empty => {}
            Slot::Leaf(chart, digest) => encoded.leaves.push((*chart, *digest)),
            Slot::Stored(hash) => encoded.pages.push((number, *hash)),
            Slot::Page(page) => encoded.pages.push((number, page.hash())),
        }
    }
    codec::encode(&encoded)
}

fn decode(depth: usize, chart: &ChartId, bytes: &[u8]) -> Result<Page, Malformed> {
    let Encoded { version: Version1, leaves, pages } = codec::decode(bytes)?;
    let mut slots: [Slot; 16] = Default::default();
    // What is hashed is the slots, so the order of the lists must not be a second form of the same page.
    let ascending =
        leaves.is_sorted_by(|(one, _), (next, _)| one < next) && pages.is_sorted_by(|(one, _), (next, _)| one < next);
    let here = |leaf: &ChartId| (0..depth).all(|above| nibble(leaf, above) == nibble(chart, above));
    if !ascending || !leaves.iter().all(|(leaf, _)| here(leaf)) || pages.iter().any(|(_, hash)| *hash == EMPTY) {
        return Err(Malformed::Invalid);
    }
    let leaves = leaves.into_iter().map(|(leaf, digest)| (nibble(&leaf, depth), Slot::Leaf(leaf, digest)));
    let pages = pages.into_iter().map(|(number, hash)| (usize::from(number), Slot::Stored(hash)));
    for (number, filled) in leaves.chain(pages) {
        match slots.get_mut(number) {
            Some(slot @ Slot::Empty) => *slot = filled,
            _ => return Err(Malformed::Invalid),
        }
    }
    Ok(Page::new(slots))
}
