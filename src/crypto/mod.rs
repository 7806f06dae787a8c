//! The only module that touches cryptographic primitives.
//!
//! Everything above it works with the types of this module: a [`Secret`] for one purpose each, [`chunked`] payloads,
//! [`sign`]atures, [`seal`]ing to a person. The derivations `D` and `H` of `docs/FORMAT.md` are in [`kdf`].

mod aead;
pub(crate) mod chunked;
pub(crate) mod kdf;
pub(crate) mod merkle;
pub(crate) mod password;
pub(crate) mod random;
pub(crate) mod seal;
mod secret;
pub(crate) mod sign;
pub(crate) mod tree;
mod wiped_bytes;

pub use aead::Suite;
pub(crate) use aead::{KEY_LEN, NONCE_LEN, TAG_LEN, open_once, seal_once};
pub use random::RandomError;
pub(crate) use secret::{Role, Secret, role};
pub(crate) use wiped_bytes::WipedBytes;

/// A ciphertext did not open or a signature did not verify. Which check failed is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed;
