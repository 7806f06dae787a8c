//! The bare primitives of content, chunk by chunk: cipher and hash, and nothing around them.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use blake3::{Hasher, hazmat::HasherExt as _};
use std::hint::black_box;

pub(crate) const CHUNK: usize = 16 << 10;
pub(crate) const TAG: usize = 16;
/// What stands before the chunks: salt and commitment.
pub(crate) const PREFIX: usize = 56;

/// A cipher and a hash with keys that are ready.
pub(crate) struct Bare(LessSafeKey);

impl Bare {
    pub(crate) fn aes() -> Self {
        Self::of(&AES_256_GCM)
    }

    pub(crate) fn chacha() -> Self {
        Self::of(&CHACHA20_POLY1305)
    }

    fn of(algorithm: &'static Algorithm) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(algorithm, &[7; 32]).unwrap()))
    }

    /// Hashes and seals chunks in place.
    pub(crate) fn seal(&self, first: usize, chunks: &mut [u8]) {
        for (number, chunk) in (first..).zip(chunks.chunks_mut(CHUNK)) {
            hash(number, chunk);
            let tag = self.0.seal_in_place_separate_tag(nonce(number), Aad::empty(), chunk);
            assert!(black_box(tag).is_ok());
        }
    }

    /// Chunks and their tags, one after the other, at the places where a blob has them: after [`PREFIX`] bytes.
    pub(crate) fn sealed(&self, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(PREFIX + content.len() / CHUNK * (CHUNK + TAG));
        out.resize(PREFIX, 0);
        for (number, chunk) in content.chunks(CHUNK).enumerate() {
            let start = out.len();
            out.extend_from_slice(chunk);
            let tag = self.0.seal_in_place_separate_tag(nonce(number), Aad::empty(), &mut out[start..]).unwrap();
            out.extend_from_slice(tag.as_ref());
        }
        out
    }

    /// Opens and hashes chunks that stand with their tags, into a buffer of one chunk.
    pub(crate) fn open(&self, first: usize, sealed: &[u8], out: &mut [u8; CHUNK]) {
        for (number, chunk) in (first..).zip(sealed.chunks(CHUNK + TAG)) {
            let (ciphertext, tag) = chunk.split_at(CHUNK);
            self.0.open_separate_gather(nonce(number), Aad::empty(), ciphertext, tag, out).unwrap();
            hash(number, out);
        }
    }
}

fn hash(number: usize, chunk: &[u8]) {
    let mut hasher = Hasher::new_keyed(&[9; 32]);
    hasher.set_input_offset((number * CHUNK) as u64).update(chunk);
    black_box(hasher.finalize_non_root());
}

fn nonce(number: usize) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&(number as u64).to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}
