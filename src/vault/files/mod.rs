//! Files: an entry that describes, and a blob that holds the content.
//!
//! ```text
//!  mark the blob as pending ─► write it ─► make it durable ─► one transaction: descriptor, and the mark removed
//! ```
//!
//! Until that transaction the file is not there. Whatever fails before leaves a mark, by which the blob is found and removed.

mod check;
mod described;
mod descriptor;
#[cfg(feature = "directory")]
mod draft;
#[cfg(feature = "directory")]
mod folder;
mod info;
#[cfg(feature = "directory")]
mod paths;
mod pending;
mod preview;
mod read;
mod receive;
mod send;
#[cfg(test)]
mod tests;
mod write;

pub(super) use check::check;
pub(super) use described::{Described, describes, missing};
#[cfg(feature = "directory")]
pub use folder::Outcomes;
pub use info::FileInfo;
pub use preview::Preview;
pub use read::FileReader;
pub use receive::ContentReceiver;
pub use send::SealedContent;
pub use write::FileWriter;

#[cfg(feature = "testing")]
pub(crate) use described::local_id;
#[cfg(feature = "testing")]
pub(crate) use descriptor::{blob_of, descriptor_of};

use super::{Chart, Inner, batch, session::Session};
use crate::blob::{BlobPart, Sink, Source};
use crate::codec::{EntryId, VersionId};
use crate::crypto::{Failed, RandomError};
use crate::error::Error;
use crate::store::{BlobReader, BlobStore, BlobWriter, StoreError};
#[cfg(feature = "directory")]
use draft::Draft;
use pending::Origin;
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

/// How long a content that came in part waits for the rest, in milliseconds: a week.
const KEPT_MS: u64 = 7 * 24 * 60 * 60 * 1000;

impl Chart {
    /// Seals the bytes of a reader as a file, of any length. On disk when this returns; when it fails, nothing is left.
    pub fn put_file(&self, info: &FileInfo, content: impl Read) -> Result<EntryId, Error> {
        self.put_file_with(info, content, |_| ControlFlow::Continue(()))
    }

    /// As [`Self::put_file`], once for each key: a repeated request gives the entry of the first, and reads nothing.
    pub fn put_file_once(&self, key: &str, info: &FileInfo, content: impl Read) -> Result<EntryId, Error> {
        self.put_file_once_with(key, info, content, |_| ControlFlow::Continue(()))
    }

