//! Authenticated encryption, in pure Rust or through AWS-LC: the same bytes.

use super::{Failed, WipedBytes};

/// Key length of both suites, in bytes.
pub(crate) const KEY_LEN: usize = 32;
/// Nonce length of both suites, in bytes.
pub(crate) const NONCE_LEN: usize = 12;
/// Tag length of both suites, in bytes.
pub(crate) const TAG_LEN: usize = 16;

/// The authenticated encryption of payloads. A vault has one, by policy; nothing is negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Suite {
    /// `AEAD_AES_256_GCM` (RFC 5116).
    #[default]
    Aes256Gcm = 1,
    /// `AEAD_CHACHA20_POLY1305` (RFC 8439).
    ChaCha20Poly1305 = 2,
}

impl Suite {
    /// Name in the IANA registry of AEAD algorithms.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "AEAD_AES_256_GCM",
            Self::ChaCha20Poly1305 => "AEAD_CHACHA20_POLY1305",
        }
    }

    pub(crate) fn from_u8(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Aes256Gcm),
            2 => Some(Self::ChaCha20Poly1305),
            _ => None,
        }
    }
}

/// A key that is ready for use. Associated data is always empty: contexts are bound in key derivation.
pub(crate) struct Cipher(backend::Cipher);

impl Cipher {
    /// A cipher for a key of [`KEY_LEN`] bytes.
    pub(crate) fn new(suite: Suite, key: &[u8; KEY_LEN]) -> Result<Self, Failed> {
        backend::Cipher::new(suite, key).map(Self)
    }

    /// Encrypts in place and returns the tag.
    pub(crate) fn seal(&self, nonce: [u8; NONCE_LEN], buffer: &mut [u8]) -> Result<[u8; TAG_LEN], Failed> {
        self.0.seal(nonce, buffer)
    }

    /// As [`Self::seal`], from one buffer into another of the same length.
    pub(crate) fn seal_into(
        &self,
        nonce: [u8; NONCE_LEN],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<[u8; TAG_LEN], Failed> {
        self.0.seal_into(nonce, plaintext, out)
    }

    /// Decrypts in place. On failure the buffer holds no plaintext.
    pub(crate) fn open(&self, nonce: [u8; NONCE_LEN], buffer: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<(), Failed> {
        self.0.open(nonce, buffer, tag)
    }

    /// As [`Self::open`], from one buffer into another of the same length. On failure `out` holds no plaintext.
    pub(crate) fn open_into(
        &self,
        nonce: [u8; NONCE_LEN],
        ciphertext: &[u8],
        tag: &[u8; TAG_LEN],
        out: &mut [u8],
    ) -> Result<(), Failed> {
        self.0.open_into(nonce, ciphertext, tag, out)
    }
}

/// Seals `plaintext` under a single-use key and nonce (44 bytes); returns ciphertext and tag.
pub(crate) fn seal_once(suite: Suite, key_and_nonce: &[u8; 44], plaintext: &[u8]) -> Result<Vec<u8>, Failed> {
    let (key, nonce) = split(key_and_nonce)?;
    let mut out = Vec::with_capacity(plaintext.len().saturating_add(TAG_LEN));
    out.extend_from_slice(plaintext);
    let tag = Cipher::new(suite, key)?.seal(*nonce, &mut out)?;
    out.extend_from_slice(&tag);
    Ok(out)
}

/// Opens what [`seal_once`] made. The result is wiped when dropped.
pub(crate) fn open_once(suite: Suite, key_and_nonce: &[u8; 44], sealed: &[u8]) -> Result<WipedBytes, Failed> {
    let (key, nonce) = split(key_and_nonce)?;
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG_LEN>().ok_or(Failed)?;
    let mut out = WipedBytes::from(ciphertext.to_vec());
    Cipher::new(suite, key)?.open(*nonce, &mut out, tag)?;
    Ok(out)
}

fn split(key_and_nonce: &[u8; 44]) -> Result<(&[u8; KEY_LEN], &[u8; NONCE_LEN]), Failed> {
    let (key, nonce) = key_and_nonce.split_first_chunk::<KEY_LEN>().ok_or(Failed)?;
    Ok((key, nonce.try_into().map_err(|_| Failed)?))
}

#[cfg(feature = "aws-lc")]
use aws_lc as backend;
#[cfg(not(feature = "aws-lc"))]
use pure as backend;

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use super::{Failed, KEY_LEN, NONCE_LEN, Suite, TAG_LEN};
    use aws_lc_rs::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

    pub(super) struct Cipher(LessSafeKey);

    impl Cipher {
        pub(super) fn new(suite: Suite, key: &[u8; KEY_LEN]) -> Result<Self, Failed> {
            let algorithm = match suite {
                Suite::Aes256Gcm => &AES_256_GCM,
                Suite::ChaCha20Poly1305 => &CHACHA20_POLY1305,
            };
            UnboundKey::new(algorithm, key).map(|key| Self(LessSafeKey::new(key))).map_err(|_| Failed)
        }

        pub(super) fn seal(&self, nonce: [u8; NONCE_LEN], buffer: &mut [u8]) -> Result<[u8; TAG_LEN], Failed> {
            let tag = self
                .0
                .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), buffer)
                .map_err(|_| Failed)?;
            tag.as_ref().try_into().map_err(|_| Failed)
        }

