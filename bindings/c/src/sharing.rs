//! Sharing a chart, and taking a share back.

use crate::chart::ampoule_chart;
use crate::codes::{ampoule_purpose, ampoule_rights, ampoule_standing};
use crate::contact::ampoule_contact;
use crate::memory::{Out, text};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::{Grant, Label, Purpose, Rights, codes};
use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};

/// What is shared with a contact. Without labels it is all of them; without an end it lasts until revoked. Any thread.
pub struct ampoule_grant(Mutex<Grant>);

impl ampoule_grant {
    pub(crate) fn grant(&self) -> Grant {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(Grant) -> Grant) {
        let mut grant = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *grant = change(grant.clone());
    }
}

/// A grant of an `ampoule_rights`, for treatment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_grant_new(rights: u32, grant: *mut *mut ampoule_grant) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(grant)?;
        let made = match codes::Rights::from(ampoule_rights::read::<Rights>(rights)?) {
            codes::Rights::Read => Grant::read(),
            codes::Rights::Write => Grant::write(),
            codes::Rights::Custodian => Grant::custodian(),
        };
        out.write(handles::open(ampoule_grant(Mutex::new(made)))?);
        Ok(())
    })
}

/// Adds a label. A grant with labels is of these only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_grant_add_label(
    grant: *const ampoule_grant,
    label: *const c_char,
    label_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let label = Label::new(text(label, label_len)?)?;
        handles::get(grant)?.change(|grant| grant.label(label));
        Ok(())
    })
}

/// Purpose of use: an `ampoule_purpose`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_grant_set_purpose(grant: *const ampoule_grant, purpose: u32) -> ampoule_status {
    boundary::call(|| {
        let purpose: Purpose = ampoule_purpose::read(purpose)?;
        handles::get(grant)?.change(|grant| grant.purpose(purpose));
        Ok(())
    })
}

/// Last moment, in milliseconds since 1970.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_grant_set_until(grant: *const ampoule_grant, not_after_ms: i64) -> ampoule_status {
    boundary::call(|| {
        handles::get(grant)?.change(|grant| grant.until(not_after_ms));
        Ok(())
    })
}

/// Leaves out what was written before the last revocation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_grant_set_without_history(grant: *const ampoule_grant) -> ampoule_status {
    boundary::call(|| {
        handles::get(grant)?.change(Grant::without_history);
        Ok(())
    })
}

/// Shares the chart, or some labels of it, with a verified contact. `standing` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_share(
    chart: *const ampoule_chart,
    with: *const ampoule_contact,
    grant: *const ampoule_grant,
    standing: *mut ampoule_standing,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::wanted(standing);
        let grant = handles::get(grant)?.grant();
        let standing = handles::get(chart)?.0.share(&handles::get(with)?.0, &grant)?;
        if let Some(out) = out {
            out.write(ampoule_standing::of(standing));
        }
        Ok(())
    })
}

/// Ends every grant of a contact, also to cards that were replaced: fresh keys for all who stay. What was read before stays
/// known to who read it. `standing` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_revoke(
    chart: *const ampoule_chart,
    from: *const ampoule_contact,
    standing: *mut ampoule_standing,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::wanted(standing);
        let standing = handles::get(chart)?.0.revoke(&handles::get(from)?.0)?;
        if let Some(out) = out {
            out.write(ampoule_standing::of(standing));
        }
        Ok(())
    })
}

/// With how many members the chart is shared, its custodians included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_share_count(chart: *const ampoule_chart, count: *mut usize) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(chart)?.0.shares()?.len());
        Ok(())
    })
}
