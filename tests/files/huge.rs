//! A file beyond what 32 bits count, without the disk that it would take.

use super::*;
use ampoule::store::{BlobReader, BlobWriter};
use std::sync::Mutex;

const GIB: u64 = 1 << 30;
const LEN: u64 = 4 * GIB + 1;
/// How many bytes of the chunks are kept, from the front and from where 32 bits end.
const KEPT: u64 = 1 << 20;
const PREFIX: u64 = 56;
const SEALED: u64 = CHUNK as u64 + 16;

/// Keeps of the chunks what the test reads, and counts the rest. The content is the same byte wherever it is not kept.
#[derive(Clone, Default)]
struct Counting(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    blob: Option<BlobId>,
    len: u64,
    front: Vec<u8>,
    end: Vec<u8>,
    outboard: Vec<u8>,
}

/// Where the chunk begins in which 4 GiB end.
fn end_from() -> u64 {
    PREFIX + (4 * GIB / CHUNK as u64 - 1) * SEALED
}

impl BlobStore for Counting {
    fn create(&self, blob: &BlobId) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.0.lock().unwrap().blob = Some(*blob);
        Ok(Box::new(self.clone()))
    }

    fn open(&self, blob: &BlobId) -> Result<Option<Box<dyn BlobReader>>, StoreError> {
        let there = self.0.lock().unwrap().blob == Some(*blob);
        Ok(there.then(|| Box::new(self.clone()) as Box<dyn BlobReader>))
    }

    fn delete(&self, _: &BlobId) -> Result<bool, StoreError> {
        Ok(self.0.lock().unwrap().blob.take().is_some())
    }

    fn list(&self, _: Option<&BlobId>, _: usize) -> Result<Vec<BlobId>, StoreError> {
        Ok(self.0.lock().unwrap().blob.into_iter().collect())
    }
}

impl BlobWriter for Counting {
    fn append(&mut self, part: BlobPart, bytes: &[u8]) -> Result<(), StoreError> {
        let mut kept = self.0.lock().unwrap();
        if part == BlobPart::Outboard {
            kept.outboard.extend_from_slice(bytes);
            return Ok(());
        }
        let at = kept.len;
        kept.len += bytes.len() as u64;
        if at < KEPT {
            kept.front.extend_from_slice(bytes);
        }
        let skipped = end_from().saturating_sub(at).min(bytes.len() as u64) as usize;
        if (kept.end.len() as u64) < KEPT {
            kept.end.extend_from_slice(&bytes[skipped..]);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl BlobReader for Counting {
    fn len(&self, part: BlobPart) -> Result<u64, StoreError> {
        let kept = self.0.lock().unwrap();
        Ok(if part == BlobPart::Chunks { kept.len } else { kept.outboard.len() as u64 })
    }

    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), StoreError> {
        let kept = self.0.lock().unwrap();
        let (bytes, from) = match part {
            BlobPart::Outboard => (&kept.outboard, offset),
            BlobPart::Chunks if offset < KEPT => (&kept.front, offset),
            BlobPart::Chunks => (&kept.end, offset.checked_sub(end_from()).ok_or(StoreError::Damaged)?),
        };
        let from = usize::try_from(from).unwrap();
        out.copy_from_slice(bytes.get(from..from + out.len()).ok_or(StoreError::Damaged)?);
        Ok(())
    }
}

/// So many bytes, of which none is kept anywhere.
struct Same(u64);

impl Read for Same {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.0.min(out.len() as u64);
        self.0 -= read;
        out[..read as usize].fill(0xA5);
        Ok(read as usize)
    }
}

#[test]
fn four_gib_and_a_byte() {
    let blobs = Counting::default();
    let chart = create(Vault::options().blobs(blobs.clone()), MemoryStore::new()).create_chart().unwrap();
    let mut last = 0;
    let id = chart
        .put_file_with(&info(), Same(LEN), |taken| {
            assert!(taken > last);
            last = taken;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(last, LEN);
    // Padmé leaves 6 bits of a length beyond 2^32: steps of 64 MiB.
    let (padded, chunk) = (4 * GIB + (64 << 20), CHUNK as u64);
    let kept = |part| BlobReader::len(&blobs, part).unwrap();
    assert_eq!(kept(BlobPart::Chunks), PREFIX + padded / chunk * SEALED + 16);
    assert_eq!(kept(BlobPart::Outboard), (padded / chunk - 1) * 64);
    let mut reader = chart.file(&id).unwrap();
    assert_eq!(reader.len(), LEN);
    for range in [0..5, 4 * GIB - 3..4 * GIB + 1, 4 * GIB..4 * GIB + 1, 4 * GIB - CHUNK as u64..u64::MAX] {
        let read = reader.read_range(range.clone()).unwrap();
        assert_eq!(read.len() as u64, range.end.min(LEN) - range.start);
        assert!(read.iter().all(|byte| *byte == 0xA5), "{range:?}");
    }
    assert_eq!(reader.seek(SeekFrom::End(-1)).unwrap(), 4 * GIB);
    assert!(reader.read_range(LEN..u64::MAX).unwrap().is_empty());
    // What 32 bits would make of the places is not what is there.
    assert!(matches!(reader.read_range(2 * GIB..2 * GIB + 1), Err(Error::Unopenable { .. })));
}
