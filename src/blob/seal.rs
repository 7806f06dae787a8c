//! Sealing a blob, pushed in pieces of any size.
//!
//! ```text
//!  content ─► slots ─► sealed by a worker, or here where none is idle ─► in order: tree, sink
//! ```

use super::{BlobPart, CHUNK_LEN, Place, Sizes, workers::Workers};
use crate::codec::CardHash;
use crate::crypto::{
    Failed, RandomError, Secret, TAG_LEN,
    chunked::{CHUNK, MessageKey, PREFIX_LEN, SEALED_CHUNK},
    kdf, random, role,
    tree::{Builder, Leaf, Root, Tree},
};
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// How many chunks are sealed at once, by one thread: 256 KiB, which stay in its cache.
const BATCH: usize = 16;
/// Batches that are under way, for each thread and beside: with a worker, waiting for one, or for a batch before them.
const UNDER_WAY: usize = 4;
const SPARE: usize = 8;
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

/// Room for a batch: plaintext of each chunk, and 16 bytes for its tag.
type Slots = Zeroizing<Vec<u8>>;

struct Keys {
    key: Secret<role::BlobKey>,
    message: MessageKey,
    tree: Tree,
}

/// Chunks from number `first` on, in their slots.
struct Batch {
    first: u64,
    chunks: usize,
    slots: Slots,
    /// Of each chunk, when it is sealed.
    leaves: Vec<Leaf>,
}

/// Seals a blob under a key of its own. Nothing of it is worth anything before [`Self::finish`].
pub(crate) struct Sealer {
    place: Place,
    hedge: Hedge,
    threads: usize,
    /// Made when the first chunk is there, on which it depends.
    keys: Option<Arc<Keys>>,
    /// Started after the first batch.
    workers: Option<Workers<Batch, Batch>>,
    slots: Slots,
    /// How many slots hold a whole chunk.
    full: usize,
    /// Bytes in the slot after them: less than a chunk.
    partial: usize,
    /// Chunks in batches so far.
    begun: u64,
    /// Batches that are sealed and wait for one before them, by their first chunk.
    sealed: BTreeMap<u64, Batch>,
    /// Chunks appended so far.
    appended: u64,
    /// Slots of batches that were appended.
    free: Vec<Slots>,
    len: u64,
    builder: Builder,
    outboard: Vec<u8>,
}

