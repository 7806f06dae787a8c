//! The audit of what was read and done: events in the logs, in groups or at once.

use super::event::{self, AuditKeys, Event, EventKind};
use super::logs::Write;
use super::{Inner, Vault, closed, session::Session};
use crate::codec::{ChartId, DeviceId, EntryId};
use crate::envelope::Actor;
use crate::error::Error;
use crate::log::{Log, LogError, open_events};
use crate::store::StoreError;
use serde_json::json;
use std::io;
use std::sync::atomic::Ordering;

/// When events of reading are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Audit {
    /// In groups: at the first call 100 ms after the first of them, with the next change, and when the vault is locked. A
    /// crash may lose one group.
    #[default]
    Grouped,
    /// Each before plaintext is released. When it cannot be stored, nothing is released.
    Strict,
}

/// Milliseconds that an event waits for others.
const GROUP_MS: i64 = 100;
/// How many events are written without a wait for others.
const GROUP_MOST: usize = 4096;
/// Most events that wait while somebody else is writing.
const WAIT_MOST: usize = 2 * GROUP_MOST;

/// Something that was done in a vault, or tried.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct AuditEvent {
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
    pub actor: Option<Actor>,
    /// It was refused or failed.
    pub refused: bool,
    /// The number that the error told.
    pub incident: Option<u64>,
    /// The reason that was given.
    pub note: Option<String>,
}

impl AuditEvent {
    pub(super) fn of(device: DeviceId, leaf: u64, event: Event) -> Self {
        let Event { kind, time_ms, chart, entry, actor, refused, incident, note, .. } = event;
        Self { device, leaf, kind, time_ms, chart, entry, actor, refused, incident, note }
    }

    /// One line of JSON, without the line break. Ids and numbers of incidents are hexadecimal.
    pub fn to_json(&self) -> String {
        let actor = self.actor.as_ref().map(|actor| {
            json!({ "issuer": actor.issuer, "subject": actor.subject, "session": actor.session, "purpose": actor.purpose })
        });
        json!({
            "device": self.device.to_string(),
            "leaf": self.leaf,
            "kind": self.kind.name(),
            "time_ms": self.time_ms,
            "chart": self.chart.map(|chart| chart.to_string()),
            "entry": self.entry.map(|entry| entry.to_string()),
            "actor": actor,
            "refused": self.refused,
            "incident": self.incident.map(|incident| format!("{incident:016x}")),
            "note": self.note,
        })
        .to_string()
    }
}

/// Shows what is in no way about a person.
impl core::fmt::Debug for AuditEvent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AuditEvent")
            .field("kind", &self.kind)
            .field("time_ms", &self.time_ms)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// The events of all devices that the vault ever had, device by device and oldest first, those in use last, and events
    /// that still wait included. A leaf that was changed or is missing is an error: nothing is left out in silence.
    pub fn audit(&self) -> Result<Vec<AuditEvent>, Error> {
        self.inner.with(|session| {
            flush(&self.inner, session)?;
            let unlocked = &session.unlocked;
            let events = self.inner.view(session, |snapshot| {
                let keys = AuditKeys::read(snapshot, unlocked.suite(), unlocked.keyring_key(), &unlocked.vault_id())?;
                let known = session.state(snapshot)?;
                let mut events = Vec::new();
                for device in closed::all(&known, snapshot)? {
                    if let Some(log) = closed::log(snapshot, &device)? {
                        read(&log, snapshot, &keys, unlocked.suite(), device.id(), &mut events)?;
                    }
                }
                let logs = session.logs(snapshot)?;
                for device in known.identity().devices() {
                    if let Some(log) = logs.of(&device.hash()) {
                        read(log, snapshot, &keys, unlocked.suite(), device.hash().into(), &mut events)?;
                    }
                }
                Ok(events)
            })?;
            session.lock_logs().wait(Event::new(EventKind::Audit, self.inner.now_ms()));
            Ok(events)
        })
    }

    /// Writes the events as lines of JSON. Returns how many.
    pub fn export_audit(&self, to: &mut dyn io::Write) -> Result<u64, Error> {
        let events = self.audit()?;
        for event in &events {
            writeln!(to, "{}", event.to_json()).map_err(|_| Error::CannotWrite)?;
        }
        Ok(u64::try_from(events.len()).unwrap_or(u64::MAX))
    }

    /// The events that tell of an incident: the number that an error showed.
    pub fn explain(&self, incident: crate::Incident) -> Result<Vec<AuditEvent>, Error> {
        let number = incident.to_u64();
        Ok(self.audit()?.into_iter().filter(|event| event.incident == Some(number)).collect())
    }
}

