//! Making bundles.

use super::{
    Chart, Contact, Cursor, Inner, Scope,
    beside::Beside,
    event::{Event, EventKind},
    lines::versions_in,
    logs::{Write, log_id},
    mark::Marked,
    open_chart::OpenChart,
    session::Session,
    standings::accepted_at,
    stored_entry::StoredEntry,
};
use crate::codec::{CardHash, CompartmentId};
use crate::crypto::{Secret, role};
use crate::envelope::object_hash;
use crate::error::Error;
use crate::index::Version;
use crate::keys::chart::Visible;
use crate::keys::{ContactStatus, DeviceCard};
use crate::store::{Snapshot, Table};
use crate::sync::bundle::{CardSet, Sharing, Writer};
use crate::sync::extent::{Absent, Extent, LeftOut, Line, Piece, Why};
use crate::sync::proof::Proof;
use std::sync::PoisonError;
#[cfg(test)]
use {
    super::mark::Mark,
    crate::codec::{ChartId, Hash},
    crate::keys::Identity,
    crate::log::Log,
    crate::store::{MemoryStore, Store as _},
    std::collections::BTreeMap,
};

impl Chart {
    /// Everything of the chart that a member may see, from a cursor on: a file for any courier, sealed as it is.
    ///
    /// It comes with the proof that it is all of it, which whoever takes it in verifies: a courier takes nothing out.
    /// Somebody whose grant has ended gets the news of it and no entries.
    pub fn export(&self, to: &Contact, since: Cursor) -> Result<Vec<u8>, Error> {
        self.export_scope(to, since, &Scope::everything())
    }

    /// As [`Self::export`], of a part of what the member may see. The bundle says which part, and what else there is.
    #[expect(clippy::needless_pass_by_value, reason = "a cursor is used once: the next bundle brings the next")]
    pub fn export_scope(&self, to: &Contact, since: Cursor, scope: &Scope) -> Result<Vec<u8>, Error> {
        let (root, status) = to.root_held(&self.inner)?;
        self.inner.with(|session| {
            let actor = self.actor().map(|actor| (**actor).clone());
            let event = Event { actor, ..Event::new(EventKind::Export, self.inner.now_ms()).on(self.id()) };
            let exported = match self.export_in(session, &root, &since, scope, event.clone()) {
                // What was shared was shared with the card of before.
                Err(Error::NoSuchMember) if status == ContactStatus::Changed => Err(Error::ChangedContact),
                exported => exported,
            };
            if exported.is_err() {
                super::audit::tell(&self.inner, session, event.went(&exported))?;
            }
            exported
        })
    }

    fn export_in(
        &self,
        session: &Session,
        to: &CardHash,
        since: &Cursor,
        scope: &Scope,
        event: Event,
    ) -> Result<Vec<u8>, Error> {
        // What is proven is what is there at that moment: nobody writes meanwhile.
        let mut write = Write::begin(&self.inner, session)?;
        let chart = session.chart_at(&self.id(), &*write.tx)?;
        let seen = since.seen(&log_id(&session.unlocked.identity().device_card.hash()));
        let writer = {
            let open = chart.read().unwrap_or_else(PoisonError::into_inner);
            open.keys.require_access(self.inner.now_ms())?;
            content(&self.inner, &open, &*write.tx, to, since, scope, seen)?
        };
        let content = writer.content();
        let bundle = Marked::Bundle(self.id());
        write.replace(bundle, &content)?;
        write.event(event);
        let proof = write.commit_shown(|log, snapshot| {
            // Somebody saw more of this log than there is.
            if seen >= log.size() {
                return Err(Error::RestoredCopy);
            }
            Ok(Proof::of(log, snapshot, &bundle.key(), seen)?)
        })?;
        Ok(writer.finish(&content, &proof))
    }
}

/// The proof of a bundle by somebody who has no vault.
#[cfg(test)]
pub(crate) fn prove_bundle(by: &Identity, chart: &ChartId, content: &Hash) -> Proof {
    let (store, key) = (MemoryStore::new(), Marked::Bundle(*chart).key());
    let log = Log::create(log_id(&by.device_card.hash()), by.device_card.log_key().clone());
    let marks = BTreeMap::from([(key, Mark::new(1, content).digest())]);
    let mut tx = store.write().unwrap();
    let appended = log.append(&mut *tx, &marks, b"events", &by.log).unwrap();
    Proof::of(appended.log(), &*tx, &key, 0).unwrap()
}

