//! What the entry of a file holds: where its content is, and what opens and proves it.

use super::Fault;
use crate::blob::Sealed;
use crate::codec::{self, BlobId, Extensions, Hash, Malformed, SecretBytes, Version1};
use crate::crypto::{Secret, tree::Root};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

/// The content of the entry.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Stored {
    #[n(0)]
    version: Version1,
    #[n(1)]
    blob: BlobId,
    /// Of the content, in bytes, without padding.
    #[n(2)]
    len: u64,
    #[n(3)]
    root: Hash,
    #[n(4)]
    key: SecretBytes,
    #[n(5)]
    extensions: Extensions,
}

/// A blob as its author described it.
pub(super) struct Descriptor {
    pub(super) blob: BlobId,
    pub(super) sealed: Sealed,
    pub(super) extensions: Extensions,
}

impl Descriptor {
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let Self { blob, sealed: Sealed { key, root, len }, extensions } = self;
        codec::encode_secret(&Stored {
            version: Version1,
            blob: *blob,
            len: *len,
            root: Hash::from_bytes(*root.as_bytes()),
            key: SecretBytes::new(key.expose()),
            extensions: extensions.clone(),
        })
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let Stored { version: _, blob, len, root, key, extensions } =
            codec::decode(bytes).map_err(|malformed| match malformed {
                Malformed::Newer => Fault::Newer,
                Malformed::Invalid => Fault::Failed,
            })?;
        let key = Secret::from_slice(key.expose())?;
        Ok(Self { blob, sealed: Sealed { key, root: Root::from_bytes(*root.as_bytes()), len }, extensions })
    }
}

/// What a descriptor says, if it is one.
#[cfg(feature = "testing")]
pub(crate) fn blob_of(descriptor: &[u8]) -> Option<(BlobId, Sealed)> {
    Descriptor::decode(descriptor).ok().map(|Descriptor { blob, sealed, extensions: _ }| (blob, sealed))
}

/// A descriptor, to be shown.
#[cfg(feature = "testing")]
pub(crate) fn descriptor_of(blob: BlobId, sealed: Sealed) -> Vec<u8> {
    Descriptor { blob, sealed, extensions: Extensions::default() }.encode().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_comes_back_and_nothing_else_does() {
        let descriptor = Descriptor {
            blob: BlobId::from_bytes([1; 16]),
            sealed: Sealed { key: Secret::from_slice(&[2; 32]).unwrap(), root: Root::from_bytes([3; 32]), len: 4 },
            extensions: Extensions::default(),
        };
        let bytes = descriptor.encode();
        let again = Descriptor::decode(&bytes).ok().unwrap();
        assert!(again.encode() == bytes);
        assert_eq!((again.blob, again.sealed.len), (descriptor.blob, 4));
        let mut newer = bytes.to_vec();
        newer[1] = 2;
        assert!(matches!(Descriptor::decode(&newer), Err(Fault::Newer)));
        for damaged in [&bytes[..bytes.len() - 1], &[&bytes[..], &[0]].concat(), &[]] {
            assert!(matches!(Descriptor::decode(damaged), Err(Fault::Failed)));
        }
    }
}
