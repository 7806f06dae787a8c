//! C2SP chunked-encryption, version 1 (<https://c2sp.org/chunked-encryption>), with SHA-512.
//!
//! | Offset | Length | Field |
//! |---|---|---|
//! | 0 | 24 | salt |
//! | 24 | 32 | commitment |
//! | 56 | 16400 each | full chunks: 16384 bytes of ciphertext, 16 of tag |
//! | .. | 16 to 16399 | the final chunk, always shorter than a full one |

use super::{
    Failed, KEY_LEN, NONCE_LEN, RandomError, Role, Secret, Suite, TAG_LEN, WipedBytes, aead::Cipher, kdf::Deriver,
    merkle::sha256, random,
};
use core::marker::PhantomData;
use hkdf::Hkdf;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize as _, Zeroizing};

/// Plaintext bytes of a full chunk.
pub(crate) const CHUNK: usize = 16 * 1024;
/// Length of the salt.
pub(crate) const SALT_LEN: usize = 24;
/// Length of the key commitment.
pub(crate) const COMMITMENT_LEN: usize = 32;
/// Length of what stands before the chunks.
pub(crate) const PREFIX_LEN: usize = SALT_LEN + COMMITMENT_LEN;
/// Length of a full chunk, its tag included.
pub(crate) const SEALED_CHUNK: usize = CHUNK + TAG_LEN;
const INFO: &[u8] = b"c2sp.org/chunked-encryption@v1+";
/// Chunk counters stay below 2^38.
pub(crate) const MAX_CHUNKS: u64 = 1 << 38;

/// A message key with its base nonce and commitment, ready to seal or open chunks.
pub(crate) struct MessageKey {
    cipher: Cipher,
    base_nonce: [u8; NONCE_LEN],
    salt: [u8; SALT_LEN],
    commitment: [u8; COMMITMENT_LEN],
}

impl MessageKey {
    /// "Key derivation": HKDF-Expand from the input key, which is uniform.
    pub(crate) fn derive<R: Role>(
        suite: Suite,
        input_key: &Secret<R>,
        salt: [u8; SALT_LEN],
        context: &[&[u8]],
    ) -> Result<Self, Failed> {
        Self::expand(suite, &pseudorandom(input_key)?, salt, context)
    }

