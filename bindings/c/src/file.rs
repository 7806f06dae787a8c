//! Files: pushed in pieces or taken from a path, pulled at any place or written to a path.

use crate::buffer::ampoule_buffer;
use crate::callback::{ampoule_progress, progress_of};
use crate::chart::ampoule_chart;
use crate::entry::ampoule_entry;
use crate::ids::{ampoule_entry_id, ampoule_version_id};
use crate::memory::{Out, bytes, text, to_fill, value};
use crate::record::ampoule_record;
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::{FileReader, FileWriter, Preview};
use std::ffi::{c_char, c_void};
use std::fs::File;
use std::sync::{Mutex, PoisonError};

/// A file that is being written. Closed before `ampoule_file_writer_finish`, it leaves nothing. It takes the bytes of one
/// thread after the other, in the order in which they come.
pub struct ampoule_file_writer(Mutex<Option<FileWriter>>);

/// A version of a file, to be read at any place. No byte is released before it was decrypted, authenticated and proven to be
/// what the author signed. Any thread; they wait for one another.
pub struct ampoule_file(Mutex<FileReader>);

impl ampoule_file {
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut FileReader) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ampoule_file_writer {
    fn open(writer: FileWriter) -> Result<*mut Self, ampoule_status> {
        handles::open(Self(Mutex::new(Some(writer))))
    }
}

/// Seals what is at a path as a file, of any length. On disk when this returns; when it fails, nothing is left.
///
/// `info` is a record without content: its media type, name, label, terms and preview are those of the file. `progress` is
/// called on this thread with `ctx`, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_put_path(
    chart: *const ampoule_chart,
    info: *const ampoule_record,
    path: *const c_char,
    path_len: usize,
    progress: ampoule_progress,
    ctx: *mut c_void,
    entry: *mut ampoule_entry_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(entry)?;
        let (chart, info) = (handles::get(chart)?, handles::get(info)?.file_info()?);
        let content = File::open(text(path, path_len)?).map_err(|_| ampoule_status::CannotRead)?;
        out.write(chart.0.put_file_with(&info, content, progress_of(progress, ctx))?.into());
        Ok(())
    })
}

/// As `ampoule_chart_put_path`, once for each key: a repeated request gives the entry of the first, and reads nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_put_path_once(
    chart: *const ampoule_chart,
    key: *const c_char,
    key_len: usize,
    info: *const ampoule_record,
    path: *const c_char,
    path_len: usize,
    progress: ampoule_progress,
    ctx: *mut c_void,
    entry: *mut ampoule_entry_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(entry)?;
        let (chart, key, info) = (handles::get(chart)?, text(key, key_len)?, handles::get(info)?.file_info()?);
        let content = File::open(text(path, path_len)?).map_err(|_| ampoule_status::CannotRead)?;
        out.write(chart.0.put_file_once_with(key, &info, content, progress_of(progress, ctx))?.into());
        Ok(())
    })
}

/// Begins a file, whose bytes `ampoule_file_writer_update` takes. `info` is as for `ampoule_chart_put_path`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_create_file(
    chart: *const ampoule_chart,
    info: *const ampoule_record,
    writer: *mut *mut ampoule_file_writer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(writer)?;
        let info = handles::get(info)?.file_info()?;
        out.write(ampoule_file_writer::open(handles::get(chart)?.0.create_file(&info)?)?);
        Ok(())
    })
}

/// Begins a version of a file that replaces the current one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_create_file_version(
    chart: *const ampoule_chart,
    entry: *const ampoule_entry_id,
    info: *const ampoule_record,
    writer: *mut *mut ampoule_file_writer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(writer)?;
        let info = handles::get(info)?.file_info()?;
        let made = handles::get(chart)?.0.create_file_version(&value(entry)?.into(), &info)?;
        out.write(ampoule_file_writer::open(made)?);
        Ok(())
    })
}

/// Takes the next bytes, as many as suit the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_file_writer_update(
    writer: *const ampoule_file_writer,
    content: *const u8,
    content_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let (writer, content) = (handles::get(writer)?, bytes(content, content_len)?);
        let mut writer = writer.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(writer.as_mut().ok_or(ampoule_status::Cancelled)?.update(content)?)
    })
}

/// Makes the content durable, then stores the entry of the file. Gives the entry, and the version that it has now, which may be
/// NULL. The writer takes nothing after that, and is still to be closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_file_writer_finish(
    writer: *const ampoule_file_writer,
    entry: *mut ampoule_entry_id,
    version: *mut ampoule_version_id,
) -> ampoule_status {
    boundary::call(|| {
        let (out, version_out) = (Out::at(entry)?, Out::wanted(version));
        let writer = handles::get(writer)?;
        let taken = writer.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (entry, version) = taken.ok_or(ampoule_status::Cancelled)?.finish()?;
        out.write(entry.into());
        if let Some(out) = version_out {
            out.write(version.into());
        }
        Ok(())
    })
}

/// Gives up a file that was begun: nothing of it is left. The writer is still to be closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_file_writer_abandon(writer: *const ampoule_file_writer) -> ampoule_status {
    boundary::call(|| {
        let writer = handles::get(writer)?;
        drop(writer.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(())
    })
}

