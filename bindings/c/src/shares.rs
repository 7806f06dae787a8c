//! With whom a chart is shared, and histories of that which contradict each other.

use crate::chart::ampoule_chart;
use crate::codes::{ampoule_purpose, ampoule_rights, ampoule_standing};
use crate::contact::ampoule_contact;
use crate::memory::{Out, lend, values};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::{Contact, Share, Standing};
use std::ffi::c_char;
use std::sync::Arc;

/// With whom a chart is shared. It does not change. Any thread.
pub struct ampoule_shares(Vec<Share>);

/// How it is shared with one of them.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_share_info {
    /// What they may do.
    pub rights: ampoule_rights,
    /// Why: an `ampoule_purpose`, or 0 where it was not said.
    pub purpose: u32,
    /// Whether it ends by itself.
    pub ends: bool,
    /// The last moment, in milliseconds since 1970.
    pub not_after_ms: i64,
    /// How many labels are shared; 0 for the whole chart.
    pub labels: usize,
}

/// With whom a chart is shared, its custodians included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_shares(
    chart: *const ampoule_chart,
    shares: *mut *mut ampoule_shares,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(shares)?;
        let found = handles::get(chart)?.0.shares()?;
        out.write(handles::open(ampoule_shares(found))?);
        Ok(())
    })
}

/// How many they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_shares_count(shares: *const ampoule_shares, count: *mut usize) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(shares)?.0.len());
        Ok(())
    })
}

/// One of them, from 0, with the name on the card: text of the list's own, there until it is closed, and not ended by a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_shares_at(
    shares: *const ampoule_shares,
    place: usize,
    info: *mut ampoule_share_info,
    name: *mut *const c_char,
    name_len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, name_out, len_out) = (Out::at(info)?, Out::at(name)?, Out::at(name_len)?);
        let shares = handles::get(shares)?;
        let Share { name, rights, labels, purpose, not_after_ms } =
            shares.0.get(place).ok_or(ampoule_status::OutOfRange)?;
        out.write(ampoule_share_info {
            rights: ampoule_rights::of(*rights),
            purpose: purpose.map_or(0, |purpose| ampoule_purpose::of(purpose) as u32),
            ends: not_after_ms.is_some(),
            not_after_ms: not_after_ms.unwrap_or(0),
            labels: labels.len(),
        });
        lend(name, name_out, len_out);
        Ok(())
    })
}

/// A label that is shared with one of them, from 0: text of the list's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_shares_label(
    shares: *const ampoule_shares,
    place: usize,
    label: usize,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        let shares = handles::get(shares)?;
        let label = shares.0.get(place).and_then(|share| share.labels.get(label)).ok_or(ampoule_status::OutOfRange)?;
        lend(label.as_str(), out, out_len);
        Ok(())
    })
}

/// How many histories of the chart's sharing there are that contradict each other: 0 where all is well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_fork_count(
    chart: *const ampoule_chart,
    histories: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(histories)?;
        out.write(handles::get(chart)?.0.fork()?.map_or(0, |fork| fork.histories.len()));
        Ok(())
    })
}

/// With whom the chart is shared by one of these histories. That of place 0 is the one that this vault goes by.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_fork_shares(
    chart: *const ampoule_chart,
    place: usize,
    shares: *mut *mut ampoule_shares,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(shares)?;
        let histories = handles::get(chart)?.0.fork()?.map_or_else(Vec::new, |fork| fork.histories);
        let found = histories.into_iter().nth(place).ok_or(ampoule_status::OutOfRange)?;
        out.write(handles::open(ampoule_shares(found))?);
        Ok(())
    })
}

/// Writes where it is wanted whether a change is final.
pub(crate) fn write_standing(standing: Option<Out<ampoule_standing>>, is: Standing) {
    if let Some(out) = standing {
        out.write(ampoule_standing::of(is));
    }
}

/// Ends such a contradiction: with fresh keys for all whom both histories know, but for those who leave, an array of so many
/// handles. `standing` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_resolve_fork(
    chart: *const ampoule_chart,
    leaving: *const *const ampoule_contact,
    leaving_count: usize,
    standing: *mut ampoule_standing,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::wanted(standing);
        let contacts = contacts_of(leaving, leaving_count)?;
        let leaving: Vec<&Contact> = contacts.iter().map(|contact| &contact.0).collect();
        write_standing(out, handles::get(chart)?.0.resolve_fork(&leaving)?);
        Ok(())
    })
}

/// What an array of handles names.
///
/// # Safety
/// `contacts` is NULL or points to so many handles.
unsafe fn contacts_of(
    contacts: *const *const ampoule_contact,
    count: usize,
) -> Result<Vec<Arc<ampoule_contact>>, ampoule_status> {
    // SAFETY: the caller's.
    unsafe { values(contacts, count) }?.into_iter().map(handles::get).collect()
}

/// Makes this vault the one that administers the chart, and records what custodians change. Only a custodian's vault can.
/// `standing` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_administer_here(
    chart: *const ampoule_chart,
    standing: *mut ampoule_standing,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::wanted(standing);
        write_standing(out, handles::get(chart)?.0.administer_here()?);
        Ok(())
    })
}

/// How many changes of the sharing that were made here wait for the vault that administers the chart: export to its owner, and
/// import what he sends back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_waiting(chart: *const ampoule_chart, count: *mut usize) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(chart)?.0.waiting()?);
        Ok(())
    })
}
