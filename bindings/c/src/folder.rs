//! Folders: of files, and of a chart that leaves in the clear.

use crate::callback::{ampoule_progress, progress_of};
use crate::chart::ampoule_chart;
use crate::ids::ampoule_entry_id;
use crate::memory::{Out, lend, text};
use crate::record::ampoule_record;
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::{EntryId, Error};
use fhir::FolderError;
use std::ffi::{c_char, c_void};
use std::path::PathBuf;

/// What became of each file of a folder, in order. It does not change. Any thread.
pub struct ampoule_outcomes(Vec<Outcome>);

struct Outcome {
    path: String,
    entry: Option<EntryId>,
    error: Option<Error>,
}

/// Puts each file of a folder, and of the folders in it, into the chart, with its path from there as its name. Links are not
/// followed. `info` is a record without content: its media type, label and terms are those of all the files. `progress` is called
/// on this thread with `ctx` and how many bytes were taken so far in all, and may be NULL.
///
/// What became of each file is in `outcomes`: a failure that is of one file alone lets the others in, another one is the last. What
/// was put before stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_import_folder(
    chart: *const ampoule_chart,
    info: *const ampoule_record,
    folder: *const c_char,
    folder_len: usize,
    progress: ampoule_progress,
    ctx: *mut c_void,
    outcomes: *mut *mut ampoule_outcomes,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(outcomes)?;
        let (chart, info) = (handles::get(chart)?, handles::get(info)?.file_info()?);
        let folder = text(folder, folder_len)?;
        let done = chart.0.import_dir(folder, |_| info.clone(), progress_of(progress, ctx))?;
        let outcomes = done.into_iter().map(|(path, put)| outcome(&path, put.as_ref().ok().copied(), put.err()));
        out.write(handles::open(ampoule_outcomes(outcomes.collect()))?);
        Ok(())
    })
}

/// Writes each file of the chart into a folder, under its name as a path from there, or under its id where it has none. Nothing is
/// written over, nothing outside of the folder, and no link in it is followed. `progress` and `outcomes` are as for
/// `ampoule_chart_import_folder`. It is not noted as an export in the clear: see `ampoule_chart_note_export`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_export_folder(
    chart: *const ampoule_chart,
    folder: *const c_char,
    folder_len: usize,
    progress: ampoule_progress,
    ctx: *mut c_void,
    outcomes: *mut *mut ampoule_outcomes,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(outcomes)?;
        let done = handles::get(chart)?.0.export_dir(text(folder, folder_len)?, progress_of(progress, ctx))?;
        let outcomes = done.into_iter().map(|(entry, written)| {
            let path = written.as_ref().map_or_else(|_| PathBuf::new(), Clone::clone);
            outcome(&path, Some(entry), written.err())
        });
        out.write(handles::open(ampoule_outcomes(outcomes.collect()))?);
        Ok(())
    })
}

fn outcome(path: &std::path::Path, entry: Option<EntryId>, error: Option<Error>) -> Outcome {
    Outcome { path: path.to_string_lossy().into_owned(), entry, error }
}

/// How many files there were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_outcomes_count(
    outcomes: *const ampoule_outcomes,
    count: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(outcomes)?.0.len());
        Ok(())
    })
}

/// What became of one of them, from 0: an `ampoule_status`, its entry, which is zero where it was not put, and its path, which is
/// empty where it was not written. The path is text of the list's own, there until it is closed, and not ended by a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_outcomes_at(
    outcomes: *const ampoule_outcomes,
    place: usize,
    outcome: *mut u32,
    entry: *mut ampoule_entry_id,
    path: *mut *const c_char,
    path_len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, entry_out) = (Out::at(outcome)?, Out::at(entry)?);
        let (path_out, len_out) = (Out::at(path)?, Out::at(path_len)?);
        let outcomes = handles::get(outcomes)?;
        let Outcome { path, entry, error } = outcomes.0.get(place).ok_or(ampoule_status::OutOfRange)?;
        out.write(error.clone().map_or(ampoule_status::Ok, ampoule_status::from) as u32);
        entry_out.write(entry.map_or(ampoule_entry_id { bytes: [0; 16] }, Into::into));
        lend(path, path_out, len_out);
        Ok(())
    })
}

/// What was written to a folder, and what was not.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_exported {
    /// Records, FHIR resources and others.
    pub records: u64,
    /// Files.
    pub files: u64,
    /// Messages.
    pub messages: u64,
    /// Labels of the chart that this vault was not granted: how many, whatever has them.
    pub labels_not_granted: u64,
    /// Entries that are damaged, or in a newer format. A message may count twice.
    pub unreadable: u64,
    /// Files whose content is not here.
    pub content_not_here: u64,
    /// Versions that are kept apart.
    pub kept_apart: u64,
}

/// Writes a chart to a new folder for its patient, in the clear: a FHIR Bundle, files, and a page for any browser. The reason is an
/// event of the audit, before anything is read; up to 1024 bytes. `progress` is called on this thread with `ctx`, and may be NULL. Where it
/// fails or is ended, nothing is kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_export_for_patient(
    chart: *const ampoule_chart,
    reason: *const c_char,
    reason_len: usize,
    folder: *const c_char,
    folder_len: usize,
    progress: ampoule_progress,
    ctx: *mut c_void,
    exported: *mut ampoule_exported,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(exported)?;
        let (reason, folder) = (text(reason, reason_len)?, text(folder, folder_len)?);
        let chart = &handles::get(chart)?.0;
        let done = fhir::export_chart_with(chart, reason, folder, progress_of(progress, ctx))?;
        out.write(ampoule_exported {
            records: done.records,
            files: done.files,
            messages: done.messages,
            labels_not_granted: done.left_out.labels_not_granted,
            unreadable: done.left_out.unreadable,
            content_not_here: done.left_out.content_not_here,
            kept_apart: done.left_out.kept_apart,
        });
        Ok(())
    })
}

/// Takes in what `ampoule_chart_export_for_patient` wrote, with the bytes and under the labels that it had: how many records and files
/// there are now. Nothing is put twice. The folder proves nothing of its origin. `progress` is called on this thread with `ctx`, and told
/// how many bytes were read, each of them twice; it may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_import_from_patient(
    chart: *const ampoule_chart,
    folder: *const c_char,
    folder_len: usize,
    progress: ampoule_progress,
    ctx: *mut c_void,
    records: *mut u64,
    files: *mut u64,
) -> ampoule_status {
    boundary::call(|| {
        let (out, files_out) = (Out::at(records)?, Out::at(files)?);
        let (chart, folder) = (&handles::get(chart)?.0, text(folder, folder_len)?);
        let done = fhir::import_chart_with(chart, folder, progress_of(progress, ctx))?;
        out.write(done.records);
        files_out.write(done.files);
        Ok(())
    })
}

impl From<FolderError> for ampoule_status {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Exists => Self::FileExists,
            FolderError::CannotWrite(_) => Self::CannotWrite,
            FolderError::CannotRead(_) => Self::CannotRead,
            FolderError::NewerFormat => Self::NewerFormat,
            FolderError::TooLarge { limit: _ } => Self::TooLong,
            FolderError::Fhir(_) => Self::NotFhir,
            FolderError::Chart(error) => error.into(),
            FolderError::Random => Self::NoRandomness,
            // A list that is none, and what is not what it says; and what the adapter adds is no better.
            _ => Self::NotFolder,
        }
    }
}
