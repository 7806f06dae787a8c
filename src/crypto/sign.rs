//! Ed25519 (RFC 8032), verified strictly, one key for one purpose.

use super::{Failed, Role, Secret, random::RandomError};
use core::{fmt, marker::PhantomData};
use ed25519_dalek::Signer;

/// Length of a signature, in bytes.
pub(crate) const SIGNATURE_LEN: usize = 64;

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
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> Result<(), Failed> {
        self.key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).map_err(|_| Failed)
    }
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

    #[test]
    fn a_signature_is_of_one_message() {
        let key = SigningKey::<role::ObjectSigning>::from_seed(Secret::from_slice(&[1; 32]).unwrap());
        let signature = key.sign(b"message");
        key.verifying_key().verify(b"message", &signature).unwrap();
        assert!(key.verifying_key().verify(b"messagE", &signature).is_err());
    }
}
