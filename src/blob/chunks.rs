//! The chunks of a blob that is read. None is given before it and its path to the root are checked.

use super::{BlobPart, CHUNK_LEN, Place, SEALED_CHUNK_LEN, Sealed, Sizes, Source, outboard::Outboard, parallel};
use crate::codec::padding::is_zero;
use crate::crypto::{
    Failed, TAG_LEN,
    chunked::{CHUNK, MessageKey, PREFIX_LEN, SALT_LEN, SEALED_CHUNK},
    tree::{Expected, Tree},
};
use core::ops::Range;
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
struct Chunk<'c> {
    number: u64,
    expected: Option<Expected>,
    sealed: &'c [u8],
    target: &'c mut [u8],
}

impl<S> Chunks<S> {
    pub(super) fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }
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

    /// Opens chunks from `first` on, each into a target as long as its plaintext. On failure no target holds plaintext.
    pub(super) fn open(&mut self, first: u64, targets: &mut [&mut [u8]]) -> Result<(), S::Error> {
        let opened = self.open_all(first, targets);
        if opened.is_err() {
            for target in targets.iter_mut() {
                target.zeroize();
            }
        }
        opened
    }

    fn open_all(&mut self, first: u64, targets: &mut [&mut [u8]]) -> Result<(), S::Error> {
        let Self { source, sizes, message, outboard, threads, sealed } = self;
        let len = targets.iter().fold(0, |len, target| sealed_len(len, target.len()));
        let sealed = fetch(source, sealed, first, len)?;
        let mut chunks = Vec::with_capacity(targets.len());
        for ((number, sealed), target) in (first..).zip(sealed.chunks(SEALED_CHUNK)).zip(targets) {
            chunks.push(Chunk { number, expected: outboard.expected(number, source)?, sealed, target });
        }
        let tree = outboard.tree();
        parallel::each(*threads, &mut chunks, |chunk| open(message, tree, sizes, chunk))?;
        Ok(())
    }

    /// Opens chunks one after the other, each in the place of the one before it, and gives what is content.
    pub(super) fn stream<E: From<S::Error>>(
        &mut self,
        numbers: Range<u64>,
        place: &mut [u8],
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { source, sizes, message, outboard, sealed, .. } = self;
        let len = numbers.clone().fold(0, |len, number| sealed_len(len, padded_in(sizes, number)));
        let sealed = fetch(source, sealed, numbers.start, len)?;
        for (number, sealed) in numbers.zip(sealed.chunks(SEALED_CHUNK)) {
            let expected = outboard.expected(number, source)?;
            let target = place.get_mut(..padded_in(sizes, number)).ok_or(Failed).map_err(S::Error::from)?;
            let opened =
                open(message, outboard.tree(), sizes, &mut Chunk { number, expected, sealed, target: &mut *target });
            if opened.is_err() {
                target.zeroize();
            }
            opened.map_err(S::Error::from)?;
            take(target.get(..content_in(sizes, number)).ok_or(Failed).map_err(S::Error::from)?)?;
        }
        Ok(())
    }
}

/// Chunks from `first` on as they are stored, from where they are or through a buffer.
fn fetch<'c, S: Source>(source: &'c S, buffer: &'c mut Vec<u8>, first: u64, len: usize) -> Result<&'c [u8], S::Error> {
    let start = first.saturating_mul(SEALED_CHUNK_LEN).saturating_add(PREFIX_LEN as u64);
    if let Some(sealed) = source.lend(BlobPart::Chunks, start, len) {
        return Ok(sealed);
    }
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    let sealed = buffer.get_mut(..len).ok_or(Failed)?;
    source.read(BlobPart::Chunks, start, sealed)?;
    Ok(sealed)
}

fn sealed_len(before: usize, chunk: usize) -> usize {
    before.saturating_add(chunk).saturating_add(TAG_LEN)
}

/// Opens a chunk, and checks it against the tree: who holds the key can seal another, and not one that fits.
fn open(message: &MessageKey, tree: &Tree, sizes: &Sizes, chunk: &mut Chunk<'_>) -> Result<(), Failed> {
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
pub(super) fn content_in(sizes: &Sizes, number: u64) -> usize {
    in_chunk(sizes.content, number)
}

/// How many bytes of a chunk are content or padding.
pub(super) fn padded_in(sizes: &Sizes, number: u64) -> usize {
    in_chunk(sizes.padded, number)
}

fn in_chunk(len: u64, number: u64) -> usize {
    usize::try_from(len.saturating_sub(number.saturating_mul(CHUNK_LEN))).unwrap_or(CHUNK).min(CHUNK)
}
