//! Attacks 19 to 23 and 62, on what is stored of a blob, by whoever owns the store, without the key and with it.

use super::*;

const CHUNKS: usize = 20;
const LEN: usize = CHUNKS * CHUNK - 700;

fn chunk_start(number: usize) -> usize {
    PREFIX_LEN + number * SEALED_CHUNK
}

/// Neither the whole nor the range of one chunk is read from what is stored.
fn refuses_chunk(sealed: &Sealed, stored: &Stored, number: usize) {
    assert!(open(sealed, stored).and_then(|mut opener| read_all(&mut opener)).is_err());
    let offset = u64::try_from(number * CHUNK).unwrap();
    let mut out = [0xEE; 10];
    let read = open(sealed, stored).and_then(|mut opener| opener.read_at(offset, &mut out));
    assert!(read.is_err());
    assert_eq!(out, [0xEE; 10], "nothing is released");
}

/// What was read before an altered chunk is the content, and nothing after it is given.
fn gives_what_is_before(sealed: &Sealed, stored: &Stored, original: &[u8]) {
    let mut given = Vec::new();
    let result = open(sealed, stored).and_then(|mut opener| {
        opener.read_all(|bytes| {
            given.extend_from_slice(bytes);
            Ok::<_, Failed>(())
        })
    });
    assert!(result.is_err());
    assert!(original.starts_with(&given));
}

#[test]
fn c19_chunks_reordered_dropped_doubled() {
    let content = content(LEN);
    let (sealed, stored) = seal(PLACE, &content, 1 << 20, 1);
    for (from, to) in [(0, 1), (3, 17), (18, 19)] {
        let mut altered = stored.clone();
        let moved = stored.chunks[chunk_start(from)..chunk_start(from + 1)].to_vec();
        // Doubled: the same chunk at two places.
        altered.chunks[chunk_start(to)..chunk_start(to + 1)].copy_from_slice(&moved);
        refuses_chunk(&sealed, &altered, to);
        gives_what_is_before(&sealed, &altered, &content);
        // Exchanged.
        let other = &stored.chunks[chunk_start(to)..chunk_start(to + 1)];
        altered.chunks[chunk_start(from)..chunk_start(from + 1)].copy_from_slice(other);
        refuses_chunk(&sealed, &altered, from);
        refuses_chunk(&sealed, &altered, to);
        // Dropped.
        let mut altered = stored.clone();
        altered.chunks.drain(chunk_start(from)..chunk_start(from + 1));
        assert!(open(&sealed, &altered).is_err());
    }
    // A chunk of zeros.
    let mut altered = stored;
    altered.chunks[chunk_start(4)..chunk_start(5)].fill(0);
    refuses_chunk(&sealed, &altered, 4);
}

#[test]
fn c19_truncated_at_every_boundary() {
    for len in [0, 100, CHUNK, 3 * CHUNK, LEN] {
        let (sealed, stored) = seal(PLACE, &content(len), 1 << 20, 1);
        let ends = (0..=CHUNKS).map(chunk_start).chain([0, 24, PREFIX_LEN, stored.chunks.len() - 1]);
        for end in ends.filter(|end| *end < stored.chunks.len()) {
            let mut altered = stored.clone();
            altered.chunks.truncate(end);
            assert!(open(&sealed, &altered).is_err(), "{len} {end}");
        }
    }
}

#[test]
fn c21_bytes_after_the_end() {
    for len in [0, CHUNK, LEN] {
        let (sealed, stored) = seal(PLACE, &content(len), 1 << 20, 1);
        for more in [1, 16, SEALED_CHUNK] {
            let mut altered = stored.clone();
            altered.chunks.resize(stored.chunks.len() + more, 0);
            assert!(open(&sealed, &altered).is_err());
            let mut altered = stored.clone();
            altered.outboard.resize(stored.outboard.len() + more, 0);
            assert!(open(&sealed, &altered).is_err());
        }
    }
}

/// The last chunk is empty, so no content depends on it: it is checked all the same.
#[test]
fn c21_the_end_is_authentic() {
    // Of the second, the end is not read with the last of the content.
    for chunks in [1, 16] {
        let (sealed, stored) = seal(PLACE, &content(chunks * CHUNK), 1 << 20, 1);
        let mut altered = stored.clone();
        *altered.chunks.last_mut().unwrap() ^= 1;
        let mut out = [0; 10];
        assert_eq!(open(&sealed, &altered).unwrap().read_at(0, &mut out), Ok(10));
        assert!(read_all(&mut open(&sealed, &altered).unwrap()).is_err());
        assert!(open(&sealed, &altered).unwrap().check_end().is_err());
        assert!(open(&sealed, &stored).unwrap().check_end().is_ok());
    }
}

#[test]
fn c20_chunks_of_another_blob_of_the_same_content() {
    let (sealed, stored) = seal(PLACE, &content(LEN), 1 << 20, 1);
    let (_, other) = seal(PLACE, &content(LEN), 1 << 20, 1);
    let mut altered = stored.clone();
    altered.chunks[chunk_start(2)..chunk_start(3)].copy_from_slice(&other.chunks[chunk_start(2)..chunk_start(3)]);
    refuses_chunk(&sealed, &altered, 2);
    let altered = Stored { chunks: other.chunks.clone(), outboard: stored.outboard.clone() };
    assert!(open(&sealed, &altered).is_err());
    let altered = Stored { chunks: stored.chunks, outboard: other.outboard };
    refuses_chunk(&sealed, &altered, 0);
    // Under another id, or in another chart.
    let elsewhere = [
        Place { blob: BlobId::from_bytes([9; 16]), ..PLACE },
        Place { chart: ChartId::from_bytes([9; 32]), ..PLACE },
        Place { suite: Suite::ChaCha20Poly1305, ..PLACE },
    ];
    let (sealed, stored) = seal(PLACE, &content(LEN), 1 << 20, 1);
    assert!(elsewhere.iter().all(|place| Opener::new(place, &sealed, &stored, 1).is_err()));
}

