//! Files: put, read, replaced, and what is left of those that were never finished.

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
    Chart, Cursor, Error, FileInfo, FileReader, Grant, Kind, Label, MemoryStore, Query, Record, Recovery, StoreError,
    Terms, Unlock, Vault, VaultOptions,
};
use std::io::{self, Cursor as Bytes, Read, Seek, SeekFrom, Write};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;

const CHUNK: usize = 16 * 1024;

fn unlock() -> Unlock {
    Unlock::device_key(&[1; 32])
}

fn create(options: VaultOptions, store: impl Store + 'static) -> Vault {
    options.create(store, "Riverside Clinic", &unlock(), &Recovery::none_data_will_be_lost()).unwrap().0
}

/// A chart whose blobs the test holds too.
fn fresh() -> (MemoryBlobs, Vault, Chart) {
    let blobs = MemoryBlobs::new();
    let vault = create(Vault::options().blobs(blobs.clone()), MemoryStore::new());
    let chart = vault.create_chart().unwrap();
    (blobs, vault, chart)
}

fn info() -> FileInfo {
    FileInfo::new("application/dicom").named("slice 1")
}

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

fn all(reader: &mut FileReader) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    reader.copy_to(&mut out, |_| ControlFlow::Continue(()))?;
    Ok(out)
}

fn ids(blobs: &dyn BlobStore) -> Vec<BlobId> {
    blobs.list(None, 99).unwrap()
}

/// Both parts of a blob.
fn stored(blobs: &dyn BlobStore, blob: &BlobId) -> [Vec<u8>; 2] {
    let reader = blobs.open(blob).unwrap().unwrap();
    [BlobPart::Chunks, BlobPart::Outboard].map(|part| {
        let mut bytes = vec![0; usize::try_from(reader.len(part).unwrap()).unwrap()];
        reader.read(part, 0, &mut bytes).unwrap();
        bytes
    })
}

/// Puts other bytes in the place of a blob.
fn replace(blobs: &dyn BlobStore, blob: &BlobId, [chunks, outboard]: [&[u8]; 2]) {
    blobs.delete(blob).unwrap();
    let mut writer = blobs.create(blob).unwrap();
    writer.append(BlobPart::Chunks, chunks).unwrap();
    writer.append(BlobPart::Outboard, outboard).unwrap();
    writer.finish().unwrap();
}

#[test]
fn a_file_comes_back_as_a_stream_and_in_ranges() {
    let (_, _, chart) = fresh();
    for len in [0, 1, CHUNK, 20 * CHUNK + 7, 3 << 20] {
        let content = content(len);
        let id = chart.put_file(&info(), &content[..]).unwrap();
        let mut reader = chart.file(&id).unwrap();
        assert_eq!((reader.len(), reader.is_empty()), (len as u64, len == 0));
        let entry = reader.entry();
        assert_eq!((entry.kind(), entry.record().name()), (Kind::File, Some("slice 1")));
        assert_eq!((entry.record().media_type(), entry.content()), ("application/dicom", &b""[..]));
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert!(read == content);
        for range in [0..5, len as u64 / 2..len as u64 / 2 + 70_000, len as u64..u64::MAX] {
            let from = range.start.min(len as u64) as usize;
            let to = range.end.min(len as u64) as usize;
            assert!(reader.read_range(range).unwrap()[..] == content[from..to]);
        }
        assert!(all(&mut reader).unwrap() == content);
    }
    assert_eq!(chart.list_kind(Kind::File).unwrap().entries().len(), 5);
}

#[test]
fn a_request_is_answered_once() {
    let (blobs, _, chart) = fresh();
    let id = chart.put_file_once("scan 1", &info(), &b"first"[..]).unwrap();
    let source = |_: &mut [u8]| -> io::Result<usize> { panic!("a repeated request reads nothing") };
    struct Source<F>(F);
    impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for Source<F> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            (self.0)(out)
        }
    }
    assert_eq!(chart.put_file_once("scan 1", &info(), Source(source)), Ok(id));
    // Somebody else is quicker while the bytes come.
    let (mut first, other) = (None, chart.clone());
    let slow = Source(|_: &mut [u8]| {
        first.get_or_insert_with(|| other.put_file_once("scan 2", &info(), &b"quick"[..]).unwrap());
        Ok(0)
    });
    let second = chart.put_file_once("scan 2", &info(), slow).unwrap();
    assert_eq!(first, Some(second));
    assert_eq!(all(&mut chart.file(&second).unwrap()).unwrap(), b"quick");
    assert_eq!((chart.list().unwrap().entries().len(), ids(&blobs).len()), (2, 2));
}

