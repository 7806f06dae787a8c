//! Sources, names and places that are not as they should be: a typed error, or the file as it was read; nothing half there.

use super::*;
use ampoule::store::{BlobReader, BlobWriter};
use std::io::ErrorKind;

/// Gives its bytes in pieces of every size, and says now and then that it was interrupted.
struct Stutter<'a> {
    rest: &'a [u8],
    calls: usize,
}

impl Read for Stutter<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(3) {
            return Err(ErrorKind::Interrupted.into());
        }
        let taken = out.len().min(self.rest.len()).min(self.calls * 97 % 5000 + 1);
        out[..taken].copy_from_slice(&self.rest[..taken]);
        self.rest = &self.rest[taken..];
        Ok(taken)
    }
}

#[test]
fn a_source_that_gives_little_at_a_time_is_read_to_its_end() {
    let (_, _, chart) = fresh();
    let content = content(10 * CHUNK + 5);
    let id = chart.put_file(&info(), Stutter { rest: &content, calls: 0 }).unwrap();
    assert!(all(&mut chart.file(&id).unwrap()).unwrap() == content);
}

/// A file that somebody writes to, or cuts off, while it is read: what is stored is what was read.
#[test]
fn a_source_that_changes_its_length_while_it_is_read() {
    struct Changing {
        file: std::fs::File,
        path: std::path::PathBuf,
        read: Vec<u8>,
        at: usize,
        to: u64,
    }
    impl Read for Changing {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.read.len() >= self.at {
                std::fs::OpenOptions::new().write(true).open(&self.path)?.set_len(self.to)?;
                self.at = usize::MAX;
            }
            let read = self.file.read(out)?;
            self.read.extend_from_slice(&out[..read]);
            Ok(read)
        }
    }
    let (_, _, chart) = fresh();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing");
    for (at, to) in [(0, 0), (CHUNK, 0), (3 * CHUNK, 3 * CHUNK), (2 * CHUNK, 30 * CHUNK), (CHUNK, 5 * CHUNK - 1)] {
        std::fs::write(&path, content(10 * CHUNK)).unwrap();
        let file = std::fs::File::open(&path).unwrap();
        let mut source = Changing { file, path: path.clone(), read: Vec::new(), at, to: to as u64 };
        let id = chart.put_file(&info(), &mut source).unwrap();
        let mut reader = chart.file(&id).unwrap();
        assert_eq!(reader.len(), source.read.len() as u64, "{at} {to}");
        assert_eq!(source.at, usize::MAX, "it did change");
        assert!(all(&mut reader).unwrap() == source.read);
    }
}

/// A source that fails half-way in an update leaves the version that is there.
#[test]
fn a_source_that_fails_leaves_the_version_before() {
    let (blobs, _, chart) = fresh();
    let id = chart.put_file(&info(), &b"first"[..]).unwrap();
    for left in [0, 1, CHUNK, 30 * CHUNK] {
        let first = content(left);
        let failed = chart.update_file(&id, &info(), first.chain(Fails));
        assert_eq!(failed, Err(Error::CannotRead));
        assert_eq!(all(&mut chart.file(&id).unwrap()).unwrap(), b"first");
        assert_eq!((ids(&blobs).len(), chart.history(&id).unwrap().len()), (1, 1));
    }
}

/// A source that says more than there was room for: what is between would be nobody's bytes.
#[test]
fn a_source_that_claims_too_much_is_refused() {
    struct Claims(bool);
    impl Read for Claims {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let ended = std::mem::replace(&mut self.0, true);
            Ok(if ended { 0 } else { to.len() + 1 })
        }
    }
    let (blobs, _, chart) = fresh();
    assert_eq!(chart.put_file(&info(), Claims(false)), Err(Error::CannotRead));
    assert_eq!((ids(&blobs).len(), chart.list().unwrap().entries().len()), (0, 0));
}

struct Fails;

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk was taken out"))
    }
}

/// A name is for people. It comes back as it was given, or is refused before anything is written.
#[test]
fn names_lead_nowhere() {
    let (blobs, _, chart) = fresh();
    let names = [
        "../../x",
        "/etc/passwd",
        "C:\\x",
        "CON",
        "nul.txt",
        "",
        " ",
        ".",
        "a\u{202E}gnp.exe",
        "a\0b",
        "a\nb",
        "n\u{303}",
    ];
    for name in names {
        let id = chart.put_file(&info().named(name), name.as_bytes()).unwrap();
        let mut reader = chart.file(&id).unwrap();
        assert_eq!(reader.entry().record().name(), Some(name));
        assert_eq!(all(&mut reader).unwrap(), name.as_bytes());
    }
    let before = ids(&blobs);
    assert_eq!(before.len(), names.len());
    let long = info().named("x".repeat(2 << 20));
    assert!(matches!(chart.put_file(&long, &b"content"[..]), Err(Error::TooManyTerms | Error::TooLong)));
    assert_eq!((ids(&blobs), chart.list().unwrap().entries().len()), (before, names.len()));
}