/// Every byte of both parts counts. Those before the chunks and those of the chunks are found by whoever has no key to alter
/// them; those of the outboard by the path to the root.
#[test]
fn c22_every_flipped_byte_is_found() {
    let content = content(17 * CHUNK + 5);
    let (sealed, stored) = seal(PLACE, &content, 1 << 20, 1);
    for at in (0..PREFIX_LEN).chain((PREFIX_LEN..stored.chunks.len()).step_by(1999)) {
        let mut altered = stored.clone();
        altered.chunks[at] ^= 0x10;
        gives_what_is_before(&sealed, &altered, &content);
    }
    for at in (0..stored.outboard.len()).step_by(13) {
        let mut altered = stored.clone();
        altered.outboard[at] ^= 0x10;
        gives_what_is_before(&sealed, &altered, &content);
    }
}

#[test]
fn c23_a_forged_length_opens_nothing() {
    let content = content(LEN);
    let (sealed, stored) = seal(PLACE, &content, 1 << 20, 1);
    let forged =
        |len: usize| Sealed { key: sealed.key.duplicate(), root: sealed.root, len: u64::try_from(len).unwrap() };
    for len in [0, 5, LEN / 2, 2 * LEN] {
        assert!(open(&forged(len), &stored).is_err(), "{len}");
    }
    // A length of the same padded size: what would be padding is not zero.
    let mut opener = open(&forged(LEN - 1), &stored).unwrap();
    let mut out = vec![0; LEN];
    assert!(opener.read_at(0, &mut out).is_err());
    assert!(read_all(&mut open(&forged(LEN - 1), &stored).unwrap()).is_err());
}

/// Who seals may write what he likes where zeros should be, and sign for it: what is hidden there is refused.
#[test]
fn b18_padding_of_a_blob_is_zero() {
    let padded = usize::try_from(Sizes::of(5 * 1024).unwrap().padded).unwrap();
    assert_eq!(padded, 6 * 1024);
    for hidden in [5 * 1024, padded - 1] {
        let mut content = content(5 * 1024);
        content.resize(padded, 0);
        content[hidden] = 1;
        let (sealed, stored) = seal(PLACE, &content, 1 << 20, 1);
        let shorter = Sealed { len: 5 * 1024, ..sealed };
        let mut out = [0; 5];
        assert!(open(&shorter, &stored).unwrap().read_at(0, &mut out).is_err());
        assert!(open(&shorter, &stored).unwrap().check_end().is_err());
    }
}

/// Attack 62: a reader of a file, who so has its key, and who owns the store, puts other content in its place. The chunks
/// authenticate, the outboard fits them, and the signed root does not.
#[test]
fn h62_reader_alters_a_chunk() {
    for len in [1000, LEN, 40 * CHUNK] {
        let mut content = content(len);
        let (sealed, stored) = seal(PLACE, &content, 1 << 20, 1);
        let message = PLACE.message(&sealed.key, *stored.chunks.first_chunk().unwrap()).unwrap();
        content[0] ^= 1;
        content.resize(usize::try_from(Sizes::of(sealed.len).unwrap().padded).unwrap(), 0);
        let mut altered = Stored::default();
        message.seal_into(&content, &mut altered.chunks).unwrap();
        let (tree, mut builder) = (PLACE.tree(&sealed.key), Builder::default());
        for (index, group) in (0..).zip(content.chunks(CHUNK)) {
            builder.push(&tree, &tree.leaf(index, group).unwrap(), &mut altered.outboard);
        }
        let root: Root = builder.finish(&tree, &mut altered.outboard).unwrap();
        // He can make a blob, and no descriptor for it that the author signed.
        let other = Sealed { key: sealed.key.duplicate(), root, len: sealed.len };
        assert!(read_all(&mut open(&other, &altered).unwrap()).is_ok());
        refuses_chunk(&sealed, &altered, 0);
        // One chunk of his among the others, with his outboard and without.
        let mut one = stored.clone();
        let end = (PREFIX_LEN + SEALED_CHUNK).min(stored.chunks.len());
        one.chunks[PREFIX_LEN..end].copy_from_slice(&altered.chunks[PREFIX_LEN..end]);
        refuses_chunk(&sealed, &one, 0);
        // With the parent above it alone, and with all of them.
        let above = stored.outboard.len().min(PARENT_LEN);
        one.outboard[..above].copy_from_slice(&altered.outboard[..above]);
        refuses_chunk(&sealed, &one, 0);
        one.outboard = altered.outboard;
        refuses_chunk(&sealed, &one, 0);
    }
}

/// The commitment before the chunks is that of the key, or nothing is opened.
#[test]
fn b15_blob_commitment() {
    let (sealed, stored) = seal(PLACE, b"content", 1 << 20, 1);
    let mut altered = stored;
    altered.chunks[SALT_LEN] ^= 1;
    assert!(open(&sealed, &altered).is_err());
}
