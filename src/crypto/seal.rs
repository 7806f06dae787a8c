//! Sealing to a person: HPKE (RFC 9180), base mode, X-Wing, HKDF-SHA-256, ChaCha20-Poly1305.
//!
//! Base mode says nothing about the sender. Whoever relies on one checks the signed statement that names the hash of
//! the ciphertext.

use super::{
    Failed, Secret,
    kdf::{self, Deriver},
    random::RandomError,
    role,
};
use core::convert::Infallible;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256, kem::XWing};
use rand_core::{TryCryptoRng, TryRng};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// Length of an X-Wing public key, in bytes.
pub(crate) const PUBLIC_LEN: usize = 1216;
/// Length of an X-Wing encapsulation, in bytes.
const ENCAPSULATION_LEN: usize = 1120;
/// The X25519 part is the last 32 bytes, of public keys and of encapsulations.
const X25519_LEN: usize = 32;

/// An X-Wing public key that was checked: canonical ML-KEM-768 key, X25519 point not of low order.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KemPublic(Box<[u8; PUBLIC_LEN]>);

impl KemPublic {
    /// Checks the bytes of a public key.
    pub(crate) fn from_slice(bytes: &[u8]) -> Result<Self, Failed> {
        let bytes: Box<[u8; PUBLIC_LEN]> = bytes.to_vec().into_boxed_slice().try_into().map_err(|_| Failed)?;
        refuse_low_order(&bytes[..])?;
        <XWing as Kem>::PublicKey::from_bytes(&bytes[..]).map_err(|_| Failed)?;
        Ok(Self(bytes))
    }

    /// The public key of a private one.
    pub(crate) fn of(secret: &Secret<role::KemSecret>) -> Result<Self, Failed> {
        let mut bytes = Box::new([0; PUBLIC_LEN]);
        XWing::sk_to_pk(&private(secret.expose())?).write_exact(&mut bytes[..]);
        Ok(Self(bytes))
    }

    /// The bytes.
    pub(crate) fn as_bytes(&self) -> &[u8; PUBLIC_LEN] {
        &self.0
    }
}

impl core::fmt::Debug for KemPublic {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("KemPublic(..)")
    }
}

/// Seals `plaintext` to `recipient`, bound to `info`. Returns encapsulation and ciphertext, one after the other.
pub(crate) fn seal_to(recipient: &KemPublic, info: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    let public = <XWing as Kem>::PublicKey::from_bytes(&recipient.0[..]).map_err(|_| Failed)?;
    let mut rng = Drawn::for_one(info, plaintext)?;
    let (encapsulation, ciphertext) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeS::Base,
        &public,
        info,
        plaintext,
        b"",
        &mut rng,
    )
    .map_err(|_| Failed)?;
    let mut out = encapsulation.to_bytes().to_vec();
    out.extend_from_slice(&ciphertext);
    Ok(out)
}

/// Opens what was sealed to the owner of `secret`.
pub(crate) fn open_from(
    secret: &Secret<role::KemSecret>,
    info: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let (encapsulation, ciphertext) = sealed.split_at_checked(ENCAPSULATION_LEN).ok_or(Failed)?;
    refuse_low_order(encapsulation)?;
    let encapsulation = <XWing as Kem>::EncappedKey::from_bytes(encapsulation).map_err(|_| Failed)?;
    hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeR::Base,
        &private(secret.expose())?,
        &encapsulation,
        info,
        ciphertext,
        b"",
    )
    .map(Zeroizing::new)
    .map_err(|_| Failed)
}

/// Why nothing was sealed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SealError {
    /// The recipient's key is unusable.
    Failed,
    /// No randomness.
    Random,
}

impl From<Failed> for SealError {
    fn from(_: Failed) -> Self {
        Self::Failed
    }
}

impl From<RandomError> for SealError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

fn private(secret: &[u8; 32]) -> Result<<XWing as Kem>::PrivateKey, Failed> {
    <XWing as Kem>::PrivateKey::from_bytes(secret).map_err(|_| Failed)
}

/// X-Wing leaves open whether an all-zero X25519 share is accepted; here it is not. Multiplying the point by any clamped
/// scalar gives zero exactly when its order is low.
fn refuse_low_order(bytes: &[u8]) -> Result<(), Failed> {
    let point: [u8; X25519_LEN] = *bytes.last_chunk().ok_or(Failed)?;
    let shared = StaticSecret::from([0x55; 32]).diffie_hellman(&PublicKey::from(point));
    if shared.was_contributory() { Ok(()) } else { Err(Failed) }
}

/// Randomness for one encapsulation. It is drawn before, so that a failure of the operating system is an error here and
/// not a panic below.
///
/// What is sealed is hashed in: where two copies of a machine draw the same, what differs is sealed by another encapsulation.
struct Drawn {
    deriver: Deriver,
    sealed: Zeroizing<[u8; 64]>,
    blocks: u64,
}