    fn expand(suite: Suite, prk: &Hkdf<Sha512>, salt: [u8; SALT_LEN], context: &[&[u8]]) -> Result<Self, Failed> {
        let okm = okm(suite, prk, &salt, context)?;
        let (key, rest) = okm.split_first_chunk::<KEY_LEN>().ok_or(Failed)?;
        let (base_nonce, commitment) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Failed)?;
        Ok(Self {
            cipher: Cipher::new(suite, key)?,
            base_nonce: *base_nonce,
            salt,
            commitment: commitment.try_into().map_err(|_| Failed)?,
        })
    }

    /// The salt that stands first.
    pub(crate) fn salt(&self) -> &[u8; SALT_LEN] {
        &self.salt
    }

    /// The key commitment that stands before the chunks.
    pub(crate) fn commitment(&self) -> &[u8; COMMITMENT_LEN] {
        &self.commitment
    }

    /// Appends salt, commitment and sealed chunks of `plaintext` to `out`.
    pub(crate) fn seal_into(&self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), Failed> {
        self.seal_parts(&[plaintext], 0, out)
    }

    /// As [`Self::seal_into`], of several parts and zeros after them. They are put together where they are sealed: a copy of
    /// the plaintext would have to be wiped.
    pub(crate) fn seal_parts(&self, parts: &[&[u8]], zeros: usize, out: &mut Vec<u8>) -> Result<(), Failed> {
        let start = out.len();
        let sealed = self.put_together(parts, zeros, out);
        if sealed.is_err() {
            out.get_mut(start..).unwrap_or_default().zeroize();
        }
        sealed
    }

    fn put_together(&self, parts: &[&[u8]], zeros: usize, out: &mut Vec<u8>) -> Result<(), Failed> {
        let len = parts.iter().map(|part| part.len()).fold(zeros, usize::saturating_add);
        out.reserve(sealed_len(len));
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.commitment);
        let mut chunk = Filling { counter: 0, start: out.len() };
        for part in parts {
            let mut rest = *part;
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(chunk.room(out)));
                out.extend_from_slice(now);
                chunk.seal_full(self, out)?;
                rest = later;
            }
        }
        let mut zeros = zeros;
        while zeros > 0 {
            let now = zeros.min(chunk.room(out));
            out.resize(out.len().saturating_add(now), 0);
            chunk.seal_full(self, out)?;
            zeros = zeros.saturating_sub(now);
        }
        // The last is never full, and may be empty.
        chunk.seal(self, out)
    }

    /// Seals one chunk in place and returns its tag. Each number is sealed once; all but the last are full.
    pub(crate) fn seal_chunk(&self, number: u64, chunk: &mut [u8]) -> Result<[u8; TAG_LEN], Failed> {
        self.cipher.seal(self.nonce(number)?, chunk)
    }

    /// As [`Self::seal_chunk`], from one buffer into another of the same length.
    pub(crate) fn seal_chunk_into(&self, number: u64, chunk: &[u8], out: &mut [u8]) -> Result<[u8; TAG_LEN], Failed> {
        self.cipher.seal_into(self.nonce(number)?, chunk, out)
    }

    /// Opens one chunk in place. On failure it holds no plaintext.
    pub(crate) fn open_chunk(&self, number: u64, chunk: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<(), Failed> {
        self.cipher.open(self.nonce(number)?, chunk, tag)
    }

    /// As [`Self::open_chunk`], from one buffer into another of the same length. On failure `out` holds no plaintext.
    pub(crate) fn open_chunk_into(
        &self,
        number: u64,
        chunk: &[u8],
        tag: &[u8; TAG_LEN],
        out: &mut [u8],
    ) -> Result<(), Failed> {
        self.cipher.open_into(self.nonce(number)?, chunk, tag, out)
    }

    /// "When decrypting, implementations MUST check the commitment matches the derived value before continuing."
    pub(crate) fn require(&self, commitment: &[u8; COMMITMENT_LEN]) -> Result<(), Failed> {
        if self.commitment.ct_eq(commitment).into() { Ok(()) } else { Err(Failed) }
    }

    /// Opens all chunks; nothing is released unless the last is authentic and short.
    fn open_chunks(&self, sealed: &[u8]) -> Result<WipedBytes, Failed> {
        let (full, last) = sealed.as_chunks::<SEALED_CHUNK>();
        let mut out = WipedBytes::from(Vec::with_capacity(sealed.len()));
        let mut counter = 0;
        for chunk in full.iter().map(<[u8; SEALED_CHUNK]>::as_slice).chain([last]) {
            let (ciphertext, tag) = chunk.split_last_chunk::<TAG_LEN>().ok_or(Failed)?;
            let start = out.len();
            out.extend_from_slice(ciphertext);
            self.open_chunk(counter, out.get_mut(start..).ok_or(Failed)?, tag)?;
            counter = counter.saturating_add(1);
        }
        Ok(out)
    }

    /// "AEAD usage": the base nonce XOR the chunk number, big-endian.
    fn nonce(&self, counter: u64) -> Result<[u8; NONCE_LEN], Failed> {
        if counter >= MAX_CHUNKS {
            return Err(Failed);
        }
        let mut nonce = self.base_nonce;
        nonce.iter_mut().rev().zip(counter.to_be_bytes().iter().rev()).for_each(|(to, byte)| *to ^= byte);
        Ok(nonce)
    }
}

/// The chunk that is being put together at the end of what is sealed.
struct Filling {
    counter: u64,
    start: usize,
}

impl Filling {
    fn room(&self, out: &[u8]) -> usize {
        CHUNK.saturating_sub(out.len().saturating_sub(self.start))
    }

    fn seal_full(&mut self, key: &MessageKey, out: &mut Vec<u8>) -> Result<(), Failed> {
        if self.room(out) == 0 { self.seal(key, out) } else { Ok(()) }
    }

