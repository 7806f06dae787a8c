//! Several changes at once, all of them or none.

use crate::buffer::ampoule_buffer;
use crate::chart::ampoule_chart;
use crate::ids::ampoule_entry_id;
use crate::memory::{Out, value};
use crate::record::ampoule_record;
use crate::status::ampoule_status;
use crate::vault::ampoule_vault;
use crate::{boundary, handles};
use ampoule::{Chart, EntryId, Record};
use std::sync::{Mutex, PoisonError};

/// Changes of any charts of one vault, made in one transaction by `ampoule_vault_run`. Any thread.
pub struct ampoule_batch(Mutex<Vec<Change>>);

enum Change {
    Put(Chart, Record),
    Update(Chart, EntryId, Record),
    Delete(Chart, EntryId),
}

impl ampoule_batch {
    fn add(&self, change: Change) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(change);
    }
}

/// No change yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_batch_new(batch: *mut *mut ampoule_batch) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(batch)?;
        out.write(handles::open(ampoule_batch(Mutex::default()))?);
        Ok(())
    })
}

/// Adds a new entry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_batch_put(
    batch: *const ampoule_batch,
    chart: *const ampoule_chart,
    record: *const ampoule_record,
) -> ampoule_status {
    boundary::call(|| {
        let (chart, record) = (handles::get(chart)?.0.clone(), handles::get(record)?.with(Record::clone));
        handles::get(batch)?.add(Change::Put(chart, record));
        Ok(())
    })
}

/// Adds a version that replaces the current one of an entry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_batch_update(
    batch: *const ampoule_batch,
    chart: *const ampoule_chart,
    entry: *const ampoule_entry_id,
    record: *const ampoule_record,
) -> ampoule_status {
    boundary::call(|| {
        let (chart, record) = (handles::get(chart)?.0.clone(), handles::get(record)?.with(Record::clone));
        handles::get(batch)?.add(Change::Update(chart, value(entry)?.into(), record));
        Ok(())
    })
}

/// Adds that an entry is deleted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_batch_delete(
    batch: *const ampoule_batch,
    chart: *const ampoule_chart,
    entry: *const ampoule_entry_id,
) -> ampoule_status {
    boundary::call(|| {
        let chart = handles::get(chart)?.0.clone();
        handles::get(batch)?.add(Change::Delete(chart, value(entry)?.into()));
        Ok(())
    })
}

/// Makes all changes of a batch in their order, or none. Gives an id of 16 bytes for each: of a new entry that of the entry, of
/// a change that of the version. The batch stays as it is, and is still to be closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_run(
    vault: *const ampoule_vault,
    batch: *const ampoule_batch,
    ids: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(ids)?;
        let batch = handles::get(batch)?;
        let changes = batch.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = handles::get(vault)?.0.batch(|batch| {
            let change = |change: &Change| match change {
                Change::Put(chart, record) => batch.put(chart, record).map(|id| *id.as_bytes()),
                Change::Update(chart, entry, record) => batch.update(chart, entry, record).map(|id| *id.as_bytes()),
                Change::Delete(chart, entry) => batch.delete(chart, entry).map(|id| *id.as_bytes()),
            };
            changes.iter().map(change).collect::<Result<Vec<_>, _>>()
        })?;
        out.write(ampoule_buffer::of_ids(made)?);
        Ok(())
    })
}
