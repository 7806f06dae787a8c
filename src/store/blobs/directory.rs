//! Blobs in a folder.
//!
//! A blob is one file for each part that is not empty, in one of 256 folders: `ab/abcd….chunks`, `ab/abcd….outboard`. Until it
//! is finished, the name ends with `.new`. Who writes it holds the lock of the file of chunks, so that what a crash left is
//! told from what another process writes.

use super::{Begun, BlobId, BlobPart, BlobReader, BlobStore, BlobWriter, writeback::Writeback};
use crate::store::StoreError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Keeps blobs in a folder of a local file system. Several processes may use it at once.
///
/// While a large blob is written, a thread of its own waits for the disk.
#[derive(Clone, Debug)]
pub struct DirectoryBlobs {
    folder: PathBuf,
}

impl DirectoryBlobs {
    /// The blobs in a folder. It is made when the first blob is; on Unix, for its owner only.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Folder of a blob.
    fn shard(&self, blob: &BlobId) -> PathBuf {
        let [first, ..] = blob.as_bytes();
        self.folder.join(format!("{first:02x}"))
    }

    fn path(&self, blob: &BlobId, part: BlobPart) -> PathBuf {
        self.shard(blob).join(format!("{blob}.{}", extension(part)))
    }

    fn new_path(&self, blob: &BlobId, part: BlobPart) -> PathBuf {
        self.shard(blob).join(format!("{blob}.{}.new", extension(part)))
    }
}

impl BlobStore for DirectoryBlobs {
    fn create(&self, blob: &BlobId) -> Result<Box<dyn BlobWriter>, StoreError> {
        make_folder(&self.folder)?;
        make_folder(&self.shard(blob))?;
        if fs::exists(self.path(blob, BlobPart::Chunks)).map_err(|error| meaning(&error))? {
            return Err(StoreError::Busy);
        }
        let chunks = create(&self.new_path(blob, BlobPart::Chunks))?;
        // Unless whoever removes what a crash left was quicker: the blob then fails when it is finished.
        lock(&chunks)?;
        let (store, writeback) = (self.clone(), Writeback::default());
        Ok(Box::new(DirectoryWriter { store, blob: *blob, chunks, writeback, outboard: None, stays: false }))
    }

    fn resume(&self, blob: &BlobId) -> Result<Option<Begun>, StoreError> {
        let path = self.new_path(blob, BlobPart::Chunks);
        let (Some(chunks), Some(reader)) = (open_to_append(&path)?, open(&path)?) else { return Ok(None) };
        lock(&chunks)?;
        // Whoever had the lock before may have finished it.
        if !fs::exists(&path).map_err(|error| meaning(&error))? {
            return Ok(None);
        }
        let path = self.new_path(blob, BlobPart::Outboard);
        let reader = DirectoryReader { chunks: reader, outboard: open(&path)? };
        let outboard = open_to_append(&path)?;
        let (store, writeback) = (self.clone(), Writeback::default());
        let writer = DirectoryWriter { store, blob: *blob, chunks, writeback, outboard, stays: true };
        Ok(Some((Box::new(reader), Box::new(writer))))
    }

    fn open(&self, blob: &BlobId) -> Result<Option<Box<dyn BlobReader>>, StoreError> {
        let Some(chunks) = open(&self.path(blob, BlobPart::Chunks))? else { return Ok(None) };
        let outboard = open(&self.path(blob, BlobPart::Outboard))?;
        Ok(Some(Box::new(DirectoryReader { chunks, outboard })))
    }

    fn delete(&self, blob: &BlobId) -> Result<bool, StoreError> {
        let mut found = false;
        let [chunks, new_chunks] = [Self::path, Self::new_path].map(|path| path(self, blob, BlobPart::Chunks));
        // What a writer holds is never half removed: all is looked at before anything goes.
        for path in [&chunks, &new_chunks] {
            if let Some(file) = open(path)? {
                lock(&file)?;
            }
        }
        let outboards = [Self::path, Self::new_path].map(|path| path(self, blob, BlobPart::Outboard));
        for path in [&chunks, &new_chunks].into_iter().chain(&outboards) {
            match fs::remove_file(path) {
                Ok(()) => found = true,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(meaning(&error)),
            }
        }
        if found {
            sync_folder(&self.shard(blob))?;
        }
        Ok(found)
    }

    fn list(&self, after: Option<&BlobId>, limit: usize) -> Result<Vec<BlobId>, StoreError> {
        let mut listed = Vec::new();
        let first = after.map_or(0, |after| after.as_bytes()[0]);
        for shard in first..=u8::MAX {
            let mut names = names(&self.folder.join(format!("{shard:02x}")))?;
            names.sort_unstable();
            names.retain(|blob| blob.as_bytes()[0] == shard && after.is_none_or(|after| blob > after));
            listed.extend(names);
            if listed.len() >= limit {
                break;
            }
        }
        listed.truncate(limit);
        Ok(listed)
    }
}

