//! Several changes at once, all of them or none.

use crate::buffer::ampoule_buffer;
use crate::chart::ampoule_chart;
use crate::entry::ampoule_entry;
use crate::ids::ampoule_entry_id;
use crate::memory::{Out, text, value};
use crate::record::ampoule_record;
use crate::status::ampoule_status;
use crate::vault::ampoule_vault;
use crate::{boundary, handles};
use ampoule::{Actor, Chart, Entry, EntryId, Record};
use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};

/// Changes of any charts of one vault, made in one transaction by `ampoule_vault_run`. Any thread.
pub struct ampoule_batch(Mutex<Vec<Change>>);

enum Change {
    Put(Chart, Record),
    Update(Chart, EntryId, Record),
    Delete(Chart, EntryId),
    PutOnce(Chart, String, Record),
    UpdateFrom(Chart, Box<Entry>, Record),
    Resolve(Chart, EntryId, Record),
    ActingFor(Actor),
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

/// Adds a new entry, once for each key: as `ampoule_chart_put_once`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_batch_put_once(
    batch: *const ampoule_batch,
    chart: *const ampoule_chart,
    key: *const c_char,
    key_len: usize,
    record: *const ampoule_record,
) -> ampoule_status {
    boundary::call(|| {
        let (chart, record) = (handles::get(chart)?.0.clone(), handles::get(record)?.with(Record::clone));
        handles::get(batch)?.add(Change::PutOnce(chart, text(key, key_len)?.to_owned(), record));
        Ok(())
    })
}

/// Adds a version that replaces the one that was read: as `ampoule_chart_update_from`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_batch_update_from(
    batch: *const ampoule_batch,
    chart: *const ampoule_chart,
    read: *const ampoule_entry,
    record: *const ampoule_record,
) -> ampoule_status {
    boundary::call(|| {
        let (chart, record) = (handles::get(chart)?.0.clone(), handles::get(record)?.with(Record::clone));
        let read = Box::new(handles::get(read)?.0.clone());
        handles::get(batch)?.add(Change::UpdateFrom(chart, read, record));
        Ok(())
    })
}

/// Adds a version that ends a conflict: as `ampoule_chart_resolve`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_batch_resolve(
    batch: *const ampoule_batch,
    chart: *const ampoule_chart,
    entry: *const ampoule_entry_id,
    record: *const ampoule_record,
) -> ampoule_status {
    boundary::call(|| {
        let (chart, record) = (handles::get(chart)?.0.clone(), handles::get(record)?.with(Record::clone));
        handles::get(batch)?.add(Change::Resolve(chart, value(entry)?.into(), record));
        Ok(())
    })
}

/// Makes the changes that follow on somebody's behalf: as `ampoule_vault_acting_for`. It gives an id of zeros.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_batch_acting_for(
    batch: *const ampoule_batch,
    issuer: *const c_char,
    issuer_len: usize,
    subject: *const c_char,
    subject_len: usize,
    session: *const c_char,
    session_len: usize,
    purpose: *const c_char,
    purpose_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let actor = Actor {
            issuer: text(issuer, issuer_len)?.to_owned(),
            subject: text(subject, subject_len)?.to_owned(),
            session: text(session, session_len)?.to_owned(),
            purpose: text(purpose, purpose_len)?.to_owned(),
        };
        handles::get(batch)?.add(Change::ActingFor(actor));
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
            let mut change = |change: &Change| match change {
                Change::Put(chart, record) => batch.put(chart, record).map(|id| *id.as_bytes()),
                Change::Update(chart, entry, record) => batch.update(chart, entry, record).map(|id| *id.as_bytes()),
                Change::Delete(chart, entry) => batch.delete(chart, entry).map(|id| *id.as_bytes()),
                Change::PutOnce(chart, key, record) => batch.put_once(chart, key, record).map(|id| *id.as_bytes()),
                Change::UpdateFrom(chart, read, record) => {
                    batch.update_from(chart, &read.id(), &[read.version()], record).map(|id| *id.as_bytes())
                }
                Change::Resolve(chart, entry, record) => batch.resolve(chart, entry, record).map(|id| *id.as_bytes()),
                Change::ActingFor(actor) => {
                    batch.acting_for(actor.clone());
                    Ok([0; 16])
                }
            };
            changes.iter().map(&mut change).collect::<Result<Vec<_>, _>>()
        })?;
        out.write(ampoule_buffer::of_ids(made)?);
        Ok(())
    })
}
