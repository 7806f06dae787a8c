//! What finds an entry, and on whose behalf it was written.

use crate::buffer::ampoule_buffer;
use crate::entry::ampoule_entry;
use crate::memory::{Out, lend};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use std::ffi::c_char;

/// The label under whose keys an entry is kept: as `ampoule_entry_media_type`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_label(
    entry: *const ampoule_entry,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        lend(handles::get(entry)?.0.record().label().map_or("", |label| label.as_str()), out, out_len);
        Ok(())
    })
}

/// What the record is, as `ampoule_record_set_kind` set it, or no bytes: as `ampoule_entry_media_type`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_kind(
    entry: *const ampoule_entry,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        lend(&handles::get(entry)?.0.record().terms().kind, out, out_len);
        Ok(())
    })
}

/// A code that the entry is found by, from 0: the URI of the code system, which may be empty, and the code there. Both are as
/// `ampoule_entry_media_type`. After the last it is `AMPOULE_STATUS_OUT_OF_RANGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_code(
    entry: *const ampoule_entry,
    place: usize,
    system: *mut *const c_char,
    system_len: *mut usize,
    code: *mut *const c_char,
    code_len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (system_out, system_len_out) = (Out::at(system)?, Out::at(system_len)?);
        let (out, out_len) = (Out::at(code)?, Out::at(code_len)?);
        let entry = handles::get(entry)?;
        let code = entry.0.record().terms().codes.get(place).ok_or(ampoule_status::OutOfRange)?;
        lend(&code.system, system_out, system_len_out);
        lend(&code.value, out, out_len);
        Ok(())
    })
}

/// When it happened, from 0: seconds since 1970, `start` included and `end` not. After the last it is
/// `AMPOULE_STATUS_OUT_OF_RANGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_dates(
    entry: *const ampoule_entry,
    place: usize,
    start: *mut i64,
    end: *mut i64,
) -> ampoule_status {
    boundary::call(|| {
        let (out, end_out) = (Out::at(start)?, Out::at(end)?);
        let entry = handles::get(entry)?;
        let dates = entry.0.record().terms().dates.get(place).ok_or(ampoule_status::OutOfRange)?;
        out.write(dates.start());
        end_out.write(dates.end());
        Ok(())
    })
}

/// The words that the entry is found by, one a line, in the form in which the index keeps them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_words(
    entry: *const ampoule_entry,
    words: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(words)?;
        let words = handles::get(entry)?.0.record().terms().words.join("\n");
        out.write(ampoule_buffer::of(words)?);
        Ok(())
    })
}

/// The versions that this one replaces, 16 bytes each: an array of `ampoule_version_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_parents(
    entry: *const ampoule_entry,
    ids: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(ids)?;
        let entry = handles::get(entry)?;
        out.write(ampoule_buffer::of_ids(entry.0.parents().iter().map(|id| *id.as_bytes()))?);
        Ok(())
    })
}

/// On whose behalf the author acted, as the author says: the directory that knows the person, the session, and the purpose of
/// `ampoule_vault_acting_for`; `ampoule_entry_actor_subject` has the id there. All are empty where nobody is named. What is not
/// wanted may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_entry_actor(
    entry: *const ampoule_entry,
    issuer: *mut ampoule_buffer,
    session: *mut ampoule_buffer,
    purpose: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let outs = [Out::wanted(issuer), Out::wanted(session), Out::wanted(purpose)];
        let entry = handles::get(entry)?;
        let actor = entry.0.actor();
        let texts = [
            actor.map_or("", |actor| &actor.issuer),
            actor.map_or("", |actor| &actor.session),
            actor.map_or("", |actor| &actor.purpose),
        ];
        let mut buffers = Vec::new();
        for (out, text) in outs.into_iter().zip(texts) {
            if let Some(out) = out {
                buffers.push((out, ampoule_buffer::of(text)?));
            }
        }
        for (out, buffer) in buffers {
            out.write(buffer);
        }
        Ok(())
    })
}