struct DirectoryWriter {
    store: DirectoryBlobs,
    blob: BlobId,
    /// Locked while it is open.
    chunks: File,
    /// Of the chunks.
    writeback: Writeback,
    /// Made with its first byte.
    outboard: Option<File>,
    /// It is finished, or to be kept as it is.
    stays: bool,
}

impl BlobWriter for DirectoryWriter {
    fn append(&mut self, part: BlobPart, bytes: &[u8]) -> Result<(), StoreError> {
        let file = match (part, &mut self.outboard) {
            (BlobPart::Chunks, _) => &mut self.chunks,
            (BlobPart::Outboard, Some(outboard)) => outboard,
            (BlobPart::Outboard, outboard) => {
                outboard.insert(create(&self.store.new_path(&self.blob, BlobPart::Outboard))?)
            }
        };
        file.write_all(bytes).map_err(|error| meaning(&error))?;
        if part == BlobPart::Chunks {
            self.writeback.wrote(&self.chunks, bytes.len());
        }
        Ok(())
    }

    fn cut(&mut self, part: BlobPart, len: u64) -> Result<(), StoreError> {
        let file = match part {
            BlobPart::Chunks => Some(&self.chunks),
            BlobPart::Outboard => self.outboard.as_ref(),
        };
        file.map_or(Ok(()), |file| file.set_len(len)).map_err(|error| meaning(&error))
    }

    fn keep(&mut self) -> Result<(), StoreError> {
        self.stays = true;
        self.writeback.finish().map_err(|error| meaning(&error))?;
        self.chunks.sync_all().map_err(|error| meaning(&error))?;
        sync_folder(&self.store.shard(&self.blob))
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        let Self { store, blob, chunks, writeback, outboard, stays } = self;
        *stays = false;
        writeback.finish().map_err(|error| meaning(&error))?;
        // The chunks last: a blob is there when its chunks are.
        for (part, file) in [(BlobPart::Outboard, outboard.as_ref()), (BlobPart::Chunks, Some(chunks))] {
            if let Some(file) = file {
                file.sync_all().map_err(|error| meaning(&error))?;
                fs::rename(store.new_path(blob, part), store.path(blob, part)).map_err(|error| meaning(&error))?;
            }
        }
        sync_folder(&store.shard(blob))?;
        *stays = true;
        Ok(())
    }
}

impl Drop for DirectoryWriter {
    fn drop(&mut self) {
        if !self.stays {
            // What cannot be removed now is found by whoever looks for what a crash left.
            for part in [BlobPart::Chunks, BlobPart::Outboard] {
                let _ = fs::remove_file(self.store.new_path(&self.blob, part));
                let _ = fs::remove_file(self.store.path(&self.blob, part));
            }
        }
    }
}

struct DirectoryReader {
    chunks: File,
    outboard: Option<File>,
}

impl DirectoryReader {
    fn part(&self, part: BlobPart) -> Option<&File> {
        match part {
            BlobPart::Chunks => Some(&self.chunks),
            BlobPart::Outboard => self.outboard.as_ref(),
        }
    }
}

impl BlobReader for DirectoryReader {
    fn len(&self, part: BlobPart) -> Result<u64, StoreError> {
        let metadata = self.part(part).map(File::metadata).transpose().map_err(|error| meaning(&error))?;
        Ok(metadata.map_or(0, |metadata| metadata.len()))
    }

    fn read(&self, part: BlobPart, offset: u64, mut out: &mut [u8]) -> Result<(), StoreError> {
        let Some(file) = self.part(part) else {
            return if out.is_empty() { Ok(()) } else { Err(StoreError::Damaged) };
        };
        let mut at = offset;
        while !out.is_empty() {
            let read = match read_at(file, at, out) {
                Ok(0) => return Err(StoreError::Damaged),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(meaning(&error)),
            };
            out = out.get_mut(read..).ok_or(StoreError::Io)?;
            at = u64::try_from(read).ok().and_then(|read| at.checked_add(read)).ok_or(StoreError::Io)?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn read_at(file: &File, offset: u64, out: &mut [u8]) -> std::io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, out, offset)
}

#[cfg(windows)]
fn read_at(file: &File, offset: u64, out: &mut [u8]) -> std::io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, out, offset)
}

fn extension(part: BlobPart) -> &'static str {
    match part {
        BlobPart::Chunks => "chunks",
        BlobPart::Outboard => "outboard",
    }
}

/// Ids of the finished blobs in a folder.
fn names(folder: &Path) -> Result<Vec<BlobId>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(meaning(&error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| meaning(&error))?.path();
        let is_chunks = path.extension().is_some_and(|found| found == extension(BlobPart::Chunks));
        let id = path.file_stem().and_then(|stem| stem.to_str()?.parse::<BlobId>().ok());
        names.extend(id.filter(|_| is_chunks));
    }
    Ok(names)
}

/// Creates a file that is not there, for its owner only.
fn create(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => StoreError::Busy,
        _ => meaning(&error),
    })
}

fn open_to_append(path: &Path) -> Result<Option<File>, StoreError> {
    match OpenOptions::new().append(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(meaning(&error)),
    }
}

