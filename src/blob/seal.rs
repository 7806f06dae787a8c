//! Sealing a blob, pushed in pieces of any size.

use super::{BlobPart, CHUNK_LEN, Place, Sizes, parallel};
use crate::codec::CardHash;
use crate::crypto::{
    Failed, RandomError, Secret, TAG_LEN,
    chunked::{CHUNK, MessageKey, PREFIX_LEN, SEALED_CHUNK},
    kdf, random, role,
    tree::{Builder, Leaf, Root, Tree},
};
use zeroize::Zeroizing;

/// How many chunks are sealed at once by one thread: 256 KiB, which stay in its cache.
const BATCH_ALONE: usize = 16;
/// The same for each of several threads, so that starting them costs little.
const BATCH_EACH: usize = 128;
static ZEROS: [u8; CHUNK] = [0; CHUNK];

/// Where a blob is written to. Each part is appended to in order; what was appended is never changed.
pub(crate) trait Sink {
    /// Why a sink takes no more.
    type Error: From<Failed> + From<RandomError>;

    fn append(&mut self, part: BlobPart, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// What a blob's key depends on beside randomness, so that two copies of a machine that draw the same bytes seal with keys
/// that differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hedge {
    pub(crate) device: CardHash,
    /// Nanoseconds since 1970, as well as the clock tells.
    pub(crate) time_ns: i64,
}

/// What a descriptor keeps of a blob.
pub(crate) struct Sealed {
    pub(crate) key: Secret<role::BlobKey>,
    pub(crate) root: Root,
    /// Length of the content, without padding.
    pub(crate) len: u64,
}

struct Keys {
    key: Secret<role::BlobKey>,
    message: MessageKey,
    tree: Tree,
}

/// Seals a blob under a key of its own. Nothing of it is worth anything before [`Self::finish`].
pub(crate) struct Sealer {
    place: Place,
    hedge: Hedge,
    threads: usize,
    /// Made when the first chunk is there, on which it depends.
    keys: Option<Keys>,
    /// Chunks that are sealed at once, after the first few.
    batch: usize,
    /// Room for a batch: plaintext of each chunk, and 16 bytes for its tag.
    slots: Zeroizing<Vec<u8>>,
    /// How many slots hold a whole chunk.
    full: usize,
    /// Bytes in the slot after them: less than a chunk.
    partial: usize,
    /// Chunks sealed so far.
    sealed: u64,
    len: u64,
    builder: Builder,
    outboard: Vec<u8>,
}

impl Sealer {
    /// Seals with so many threads; 1 is the caller's own.
    pub(crate) fn new(place: Place, hedge: Hedge, threads: usize) -> Self {
        let batch = if threads > 1 { threads.saturating_mul(BATCH_EACH) } else { BATCH_ALONE };
        Self {
            place,
            hedge,
            threads,
            keys: None,
            batch,
            // A small file needs no more.
            slots: Zeroizing::new(vec![0; BATCH_ALONE.saturating_mul(SEALED_CHUNK)]),
            full: 0,
            partial: 0,
            sealed: 0,
            len: 0,
            builder: Builder::default(),
            outboard: Vec::new(),
        }
    }

    /// Length of the content so far.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Takes the next bytes of the content.
    pub(crate) fn update<S: Sink>(&mut self, content: &[u8], sink: &mut S) -> Result<(), S::Error> {
        self.count(content.len())?;
        self.push(content, sink)
    }

    /// Where the next bytes of the content may be read into: up to the end of a chunk, never empty. [`Self::advance`] takes
    /// them.
    pub(crate) fn room(&mut self) -> Result<&mut [u8], Failed> {
        let start = self.full.saturating_mul(SEALED_CHUNK);
        let slot = self.slots.get_mut(start..).and_then(|slots| slots.get_mut(self.partial..CHUNK));
        slot.ok_or(Failed)
    }

