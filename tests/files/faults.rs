//! A store and blobs that fail.

use super::*;
use ampoule::EntryId;
use ampoule::testing::{Fault, FaultStore, Operation};

type Failing<S> = Arc<FaultStore<S>>;

/// What is done to a chart that has one file.
#[derive(Clone, Copy, Debug)]
enum Work {
    Put,
    Update,
}

impl Work {
    fn run(self, chart: &Chart, first: &EntryId, content: &[u8]) -> Result<(), Error> {
        match self {
            Self::Put => chart.put_file(&info(), content).map(drop),
            Self::Update => chart.update_file(first, &info(), content).map(drop),
        }
    }
}

/// Nothing fails but what is told to: there is no need to wait for the disk.
#[cfg(feature = "sqlite")]
fn on_disk(folder: &std::path::Path, name: &str) -> ampoule::SqliteStore {
    let options = ampoule::SqliteOptions::new().durability(ampoule::store::Durability::Relaxed);
    options.open(folder.join(name)).unwrap()
}

/// Contents of all versions of all files, read to their ends; there are as many blobs.
fn contents<S: Store + 'static>(store: &Failing<S>, chart: &Chart) -> Vec<Vec<u8>> {
    let mut contents = Vec::new();
    for found in chart.list().unwrap() {
        for version in chart.history(&found.id).unwrap() {
            contents.push(all(&mut chart.file_version(&version.unwrap().version()).unwrap()).unwrap());
        }
    }
    assert_eq!(ids(&*store.inner().blobs().unwrap()).len(), contents.len());
    contents.sort();
    contents
}

/// The power fails at each thing that a write of a file asks of the store, and of the blobs. When the vault is opened again,
/// the version is whole or not there, and no blob is left over.
fn crash_at_every_step<S: Store + 'static>(store: S, work: Work) {
    let store = Arc::new(FaultStore::new(store));
    let faults = store.faults();
    let vault = create(Vault::options(), Arc::clone(&store));
    let chart = vault.create_chart().unwrap();
    let first = chart.put_file(&info(), &b"first"[..]).unwrap();
    let mut expected = contents(&store, &chart);
    let chart = chart.id();
    drop(vault);
    let mut crashes = 0;
    for after in 0_u64.. {
        let vault = Vault::open(Arc::clone(&store), &unlock()).unwrap();
        let handle = vault.chart(&chart).unwrap();
        let content = [&after.to_be_bytes()[..], &content(40 * CHUNK)].concat();
        faults.add(Fault::new(Operation::ALL, after).lasting());
        let done = work.run(&handle, &first, &content);
        let happened = faults.all_happened();
        drop((vault, handle));
        faults.clear();
        let vault = Vault::open(Arc::clone(&store), &unlock()).unwrap();
        if done.is_ok() {
            expected.push(content);
            expected.sort();
        }
        assert!(contents(&store, &vault.chart(&chart).unwrap()) == expected, "{work:?} {after}: {done:?}");
        assert_eq!(vault.verify().unwrap().findings, []);
        if !happened {
            assert!(done.is_ok());
            break;
        }
        crashes += usize::from(done.is_err());
    }
    assert!(crashes > 25, "{crashes}");
}

#[test]
fn h57_a_crash_at_every_step_of_a_file() {
    crash_at_every_step(MemoryStore::new(), Work::Put);
    crash_at_every_step(MemoryStore::new(), Work::Update);
}

#[cfg(feature = "sqlite")]
#[test]
fn h57_a_crash_at_every_step_of_a_file_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    crash_at_every_step(on_disk(folder.path(), "put.db"), Work::Put);
    crash_at_every_step(on_disk(folder.path(), "update.db"), Work::Update);
}

/// Any step fails once, and the same handle goes on: with nothing of it, or all.
fn fail_at_every_step<S: Store + 'static>(store: S, work: Work) {
    let store = Arc::new(FaultStore::new(store));
    let faults = store.faults();
    let vault = create(Vault::options(), Arc::clone(&store));
    let chart = vault.create_chart().unwrap();
    let first = chart.put_file(&info(), &b"first"[..]).unwrap();
    let mut expected = contents(&store, &chart);
    let mut failed = 0;
    for after in 0_u64.. {
        let content = [&after.to_be_bytes()[..], &content(40 * CHUNK)].concat();
        faults.add(Fault::new(Operation::ALL, after).error(StoreError::Full));
        let done = work.run(&chart, &first, &content);
        let happened = faults.all_happened();
        faults.clear();
        vault.run_maintenance().unwrap();
        if done.is_ok() {
            expected.push(content);
            expected.sort();
        }
        assert!(contents(&store, &chart) == expected, "{work:?} {after}: {done:?}");
        if done.is_ok() && !happened {
            break;
        }
        assert!(matches!(done, Ok(()) | Err(Error::Store(StoreError::Full))), "{done:?}");
        failed += usize::from(done.is_err());
    }
    assert!(failed > 25, "{failed}");
}

#[test]
fn an_error_of_the_store_undoes_the_file() {
    fail_at_every_step(MemoryStore::new(), Work::Put);
    fail_at_every_step(MemoryStore::new(), Work::Update);
}

#[cfg(feature = "sqlite")]
#[test]
fn an_error_on_disk_undoes_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fail_at_every_step(on_disk(folder.path(), "put.db"), Work::Put);
    fail_at_every_step(on_disk(folder.path(), "update.db"), Work::Update);
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
