//! The content of files on its way: sent as it is sealed, taken in and checked, broken off and gone on with.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use ampoule::store::{BlobId, BlobPart, BlobStore, MemoryBlobs, Store, Table};
use ampoule::{
    Chart, Clock, Contact, Cursor, Error, FileInfo, Finding, Grant, Label, MemoryStore, NotHere, Recovery, Unlock,
    Vault, VaultOptions, VersionId,
};
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const CHUNK: usize = 16 * 1024;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn unlock() -> Unlock {
    Unlock::device_key(&[1; 32])
}

fn options(blobs: &MemoryBlobs, hands: &Hands) -> VaultOptions {
    Vault::options().blobs(blobs.clone()).clock(hands.clone()).threads(NonZero::new(1).unwrap())
}

fn create(name: &str, store: impl Store + 'static, blobs: &MemoryBlobs, hands: &Hands) -> Vault {
    options(blobs, hands).create(store, name, &unlock(), &Recovery::none_data_will_be_lost()).unwrap().0
}

/// A clock that tests set.
#[derive(Clone)]
struct Hands(Arc<AtomicI64>);

impl Clock for Hands {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A clinic that shared a chart with Dr. Lee, and what each has of it.
struct Shared {
    hands: Hands,
    clinic: Vault,
    clinic_blobs: MemoryBlobs,
    chart: Chart,
    to: Contact,
    lee_store: Arc<MemoryStore>,
    lee_blobs: MemoryBlobs,
    lee: Vault,
}

impl Shared {
    fn new() -> Self {
        let hands = Hands(Arc::new(AtomicI64::new(1_790_000_000_000)));
        let (clinic_blobs, lee_blobs, lee_store) = (MemoryBlobs::new(), MemoryBlobs::new(), Arc::default());
        let clinic = create("Riverside Clinic", MemoryStore::new(), &clinic_blobs, &hands);
        let lee = create("Dr. Lee", Arc::clone(&lee_store), &lee_blobs, &hands);
        let chart = clinic.create_chart().unwrap();
        let to = clinic.contacts().add(&lee.card().unwrap().to_bytes()).unwrap();
        to.verify(&lee.card().unwrap().fingerprint().digits()).unwrap();
        let from = lee.contacts().add(&clinic.card().unwrap().to_bytes()).unwrap();
        from.verify(&clinic.card().unwrap().fingerprint().words()).unwrap();
        chart.share(&to, &Grant::read().label(Label::general())).unwrap();
        Self { hands, clinic, clinic_blobs, chart, to, lee_store, lee_blobs, lee }
    }

    /// Puts a file, and has Dr. Lee hear of it.
    fn put(&self, content: &[u8]) -> VersionId {
        let id = self.chart.put_file(&FileInfo::new("application/dicom").named("slice"), content).unwrap();
        let applied = self.lee.import(&self.chart.export(&self.to, Cursor::START).unwrap()).unwrap();
        let version = self.chart.file(&id).unwrap().entry().version();
        assert_eq!(applied.missing_blobs, [version]);
        version
    }

    fn copy(&self) -> Chart {
        self.lee.chart(&self.chart.id()).unwrap()
    }

    fn reopen(&mut self) {
        self.lee.lock();
        self.lee = options(&self.lee_blobs, &self.hands).open(Arc::clone(&self.lee_store), &unlock()).unwrap();
    }

    /// Blobs of Dr. Lee that are whole, and marks of those that are not.
    fn kept(&self) -> (usize, usize) {
        let marks = self.lee_store.read().unwrap().scan(Table::Vault, b"incoming", None, 99).unwrap();
        (ids(&self.lee_blobs).len(), marks.len())
    }

    fn pass(&self, days: i64) {
        self.hands.0.fetch_add(days * DAY_MS, Ordering::Relaxed);
    }
}

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

fn go_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn sealed(chart: &Chart, version: &VersionId) -> Vec<u8> {
    let mut sealed = Vec::new();
    chart.export_content(version, &mut sealed, go_on).unwrap();
    sealed
}

fn read(chart: &Chart, version: &VersionId) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    chart.file_version(version)?.copy_to(&mut out, go_on)?;
    Ok(out)
}

fn ids(blobs: &dyn BlobStore) -> Vec<BlobId> {
    blobs.list(None, 99).unwrap()
}

