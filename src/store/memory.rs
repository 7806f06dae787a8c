//! A store in memory: for tests, for short-lived vaults, and as the model that other stores are held against.

use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::turn::{Turn, Turns};
use super::{BlobStore, MemoryBlobs, Row, Snapshot, Store, StoreError, Table, Transaction};

/// Keeps rows in memory. They are gone when it is dropped.
///
/// A row keeps its earlier values for as long as a snapshot can see them, so that a snapshot costs nothing to take and
/// a write costs what it changes.
#[derive(Debug)]
pub struct MemoryStore {
    rows: RwLock<Rows>,
    turns: Turns,
    patience: Duration,
    blobs: MemoryBlobs,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long a writer waits for another before it fails with [`StoreError::Busy`]; 5 seconds unless told.
    #[must_use]
    pub fn busy_timeout(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn shared(&self) -> RwLockReadGuard<'_, Rows> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn exclusive(&self) -> RwLockWriteGuard<'_, Rows> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            rows: RwLock::default(),
            turns: Turns::default(),
            patience: Duration::from_secs(5),
            blobs: MemoryBlobs::default(),
        }
    }
}

impl Store for MemoryStore {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let mut rows = self.exclusive();
        let at = rows.commits;
        let watchers = rows.watched.entry(at).or_default();
        *watchers = watchers.saturating_add(1);
        Ok(Box::new(MemorySnapshot { store: self, at }))
    }

    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        let turn = self.turns.wait(self.patience)?;
        Ok(Box::new(MemoryTransaction { store: self, changes: HashMap::new(), _turn: turn }))
    }

    fn blobs(&self) -> Option<Arc<dyn BlobStore>> {
        Some(Arc::new(self.blobs.clone()))
    }
}

type Value = Arc<[u8]>;
type Place = (Table, Vec<u8>);

#[derive(Debug, Default)]
struct Rows {
    parts: HashMap<Place, BTreeMap<Vec<u8>, Versions>>,
    /// How many commits there were: the number of the state, and its generation.
    commits: u64,
    /// How many snapshots look at which state.
    watched: BTreeMap<u64, usize>,
    /// Rows with values that only snapshots see, by the commit that replaced them.
    outdated: VecDeque<(u64, Place, Vec<u8>)>,
}

/// What a row was since which commit, in ascending order; `None` where it was removed.
type Versions = Vec<(u64, Option<Value>)>;

impl Rows {
    fn part(&self, table: Table, part: &[u8]) -> Option<&BTreeMap<Vec<u8>, Versions>> {
        self.parts.get(&(table, part.to_vec()))
    }

    fn apply(&mut self, changes: HashMap<Place, BTreeMap<Vec<u8>, Option<Value>>>) {
        let commit = self.commits.saturating_add(1);
        for (place, rows) in changes {
            let part = self.parts.entry(place.clone()).or_default();
            for (key, value) in rows {
                match part.entry(key) {
                    Entry::Vacant(row) => {
                        if value.is_some() {
                            row.insert(vec![(commit, value)]);
                        }
                    }
                    Entry::Occupied(mut row) => {
                        self.outdated.push_back((commit, place.clone(), row.key().clone()));
                        row.get_mut().push((commit, value));
                    }
                }
            }
        }
        self.commits = commit;
        self.forget_outdated();
    }

    /// Drops what no snapshot sees any more.
    fn forget_outdated(&mut self) {
        let oldest = self.watched.first_key_value().map_or(self.commits, |(at, _)| *at);
        while self.outdated.front().is_some_and(|(commit, ..)| *commit <= oldest) {
            let Some((commit, place, key)) = self.outdated.pop_front() else {
                break;
            };
            let Some(part) = self.parts.get_mut(&place) else {
                continue;
            };
            if let Entry::Occupied(mut row) = part.entry(key) {
                let versions = row.get_mut();
                let stale = versions.partition_point(|(since, _)| *since < commit);
                versions.drain(..stale);
                if matches!(versions.as_slice(), [(_, None)]) {
                    row.remove();
                }
            }
            if part.is_empty() {
                self.parts.remove(&place);
            }
        }
    }
}

fn visible(versions: &Versions, at: u64) -> Option<&Value> {
    let newer = versions.partition_point(|(since, _)| *since <= at);
    versions.get(newer.checked_sub(1)?)?.1.as_ref()
}

struct MemorySnapshot<'a> {
    store: &'a MemoryStore,
    at: u64,
}

