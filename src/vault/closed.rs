//! Devices that are in use no more, as they are stored: a row for each, sealed, which names the closing before it. The signed
//! state of the vault says how many there are, and which is the last.

use super::logs::log_id;
use super::session;
use crate::codec::{CardHash, DeviceId, LogId, Malformed};
use crate::error::Error;
use crate::keys::{ClosedDevice, Closings, LogEnd, Unlocked};
use crate::log::{Checkpoint, Log, LogError};
use crate::store::{Row, Snapshot, Table, Transaction};
use std::collections::BTreeSet;

/// All closed devices, in the order in which they were closed: none is missing, or it is an error.
pub(super) fn all(unlocked: &Unlocked, snapshot: &dyn Snapshot) -> Result<Vec<ClosedDevice>, Error> {
    let (closed, whole) = as_they_stand(unlocked, snapshot)?;
    if whole { Ok(closed) } else { Err(Error::Withheld) }
}

/// The closed devices that the store shows, and whether that is all of them.
pub(super) fn as_they_stand(unlocked: &Unlocked, snapshot: &dyn Snapshot) -> Result<(Vec<ClosedDevice>, bool), Error> {
    let mut closed = Vec::new();
    for row in session::rows(snapshot, Table::Cards)? {
        match open(unlocked, &row) {
            Ok(device) => closed.push(device),
            Err(Malformed::Newer) => return Err(Error::NewerFormat),
            // If it was one of ours, it is missing in the line.
            Err(Malformed::Invalid) => {}
        }
    }
    closed.sort_unstable_by_key(|device| device.after.count);
    let mut line = Some(Closings::NONE);
    for device in &closed {
        line = line.filter(|line| *line == device.after).and_then(|_| device.closings());
    }
    Ok((closed, line == Some(unlocked.closings())))
}

/// The log of a closed device, which must end where it did when the device was closed. Nothing where it wrote nothing.
pub(super) fn log(snapshot: &dyn Snapshot, device: &ClosedDevice) -> Result<Option<Log>, LogError> {
    if device.log.leaves == 0 {
        return Ok(None);
    }
    let log = Log::open(snapshot, log_id(&device.card.hash()), device.card.log_key().clone())?;
    let same = log.head().is_some_and(|head| ends_at(&device.log, head.size(), &head.tree().root));
    if same { Ok(Some(log)) } else { Err(LogError::Damaged) }
}

/// Whether logs that are kept, and are of no device in use, are of devices that the owner has closed, and went no further
/// than that.
pub(super) fn ended(
    unlocked: &Unlocked,
    snapshot: &dyn Snapshot,
    kept: &Checkpoint,
    mut logs: BTreeSet<LogId>,
) -> Result<bool, Error> {
    if logs.is_empty() {
        return Ok(true);
    }
    for row in session::rows(snapshot, Table::Cards)? {
        let Some(id) = CardHash::from_slice(&row.0).map(|card| log_id(&card)).filter(|id| logs.contains(id)) else {
            continue;
        };
        let (Ok(device), Some(note)) = (open(unlocked, &row), kept.notes().get(&id)) else { continue };
        let head = note.verify(device.card.log_key())?;
        if head.size() < device.log.leaves || ends_at(&device.log, head.size(), &head.tree().root) {
            logs.remove(&id);
        }
    }
    Ok(logs.is_empty())
}

pub(super) fn put(tx: &mut dyn Transaction, next: &Unlocked, device: &ClosedDevice) -> Result<(), Error> {
    let row = device.seal(&next.identity().archive, next.vault_id()).map_err(|_| Error::unopenable())?;
    Ok(tx.put(Table::Cards, b"", device.id().as_bytes(), &row)?)
}

fn open(unlocked: &Unlocked, (key, sealed): &Row) -> Result<ClosedDevice, Malformed> {
    let me = unlocked.identity();
    let id = DeviceId::from_slice(key).ok_or(Malformed::Invalid)?;
    ClosedDevice::unseal(&me.archive, unlocked.vault_id(), id, sealed, &me.root_card)
}

