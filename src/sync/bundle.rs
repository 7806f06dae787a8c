//! The bundle: a stream of frames.
//!
//! | Length | Field |
//! |---|---|
//! | 4 | magic `AMPB` |
//! | 1 | format, 1 |
//! | .. | frames: type u8, length u32, payload |
//!
//! The first frame is the head, the last the end; between them grants, then cards, then the ledger, then what lies beside
//! it, then entries. The end
//! names the hash of all bytes before its frame. Cards carry names, so they travel under the ledger key of an epoch, which
//! the addressee has by his grant.

use crate::codec::{self, CardHash, ChartId, Extensions, GrantId, Hash, Malformed, Version1, padding};
use crate::crypto::{Failed, Secret, Suite, chunked, kdf, role};
use crate::keys::chart::{LedgerRow, Wrap};
use minicbor::{Decode, Encode, bytes::ByteVec};

const MAGIC: &[u8; 4] = b"AMPB";
const FORMAT: u8 = 1;
/// Most bytes of one frame: a record of 16 MiB with its metadata and padding.
const MAX_FRAME: usize = 24 << 20;

/// The addressee does not know the chart's suite before he has read its ledger.
const CARD_SUITE: Suite = Suite::Aes256Gcm;

const HEAD: u8 = 1;
const GRANT: u8 = 2;
const CARDS: u8 = 3;
const LEDGER: u8 = 4;
const BESIDE: u8 = 5;
const ENTRY: u8 = 6;
const END: u8 = 7;

/// Why bytes are no bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BundleError {
    Damaged,
    Newer,
}

impl From<Malformed> for BundleError {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Invalid => Self::Damaged,
            Malformed::Newer => Self::Newer,
        }
    }
}

/// Whose chart, for whom, since when.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Head {
    #[n(0)]
    version: Version1,
    #[n(1)]
    pub(crate) chart: ChartId,
    /// Root card of the addressee.
    #[n(2)]
    pub(crate) recipient: CardHash,
    /// Number in the sender's order of arrival after which entries follow.
    #[n(3)]
    pub(crate) since: u64,
    #[n(4)]
    extensions: Extensions,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct LedgerFrame {
    #[n(0)]
    seq: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    stored: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    receipt: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct GrantFrame {
    #[n(0)]
    id: GrantId,
    #[cbor(n(1), with = "minicbor::bytes")]
    row: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct End {
    /// Where the next bundle goes on.
    #[n(0)]
    next: u64,
    #[n(1)]
    hash: Hash,
}

/// Root and device cards of a chart's members.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct CardSet {
    #[n(0)]
    pub(crate) roots: Vec<ByteVec>,
    #[n(1)]
    pub(crate) devices: Vec<ByteVec>,
}

/// An entry in a bundle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) wrap: Wrap,
    pub(crate) bytes: &'a [u8],
}

/// A bundle that is whole. Nothing of what it holds is verified yet.
#[derive(Debug)]
pub(crate) struct Bundle<'a> {
    pub(crate) head: Head,
    /// Epoch of the ledger key, and the sealed [`CardSet`].
    pub(crate) cards: Vec<(u32, &'a [u8])>,
    pub(crate) ledger: Vec<LedgerRow>,
    /// Other lines of the ledger, and steps that the sender proposes, in the form in which a vault stores them.
    pub(crate) beside: Option<&'a [u8]>,
    pub(crate) grants: Vec<(GrantId, Vec<u8>)>,
    pub(crate) entries: Vec<Item<'a>>,
    pub(crate) next: u64,
}

impl<'a> Bundle<'a> {
    /// Takes a bundle apart, strictly.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let (magic, rest) = bytes.split_first_chunk::<4>().ok_or(BundleError::Damaged)?;
        let (format, mut rest) = rest.split_first().ok_or(BundleError::Damaged)?;
        match (magic == MAGIC, *format) {
            (true, FORMAT) => {}
            (true, newer) if newer > FORMAT => return Err(BundleError::Newer),
            _ => return Err(BundleError::Damaged),
        }
        let (kind, payload) = take_frame(&mut rest)?;
        if kind != HEAD {
            return Err(BundleError::Damaged);
        }
        let mut bundle = Self {
            head: codec::decode(payload)?,
            cards: Vec::new(),
            ledger: Vec::new(),
            beside: None,
            grants: Vec::new(),
            entries: Vec::new(),
            next: 0,
        };
        let mut last = HEAD;
        loop {
            let before = bytes.len().checked_sub(rest.len()).ok_or(BundleError::Damaged)?;
            let (kind, payload) = take_frame(&mut rest)?;
            if kind < last || kind == HEAD {
                return Err(BundleError::Damaged);
            }
            last = kind;
            match kind {
                CARDS => {
                    let (epoch, sealed) = payload.split_first_chunk().ok_or(BundleError::Damaged)?;
                    bundle.cards.push((u32::from_be_bytes(*epoch), sealed));
                }
                LEDGER => {
                    let LedgerFrame { seq, stored, receipt } = codec::decode(payload)?;
                    if u64::try_from(bundle.ledger.len()) != Ok(seq) {
                        return Err(BundleError::Damaged);
                    }
                    bundle.ledger.push(LedgerRow { stored, receipt });
                }
                GRANT => {
                    let GrantFrame { id, row } = codec::decode(payload)?;
                    bundle.grants.push((id, row));
                }
                BESIDE if bundle.beside.is_none() => bundle.beside = Some(payload),
                BESIDE => return Err(BundleError::Damaged),
                ENTRY => {
                    let (wrap, bytes) = payload.split_at_checked(Wrap::LEN).ok_or(BundleError::Damaged)?;
                    let wrap = Wrap::from_slice(wrap).ok_or(BundleError::Damaged)?;
                    bundle.entries.push(Item { wrap, bytes });
                }
                END => {
                    let end: End = codec::decode(payload)?;
                    let hashed = bytes.get(..before).ok_or(BundleError::Damaged)?;
                    if !rest.is_empty() || end.hash != hash(hashed) {
                        return Err(BundleError::Damaged);
                    }
                    bundle.next = end.next;
                    return Ok(bundle);
                }
                _ => return Err(BundleError::Newer),
            }
        }
    }
}

