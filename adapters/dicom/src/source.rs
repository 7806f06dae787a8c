//! Bytes that are read forwards, skipped, and counted.

use crate::DicomError;
use flate2::bufread::DeflateDecoder;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Seek, SeekFrom};

/// Most bytes of a compressed data set that are expanded on the way to its pixel data.
const MAX_EXPANDED: u64 = 1 << 30;

/// How much is read ahead, in bytes: headers are short and far apart.
const AHEAD: usize = 8 << 10;

/// A file, or the data set that is compressed in it.
pub(crate) enum Source<R: Read + Seek> {
    Plain { reader: BufReader<R>, at: u64, len: u64 },
    Deflated { reader: BufReader<DeflateDecoder<BufReader<R>>>, at: u64 },
}

impl<R: Read + Seek> Source<R> {
    /// Stands at the start of the file, wherever the reader stood.
    pub(crate) fn new(mut reader: R) -> Result<Self, DicomError> {
        let len = reader.seek(SeekFrom::End(0)).map_err(failed)?;
        reader.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(Self::Plain { reader: BufReader::with_capacity(AHEAD, reader), at: 0, len })
    }

    /// From here on the bytes are raw DEFLATE (PS3.5, A.5).
    pub(crate) fn inflated(self) -> Self {
        match self {
            Self::Plain { reader, .. } => {
                Self::Deflated { reader: BufReader::with_capacity(AHEAD, DeflateDecoder::new(reader)), at: 0 }
            }
            deflated @ Self::Deflated { .. } => deflated,
        }
    }

    /// Where the next byte stands: in the file, or in the expanded data set.
    pub(crate) fn at(&self) -> u64 {
        match self {
            Self::Plain { at, .. } | Self::Deflated { at, .. } => *at,
        }
    }

    /// Whether bytes are those of the file, so that their places mean something to others.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain { .. })
    }

    /// Whether nothing follows.
    pub(crate) fn is_at_end(&mut self) -> Result<bool, DicomError> {
        match self {
            Self::Plain { at, len, .. } => Ok(at >= len),
            Self::Deflated { reader, at } => {
                reader.fill_buf().map(<[u8]>::is_empty).map_err(|error| unreadable(&error, *at))
            }
        }
    }

    /// How many bytes of a value that begins here are in the file; all of them, as far as can be told of a compressed one.
    pub(crate) fn available(&self, wanted: u64) -> u64 {
        match self {
            Self::Plain { at, len, .. } => wanted.min(len.saturating_sub(*at)),
            Self::Deflated { .. } => wanted,
        }
    }

    /// Goes over `count` bytes, all of which must be there.
    pub(crate) fn skip(&mut self, count: u64) -> Result<(), DicomError> {
        let begun = self.at();
        if let Self::Plain { reader, at, len } = self {
            let to = at.checked_add(count).filter(|to| *to <= *len).ok_or(DicomError::Truncated { at: begun })?;
            let step = i64::try_from(count).map_err(|_| DicomError::Truncated { at: begun })?;
            reader.seek_relative(step).map_err(failed)?;
            *at = to;
            return Ok(());
        }
        match std::io::copy(&mut self.by_ref().take(count), &mut std::io::sink()) {
            Ok(copied) if copied == count => Ok(()),
            Ok(_) => Err(DicomError::Truncated { at: begun }),
            Err(error) => Err(unreadable(&error, begun)),
        }
    }

    /// Goes back over `count` bytes that were read last. Not for what is compressed.
    pub(crate) fn back(&mut self, count: u32) -> Result<(), DicomError> {
        if let Self::Plain { reader, at, .. } = self {
            reader.seek_relative(i64::from(count).saturating_neg()).map_err(failed)?;
            *at = at.saturating_sub(u64::from(count));
        }
        Ok(())
    }

    /// The next `count` bytes, which the caller has bounded.
    pub(crate) fn value(&mut self, count: u64) -> Result<Vec<u8>, DicomError> {
        let begun = self.at();
        let mut bytes = Vec::new();
        match self.by_ref().take(count).read_to_end(&mut bytes) {
            Ok(read) if u64::try_from(read) == Ok(count) => Ok(bytes),
            Ok(_) => Err(DicomError::Truncated { at: begun }),
            Err(error) => Err(unreadable(&error, begun)),
        }
    }
}

impl<R: Read + Seek> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let (read, at) = match self {
            Self::Plain { reader, at, .. } => (reader.read(buffer)?, at),
            Self::Deflated { reader, at } => {
                if *at >= MAX_EXPANDED {
                    return Err(Error::from(ErrorKind::FileTooLarge));
                }
                (reader.read(buffer)?, at)
            }
        };
        *at = at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

/// What an error of reading at `at` means.
pub(crate) fn unreadable(error: &Error, at: u64) -> DicomError {
    match error.kind() {
        ErrorKind::UnexpectedEof => DicomError::Truncated { at },
        // What the decompressor says of bytes that are no DEFLATE.
        ErrorKind::InvalidInput | ErrorKind::InvalidData => DicomError::Malformed { at },
        ErrorKind::FileTooLarge => DicomError::TooMany { limit: MAX_EXPANDED, what: "bytes before the pixel data" },
        kind => DicomError::Io(kind),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "as map_err hands it over")]
fn failed(error: Error) -> DicomError {
    DicomError::Io(error.kind())
}
