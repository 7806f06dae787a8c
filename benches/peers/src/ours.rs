//! Files of ours, on one thread.

use crate::PIECE;
use ampoule::store::{BlobId, BlobPart, BlobReader, BlobStore, BlobWriter, MemoryBlobs};
use ampoule::{Chart, EntryId, FileInfo, MemoryStore, Recovery, StoreError, Unlock, Vault};
use std::fs::File;
use std::hint::black_box;
use std::io::sink;
use std::num::NonZero;
use std::ops::ControlFlow;

pub(crate) struct Ours {
    forgetful: Chart,
    keeping: Chart,
    kept: Option<EntryId>,
}

impl Ours {
    pub(crate) fn new() -> Self {
        Self { forgetful: chart(Forgetful), keeping: chart(MemoryBlobs::new()), kept: None }
    }

    /// Keeps a file to be opened.
    pub(crate) fn keep(&mut self, content: &[u8]) {
        self.kept = Some(self.keeping.put_file(&info(), content).unwrap());
    }

    pub(crate) fn seal(&self, content: &[u8]) {
        let mut writer = self.forgetful.create_file(&info()).unwrap();
        content.chunks(PIECE).for_each(|piece| writer.update(piece).unwrap());
        writer.finish().unwrap();
    }

    pub(crate) fn seal_file(&self, file: File) {
        self.forgetful.put_file(&info(), file).unwrap();
    }

    pub(crate) fn open(&self) {
        let mut reader = self.keeping.file(&self.kept.unwrap()).unwrap();
        reader.copy_to(&mut sink(), |_| ControlFlow::Continue(())).unwrap();
    }
}

fn info() -> FileInfo {
    FileInfo::new("application/dicom")
}

fn chart(blobs: impl BlobStore + 'static) -> Chart {
    let options = Vault::options().threads(NonZero::<usize>::MIN).blobs(blobs);
    let unlock = Unlock::device_key(&[7; 32]);
    let none = Recovery::none_data_will_be_lost();
    let (vault, _) = options.create(MemoryStore::new(), "Riverside Clinic", &unlock, &none).unwrap();
    vault.create_chart().unwrap()
}

/// Takes blobs and forgets them.
struct Forgetful;

impl BlobStore for Forgetful {
    fn create(&self, _: &BlobId) -> Result<Box<dyn BlobWriter>, StoreError> {
        Ok(Box::new(Self))
    }

    fn open(&self, _: &BlobId) -> Result<Option<Box<dyn BlobReader>>, StoreError> {
        Ok(None)
    }

    fn delete(&self, _: &BlobId) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn list(&self, _: Option<&BlobId>, _: usize) -> Result<Vec<BlobId>, StoreError> {
        Ok(Vec::new())
    }
}

impl BlobWriter for Forgetful {
    fn append(&mut self, _: BlobPart, bytes: &[u8]) -> Result<(), StoreError> {
        black_box(bytes);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
