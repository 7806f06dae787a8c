//! Sharing a chart, and taking a share back.

use super::event::{Event, EventKind};
use super::logs::Write;
use super::mark::{Mark, Marked};
use super::{Chart, Contact, Inner, beside::Beside, cards::Cards, open_chart::OpenChart, session::Session};
use crate::codec::{CardHash, ChartId, GrantId};
use crate::error::Error;
use crate::keys::chart::{CardBook, Intent, Member, Step};
use crate::keys::{Grant, Purpose, Rights, RootCard};
use crate::record::Label;
use crate::store::Table;
use std::sync::PoisonError;

/// Whether a change of the chart's sharing is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Standing {
    /// The vault that administers the chart has recorded it.
    Committed,
    /// It takes effect when the vault that administers the chart has recorded it.
    Proposed,
}

/// Somebody with whom a chart is shared.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Share {
    /// Name on the card.
    pub name: String,
    /// What they may do.
    pub rights: Rights,
    /// The labels shared; empty for the whole chart.
    pub labels: Vec<Label>,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Until when, in milliseconds since 1970.
    pub not_after_ms: Option<i64>,
}

/// Shows rights; the name is somebody's.
impl core::fmt::Debug for Share {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { name: _, rights, labels, purpose, not_after_ms } = self;
        f.debug_struct("Share")
            .field("rights", rights)
            .field("labels", &labels.len())
            .field("purpose", purpose)
            .field("not_after_ms", not_after_ms)
            .finish_non_exhaustive()
    }
}

impl Chart {
    /// Shares the chart, or some labels of it, with a verified contact.
    pub fn share(&self, with: &Contact, grant: &Grant) -> Result<Standing, Error> {
        grant.require_ahead(self.inner.now_ms())?;
        let root = with.verified_root(&self.inner)?;
        let event = Event { member: Some(root.hash()), ..Event::new(EventKind::Share, self.inner.now_ms()) };
        let intent = Intent::Share { to: Box::new(root.clone()), grant: grant.clone() };
        self.change(|_| Ok(intent), Some(&root), event)
    }

    /// Ends every grant of a contact, those to cards that were replaced included: fresh keys for all who stay. What was read
    /// before stays known to who read it.
    pub fn revoke(&self, from: &Contact) -> Result<Standing, Error> {
        self.revoke_roots(&from.roots(&self.inner)?)
    }

    pub(super) fn revoke_roots(&self, roots: &[CardHash]) -> Result<Standing, Error> {
        self.change(
            |open| {
                let members = open.keys.members().into_iter().map(|member| member.root);
                let leaving: Vec<CardHash> = members.filter(|root| roots.contains(root)).collect();
                if leaving.is_empty() && !roots.is_empty() {
                    return Err(Error::NoSuchMember);
                }
                Ok(Intent::Revoke { roots: leaving })
            },
            None,
            Event { member: roots.first().copied(), ..Event::new(EventKind::Revoke, self.inner.now_ms()) },
        )
    }

    /// With whom the chart is shared, its custodians included.
    pub fn shares(&self) -> Result<Vec<Share>, Error> {
        self.read(|open, _| shares_of(open, &open.keys.members()))
    }

    /// Makes a step of the ledger and stores it, with its grants and keys, in one transaction; where the home is elsewhere, a
    /// proposal.
    pub(super) fn change(
        &self,
        want: impl FnOnce(&OpenChart) -> Result<Intent, Error>,
        newcomer: Option<&RootCard>,
        event: Event,
    ) -> Result<Standing, Error> {
        self.inner.with(|session| apply(&self.inner, session, self, want, newcomer, event))
    }
}

fn apply(
    inner: &Inner,
    session: &Session,
    chart: &Chart,
    want: impl FnOnce(&OpenChart) -> Result<Intent, Error>,
    newcomer: Option<&RootCard>,
    event: Event,
) -> Result<Standing, Error> {
    let id = chart.id();
    let mut write = Write::begin(inner, session)?;
    let open = session.chart_at(&id, &*write.tx)?;
    let open = open.read().unwrap_or_else(PoisonError::into_inner);
    let (intent, now) = (want(&open)?, inner.now_ms());
    let cuts = |slot: u8, gone: &[CardHash]| open.cut(slot, gone);
    let actor = chart.actor().map(|actor| (**actor).clone());
    let mut event = Event { actor, ..event.on(id) };
    let (ring, standing) = if open.keys.is_home() {
        let step = open.keys.step(&intent, cuts, now)?;
        put_step(&mut write, &id, &step)?;
        event.hash = Some(step.row.hash());
        (step.ring, Standing::Committed)
    } else {
        let (proposal, ring) = open.keys.propose(&intent, cuts, now)?;
        let mut proposals = open.beside.proposals().map_err(Error::of_malformed)?;
        proposals.push(proposal);
        Beside::new(open.keys.all_rows(), &proposals).put(&mut write, &id, &open.beside)?;
        (ring, Standing::Proposed)
    };
    drop(open);
    let (mut cards, me) = (CardBook::default(), session.unlocked.identity());
    if let Some(root) = newcomer {
        cards.add_root(root.clone());
    }
    cards.add_device(me.device_card.clone());
    Cards::of(id, session.unlocked.suite(), &ring)?.put(&mut *write.tx, &cards, me)?;
    session.put_ring(&mut *write.tx, &id, &ring)?;
    write.event(event);
    // The chart takes the step in when it is used next, as it would another writer's; its index stays as it is.
    write.commit()?;
    Ok(standing)
}

/// Stores a step and the grants that it makes, and marks the ledger.
pub(super) fn put_step(write: &mut Write<'_>, id: &ChartId, step: &Step) -> Result<(), Error> {
    let tx = &mut *write.tx;
    tx.put(Table::Ledger, id.as_bytes(), &step.seq.to_be_bytes(), &step.row.stored)?;
    tx.put(Table::Receipts, id.as_bytes(), &step.seq.to_be_bytes(), &step.row.receipt)?;
    for (grant, row) in &step.grants {
        tx.put(Table::Grants, id.as_bytes(), GrantId::as_bytes(grant), row)?;
    }
    write.mark(Marked::Ledger(*id), Mark::new(step.seq.saturating_add(1), &step.row.hash()));
    Ok(())
}

/// Who it is must not be left open: a card that is damaged or withheld is an error.
pub(super) fn shares_of(open: &OpenChart, members: &[Member]) -> Result<Vec<Share>, Error> {
    let share = |member: &Member| {
        let card = open.keys.cards().root(&member.root).ok_or_else(Error::unopenable)?;
        Ok(Share {
            name: card.name().to_owned(),
            rights: member.rights,
            labels: open.keys.labels_of(member),
            purpose: member.grants.first().map(|grant| grant.purpose),
            not_after_ms: member.grants.iter().map(|grant| grant.not_after_ms).max().flatten(),
        })
    };
    members.iter().map(share).collect()
}
