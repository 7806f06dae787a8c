//! A store that lies: what a hostile host could answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{BlobStore, Row, Snapshot, Store, StoreError, Table, Transaction};

/// Table, part and key of a row.
pub type Place = (Table, Vec<u8>, Vec<u8>);

/// Rows as they stand in a store.
pub type Rows = BTreeMap<Place, Vec<u8>>;

/// Passes everything on to another store, and lies in its answers where it was told to. What is really stored stays
/// as it is.
///
/// Clones are one store: give one to the vault and lie through the other.
pub struct EvilStore<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    inner: S,
    script: Mutex<Script>,
}

#[derive(Default)]
struct Script {
    lies: BTreeMap<(Table, Vec<u8>), Lies>,
    disorder: Option<(Table, Disorder)>,
    pace: Pace,
    keeps_nothing: bool,
    /// Counts the changes, so that a vault reads again what it holds in memory.
    changes: u64,
    /// Parts that were ever asked for: a store does not list them.
    parts: BTreeSet<Vec<u8>>,
    told: Told,
}

/// The lies about a part of a table, by key.
type Lies = Arc<BTreeMap<Vec<u8>, (Asked, Lie)>>;

/// What a store said that was not so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Answers that differ from the true ones.
    pub(super) altered: u64,
    /// Rows that were written where something else had been shown than there was.
    pub(super) blind: u64,
}

/// The questions that a lie answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Any,
    Get,
    Scan,
    Last,
}

/// How the rows of a table come in the wrong order or number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disorder {
    /// Each twice.
    Repeated,
    Reversed,
    /// From the first, wherever the question began.
    FromStart,
    /// One more than was asked for.
    TooMany,
}

/// What is said of the generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pace {
    /// It rises with every change of the script, as if somebody had written.
    #[default]
    Rising,
    /// As if nobody had.
    Silent,
    /// It is less than it was.
    Behind,
    /// It rises with every question.
    Racing,
}

/// What a lie does to a value.
type Change = Arc<dyn Fn(&mut Vec<u8>) + Send + Sync>;

#[derive(Clone)]
pub(super) enum Lie {
    Hidden,
    Instead(Vec<u8>),
    Changed(Change),
}

impl<S: Store> EvilStore<S> {
    /// Wraps a store. It is honest until it is told otherwise.
    pub fn new(inner: S) -> Self {
        Self { shared: Arc::new(Shared { inner, script: Mutex::default() }) }
    }

    /// Answers with this value, whether there is such a row or not.
    pub fn answer(&self, table: Table, part: &[u8], key: &[u8], value: impl Into<Vec<u8>>) {
        self.lie(table, part, key, Lie::Instead(value.into()));
    }

    /// Answers with what `change` makes of the row, every time anew.
    pub fn rewrite(
        &self,
        table: Table,
        part: &[u8],
        key: &[u8],
        change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static,
    ) {
        self.lie(table, part, key, Lie::Changed(Arc::new(change)));
    }

    /// Answers as if there were no such row.
    pub fn hide(&self, table: Table, part: &[u8], key: &[u8]) {
        self.lie(table, part, key, Lie::Hidden);
    }

    /// Gives each of two rows for the other.
    pub fn swap(&self, table: Table, one: (&[u8], &[u8]), other: (&[u8], &[u8])) -> Result<(), StoreError> {
        let view = self.shared.inner.read()?;
        let lie = |value: Option<Vec<u8>>| value.map_or(Lie::Hidden, Lie::Instead);
        let first = lie(view.get(table, one.0, one.1)?);
        let second = lie(view.get(table, other.0, other.1)?);
        self.lie(table, one.0, one.1, second);
        self.lie(table, other.0, other.1, first);
        Ok(())
    }

    /// Gives a row as it was in `old`; hides it where it was not there.
    pub fn replay(&self, old: &Rows, table: Table, part: &[u8], key: &[u8]) {
        let value = old.get(&(table, part.to_vec(), key.to_vec()));
        self.lie(table, part, key, value.map_or(Lie::Hidden, |value| Lie::Instead(value.clone())));
    }

    /// Acknowledges every change from now on, keeps none, and says that another writer has changed the state since.
    pub fn keep_nothing(&self) {
        self.shared.script().keeps_nothing = true;
    }

    /// Is honest again.
    pub fn tell_the_truth(&self) {
        let mut script = self.shared.script();
        script.lies.clear();
        script.keeps_nothing = false;
        script.disorder = None;
        script.pace = Pace::Rising;
        script.changes = script.changes.saturating_add(1);
    }

    /// Every row as it really stands, in the parts that were ever asked for.
    pub fn rows(&self) -> Result<Rows, StoreError> {
        let parts = self.shared.script().parts.clone();
        let view = self.shared.inner.read()?;
        let mut rows = Rows::new();
        for table in Table::ALL {
            for part in &parts {
                for (key, value) in view.scan(table, part, None, EVERYTHING)? {
                    rows.insert((table, part.clone(), key), value);
                }
            }
        }
        Ok(rows)
    }

