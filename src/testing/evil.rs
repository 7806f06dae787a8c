//! A store that lies: what a hostile host could answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{Row, Snapshot, Store, StoreError, Table, Transaction};

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
    lies: BTreeMap<Place, Lie>,
    /// Counts the changes, so that a vault reads again what it holds in memory.
    changes: u64,
    /// Parts that were ever asked for: a store does not list them.
    parts: BTreeSet<Vec<u8>>,
}

/// What a lie does to a value.
type Change = Arc<dyn Fn(&mut Vec<u8>) + Send + Sync>;

#[derive(Clone)]
enum Lie {
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

    /// Is honest again.
    pub fn tell_the_truth(&self) {
        let mut script = self.shared.script();
        script.lies.clear();
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
        let mut script = self.shared.script();
        script.lies.insert((table, part.to_vec(), key.to_vec()), lie);
        script.changes = script.changes.saturating_add(1);
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
        f.debug_struct("EvilStore").field("lies", &shared.script().lies.len()).finish_non_exhaustive()
    }
}

impl<S: Store> Store for EvilStore<S> {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(EvilSnapshot { inner: self.shared.inner.read()?, script: &self.shared.script }))
    }

    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(EvilSnapshot { inner: self.shared.inner.write()?, script: &self.shared.script }))
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
    /// The lies about a part of a table.
    fn lies(&self, table: Table, part: &[u8]) -> BTreeMap<Vec<u8>, Lie> {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.parts.insert(part.to_vec());
        let of_part = script.lies.iter().filter(|((in_table, in_part, _), _)| *in_table == table && in_part == part);
        of_part.map(|((_, _, key), lie)| (key.clone(), lie.clone())).collect()
    }

    /// All rows of a part, as they are told.
    fn told(&self, table: Table, part: &[u8], lies: BTreeMap<Vec<u8>, Lie>) -> Result<Vec<Row>, StoreError> {
        let mut rows: BTreeMap<_, _> = self.inner.scan(table, part, None, EVERYTHING)?.into_iter().collect();
        for (key, lie) in lies {
            match told(&lie, rows.remove(&key)) {
                Some(value) => rows.insert(key, value),
                None => None,
            };
        }
        Ok(rows.into_iter().collect())
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

impl<V: Snapshot + ?Sized> Snapshot for EvilSnapshot<'_, V> {
    fn generation(&self) -> Result<u64, StoreError> {
        let changes = self.script.lock().unwrap_or_else(PoisonError::into_inner).changes;
        Ok(self.inner.generation()?.wrapping_add(changes))
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let truth = self.inner.get(table, part, key)?;
        Ok(match self.lies(table, part).get(key) {
            Some(lie) => told(lie, truth),
            None => truth,
        })
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let lies = self.lies(table, part);
        if lies.is_empty() {
            return self.inner.scan(table, part, after, limit);
        }
        let rows = self.told(table, part, lies)?.into_iter();
        Ok(rows.filter(|(key, _)| after.is_none_or(|after| key.as_slice() > after)).take(limit).collect())
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        let lies = self.lies(table, part);
        if lies.is_empty() { self.inner.last(table, part) } else { Ok(self.told(table, part, lies)?.pop()) }
    }
}

impl<V: Transaction + ?Sized> Transaction for EvilSnapshot<'_, V> {
    fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.lies(table, part);
        self.inner.put(table, part, key, value)
    }

    fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
        self.inner.delete(table, part, key)
    }

    fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError> {
        let Self { inner, script } = *self;
        let changes = script.lock().unwrap_or_else(PoisonError::into_inner).changes;
        Ok(inner.commit()?.map(|generation| generation.wrapping_add(changes)))
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
