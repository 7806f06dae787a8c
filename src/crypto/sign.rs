//! Ed25519 (RFC 8032), verified strictly, one key for one purpose.

use super::{Failed, Role, Secret, random::RandomError};
use core::{fmt, marker::PhantomData};
use ed25519_dalek::{Signer, Verifier};

/// Length of a signature, in bytes.
pub(crate) const SIGNATURE_LEN: usize = 64;

/// The y of all eight points of small order, little-endian: 0, 1, the two of order 8, and -1.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    ],
    [
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    ],
    [
        0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0, 0xD5, 0xDF,
        0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
    ],
    [
        0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F, 0x2A, 0x20,
        0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
    ],
    [
        0xEC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F,
    ],
];

/// A signing key of role `R`.
pub(crate) struct SigningKey<R: Role> {
    seed: Secret<R>,
    key: ed25519_dalek::SigningKey,
}

impl<R: Role> SigningKey<R> {
    /// Draws a fresh key.
    pub(crate) fn generate() -> Result<Self, RandomError> {
        Secret::generate().map(Self::from_seed)
    }

    /// The key of a seed.
    pub(crate) fn from_seed(seed: Secret<R>) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed.expose());
        Self { seed, key }
    }

    /// The seed, to be sealed with the identity.
    pub(crate) fn seed(&self) -> &Secret<R> {
        &self.seed
    }

    /// The public half.
    pub(crate) fn verifying_key(&self) -> VerifyingKey<R> {
        VerifyingKey { key: self.key.verifying_key(), role: PhantomData }
    }

    /// Signs a message that starts with the label of its type.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.key.sign(message).to_bytes()
    }
}

impl<R: Role> fmt::Debug for SigningKey<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, key: _ } = self;
        f.debug_tuple("SigningKey").field(seed).finish()
    }
}

/// The public half of a [`SigningKey`], a valid point of large order.
pub(crate) struct VerifyingKey<R: Role> {
    key: ed25519_dalek::VerifyingKey,
    role: PhantomData<fn() -> R>,
}

impl<R: Role> VerifyingKey<R> {
    /// Checks that the bytes are a canonical point and not one of small order.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Failed> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| Failed)?;
        if key.is_weak() || key.to_edwards().compress().as_bytes() != bytes {
            return Err(Failed);
        }
        Ok(Self { key, role: PhantomData })
    }

    /// The 32 bytes of the point.
    pub(crate) fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Strict verification: canonical, no small-order points, no cofactor.
    ///
    /// The library's own strict check decompresses R to see whether it is of small order, which takes an eighth of the time.
    /// Its ordinary check holds the bytes of R against the one encoding of the point that it computes, so an R of small
    /// order that passes has one of few encodings. The key was looked at when it was taken.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> Result<(), Failed> {
        let (r, _) = signature.split_first_chunk::<32>().ok_or(Failed)?;
        if is_of_small_order(r) {
            return Err(Failed);
        }
        self.key.verify(message, &ed25519_dalek::Signature::from_bytes(signature)).map_err(|_| Failed)
    }
}

/// Whether an encoded point is of small order, whatever its sign bit.
fn is_of_small_order(point: &[u8; 32]) -> bool {
    let mut y = *point;
    if let Some(last) = y.last_mut() {
        *last &= 0x7F;
    }
    SMALL_ORDER.contains(&y)
}

impl<R: Role> Clone for VerifyingKey<R> {
    fn clone(&self) -> Self {
        Self { key: self.key, role: PhantomData }
    }
}

impl<R: Role> PartialEq for VerifyingKey<R> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<R: Role> Eq for VerifyingKey<R> {}

