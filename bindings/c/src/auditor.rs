//! What others hold a vault against: audits that it shows, and witnesses of its log.

use crate::buffer::ampoule_buffer;
use crate::contact::ampoule_contact;
use crate::ids::{ampoule_chart_id, ampoule_device_id};
use crate::memory::{Out, array, bytes, lend, text, value};
use crate::status::ampoule_status;
use crate::vault::ampoule_vault;
use crate::{boundary, handles};
use ampoule::{AuditReport, Witness};
use std::ffi::c_char;

/// Shows a verified contact the events of a chart: a file for any courier, signed, and sealed to the contact's card. It opens
/// nothing else, neither the chart nor events of other charts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_export_audit(
    vault: *const ampoule_vault,
    to: *const ampoule_contact,
    chart: *const ampoule_chart_id,
    file: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(file)?;
        let (to, chart) = (handles::get(to)?, value(chart)?.into());
        let file = handles::get(vault)?.0.export_audit_to(&to.0, &chart)?;
        out.write(ampoule_buffer::of(file)?);
        Ok(())
    })
}

/// The events of a chart, as a vault showed them. It does not change. Any thread.
pub struct ampoule_audit_report(AuditReport);

/// What an audit report says of itself.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_audit_info {
    /// The chart.
    pub chart: ampoule_chart_id,
    /// When it was made, in milliseconds since 1970, by the vault's clock.
    pub time_ms: i64,
    /// How many devices, and so logs, the vault has.
    pub logs: usize,
}

/// Opens what `ampoule_vault_export_audit` of a verified contact's vault made for this one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_read_audit(
    vault: *const ampoule_vault,
    file: *const u8,
    file_len: usize,
    report: *mut *mut ampoule_audit_report,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(report)?;
        let read = handles::get(vault)?.0.read_audit(bytes(file, file_len)?)?;
        out.write(handles::open(ampoule_audit_report(read))?);
        Ok(())
    })
}

/// What an audit report says of itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_audit_report_get_info(
    report: *const ampoule_audit_report,
    info: *mut ampoule_audit_info,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(info)?;
        let AuditReport { chart, from: _, time_ms, logs, lines: _ } = &handles::get(report)?.0;
        out.write(ampoule_audit_info { chart: (*chart).into(), time_ms: *time_ms, logs: logs.len() });
        Ok(())
    })
}

/// Whose vault it is: a verified contact, who signed the events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_audit_report_from(
    report: *const ampoule_audit_report,
    contact: *mut *mut ampoule_contact,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(contact)?;
        let from = handles::get(report)?.0.from.clone();
        out.write(handles::open(ampoule_contact(from))?);
        Ok(())
    })
}

/// The events, lines of JSON as those of `ampoule_vault_audit`: the report's own text, there until it is closed, and not ended by a
/// zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_audit_report_lines(
    report: *const ampoule_audit_report,
    lines: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(lines)?, Out::at(len)?);
        lend(&handles::get(report)?.0.lines, out, out_len);
        Ok(())
    })
}

/// One of the logs, from 0: its device, and how many leaves it had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_audit_report_log(
    report: *const ampoule_audit_report,
    place: usize,
    device: *mut ampoule_device_id,
    leaves: *mut u64,
) -> ampoule_status {
    boundary::call(|| {
        let (out, leaves_out) = (Out::at(device)?, Out::at(leaves)?);
        let report = handles::get(report)?;
        let (device, leaves) = *report.0.logs.get(place).ok_or(ampoule_status::OutOfRange)?;
        out.write(device.into());
        leaves_out.write(leaves);
        Ok(())
    })
}

/// Whether nothing is missing here that an earlier report of the same chart by the same vault told: the auditor keeps each report,
/// and holds the next against it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_audit_report_follows(
    report: *const ampoule_audit_report,
    earlier: *const ampoule_audit_report,
    follows: *mut bool,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(follows)?;
        let earlier = handles::get(earlier)?;
        out.write(handles::get(report)?.0.follows(&earlier.0));
        Ok(())
    })
}

/// The signed head of this device's log, for a witness to sign as well: a checkpoint in the form of C2SP tlog-checkpoint.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_checkpoint(
    vault: *const ampoule_vault,
    checkpoint: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(checkpoint)?;
        out.write(ampoule_buffer::of(handles::get(vault)?.0.checkpoint()?)?);
        Ok(())
    })
}

/// Takes a checkpoint that a witness has cosigned (C2SP tlog-cosignature), and holds the store against it. The witness is known by
/// his name and his Ed25519 key of 32 bytes, as he published them; others are `AMPOULE_STATUS_INVALID_VALUE`.
///
/// Gives whether he signed it, and when he saw it, in seconds since 1970, or 0. It is `AMPOULE_STATUS_WITHHELD` where the store shows
/// an older log, or another, and `AMPOULE_STATUS_WRONG_CHECKPOINT` where it is of another log, or a signature does not verify.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_witnessed(
    vault: *const ampoule_vault,
    checkpoint: *const u8,
    checkpoint_len: usize,
    witness: *const c_char,
    witness_len: usize,
    key: *const u8,
    key_len: usize,
    signed: *mut bool,
    seen_s: *mut u64,
) -> ampoule_status {
    boundary::call(|| {
        let (signed_out, out) = (Out::at(signed)?, Out::at(seen_s)?);
        let witness = Witness::new(text(witness, witness_len)?, array(key, key_len)?);
        let witness = witness.map_err(|_| ampoule_status::InvalidValue)?;
        let seen = handles::get(vault)?.0.witnessed(bytes(checkpoint, checkpoint_len)?, &witness)?;
        signed_out.write(seen.is_some());
        out.write(seen.unwrap_or(0));
        Ok(())
    })
}
