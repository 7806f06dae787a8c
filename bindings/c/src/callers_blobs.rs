//! A place for the content of files: a folder, or functions of the caller.

use crate::callback::{Context, ampoule_destroy};
use crate::callers_store::{lent, said};
use crate::memory::{text, value};
use crate::options::ampoule_options;
use crate::rows::{Lent, ampoule_rows};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::StoreError;
use ampoule::store::{BlobId, BlobPart, BlobReader, BlobStore, BlobWriter, DirectoryBlobs};
use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::Arc;

/// A part of the sealed content of a file. Each is a string of bytes of its own.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ampoule_blob_part {
    /// The sealed chunks.
    Chunks = 1,
    /// What proves ranges of them. It may be empty.
    Outboard = 2,
}

/// The functions of a place for the sealed content of files. A blob is written once, from front to back, and read at any place. Its
/// name is 16 bytes, used for no other. All are needed.
///
/// Each gets the `ctx` of `ampoule_options_set_blobs`, and returns as those of `ampoule_store_callbacks`, by whose rules they go. A
/// blob that broke off begins anew here: what goes on with it needs `ampoule_options_set_blob_folder`.
///
/// Threads: any, and several at once; a writer is used by one at a time, a reader by several.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_blob_callbacks {
    /// `sizeof(ampoule_blob_callbacks)`.
    pub size: usize,
    /// Begins a blob, which is not there before it is finished. Writes to `writer` what names it, and is not NULL: what is named is
    /// ended, also where this fails. Of one that is there or in use it is `AMPOULE_STATUS_STORE_BUSY`.
    pub create: Option<unsafe extern "C" fn(ctx: *mut c_void, blob: *const u8, writer: *mut *mut c_void) -> u32>,
    /// Appends to a part: an `ampoule_blob_part`.
    pub append: Option<
        unsafe extern "C" fn(ctx: *mut c_void, writer: *mut c_void, part: u32, bytes: *const u8, len: usize) -> u32,
    >,
    /// Makes the blob durable, and lets it be opened.
    pub finish: Option<unsafe extern "C" fn(ctx: *mut c_void, writer: *mut c_void) -> u32>,
    /// Ends a writer, once for each that was begun. Of a blob that was not finished, nothing is left.
    pub end: Option<unsafe extern "C" fn(ctx: *mut c_void, writer: *mut c_void)>,
    /// A finished blob. Writes to `reader` what names it, which is closed, also where this fails; leaves NULL there where there is no
    /// such blob.
    pub open: Option<unsafe extern "C" fn(ctx: *mut c_void, blob: *const u8, reader: *mut *mut c_void) -> u32>,
    /// Length of a part.
    pub len: Option<unsafe extern "C" fn(ctx: *mut c_void, reader: *mut c_void, part: u32, len: *mut u64) -> u32>,
    /// Fills `out` with the bytes of a part from `offset` on. Writes to `read` how many there were; fewer than `len` are
    /// `AMPOULE_STATUS_STORE_DAMAGED`.
    pub read: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            reader: *mut c_void,
            part: u32,
            offset: u64,
            out: *mut u8,
            len: usize,
            read: *mut usize,
        ) -> u32,
    >,
    /// Ends a reader, once for each that was opened.
    pub close: Option<unsafe extern "C" fn(ctx: *mut c_void, reader: *mut c_void)>,
    /// Removes a blob, or what is left of one that was never finished. Writes to `was_there` whether there was something. While a
    /// writer has it, it is `AMPOULE_STATUS_STORE_BUSY`; who reads it goes on.
    pub remove: Option<unsafe extern "C" fn(ctx: *mut c_void, blob: *const u8, was_there: *mut bool) -> u32>,
    /// Gives up to `limit` names of finished blobs to `ampoule_rows_add`, as keys without a value, in ascending order, from the first
    /// that is greater than `after`; where that is NULL, from the first of all.
    pub list:
        Option<unsafe extern "C" fn(ctx: *mut c_void, after: *const u8, limit: usize, blobs: *mut ampoule_rows) -> u32>,
}

