//! The map of a log: chart → digest, as a binary tree over the bits of the chart id.
//!
//! A subtree without charts is empty, one with a single chart is that chart's leaf, whatever its depth; all others are
//! inner nodes. Sixteen subtrees, four levels apart from their common root, are a *page*. A map that is changed shares
//! what did not change with the map before.

use super::LogError;
use super::pages::Pages;
use crate::codec::{ChartId, Hash};
use crate::crypto::kdf;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Levels of the tree that a page spans.
pub(super) const PAGE_LEVELS: usize = 4;
/// Nodes of a page above its slots.
const INNER: usize = 15;
/// Depth of pages at which all bits of a chart id are used up.
pub(super) const MOST_DEPTH: usize = ChartId::LEN * 2;
/// Hash of an empty subtree.
pub(super) const EMPTY: Hash = Hash::from_bytes([0; 32]);

/// A map, of which only the pages are in memory that were changed since it was last stored.
#[derive(Clone, Debug)]
pub(super) struct Map {
    root: Arc<Page>,
}

/// Sixteen subtrees, and what each half, quarter and eighth of them comes to: a change sums up its own way alone.
#[derive(Debug)]
pub(super) struct Page {
    /// As in an array-based heap: the children of number `n` are `2n + 1` and `2n + 2`, the slots follow. Not in the page
    /// itself, of which a deep map has many on the stack.
    sums: Vec<Sum>,
    pub(super) slots: [Slot; 16],
}

/// A subtree of a page.
#[derive(Clone, Debug, Default)]
pub(super) enum Slot {
    #[default]
    Empty,
    Leaf(ChartId, Hash),
    /// A page in the store, by its hash.
    Stored(Hash),
    /// A page that is not in the store, or not in this form.
    Page(Arc<Page>),
}

/// What some neighbouring subtrees come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sum {
    Empty,
    /// With its hash.
    Leaf(ChartId, Hash, Hash),
    Node(Hash),
}

/// The hashes beside the way down to a chart, from the root on, and the leaf at the end of the way.
pub(super) type Way = (Vec<Hash>, Option<(ChartId, Hash)>);

impl Map {
    pub(super) fn empty() -> Self {
        Self { root: Arc::new(Page::new(Default::default())) }
    }

    /// The map that was last stored.
    pub(super) fn stored(pages: &Pages<'_>) -> Result<Self, LogError> {
        Ok(Self { root: Arc::new(pages.root()?) })
    }

    pub(super) fn root(&self) -> Hash {
        self.root.hash()
    }

    /// The map with these digests.
    pub(super) fn with(&self, pages: &Pages<'_>, changes: &BTreeMap<ChartId, Hash>) -> Result<Self, LogError> {
        let changes: Vec<(ChartId, Hash)> = changes.iter().map(|(chart, digest)| (*chart, *digest)).collect();
        if changes.is_empty() {
            return Ok(self.clone());
        }
        Ok(Self { root: Arc::new(self.root.with(pages, 0, &changes)?) })
    }

    /// The digest of a chart. Every page on the way is believed for its hash, so nothing beside the way needs one.
    pub(super) fn digest(&self, pages: &Pages<'_>, chart: &ChartId) -> Result<Option<Hash>, LogError> {
        let mut page = Arc::clone(&self.root);
        for depth in 0..MOST_DEPTH {
            page = match page.slots.get(nibble(chart, depth)) {
                None | Some(Slot::Empty) => return Ok(None),
                Some(Slot::Leaf(found, digest)) => return Ok((found == chart).then_some(*digest)),
                Some(Slot::Stored(hash)) => Arc::new(pages.load(depth.saturating_add(1), chart, hash)?),
                Some(Slot::Page(page)) => Arc::clone(page),
            };
        }
        Err(LogError::Damaged)
    }