    fn lie(&self, table: Table, part: &[u8], key: &[u8], lie: Lie) {
        self.lie_when(Asked::Any, (table, part.to_vec(), key.to_vec()), lie);
    }

    pub(super) fn lie_when(&self, asked: Asked, (table, part, key): Place, lie: Lie) {
        let mut script = self.shared.script();
        Arc::make_mut(script.lies.entry((table, part)).or_default()).insert(key, (asked, lie));
        script.changes = script.changes.saturating_add(1);
    }

    pub(super) fn disorder(&self, table: Table, disorder: Disorder) {
        let mut script = self.shared.script();
        script.disorder = Some((table, disorder));
        script.changes = script.changes.saturating_add(1);
    }

    pub(super) fn pace(&self, pace: Pace) {
        self.shared.script().pace = pace;
    }

    /// What was said so far that was not so.
    pub(super) fn told(&self) -> Told {
        self.shared.script().told
    }
}

impl<S> Clone for EvilStore<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<S> core::fmt::Debug for EvilStore<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { shared } = self;
        f.debug_struct("EvilStore")
            .field("lies", &shared.script().lies.values().map(|lies| lies.len()).sum::<usize>())
            .finish_non_exhaustive()
    }
}

impl<S: Store> Store for EvilStore<S> {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(EvilSnapshot { inner: self.shared.inner.read()?, script: &self.shared.script }))
    }

    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(EvilSnapshot { inner: self.shared.inner.write()?, script: &self.shared.script }))
    }

    fn blobs(&self) -> Option<Arc<dyn BlobStore>> {
        self.shared.inner.blobs()
    }
}

impl<S> Shared<S> {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// More rows than a test stores, and few enough for every database's LIMIT.
const EVERYTHING: usize = 1 << 20;

/// A snapshot, or a transaction.
struct EvilSnapshot<'a, V: ?Sized> {
    inner: Box<V>,
    script: &'a Mutex<Script>,
}

impl<V: Snapshot + ?Sized> EvilSnapshot<'_, V> {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lies about a part of a table.
    fn lies(&self, table: Table, part: &[u8]) -> Option<Lies> {
        let mut script = self.script();
        if !script.parts.contains(part) {
            script.parts.insert(part.to_vec());
        }
        script.lies.get(&(table, part.to_vec())).cloned()
    }

    /// All rows of a part, as they are told to this question.
    fn told(&self, asked: Asked, table: Table, part: &[u8], lies: Option<&Lies>) -> Result<Vec<Row>, StoreError> {
        let mut rows: BTreeMap<_, _> = self.inner.scan(table, part, None, EVERYTHING)?.into_iter().collect();
        for (key, (when, lie)) in lies.into_iter().flat_map(|lies| lies.iter()) {
            if *when != Asked::Any && *when != asked {
                continue;
            }
            if let Some(value) = told(lie, rows.remove(key)) {
                rows.insert(key.clone(), value);
            }
        }
        Ok(rows.into_iter().collect())
    }

    /// Takes note of an answer.
    fn answered<T: PartialEq>(&self, truth: &T, answer: T) -> T {
        if *truth != answer {
            let mut script = self.script();
            script.told.altered = script.told.altered.saturating_add(1);
        }
        answer
    }

    fn disorder(&self, table: Table) -> Option<Disorder> {
        self.script().disorder.filter(|(of, _)| *of == table).map(|(_, disorder)| disorder)
    }
}

fn told(lie: &Lie, truth: Option<Vec<u8>>) -> Option<Vec<u8>> {
    match lie {
        Lie::Hidden => None,
        Lie::Instead(value) => Some(value.clone()),
        Lie::Changed(change) => truth.map(|mut value| {
            change(&mut value);
            value
        }),
    }
}

impl Script {
    fn generation(&mut self, truth: u64) -> u64 {
        match self.pace {
            Pace::Rising => truth.wrapping_add(self.changes),
            Pace::Silent => truth,
            Pace::Behind => truth.saturating_sub(1),
            Pace::Racing => {
                self.changes = self.changes.saturating_add(1);
                truth.wrapping_add(self.changes)
            }
        }
    }
}

impl<V: Snapshot + ?Sized> Snapshot for EvilSnapshot<'_, V> {
    fn generation(&self) -> Result<u64, StoreError> {
        let truth = self.inner.generation()?;
        let said = self.script().generation(truth);
        // That it is greater without cause is no lie.
        Ok(self.answered(&true, said >= truth)).map(|_| said)
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let truth = self.inner.get(table, part, key)?;
        let lies = self.lies(table, part);
        Ok(match lies.as_ref().and_then(|lies| lies.get(key)) {
            Some((Asked::Any | Asked::Get, lie)) => self.answered(&truth, told(lie, truth.clone())),
            _ => truth,
        })
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let (lies, disorder) = (self.lies(table, part), self.disorder(table));
        let truth = self.inner.scan(table, part, after, limit)?;
        if lies.is_none() && disorder.is_none() {
            return Ok(truth);
        }
        let rows = self.told(Asked::Scan, table, part, lies.as_ref())?;
        let from_start = disorder == Some(Disorder::FromStart);
        let rows = rows.into_iter().filter(|(key, _)| from_start || after.is_none_or(|after| key.as_slice() > after));
        let most = limit.saturating_add(usize::from(disorder == Some(Disorder::TooMany)));
        let mut rows: Vec<Row> = rows.take(most).collect();
        match disorder {
            Some(Disorder::Repeated) => {
                rows = rows.into_iter().flat_map(|row| [row.clone(), row]).take(limit).collect();
            }
            Some(Disorder::Reversed) => rows.reverse(),
            _ => {}
        }
        Ok(self.answered(&truth, rows))
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        let truth = self.inner.last(table, part)?;
        match self.lies(table, part) {
            None => Ok(truth),
            Some(lies) => Ok(self.answered(&truth, self.told(Asked::Last, table, part, Some(&lies))?.pop())),
        }
    }
}