    fn seal(&mut self, key: &MessageKey, out: &mut Vec<u8>) -> Result<(), Failed> {
        let tag = key.seal_chunk(self.counter, out.get_mut(self.start..).ok_or(Failed)?)?;
        out.extend_from_slice(&tag);
        (self.counter, self.start) = (self.counter.saturating_add(1), out.len());
        Ok(())
    }
}

/// Key, base nonce and commitment of a message.
fn okm(suite: Suite, prk: &Hkdf<Sha512>, salt: &[u8; SALT_LEN], context: &[&[u8]]) -> Result<Zeroizing<Okm>, Failed> {
    let mut info: Vec<&[u8]> = vec![INFO, suite.name().as_bytes(), &[0], salt];
    info.extend_from_slice(context);
    let mut okm = Zeroizing::new([0; KEY_LEN + NONCE_LEN + COMMITMENT_LEN]);
    prk.expand_multi_info(&info, &mut okm[..]).map_err(|_| Failed)?;
    Ok(okm)
}

type Okm = [u8; KEY_LEN + NONCE_LEN + COMMITMENT_LEN];

/// Key, base nonce and commitment of a message, to be shown.
#[cfg(feature = "testing")]
pub(crate) fn expanded<R: Role>(
    suite: Suite,
    input_key: &Secret<R>,
    salt: &[u8; SALT_LEN],
    context: &[&[u8]],
) -> Result<Vec<u8>, Failed> {
    Ok(okm(suite, &pseudorandom(input_key)?, salt, context)?.to_vec())
}

/// The input key as the pseudorandom key of HKDF.
fn pseudorandom<R: Role>(input_key: &Secret<R>) -> Result<Hkdf<Sha512>, Failed> {
    // `from_prk` wants a key as long as the hash. HMAC pads a shorter key with zeros, so this is the same key.
    let mut prk = Zeroizing::new([0; 64]);
    prk.iter_mut().zip(input_key.expose()).for_each(|(to, from)| *to = *from);
    Hkdf::from_prk(&prk[..]).map_err(|_| Failed)
}

/// An input key that seals many messages: what all of them need of it is computed once.
pub(crate) struct Sealer<R> {
    suite: Suite,
    messages: Hkdf<Sha512>,
    salts: Deriver,
    role: PhantomData<R>,
}

impl<R: Role> Sealer<R> {
    pub(crate) fn new(suite: Suite, input_key: &Secret<R>) -> Result<Self, Failed> {
        let messages = pseudorandom(input_key)?;
        Ok(Self { suite, messages, salts: Deriver::new(input_key), role: PhantomData })
    }

    /// As [`salt`].
    pub(crate) fn salt(&self, plaintext: &[u8]) -> Result<[u8; SALT_LEN], RandomError> {
        salt_by(&self.salts, plaintext)
    }

    /// As [`seal`].
    pub(crate) fn seal(&self, salt: [u8; SALT_LEN], context: &[&[u8]], plaintext: &[u8]) -> Result<Vec<u8>, Failed> {
        let mut out = Vec::new();
        MessageKey::expand(self.suite, &self.messages, salt, context)?.seal_into(plaintext, &mut out)?;
        Ok(out)
    }
}

/// A random salt for one message under a key that stays. Where two copies of a machine draw the same randomness, as after a
/// restored snapshot, messages that differ have salts that differ, so that no nonce meets two plaintexts.
pub(crate) fn salt<R: Role>(input_key: &Secret<R>, plaintext: &[u8]) -> Result<[u8; SALT_LEN], RandomError> {
    salt_by(&Deriver::new(input_key), plaintext)
}

fn salt_by(salts: &Deriver, plaintext: &[u8]) -> Result<[u8; SALT_LEN], RandomError> {
    let drawn: [u8; 32] = random::array()?;
    let derived = salts.public("salt", &[&drawn, &sha256(&[plaintext])]);
    let mut salt = [0; SALT_LEN];
    salt.iter_mut().zip(derived).for_each(|(to, from)| *to = from);
    Ok(salt)
}

