//! A member's keys of one chart, verified: what it takes to seal, open, share and revoke. No store, no I/O.

mod cuts;
mod entries;
mod members;
mod preview;
mod proposal;
mod revoke;
mod share;
mod steps;

pub(crate) use entries::{NewEntry, Written};
pub(crate) use members::Visible;
pub(crate) use preview::MessageKey;
pub(crate) use proposal::{Fate, Proposal};
pub(crate) use steps::{Intent, Step};

use super::{
    Grants,
    epoch::{KeyState, SLOTS, ledger_key},
    ledger::{
        Act, Authority, CardBook, Cuts, Fork, Genesis, LedgerEntry, LedgerRow, Line, LineError, Readable, Rows, View,
        entry_hash, found, receipt, seal_entry,
    },
    node::Held,
    ring::Ring,
};
use crate::codec::{CardHash, ChartId, CompartmentId, Extensions, Hash, Version1};
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
    chart: ChartId,
    suite: Suite,
    view: View,
    rows: Rows,
    ring: Ring,
    held: Held,
    cuts: Cuts,
    cards: CardBook,
    identity: Arc<Identity>,
    /// Without a store: the sealed grants that this member made, to hand over.
    granted: Grants,
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
        let state = KeyState::of_seed(suite, chart, 1, &seed, &compartments, &[]).map_err(|_| Error::unopenable())?;
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
        let stored = seal_entry(suite, &entry, 1, &key, &identity.ledger).map_err(line_error)?;
        let receipt = receipt(chart, 1, entry_hash(&stored), &home, None).map_err(line_error)?;
        Self::assemble(vec![first, LedgerRow { stored, receipt }], ring, cards, identity)
    }

    /// Verifies a line from genesis on, and those that contradict it, and expands the keys that are held.
    ///
    /// Of several lines the one that resolves the others leads, else the first of `rows`.
    pub(crate) fn assemble(
        rows: impl Into<Rows>,
        ring: Ring,
        mut cards: CardBook,
        identity: &Arc<Identity>,
    ) -> Result<Self, Error> {
        identity.add_to(&mut cards);
        let rows = rows.into();
        let keys = ring.ledger_secrets().map_err(|_| Error::unopenable())?;
        let with = Readable { keys: &keys, cards: &cards };
        let main = verified(&rows.main, &with)?;
        let (chart, suite) = (main.chart, main.suite);
        let mut view = View::new(main.authority);
        for line in rows.lines().skip(1) {
            let line = verified(&line, &with)?;
            if line.chart != chart {
                return Err(Error::unopenable());
            }
            view.offer(line.authority);
        }
        let rows = rows.led_by(&view.main().head());
        let lines: Vec<_> = view.lines().map(Authority::states).collect();
        let held = Held::expand(suite, chart, ring.nodes(), &lines).map_err(|_| Error::unopenable())?;
        let cuts = cuts::open_all(suite, chart, &held, &view);
        let (identity, granted) = (Arc::clone(identity), Grants::default());
        Ok(Self { chart, suite, view, rows, ring, held, cuts, cards, identity, granted })
    }

    /// The chart.
    pub fn chart(&self) -> ChartId {
        self.chart
    }

    pub(crate) fn suite(&self) -> Suite {
        self.suite
    }

    /// Hash of the last ledger entry.
    pub(crate) fn head(&self) -> Hash {
        self.authority().head()
    }

    /// Hash of a ledger entry by its number.
    pub(crate) fn ledger_hash(&self, seq: u64) -> Option<Hash> {
        self.authority().hash_at(seq)
    }

    /// Whether an entry has this number and hash, in the line that we go by or another.
    pub(crate) fn is_in_a_line(&self, seq: u64, is_it: impl Fn(&Hash) -> bool) -> bool {
        self.view.lines().any(|line| line.hash_at(seq).is_some_and(|hash| is_it(&hash)))
    }

    /// The member whose vault is the ledger's home, as far as is known.
    pub(crate) fn keeper(&self) -> Option<CardHash> {
        self.authority().keeper()
    }

    /// The keys after a step.
    pub(crate) fn following(&self, step: &Step) -> Result<Self, Error> {
        let mut rows = self.rows.clone();
        rows.main.push(step.row.clone());
        Self::assemble(rows, step.ring.clone(), self.cards.clone(), &self.identity)
    }

    /// The same keys, with sealed grants to hand over.
    pub(crate) fn with_granted(self, granted: Grants) -> Self {
        Self { granted, ..self }
    }

    pub(crate) fn granted(&self) -> &Grants {
        &self.granted
    }

    /// Number of the last ledger entry.
    pub(crate) fn head_seq(&self) -> u64 {
        self.authority().head_seq()
    }

    /// The line that this vault goes by.
    pub(crate) fn rows(&self) -> &[LedgerRow] {
        &self.rows.main
    }

    /// All lines, to be stored, and to take in what somebody brings: see [`Rows::offer`].
    pub(crate) fn all_rows(&self) -> &Rows {
        &self.rows
    }

    /// The fork that no custodian has resolved, if there is one. While it lasts, `share` and `revoke` are refused.
    pub(crate) fn fork(&self) -> Option<Fork> {
        self.view.fork()
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

    /// The ledger key of the newest epoch that is known.
    pub(crate) fn newest_ledger_key(&self) -> Option<(u32, Secret<role::Ledger>)> {
        let epoch = self.authority().epoch();
        Some((epoch, self.ledger_key(epoch)?))
    }

    fn authority(&self) -> &Authority {
        self.view.main()
    }

    /// The ledger key of an epoch of the line that we go by: the one that seals its entries, where a fork has several.
    fn ledger_key(&self, epoch: u32) -> Option<Secret<role::Ledger>> {
        if let Some(seed) = self.held.seed(epoch) {
            return Some(ledger_key(&Deriver::new(seed), self.chart, epoch));
        }
        self.ring.ledger_secrets().ok()?.remove(&epoch)?.pop()
    }
}

fn verified(rows: &[LedgerRow], with: &Readable<'_>) -> Result<Line, Error> {
    let (first, later) = rows.split_first().ok_or_else(Error::unopenable)?;
    let mut line = Line::begin(first, with.cards).map_err(line_error)?;
    for row in later {
        line.follow(row, with).map_err(line_error)?;
    }
    Ok(line)
}

impl core::fmt::Debug for ChartKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { chart, suite: _, view: _, rows: _, ring: _, held: _, cuts: _, cards: _, identity: _, granted: _ } =
            self;
        f.debug_struct("ChartKeys").field("chart", chart).finish_non_exhaustive()
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
#[cfg(test)]
mod tests;
