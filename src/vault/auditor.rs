//! Events of one chart for somebody who was granted to audit it, and nothing else of the vault.

use super::event::{Event, EventKind};
use super::{Contact, Vault, audit, closed};
use crate::codec::{ChartId, DeviceId, Malformed};
use crate::crypto::{RandomError, seal::SealError};
use crate::error::Error;
use crate::keys::{AuditFile, LogEnd};
use zeroize::Zeroizing;

/// The events of a chart, as its vault showed them to an auditor.
#[derive(Clone)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct AuditReport {
    /// The chart.
    pub chart: ChartId,
    /// Whose vault it is: a verified contact, who signed the events.
    pub from: Contact,
    /// When it was made, in milliseconds since 1970, by the vault's clock.
    pub time_ms: i64,
    /// The vault's devices, with how many leaves their logs had. In a later report none of them is missing, and none has
    /// fewer.
    pub logs: Vec<(DeviceId, u64)>,
    /// The events: lines of JSON, as [`AuditEvent::to_json`](super::AuditEvent::to_json) makes them.
    pub lines: String,
}

/// Shows nothing of what was done.
impl core::fmt::Debug for AuditReport {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { chart, from: _, time_ms, logs, lines: _ } = self;
        f.debug_struct("AuditReport")
            .field("chart", chart)
            .field("time_ms", time_ms)
            .field("logs", &logs.len())
            .finish_non_exhaustive()
    }
}

impl AuditReport {
    /// Whether nothing is missing here that an earlier report of the same chart by the same vault told: the auditor keeps
    /// each report, and holds the next against it.
    pub fn follows(&self, earlier: &Self) -> bool {
        let longer =
            |(device, leaves): &(DeviceId, u64)| self.logs.iter().any(|(mine, now)| mine == device && now >= leaves);
        let lines: std::collections::BTreeSet<&str> = self.lines.lines().collect();
        (self.chart, self.from.id()) == (earlier.chart, earlier.from.id())
            && earlier.logs.iter().all(longer)
            && earlier.lines.lines().all(|line| lines.contains(line))
    }
}

impl Vault {
    /// Grants a verified contact the events of a chart: a file for any courier, signed, and sealed to the contact's card.
    /// It opens nothing else, neither the chart nor events of other charts. That it was made is an event too.
    pub fn export_audit_to(&self, contact: &Contact, chart: &ChartId) -> Result<Vec<u8>, Error> {
        let to = contact.verified_root(&self.inner)?;
        let now = self.inner.now_ms();
        let logs = self.log_ends()?;
        let mut lines = Zeroizing::new(String::new());
        for event in self.audit()?.iter().filter(|event| event.chart == Some(*chart)) {
            lines.push_str(&event.to_json());
            lines.push('\n');
        }
        if lines.is_empty() {
            return Err(Error::UnknownChart);
        }
        self.inner.with(|session| {
            let event = Event { member: Some(to.hash()), ..Event::new(EventKind::Audit, now) };
            audit::tell(&self.inner, session, event.on(*chart))?;
            let sealed = AuditFile::seal(session.unlocked.identity(), &to, *chart, logs, &lines, now);
            sealed.map_err(|error| match error {
                SealError::Failed => Error::TooLong,
                SealError::Random => Error::Random(RandomError),
            })
        })
    }

    /// Where the logs of all devices end. Events that are read after this are of logs that are no shorter.
    fn log_ends(&self) -> Result<Vec<(DeviceId, LogEnd)>, Error> {
        self.inner.with(|session| {
            self.inner.view(session, |snapshot| {
                let known = session.state(snapshot)?;
                let retired = closed::all(&known, snapshot)?.into_iter().map(|device| (device.id(), device.log));
                let (devices, logs) = (known.identity().devices(), session.logs(snapshot)?);
                let in_use = devices.iter().map(|card| (card.hash().into(), logs.end(&card.hash())));
                Ok(retired.chain(in_use).collect())
            })
        })
    }

    /// Opens what [`Self::export_audit_to`] of a verified contact's vault made for this one, and verifies who signed it.
    pub fn read_audit(&self, file: &[u8]) -> Result<AuditReport, Error> {
        let invalid = |error| match error {
            Malformed::Newer => Error::NewerFormat,
            Malformed::Invalid => Error::InvalidAudit,
        };
        let file = AuditFile::parse(file).map_err(invalid)?;
        let (chart, by, to) = file.claims();
        self.inner.with(|session| {
            let me = session.unlocked.identity();
            if to != me.root_card.hash() {
                return Err(Error::InvalidAudit);
            }
            let book = session.contacts(&self.inner)?;
            let id = book.by_root(by).ok_or(Error::UnknownContact)?.id;
            let root = book.require_verified(id, self.inner.now_ms())?;
            let audited = file.open(me, root).map_err(invalid)?;
            Ok(AuditReport {
                chart,
                from: self.contacts().handle(id),
                time_ms: audited.time_ms,
                logs: audited.logs.iter().map(|(device, end)| (*device, end.leaves)).collect(),
                lines: audited.lines.clone(),
            })
        })
    }
}