impl Snapshot for MemorySnapshot<'_> {
    fn generation(&self) -> Result<u64, StoreError> {
        Ok(self.at)
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.store.shared();
        let value = rows.part(table, part).and_then(|part| visible(part.get(key)?, self.at)).cloned();
        drop(rows);
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.store.shared();
        Ok(rows
            .part(table, part)
            .into_iter()
            .flat_map(|part| part.range::<[u8], _>((lower(after), Bound::Unbounded)))
            .filter_map(|(key, versions)| Some((key.clone(), visible(versions, self.at)?.to_vec())))
            .take(limit)
            .collect())
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        let rows = self.store.shared();
        Ok(rows.part(table, part).and_then(|part| {
            part.iter().rev().find_map(|(key, versions)| Some((key.clone(), visible(versions, self.at)?.to_vec())))
        }))
    }
}

impl Drop for MemorySnapshot<'_> {
    fn drop(&mut self) {
        let mut rows = self.store.exclusive();
        if let Entry::Occupied(mut watchers) = rows.watched.entry(self.at) {
            *watchers.get_mut() = watchers.get().saturating_sub(1);
            if *watchers.get() == 0 {
                watchers.remove();
            }
        }
        rows.forget_outdated();
    }
}

/// Holds its changes aside until they are committed; what it reads is the rows with the changes over them.
struct MemoryTransaction<'a> {
    store: &'a MemoryStore,
    changes: HashMap<Place, BTreeMap<Vec<u8>, Option<Value>>>,
    _turn: Turn<'a>,
}

impl MemoryTransaction<'_> {
    fn change(&mut self, table: Table, part: &[u8], key: &[u8], value: Option<Value>) {
        self.changes.entry((table, part.to_vec())).or_default().insert(key.to_vec(), value);
    }
}

impl Snapshot for MemoryTransaction<'_> {
    fn generation(&self) -> Result<u64, StoreError> {
        Ok(self.store.shared().commits)
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let place = (table, part.to_vec());
        if let Some(change) = self.changes.get(&place).and_then(|part| part.get(key)) {
            return Ok(change.as_ref().map(|value| value.to_vec()));
        }
        let rows = self.store.shared();
        Ok(rows.parts.get(&place).and_then(|part| visible(part.get(key)?, u64::MAX)).map(|value| value.to_vec()))
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let place = (table, part.to_vec());
        let range = (lower(after), Bound::Unbounded);
        let rows = self.store.shared();
        let mut kept = rows
            .parts
            .get(&place)
            .into_iter()
            .flat_map(|part| part.range::<[u8], _>(range))
            .filter_map(|(key, versions)| Some((key, visible(versions, u64::MAX)?)))
            .peekable();
        let mut changed = self.changes.get(&place).into_iter().flat_map(|part| part.range::<[u8], _>(range)).peekable();
        let mut found = Vec::new();
        while found.len() < limit {
            let row = match (kept.peek(), changed.peek()) {
                (None, None) => break,
                (Some((kept_key, _)), Some((changed_key, _))) if kept_key < changed_key => kept.next(),
                (Some(_), None) => kept.next(),
                (kept_row, Some((changed_key, _))) => {
                    if kept_row.is_some_and(|(kept_key, _)| kept_key == changed_key) {
                        kept.next();
                    }
                    changed.next().and_then(|(key, value)| Some((key, value.as_ref()?)))
                }
            };
            if let Some((key, value)) = row {
                found.push((key.clone(), value.to_vec()));
            }
        }
        Ok(found)
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        let place = (table, part.to_vec());
        let changes = self.changes.get(&place);
        let newest = changes.and_then(|part| part.iter().rev().find_map(|(key, value)| Some((key, value.as_ref()?))));
        let rows = self.store.shared();
        let kept = rows.parts.get(&place).and_then(|part| {
            part.iter()
                .rev()
                .filter(|(key, _)| changes.is_none_or(|changes| !changes.contains_key(*key)))
                .find_map(|(key, versions)| Some((key, visible(versions, u64::MAX)?)))
        });
        Ok(kept
            .into_iter()
            .chain(newest)
            .max_by(|one, other| one.0.cmp(other.0))
            .map(|(key, value)| (key.clone(), value.to_vec())))
    }
}

impl Transaction for MemoryTransaction<'_> {
    fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.change(table, part, key, Some(value.into()));
        Ok(())
    }

    fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
        let was_there = self.get(table, part, key)?.is_some();
        if was_there {
            self.change(table, part, key, None);
        }
        Ok(was_there)
    }

    fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError> {
        let Self { store, changes, _turn } = *self;
        let mut rows = store.exclusive();
        rows.apply(changes);
        Ok(Some(rows.commits))
    }
}

fn lower(after: Option<&[u8]>) -> Bound<&[u8]> {
    after.map_or(Bound::Unbounded, Bound::Excluded)
}
