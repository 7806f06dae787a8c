//! The bundle: a stream of frames.
//!
//! | Length | Field |
//! |---|---|
//! | 4 | magic `AMPB` |
//! | 1 | format, 1 |
//! | .. | frames: type u8, length u32, payload |
//!
//! The first frame is the head, the last the end; between them grants, then cards, then the ledger, then what lies beside
//! it, then entries, then the scope, then the proof. All before the proof is the *content*: the proof is about its hash, so
//! that nobody takes anything out on the way. The end tells damage from that. Cards carry names, and the scope says which
//! compartments are used, so both travel under the ledger key of an epoch, which the addressee has by his grant.

use crate::codec::{self, CardHash, ChartId, Extensions, GrantId, Hash, Malformed, Version1, padding};
use crate::crypto::{Failed, Secret, Suite, chunked, kdf, role};
use crate::keys::chart::{LedgerRow, Wrap};
use crate::sync::{extent::Extent, proof::Proof};
use minicbor::{Decode, Encode, bytes::ByteVec};

const MAGIC: &[u8; 4] = b"AMPB";
const FORMAT: u8 = 1;
/// Most bytes of one frame: a record of 16 MiB with its metadata and padding.
const MAX_FRAME: usize = 24 << 20;

/// The addressee does not know the chart's suite before he has read its ledger.
const SUITE: Suite = Suite::Aes256Gcm;

const HEAD: u8 = 1;
const GRANT: u8 = 2;
const CARDS: u8 = 3;
const LEDGER: u8 = 4;
const BESIDE: u8 = 5;
const ENTRY: u8 = 6;
const SCOPE: u8 = 7;
const PROOF: u8 = 8;
const END: u8 = 9;

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

/// Whose chart, and for whom.
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
    #[n(3)]
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

/// Root and device cards of a chart's members.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct CardSet {
    #[n(0)]
    pub(crate) roots: Vec<ByteVec>,
    #[n(1)]
    pub(crate) devices: Vec<ByteVec>,
}

/// All that a bundle tells of a chart's sharing. Who has it already gets the entries alone.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
#[cbor(array)]
pub(crate) struct Sharing {
    #[n(0)]
    grants: Vec<GrantFrame>,
    /// Of the ledger key that the cards are sealed under.
    #[n(1)]
    epoch: u32,
    #[n(2)]
    cards: CardSet,
    #[n(3)]
    ledger: Vec<LedgerFrame>,
    /// What lies beside the ledger; empty where nothing does.
    #[cbor(n(4), with = "minicbor::bytes")]
    beside: Vec<u8>,
}

impl Sharing {
    pub(crate) fn new(
        grants: Vec<(GrantId, Vec<u8>)>,
        epoch: u32,
        cards: CardSet,
        ledger: &[LedgerRow],
        beside: Vec<u8>,
    ) -> Self {
        let frame = |(seq, LedgerRow { stored, receipt }): (u64, LedgerRow)| LedgerFrame { seq, stored, receipt };
        Self {
            grants: grants.into_iter().map(|(id, row)| GrantFrame { id, row }).collect(),
            epoch,
            cards,
            ledger: (0_u64..).zip(ledger.iter().cloned()).map(frame).collect(),
            beside,
        }
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// H("bundle-sharing", encoding): two that are the same have one.
    pub(crate) fn hash(&self) -> Hash {
        Hash::from_bytes(kdf::hash("bundle-sharing", &[&codec::encode(self)]))
    }
}

/// An entry in a bundle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) wrap: Wrap,
    pub(crate) bytes: &'a [u8],
}

/// A bundle that was not damaged. Nothing of what it holds is verified yet.
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
    /// Epoch of the ledger key, and the sealed [`Extent`]. Whose access has ended gets none.
    pub(crate) scope: Option<(u32, &'a [u8])>,
    pub(crate) proof: Proof,
    /// Hash of all that is to be proven.
    pub(crate) content: Hash,
}

