//! The content of a file as it is sealed, for somebody else who has its description.

use super::described::described;
use super::{Fault, blobs};
use crate::blob::{BlobPart, chunks_len};
use crate::codec::VersionId;
use crate::error::Error;
use crate::store::BlobReader;
use crate::vault::{Chart, EventKind};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;

/// Bytes that are copied at once.
const PIECE: usize = 256 * 1024;

/// The sealed content of a version of a file, to be read as a stream from any place on: what
/// [`Chart::receive_content`] takes. It is the same for everybody, and whoever carries it can neither read nor alter it.
pub struct SealedContent {
    chart: Chart,
    source: Box<dyn BlobReader>,
    total: u64,
    position: u64,
}

impl Chart {
    /// Writes the content of a version of a file as it is sealed, for somebody who has the chart by a bundle. `progress` is told
    /// how many bytes were written so far, and may end it with [`Error::Cancelled`].
    pub fn export_content(
        &self,
        version: &VersionId,
        to: &mut impl Write,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut content = self.sealed_content(version)?;
        let mut piece = vec![0; PIECE];
        loop {
            let read = content.read_sealed(&mut piece)?;
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
            to.write_all(bytes).map_err(|_| Error::CannotWrite)?;
            if progress(content.position).is_break() {
                return Err(Error::Cancelled);
            }
        }
    }

    /// The content of a version of a file as it is sealed, to be sent from any place on.
    pub fn sealed_content(&self, version: &VersionId) -> Result<SealedContent, Error> {
        let content = described(self, version, EventKind::Export)?;
        let source = content.open(&*blobs(&self.inner)?)?.ok_or(Error::ContentNotHere)?;
        let total = chunks_len(content.sealed.len).ok_or(Fault::Failed)?;
        // What is not whole here is not sent as if it were.
        if source.len(BlobPart::Chunks)? != total {
            return Err(Fault::Failed.into());
        }
        Ok(SealedContent { chart: self.clone(), source, total, position: 0 })
    }
}

impl SealedContent {
    /// How many bytes there are to send: some more than the content has.
    pub fn total(&self) -> u64 {
        self.total
    }

    fn read_sealed(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        self.chart.inner.with(|_| Ok(()))?;
        let left = usize::try_from(self.total.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let len = out.len().min(left);
        let out = out.get_mut(..len).ok_or(Fault::Failed)?;
        self.source.read(BlobPart::Chunks, self.position, out)?;
        self.position = self.position.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        Ok(len)
    }
}

impl Read for SealedContent {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.read_sealed(out).map_err(io::Error::other)
    }
}

impl Seek for SealedContent {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.total.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl core::fmt::Debug for SealedContent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SealedContent").field("total", &self.total).finish_non_exhaustive()
    }
}
