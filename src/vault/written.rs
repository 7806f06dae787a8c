//! What the logs of this vault's devices tell of the rows that they wrote: enough to go on where one of the newest, which no
//! segment of the index has yet, is damaged in what the marks are over.

use super::event::{self, AuditKeys, Event, EventKind};
use super::{session::Session, stored_entry::Stub};
use crate::codec::{ChartId, EntryId, Extensions, VersionId};
use crate::error::Error;
use crate::index::IndexRow;
use crate::log::{LogError, open_events};
use crate::store::Snapshot;
use core::ops::RangeInclusive;
use std::collections::HashMap;
use zeroize::Zeroizing;

/// Extension of the event of a write: the row that it wrote.
const ROW: u32 = 1;

/// What a row was when it was written. It is believed where the chart comes to its marks with it, and not before.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub(super) entry: EntryId,
    pub(super) version: VersionId,
    pub(super) stub: Stub,
    /// Where the device in use wrote it: compartment, and place in its chain.
    pub(super) own: Option<(u8, u64)>,
}

/// For the event of a write: number of the row u64 ‖ version 16 ‖ arrival u64 ‖ compartment u8. The event itself has the entry, the
/// hash and the place in the chain.
pub(super) fn to_extensions(row: &IndexRow) -> Extensions {
    let mut value = Vec::with_capacity(33);
    value.extend_from_slice(&row.seq.to_be_bytes());
    value.extend_from_slice(row.version.as_bytes());
    value.extend_from_slice(&row.arrival.to_be_bytes());
    value.push(row.compartment);
    Extensions::ignorable(ROW, value.into())
}

/// Reads the logs of the devices in use, from their ends back, until they told of all these rows. Older software told of none.
pub(super) fn read(
    session: &Session,
    snapshot: &dyn Snapshot,
    chart: &ChartId,
    rows: RangeInclusive<u64>,
) -> Result<HashMap<u64, Written>, Error> {
    let mut told = HashMap::new();
    if rows.is_empty() {
        return Ok(told);
    }
    let unlocked = &session.unlocked;
    let suite = unlocked.suite();
    let keys = AuditKeys::read(snapshot, suite, unlocked.keyring_key(), &unlocked.vault_id())?.all();
    let wanted = rows.end().saturating_sub(*rows.start()).saturating_add(1);
    let logs = session.logs(snapshot)?;
    for log in logs.all() {
        let mut reader = log.reader(snapshot);
        for place in (0..log.size()).rev() {
            if u64::try_from(told.len()) == Ok(wanted) {
                return Ok(told);
            }
            let sealed = match reader.leaf(place) {
                Ok(leaf) => leaf.sealed,
                Err(LogError::Store(error)) => return Err(error.into()),
                // It tells of nothing.
                Err(_) => continue,
            };
            let opened = keys.iter().find_map(|key| open_events(suite, key, log.id(), place, &sealed).ok());
            let events = Zeroizing::new(opened.and_then(|events| event::decode(&events).ok()).unwrap_or_default());
            let is_own = log.id() == logs.own().id();
            for (number, written) in events.iter().filter(|event| event.chart == Some(*chart)).filter_map(of_event) {
                if rows.contains(&number) {
                    told.entry(number).or_insert(Written { own: written.own.filter(|_| is_own), ..written });
                }
            }
        }
    }
    Ok(told)
}

fn of_event(event: &Event) -> Option<(u64, Written)> {
    let Event { kind: EventKind::Write, refused: false, entry, hash, chain_seq, extensions, .. } = event else {
        return None;
    };
    let (number, rest) = extensions.get(ROW)?.split_first_chunk()?;
    let (version, rest) = rest.split_at_checked(VersionId::LEN)?;
    let (arrival, rest) = rest.split_first_chunk()?;
    let stub = Stub { hash: (*hash)?, arrival: u64::from_be_bytes(*arrival) };
    let own = Some((*rest.first()?, (*chain_seq)?));
    let version = VersionId::from_slice(version)?;
    Some((u64::from_be_bytes(*number), Written { entry: (*entry)?, version, stub, own }))
}
