//! Content in memory, to and from a place that costs nothing.

use super::bare::{Bare, CHUNK, PREFIX, TAG};
use crate::common::measure::side_by_side;
use crate::common::samples::unlock;
use ampoule::store::{BlobId, BlobPart, BlobReader, BlobStore, BlobWriter, MemoryBlobs};
use ampoule::{Chart, FileInfo, MemoryStore, Recovery, StoreError, Suite, Vault};
use std::hint::black_box;
use std::io::sink;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::Path;

/// Length of the content: 256 MiB, and 1 GiB.
const LEN: usize = 256 << 20;
const LARGE: usize = 1 << 30;
/// Bytes that the caller pushes at a time.
const PIECE: usize = 1 << 20;
const SAMPLES: usize = 15;
/// Of two threads, which are disturbed more often.
const SAMPLES_MT: usize = 25;

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

pub(crate) fn chart(suite: Suite, threads: usize, blobs: impl BlobStore + 'static) -> Chart {
    let options = Vault::options().suite(suite).threads(NonZero::new(threads).unwrap()).blobs(blobs);
    let none = Recovery::none_data_will_be_lost();
    let (vault, _) = options.create(MemoryStore::new(), "Riverside Clinic", &unlock(), &none).unwrap();
    vault.create_chart().unwrap()
}

fn push(chart: &Chart, content: &[u8]) {
    let mut writer = chart.create_file(&FileInfo::new("application/dicom")).unwrap();
    for piece in content.chunks(PIECE) {
        writer.update(piece).unwrap();
    }
    writer.finish().unwrap();
}

pub(crate) fn sealing(_: &Path) {
    let content = vec![5; LARGE];
    let mut bare_content = content.clone();
    for (name, suite, bare, len) in [
        ("file_seal_1t", Suite::Aes256Gcm, Bare::aes(), LEN),
        ("file_seal_1t_1g", Suite::Aes256Gcm, Bare::aes(), LARGE),
        ("file_seal_chacha_1t", Suite::ChaCha20Poly1305, Bare::chacha(), LEN),
    ] {
        let (chart, bare_content) = (chart(suite, 1, Forgetful), &mut bare_content[..len]);
        let pair = side_by_side(SAMPLES, 1, || push(&chart, &content[..len]), || bare.seal(0, bare_content));
        println!("  {:.2} GB/s", len as f64 / pair.ours());
        pair.print(name, "the same cipher and keyed BLAKE3, chunk by chunk in place");
    }
    let (content, bare_content) = (&content[..LEN], &mut bare_content[..LEN]);
    let (two, bare) = (chart(Suite::Aes256Gcm, 2, Forgetful), Bare::aes());
    let halves = |content: &mut [u8]| {
        let (one, other) = content.split_at_mut(LEN / 2);
        std::thread::scope(|scope| {
            scope.spawn(|| bare.seal(0, one));
            bare.seal(LEN / 2 / CHUNK, other);
        });
    };
    let pair = side_by_side(SAMPLES_MT, 1, || push(&two, content), || halves(bare_content));
    println!("  {:.2} GB/s", LEN as f64 / pair.ours());
    pair.print("file_seal_mt", "the same on two threads, half of the content each");
}

pub(crate) fn opening(_: &Path) {
    for (name, len) in [("file_open_1t", LEN), ("file_open_1t_1g", LARGE)] {
        let (content, bare) = (vec![5; len], Bare::aes());
        let chart = chart(Suite::Aes256Gcm, 1, MemoryBlobs::new());
        let id = chart.put_file(&FileInfo::new("application/dicom"), &content[..]).unwrap();
        let sealed = bare.sealed(&content);
        let sealed = &sealed[PREFIX..];
        assert_eq!(sealed.len(), len / CHUNK * (CHUNK + TAG));
        let mut out = [0; CHUNK];
        let all = || chart.file(&id).unwrap().copy_to(&mut sink(), |_| ControlFlow::Continue(())).unwrap();
        let pair = side_by_side(SAMPLES, 1, all, || bare.open(0, sealed, &mut out));
        println!("  {:.2} GB/s", len as f64 / pair.ours());
        pair.print(name, "the same cipher and keyed BLAKE3, chunk by chunk");
    }
}
