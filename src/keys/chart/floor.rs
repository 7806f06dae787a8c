//! The lower floor: a chart without a store, for an application that keeps sealed bytes in tables of its own.
//!
//! The application stores the state of the vault ([`Unlocked::bytes`]), one state for each chart
//! ([`ChartKeys::state`]) under compare-and-swap, and the sealed entries. It gets no search, no freshness, no audit of
//! reads and no handling of conflicts.

mod granting;

use super::{CardBook, ChartKeys, LedgerRow, NewEntry, Ring, Wrap};
use crate::codec::{self, ChartId, EntryId, Extensions, Malformed, Version1, VersionId};
use crate::envelope::{self, Opened, SealedEntry};
use crate::error::Error;
use crate::keys::{DeviceCard, RootCard, Unlocked};
use crate::record::{Kind, Label, Record};
use granting::GRANTS;
pub(crate) use granting::Grants;
use minicbor::{Decode, Encode, bytes::ByteVec};

/// What is stored of a chart.
#[derive(Encode, Decode)]
#[cbor(array)]
struct State {
    #[n(0)]
    version: Version1,
    #[n(1)]
    chart: ChartId,
    /// Sealed under the vault's keyring key.
    #[n(2)]
    ring: ByteVec,
    #[n(3)]
    ledger: Vec<ByteVec>,
    #[n(4)]
    receipts: Vec<ByteVec>,
    #[n(5)]
    roots: Vec<ByteVec>,
    #[n(6)]
    devices: Vec<ByteVec>,
    #[n(7)]
    extensions: Extensions,
}

/// How current something is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Freshness {
    /// Authentic, but a newer version may exist: whoever keeps the bytes may have given old ones.
    Unverified,
}

/// An entry that was opened without a store.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct OpenedEntry {
    /// What was sealed.
    pub record: Record,
    /// The entry, over all its versions.
    pub entry: EntryId,
    /// This version.
    pub version: VersionId,
    /// The versions that it replaces.
    pub parents: Vec<VersionId>,
    /// Hash of the sealed bytes, for [`ChartKeys::open_expecting`].
    pub hash: [u8; 32],
    /// When the author says that it was written, in milliseconds since 1970.
    pub time_ms: i64,
    /// How current it is known to be.
    pub freshness: Freshness,
}

impl ChartKeys {
    /// Founds a chart with the [standard labels](Label::standard).
    pub fn create(unlocked: &Unlocked, now_ms: i64) -> Result<Self, Error> {
        Self::found(unlocked.identity(), unlocked.suite(), &Label::standard(), now_ms)
    }

    /// Loads a chart from its state: verifies the ledger from its first entry on.
    pub fn load(state: &[u8], unlocked: &Unlocked) -> Result<Self, Error> {
        let state: State = codec::decode(state).map_err(Error::of_malformed)?;
        let (vault, suite) = (unlocked.vault_id(), unlocked.suite());
        let ring = Ring::open(suite, unlocked.keyring_key(), &vault, &state.chart, &state.ring)
            .map_err(Error::of_malformed)?;
        let cards = cards(&state.roots, &state.devices)?;
        let rows = rows(state.ledger, state.receipts)?;
        let keys = Self::assemble(rows, ring, cards, unlocked.identity())?;
        let granted = state.extensions.get(GRANTS).map_or(Ok(Grants::default()), codec::decode);
        let granted = granted.map_err(Error::of_malformed)?;
        if keys.chart() == state.chart { Ok(keys.with_granted(granted)) } else { Err(Error::unopenable()) }
    }

    /// The state to store, after [`ChartKeys::create`], [`ChartKeys::share`], [`ChartKeys::revoke`] and [`ChartKeys::take`].
    /// Replace the old one only if nobody else has replaced it meanwhile; else load theirs and do it again.
    pub fn state(&self, unlocked: &Unlocked) -> Result<Vec<u8>, Error> {
        let (vault, suite, chart) = (unlocked.vault_id(), unlocked.suite(), self.chart());
        let ring = self.ring().seal(suite, unlocked.keyring_key(), &vault, &chart).map_err(|_| Error::unopenable())?;
        let (ledger, receipts) = self.ledger_bytes();
        let (roots, devices) = self.card_bytes();
        let extensions = if self.granted().is_empty() {
            Extensions::default()
        } else {
            Extensions::ignorable(GRANTS, codec::encode(self.granted()).into())
        };
        let ring = ring.into();
        Ok(codec::encode(&State { version: Version1, chart, ring, ledger, receipts, roots, devices, extensions }))
    }

