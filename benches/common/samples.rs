//! Vaults and records to measure with.

use super::leaf::OVERHEAD;
use ampoule::expert::{ChartKeys, Unlocked};
use ampoule::store::{Durability, Snapshot, Store, Table, Transaction};
use ampoule::{
    Audit, Chart, Code, Contact, DateRange, MemberKind, MemoryStore, Record, Recovery, SqliteOptions, SqliteStore,
    StoreError, Suite, Terms, Unlock, Vault, VaultOptions,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Content of a 2 kB record.
pub(crate) const CONTENT: usize = 2048;
pub(crate) const KIND: &str = "Observation";
pub(crate) const SYSTEM: &str = "http://loinc.org";
/// Different codes in a chart.
pub(crate) const CODES: usize = 50;

/// A way into all vaults of a benchmark: a key, so that no stretching of a passphrase is measured.
pub(crate) fn unlock() -> Unlock {
    Unlock::device_key(&[7; 32])
}

pub(crate) fn vault(store: impl Store + 'static, name: &str) -> Vault {
    vault_with(Vault::options(), store, name)
}

/// A vault with other options.
pub(crate) fn vault_with(options: VaultOptions, store: impl Store + 'static, name: &str) -> Vault {
    options.create(store, name, &unlock(), &Recovery::none_data_will_be_lost()).unwrap().0
}

/// A vault in a new file, every commit synced.
pub(crate) fn durable_vault(path: &Path) -> Vault {
    vault(SqliteStore::open(path).unwrap(), "Riverside Clinic")
}

/// Keys of a chart, without a store.
pub(crate) fn keys() -> ChartKeys {
    let none = Recovery::none_data_will_be_lost();
    let created = Unlocked::create("Riverside Clinic", MemberKind::Person, &unlock(), &none, Suite::default(), 1);
    ChartKeys::create(&created.unwrap().0, 1).unwrap()
}

/// A store that does not sync each commit: for what is built and not measured, and for what only reads.
pub(crate) fn relaxed(path: &Path) -> SqliteStore {
    SqliteOptions::new().durability(Durability::Relaxed).open(path).unwrap()
}

/// One vault as a contact of another, its fingerprint compared.
pub(crate) fn acquainted(of: &Vault, with: &Vault) -> Contact {
    let card = with.card().unwrap();
    let contact = of.contacts().add(&card.to_bytes()).unwrap();
    contact.verify(&card.fingerprint().digits()).unwrap();
    contact
}

/// An observation with terms as an adapter finds them: a code, a date, some words.
pub(crate) fn observation(number: usize, len: usize) -> Record {
    let day = i64::try_from(number).unwrap() * 86_400_000;
    let terms = Terms {
        kind: KIND.into(),
        codes: vec![Code { system: SYSTEM.into(), value: code(number) }],
        dates: vec![DateRange::new(day, day + 86_400_000).unwrap()],
        words: Terms::fold("Hemoglobin A1c/Hemoglobin.total in Blood"),
    };
    let content: Vec<u8> = b"{\"resourceType\":\"Observation\"}".iter().copied().cycle().take(len).collect();
    Record::opaque("application/fhir+json", content).with_terms(terms)
}

/// Code of the record of a number.
pub(crate) fn code(number: usize) -> String {
    format!("{:05}-{}", 4000 + number % CODES, number % CODES % 9)
}

/// Puts records into a chart, many in each transaction.
pub(crate) fn fill(vault: &Vault, chart: &Chart, count: usize, len: usize) -> Vec<ampoule::EntryId> {
    let numbers: Vec<usize> = (0..count).collect();
    let mut ids = Vec::with_capacity(count);
    for some in numbers.chunks(500) {
        let put = |batch: &mut ampoule::Batch<'_>| {
            some.iter().map(|number| batch.put(chart, &observation(*number, len))).collect::<Result<Vec<_>, _>>()
        };
        ids.extend(vault.batch(put).unwrap());
    }
    ids
}

