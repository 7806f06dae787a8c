//! The cipher alone, to hold the library's speed against.

use crate::Result;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// As long as a chunk of a file.
const CHUNK: usize = 16 * 1024;

/// Seals every file in chunks, in memory, and keeps nothing.
pub(crate) fn seal(files: &[Vec<u8>]) -> Result<Duration> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(|_| "a key has 32 bytes")?);
    let (mut buffer, mut number, mut took) = (vec![0; CHUNK], 0_u64, Duration::ZERO);
    for file in files {
        for chunk in file.chunks(CHUNK) {
            let Some(buffer) = buffer.get_mut(..chunk.len()) else { continue };
            buffer.copy_from_slice(chunk);
            let mut nonce = [0; NONCE_LEN];
            nonce.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
            number = number.saturating_add(1);
            let begun = Instant::now();
            let nonce = Nonce::assume_unique_for_key(nonce);
            let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), black_box(buffer));
            black_box(tag.map_err(|_| "a chunk is short")?.as_ref());
            took = took.saturating_add(begun.elapsed());
        }
    }
    Ok(took)
}
