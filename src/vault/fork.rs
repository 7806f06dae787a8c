//! Two histories of a chart's sharing, and who administers it.

use super::event::{Event, EventKind};
use super::sharing::{Share, Standing, shares_of};
use super::{Chart, Contact};
use crate::error::Error;
use crate::keys::chart::Intent;

/// Histories of a chart's sharing that contradict each other: the vault that administers the chart was copied, put back to
/// an older state, or lies.
///
/// While there is more than one, nobody is let in and nobody's access is given back: a right counts if every history gives
/// it. What could be read before is read on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Fork {
    /// With whom the chart is shared by each history. The first is the one that this vault goes by.
    pub histories: Vec<Vec<Share>>,
}

impl Chart {
    /// The contradiction in the chart's sharing that no custodian has resolved, if there is one.
    pub fn fork(&self) -> Result<Option<Fork>, Error> {
        self.read(|open, _| {
            let histories =
                || open.keys.members_by_line().iter().map(|members| shares_of(open, members)).collect::<Result<_, _>>();
            open.keys.fork().map(|_| Ok(Fork { histories: histories()? })).transpose()
        })
    }

    /// Ends a contradiction in the chart's sharing: with fresh keys for all whom both histories know. Whoever one of them
    /// revoked stays revoked, and `leaving` go as well; whom one of them let in is to be shared with anew. Only a
    /// custodian can who is one by every history.
    pub fn resolve_fork(&self, leaving: &[&Contact]) -> Result<Standing, Error> {
        let leaving = leaving.iter().map(|contact| contact.roots(&self.inner)).collect::<Result<Vec<_>, _>>()?.concat();
        let event = Event { member: leaving.first().copied(), ..Event::new(EventKind::Revoke, self.inner.now_ms()) };
        self.change(|_| Ok(Intent::Resolve { leaving }), None, event)
    }

    /// Makes this vault the one that administers the chart, and records what custodians change. Only a custodian's vault
    /// can; the one that administers it now has to record that first.
    pub fn administer_here(&self) -> Result<Standing, Error> {
        self.change(|_| Ok(Intent::MoveHome), None, Event::new(EventKind::Share, self.inner.now_ms()))
    }

    /// How many changes of the sharing that were made here wait for the vault that administers the chart: export to its
    /// owner, and import what he sends back.
    pub fn waiting(&self) -> Result<usize, Error> {
        self.read(|open, _| Ok(open.beside.waiting()))
    }
}