/// Keeps the content of files in a folder of a local file system, unless the store has a place for it. It is made when the first file
/// is. Several processes may use it at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_blob_folder(
    options: *const ampoule_options,
    path: *const c_char,
    path_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let path = text(path, path_len)?;
        handles::get(options)?.change(|options| options.blobs(DirectoryBlobs::new(path)));
        Ok(())
    })
}

/// Keeps the content of files by functions of the caller, which are copied. When the call succeeds the library keeps `ctx` until
/// `destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_blobs(
    options: *const ampoule_options,
    callbacks: *const ampoule_blob_callbacks,
    ctx: *mut c_void,
    destroy: ampoule_destroy,
) -> ampoule_status {
    boundary::call(|| {
        let options = handles::get(options)?;
        if value(callbacks.cast::<usize>())? != size_of::<ampoule_blob_callbacks>() {
            return Err(ampoule_status::InvalidLength);
        }
        let calls = Calls::of(value(callbacks)?).ok_or(ampoule_status::NullArgument)?;
        let blobs = CallersBlobs(Arc::new(Given { calls, context: Context::new(ctx, destroy) }));
        options.change(|options| options.blobs(blobs));
        Ok(())
    })
}

crate::callback::calls! { ampoule_blob_callbacks;
    create: fn(*mut c_void, *const u8, *mut *mut c_void) -> u32;
    append: fn(*mut c_void, *mut c_void, u32, *const u8, usize) -> u32;
    finish: fn(*mut c_void, *mut c_void) -> u32;
    end: fn(*mut c_void, *mut c_void);
    open: fn(*mut c_void, *const u8, *mut *mut c_void) -> u32;
    len: fn(*mut c_void, *mut c_void, u32, *mut u64) -> u32;
    read: fn(*mut c_void, *mut c_void, u32, u64, *mut u8, usize, *mut usize) -> u32;
    close: fn(*mut c_void, *mut c_void);
    remove: fn(*mut c_void, *const u8, *mut bool) -> u32;
    list: fn(*mut c_void, *const u8, usize, *mut ampoule_rows) -> u32;
}

struct Given {
    calls: Calls,
    context: Context,
}

struct CallersBlobs(Arc<Given>);

/// What the caller named, and who knows it.
struct Named {
    given: Arc<Given>,
    name: *mut c_void,
}

// SAFETY: the caller says that a writer is used from any thread, by one at a time, and a reader by several.
unsafe impl Send for Named {}
// SAFETY: as above.
unsafe impl Sync for Named {}

struct Writer(Named);
struct Reader(Named);

impl CallersBlobs {
    /// What the caller named, if anything.
    fn named(&self, name: *mut c_void) -> Option<Named> {
        (!name.is_null()).then(|| Named { given: Arc::clone(&self.0), name })
    }
}

// SAFETY, of each call below: the caller's function with the caller's pointers, which it named itself, with bytes and places
// for results that are there until it returns.
impl BlobStore for CallersBlobs {
    fn create(&self, blob: &BlobId) -> Result<Box<dyn BlobWriter>, StoreError> {
        let mut name = ptr::null_mut();
        // SAFETY: as above.
        let status = unsafe { (self.0.calls.create)(self.0.context.get(), blob.as_bytes().as_ptr(), &raw mut name) };
        // What was named is ended, also where it failed.
        let writer = self.named(name).map(Writer);
        said(status)?;
        Ok(Box::new(writer.ok_or(StoreError::Io)?))
    }

    fn open(&self, blob: &BlobId) -> Result<Option<Box<dyn BlobReader>>, StoreError> {
        let mut name = ptr::null_mut();
        // SAFETY: as above.
        let status = unsafe { (self.0.calls.open)(self.0.context.get(), blob.as_bytes().as_ptr(), &raw mut name) };
        // As for a writer.
        let reader = self.named(name).map(Reader);
        said(status)?;
        Ok(reader.map(|reader| Box::new(reader) as Box<dyn BlobReader>))
    }

