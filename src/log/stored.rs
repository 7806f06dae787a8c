//! A log in a store.
//!
//! One leaf is one small row. At each multiple of 256 leaves the full tile, the tiles above it and the changed pages of the
//! map are written too, so whoever opens the log reads the leaves since then and the edge of the tree, whatever its size.

use super::edge::{Edge, TILE, TileAt};
use super::leaf::{LeafRow, MOST_CHANGES, MOST_SEALED};
use super::map::Map;
use super::pages::{self, Pages};
use super::{Leaf, LogError, Note, Reader, Standing, TreeHead};
use crate::codec::{ChartId, Hash, LogId};
use crate::crypto::merkle::{MOST_LEAVES, Node, Tree};
use crate::crypto::role;
use crate::crypto::sign::{SigningKey, VerifyingKey};
use crate::store::{Snapshot, Table, Transaction};
use std::collections::BTreeMap;

/// A log as it stood when it was opened or last added to. Whose it is says the verifying key: its own device adds to it,
/// others only read it.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    id: LogId,
    key: VerifyingKey<role::LogSigning>,
    edge: Edge,
    map: Map,
    /// Absent only before the first leaf.
    note: Option<Note>,
}

/// What [`Log::append`] wrote into a transaction, for [`Log::accept`] once that is committed.
#[must_use = "the log in memory goes on from here once the transaction is committed"]
#[derive(Debug)]
pub(crate) struct Appended {
    after: u64,
    log: Log,
}

impl Appended {
    /// Adds a further leaf in the same transaction, as [`Log::append`].
    pub(crate) fn then(
        self,
        tx: &mut dyn Transaction,
        changes: &BTreeMap<ChartId, Hash>,
        sealed: &[u8],
        signer: &SigningKey<role::LogSigning>,
    ) -> Result<Self, LogError> {
        let Appended { after: _, log } = self.log.append(tx, changes, sealed, signer)?;
        Ok(Self { after: self.after, log })
    }

    /// Place of the next leaf.
    pub(crate) fn size(&self) -> u64 {
        self.log.size()
    }

    /// The log with what was written, as the transaction sees it.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }
}

impl Log {
    /// A log without leaves. The store learns of it with the first.
    pub(crate) fn create(id: LogId, key: VerifyingKey<role::LogSigning>) -> Self {
        Self { id, key, edge: Edge::default(), map: Map::empty(), note: None }
    }

    /// Opens a log, and verifies its head. That there is a newer one, or another, only who kept a checkpoint can tell.
    pub(crate) fn open(
        snapshot: &dyn Snapshot,
        id: LogId,
        key: VerifyingKey<role::LogSigning>,
    ) -> Result<Self, LogError> {
        let (last_key, last) = snapshot.last(Table::Log, id.as_bytes())?.ok_or(LogError::Missing)?;
        let size = place(&last_key).and_then(|index| index.checked_add(1)).filter(|size| *size <= MOST_LEAVES);
        let size = size.ok_or(LogError::Damaged)?;
        let last = LeafRow::from_bytes(&last)?;
        let tail = tail(snapshot, &id, size)?;
        let edge = Edge::read(size, |at, width| match at.level {
            0 => Ok(tail.iter().map(|row| row.leaf.hash()).collect()),
            _ => read_tile(snapshot, &id, at, width),
        })?;
        let note = Note::signed(id, Tree { size, root: edge.root() }, &key, last.signature);
        note.verify(&key).map_err(|_| LogError::Damaged)?;

        let pages = Pages { snapshot, log: &id };
        let stored = if size < TILE_LEAVES { Map::empty() } else { Map::stored(&pages)? };
        let changes = tail.into_iter().flat_map(|row| row.changes).collect();
        let map = stored.with(&pages, &changes)?;
        let log = Self { id, key, edge, map, note: Some(note) };
        let in_tree = log.reader(snapshot).hash(0, size.saturating_sub(1))?;
        if in_tree != last.leaf.hash() || log.map.root() != last.leaf.map_root {
            return Err(LogError::Damaged);
        }
        Ok(log)
    }

    /// The log as it stands in the store now, which must extend what is known of it here.
    pub(crate) fn reopen(&self, snapshot: &dyn Snapshot) -> Result<Self, LogError> {
        let Some(known) = &self.note else {
            return match Self::open(snapshot, self.id, self.key.clone()) {
                Err(LogError::Missing) => Ok(self.clone()),
                opened => opened,
            };
        };
        let opened = Self::open(snapshot, self.id, self.key.clone())?;
        match opened.reader(snapshot).standing(known)? {
            Standing::Same | Standing::Extended => Ok(opened),
            Standing::Behind | Standing::Forked | Standing::Missing => Err(LogError::Damaged),
        }
    }

