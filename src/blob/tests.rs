//! Blobs in memory, and whoever alters them.

use super::*;
use crate::codec::CardHash;
use crate::crypto::RandomError;
use crate::crypto::tree::{Builder, Root};

mod attacks;
mod receive;

/// A blob in memory.
#[derive(Clone, Default)]
struct Stored {
    chunks: Vec<u8>,
    outboard: Vec<u8>,
}

impl Stored {
    fn part(&self, part: BlobPart) -> &Vec<u8> {
        match part {
            BlobPart::Chunks => &self.chunks,
            BlobPart::Outboard => &self.outboard,
        }
    }
}

impl From<RandomError> for Failed {
    fn from(_: RandomError) -> Self {
        Self
    }
}

impl Sink for Stored {
    type Error = Failed;

    fn append(&mut self, part: BlobPart, bytes: &[u8]) -> Result<(), Failed> {
        match part {
            BlobPart::Chunks => self.chunks.extend_from_slice(bytes),
            BlobPart::Outboard => self.outboard.extend_from_slice(bytes),
        }
        Ok(())
    }
}

impl Source for &Stored {
    type Error = Failed;

    fn len(&self, part: BlobPart) -> Result<u64, Failed> {
        Ok(u64::try_from(self.part(part).len()).unwrap())
    }

    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), Failed> {
        let offset = usize::try_from(offset).unwrap();
        let bytes = self.part(part).get(offset..offset + out.len()).ok_or(Failed)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn lend(&self, _: BlobPart, _: u64, _: usize) -> Option<&[u8]> {
        None
    }
}

fn place(suite: Suite) -> Place {
    Place { suite, chart: ChartId::from_bytes([3; 32]), blob: BlobId::from_bytes([4; 16]) }
}

const PLACE: Place =
    Place { suite: Suite::Aes256Gcm, chart: ChartId::from_bytes([3; 32]), blob: BlobId::from_bytes([4; 16]) };
const HEDGE: Hedge = Hedge { device: CardHash::from_bytes([5; 32]), time_ns: 6 };

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| u8::try_from(i * 31 % 251).unwrap()).collect()
}

/// Seals in pieces of a length.
fn seal(place: Place, content: &[u8], piece: usize, threads: usize) -> (Sealed, Stored) {
    let mut stored = Stored::default();
    let mut sealer = Sealer::new(place, HEDGE, threads);
    for piece in content.chunks(piece) {
        sealer.update(piece, &mut stored).unwrap();
    }
    (sealer.finish(&mut stored).unwrap(), stored)
}

fn open<'s>(sealed: &Sealed, stored: &'s Stored) -> Result<Opener<&'s Stored>, Failed> {
    Opener::new(&PLACE, sealed, stored, 1)
}

fn read_all(opener: &mut Opener<&Stored>) -> Result<Vec<u8>, Failed> {
    let mut out = Vec::new();
    opener.read_all(|bytes| {
        out.extend_from_slice(bytes);
        Ok::<_, Failed>(())
    })?;
    Ok(out)
}

/// Around chunks, blocks of the outboard, batches, and the steps of padding.
fn lens() -> Vec<usize> {
    let chunks = [1, 2, 3, 15, 16, 17, 18, 32, 33, 48, 64, 65, 70];
    let around = chunks.iter().flat_map(|chunks| [chunks * CHUNK - 1, chunks * CHUNK, chunks * CHUNK + 1]);
    [0, 1, 511, 512, 513, 3 * CHUNK / 2].into_iter().chain(around).collect()
}

#[test]
fn every_length_comes_back_whole_and_in_ranges() {
    for len in lens() {
        let content = content(len);
        let (sealed, stored) = seal(PLACE, &content, 10_000, 1);
        let sizes = Sizes::of(sealed.len).unwrap();
        for part in [BlobPart::Chunks, BlobPart::Outboard] {
            assert_eq!((&stored).len(part), Ok(sizes.stored(part)), "{len}");
        }
        let mut padded = content.clone();
        padded.resize(usize::try_from(sizes.padded).unwrap(), 0);
        let tree = kdf::derive::<_, role::Outboard>(&sealed.key, &[&[3; 32], &[4; 16]]);
        assert_eq!(sealed.root.as_bytes(), blake3::keyed_hash(tree.expose(), &padded).as_bytes(), "{len}");
        let mut opener = open(&sealed, &stored).unwrap();
        assert_eq!(read_all(&mut opener).unwrap(), content, "{len}");
        for (offset, wanted) in [(0, 1), (len / 2, 40_000), (len.saturating_sub(1), 9), (len, 5), (len + 5, 5)] {
            let mut out = vec![0xEE; wanted];
            let mut opener = open(&sealed, &stored).unwrap();
            let read = opener.read_at(u64::try_from(offset).unwrap(), &mut out).unwrap();
            let expected = content.get(offset..len.min(offset + wanted)).unwrap_or_default();
            assert_eq!(&out[..read], expected, "{len} {offset}");
            assert!(out[read..].iter().all(|byte| *byte == 0xEE));
        }
    }
}

