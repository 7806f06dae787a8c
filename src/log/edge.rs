//! The right edge of a log's tree: all that must be known of it to add a leaf.

use crate::crypto::merkle::{MOST_LEAVES, Node, node_hash, sha256};
use std::sync::Arc;

/// Hashes of a full tile (C2SP tlog-tiles: "full tiles are exactly 256 hashes wide").
pub(super) const TILE: usize = 256;
/// Levels of the tree that a tile spans.
pub(super) const TILE_LEVELS: u32 = 8;

/// Place of a tile: level, and number in its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TileAt {
    pub(super) level: u32,
    pub(super) number: u64,
}

impl TileAt {
    /// Key of the tile's row: level u8 ‖ number u64.
    pub(super) fn key(self) -> [u8; 9] {
        let mut key = [0; 9];
        let level = u8::try_from(self.level).unwrap_or(u8::MAX);
        key.iter_mut().zip([level].into_iter().chain(self.number.to_be_bytes())).for_each(|(to, from)| *to = from);
        key
    }
}

/// A tile to be written.
pub(super) struct Tile {
    pub(super) at: TileAt,
    pub(super) hashes: Vec<Node>,
}

impl Tile {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.hashes.concat()
    }
}

/// The tiles that are not full yet, one a level, and the roots of the full subtrees that make up the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edge {
    size: u64,
    /// Hashes of the last tile of each level, fewer than [`TILE`].
    levels: Vec<Level>,
    /// From the left: a subtree for each bit of the size, the greatest first.
    peaks: Vec<Node>,
}

impl Edge {
    /// The edge of a tree of `size` leaves; `tile` gives the hashes of the tile of a level that is not full.
    pub(super) fn read<E>(size: u64, mut tile: impl FnMut(TileAt, usize) -> Result<Vec<Node>, E>) -> Result<Self, E> {
        let mut levels = Vec::new();
        for level in 0.. {
            let hashes = complete_at(size, level);
            if hashes == 0 {
                break;
            }
            let at = TileAt { level, number: hashes >> TILE_LEVELS };
            let width = usize::try_from(hashes).unwrap_or(usize::MAX) % TILE;
            levels.push(if width == 0 { Vec::new() } else { tile(at, width)? });
        }
        let peaks = levels.iter().rev().flat_map(|hashes| peaks(hashes)).collect();
        Ok(Self { size, levels: levels.into_iter().map(Level::of).collect(), peaks })
    }

    /// Number of leaves.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Hash of the tree. That of an empty one is the hash of nothing.
    pub(super) fn root(&self) -> Node {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or_else(|| sha256(&[]))
    }

    /// The hashes of the tile of a level that is not full.
    pub(super) fn tile(&self, level: u32) -> Vec<Node> {
        let level = usize::try_from(level).ok();
        level.and_then(|level| self.levels.get(level)).map(Level::hashes).unwrap_or_default()
    }

    /// Adds a leaf. Returns the tiles to be written: none, unless the leaf fills a tile. Nothing is added to a tree that is
    /// full.
    pub(super) fn push(&mut self, leaf: Node) -> Option<Vec<Tile>> {
        let size = self.size.checked_add(1).filter(|size| *size <= MOST_LEAVES)?;
        self.size = size;
        self.peaks.push(leaf);
        for _ in 0..size.trailing_zeros() {
            let (right, left) = (self.peaks.pop()?, self.peaks.pop()?);
            self.peaks.push(node_hash(&left, &right));
        }
        let mut tiles = Vec::new();
        let mut carried = leaf;
        for level in 0.. {
            let place = usize::try_from(level).ok()?;
            if self.levels.len() <= place {
                self.levels.push(Level::default());
            }
            let hashes = self.levels.get_mut(place)?;
            hashes.push(carried);
            let at = TileAt { level, number: complete_at(size, level).checked_sub(1)? >> TILE_LEVELS };
            if hashes.len() < TILE {
                if level > 0 {
                    tiles.push(Tile { at, hashes: hashes.hashes() });
                }
                break;
            }
            let full = core::mem::take(hashes).hashes();
            carried = fold(&full)?;
            tiles.push(Tile { at, hashes: full });
        }
        Some(tiles)
    }
}

/// Hashes of a tile. A copy shares most of them with the original: the edge is copied for each leaf, as the leaf counts only
/// once it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Level {
    /// A multiple of [`OWN`].
    shared: Arc<[Node]>,
    own: Vec<Node>,
}

/// So many hashes of its own are shared.
const OWN: usize = 16;

impl Level {
    fn of(hashes: Vec<Node>) -> Self {
        let mut level = Self::default();
        for hash in hashes {
            level.push(hash);
        }
        level
    }

    fn push(&mut self, hash: Node) {
        self.own.push(hash);
        if self.own.len() >= OWN {
            self.shared = self.hashes().into();
            self.own.clear();
        }
    }

    fn len(&self) -> usize {
        self.shared.len().saturating_add(self.own.len())
    }

    fn hashes(&self) -> Vec<Node> {
        [&self.shared, &self.own[..]].concat()
    }
}

/// How many hashes of a level of tiles a tree of `size` leaves has.
pub(super) fn complete_at(size: u64, level: u32) -> u64 {
    size.checked_shr(level.saturating_mul(TILE_LEVELS)).unwrap_or(0)
}

/// The root over hashes whose number is a power of two.
pub(super) fn fold(hashes: &[Node]) -> Option<Node> {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        let (pairs, rest) = row.as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        row = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.pop()
}

/// The roots of the full subtrees over the hashes of one tile, the greatest first.
fn peaks(hashes: &[Node]) -> Vec<Node> {
    let mut peaks = Vec::new();
    let mut rest = hashes;
    while let Some(width) = rest.len().checked_ilog2().and_then(|log| 1_usize.checked_shl(log)) {
        let Some((subtree, after)) = rest.split_at_checked(width) else { break };
        peaks.extend(fold(subtree));
        rest = after;
    }
    peaks
}
