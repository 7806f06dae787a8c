//! Opening a blob, at any place. No byte is released before its chunk and its path to the root are checked.

use super::{BlobPart, CHUNK_LEN, Place, SEALED_CHUNK_LEN, Sealed, Sizes, outboard::Outboard, parallel};
use crate::codec::padding::is_zero;
use crate::crypto::{
    Failed, TAG_LEN,
    chunked::{CHUNK, MessageKey, PREFIX_LEN, SALT_LEN, SEALED_CHUNK},
    tree::{Expected, Tree},
};
use core::ops::Range;
use zeroize::Zeroizing;

/// How many chunks are opened at once by one thread.
const BATCH_ALONE: u64 = 16;
/// The same for each of several threads.
const BATCH_EACH: u64 = 128;

/// Where a blob is read from.
pub(crate) trait Source {
    /// Why it is not read.
    type Error: From<Failed>;

    /// Length of a part.
    fn len(&self, part: BlobPart) -> Result<u64, Self::Error>;

    /// Fills `out` with the bytes of a part from `offset` on.
    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), Self::Error>;
}

/// A blob that is being read.
pub(crate) struct Opener<S> {
    source: S,
    sizes: Sizes,
    message: MessageKey,
    outboard: Outboard,
    threads: usize,
    /// Chunks that are open, and checked.
    loaded: Range<u64>,
    /// Their slots: plaintext of each, and 16 bytes of tag.
    slots: Zeroizing<Vec<u8>>,
    /// Whether everything after the content was checked.
    ended: bool,
}

impl<S: Source> Opener<S> {
    /// Opens the blob of a descriptor, with so many threads. What is stored must have the length that follows from it.
    pub(crate) fn new(place: &Place, sealed: &Sealed, source: S, threads: usize) -> Result<Self, S::Error> {
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
        let slots = Zeroizing::new(Vec::new());
        Ok(Self { source, sizes, message, outboard, threads, loaded: 0..0, slots, ended: false })
    }

    /// Length of the content.
    pub(crate) fn len(&self) -> u64 {
        self.sizes.content
    }

    /// Reads from `offset` on, into all of `out` or as far as the content goes. Returns how many bytes there are.
    pub(crate) fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, S::Error> {
        let wanted = u64::try_from(out.len()).map_err(|_| Failed)?;
        let end = self.sizes.content.min(offset.saturating_add(wanted));
        let (mut at, mut rest) = (offset, out);
        while at < end {
            let number = at / CHUNK_LEN;
            if !self.loaded.contains(&number) {
                self.load(number, end.div_ceil(CHUNK_LEN).saturating_sub(number))?;
            }
            let chunk = self.chunk(number)?;
            let skipped = usize::try_from(at % CHUNK_LEN).map_err(|_| Failed)?;
            let chunk = chunk.get(skipped..).ok_or(Failed)?;
            let left = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
            let taken = chunk.len().min(left);
            let (to, after) = rest.split_at_mut_checked(taken).ok_or(Failed)?;
            to.copy_from_slice(chunk.get(..taken).ok_or(Failed)?);
            rest = after;
            at = at.saturating_add(u64::try_from(taken).map_err(|_| Failed)?);
        }
        usize::try_from(at.saturating_sub(offset)).map_err(|_| Failed.into())
    }

    /// Gives the whole content in pieces, in order, and checks the end. Only when this returns has all been given.
    pub(crate) fn read_all<E: From<S::Error>>(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut number = 0_u64;
        while number.saturating_mul(CHUNK_LEN) < self.sizes.content {
            if !self.loaded.contains(&number) {
                self.load(number, self.batch())?;
            }
            take(self.chunk(number).map_err(S::Error::from)?)?;
            number = number.saturating_add(1);
        }
        Ok(self.check_end()?)
    }

    /// Checks what stands after the content: that all padding is zero, and that the last chunk is the last.
    pub(crate) fn check_end(&mut self) -> Result<(), S::Error> {
        let mut number = self.sizes.content / CHUNK_LEN;
        while !self.ended && number < self.sizes.chunks() {
            if !self.loaded.contains(&number) {
                self.load(number, self.batch())?;
            }
            number = self.loaded.end;
        }
        self.ended = true;
        Ok(())
    }