/// Puts a bundle together. Frames are added in the order of their types.
pub(crate) struct Writer {
    bytes: Vec<u8>,
    chart: ChartId,
}

impl Writer {
    pub(crate) fn new(chart: ChartId, recipient: CardHash, since: u64) -> Self {
        let mut writer = Self { bytes: MAGIC.to_vec(), chart };
        writer.bytes.push(FORMAT);
        let head = Head { version: Version1, chart, recipient, since, extensions: Extensions::default() };
        writer.frame(HEAD, &[&codec::encode(&head)]);
        writer
    }

    /// Seals cards under the ledger key of an epoch.
    pub(crate) fn cards(&mut self, key: &Secret<role::Ledger>, epoch: u32, cards: &CardSet) -> Result<(), Failed> {
        let padded = padding::pad(&codec::encode(cards)).ok_or(Failed)?;
        let salt = chunked::salt(key, &padded).map_err(|_| Failed)?;
        let sealed = chunked::seal(CARD_SUITE, key, salt, &[&card_context(&self.chart, epoch)], &padded)?;
        self.frame(CARDS, &[&epoch.to_be_bytes(), &sealed]);
        Ok(())
    }

    pub(crate) fn ledger(&mut self, seq: u64, row: &LedgerRow) {
        let LedgerRow { stored, receipt } = row.clone();
        self.frame(LEDGER, &[&codec::encode(&LedgerFrame { seq, stored, receipt })]);
    }

    /// At most one.
    pub(crate) fn beside(&mut self, beside: &[u8]) {
        self.frame(BESIDE, &[beside]);
    }

    pub(crate) fn grant(&mut self, id: GrantId, row: Vec<u8>) {
        self.frame(GRANT, &[&codec::encode(&GrantFrame { id, row })]);
    }

    /// `stored` is wrap and sealed bytes, as in a store.
    pub(crate) fn entry(&mut self, stored: &[u8]) {
        self.frame(ENTRY, &[stored]);
    }

    pub(crate) fn finish(mut self, next: u64) -> Vec<u8> {
        let end = End { next, hash: hash(&self.bytes) };
        self.frame(END, &[&codec::encode(&end)]);
        self.bytes
    }

    fn frame(&mut self, kind: u8, parts: &[&[u8]]) {
        let len = parts.iter().map(|part| part.len()).sum::<usize>();
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
    }
}

/// Opens the cards of a bundle.
pub(crate) fn open_cards(
    key: &Secret<role::Ledger>,
    chart: &ChartId,
    epoch: u32,
    sealed: &[u8],
) -> Result<CardSet, Failed> {
    let padded = chunked::open(CARD_SUITE, key, &[&card_context(chart, epoch)], sealed)?;
    codec::decode(padding::unpad(&padded).ok_or(Failed)?).map_err(|_| Failed)
}

/// label("bundle-cards") ‖ chart ‖ epoch.
fn card_context(chart: &ChartId, epoch: u32) -> Vec<u8> {
    let mut context = kdf::label("bundle-cards");
    context.extend_from_slice(chart.as_bytes());
    context.extend_from_slice(&epoch.to_be_bytes());
    context
}

/// Frames with an end that names their sum, as somebody can make it who changes a bundle on the way.
#[cfg(feature = "testing")]
pub fn sum_bundle(frames: &[u8], next: u64) -> Vec<u8> {
    Writer { bytes: frames.to_vec(), chart: ChartId::from_bytes([0; 32]) }.finish(next)
}

fn take_frame<'a>(rest: &mut &'a [u8]) -> Result<(u8, &'a [u8]), BundleError> {
    let (kind, after) = rest.split_first().ok_or(BundleError::Damaged)?;
    let (len, after) = after.split_first_chunk().ok_or(BundleError::Damaged)?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| BundleError::Damaged)?;
    if len > MAX_FRAME {
        return Err(BundleError::Damaged);
    }
    let (payload, after) = after.split_at_checked(len).ok_or(BundleError::Damaged)?;
    *rest = after;
    Ok((*kind, payload))
}

/// H("bundle", bytes): finds damage on the way. Who made the bundle is not its matter; what it holds is signed.
fn hash(bytes: &[u8]) -> Hash {
    Hash::from_bytes(kdf::hash("bundle", &[bytes]))
}