/// Opens the current version of a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_file(
    chart: *const ampoule_chart,
    entry: *const ampoule_entry_id,
    file: *mut *mut ampoule_file,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(file)?;
        let reader = handles::get(chart)?.0.file(&value(entry)?.into())?;
        out.write(handles::open(ampoule_file(Mutex::new(reader)))?);
        Ok(())
    })
}

/// Opens one version of a file, current or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_file_version(
    chart: *const ampoule_chart,
    version: *const ampoule_version_id,
    file: *mut *mut ampoule_file,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(file)?;
        let reader = handles::get(chart)?.0.file_version(&value(version)?.into())?;
        out.write(handles::open(ampoule_file(Mutex::new(reader)))?);
        Ok(())
    })
}

/// Length of the content in bytes, as the author signed it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_file_len(file: *const ampoule_file, len: *mut u64) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(len)?;
        out.write(handles::get(file)?.with(|file| file.len()));
        Ok(())
    })
}

/// The version that is read: name, media type, author and the rest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_file_entry(
    file: *const ampoule_file,
    entry: *mut *mut ampoule_entry,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(entry)?;
        let entry = handles::get(file)?.with(|file| file.entry().clone());
        out.write(handles::open(ampoule_entry(entry))?);
        Ok(())
    })
}

/// Fills the caller's memory from `offset` on, or as far as there are bytes, and says how many. On failure the memory holds
/// zeros and what was verified, and nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_file_read_at(
    file: *const ampoule_file,
    offset: u64,
    memory: *mut u8,
    memory_len: usize,
    read: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(read)?;
        let file = handles::get(file)?;
        let memory = to_fill(memory, memory_len)?;
        out.write(file.with(|file| file.read_at(offset, memory))?);
        Ok(())
    })
}

/// The bytes from `offset` on, up to `len` of them, in a buffer that wipes them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_file_read_range(
    file: *const ampoule_file,
    offset: u64,
    len: u64,
    content: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(content)?;
        let end = offset.checked_add(len).ok_or(ampoule_status::InvalidLength)?;
        let content = handles::get(file)?.with(|file| file.read_range(offset..end))?;
        out.write(ampoule_buffer::secret(content)?);
        Ok(())
    })
}

/// Writes the whole content to a path. It has a temporary name beside it until its end is verified and it is on disk; it then
/// replaces what is there. `progress` is called on this thread with `ctx`, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_file_export(
    file: *const ampoule_file,
    path: *const c_char,
    path_len: usize,
    progress: ampoule_progress,
    ctx: *mut c_void,
) -> ampoule_status {
    boundary::call(|| {
        let (file, path) = (handles::get(file)?, text(path, path_len)?);
        Ok(file.with(|file| file.export_to_with(path, progress_of(progress, ctx)))?)
    })
}

/// The preview of a file: small, sealed with this version and of no other. Where there is none, both buffers are empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_preview(
    chart: *const ampoule_chart,
    entry: *const ampoule_entry_id,
    media_type: *mut ampoule_buffer,
    content: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let (type_out, content_out) = (Out::at(media_type)?, Out::at(content)?);
        let preview = handles::get(chart)?.0.preview(&value(entry)?.into())?;
        write_preview(preview.as_ref(), type_out, content_out)
    })
}

/// As `ampoule_chart_preview`, of one version of a file, current or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_preview_version(
    chart: *const ampoule_chart,
    version: *const ampoule_version_id,
    media_type: *mut ampoule_buffer,
    content: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let (type_out, content_out) = (Out::at(media_type)?, Out::at(content)?);
        let preview = handles::get(chart)?.0.preview_version(&value(version)?.into())?;
        write_preview(preview.as_ref(), type_out, content_out)
    })
}

fn write_preview(
    preview: Option<&Preview>,
    type_out: Out<ampoule_buffer>,
    content_out: Out<ampoule_buffer>,
) -> Result<(), ampoule_status> {
    let (media_type, content) = preview.map_or(("", &[][..]), |it| (it.media_type(), it.content()));
    let (media_type, content) = (ampoule_buffer::of(media_type)?, ampoule_buffer::of(content)?);
    type_out.write(media_type);
    content_out.write(content);
    Ok(())
}

/// Writes the sealed content of a version of a file to a path, for any carrier: it follows the bundle that tells of the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_export_content(
    chart: *const ampoule_chart,
    version: *const ampoule_version_id,
    path: *const c_char,
    path_len: usize,
    progress: ampoule_progress,
    ctx: *mut c_void,
) -> ampoule_status {
    boundary::call(|| {
        let (chart, version) = (handles::get(chart)?, value(version)?.into());
        let mut to = File::create_new(text(path, path_len)?).map_err(|_| ampoule_status::CannotWrite)?;
        Ok(chart.0.export_content(&version, &mut to, progress_of(progress, ctx))?)
    })
}

/// Takes the sealed content of a version of a file in, and checks it against what the author signed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_import_content(
    chart: *const ampoule_chart,
    version: *const ampoule_version_id,
    path: *const c_char,
    path_len: usize,
    progress: ampoule_progress,
    ctx: *mut c_void,
) -> ampoule_status {
    boundary::call(|| {
        let (chart, version) = (handles::get(chart)?, value(version)?.into());
        let from = File::open(text(path, path_len)?).map_err(|_| ampoule_status::CannotRead)?;
        Ok(chart.0.import_content(&version, from, progress_of(progress, ctx))?)
    })
}
