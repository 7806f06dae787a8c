//! Reading files.

use super::*;

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

/// What is written out when the vault is locked ends soon after.
#[test]
fn a_copy_ends_when_the_vault_is_locked() {
    struct Locking(Vault, usize);
    impl Write for Locking {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            self.0.lock();
            self.1 += piece.len();
            Ok(piece.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (_, vault, chart) = fresh();
    let id = chart.put_file(&info(), &content(2 << 20)[..]).unwrap();
    let mut to = Locking(vault, 0);
    let copied = chart.file(&id).unwrap().copy_to(&mut to, |_| ControlFlow::Continue(()));
    assert_eq!((copied, to.1), (Err(Error::Locked), 256 << 10));
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
fn verifying_ends_between_versions_and_within_a_file() {
    let (_, vault, chart) = fresh();
    chart.put(&Record::opaque("text/plain", b"a note")).unwrap();
    chart.put_file(&info(), &content(200 * CHUNK)[..]).unwrap();
    let mut told = Vec::new();
    let whole = vault.verify_with(|done| {
        told.push(done);
        ControlFlow::Continue(())
    });
    assert_eq!(whole.unwrap().findings, []);
    // Also between the pieces of the file, before any version counts.
    assert!(told.is_sorted() && told.iter().filter(|done| **done == 0).count() > 2, "{told:?}");
    assert_eq!(told.last(), Some(&2));
    for step in 0..told.len() {
        let mut steps = 0;
        let ended = vault.verify_with(|_| {
            steps += 1;
            if steps > step { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((ended, steps), (Err(Error::Cancelled), step + 1));
    }
}

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
