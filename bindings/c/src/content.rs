//! The sealed content of files on its way, from any place on: what broke off goes on.

use crate::buffer::ampoule_buffer;
use crate::chart::ampoule_chart;
use crate::ids::ampoule_version_id;
use crate::memory::{Out, bytes, to_fill, value};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::{ContentReceiver, Error, SealedContent};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

/// Versions of files that are described in the chart and whose content is not here, 16 bytes each: an array of
/// `ampoule_version_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_missing_content(
    chart: *const ampoule_chart,
    ids: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(ids)?;
        let missing = handles::get(chart)?.0.missing_content()?;
        out.write(ampoule_buffer::of_ids(missing.iter().map(|id| *id.as_bytes()))?);
        Ok(())
    })
}

/// The sealed content of a version of a file, to be sent. Whoever carries it can neither read nor alter it. Any thread; they wait
/// for one another.
pub struct ampoule_sealed_content(Mutex<SealedContent>);

/// The content of a version of a file as it is sealed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_sealed_content(
    chart: *const ampoule_chart,
    version: *const ampoule_version_id,
    content: *mut *mut ampoule_sealed_content,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(content)?;
        let sealed = handles::get(chart)?.0.sealed_content(&value(version)?.into())?;
        out.write(handles::open(ampoule_sealed_content(Mutex::new(sealed)))?);
        Ok(())
    })
}

/// How many bytes there are to send.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_sealed_content_len(
    content: *const ampoule_sealed_content,
    len: *mut u64,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(len)?;
        let content = handles::get(content)?;
        out.write(content.0.lock().unwrap_or_else(PoisonError::into_inner).total());
        Ok(())
    })
}

/// Fills the caller's memory with the sealed bytes from `offset` on, or as far as there are bytes, and says how many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_sealed_content_read_at(
    content: *const ampoule_sealed_content,
    offset: u64,
    memory: *mut u8,
    memory_len: usize,
    read: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(read)?;
        let content = handles::get(content)?;
        let memory = to_fill(memory, memory_len)?;
        let mut content = content.0.lock().unwrap_or_else(PoisonError::into_inner);
        content.seek(SeekFrom::Start(offset)).map_err(|error| failed(&error))?;
        let mut filled = 0_usize;
        while let Some(rest) = memory.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match content.read(rest).map_err(|error| failed(&error))? {
                0 => break,
                more => filled = filled.saturating_add(more),
            }
        }
        out.write(filled);
        Ok(())
    })
}

/// What the library's own reader failed with.
fn failed(error: &io::Error) -> ampoule_status {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    inner.map_or(ampoule_status::CannotRead, |error| error.clone().into())
}

/// A content that is coming in. Closed before `ampoule_content_receiver_finish`, what came stays for some days, and
/// `ampoule_chart_receive_content` goes on there. It takes the bytes of one thread after the other.
pub struct ampoule_content_receiver(Mutex<Option<ContentReceiver>>);

impl ampoule_content_receiver {
    fn with<T>(&self, work: impl FnOnce(&mut ContentReceiver) -> T) -> Result<T, ampoule_status> {
        let mut receiver = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        receiver.as_mut().map(work).ok_or(ampoule_status::Cancelled)
    }

    fn take(&self) -> Result<ContentReceiver, ampoule_status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or(ampoule_status::Cancelled)
    }
}

/// Begins to take in the content of a version of a file, or goes on where that ended before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_receive_content(
    chart: *const ampoule_chart,
    version: *const ampoule_version_id,
    receiver: *mut *mut ampoule_content_receiver,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(receiver)?;
        let begun = handles::get(chart)?.0.receive_content(&value(version)?.into())?;
        out.write(handles::open(ampoule_content_receiver(Mutex::new(Some(begun))))?);
        Ok(())
    })
}

/// From which byte of the sealed content on the next are wanted, and how many it has in all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_content_receiver_wants(
    receiver: *const ampoule_content_receiver,
    offset: *mut u64,
    total: *mut u64,
) -> ampoule_status {
    boundary::call(|| {
        let (out, total_out) = (Out::at(offset)?, Out::at(total)?);
        let (offset, total) = handles::get(receiver)?.with(|receiver| (receiver.offset(), receiver.total()))?;
        out.write(offset);
        total_out.write(total);
        Ok(())
    })
}

/// Takes the next bytes, as many as suit the caller. Where they are not those of the author's file it is
/// `AMPOULE_STATUS_DAMAGED_CONTENT`, and what came before stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_content_receiver_update(
    receiver: *const ampoule_content_receiver,
    sealed: *const u8,
    sealed_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let sealed = bytes(sealed, sealed_len)?;
        Ok(handles::get(receiver)?.with(|receiver| receiver.update(sealed))??)
    })
}

/// Checks that all is there and is the author's. When this returns it is durable, and can be read. The receiver takes nothing after
/// that, and is still to be closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_content_receiver_finish(receiver: *const ampoule_content_receiver) -> ampoule_status {
    boundary::call(|| Ok(handles::get(receiver)?.take()?.finish()?))
}

/// Removes what came. The receiver is still to be closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_content_receiver_discard(receiver: *const ampoule_content_receiver) -> ampoule_status {
    boundary::call(|| Ok(handles::get(receiver)?.take()?.discard()?))
}
