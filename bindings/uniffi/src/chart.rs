//! A chart: what is put into it, and what comes out.

use crate::VaultError;
use crate::records::{Entry, Matches, NewRecord, PatientInfo, Search, VersionResult};
use ampoule::{ChartId, EntryId, Kind, Label, Record, VersionId};
use std::sync::Arc;

/// One patient's chart. A handle: its calls fail while the vault is locked.
#[derive(Debug, uniffi::Object)]
pub struct ChartHandle {
    pub(crate) vault: ampoule::Vault,
    pub(crate) chart: ampoule::Chart,
}

impl ChartHandle {
    pub(crate) fn of(vault: &ampoule::Vault, chart: ampoule::Chart) -> Arc<Self> {
        Arc::new(Self { vault: vault.clone(), chart })
    }
}

#[uniffi::export]
impl ChartHandle {
    /// Id of the chart.
    pub fn id(&self) -> ChartId {
        self.chart.id()
    }

    /// Seals a record, signs it, and stores it. On disk when this returns.
    pub fn put(&self, record: NewRecord) -> Result<EntryId, VaultError> {
        Ok(self.chart.put(&record.try_into()?)?)
    }

    /// As `put`, once for each key: a repeated request gives the entry of the first.
    pub fn put_once(&self, key: &str, record: NewRecord) -> Result<EntryId, VaultError> {
        Ok(self.chart.put_once(key, &record.try_into()?)?)
    }

    /// As `put`, many in one transaction: all of them are there when it returns, or none.
    pub fn put_all(&self, records: Vec<NewRecord>) -> Result<Vec<EntryId>, VaultError> {
        let records = records.into_iter().map(Record::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(self.vault.batch(|batch| records.iter().map(|record| batch.put(&self.chart, record)).collect())?)
    }

    /// Adds a version that replaces the current one.
    pub fn update(&self, entry: EntryId, record: NewRecord) -> Result<VersionId, VaultError> {
        Ok(self.chart.update(&entry, &record.try_into()?)?)
    }

    /// Adds a version that replaces the one that was read. If somebody replaced it meanwhile, both stand as a conflict.
    pub fn update_from(&self, entry: EntryId, read: VersionId, record: NewRecord) -> Result<VersionId, VaultError> {
        let record = record.try_into()?;
        Ok(self.vault.batch(|batch| batch.update_from(&self.chart, &entry, &[read], &record))?)
    }

    /// Ends a conflict: adds a version that replaces all that conflict.
    pub fn resolve(&self, entry: EntryId, record: NewRecord) -> Result<VersionId, VaultError> {
        Ok(self.chart.resolve(&entry, &record.try_into()?)?)
    }

    /// Deletes an entry. Its history stays.
    pub fn delete(&self, entry: EntryId) -> Result<VersionId, VaultError> {
        Ok(self.chart.delete(&entry)?)
    }

    /// The current version of an entry. Decrypted and verified before a byte is released.
    pub fn get(&self, entry: EntryId) -> Result<Entry, VaultError> {
        Ok(self.chart.get(&entry)?.into())
    }

    /// One version of an entry, current or not.
    pub fn version(&self, version: VersionId) -> Result<Entry, VaultError> {
        Ok(self.chart.version(&version)?.into())
    }

    /// All versions of an entry in order of arrival, those that delete it too.
    pub fn history(&self, entry: EntryId) -> Result<Vec<VersionResult>, VaultError> {
        Ok(self.chart.history(&entry)?.into_iter().map(VersionResult::from).collect())
    }

    /// All entries that are not deleted.
    pub fn list(&self) -> Result<Matches, VaultError> {
        Ok(self.chart.list()?.into())
    }

    /// All entries of one kind that are not deleted.
    pub fn list_kind(&self, kind: Kind) -> Result<Matches, VaultError> {
        Ok(self.chart.list_kind(kind)?.into())
    }

    /// The entries that match.
    pub fn find(&self, search: Search) -> Result<Matches, VaultError> {
        Ok(self.chart.find(&search.try_into()?)?.into())
    }

    /// The labels that this vault may use in the chart.
    pub fn labels(&self) -> Result<Vec<Label>, VaultError> {
        Ok(self.chart.labels()?)
    }

    /// Says in the vault's directory who the chart is about.
    pub fn describe(&self, patient: PatientInfo) -> Result<(), VaultError> {
        Ok(self.chart.describe(&patient.into())?)
    }

    /// Takes the chart out of the vault's directory.
    pub fn forget_patient(&self) -> Result<(), VaultError> {
        Ok(self.chart.forget_patient()?)
    }

    /// Who the chart is about, as the vault's directory has it.
    pub fn patient(&self) -> Result<Option<PatientInfo>, VaultError> {
        Ok(self.chart.patient()?.map(PatientInfo::from))
    }
}
