//! A store and blobs that fail.

use super::*;
use ampoule::testing::{Fault, FaultStore, Operation};

/// The power fails at each thing that a put of a file asks of the store, and of the blobs. When the vault is opened again,
/// the file is whole or not there, and no blob is left over.
#[test]
fn h57_a_crash_at_every_step_of_a_file() {
    let store = Arc::new(FaultStore::new(MemoryStore::new()));
    let faults = store.faults();
    let vault = create(Vault::options(), Arc::clone(&store));
    let chart = vault.create_chart().unwrap().id();
    drop(vault);
    let content = content(40 * CHUNK);
    let (mut crashes, mut files) = (0, 0);
    for after in 0.. {
        let vault = Vault::open(Arc::clone(&store), &unlock()).unwrap();
        let handle = vault.chart(&chart).unwrap();
        faults.add(Fault::new(Operation::ALL, after).lasting());
        let put = handle.put_file(&info(), &content[..]);
        let happened = faults.all_happened();
        drop((vault, handle));
        faults.clear();
        let vault = Vault::open(Arc::clone(&store), &unlock()).unwrap();
        let listed = vault.chart(&chart).unwrap().list().unwrap();
        files += usize::from(put.is_ok());
        assert_eq!(listed.entries().len(), files, "{after}: {put:?}");
        assert_eq!(ids(&*store.inner().blobs().unwrap()).len(), files, "{after}: {put:?}");
        for found in listed.entries() {
            let mut reader = vault.chart(&chart).unwrap().file(&found.id).unwrap();
            assert!(all(&mut reader).unwrap() == content);
        }
        assert_eq!(vault.verify(|_| {}).unwrap().findings, []);
        if !happened {
            assert!(put.is_ok());
            break;
        }
        crashes += usize::from(put.is_err());
    }
    assert!(crashes > 25, "{crashes}");
}

/// Any step fails once, and the same handle goes on.
#[test]
fn an_error_of_the_store_undoes_the_file() {
    let store = Arc::new(FaultStore::new(MemoryStore::new()));
    let faults = store.faults();
    let vault = create(Vault::options(), Arc::clone(&store));
    let chart = vault.create_chart().unwrap();
    let content = content(40 * CHUNK);
    let mut failed = 0;
    for after in 0.. {
        faults.add(Fault::new(Operation::ALL, after).error(StoreError::Full));
        let put = chart.put_file(&info(), &content[..]);
        let happened = faults.all_happened();
        faults.clear();
        if put.is_ok() && !happened {
            break;
        }
        failed += usize::from(put.is_err());
        vault.run_maintenance().unwrap();
        let listed = chart.list().unwrap();
        assert_eq!(listed.entries().len(), ids(&*store.inner().blobs().unwrap()).len(), "{after}: {put:?}");
    }
    assert!(failed > 25, "{failed}");
}

/// The transaction that describes a file took effect, and the store could not say so.
#[test]
fn a_commit_that_is_not_acknowledged_keeps_the_content() {
    let store = Arc::new(FaultStore::new(MemoryStore::new()));
    let faults = store.faults();
    let vault = create(Vault::options(), Arc::clone(&store));
    let chart = vault.create_chart().unwrap();
    let mut writer = chart.create_file(&info()).unwrap();
    writer.update(b"content").unwrap();
    faults.add(Fault::new([Operation::Commit], 0).error(StoreError::Uncertain).takes_effect());
    assert_eq!(writer.finish().err(), Some(Error::Store(StoreError::Uncertain)));
    vault.run_maintenance().unwrap();
    let id = chart.list().unwrap().entries()[0].id;
    assert_eq!(all(&mut chart.file(&id).unwrap()).unwrap(), b"content");
    // And one that did not take effect leaves a mark, by which the content is removed.
    let mut writer = chart.create_file(&info()).unwrap();
    writer.update(b"content").unwrap();
    faults.add(Fault::new([Operation::Commit], 0).error(StoreError::Uncertain));
    assert_eq!(writer.finish().err(), Some(Error::Store(StoreError::Uncertain)));
    vault.run_maintenance().unwrap();
    assert_eq!(ids(&*store.blobs().unwrap()).len(), 1);
}