impl<R: Role> fmt::Debug for VerifyingKey<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", R::LABEL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::role;

    #[test]
    fn a07_weak_and_malformed_points_are_no_keys() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(VerifyingKey::<role::ObjectSigning>::from_bytes(&identity).is_err());
        assert!(VerifyingKey::<role::ObjectSigning>::from_bytes(&[0; 32]).is_err());
        // p + 1, a second encoding of the identity's y.
        let mut non_canonical = [0xFF; 32];
        non_canonical[0] = 0xEE;
        non_canonical[31] = 0x7F;
        assert!(VerifyingKey::<role::ObjectSigning>::from_bytes(&non_canonical).is_err());
        assert!(VerifyingKey::<role::ObjectSigning>::from_bytes(&[0x02; 32]).is_err());
    }

    /// A key with a part of small order, and for each point of small order a message of one byte and an S, so that the
    /// signature with that point as its R holds by the equation alone.
    const MIXED_KEY: &str = "9ea3f11f5bd34f0cd7147fd0a436c088f624c6100c1df6a53c0a29e05d60cea0";
    const SMALL_SIGNATURES: [(u8, &str); 8] = [
        (
            0,
            "0100000000000000000000000000000000000000000000000000000000000000b41c30584599dd0ce87eae9c373cd8b18b678d5891b5629a6001c0d0dd9a2409",
        ),
        (
            8,
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a4c1ea9ffd754e54eb723ede51c68fe72c64213c77f3bd0536e2c9659cc82320e",
        ),
        (
            2,
            "00000000000000000000000000000000000000000000000000000000000000807e7c368c07591eab71a0320b6baab982a87588933bdb1b7a41965dcd672e8507",
        ),
        (
            5,
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc056a7d1d1f56398b24c660682fd5c1f1673b71609d4a8f92d0020bebb944ad5504",
        ),
        (
            0,
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f174088252bdd7fb30b7fa05d0b6026236839844993f51ace93f7e17cd313bb0b",
        ),
        (
            4,
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc8573cc7d0ca8291ce917c3ca3613bd03fe938e2ca0cb3bda9ffe8d6e8282931607",
        ),
        (
            3,
            "000000000000000000000000000000000000000000000000000000000000000089c006cfb313dc6737793c3fc1eb7e0562864effea67d71a4fc59654309ad50b",
        ),
        (
            10,
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fab5bf99207741537ba7cfb87ebba865c68ff8ff659ab8e3f0ae93fbdf549a0707",
        ),
    ];

    #[test]
    fn a07_a_signature_with_a_point_of_small_order() {
        let strict = |key: &ed25519_dalek::VerifyingKey, message: &[u8], signature: &[u8; SIGNATURE_LEN]| {
            key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).map_err(|_| Failed)
        };
        let honest = SigningKey::<role::ObjectSigning>::from_seed(Secret::from_slice(&[1; 32]).unwrap());
        let signature = honest.sign(&[0]);
        assert_eq!(honest.verifying_key().verify(&[0], &signature), Ok(()));
        assert_eq!(strict(&honest.verifying_key().key, &[0], &signature), Ok(()));
        let key = VerifyingKey::<role::ObjectSigning>::from_bytes(&hex(MIXED_KEY)).unwrap();
        for (message, signature) in SMALL_SIGNATURES {
            let (message, signature) = ([message], hex(signature));
            let equation = key.key.verify(&message, &ed25519_dalek::Signature::from_bytes(&signature));
            assert!(equation.is_ok());
            assert_eq!(strict(&key.key, &message, &signature), Err(Failed));
            assert_eq!(key.verify(&message, &signature), Err(Failed));
        }
    }

    #[test]
    fn all_eight_points_of_small_order_are_known() {
        let mut points: Vec<[u8; 32]> =
            SMALL_SIGNATURES.iter().map(|(_, signature)| *hex::<64>(signature).first_chunk().unwrap()).collect();
        points.sort_unstable();
        points.dedup();
        assert_eq!(points.len(), 8);
        for point in points {
            assert!(ed25519_dalek::VerifyingKey::from_bytes(&point).unwrap().is_weak());
            assert!(is_of_small_order(&point));
        }
        assert!(!is_of_small_order(&hex(MIXED_KEY)));
    }

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        core::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
    }

    #[test]
    fn a_signature_is_of_one_message() {
        let key = SigningKey::<role::ObjectSigning>::from_seed(Secret::from_slice(&[1; 32]).unwrap());
        let signature = key.sign(b"message");
        key.verifying_key().verify(b"message", &signature).unwrap();
        assert!(key.verifying_key().verify(b"messagE", &signature).is_err());
    }
}
