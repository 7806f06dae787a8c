//! A leaf, the row that it is stored in, and the sealing of its events.

use crate::codec::{self, ChartId, Hash, LogId, Malformed, Version1};
use crate::crypto::chunked::{self, Sealer};
use crate::crypto::sign::SIGNATURE_LEN;
use crate::crypto::{Secret, Suite, kdf, merkle, role};
use crate::log::LogError;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Most bytes of a sealed group of events.
pub(crate) const MOST_SEALED: usize = 4 << 20;
/// Most charts that one leaf changes.
pub(crate) const MOST_CHANGES: usize = 1 << 16;
/// Events are padded to a multiple of this.
const STEP: usize = 256;
const VERSION: u8 = 1;

/// A leaf of a log.
///
/// | Offset | Length | Field |
/// |---|---|---|
/// | 0 | 1 | version, 1 |
/// | 1 | 32 | root of the map |
/// | 33 | 4 | n, u32 |
/// | 37 | n | sealed events |
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) map_root: Hash,
    /// What [`seal_events`] made.
    pub(crate) sealed: Vec<u8>,
}

impl Leaf {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.sealed.len().saturating_add(37));
        out.push(VERSION);
        out.extend_from_slice(self.map_root.as_bytes());
        kdf::lp(&mut out, &self.sealed);
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let (version, rest) = bytes.split_first().ok_or(Malformed::Invalid)?;
        if *version > VERSION {
            return Err(Malformed::Newer);
        }
        let (map_root, rest) = rest.split_first_chunk().ok_or(Malformed::Invalid)?;
        let (len, sealed) = rest.split_first_chunk().ok_or(Malformed::Invalid)?;
        let fits = usize::try_from(u32::from_be_bytes(*len)) == Ok(sealed.len()) && sealed.len() <= MOST_SEALED;
        if *version != VERSION || !fits {
            return Err(Malformed::Invalid);
        }
        Ok(Self { map_root: Hash::from_bytes(*map_root), sealed: sealed.to_vec() })
    }

    /// Its hash in the tree.
    pub(crate) fn hash(&self) -> merkle::Node {
        merkle::leaf_hash(&self.to_bytes())
    }
}

/// What is written for one leaf: the leaf, the digests that it changed in the map, and the signature of the head with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeafRow {
    pub(crate) leaf: Leaf,
    pub(crate) changes: BTreeMap<ChartId, Hash>,
    pub(crate) signature: [u8; SIGNATURE_LEN],
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Encoded {
    #[n(0)]
    version: Version1,
    #[cbor(n(1), with = "minicbor::bytes")]
    leaf: Vec<u8>,
    #[n(2)]
    changes: Vec<(ChartId, Hash)>,
    #[cbor(n(3), with = "minicbor::bytes")]
    signature: [u8; SIGNATURE_LEN],
}

impl LeafRow {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        codec::encode(&Encoded {
            version: Version1,
            leaf: self.leaf.to_bytes(),
            changes: self.changes.iter().map(|(chart, digest)| (*chart, *digest)).collect(),
            signature: self.signature,
        })
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let Encoded { version: Version1, leaf, changes, signature } = codec::decode(bytes)?;
        if changes.len() > MOST_CHANGES || !changes.is_sorted_by(|(one, _), (next, _)| one < next) {
            return Err(Malformed::Invalid);
        }
        Ok(Self { leaf: Leaf::from_bytes(&leaf)?, changes: changes.into_iter().collect(), signature })
    }
}

/// Seals a group of events for one place in one log. `events` is the caller's encoding of the group.
pub(crate) fn seal_events(
    sealer: &Sealer<role::Audit>,
    log: &LogId,
    index: u64,
    events: &[u8],
) -> Result<Vec<u8>, LogError> {
    let len = events.len().checked_add(4).and_then(|len| len.checked_next_multiple_of(STEP));
    let len = len.filter(|len| chunked::sealed_len(*len) <= MOST_SEALED).ok_or(LogError::TooLong)?;
    let mut padded = Zeroizing::new(Vec::with_capacity(len));
    kdf::lp(&mut padded, events);
    padded.resize(len, 0);
    Ok(sealer.seal(sealer.salt(&padded)?, &[&context(log, index)], &padded)?)
}

/// Opens what [`seal_events`] made for this place.
pub(crate) fn open_events(
    suite: Suite,
    key: &Secret<role::Audit>,
    log: &LogId,
    index: u64,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, LogError> {
    let padded = chunked::open(suite, key, &[&context(log, index)], sealed)?;
    let (len, rest) = padded.split_first_chunk().ok_or(LogError::Damaged)?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| LogError::Damaged)?;
    let (events, zeros) = rest.split_at_checked(len).ok_or(LogError::Damaged)?;
    let canonical = len.checked_add(4).and_then(|len| len.checked_next_multiple_of(STEP)) == Some(padded.len());
    if !canonical || zeros.iter().any(|byte| *byte != 0) {
        return Err(LogError::Damaged);
    }
    Ok(Zeroizing::new(events.to_vec()))
}

