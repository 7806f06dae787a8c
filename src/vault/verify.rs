//! Checking everything.

use super::{Vault, versions};
use crate::codec::{ChartId, ContactId, EntryId, VersionId};
use crate::error::Error;

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
    /// Opens and verifies every version of every chart, on all cores. What is damaged is named; the rest stays readable.
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
        versions::verify(&self.inner, charts, &mut report, &mut progress)?;
        Ok(report)
    }
}