    /// As [`Self::put_file_once`], with progress as in [`Self::put_file_with`].
    pub fn put_file_once_with(
        &self,
        key: &str,
        info: &FileInfo,
        content: impl Read,
        progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<EntryId, Error> {
        let request = batch::request(key);
        if let Some(entry) = self.batch(|batch| batch.by_request(&self.id(), &request))? {
            return Ok(entry);
        }
        let mut writer = self.create_file(info)?.requested(request);
        take_all(&mut writer, content, progress)?;
        writer.finish().map(|(entry, _)| entry).or_else(|error| {
            // Somebody else may have answered it meanwhile.
            let known = || self.batch(|batch| batch.by_request(&self.id(), &request)).ok().flatten();
            known().ok_or(error)
        })
    }

    /// As [`Self::put_file`]. `progress` is told how many bytes were taken so far, and may end it with [`Error::Cancelled`].
    pub fn put_file_with(
        &self,
        info: &FileInfo,
        content: impl Read,
        progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<EntryId, Error> {
        let mut writer = self.create_file(info)?;
        take_all(&mut writer, content, progress)?;
        writer.finish().map(|(entry, _)| entry)
    }

    /// Begins a file whose bytes the caller pushes. It is there when [`FileWriter::finish`] returns.
    pub fn create_file(&self, info: &FileInfo) -> Result<FileWriter, Error> {
        FileWriter::begin(self, info.clone(), None)
    }

    /// Adds a version of a file that replaces the current one. The earlier content stays with the history.
    pub fn update_file(&self, entry: &EntryId, info: &FileInfo, content: impl Read) -> Result<VersionId, Error> {
        self.update_file_with(entry, info, content, |_| ControlFlow::Continue(()))
    }

    /// As [`Self::update_file`], with progress as in [`Self::put_file_with`].
    pub fn update_file_with(
        &self,
        entry: &EntryId,
        info: &FileInfo,
        content: impl Read,
        progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<VersionId, Error> {
        let mut writer = self.create_file_version(entry, info)?;
        take_all(&mut writer, content, progress)?;
        writer.finish().map(|(_, version)| version)
    }

    /// As [`Self::update_file`], with bytes that the caller pushes.
    pub fn create_file_version(&self, entry: &EntryId, info: &FileInfo) -> Result<FileWriter, Error> {
        FileWriter::begin(self, info.clone(), Some(*entry))
    }

    /// The current version of a file, to be read at any place. Every byte is verified before it is released.
    pub fn file(&self, entry: &EntryId) -> Result<FileReader, Error> {
        FileReader::open(self, &self.get(entry)?)
    }

    /// One version of a file, current or not.
    pub fn file_version(&self, version: &VersionId) -> Result<FileReader, Error> {
        FileReader::open(self, &self.version(version)?)
    }

    /// The preview of the current version of a file, if whoever put it gave one. It needs no content of the file.
    ///
    /// It is the author's word on his own file: sealed and signed with the version that it shows, and of no other.
    pub fn preview(&self, entry: &EntryId) -> Result<Option<Preview>, Error> {
        Preview::of_entry(&self.get(entry)?)
    }

    /// The preview of one version of a file, current or not.
    pub fn preview_version(&self, version: &VersionId) -> Result<Option<Preview>, Error> {
        Preview::of_entry(&self.version(version)?)
    }
}

fn take_all(
    writer: &mut FileWriter,
    mut content: impl Read,
    mut progress: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<(), Error> {
    while writer.read_from(&mut content)? {
        if progress(writer.len()).is_break() {
            return Err(Error::Cancelled);
        }
    }
    Ok(())
}

/// Where the blobs of a vault are.
fn blobs(inner: &Inner) -> Result<Arc<dyn BlobStore>, Error> {
    inner.options.blobs.clone().or_else(|| inner.store.blobs()).ok_or(Error::NoPlaceForFiles)
}

/// Removes what was begun and will not be finished. What a live process writes stays, and so does everything where the store is
/// older than what is kept elsewhere: what was not finished then may be a file in the newer store, which has these blobs too.
pub(super) fn collect(inner: &Inner, session: &Session) -> Result<(), Error> {
    if session.lock_logs().restored {
        return Ok(());
    }
    for origin in [Origin::Written, Origin::Received] {
        let pending = pending::all(&*inner.store.read()?, session, origin)?;
        let is_due = |begun_ms: i64| match origin {
            Origin::Written => true,
            Origin::Received => begun_ms.abs_diff(inner.now_ms()) > KEPT_MS,
        };
        for (blob, _) in pending.into_iter().filter(|(_, begun_ms)| is_due(*begun_ms)) {
            match pending::remove(&*inner.store, &*blobs(inner)?, origin, &blob) {
                Ok(()) | Err(StoreError::Busy) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// What goes wrong between a file and its blob.
enum Fault {
    Failed,
    Newer,
    Random,
    Store(StoreError),
}

impl From<Failed> for Fault {
    fn from(_: Failed) -> Self {
        Self::Failed
    }
}

impl From<RandomError> for Fault {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Failed => Self::unopenable(),
            Fault::Newer => Self::NewerFormat,
            Fault::Random => RandomError.into(),
            Fault::Store(error) => error.into(),
        }
    }
}

/// Reads once, again where it was interrupted.
fn read_once(from: &mut impl Read, to: &mut [u8]) -> Result<usize, Error> {
    loop {
        match from.read(to) {
            // Some say that more came than there was room for.
            Ok(read) if read <= to.len() => return Ok(read),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return Err(Error::CannotRead),
        }
    }
}

struct BlobSink(Box<dyn BlobWriter>);

impl Sink for BlobSink {
    type Error = Fault;

    fn append(&mut self, part: BlobPart, bytes: &[u8]) -> Result<(), Fault> {
        Ok(self.0.append(part, bytes)?)
    }
}

struct BlobSource(Box<dyn BlobReader>);

impl Source for BlobSource {
    type Error = Fault;

    fn len(&self, part: BlobPart) -> Result<u64, Fault> {
        self.0.len(part).map_err(of_content)
    }

    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), Fault> {
        self.0.read(part, offset, out).map_err(of_content)
    }

    fn lend(&self, part: BlobPart, offset: u64, len: usize) -> Option<&[u8]> {
        self.0.lend(part, offset, len)
    }
}

/// A part that was cut is one content that does not open. The store beside it may be well.
fn of_content(error: StoreError) -> Fault {
    match error {
        StoreError::Damaged => Fault::Failed,
        other => other.into(),
    }
}
