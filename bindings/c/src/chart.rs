//! A chart: putting, reading and finding entries.

use crate::buffer::ampoule_buffer;
use crate::codes::ampoule_kind;
use crate::entry::{ampoule_entry, ampoule_history};
use crate::ids::{ampoule_chart_id, ampoule_entry_id, ampoule_version_id};
use crate::memory::{Out, text, value};
use crate::query::{ampoule_matches, ampoule_query};
use crate::record::ampoule_record;
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::Chart;
use std::ffi::c_char;

/// One patient's chart, or a practice's own. It is dead while its vault is locked. Any thread.
pub struct ampoule_chart(pub(crate) Chart);

/// Id of the chart.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_get_id(
    chart: *const ampoule_chart,
    id: *mut ampoule_chart_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(id)?;
        out.write(handles::get(chart)?.0.id().into());
        Ok(())
    })
}

/// Seals a record, signs it, and stores it. On disk when this returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_put(
    chart: *const ampoule_chart,
    record: *const ampoule_record,
    entry: *mut ampoule_entry_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(entry)?;
        let (chart, record) = (handles::get(chart)?, handles::get(record)?);
        out.write(record.with(|record| chart.0.put(record))?.into());
        Ok(())
    })
}

/// As `ampoule_chart_put`, once for each key: a repeated request gives the entry of the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_put_once(
    chart: *const ampoule_chart,
    key: *const c_char,
    key_len: usize,
    record: *const ampoule_record,
    entry: *mut ampoule_entry_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(entry)?;
        let (chart, key, record) = (handles::get(chart)?, text(key, key_len)?, handles::get(record)?);
        out.write(record.with(|record| chart.0.put_once(key, record))?.into());
        Ok(())
    })
}

/// Adds a version that replaces the current one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_update(
    chart: *const ampoule_chart,
    entry: *const ampoule_entry_id,
    record: *const ampoule_record,
    version: *mut ampoule_version_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(version)?;
        let (chart, entry, record) = (handles::get(chart)?, value(entry)?.into(), handles::get(record)?);
        out.write(record.with(|record| chart.0.update(&entry, record))?.into());
        Ok(())
    })
}

/// Adds a version that replaces the one that was read. If somebody replaced it meanwhile, both stand as a conflict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_update_from(
    chart: *const ampoule_chart,
    read: *const ampoule_entry,
    record: *const ampoule_record,
    version: *mut ampoule_version_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(version)?;
        let (chart, read, record) = (handles::get(chart)?, handles::get(read)?, handles::get(record)?);
        out.write(record.with(|record| chart.0.update_from(&read.0, record))?.into());
        Ok(())
    })
}

/// Ends a conflict: adds a version that replaces all that conflict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_resolve(
    chart: *const ampoule_chart,
    entry: *const ampoule_entry_id,
    record: *const ampoule_record,
    version: *mut ampoule_version_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(version)?;
        let (chart, entry, record) = (handles::get(chart)?, value(entry)?.into(), handles::get(record)?);
        out.write(record.with(|record| chart.0.resolve(&entry, record))?.into());
        Ok(())
    })
}

/// Deletes an entry. Its history stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_delete(
    chart: *const ampoule_chart,
    entry: *const ampoule_entry_id,
    version: *mut ampoule_version_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(version)?;
        out.write(handles::get(chart)?.0.delete(&value(entry)?.into())?.into());
        Ok(())
    })
}

/// The current version of an entry. Decrypted and verified before a byte is released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_get(
    chart: *const ampoule_chart,
    id: *const ampoule_entry_id,
    entry: *mut *mut ampoule_entry,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(entry)?;
        let entry = handles::get(chart)?.0.get(&value(id)?.into())?;
        out.write(handles::open(ampoule_entry(entry))?);
        Ok(())
    })
}

/// One version of an entry, current or not. One that is kept apart is shown to custodians only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_version(
    chart: *const ampoule_chart,
    id: *const ampoule_version_id,
    entry: *mut *mut ampoule_entry,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(entry)?;
        let entry = handles::get(chart)?.0.version(&value(id)?.into())?;
        out.write(handles::open(ampoule_entry(entry))?);
        Ok(())
    })
}

/// All versions of an entry in order of arrival, those that delete it too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_history(
    chart: *const ampoule_chart,
    id: *const ampoule_entry_id,
    history: *mut *mut ampoule_history,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(history)?;
        let history = handles::get(chart)?.0.history(&value(id)?.into())?;
        out.write(handles::open(ampoule_history(history))?);
        Ok(())
    })
}

/// All entries of a chart that are not deleted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_list(
    chart: *const ampoule_chart,
    matches: *mut *mut ampoule_matches,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(matches)?;
        let found = handles::get(chart)?.0.list()?;
        out.write(handles::open(ampoule_matches(found))?);
        Ok(())
    })
}

/// Those of its entries that are records, files or messages: an `ampoule_kind`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_list_kind(
    chart: *const ampoule_chart,
    kind: u32,
    matches: *mut *mut ampoule_matches,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(matches)?;
        let found = handles::get(chart)?.0.list_kind(ampoule_kind::read(kind)?)?;
        out.write(handles::open(ampoule_matches(found))?);
        Ok(())
    })
}

/// The entries that match a query.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_find(
    chart: *const ampoule_chart,
    query: *const ampoule_query,
    matches: *mut *mut ampoule_matches,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(matches)?;
        let query = handles::get(query)?.query();
        let found = handles::get(chart)?.0.find(&query)?;
        out.write(handles::open(ampoule_matches(found))?);
        Ok(())
    })
}

/// The labels that this vault may use in the chart, one a line.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_labels(
    chart: *const ampoule_chart,
    labels: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(labels)?;
        let labels = handles::get(chart)?.0.labels()?;
        let lines: Vec<&str> = labels.iter().map(ampoule::Label::as_str).collect();
        out.write(ampoule_buffer::of(lines.join("\n"))?);
        Ok(())
    })
}