fn read(
    log: &Log,
    snapshot: &dyn crate::store::Snapshot,
    keys: &AuditKeys,
    suite: crate::Suite,
    device: DeviceId,
    events: &mut Vec<AuditEvent>,
) -> Result<(), Error> {
    let keys = keys.all();
    for (leaf, read) in log.reader(snapshot).leaves(0..log.size()) {
        let sealed = read?.sealed;
        let opened = keys.iter().find_map(|key| open_events(suite, key, log.id(), leaf, &sealed).ok());
        let group = event::decode(&opened.ok_or(LogError::Damaged)?).map_err(Error::of_malformed)?;
        events.extend(group.into_iter().map(|event| AuditEvent::of(device, leaf, event)));
    }
    Ok(())
}

/// Tells of something that changes nothing in the store: at once where the audit is strict, else with its group.
pub(super) fn tell(inner: &Inner, session: &Session, event: Event) -> Result<(), Error> {
    match inner.options.audit {
        Audit::Grouped => {
            let mut logs = session.lock_logs();
            logs.wait(event);
            let waiting = logs.waiting.len();
            drop(logs);
            match waiting {
                0..GROUP_MOST => Ok(()),
                GROUP_MOST..WAIT_MOST => flush_soon(inner, session),
                WAIT_MOST.. => flush(inner, session),
            }
        }
        Audit::Strict => {
            let mut write = Write::begin(inner, session)?;
            write.event(event);
            write.commit_events()
        }
    }
}

/// Writes the events that wait, if the first has waited long enough.
pub(super) fn flush_due(inner: &Inner, session: &Session, now_ms: i64) -> Result<(), Error> {
    let since = session.lock_logs().waiting_since();
    // Also where the clock was turned back.
    let due = since.is_some_and(|since| !(0..GROUP_MS).contains(&now_ms.saturating_sub(since)));
    if due { flush_soon(inner, session) } else { Ok(()) }
}

/// Writes the events that wait, unless somebody else is writing.
fn flush_soon(inner: &Inner, session: &Session) -> Result<(), Error> {
    // A change that is under way takes them with it, and may be this very thread's.
    if session.changes.load(Ordering::SeqCst) > 0 {
        return Ok(());
    }
    match flush(inner, session) {
        // Another process is writing: they wait for the next call.
        Err(Error::Store(StoreError::Busy)) => Ok(()),
        result => result,
    }
}

/// Writes the events that wait.
pub(super) fn flush(inner: &Inner, session: &Session) -> Result<(), Error> {
    let logs = session.lock_logs();
    let idle = logs.waiting.is_empty() || logs.restored;
    drop(logs);
    if idle {
        return Ok(());
    }
    Write::begin(inner, session)?.commit_events()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryStore, Recovery, Unlock};
    use std::collections::BTreeMap;

    #[test]
    fn h52_a_leaf_that_does_not_open_is_an_error() {
        let (unlock, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
        let (vault, _) = Vault::create(MemoryStore::new(), "Dr. Lee", &unlock, &none).unwrap();
        assert!(vault.audit().is_ok_and(|events| !events.is_empty()));
        // The leaf is in the log, signed and all, and its events are of no key of this vault.
        let inner = &vault.inner;
        let signed = inner.with(|session| {
            let mut tx = inner.store.write()?;
            let key = &session.unlocked.identity().log;
            drop(session.lock_logs().own().append(&mut *tx, &BTreeMap::new(), &[7; 100], key)?);
            Ok(tx.commit().map(drop)?)
        });
        assert_eq!(signed, Ok(()));
        assert_eq!(vault.audit().err(), Some(Error::Withheld));
    }
}
