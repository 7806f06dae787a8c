//! Checking everything.

use super::mark::Marked;
use super::{Vault, charts, closed, patients, session::Session, versions};
use crate::codec::{ChartId, ContactId, DeviceId, EntryId, VersionId};
use crate::error::Error;
use crate::log::{Log, LogError};
use crate::record::Label;
use crate::store::Snapshot;
use std::ops::ControlFlow;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Finding {
    /// A chart whose keys or sharing records do not verify: none of it can be read.
    Chart {
        /// The chart.
        chart: ChartId,
        /// Why.
        error: Error,
    },
    /// A version that is damaged; the others can be read.
    Entry {
        /// Its chart.
        chart: ChartId,
        /// The entry, as the index knows it.
        entry: EntryId,
        /// The version.
        version: VersionId,
    },
    /// There are two histories of the chart's sharing that contradict each other: a custodian has to resolve it.
    Forked {
        /// The chart.
        chart: ChartId,
    },
    /// Versions are missing by the author of this one, written just before it, which this vault may read: import a bundle of
    /// the whole chart.
    Gap {
        /// Its chart.
        chart: ChartId,
        /// The entry after the gap.
        entry: EntryId,
        /// The version after the gap.
        version: VersionId,
    },
    /// The device that wrote this version had written another in the same place: it was copied, or put back to an older
    /// state.
    Repeated {
        /// Its chart.
        chart: ChartId,
        /// The entry.
        entry: EntryId,
        /// The version, of the two that which came later.
        version: VersionId,
    },
    /// A contact that is damaged; add its card and verify it again.
    Contact {
        /// The contact.
        contact: ContactId,
    },
    /// Contacts are missing, or there are some that were not there.
    Contacts,
    /// The list of charts is not whole. The charts that the store shows anything of were checked.
    Charts,
    /// A part of the directory of patients is damaged; `describe` the charts that are missing in it.
    Directory,
    /// The end of the directory of patients is missing, or something was added to it: it is not what was last written.
    DirectoryEnd,
    /// The log of a device, in use or retired, is damaged, or is not the newest.
    Log {
        /// The device.
        device: DeviceId,
    },
    /// The vault's own state, which names its devices and ways in, is not the newest.
    State,
    /// Some of the devices that are in use no more are missing, and with them what their logs tell.
    RetiredDevices,
    /// A version that a sender's bundles prove to be in what they brought, and that the sender himself has lost. Import a
    /// bundle of somebody else who has it.
    Withheld {
        /// Its chart.
        chart: ChartId,
        /// The entry.
        entry: EntryId,
        /// The version.
        version: VersionId,
    },
    /// What was noted of the bundles of a chart is missing or not the newest, or was when one came: import one of the whole
    /// chart from each who sends them, then [`Chart::settle_bundles`].
    ///
    /// [`Chart::settle_bundles`]: crate::Chart::settle_bundles
    Bundles {
        /// The chart.
        chart: ChartId,
    },
    /// A sender's bundles contradict each other: his device was copied, or his store put back to an older state. Nothing is
    /// lost; ask him, then [`Chart::settle_bundles`].
    ///
    /// [`Chart::settle_bundles`]: crate::Chart::settle_bundles
    Contradicted {
        /// The chart.
        chart: ChartId,
        /// The sender among the contacts, if he is one.
        contact: Option<ContactId>,
        /// His device.
        device: DeviceId,
    },
    /// The content of a file that was written by this vault's owner is missing. [`Chart::receive_content`] takes it in from
    /// somebody who has it.
    ///
    /// [`Chart::receive_content`]: crate::Chart::receive_content
    MissingContent {
        /// Its chart.
        chart: ChartId,
        /// The entry.
        entry: EntryId,
        /// The version.
        version: VersionId,
    },
    /// The content of a file is here and is not what its author described: it was damaged or altered, in one place at least.
    /// [`Chart::receive_content`] replaces it by that of somebody who has it.
    ///
    /// [`Chart::receive_content`]: crate::Chart::receive_content
    DamagedContent {
        /// Its chart.
        chart: ChartId,
        /// The entry.
        entry: EntryId,
        /// The version.
        version: VersionId,
    },
    /// A version that is missing from the store.
    Missing {
        /// Its chart.
        chart: ChartId,
        /// The entry, as the index knows it.
        entry: EntryId,
        /// The version.
        version: VersionId,
    },
}

/// What [`Vault::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Report {
    /// Charts that were checked.
    pub charts: u64,
    /// Versions that were opened, with their signatures.
    pub versions: u64,
    /// Versions of files, among them, whose content is here and was read to its end.
    pub files: u64,
    /// What is not as it should be; empty if all is well.
    pub findings: Vec<Finding>,
    /// What is not here, and need not be.
    pub not_here: Vec<NotHere>,
}