/// Seals a whole message with a salt of the caller, which must not repeat under one input key.
pub(crate) fn seal<R: Role>(
    suite: Suite,
    input_key: &Secret<R>,
    salt: [u8; SALT_LEN],
    context: &[&[u8]],
    plaintext: &[u8],
) -> Result<Vec<u8>, Failed> {
    let mut out = Vec::new();
    MessageKey::derive(suite, input_key, salt, context)?.seal_into(plaintext, &mut out)?;
    Ok(out)
}

/// Opens a whole message.
pub(crate) fn open<R: Role>(
    suite: Suite,
    input_key: &Secret<R>,
    context: &[&[u8]],
    sealed: &[u8],
) -> Result<WipedBytes, Failed> {
    let (salt, commitment, chunks) = split(sealed)?;
    let key = MessageKey::derive(suite, input_key, *salt, context)?;
    key.require(commitment)?;
    key.open_chunks(chunks)
}

/// Salt, commitment and chunks of a sealed message.
pub(crate) type Parts<'a> = (&'a [u8; SALT_LEN], &'a [u8; COMMITMENT_LEN], &'a [u8]);

/// Takes a sealed message apart.
pub(crate) fn split(sealed: &[u8]) -> Result<Parts<'_>, Failed> {
    let (salt, rest) = sealed.split_first_chunk::<SALT_LEN>().ok_or(Failed)?;
    let (commitment, chunks) = rest.split_first_chunk::<COMMITMENT_LEN>().ok_or(Failed)?;
    Ok((salt, commitment, chunks))
}

/// Length of a sealed message of `len` bytes.
pub(crate) const fn sealed_len(len: usize) -> usize {
    let tags = (len / CHUNK).saturating_add(1).saturating_mul(TAG_LEN);
    len.saturating_add(tags).saturating_add(PREFIX_LEN)
}