/// The chunks are a C2SP stream over the padded content, as any other implementation reads it.
#[test]
fn the_chunks_are_one_message_of_chunked_encryption() {
    for suite in [Suite::Aes256Gcm, Suite::ChaCha20Poly1305] {
        for len in [0, 100, CHUNK, 5 * CHUNK + 3] {
            let place = place(suite);
            let (sealed, stored) = seal(place, &content(len), 1 << 20, 1);
            let label = kdf::label("blob");
            let context: [&[u8]; 3] = [&label, place.chart.as_bytes(), place.blob.as_bytes()];
            let opened = crate::crypto::chunked::open(suite, &sealed.key, &context, &stored.chunks).unwrap();
            assert_eq!(&opened[..len], content(len));
            assert!(opened[len..].iter().all(|byte| *byte == 0));
        }
    }
}

/// Whatever the pieces and the number of threads, the bytes follow from the key alone.
#[test]
fn threads_and_pieces_change_nothing_but_the_time() {
    let content = content(300 * CHUNK + 4321);
    for (piece, threads) in [(1 << 20, 1), (CHUNK, 2), (9999, 3), (content.len(), 2), (7 << 20, 4)] {
        let (sealed, stored) = seal(PLACE, &content, piece, threads);
        for threads in [1, 3] {
            let mut opener = Opener::new(&PLACE, &sealed, &stored, threads).unwrap();
            assert_eq!(read_all(&mut opener).unwrap(), content, "{piece} {threads}");
        }
        let message = PLACE.message(&sealed.key, *stored.chunks.first_chunk().unwrap()).unwrap();
        let mut again = Vec::new();
        let mut padded = content.clone();
        padded.resize(usize::try_from(Sizes::of(sealed.len).unwrap().padded).unwrap(), 0);
        message.seal_into(&padded, &mut again).unwrap();
        assert_eq!(again, stored.chunks);
        let (tree, mut builder, mut outboard) = (PLACE.tree(&sealed.key), Builder::default(), Vec::new());
        for (index, group) in (0..).zip(padded.chunks(CHUNK)) {
            builder.push(&tree, &tree.leaf(index, group).unwrap(), &mut outboard);
        }
        builder.finish(&tree, &mut outboard).unwrap();
        assert_eq!(outboard, stored.outboard);
    }
}

#[test]
fn what_is_read_into_the_room_is_as_what_is_pushed() {
    let content = content(40 * CHUNK + 99);
    let (mut stored, mut sealer) = (Stored::default(), Sealer::new(PLACE, HEDGE, 1));
    let mut rest = &content[..];
    while !rest.is_empty() {
        let room = sealer.room().unwrap();
        let taken = room.len().min(rest.len()).min(5000);
        room[..taken].copy_from_slice(&rest[..taken]);
        sealer.advance(taken, &mut stored).unwrap();
        rest = &rest[taken..];
    }
    assert_eq!(sealer.len(), u64::try_from(content.len()).unwrap());
    let sealed = sealer.finish(&mut stored).unwrap();
    assert_eq!(read_all(&mut open(&sealed, &stored).unwrap()).unwrap(), content);
}

#[test]
fn reads_all_over_a_large_blob_agree_with_its_content() {
    let content = content(1000 * CHUNK + 1);
    let (sealed, stored) = seal(PLACE, &content, 1 << 20, 2);
    let mut opener = open(&sealed, &stored).unwrap();
    let mut offset = 0;
    for step in 0..400_usize {
        offset = (offset + step * 104_729) % content.len();
        let mut out = vec![0; step * 500];
        let read = opener.read_at(u64::try_from(offset).unwrap(), &mut out).unwrap();
        assert_eq!(&out[..read], &content[offset..content.len().min(offset + out.len())]);
    }
    opener.check_end().unwrap();
}

/// Two copies of a machine draw the same randomness, at the same time: blobs that begin alike are all that is left to fear.
#[cfg(feature = "testing")]
#[test]
fn b17_blob_keys_differ_with_what_is_sealed() {
    let key = |place: Place, hedge: Hedge, content: &[u8]| {
        crate::crypto::random::fixed::with(b"copied", || {
            let mut stored = Stored::default();
            let mut sealer = Sealer::new(place, hedge, 1);
            sealer.update(content, &mut stored).unwrap();
            sealer.finish(&mut stored).unwrap().key
        })
    };
    let same = key(PLACE, HEDGE, b"content");
    assert!(same == key(PLACE, HEDGE, b"content"));
    assert!(same != key(PLACE, HEDGE, b"Content"));
    assert!(same != key(PLACE, Hedge { time_ns: 7, ..HEDGE }, b"content"));
    assert!(same != key(PLACE, Hedge { device: CardHash::from_bytes([6; 32]), ..HEDGE }, b"content"));
    assert!(same != key(Place { blob: BlobId::from_bytes([5; 16]), ..PLACE }, HEDGE, b"content"));
    let (one, other) = (content(2 * CHUNK), [content(2 * CHUNK), vec![1]].concat());
    assert!(key(PLACE, HEDGE, &one) == key(PLACE, HEDGE, &other), "the first chunk is what a key depends on");
}

#[test]
fn lengths_end_where_the_numbers_of_chunks_end() {
    let most = (MAX_CHUNKS - 2) * CHUNK_LEN;
    assert_eq!(Sizes::of(u64::MAX), None);
    assert_eq!(Sizes::of(most + 1), None);
    let large = Sizes::of(most / 2).unwrap();
    assert!(large.chunks() < MAX_CHUNKS);
    assert_eq!(large.groups() + 1, large.chunks());
}