#[test]
fn a_reader_seeks_as_any_other() {
    let (_, _, chart) = fresh();
    let content = content(5 * CHUNK);
    let id = chart.put_file(&info(), &content[..]).unwrap();
    let (mut ours, mut plain) = (chart.file(&id).unwrap(), Bytes::new(&content));
    let places = [
        SeekFrom::Start(70_000),
        SeekFrom::Current(-30_000),
        SeekFrom::End(-100),
        SeekFrom::Start(1 << 40),
        SeekFrom::End(0),
        SeekFrom::Start(3),
    ];
    for to in places {
        assert_eq!(ours.seek(to).unwrap(), plain.seek(to).unwrap());
        let (mut one, mut other) = ([0; 500], [0; 500]);
        let read = ours.read(&mut one).unwrap();
        assert_eq!((read, one), (plain.read(&mut other).unwrap(), other));
    }
    assert!(ours.seek(SeekFrom::Current(-1 << 40)).is_err());
}

#[test]
fn pushed_bytes_make_the_same_file_on_any_number_of_threads() {
    let content = content(400 * CHUNK + 3);
    for threads in [1, 2, 5] {
        let options = Vault::options().threads(NonZero::new(threads).unwrap());
        let chart = create(options, MemoryStore::new()).create_chart().unwrap();
        let mut writer = chart.create_file(&info()).unwrap();
        assert!(writer.is_empty());
        for piece in content.chunks(100_001) {
            writer.update(piece).unwrap();
        }
        assert_eq!(writer.len(), content.len() as u64);
        let (id, version) = writer.finish().unwrap();
        let mut reader = chart.file(&id).unwrap();
        assert_eq!((reader.entry().id(), reader.entry().version()), (id, version));
        assert!(all(&mut reader).unwrap() == content);
    }
}

#[test]
fn versions_replace_each_other_and_stay_readable() {
    let (blobs, _, chart) = fresh();
    let id = chart.put_file(&info(), &b"first"[..]).unwrap();
    let first = chart.file(&id).unwrap().entry().version();
    let second = chart.update_file(&id, &info().named("slice 1, corrected"), &b"second"[..]).unwrap();
    let mut reader = chart.file(&id).unwrap();
    assert_eq!(reader.entry().version(), second);
    assert_eq!(reader.entry().parents(), [first]);
    assert_eq!(all(&mut reader).unwrap(), b"second");
    assert_eq!(all(&mut chart.file_version(&first).unwrap()).unwrap(), b"first");
    // Nothing of one is sealed with the key of the other.
    assert_eq!(ids(&blobs).len(), 2);
    chart.delete(&id).unwrap();
    assert_eq!(chart.file(&id).err(), Some(Error::UnknownEntry));
    // History stays, and what it needs.
    assert_eq!(all(&mut chart.file_version(&second).unwrap()).unwrap(), b"second");
    assert_eq!(chart.update_file(&id, &info(), &b"third"[..]).err(), Some(Error::UnknownEntry));
    assert_eq!(ids(&blobs).len(), 2);
}

#[test]
fn records_and_files_do_not_stand_in_for_each_other() {
    let (blobs, vault, chart) = fresh();
    let file = chart.put_file(&info(), &b"content"[..]).unwrap();
    let record = chart.put(&Record::opaque("text/plain", "note")).unwrap();
    let note = Record::opaque("text/plain", "other");
    assert_eq!(chart.update(&file, &note).err(), Some(Error::OtherKind));
    assert_eq!(chart.resolve(&file, &note).err(), Some(Error::OtherKind));
    assert_eq!(chart.file(&record).err(), Some(Error::OtherKind));
    assert_eq!(chart.update_file(&record, &info(), &b""[..]).err(), Some(Error::OtherKind));
    // What describes a file is not put again, here or elsewhere.
    let described = chart.get(&file).unwrap();
    let other = vault.create_chart().unwrap();
    assert_eq!(chart.put(described.record()).err(), Some(Error::OtherKind));
    assert_eq!(other.put_once("key", described.record()).err(), Some(Error::OtherKind));
    assert_eq!(chart.update_from(&described, described.record()).err(), Some(Error::OtherKind));
    assert_eq!(ids(&blobs).len(), 1);
    assert!(!format!("{described:?} {:?} {:?}", described.record(), chart.file(&file).unwrap()).contains("slice"));
}