#[test]
fn content_follows_its_description() {
    let shared = Shared::new();
    let copy = |shared: &Shared| shared.copy();
    for (number, len) in [0, 1, CHUNK, 40 * CHUNK + 7].into_iter().enumerate() {
        let version = shared.put(&content(len));
        let copy = copy(&shared);
        assert_eq!(copy.missing_content().unwrap(), [version]);
        assert_eq!(read(&copy, &version).err(), Some(Error::ContentNotHere));
        assert_eq!(copy.export_content(&version, &mut Vec::new(), go_on), Err(Error::ContentNotHere));
        let sealed = sealed(&shared.chart, &version);
        let mut told = Vec::new();
        copy.import_content(&version, &sealed[..], |taken| {
            told.push(taken);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(told.last(), Some(&(sealed.len() as u64)));
        assert!(read(&copy, &version).unwrap() == content(len));
        assert_eq!((copy.missing_content().unwrap(), shared.kept()), (vec![], (number + 1, 0)));
        // Again, without effect: nothing is even read.
        copy.import_content(&version, Broken, go_on).unwrap();
        assert_eq!(copy.receive_content(&version).err(), Some(Error::ContentHere));
        // And he passes it on as it is.
        let mut again = Vec::new();
        copy.export_content(&version, &mut again, go_on).unwrap();
        assert!(again == sealed);
    }
    let again = shared.lee.import(&shared.chart.export(&shared.to, Cursor::START).unwrap()).unwrap();
    assert_eq!((again.added, again.missing_blobs), (0, vec![]));
    // Neither end tells by its names that two blobs are one.
    assert!(ids(&shared.clinic_blobs).iter().all(|blob| !ids(&shared.lee_blobs).contains(blob)));
}

/// Fails whenever it is read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the line was cut"))
    }
}

#[test]
fn c22_wrong_content_is_refused_and_leaves_nothing() {
    let shared = Shared::new();
    let version = shared.put(&content(40 * CHUNK + 7));
    let other = shared.chart.put_file(&FileInfo::new("application/dicom"), &content(40 * CHUNK + 7)[..]).unwrap();
    let other = shared.chart.file(&other).unwrap().entry().version();
    let (copy, right) = (shared.copy(), sealed(&shared.chart, &version));
    for at in [0, 30, 60, 20 * CHUNK, right.len() - 1] {
        let mut altered = right.clone();
        altered[at] ^= 1;
        assert_eq!(copy.import_content(&version, &altered[..], go_on), Err(Error::DamagedContent), "{at}");
        assert_eq!(shared.kept(), (0, 0));
    }
    let longer = [&right[..], &[0]].concat();
    assert_eq!(copy.import_content(&version, &longer[..], go_on), Err(Error::DamagedContent));
    let others = sealed(&shared.chart, &other);
    assert_eq!(copy.import_content(&version, &others[..], go_on), Err(Error::DamagedContent));
    assert_eq!(shared.kept(), (0, 0));
    for to in [0, 55, 56, 20 * CHUNK, right.len() - 1] {
        let cut = copy.import_content(&version, &right[..to], go_on);
        assert_eq!(cut, Err(Error::IncompleteContent), "{to}");
        assert_eq!(shared.kept(), (0, 0));
        assert_eq!(copy.import_content(&version, right[..to].chain(Broken), go_on), Err(Error::CannotRead));
        assert_eq!(shared.kept(), (0, 0));
    }
    let ended = copy.import_content(&version, &right[..], |_| ControlFlow::Break(()));
    assert_eq!((ended, shared.kept()), (Err(Error::Cancelled), (0, 0)));
    // What he has no description of is no business of his.
    assert_eq!(copy.import_content(&other, &others[..], go_on), Err(Error::UnknownEntry));
    copy.import_content(&version, &right[..], go_on).unwrap();
    assert!(read(&copy, &version).unwrap() == content(40 * CHUNK + 7));
}

