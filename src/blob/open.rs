//! Opening a blob, as a stream or at any place.

use super::{
    BlobPart, CHUNK_LEN, Place, Sealed, Sizes,
    chunks::{Chunks, padded_in},
};
use crate::crypto::{Failed, chunked::CHUNK};
use core::ops::Range;
use zeroize::Zeroizing;

/// How many chunks are opened at once by one thread.
const BATCH_ALONE: u64 = 16;
/// The same for each of several threads.
const BATCH_EACH: u64 = 128;
/// And for all of them: 8 MiB, as they are stored and as they are opened.
const BATCH_MOST: u64 = 512;
/// How many bytes of a stream are given at once: 256 KiB.
const PIECE: usize = 16 * CHUNK;

/// Where a blob is read from.
pub(crate) trait Source {
    /// Why it is not read.
    type Error: From<Failed>;

    /// Length of a part.
    fn len(&self, part: BlobPart) -> Result<u64, Self::Error>;

    /// Fills `out` with the bytes of a part from `offset` on.
    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), Self::Error>;

    /// The bytes of a part where they are, if they are in memory: what [`Self::read`] would copy.
    fn lend(&self, part: BlobPart, offset: u64, len: usize) -> Option<&[u8]>;
}

/// A blob that is being read.
pub(crate) struct Opener<S> {
    chunks: Chunks<S>,
    /// Chunks that are kept open.
    loaded: Range<u64>,
    /// Their plaintext, one after the other.
    plain: Zeroizing<Vec<u8>>,
    /// The chunk after those that were opened last.
    next: u64,
    /// Whether everything after the content was checked.
    ended: bool,
}

impl<S: Source> Opener<S> {
    /// Opens the blob of a descriptor, with so many threads. What is stored must have the length that follows from it.
    pub(crate) fn new(place: &Place, sealed: &Sealed, source: S, threads: usize) -> Result<Self, S::Error> {
        let chunks = Chunks::new(place, sealed, source, threads)?;
        Ok(Self { chunks, loaded: 0..0, plain: Zeroizing::new(Vec::new()), next: 0, ended: false })
    }

    fn sizes(&self) -> &Sizes {
        self.chunks.sizes()
    }

    /// Length of the content.
    pub(crate) fn len(&self) -> u64 {
        self.sizes().content
    }

    /// Reads from `offset` on, into all of `out` or as far as the content goes. Returns how many bytes there are. On failure
    /// `out` holds nothing that was not checked.
    pub(crate) fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, S::Error> {
        let wanted = u64::try_from(out.len()).map_err(|_| Failed)?;
        let len = usize::try_from(self.len().saturating_sub(offset).min(wanted)).map_err(|_| Failed)?;
        let (mut at, mut rest) = (offset, out.get_mut(..len).ok_or(Failed)?);
        while !rest.is_empty() {
            let number = at / CHUNK_LEN;
            let taken = match self.loaded_from(at)? {
                Some(loaded) => {
                    let taken = loaded.len().min(rest.len());
                    let (to, from) = (rest.get_mut(..taken).ok_or(Failed)?, loaded.get(..taken).ok_or(Failed)?);
                    to.copy_from_slice(from);
                    taken
                }
                None if self.follows(number, rest.len()) => {
                    self.load(number..number.saturating_add(self.batch()))?;
                    0
                }
                None if within_one(at, rest.len()) => {
                    self.load(number..number.saturating_add(1))?;
                    0
                }
                None => self.open_into(at, rest)?,
            };
            (_, rest) = rest.split_at_mut_checked(taken).ok_or(Failed)?;
            at = at.saturating_add(u64::try_from(taken).map_err(|_| Failed)?);
        }
        Ok(len)
    }

    /// Gives the whole content in pieces, in order, and checks the end. Only when this returns has all been given.
    pub(crate) fn read_all<E: From<S::Error>>(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut at = 0_u64;
        while at < self.len() {
            let number = at / CHUNK_LEN;
            if self.chunks.threads() <= 1 {
                let numbers = number..number.saturating_add(BATCH_ALONE).min(self.len().div_ceil(CHUNK_LEN));
                at = numbers.end.saturating_mul(CHUNK_LEN);
                self.loaded = 0..0;
                self.chunks.stream(numbers, room(&mut self.plain, CHUNK).map_err(S::Error::from)?, &mut take)?;
                continue;
            }
            if !self.loaded.contains(&number) {
                self.load(number..number.saturating_add(self.batch()))?;
            }
            let loaded = self.loaded_from(at).map_err(S::Error::from)?.unwrap_or_default();
            for piece in loaded.chunks(PIECE) {
                take(piece)?;
            }
            at = self.loaded.end.saturating_mul(CHUNK_LEN);
        }
        Ok(self.check_end()?)
    }

    /// Checks what stands after the content: that all padding is zero, and that the last chunk is the last.
    pub(crate) fn check_end(&mut self) -> Result<(), S::Error> {
        let mut number = self.sizes().content / CHUNK_LEN;
        while !self.ended && number < self.sizes().chunks() {
            if !self.loaded.contains(&number) {
                self.load(number..number.saturating_add(self.batch()))?;
            }
            number = self.loaded.end;
        }
        self.ended = true;
        Ok(())
    }