/// What a place for blobs can do wrong when it is read.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// Says that a part is longer or shorter than it is.
    Longer,
    Shorter,
    /// Ends, or fails, after so many bytes.
    Ends(u64),
    Fails(u64),
    /// Gives other bytes each time.
    Fickle,
}

struct Odd {
    inner: MemoryBlobs,
    wrong: std::sync::Mutex<Option<Wrong>>,
}

struct OddReader(Box<dyn BlobReader>, Wrong, std::sync::atomic::AtomicU64);

impl BlobStore for Odd {
    fn create(&self, blob: &BlobId) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.inner.create(blob)
    }

    fn open(&self, blob: &BlobId) -> Result<Option<Box<dyn BlobReader>>, StoreError> {
        let reader = self.inner.open(blob)?;
        Ok(match *self.wrong.lock().unwrap() {
            Some(wrong) => reader.map(|reader| Box::new(OddReader(reader, wrong, 0.into())) as Box<dyn BlobReader>),
            None => reader,
        })
    }

    fn delete(&self, blob: &BlobId) -> Result<bool, StoreError> {
        self.inner.delete(blob)
    }

    fn list(&self, after: Option<&BlobId>, limit: usize) -> Result<Vec<BlobId>, StoreError> {
        self.inner.list(after, limit)
    }
}

impl BlobReader for OddReader {
    fn len(&self, part: BlobPart) -> Result<u64, StoreError> {
        let len = self.0.len(part)?;
        Ok(match self.1 {
            Wrong::Longer => len + 16,
            Wrong::Shorter => len.saturating_sub(16),
            _ => len,
        })
    }

    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), StoreError> {
        let beyond = |end| part == BlobPart::Chunks && offset + out.len() as u64 > end;
        match self.1 {
            Wrong::Ends(end) if beyond(end) => return Err(StoreError::Damaged),
            Wrong::Fails(end) if beyond(end) => return Err(StoreError::Io),
            _ => {}
        }
        self.0.read(part, offset, out)?;
        let times = self.2.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // The first is what stands before the chunks.
        if let (Wrong::Fickle, BlobPart::Chunks, 1..) = (self.1, part, times) {
            let at = times as usize * 31 % out.len();
            out[at] ^= 1;
        }
        Ok(())
    }
}

#[test]
fn a_place_that_gives_too_little_or_something_else() {
    let blobs = Arc::new(Odd { inner: MemoryBlobs::new(), wrong: None.into() });
    let chart = create(Vault::options().blobs(Arc::clone(&blobs)), MemoryStore::new()).create_chart().unwrap();
    let content = content(60 * CHUNK);
    let id = chart.put_file(&info(), &content[..]).unwrap();
    let (early, late) = (40, 50 * CHUNK as u64);
    for wrong in [
        Wrong::Longer,
        Wrong::Shorter,
        Wrong::Ends(early),
        Wrong::Ends(late),
        Wrong::Fails(early),
        Wrong::Fails(late),
        Wrong::Fickle,
    ] {
        *blobs.wrong.lock().unwrap() = Some(wrong);
        let mut given = Vec::new();
        let read = chart.file(&id).and_then(|mut reader| reader.copy_to(&mut given, |_| ControlFlow::Continue(())));
        match wrong {
            Wrong::Longer | Wrong::Shorter | Wrong::Fickle | Wrong::Ends(_) => {
                assert!(matches!(read, Err(Error::Unopenable { .. })));
            }
            Wrong::Fails(_) => assert_eq!(read, Err(Error::Store(StoreError::Io))),
        }
        assert!(content.starts_with(&given) && given.len() < content.len(), "{wrong:?}");
        // What it gives rightly is read all the same.
        if let Wrong::Ends(50_000..) | Wrong::Fails(50_000..) = wrong {
            assert!(chart.file(&id).unwrap().read_range(0..1000).unwrap()[..] == content[..1000]);
        }
    }
    *blobs.wrong.lock().unwrap() = None;
    assert!(all(&mut chart.file(&id).unwrap()).unwrap() == content);
}

