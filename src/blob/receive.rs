//! Taking in a blob that somebody else sealed, by its chunks alone.
//!
//! ```text
//!  chunks ─ open ─ hash ─┬─► chunks, as they came
//!                        ├─► outboard, which follows from them
//!                        └─► root: at the end, is it the author's?
//! ```
//!
//! A chunk that does not open is not taken: whoever carries a blob without its key alters nothing. Who has the key can seal
//! other chunks; the root shows it, at the end, and nothing is a blob before that.

use super::chunks::content_in;
use super::{BlobPart, Place, Sealed, Sink, Sizes, Source, parallel};
use crate::codec::padding::is_zero;
use crate::crypto::{
    Failed, Secret, TAG_LEN,
    chunked::{MessageKey, PREFIX_LEN, SALT_LEN, SEALED_CHUNK},
    role,
    tree::{Builder, Leaf, Root, Tree},
};
use zeroize::Zeroizing;

/// How many chunks are opened at once by one thread.
const BATCH_ALONE: u64 = 16;
/// The same for each of several threads. No more, since what is wrong takes all that came with it along.
const BATCH_EACH: u64 = 32;

/// A blob that is being taken in.
pub(crate) struct Receiver {
    place: Place,
    key: Secret<role::BlobKey>,
    root: Root,
    sizes: Sizes,
    threads: usize,
    /// Known once the prefix is there.
    message: Option<MessageKey>,
    tree: Tree,
    builder: Builder,
    /// Chunks that were taken.
    chunks: u64,
    /// What came, and is not checked yet: less than a batch.
    waiting: Vec<u8>,
    /// Where a batch is opened.
    slots: Zeroizing<Vec<u8>>,
}

impl Receiver {
    /// Expects the blob of a descriptor.
    pub(crate) fn new(place: Place, sealed: Sealed, threads: usize) -> Result<Self, Failed> {
        let Sealed { key, root, len } = sealed;
        let sizes = Sizes::of(len).ok_or(Failed)?;
        let (tree, builder) = (place.tree(&key), Builder::default());
        let (waiting, slots) = (Vec::new(), Zeroizing::new(Vec::new()));
        Ok(Self { place, key, root, sizes, threads, message: None, tree, builder, chunks: 0, waiting, slots })
    }

    /// How many bytes there are in all.
    pub(crate) fn total(&self) -> u64 {
        self.sizes.stored(BlobPart::Chunks)
    }

    /// How many bytes were checked and taken.
    pub(crate) fn taken(&self) -> u64 {
        match self.message {
            Some(_) => start_of(self.chunks).min(self.total()),
            None => 0,
        }
    }

    /// How many bytes came: with those that wait.
    pub(crate) fn offset(&self) -> u64 {
        self.taken().saturating_add(u64::try_from(self.waiting.len()).unwrap_or(u64::MAX))
    }

    /// Takes the next bytes. Where it fails with [`Failed`], what waits is forgotten, and others may come in its place.
    pub(crate) fn update<S: Sink>(&mut self, mut bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
        while !bytes.is_empty() {
            let wanted = self.next_len()?;
            let missing = wanted.checked_sub(self.waiting.len()).filter(|missing| *missing > 0).ok_or(Failed)?;
            let (now, rest) = bytes.split_at_checked(missing.min(bytes.len())).ok_or(Failed)?;
            self.waiting.extend_from_slice(now);
            bytes = rest;
            if self.waiting.len() == wanted {
                self.take(wanted, sink)?;
            }
        }
        Ok(())
    }

