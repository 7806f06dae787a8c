//! Opening everything, and doing what is due.

use crate::ids::ampoule_chart_id;
use crate::memory::Out;
use crate::status::ampoule_status;
use crate::vault::ampoule_vault;
use crate::{boundary, handles};
use ampoule::{Due, Report};

/// What `ampoule_vault_verify` saw.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_report {
    /// Charts that were looked at.
    pub charts: u64,
    /// Versions of entries that were opened.
    pub versions: u64,
    /// Contents of files that were read to their end.
    pub files: u64,
    /// What is wrong. Other than 0 calls for `docs/INCIDENTS.md`.
    pub findings: u64,
    /// What is not here for a reason that is known, such as a label that was not granted.
    pub not_here: u64,
}

/// Opens everything that the vault holds, and says what is damaged or missing: how much of it. `ampoule_vault_verify_in_detail`
/// has it one by one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_verify(
    vault: *const ampoule_vault,
    report: *mut ampoule_report,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(report)?;
        out.write(report_of(&handles::get(vault)?.0.verify()?));
        Ok(())
    })
}

pub(crate) fn report_of(found: &Report) -> ampoule_report {
    let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
    ampoule_report {
        charts: found.charts,
        versions: found.versions,
        files: found.files,
        findings: count(found.findings.len()),
        not_here: count(found.not_here.len()),
    }
}

/// Something that is due.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ampoule_due_kind {
    /// Grants whose end date has passed: `number` members have none that lasts.
    EndedGrants = 1,
    /// A chart whose stored index is damaged, and is derived anew each time that the chart is opened.
    DamagedIndex = 2,
    /// Entries, `number` of them, that this device sealed with keys that had been replaced.
    LateEntries = 3,
}

/// Something that is due, in a chart.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_due {
    /// What.
    pub kind: ampoule_due_kind,
    /// The chart.
    pub chart: ampoule_chart_id,
    /// How many.
    pub number: usize,
}

/// What is due, or was. It does not change. Any thread.
pub struct ampoule_dues(Vec<Due>);

/// What is due now; `ampoule_vault_run_maintenance` does it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_maintenance(
    vault: *const ampoule_vault,
    dues: *mut *mut ampoule_dues,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(dues)?;
        let due = handles::get(vault)?.0.maintenance()?;
        out.write(handles::open(ampoule_dues(due))?);
        Ok(())
    })
}

/// How much is due.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_dues_count(dues: *const ampoule_dues, count: *mut usize) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(dues)?.0.len());
        Ok(())
    })
}

/// One of it, from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_dues_at(
    dues: *const ampoule_dues,
    place: usize,
    due: *mut ampoule_due,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(due)?;
        let dues = handles::get(dues)?;
        let (kind, chart, number) = match dues.0.get(place).ok_or(ampoule_status::OutOfRange)? {
            Due::EndedGrants { chart, members } => (ampoule_due_kind::EndedGrants, chart, *members),
            Due::DamagedIndex { chart } => (ampoule_due_kind::DamagedIndex, chart, 1),
            Due::LateEntries { chart, entries } => (ampoule_due_kind::LateEntries, chart, *entries),
        };
        out.write(ampoule_due { kind, chart: (*chart).into(), number });
        Ok(())
    })
}

/// Does what is due: ended grants, damaged indexes, entries that came late. Returns how much of it was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_run_maintenance(
    vault: *const ampoule_vault,
    done: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(done)?;
        out.write(handles::get(vault)?.0.run_maintenance()?.len());
        Ok(())
    })
}
