//! Taking in the content of a file that a bundle described.
//!
//! ```text
//!  mark the blob as incoming ─► check each piece, keep it ─► check the whole ─► make it durable ─► the mark is removed
//! ```
//!
//! What is kept was checked, so a transfer that broke goes on from there, by whatever carrier.

use super::described::{Described, described};
use super::pending::{self, Origin};
use super::{BlobSink, BlobSource, Fault, blobs, read_once};
use crate::blob::{BlobPart, Receiver};
use crate::codec::{BlobId, VersionId};
use crate::error::Error;
use crate::store::BlobStore;
use crate::vault::{Chart, EventKind, session::Session};
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Bytes that are taken at once.
const PIECE: usize = 256 * 1024;

/// A content that is coming in. Dropped before [`Self::finish`], what came and is right stays for some days, and the next
/// [`Chart::receive_content`] goes on from there.
///
/// It holds the key of this one file until it is dropped, also while the vault is locked; its calls fail then.
#[must_use = "a content is there when `finish` returns"]
pub struct ContentReceiver {
    chart: Chart,
    blob: BlobId,
    blobs: Arc<dyn BlobStore>,
    /// Gone once the store of the blob failed, or it is done.
    open: Option<Open>,
}

struct Open {
    receiver: Receiver,
    sink: BlobSink,
}

impl Chart {
    /// Takes in the content of a version of a file, from what [`Chart::export_content`] wrote: all of it, or nothing. It is
    /// checked against what the author signed, whoever carried it. Where it is here already, nothing is read.
    pub fn import_content(
        &self,
        version: &VersionId,
        mut from: impl Read,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut receiver = match self.receive_content(version) {
            Err(Error::ContentHere) => return Ok(()),
            receiver => receiver?,
        };
        // What was taken before is right.
        let taken = skip(&mut from, receiver.offset()).and_then(|()| receiver.read_all(&mut from, &mut progress));
        match taken.and_then(|()| receiver.require_all()) {
            Ok(()) => receiver.finish(),
            Err(error) => {
                // What cannot be removed now is when nobody goes on with it.
                let _ = receiver.discard();
                Err(error)
            }
        }
    }

    /// Begins to take in the content of a version of a file, or goes on where that ended before. [`Error::ContentHere`] where it
    /// is here already and whole; what is here and damaged is replaced.
    pub fn receive_content(&self, version: &VersionId) -> Result<ContentReceiver, Error> {
        let content = described(self, version, EventKind::Import)?;
        let (inner, blobs) = (&self.inner, blobs(&self.inner)?);
        if let Some(source) = content.open(&*blobs)? {
            if content.is_whole(inner, source, || Ok(()))? {
                return Err(Error::ContentHere);
            }
            // What was taken in, not what was written here: of that, some may be read yet.
            if blobs.open(&content.local)?.is_some() {
                blobs.delete(&content.local)?;
            }
        }
        let Described { place, sealed, local: blob, .. } = content;
        let mut receiver = Receiver::new(place, sealed, inner.options.threads).map_err(Fault::from)?;
        let mark = |session: &Session| {
            pending::mark(&*inner.store, session, Origin::Received, self.id(), &blob, inner.now_ms())
        };
        inner.with(mark)?;
        let sink = match blobs.resume(&blob)? {
            None => {
                let mut writer = blobs.create(&blob)?;
                writer.keep()?;
                BlobSink(writer)
            }
            Some((kept, mut writer)) => {
                writer.cut(BlobPart::Outboard, 0)?;
                let mut sink = BlobSink(writer);
                receiver.take_kept(&BlobSource(kept), &mut sink)?;
                sink.0.cut(BlobPart::Chunks, receiver.taken())?;
                sink
            }
        };
        // Until it was ours, somebody may have taken it for what nobody goes on with.
        inner.with(|session| {
            let marked = pending::is_marked(&*inner.store.read()?, session, Origin::Received, &blob)?;
            if marked { Ok(()) } else { mark(session) }
        })?;
        Ok(ContentReceiver { chart: self.clone(), blob, blobs, open: Some(Open { receiver, sink }) })
    }
}

