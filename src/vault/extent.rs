//! What of a chart is here, and what is not: outside the scope, not fetched, or withheld.

use super::event::{Event, EventKind};
use super::logs::Write;
use super::open_chart::OpenChart;
use super::session::Session;
use super::sources::Sources;
use super::verify::{Finding, NotHere};
use super::{Chart, versions};
use crate::codec::ChartId;
use crate::error::Error;
use crate::keys::chart::MAX_REASON;
use crate::store::Snapshot;
use std::collections::BTreeMap;
use std::sync::PoisonError;

impl Chart {
    /// What is not as it should be in this chart, as far as it shows without opening its versions: [`Finding::Forked`],
    /// [`Finding::Gap`], [`Finding::Repeated`], and what the bundles of others tell: [`Finding::Withheld`],
    /// [`Finding::Contradicted`] and [`Finding::Bundles`]. Empty if all is well; look when a chart is opened. What is there
    /// can be read all the same; [`Vault::verify`] finds what is damaged, too.
    ///
    /// [`Vault::verify`]: crate::Vault::verify
    pub fn findings(&self) -> Result<Vec<Finding>, Error> {
        self.inner.with(|session| {
            self.read_in(session, |open, snapshot| {
                let mut findings = versions::found_in(self.id(), open);
                findings.extend(told(session, open, Sources::read(session, &open.keys, snapshot)?.as_ref(), snapshot)?);
                Ok(findings)
            })
        })
    }

    /// What of this chart is not in this vault, and need not be: labels that it was not granted, what came before a grant, and
    /// what was left out of the bundles that came. Empty if all of the chart is here.
    pub fn not_here(&self) -> Result<Vec<NotHere>, Error> {
        self.inner.with(|session| {
            self.read_in(session, |open, snapshot| {
                let sources = Sources::read(session, &open.keys, snapshot)?;
                Ok(not_here(self.id(), open, sources.as_ref(), self.inner.now_ms()))
            })
        })
    }

    /// Says in the audit that the chart is about to be handed out in the clear, as far as this vault may see it: to whom, or
    /// what for, in up to 1024 bytes. Durable when this returns, so call it before anything is read for that.
    pub fn note_export(&self, reason: &str) -> Result<(), Error> {
        require_reason(reason)?;
        self.inner.with(|session| {
            let mut write = Write::begin(&self.inner, session)?;
            let open = session.chart_at(&self.id(), &*write.tx)?;
            open.read().unwrap_or_else(PoisonError::into_inner).keys.require_access(self.inner.now_ms())?;
            let actor = self.actor().map(|actor| (**actor).clone());
            let event = Event::new(EventKind::Export, self.inner.now_ms()).on(self.id());
            write.event(Event { actor, note: Some(reason.to_owned()), ..event });
            write.commit_events()
        })
    }

    /// Says that somebody looked into what contradicted earlier bundles of this chart, or was hidden of them, with the
    /// outcome: [`Finding::Contradicted`] and [`Finding::Bundles`] end. The reason, of up to 1024 bytes, stands in the audit.
    pub fn settle_bundles(&self, reason: &str) -> Result<(), Error> {
        require_reason(reason)?;
        self.inner.with(|session| {
            let mut write = Write::begin(&self.inner, session)?;
            let open = session.chart_at(&self.id(), &*write.tx)?;
            let open = open.read().unwrap_or_else(PoisonError::into_inner);
            open.keys.require_access(self.inner.now_ms())?;
            let mut sources = Sources::read(session, &open.keys, &*write.tx)?.unwrap_or_default();
            sources.settle();
            sources.put(&mut write, &open.keys)?;
            drop(open);
            let actor = self.actor().map(|actor| (**actor).clone());
            let event = Event::new(EventKind::Restore, self.inner.now_ms()).on(self.id());
            write.event(Event { actor, note: Some(reason.to_owned()), ..event });
            write.commit_events()
        })
    }
}

fn require_reason(reason: &str) -> Result<(), Error> {
    if (1..=MAX_REASON).contains(&reason.len()) { Ok(()) } else { Err(Error::InvalidReason) }
}

/// What the bundles of others tell of a chart; nothing but that where their row is hidden.
pub(super) fn told(
    session: &Session,
    open: &OpenChart,
    sources: Option<&Sources>,
    snapshot: &dyn Snapshot,
) -> Result<Vec<Finding>, Error> {
    let chart = open.keys.chart();
    let Some(sources) = sources else { return Ok(vec![Finding::Bundles { chart }]) };
    // Another process may have brought it.
    let lost = sources.lost().into_iter().filter(|(_, version)| !open.index.contains_version(version));
    let mut findings: Vec<_> = lost.map(|(entry, version)| Finding::Withheld { chart, entry, version }).collect();
    if sources.are_anew() {
        findings.push(Finding::Bundles { chart });
    }
    for (root, device) in sources.contradicted() {
        let contact = match session.read_contacts(snapshot) {
            Ok((contacts, _)) => contacts.by_root(root).map(|contact| contact.id),
            // `verify` names them.
            Err(Error::Withheld) => None,
            Err(error) => return Err(error),
        };
        findings.push(Finding::Contradicted { chart, contact, device: device.into() });
    }
    Ok(findings)
}

/// What of a chart this vault may not read, and what of it was left out of all bundles.
pub(super) fn not_here(chart: ChartId, open: &OpenChart, sources: Option<&Sources>, now_ms: i64) -> Vec<NotHere> {
    let (keys, me) = (&open.keys, open.keys.identity().root_card.hash());
    let mut not_here = Vec::new();
    let visible = keys.visible_to(&me, now_ms);
    let compartments = keys.compartment_ids();
    let outside = compartments.len().saturating_sub(visible.slots().count());
    if outside > 0 {
        not_here.push(NotHere::OutsideScope { chart, labels: u64::try_from(outside).unwrap_or(u64::MAX) });
    }
    for label in visible.slots().filter(|(_, since)| *since > 1).filter_map(|(slot, _)| keys.label(slot)) {
        not_here.push(NotHere::BeforeGrant { chart, label: label.clone() });
    }
    let mut not_fetched: BTreeMap<u8, u64> = BTreeMap::new();
    let left_out = sources.into_iter().flat_map(Sources::left_out);
    for (compartment, versions) in left_out.filter(|(_, versions)| *versions > 0) {
        let slot = compartments.iter().position(|id| *id == compartment);
        if let Some(slot) = slot.and_then(|slot| u8::try_from(slot).ok()).filter(|slot| visible.has(*slot)) {
            let most = not_fetched.entry(slot).or_insert(0);
            *most = versions.max(*most);
        }
    }
    for (slot, versions) in not_fetched {
        if let Some(label) = keys.label(slot).cloned() {
            not_here.push(NotHere::NotFetched { chart, label, versions });
        }
    }
    not_here
}