    /// The content from a place on, as far as it is loaded; none where it is not.
    fn loaded_from(&self, at: u64) -> Result<Option<&[u8]>, Failed> {
        if !self.loaded.contains(&(at / CHUNK_LEN)) {
            return Ok(None);
        }
        let start = self.loaded.start.saturating_mul(CHUNK_LEN);
        let place = |at: u64| usize::try_from(at.saturating_sub(start)).map_err(|_| Failed);
        let end = self.loaded.end.saturating_mul(CHUNK_LEN).min(self.len());
        self.plain.get(place(at)?..place(end)?).map(Some).ok_or(Failed)
    }

    fn batch(&self) -> u64 {
        match u64::try_from(self.chunks.threads()) {
            Ok(threads) if threads > 1 => threads.saturating_mul(BATCH_EACH).min(BATCH_MOST),
            _ => BATCH_ALONE,
        }
    }

    /// Whether a read of some bytes goes on where the last one ended, so that more of the same is to be expected.
    fn follows(&self, number: u64, wanted: usize) -> bool {
        number > 0 && number == self.next && wanted < PIECE
    }

    /// Opens chunks and keeps them.
    fn load(&mut self, numbers: Range<u64>) -> Result<(), S::Error> {
        let numbers = numbers.start..numbers.end.min(self.sizes().chunks());
        let lens: Vec<usize> = numbers.clone().map(|number| padded_in(self.sizes(), number)).collect();
        let len = lens.iter().fold(0_usize, |all, len| all.saturating_add(*len));
        self.loaded = 0..0;
        let mut rest = room(&mut self.plain, len)?;
        let mut targets = Vec::with_capacity(lens.len());
        for len in lens {
            let (target, after) = rest.split_at_mut_checked(len).ok_or(Failed)?;
            targets.push(target);
            rest = after;
        }
        self.chunks.open(numbers.start, &mut targets)?;
        (self.next, self.loaded) = (numbers.end, numbers);
        Ok(())
    }

    /// Opens the chunks of a range that is not within one, up to a batch: right into it, or beside it those at its ends that it
    /// has in part. Keeps the last of these. Returns how many bytes of the range there are then.
    fn open_into(&mut self, at: u64, out: &mut [u8]) -> Result<usize, S::Error> {
        let first = at / CHUNK_LEN;
        let limit = first.saturating_add(self.batch()).saturating_mul(CHUNK_LEN);
        let end = at.saturating_add(u64::try_from(out.len()).map_err(|_| Failed)?).min(limit);
        let tail = end / CHUNK_LEN;
        let (whole, sizes) = (at.div_ceil(CHUNK_LEN).saturating_mul(CHUNK_LEN), *self.sizes());
        let len = |from: u64, to: u64| usize::try_from(to.saturating_sub(from)).map_err(|_| Failed);
        let (head_len, body_len) = (len(at, whole)?, len(whole, tail.saturating_mul(CHUNK_LEN))?);
        let tail_len = len(tail.saturating_mul(CHUNK_LEN), end)?;
        let (head_out, out) = out.split_at_mut_checked(head_len).ok_or(Failed)?;
        let (body, out) = out.split_at_mut_checked(body_len).ok_or(Failed)?;
        let tail_out = out.get_mut(..tail_len).ok_or(Failed)?;
        self.loaded = 0..0;
        let (tail_chunk, head_chunk) = room(&mut self.plain, 2 * CHUNK)?.split_at_mut_checked(CHUNK).ok_or(Failed)?;
        let tail_chunk = tail_chunk.get_mut(..padded_in(&sizes, tail)).ok_or(Failed)?;
        let mut targets = Vec::new();
        if head_len > 0 {
            targets.push(&mut *head_chunk);
        }
        targets.extend(body.chunks_mut(CHUNK));
        if tail_len > 0 {
            targets.push(&mut *tail_chunk);
        }
        self.chunks.open(first, &mut targets)?;
        head_out.copy_from_slice(head_chunk.get(CHUNK.saturating_sub(head_len)..).ok_or(Failed)?);
        tail_out.copy_from_slice(tail_chunk.get(..tail_len).ok_or(Failed)?);
        self.next = tail;
        if tail_len > 0 {
            (self.next, self.loaded) = (tail.saturating_add(1), tail..tail.saturating_add(1));
        }
        Ok(head_len.saturating_add(body_len).saturating_add(tail_len))
    }
}

/// Whether a range has bytes of one chunk alone.
fn within_one(at: u64, len: usize) -> bool {
    u64::try_from(len).is_ok_and(|len| (at % CHUNK_LEN).saturating_add(len) <= CHUNK_LEN)
}

/// So many bytes of a buffer. It is not grown where it is: that could leave a copy behind.
fn room(buffer: &mut Zeroizing<Vec<u8>>, len: usize) -> Result<&mut [u8], Failed> {
    if buffer.len() < len {
        *buffer = Zeroizing::new(vec![0; len]);
    }
    buffer.get_mut(..len).ok_or(Failed)
}

impl<S> core::fmt::Debug for Opener<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Opener").field("len", &self.chunks.sizes().content).finish_non_exhaustive()
    }
}
