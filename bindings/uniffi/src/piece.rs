//! Bytes that cross the border by their address.

use zeroize::Zeroize as _;

/// Bytes that were read. `UniFFI` would carry them byte by byte, which takes longer than to decrypt and verify them: so it
/// tells where they are, and the layer above copies them at once.
#[derive(uniffi::Object)]
pub struct PieceHandle(pub(crate) Vec<u8>);

#[uniffi::export]
impl PieceHandle {
    /// Where they are in the memory of the process, to be read as long as the handle is open. They are wiped with it.
    pub fn address(&self) -> u64 {
        self.0.as_ptr().expose_provenance() as u64
    }

    /// How many there are.
    pub fn length(&self) -> u32 {
        // As many as were asked for, at most.
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

impl AsRef<[u8]> for PieceHandle {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for PieceHandle {
    fn drop(&mut self) {
        // A slice is wiped at once; a vector, which `Zeroizing` would be asked to wipe, byte by byte.
        self.0.as_mut_slice().zeroize();
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, clippy::pedantic, reason = "tests read better as they are")]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::unix::fs::FileExt as _;

    #[test]
    fn g50_a_piece_is_wiped_when_it_is_let_go_of() {
        let memory = File::open("/proc/self/mem").unwrap();
        let mut seen = [0; 4096];
        let piece = PieceHandle(vec![7; seen.len()]);
        let address = piece.address();
        memory.read_exact_at(&mut seen, address).unwrap();
        assert_eq!(seen, [7; 4096]);
        drop(piece);
        memory.read_exact_at(&mut seen, address).unwrap();
        // What manages memory writes a few bytes of its own to what is free.
        assert!(seen.iter().filter(|byte| **byte == 7).count() < 64);
    }
}
