//! Checking everything, and what is due.

use crate::progress::Following;
use crate::vault::VaultHandle;
use crate::{CancelToken, ChartHandle, ProgressListener, VaultError};
use ampoule::{ChartId, ContactId, DeviceId, EntryId, Label, VersionId};
use std::sync::Arc;

/// A version of an entry, by its place.
macro_rules! findings {
    (
        versions: $($(#[$doc_v:meta])* $version:ident),+;
        charts: $($(#[$doc_c:meta])* $chart:ident),+;
        whole: $($(#[$doc_w:meta])* $whole:ident),+;
    ) => {
        /// Something that is not as it should be.
        #[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
        #[allow(missing_docs, reason = "chart, entry, version, contact and device name what it is about")]
        pub enum Finding {
            $($(#[$doc_v])* $version { chart: ChartId, entry: EntryId, version: VersionId },)+
            $($(#[$doc_c])* $chart { chart: ChartId },)+
            $($(#[$doc_w])* $whole,)+
            /// A chart whose keys or sharing records do not verify: none of it can be read.
            UnreadableChart { chart: ChartId, error: VaultError },
            /// A contact that is damaged; add its card and verify it again.
            DamagedContact { contact: ContactId },
            /// The log of a device is damaged, or is not the newest.
            Log { device: DeviceId },
            /// A sender's bundles contradict each other. Nothing is lost; ask him, then `settleBundles`.
            Contradicted { chart: ChartId, contact: Option<ContactId>, device: DeviceId },
        }

        impl From<ampoule::Finding> for Finding {
            fn from(finding: ampoule::Finding) -> Self {
                use ampoule::Finding as Found;
                match finding {
                    $(Found::$version { chart, entry, version } => Self::$version { chart, entry, version },)+
                    $(Found::$chart { chart } => Self::$chart { chart },)+
                    $(Found::$whole => Self::$whole,)+
                    Found::Chart { chart, error } => Self::UnreadableChart { chart, error: error.into() },
                    Found::Contact { contact } => Self::DamagedContact { contact },
                    Found::Log { device } => Self::Log { device },
                    Found::Contradicted { chart, contact, device } => Self::Contradicted { chart, contact, device },
                }
            }
        }
    };
}

findings! {
    versions:
        /// A version that is damaged; the others can be read.
        Entry,
        /// Versions are missing by the author of this one, written just before it.
        Gap,
        /// The device that wrote this version had written another in the same place.
        Repeated,
        /// A version that a sender's bundles prove to be in what they brought, and that the sender himself has lost.
        Withheld,
        /// The content of a file that was written by this vault's owner is missing.
        MissingContent,
        /// The content of a file is here and is not what its author described.
        DamagedContent,
        /// A version that is missing from the store.
        Missing;
    charts:
        /// There are two histories of the chart's sharing that contradict each other.
        Forked,
        /// What was noted of the bundles of a chart is missing or not the newest.
        Bundles;
    whole:
        /// Contacts are missing, or there are some that were not there.
        Contacts,
        /// The list of charts is not whole.
        Charts,
        /// A part of the directory of patients is damaged.
        Directory,
        /// The end of the directory of patients is missing, or something was added to it.
        DirectoryEnd,
        /// The vault's own state is not the newest.
        State,
        /// Some of the devices that are in use no more are missing.
        RetiredDevices;
}

/// Something of a chart that is not in this vault, and is no fault.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum NotHere {
    /// Labels that this vault was not granted.
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
    /// The content of a file by somebody else: it never came, or is gone again.
    Content {
        /// The chart.
        chart: ChartId,
        /// The entry.
        entry: EntryId,
        /// The version.
        version: VersionId,
    },
    /// What has a label that this vault may read, and that was left out of a sender's bundles.
    NotFetched {
        /// The chart.
        chart: ChartId,
        /// The label.
        label: Label,
        /// How many versions the sender has more than he sent, at most.
        versions: u64,
    },
}

impl From<ampoule::NotHere> for NotHere {
    fn from(not_here: ampoule::NotHere) -> Self {
        use ampoule::NotHere as Core;
        match not_here {
            Core::OutsideScope { chart, labels } => Self::OutsideScope { chart, labels },
            Core::BeforeGrant { chart, label } => Self::BeforeGrant { chart, label },
            Core::Content { chart, entry, version } => Self::Content { chart, entry, version },
            Core::NotFetched { chart, label, versions } => Self::NotFetched { chart, label, versions },
        }
    }
}

/// What `verify` found.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
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

impl From<ampoule::Report> for Report {
    fn from(ampoule::Report { charts, versions, files, findings, not_here }: ampoule::Report) -> Self {
        let findings = findings.into_iter().map(Finding::from).collect();
        Self { charts, versions, files, findings, not_here: not_here.into_iter().map(NotHere::from).collect() }
    }
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Due {
    /// Grants whose end date has passed.
    EndedGrants {
        /// The chart.
        chart: ChartId,
        /// How many members have no grant that lasts.
        members: u64,
    },
    /// A chart whose stored index is damaged, and is derived anew each time that the chart is opened.
    DamagedIndex {
        /// The chart.
        chart: ChartId,
    },
    /// Entries that this device sealed with keys that had been replaced.
    LateEntries {
        /// The chart.
        chart: ChartId,
        /// How many entries.
        entries: u64,
    },
}

impl From<ampoule::Due> for Due {
    fn from(due: ampoule::Due) -> Self {
        match due {
            ampoule::Due::EndedGrants { chart, members } => Self::EndedGrants { chart, members: members as u64 },
            ampoule::Due::DamagedIndex { chart } => Self::DamagedIndex { chart },
            ampoule::Due::LateEntries { chart, entries } => Self::LateEntries { chart, entries: entries as u64 },
        }
    }
}

#[uniffi::export]
impl VaultHandle {
    /// Opens and verifies every version of every chart, and the content of every file that is here. The listener is told how
    /// many versions were checked.
    pub fn verify(
        &self,
        listener: Option<Arc<dyn ProgressListener>>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<Report, VaultError> {
        let following = Following { listener, cancel };
        Ok(self.0.verify_with(|done| following.step(done))?.into())
    }

    /// What is due now.
    pub fn maintenance(&self) -> Result<Vec<Due>, VaultError> {
        Ok(self.0.maintenance()?.into_iter().map(Due::from).collect())
    }

    /// Does what is due. Safe to stop and to repeat.
    pub fn run_maintenance(&self) -> Result<Vec<Due>, VaultError> {
        Ok(self.0.run_maintenance()?.into_iter().map(Due::from).collect())
    }
}

#[uniffi::export]
impl ChartHandle {
    /// What is not as it should be in this chart, as far as it shows without opening its versions.
    pub fn findings(&self) -> Result<Vec<Finding>, VaultError> {
        Ok(self.chart.findings()?.into_iter().map(Finding::from).collect())
    }

    /// What of this chart is not in this vault, and need not be.
    pub fn not_here(&self) -> Result<Vec<NotHere>, VaultError> {
        Ok(self.chart.not_here()?.into_iter().map(NotHere::from).collect())
    }

    /// Says that the chart is handed out in the clear, to whom and why: an event of the audit, before anything is read.
    pub fn note_export(&self, reason: &str) -> Result<(), VaultError> {
        Ok(self.chart.note_export(reason)?)
    }

    /// Says that somebody looked into what contradicted earlier bundles of this chart, with the outcome.
    pub fn settle_bundles(&self, reason: &str) -> Result<(), VaultError> {
        Ok(self.chart.settle_bundles(reason)?)
    }
}