    /// Takes bytes that were read into [`Self::room`].
    pub(crate) fn advance<S: Sink>(&mut self, read: usize, sink: &mut S) -> Result<(), S::Error> {
        self.count(read)?;
        self.fill(read, sink)
    }

    /// Pads, and seals what is left.
    pub(crate) fn finish<S: Sink>(mut self, sink: &mut S) -> Result<Sealed, S::Error> {
        let sizes = Sizes::of(self.len).ok_or(Failed)?;
        let mut padding = sizes.padded.saturating_sub(self.len);
        while padding > 0 {
            let zeros = usize::try_from(padding.min(CHUNK_LEN)).map_err(|_| Failed)?;
            self.push(ZEROS.get(..zeros).ok_or(Failed)?, sink)?;
            padding = padding.saturating_sub(padding.min(CHUNK_LEN));
        }
        self.seal_batch(&[], sink)?;
        let last = self.slots.get_mut(..self.partial.saturating_add(TAG_LEN)).ok_or(Failed)?;
        let keys = keys(&mut self.keys, &self.place, &self.hedge, last.get(..self.partial).ok_or(Failed)?, sink)?;
        // Without a byte of content in it, the last chunk only says that it is the last.
        let leaf = seal_slot(keys, self.sealed, self.partial, last)?;
        sink.append(BlobPart::Chunks, last)?;
        if let Some(leaf) = leaf {
            self.builder.push(&keys.tree, &leaf, &mut self.outboard);
        }
        let root = self.builder.finish(&keys.tree, &mut self.outboard)?;
        append_outboard(sink, &mut self.outboard)?;
        let Keys { key, .. } = self.keys.take().ok_or(Failed)?;
        Ok(Sealed { key, root, len: self.len })
    }

    fn count(&mut self, bytes: usize) -> Result<(), Failed> {
        let len = u64::try_from(bytes).ok().and_then(|bytes| self.len.checked_add(bytes)).ok_or(Failed)?;
        Sizes::of(len).ok_or(Failed)?;
        self.len = len;
        Ok(())
    }

    fn push<S: Sink>(&mut self, mut bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
        while !bytes.is_empty() {
            // Whole batches are taken from where they are, each chunk copied by the thread that seals it.
            let free = self.slots.len() / SEALED_CHUNK;
            let missing = free.saturating_sub(self.full).saturating_mul(CHUNK);
            if self.partial == 0
                && let Some((batch, rest)) = bytes.split_at_checked(missing)
            {
                self.seal_batch(batch, sink)?;
                bytes = rest;
                continue;
            }
            let room = self.room()?;
            let taken = room.len().min(bytes.len());
            let (now, rest) = bytes.split_at_checked(taken).ok_or(Failed)?;
            room.get_mut(..taken).ok_or(Failed)?.copy_from_slice(now);
            self.fill(taken, sink)?;
            bytes = rest;
        }
        Ok(())
    }

    /// Counts bytes that are in their slot.
    fn fill<S: Sink>(&mut self, bytes: usize, sink: &mut S) -> Result<(), S::Error> {
        self.partial = self.partial.saturating_add(bytes);
        if self.partial < CHUNK {
            return Ok(());
        }
        (self.partial, self.full) = (0, self.full.saturating_add(1));
        if self.full < self.slots.len() / SEALED_CHUNK { Ok(()) } else { self.seal_batch(&[], sink) }
    }