    /// Takes the whole chunks among what waits, and forgets the rest.
    pub(crate) fn settle<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        let whole = whole_chunks(self.waiting.len());
        if self.message.is_some() && whole > 0 {
            self.waiting.truncate(whole);
            self.take(whole, sink)?;
        }
        self.waiting.clear();
        Ok(())
    }

    /// Takes again what was kept of it, as far as that is right. Its parents go to the sink, its chunks stay where they are.
    pub(crate) fn take_kept<S: Sink>(
        &mut self,
        kept: &impl Source<Error = S::Error>,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let len = kept.len(BlobPart::Chunks)?;
        loop {
            let wanted = match (self.next_len()?, usize::try_from(len.saturating_sub(self.taken()))) {
                (wanted, Ok(left)) if left < wanted && self.message.is_none() => 0,
                (wanted, Ok(left)) if left < wanted => whole_chunks(left),
                (wanted, _) => wanted,
            };
            if wanted == 0 {
                return Ok(());
            }
            self.waiting.resize(wanted, 0);
            kept.read(BlobPart::Chunks, self.taken(), &mut self.waiting)?;
            let waiting = core::mem::take(&mut self.waiting);
            let Ok(outboard) = self.check(&waiting) else { return Ok(()) };
            append(sink, BlobPart::Outboard, &outboard)?;
        }
    }

    /// Whether these were all, and those of the author. The sink then holds the whole blob.
    pub(crate) fn finish<S: Sink>(mut self, sink: &mut S) -> Result<(), S::Error> {
        if self.taken() != self.total() || !self.waiting.is_empty() {
            return Err(Failed.into());
        }
        let mut outboard = Vec::new();
        let root = core::mem::take(&mut self.builder).finish(&self.tree, &mut outboard)?;
        if root.as_bytes() != self.root.as_bytes() {
            return Err(Failed.into());
        }
        append(sink, BlobPart::Outboard, &outboard)
    }

    /// Length of what is checked at once; 0 where all was.
    fn next_len(&self) -> Result<usize, Failed> {
        if self.message.is_none() {
            return Ok(PREFIX_LEN);
        }
        let batch = match u64::try_from(self.threads) {
            Ok(threads) if threads > 1 => threads.saturating_mul(BATCH_EACH),
            _ => BATCH_ALONE,
        };
        let end = start_of(self.chunks.saturating_add(batch)).min(self.total());
        usize::try_from(end.saturating_sub(self.taken())).map_err(|_| Failed)
    }

    /// Checks what waits, and gives it on.
    fn take<S: Sink>(&mut self, len: usize, sink: &mut S) -> Result<(), S::Error> {
        let mut waiting = core::mem::take(&mut self.waiting);
        let outboard = self.check(waiting.get(..len).ok_or(Failed)?)?;
        append(sink, BlobPart::Chunks, &waiting)?;
        append(sink, BlobPart::Outboard, &outboard)?;
        waiting.clear();
        self.waiting = waiting;
        Ok(())
    }

    /// Checks the prefix, or chunks that follow. Returns the parents that are complete with them.
    fn check(&mut self, sealed: &[u8]) -> Result<Vec<u8>, Failed> {
        let Some(message) = &self.message else {
            let (salt, commitment) = sealed.split_first_chunk::<SALT_LEN>().ok_or(Failed)?;
            let message = self.place.message(&self.key, *salt)?;
            message.require(commitment.try_into().map_err(|_| Failed)?)?;
            self.message = Some(message);
            return Ok(Vec::new());
        };
        if self.slots.len() < sealed.len() {
            self.slots = Zeroizing::new(vec![0; sealed.len()]);
        }
        let slots = self.slots.get_mut(..sealed.len()).ok_or(Failed)?;
        slots.copy_from_slice(sealed);
        let chunks = (self.chunks..).zip(slots.chunks_mut(SEALED_CHUNK));
        let mut chunks: Vec<_> = chunks.map(|(number, slot)| Chunk { number, slot, leaf: None }).collect();
        parallel::each(self.threads, &mut chunks, |chunk| open(message, &self.tree, &self.sizes, chunk))?;
        let mut outboard = Vec::new();
        for leaf in chunks.iter().filter_map(|chunk| chunk.leaf.as_ref()) {
            self.builder.push(&self.tree, leaf, &mut outboard);
        }
        self.chunks = self.chunks.saturating_add(u64::try_from(chunks.len()).map_err(|_| Failed)?);
        Ok(outboard)
    }
}

impl core::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Receiver").field("len", &self.sizes.content).finish_non_exhaustive()
    }
}

/// A chunk as it came, and its leaf once it is checked.
struct Chunk<'s> {
    number: u64,
    slot: &'s mut [u8],
    leaf: Option<Leaf>,
}

/// Opens a chunk in its slot, and hashes it. One without plaintext is no group of the tree.
fn open(message: &MessageKey, tree: &Tree, sizes: &Sizes, chunk: &mut Chunk<'_>) -> Result<(), Failed> {
    let Chunk { number, slot, leaf } = chunk;
    let number = *number;
    let (chunk, tag) = slot.split_last_chunk_mut::<TAG_LEN>().ok_or(Failed)?;
    message.open_chunk(number, chunk, tag)?;
    if !is_zero(chunk.get(content_in(sizes, number)..).ok_or(Failed)?) {
        return Err(Failed);
    }
    if !chunk.is_empty() {
        *leaf = Some(tree.leaf(number, chunk)?);
    }
    Ok(())
}

/// How many of these bytes are whole chunks.
fn whole_chunks(len: usize) -> usize {
    (len / SEALED_CHUNK).saturating_mul(SEALED_CHUNK)
}

/// Where a chunk begins.
fn start_of(chunk: u64) -> u64 {
    chunk.saturating_mul(super::SEALED_CHUNK_LEN).saturating_add(PREFIX_LEN as u64)
}

fn append<S: Sink>(sink: &mut S, part: BlobPart, bytes: &[u8]) -> Result<(), S::Error> {
    if bytes.is_empty() { Ok(()) } else { sink.append(part, bytes) }
}
