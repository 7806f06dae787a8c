//! Writing a file.

use super::{BlobSink, Fault, FileInfo, Preview, blobs, descriptor::Descriptor, pending, pending::Origin, read_once};
use crate::blob::{Hedge, Place, Sealer};
use crate::codec::{BlobId, EntryId, Hash, VersionId};
use crate::crypto::RandomError;
use crate::error::Error;
use crate::store::{BlobStore, StoreError};
use crate::vault::{Chart, batch};
use std::io::Read;
use std::sync::Arc;

/// A file that is being written. Dropped before [`Self::finish`], it leaves nothing.
///
/// It holds the key of this one file until it is dropped, also while the vault is locked; its calls fail then.
#[must_use = "a file is there when `finish` returns"]
pub struct FileWriter {
    chart: Chart,
    info: FileInfo,
    /// The entry of which it is a new version.
    entry: Option<EntryId>,
    /// The request that it answers, once.
    request: Option<Hash>,
    blob: BlobId,
    blobs: Arc<dyn BlobStore>,
    /// Gone once it is finished or failed: what failed once is not gone on with.
    open: Option<Open>,
    /// Nobody has to look for what was written.
    settled: bool,
}

struct Open {
    sealer: Sealer,
    sink: BlobSink,
}

impl FileWriter {
    pub(super) fn begin(chart: &Chart, info: FileInfo, entry: Option<EntryId>) -> Result<Self, Error> {
        info.preview().map_or(Ok(()), Preview::require_fit)?;
        let (inner, id) = (&chart.inner, chart.id());
        let blobs = blobs(inner)?;
        let (now_ms, hedge_ns) = (inner.now_ms(), inner.options.clock.now_ns());
        // What would be refused at the end is refused before anything is written.
        let suite = chart.read(|open, _| {
            if let Some(entry) = entry {
                let heads = open.index.heads(&entry).ok_or(Error::UnknownEntry)?;
                if heads.current.kind != crate::record::Kind::File {
                    return Err(Error::OtherKind);
                }
            }
            let slot = open.keys.slot_for(info.label())?;
            if open.keys.may_write(slot, now_ms) { Ok(open.keys.suite()) } else { Err(Error::NotGranted) }
        })?;
        let blob = BlobId::random()?;
        // A machine that was put back to what it was draws what it drew before: that blob is not to be marked.
        if blobs.open(&blob)?.is_some() {
            return Err(RandomError.into());
        }
        let device = inner.with(|session| {
            pending::mark(&*inner.store, session, Origin::Written, id, &blob, now_ms)?;
            Ok(session.unlocked.identity().device_card.hash())
        })?;
        let sink = match blobs.create(&blob) {
            Ok(writer) => BlobSink(writer),
            // By whoever drew the same.
            Err(StoreError::Busy) => return Err(RandomError.into()),
            Err(error) => {
                let _ = pending::unmark(&*inner.store, Origin::Written, &blob);
                return Err(error.into());
            }
        };
        let hedge = Hedge { device, time_ns: hedge_ns };
        let sealer = Sealer::new(Place { suite, chart: id, blob }, hedge, inner.options.threads);
        let open = Some(Open { sealer, sink });
        Ok(Self { chart: chart.clone(), info, entry, request: None, blob, blobs, open, settled: false })
    }

    /// Answers a request with the file.
    pub(super) fn requested(mut self, request: Hash) -> Self {
        self.request = Some(request);
        self
    }

    /// Takes the next bytes.
    pub fn update(&mut self, content: &[u8]) -> Result<(), Error> {
        self.step(|open| Ok(open.sealer.update(content, &mut open.sink)?))
    }

    /// Takes some bytes of a reader; says whether there were any.
    pub(super) fn read_from(&mut self, content: &mut impl Read) -> Result<bool, Error> {
        self.step(|open| {
            let read = read_once(content, open.sealer.room().map_err(Fault::from)?)?;
            open.sealer.advance(read, &mut open.sink)?;
            Ok(read > 0)
        })
    }

    /// How many bytes were taken.
    pub fn len(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.sealer.len())
    }

    /// Whether no byte was taken yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes the content durable, then stores the entry of the file. Returns the entry, and the version that it has now.
    pub fn finish(mut self) -> Result<(EntryId, VersionId), Error> {
        let inner = Arc::clone(&self.chart.inner);
        inner.with(|_| Ok(()))?;
        let Open { sealer, mut sink } = self.open.take().ok_or(Error::Cancelled)?;
        let sealed = sealer.finish(&mut sink)?;
        sink.0.finish()?;
        let extensions = self.info.preview().map(Preview::to_extensions).unwrap_or_default();
        let descriptor = Descriptor { blob: self.blob, sealed, extensions }.encode();
        let record = self.info.clone().into_record(&descriptor);
        let stored = inner.with(|session| {
            batch::run(&inner, session, self.chart.actor(), |batch| {
                pending::settle(batch.transaction(), &self.blob)?;
                batch.put_described(&self.chart, self.entry.as_ref(), &record, self.request)
            })
        });
        // The blob stays where its descriptor may be stored. If it is not, the mark is, and the next who opens the vault sees it.
        self.settled = matches!(stored, Ok(_) | Err(Error::Store(StoreError::Uncertain)));
        // Until now nobody else could take it for what a crash left.
        drop(sink);
        stored
    }

    fn step<T>(&mut self, work: impl FnOnce(&mut Open) -> Result<T, Error>) -> Result<T, Error> {
        let result = self.chart.inner.with(|_| Ok(())).and_then(|()| match &mut self.open {
            Some(open) => work(open),
            None => Err(Error::Cancelled),
        });
        if result.is_err() {
            self.open = None;
        }
        result
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        self.open = None;
        if !self.settled {
            // It is our own, and nobody describes it. Where this fails, the mark stays for the next who opens the vault.
            let store = &self.chart.inner.store;
            let _ = self.blobs.delete(&self.blob).and_then(|_| pending::unmark(&**store, Origin::Written, &self.blob));
        }
    }
}

impl core::fmt::Debug for FileWriter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FileWriter").field("len", &self.len()).finish_non_exhaustive()
    }
}