    /// Content of a chunk that is loaded, without padding.
    fn chunk(&self, number: u64) -> Result<&[u8], Failed> {
        let index = number.checked_sub(self.loaded.start).and_then(|index| usize::try_from(index).ok());
        let start = index.and_then(|index| index.checked_mul(SEALED_CHUNK)).ok_or(Failed)?;
        let slot = self.slots.get(start..).ok_or(Failed)?;
        let len = content_in(&self.sizes, number);
        slot.get(..len).ok_or(Failed)
    }

    fn batch(&self) -> u64 {
        match u64::try_from(self.threads) {
            Ok(threads) if threads > 1 => threads.saturating_mul(BATCH_EACH),
            _ => BATCH_ALONE,
        }
    }

    /// Reads, opens and checks chunks from `first` on: `wanted` of them, or a batch where they follow on those before.
    fn load(&mut self, first: u64, wanted: u64) -> Result<(), S::Error> {
        let ahead = first > 0 && first == self.loaded.end;
        let count = if ahead { self.batch() } else { wanted.clamp(1, self.batch()) };
        let last = first.saturating_add(count).min(self.sizes.chunks());
        self.loaded = 0..0;
        let loaded = self.load_slots(first..last);
        if loaded.is_ok() {
            self.loaded = first..last;
        } else {
            self.slots.fill(0);
        }
        loaded
    }

    fn load_slots(&mut self, numbers: Range<u64>) -> Result<(), S::Error> {
        let start = numbers.start.saturating_mul(SEALED_CHUNK_LEN).saturating_add(PREFIX_LEN as u64);
        let end = numbers.end.saturating_mul(SEALED_CHUNK_LEN).saturating_add(PREFIX_LEN as u64);
        let end = end.min(self.sizes.stored(BlobPart::Chunks));
        let len = usize::try_from(end.saturating_sub(start)).map_err(|_| Failed)?;
        if self.slots.len() < len {
            // Not grown: that could leave a copy behind.
            self.slots = Zeroizing::new(vec![0; len]);
        }
        let slots = self.slots.get_mut(..len).ok_or(Failed)?;
        self.source.read(BlobPart::Chunks, start, slots)?;
        let mut expected = Vec::with_capacity(len.div_ceil(SEALED_CHUNK));
        for number in numbers.clone() {
            expected.push(self.outboard.expected(number, &self.source)?);
        }
        let (message, tree, sizes) = (&self.message, self.outboard.tree(), &self.sizes);
        let open = |number: u64, slot: &mut [u8]| {
            let index = usize::try_from(number.saturating_sub(numbers.start)).map_err(|_| Failed)?;
            open_slot(message, tree, sizes, number, expected.get(index).ok_or(Failed)?.as_ref(), slot)
        };
        parallel::each_slot(self.threads, slots, numbers.start, open)?;
        Ok(())
    }
}

impl<S> core::fmt::Debug for Opener<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Opener").field("len", &self.sizes.content).finish_non_exhaustive()
    }
}

/// Opens a chunk in its slot, and checks it against the tree: who holds the key can seal another, and not one that fits.
fn open_slot(
    message: &MessageKey,
    tree: &Tree,
    sizes: &Sizes,
    number: u64,
    expected: Option<&Expected>,
    slot: &mut [u8],
) -> Result<(), Failed> {
    let (chunk, tag) = slot.split_last_chunk_mut::<TAG_LEN>().ok_or(Failed)?;
    message.open_chunk(number, chunk, tag)?;
    match expected {
        Some(expected) => tree.check(number, chunk, expected)?,
        // After the groups there is the end alone.
        None if chunk.is_empty() => {}
        None => return Err(Failed),
    }
    let padding = chunk.get(content_in(sizes, number)..).ok_or(Failed)?;
    if is_zero(padding) { Ok(()) } else { Err(Failed) }
}

/// How many bytes of a chunk are content.
pub(super) fn content_in(sizes: &Sizes, number: u64) -> usize {
    let before = number.saturating_mul(CHUNK_LEN);
    usize::try_from(sizes.content.saturating_sub(before)).unwrap_or(CHUNK).min(CHUNK)
}