    /// Seals the chunks in the slots, and after them those of `more`. What is in the slot after the full ones goes to the front.
    fn seal_batch<S: Sink>(&mut self, more: &[u8], sink: &mut S) -> Result<(), S::Error> {
        let held = self.full;
        let chunks = held.saturating_add(more.len() / CHUNK);
        let Some(end) = chunks.checked_mul(SEALED_CHUNK).filter(|end| *end > 0) else { return Ok(()) };
        let first_chunk = if held > 0 { self.slots.get(..CHUNK) } else { more.get(..CHUNK) };
        let keys = keys(&mut self.keys, &self.place, &self.hedge, first_chunk.ok_or(Failed)?, sink)?;
        let first = self.sealed;
        let (more, _) = more.as_chunks::<CHUNK>();
        let seal = |number: u64, slot: &mut [u8]| {
            let index = usize::try_from(number.saturating_sub(first)).map_err(|_| Failed)?;
            if let Some(chunk) = index.checked_sub(held).and_then(|index| more.get(index)) {
                slot.first_chunk_mut::<CHUNK>().ok_or(Failed)?.copy_from_slice(chunk);
            }
            seal_slot(keys, number, CHUNK, slot)
        };
        let batch = self.slots.get_mut(..end).ok_or(Failed)?;
        for leaf in parallel::each_slot(self.threads, batch, first, seal)?.iter().flatten() {
            self.builder.push(&keys.tree, leaf, &mut self.outboard);
        }
        sink.append(BlobPart::Chunks, batch)?;
        append_outboard(sink, &mut self.outboard)?;
        self.sealed = first.saturating_add(u64::try_from(chunks).map_err(|_| Failed)?);
        self.full = 0;
        let partial = end..end.saturating_add(self.partial);
        let room = self.batch.saturating_mul(SEALED_CHUNK);
        if self.slots.len() < room {
            let mut slots = Zeroizing::new(vec![0; room]);
            let to = slots.get_mut(..self.partial).ok_or(Failed)?;
            to.copy_from_slice(self.slots.get(partial).ok_or(Failed)?);
            self.slots = slots;
        } else {
            self.slots.copy_within(partial, 0);
        }
        Ok(())
    }
}

impl core::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sealer").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Hashes and seals the chunk in a slot, while it is in the cache. A chunk without plaintext is no group of the tree.
fn seal_slot(keys: &Keys, number: u64, len: usize, slot: &mut [u8]) -> Result<Option<Leaf>, Failed> {
    let (chunk, tag) = slot.split_at_mut_checked(len).ok_or(Failed)?;
    let leaf = if chunk.is_empty() { None } else { Some(keys.tree.leaf(number, chunk)?) };
    tag.first_chunk_mut::<TAG_LEN>().ok_or(Failed)?.copy_from_slice(&keys.message.seal_chunk(number, chunk)?);
    Ok(leaf)
}

/// The keys; made, and what stands before the chunks written, when the first chunk is there.
fn keys<'k, S: Sink>(
    keys: &'k mut Option<Keys>,
    place: &Place,
    hedge: &Hedge,
    first_chunk: &[u8],
    sink: &mut S,
) -> Result<&'k Keys, S::Error> {
    if keys.is_none() {
        let key = fresh_key(place, hedge, first_chunk)?;
        let message = place.message(&key, random::array()?)?;
        let mut prefix = Vec::with_capacity(PREFIX_LEN);
        prefix.extend_from_slice(message.salt());
        prefix.extend_from_slice(message.commitment());
        sink.append(BlobPart::Chunks, &prefix)?;
        let tree = place.tree(&key);
        *keys = Some(Keys { key, message, tree });
    }
    keys.as_ref().ok_or_else(|| Failed.into())
}

fn fresh_key(place: &Place, hedge: &Hedge, first_chunk: &[u8]) -> Result<Secret<role::BlobKey>, RandomError> {
    let seed = Secret::<role::BlobKeySeed>::generate()?;
    let ctx: [&[u8]; 6] = [
        place.chart.as_bytes(),
        place.blob.as_bytes(),
        hedge.device.as_bytes(),
        &hedge.time_ns.to_be_bytes(),
        &random::of_process()?,
        &kdf::hash("first-chunk", &[first_chunk]),
    ];
    Ok(kdf::derive(&seed, &ctx))
}

fn append_outboard<S: Sink>(sink: &mut S, outboard: &mut Vec<u8>) -> Result<(), S::Error> {
    if !outboard.is_empty() {
        sink.append(BlobPart::Outboard, outboard)?;
        outboard.clear();
    }
    Ok(())
}
