//! A blob whose chunks and outboard were edited by whoever owns the store, who has other blobs of the same content too.

#![no_main]

use ampoule::Suite;
use ampoule::testing::blobs::Blob;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const PREFIX: usize = 56;
const CHUNK: usize = 16_384;
const SEALED: usize = CHUNK + 16;
const PARENT: usize = 64;

struct Sample {
    content: Vec<u8>,
    blob: Blob,
    other: Blob,
}

/// Of one group, of several, and of more than are proven at once.
static SAMPLES: LazyLock<[Sample; 3]> = LazyLock::new(|| {
    [100, 5 * CHUNK + 100, 20 * CHUNK - 700].map(|len| {
        let content: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let seal = |number| Blob::seal(Suite::Aes256Gcm, number, &content).expect("a blob is sealed");
        Sample { blob: seal(1), other: seal(2), content }
    })
});

fuzz_target!(|input: &[u8]| {
    let Some((first, edits)) = input.split_first() else { return };
    let sample = &SAMPLES[usize::from(*first) % SAMPLES.len()];
    let mut edited = sample.blob.clone();
    // No more than a few: each can copy the whole.
    for edit in edits.chunks_exact(5).take(12) {
        apply(&mut edited, &sample.other, edit);
    }
    let opened = edited.open();
    if edited == sample.blob {
        assert!(opened.is_some_and(|opened| opened == sample.content), "what was sealed does not open");
    } else {
        assert!(opened.is_none(), "a change was not seen");
    }
    let offset =
        input.iter().fold(0_usize, |sum, byte| sum * 31 % 1_000_003 + usize::from(*byte)) % sample.content.len();
    if let Some(read) = edited.read_at(offset as u64, 20_000) {
        let end = sample.content.len().min(offset + 20_000);
        assert!(read == sample.content[offset..end], "what was read is not the content");
    }
});

/// What to do, to which unit of which part, and with what: a unit is a chunk, or a parent.
fn apply(blob: &mut Blob, other: &Blob, edit: &[u8]) {
    let &[what, unit, high, low, with] = edit else { return };
    let (part, theirs, start, size) = if what & 0x80 == 0 {
        (&mut blob.chunks, &other.chunks, PREFIX, SEALED)
    } else {
        (&mut blob.outboard, &other.outboard, 0, PARENT)
    };
    let len = part.len();
    let units = len.saturating_sub(start).div_ceil(size).max(1);
    let place = |number: u8| {
        let from = (start + usize::from(number) % units * size).min(len);
        from..(from + size).min(len)
    };
    let (one, second) = (place(unit), place(high));
    let at = (one.start + usize::from(u16::from_be_bytes([high, low]))).min(len);
    match what & 0x0F {
        0 if at < len => part[at] ^= with,
        1 if start > 0 => part[usize::from(unit) % start.min(len).max(1)] ^= with,
        2 => part.truncate(at),
        3 => part.extend(std::iter::repeat_n(with, usize::from(low))),
        4 => drop(part.drain(one)),
        5 => {
            let unit = part[one].to_vec();
            part.splice(second.start..second.start, unit);
        }
        6 => {
            let (from, to) = (part[one.clone()].to_vec(), part[second.clone()].to_vec());
            if from.len() == to.len() {
                part[one].copy_from_slice(&to);
                part[second].copy_from_slice(&from);
            }
        }
        7 if one.end <= theirs.len() => part[one.clone()].copy_from_slice(&theirs[one]),
        8 => theirs.clone_into(part),
        9 => part[one].fill(with),
        _ => {}
    }
}