/// What an operation adds to a store.
pub(crate) struct Added {
    /// Keys and values of the rows that are there afterwards and were not before, on average over many operations.
    pub(crate) bytes: usize,
    /// Length of the events of a leaf of the log, padded.
    pub(crate) events: usize,
}

/// What one put adds, `batch` in each transaction.
pub(crate) fn added_by_put(batch: usize, record: &Record) -> Added {
    const PUTS: usize = 800;
    let (vault, counts) = counted(Vault::options());
    let chart = vault.create_chart().unwrap();
    counts.added(PUTS, || {
        for _ in 0..PUTS / batch {
            vault.batch(|each| (0..batch).try_for_each(|_| each.put(&chart, record).map(drop))).unwrap();
        }
    })
}

/// What one get adds where its event is stored before anything is released.
pub(crate) fn added_by_strict_get(record: &Record) -> Added {
    const GETS: usize = 800;
    let (vault, counts) = counted(Vault::options().audit(Audit::Strict));
    let chart = vault.create_chart().unwrap();
    let entry = chart.put(record).unwrap();
    counts.added(GETS, || (0..GETS).for_each(|_| drop(chart.get(&entry).unwrap())))
}

/// A vault in a store that counts the bytes of its rows.
fn counted(options: VaultOptions) -> (Vault, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let store = Counting { store: MemoryStore::new(), counts: Arc::clone(&counts) };
    (vault_with(options, store, "Riverside Clinic"), counts)
}

#[derive(Default)]
struct Counts {
    bytes: AtomicUsize,
    /// Length of the leaf row that was written last.
    leaf_row: AtomicUsize,
}

impl Counts {
    fn added(&self, operations: usize, work: impl FnOnce()) -> Added {
        const EVENT_STEP: usize = 256;
        let before = self.bytes.load(Ordering::Relaxed);
        work();
        // What else is in such a row is shorter than a step.
        let events = self.leaf_row.load(Ordering::Relaxed) - OVERHEAD;
        Added {
            bytes: (self.bytes.load(Ordering::Relaxed) - before) / operations,
            events: events / EVENT_STEP * EVENT_STEP,
        }
    }
}

/// Counts the bytes of the rows in a store. Only for transactions that are committed.
struct Counting {
    store: MemoryStore,
    counts: Arc<Counts>,
}

struct CountingTransaction<'a> {
    inner: Box<dyn Transaction + 'a>,
    counts: &'a Counts,
}

impl Store for Counting {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.store.read()
    }

    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(CountingTransaction { inner: self.store.write()?, counts: &self.counts }))
    }
}

impl CountingTransaction<'_> {
    fn take_out(&self, table: Table, part: &[u8], key: &[u8]) -> Result<(), StoreError> {
        if let Some(old) = self.inner.get(table, part, key)? {
            self.counts.bytes.fetch_sub(part.len() + key.len() + old.len(), Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Snapshot for CountingTransaction<'_> {
    fn generation(&self) -> Result<u64, StoreError> {
        self.inner.generation()
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(table, part, key)
    }

    fn scan(
        &self,
        table: Table,
        part: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<ampoule::store::Row>, StoreError> {
        self.inner.scan(table, part, after, limit)
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<ampoule::store::Row>, StoreError> {
        self.inner.last(table, part)
    }
}

impl Transaction for CountingTransaction<'_> {
    fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.take_out(table, part, key)?;
        if table == Table::Log {
            self.counts.leaf_row.store(value.len(), Ordering::Relaxed);
        }
        self.counts.bytes.fetch_add(part.len() + key.len() + value.len(), Ordering::Relaxed);
        self.inner.put(table, part, key, value)
    }

    fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
        self.take_out(table, part, key)?;
        self.inner.delete(table, part, key)
    }

    fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError> {
        self.inner.commit()
    }
}
