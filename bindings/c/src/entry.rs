//! What comes out of a chart.

use crate::buffer::ampoule_buffer;
use crate::codes::{ampoule_acceptance, ampoule_kind};
use crate::ids::{ampoule_entry_id, ampoule_version_id};
use crate::memory::{Out, lend};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::Entry;
use std::ffi::c_char;

/// A version of an entry, opened and verified. It does not change. Any thread.
pub struct ampoule_entry(pub(crate) Entry);

/// What an entry says of itself.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_entry_info {
    /// The entry, over all its versions.
    pub id: ampoule_entry_id,
    /// This version.
    pub version: ampoule_version_id,
    /// Record, file or message.
    pub kind: ampoule_kind,
    /// How the version is regarded.
    pub acceptance: ampoule_acceptance,
    /// When the author says that it was written, in milliseconds since 1970.
    pub time_ms: i64,
    /// Whether this vault's owner signed it.
    pub mine: bool,
    /// Whether this version deletes the entry.
    pub deleted: bool,
}

/// What an entry says of itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_get_info(
    entry: *const ampoule_entry,
    info: *mut ampoule_entry_info,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(info)?;
        let entry = &handles::get(entry)?.0;
        out.write(ampoule_entry_info {
            id: entry.id().into(),
            version: entry.version().into(),
            kind: ampoule_kind::of(entry.kind()),
            acceptance: ampoule_acceptance::of(entry.acceptance()),
            time_ms: entry.time_ms(),
            mine: entry.is_mine(),
            deleted: entry.is_deleted(),
        });
        Ok(())
    })
}

/// The bytes, exactly as they went in: the entry's own, there until it is closed, and wiped then. None of a file, which is
/// read by `ampoule_chart_file`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_content(
    entry: *const ampoule_entry,
    content: *mut *const u8,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(content)?, Out::at(len)?);
        let entry = handles::get(entry)?;
        let content = entry.0.content();
        out.write(content.as_ptr());
        out_len.write(content.len());
        Ok(())
    })
}

/// Media type, as it went in: the entry's own text, there until it is closed, and not ended by a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_media_type(
    entry: *const ampoule_entry,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        lend(handles::get(entry)?.0.record().media_type(), out, out_len);
        Ok(())
    })
}

/// The display name, or no bytes where there is none: as `ampoule_entry_media_type`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_name(
    entry: *const ampoule_entry,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        lend(handles::get(entry)?.0.record().name().unwrap_or_default(), out, out_len);
        Ok(())
    })
}

/// Name on the card of the member who signed it: as `ampoule_entry_media_type`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_author(
    entry: *const ampoule_entry,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        lend(handles::get(entry)?.0.author(), out, out_len);
        Ok(())
    })
}

/// On whose behalf the author acted, as the author says: the subject of `ampoule_vault_acting_for`, or no bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_actor_subject(
    entry: *const ampoule_entry,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        lend(handles::get(entry)?.0.actor().map_or("", |actor| &actor.subject), out, out_len);
        Ok(())
    })
}

/// Other versions that nobody has replaced, 16 bytes each: an array of `ampoule_version_id`. They and this one conflict until
/// `ampoule_chart_resolve`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_conflicts(
    entry: *const ampoule_entry,
    ids: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(ids)?;
        let entry = handles::get(entry)?;
        out.write(ampoule_buffer::of_ids(entry.0.conflicts().iter().map(|id| *id.as_bytes()))?);
        Ok(())
    })
}

/// The versions of an entry in order of arrival. It does not change. Any thread.
pub struct ampoule_history(pub(crate) Vec<Result<Entry, ampoule::Error>>);

/// How many versions there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_history_count(history: *const ampoule_history, count: *mut usize) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(history)?.0.len());
        Ok(())
    })
}

/// One of them, from 0, or the error that is in its place: of one that is damaged or kept apart.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_history_at(
    history: *const ampoule_history,
    place: usize,
    entry: *mut *mut ampoule_entry,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(entry)?;
        let history = handles::get(history)?;
        let version = history.0.get(place).ok_or(ampoule_status::OutOfRange)?.clone()?;
        out.write(handles::open(ampoule_entry(version))?);
        Ok(())
    })
}
