//! Bytes that the library owns until C frees them.

use crate::boundary;
use crate::handles;
use crate::memory::{Out, value};
use crate::status::ampoule_status;
use std::ffi::c_void;
use std::ptr;
use zeroize::Zeroizing;

/// Bytes of the library's own. They are to be freed with `ampoule_buffer_free`, which wipes them, and with nothing else.
///
/// A zero byte follows the last, so that text can be printed as it is. Do not change the fields; a copy of this is the same
/// buffer, which is freed once.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_buffer {
    /// The bytes.
    pub data: *const u8,
    /// How many, without the zero byte.
    pub len: usize,
    /// By which the library knows them.
    pub owner: *const c_void,
}

/// The bytes, with the zero byte.
#[expect(dead_code, reason = "held to be wiped")]
struct Owned(Zeroizing<Vec<u8>>);

impl ampoule_buffer {
    pub(crate) fn secret(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self, ampoule_status> {
        let len = bytes.len();
        if bytes.capacity() == len {
            // Growing in place could leave a copy behind that nobody wipes.
            let mut longer = Zeroizing::new(Vec::with_capacity(len.saturating_add(1)));
            longer.extend_from_slice(&bytes);
            bytes = longer;
        }
        bytes.push(0);
        let data = bytes.as_ptr();
        Ok(Self { data, len, owner: handles::open(Owned(bytes))?.cast() })
    }

    pub(crate) fn of(bytes: impl Into<Vec<u8>>) -> Result<Self, ampoule_status> {
        Self::secret(Zeroizing::new(bytes.into()))
    }

    /// One after the other, for ids.
    pub(crate) fn of_ids<const N: usize>(ids: impl IntoIterator<Item = [u8; N]>) -> Result<Self, ampoule_status> {
        Self::of(ids.into_iter().flatten().collect::<Vec<u8>>())
    }
}

/// Wipes a buffer and gives its memory back; the fields are zero then. One that is all zero is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_buffer_free(buffer: *mut ampoule_buffer) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(buffer)?;
        let given = value(buffer)?;
        if given.owner.is_null() && given.data.is_null() {
            return Ok(());
        }
        // Another handle may be closed by its own function only.
        handles::get::<Owned>(given.owner.cast())?;
        handles::close(given.owner.addr())?;
        out.write(ampoule_buffer { data: ptr::null(), len: 0, owner: ptr::null() });
        Ok(())
    })
}

/// Closes a handle of any kind. NULL is left alone. A handle that was closed before, or never was one, is
/// `AMPOULE_STATUS_CLOSED_HANDLE`, and nothing happens.
///
/// Calls that are under way with it on other threads end as they would have. Closing a vault wipes its keys once all handles
/// that came from it are closed; `ampoule_vault_lock` wipes them at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_close(handle: *const c_void) -> ampoule_status {
    boundary::call(|| {
        if handle.is_null() {
            return Ok(());
        }
        if handles::get::<Owned>(handle.cast()).is_ok() {
            // A buffer's fields would name bytes that are gone.
            return Err(ampoule_status::ClosedHandle);
        }
        handles::close(handle.addr())
    })
}

/// How many handles and buffers are open: 0 once everything was closed and freed.
#[unsafe(no_mangle)]
pub extern "C" fn ampoule_handle_count() -> usize {
    handles::count()
}