#[test]
fn files_are_found_and_labelled_as_records_are() {
    let (_, _, chart) = fresh();
    let terms = Terms { kind: "ImagingStudy".into(), words: Terms::fold("chest"), ..Terms::default() };
    let labelled = info().labelled("psy".parse().unwrap()).with_terms(terms);
    let id = chart.put_file(&labelled, &b"content"[..]).unwrap();
    assert_eq!(chart.find(&Query::kind("ImagingStudy").words("chest")).unwrap().entries()[0].id, id);
    assert_eq!(chart.file(&id).unwrap().entry().record().label(), Some(&"psy".parse().unwrap()));
    assert_eq!(chart.create_file(&info().labelled("none".parse().unwrap())).err(), Some(Error::UnknownLabel));
}

/// Fails, or ends, after some bytes.
struct Source {
    left: usize,
    fails: bool,
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && self.fails {
            return Err(io::Error::other("the disk was taken out"));
        }
        let read = self.left.min(out.len()).min(1000);
        self.left -= read;
        Ok(read)
    }
}

#[test]
fn what_is_not_finished_leaves_nothing() {
    let (blobs, vault, chart) = fresh();
    let nothing = || {
        assert_eq!(ids(&blobs), []);
        assert_eq!(chart.list().unwrap().entries(), []);
    };
    for left in [0, 100, 40 * CHUNK] {
        assert_eq!(chart.put_file(&info(), Source { left, fails: true }), Err(Error::CannotRead));
        nothing();
        if left == 0 {
            continue;
        }
        let mut told = Vec::new();
        let cancelled = chart.put_file_with(&info(), Source { left, fails: false }, |taken| {
            told.push(taken);
            if taken as usize >= left { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(cancelled, Err(Error::Cancelled));
        assert_eq!(told.last(), Some(&(left as u64)));
        nothing();
    }
    chart.put_file(&info(), &b""[..]).unwrap();
    let before = ids(&blobs);
    let mut writer = chart.create_file(&info()).unwrap();
    writer.update(&content(100 * CHUNK)).unwrap();
    drop(writer);
    assert_eq!(ids(&blobs), before);
    // A vault that was locked meanwhile takes no more, and nothing is left either.
    let mut writer = chart.create_file(&info()).unwrap();
    writer.update(b"before").unwrap();
    vault.lock();
    assert_eq!(writer.update(b"after"), Err(Error::Locked));
    vault.unlock(&unlock()).unwrap();
    assert_eq!(writer.update(b"after"), Err(Error::Cancelled));
    assert_eq!(writer.finish().err(), Some(Error::Cancelled));
    assert_eq!(ids(&blobs), before);
}

#[test]
fn a_locked_vault_reads_nothing() {
    let (_, vault, chart) = fresh();
    let id = chart.put_file(&info(), &content(100)[..]).unwrap();
    let mut reader = chart.file(&id).unwrap();
    vault.lock();
    assert_eq!(reader.read_range(0..5).err(), Some(Error::Locked));
    assert_eq!(all(&mut reader).err(), Some(Error::Locked));
    assert!(reader.read(&mut [0; 5]).is_err());
    vault.unlock(&unlock()).unwrap();
    assert_eq!(reader.read_range(0..5).unwrap()[..], content(5));
}

#[test]
fn content_that_is_gone_is_an_error_of_its_own() {
    let (blobs, _, chart) = fresh();
    let id = chart.put_file(&info(), &b"content"[..]).unwrap();
    blobs.delete(&ids(&blobs)[0]).unwrap();
    assert_eq!(chart.file(&id).err(), Some(Error::ContentNotHere));
    // What describes it is there all the same.
    assert_eq!(chart.get(&id).unwrap().record().name(), Some("slice 1"));
}

/// A bundle carries the description, and not the content.
#[test]
fn a_file_that_was_shared_is_known_before_its_content_is_there() {
    let (blobs, clinic, chart) = fresh();
    let id = chart.put_file(&info(), &content(50_000)[..]).unwrap();
    let lee_blobs = MemoryBlobs::new();
    let lee = Vault::options().blobs(lee_blobs.clone());
    let lee = lee.create(MemoryStore::new(), "Dr. Lee", &unlock(), &Recovery::none_data_will_be_lost()).unwrap().0;
    let to = clinic.contacts().add(&lee.card().unwrap().to_bytes()).unwrap();
    to.verify(&lee.card().unwrap().fingerprint().digits()).unwrap();
    let from = lee.contacts().add(&clinic.card().unwrap().to_bytes()).unwrap();
    from.verify(&clinic.card().unwrap().fingerprint().words()).unwrap();
    chart.share(&to, &Grant::read().label(Label::general())).unwrap();
    let applied = lee.import(&chart.export(&to, Cursor::START).unwrap()).unwrap();
    let copy = lee.chart(&applied.chart).unwrap();
    assert_eq!(copy.file(&id).err(), Some(Error::ContentNotHere));
    let blob = ids(&blobs)[0];
    let [chunks, outboard] = stored(&blobs, &blob);
    replace(&lee_blobs, &blob, [&chunks, &outboard]);
    assert!(all(&mut copy.file(&id).unwrap()).unwrap() == content(50_000));
    // He reads it, and cannot add to it.
    assert_eq!(copy.create_file(&info()).err(), Some(Error::NotGranted));
    assert_eq!(copy.update_file(&id, &info(), &b""[..]).err(), Some(Error::NotGranted));
}

#[test]
fn c22_what_is_altered_is_never_released() {
    let (blobs, _, chart) = fresh();
    let content = content(40 * CHUNK + 5);
    let id = chart.put_file(&info(), &content[..]).unwrap();
    let blob = ids(&blobs)[0];
    let [chunks, outboard] = stored(&blobs, &blob);
    for at in [0, 30, 60, 20 * CHUNK, chunks.len() - 1] {
        let mut altered = chunks.clone();
        altered[at] ^= 1;
        replace(&blobs, &blob, [&altered, &outboard]);
        let mut given = Vec::new();
        let mut reader = match chart.file(&id) {
            Ok(reader) => reader,
            Err(error) => {
                assert!(matches!(error, Error::Unopenable { .. }));
                continue;
            }
        };
        let copied = reader.copy_to(&mut given, |_| ControlFlow::Continue(()));
        assert!(matches!(copied, Err(Error::Unopenable { .. })));
        assert!(content.starts_with(&given));
        // A stream does not end as if it were whole.
        let mut read = Vec::new();
        assert!(chart.file(&id).unwrap().read_to_end(&mut read).is_err());
        assert!(content.starts_with(&read));
    }
    // Nor where nothing but the end is read.
    let mut altered = chunks.clone();
    *altered.last_mut().unwrap() ^= 1;
    replace(&blobs, &blob, [&altered, &outboard]);
    let mut reader = chart.file(&id).unwrap();
    reader.seek(SeekFrom::End(0)).unwrap();
    assert!(reader.read(&mut [0]).is_err());
    for (chunks, outboard) in [(&chunks[..chunks.len() - 16], &outboard[..]), (&chunks, &outboard[64..])] {
        replace(&blobs, &blob, [chunks, outboard]);
        assert!(matches!(chart.file(&id), Err(Error::Unopenable { .. })));
    }
    replace(&blobs, &blob, [&chunks, &outboard]);
    assert!(all(&mut chart.file(&id).unwrap()).unwrap() == content);
}

/// The content of one file, whole and well sealed, in the place of another's.
#[test]
fn b10_contents_of_two_files_exchanged() {
    let (blobs, _, chart) = fresh();
    let one = chart.put_file(&info(), &content(30_000)[..]).unwrap();
    let first = ids(&blobs)[0];
    let other = chart.put_file(&info(), &content(30_000)[1..]).unwrap();
    let second = ids(&blobs).into_iter().find(|blob| *blob != first).unwrap();
    let (of_first, of_second) = (stored(&blobs, &first), stored(&blobs, &second));
    replace(&blobs, &first, [&of_second[0], &of_second[1]]);
    replace(&blobs, &second, [&of_first[0], &of_first[1]]);
    for id in [one, other] {
        assert!(matches!(chart.file(&id), Err(Error::Unopenable { .. })));
    }
}

/// Takes only so many bytes.
struct Short(usize);

impl Write for Short {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_place_that_takes_no_more_is_an_error() {
    let (_, _, chart) = fresh();
    let id = chart.put_file(&info(), &content(100_000)[..]).unwrap();
    let copied = chart.file(&id).unwrap().copy_to(&mut Short(50_000), |_| ControlFlow::Continue(()));
    assert_eq!(copied, Err(Error::CannotWrite));
    let copied = chart.file(&id).unwrap().copy_to(&mut Vec::new(), |_| ControlFlow::Break(()));
    assert_eq!(copied, Err(Error::Cancelled));
}

/// A store that has no place for files, and says so before anything is written.
struct Bare(MemoryStore);

impl Store for Bare {
    fn read(&self) -> Result<Box<dyn ampoule::store::Snapshot + '_>, StoreError> {
        self.0.read()
    }

    fn write(&self) -> Result<Box<dyn ampoule::store::Transaction + '_>, StoreError> {
        self.0.write()
    }
}

#[test]
fn a_store_without_a_place_for_files_takes_none() {
    let chart = create(Vault::options(), Bare(MemoryStore::new())).create_chart().unwrap();
    assert_eq!(chart.put_file(&info(), &b"content"[..]), Err(Error::NoPlaceForFiles));
    let chart = create(Vault::options().blobs(MemoryBlobs::new()), Bare(MemoryStore::new())).create_chart().unwrap();
    assert!(chart.put_file(&info(), &b"content"[..]).is_ok());
}

/// Another process opens the vault, and looks for what a crash left.
#[test]
fn what_is_being_written_is_left_alone() {
    let store = Arc::new(MemoryStore::new());
    let vault = create(Vault::options(), Arc::clone(&store));
    let chart = vault.create_chart().unwrap();
    let id = chart.put_file(&info(), &b"whole"[..]).unwrap();
    let whole = ids(&*store.blobs().unwrap());
    let mut writer = chart.create_file(&info()).unwrap();
    writer.update(&content(30 * CHUNK)).unwrap();
    let other = Vault::open(Arc::clone(&store), &unlock()).unwrap();
    assert_eq!(ids(&*store.blobs().unwrap()), whole);
    let (second, _) = writer.finish().unwrap();
    assert!(all(&mut other.chart(&chart.id()).unwrap().file(&second).unwrap()).unwrap() == content(30 * CHUNK));
    assert_eq!(all(&mut chart.file(&id).unwrap()).unwrap(), b"whole");
}

/// A store invents the mark of a blob that is not finished, to have the vault remove what the store itself cannot.
#[test]
fn h62_a_store_has_no_content_removed() {
    let (store, blobs) = (Arc::new(MemoryStore::new()), MemoryBlobs::new());
    let vault = create(Vault::options().blobs(blobs.clone()), Arc::clone(&store));
    let chart = vault.create_chart().unwrap();
    let id = chart.put_file(&info(), &b"content"[..]).unwrap();
    let other = chart.create_file(&info()).unwrap();
    let marks = || store.read().unwrap().scan(Table::Vault, b"blobs", None, 9).unwrap();
    let [(_, of_other)] = &marks()[..] else { panic!("one is being written") };
    for invented in [&b""[..], &[7; 1000], of_other] {
        let mut tx = store.write().unwrap();
        tx.put(Table::Vault, b"blobs", ids(&blobs)[0].as_bytes(), invented).unwrap();
        tx.commit().unwrap();
        let vault = Vault::options().blobs(blobs.clone()).open(Arc::clone(&store), &unlock()).unwrap();
        vault.run_maintenance().unwrap();
        assert_eq!(all(&mut vault.chart(&chart.id()).unwrap().file(&id).unwrap()).unwrap(), b"content");
    }
    drop(other);
    assert_eq!(marks().len(), 1, "that of the content, which is not true");
}

/// The store is put back to what it was while a file was written, and its blobs are not: they belong to the newer store, which
/// may be found again.
#[cfg(feature = "testing")]
#[test]
fn h64_content_of_a_newer_store_stays() {
    let (store, blobs, keeper) = (
        ampoule::testing::EvilStore::new(MemoryStore::new()),
        MemoryBlobs::new(),
        Arc::new(ampoule::MemoryKeeper::new()),
    );
    let options = || Vault::options().blobs(blobs.clone()).keeper(Arc::clone(&keeper));
    let vault = create(options(), store.clone());
    let chart = vault.create_chart().unwrap();
    let mut writer = chart.create_file(&info()).unwrap();
    let then = store.rows().unwrap();
    writer.update(b"content").unwrap();
    let (id, _) = writer.finish().unwrap();
    vault.lock();
    let old = MemoryStore::new();
    let mut tx = old.write().unwrap();
    for ((table, part, key), value) in then {
        tx.put(table, &part, &key, &value).unwrap();
    }
    tx.commit().unwrap();
    drop(options().open(old, &unlock()).unwrap());
    vault.unlock(&unlock()).unwrap();
    assert_eq!(all(&mut chart.file(&id).unwrap()).unwrap(), b"content");
}

/// Somebody took the blob for what a crash left, while it was written: it may be gone, and is not described.
#[test]
fn what_lost_its_mark_is_not_described() {
    let store = Arc::new(MemoryStore::new());
    let chart = create(Vault::options(), Arc::clone(&store)).create_chart().unwrap();
    let mut writer = chart.create_file(&info()).unwrap();
    writer.update(b"content").unwrap();
    let (key, _) = store.read().unwrap().last(Table::Vault, b"blobs").unwrap().unwrap();
    let mut tx = store.write().unwrap();
    tx.delete(Table::Vault, b"blobs", &key).unwrap();
    tx.commit().unwrap();
    assert_eq!(writer.finish().err(), Some(Error::ContentNotHere));
    assert_eq!(chart.list().unwrap().entries(), []);
    assert_eq!(ids(&*store.blobs().unwrap()), []);
}

/// A machine that was put back to what it was draws the id of a blob that is there.
#[cfg(feature = "testing")]
#[test]
fn b17_a_blob_drawn_before_stays() {
    use ampoule::testing::hazmat::with_fixed_randomness;
    let (blobs, vault, chart) = fresh();
    let put = |content: &[u8]| with_fixed_randomness(b"copied", || chart.put_file(&info(), content));
    let id = put(b"first").unwrap();
    assert!(matches!(put(b"second"), Err(Error::Random(_))));
    vault.run_maintenance().unwrap();
    assert_eq!(ids(&blobs).len(), 1);
    assert_eq!(all(&mut chart.file(&id).unwrap()).unwrap(), b"first");
}

#[cfg(feature = "testing")]
mod faults {
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
}

#[cfg(feature = "sqlite")]
mod on_disk {
    use super::*;
    use ampoule::SqliteStore;
    use std::fs;
    use std::path::Path;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_beside_the_store_and_are_exported_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clinic.db");
        let vault = create(Vault::options(), SqliteStore::open(&path).unwrap());
        let chart = vault.create_chart().unwrap();
        let content = content(3_000_000);
        let id = chart.put_file(&info().named("../../x"), &content[..]).unwrap();
        drop(vault);
        assert!(folder.path().join("clinic.db-blobs").is_dir());
        let vault = Vault::open(SqliteStore::open(&path).unwrap(), &unlock()).unwrap();
        let mut reader = vault.chart(&chart.id()).unwrap().file(&id).unwrap();
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("slice.dcm"), b"old").unwrap();
        reader.export_to(out.join("slice.dcm")).unwrap();
        assert!(fs::read(out.join("slice.dcm")).unwrap() == content);
        let cancelled = reader.export_to_with(out.join("other"), |_| ControlFlow::Break(()));
        assert_eq!(cancelled, Err(Error::Cancelled));
        assert_eq!(reader.export_to(out.join("absent/slice.dcm")), Err(Error::CannotWrite));
        assert_eq!(reader.export_to("/"), Err(Error::CannotWrite));
        // The end is wrong: nothing of what was verified before is left.
        let blobs = folder.path().join("clinic.db-blobs");
        let shard = blobs.join(&names(&blobs)[0]);
        let chunks = shard.join(names(&shard).into_iter().find(|name| name.ends_with(".chunks")).unwrap());
        let mut bytes = fs::read(&chunks).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&chunks, bytes).unwrap();
        let mut reader = vault.chart(&chart.id()).unwrap().file(&id).unwrap();
        assert!(matches!(reader.export_to(out.join("slice.dcm")), Err(Error::Unopenable { .. })));
        assert!(fs::read(out.join("slice.dcm")).unwrap() == content);
        assert_eq!(names(&out), ["slice.dcm"]);
    }
}