#[cfg(test)]
mod published;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::role;

    fn key() -> Secret<role::DataKey> {
        Secret::from_slice(&[5; 32]).unwrap()
    }

    #[test]
    fn every_length_around_a_chunk_comes_back() {
        for suite in [Suite::Aes256Gcm, Suite::ChaCha20Poly1305] {
            for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 77] {
                let plain: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
                let sealed = seal(suite, &key(), [1; 24], &[b"context"], &plain).unwrap();
                assert_eq!(sealed.len(), sealed_len(len));
                assert_eq!(&open(suite, &key(), &[b"con", b"text"], &sealed).unwrap()[..], &plain[..]);
            }
        }
    }

    #[test]
    fn another_key_context_or_suite_opens_nothing() {
        let sealed = seal(Suite::Aes256Gcm, &key(), [1; 24], &[b"context"], b"plain").unwrap();
        let other = Secret::<role::DataKey>::from_slice(&[6; 32]).unwrap();
        assert!(open(Suite::Aes256Gcm, &other, &[b"context"], &sealed).is_err());
        assert!(open(Suite::Aes256Gcm, &key(), &[b"contexT"], &sealed).is_err());
        assert!(open(Suite::ChaCha20Poly1305, &key(), &[b"context"], &sealed).is_err());
    }

    #[test]
    fn truncation_at_every_chunk_boundary_is_found() {
        let sealed = seal(Suite::Aes256Gcm, &key(), [1; 24], &[], &vec![7; 2 * CHUNK]).unwrap();
        for end in
            [0, 24, 55, 56, 71, PREFIX_LEN + CHUNK + TAG_LEN, PREFIX_LEN + 2 * (CHUNK + TAG_LEN), sealed.len() - 1]
        {
            assert!(open(Suite::Aes256Gcm, &key(), &[], &sealed[..end]).is_err(), "{end}");
        }
        let mut longer = sealed;
        longer.extend_from_slice(&[0; 16]);
        assert!(open(Suite::Aes256Gcm, &key(), &[], &longer).is_err());
    }

    /// Without the check, a second key whose chunk happens to authenticate would open the message.
    #[test]
    fn the_commitment_is_checked() {
        let mut sealed = seal(Suite::Aes256Gcm, &key(), [1; 24], &[], b"plain").unwrap();
        sealed[SALT_LEN] ^= 1;
        assert!(open(Suite::Aes256Gcm, &key(), &[], &sealed).is_err());
    }

    /// Attack 15: a ciphertext and tag that AES-GCM accepts under two keys, an invisible salamander, opens under the one
    /// that the commitment names and under no other.
    #[test]
    fn b15_salamander() {
        let keys = [key(), Secret::<role::DataKey>::from_slice(&[6; 32]).unwrap()];
        let salt = [1; SALT_LEN];
        let gcm = keys.each_ref().map(|key| Gcm::of(key, salt));
        let [one, two] = &gcm;
        // c1·H³ + c2·H² + L·H + S is the tag: one equation for each key, solved for c2.
        let (c1, bits) = (0x0123_4567_89AB_CDEF_u128, 256_u128);
        let powers = |gcm: &Gcm| (multiply(gcm.h, gcm.h), multiply(multiply(gcm.h, gcm.h), gcm.h));
        let ((square1, cube1), (square2, cube2)) = (powers(one), powers(two));
        let sum = multiply(c1, cube1 ^ cube2) ^ multiply(bits, one.h ^ two.h) ^ one.s ^ two.s;
        let c2 = multiply(sum, invert(square1 ^ square2));
        let tag = multiply(c1, cube1) ^ multiply(c2, square1) ^ multiply(bits, one.h) ^ one.s;
        let chunk = [c1, c2, tag].map(u128::to_be_bytes).concat();
        let message = |number: usize| MessageKey::derive(Suite::Aes256Gcm, &keys[number], salt, &[]).unwrap();
        for number in [0, 1] {
            assert!(message(number).open_chunks(&chunk).is_ok(), "the salamander lives");
        }
        for (committed, other) in [(0, 1), (1, 0)] {
            let sealed = [&salt[..], message(committed).commitment(), &chunk].concat();
            assert!(open(Suite::Aes256Gcm, &keys[committed], &[], &sealed).is_ok());
            assert!(open(Suite::Aes256Gcm, &keys[other], &[], &sealed).is_err());
        }
    }

    /// What the tag of AES-GCM depends on: the hash key, and the mask of the first chunk's nonce.
    struct Gcm {
        h: u128,
        s: u128,
    }

    impl Gcm {
        fn of(key: &Secret<role::DataKey>, salt: [u8; SALT_LEN]) -> Self {
            use aes_gcm::aes::{
                Aes256, Block,
                cipher::{BlockCipherEncrypt, KeyInit},
            };
            let mut prk = [0; 64];
            prk[..32].copy_from_slice(key.expose());
            let info: [&[u8]; 4] = [INFO, Suite::Aes256Gcm.name().as_bytes(), &[0], &salt];
            let mut okm = [0; KEY_LEN + NONCE_LEN];
            Hkdf::<Sha512>::from_prk(&prk).unwrap().expand_multi_info(&info, &mut okm).unwrap();
            let aes = Aes256::new_from_slice(&okm[..KEY_LEN]).unwrap();
            let encrypt = |bytes: [u8; 16]| {
                let mut block = Block::from(bytes);
                aes.encrypt_block(&mut block);
                u128::from_be_bytes(block.into())
            };
            let mut first = [0; 16];
            first[..NONCE_LEN].copy_from_slice(&okm[KEY_LEN..]);
            first[15] = 1;
            Self { h: encrypt([0; 16]), s: encrypt(first) }
        }
    }

    /// In the field of GHASH (NIST SP 800-38D, section 6.3).
    fn multiply(x: u128, y: u128) -> u128 {
        let (mut product, mut shifted) = (0, y);
        for bit in (0..128).rev() {
            product ^= if x >> bit & 1 == 1 { shifted } else { 0 };
            shifted = if shifted & 1 == 1 { shifted >> 1 ^ 0xE1 << 120 } else { shifted >> 1 };
        }
        product
    }

    /// x to the power of 2^128 - 2.
    fn invert(x: u128) -> u128 {
        let (mut power, mut inverse) = (x, 1 << 127);
        for _ in 1..128 {
            power = multiply(power, power);
            inverse = multiply(inverse, power);
        }
        inverse
    }
}
