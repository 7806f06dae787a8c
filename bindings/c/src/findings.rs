//! What is not as it should be, one by one.

use crate::callback::{ampoule_progress, progress_of};
use crate::chart::ampoule_chart;
use crate::ids::{ampoule_chart_id, ampoule_contact_id, ampoule_device_id, ampoule_entry_id, ampoule_version_id};
use crate::memory::{Out, lend, text};
use crate::status::ampoule_status;
use crate::vault::ampoule_vault;
use crate::verify::{ampoule_report, report_of};
use crate::{boundary, handles};
use ampoule::{ChartId, EntryId, Finding, NotHere, VersionId};
use std::ffi::{c_char, c_void};

/// What is not as it should be. `docs/INCIDENTS.md` says what to do about each.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ampoule_finding_kind {
    /// A chart whose keys or sharing records do not verify: none of it can be read. `status` says why.
    Chart = 1,
    /// A version that is damaged; the others can be read.
    Entry = 2,
    /// There are two histories of the chart's sharing that contradict each other: `ampoule_chart_resolve_fork`.
    Forked = 3,
    /// Versions are missing by the author of this one, written just before it.
    Gap = 4,
    /// The device that wrote this version had written another in the same place.
    Repeated = 5,
    /// A contact that is damaged; add its card and verify it again.
    Contact = 6,
    /// Contacts are missing, or there are some that were not there.
    Contacts = 7,
    /// The list of charts is not whole.
    Charts = 8,
    /// A part of the directory of patients is damaged.
    Directory = 9,
    /// The end of the directory of patients is missing, or something was added to it.
    DirectoryEnd = 10,
    /// The log of a device is damaged, or is not the newest.
    Log = 11,
    /// The vault's own state is not the newest.
    State = 12,
    /// Some of the devices that are in use no more are missing.
    RetiredDevices = 13,
    /// A version that a sender's bundles prove to be in what they brought, and that the sender himself has lost.
    Withheld = 14,
    /// What was noted of the bundles of a chart is missing or not the newest.
    Bundles = 15,
    /// A sender's bundles contradict each other: ask him, then `ampoule_chart_settle_bundles`.
    Contradicted = 16,
    /// The content of a file that was written by this vault's owner is missing.
    MissingContent = 17,
    /// The content of a file is here and is not what its author described.
    DamagedContent = 18,
    /// A version that is missing from the store.
    Missing = 19,
}

/// Something that is not as it should be. What it is not about is zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_finding {
    /// What.
    pub kind: ampoule_finding_kind,
    /// Of a chart that cannot be read: why, an `ampoule_status`.
    pub status: u32,
    /// The chart.
    pub chart: ampoule_chart_id,
    /// The entry.
    pub entry: ampoule_entry_id,
    /// The version.
    pub version: ampoule_version_id,
    /// The contact.
    pub contact: ampoule_contact_id,
    /// The device.
    pub device: ampoule_device_id,
}

/// Something of a chart that is not in this vault, and is no fault.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ampoule_absence {
    /// Labels that this vault was not granted: `number` of them.
    OutsideScope = 1,
    /// What had a label before this vault was granted it, without its history.
    BeforeGrant = 2,
    /// The content of a file by somebody else: it never came, or is gone again.
    Content = 3,
    /// What has a label that this vault may read, and that was left out of a sender's bundles: `number` versions at most.
    NotFetched = 4,
}

/// Something that is not here. What it is not about is zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_not_here {
    /// What.
    pub kind: ampoule_absence,
    /// The chart.
    pub chart: ampoule_chart_id,
    /// The entry.
    pub entry: ampoule_entry_id,
    /// The version.
    pub version: ampoule_version_id,
    /// How many.
    pub number: u64,
}

/// What was found, in an order that stays. It does not change. Any thread.
pub struct ampoule_findings {
    findings: Vec<Finding>,
    not_here: Vec<NotHere>,
}

/// As `ampoule_vault_verify`, with what was found, one by one. `progress` is called on this thread with `ctx`, and told how many
/// versions were checked; it may be NULL, and so may `report`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_verify_in_detail(
    vault: *const ampoule_vault,
    progress: ampoule_progress,
    ctx: *mut c_void,
    report: *mut ampoule_report,
    findings: *mut *mut ampoule_findings,
) -> ampoule_status {
    boundary::call(|| {
        let (out, report_out) = (Out::at(findings)?, Out::wanted(report));
        let found = handles::get(vault)?.0.verify_with(progress_of(progress, ctx))?;
        let report = report_of(&found);
        let ampoule::Report { charts: _, versions: _, files: _, findings, not_here } = found;
        out.write(handles::open(ampoule_findings { findings, not_here })?);
        if let Some(out) = report_out {
            out.write(report);
        }
        Ok(())
    })
}

/// What is not as it should be in a chart, and what of it is not here, as far as it shows without opening its versions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_findings(
    chart: *const ampoule_chart,
    findings: *mut *mut ampoule_findings,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(findings)?;
        let chart = handles::get(chart)?;
        let (findings, not_here) = (chart.0.findings()?, chart.0.not_here()?);
        out.write(handles::open(ampoule_findings { findings, not_here })?);
        Ok(())
    })
}

/// How much is not as it should be.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_findings_count(
    findings: *const ampoule_findings,
    count: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(findings)?.findings.len());
        Ok(())
    })
}

/// One of it, from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_findings_at(
    findings: *const ampoule_findings,
    place: usize,
    finding: *mut ampoule_finding,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(finding)?;
        let findings = handles::get(findings)?;
        out.write(finding_of(findings.findings.get(place).ok_or(ampoule_status::OutOfRange)?));
        Ok(())
    })
}

