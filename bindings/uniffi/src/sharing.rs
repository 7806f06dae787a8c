//! Sharing a chart, taking a share back, and bundles.

use crate::text::hidden;
use crate::{ChartHandle, ContactHandle, VaultError};
use ampoule::{
    Acceptance, ChartId, ContactId, Cursor, Doubt, EntryId, Grant, Label, Purpose, Rights, Scope, Standing, VersionId,
};
use std::sync::Arc;

/// What is shared with a contact.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct GrantOptions {
    /// What the contact may do.
    pub rights: Rights,
    /// These labels only; all of them where there are none.
    #[uniffi(default = [])]
    pub labels: Vec<Label>,
    /// With what was written before the last revocation.
    #[uniffi(default = true)]
    pub history: bool,
    /// Purpose of use: treatment unless told.
    #[uniffi(default = None)]
    pub purpose: Option<Purpose>,
    /// Last moment, in milliseconds since 1970; until revoked where there is none.
    #[uniffi(default = None)]
    pub not_after_ms: Option<i64>,
}

/// Somebody with whom a chart is shared.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
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

/// What the import of a bundle did.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Applied {
    /// The chart.
    pub chart: ChartId,
    /// Versions that are new, and read from now on.
    pub added: u64,
    /// Entries that now have versions in conflict, among those that are new.
    pub conflicts: u64,
    /// Versions that are new and kept apart until a custodian decides.
    pub quarantined: u64,
    /// Versions that were read here before, and are disputed now.
    pub disputed: u64,
    /// Versions that did not open, or whose author never had the right to write them.
    pub rejected: u64,
    /// Places among the new versions where others by the same author are missing.
    pub gaps: u64,
    /// New versions of a device that had written another in the same place.
    pub repeated: u64,
    /// Versions that the sender had and does not have any more, at least.
    pub withheld: u64,
    /// The sender's history is another than he had proven before.
    pub contradicted: bool,
    /// Versions of files, among those that are new, of which the content is not here.
    pub missing_blobs: Vec<VersionId>,
    /// Changes of the sharing that another custodian proposed, and that this vault has recorded.
    pub recorded: u64,
    /// Changes that were proposed here, and are recorded now.
    pub confirmed: u64,
    /// Changes that were proposed here, and were given up because somebody else had decided otherwise.
    pub superseded: u64,
    /// There are two histories of the chart's sharing that contradict each other.
    pub forked: bool,
    /// Where the sender's next bundle goes on: keep it, and hand it to him.
    pub next: Vec<u8>,
}

/// A version that is kept apart, or disputed.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Quarantined {
    /// Its entry.
    pub entry: EntryId,
    /// The version: what `adopt` takes.
    pub version: VersionId,
    /// Name on the card of its author.
    pub author: String,
    /// The author among the contacts, if he is one.
    pub contact: Option<ContactId>,
    /// When the author says that it was written, in milliseconds since 1970.
    pub time_ms: i64,
    /// Kept apart or disputed.
    pub acceptance: Acceptance,
    /// Why.
    pub doubt: Doubt,
}

hidden!(Share, Quarantined);

impl From<GrantOptions> for Grant {
    fn from(GrantOptions { rights, labels, history, purpose, not_after_ms }: GrantOptions) -> Self {
        let mut grant = match rights {
            Rights::Read => Self::read(),
            Rights::Write => Self::write(),
            Rights::Custodian => Self::custodian(),
        };
        for label in labels {
            grant = grant.label(label);
        }
        if !history {
            grant = grant.without_history();
        }
        if let Some(purpose) = purpose {
            grant = grant.purpose(purpose);
        }
        match not_after_ms {
            Some(last) => grant.until(last),
            None => grant,
        }
    }
}

impl From<ampoule::Share> for Share {
    fn from(ampoule::Share { name, rights, labels, purpose, not_after_ms }: ampoule::Share) -> Self {
        Self { name, rights, labels, purpose, not_after_ms }
    }
}

