//! A reader whose view of the store is older than what others have seen already: it looks again, and is not told of it.

use super::{Chart, Vault};
use crate::store::{BlobStore, MemoryStore, Row, Snapshot, Store, StoreError, Table, Transaction};
use crate::{EntryId, EventKind, FileInfo, Record, Recovery, Unlock};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Between the moment at which a view is taken and the moment at which it is used, something happens.
#[derive(Default)]
struct Slow {
    rows: MemoryStore,
    meanwhile: Mutex<Option<Box<dyn FnMut() + Send>>>,
    /// The next change happens, and the store does not know that.
    uncertain: AtomicBool,
}

impl Slow {
    fn meanwhile(&self, work: impl FnMut() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(work));
    }
}

impl Store for Slow {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let view = self.rows.read()?;
        // What happens reads and writes too, and nothing happens meanwhile then.
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(mut work) = meanwhile {
            work();
            self.meanwhile.lock().unwrap().get_or_insert(work);
        }
        Ok(view)
    }

    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(Change { uncertain: &self.uncertain, rows: self.rows.write()? }))
    }

    fn blobs(&self) -> Option<Arc<dyn BlobStore>> {
        self.rows.blobs()
    }
}

struct Change<'a> {
    uncertain: &'a AtomicBool,
    rows: Box<dyn Transaction + 'a>,
}

impl Snapshot for Change<'_> {
    fn generation(&self) -> Result<u64, StoreError> {
        self.rows.generation()
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.rows.get(table, part, key)
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.rows.scan(table, part, after, limit)
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        self.rows.last(table, part)
    }
}

impl Transaction for Change<'_> {
    fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.rows.put(table, part, key, value)
    }

    fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
        self.rows.delete(table, part, key)
    }

    fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError> {
        let Self { uncertain, rows } = *self;
        let committed = rows.commit()?;
        if uncertain.swap(false, Ordering::SeqCst) { Err(StoreError::Uncertain) } else { Ok(committed) }
    }
}

fn note() -> Record {
    Record::opaque("text/plain", "note")
}

fn vault() -> (Arc<Slow>, Vault, Chart, EntryId) {
    let store = Arc::new(Slow::default());
    let none = Recovery::none_data_will_be_lost();
    let (vault, _) = Vault::create(Arc::clone(&store), "Dr. Lee", &Unlock::device_key(&[1; 32]), &none).unwrap();
    let chart = vault.create_chart().unwrap();
    let id = chart.put(&note()).unwrap();
    (store, vault, chart, id)
}

#[test]
fn a_reader_who_is_overtaken_again_and_again_reads_all_the_same() {
    let (store, _vault, chart, id) = vault();
    let (quicker, mut left) = (chart.clone(), 300);
    store.meanwhile(move || {
        if left > 0 {
            left -= 1;
            quicker.put(&note()).unwrap();
        }
    });
    assert_eq!(chart.get(&id).unwrap().record().content(), b"note");
    assert_eq!(chart.list().unwrap().entries.len(), 301);
}

#[test]
fn a_reader_who_is_overtaken_looks_again_where_the_last_change_is_uncertain() {
    let (store, _vault, chart, id) = vault();
    let (quicker, slow, mut left) = (chart.clone(), Arc::downgrade(&store), 1);
    store.meanwhile(move || {
        if left > 0 {
            left -= 1;
            quicker.put(&note()).unwrap();
            slow.upgrade().unwrap().uncertain.store(true, Ordering::SeqCst);
            assert!(quicker.put(&note()).is_err());
        }
    });
    assert_eq!(chart.get(&id).unwrap().record().content(), b"note");
}

#[test]
fn a_reader_who_is_overtaken_by_a_file_that_begins_reads_all_the_same() {
    let (store, _vault, chart, id) = vault();
    let (quicker, mut left) = (chart.clone(), 300);
    store.meanwhile(move || {
        if left > 0 {
            left -= 1;
            drop(quicker.create_file(&FileInfo::new("image/png")).unwrap());
        }
    });
    assert_eq!(chart.get(&id).unwrap().record().content(), b"note");
}

#[test]
fn many_reads_within_a_change_wait_for_it_and_are_told_with_it() {
    let (_store, vault, chart, id) = vault();
    vault
        .batch(|batch| {
            for _ in 0..5000 {
                chart.get(&id)?;
            }
            batch.put(&chart, &note())
        })
        .unwrap();
    let read = vault.audit().unwrap().into_iter().filter(|event| event.kind == EventKind::Read).count();
    assert_eq!(read, 5000);
}