#[test]
fn a_transfer_that_broke_goes_on_from_what_was_kept() {
    let mut shared = Shared::new();
    let version = shared.put(&content(60 * CHUNK + 7));
    let mut from = shared.chart.sealed_content(&version).unwrap();
    let (total, mut offset) = (from.total(), 0_u64);
    for to in [100, 90_000, 400_000, total] {
        let copy = shared.copy();
        let mut receiver = copy.receive_content(&version).unwrap();
        assert_eq!(receiver.total(), total);
        assert!((offset.saturating_sub(17_000)..=offset).contains(&receiver.offset()));
        assert_eq!(copy.receive_content(&version).err(), Some(Error::Store(ampoule::StoreError::Busy)));
        from.seek(SeekFrom::Start(receiver.offset())).unwrap();
        let rest = (&mut from).take(to - receiver.offset());
        receiver.read_all(&mut { rest }, go_on).unwrap();
        assert_eq!(receiver.offset(), to);
        if to == total {
            receiver.finish().unwrap();
        } else {
            // Something wrong comes, and what is right after it.
            assert_eq!(receiver.update(&[7; 600_000]), Err(Error::DamagedContent));
            assert!(receiver.offset() + 300_000 > to);
            let kept = receiver.offset();
            from.seek(SeekFrom::Start(kept)).unwrap();
            receiver.read_all(&mut (&mut from).take(to - kept), go_on).unwrap();
            assert_eq!(shared.copy().missing_content().unwrap(), [version]);
            match to {
                100 => assert_eq!(receiver.finish(), Err(Error::IncompleteContent)),
                _ => drop(receiver),
            }
            offset = to;
            assert_eq!(shared.kept(), (0, 1));
            shared.pass(2);
            shared.reopen();
        }
    }
    assert!(read(&shared.copy(), &version).unwrap() == content(60 * CHUNK + 7));
    assert_eq!(shared.kept(), (1, 0));
}

#[test]
fn what_nobody_goes_on_with_is_removed() {
    let mut shared = Shared::new();
    let version = shared.put(&content(60 * CHUNK));
    let right = sealed(&shared.chart, &version);
    let part = |shared: &Shared| {
        let copy = shared.copy();
        let mut receiver = copy.receive_content(&version).unwrap();
        let from = usize::try_from(receiver.offset()).unwrap();
        receiver.update(&right[from..600_000]).unwrap();
        from
    };
    assert_eq!(part(&shared), 0);
    shared.pass(7);
    shared.reopen();
    // What is going on stays, however long it takes.
    let busy = shared.copy().receive_content(&version).unwrap();
    assert!(busy.offset() > 580_000);
    shared.pass(8);
    shared.lee.run_maintenance().unwrap();
    assert_eq!(shared.kept(), (0, 1));
    drop(busy);
    shared.reopen();
    assert_eq!(shared.kept(), (0, 0));
    assert_eq!(part(&shared), 0);
    shared.copy().receive_content(&version).unwrap().discard().unwrap();
    assert_eq!(shared.kept(), (0, 0));
    assert_eq!(part(&shared), 0);
    // A clock that was put far back is no reason to keep it for ever.
    shared.pass(-30);
    shared.reopen();
    assert_eq!(shared.kept(), (0, 0));
}

/// Content that is whole lacks nothing but that its mark is removed.
#[test]
fn h62_content_that_came_is_not_removed_by_its_mark() {
    let mut shared = Shared::new();
    let version = shared.put(&content(1000));
    let mut receiver = shared.copy().receive_content(&version).unwrap();
    receiver.read_all(&mut &sealed(&shared.chart, &version)[..], go_on).unwrap();
    let marks = shared.lee_store.read().unwrap().scan(Table::Vault, b"incoming", None, 9).unwrap();
    receiver.finish().unwrap();
    let mut tx = shared.lee_store.write().unwrap();
    tx.put(Table::Vault, b"incoming", &marks[0].0, &marks[0].1).unwrap();
    // Nor by one of what is being written, which it is not.
    tx.put(Table::Vault, b"blobs", &marks[0].0, &marks[0].1).unwrap();
    tx.commit().unwrap();
    shared.pass(30);
    shared.reopen();
    shared.lee.run_maintenance().unwrap();
    assert_eq!(shared.kept(), (1, 0));
    assert_eq!(read(&shared.copy(), &version).unwrap(), content(1000));
}

/// Flips a bit in the only blob that there is.
fn damage(blobs: &MemoryBlobs) {
    let blob = ids(blobs)[0];
    let reader = blobs.open(&blob).unwrap().unwrap();
    let [mut chunks, outboard] = [BlobPart::Chunks, BlobPart::Outboard].map(|part| {
        let mut bytes = vec![0; reader.len(part).unwrap() as usize];
        reader.read(part, 0, &mut bytes).unwrap();
        bytes
    });
    chunks[10 * CHUNK] ^= 1;
    blobs.delete(&blob).unwrap();
    let mut writer = blobs.create(&blob).unwrap();
    writer.append(BlobPart::Chunks, &chunks).unwrap();
    writer.append(BlobPart::Outboard, &outboard).unwrap();
    writer.finish().unwrap();
}