        pub(super) fn seal_into(
            &self,
            nonce: [u8; NONCE_LEN],
            plaintext: &[u8],
            out: &mut [u8],
        ) -> Result<[u8; TAG_LEN], Failed> {
            let (nonce, mut tag) = (Nonce::assume_unique_for_key(nonce), [0; TAG_LEN]);
            self.0.seal_out_of_place_scatter(nonce, Aad::empty(), plaintext, out, &[], &mut tag).map_err(|_| Failed)?;
            Ok(tag)
        }

        pub(super) fn open(
            &self,
            nonce: [u8; NONCE_LEN],
            buffer: &mut [u8],
            tag: &[u8; TAG_LEN],
        ) -> Result<(), Failed> {
            let nonce = Nonce::assume_unique_for_key(nonce);
            let opened = self.0.open_in_place_separate_tag(nonce, Aad::empty(), tag, buffer);
            if opened.is_err() {
                // AWS-LC clears its output on failure, which is our buffer; this does not rely on it.
                zeroize::Zeroize::zeroize(buffer);
                return Err(Failed);
            }
            Ok(())
        }

        pub(super) fn open_into(
            &self,
            nonce: [u8; NONCE_LEN],
            ciphertext: &[u8],
            tag: &[u8; TAG_LEN],
            out: &mut [u8],
        ) -> Result<(), Failed> {
            let nonce = Nonce::assume_unique_for_key(nonce);
            let opened = self.0.open_separate_gather(nonce, Aad::empty(), ciphertext, tag, out);
            if opened.is_err() {
                zeroize::Zeroize::zeroize(out);
                return Err(Failed);
            }
            Ok(())
        }
    }
}

#[cfg(any(test, not(feature = "aws-lc")))]
mod pure {
    use super::{Failed, KEY_LEN, NONCE_LEN, Suite, TAG_LEN};
    use aes_gcm::Aes256Gcm;
    use chacha20poly1305::{
        ChaCha20Poly1305,
        aead::{AeadInOut, KeyInit},
    };

    /// Boxed: an expanded AES key is large, and stays in one place until it is wiped.
    pub(super) enum Cipher {
        Aes(Box<Aes256Gcm>),
        ChaCha(Box<ChaCha20Poly1305>),
    }

    impl Cipher {
        #[expect(clippy::unnecessary_wraps, reason = "the two backends have one signature")]
        pub(super) fn new(suite: Suite, key: &[u8; KEY_LEN]) -> Result<Self, Failed> {
            Ok(match suite {
                Suite::Aes256Gcm => Self::Aes(Box::new(Aes256Gcm::new(key.into()))),
                Suite::ChaCha20Poly1305 => Self::ChaCha(Box::new(ChaCha20Poly1305::new(key.into()))),
            })
        }

        pub(super) fn seal(&self, nonce: [u8; NONCE_LEN], buffer: &mut [u8]) -> Result<[u8; TAG_LEN], Failed> {
            let tag = match self {
                Self::Aes(cipher) => cipher.encrypt_inout_detached(&nonce.into(), b"", buffer.into()),
                Self::ChaCha(cipher) => cipher.encrypt_inout_detached(&nonce.into(), b"", buffer.into()),
            };
            tag.map(Into::into).map_err(|_| Failed)
        }

