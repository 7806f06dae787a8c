//! Sealed entries: header, payload and wrap.
//!
//! ```text
//!  content ─┐                      ┌─ header (clear, 72 bytes)
//!  metadata ┼─ sign ─ pad ─ encrypt┤                              = sealed entry, never changed
//!           │        data key      └─ payload (salt, commitment, chunks)
//!           │           │
//!           │        content key of the compartment ── wrap (48 bytes, beside the entry, made anew at will)
//! ```
//!
//! [`open`] gives an [`Unverified`] interior, which says whose signature it claims; only [`Unverified::verify`] with
//! that author's key gives an [`Opened`].

mod header;
mod interior;
mod metadata;

pub(crate) use header::Header;
pub(crate) use interior::{Opened, Unverified};
pub use metadata::Actor;
pub(crate) use metadata::{Chain, Metadata};

use crate::codec::{self, ChartId, Hash, padding};
use crate::crypto::{
    Failed, KEY_LEN, RandomError, Secret, Suite, chunked, chunked::MessageKey, kdf, kdf::Deriver, random, role,
    sign::SigningKey,
};
use crate::keys::{ContentKey, Wrap};
use zeroize::Zeroizing;

const _: () = assert!(KEY_LEN == 32);

/// An entry version as it is stored: bytes that never change, and the wrap of their data key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEntry {
    pub(crate) bytes: Vec<u8>,
    pub(crate) wrap: Wrap,
}

impl SealedEntry {
    /// The object hash: over header and payload, not over the wrap.
    pub(crate) fn hash(&self) -> Hash {
        object_hash(&self.bytes)
    }
}

/// Why nothing was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealError {
    /// The content is longer than [`MAX_CONTENT`].
    TooLong,
    Random,
    Failed,
}

impl From<RandomError> for SealError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

impl From<Failed> for SealError {
    fn from(_: Failed) -> Self {
        Self::Failed
    }
}

/// Longest content of a record, in bytes: 16 MiB. What is longer is a file.
pub(crate) const MAX_CONTENT: usize = 16 << 20;
/// Longest encoded metadata, in bytes.
pub(crate) const MAX_METADATA: usize = 1 << 20;

/// Seals content with its metadata under a fresh data key, signed by the author.
pub(crate) fn seal(
    header: &Header,
    metadata: &Metadata,
    content: &[u8],
    signer: &SigningKey<role::ObjectSigning>,
    key: &ContentKey,
) -> Result<SealedEntry, SealError> {
    if content.len() > MAX_CONTENT {
        return Err(SealError::TooLong);
    }
    let header_bytes = header.to_bytes();
    let metadata_bytes = Zeroizing::new(codec::encode(metadata));
    if metadata_bytes.len() > MAX_METADATA {
        return Err(SealError::TooLong);
    }
    let digests = (kdf::sha512(&metadata_bytes), kdf::sha512(content));
    let seed = Secret::<role::DataKeySeed>::generate()?;
    let data_key: Secret<role::DataKey> = Deriver::new(&seed).key(&[&header_bytes, &digests.0, &digests.1]);
    let message = MessageKey::derive(header.suite, &data_key, random::array()?, &[&header_bytes])?;
    let signature = signer.sign(&interior::signature_input(
        &header_bytes,
        message.salt(),
        message.commitment(),
        &digests.0,
        &digests.1,
    ));
    let zeros = interior::zeros(metadata_bytes.len(), content.len()).ok_or(SealError::TooLong)?;
    let metadata_len = kdf::lp_len(&metadata_bytes);
    let parts: [&[u8]; 4] = [&metadata_len, &metadata_bytes, &signature, content];
    let len = parts.iter().map(|part| part.len()).fold(zeros, usize::saturating_add);
    let mut bytes = Vec::with_capacity(Header::LEN.saturating_add(chunked::sealed_len(len)));
    bytes.extend_from_slice(&header_bytes);
    message.seal_parts(&parts, zeros, &mut bytes)?;
    let wrap = key.wrap(&header_bytes, message.salt(), message.commitment(), &data_key)?;
    Ok(SealedEntry { bytes, wrap })
}

/// Opens an entry of a chart with the first of `keys` that opens its wrap. The author is not verified yet.
pub(crate) fn open<'k>(
    chart: &ChartId,
    suite: Suite,
    bytes: &[u8],
    wrap: &Wrap,
    keys: impl IntoIterator<Item = &'k ContentKey>,
) -> Result<Unverified, OpenError> {
    let (header, payload) = Header::split(bytes)?;
    if header.chart != *chart || header.suite != suite {
        return Err(OpenError::Failed);
    }
    let header_bytes = header.to_bytes();
    let (salt, commitment, _) = chunked::split(payload)?;
    let mut tried = false;
    for key in keys {
        if key.kind() != header.kind || key.path().epoch != wrap.epoch {
            continue;
        }
        tried = true;
        let Ok(data_key) = key.unwrap(&header_bytes, salt, commitment, wrap) else {
            continue;
        };
        let plaintext = chunked::open(header.suite, &data_key, &[&header_bytes], payload)?;
        return Unverified::parse(header, *salt, *commitment, plaintext, key.path(), key.slot());
    }
    Err(if tried { OpenError::NoKey } else { OpenError::NoEpoch })
}

/// Wraps the data key of an entry anew, under a later epoch of the same compartment.
pub(crate) fn rewrap(bytes: &[u8], wrap: &Wrap, from: &ContentKey, to: &ContentKey) -> Result<Wrap, OpenError> {
    let (header, payload) = Header::split(bytes)?;
    let same =
        from.path().compartment == to.path().compartment && from.kind() == to.kind() && from.kind() == header.kind;
    if !same || from.path().chart != to.path().chart || from.path().chart != header.chart {
        return Err(OpenError::Failed);
    }
    let header_bytes = header.to_bytes();
    let (salt, commitment, _) = chunked::split(payload)?;
    let data_key = from.unwrap(&header_bytes, salt, commitment, wrap)?;
    Ok(to.wrap(&header_bytes, salt, commitment, &data_key)?)
}

/// Why an entry did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
    /// No key of the wrap's epoch and the entry's kind is held.
    NoEpoch,
    /// None of the keys held opens the wrap: it is of another compartment, or damaged.
    NoKey,
    /// A newer format, or an extension that must be understood.
    Newer,
    /// Damaged, forged, or moved from elsewhere.
    Failed,
}

impl From<Failed> for OpenError {
    fn from(_: Failed) -> Self {
        Self::Failed
    }
}

/// H("object", header ‖ payload).
pub(crate) fn object_hash(bytes: &[u8]) -> Hash {
    Hash::from_bytes(kdf::hash("object", &[bytes]))
}

/// Most bytes that sealing content of `len` bytes gives, with ordinary metadata, wrap included.
pub(crate) fn sealed_size_max(len: usize) -> Option<usize> {
    // 64 KiB is ample for the terms that `put` accepts by default; see `Terms`.
    let interior = len.checked_add(interior::OVERHEAD)?.checked_add(64 << 10)?;
    chunked::sealed_len(padding::padded_len(interior)?).checked_add(Header::LEN)?.checked_add(Wrap::LEN)
}

#[cfg(test)]
mod tests;