#[test]
fn damaged_content_is_replaced_by_what_comes() {
    let shared = Shared::new();
    let version = shared.put(&content(20 * CHUNK));
    let (copy, right) = (shared.copy(), sealed(&shared.chart, &version));
    copy.import_content(&version, &right[..], go_on).unwrap();
    // Both at Dr. Lee's, who took it in, and at the clinic, which wrote it.
    for (chart, blobs) in [(&copy, &shared.lee_blobs), (&shared.chart, &shared.clinic_blobs)] {
        damage(blobs);
        assert!(matches!(read(chart, &version), Err(Error::Unopenable { .. })));
        // A transfer that breaks is gone on with here as elsewhere.
        let mut part = chart.receive_content(&version).unwrap();
        part.update(&right[..300_000]).unwrap();
        drop(part);
        assert!(chart.receive_content(&version).unwrap().offset() > 280_000);
        chart.import_content(&version, &right[..], go_on).unwrap();
        assert!(read(chart, &version).unwrap() == content(20 * CHUNK));
    }
}

/// Content goes to anybody; who was revoked has no description of what is new, and with it no key.
#[test]
fn revoked_readers_get_no_keys_of_new_files() {
    let shared = Shared::new();
    let before = shared.put(&content(100));
    shared.chart.revoke(&shared.to).unwrap();
    let id = shared.chart.put_file(&FileInfo::new("application/dicom"), &content(200)[..]).unwrap();
    let after = shared.chart.file(&id).unwrap().entry().version();
    let copy = shared.copy();
    let applied = shared.lee.import(&shared.chart.export(&shared.to, Cursor::START).unwrap()).unwrap();
    assert_eq!(applied.missing_blobs, []);
    for version in [before, after] {
        let right = sealed(&shared.chart, &version);
        assert_eq!(copy.import_content(&version, &right[..], go_on), Err(Error::GrantEnded));
    }
    assert_eq!(shared.kept(), (0, 0));
}

#[test]
fn a_locked_vault_neither_sends_nor_receives() {
    let shared = Shared::new();
    let version = shared.put(&content(100));
    let mut from = shared.chart.sealed_content(&version).unwrap();
    let mut receiver = shared.copy().receive_content(&version).unwrap();
    let right = sealed(&shared.chart, &version);
    shared.lee.lock();
    assert_eq!(receiver.update(&right), Err(Error::Locked));
    assert_eq!(receiver.finish(), Err(Error::Locked));
    shared.lee.unlock(&unlock()).unwrap();
    shared.copy().receive_content(&version).unwrap().read_all(&mut from, go_on).unwrap();
    let record = shared.chart.put(&ampoule::Record::opaque("text/plain", "note")).unwrap();
    let record = shared.chart.get(&record).unwrap().version();
    assert_eq!(shared.chart.sealed_content(&record).err(), Some(Error::OtherKind));
}

#[test]
fn verify_tells_damaged_missing_and_never_fetched_content_apart() {
    let shared = Shared::new();
    let version = shared.put(&content(20 * CHUNK));
    let chart = shared.chart.id();
    let entry = shared.chart.version(&version).unwrap().id();
    let shared_by = |vault: &Vault| vault.verify().unwrap();
    let clinic = shared.clinic.clone();
    let report = shared_by(&clinic);
    assert_eq!((report.files, report.findings, report.not_here), (1, vec![], vec![]));
    // Dr. Lee never fetched it, which is no fault.
    let not_here = NotHere::Content { chart, entry, version };
    let report = shared_by(&shared.lee);
    assert_eq!((report.files, report.findings), (0, vec![]));
    assert!(report.not_here.contains(&not_here));
    let right = sealed(&shared.chart, &version);
    shared.copy().import_content(&version, &right[..], go_on).unwrap();
    let report = shared_by(&shared.lee);
    assert_eq!((report.files, report.findings), (1, vec![]));
    assert!(!report.not_here.contains(&not_here));
    for (vault, blobs) in [(&clinic, &shared.clinic_blobs), (&shared.lee, &shared.lee_blobs)] {
        damage(blobs);
        let report = shared_by(vault);
        assert_eq!((report.files, report.findings), (1, vec![Finding::DamagedContent { chart, entry, version }]));
        blobs.delete(&ids(blobs)[0]).unwrap();
    }
    let missing = vec![Finding::MissingContent { chart, entry, version }];
    assert_eq!((shared_by(&clinic).findings, shared_by(&shared.lee).findings), (missing, vec![]));
    assert!(shared_by(&shared.lee).not_here.contains(&not_here));
    // What deletes describes nothing.
    shared.chart.delete(&entry).unwrap();
    let report = shared_by(&clinic);
    assert_eq!((report.versions, report.files, report.findings.len()), (2, 0, 1));
}

