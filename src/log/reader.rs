//! What is read from a log. Each answer is held against the head that was verified when the log was opened.

use super::edge::{TILE, TILE_LEVELS, TileAt, complete_at, fold};
use super::leaf::LeafRow;
use super::pages::Pages;
use super::stored::{Log, read_tile};
use super::{Consistency, Inclusion, Leaf, LogError, MapProof, Note, Standing};
use crate::codec::{ChartId, Hash};
use crate::crypto::merkle::{self, Node, node_hash};
use crate::store::{Snapshot, Table};
use core::ops::Range;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A log in a view of the store, which must be no older than the log and no newer than its next leaf.
///
/// A tile is believed once it was held against the tile above it, up to the edge. The last one of each level is kept.
pub(crate) struct Reader<'a> {
    log: &'a Log,
    snapshot: &'a dyn Snapshot,
    tiles: Vec<(TileAt, Rc<[Node]>)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(log: &'a Log, snapshot: &'a dyn Snapshot) -> Self {
        Self { log, snapshot, tiles: Vec::new() }
    }

    /// The leaf at a place.
    pub(crate) fn leaf(&mut self, index: u64) -> Result<Leaf, LogError> {
        let leaf = self.row(index)?.leaf;
        if self.hash(0, index)? != leaf.hash() {
            return Err(LogError::Damaged);
        }
        Ok(leaf)
    }

    /// The leaves of a range, each with its place. One that is damaged does not end it.
    pub(crate) fn leaves(&mut self, range: Range<u64>) -> impl Iterator<Item = (u64, Result<Leaf, LogError>)> {
        range.map(|index| (index, self.leaf(index)))
    }

    /// The note that was signed when the log had `size` leaves.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn note(&mut self, size: u64) -> Result<Note, LogError> {
        let row = self.row(size.checked_sub(1).ok_or(LogError::NoSuchLeaf)?)?;
        let tree = merkle::Tree { size, root: self.root_at(size)? };
        let note = Note::signed(*self.log.id(), tree, self.log.key(), row.signature);
        note.verify(self.log.key()).map_err(|_| LogError::Damaged)?;
        Ok(note)
    }

    /// Proves the leaf at a place to who has the head of the log.
    pub(crate) fn prove_inclusion(&mut self, index: u64) -> Result<Inclusion, LogError> {
        let spans = merkle::inclusion(self.log.size(), index).map_err(|_| LogError::NoSuchLeaf)?;
        Ok(Inclusion::new(index, &self.hashes(spans)?))
    }

    /// Proves to who has the head that the log's first `size` leaves were not changed since.
    pub(crate) fn prove_consistency(&mut self, size: u64) -> Result<Consistency, LogError> {
        let spans = merkle::consistency(size, self.log.size()).map_err(|_| LogError::NoSuchLeaf)?;
        Ok(Consistency::new(&self.hashes(spans)?))
    }

    /// The digest of a chart in the log's map.
    pub(crate) fn digest(&self, chart: &ChartId) -> Result<Option<Hash>, LogError> {
        self.log.map().digest(&self.pages(), chart)
    }

    /// The whole map of the log: all charts with their digests.
    pub(crate) fn digests(&self) -> Result<BTreeMap<ChartId, Hash>, LogError> {
        self.log.map().all(&self.pages())
    }

    /// Proves the digest of a chart, or that it has none, to who has the last leaf.
    pub(crate) fn prove_digest(&self, chart: &ChartId) -> Result<MapProof, LogError> {
        Ok(MapProof::new(self.log.map().way(&self.pages(), chart)?))
    }

    /// How the log as it stands here relates to a note of it that was kept elsewhere.
    pub(crate) fn standing(&mut self, kept: &Note) -> Result<Standing, LogError> {
        let kept = kept.verify(self.log.key())?;
        if kept.log() != *self.log.id() {
            return Err(LogError::WrongKey);
        }
        if kept.size() > self.log.size() {
            return Ok(Standing::Behind);
        }
        if self.root_at(kept.size())? != kept.tree().root {
            return Ok(Standing::Forked);
        }
        Ok(if kept.size() == self.log.size() { Standing::Same } else { Standing::Extended })
    }

    fn row(&self, index: u64) -> Result<LeafRow, LogError> {
        if index >= self.log.size() {
            return Err(LogError::NoSuchLeaf);
        }
        let row = self.snapshot.get(Table::Log, self.log.id().as_bytes(), &index.to_be_bytes())?;
        Ok(LeafRow::from_bytes(&row.ok_or(LogError::Damaged)?)?)
    }

    fn pages(&self) -> Pages<'_> {
        Pages { snapshot: self.snapshot, log: self.log.id() }
    }

    /// The root when the log had `size` leaves, which must not be none nor more than it has.
    fn root_at(&mut self, size: u64) -> Result<Node, LogError> {
        self.subtree(0..size)
    }

    fn hashes(&mut self, spans: Vec<Range<u64>>) -> Result<Vec<Node>, LogError> {
        spans.into_iter().map(|span| self.subtree(span)).collect()
    }

    /// "MTH(D[start:end])" (RFC 6962, section 2.1).
    fn subtree(&mut self, span: Range<u64>) -> Result<Node, LogError> {
        let len = span.end.checked_sub(span.start).ok_or(LogError::Damaged)?;
        let bits = len.checked_ilog2().ok_or(LogError::Damaged)?;
        if len.is_power_of_two() {
            return self.full_subtree(span.start, bits);
        }
        // "Let k be the largest power of two less than n."
        let middle = 1_u64.checked_shl(bits).and_then(|k| span.start.checked_add(k)).ok_or(LogError::Damaged)?;
        let left = self.subtree(span.start..middle)?;
        Ok(node_hash(&left, &self.subtree(middle..span.end)?))
    }

    /// The root over 2^bits leaves, the first of which has a place that is a multiple of it.
    fn full_subtree(&mut self, start: u64, bits: u32) -> Result<Node, LogError> {
        let (level, within) = (bits / TILE_LEVELS, bits % TILE_LEVELS);
        let first = complete_at(start, level);
        let tile = self.tile(TileAt { level, number: first >> TILE_LEVELS })?;
        let from = usize::try_from(first).unwrap_or(usize::MAX) % TILE;
        let width = 1_usize.checked_shl(within).unwrap_or(TILE);
        let hashes = from.checked_add(width).and_then(|to| tile.get(from..to)).ok_or(LogError::Damaged)?;
        fold(hashes).ok_or(LogError::Damaged)
    }

    /// A hash of a level of tiles.
    pub(super) fn hash(&mut self, level: u32, number: u64) -> Result<Node, LogError> {
        let tile = self.tile(TileAt { level, number: number >> TILE_LEVELS })?;
        let place = usize::try_from(number).unwrap_or(usize::MAX) % TILE;
        tile.get(place).copied().ok_or(LogError::Damaged)
    }

    fn tile(&mut self, at: TileAt) -> Result<Rc<[Node]>, LogError> {
        let edge = self.log.edge();
        if at.number == complete_at(edge.size(), at.level) >> TILE_LEVELS {
            return Ok(edge.tile(at.level).into());
        }
        if let Some((_, tile)) = self.tiles.iter().find(|(kept, _)| *kept == at) {
            return Ok(Rc::clone(tile));
        }
        let hashes = read_tile(self.snapshot, self.log.id(), at, TILE)?;
        if fold(&hashes) != Some(self.hash(at.level.saturating_add(1), at.number)?) {
            return Err(LogError::Damaged);
        }
        let tile: Rc<[Node]> = hashes.into();
        self.tiles.retain(|(kept, _)| kept.level != at.level);
        self.tiles.push((at, Rc::clone(&tile)));
        Ok(tile)
    }
}
