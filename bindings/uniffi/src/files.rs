//! Files: by path, in pieces that are pushed, or read at any place.

use crate::contained::contained;
use crate::piece::PieceHandle;
use crate::progress::Following;
use crate::records::{Entry, RecordTerms};
use crate::text::hidden;
use crate::{CancelToken, ChartHandle, ProgressListener, VaultError};
use ampoule::{EntryId, FileInfo, Label, VersionId};
use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is said of a file beside its content. All of it is sealed.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct NewFile {
    /// Media type, such as `image/jpeg`.
    pub media_type: String,
    /// A name, for people.
    #[uniffi(default = None)]
    pub name: Option<String>,
    /// Under which label's keys it is kept: `general` unless told.
    #[uniffi(default = None)]
    pub label: Option<Label>,
    /// What finds it.
    #[uniffi(default = None)]
    pub terms: Option<RecordTerms>,
    /// A small picture of it, of up to 256 KiB.
    #[uniffi(default = None)]
    pub preview: Option<Preview>,
}

/// A small picture of one version of a file.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Preview {
    /// Media type, such as `image/jpeg`.
    pub media_type: String,
    /// The bytes.
    pub content: Vec<u8>,
}

hidden!(NewFile, Preview);

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct WrittenFile {
    /// The entry of the file.
    pub entry: EntryId,
    /// The version that it has now.
    pub version: VersionId,
}

impl TryFrom<NewFile> for FileInfo {
    type Error = VaultError;

    fn try_from(NewFile { media_type, name, label, terms, preview }: NewFile) -> Result<Self, VaultError> {
        let mut info = Self::new(media_type);
        if let Some(name) = name {
            info = info.named(name);
        }
        if let Some(label) = label {
            info = info.labelled(label);
        }
        if let Some(terms) = terms {
            info = info.with_terms(terms.try_into()?);
        }
        if let Some(Preview { media_type, content }) = preview {
            info = info.with_preview(media_type, &content);
        }
        Ok(info)
    }
}

/// The file at a path.
fn source(path: &str) -> Result<File, VaultError> {
    Ok(File::open(path).map_err(|_| ampoule::Error::CannotRead)?)
}

