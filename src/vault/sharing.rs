//! Sharing a chart, and taking a share back.

use super::event::{Event, EventKind};
use super::logs::Write;
use super::mark::{Mark, Marked};
use super::{Chart, Contact, Inner, cards::Cards, open_chart::OpenChart, session::Session};
use crate::codec::{CardHash, GrantId};
use crate::error::Error;
use crate::keys::chart::{CardBook, Step};
use crate::keys::{Grant, Purpose, Rights, RootCard};
use crate::record::Label;
use crate::store::Table;
use std::sync::PoisonError;

/// Whether a change of the chart's sharing is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// The vault that administers the chart has recorded it.
    Committed,
    /// It takes effect when the vault that administers the chart has recorded it.
    Proposed,
}

/// Somebody with whom a chart is shared.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
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
        let root = with.verified_root()?;
        let event = Event { member: Some(root.hash()), ..Event::new(EventKind::Share, self.inner.now_ms()) };
        self.change(|open, now| open.keys.share_step(&root, grant, now), Some(&root), event)
    }

    /// Ends every grant of a contact: fresh keys for all who stay. What was read before stays known to
    /// who read it.
    pub fn revoke(&self, from: &Contact) -> Result<Standing, Error> {
        self.revoke_roots(&[from.root_hash()?])
    }

    pub(super) fn revoke_roots(&self, roots: &[CardHash]) -> Result<Standing, Error> {
        let member = |open: &OpenChart| open.keys.members().iter().any(|member| roots.contains(&member.root));
        self.change(
            |open, now| {
                if !roots.is_empty() && !member(open) {
                    return Err(Error::NoSuchMember);
                }
                open.keys.revoke_step(roots, |slot| open.cut(slot, roots), now)
            },
            None,
            Event { member: roots.first().copied(), ..Event::new(EventKind::Revoke, self.inner.now_ms()) },
        )
    }

    /// With whom the chart is shared, its custodians included.
    pub fn shares(&self) -> Result<Vec<Share>, Error> {
        self.read(|open, _| {
            let members = open.keys.members();
            let shares = members.iter().map(|member| {
                // Who it is must not be left open: a card that is damaged or withheld is an error.
                let card = open.keys.cards().root(&member.root).ok_or_else(Error::unopenable)?;
                Ok(Share {
                    name: card.name().to_owned(),
                    rights: member.rights,
                    labels: open.keys.labels_of(member),
                    purpose: member.grants.first().map(|grant| grant.purpose),
                    not_after_ms: member.grants.iter().map(|grant| grant.not_after_ms).max().flatten(),
                })
            });
            shares.collect()
        })
    }

    /// Prepares a step of the ledger and stores it, with its grants and keys, in one transaction.
    fn change(
        &self,
        prepare: impl FnOnce(&OpenChart, i64) -> Result<Step, Error>,
        newcomer: Option<&RootCard>,
        event: Event,
    ) -> Result<Standing, Error> {
        self.inner.with(|session| apply(&self.inner, session, self, prepare, newcomer, event))
    }
}

fn apply(
    inner: &Inner,
    session: &Session,
    chart: &Chart,
    prepare: impl FnOnce(&OpenChart, i64) -> Result<Step, Error>,
    newcomer: Option<&RootCard>,
    event: Event,
) -> Result<Standing, Error> {
    let id = chart.id();
    let mut write = Write::begin(inner, session)?;
    {
        let tx = &mut *write.tx;
        let open = session.chart_at(&id, tx)?;
        let open = open.read().unwrap_or_else(PoisonError::into_inner);
        let step = prepare(&open, inner.now_ms())?;
        tx.put(Table::Ledger, id.as_bytes(), &step.seq.to_be_bytes(), &step.row.stored)?;
        tx.put(Table::Receipts, id.as_bytes(), &step.seq.to_be_bytes(), &step.row.receipt)?;
        for (grant, row) in &step.grants {
            tx.put(Table::Grants, id.as_bytes(), GrantId::as_bytes(grant), row)?;
        }
        let (mut cards, me) = (CardBook::default(), session.unlocked.identity());
        if let Some(root) = newcomer {
            cards.add_root(root.clone());
        }
        cards.add_device(me.device_card.clone());
        Cards::of(id, session.unlocked.suite(), &step.ring)?.put(tx, &cards, me)?;
        session.put_ring(tx, &id, &step.ring)?;
        let hash = step.row.hash();
        write.mark(Marked::Ledger(id), Mark::new(step.seq.saturating_add(1), &hash));
        let actor = chart.actor().map(|actor| (**actor).clone());
        write.event(Event { hash: Some(hash), actor, ..event.on(id) });
    }
    // The chart takes the step in when it is used next, as it would another writer's; its index stays as it is.
    write.commit()?;
    Ok(Standing::Committed)
}
