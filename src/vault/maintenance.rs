//! What is due, and doing it. The library has no threads of its own.

use super::event::{Event, EventKind};
use super::logs::Write;
use super::mark::Marked;
use super::{Chart, Inner, Vault, files, open_chart::index_error, patients, session::Session};
use crate::codec::{CardHash, ChartId, EntryId, VersionId};
use crate::error::Error;
use crate::index::{Version, directory};
use std::sync::{Arc, PoisonError};

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Due {
    /// Grants whose end date has passed: until the chart's keys turn, honest software keeps the date, and that is all.
    EndedGrants {
        /// The chart.
        chart: ChartId,
        /// How many members have no grant that lasts.
        members: usize,
    },
    /// A chart whose stored index is damaged, and is derived anew each time that the chart is opened. It is not stored while
    /// an entry is damaged, too, which then could not be found even when it is whole again.
    DamagedIndex {
        /// The chart.
        chart: ChartId,
    },
    /// Entries that this device wrote before it heard that the chart's keys had been replaced: they are sealed with the old
    /// ones, and get a new version.
    LateEntries {
        /// The chart.
        chart: ChartId,
        /// How many entries.
        entries: usize,
    },
}

impl Vault {
    /// What is due now.
    pub fn maintenance(&self) -> Result<Vec<Due>, Error> {
        let mut due = Vec::new();
        for chart in self.charts()? {
            let ended = self.ended(&chart)?;
            if !ended.is_empty() {
                due.push(Due::EndedGrants { chart, members: ended.len() });
            }
            if self.inner.with(|session| session.index_is_derived(&self.inner, &chart))? {
                due.push(Due::DamagedIndex { chart });
            }
            let late = self.late(&chart)?;
            if !late.is_empty() {
                due.push(Due::LateEntries { chart, entries: late.len() });
            }
        }
        Ok(due)
    }

    /// Does what is due, and tidies what grows: turns the keys of charts whose grants have ended, seals late entries anew,
    /// and writes the directory anew. Safe to stop and to repeat.
    pub fn run_maintenance(&self) -> Result<Vec<Due>, Error> {
        let due = self.maintenance()?;
        for each in &due {
            match each {
                Due::EndedGrants { chart, .. } => {
                    let ended = self.ended(chart)?;
                    if !ended.is_empty() {
                        self.handle(*chart).revoke_roots(&ended)?;
                    }
                }
                Due::DamagedIndex { chart } => {
                    self.inner.with(|session| session.store_index(&self.inner, chart))?;
                }
                Due::LateEntries { chart, .. } => {
                    for (entry, version) in self.late(chart)? {
                        self.seal_anew(chart, &entry, &version)?;
                    }
                }
            }
        }
        self.inner.with(|session| files::collect(&self.inner, session))?;
        self.inner.with(|session| {
            let mut write = Write::begin(&self.inner, session)?;
            let (vault, suite) = (session.unlocked.vault_id(), session.unlocked.suite());
            // An end that is hidden for now is not given up.
            patients::require_end(&write)?;
            let end = directory::compact(&mut *write.tx, suite, session.unlocked.keyring_key(), &vault);
            let end = end.map_err(index_error)?.map_or_else(Vec::new, Vec::from);
            write.replace(Marked::Directory, &patients::hash_of_end(&end))?;
            write.event(Event::new(EventKind::Maintain, self.inner.now_ms()));
            write.commit()?;
            Ok(())
        })?;
        Ok(due)
    }

    /// Current versions that this device sealed with keys which had been replaced, and may write again.
    fn late(&self, chart: &ChartId) -> Result<Vec<(EntryId, VersionId)>, Error> {
        let late = self.handle(*chart).read(|open, _| {
            let keys = &open.keys;
            let own = keys.identity().device_card.hash();
            let is_late = |version: &Version<'_>| {
                version.author == own
                    && version.head
                    && !version.tombstone
                    && keys.had_turned(&version.known, version.time_ms)
                    && keys.may_write(version.compartment, self.inner.now_ms())
            };
            Ok(open.index.after(0).filter(is_late).map(|version| (version.entry, version.version)).collect())
        });
        match late {
            Err(Error::GrantEnded | Error::OtherSuite | Error::Unopenable { .. }) => Ok(Vec::new()),
            other => other,
        }
    }

    /// Adds the same version again, on behalf of the same person, under the newest keys.
    fn seal_anew(&self, chart: &ChartId, entry: &EntryId, version: &VersionId) -> Result<(), Error> {
        let chart = Chart::new(Arc::clone(&self.inner), *chart, None);
        let late = chart.version(version)?;
        let actor = late.actor().cloned().map(Arc::new);
        self.inner.with(|session| {
            super::batch::run(&self.inner, session, actor.as_ref(), |batch| {
                batch.write_again(&chart, entry, version, late.record()).map(drop)
            })
        })
    }

    /// Members of a chart that this vault administers, whose grants have all ended by date.
    fn ended(&self, chart: &ChartId) -> Result<Vec<CardHash>, Error> {
        let chart = self.handle(*chart);
        let ended = chart.read(|open, _| Ok(open.keys.ended_members(self.inner.now_ms())));
        match ended {
            // A chart in which our own access ended, that is damaged or not taken, is not ours to tidy.
            Err(Error::GrantEnded | Error::OtherSuite | Error::Unopenable { .. }) => Ok(Vec::new()),
            other => other,
        }
    }
}

impl Session {
    fn index_is_derived(&self, inner: &Inner, chart: &ChartId) -> Result<bool, Error> {
        match inner.view(self, |snapshot| self.chart_at(chart, snapshot)) {
            Ok(open) => Ok(open.read().unwrap_or_else(PoisonError::into_inner).derived),
            // A chart whose keys do not open is a finding of `verify`, not something that is due.
            Err(Error::OtherSuite | Error::Unopenable { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn store_index(&self, inner: &Inner, chart: &ChartId) -> Result<(), Error> {
        let mut write = Write::begin(inner, self)?;
        let open = self.chart_at(chart, &*write.tx)?;
        if !open.read().unwrap_or_else(PoisonError::into_inner).store_index(&mut *write.tx)? {
            return Ok(());
        }
        write.event(Event::new(EventKind::Maintain, inner.now_ms()).on(*chart));
        write.commit()?;
        self.forget(chart);
        Ok(())
    }
}
