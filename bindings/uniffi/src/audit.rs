//! Who did what, and what an incident was.

use crate::VaultError;
use crate::contacts::ContactHandle;
use crate::records::AssertedActor;
use crate::text::hidden;
use crate::vault::VaultHandle;
use ampoule::{AuditEvent, ChartId, DeviceId, EntryId, EventKind};
use std::fs::File;
use std::sync::Arc;

/// Something that was done in a vault, or tried.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Event {
    /// The device on which it happened.
    pub device: DeviceId,
    /// Its place in that device's log; events of one group share it.
    pub leaf: u64,
    /// What.
    pub kind: EventKind,
    /// When, in milliseconds since 1970, by the device's clock.
    pub time_ms: i64,
    /// In which chart.
    pub chart: Option<ChartId>,
    /// On which entry.
    pub entry: Option<EntryId>,
    /// On whose behalf, as the owner of the vault says.
    pub actor: Option<AssertedActor>,
    /// It was refused or failed.
    pub refused: bool,
    /// The number that the error told.
    pub incident: Option<u64>,
    /// The reason that was given.
    pub note: Option<String>,
}

/// The events of a chart, as its vault showed them to an auditor.
#[derive(uniffi::Object)]
pub struct AuditReportHandle(ampoule::AuditReport);

/// A log that a report covers.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AuditedLog {
    /// The device whose log it is.
    pub device: DeviceId,
    /// How many leaves it had.
    pub leaves: u64,
}

hidden!(Event);

impl From<AuditEvent> for Event {
    fn from(event: AuditEvent) -> Self {
        let AuditEvent { device, leaf, kind, time_ms, chart, entry, actor, refused, incident, note } = event;
        let actor = actor.map(AssertedActor::from);
        Self { device, leaf, kind, time_ms, chart, entry, actor, refused, incident, note }
    }
}

#[uniffi::export]
impl VaultHandle {
    /// The events of all devices that the vault ever had, device by device and oldest first. Nothing is left out in silence.
    pub fn audit(&self) -> Result<Vec<Event>, VaultError> {
        Ok(self.0.audit()?.into_iter().map(Event::from).collect())
    }

    /// The events that tell of an incident: the number that `Unopenable` shows.
    pub fn explain(&self, incident: u64) -> Result<Vec<Event>, VaultError> {
        let events = self.0.audit()?.into_iter().filter(|event| event.incident == Some(incident));
        Ok(events.map(Event::from).collect())
    }

    /// Writes the events as lines of JSON to a new file. Returns how many.
    pub fn export_audit(&self, path: &str) -> Result<u64, VaultError> {
        let mut file = File::create_new(path).map_err(|_| ampoule::Error::CannotWrite)?;
        Ok(self.0.export_audit(&mut file)?)
    }

    /// The events of a chart for a verified contact: a file for any courier, that opens nothing else.
    pub fn export_audit_to(&self, contact: Arc<ContactHandle>, chart: ChartId) -> Result<Vec<u8>, VaultError> {
        Ok(self.0.export_audit_to(&contact.0, &chart)?)
    }

    /// Opens what `export_audit_to` of a verified contact's vault made for this one.
    pub fn read_audit(&self, file: &[u8]) -> Result<Arc<AuditReportHandle>, VaultError> {
        Ok(Arc::new(AuditReportHandle(self.0.read_audit(file)?)))
    }
}

#[uniffi::export]
impl AuditReportHandle {
    /// The chart.
    pub fn chart(&self) -> ChartId {
        self.0.chart
    }

    /// Whose vault it is: a verified contact, who signed the events.
    pub fn from(&self) -> Arc<ContactHandle> {
        ContactHandle::of(self.0.from.clone())
    }

    /// When it was made, in milliseconds since 1970, by the vault's clock.
    pub fn time_ms(&self) -> i64 {
        self.0.time_ms
    }

    /// The logs of the vault's devices. In a later report none of them is missing, and none is shorter.
    pub fn logs(&self) -> Vec<AuditedLog> {
        self.0.logs.iter().map(|(device, leaves)| AuditedLog { device: *device, leaves: *leaves }).collect()
    }

    /// The events: lines of JSON.
    pub fn lines(&self) -> String {
        self.0.lines.clone()
    }

    /// Whether nothing is missing here that an earlier report of the same chart by the same vault told.
    pub fn follows(&self, earlier: Arc<Self>) -> bool {
        self.0.follows(&earlier.0)
    }
}