    /// Adds a leaf in a transaction of the caller: the digests of the charts that the transaction changed, and what
    /// [`seal_events`](super::seal_events) made for the place [`size`](Self::size). Nothing in memory changes.
    pub(crate) fn append(
        &self,
        tx: &mut dyn Transaction,
        changes: &BTreeMap<ChartId, Hash>,
        sealed: &[u8],
        signer: &SigningKey<role::LogSigning>,
    ) -> Result<Appended, LogError> {
        if changes.len() > MOST_CHANGES || sealed.len() > MOST_SEALED {
            return Err(LogError::TooLong);
        }
        if signer.verifying_key() != self.key {
            return Err(LogError::WrongKey);
        }
        let index = self.size();
        let mut map = self.map.with(&Pages { snapshot: &*tx, log: &self.id }, changes)?;
        let leaf = Leaf { map_root: map.root(), sealed: sealed.to_vec() };
        let mut edge = self.edge.clone();
        let tiles = edge.push(leaf.hash()).ok_or(LogError::TooLong)?;
        let tree = Tree { size: edge.size(), root: edge.root() };
        let note = match &self.note {
            Some(last) => last.next(tree, signer),
            None => Note::sign(self.id, tree, signer),
        };
        let row = LeafRow { leaf, changes: changes.clone(), signature: *note.signature() };
        // A leaf never takes the place of another.
        if !tx.add(Table::Log, self.id.as_bytes(), &index.to_be_bytes(), &row.to_bytes())? {
            return Err(LogError::Stale);
        }
        if !tiles.is_empty() {
            for tile in &tiles {
                tx.put(Table::Tiles, self.id.as_bytes(), &tile.at.key(), &tile.to_bytes())?;
            }
            map = map.store(&mut |depth, above, page| pages::write(tx, &self.id, depth, above, page))?;
        }
        let log = Self { id: self.id, key: self.key.clone(), edge, map, note: Some(note) };
        Ok(Appended { after: index, log })
    }

    /// Goes on from what was written, once its transaction is committed. Refuses what was not written after this state.
    pub(crate) fn accept(&mut self, appended: Appended) -> Result<(), LogError> {
        let Appended { after, log } = appended;
        if log.id != self.id || after != self.size() {
            return Err(LogError::Stale);
        }
        *self = log;
        Ok(())
    }

    /// What is in the log, read from the view of the store that it was opened in, or from one with the same leaves.
    pub(crate) fn reader<'a>(&'a self, snapshot: &'a dyn Snapshot) -> Reader<'a> {
        Reader::new(self, snapshot)
    }

    pub(crate) fn id(&self) -> &LogId {
        &self.id
    }

    /// Number of leaves, and the place of the next.
    pub(crate) fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The note that was signed with the last leaf; none before the first.
    pub(crate) fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }

    /// What the last note says.
    pub(crate) fn head(&self) -> Option<TreeHead> {
        self.note.as_ref().map(Note::own_head)
    }

    /// The root of the map, which the last leaf holds.
    pub(crate) fn map_root(&self) -> Hash {
        self.map.root()
    }

    pub(super) fn key(&self) -> &VerifyingKey<role::LogSigning> {
        &self.key
    }

    pub(super) fn edge(&self) -> &Edge {
        &self.edge
    }

    pub(super) fn map(&self) -> &Map {
        &self.map
    }
}

const TILE_LEAVES: u64 = TILE as u64;

/// The rows of the leaves since the last full tile.
fn tail(snapshot: &dyn Snapshot, log: &LogId, size: u64) -> Result<Vec<LeafRow>, LogError> {
    let start = size.saturating_sub(size % TILE_LEAVES);
    let before = start.checked_sub(1).map(u64::to_be_bytes);
    if start == size {
        return Ok(Vec::new());
    }
    let rows = snapshot.scan(Table::Log, log.as_bytes(), before.as_ref().map(<[u8; 8]>::as_slice), TILE)?;
    if !rows.iter().map(|(key, _)| place(key)).eq((start..size).map(Some)) {
        return Err(LogError::Damaged);
    }
    rows.iter().map(|(_, row)| Ok(LeafRow::from_bytes(row)?)).collect()
}

fn place(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

pub(super) fn read_tile(snapshot: &dyn Snapshot, log: &LogId, at: TileAt, width: usize) -> Result<Vec<Node>, LogError> {
    let row = snapshot.get(Table::Tiles, log.as_bytes(), &at.key())?.ok_or(LogError::Damaged)?;
    let (hashes, rest) = row.as_chunks::<32>();
    if hashes.len() != width || !rest.is_empty() {
        return Err(LogError::Damaged);
    }
    Ok(hashes.to_vec())
}
