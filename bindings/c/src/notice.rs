//! Previews of messages while the vault is closed: what a notification shows.

use crate::buffer::ampoule_buffer;
use crate::codes::ampoule_known;
use crate::ids::{ampoule_chart_id, ampoule_entry_id};
use crate::memory::{Out, array, bytes, lend, value};
use crate::status::ampoule_status;
use crate::thread::ampoule_thread;
use crate::vault::ampoule_vault;
use crate::{boundary, handles};
use ampoule::{Thread, UnverifiedMessage, open_preview};
use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};

/// A message of a thread as it is sealed, for a push: about 1.3 kB for a short one. Whoever carries it learns as much as from
/// a bundle. It is for `ampoule_open_preview`; the message itself comes to the others by the next bundle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_thread_notice(
    thread: *const ampoule_thread,
    message: *const ampoule_entry_id,
    notice: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(notice)?;
        let sealed = handles::get(thread)?.0.notice(&value(message)?.into())?;
        out.write(ampoule_buffer::of(sealed)?);
        Ok(())
    })
}

/// The threads that preview keys are to be made of. Any thread of the program.
pub struct ampoule_previews(Mutex<Vec<Thread>>);

/// No threads yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_previews_new(previews: *mut *mut ampoule_previews) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(previews)?;
        out.write(handles::open(ampoule_previews(Mutex::default()))?);
        Ok(())
    })
}

/// Adds a thread, of any chart of the vault. 256 of them are the most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_previews_add(
    previews: *const ampoule_previews,
    thread: *const ampoule_thread,
) -> ampoule_status {
    boundary::call(|| {
        let thread = handles::get(thread)?.0.clone();
        handles::get(previews)?.0.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    })
}

/// Keys for previews of what is said in these threads from now on, sealed under 32 bytes of the platform's keystore: to be kept
/// beside the vault.
///
/// They go on working while the vault is locked: whoever has them and the device key reads the messages of these threads and
/// of others of the same label, until the chart's keys move on. Nothing else opens by them, and nothing can be signed. Give
/// them a device key of their own. Make them anew after every import.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_preview_keys(
    vault: *const ampoule_vault,
    previews: *const ampoule_previews,
    device_key: *const u8,
    device_key_len: usize,
    keys: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(keys)?;
        let device_key = array::<32>(device_key, device_key_len)?;
        let threads = handles::get(previews)?.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        out.write(ampoule_buffer::of(handles::get(vault)?.0.preview_keys(&threads, device_key)?)?);
        Ok(())
    })
}

/// A message from a notice. Its author's signature was verified, and nothing else: it may be old, sent again, changed or deleted
/// since, and its author's access may have ended. It is for a notification. Any thread of the program.
pub struct ampoule_unverified_message(UnverifiedMessage);

/// What such a message says of itself.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_unverified_message_info {
    /// The chart that it is in.
    pub chart: ampoule_chart_id,
    /// The thread that it is in.
    pub thread: ampoule_entry_id,
    /// The entry that it says it is.
    pub id: ampoule_entry_id,
    /// How well the author was known when the keys were made. What is neither the owner nor verified should be shown with a mark.
    pub known: ampoule_known,
    /// When the author says that he wrote it, in milliseconds since 1970.
    pub time_ms: i64,
    /// How many entries go with it.
    pub attachments: usize,
}

/// Opens a message that a push brought, with keys that `ampoule_vault_preview_keys` made and the device key under which they
/// are sealed. Needs no vault and no store, and less than 12 MiB of memory.
///
/// `AMPOULE_STATUS_OUTDATED_PREVIEW` says that the keys are to be made anew, `AMPOULE_STATUS_OUTSIDE_PREVIEW` that the message is
/// to be read in the vault, `AMPOULE_STATUS_WAY_FAILED` that keys and device key do not fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_open_preview(
    notice: *const u8,
    notice_len: usize,
    keys: *const u8,
    keys_len: usize,
    device_key: *const u8,
    device_key_len: usize,
    message: *mut *mut ampoule_unverified_message,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(message)?;
        let device_key = array::<32>(device_key, device_key_len)?;
        let opened = open_preview(bytes(notice, notice_len)?, bytes(keys, keys_len)?, device_key)?;
        out.write(handles::open(ampoule_unverified_message(opened))?);
        Ok(())
    })
}

/// What a message from a notice says of itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_unverified_message_get_info(
    message: *const ampoule_unverified_message,
    info: *mut ampoule_unverified_message_info,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(info)?;
        let message = &handles::get(message)?.0;
        out.write(ampoule_unverified_message_info {
            chart: message.chart.into(),
            thread: message.thread.into(),
            id: message.id.into(),
            known: ampoule_known::of(message.known),
            time_ms: message.time_ms,
            attachments: message.attachments,
        });
        Ok(())
    })
}

/// The text. It is the message's own, there until it is closed, and not ended by a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_unverified_message_text(
    message: *const ampoule_unverified_message,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        lend(&handles::get(message)?.0.text, out, out_len);
        Ok(())
    })
}

/// Name on the author's card: as `ampoule_unverified_message_text`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_unverified_message_author(
    message: *const ampoule_unverified_message,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        lend(&handles::get(message)?.0.author, out, out_len);
        Ok(())
    })
}
