//! Reading a file.

use super::{BlobSource, Described, blobs};
use crate::blob::Opener;
use crate::error::Error;
use crate::record::Kind;
use crate::vault::{Chart, Entry};
use core::ops::Range;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use zeroize::Zeroizing;

/// After how many bytes of a file that is written out it is looked whether the vault was locked: 256 KiB.
const LOOK_EACH: u64 = 256 << 10;

/// A version of a file, to be read as a stream or at any place.
///
/// No byte is released before it was decrypted, authenticated and proven by the root that the author signed. It holds the key
/// of this one file until it is dropped, also while the vault is locked; its calls fail then.
pub struct FileReader {
    chart: Chart,
    entry: Entry,
    opener: Opener<BlobSource>,
    position: u64,
}

impl FileReader {
    pub(super) fn open(chart: &Chart, entry: &Entry) -> Result<Self, Error> {
        if entry.kind() != Kind::File || entry.is_deleted() {
            return Err(Error::OtherKind);
        }
        let descriptor = entry.record().described();
        let content = chart.read(|open, _| Described::decode(open, descriptor, entry.id(), entry.version()))?;
        let source = content.open(&*blobs(&chart.inner)?)?.ok_or(Error::ContentNotHere)?;
        let threads = chart.inner.options.threads;
        let opener = Opener::new(&content.place, &content.sealed, BlobSource(source), threads)?;
        Ok(Self { chart: chart.clone(), entry: entry.clone(), opener, position: 0 })
    }

    /// The version that is read: name, media type, author and the rest.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Length of the content, in bytes, as the author signed it.
    pub fn len(&self) -> u64 {
        self.opener.len()
    }

    /// Whether there is no content.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a range, or as many of them as there are.
    pub fn read_range(&mut self, range: Range<u64>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let end = range.end.min(self.len());
        let len = usize::try_from(end.saturating_sub(range.start)).map_err(|_| Error::TooLong)?;
        let mut out = Zeroizing::new(vec![0; len]);
        let read = self.read_at(range.start, &mut out)?;
        out.truncate(read);
        Ok(out)
    }

    /// Fills `out` from `offset` on, or as far as there are bytes. Returns how many there are. On failure nothing in `out` is
    /// content that was not verified.
    pub fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, Error> {
        self.chart.inner.with(|_| Ok(()))?;
        Ok(self.opener.read_at(offset, out)?)
    }

    /// Writes the whole content to a writer. Each piece is verified, and what was written is the whole file only when this
    /// returns. `progress` is told how many bytes were written so far, and may end it with [`Error::Cancelled`].
    pub fn copy_to(
        &mut self,
        to: &mut impl Write,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let (inner, mut written, mut seen) = (&self.chart.inner, 0_u64, None);
        self.opener.read_all(|piece| {
            let share = written / LOOK_EACH;
            if seen.replace(share) != Some(share) {
                inner.with(|_| Ok(()))?;
            }
            to.write_all(piece).map_err(|_| Error::CannotWrite)?;
            written = written.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if progress(written).is_break() { Err(Error::Cancelled) } else { Ok(()) }
        })
    }

    /// Writes the whole content to a file. It has a temporary name beside `path` until its end is verified and it is on disk;
    /// it then replaces what is at `path`. The name of the file in the chart plays no part.
    #[cfg(feature = "directory")]
    pub fn export_to(&mut self, path: impl AsRef<std::path::Path>) -> Result<(), Error> {
        self.export_to_with(path, |_| ControlFlow::Continue(()))
    }

    /// As [`Self::export_to`], with progress as in [`Self::copy_to`].
    #[cfg(feature = "directory")]
    pub fn export_to_with(
        &mut self,
        path: impl AsRef<std::path::Path>,
        progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut draft = super::Draft::create(path.as_ref())?;
        self.copy_to(draft.file(), progress)?;
        draft.keep()
    }
}

/// Before it says that there is no more, it checks what stands after the content.
impl Read for FileReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.read_at(self.position, out).map_err(io::Error::other)?;
        if read == 0 && !out.is_empty() {
            self.opener.check_end().map_err(|fault| io::Error::other(Error::from(fault)))?;
        }
        self.position = self.position.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

impl Seek for FileReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl core::fmt::Debug for FileReader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FileReader").field("entry", &self.entry).field("len", &self.len()).finish_non_exhaustive()
    }
}