impl Drawn {
    fn for_one(info: &[u8], plaintext: &[u8]) -> Result<Self, RandomError> {
        let seed = Secret::<role::Encapsulation>::generate()?;
        let digests = [kdf::sha512(info), kdf::sha512(plaintext)].concat();
        let sealed = Zeroizing::new(kdf::sha512(&Zeroizing::new(digests)));
        Ok(Self { deriver: Deriver::new(&seed), sealed, blocks: 0 })
    }
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            let block: Secret<role::Encapsulation> = self.deriver.key(&[&self.sealed[..], &self.blocks.to_be_bytes()]);
            chunk.iter_mut().zip(block.expose()).for_each(|(to, from)| *to = *from);
            self.blocks = self.blocks.wrapping_add(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_with_the_right_key_and_info_only() {
        let secret = Secret::generate().unwrap();
        let public = KemPublic::of(&secret).unwrap();
        let sealed = seal_to(&public, b"info", b"plain").unwrap();
        assert_eq!(&open_from(&secret, b"info", &sealed).unwrap()[..], b"plain");
        assert!(open_from(&secret, b"infO", &sealed).is_err());
        assert!(open_from(&Secret::generate().unwrap(), b"info", &sealed).is_err());
    }

    /// Attack 17: two copies of a machine draw the same.
    #[cfg(feature = "testing")]
    #[test]
    fn b17_copies_of_a_machine_share_no_encapsulation() {
        let public = KemPublic::of(&Secret::generate().unwrap()).unwrap();
        let seal = |info: &[u8], plain: &[u8]| {
            crate::crypto::random::fixed::with(b"copied", || seal_to(&public, info, plain)).unwrap()
        };
        let honest = seal(b"info", b"plain");
        assert_eq!(seal(b"info", b"plain"), honest);
        for other in [seal(b"info", b"other"), seal(b"other", b"plain"), seal(b"infop", b"lain")] {
            assert_ne!(other[..ENCAPSULATION_LEN], honest[..ENCAPSULATION_LEN]);
        }
    }

    #[test]
    fn a07_low_order_and_malformed_keys_are_refused() {
        let public = KemPublic::of(&Secret::generate().unwrap()).unwrap();
        let mut zero_share = public.as_bytes().to_vec();
        zero_share[PUBLIC_LEN - 32..].fill(0);
        assert!(KemPublic::from_slice(&zero_share).is_err());
        let mut bad_ml_kem = public.as_bytes().to_vec();
        bad_ml_kem[..384].fill(0xFF); // coefficients above q
        assert!(KemPublic::from_slice(&bad_ml_kem).is_err());
        assert!(KemPublic::from_slice(&public.as_bytes()[..PUBLIC_LEN - 1]).is_err());
        assert!(KemPublic::from_slice(public.as_bytes()).is_ok());
    }

    /// A sender can seal to such an encapsulation all the same: the X25519 part of the shared secret is zero then, for
    /// every recipient.
    #[test]
    fn a07_an_encapsulation_with_a_share_of_low_order_is_refused() {
        let secret = Secret::generate().unwrap();
        let sealed = seal_to(&KemPublic::of(&secret).unwrap(), b"info", b"plain").unwrap();
        let mut encapsulation: [u8; ENCAPSULATION_LEN] = sealed[..ENCAPSULATION_LEN].try_into().unwrap();
        let honest = seal_with(&secret, &encapsulation, b"info", b"plain");
        assert_eq!(&open_from(&secret, b"info", &honest).unwrap()[..], b"plain");
        let mut one = [0; 32];
        one[0] = 1;
        for share in [[0; 32], one] {
            encapsulation[ENCAPSULATION_LEN - X25519_LEN..].copy_from_slice(&share);
            assert!(open_from(&secret, b"info", &seal_with(&secret, &encapsulation, b"info", b"plain")).is_err());
        }
        assert!(open_from(&secret, b"info", &sealed[..10]).is_err());
    }

    /// Seals under the secret that an encapsulation stands for (RFC 9180, sections 5.1 and 5.2), whatever its share is.
    fn seal_with(
        recipient: &Secret<role::KemSecret>,
        encapsulation: &[u8; ENCAPSULATION_LEN],
        info: &[u8],
        plaintext: &[u8],
    ) -> Vec<u8> {
        use crate::crypto::{Suite, seal_once};
        use hkdf::Hkdf;
        use sha2::Sha256;
        use x_wing::Decapsulate;
        // KEM, KDF and AEAD: X-Wing, HKDF-SHA-256, ChaCha20-Poly1305.
        const SUITE: &[u8] = b"HPKE\x64\x7A\x00\x01\x00\x03";
        let extract = |salt: &[u8], label: &[u8], ikm: &[u8]| {
            Hkdf::<Sha256>::extract(Some(salt), &[b"HPKE-v1", SUITE, label, ikm].concat())
        };
        let encapsulated: x_wing::Ciphertext = encapsulation[..].try_into().unwrap();
        let shared = x_wing::DecapsulationKey::from(*recipient.expose()).decapsulate(&encapsulated);
        let context = [&[0][..], &extract(b"", b"psk_id_hash", b"").0, &extract(b"", b"info_hash", info).0].concat();
        let (_, schedule) = extract(&shared, b"secret", b"");
        let mut key_and_nonce = [0; 44];
        let (key, nonce) = key_and_nonce.split_at_mut(32);
        for (label, out) in [(&b"key"[..], key), (b"base_nonce", nonce)] {
            let len = u16::try_from(out.len()).unwrap().to_be_bytes();
            schedule.expand_multi_info(&[&len, b"HPKE-v1", SUITE, label, &context], out).unwrap();
        }
        let ciphertext = seal_once(Suite::ChaCha20Poly1305, &key_and_nonce, plaintext).unwrap();
        [&encapsulation[..], &ciphertext].concat()
    }
}