    /// What proves the digest of a chart, or that there is none.
    pub(super) fn way(&self, pages: &Pages<'_>, chart: &ChartId) -> Result<Way, LogError> {
        let mut page = Arc::clone(&self.root);
        let mut siblings = Vec::new();
        for depth in 0..MOST_DEPTH {
            let mut node = 0;
            for level in 0..PAGE_LEVELS {
                match page.sum(node) {
                    Sum::Empty => return Ok((siblings, None)),
                    Sum::Leaf(found, digest, _) => return Ok((siblings, Some((found, digest)))),
                    Sum::Node(_) => {}
                }
                let (left, right) = children(node);
                let place = depth.saturating_mul(PAGE_LEVELS).saturating_add(level);
                let (here, beside) = if bit(chart, place) { (right, left) } else { (left, right) };
                siblings.push(page.sum(beside).hash());
                node = here;
            }
            page = match page.slots.get(nibble(chart, depth)) {
                None | Some(Slot::Empty) => return Ok((siblings, None)),
                Some(Slot::Leaf(found, digest)) => return Ok((siblings, Some((*found, *digest)))),
                Some(Slot::Stored(hash)) => Arc::new(pages.load(depth.saturating_add(1), chart, hash)?),
                Some(Slot::Page(page)) => Arc::clone(page),
            };
        }
        Err(LogError::Damaged)
    }

    /// All charts with their digests, page by page.
    pub(super) fn all(&self, pages: &Pages<'_>) -> Result<BTreeMap<ChartId, Hash>, LogError> {
        let mut all = BTreeMap::new();
        let mut open = vec![(0_usize, ChartId::from_bytes([0; 32]), Arc::clone(&self.root))];
        while let Some((depth, above, page)) = open.pop() {
            for (number, slot) in page.slots.iter().enumerate() {
                let (next, way) = (depth.saturating_add(1), below(&above, depth, number));
                match slot {
                    Slot::Empty => {}
                    Slot::Leaf(chart, digest) => {
                        all.insert(*chart, *digest);
                    }
                    Slot::Stored(hash) => open.push((next, way, Arc::new(pages.load(next, &way, hash)?))),
                    Slot::Page(page) => open.push((next, way, Arc::clone(page))),
                }
            }
        }
        Ok(all)
    }

    /// Hands out every page that is not in the store, with its depth and the bits above it; returns the map as it stands in
    /// the store then.
    pub(super) fn store<E>(&self, write: &mut impl FnMut(usize, &ChartId, &Page) -> Result<(), E>) -> Result<Self, E> {
        Ok(Self { root: Arc::new(self.root.store(0, &ChartId::from_bytes([0; 32]), write)?) })
    }
}

impl Page {
    pub(super) fn new(slots: [Slot; 16]) -> Self {
        let mut page = Self { sums: vec![Sum::Empty; INNER], slots };
        page.sum_up(|_| true);
        page
    }

    pub(super) fn hash(&self) -> Hash {
        self.sum(0).hash()
    }

    /// What is below a node.
    fn sum(&self, node: usize) -> Sum {
        let slot = || node.checked_sub(INNER).and_then(|slot| self.slots.get(slot));
        self.sums.get(node).copied().unwrap_or_else(|| slot().map_or(Sum::Empty, Slot::sum))
    }

    /// Sums up the nodes below which something is another.
    fn sum_up(&mut self, changed: impl Fn(usize) -> bool) {
        for node in (0..INNER).rev().filter(|node| changed(*node)) {
            let (left, right) = children(node);
            let sum = join(self.sum(left), self.sum(right));
            if let Some(place) = self.sums.get_mut(node) {
                *place = sum;
            }
        }
    }

    /// Whether the page is one that is needed: what holds one chart or none is a slot of the page above.
    pub(super) fn is_needed(&self) -> bool {
        matches!(self.sum(0), Sum::Node(_))
    }

    /// `changes` are ascending, and all below this page.
    fn with(&self, pages: &Pages<'_>, depth: usize, changes: &[(ChartId, Hash)]) -> Result<Self, LogError> {
        let mut page = Self { sums: self.sums.clone(), slots: self.slots.clone() };
        let mut moved = [false; INNER];
        for group in changes.chunk_by(|(one, _), (other, _)| nibble(one, depth) == nibble(other, depth)) {
            let Some((chart, _)) = group.first() else { continue };
            let number = nibble(chart, depth);
            let slot = page.slots.get_mut(number).ok_or(LogError::Damaged)?;
            *slot = slot.with(pages, depth.saturating_add(1), group)?;
            let mut node = number.saturating_add(INNER);
            while let Some(above) = node.checked_sub(1).map(|node| node / 2) {
                if let Some(moved) = moved.get_mut(above) {
                    *moved = true;
                }
                node = above;
            }
        }
        page.sum_up(|node| moved.get(node).is_some_and(|moved| *moved));
        Ok(page)
    }

