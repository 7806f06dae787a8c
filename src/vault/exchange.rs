//! Export and import of bundles.

use super::{
    Chart, Contact, Inner, Vault,
    cards::Cards,
    event::{Event, EventKind},
    logs::Write,
    mark::Marked,
    open_chart::{OpenChart, StoredEntry, Stub, put_entry, read_rows, row_of},
    session::Session,
};
use crate::codec::{CardHash, ChartId};
use crate::envelope::object_hash;
use crate::error::Error;
use crate::index;
use crate::keys::chart::{CardBook, ChartKeys, GrantBody, GrantRow, LedgerRow, Ring};
use crate::keys::{DeviceCard, RootCard};
use crate::store::{Snapshot, Table, Transaction};
use crate::sync::bundle::{self, Bundle, BundleError, Writer};
use std::sync::Arc;

/// Where the next bundle of a chart goes on, in the sender's order. Keep it for each chart and contact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor(u64);

impl Cursor {
    /// From the beginning.
    pub const START: Self = Self(0);

    /// The number to store.
    pub fn to_u64(self) -> u64 {
        self.0
    }

    /// The cursor that was stored.
    pub fn from_u64(number: u64) -> Self {
        Self(number)
    }
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The chart.
    pub chart: ChartId,
    /// Versions that are new.
    pub added: u64,
    /// Entries that now have versions in conflict, among those added.
    pub conflicts: u64,
    /// Versions that are kept apart until a custodian decides.
    pub quarantined: u64,
    /// Versions that did not open, or whose author had no right to write them.
    pub rejected: u64,
    /// Files of which the content did not come along.
    pub missing_blobs: u64,
    /// Where the sender's next bundle goes on.
    pub next: Cursor,
}

impl Chart {
    /// Everything of the chart that a member may see, from a cursor on: a file for any courier, sealed as it is.
    ///
    /// Somebody whose grant has ended gets the news of it and no entries.
    pub fn export(&self, to: &Contact, since: Cursor) -> Result<Vec<u8>, Error> {
        let root = to.root_hash()?;
        self.told(EventKind::Export, None, |open, snapshot| export(open, snapshot, &root, since, self.inner.now_ms()))
    }
}

impl Vault {
    /// Takes a bundle in: verifies all of it, and adds what is new in one transaction. A second time it changes nothing.
    ///
    /// The chart must have been shared by a verified contact.
    pub fn import(&self, bundle: &[u8]) -> Result<Applied, Error> {
        let bundle = Bundle::parse(bundle).map_err(|error| match error {
            BundleError::Damaged => Error::DamagedBundle,
            BundleError::Newer => Error::NewerFormat,
        })?;
        self.inner.with(|session| import(&self.inner, session, &bundle))
    }
}

fn export(
    open: &OpenChart,
    snapshot: &dyn Snapshot,
    to: &CardHash,
    since: Cursor,
    now_ms: i64,
) -> Result<Vec<u8>, Error> {
    let id = open.keys.chart();
    if !open.keys.was_member(to) {
        return Err(Error::NoSuchMember);
    }
    let mut writer = Writer::new(id, *to, since.0);
    for grant in open.keys.grants_of(to) {
        if let Some(row) = snapshot.get(Table::Grants, id.as_bytes(), grant.as_bytes())? {
            writer.grant(grant, row);
        }
    }
    let (epoch, key) = open.keys.newest_ledger_key().ok_or_else(Error::unopenable)?;
    let cards = bundle::CardSet {
        roots: open.keys.cards().roots().map(|root| root.bytes().to_vec().into()).collect(),
        devices: open.keys.cards().devices().map(|device| device.bytes().to_vec().into()).collect(),
    };
    writer.cards(&key, epoch, &cards).map_err(|_| Error::unopenable())?;
    for (seq, row) in (0_u64..).zip(open.keys.rows()) {
        writer.ledger(seq, row);
    }
    let visible = open.keys.visible_to(to, now_ms);
    for version in open.index.after(since.0).filter(|version| !version.quarantined) {
        if !visible.slots.contains(&version.compartment) {
            continue;
        }
        let stored = snapshot.get(Table::Entries, id.as_bytes(), &version.seq.to_be_bytes())?;
        // One entry that is lost does not keep the others from travelling; `verify` names it.
        let Some(stored) = stored else { continue };
        let wrap = StoredEntry::split(&stored).map(|entry| entry.wrap);
        if wrap.is_some_and(|wrap| wrap.epoch >= visible.from_epoch)
            && let Some(sealed) = StoredEntry::sealed(&stored)
        {
            writer.entry(sealed);
        }
    }
    Ok(writer.finish(open.index.last_seq().max(since.0)))
}