    fn ledger_bytes(&self) -> (Vec<ByteVec>, Vec<ByteVec>) {
        self.rows().iter().map(|row| (row.stored.clone().into(), row.receipt.clone().into())).unzip()
    }

    fn card_bytes(&self) -> (Vec<ByteVec>, Vec<ByteVec>) {
        let roots = self.cards().roots().map(|root| root.bytes().to_vec().into());
        (roots.collect(), self.cards().devices().map(|device| device.bytes().to_vec().into()).collect())
    }

    /// Seals a record as a new entry.
    pub fn seal(&self, record: &Record, now_ms: i64) -> Result<SealedEntry, Error> {
        self.seal_version(EntryId::random()?, &[], record, now_ms)
    }

    /// Seals a version of an entry that replaces `parents`.
    pub fn seal_version(
        &self,
        entry: EntryId,
        parents: &[VersionId],
        record: &Record,
        now_ms: i64,
    ) -> Result<SealedEntry, Error> {
        let new = NewEntry {
            kind: Kind::Record,
            entry,
            parents: parents.to_vec(),
            record,
            tombstone: false,
            request: None,
            actor: None,
            time_ms: now_ms,
        };
        self.seal_entry(new, |_| None).map(|(sealed, ..)| sealed)
    }

    /// Opens an entry and verifies who wrote it, and that he had the right to.
    pub fn open(&self, sealed: &SealedEntry) -> Result<OpenedEntry, Error> {
        let opened = self.open_entry(&sealed.bytes, &sealed.wrap, None)?;
        Ok(opened_entry(opened, sealed.hash().as_bytes()))
    }

    /// As [`ChartKeys::open`], if the sealed bytes have this hash: so that the database cannot give another entry.
    pub fn open_expecting(&self, sealed: &SealedEntry, hash: &[u8; 32]) -> Result<OpenedEntry, Error> {
        if sealed.hash().as_bytes() != hash {
            return Err(Error::Unexpected);
        }
        self.open(sealed)
    }

    /// The same entry with its data key wrapped for the newest epoch. The sealed bytes and their hash stay.
    pub fn rewrap(&self, sealed: &SealedEntry) -> Result<SealedEntry, Error> {
        let wrap = self.rewrap_entry(&sealed.bytes, &sealed.wrap)?;
        Ok(SealedEntry { bytes: sealed.bytes.clone(), wrap })
    }

    /// Most bytes that sealing content of `len` bytes gives, in the form of [`SealedEntry::to_bytes`].
    pub fn sealed_size_max(len: usize) -> Option<usize> {
        envelope::sealed_size_max(len)
    }
}

impl SealedEntry {
    /// One value for one column: wrap (52 bytes), then the sealed bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.wrap.to_bytes().to_vec();
        out.extend_from_slice(&self.bytes);
        out
    }

    /// Takes what [`SealedEntry::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (wrap, bytes) = bytes.split_at_checked(Wrap::LEN).ok_or_else(Error::unopenable)?;
        let wrap = Wrap::from_slice(wrap).ok_or_else(Error::unopenable)?;
        Ok(Self { bytes: bytes.to_vec(), wrap })
    }
}

/// Verifies cards, and that each device is of one of the roots.
fn cards(roots: &[ByteVec], devices: &[ByteVec]) -> Result<CardBook, Error> {
    let mut cards = CardBook::default();
    for bytes in roots {
        cards.add_root(RootCard::open(bytes).map_err(|_| Error::unopenable())?);
    }
    for bytes in devices {
        let root = DeviceCard::claimed_root(bytes).and_then(|hash| cards.root(&hash).cloned());
        let root = root.ok_or_else(Error::unopenable)?;
        cards.add_device(DeviceCard::open(bytes, &root).map_err(|_| Error::unopenable())?);
    }
    Ok(cards)
}

fn rows(ledger: Vec<ByteVec>, receipts: Vec<ByteVec>) -> Result<Vec<LedgerRow>, Error> {
    if ledger.len() != receipts.len() {
        return Err(Error::of_malformed(Malformed::Invalid));
    }
    let rows = ledger.into_iter().zip(receipts);
    Ok(rows.map(|(stored, receipt)| LedgerRow { stored: stored.into(), receipt: receipt.into() }).collect())
}

fn opened_entry(opened: Opened, hash: &[u8; 32]) -> OpenedEntry {
    OpenedEntry {
        entry: opened.header.entry,
        version: opened.header.version,
        parents: opened.metadata.parents.clone(),
        hash: *hash,
        time_ms: opened.metadata.time_ms,
        freshness: Freshness::Unverified,
        record: Record::of_opened(opened),
    }
}