impl<V: Transaction + ?Sized> Transaction for EvilSnapshot<'_, V> {
    fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        if let Some(lies) = self.lies(table, part) {
            let truth = self.inner.get(table, part, key)?;
            let shown = lies.get(key).map(|(_, lie)| told(lie, truth.clone()));
            if shown.is_some_and(|shown| shown != truth) {
                let mut script = self.script();
                script.told.blind = script.told.blind.saturating_add(1);
            }
        }
        self.inner.put(table, part, key, value)
    }

    fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
        self.inner.delete(table, part, key)
    }

    fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError> {
        let Self { inner, script } = *self;
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        if script.keeps_nothing {
            return Ok(None);
        }
        Ok(inner.commit()?.map(|generation| script.generation(generation)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    fn filled() -> EvilStore<MemoryStore> {
        let store = EvilStore::new(MemoryStore::new());
        let mut change = store.write().unwrap();
        for key in [b"1", b"2", b"3"] {
            change.put(Table::Entries, b"p", key, key).unwrap();
        }
        change.commit().unwrap();
        store
    }

    fn all(store: &EvilStore<MemoryStore>) -> Vec<Row> {
        let view = store.read().unwrap();
        let rows = view.scan(Table::Entries, b"p", None, 99).unwrap();
        for (key, value) in &rows {
            assert_eq!(view.get(Table::Entries, b"p", key).unwrap().as_ref(), Some(value));
        }
        assert_eq!(view.last(Table::Entries, b"p").unwrap().as_ref(), rows.last());
        let paged = view.scan(Table::Entries, b"p", rows.first().map(|(key, _)| &key[..]), 1).unwrap();
        assert_eq!(paged.first(), rows.get(1));
        rows
    }

    #[test]
    fn h55_rows_in_a_wrong_order_or_number_are_refused() {
        use crate::store::Ordered;
        let store = filled();
        let ordered = Ordered(Box::new(store.clone()));
        let scan = |after: Option<&[u8]>, limit| ordered.read().unwrap().scan(Table::Entries, b"p", after, limit);
        let both = || (scan(Some(b"1"), 1).map(|rows| rows.len()), scan(None, 9).map(|rows| rows.len()));
        assert_eq!(both(), (Ok(1), Ok(3)));
        let damaged = Err(StoreError::Damaged);
        for disorder in [Disorder::Repeated, Disorder::Reversed, Disorder::FromStart, Disorder::TooMany] {
            store.disorder(Table::Entries, disorder);
            assert!(both().0 == damaged || both().1 == damaged, "{disorder:?}");
            store.disorder(Table::Log, disorder);
            assert_eq!(both(), (Ok(1), Ok(3)));
        }
    }

    fn row(key: &[u8], value: &[u8]) -> Row {
        (key.to_vec(), value.to_vec())
    }

    #[test]
    fn it_lies_as_told_and_keeps_the_truth() {
        let store = filled();
        let truth = store.rows().unwrap();
        let honest = [row(b"1", b"1"), row(b"2", b"2"), row(b"3", b"3")];
        assert_eq!(all(&store), honest);
        let generation = || store.read().unwrap().generation().unwrap();
        let before = generation();
        store.rewrite(Table::Entries, b"p", b"1", |value| value.push(b'!'));
        store.hide(Table::Entries, b"p", b"3");
        store.answer(Table::Entries, b"p", b"0", b"new");
        assert_eq!(all(&store), [row(b"0", b"new"), row(b"1", b"1!"), row(b"2", b"2")]);
        assert_ne!(generation(), before);
        store.swap(Table::Entries, (b"p", b"1"), (b"p", b"2")).unwrap();
        assert_eq!(all(&store), [row(b"0", b"new"), row(b"1", b"2"), row(b"2", b"1")]);
        assert_eq!(store.rows().unwrap(), truth);
        store.tell_the_truth();
        assert_eq!(all(&store), honest);

        let mut change = store.write().unwrap();
        change.put(Table::Entries, b"p", b"1", b"later").unwrap();
        change.commit().unwrap();
        store.replay(&truth, Table::Entries, b"p", b"1");
        assert_eq!(all(&store), honest);
    }
}
