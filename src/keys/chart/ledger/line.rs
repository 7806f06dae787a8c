//! The stored line: sealing, opening and checking entries one by one, with their receipts.
//!
//! A stored entry is `epoch u32 ‖ bytes`: epoch 0 for genesis, whose bytes are the statement in clear; else the
//! statement, padded and sealed under the ledger key of that epoch.

use super::{Act, Authority, Genesis, HomeAcceptance, LedgerEntry, LedgerError, MoveHome, Receipt};
use crate::codec::{CardHash, ChartId, Extensions, Hash, Malformed, Signed, StatementType, Version1, padding};
use crate::crypto::{
    Failed, RandomError, Secret, Suite, chunked, kdf, role,
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

/// A verified line: authority, and the home that receives the next entry.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) chart: ChartId,
    pub(crate) suite: Suite,
    pub(crate) authority: Authority,
    home: VerifyingKey<role::HomeSigning>,
}

/// Ledger keys by epoch. In a fork an epoch can have several.
pub(crate) type LedgerKeys = BTreeMap<u32, Vec<Secret<role::Ledger>>>;

/// What reading an entry needs.
pub(crate) struct Readable<'a> {
    pub(crate) keys: &'a LedgerKeys,
    pub(crate) cards: &'a CardBook,
}

/// An entry whose signature was verified, by the rules not yet checked.
pub(crate) struct Proposed {
    pub(crate) entry: LedgerEntry,
    /// Root card of the device that signed it.
    pub(crate) actor: CardHash,
    /// Hash of the stored entry.
    pub(crate) hash: Hash,
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
        let line = Self { chart, suite, authority: Authority::found(&genesis, hash), home };
        match line.check_receipt(0, hash, &row.receipt)? {
            None => Ok(line),
            Some(_) => Err(LineError::Invalid),
        }
    }

    /// Checks and applies the next entry. One that no key reads is passed over, on the strength of its receipt: it came
    /// before our access began, or ends it.
    pub(crate) fn follow(&mut self, row: &LedgerRow, with: &Readable<'_>) -> Result<(), LineError> {
        let seq = self.authority.head_seq().checked_add(1).ok_or(LineError::Invalid)?;
        let hash = entry_hash(&row.stored);
        let next_home = self.check_receipt(seq, hash, &row.receipt)?;
        let at = Place { chart: self.chart, suite: self.suite, seq, previous: self.authority.head() };
        match read_entry(&row.stored, &at, with)? {
            None => self.authority.pass_over(hash, next_home),
            Some(Proposed { entry, actor, hash }) => {
                let moves = match &entry.act {
                    Act::MoveHome(to) => Some(to.home),
                    _ => None,
                };
                if moves != next_home || !is_in_epoch(&row.stored, &entry.act, self.authority.epoch()) {
                    return Err(LineError::Invalid);
                }
                self.authority.apply(&entry, actor, hash)?;
            }
        }
        if let Some(home) = next_home {
            self.home = VerifyingKey::from_bytes(home.as_bytes())?;
        }
        Ok(())
    }

    /// Verifies the home's receipt; gives the home of the entries after this one, where it moves.
    fn check_receipt(&self, seq: u64, entry: Hash, receipt: &[u8]) -> Result<Option<Hash>, LineError> {
        let receipt: Receipt = Signed::parse(receipt)?.verify(StatementType::Receipt, &self.home)?;
        let same = receipt.chart == self.chart && receipt.seq == seq;
        if same && receipt.entry == entry { Ok(receipt.next_home) } else { Err(LineError::Invalid) }
    }
}

/// Where an entry is to stand.
pub(crate) struct Place {
    pub(crate) chart: ChartId,
    pub(crate) suite: Suite,
    pub(crate) seq: u64,
    pub(crate) previous: Hash,
}