        pub(super) fn open(
            &self,
            nonce: [u8; NONCE_LEN],
            buffer: &mut [u8],
            tag: &[u8; TAG_LEN],
        ) -> Result<(), Failed> {
            match self {
                Self::Aes(cipher) => cipher.decrypt_inout_detached(&nonce.into(), b"", buffer.into(), tag.into()),
                Self::ChaCha(cipher) => cipher.decrypt_inout_detached(&nonce.into(), b"", buffer.into(), tag.into()),
            }
            .map_err(|_| Failed)
        }

        pub(super) fn seal_into(
            &self,
            nonce: [u8; NONCE_LEN],
            plaintext: &[u8],
            out: &mut [u8],
        ) -> Result<[u8; TAG_LEN], Failed> {
            copy(plaintext, out)?;
            self.seal(nonce, out)
        }

        pub(super) fn open_into(
            &self,
            nonce: [u8; NONCE_LEN],
            ciphertext: &[u8],
            tag: &[u8; TAG_LEN],
            out: &mut [u8],
        ) -> Result<(), Failed> {
            copy(ciphertext, out)?;
            self.open(nonce, out, tag)
        }
    }

    fn copy(from: &[u8], to: &mut [u8]) -> Result<(), Failed> {
        if from.len() != to.len() {
            return Err(Failed);
        }
        to.copy_from_slice(from);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITES: [Suite; 2] = [Suite::Aes256Gcm, Suite::ChaCha20Poly1305];

    #[cfg(feature = "aws-lc")]
    #[test]
    fn both_backends_give_the_same_bytes() {
        for suite in SUITES {
            for len in [0, 1, 15, 16, 17, 64, 255, 4096, 16384] {
                let key = core::array::from_fn(|i| u8::try_from(i * 7 % 256).unwrap());
                let plain: Vec<u8> = (0..len).map(|i| u8::try_from(i * 31 % 256).unwrap()).collect();
                let (mut a, mut b) = (plain.clone(), plain.clone());
                let fast = aws_lc::Cipher::new(suite, &key).unwrap();
                let portable = pure::Cipher::new(suite, &key).unwrap();
                let tag = fast.seal([9; 12], &mut a).unwrap();
                assert_eq!(tag, portable.seal([9; 12], &mut b).unwrap(), "{suite:?} {len}");
                assert_eq!(a, b, "{suite:?} {len}");
                portable.open([9; 12], &mut a, &tag).unwrap();
                fast.open([9; 12], &mut b, &tag).unwrap();
                assert_eq!((&a, &b), (&plain, &plain));
                // From one buffer into another.
                let (mut c, mut d) = (vec![0; len], vec![0; len]);
                assert_eq!(fast.seal_into([9; 12], &plain, &mut c), Ok(tag));
                assert_eq!(portable.seal_into([9; 12], &plain, &mut d), Ok(tag));
                assert_eq!(c, d);
                fast.open_into([9; 12], &c, &tag, &mut a).unwrap();
                portable.open_into([9; 12], &c, &tag, &mut b).unwrap();
                assert_eq!((&a, &b), (&plain, &plain));
            }
        }
    }

    #[test]
    fn a_failed_opening_leaves_no_plaintext() {
        for suite in SUITES {
            let key_and_nonce = [3; 44];
            let mut sealed = seal_once(suite, &key_and_nonce, &[0x55; 100]).unwrap();
            assert_eq!(&open_once(suite, &key_and_nonce, &sealed).unwrap()[..], &[0x55; 100]);
            *sealed.last_mut().unwrap() ^= 1;
            assert!(open_once(suite, &key_and_nonce, &sealed).is_err());
            let (buffer, tag) = sealed.split_last_chunk::<TAG_LEN>().unwrap();
            let mut buffer = buffer.to_vec();
            let cipher = Cipher::new(suite, &[3; 32]).unwrap();
            let mut out = vec![0x55; 100];
            assert!(cipher.open_into([3; 12], &buffer, tag, &mut out[1..]).is_err());
            assert!(cipher.open_into([3; 12], &buffer, tag, &mut out).is_err());
            assert!(!out.windows(4).any(|window| window == [0x55; 4]));
            assert!(cipher.open([3; 12], &mut buffer, tag).is_err());
            assert!(!buffer.windows(4).any(|window| window == [0x55; 4]));
        }
    }
}
