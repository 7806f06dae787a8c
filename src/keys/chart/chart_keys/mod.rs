//! A member's keys of one chart, verified: what it takes to seal, open, share and revoke. No store, no I/O.

mod cuts;
mod entries;
mod members;
mod revoke;
mod share;

pub(crate) use cuts::CutPoint;
pub(crate) use entries::NewEntry;

use super::{
    epoch::{KeyState, SLOTS, ledger_key},
    ledger::{Act, CardBook, Genesis, LedgerEntry, LedgerRow, Line, LineError, Readable, found, seal_entry},
    node::Held,
    ring::Ring,
};
use crate::codec::{ChartId, CompartmentId, Extensions, GrantId, Hash, Version1};
use crate::crypto::{RandomError, Secret, Suite, kdf::Deriver, role, sign::SigningKey};
use crate::error::Error;
use crate::keys::Identity;
use crate::record::Label;
use std::sync::Arc;

/// The keys of a chart that a member holds, with the ledger that says so.
///
/// This is the whole library for an application that keeps sealed bytes in tables of its own: `seal`, `open`, `share`,
/// `revoke`, and one `state` to store. It does not search, order versions, or tell an old state from a new one.
pub struct ChartKeys {
    line: Line,
    rows: Vec<LedgerRow>,
    ring: Ring,
    held: Held,
    cards: CardBook,
    identity: Arc<Identity>,
}

/// A change of the ledger, ready to be stored: an entry, the grants beside it, and the keys to hold from now on.
pub(crate) struct Step {
    pub(crate) seq: u64,
    pub(crate) row: LedgerRow,
    pub(crate) grants: Vec<(GrantId, Vec<u8>)>,
    pub(crate) ring: Ring,
}

impl ChartKeys {
    /// Founds a chart: genesis, first key state, eight compartments.
    pub(crate) fn found(
        identity: &Arc<Identity>,
        suite: Suite,
        labels: &[Label; SLOTS],
        now_ms: i64,
    ) -> Result<Self, Error> {
        let mut distinct: Vec<_> = labels.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() != SLOTS {
            return Err(Error::UnknownLabel);
        }
        let home = SigningKey::generate()?;
        let genesis = Genesis {
            version: Version1,
            nonce: Hash::random()?,
            founder: identity.root_card.hash(),
            actor: identity.device_card.hash(),
            home: Hash::from_bytes(home.verifying_key().to_bytes()),
            suite: suite as u8,
            time_ms: now_ms,
            extensions: Extensions::default(),
        };
        let (chart, first) = found(&genesis, &identity.ledger, &home).map_err(line_error)?;
        let mut cards = CardBook::default();
        identity.add_to(&mut cards);
        let line = Line::begin(&first, &cards).map_err(line_error)?;

        let seed = Secret::generate()?;
        let mut compartments = Vec::with_capacity(SLOTS);
        for label in labels {
            compartments.push((CompartmentId::random()?, label.clone()));
        }
        // The order of compartments says nothing about their labels.
        compartments.sort_unstable_by_key(|(id, _)| *id);
        let state = KeyState::of_seed(suite, chart, 1, &seed, &compartments, None).map_err(|_| Error::unopenable())?;
        let mut ring = Ring::new(Some(&home))?;
        ring.add_seed(chart, 1, &seed);
        let entry = LedgerEntry {
            version: Version1,
            chart,
            seq: 1,
            previous: line.authority.head(),
            actor: identity.device_card.hash(),
            authority: 0,
            time_ms: now_ms,
            act: Act::KeyState(state),
            extensions: Extensions::default(),
        };
        let key = ledger_key(&Deriver::new(&seed), chart, 1);
        let second = seal_entry(suite, &entry, 1, &key, &identity.ledger, &home).map_err(line_error)?;
        Self::assemble(vec![first, second], ring, cards, identity)
    }

    /// Verifies a line from genesis on and expands the keys that are held.
    pub(crate) fn assemble(
        rows: Vec<LedgerRow>,
        ring: Ring,
        mut cards: CardBook,
        identity: &Arc<Identity>,
    ) -> Result<Self, Error> {
        identity.add_to(&mut cards);
        let keys = ring.ledger_secrets().map_err(|_| Error::unopenable())?;
        let (first, later) = rows.split_first().ok_or_else(Error::unopenable)?;
        let mut line = Line::begin(first, &cards).map_err(line_error)?;
        for row in later {
            line.follow(row, &Readable { keys: &keys, cards: &cards }).map_err(line_error)?;
        }
        let held = Held::expand(line.suite, line.chart, ring.nodes(), line.authority.states())
            .map_err(|_| Error::unopenable())?;
        Ok(Self { line, rows, ring, held, cards, identity: Arc::clone(identity) })
    }

    /// The chart.
    pub fn chart(&self) -> ChartId {
        self.line.chart
    }

    pub(crate) fn suite(&self) -> Suite {
        self.line.suite
    }

    pub(crate) fn rows(&self) -> &[LedgerRow] {
        &self.rows
    }

    pub(crate) fn ring(&self) -> &Ring {
        &self.ring
    }

    pub(crate) fn cards(&self) -> &CardBook {
        &self.cards
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// The ledger key of the newest epoch that is held.
    pub(crate) fn newest_ledger_key(&self) -> Option<(u32, Secret<role::Ledger>)> {
        self.ring.ledger_secrets().ok()?.into_iter().next_back()
    }

    fn entry(&self, seq: u64, authority: u64, time_ms: i64, act: Act) -> LedgerEntry {
        LedgerEntry {
            version: Version1,
            chart: self.line.chart,
            seq,
            previous: self.line.authority.head(),
            actor: self.identity.device_card.hash(),
            authority,
            time_ms,
            act,
            extensions: Extensions::default(),
        }
    }

    fn require_custody(&self) -> Result<(SigningKey<role::HomeSigning>, u64), Error> {
        let by = self.line.authority.custodian_by(&self.identity.root_card.hash()).filter(|_| self.line.current);
        let by = by.ok_or(Error::NotCustodian)?;
        Ok((self.ring.home().ok_or(Error::NeedsHome)?, by))
    }
}

impl core::fmt::Debug for ChartKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { line, rows: _, ring: _, held: _, cards: _, identity: _ } = self;
        f.debug_struct("ChartKeys").field("chart", &line.chart).finish_non_exhaustive()
    }
}

fn line_error(error: LineError) -> Error {
    match error {
        LineError::Newer => Error::NewerFormat,
        LineError::Random => Error::Random(RandomError),
        LineError::Invalid | LineError::UnknownCard => Error::unopenable(),
    }
}

#[cfg(test)]
mod attacks;