/// How much is not here, and need not be.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_findings_not_here_count(
    findings: *const ampoule_findings,
    count: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(findings)?.not_here.len());
        Ok(())
    })
}

/// One of it, from 0, with its label, or no bytes where it has none: text of the list's own, there until it is closed, and not ended
/// by a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_findings_not_here_at(
    findings: *const ampoule_findings,
    place: usize,
    not_here: *mut ampoule_not_here,
    label: *mut *const c_char,
    label_len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, label_out, len_out) = (Out::at(not_here)?, Out::at(label)?, Out::at(label_len)?);
        let findings = handles::get(findings)?;
        let (absent, label) = absence_of(findings.not_here.get(place).ok_or(ampoule_status::OutOfRange)?);
        out.write(absent);
        lend(label, label_out, len_out);
        Ok(())
    })
}

/// Says that the chart is handed out in the clear, to whom and why: an event of the audit, before anything is read. Up to 1024
/// bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_note_export(
    chart: *const ampoule_chart,
    reason: *const c_char,
    reason_len: usize,
) -> ampoule_status {
    boundary::call(|| Ok(handles::get(chart)?.0.note_export(text(reason, reason_len)?)?))
}

/// Says that somebody looked into what contradicted earlier bundles of the chart, with the outcome. Up to 1024 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_settle_bundles(
    chart: *const ampoule_chart,
    reason: *const c_char,
    reason_len: usize,
) -> ampoule_status {
    boundary::call(|| Ok(handles::get(chart)?.0.settle_bundles(text(reason, reason_len)?)?))
}

/// Without a wildcard: what the library may find more is mapped here, or nothing compiles.
fn finding_of(finding: &Finding) -> ampoule_finding {
    use ampoule_finding_kind as Kind;
    let of_version = |kind, chart: &ChartId, entry: &EntryId, version: &VersionId| ampoule_finding {
        entry: (*entry).into(),
        version: (*version).into(),
        ..of_chart(kind, chart)
    };
    match finding {
        Finding::Chart { chart, error } => {
            ampoule_finding { status: ampoule_status::from(error.clone()) as u32, ..of_chart(Kind::Chart, chart) }
        }
        Finding::Entry { chart, entry, version } => of_version(Kind::Entry, chart, entry, version),
        Finding::Forked { chart } => of_chart(Kind::Forked, chart),
        Finding::Gap { chart, entry, version } => of_version(Kind::Gap, chart, entry, version),
        Finding::Repeated { chart, entry, version } => of_version(Kind::Repeated, chart, entry, version),
        Finding::Contact { contact } => ampoule_finding { contact: (*contact).into(), ..of_vault(Kind::Contact) },
        Finding::Contacts => of_vault(Kind::Contacts),
        Finding::Charts => of_vault(Kind::Charts),
        Finding::Directory => of_vault(Kind::Directory),
        Finding::DirectoryEnd => of_vault(Kind::DirectoryEnd),
        Finding::Log { device } => ampoule_finding { device: (*device).into(), ..of_vault(Kind::Log) },
        Finding::State => of_vault(Kind::State),
        Finding::RetiredDevices => of_vault(Kind::RetiredDevices),
        Finding::Withheld { chart, entry, version } => of_version(Kind::Withheld, chart, entry, version),
        Finding::Bundles { chart } => of_chart(Kind::Bundles, chart),
        Finding::Contradicted { chart, contact, device } => {
            let contact = contact.map_or(ampoule_contact_id { bytes: [0; 16] }, Into::into);
            ampoule_finding { contact, device: (*device).into(), ..of_chart(Kind::Contradicted, chart) }
        }
        Finding::MissingContent { chart, entry, version } => of_version(Kind::MissingContent, chart, entry, version),
        Finding::DamagedContent { chart, entry, version } => of_version(Kind::DamagedContent, chart, entry, version),
        Finding::Missing { chart, entry, version } => of_version(Kind::Missing, chart, entry, version),
    }
}

fn of_vault(kind: ampoule_finding_kind) -> ampoule_finding {
    ampoule_finding {
        kind,
        status: 0,
        chart: ampoule_chart_id { bytes: [0; 32] },
        entry: ampoule_entry_id { bytes: [0; 16] },
        version: ampoule_version_id { bytes: [0; 16] },
        contact: ampoule_contact_id { bytes: [0; 16] },
        device: ampoule_device_id { bytes: [0; 32] },
    }
}

fn of_chart(kind: ampoule_finding_kind, chart: &ChartId) -> ampoule_finding {
    ampoule_finding { chart: (*chart).into(), ..of_vault(kind) }
}

fn absence_of(not_here: &NotHere) -> (ampoule_not_here, &str) {
    let absent = |kind, chart: &ChartId, number| ampoule_not_here {
        kind,
        chart: (*chart).into(),
        entry: ampoule_entry_id { bytes: [0; 16] },
        version: ampoule_version_id { bytes: [0; 16] },
        number,
    };
    match not_here {
        NotHere::OutsideScope { chart, labels } => (absent(ampoule_absence::OutsideScope, chart, *labels), ""),
        NotHere::BeforeGrant { chart, label } => (absent(ampoule_absence::BeforeGrant, chart, 0), label.as_str()),
        NotHere::Content { chart, entry, version } => {
            let absent = absent(ampoule_absence::Content, chart, 0);
            (ampoule_not_here { entry: (*entry).into(), version: (*version).into(), ..absent }, "")
        }
        NotHere::NotFetched { chart, label, versions } => {
            (absent(ampoule_absence::NotFetched, chart, *versions), label.as_str())
        }
    }
}
