//! Descriptors that their author bends.

#![allow(clippy::pedantic, clippy::arithmetic_side_effects, reason = "tests read better as they are")]

use super::*;
use crate::blob::{Hedge, Place, Sealer};
use crate::codec::{BlobId, CardHash, Extensions};
use crate::crypto::Suite;
use crate::keys::{Recovery, Unlock};
use crate::store::{MemoryBlobs, MemoryStore};
use crate::vault::Vault;
use descriptor::Descriptor;

/// The chunks of a blob.
#[derive(Default)]
struct Chunks(Vec<u8>);

impl Sink for Chunks {
    type Error = Fault;

    fn append(&mut self, part: BlobPart, bytes: &[u8]) -> Result<(), Fault> {
        if part == BlobPart::Chunks {
            self.0.extend_from_slice(bytes);
        }
        Ok(())
    }
}

/// A descriptor and chunks of a content, under an id that its author chose.
fn chosen(chart: &Chart, blob: BlobId, content: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let place = Place { suite: Suite::Aes256Gcm, chart: chart.id(), blob };
    let mut chunks = Chunks::default();
    let mut sealer = Sealer::new(place, Hedge { device: CardHash::from_bytes([5; 32]), time_ns: 6 }, 1);
    sealer.update(content, &mut chunks).ok().unwrap();
    let sealed = sealer.finish(&mut chunks).ok().unwrap();
    (Descriptor { blob, sealed, extensions: Extensions::default() }.encode().to_vec(), chunks.0)
}

fn read(chart: &Chart, entry: &EntryId) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    chart.file(entry)?.copy_to(&mut out, |_| ControlFlow::Continue(())).map(|()| out)
}

/// Somebody describes a content of his own by the id of a colleague's: it neither replaces it, nor has it removed.
#[test]
fn h62_content_of_another_is_not_displaced() {
    let (blobs, unlock) = (MemoryBlobs::new(), Unlock::device_key(&[1; 32]));
    let options = Vault::options().blobs(blobs.clone()).suite(Suite::Aes256Gcm);
    let created = options.create(MemoryStore::new(), "Clinic", &unlock, &Recovery::none_data_will_be_lost());
    let chart = created.unwrap().0.create_chart().unwrap();
    let info = || FileInfo::new("application/dicom");
    let content = vec![7; 50_000];
    let original = chart.put_file(&info(), &content[..]).unwrap();
    let blob = blobs.list(None, 9).unwrap()[0];
    let (descriptor, chunks) = chosen(&chart, blob, &[8; 50_000]);
    let record = info().into_record(&descriptor);
    let (entry, version) = chart.batch(|batch| batch.put_described(&chart, None, &record, None)).unwrap();
    assert!(matches!(read(&chart, &entry), Err(Error::Unopenable { .. })));
    let continues = |_| ControlFlow::Continue(());
    chart.import_content(&version, &chunks[..], continues).unwrap();
    assert!(read(&chart, &entry).unwrap() == [8; 50_000]);
    assert!(read(&chart, &original).unwrap() == content);
    // Nor where his came first.
    let foreign = BlobId::from_bytes([9; 16]);
    let (descriptor, first) = chosen(&chart, foreign, &[1; 100]);
    let (_, squatter) =
        chart.batch(|batch| batch.put_described(&chart, None, &info().into_record(&descriptor), None)).unwrap();
    chart.import_content(&squatter, &first[..], continues).unwrap();
    let (descriptor, second) = chosen(&chart, foreign, &[2; 100]);
    let (entry, version) =
        chart.batch(|batch| batch.put_described(&chart, None, &info().into_record(&descriptor), None)).unwrap();
    chart.import_content(&version, &second[..], continues).unwrap();
    assert_eq!(read(&chart, &entry).unwrap(), [2; 100]);
}
