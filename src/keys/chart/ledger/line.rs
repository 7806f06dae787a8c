//! The stored line: sealing, opening and checking entries one by one, with their receipts.
//!
//! A stored entry is `epoch u32 ‖ bytes`: epoch 0 for genesis, whose bytes are the statement in clear; else the
//! statement, padded and sealed under the ledger key of that epoch.

use super::{Authority, Genesis, LedgerEntry, LedgerError, Receipt};
use crate::codec::{CardHash, ChartId, Extensions, Hash, Malformed, Signed, StatementType, Version1, padding};
use crate::crypto::{
    Failed, RandomError, Secret, Suite, chunked, kdf, random, role,
    sign::{SigningKey, VerifyingKey},
};
use crate::keys::{DeviceCard, RootCard};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An entry as stored, with its receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LedgerRow {
    pub(crate) stored: Vec<u8>,
    pub(crate) receipt: Vec<u8>,
}

impl LedgerRow {
    /// H("ledger-entry", stored).
    pub(crate) fn hash(&self) -> Hash {
        entry_hash(&self.stored)
    }
}

/// Verified cards, by hash.
#[derive(Clone, Debug, Default)]
pub(crate) struct CardBook {
    roots: BTreeMap<CardHash, Arc<RootCard>>,
    devices: BTreeMap<CardHash, Arc<DeviceCard>>,
}

impl CardBook {
    pub(crate) fn add_root(&mut self, root: RootCard) {
        self.roots.entry(root.hash()).or_insert_with(|| Arc::new(root));
    }

    pub(crate) fn add_device(&mut self, device: DeviceCard) {
        self.devices.entry(device.hash()).or_insert_with(|| Arc::new(device));
    }

    pub(crate) fn root(&self, hash: &CardHash) -> Option<&Arc<RootCard>> {
        self.roots.get(hash)
    }

    pub(crate) fn device(&self, hash: &CardHash) -> Option<&Arc<DeviceCard>> {
        self.devices.get(hash)
    }

    pub(crate) fn roots(&self) -> impl Iterator<Item = &Arc<RootCard>> {
        self.roots.values()
    }

    pub(crate) fn devices(&self) -> impl Iterator<Item = &Arc<DeviceCard>> {
        self.devices.values()
    }
}

/// A verified line: authority, and the keys that read its entries.
pub(crate) struct Line {
    pub(crate) chart: ChartId,
    pub(crate) suite: Suite,
    pub(crate) authority: Authority,
    home: VerifyingKey<role::HomeSigning>,
    /// Whether the last entry could be read. If not, access has ended.
    pub(crate) current: bool,
}

/// What reading an entry needs.
pub(crate) struct Readable<'a> {
    pub(crate) keys: &'a BTreeMap<u32, Secret<role::Ledger>>,
    pub(crate) cards: &'a CardBook,
}

impl Line {
    /// Starts at genesis.
    pub(crate) fn begin(row: &LedgerRow, cards: &CardBook) -> Result<Self, LineError> {
        let (epoch, bytes) = split(&row.stored)?;
        if epoch != 0 {
            return Err(LineError::Invalid);
        }
        let signed = Signed::parse(bytes)?;
        let claimed: Genesis = signed.unverified()?;
        let actor = cards.device(&claimed.actor).ok_or(LineError::UnknownCard)?;
        let genesis: Genesis = signed.verify(StatementType::Genesis, actor.ledger_key())?;
        if actor.root() != genesis.founder {
            return Err(LineError::Invalid);
        }
        let chart = chart_id(&signed);
        let home = VerifyingKey::from_bytes(genesis.home.as_bytes())?;
        let suite = Suite::from_u8(genesis.suite).ok_or(LineError::Newer)?;
        let hash = entry_hash(&row.stored);
        let line = Self { chart, suite, authority: Authority::found(&genesis, hash), home, current: true };
        line.check_receipt(0, hash, &row.receipt)?;
        Ok(line)
    }

    /// Checks and applies the next entry. One that no key reads is passed over, on the strength of its receipt, as long
    /// as none before it was readable; after that it ends our access.
    pub(crate) fn follow(&mut self, row: &LedgerRow, with: &Readable<'_>) -> Result<(), LineError> {
        let seq = self.authority.head_seq().checked_add(1).ok_or(LineError::Invalid)?;
        let hash = entry_hash(&row.stored);
        self.check_receipt(seq, hash, &row.receipt)?;
        let (epoch, sealed) = split(&row.stored)?;
        let Some(key) = with.keys.get(&epoch) else {
            self.authority.pass_over(hash);
            self.current = false;
            return Ok(());
        };
        if !self.current && self.authority.epoch() > 0 {
            return Err(LineError::Invalid);
        }
        let context = context(&self.chart, epoch, seq, &self.authority.head());
        let plaintext = chunked::open(self.suite, key, &[&context], sealed)?;
        let signed = Signed::parse(padding::unpad(&plaintext).ok_or(Failed)?)?;
        let claimed: LedgerEntry = signed.unverified()?;
        let actor = with.cards.device(&claimed.actor).ok_or(LineError::UnknownCard)?;
        let entry: LedgerEntry = signed.verify(StatementType::LedgerEntry, actor.ledger_key())?;
        let in_epoch = match &entry.act {
            super::Act::KeyState(state) => state.epoch == epoch,
            super::Act::Revoke(revoke) => revoke.state.epoch == epoch,
            super::Act::Grant(_) => self.authority.epoch() == epoch,
        };
        if entry.chart != self.chart || !in_epoch {
            return Err(LineError::Invalid);
        }
        self.authority.apply(&entry, actor.root(), hash)?;
        self.current = true;
        Ok(())
    }

