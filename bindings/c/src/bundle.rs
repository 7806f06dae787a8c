//! Bundles: a chart on its way to somebody else's vault.

use crate::buffer::ampoule_buffer;
use crate::chart::ampoule_chart;
use crate::contact::ampoule_contact;
use crate::ids::ampoule_chart_id;
use crate::memory::{Out, bytes, text};
use crate::status::ampoule_status;
use crate::vault::ampoule_vault;
use crate::{boundary, handles};
use ampoule::{Applied, Cursor, Label, Scope};
use std::ffi::c_char;

/// What an import did.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_applied {
    /// The chart.
    pub chart: ampoule_chart_id,
    /// Versions that are new, and read from now on.
    pub added: u64,
    /// Entries that now have versions in conflict, among those that are new.
    pub conflicts: u64,
    /// Versions that are new and kept apart until a custodian decides.
    pub quarantined: u64,
    /// Versions that were read here before, and are disputed now.
    pub disputed: u64,
    /// Versions that did not open, or whose author never had the right to write them.
    pub rejected: u64,
    /// Places among the new versions where others by the same author are missing.
    pub gaps: u64,
    /// New versions of a device that had written another in the same place.
    pub repeated: u64,
    /// Versions that the sender had and does not have any more, at least.
    pub withheld: u64,
    /// Changes of the sharing that another custodian proposed, and that this vault has recorded.
    pub recorded: u64,
    /// Changes that were proposed here, and are recorded now.
    pub confirmed: u64,
    /// Changes that were proposed here, and were given up because somebody else had decided otherwise.
    pub superseded: u64,
    /// The sender's history is another than he had proven before: see `docs/INCIDENTS.md`.
    pub contradicted: bool,
    /// There are two histories of the chart's sharing that contradict each other.
    pub forked: bool,
}

/// What a contact may see of a chart and does not have yet, sealed for him: for any courier, who can take nothing out.
///
/// `cursor` is what an import there gave as `next`, or NULL with length 0 for everything.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_export(
    chart: *const ampoule_chart,
    to: *const ampoule_contact,
    cursor: *const u8,
    cursor_len: usize,
    bundle: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(bundle)?;
        let since = cursor_of(bytes(cursor, cursor_len)?)?;
        let bundle = handles::get(chart)?.0.export(&handles::get(to)?.0, since)?;
        out.write(ampoule_buffer::of(bundle)?);
        Ok(())
    })
}

/// As `ampoule_chart_export`, of these labels only, one a line as `ampoule_chart_labels` gives them. With none of them it is
/// `AMPOULE_STATUS_INVALID_LABEL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_export_labels(
    chart: *const ampoule_chart,
    to: *const ampoule_contact,
    cursor: *const u8,
    cursor_len: usize,
    labels: *const c_char,
    labels_len: usize,
    bundle: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(bundle)?;
        let since = cursor_of(bytes(cursor, cursor_len)?)?;
        let scope = Scope::labels(labels_of(text(labels, labels_len)?)?);
        let bundle = handles::get(chart)?.0.export_scope(&handles::get(to)?.0, since, &scope)?;
        out.write(ampoule_buffer::of(bundle)?);
        Ok(())
    })
}

fn cursor_of(bytes: &[u8]) -> Result<Cursor, ampoule_status> {
    if bytes.is_empty() { Ok(Cursor::START) } else { Ok(Cursor::from_bytes(bytes)?) }
}

/// Labels, one a line.
pub(crate) fn labels_of(lines: &str) -> Result<Vec<Label>, ampoule_status> {
    let labels: Vec<Label> = lines.lines().map(Label::new).collect::<Result<_, _>>()?;
    if labels.is_empty() { Err(ampoule_status::InvalidLabel) } else { Ok(labels) }
}

/// Takes a bundle in: verifies all of it, and adds what is new in one transaction. A second time it changes nothing.
///
/// `next` receives where the sender's next bundle goes on, to be given to him. `missing` receives the versions of files whose
/// content is not here, 16 bytes each: an array of `ampoule_version_id`. Both may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_import(
    vault: *const ampoule_vault,
    bundle: *const u8,
    bundle_len: usize,
    applied: *mut ampoule_applied,
    next: *mut ampoule_buffer,
    missing: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(applied)?;
        let (next, missing) = (Out::wanted(next), Out::wanted(missing));
        let done = handles::get(vault)?.0.import(bytes(bundle, bundle_len)?)?;
        let cursor = next.is_some().then(|| ampoule_buffer::of(done.next.to_bytes())).transpose()?;
        let ids = done.missing_blobs.iter().map(|id| *id.as_bytes());
        let files = missing.is_some().then(|| ampoule_buffer::of_ids(ids)).transpose()?;
        out.write(applied_of(&done));
        for (out, buffer) in [(next, cursor), (missing, files)] {
            if let (Some(out), Some(buffer)) = (out, buffer) {
                out.write(buffer);
            }
        }
        Ok(())
    })
}

fn applied_of(done: &Applied) -> ampoule_applied {
    ampoule_applied {
        chart: done.chart.into(),
        added: done.added,
        conflicts: done.conflicts,
        quarantined: done.quarantined,
        disputed: done.disputed,
        rejected: done.rejected,
        gaps: done.gaps,
        repeated: done.repeated,
        withheld: done.withheld,
        recorded: done.recorded,
        confirmed: done.confirmed,
        superseded: done.superseded,
        contradicted: done.contradicted,
        forked: done.forked,
    }
}