/// All of a bundle that is to be proven.
fn content(
    inner: &Inner,
    open: &OpenChart,
    snapshot: &dyn Snapshot,
    to: &CardHash,
    since: &Cursor,
    scope: &Scope,
    seen: u64,
) -> Result<Writer, Error> {
    let id = open.keys.chart();
    if !open.keys.was_member(to) {
        return Err(Error::NoSuchMember);
    }
    let (key, sharing) = sharing(open, snapshot, to)?;
    let (epoch, told) = (sharing.epoch(), sharing.hash());
    let now_ms = inner.now_ms();
    let theirs = open.keys.visible_to(to, now_ms);
    let me = open.keys.identity().root_card.hash();
    let (chosen, others) = scope.split(open, &open.keys.visible_to(&me, now_ms), &theirs)?;
    let has_ended = chosen.is_empty() && others.is_empty();
    let mut writer = Writer::new(id, *to);
    // Whose access has ended is told so each time.
    if has_ended || since.sharing() != Some(&told) {
        writer.sharing(&key, &sharing).map_err(|_| Error::unopenable())?;
    }
    if has_ended {
        return Ok(writer);
    }
    let mut extent = Extent::new(open.index.last_seq(), seen, told);
    let compartments = open.keys.compartment_ids();
    let compartment = |slot: u8| compartments.get(usize::from(slot)).copied().ok_or_else(Error::unopenable);
    let mut lines = open.lines.lock().unwrap_or_else(PoisonError::into_inner);
    let mut sending = Sending { open, snapshot, writer: &mut writer, to, visible: &theirs };
    if let Some(lines) = lines.follow(&open.index) {
        let line = |slot: u8| lines.get(&slot).copied().unwrap_or(Line::EMPTY);
        for slot in chosen {
            extent.pieces.push(sending.piece(slot, compartment(slot)?, line(slot), since)?);
        }
        for slot in others {
            extent.left_out.push(LeftOut { compartment: compartment(slot)?, to: line(slot) });
        }
    } else {
        extent.whole = false;
        chosen.into_iter().try_for_each(|slot| sending.loose(slot))?;
    }
    writer.scope(&key, epoch, &extent).map_err(|_| Error::unopenable())?;
    Ok(writer)
}

/// What there is to tell a member of the sharing, and the ledger key that cards and scope are sealed under.
fn sharing(open: &OpenChart, snapshot: &dyn Snapshot, to: &CardHash) -> Result<(Secret<role::Ledger>, Sharing), Error> {
    let id = open.keys.chart();
    let mut grants = Vec::new();
    for grant in open.keys.grants_of(to) {
        let row = snapshot.get(Table::Grants, id.as_bytes(), grant.as_bytes())?;
        grants.extend(row.map(|row| (grant, row)));
    }
    let (epoch, key) = open.keys.newest_ledger_key().ok_or_else(Error::unopenable)?;
    let (me, known) = (open.keys.identity(), open.keys.cards());
    // Also where it wrote nothing here: the proof is signed by it.
    let own = Some(&me.device_card).filter(|card| known.device(&card.hash()).is_none());
    let devices = known.devices().map(|device| device.bytes()).chain(own.map(DeviceCard::bytes));
    let cards = CardSet {
        roots: known.roots().map(|root| root.bytes().to_vec().into()).collect(),
        devices: devices.map(|card| card.to_vec().into()).collect(),
    };
    // What this vault proposes is for the home alone.
    let proposals = if open.keys.keeper() == Some(*to) { open.beside.proposals() } else { Ok(Vec::new()) };
    let beside = Beside::new(open.keys.all_rows(), &proposals.map_err(Error::of_malformed)?);
    let beside = if beside.is_empty() { Vec::new() } else { beside.to_bytes() };
    Ok((key, Sharing::new(grants, epoch, cards, open.keys.rows(), beside)))
}

/// A bundle that is being filled for a member.
struct Sending<'a> {
    open: &'a OpenChart,
    snapshot: &'a dyn Snapshot,
    writer: &'a mut Writer,
    to: &'a CardHash,
    visible: &'a Visible,
}