/// Opens an entry and verifies its signature; none where no key that is held reads it. Whether it may stand where it wants
/// to is for the rules to say.
pub(crate) fn read_entry(stored: &[u8], at: &Place, with: &Readable<'_>) -> Result<Option<Proposed>, LineError> {
    let (epoch, sealed) = split(stored)?;
    let context = context(&at.chart, epoch, at.seq, &at.previous);
    let keys = with.keys.get(&epoch).map(Vec::as_slice).unwrap_or_default();
    let opened = keys.iter().find_map(|key| chunked::open(at.suite, key, &[&context], sealed).ok());
    let Some(plaintext) = opened else { return Ok(None) };
    let signed = Signed::parse(padding::unpad(&plaintext).ok_or(Failed)?)?;
    let claimed: LedgerEntry = signed.unverified()?;
    let card = with.cards.device(&claimed.actor).ok_or(LineError::UnknownCard)?;
    let entry: LedgerEntry = signed.verify(StatementType::LedgerEntry, card.ledger_key())?;
    if entry.chart != at.chart || entry.seq != at.seq || entry.previous != at.previous {
        return Err(LineError::Invalid);
    }
    if let Act::MoveHome(to) = &entry.act {
        let home = VerifyingKey::<role::HomeSigning>::from_bytes(to.home.as_bytes())?;
        let says: HomeAcceptance = Signed::parse(&to.acceptance)?.verify(StatementType::Home, &home)?;
        if says.chart != at.chart || says.keeper != card.root() {
            return Err(LineError::Invalid);
        }
    }
    Ok(Some(Proposed { entry, actor: card.root(), hash: entry_hash(stored) }))
}

/// Whether a stored entry is sealed under the epoch that its act belongs to.
pub(crate) fn is_in_epoch(stored: &[u8], act: &Act, present: u32) -> bool {
    let epoch = match act {
        Act::KeyState(state) => state.epoch,
        Act::Revoke(revoke) => revoke.state.epoch,
        Act::Resolve(resolve) => resolve.turn.state.epoch,
        Act::Grant(_) | Act::Adopt(_) | Act::MoveHome(_) => present,
    };
    split(stored).is_ok_and(|(of, _)| of == epoch)
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
    let receipt = receipt(chart, 0, entry_hash(&stored), home, None)?;
    Ok((chart, LedgerRow { stored, receipt }))
}

/// Signs and seals an entry. It is final with the home's [`receipt`].
pub(crate) fn seal_entry(
    suite: Suite,
    entry: &LedgerEntry,
    epoch: u32,
    key: &Secret<role::Ledger>,
    actor: &SigningKey<role::LedgerSigning>,
) -> Result<Vec<u8>, LineError> {
    let signed = Signed::sign(StatementType::LedgerEntry, actor, entry)?;
    let context = context(&entry.chart, epoch, entry.seq, &entry.previous);
    let padded = padding::pad(signed.as_bytes()).ok_or(Failed)?;
    let sealed = chunked::seal(suite, key, chunked::salt(key, &padded)?, &[&context], &padded)?;
    let mut stored = epoch.to_be_bytes().to_vec();
    stored.extend_from_slice(&sealed);
    Ok(stored)
}

/// Signs that a new home accepts to be one.
pub(crate) fn accept_home(
    chart: ChartId,
    keeper: CardHash,
    home: &SigningKey<role::HomeSigning>,
) -> Result<MoveHome, LineError> {
    let says = HomeAcceptance { version: Version1, chart, keeper, extensions: Extensions::default() };
    let acceptance = Signed::sign(StatementType::Home, home, &says)?.as_bytes().to_vec();
    Ok(MoveHome { home: Hash::from_bytes(home.verifying_key().to_bytes()), acceptance })
}

/// Signs that an entry is final. `next_home` is the key that a move-home entry names.
pub(crate) fn receipt(
    chart: ChartId,
    seq: u64,
    entry: Hash,
    home: &SigningKey<role::HomeSigning>,
    next_home: Option<Hash>,
) -> Result<Vec<u8>, LineError> {
    let receipt = Receipt { version: Version1, chart, seq, entry, extensions: Extensions::default(), next_home };
    Ok(Signed::sign(StatementType::Receipt, home, &receipt)?.as_bytes().to_vec())
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

/// H("ledger-entry", stored entry).
pub(crate) fn entry_hash(stored: &[u8]) -> Hash {
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
