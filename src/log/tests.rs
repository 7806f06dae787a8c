//! Logs in a store: honest runs against a simple model, and stores that lie.

mod hostile;
mod model;
mod proofs;

use super::{Log, LogError, Note, Standing};
use crate::codec::{ChartId, Hash, LogId, VaultId};
use crate::crypto::sign::SigningKey;
use crate::crypto::{Secret, merkle, role};
use crate::store::{MemoryStore, Row, Snapshot, Store, StoreError, Table, Transaction};
use std::cell::Cell;
use std::collections::BTreeMap;

const VAULT: VaultId = VaultId::from_bytes([0x5A; 16]);
const ID: LogId = LogId::from_bytes([0xA5; 16]);
const TABLES: [Table; 3] = [Table::Log, Table::Tiles, Table::Map];

fn signer(seed: u8) -> SigningKey<role::LogSigning> {
    SigningKey::from_seed(Secret::from_slice(&[seed; 32]).unwrap())
}

/// A chart as ids are: the bits of a hash.
fn chart(number: u64) -> ChartId {
    ChartId::from_bytes(merkle::sha256(&[&number.to_be_bytes()]))
}

fn digest(number: u64) -> Hash {
    Hash::from_bytes(merkle::sha256(&[b"digest", &number.to_be_bytes()]))
}

type Changes = BTreeMap<ChartId, Hash>;

/// Leaf `number` of the logs of these tests changes one of `charts` charts.
fn change(number: u64, charts: u64) -> Changes {
    Changes::from([(chart(number % charts), digest(number))])
}

fn events(number: u64) -> Vec<u8> {
    format!("events {number}").into_bytes()
}

fn add(log: &mut Log, tx: &mut dyn Transaction, changes: &Changes, sealed: &[u8]) {
    let appended = log.append(tx, changes, sealed, &signer(1)).unwrap();
    log.accept(appended).unwrap();
}

/// Adds leaves up to `size`, in one transaction.
fn grow(log: &mut Log, store: &dyn Store, size: u64, charts: u64) {
    let mut tx = store.write().unwrap();
    for number in log.size()..size {
        add(log, &mut *tx, &change(number, charts), &events(number));
    }
    tx.commit().unwrap();
}

fn grown(size: u64, charts: u64) -> (MemoryStore, Log) {
    let store = MemoryStore::new();
    let mut log = Log::create(ID, signer(1).verifying_key());
    grow(&mut log, &store, size, charts);
    (store, log)
}

fn open(store: &dyn Store) -> Result<Log, LogError> {
    Log::open(&*store.read().unwrap(), ID, signer(1).verifying_key())
}

type Rows = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

fn rows(store: &MemoryStore) -> Rows {
    let view = store.read().unwrap();
    let of = |table| view.scan(table, ID.as_bytes(), None, usize::MAX).unwrap().into_iter();
    TABLES.into_iter().flat_map(|table| of(table).map(move |(key, value)| ((table, key), value))).collect()
}

fn store_of(rows: &Rows) -> MemoryStore {
    let store = MemoryStore::new();
    let mut tx = store.write().unwrap();
    rows.iter().for_each(|((table, key), value)| tx.put(*table, ID.as_bytes(), key, value).unwrap());
    tx.commit().unwrap();
    store
}

/// Counts the rows that are read.
struct Counting<'a> {
    view: Box<dyn Snapshot + 'a>,
    rows: Cell<usize>,
}

impl<'a> Counting<'a> {
    fn of(store: &'a dyn Store) -> Self {
        Self { view: store.read().unwrap(), rows: Cell::new(0) }
    }

    fn count(&self, rows: usize) {
        self.rows.set(self.rows.get() + rows);
    }
}

impl Snapshot for Counting<'_> {
    fn generation(&self) -> Result<u64, StoreError> {
        self.view.generation()
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.count(1);
        self.view.get(table, part, key)
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.view.scan(table, part, after, limit)?;
        self.count(rows.len());
        Ok(rows)
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        self.count(1);
        self.view.last(table, part)
    }
}

#[test]
fn one_append_is_one_row_until_a_tile_is_full() {
    let (store, mut log) = grown(254, 40);
    assert_eq!(rows(&store).len(), 254);
    grow(&mut log, &store, 255, 40);
    assert_eq!(rows(&store).len(), 255);
    grow(&mut log, &store, 256, 40);
    let after = rows(&store);
    let of = |table| after.keys().filter(|(of, _)| *of == table).count();
    // The full tile and the one above it.
    assert_eq!((of(Table::Log), of(Table::Tiles)), (256, 2));
    assert!(of(Table::Map) > 1);
    // A row is small: a leaf, a chart and its digest, a note.
    assert!(after.iter().filter(|((table, _), _)| *table == Table::Log).all(|(_, row)| row.len() < 400));
}