impl ContentReceiver {
    /// From which byte of the sealed content the next are wanted.
    pub fn offset(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.receiver.offset())
    }

    /// How many bytes the sealed content has.
    pub fn total(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.receiver.total())
    }

    /// Takes the next bytes. Where they are not those of the author's file it is [`Error::DamagedContent`]; what came before
    /// stays, and others may come in their place, from [`Self::offset`] on.
    pub fn update(&mut self, sealed: &[u8]) -> Result<(), Error> {
        self.chart.inner.with(|_| Ok(()))?;
        let Open { receiver, sink } = self.open.as_mut().ok_or(Error::Cancelled)?;
        match receiver.update(sealed, sink) {
            Ok(()) => Ok(()),
            Err(Fault::Failed) => Err(Error::DamagedContent),
            Err(fault) => {
                // Nobody knows how much of it was written.
                self.open = None;
                Err(fault.into())
            }
        }
    }

    /// Takes what a reader gives until its end, from [`Self::offset`] on. `progress` is told how many bytes came so far in all,
    /// and may end it with [`Error::Cancelled`].
    pub fn read_all(
        &mut self,
        from: &mut impl Read,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut piece = vec![0; PIECE];
        loop {
            let read = read_once(from, &mut piece)?;
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
            self.update(bytes)?;
            if progress(self.offset()).is_break() {
                return Err(Error::Cancelled);
            }
        }
    }

    /// Checks that all is there and is the author's. When this returns it is durable, and can be read. Where something is
    /// missing it is [`Error::IncompleteContent`], and what came stays; what is another's is removed.
    pub fn finish(mut self) -> Result<(), Error> {
        let inner = Arc::clone(&self.chart.inner);
        inner.with(|_| Ok(()))?;
        self.require_all()?;
        let Open { receiver, mut sink } = self.open.take().ok_or(Error::Cancelled)?;
        match receiver.finish(&mut sink) {
            Ok(()) => {}
            Err(Fault::Failed) => {
                drop(sink);
                let _ = self.remove();
                return Err(Error::DamagedContent);
            }
            Err(fault) => return Err(fault.into()),
        }
        sink.0.finish()?;
        // While the blob is still ours: nobody takes it for what a crash left.
        Ok(pending::unmark(&*inner.store, Origin::Received, &self.blob)?)
    }

    /// Removes what came.
    pub fn discard(mut self) -> Result<(), Error> {
        self.open = None;
        self.remove()
    }

    fn require_all(&self) -> Result<(), Error> {
        if self.offset() < self.total() { Err(Error::IncompleteContent) } else { Ok(()) }
    }

    fn remove(&self) -> Result<(), Error> {
        Ok(pending::remove(&*self.chart.inner.store, &*self.blobs, Origin::Received, &self.blob)?)
    }
}

impl Drop for ContentReceiver {
    fn drop(&mut self) {
        if let Some(Open { receiver, sink }) = &mut self.open {
            // What is not kept comes again.
            let _ = receiver.settle(sink);
            let _ = sink.0.keep();
        }
    }
}

impl core::fmt::Debug for ContentReceiver {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ContentReceiver")
            .field("offset", &self.offset())
            .field("total", &self.total())
            .finish_non_exhaustive()
    }
}

/// Passes over bytes.
fn skip(from: &mut impl Read, bytes: u64) -> Result<(), Error> {
    let (mut piece, mut left) = (vec![0; PIECE], bytes);
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
        let read = read_once(from, piece.get_mut(..most).ok_or(Fault::Failed)?)?;
        if read == 0 {
            return Err(Error::IncompleteContent);
        }
        left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
    }
    Ok(())
}
