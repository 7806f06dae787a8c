//! Export and import of bundles.

use super::{
    Chart, Contact, Inner, Vault,
    beside::Beside,
    cards::Cards,
    chains::{Flaw, flaws},
    charts,
    cores::on_all_cores,
    event::{Event, EventKind},
    logs::Write,
    mark::Marked,
    open_chart::{OpenChart, StoredEntry, Stub, put_entry, read_rows, row_of},
    session::Session,
    standings::{NOBODY, accepted_at, standings_of},
};
use crate::codec::{CardHash, ChartId, EntryId, GrantId, Hash, Malformed};
use crate::envelope::{Opened, object_hash};
use crate::error::Error;
use crate::index;
use crate::keys::chart::{CardBook, ChartKeys, EntryStanding, Fate, GrantBody, GrantRow, Relation, Ring};
use crate::keys::{DeviceCard, RootCard};
use crate::store::{Snapshot, Table};
use crate::sync::bundle::{self, Bundle, BundleError, Item, Writer};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use zeroize::Zeroizing;

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
    /// Versions that are new, and read from now on.
    pub added: u64,
    /// Entries that now have versions in conflict, among those that are new.
    pub conflicts: u64,
    /// Versions that are new and kept apart until a custodian decides: see [`Chart::quarantined`].
    pub quarantined: u64,
    /// Versions that were read here before, and are disputed now: the bundle tells of a revocation that does not know them.
    pub disputed: u64,
    /// Versions that did not open, or whose author never had the right to write them.
    pub rejected: u64,
    /// Places among the new versions where others by the same author are missing that this vault may read: take a bundle of
    /// the whole chart, from [`Cursor::START`], or from somebody else.
    pub gaps: u64,
    /// New versions of a device that had written another in the same place: it was copied, or put back to an older state.
    pub repeated: u64,
    /// Files of which the content did not come along.
    pub missing_blobs: u64,
    /// Changes of the sharing that another custodian proposed, and that this vault has recorded: it administers the chart.
    pub recorded: u64,
    /// Changes that were proposed here, and are recorded now.
    pub confirmed: u64,
    /// Changes that were proposed here, and were given up because somebody else had decided otherwise.
    pub superseded: u64,
    /// There are two histories of the chart's sharing that contradict each other: see [`Chart::fork`].
    pub forked: bool,
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
    // What this vault proposes is for the home alone.
    let proposals = if open.keys.keeper() == Some(*to) { open.beside.proposals() } else { Ok(Vec::new()) };
    let beside = Beside::new(open.keys.all_rows(), &proposals.map_err(Error::of_malformed)?);
    if !beside.is_empty() {
        writer.beside(&beside.to_bytes());
    }
    let visible = open.keys.visible_to(to, now_ms);
    // What was granted since the last bundle travels from its beginning.
    let last = open.index.after(since.0.saturating_sub(1)).next().filter(|last| last.seq == since.0);
    let known = last.map(|last| open.keys.was_visible_to(to, last.known.seq.max(accepted_at(&last).unwrap_or(0))));
    // What is kept apart travels too: who receives it judges for himself, and a custodian must have it to let it in.
    for version in open.index.after(0).filter(|version| version.author != NOBODY && visible.has(version.compartment)) {
        let came = version.seq <= since.0;
        let before = known.as_ref().filter(|_| came);
        if came && before.is_none_or(|before| before.has_all(version.compartment, &visible)) {
            continue;
        }
        let stored = snapshot.get(Table::Entries, id.as_bytes(), &version.seq.to_be_bytes())?;
        // One entry that is lost does not keep the others from travelling; `verify` names it.
        let Some(stored) = stored else { continue };
        let Some(wrap) = StoredEntry::split(&stored).map(|entry| entry.wrap) else { continue };
        let was_sent = before.is_some_and(|before| before.covers(version.compartment, wrap.epoch));
        if visible.covers(version.compartment, wrap.epoch)
            && !was_sent
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
    let disputed_before = match session.chart_at(&id, &*write.tx) {
        Ok(open) => open.read().unwrap_or_else(PoisonError::into_inner).standings.all(EntryStanding::Disputed),
        Err(Error::UnknownChart) => {
            charts::add(&mut write, &id)?;
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    let Learnt { keys, recorded } = learn(inner, session, &mut write, bundle)?;
    // The ring and the ledger are stored before the chart is opened, so that it opens with what the bundle brought. Nobody
    // else may see it: until the commit it is a chart that there may never be.
    let mut chart = OpenChart::load_unchecked(session, &id, &*write.tx)?;
    let mut applied = Applied {
        chart: id,
        added: 0,
        conflicts: 0,
        quarantined: 0,
        disputed: 0,
        rejected: 0,
        gaps: 0,
        repeated: 0,
        missing_blobs: 0,
        recorded,
        confirmed: 0,
        superseded: 0,
        forked: keys.fork().is_some(),
        next: Cursor(bundle.next),
    };
    follow_up(session, &mut write, &chart, inner.now_ms(), &mut applied)?;
    let (mut rows, mut items) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    let (opened, ()) = on_all_cores(&bundle.entries, || (), |(), item| open_item(&keys, item), || ());
    for (item, opened) in bundle.entries.iter().zip(opened) {
        let Some((opened, hash)) = opened else {
            applied.rejected = applied.rejected.saturating_add(1);
            continue;
        };
        // It is new here, whatever the bundle makes of it: that it was taken in before a revocation, only this vault can say.
        let stub = Stub { hash, arrival: index::KEPT_APART };
        let version = opened.header.version;
        // Another under an id that is taken is another version: its author did not choose to be too late.
        if chart.index.contains(&version, &hash) || !seen.insert((version, hash)) {
            continue;
        }
        rows.push(row_of(0, stub, &opened));
        items.push(item);
    }
    // Judged together, so that it does not matter in which order they stand in the bundle.
    let standings = standings_of(&keys, &chart.index, &rows);
    let mut next = chart.index.last_seq();
    let mut taken = Vec::with_capacity(rows.len());
    for ((mut row, item), standing) in rows.into_iter().zip(items).zip(standings) {
        let count = match standing {
            None => &mut applied.rejected,
            Some(EntryStanding::Quarantined) => &mut applied.quarantined,
            Some(_) => {
                row.arrival = keys.head_seq();
                &mut applied.added
            }
        };
        *count = count.saturating_add(1);
        if standing.is_none() {
            continue;
        }
        next = next.saturating_add(1);
        row.seq = next;
        let stub = Stub { hash: row.hash, arrival: row.arrival };
        put_entry(&mut *write.tx, &id, next, &item.wrap, item.bytes, stub)?;
        taken.push(row);
    }
    let rows = taken;
    let known_to = chart.index.last_seq();
    let segment = chart.append_index(&mut *write.tx, &rows, true)?;
    write.mark(Marked::Ledger(id), chart.ledger_mark());
    if !rows.is_empty() {
        write.mark(Marked::Entries(id), chart.mark_with(&rows));
    }
    write.event(Event::new(EventKind::Import, inner.now_ms()).on(id));
    let generation = write.commit()?;
    session.forget(&id);
    chart.insert(rows.clone(), segment, generation)?;
    let read = rows.iter().filter(|row| row.arrival != index::KEPT_APART);
    let entries: BTreeSet<EntryId> = read.map(|row| row.entry).collect();
    let in_conflict = |entry: &&EntryId| chart.index.heads(entry).is_some_and(|heads| !heads.conflicts.is_empty());
    applied.conflicts = count(entries.iter().filter(in_conflict).count());
    let flaws = flaws(&chart.keys, &chart.index, known_to);
    applied.gaps = count(flaws.iter().filter(|(_, flaw)| *flaw == Flaw::Gap).count());
    applied.repeated = count(flaws.iter().filter(|(_, flaw)| *flaw == Flaw::Repeat).count());
    let disputed = chart.standings.all(EntryStanding::Disputed);
    applied.disputed = count(disputed.iter().filter(|seq| !disputed_before.contains(seq)).count());
    Ok(applied)
}

/// Opens and verifies an entry of a bundle. Returns it without its content, which is sealed where it is wanted, and its
/// object hash.
fn open_item(keys: &ChartKeys, item: &Item<'_>) -> Option<(Opened, Hash)> {
    let mut opened = keys.open_entry(item.bytes, &item.wrap, None).ok()?;
    opened.content = Zeroizing::default();
    Some((opened, object_hash(item.bytes)))
}

/// Looks at what this vault proposed: what is recorded is done with, what lost against another step is made again on top of
/// it, where that is still allowed.
fn follow_up(
    session: &Session,
    write: &mut Write<'_>,
    chart: &OpenChart,
    now_ms: i64,
    applied: &mut Applied,
) -> Result<(), Error> {
    let (keys, mut waiting) = (&chart.keys, Vec::new());
    for proposal in chart.beside.proposals().map_err(Error::of_malformed)? {
        match proposal.fate(keys) {
            Fate::Waiting => waiting.push(proposal),
            Fate::Committed => applied.confirmed = applied.confirmed.saturating_add(1),
            Fate::Lost => match keys.renew(&proposal, |slot, gone| chart.cut(slot, gone), now_ms) {
                Ok((again, ring)) => {
                    session.put_ring(&mut *write.tx, &keys.chart(), &ring)?;
                    waiting.push(again);
                }
                // Until the contradiction is resolved nobody knows what came first.
                Err(Error::Forked) => waiting.push(proposal),
                Err(error @ (Error::Random(_) | Error::Store(_))) => return Err(error),
                Err(_) => applied.superseded = applied.superseded.saturating_add(1),
            },
        }
    }
    Beside::new(keys.all_rows(), &waiting).put(write, &keys.chart())
}

/// What a bundle told of a chart's sharing.
struct Learnt {
    keys: Arc<ChartKeys>,
    /// Proposals that were recorded.
    recorded: u64,
}

/// Verifies cards, ledger and grants of a bundle, and stores what is new of them. At home, receives what it proposes.
fn learn(inner: &Inner, session: &Session, write: &mut Write<'_>, bundle: &Bundle<'_>) -> Result<Learnt, Error> {
    let me = session.unlocked.identity();
    let id = bundle.head.chart;
    let (vault, suite) = (session.unlocked.vault_id(), session.unlocked.suite());
    let tx = &mut *write.tx;
    let known = tx.get(Table::Keyring, b"", id.as_bytes())?;
    let mut ring = match &known {
        Some(sealed) => {
            Ring::open(suite, session.unlocked.keyring_key(), &vault, &id, sealed).map_err(Error::of_malformed)?
        }
        None => Ring::new(None)?,
    };
    let stored_cards = Cards::of(id, suite, &ring)?;
    let mut cards = stored_cards.read(tx, me)?;
    let beside = Beside::read(tx, &id)?;
    let main = read_rows(tx, &id)?;
    let stored_rows = main.len();
    let mut rows = beside.rows(main);
    let brought = bundle.beside.map_or(Ok(Beside::default()), Beside::parse).map_err(damaged)?;
    if !brought.is_within_bounds() {
        return Err(Error::DamagedBundle);
    }
    let mut forked = false;
    for line in brought.rows(bundle.ledger.clone()).lines() {
        match rows.offer(&line) {
            // Another genesis is another chart.
            Relation::Forked { at: 0 } => return Err(Error::ForeignBundle),
            Relation::Forked { .. } => forked = true,
            Relation::Same | Relation::Extends | Relation::Behind => {}
        }
    }

    let mut grants: Vec<(GrantId, GrantRow, GrantBody)> = Vec::new();
    for (grant, bytes) in &bundle.grants {
        let row = GrantRow::parse(bytes).map_err(|_| Error::DamagedBundle)?;
        let body = ChartKeys::open_grant(me, &id, grant, &row).map_err(|_| Error::DamagedBundle)?;
        ring.add(&body.nodes, &body.ledger_keys);
        grants.push((*grant, row, body));
    }
    if ring.nodes().is_empty() {
        return Err(Error::NotGranted);
    }
    add_cards(&mut cards, &ring, bundle, forked)?;
    let mut keys = ChartKeys::assemble(rows, ring, cards, me).map_err(|error| match error {
        Error::Unopenable { .. } => Error::DamagedBundle,
        other => other,
    })?;
    if keys.chart() != id {
        return Err(Error::DamagedBundle);
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
    let mut recorded = 0_u64;
    for proposal in
        beside.proposals().map_err(Error::of_malformed)?.iter().chain(&brought.proposals().map_err(damaged)?)
    {
        // One that is not allowed, came too late or came before is passed over: its author finds out and may make it again.
        let Ok(step) = keys.receive(proposal) else { continue };
        keys = keys.following(&step)?;
        for (grant, row) in &step.grants {
            tx.put(Table::Grants, id.as_bytes(), grant.as_bytes(), row)?;
        }
        recorded = recorded.saturating_add(1);
    }
    for (seq, row) in (0_u64..).zip(keys.rows()) {
        tx.put(Table::Ledger, id.as_bytes(), &seq.to_be_bytes(), &row.stored)?;
        tx.put(Table::Receipts, id.as_bytes(), &seq.to_be_bytes(), &row.receipt)?;
    }
    // The line that resolves a fork may be shorter than the one that was held.
    for seq in (0_u64..).take(stored_rows).skip(keys.rows().len()) {
        tx.delete(Table::Ledger, id.as_bytes(), &seq.to_be_bytes())?;
        tx.delete(Table::Receipts, id.as_bytes(), &seq.to_be_bytes())?;
    }
    for (grant, bytes) in &bundle.grants {
        tx.put(Table::Grants, id.as_bytes(), grant.as_bytes(), bytes)?;
    }
    stored_cards.put(tx, keys.cards(), me)?;
    session.put_ring(tx, &id, keys.ring())?;
    let own = beside.proposals().map_err(Error::of_malformed)?;
    Beside::new(keys.all_rows(), &own).put(write, &id)?;
    Ok(Learnt { keys: Arc::new(keys), recorded })
}

fn damaged(malformed: Malformed) -> Error {
    match malformed {
        Malformed::Newer => Error::NewerFormat,
        Malformed::Invalid => Error::DamagedBundle,
    }
}

/// Takes the cards that a ledger key we hold opens. Whose access has ended gets no newer ones, and needs none.
fn add_cards(cards: &mut CardBook, ring: &Ring, bundle: &Bundle<'_>, forked: bool) -> Result<(), Error> {
    let keys = ring.ledger_secrets().map_err(|_| Error::unopenable())?;
    for (epoch, sealed) in &bundle.cards {
        let Some(keys) = keys.get(epoch) else { continue };
        let open = |key| bundle::open_cards(key, &bundle.head.chart, *epoch, sealed).ok();
        let opened = match keys.iter().find_map(open) {
            Some(opened) => opened,
            // Of another line we may not have the key, though the epoch has the same number.
            None if forked => continue,
            None => return Err(Error::DamagedBundle),
        };
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

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