fn import(inner: &Inner, session: &Session, bundle: &Bundle<'_>) -> Result<Applied, Error> {
    let me = session.unlocked.identity();
    let id = bundle.head.chart;
    if bundle.head.recipient != me.root_card.hash() {
        return Err(Error::ForeignBundle);
    }
    let mut write = Write::begin(inner, session)?;
    // What is there is held against the logs before anything is added to it.
    match session.chart_at(&id, &*write.tx) {
        Ok(_) | Err(Error::UnknownChart) => {}
        Err(error) => return Err(error),
    }
    let keys = learn(inner, session, &mut *write.tx, bundle)?;
    // The ring and the ledger are stored before the chart is opened, so that it opens with what the bundle brought. Nobody
    // else may see it: until the commit it is a chart that there may never be.
    let mut chart = OpenChart::load_unchecked(session, &id, &*write.tx)?;
    let mut applied = Applied {
        chart: id,
        added: 0,
        conflicts: 0,
        quarantined: 0,
        rejected: 0,
        missing_blobs: 0,
        next: Cursor(bundle.next),
    };
    let mut rows = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for item in &bundle.entries {
        let Ok(opened) = keys.open_entry(item.bytes, &item.wrap, None) else {
            applied.rejected = applied.rejected.saturating_add(1);
            continue;
        };
        if chart.index.contains_version(&opened.header.version) || !seen.insert(opened.header.version) {
            continue;
        }
        if !keys.author_stands(&opened) {
            applied.rejected = applied.rejected.saturating_add(1);
            continue;
        }
        let last = rows.last().map_or_else(|| chart.index.last_seq(), |row: &index::IndexRow| row.seq);
        let seq = last.saturating_add(1);
        let stub = Stub { hash: object_hash(item.bytes), arrival: keys.head_seq() };
        put_entry(&mut *write.tx, &id, seq, &item.wrap, item.bytes, stub)?;
        rows.push(row_of(seq, stub, &opened));
    }
    let segment = chart.append_index(&mut *write.tx, &rows, true)?;
    write.mark(Marked::Ledger(id), chart.ledger_mark());
    if !rows.is_empty() {
        write.mark(Marked::Entries(id), chart.mark_with(&rows));
    }
    write.event(Event::new(EventKind::Import, inner.now_ms()).on(id));
    let generation = write.commit()?;
    session.forget(&id);
    chart.insert(rows.clone(), segment, generation)?;
    let in_conflict =
        |row: &index::IndexRow| chart.index.heads(&row.entry).is_some_and(|heads| !heads.conflicts.is_empty());
    applied.added = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    applied.conflicts = u64::try_from(rows.iter().filter(|row| in_conflict(row)).count()).unwrap_or(u64::MAX);
    Ok(applied)
}