#[test]
fn what_is_not_committed_or_not_accepted_changes_nothing() {
    let (store, mut log) = grown(3, 2);
    let before = rows(&store);
    let mut tx = store.write().unwrap();
    let dropped = log.append(&mut *tx, &change(3, 2), b"dropped", &signer(1)).unwrap();
    drop(tx);
    assert_eq!((rows(&store), log.size()), (before, 3));
    drop(dropped);
    // It goes on as if nothing had been.
    grow(&mut log, &store, 5, 2);
    assert_eq!(open(&store).unwrap().head(), log.head());

    // Committed and not accepted: the log in memory is behind, and says so.
    let mut tx = store.write().unwrap();
    let appended = log.append(&mut *tx, &change(5, 2), b"committed", &signer(1)).unwrap();
    tx.commit().unwrap();
    let mut tx = store.write().unwrap();
    assert_eq!(log.append(&mut *tx, &change(5, 2), b"again", &signer(1)).unwrap_err(), LogError::Stale);
    drop(tx);
    let mut reopened = log.reopen(&*store.read().unwrap()).unwrap();
    assert_eq!(reopened.size(), 6);
    assert_eq!(reopened.accept(appended).unwrap_err(), LogError::Stale);
    grow(&mut reopened, &store, 7, 2);
}

#[test]
fn two_writers_do_not_fork_a_log() {
    let (store, mut one) = grown(3, 2);
    let mut other = open(&store).unwrap();
    grow(&mut one, &store, 4, 2);
    let mut tx = store.write().unwrap();
    assert_eq!(other.append(&mut *tx, &change(3, 2), b"", &signer(1)).unwrap_err(), LogError::Stale);
    // Read again within the transaction that writes, it goes on.
    other = other.reopen(&*tx).unwrap();
    add(&mut other, &mut *tx, &change(4, 2), b"");
    tx.commit().unwrap();
    assert_eq!(open(&store).unwrap().size(), 5);
}

#[test]
fn only_its_device_adds_to_a_log() {
    let (store, log) = grown(3, 2);
    let mut tx = store.write().unwrap();
    assert_eq!(log.append(&mut *tx, &Changes::new(), b"", &signer(2)).unwrap_err(), LogError::WrongKey);
    drop(tx);
    let view = store.read().unwrap();
    assert_eq!(Log::open(&*view, ID, signer(2).verifying_key()).unwrap_err(), LogError::Damaged);
    let other = LogId::from_bytes([1; 16]);
    assert_eq!(Log::open(&*view, other, signer(1).verifying_key()).unwrap_err(), LogError::Missing);
}

#[test]
fn more_than_a_leaf_holds_is_refused() {
    let (store, log) = grown(1, 1);
    let mut tx = store.write().unwrap();
    let charts = (0..=super::leaf::MOST_CHANGES as u64).map(|number| (chart(number), digest(0))).collect();
    assert_eq!(log.append(&mut *tx, &charts, b"", &signer(1)).unwrap_err(), LogError::TooLong);
    let long = vec![0; super::leaf::MOST_SEALED + 1];
    assert_eq!(log.append(&mut *tx, &Changes::new(), &long, &signer(1)).unwrap_err(), LogError::TooLong);
}

/// Leaves since the last full tile, the tiles of the edge, and the pages of the map that those leaves changed.
#[test]
fn opening_reads_as_much_of_a_great_log_as_of_a_small_one() {
    const CHARTS: u64 = 1000;
    let (store, mut log) = grown(4095, CHARTS);
    let read = |store: &MemoryStore| {
        let view = Counting::of(store);
        Log::open(&view, ID, signer(1).verifying_key()).unwrap();
        view.rows.get()
    };
    let small = read(&store);
    // The same charts are in the last leaves of both.
    let size = 4095 + 96_000;
    let mut tx = store.write().unwrap();
    for number in log.size()..size {
        let changes = if number < size - 255 { Changes::new() } else { change(number, CHARTS) };
        add(&mut log, &mut *tx, &changes, &events(number));
    }
    tx.commit().unwrap();
    assert_eq!(open(&store).unwrap().head(), log.head());
    // One more level of tiles.
    assert_eq!(read(&store), small + 1);
    assert!(small < 255 + 2 + 1 + 255 * 2, "{small} rows");

    // A chart costs the pages on its way, a leaf the tiles above it.
    let view = Counting::of(&store);
    let mut reader = log.reader(&view);
    assert_eq!(reader.digest(&chart(7)).unwrap(), Some(digest(100_007)));
    assert!(view.rows.take() <= 4);
    for index in [0, 255, 256, 65_535, 65_536, 99_839, 99_840, 100_094] {
        assert_eq!(reader.leaf(index).unwrap().sealed, events(index));
        assert!(view.rows.take() <= 3);
    }
    assert!(reader.note(65_537).is_ok());
}
