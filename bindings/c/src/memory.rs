//! Memory that C owns: the only place where pointers are followed.

use crate::status::ampoule_status;
use std::ffi::c_char;
use std::{slice, str};

/// Bytes that C gave. NULL is allowed where there are none.
///
/// # Safety
/// `data` is NULL or points to `len` bytes that nobody changes for `'a`.
pub(crate) unsafe fn bytes<'a>(data: *const u8, len: usize) -> Result<&'a [u8], ampoule_status> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(ampoule_status::NullArgument);
    }
    if isize::try_from(len).is_err() {
        return Err(ampoule_status::InvalidLength);
    }
    // SAFETY: not NULL, of a length that memory can have, and the caller's word for the rest.
    Ok(unsafe { slice::from_raw_parts(data, len) })
}

/// Bytes of a fixed number.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn array<'a, const N: usize>(data: *const u8, len: usize) -> Result<&'a [u8; N], ampoule_status> {
    // SAFETY: the caller's.
    let bytes = unsafe { bytes(data, len) }?;
    bytes.try_into().map_err(|_| ampoule_status::InvalidLength)
}

/// Text that C gave: UTF-8 of that many bytes, with no zero among them and none needed after them.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn text<'a>(data: *const c_char, len: usize) -> Result<&'a str, ampoule_status> {
    // SAFETY: the caller's.
    let bytes = unsafe { bytes(data.cast(), len) }?;
    let text = str::from_utf8(bytes).map_err(|_| ampoule_status::InvalidText)?;
    // A zero byte is where the caller's own functions see the end: it counted wrong, or somebody else would be deceived.
    if text.contains('\0') { Err(ampoule_status::InvalidText) } else { Ok(text) }
}

/// A small value that C gave.
///
/// # Safety
/// `from` is NULL or points to a `T`.
pub(crate) unsafe fn value<T: Copy>(from: *const T) -> Result<T, ampoule_status> {
    if from.is_null() {
        return Err(ampoule_status::NullArgument);
    }
    // SAFETY: not NULL, and the caller's word for the rest.
    Ok(unsafe { from.read_unaligned() })
}

/// Small values that C gave, one after the other.
///
/// # Safety
/// `from` is NULL or points to so many of `T`.
pub(crate) unsafe fn values<T: Copy>(from: *const T, count: usize) -> Result<Vec<T>, ampoule_status> {
    let len = count.checked_mul(size_of::<T>()).ok_or(ampoule_status::InvalidLength)?;
    // SAFETY: the caller's. It says no more than that there are so many bytes, and how long they are was checked.
    unsafe { bytes(from.cast(), len) }?;
    // SAFETY: within these bytes.
    Ok((0..count).map(|place| unsafe { from.add(place).read_unaligned() }).collect())
}

/// Where a result goes: known to be there before anything is done, written when all went well.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// # Safety
    /// `at` is NULL or points to memory that may hold a `T`, until this is dropped.
    pub(crate) unsafe fn at(at: *mut T) -> Result<Self, ampoule_status> {
        if at.is_null() { Err(ampoule_status::NullArgument) } else { Ok(Self(at)) }
    }

    /// As [`Self::at`], where NULL says that the result is not wanted.
    ///
    /// # Safety
    /// As [`Self::at`].
    pub(crate) unsafe fn wanted(at: *mut T) -> Option<Self> {
        (!at.is_null()).then_some(Self(at))
    }

    pub(crate) fn write(self, value: T) {
        // SAFETY: whoever made this said that it may be written.
        unsafe { self.0.write_unaligned(value) }
    }
}

/// Writes a text that a handle owns, there until that is closed. No zero byte follows it.
pub(crate) fn lend(text: &str, out: Out<*const c_char>, len: Out<usize>) {
    out.write(text.as_ptr().cast());
    len.write(text.len());
}

/// Memory that C owns, to be filled.
///
/// # Safety
/// `data` is NULL or points to `len` bytes that are C's to give and that nobody else touches for `'a`.
pub(crate) unsafe fn to_fill<'a>(data: *mut u8, len: usize) -> Result<&'a mut [u8], ampoule_status> {
    if len == 0 {
        return Ok(&mut []);
    }
    if data.is_null() {
        return Err(ampoule_status::NullArgument);
    }
    if isize::try_from(len).is_err() {
        return Err(ampoule_status::InvalidLength);
    }
    // What was never written may not be read, by nobody's mistake.
    // SAFETY: not NULL, of a length that memory can have, and the caller's word for the rest.
    unsafe {
        data.write_bytes(0, len);
        Ok(slice::from_raw_parts_mut(data, len))
    }
}

#[cfg(test)]
#[allow(clippy::undocumented_unsafe_blocks, reason = "what is pointed to is in the same test")]
mod tests {
    use super::*;
    use std::ptr::null;

    #[test]
    fn null_is_nothing_or_refused() {
        unsafe {
            assert_eq!(bytes(null(), 0), Ok(&[][..]));
            assert_eq!(bytes(null(), 1), Err(ampoule_status::NullArgument));
            assert_eq!(value(null::<u64>()), Err(ampoule_status::NullArgument));
            assert!(Out::<u64>::at(std::ptr::null_mut()).is_err());
            assert!(to_fill(std::ptr::null_mut(), 1).is_err());
        }
    }

    #[test]
    fn a_length_that_no_memory_has_is_refused() {
        let some = [0; 4];
        for len in [usize::MAX, usize::MAX / 2 + 1] {
            assert_eq!(unsafe { bytes(some.as_ptr(), len) }, Err(ampoule_status::InvalidLength));
        }
        assert_eq!(unsafe { array::<3>(some.as_ptr(), 4) }, Err(ampoule_status::InvalidLength));
    }

    #[test]
    fn text_with_a_zero_byte_is_refused() {
        let refused = |bytes: &[u8]| unsafe { text(bytes.as_ptr().cast(), bytes.len()) }.err();
        assert_eq!(refused(b"Dr. Lee"), None);
        assert_eq!(refused(b"Dr. Lee\0, M. D."), Some(ampoule_status::InvalidText));
        assert_eq!(refused(b"\xff"), Some(ampoule_status::InvalidText));
    }
}
