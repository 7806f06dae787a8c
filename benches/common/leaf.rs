//! The bare primitives of one leaf of a log, likewise: what a transaction costs beside its records.

use super::primitives::{LABEL, expand, payload_key, seal};
use ed25519_dalek::{Signer as _, SigningKey};
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256, Sha512};
use std::hint::black_box;

const SALT: usize = 24;
/// What sealing adds to a length below 16 KiB.
pub(super) const OVERHEAD: usize = SALT + 32 + 16;
const CONTEXT: usize = LABEL + "log-event".len() + 16 + 8;

/// Inputs of the right lengths, and room for the outputs.
pub(crate) struct BareLeaf {
    events: Vec<u8>,
    salt_info: Vec<u8>,
    sealed_info: Vec<u8>,
    leaf: Vec<u8>,
    mark: Vec<u8>,
    in_map: Vec<u8>,
    note: Vec<u8>,
    signer: SigningKey,
    salts: Hkdf<Sha512>,
    messages: Hkdf<Sha512>,
}

impl BareLeaf {
    /// The primitives of a leaf whose events are this long, padded.
    pub(crate) fn of(events: usize) -> Self {
        println!("  a leaf of the log has {events} B of events, padded");
        Self {
            events: vec![1; events],
            salt_info: vec![1; LABEL + "salt".len() + 32 + 32],
            sealed_info: vec![1; "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0".len() + SALT + CONTEXT],
            leaf: vec![1; 1 + 1 + 32 + 4 + OVERHEAD + events],
            mark: vec![1; LABEL + "entries".len() + 32 + 16 + 16 + 32 + 8],
            in_map: vec![1; LABEL + "map-leaf".len() + 32 + 32],
            note: vec![1; "ampoule/log/".len() + 32 + 1 + "1000\n".len() + 44 + 1],
            signer: SigningKey::from_bytes(&[3; 32]),
            salts: Hkdf::new(None, &[5; 32]),
            messages: payload_key(&[5; 32]),
        }
    }

    /// What a leaf needs that tells of some new records of one chart.
    pub(crate) fn append(&mut self, records: usize) {
        for _ in 0..records {
            black_box(Sha256::digest(black_box(&self.mark)));
        }
        for part in [&self.in_map, &self.in_map] {
            black_box(Sha512::digest(black_box(part)));
        }
        let mut drawn = [0; 32];
        getrandom::fill(&mut drawn).unwrap();
        black_box((drawn, Sha256::digest(black_box(&self.events))));
        let salt: [u8; 32] = expand(&self.salts, &self.salt_info);
        let keys: [u8; 76] = expand(&self.messages, &self.sealed_info);
        black_box((salt, seal(keys.first_chunk().unwrap(), &mut self.events)));
        for part in [&self.leaf[..], &[1; 65]] {
            black_box(Sha256::digest(black_box(part)));
        }
        self.sign();
    }

    /// The signature of a log's head.
    pub(crate) fn sign(&self) {
        black_box(self.signer.sign(black_box(&self.note)));
    }
}