impl Sending<'_> {
    /// Puts the piece of a line into the bundle that goes on from a cursor. What was granted since then travels from its
    /// beginning. What is kept apart travels too: who receives it judges for himself, and a custodian must have it to let it
    /// in.
    fn piece(&mut self, slot: u8, compartment: CompartmentId, to: Line, since: &Cursor) -> Result<Piece, Error> {
        let (index, keys) = (&self.open.index, &self.open.keys);
        // A cursor of another history, or of somebody else, leads elsewhere.
        let held = since.held(&compartment).filter(|held| {
            let rest = versions_in(index, slot, held.next);
            rest.fold(held.line, |line, version| line.then(&version.hash)) == to
        });
        let last =
            held.and_then(|held| index.after(held.next.saturating_sub(1)).next().filter(|last| last.seq == held.next));
        let before = last.map(|last| keys.was_visible_to(self.to, last.known.seq.max(accepted_at(&last).unwrap_or(0))));
        if let (Some(held), Some(before)) = (held, &before)
            && before.has_all(slot, self.visible)
        {
            let mut piece = Piece { compartment, first: false, from: held.line, to, absent: Vec::new() };
            self.fill(&mut piece, versions_in(index, slot, held.next), |_, _| false)?;
            return Ok(piece);
        }
        let mut piece = Piece { compartment, first: true, from: Line::EMPTY, to, absent: Vec::new() };
        let was_sent = |version: &Version<'_>, epoch| {
            let came = held.is_some_and(|held| version.seq <= held.next);
            came && before.as_ref().is_some_and(|before| before.covers(slot, epoch))
        };
        self.fill(&mut piece, versions_in(index, slot, 0), was_sent)?;
        Ok(piece)
    }

    /// Adds versions to a piece, from where it begins.
    fn fill<'v>(
        &mut self,
        piece: &mut Piece,
        versions: impl Iterator<Item = Version<'v>>,
        was_sent: impl Fn(&Version<'_>, u32) -> bool,
    ) -> Result<(), Error> {
        let (mut line, mut begun) = (piece.from, !piece.first);
        for version in versions {
            line = line.then(&version.hash);
            let stored = self.stored(&version)?;
            let entry = stored.as_deref().and_then(StoredEntry::split);
            let epoch =
                entry.as_ref().map(|entry| entry.wrap.epoch).or_else(|| self.open.keys.epoch_of(&version.known));
            let granted = epoch.is_some_and(|epoch| self.visible.covers(version.compartment, epoch));
            let sent = epoch.is_some_and(|epoch| was_sent(&version, epoch));
            let why = match (granted, sent, stored.as_deref().and_then(StoredEntry::sealed)) {
                // What came before anything that he may read is not told of at all.
                (false, ..) if !begun => {
                    piece.from = line;
                    continue;
                }
                (false, ..) => Why::NotGranted,
                (true, true, _) => Why::Sent,
                (true, false, Some(sealed)) => {
                    begun = true;
                    self.writer.entry(sealed);
                    continue;
                }
                // One entry that is lost does not keep the others from travelling; `verify` names it.
                (true, false, None) => Why::Lost,
            };
            begun = true;
            let ids = (why == Why::Lost).then_some((version.entry, version.version));
            piece.absent.push(Absent { place: line.count, object: version.hash, why, ids });
        }
        Ok(())
    }

    /// Adds the versions of a compartment of which nobody can say any more whether they are all.
    fn loose(&mut self, slot: u8) -> Result<(), Error> {
        for version in versions_in(&self.open.index, slot, 0) {
            let stored = self.stored(&version)?;
            let entry = stored.as_deref().and_then(StoredEntry::split);
            if entry.is_some_and(|entry| self.visible.covers(slot, entry.wrap.epoch))
                && let Some(sealed) = stored.as_deref().and_then(StoredEntry::sealed)
            {
                self.writer.entry(sealed);
            }
        }
        Ok(())
    }

    /// The row of a version, if it is the one that the index names.
    fn stored(&self, version: &Version<'_>) -> Result<Option<Vec<u8>>, Error> {
        let chart = self.open.keys.chart();
        let stored = self.snapshot.get(Table::Entries, chart.as_bytes(), &version.seq.to_be_bytes())?;
        let is_it =
            |stored: &Vec<u8>| StoredEntry::split(stored).is_some_and(|entry| object_hash(entry.bytes) == version.hash);
        Ok(stored.filter(is_it))
    }
}