#[uniffi::export]
impl ChartHandle {
    /// Seals the file at a path, of any length. On disk when this returns; when it fails, nothing is left.
    pub fn put_file(
        &self,
        file: NewFile,
        path: &str,
        listener: Option<Arc<dyn ProgressListener>>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<EntryId, VaultError> {
        let following = Following { listener, cancel };
        Ok(self.chart.put_file_with(&file.try_into()?, source(path)?, |done| following.step(done))?)
    }

    /// As `put_file`, once for each key: a repeated request gives the entry of the first, and reads nothing.
    pub fn put_file_once(
        &self,
        key: &str,
        file: NewFile,
        path: &str,
        listener: Option<Arc<dyn ProgressListener>>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<EntryId, VaultError> {
        let following = Following { listener, cancel };
        Ok(self.chart.put_file_once_with(key, &file.try_into()?, source(path)?, |done| following.step(done))?)
    }

    /// Adds a version of a file, from a path.
    pub fn update_file(
        &self,
        entry: EntryId,
        file: NewFile,
        path: &str,
        listener: Option<Arc<dyn ProgressListener>>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<VersionId, VaultError> {
        let following = Following { listener, cancel };
        Ok(self.chart.update_file_with(&entry, &file.try_into()?, source(path)?, |done| following.step(done))?)
    }

    /// Begins a file whose bytes the caller pushes. It is there when `finish` returns.
    pub fn create_file(&self, file: NewFile) -> Result<Arc<FileWriterHandle>, VaultError> {
        Ok(FileWriterHandle::of(self.chart.create_file(&file.try_into()?)?))
    }

    /// As `create_file`, a version of a file that is there.
    pub fn create_file_version(&self, entry: EntryId, file: NewFile) -> Result<Arc<FileWriterHandle>, VaultError> {
        Ok(FileWriterHandle::of(self.chart.create_file_version(&entry, &file.try_into()?)?))
    }

    /// The current version of a file, to be read at any place. Every byte is verified before it is released.
    pub fn file(&self, entry: EntryId) -> Result<Arc<FileReaderHandle>, VaultError> {
        Ok(FileReaderHandle::of(self.chart.file(&entry)?))
    }

    /// One version of a file, current or not.
    pub fn file_version(&self, version: VersionId) -> Result<Arc<FileReaderHandle>, VaultError> {
        Ok(FileReaderHandle::of(self.chart.file_version(&version)?))
    }

    /// The small picture of the current version of a file, if its author gave one. It needs no content of the file.
    pub fn preview(&self, entry: EntryId) -> Result<Option<Preview>, VaultError> {
        Ok(self.chart.preview(&entry)?.map(Preview::from))
    }

    /// The small picture of one version of a file.
    pub fn preview_version(&self, version: VersionId) -> Result<Option<Preview>, VaultError> {
        Ok(self.chart.preview_version(&version)?.map(Preview::from))
    }

    /// Versions of files that are described here and whose content is not here.
    pub fn missing_content(&self) -> Result<Vec<VersionId>, VaultError> {
        Ok(self.chart.missing_content()?)
    }

    /// Writes the content of a version of a file, as it is sealed, to a path: for somebody who has the chart by a bundle.
    pub fn export_content(
        &self,
        version: VersionId,
        path: &str,
        listener: Option<Arc<dyn ProgressListener>>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<(), VaultError> {
        let following = Following { listener, cancel };
        let mut to = File::create_new(path).map_err(|_| ampoule::Error::CannotWrite)?;
        let written = self.chart.export_content(&version, &mut to, |done| following.step(done));
        if written.is_err() {
            // What is there is no whole content; where it cannot be removed, the importer finds that out.
            let _ = std::fs::remove_file(path);
        }
        Ok(written?)
    }

    /// Takes in the content of a version of a file from what `export_content` wrote: all of it, or nothing.
    pub fn import_content(
        &self,
        version: VersionId,
        path: &str,
        listener: Option<Arc<dyn ProgressListener>>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<(), VaultError> {
        let following = Following { listener, cancel };
        Ok(self.chart.import_content(&version, source(path)?, |done| following.step(done))?)
    }

    /// The content of a version of a file as it is sealed, to be sent from any place on.
    pub fn sealed_content(&self, version: VersionId) -> Result<Arc<SealedContentHandle>, VaultError> {
        Ok(Arc::new(SealedContentHandle(Mutex::new(self.chart.sealed_content(&version)?))))
    }

    /// Begins to take in the content of a version of a file, or goes on where that ended before.
    pub fn receive_content(&self, version: VersionId) -> Result<Arc<ContentReceiverHandle>, VaultError> {
        Ok(Arc::new(ContentReceiverHandle(Mutex::new(Some(self.chart.receive_content(&version)?)))))
    }
}

impl From<ampoule::Preview> for Preview {
    fn from(preview: ampoule::Preview) -> Self {
        Self { media_type: preview.media_type().to_owned(), content: preview.content().to_vec() }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is being written. Closed before `finish`, nothing is left of it.
#[derive(uniffi::Object)]
pub struct FileWriterHandle(Mutex<Option<ampoule::FileWriter>>);

impl FileWriterHandle {
    fn of(writer: ampoule::FileWriter) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(writer))))
    }
}

#[uniffi::export]
impl FileWriterHandle {
    /// Takes the next bytes. Where it fails, the file is given up.
    pub fn update(&self, content: &[u8]) -> Result<(), VaultError> {
        let mut writer = lock(&self.0);
        let updated = writer.as_mut().ok_or_else(VaultError::finished)?.update(content);
        if updated.is_err() {
            *writer = None;
        }
        Ok(updated?)
    }

    /// How many bytes were taken.
    pub fn length(&self) -> u64 {
        lock(&self.0).as_ref().map_or(0, ampoule::FileWriter::len)
    }

    /// Makes the content durable, then stores the entry of the file.
    pub fn finish(&self) -> Result<WrittenFile, VaultError> {
        let (entry, version) = lock(&self.0).take().ok_or_else(VaultError::finished)?.finish()?;
        Ok(WrittenFile { entry, version })
    }

    /// Gives the file up: nothing is left of it.
    pub fn discard(&self) {
        let given_up = lock(&self.0).take();
        contained((), || drop(given_up));
    }
}

/// A version of a file, to be read at any place.
#[derive(uniffi::Object)]
pub struct FileReaderHandle(Mutex<ampoule::FileReader>);

impl FileReaderHandle {
    fn of(reader: ampoule::FileReader) -> Arc<Self> {
        Arc::new(Self(Mutex::new(reader)))
    }
}

#[uniffi::export]
impl FileReaderHandle {
    /// The version that is read: name, media type, author and the rest.
    pub fn entry(&self) -> Entry {
        lock(&self.0).entry().clone().into()
    }

    /// Length of the content, in bytes, as the author signed it.
    pub fn length(&self) -> u64 {
        lock(&self.0).len()
    }

    /// The bytes from `offset` on, `len` of them or as many as there are. Every byte was verified.
    pub fn read_at(&self, offset: u64, len: u32) -> Result<Arc<PieceHandle>, VaultError> {
        let mut reader = lock(&self.0);
        // No more room than there is content.
        let len = reader.len().saturating_sub(offset).min(len.into());
        let mut piece = PieceHandle(vec![0; usize::try_from(len).map_err(|_| ampoule::Error::TooLong)?]);
        let read = reader.read_at(offset, &mut piece.0)?;
        piece.0.truncate(read);
        Ok(Arc::new(piece))
    }

    /// Writes the whole content to a file. It has a temporary name beside `path` until its end is verified and it is on
    /// disk; it then replaces what is at `path`.
    pub fn export_to(
        &self,
        path: &str,
        listener: Option<Arc<dyn ProgressListener>>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<(), VaultError> {
        let following = Following { listener, cancel };
        Ok(lock(&self.0).export_to_with(path, |done| following.step(done))?)
    }
}

/// The sealed content of a version of a file. Whoever carries it can neither read nor alter it.
#[derive(uniffi::Object)]
pub struct SealedContentHandle(Mutex<ampoule::SealedContent>);

#[uniffi::export]
impl SealedContentHandle {
    /// How many bytes there are to send.
    pub fn total(&self) -> u64 {
        lock(&self.0).total()
    }

    /// The sealed bytes from `offset` on, up to `len` of them; none at the end.
    pub fn read_at(&self, offset: u64, len: u32) -> Result<Arc<PieceHandle>, VaultError> {
        use std::io::{Seek, SeekFrom};
        let mut content = lock(&self.0);
        content.seek(SeekFrom::Start(offset)).map_err(|_| ampoule::Error::CannotRead)?;
        let mut piece = Vec::new();
        let read = content.by_ref().take(len.into()).read_to_end(&mut piece);
        read.map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref::<ampoule::Error>()) {
            Some(error) => error.clone(),
            None => ampoule::Error::CannotRead,
        })?;
        Ok(Arc::new(PieceHandle(piece)))
    }
}

/// A content that is coming in. Closed before `finish`, what came stays for some days.
#[derive(uniffi::Object)]
pub struct ContentReceiverHandle(Mutex<Option<ampoule::ContentReceiver>>);

#[uniffi::export]
impl ContentReceiverHandle {
    /// From which byte of the sealed content the next are wanted.
    pub fn offset(&self) -> u64 {
        lock(&self.0).as_ref().map_or(0, ampoule::ContentReceiver::offset)
    }

    /// How many bytes the sealed content has.
    pub fn total(&self) -> u64 {
        lock(&self.0).as_ref().map_or(0, ampoule::ContentReceiver::total)
    }

    /// Takes the next bytes. Where they are not those of the author's file it is `DamagedContent`; what came before stays.
    pub fn update(&self, sealed: &[u8]) -> Result<(), VaultError> {
        Ok(lock(&self.0).as_mut().ok_or_else(VaultError::finished)?.update(sealed)?)
    }

    /// Checks that all is there and is the author's. When this returns it is durable, and can be read.
    pub fn finish(&self) -> Result<(), VaultError> {
        Ok(lock(&self.0).take().ok_or_else(VaultError::finished)?.finish()?)
    }

    /// Removes what came.
    pub fn discard(&self) -> Result<(), VaultError> {
        Ok(lock(&self.0).take().ok_or_else(VaultError::finished)?.discard()?)
    }
}
