//! Blobs that are taken in by their chunks: whole, in pieces, in parts, and altered on the way.

use super::*;
use crate::crypto::chunked::SEALED_CHUNK;

fn receiver(sealed: &Sealed, threads: usize) -> Receiver {
    let sealed = Sealed { key: sealed.key.duplicate(), root: sealed.root, len: sealed.len };
    Receiver::new(PLACE, sealed, threads).unwrap()
}

/// Takes chunks in, in pieces of a length.
fn receive(sealed: &Sealed, chunks: &[u8], piece: usize, threads: usize) -> Result<Stored, Failed> {
    let (mut receiver, mut taken) = (receiver(sealed, threads), Stored::default());
    for piece in chunks.chunks(piece) {
        receiver.update(piece, &mut taken)?;
    }
    receiver.finish(&mut taken)?;
    Ok(taken)
}

#[test]
fn what_is_taken_in_is_what_was_sealed() {
    for len in lens() {
        let (sealed, stored) = seal(PLACE, &content(len), 1 << 20, 1);
        let taken = receive(&sealed, &stored.chunks, 1 << 20, 1).unwrap();
        assert!(taken.chunks == stored.chunks && taken.outboard == stored.outboard, "{len}");
    }
    let (sealed, stored) = seal(PLACE, &content(700 * CHUNK + 5), 1 << 20, 2);
    for (piece, threads) in [(1000, 1), (SEALED_CHUNK, 2), (99_999, 3), (stored.chunks.len(), 2)] {
        let taken = receive(&sealed, &stored.chunks, piece, threads).unwrap();
        assert!(taken.chunks == stored.chunks && taken.outboard == stored.outboard, "{piece} {threads}");
    }
}

/// A transfer breaks at any byte. What was taken is kept, and maybe less of it, or with something torn at its end.
#[test]
fn a_transfer_goes_on_from_what_was_kept() {
    let (sealed, stored) = seal(PLACE, &content(40 * CHUNK + 77), 1 << 20, 1);
    let total = stored.chunks.len();
    let places = [0, 10, PREFIX_LEN, PREFIX_LEN + 1, 3 * SEALED_CHUNK, 17 * SEALED_CHUNK + 9, total - 1, total];
    for (to, torn) in places.into_iter().flat_map(|to| [(to, 0), (to, 5), (to, 2 * SEALED_CHUNK)]) {
        let (mut first, mut kept) = (receiver(&sealed, 1), Stored::default());
        first.update(&stored.chunks[..to], &mut kept).unwrap();
        assert_eq!(first.offset(), to as u64);
        first.settle(&mut kept).unwrap();
        assert_eq!(first.taken(), kept.chunks.len() as u64);
        assert!(to - kept.chunks.len() <= SEALED_CHUNK.max(PREFIX_LEN));
        kept.chunks.extend(vec![7; torn]);
        let (mut second, mut outboard) = (receiver(&sealed, 2), Stored::default());
        second.take_kept(&&kept, &mut outboard).unwrap();
        assert!(outboard.chunks.is_empty());
        let taken = usize::try_from(second.taken()).unwrap();
        assert!(taken <= to && (torn > 0 || taken == kept.chunks.len()), "{to} {torn}");
        kept.chunks.truncate(taken);
        kept.outboard = outboard.outboard;
        second.update(&stored.chunks[taken..], &mut kept).unwrap();
        second.finish(&mut kept).unwrap();
        assert!(kept.chunks == stored.chunks && kept.outboard == stored.outboard, "{to} {torn}");
    }
}

#[test]
fn c22_a_carrier_alters_nothing_that_is_kept() {
    let (sealed, stored) = seal(PLACE, &content(20 * CHUNK + 9), 1 << 20, 1);
    for at in (0..stored.chunks.len()).step_by(4001).chain([PREFIX_LEN - 1, stored.chunks.len() - 1]) {
        let mut altered = stored.chunks.clone();
        altered[at] ^= 1;
        let (mut receiver, mut taken) = (receiver(&sealed, 1), Stored::default());
        assert_eq!(receiver.update(&altered, &mut taken), Err(Failed), "{at}");
        assert!(stored.chunks.starts_with(&taken.chunks) && stored.outboard.starts_with(&taken.outboard));
        // Another carrier brings what is right.
        let from = usize::try_from(receiver.offset()).unwrap();
        assert_eq!(from, taken.chunks.len());
        receiver.update(&stored.chunks[from..], &mut taken).unwrap();
        receiver.finish(&mut taken).unwrap();
        assert!(taken.chunks == stored.chunks && taken.outboard == stored.outboard);
    }
}

#[test]
fn c19_chunks_taken_in_are_cut_off_doubled_or_too_many() {
    let (sealed, stored) = seal(PLACE, &content(20 * CHUNK + 9), 1 << 20, 1);
    for to in [0, PREFIX_LEN, PREFIX_LEN + 16 * SEALED_CHUNK, stored.chunks.len() - 16, stored.chunks.len() - 1] {
        assert!(receive(&sealed, &stored.chunks[..to], 1 << 20, 1).is_err(), "{to}");
    }
    for more in [&[0][..], &stored.chunks] {
        assert!(receive(&sealed, &[&stored.chunks, more].concat(), 1 << 20, 1).is_err());
    }
    // Another content under another key, and one in another place.
    let (other, others) = seal(PLACE, &content(20 * CHUNK + 9), 1 << 20, 1);
    assert!(receive(&sealed, &others.chunks, 1 << 20, 1).is_err());
    assert!(receive(&other, &others.chunks, 1 << 20, 1).is_ok());
}

/// He who can read a file carries it, and seals another content with its key: each chunk opens, and the whole is not the author's.
#[test]
fn h62_a_reader_who_carries_seals_chunks_of_his_own() {
    for len in [1000, 20 * CHUNK + 9] {
        let mut content = content(len);
        let (sealed, stored) = seal(PLACE, &content, 1 << 20, 1);
        let message = PLACE.message(&sealed.key, *stored.chunks.first_chunk().unwrap()).unwrap();
        content[len / 2] ^= 1;
        content.resize(usize::try_from(Sizes::of(sealed.len).unwrap().padded).unwrap(), 0);
        let mut altered = Vec::new();
        message.seal_into(&content, &mut altered).unwrap();
        assert!(receive(&sealed, &altered, 1 << 20, 1).is_err());
        // What he puts into the padding is no content, and is refused as well.
        content[len / 2] ^= 1;
        *content.last_mut().unwrap() = 1;
        let mut altered = Vec::new();
        message.seal_into(&content, &mut altered).unwrap();
        assert!(receive(&sealed, &altered, 1 << 20, 1).is_err());
    }
}