#[cfg(feature = "testing")]
mod faults {
    use super::*;
    use ampoule::StoreError;
    use ampoule::testing::{Fault, FaultStore, Operation};

    /// The power fails at each thing that taking content in asks of the store, and of the blobs. What is there afterwards is the
    /// whole content or none of it, and the next transfer brings it.
    #[test]
    fn h57_a_crash_at_every_step_of_a_transfer() {
        let shared = Shared::new();
        let version = shared.put(&content(40 * CHUNK));
        let right = sealed(&shared.chart, &version);
        let (store, chart) = (Arc::new(FaultStore::new(Arc::clone(&shared.lee_store))), shared.chart.id());
        let blobs = store.inner().blobs().unwrap();
        shared.lee.lock();
        let faults = store.faults();
        let mut crashes = 0;
        for (after, resumed) in (0..).flat_map(|after| [(after, false), (after, true)]) {
            let vault = Vault::open(Arc::clone(&store), &unlock()).unwrap();
            let copy = vault.chart(&chart).unwrap();
            faults.add(Fault::new(Operation::ALL, after).lasting());
            let taken = if resumed {
                copy.receive_content(&version).and_then(|mut receiver| {
                    let from = usize::try_from(receiver.offset()).unwrap();
                    receiver.update(&right[from..])?;
                    receiver.finish()
                })
            } else {
                copy.import_content(&version, &right[..], go_on)
            };
            let happened = faults.all_happened();
            drop((vault, copy));
            faults.clear();
            let vault = Vault::open(Arc::clone(&store), &unlock()).unwrap();
            let copy = vault.chart(&chart).unwrap();
            let here = match read(&copy, &version) {
                Ok(read) => read == content(40 * CHUNK),
                Err(error) => error != Error::ContentNotHere,
            };
            assert_eq!(here, !ids(&*blobs).is_empty(), "{after}: {taken:?}");
            assert!(here || taken.is_err(), "{after}");
            assert_eq!(vault.verify().unwrap().findings, []);
            copy.import_content(&version, &right[..], go_on).unwrap();
            assert!(read(&copy, &version).unwrap() == content(40 * CHUNK));
            blobs.delete(&ids(&*blobs)[0]).unwrap();
            if !happened {
                assert_eq!(taken, Ok(()));
                break;
            }
            crashes += usize::from(taken.is_err());
        }
        assert!(crashes > 20, "{crashes}");
    }

    /// A store of blobs that is full keeps what it has, and takes the rest when there is room.
    #[test]
    fn a_full_disk_breaks_a_transfer_and_no_more() {
        let shared = Shared::new();
        let version = shared.put(&content(40 * CHUNK));
        let right = sealed(&shared.chart, &version);
        let store = Arc::new(FaultStore::new(Arc::clone(&shared.lee_store)));
        shared.lee.lock();
        let options = Vault::options().threads(NonZero::new(1).unwrap());
        let vault = options.open(Arc::clone(&store), &unlock()).unwrap();
        let copy = vault.chart(&shared.chart.id()).unwrap();
        let mut receiver = copy.receive_content(&version).unwrap();
        store.faults().add(Fault::new([Operation::AppendBlob], 4).error(StoreError::Full));
        assert_eq!(receiver.update(&right), Err(Error::Store(StoreError::Full)));
        assert_eq!(receiver.update(&right), Err(Error::Cancelled));
        drop(receiver);
        let mut receiver = copy.receive_content(&version).unwrap();
        assert!(receiver.offset() > 200_000);
        receiver.update(&right[usize::try_from(receiver.offset()).unwrap()..]).unwrap();
        receiver.finish().unwrap();
        assert!(read(&copy, &version).unwrap() == content(40 * CHUNK));
    }
}