fn context(log: &LogId, index: u64) -> Vec<u8> {
    let mut context = kdf::label("log-event");
    context.extend_from_slice(log.as_bytes());
    context.extend_from_slice(&index.to_be_bytes());
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogId = LogId::from_bytes([3; 16]);
    const SUITE: Suite = Suite::Aes256Gcm;

    fn sealer() -> Sealer<role::Audit> {
        Sealer::new(SUITE, &key()).unwrap()
    }

    fn key() -> Secret<role::Audit> {
        Secret::from_slice(&[9; 32]).unwrap()
    }

    #[test]
    fn events_open_at_their_place_only() {
        let sealed = seal_events(&sealer(), &LOG, 7, b"events").unwrap();
        assert_eq!(&open_events(SUITE, &key(), &LOG, 7, &sealed).unwrap()[..], b"events");
        assert!(open_events(SUITE, &key(), &LOG, 8, &sealed).is_err());
        assert!(open_events(SUITE, &key(), &LogId::from_bytes([4; 16]), 7, &sealed).is_err());
        let other = Secret::from_slice(&[8; 32]).unwrap();
        assert!(open_events(SUITE, &other, &LOG, 7, &sealed).is_err());
    }

    #[test]
    fn sizes_come_in_steps_and_padding_in_one_form() {
        for (len, padded) in [(0, 256), (252, 256), (253, 512), (508, 512)] {
            let sealed = seal_events(&sealer(), &LOG, 0, &vec![1; len]).unwrap();
            assert_eq!(sealed.len(), chunked::sealed_len(padded), "{len}");
            assert_eq!(open_events(SUITE, &key(), &LOG, 0, &sealed).unwrap().len(), len);
        }
        let forged = |padded: &[u8]| chunked::seal(SUITE, &key(), [1; 24], &[&context(&LOG, 0)], padded).unwrap();
        let mut padded = vec![0; 256];
        assert!(open_events(SUITE, &key(), &LOG, 0, &forged(&padded)).is_ok());
        assert!(open_events(SUITE, &key(), &LOG, 0, &forged(&[0; 512])).is_err(), "a step too many");
        padded[255] = 1;
        assert!(open_events(SUITE, &key(), &LOG, 0, &forged(&padded)).is_err(), "padding that is not zero");
        padded[..4].copy_from_slice(&300_u32.to_be_bytes());
        assert!(open_events(SUITE, &key(), &LOG, 0, &forged(&padded)).is_err(), "longer than it is");
        assert!(matches!(seal_events(&sealer(), &LOG, 0, &vec![0; MOST_SEALED]), Err(LogError::TooLong)));
    }

    #[test]
    fn a_leaf_and_its_row_have_one_form() {
        let leaf = Leaf { map_root: Hash::from_bytes([5; 32]), sealed: vec![1, 2, 3] };
        let bytes = leaf.to_bytes();
        assert_eq!(Leaf::from_bytes(&bytes), Ok(leaf.clone()));
        for cut in 0..bytes.len() {
            assert_eq!(Leaf::from_bytes(&bytes[..cut]), Err(Malformed::Invalid));
        }
        assert_eq!(Leaf::from_bytes(&[&bytes[..], &[0]].concat()), Err(Malformed::Invalid));
        assert_eq!(Leaf::from_bytes(&[&[2], &bytes[1..]].concat()), Err(Malformed::Newer));
        assert_eq!(Leaf::from_bytes(&[&[0], &bytes[1..]].concat()), Err(Malformed::Invalid));
        let charts = [[1; 32], [2; 32]].map(ChartId::from_bytes);
        let changes = charts.into_iter().map(|chart| (chart, Hash::from_bytes([6; 32]))).collect();
        let row = LeafRow { leaf, changes, signature: [7; SIGNATURE_LEN] };
        assert_eq!(LeafRow::from_bytes(&row.to_bytes()), Ok(row.clone()));
        let disordered = Encoded {
            version: Version1,
            leaf: row.leaf.to_bytes(),
            changes: row.changes.iter().rev().map(|(chart, digest)| (*chart, *digest)).collect(),
            signature: row.signature,
        };
        assert_eq!(LeafRow::from_bytes(&codec::encode(&disordered)), Err(Malformed::Invalid));
    }
}
