//! The chunks of a blob that is read. None is given before it and its path to the root are checked.

use super::{BlobPart, CHUNK_LEN, Place, SEALED_CHUNK_LEN, Sealed, Sizes, Source, outboard::Outboard, parallel};
use crate::codec::padding::is_zero;
use crate::crypto::{
    Failed, TAG_LEN,
    chunked::{CHUNK, MessageKey, PREFIX_LEN, SALT_LEN, SEALED_CHUNK},
    tree::{Expected, Tree},
};
use zeroize::Zeroize as _;

/// The chunks of a blob.
pub(super) struct Chunks<S> {
    source: S,
    sizes: Sizes,
    message: MessageKey,
    outboard: Outboard,
    threads: usize,
    /// Chunks as they are stored.
    sealed: Vec<u8>,
}

/// One chunk: its number, what it must have, where it is and where it goes.
struct Chunk<'c, 't> {
    number: u64,
    expected: Option<Expected>,
    sealed: &'c [u8],
    target: &'c mut &'t mut [u8],
}

impl<S: Source> Chunks<S> {
    /// Those of a descriptor's blob. What is stored must have the length that follows from it.
    pub(super) fn new(place: &Place, sealed: &Sealed, source: S, threads: usize) -> Result<Self, S::Error> {
        let sizes = Sizes::of(sealed.len).ok_or(Failed)?;
        for part in [BlobPart::Chunks, BlobPart::Outboard] {
            if source.len(part)? != sizes.stored(part) {
                return Err(Failed.into());
            }
        }
        let mut prefix = [0; PREFIX_LEN];
        source.read(BlobPart::Chunks, 0, &mut prefix)?;
        let (salt, commitment) = prefix.split_first_chunk::<SALT_LEN>().ok_or(Failed)?;
        let message = place.message(&sealed.key, *salt)?;
        message.require(commitment.try_into().map_err(|_| Failed)?)?;
        let outboard = Outboard::new(place.tree(&sealed.key), sealed.root, sizes.groups());
        Ok(Self { source, sizes, message, outboard, threads, sealed: Vec::new() })
    }

    pub(super) fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Opens chunks from `first` on, each into a target as long as its plaintext. On failure no target holds plaintext.
    pub(super) fn open(&mut self, first: u64, targets: &mut [&mut [u8]]) -> Result<(), S::Error> {
        let opened = self.open_all(first, targets);
        if opened.is_err() {
            targets.iter_mut().for_each(|target| target.zeroize());
        }
        opened
    }

    fn open_all(&mut self, first: u64, targets: &mut [&mut [u8]]) -> Result<(), S::Error> {
        let Self { source, sizes, message, outboard, threads, sealed } = self;
        let start = first.saturating_mul(SEALED_CHUNK_LEN).saturating_add(PREFIX_LEN as u64);
        let len = targets.iter().fold(0_usize, |len, target| len.saturating_add(target.len()).saturating_add(TAG_LEN));
        let sealed = match source.lend(BlobPart::Chunks, start, len) {
            Some(sealed) => sealed,
            None => {
                if sealed.len() < len {
                    sealed.resize(len, 0);
                }
                let sealed = sealed.get_mut(..len).ok_or(Failed)?;
                source.read(BlobPart::Chunks, start, sealed)?;
                sealed
            }
        };
        let mut chunks = Vec::with_capacity(targets.len());
        for ((number, sealed), target) in (first..).zip(sealed.chunks(SEALED_CHUNK)).zip(targets) {
            chunks.push(Chunk { number, expected: outboard.expected(number, source)?, sealed, target });
        }
        let tree = outboard.tree();
        parallel::each(*threads, &mut chunks, |chunk| open(message, tree, sizes, chunk))?;
        Ok(())
    }
}

/// Opens a chunk, and checks it against the tree: who holds the key can seal another, and not one that fits.
fn open(message: &MessageKey, tree: &Tree, sizes: &Sizes, chunk: &mut Chunk<'_, '_>) -> Result<(), Failed> {
    let Chunk { number, expected, sealed, target } = chunk;
    let (sealed, tag) = sealed.split_last_chunk::<TAG_LEN>().ok_or(Failed)?;
    message.open_chunk_into(*number, sealed, tag, target)?;
    match expected {
        Some(expected) => tree.check(*number, target, expected)?,
        // After the groups there is the end alone.
        None if target.is_empty() => {}
        None => return Err(Failed),
    }
    let padding = target.get(content_in(sizes, *number)..).ok_or(Failed)?;
    if is_zero(padding) { Ok(()) } else { Err(Failed) }
}

/// How many bytes of a chunk are content.
fn content_in(sizes: &Sizes, number: u64) -> usize {
    in_chunk(sizes.content, number)
}

/// How many bytes of a chunk are content or padding.
pub(super) fn padded_in(sizes: &Sizes, number: u64) -> usize {
    in_chunk(sizes.padded, number)
}

fn in_chunk(len: u64, number: u64) -> usize {
    usize::try_from(len.saturating_sub(number.saturating_mul(CHUNK_LEN))).unwrap_or(CHUNK).min(CHUNK)
}