/// Something of a chart that is not in this vault, and is no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum NotHere {
    /// Labels that this vault was not granted: what has them is none of its business.
    OutsideScope {
        /// The chart.
        chart: ChartId,
        /// How many of the chart's labels.
        labels: u64,
    },
    /// What had a label before this vault was granted it, without its history.
    BeforeGrant {
        /// The chart.
        chart: ChartId,
        /// The label.
        label: Label,
    },
    /// The content of a file by somebody else: it never came, or is gone again. [`Chart::receive_content`] takes it in from
    /// whoever has it.
    ///
    /// [`Chart::receive_content`]: crate::Chart::receive_content
    Content {
        /// The chart.
        chart: ChartId,
        /// The entry.
        entry: EntryId,
        /// The version.
        version: VersionId,
    },
    /// What has a label that this vault may read, and that was left out of a sender's bundles by their [`Scope`]: ask for it.
    ///
    /// [`Scope`]: crate::Scope
    NotFetched {
        /// The chart.
        chart: ChartId,
        /// The label.
        label: Label,
        /// How many versions the sender has more than he sent, at most.
        versions: u64,
    },
}

impl Vault {
    /// Opens and verifies every version of every chart, on all cores, and the content of every file that is here. What is damaged
    /// is named; the rest stays readable.
    pub fn verify(&self) -> Result<Report, Error> {
        self.verify_with(|_| ControlFlow::Continue(()))
    }

    /// As [`Self::verify`]. `progress` is told how many versions were checked, after each of them and each piece of a file, and
    /// may end it with [`Error::Cancelled`].
    pub fn verify_with(&self, mut progress: impl FnMut(u64) -> ControlFlow<()>) -> Result<Report, Error> {
        let mut report = Report::default();
        let charts = self.inner.with(|session| {
            let (findings, charts) = self.inner.view(session, |snapshot| verify_vault(session, snapshot))?;
            report.findings = findings;
            Ok(charts)
        })?;
        versions::verify(&self.inner, charts, &mut report, &mut progress)?;
        Ok(report)
    }
}

/// Checks what is not of one chart. Returns the charts that are to be checked.
fn verify_vault(session: &Session, snapshot: &dyn Snapshot) -> Result<(Vec<Finding>, Vec<ChartId>), Error> {
    let fresh = whole(session.logs(snapshot).map(drop))?.is_some();
    let known = session.unlocked.reread(session.lock_logs().state())?;
    let mut findings = Vec::new();
    let (retired, all) = closed::as_they_stand(&known, snapshot)?;
    if !all {
        findings.push(Finding::RetiredDevices);
    }
    for device in retired {
        let checked = closed::log(snapshot, &device).and_then(|log| match log {
            Some(log) => verify_log(&log, snapshot),
            None => Ok(()),
        });
        findings.extend(log_finding(device.id(), checked)?);
    }
    for device in known.identity().devices() {
        let log = session.lock_logs().of(&device.hash()).cloned();
        let checked = match log {
            Some(log) => log.reopen(snapshot).and_then(|log| verify_log(&log, snapshot)),
            None => Ok(()),
        };
        findings.extend(log_finding(device.hash().into(), checked)?);
    }
    // Where a log or the state is not the newest, there is nothing to hold the rest against.
    if !fresh {
        if !findings.iter().any(|finding| matches!(finding, Finding::Log { .. })) {
            findings.push(Finding::State);
        }
        return Ok((findings, charts::shown(snapshot)?));
    }
    match whole(session.read_contacts(snapshot))? {
        Some((_, damaged)) => findings.extend(damaged.into_iter().map(|contact| Finding::Contact { contact })),
        None => findings.push(Finding::Contacts),
    }
    let end = patients::hash_of_last(snapshot)?;
    if whole(session.logs(snapshot)?.require(snapshot, Marked::Directory, &end))?.is_none() {
        findings.push(Finding::DirectoryEnd);
    }
    if session.directory_is_damaged(snapshot)? {
        findings.push(Finding::Directory);
    }
    let listed = whole(session.charts(snapshot))?;
    if listed.is_none() {
        findings.push(Finding::Charts);
    }
    let charts = listed.map_or_else(|| charts::shown(snapshot), Ok)?;
    Ok((findings, charts))
}

/// Nothing where something is withheld.
fn whole<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Withheld) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Every leaf, and every page of the map.
fn verify_log(log: &Log, snapshot: &dyn Snapshot) -> Result<(), LogError> {
    log.reader(snapshot).digests()?;
    log.reader(snapshot).leaves(0..log.size()).try_for_each(|(_, leaf)| leaf.map(drop))
}

fn log_finding(device: DeviceId, checked: Result<(), LogError>) -> Result<Option<Finding>, Error> {
    match checked {
        Ok(()) => Ok(None),
        Err(LogError::Store(error)) => Err(error.into()),
        Err(_) => Ok(Some(Finding::Log { device })),
    }
}
