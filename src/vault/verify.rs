//! Checking everything.

use super::chains::{Flaw, flaws};
use super::{Vault, open_chart::StoredEntry, session, standings::NOBODY};
use crate::codec::{ChartId, ContactId, EntryId, VersionId};
use crate::envelope::object_hash;
use crate::error::Error;
use crate::index::Version;
use crate::store::Snapshot;
use std::sync::PoisonError;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// A part of the directory of patients is damaged; `describe` the charts that are missing in it.
    Directory,
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
#[non_exhaustive]
pub struct Report {
    /// Charts that were checked.
    pub charts: u64,
    /// Versions that were opened, with their signatures.
    pub versions: u64,
    /// What is not as it should be; empty if all is well.
    pub findings: Vec<Finding>,
}

impl Vault {
    /// Opens and verifies every version of every chart. What is damaged is named; the rest stays readable.
    ///
    /// `progress` is told how many versions were checked.
    pub fn verify(&self, mut progress: impl FnMut(u64)) -> Result<Report, Error> {
        let mut report = Report::default();
        let charts = self.charts()?;
        self.inner.with(|session| {
            let snapshot = self.inner.store.read()?;
            match self.inner.view(session, |snapshot| session.read_contacts(snapshot)) {
                Ok((_, damaged)) => {
                    report.findings.extend(damaged.into_iter().map(|contact| Finding::Contact { contact }));
                }
                Err(Error::Withheld) => report.findings.push(Finding::Contacts),
                Err(error) => return Err(error),
            }
            if session.directory_is_damaged(&*snapshot)? {
                report.findings.push(Finding::Directory);
            }
            Ok(())
        })?;
        for chart in charts {
            self.inner.with(|session| {
                self.inner.view(session, |snapshot| verify_chart(snapshot, session, chart, &mut report, &mut progress))
            })?;
            report.charts = report.charts.saturating_add(1);
        }
        Ok(report)
    }
}

fn verify_chart(
    snapshot: &dyn Snapshot,
    session: &session::Session,
    chart: ChartId,
    report: &mut Report,
    progress: &mut impl FnMut(u64),
) -> Result<(), Error> {
    let open = match session.chart_at(&chart, snapshot) {
        Ok(open) => open,
        Err(error @ (Error::Store(_) | Error::Locked | Error::RestoredCopy)) => return Err(error),
        Err(error) => {
            report.findings.push(Finding::Chart { chart, error });
            return Ok(());
        }
    };
    let open = open.read().unwrap_or_else(PoisonError::into_inner);
    for version in open.index.after(0) {
        let (entry, id) = (version.entry, version.version);
        let stored = snapshot.get(crate::store::Table::Entries, chart.as_bytes(), &version.seq.to_be_bytes())?;
        let finding = match stored.as_deref().map(StoredEntry::split) {
            None => Some(Finding::Missing { chart, entry, version: id }),
            Some(Some(StoredEntry { wrap, bytes, stub: _ })) => {
                let whole = version.author != NOBODY
                    && object_hash(bytes) == version.hash
                    && open
                        .keys
                        .open_entry(bytes, &wrap, Some(version.compartment))
                        .is_ok_and(|opened| opened.header.entry == entry && opened.header.version == id);
                (!whole).then_some(Finding::Entry { chart, entry, version: id })
            }
            Some(None) => Some(Finding::Entry { chart, entry, version: id }),
        };
        report.findings.extend(finding);
        report.versions = report.versions.saturating_add(1);
        progress(report.versions);
    }
    if open.keys.fork().is_some() {
        report.findings.push(Finding::Forked { chart });
    }
    let mut versions = open.index.after(0);
    for (seq, flaw) in flaws(&open.keys, &open.index, 0) {
        let Some(Version { entry, version, .. }) = versions.find(|version| version.seq == seq) else { continue };
        report.findings.push(match flaw {
            Flaw::Gap => Finding::Gap { chart, entry, version },
            Flaw::Repeat => Finding::Repeated { chart, entry, version },
        });
    }
    Ok(())
}
