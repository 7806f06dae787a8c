//! SHA-256 of what is written and read: it finds what was damaged on the way. It proves nothing of who wrote it.

use super::FolderError;
use ampoule::Error;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;

/// Bytes that are held at once.
const STEP: usize = 64 << 10;

/// Passes bytes on, and counts and digests them.
pub(super) struct Digesting<T> {
    inner: T,
    digest: Sha256,
    len: u64,
}

impl<T> Digesting<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, digest: Sha256::new(), len: 0 }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.len = self.len.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// What there was, its length, and its digest in hexadecimal.
    pub(super) fn end(self) -> (T, u64, String) {
        (self.inner, self.len, hex(&self.digest.finalize()))
    }
}

impl<T: Write> Write for Digesting<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.take(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Digest of bytes, in hexadecimal.
pub(super) fn of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Digest in base64, as a Content-Security-Policy names it.
pub(super) fn for_policy(text: &str) -> String {
    use base64ct::{Base64, Encoding};
    format!("'sha256-{}'", Base64::encode_string(&Sha256::digest(text)))
}

fn hex(digest: &[u8]) -> String {
    use core::fmt::Write as _;
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        // A String takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads exactly so many bytes of this digest, and fails at their end where they are others.
pub(super) struct Checked<R> {
    from: Digesting<io::Take<R>>,
    len: u64,
    sha256: String,
    /// What was read is not what was expected.
    pub(super) differs: bool,
}

impl<R: Read> Checked<R> {
    pub(super) fn new(from: R, len: u64, sha256: &str) -> Self {
        Self { from: Digesting::new(from.take(len)), len, sha256: sha256.to_owned(), differs: false }
    }

    /// Reads to the end, for the check alone. `go_on` is told how many bytes were read.
    pub(super) fn check(mut self, mut go_on: impl FnMut(u64) -> ControlFlow<()>) -> Result<(), FolderError> {
        let mut bytes = vec![0; STEP];
        loop {
            match self.read(&mut bytes) {
                Ok(0) => return Ok(()),
                Ok(_) if go_on(self.from.len).is_break() => return Err(Error::Cancelled.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) if self.differs => return Err(FolderError::Damaged),
                Err(error) => return Err(FolderError::read(error)),
            }
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(STEP);
        let out = out.get_mut(..most).unwrap_or_default();
        let read = self.from.inner.read(out)?;
        self.from.take(out.get(..read).unwrap_or_default());
        if read == 0 && most > 0 {
            self.differs = self.from.len != self.len || hex(&self.from.digest.clone().finalize()) != self.sha256;
            if self.differs {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        Ok(read)
    }
}