/// A handle that failed once reads on where what it reads is right again.
#[test]
fn what_failed_once_is_not_released_later() {
    let (blobs, _, chart) = fresh();
    let content = content(40 * CHUNK);
    let id = chart.put_file(&info(), &content[..]).unwrap();
    let blob = ids(&blobs)[0];
    let [mut chunks, outboard] = stored(&blobs, &blob);
    chunks[56 + 20 * (CHUNK + 16)] ^= 1;
    replace(&blobs, &blob, [&chunks, &outboard]);
    let mut reader = chart.file(&id).unwrap();
    let altered = 20 * CHUNK as u64;
    for _ in 0..3 {
        let mut out = [0xEE; 500];
        assert!(matches!(reader.read_at(altered, &mut out), Err(Error::Unopenable { .. })));
        assert_eq!(out, [0xEE; 500]);
        assert_eq!(reader.read_at(0, &mut out), Ok(500));
        assert!(out[..] == content[..500]);
        assert_eq!(reader.read_at(altered + CHUNK as u64, &mut out), Ok(500));
    }
}

#[cfg(feature = "directory")]
mod folders {
    use super::*;
    use ampoule::store::DirectoryBlobs;
    use std::fs;

    fn chart(blobs: &DirectoryBlobs) -> Chart {
        create(Vault::options().blobs(blobs.clone()), MemoryStore::new()).create_chart().unwrap()
    }

    /// No file, no blob, and the chart goes on.
    fn nothing_is_left(blobs: &DirectoryBlobs, chart: &Chart) {
        assert_eq!((ids(blobs), chart.list().unwrap().entries()), (vec![], &[][..]));
        let id = chart.put_file(&info(), &b"goes on"[..]).unwrap();
        assert_eq!(all(&mut chart.file(&id).unwrap()).unwrap(), b"goes on");
        chart.delete(&id).unwrap();
        blobs.delete(&ids(blobs)[0]).unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_or_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("absent/blobs");
        let blobs = DirectoryBlobs::new(&place);
        let chart = chart(&blobs);
        assert_eq!(chart.put_file(&info(), &b"content"[..]), Err(Error::Store(StoreError::CannotOpen)));
        assert_eq!(chart.list().unwrap().entries(), []);
        // There is a file in its place.
        fs::create_dir(folder.path().join("absent")).unwrap();
        fs::write(&place, b"").unwrap();
        assert_eq!(chart.put_file(&info(), &b"content"[..]), Err(Error::Store(StoreError::CannotOpen)));
        fs::remove_file(&place).unwrap();
        nothing_is_left(&blobs, &chart);
    }

    /// A disk loses what it held: the folder, one part of a blob, an end.
    #[test]
    fn blobs_that_vanish() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("blobs");
        let blobs = DirectoryBlobs::new(&place);
        let chart = chart(&blobs);
        let content = content(40 * CHUNK);
        let id = chart.put_file(&info(), &content[..]).unwrap();
        let name = ids(&blobs)[0].to_string();
        let path = |part: &str| place.join(&name[..2]).join(format!("{name}.{part}"));
        let mut already_open = chart.file(&id).unwrap();
        let kept = ["chunks", "outboard"].map(|part| (path(part), fs::read(path(part)).unwrap()));
        let back = || kept.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
        for part in ["chunks", "outboard"] {
            fs::remove_file(path(part)).unwrap();
            let error = chart.file(&id).unwrap_err();
            if part == "chunks" {
                assert_eq!(error, Error::ContentNotHere);
            } else {
                assert!(matches!(error, Error::Unopenable { .. }));
            }
            back();
            for len in [0, 1, 2000] {
                fs::write(path(part), &kept[usize::from(part == "outboard")].1[..len]).unwrap();
                assert!(matches!(chart.file(&id), Err(Error::Unopenable { .. })), "{part} {len}");
                back();
            }
        }
        // Cut off while it is read: what it gave before was the content.
        fs::OpenOptions::new().write(true).open(path("chunks")).unwrap().set_len(100_000).unwrap();
        let mut reader = chart.file(&id);
        assert!(matches!(reader, Err(Error::Unopenable { .. })));
        back();
        reader = chart.file(&id);
        fs::OpenOptions::new().write(true).open(path("chunks")).unwrap().set_len(100_000).unwrap();
        // The store beside it is well.
        assert!(matches!(all(&mut reader.unwrap()), Err(Error::Unopenable { .. })));
        back();
        fs::remove_dir_all(&place).unwrap();
        assert_eq!(chart.file(&id).err(), Some(Error::ContentNotHere));
        // Whoever has it open reads it to its end, as of any file.
        #[cfg(unix)]
        assert!(all(&mut already_open).unwrap() == content);
        assert!(chart.get(&id).is_ok());
    }
}
