//! Bytes that are wiped when dropped.

use core::ops::{Deref, DerefMut};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// Bytes of any length, wiped when dropped.
///
/// A vector that wipes itself does so byte after byte; wiped as one slice, a record costs next to nothing.
#[derive(Clone, Default)]
pub(crate) struct WipedBytes(Vec<u8>);

impl From<Vec<u8>> for WipedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<Zeroizing<Vec<u8>>> for WipedBytes {
    fn from(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(core::mem::take(&mut *bytes))
    }
}

impl Deref for WipedBytes {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for WipedBytes {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for WipedBytes {
    fn drop(&mut self) {
        // What lies behind the end may have been plaintext too.
        self.0.resize(self.0.capacity(), 0);
        self.0.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for WipedBytes {}
