//! The promises of a store of blobs, held against each that there is.

use ampoule::StoreError;
use ampoule::store::{BlobId, BlobPart, BlobStore, MemoryBlobs};

const CHUNKS: BlobPart = BlobPart::Chunks;
const OUTBOARD: BlobPart = BlobPart::Outboard;

fn each(check: impl Fn(&dyn BlobStore)) {
    check(&MemoryBlobs::new());
    #[cfg(feature = "directory")]
    {
        let folder = tempfile::tempdir().unwrap();
        check(&ampoule::store::DirectoryBlobs::new(folder.path().join("blobs")));
    }
}

fn id(first: u8, rest: u8) -> BlobId {
    let mut bytes = [rest; 16];
    bytes[0] = first;
    BlobId::from_bytes(bytes)
}

fn put(store: &dyn BlobStore, blob: &BlobId, chunks: &[u8], outboard: &[u8]) {
    let mut writer = store.create(blob).unwrap();
    for (part, bytes) in [(CHUNKS, chunks), (OUTBOARD, outboard)] {
        for piece in bytes.chunks(1000) {
            writer.append(part, piece).unwrap();
        }
    }
    writer.finish().unwrap();
}

#[test]
fn both_parts_come_back_at_any_place() {
    each(|store| {
        let chunks: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
        for (blob, outboard) in [(id(1, 1), &chunks[..640]), (id(1, 2), &[][..])] {
            put(store, &blob, &chunks, outboard);
            let reader = store.open(&blob).unwrap().unwrap();
            assert_eq!((reader.len(CHUNKS), reader.len(OUTBOARD)), (Ok(100_000), Ok(outboard.len() as u64)));
            for (part, bytes, from, to) in [
                (CHUNKS, &chunks[..], 0, 100_000),
                (CHUNKS, &chunks, 77_777, 77_778),
                (CHUNKS, &chunks, 100_000, 100_000),
                (OUTBOARD, outboard, 0, outboard.len()),
            ] {
                let mut out = vec![0; to - from];
                reader.read(part, from as u64, &mut out).unwrap();
                assert!(out == bytes[from..to]);
            }
            assert_eq!(reader.read(CHUNKS, 99_999, &mut [0; 2]), Err(StoreError::Damaged));
            assert_eq!(reader.read(CHUNKS, u64::MAX, &mut [0; 2]), Err(StoreError::Damaged));
            assert_eq!(reader.read(OUTBOARD, outboard.len() as u64, &mut [0; 1]), Err(StoreError::Damaged));
        }
    });
}

#[test]
fn a_blob_is_there_when_it_is_finished() {
    each(|store| {
        let blob = id(2, 2);
        let mut writer = store.create(&blob).unwrap();
        writer.append(OUTBOARD, b"outboard").unwrap();
        writer.append(CHUNKS, b"chunks").unwrap();
        assert!(store.open(&blob).unwrap().is_none());
        assert_eq!(store.list(None, 9), Ok(vec![]));
        writer.finish().unwrap();
        // Before its writer is gone as well: whoever wrote it has more to do.
        assert!(store.open(&blob).unwrap().is_some());
        assert_eq!(store.list(None, 9), Ok(vec![blob]));
        drop(writer);
        assert!(store.open(&blob).unwrap().is_some());
        assert_eq!(store.create(&blob).err(), Some(StoreError::Busy));
    });
}

#[test]
fn what_is_given_up_leaves_nothing() {
    each(|store| {
        let blob = id(3, 3);
        for appended in 0..3 {
            let mut writer = store.create(&blob).unwrap();
            for part in [CHUNKS, OUTBOARD].iter().take(appended) {
                writer.append(*part, b"bytes").unwrap();
            }
            drop(writer);
            assert!(store.open(&blob).unwrap().is_none());
            assert_eq!(store.delete(&blob), Ok(false));
        }
    });
}

#[test]
fn what_is_in_use_is_not_removed() {
    each(|store| {
        let blob = id(4, 4);
        let mut writer = store.create(&blob).unwrap();
        writer.append(CHUNKS, b"chunks").unwrap();
        assert_eq!(store.delete(&blob), Err(StoreError::Busy));
        assert_eq!(store.create(&blob).err(), Some(StoreError::Busy));
        writer.finish().unwrap();
        assert_eq!(store.delete(&blob), Err(StoreError::Busy));
        drop(writer);
        // Who reads it goes on.
        let reader = store.open(&blob).unwrap().unwrap();
        assert_eq!(store.delete(&blob), Ok(true));
        let mut out = [0; 6];
        reader.read(CHUNKS, 0, &mut out).unwrap();
        assert_eq!(&out, b"chunks");
        assert!(store.open(&blob).unwrap().is_none());
        assert_eq!(store.delete(&blob), Ok(false));
    });
}

#[test]
fn what_was_begun_is_gone_on_with() {
    each(|store| {
        let blob = id(5, 5);
        assert!(store.resume(&blob).unwrap().is_none());
        let mut writer = store.create(&blob).unwrap();
        writer.keep().unwrap();
        writer.append(CHUNKS, b"first, torn").unwrap();
        writer.append(OUTBOARD, b"outboard").unwrap();
        assert_eq!(store.resume(&blob).err(), Some(StoreError::Busy));
        drop(writer);
        // It is there, and not to be seen.
        assert!(store.open(&blob).unwrap().is_none());
        assert_eq!(store.list(None, 9), Ok(vec![]));
        assert_eq!(store.create(&blob).err(), Some(StoreError::Busy));
        for dropped in [true, false] {
            let (reader, mut writer) = store.resume(&blob).unwrap().unwrap();
            assert_eq!(store.delete(&blob), Err(StoreError::Busy));
            let mut out = [0; 6];
            reader.read(CHUNKS, 0, &mut out).unwrap();
            assert_eq!(&out, b"first,");
            if dropped {
                continue;
            }
            writer.cut(CHUNKS, 6).unwrap();
            writer.cut(OUTBOARD, 0).unwrap();
            writer.append(CHUNKS, b" second").unwrap();
            writer.append(OUTBOARD, b"new").unwrap();
            writer.finish().unwrap();
        }
        let reader = store.open(&blob).unwrap().unwrap();
        assert_eq!((reader.len(CHUNKS), reader.len(OUTBOARD)), (Ok(13), Ok(3)));
        let mut out = [0; 13];
        reader.read(CHUNKS, 0, &mut out).unwrap();
        assert_eq!(&out, b"first, second");
        assert!(store.resume(&blob).unwrap().is_none());
        assert_eq!(store.delete(&blob), Ok(true));
        // What was kept is removed, as all else is.
        store.create(&blob).unwrap().keep().unwrap();
        assert_eq!(store.delete(&blob), Ok(true));
        assert!(store.resume(&blob).unwrap().is_none());
    });
}

#[test]
fn lists_go_by_id_and_pages() {
    each(|store| {
        let blobs: Vec<BlobId> = [0, 7, 255].iter().flat_map(|first| [1, 2, 3].map(|rest| id(*first, rest))).collect();
        for blob in blobs.iter().rev() {
            put(store, blob, b"chunks", b"");
        }
        assert_eq!(store.list(None, 99), Ok(blobs.clone()));
        for page in [1, 2, 4] {
            let mut listed = Vec::new();
            while let Some(more) = Some(store.list(listed.last(), page).unwrap()).filter(|more| !more.is_empty()) {
                assert!(more.len() <= page);
                listed.extend(more);
            }
            assert_eq!(listed, blobs);
        }
    });
}
