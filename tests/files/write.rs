//! Writing files.

use super::*;

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
    let bytes = content(CHUNK);
    let cancelled = chart.put_file_once_with("scan 1", &info(), &bytes[..], |_| ControlFlow::Break(()));
    assert_eq!(cancelled, Err(Error::Cancelled));
    nothing();
    let id = chart.put_file_once("scan 1", &info(), &b""[..]).unwrap();
    let cancelled = chart.update_file_with(&id, &info(), &bytes[..], |_| ControlFlow::Break(()));
    assert_eq!(cancelled, Err(Error::Cancelled));
    assert_eq!(chart.history(&id).unwrap().len(), 1);
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
