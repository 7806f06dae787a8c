//! A blob with its descriptor, in memory, to be changed by whoever tests their readers.

use crate::blob::{BlobPart, Hedge, Opener, Place, Sealed, Sealer, Sink, Source};
use crate::codec::{BlobId, CardHash, ChartId};
use crate::crypto::{Failed, RandomError, Suite};
use crate::vault::{blob_of, descriptor_of};

const CHART: ChartId = ChartId::from_bytes([3; 32]);
const HEDGE: Hedge = Hedge { device: CardHash::from_bytes([5; 32]), time_ns: 1_750_000_000_000_000_000 };

/// A blob, and the descriptor that its author signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    suite: Suite,
    /// The descriptor, as in the entry of a file.
    pub descriptor: Vec<u8>,
    /// The sealed chunks, with what stands before them.
    pub chunks: Vec<u8>,
    /// The parents of the tree.
    pub outboard: Vec<u8>,
}

impl Blob {
    /// Seals a content in a chart of 32 bytes 3, by a device whose card has the hash of 32 bytes 5, at 1,750,000,000 s. The id
    /// of the blob is 16 times `number`.
    pub fn seal(suite: Suite, number: u8, content: &[u8]) -> Option<Self> {
        let mut blob = Self { suite, descriptor: Vec::new(), chunks: Vec::new(), outboard: Vec::new() };
        let id = BlobId::from_bytes([number; 16]);
        let mut writer = Sealer::new(Place { suite, chart: CHART, blob: id }, HEDGE, 1);
        writer.update(content, &mut blob).ok()?;
        let sealed = writer.finish(&mut blob).ok()?;
        blob.descriptor = descriptor_of(id, sealed);
        Some(blob)
    }

    /// The whole content, if all of it opens and its end is authentic.
    pub fn open(&self) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        let mut take = |piece: &[u8]| {
            content.extend_from_slice(piece);
            Ok::<_, Fault>(())
        };
        self.opener()?.read_all(&mut take).ok()?;
        Some(content)
    }

    /// So many bytes of the content from `offset` on, or as many as there are.
    pub fn read_at(&self, offset: u64, len: usize) -> Option<Vec<u8>> {
        let mut out = vec![0; len];
        let read = self.opener()?.read_at(offset, &mut out).ok()?;
        out.truncate(read);
        Some(out)
    }

    pub(super) fn described(&self) -> Option<(Place, Sealed)> {
        let (blob, sealed) = blob_of(&self.descriptor)?;
        Some((Place { suite: self.suite, chart: CHART, blob }, sealed))
    }

    /// What the key of the blob depends on beside randomness and its first chunk, in the order of the derivation.
    pub(super) fn hedge() -> ([u8; 32], [u8; 8]) {
        (*HEDGE.device.as_bytes(), HEDGE.time_ns.to_be_bytes())
    }

    fn opener(&self) -> Option<Opener<&Self>> {
        let (place, sealed) = self.described()?;
        Opener::new(&place, &sealed, self, 1).ok()
    }

    fn part(&self, part: BlobPart) -> &[u8] {
        match part {
            BlobPart::Chunks => &self.chunks,
            BlobPart::Outboard => &self.outboard,
        }
    }
}

/// Whatever fails.
pub(crate) struct Fault;

impl From<Failed> for Fault {
    fn from(_: Failed) -> Self {
        Self
    }
}

impl From<RandomError> for Fault {
    fn from(_: RandomError) -> Self {
        Self
    }
}

impl Sink for Blob {
    type Error = Fault;

    fn append(&mut self, part: BlobPart, bytes: &[u8]) -> Result<(), Fault> {
        match part {
            BlobPart::Chunks => self.chunks.extend_from_slice(bytes),
            BlobPart::Outboard => self.outboard.extend_from_slice(bytes),
        }
        Ok(())
    }
}

impl Source for &Blob {
    type Error = Fault;

    fn len(&self, part: BlobPart) -> Result<u64, Fault> {
        u64::try_from(self.part(part).len()).map_err(|_| Fault)
    }

    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), Fault> {
        let from = usize::try_from(offset).ok().and_then(|offset| self.part(part).get(offset..));
        out.copy_from_slice(from.and_then(|bytes| bytes.get(..out.len())).ok_or(Fault)?);
        Ok(())
    }

    fn lend(&self, part: BlobPart, offset: u64, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset).ok().and_then(|offset| self.part(part).get(offset..));
        from.and_then(|bytes| bytes.get(..len))
    }
}
