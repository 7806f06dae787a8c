//! A host that keeps what it is given, and can change any of it.

use ampoule::StoreError;
use ampoule::store::{Row, Snapshot, Store, Table, Transaction};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Table, part and key of a row.
pub(crate) type Place = (Table, Vec<u8>, Vec<u8>);
/// All that is stored.
pub(crate) type Rows = BTreeMap<Place, Vec<u8>>;

/// A store in memory. Clones are one host: the vault has one, whoever runs the host another.
#[derive(Clone, Default)]
pub(crate) struct Host(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    rows: Arc<Rows>,
    generation: u64,
}

impl Host {
    /// A copy of everything.
    pub(crate) fn rows(&self) -> Rows {
        (*self.state().rows).clone()
    }

    /// Puts other rows in the place of all.
    pub(crate) fn replace(&self, rows: Rows) {
        let mut state = self.state();
        state.rows = Arc::new(rows);
        state.generation = state.generation.saturating_add(1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn view(&self) -> View<'_> {
        let state = self.state();
        View { host: self, rows: Arc::clone(&state.rows), generation: state.generation }
    }
}

impl Store for Host {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(self.view()))
    }

    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(self.view()))
    }
}

/// A snapshot, or a transaction: rows of its own once it changes them.
struct View<'a> {
    host: &'a Host,
    rows: Arc<Rows>,
    generation: u64,
}

impl View<'_> {
    fn part(&self, table: Table, part: &[u8], after: Option<&[u8]>) -> impl DoubleEndedIterator<Item = Row> {
        let place = |key: &[u8]| (table, part.to_vec(), key.to_vec());
        let from = after.map_or_else(|| Bound::Included(place(b"")), |after| Bound::Excluded(place(after)));
        // Of all parts, the next one begins with this one and a zero.
        let to = Bound::Excluded((table, [part, b"\0"].concat(), Vec::new()));
        self.rows.range((from, to)).map(|((_, _, key), value)| (key.clone(), value.clone()))
    }
}

impl Snapshot for View<'_> {
    fn generation(&self) -> Result<u64, StoreError> {
        Ok(self.generation)
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows.get(&(table, part.to_vec(), key.to_vec())).cloned())
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        Ok(self.part(table, part, after).take(limit).collect())
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        Ok(self.part(table, part, None).next_back())
    }
}

impl Transaction for View<'_> {
    fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        Arc::make_mut(&mut self.rows).insert((table, part.to_vec(), key.to_vec()), value.to_vec());
        Ok(())
    }

    fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
        Ok(Arc::make_mut(&mut self.rows).remove(&(table, part.to_vec(), key.to_vec())).is_some())
    }

    fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError> {
        let mut state = self.host.state();
        // Somebody else was quicker.
        if state.generation != self.generation {
            return Err(StoreError::Busy);
        }
        state.rows = self.rows;
        state.generation = state.generation.saturating_add(1);
        Ok(Some(state.generation))
    }
}