    fn store<E>(
        &self,
        depth: usize,
        above: &ChartId,
        write: &mut impl FnMut(usize, &ChartId, &Self) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut slots = self.slots.clone();
        for (number, slot) in slots.iter_mut().enumerate() {
            if let Slot::Page(page) = slot {
                page.store(depth.saturating_add(1), &below(above, depth, number), write)?;
                *slot = Slot::Stored(page.hash());
            }
        }
        let stored = Self { sums: self.sums.clone(), slots };
        write(depth, above, &stored)?;
        Ok(stored)
    }
}

impl Slot {
    /// `depth` is that of the page below this slot.
    fn with(&self, pages: &Pages<'_>, depth: usize, changes: &[(ChartId, Hash)]) -> Result<Self, LogError> {
        let Some((chart, digest)) = changes.first() else { return Ok(self.clone()) };
        let alone = changes.len() == 1;
        let page = match self {
            Self::Empty if alone => return Ok(Self::Leaf(*chart, *digest)),
            Self::Leaf(held, _) if alone && held == chart => return Ok(Self::Leaf(*chart, *digest)),
            Self::Empty => Page::new(Default::default()).with(pages, depth, changes)?,
            Self::Leaf(held, its) => {
                let mut slots: [Self; 16] = Default::default();
                *slots.get_mut(nibble(held, depth)).ok_or(LogError::Damaged)? = Self::Leaf(*held, *its);
                Page::new(slots).with(pages, depth, changes)?
            }
            Self::Stored(hash) => pages.load(depth, chart, hash)?.with(pages, depth, changes)?,
            Self::Page(page) => page.with(pages, depth, changes)?,
        };
        Ok(Self::Page(Arc::new(page)))
    }

    fn sum(&self) -> Sum {
        match self {
            Self::Empty => Sum::Empty,
            Self::Leaf(chart, digest) => Sum::Leaf(*chart, *digest, leaf_hash(chart, digest)),
            Self::Stored(hash) => Sum::Node(*hash),
            Self::Page(page) => page.sum(0),
        }
    }
}

impl Sum {
    fn hash(self) -> Hash {
        match self {
            Self::Empty => EMPTY,
            Self::Leaf(_, _, hash) | Self::Node(hash) => hash,
        }
    }
}

/// Two subtrees as one: it is an inner node, unless there is nothing in one of them, and no inner node in the other.
fn join(left: Sum, right: Sum) -> Sum {
    match (left, right) {
        (Sum::Empty, one @ (Sum::Empty | Sum::Leaf(..))) | (one @ Sum::Leaf(..), Sum::Empty) => one,
        _ => Sum::Node(node_hash(&left.hash(), &right.hash())),
    }
}

fn children(node: usize) -> (usize, usize) {
    let left = node.saturating_mul(2).saturating_add(1);
    (left, left.saturating_add(1))
}

/// Hash of the leaf of a chart.
pub(super) fn leaf_hash(chart: &ChartId, digest: &Hash) -> Hash {
    Hash::from_bytes(kdf::hash("map-leaf", &[chart.as_bytes(), digest.as_bytes()]))
}

/// Hash of an inner node.
pub(super) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::from_bytes(kdf::hash("map-node", &[left.as_bytes(), right.as_bytes()]))
}

/// A bit of a chart id, the most significant of the first byte first.
pub(super) fn bit(chart: &ChartId, place: usize) -> bool {
    let byte = chart.as_bytes().get(place / 8).copied().unwrap_or(0);
    byte & (0x80 >> (place % 8)) != 0
}

/// The four bits that choose a slot of a page of this depth.
pub(super) fn nibble(chart: &ChartId, depth: usize) -> usize {
    let byte = chart.as_bytes().get(depth / 2).copied().unwrap_or(0);
    usize::from(if depth.is_multiple_of(2) { byte >> 4 } else { byte & 0xF })
}

/// The bits above a slot's page.
fn below(above: &ChartId, depth: usize, slot: usize) -> ChartId {
    let mut bytes = *above.as_bytes();
    let slot = u8::try_from(slot).unwrap_or(0);
    if let Some(byte) = bytes.get_mut(depth / 2) {
        *byte |= if depth.is_multiple_of(2) { slot << 4 } else { slot };
    }
    ChartId::from_bytes(bytes)
}