/// Opens a file, if it is there and is one: a pipe in its place would be waited for without end.
fn open(path: &Path) -> Result<Option<File>, StoreError> {
    match fs::metadata(path).and_then(|found| if found.is_file() { File::open(path).map(Some) } else { Ok(None) }) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(meaning(&error)),
    }
}

/// Holds the lock of a file for as long as it is open. Where the file system has none, everybody has it.
fn lock(file: &File) -> Result<(), StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(meaning(&error)),
    }
}

/// Makes a folder durably, for its owner only, if it is not there.
fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let mut options = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut options, 0o700);
    match options.create(folder) {
        Ok(()) => folder.parent().map_or(Ok(()), sync_folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(meaning(&error)),
    }
}

/// Makes names in a folder durable.
fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    // The parent of a plain name.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| meaning(&error))
    } else {
        Ok(())
    }
}

fn meaning(error: &std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => StoreError::Full,
        ErrorKind::NotFound | ErrorKind::NotADirectory => StoreError::CannotOpen,
        // An offset beyond what a file can have.
        ErrorKind::InvalidInput => StoreError::Damaged,
        _ => StoreError::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOB: BlobId = BlobId::from_bytes([0xAB; 16]);

    fn fresh() -> (tempfile::TempDir, DirectoryBlobs) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = DirectoryBlobs::new(folder.path().join("blobs"));
        (folder, blobs)
    }

    /// As after a crash: the writer never ran its end.
    fn crashed(blobs: &DirectoryBlobs, finish: bool) {
        let mut writer = blobs.create(&BLOB).unwrap();
        writer.append(BlobPart::Chunks, b"chunks").unwrap();
        writer.append(BlobPart::Outboard, b"outboard").unwrap();
        if finish {
            writer.finish().unwrap();
        }
        let files: Vec<_> = fs::read_dir(blobs.shard(&BLOB)).unwrap().map(|entry| entry.unwrap().path()).collect();
        let kept: Vec<_> = files.iter().map(|path| (path, fs::read(path).unwrap())).collect();
        drop(writer);
        for (path, bytes) in kept {
            fs::write(path, bytes).unwrap();
        }
    }

    #[test]
    fn what_a_crash_left_is_not_there_and_can_be_removed() {
        for finish in [false, true] {
            let (_folder, blobs) = fresh();
            crashed(&blobs, finish);
            assert_eq!(blobs.open(&BLOB).unwrap().is_some(), finish);
            assert_eq!(blobs.create(&BLOB).err(), Some(StoreError::Busy));
            assert_eq!(blobs.delete(&BLOB), Ok(true));
            assert_eq!(fs::read_dir(blobs.shard(&BLOB)).unwrap().count(), 0);
            assert_eq!(blobs.delete(&BLOB), Ok(false));
            assert!(blobs.create(&BLOB).is_ok());
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_look() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, blobs) = fresh();
        crashed(&blobs, true);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&blobs.folder), mode(&blobs.shard(&BLOB))), (0o700, 0o700));
        assert_eq!(mode(&blobs.path(&BLOB, BlobPart::Chunks)), 0o600);
        assert_eq!(mode(&blobs.path(&BLOB, BlobPart::Outboard)), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_there() {
        use std::process::Command;
        for part in [BlobPart::Chunks, BlobPart::Outboard] {
            let (_folder, blobs) = fresh();
            crashed(&blobs, true);
            let path = blobs.path(&BLOB, part);
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
            let has = || match blobs.open(&BLOB).unwrap() {
                Some(reader) => [BlobPart::Chunks, BlobPart::Outboard].map(|part| reader.len(part).unwrap() > 0),
                None => [false; 2],
            };
            let expected = if part == BlobPart::Chunks { [false; 2] } else { [true, false] };
            assert_eq!(has(), expected);
            fs::remove_dir(&path).unwrap();
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            assert_eq!(has(), expected);
            assert_eq!(blobs.delete(&BLOB), Ok(true));
            assert_eq!(fs::read_dir(blobs.shard(&BLOB)).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_folder_that_cannot_be_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        for place in [file.join("blobs"), folder.path().join("absent/blobs")] {
            let blobs = DirectoryBlobs::new(place);
            assert_eq!(blobs.create(&BLOB).err(), Some(StoreError::CannotOpen));
        }
        let absent = DirectoryBlobs::new(folder.path().join("absent"));
        assert!(absent.open(&BLOB).unwrap().is_none());
        assert_eq!((absent.delete(&BLOB), absent.list(None, 9)), (Ok(false), Ok(vec![])));
    }

    #[test]
    fn files_that_are_no_blobs_are_not_listed() {
        let (_folder, blobs) = fresh();
        crashed(&blobs, true);
        let shard = blobs.shard(&BLOB);
        for name in ["x.chunks", "notes.txt", &format!("{}.chunks", "0".repeat(32)), &format!("{BLOB}.chunks.new")] {
            fs::write(shard.join(name), b"").unwrap();
        }
        assert_eq!(blobs.list(None, 9), Ok(vec![BLOB]));
    }
}