impl Sealer {
    /// Seals with so many threads; 1 is the caller's own.
    pub(crate) fn new(place: Place, hedge: Hedge, threads: usize) -> Self {
        Self {
            place,
            hedge,
            threads,
            keys: None,
            workers: None,
            slots: fresh_slots(),
            full: 0,
            partial: 0,
            begun: 0,
            sealed: BTreeMap::new(),
            appended: 0,
            free: Vec::new(),
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
        let start = self.full.saturating_mul(SEALED_CHUNK);
        let partial = start..start.saturating_add(self.partial);
        let mut last = Zeroizing::new(vec![0; self.partial.saturating_add(TAG_LEN)]);
        last.get_mut(..self.partial).ok_or(Failed)?.copy_from_slice(self.slots.get(partial).ok_or(Failed)?);
        if self.full > 0 {
            self.seal_slots(sink)?;
        }
        self.append_sealed(0, sink)?;
        // Their key is not theirs any more.
        self.workers = None;
        let keys = self.keys(last.get(..self.partial).ok_or(Failed)?, sink)?;
        // Without a byte of content in it, the last chunk only says that it is the last.
        let leaf = seal_slot(&keys, self.begun, &mut last)?;
        sink.append(BlobPart::Chunks, &last)?;
        if let Some(leaf) = leaf {
            self.builder.push(&keys.tree, &leaf, &mut self.outboard);
        }
        let root = self.builder.finish(&keys.tree, &mut self.outboard)?;
        append_outboard(sink, &mut self.outboard)?;
        drop(self.keys);
        let Keys { key, .. } = Arc::into_inner(keys).ok_or(Failed)?;
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
            let no_slot_taken = self.full == 0 && self.partial == 0;
            if no_slot_taken
                && !self.workers_want_more()
                && let Some((batch, rest)) = bytes.split_at_checked(BATCH.saturating_mul(CHUNK))
            {
                self.seal_from(batch, sink)?;
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
        if self.full < BATCH { Ok(()) } else { self.seal_slots(sink) }
    }

    /// Has the chunks in the slots sealed, by a worker if one is idle.
    fn seal_slots<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        let mut batch = self.take_slots(self.full)?;
        let keys = self.keys(batch.slots.get(..CHUNK).ok_or(Failed)?, sink)?;
        self.full = 0;
        match &mut self.workers {
            Some(workers) if workers.want_more() => workers.give(batch)?,
            _ => {
                seal_in_place(&keys, &mut batch)?;
                self.sealed.insert(batch.first, batch);
            }
        }
        self.go_on(&keys, sink)
    }

    /// Seals a batch of chunks from where they are.
    fn seal_from<S: Sink>(&mut self, content: &[u8], sink: &mut S) -> Result<(), S::Error> {
        let (chunks, _) = content.as_chunks::<CHUNK>();
        let mut batch = self.take_slots(chunks.len())?;
        let keys = self.keys(content.get(..CHUNK).ok_or(Failed)?, sink)?;
        for ((number, chunk), slot) in (batch.first..).zip(chunks).zip(batch.slots.chunks_mut(SEALED_CHUNK)) {
            let (to, tag) = slot.split_at_mut_checked(CHUNK).ok_or(Failed)?;
            // In this order the hash finds the chunk in the cache.
            tag.copy_from_slice(&keys.message.seal_chunk_into(number, chunk, to)?);
            batch.leaves.push(keys.tree.leaf(number, chunk)?);
        }
        self.sealed.insert(batch.first, batch);
        self.go_on(&keys, sink)
    }

    /// The slots as a batch of so many chunks, and others in their place.
    fn take_slots(&mut self, chunks: usize) -> Result<Batch, Failed> {
        let next = self.free.pop().unwrap_or_else(fresh_slots);
        let slots = core::mem::replace(&mut self.slots, next);
        let batch = Batch { first: self.begun, chunks, slots, leaves: Vec::with_capacity(chunks) };
        self.begun = self.begun.saturating_add(u64::try_from(chunks).map_err(|_| Failed)?);
        Ok(batch)
    }

    /// After a batch: appends what can be, and starts the workers if there is work for them.
    fn go_on<S: Sink>(&mut self, keys: &Arc<Keys>, sink: &mut S) -> Result<(), S::Error> {
        if self.threads > 1 && self.workers.is_none() {
            let keys = Arc::clone(keys);
            let seal = move |mut batch| seal_in_place(&keys, &mut batch).map(|()| batch);
            self.workers = Some(Workers::start(self.threads.saturating_sub(1), seal));
        }
        self.append_sealed(self.threads.saturating_mul(UNDER_WAY).saturating_add(SPARE), sink)
    }

    fn workers_want_more(&self) -> bool {
        self.workers.as_ref().is_some_and(Workers::want_more)
    }

    /// Appends the batches that are sealed, in order, and waits until no more than so many are under way.
    fn append_sealed<S: Sink>(&mut self, under_way: usize, sink: &mut S) -> Result<(), S::Error> {
        loop {
            while let Some(batch) = self.sealed.remove(&self.appended) {
                self.append(batch, sink)?;
            }
            let Some(workers) = &mut self.workers else { return Ok(()) };
            let too_many = workers.at_work().saturating_add(self.sealed.len()) > under_way;
            let Some(batch) = workers.take(too_many)? else { return Ok(()) };
            self.sealed.insert(batch.first, batch);
        }
    }

    fn append<S: Sink>(&mut self, batch: Batch, sink: &mut S) -> Result<(), S::Error> {
        let tree = &self.keys.as_ref().ok_or(Failed)?.tree;
        for leaf in &batch.leaves {
            self.builder.push(tree, leaf, &mut self.outboard);
        }
        let len = batch.chunks.saturating_mul(SEALED_CHUNK);
        sink.append(BlobPart::Chunks, batch.slots.get(..len).ok_or(Failed)?)?;
        append_outboard(sink, &mut self.outboard)?;
        self.appended = self.appended.saturating_add(u64::try_from(batch.chunks).map_err(|_| Failed)?);
        self.free.push(batch.slots);
        Ok(())
    }

    /// The keys; made, and what stands before the chunks written, when the first chunk is there.
    fn keys<S: Sink>(&mut self, first_chunk: &[u8], sink: &mut S) -> Result<Arc<Keys>, S::Error> {
        if let Some(keys) = &self.keys {
            return Ok(Arc::clone(keys));
        }
        let key = fresh_key(&self.place, &self.hedge, first_chunk)?;
        let message = self.place.message(&key, random::array()?)?;
        let mut prefix = Vec::with_capacity(PREFIX_LEN);
        prefix.extend_from_slice(message.salt());
        prefix.extend_from_slice(message.commitment());
        sink.append(BlobPart::Chunks, &prefix)?;
        let tree = self.place.tree(&key);
        Ok(Arc::clone(self.keys.insert(Arc::new(Keys { key, message, tree }))))
    }
}

impl core::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sealer").field("len", &self.len).finish_non_exhaustive()
    }
}

fn fresh_slots() -> Slots {
    Zeroizing::new(vec![0; BATCH.saturating_mul(SEALED_CHUNK)])
}

fn seal_in_place(keys: &Keys, batch: &mut Batch) -> Result<(), Failed> {
    for (number, slot) in (batch.first..).zip(batch.slots.chunks_mut(SEALED_CHUNK)).take(batch.chunks) {
        batch.leaves.extend(seal_slot(keys, number, slot)?);
    }
    Ok(())
}

/// Hashes and seals the chunk in a slot, which is all before the tag. A chunk without plaintext is no group of the tree.
fn seal_slot(keys: &Keys, number: u64, slot: &mut [u8]) -> Result<Option<Leaf>, Failed> {
    let (chunk, tag) = slot.split_last_chunk_mut::<TAG_LEN>().ok_or(Failed)?;
    let leaf = if chunk.is_empty() { None } else { Some(keys.tree.leaf(number, chunk)?) };
    *tag = keys.message.seal_chunk(number, chunk)?;
    Ok(leaf)
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
