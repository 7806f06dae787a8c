//! What is inside a payload: metadata, the author's signature, content, padding.
//!
//! | Length | Field |
//! |---|---|
//! | 4 | length of the metadata, big-endian |
//! | .. | metadata |
//! | 64 | signature |
//! | .. | content, as long as the metadata says |
//! | .. | zeros up to the padded size |

use super::{Header, Metadata, OpenError};
use crate::codec::padding;
use crate::crypto::{
    WipedBytes,
    chunked::{COMMITMENT_LEN, SALT_LEN},
    kdf, role,
    sign::{SIGNATURE_LEN, VerifyingKey},
};
use crate::keys::Path;
use crate::record::{Label, Record};

/// Bytes beside metadata and content.
pub(super) const OVERHEAD: usize = 4 + SIGNATURE_LEN;

/// What an author signs.
pub(super) fn signature_input(
    header: &[u8; Header::LEN],
    salt: &[u8; SALT_LEN],
    commitment: &[u8; COMMITMENT_LEN],
    metadata_digest: &[u8; 64],
    content_digest: &[u8; 64],
) -> Vec<u8> {
    let mut input = Vec::with_capacity(320);
    input.extend_from_slice(&kdf::label("sign/object"));
    let parts: [&[u8]; 5] = [header, salt, commitment, metadata_digest, content_digest];
    for part in parts {
        input.extend_from_slice(part);
    }
    input
}

/// How many zeros follow content of this length.
pub(super) fn zeros(metadata: usize, content: usize) -> Option<usize> {
    let unpadded = OVERHEAD.checked_add(metadata)?.checked_add(content)?;
    padding::padded_len(unpadded)?.checked_sub(unpadded)
}

/// An interior that decrypted under a key we hold. Who wrote it is a claim until [`Self::verify`].
pub(crate) struct Unverified {
    header: Header,
    salt: [u8; SALT_LEN],
    commitment: [u8; COMMITMENT_LEN],
    plaintext: WipedBytes,
    metadata: Metadata,
    metadata_end: usize,
    content_end: usize,
    slot: u8,
}

impl Unverified {
    pub(super) fn parse(
        header: Header,
        salt: [u8; SALT_LEN],
        commitment: [u8; COMMITMENT_LEN],
        plaintext: WipedBytes,
        path: &Path,
        slot: u8,
    ) -> Result<Self, OpenError> {
        let (len, rest) = plaintext.split_first_chunk::<4>().ok_or(OpenError::Failed)?;
        let metadata_len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| OpenError::Failed)?;
        let metadata = Metadata::parse(rest.get(..metadata_len).ok_or(OpenError::Failed)?)?;
        // The key that opened the wrap decides the compartment; what was signed must agree with it. A wrap may be of a
        // later epoch than the signature, never of an earlier one.
        if metadata.compartment != path.compartment || metadata.epoch > path.epoch {
            return Err(OpenError::Failed);
        }
        let metadata_end = metadata_len.checked_add(4).ok_or(OpenError::Failed)?;
        let content_len = usize::try_from(metadata.content_len).map_err(|_| OpenError::Failed)?;
        let content_end = metadata_end
            .checked_add(SIGNATURE_LEN)
            .and_then(|start| start.checked_add(content_len))
            .ok_or(OpenError::Failed)?;
        let padding = plaintext.get(content_end..).ok_or(OpenError::Failed)?;
        if !padding::is_canonical(content_end, padding) {
            return Err(OpenError::Failed);
        }
        Ok(Self { header, salt, commitment, plaintext, metadata, metadata_end, content_end, slot })
    }

    /// The metadata as it claims to be: to look up the author, and for nothing else.
    pub(crate) fn claimed(&self) -> &Metadata {
        &self.metadata
    }

    /// Releases the content, if `author` signed it.
    pub(crate) fn verify(mut self, author: &VerifyingKey<role::ObjectSigning>) -> Result<Opened, OpenError> {
        let metadata_bytes = self.plaintext.get(4..self.metadata_end).ok_or(OpenError::Failed)?;
        let rest = self.plaintext.get(self.metadata_end..self.content_end).ok_or(OpenError::Failed)?;
        let (signature, content) = rest.split_first_chunk::<SIGNATURE_LEN>().ok_or(OpenError::Failed)?;
        let input = signature_input(
            &self.header.to_bytes(),
            &self.salt,
            &self.commitment,
            &kdf::sha512(metadata_bytes),
            &kdf::sha512(content),
        );
        author.verify(&input, signature)?;
        // The content stays where it was decrypted: a second copy would have to be wiped too.
        let content = self.content_end.saturating_sub(content.len())..self.content_end;
        let len = content.len();
        self.plaintext.copy_within(content, 0);
        self.plaintext.truncate(len);
        Ok(Opened { header: self.header, metadata: self.metadata, content: self.plaintext, slot: self.slot })
    }
}

/// An entry whose author is verified.
pub(crate) struct Opened {
    pub(crate) header: Header,
    pub(crate) metadata: Metadata,
    pub(crate) content: WipedBytes,
    /// Number of its compartment in the chart.
    pub(crate) slot: u8,
}

impl Record {
    /// The record of a verified entry.
    pub(crate) fn of_opened(opened: Opened) -> Self {
        let Opened { header, metadata, content, slot: _ } = opened;
        let record = Self::of_parts(header.kind, metadata.media_type, content, metadata.name, metadata.terms);
        match Label::new(&metadata.label) {
            Ok(label) => record.labelled(label),
            Err(_) => record,
        }
    }
}