impl From<ampoule::Applied> for Applied {
    fn from(applied: ampoule::Applied) -> Self {
        let ampoule::Applied {
            chart,
            added,
            conflicts,
            quarantined,
            disputed,
            rejected,
            gaps,
            repeated,
            withheld,
            contradicted,
            missing_blobs,
            recorded,
            confirmed,
            superseded,
            forked,
            next,
        } = applied;
        Self {
            chart,
            added,
            conflicts,
            quarantined,
            disputed,
            rejected,
            gaps,
            repeated,
            withheld,
            contradicted,
            missing_blobs,
            recorded,
            confirmed,
            superseded,
            forked,
            next: next.to_bytes(),
        }
    }
}

impl From<ampoule::Quarantined> for Quarantined {
    fn from(quarantined: ampoule::Quarantined) -> Self {
        let ampoule::Quarantined { entry, version, author, contact, time_ms, acceptance, doubt } = quarantined;
        Self { entry, version, author, contact, time_ms, acceptance, doubt }
    }
}

#[uniffi::export]
impl ChartHandle {
    /// Shares the chart, or some labels of it, with a verified contact.
    pub fn share(&self, with: Arc<ContactHandle>, grant: GrantOptions) -> Result<Standing, VaultError> {
        Ok(self.chart.share(&with.0, &grant.into())?)
    }

    /// Ends every grant of a contact, also to cards that were replaced: fresh keys for all who stay.
    pub fn revoke(&self, from: Arc<ContactHandle>) -> Result<Standing, VaultError> {
        Ok(self.chart.revoke(&from.0)?)
    }

    /// With whom the chart is shared, its custodians included.
    pub fn shares(&self) -> Result<Vec<Share>, VaultError> {
        Ok(self.chart.shares()?.into_iter().map(Share::from).collect())
    }

    /// A bundle for a contact: what is new since the bundle whose import gave this cursor, or everything where there is none.
    /// Of these labels only, where any are named.
    pub fn export_bundle(
        &self,
        to: Arc<ContactHandle>,
        since: Option<Vec<u8>>,
        labels: Option<Vec<Label>>,
    ) -> Result<Vec<u8>, VaultError> {
        let since = match since {
            Some(bytes) => Cursor::from_bytes(&bytes)?,
            None => Cursor::START,
        };
        let scope = labels.map_or_else(Scope::everything, Scope::labels);
        Ok(self.chart.export_scope(&to.0, since, &scope)?)
    }

    /// The versions that are kept apart, and those that are disputed, in order of arrival.
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, VaultError> {
        Ok(self.chart.quarantined()?.into_iter().map(Quarantined::from).collect())
    }

    /// Lets a version in that is kept apart or disputed, for everyone, with a reason that all members can read.
    pub fn adopt(&self, version: VersionId, reason: &str) -> Result<Standing, VaultError> {
        Ok(self.chart.adopt(&version, reason)?)
    }

    /// The histories of the chart's sharing, where there is more than one and they contradict each other: with whom it is
    /// shared by each. The first is the one that this vault goes by.
    pub fn fork(&self) -> Result<Option<Vec<Vec<Share>>>, VaultError> {
        let shares = |history: Vec<ampoule::Share>| history.into_iter().map(Share::from).collect();
        let fork = self.chart.fork()?;
        Ok(fork.map(|ampoule::Fork { histories }| histories.into_iter().map(shares).collect()))
    }

    /// Ends such a contradiction: with fresh keys for all whom both histories know, but for those who leave.
    pub fn resolve_fork(&self, leaving: Vec<Arc<ContactHandle>>) -> Result<Standing, VaultError> {
        let leaving: Vec<&ampoule::Contact> = leaving.iter().map(|contact| &contact.0).collect();
        Ok(self.chart.resolve_fork(&leaving)?)
    }

    /// Makes this vault the one that administers the chart. Only a custodian's vault can.
    pub fn administer_here(&self) -> Result<Standing, VaultError> {
        Ok(self.chart.administer_here()?)
    }

    /// How many changes of the sharing that were made here wait for the vault that administers the chart.
    pub fn waiting(&self) -> Result<u64, VaultError> {
        Ok(self.chart.waiting()? as u64)
    }
}
