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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::unix::fs::FileExt as _;

    #[test]
    fn bytes_and_what_lies_behind_them_are_wiped() {
        // Memory as the system sees it: what was let go of cannot be looked at in safe code.
        let memory = File::open("/proc/self/mem").unwrap();
        let mut bytes = WipedBytes::from(vec![0xA7; 8000]);
        bytes.truncate(100);
        let address = u64::try_from(bytes.as_ptr().addr()).unwrap();
        // There before the bytes go, so that it does not take their place.
        let mut seen = vec![0; 8000];
        let is_there = |seen: &[u8]| seen.windows(16).any(|window| window == [0xA7; 16]);
        memory.read_exact_at(&mut seen, address).unwrap();
        assert!(is_there(&seen[4000..]));
        drop(bytes);
        memory.read_exact_at(&mut seen, address).unwrap();
        assert!(!is_there(&seen));
    }
}
