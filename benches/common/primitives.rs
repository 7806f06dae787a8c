//! The bare primitives of one record: each call that the format names, once, with the length of its input, and nothing
//! around it. `docs/BENCH.md` has the list.

use ampoule::Record;
use ampoule::expert::ChartKeys;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use sha2::{Digest as _, Sha512};
use std::hint::black_box;

const HEADER: usize = 72;
const SALT: usize = 24;
const COMMITMENT: usize = 32;
const TAG: usize = 16;
const WRAP: usize = 52;
const PATH: usize = 32 + 16 + 4;
/// lp("ampoule/v1/" + label), without the label.
pub(super) const LABEL: usize = 4 + "ampoule/v1/".len();
/// Least length of content that CBOR gives the same number of bytes as 2 kB.
const LEAST_ALIKE: usize = 256;

/// Inputs of the right lengths, and room for the outputs.
pub(crate) struct Bare {
    metadata: Vec<u8>,
    content: Vec<u8>,
    hashed: Vec<u8>,
    interior: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
    wrapped: Vec<u8>,
    wrap_tag: Vec<u8>,
    data_key_info: Vec<u8>,
    payload_info: Vec<u8>,
    wrap_info: Vec<u8>,
    message: Vec<u8>,
    signer: SigningKey,
    verifier: VerifyingKey,
    signature: Signature,
    signed: Vec<(Vec<u8>, Signature)>,
    content_key: Hkdf<Sha512>,
}

impl Bare {
    /// The primitives of a record in a chart. The length of its metadata, which is sealed, shows in the content that makes
    /// the padding grow.
    pub(crate) fn of(keys: &ChartKeys, record: &Record) -> Self {
        let content = record.content().len();
        let sealed_len = |len| keys.seal(&resized(record, len), 0).unwrap().to_bytes().len() - WRAP;
        let sealed = sealed_len(content);
        let interior = sealed - HEADER - SALT - COMMITMENT - TAG;
        let (mut fits, mut too_long) = (content, interior);
        assert!(content >= LEAST_ALIKE && sealed_len(too_long) > sealed);
        while too_long - fits > 1 {
            let middle = usize::midpoint(fits, too_long);
            if sealed_len(middle) == sealed { fits = middle } else { too_long = middle }
        }
        let metadata = interior - 4 - 64 - fits;
        let signer = SigningKey::from_bytes(&[3; 32]);
        let message = vec![1; LABEL + "sign/object".len() + HEADER + SALT + COMMITMENT + 64 + 64];
        let (mut ciphertext, mut wrapped) = (vec![1; interior], vec![2; 32]);
        let (tag, wrap_tag) = (seal(&[9; 44], &mut ciphertext), seal(&[9; 44], &mut wrapped));
        println!("  a record of {content} B has {metadata} B of metadata and {interior} B padded");
        Self {
            metadata: vec![1; metadata],
            content: vec![1; content],
            hashed: vec![1; LABEL + "object".len() + sealed],
            interior: vec![1; interior],
            ciphertext,
            tag,
            wrapped,
            wrap_tag,
            data_key_info: vec![1; LABEL + "data-key".len() + HEADER + 64 + 64],
            payload_info: vec![1; "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0".len() + SALT + HEADER],
            wrap_info: vec![1; LABEL + "wrap".len() + PATH + 4 + HEADER + SALT + COMMITMENT],
            signature: signer.sign(&message),
            signed: (0..1024_u32).map(|number| signed(&signer, &message, number)).collect(),
            message,
            verifier: signer.verifying_key(),
            signer,
            content_key: Hkdf::new(None, &[5; 32]),
        }
    }

    /// What sealing and signing needs.
    pub(crate) fn seal(&mut self) {
        // Entry id, version id, input of the data key, salt.
        let (mut ids, mut seed, mut salt) = ([[0; 16]; 2], [0; 32], [0; 24]);
        for id in &mut ids {
            getrandom::fill(id).unwrap();
        }
        getrandom::fill(&mut seed).unwrap();
        getrandom::fill(&mut salt).unwrap();
        black_box((ids, salt));
        self.digests();
        let data_key: [u8; 32] = expand(&Hkdf::new(None, &seed), &self.data_key_info);
        let keys: [u8; 76] = expand(&payload_key(&data_key), &self.payload_info);
        black_box(self.signer.sign(black_box(&self.message)));
        black_box(seal(keys.first_chunk().unwrap(), &mut self.interior));
        let wrap_key: [u8; 44] = expand(&self.content_key, &self.wrap_info);
        let mut wrapped = data_key;
        black_box(seal(&wrap_key, &mut wrapped));
        black_box(wrapped);
    }

    /// What opening and verifying needs.
    pub(crate) fn open(&mut self) {
        let wrap_key: [u8; 44] = expand(&self.content_key, &self.wrap_info);
        black_box(wrap_key);
        let mut data_key = [0; 32];
        open(&[9; 44], &self.wrapped, &self.wrap_tag, &mut data_key);
        let keys: [u8; 76] = expand(&payload_key(&data_key), &self.payload_info);
        black_box(keys);
        open(&[9; 44], &self.ciphertext, &self.tag, &mut self.interior);
        self.digests();
        self.verifier.verify_strict(black_box(&self.message), &self.signature).unwrap();
    }

    /// What checking alone needs: every hash, and the author's signature, another for each of some numbers. One and the same
    /// would be verified faster.
    pub(crate) fn check(&self, number: usize) {
        self.digests();
        self.hash();
        let (message, signature) = &self.signed[number % self.signed.len()];
        self.verifier.verify_strict(black_box(message), signature).unwrap();
    }

    /// The object hash.
    pub(crate) fn hash(&self) {
        black_box(Sha512::digest(black_box(&self.hashed)));
    }

    fn digests(&self) {
        black_box((Sha512::digest(black_box(&self.metadata)), Sha512::digest(black_box(&self.content))));
    }
}

/// A message of its own for a number, and its signature.
fn signed(signer: &SigningKey, message: &[u8], number: u32) -> (Vec<u8>, Signature) {
    let message = [&number.to_be_bytes(), &message[4..]].concat();
    let signature = signer.sign(&message);
    (message, signature)
}

fn resized(record: &Record, len: usize) -> Record {
    Record::opaque(record.media_type(), vec![0; len]).with_terms(record.terms().clone())
}

/// HKDF-Expand from a key of 32 bytes.
pub(super) fn payload_key(key: &[u8; 32]) -> Hkdf<Sha512> {
    let mut padded = [0; 64];
    padded[..32].copy_from_slice(key);
    Hkdf::from_prk(&padded).unwrap()
}

pub(super) fn expand<const N: usize>(key: &Hkdf<Sha512>, info: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    key.expand(black_box(info), &mut out).unwrap();
    out
}

pub(super) fn seal(key_and_nonce: &[u8; 44], buffer: &mut [u8]) -> Vec<u8> {
    let (key, nonce) = cipher(key_and_nonce);
    key.seal_in_place_separate_tag(nonce, Aad::empty(), black_box(buffer)).unwrap().as_ref().to_vec()
}

fn open(key_and_nonce: &[u8; 44], ciphertext: &[u8], tag: &[u8], out: &mut [u8]) {
    let (key, nonce) = cipher(key_and_nonce);
    key.open_separate_gather(nonce, Aad::empty(), black_box(ciphertext), tag, out).unwrap();
}

fn cipher(key_and_nonce: &[u8; 44]) -> (LessSafeKey, Nonce) {
    let (key, nonce) = black_box(key_and_nonce).split_at(32);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    (key, Nonce::try_assume_unique_for_key(nonce).unwrap())
}