impl<'a> Bundle<'a> {
    /// Whether it tells nothing of the sharing: its addressee is to have heard that already.
    pub(crate) fn is_of_entries(&self) -> bool {
        let Self { cards, ledger, beside, grants, .. } = self;
        cards.is_empty() && ledger.is_empty() && beside.is_none() && grants.is_empty()
    }

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
        let head = codec::decode(payload)?;
        let (mut cards, mut ledger, mut grants, mut entries) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut beside, mut scope, mut proof) = (None, None, None);
        let mut last = HEAD;
        loop {
            let before = bytes.len().checked_sub(rest.len()).ok_or(BundleError::Damaged)?;
            let (kind, payload) = take_frame(&mut rest)?;
            if kind < last || kind == HEAD {
                return Err(BundleError::Damaged);
            }
            last = kind;
            match kind {
                CARDS => cards.push(take_epoch(payload)?),
                LEDGER => {
                    let LedgerFrame { seq, stored, receipt } = codec::decode(payload)?;
                    if u64::try_from(ledger.len()) != Ok(seq) {
                        return Err(BundleError::Damaged);
                    }
                    ledger.push(LedgerRow { stored, receipt });
                }
                GRANT => {
                    let GrantFrame { id, row } = codec::decode(payload)?;
                    grants.push((id, row));
                }
                BESIDE if beside.is_none() => beside = Some(payload),
                ENTRY => {
                    let (wrap, bytes) = payload.split_at_checked(Wrap::LEN).ok_or(BundleError::Damaged)?;
                    let wrap = Wrap::from_slice(wrap).ok_or(BundleError::Damaged)?;
                    entries.push(Item { wrap, bytes });
                }
                SCOPE if scope.is_none() => scope = Some(take_epoch(payload)?),
                PROOF if proof.is_none() => {
                    let content = content_hash(bytes.get(..before).ok_or(BundleError::Damaged)?);
                    proof = Some((codec::decode(payload)?, content, payload));
                }
                BESIDE | SCOPE | PROOF => return Err(BundleError::Damaged),
                END => {
                    let (proof, content, proven) = proof.ok_or(BundleError::Damaged)?;
                    if !rest.is_empty() || payload != end_hash(&content, proven).as_bytes() {
                        return Err(BundleError::Damaged);
                    }
                    return Ok(Self { head, cards, ledger, beside, grants, entries, scope, proof, content });
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
    pub(crate) fn new(chart: ChartId, recipient: CardHash) -> Self {
        let mut writer = Self { bytes: MAGIC.to_vec(), chart };
        writer.bytes.push(FORMAT);
        let head = Head { version: Version1, chart, recipient, extensions: Extensions::default() };
        writer.frame(HEAD, &[&codec::encode(&head)]);
        writer
    }

    /// Tells of the sharing; cards are sealed under the ledger key.
    pub(crate) fn sharing(&mut self, key: &Secret<role::Ledger>, sharing: &Sharing) -> Result<(), Failed> {
        let Sharing { grants, epoch, cards, ledger, beside } = sharing;
        for grant in grants {
            self.frame(GRANT, &[&codec::encode(grant)]);
        }
        self.sealed(CARDS, CARDS_LABEL, key, *epoch, &codec::encode(cards))?;
        for row in ledger {
            self.frame(LEDGER, &[&codec::encode(row)]);
        }
        if !beside.is_empty() {
            self.frame(BESIDE, &[beside]);
        }
        Ok(())
    }

    /// `stored` is wrap and sealed bytes, as in a store.
    pub(crate) fn entry(&mut self, stored: &[u8]) {
        self.frame(ENTRY, &[stored]);
    }

    /// Seals the scope under the ledger key of an epoch. The content ends with it.
    pub(crate) fn scope(&mut self, key: &Secret<role::Ledger>, epoch: u32, scope: &Extent) -> Result<(), Failed> {
        self.sealed(SCOPE, SCOPE_LABEL, key, epoch, &codec::encode(scope))
    }

    /// Hash of what is written so far: that which a proof is about.
    pub(crate) fn content(&self) -> Hash {
        content_hash(&self.bytes)
    }

    /// Ends the bundle with the proof of its content, whose hash is [`Self::content`].
    pub(crate) fn finish(mut self, content: &Hash, proof: &Proof) -> Vec<u8> {
        let proof = codec::encode(proof);
        self.frame(PROOF, &[&proof]);
        self.frame(END, &[end_hash(content, &proof).as_bytes()]);
        self.bytes
    }

    fn sealed(
        &mut self,
        kind: u8,
        label: &str,
        key: &Secret<role::Ledger>,
        epoch: u32,
        plain: &[u8],
    ) -> Result<(), Failed> {
        let padded = padding::pad(plain).ok_or(Failed)?;
        let salt = chunked::salt(key, &padded).map_err(|_| Failed)?;
        let sealed = chunked::seal(SUITE, key, salt, &[&context(label, &self.chart, epoch)], &padded)?;
        self.frame(kind, &[&epoch.to_be_bytes(), &sealed]);
        Ok(())
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
    open(CARDS_LABEL, key, chart, epoch, sealed)
}

/// Opens the scope of a bundle.
pub(crate) fn open_scope(
    key: &Secret<role::Ledger>,
    chart: &ChartId,
    epoch: u32,
    sealed: &[u8],
) -> Result<Extent, Failed> {
    open(SCOPE_LABEL, key, chart, epoch, sealed)
}

fn open<T: for<'b> Decode<'b, ()> + Encode<()>>(
    label: &str,
    key: &Secret<role::Ledger>,
    chart: &ChartId,
    epoch: u32,
    sealed: &[u8],
) -> Result<T, Failed> {
    let padded = chunked::open(SUITE, key, &[&context(label, chart, epoch)], sealed)?;
    codec::decode(padding::unpad(&padded).ok_or(Failed)?).map_err(|_| Failed)
}

const CARDS_LABEL: &str = "bundle-cards";
const SCOPE_LABEL: &str = "bundle-scope";

/// label ‖ chart ‖ epoch.
fn context(label: &str, chart: &ChartId, epoch: u32) -> Vec<u8> {
    let mut context = kdf::label(label);
    context.extend_from_slice(chart.as_bytes());
    context.extend_from_slice(&epoch.to_be_bytes());
    context
}

/// Frames with an end that fits them, as somebody can make it who changes a bundle on the way.
#[cfg(feature = "testing")]
pub fn sum_bundle(frames: &[u8]) -> Vec<u8> {
    let mut writer = Writer { bytes: frames.to_vec(), chart: ChartId::from_bytes([0; 32]) };
    let mut rest = frames.get(5..).unwrap_or_default();
    let (mut content, mut proof): (&[u8], &[u8]) = (frames, &[]);
    loop {
        let before = frames.len().saturating_sub(rest.len());
        match take_frame(&mut rest) {
            Ok((PROOF, payload)) => (content, proof) = (frames.get(..before).unwrap_or_default(), payload),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    writer.frame(END, &[end_hash(&content_hash(content), proof).as_bytes()]);
    writer.bytes
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

fn take_epoch(payload: &[u8]) -> Result<(u32, &[u8]), BundleError> {
    let (epoch, sealed) = payload.split_first_chunk().ok_or(BundleError::Damaged)?;
    Ok((u32::from_be_bytes(*epoch), sealed))
}

/// H("bundle-content", bytes): what the sender's log says of the bundle.
fn content_hash(bytes: &[u8]) -> Hash {
    Hash::from_bytes(kdf::hash("bundle-content", &[bytes]))
}

/// H("bundle", hash of the content ‖ proof): finds damage on the way.
fn end_hash(content: &Hash, proof: &[u8]) -> Hash {
    Hash::from_bytes(kdf::hash("bundle", &[content.as_bytes(), proof]))
}