    fn check_receipt(&self, seq: u64, entry: Hash, receipt: &[u8]) -> Result<(), LineError> {
        let receipt: Receipt = Signed::parse(receipt)?.verify(StatementType::Receipt, &self.home)?;
        let same = receipt.chart == self.chart && receipt.seq == seq;
        if same && receipt.entry == entry { Ok(()) } else { Err(LineError::Invalid) }
    }
}

/// Signs genesis and derives the chart id from it.
pub(crate) fn found(
    genesis: &Genesis,
    actor: &SigningKey<role::LedgerSigning>,
    home: &SigningKey<role::HomeSigning>,
) -> Result<(ChartId, LedgerRow), LineError> {
    let signed = Signed::sign(StatementType::Genesis, actor, genesis)?;
    let chart = chart_id(&signed);
    let mut stored = 0_u32.to_be_bytes().to_vec();
    stored.extend_from_slice(signed.as_bytes());
    let receipt = receipt(chart, 0, entry_hash(&stored), home)?;
    Ok((chart, LedgerRow { stored, receipt }))
}

/// Signs and seals an entry, and receives it at home.
pub(crate) fn seal_entry(
    suite: Suite,
    entry: &LedgerEntry,
    epoch: u32,
    key: &Secret<role::Ledger>,
    actor: &SigningKey<role::LedgerSigning>,
    home: &SigningKey<role::HomeSigning>,
) -> Result<LedgerRow, LineError> {
    let signed = Signed::sign(StatementType::LedgerEntry, actor, entry)?;
    let context = context(&entry.chart, epoch, entry.seq, &entry.previous);
    let sealed =
        chunked::seal(suite, key, random::array()?, &[&context], &padding::pad(signed.as_bytes()).ok_or(Failed)?)?;
    let mut stored = epoch.to_be_bytes().to_vec();
    stored.extend_from_slice(&sealed);
    let receipt = receipt(entry.chart, entry.seq, entry_hash(&stored), home)?;
    Ok(LedgerRow { stored, receipt })
}

fn receipt(chart: ChartId, seq: u64, entry: Hash, home: &SigningKey<role::HomeSigning>) -> Result<Vec<u8>, Malformed> {
    let receipt = Receipt { version: Version1, chart, seq, entry, extensions: Extensions::default() };
    Signed::sign(StatementType::Receipt, home, &receipt).map(|signed| signed.as_bytes().to_vec())
}

/// Why a line is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineError {
    /// Damaged, forged, or not allowed by the rules.
    Invalid,
    Newer,
    /// A card is missing.
    UnknownCard,
    Random,
}

impl From<Malformed> for LineError {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Invalid => Self::Invalid,
            Malformed::Newer => Self::Newer,
        }
    }
}

impl From<Failed> for LineError {
    fn from(_: Failed) -> Self {
        Self::Invalid
    }
}

impl From<LedgerError> for LineError {
    fn from(_: LedgerError) -> Self {
        Self::Invalid
    }
}

impl From<RandomError> for LineError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

fn chart_id(genesis: &Signed) -> ChartId {
    ChartId::from_bytes(kdf::hash("chart", &[genesis.unverified_bytes()]))
}

fn entry_hash(stored: &[u8]) -> Hash {
    Hash::from_bytes(kdf::hash("ledger-entry", &[stored]))
}

fn context(chart: &ChartId, epoch: u32, seq: u64, previous: &Hash) -> Vec<u8> {
    let mut context = kdf::label("ledger");
    context.extend_from_slice(chart.as_bytes());
    context.extend_from_slice(&epoch.to_be_bytes());
    context.extend_from_slice(&seq.to_be_bytes());
    context.extend_from_slice(previous.as_bytes());
    context
}

fn split(stored: &[u8]) -> Result<(u32, &[u8]), LineError> {
    let (epoch, bytes) = stored.split_first_chunk().ok_or(LineError::Invalid)?;
    Ok((u32::from_be_bytes(*epoch), bytes))
}
