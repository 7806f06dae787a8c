//! Blobs: the content of files, of any size, as a stream and at random places.
//!
//! ```text
//!  content ─ pad ─┬─ encrypt in chunks of 16 KiB ──► chunks     (salt, commitment, chunks: C2SP chunked-encryption)
//!                 └─ hash in groups of 16 KiB ─────► outboard   (parents of the keyed BLAKE3 tree)
//!                                            └─────► root, which the signed descriptor holds
//! ```
//!
//! The chunks alone keep out whoever has no key. The root keeps out whoever has it: a reader, who owns the store as well,
//! can seal other chunks and cannot make them fit. Every read checks both before it releases a byte.
//!
//! Nothing here does I/O: a [`Sealer`] writes to a [`Sink`], an [`Opener`] reads from a [`Source`].

mod chunks;
mod open;
mod outboard;
mod parallel;
mod receive;
mod seal;
#[cfg(test)]
mod tests;
mod workers;

pub(crate) use open::{Opener, Source};
pub(crate) use receive::Receiver;
pub(crate) use seal::{Hedge, Sealed, Sealer, Sink};

use crate::codec::{BlobId, ChartId, padding};
use crate::crypto::{
    Failed, Secret, Suite, TAG_LEN,
    chunked::{CHUNK, MAX_CHUNKS, MessageKey, PREFIX_LEN, SALT_LEN, SEALED_CHUNK},
    kdf, role,
    tree::{PARENT_LEN, Tree},
};

const CHUNK_LEN: u64 = CHUNK as u64;
const SEALED_CHUNK_LEN: u64 = SEALED_CHUNK as u64;

/// What is kept of a blob, in two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlobPart {
    /// The sealed chunks.
    Chunks,
    /// The parents of the tree over the content. Empty for a blob of one chunk.
    Outboard,
}

/// Which blob: what its keys are bound to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) suite: Suite,
    pub(crate) chart: ChartId,
    pub(crate) blob: BlobId,
}

impl Place {
    /// The key of the chunks.
    fn message(&self, key: &Secret<role::BlobKey>, salt: [u8; SALT_LEN]) -> Result<MessageKey, Failed> {
        let label = kdf::label("blob");
        MessageKey::derive(self.suite, key, salt, &[&label, self.chart.as_bytes(), self.blob.as_bytes()])
    }

    /// The key of the tree.
    fn tree(&self, key: &Secret<role::BlobKey>) -> Tree {
        Tree::new(kdf::derive(key, &[self.chart.as_bytes(), self.blob.as_bytes()]))
    }
}

/// Length of the chunks of a blob with so many bytes of content.
pub(crate) fn chunks_len(content: u64) -> Option<u64> {
    Sizes::of(content).map(|sizes| sizes.stored(BlobPart::Chunks))
}

/// Lengths of a blob, in bytes: all follow from that of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sizes {
    content: u64,
    padded: u64,
}

impl Sizes {
    /// None where it has more chunks than there are numbers.
    fn of(content: u64) -> Option<Self> {
        let padded = padding::padded_file_len(content)?;
        (padded / CHUNK_LEN < MAX_CHUNKS.saturating_sub(1)).then_some(Self { content, padded })
    }

    /// How many chunks there are: the last is always shorter than a full one, and may be empty.
    fn chunks(&self) -> u64 {
        (self.padded / CHUNK_LEN).saturating_add(1)
    }

    /// How many groups the tree has. There is one at least: padding leaves no content empty.
    fn groups(&self) -> u64 {
        self.padded.div_ceil(CHUNK_LEN)
    }

    /// Length of a part.
    fn stored(&self, part: BlobPart) -> u64 {
        match part {
            BlobPart::Chunks => {
                let tags = self.chunks().saturating_mul(TAG_LEN as u64);
                self.padded.saturating_add(tags).saturating_add(PREFIX_LEN as u64)
            }
            BlobPart::Outboard => self.groups().saturating_sub(1).saturating_mul(PARENT_LEN as u64),
        }
    }
}