/// Verifies cards, ledger and grants of a bundle, and stores what is new of them.
fn learn(
    inner: &Inner,
    session: &Session,
    tx: &mut dyn Transaction,
    bundle: &Bundle<'_>,
) -> Result<Arc<ChartKeys>, Error> {
    let me = session.unlocked.identity();
    let id = bundle.head.chart;
    let (vault, suite) = (session.unlocked.vault_id(), session.unlocked.suite());
    let known = tx.get(Table::Keyring, b"", id.as_bytes())?;
    let mut ring = match &known {
        Some(sealed) => {
            Ring::open(suite, session.unlocked.keyring_key(), &vault, &id, sealed).map_err(Error::of_malformed)?
        }
        None => Ring::new(None)?,
    };
    let stored_cards = Cards::of(id, suite, &ring)?;
    let mut cards = stored_cards.read(tx, me)?;
    let rows = join(read_rows(tx, &id)?, &bundle.ledger)?;

    let mut grants: Vec<(crate::codec::GrantId, GrantRow, GrantBody)> = Vec::new();
    for (grant, bytes) in &bundle.grants {
        let row = GrantRow::parse(bytes).map_err(|_| Error::DamagedBundle)?;
        let body = ChartKeys::open_grant(me, &id, grant, &row).map_err(|_| Error::DamagedBundle)?;
        ring.add(&body.nodes, &body.ledger_keys);
        grants.push((*grant, row, body));
    }
    if ring.nodes().is_empty() {
        return Err(Error::NotGranted);
    }
    add_cards(&mut cards, &ring, bundle)?;
    let keys = ChartKeys::assemble(rows, ring, cards, me).map_err(|error| match error {
        Error::Unopenable { .. } => Error::DamagedBundle,
        other => other,
    })?;
    if keys.chart() != id {
        return Err(Error::DamagedBundle);
    }
    // One suite a vault: who chose it takes no other from anybody.
    if keys.suite() != suite {
        return Err(Error::OtherSuite);
    }
    for (grant, row, body) in &grants {
        if !keys.confirm_grant(grant, row, body) {
            return Err(Error::DamagedBundle);
        }
    }
    if known.is_none() {
        // A chart comes from somebody we know: its granter's fingerprint was compared.
        let granter = grants.first().map(|(_, row, _)| row.granter).ok_or(Error::NotGranted)?;
        session.contacts(inner)?.require_known(&granter, inner.now_ms())?;
    }
    for (seq, row) in (0_u64..).zip(keys.rows()) {
        tx.put(Table::Ledger, id.as_bytes(), &seq.to_be_bytes(), &row.stored)?;
        tx.put(Table::Receipts, id.as_bytes(), &seq.to_be_bytes(), &row.receipt)?;
    }
    for (grant, bytes) in &bundle.grants {
        tx.put(Table::Grants, id.as_bytes(), grant.as_bytes(), bytes)?;
    }
    stored_cards.put(tx, keys.cards(), me)?;
    session.put_ring(tx, &id, keys.ring())?;
    Ok(Arc::new(keys))
}

/// Takes the cards that a ledger key we hold opens. Whose access has ended gets no newer ones, and needs none.
fn add_cards(cards: &mut CardBook, ring: &Ring, bundle: &Bundle<'_>) -> Result<(), Error> {
    let keys = ring.ledger_secrets().map_err(|_| Error::unopenable())?;
    for (epoch, sealed) in &bundle.cards {
        let Some(keys) = keys.get(epoch) else { continue };
        let open = |key| bundle::open_cards(key, &bundle.head.chart, *epoch, sealed).ok();
        let opened = keys.iter().find_map(open).ok_or(Error::DamagedBundle)?;
        for bytes in &opened.roots {
            cards.add_root(RootCard::open(bytes).map_err(|_| Error::DamagedBundle)?);
        }
        for bytes in &opened.devices {
            let root = DeviceCard::claimed_root(bytes).and_then(|hash| cards.root(&hash).cloned());
            let root = root.ok_or(Error::DamagedBundle)?;
            cards.add_device(DeviceCard::open(bytes, &root).map_err(|_| Error::DamagedBundle)?);
        }
    }
    Ok(())
}

/// The longer of two lines, if one begins with the other.
fn join(known: Vec<LedgerRow>, brought: &[LedgerRow]) -> Result<Vec<LedgerRow>, Error> {
    let same = known.iter().zip(brought).all(|(a, b)| a.stored == b.stored);
    match (same, known.len() >= brought.len()) {
        (true, true) => Ok(known),
        (true, false) => Ok(brought.to_vec()),
        (false, _) => Err(Error::ForeignBundle),
    }
}
