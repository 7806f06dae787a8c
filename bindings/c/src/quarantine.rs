//! What came late or contradicts: kept apart until a custodian decides.

use crate::chart::ampoule_chart;
use crate::codes::{ampoule_acceptance, ampoule_doubt, ampoule_standing};
use crate::ids::{ampoule_contact_id, ampoule_entry_id, ampoule_version_id};
use crate::memory::{Out, lend, text, value};
use crate::shares::write_standing;
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::Quarantined;
use std::ffi::c_char;

/// The versions that are kept apart or disputed, in order of arrival. It does not change. Any thread.
pub struct ampoule_quarantine(Vec<Quarantined>);

/// A version that is kept apart or disputed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_quarantined {
    /// Its entry.
    pub entry: ampoule_entry_id,
    /// The version: what `ampoule_chart_adopt` takes.
    pub version: ampoule_version_id,
    /// Whether its author is among the contacts.
    pub known: bool,
    /// The author among the contacts, or zero.
    pub contact: ampoule_contact_id,
    /// When the author says that it was written, in milliseconds since 1970.
    pub time_ms: i64,
    /// Kept apart or disputed.
    pub acceptance: ampoule_acceptance,
    /// Why.
    pub doubt: ampoule_doubt,
}

/// The versions that are kept apart until a custodian decides, and those that are disputed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_quarantine(
    chart: *const ampoule_chart,
    quarantine: *mut *mut ampoule_quarantine,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(quarantine)?;
        let found = handles::get(chart)?.0.quarantined()?;
        out.write(handles::open(ampoule_quarantine(found))?);
        Ok(())
    })
}

/// How many they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_quarantine_count(
    quarantine: *const ampoule_quarantine,
    count: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(quarantine)?.0.len());
        Ok(())
    })
}

/// One of them, from 0, with the name on its author's card: text of the list's own, there until it is closed, and not ended by a
/// zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_quarantine_at(
    quarantine: *const ampoule_quarantine,
    place: usize,
    quarantined: *mut ampoule_quarantined,
    author: *mut *const c_char,
    author_len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, author_out, len_out) = (Out::at(quarantined)?, Out::at(author)?, Out::at(author_len)?);
        let quarantine = handles::get(quarantine)?;
        let Quarantined { entry, version, author, contact, time_ms, acceptance, doubt } =
            quarantine.0.get(place).ok_or(ampoule_status::OutOfRange)?;
        out.write(ampoule_quarantined {
            entry: (*entry).into(),
            version: (*version).into(),
            known: contact.is_some(),
            contact: contact.map_or(ampoule_contact_id { bytes: [0; 16] }, Into::into),
            time_ms: *time_ms,
            acceptance: ampoule_acceptance::of(*acceptance),
            doubt: ampoule_doubt::of(*doubt),
        });
        lend(author, author_out, len_out);
        Ok(())
    })
}

/// Lets a version in that is kept apart or disputed, for everyone, with a reason that all members can read, up to 1024 bytes.
/// `standing` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_adopt(
    chart: *const ampoule_chart,
    version: *const ampoule_version_id,
    reason: *const c_char,
    reason_len: usize,
    standing: *mut ampoule_standing,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::wanted(standing);
        let (version, reason) = (value(version)?.into(), text(reason, reason_len)?);
        write_standing(out, handles::get(chart)?.0.adopt(&version, reason)?);
        Ok(())
    })
}