fn ends_at(end: &LogEnd, leaves: u64, root: &[u8; 32]) -> bool {
    (end.leaves, end.root.as_bytes()) == (leaves, root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::kdf;
    use crate::keys::Ending;
    use crate::store::Store;
    use crate::vault::STATE_KEY;
    use crate::vault::event::{Event, EventKind};
    use crate::vault::logs::{Write, state_hash};
    use crate::vault::mark::{Mark, Marked};
    use crate::{ChartId, CheckpointKeeper, MemoryKeeper, MemoryStore, Record, Recovery, Unlock, Vault};
    use std::sync::Arc;

    fn key(byte: u8) -> Unlock {
        Unlock::device_key(&[byte; 32])
    }

    /// Short-lived servers: what is read when the vault opens, and what is kept of it elsewhere, is of those in use.
    #[test]
    fn ten_thousand_devices_come_and_go() {
        const DEVICES: u64 = 10_000;
        let (store, keeper) = (Arc::new(MemoryStore::new()), Arc::new(MemoryKeeper::new()));
        let none = Recovery::none_data_will_be_lost();
        let options = || Vault::options().keeper(Arc::clone(&keeper));
        let (vault, _) = options().create(Arc::clone(&store), "Service", &key(1), &none).unwrap();
        let chart = vault.create_chart().unwrap();
        let entry = chart.put(&Record::opaque("text/plain", b"text".as_slice())).unwrap();
        vault.lock();
        let state = || store.read().unwrap().get(Table::Vault, b"", STATE_KEY).unwrap().unwrap().len();
        let (state_before, kept_before) = (state(), keeper.load().unwrap().unwrap().len());
        vault.unlock(&key(1)).unwrap();
        // As `retire_device` does, all in one transaction.
        let inner = &vault.inner;
        let closed = inner.with(|session| {
            let (me, mut line) = (session.unlocked.identity(), Closings::NONE);
            let mut write = Write::begin(inner, session)?;
            for time_ms in (0..).take(usize::try_from(DEVICES).unwrap()) {
                let card = me.add_device(time_ms).unwrap().device_card.clone();
                let log = LogEnd { leaves: 0, root: crate::codec::Hash::from_bytes([0; 32]) };
                let ending = Ending { reason: "scaled down", time_ms, log, after: line };
                let device = ClosedDevice::sign(&me.root_card, &me.root, card, ending).unwrap();
                put(&mut *write.tx, &session.unlocked, &device)?;
                line = device.closings().unwrap();
            }
            let next = session.unlocked.with_closings(line)?;
            write.tx.put(Table::Vault, b"", STATE_KEY, next.bytes())?;
            write.replace(Marked::State, &state_hash(next.bytes()))?;
            write.commit()
        });
        closed.unwrap();
        // One more, in the usual way, which wrote something.
        let last = vault.add_device(&key(2)).unwrap();
        let server = Vault::open(Arc::clone(&store), &key(2)).unwrap();
        server.chart(&chart.id()).unwrap().put(&Record::opaque("text/plain", b"by it".as_slice())).unwrap();
        drop(server);
        vault.retire_device(last, "scaled down").unwrap();
        vault.lock();
        vault.unlock(&key(1)).unwrap();
        vault.lock();
        // Only numbers have grown.
        assert!(state() <= state_before + 16);
        assert!(keeper.load().unwrap().unwrap().len() <= kept_before + 16);
        let again = options().open(Arc::clone(&store), &key(1)).unwrap();
        assert_eq!(again.devices().unwrap().len(), 1);
        assert_eq!(again.chart(&chart.id()).unwrap().get(&entry).unwrap().content(), b"text");
        let retired = again.retired_devices().unwrap();
        assert_eq!((u64::try_from(retired.len()).unwrap(), retired.last().unwrap().id), (DEVICES + 1, last));
    }

    /// A device that founded a hundred thousand charts is closed: its marks go on in as many leaves as they need.
    #[test]
    fn more_marks_than_a_leaf_takes() {
        let (store, none) = (Arc::new(MemoryStore::new()), Recovery::none_data_will_be_lost());
        let (vault, _) = Vault::create(Arc::clone(&store), "Service", &key(1), &none).unwrap();
        let inner = &vault.inner;
        let chart = |number: u32| ChartId::from_bytes(kdf::hash("test", &[&number.to_be_bytes()]));
        let marked = inner.with(|session| {
            let mut write = Write::begin(inner, session)?;
            for number in 0..70_000 {
                write.mark(Marked::Entries(chart(number)), Mark::EMPTY.then(&chart(number)).unwrap());
            }
            write.event(Event::new(EventKind::Maintain, 5));
            write.commit()
        });
        marked.unwrap();
        vault.renew_device("copied").unwrap();
        let events = vault.audit().unwrap();
        assert_eq!(events.iter().filter(|event| event.kind == EventKind::Maintain).count(), 1);
        let last = inner.with(|session| {
            let snapshot = inner.store.read()?;
            let logs = session.logs(&*snapshot)?;
            (0..70_000).step_by(7919).map(|number| logs.marks(&*snapshot, Marked::Entries(chart(number)))).collect()
        });
        let last: Vec<Vec<Mark>> = last.unwrap();
        assert!(last.iter().all(|marks| marks.len() == 1 && marks[0].count == 1));
        assert!(vault.verify().unwrap().findings.is_empty());
    }
}