    fn delete(&self, blob: &BlobId) -> Result<bool, StoreError> {
        // A byte: C may fill it with any number, and not every number is a `bool`.
        let mut was_there = 0_u8;
        let at = (&raw mut was_there).cast();
        // SAFETY: as above.
        said(unsafe { (self.0.calls.remove)(self.0.context.get(), blob.as_bytes().as_ptr(), at) })?;
        Ok(was_there != 0)
    }

    fn list(&self, after: Option<&BlobId>, limit: usize) -> Result<Vec<BlobId>, StoreError> {
        let blobs = Lent::new(limit)?;
        let after = after.map_or(ptr::null(), |after| after.as_bytes().as_ptr());
        // SAFETY: as above.
        said(unsafe { (self.0.calls.list)(self.0.context.get(), after, limit, blobs.handle()) })?;
        ids(blobs.take()?)
    }
}

/// Names of blobs, in ascending order: whoever lists page by page goes on from the last.
fn ids(rows: Vec<ampoule::store::Row>) -> Result<Vec<BlobId>, StoreError> {
    let id = |(key, _): (Vec<u8>, _)| key.try_into().map(BlobId::from_bytes).map_err(|_| StoreError::Damaged);
    let ids = rows.into_iter().map(id).collect::<Result<Vec<BlobId>, _>>()?;
    if ids.is_sorted_by(|one, next| one.as_bytes() < next.as_bytes()) { Ok(ids) } else { Err(StoreError::Damaged) }
}

impl BlobWriter for Writer {
    fn append(&mut self, part: BlobPart, bytes: &[u8]) -> Result<(), StoreError> {
        let Named { given, name } = &self.0;
        let (bytes, len) = lent(bytes);
        // SAFETY: as above.
        said(unsafe { (given.calls.append)(given.context.get(), *name, number(part), bytes, len) })
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        let Named { given, name } = &self.0;
        // SAFETY: as above.
        said(unsafe { (given.calls.finish)(given.context.get(), *name) })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Named { given, name } = &self.0;
        // SAFETY: as above, for the last time.
        unsafe { (given.calls.end)(given.context.get(), *name) }
    }
}

impl BlobReader for Reader {
    fn len(&self, part: BlobPart) -> Result<u64, StoreError> {
        let Named { given, name } = &self.0;
        let mut len = 0;
        // SAFETY: as above.
        said(unsafe { (given.calls.len)(given.context.get(), *name, number(part), &raw mut len) })?;
        Ok(len)
    }

    fn read(&self, part: BlobPart, offset: u64, out: &mut [u8]) -> Result<(), StoreError> {
        let Named { given, name } = &self.0;
        let (mut read, len) = (0, out.len());
        // SAFETY: as above.
        said(unsafe {
            (given.calls.read)(given.context.get(), *name, number(part), offset, out.as_mut_ptr(), len, &raw mut read)
        })?;
        // More than there is room for was written where nobody may write, or was not: in no case is it what was asked for.
        if read == len { Ok(()) } else { Err(StoreError::Damaged) }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Named { given, name } = &self.0;
        // SAFETY: as above, for the last time.
        unsafe { (given.calls.close)(given.context.get(), *name) }
    }
}

fn number(part: BlobPart) -> u32 {
    let part = match part {
        BlobPart::Chunks => ampoule_blob_part::Chunks,
        BlobPart::Outboard => ampoule_blob_part::Outboard,
    };
    part as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_blobs_have_a_length_and_an_order() {
        let rows = |keys: &[&[u8]]| keys.iter().map(|key| (key.to_vec(), Vec::new())).collect();
        assert_eq!(ids(rows(&[&[1; 16], &[2; 16]])).unwrap().len(), 2);
        for wrong in [&[&[1; 16][..], &[1; 16]], &[&[2; 16], &[1; 16]], &[&[1; 15], &[2; 16]], &[&[1; 16], &[2; 17]]] {
            assert_eq!(ids(rows(wrong)), Err(StoreError::Damaged));
        }
    }
}
