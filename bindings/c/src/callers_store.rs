//! A store by functions of the caller: rows in whatever database he has.

use crate::callback::{Context, ampoule_destroy};
use crate::codes::ampoule_table;
use crate::memory::{Out, value};
use crate::rows::{Lent, ampoule_rows};
use crate::status::ampoule_status;
use crate::store::ampoule_store;
use crate::{boundary, handles};
use ampoule::StoreError;
use ampoule::store::{Row, Snapshot, Store, Table, Transaction};
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

/// The functions of a store of the caller's: a set of tables of rows, whose keys are a part and a key within it, both of any bytes
/// or none, and whose values are bytes up to some 20 MiB. Rows of a part are in the order of their keys as bytes. All are needed.
///
/// Each gets the `ctx` of `ampoule_store_new`, and but for `read` and `write` the view that one of these two gave. Each returns
/// `AMPOULE_STATUS_OK` or one of `AMPOULE_STATUS_STORE_BUSY` to `AMPOULE_STATUS_STORE_IO`; any other number is taken for
/// `AMPOULE_STATUS_STORE_IO`, and of `commit` for `AMPOULE_STATUS_STORE_UNCERTAIN`. What a function does not write it leaves
/// alone, and what it fails with has changed nothing. It must return: C++ must not throw through it, nor C jump out of it. It
/// must not use the vault that called it.
///
/// Threads: `read` and `write` are called from any thread that is in a call of the library, and from several at once; the library
/// has threads of its own while it verifies. A view is used by the thread that began it, by one call after the other, and is
/// ended there. Many views are open at once, of them one that writes.
///
/// `table` is an `ampoule_table`; the numbers stay what they are. Pointers to bytes are never NULL but where it is said, are there
/// during the call, and must not be changed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_store_callbacks {
    /// `sizeof(ampoule_store_callbacks)`, by which the library knows for which version this was compiled.
    pub size: usize,
    /// Begins a view of all rows as they stand at this moment, which later writes do not change. Writes to `view` what names it,
    /// and is not NULL: what is named is ended, also where this fails.
    pub read: Option<unsafe extern "C" fn(ctx: *mut c_void, view: *mut *mut c_void) -> u32>,
    /// Begins a change, as the only one that writes: a view that shows its own changes too. Waits for another, also one in
    /// another process, for a bounded time, and then fails with `AMPOULE_STATUS_STORE_BUSY`. Names it as `read` does.
    pub write: Option<unsafe extern "C" fn(ctx: *mut c_void, view: *mut *mut c_void) -> u32>,
    /// A number that is greater whenever another may have committed in between. Two states never have the same, and it may be
    /// greater without cause; but while a change is open, no view has a greater one than that has.
    pub generation: Option<unsafe extern "C" fn(ctx: *mut c_void, view: *mut c_void, generation: *mut u64) -> u32>,
    /// Gives the row with this key to `ampoule_rows_add`, if there is one.
    pub get: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            view: *mut c_void,
            table: u32,
            part: *const u8,
            part_len: usize,
            key: *const u8,
            key_len: usize,
            rows: *mut ampoule_rows,
        ) -> u32,
    >,
    /// Gives up to `limit` rows of a part to `ampoule_rows_add`, in ascending order of key, from the first key that is greater than
    /// `after`; where `after` is NULL, from the first of all.
    pub scan: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            view: *mut c_void,
            table: u32,
            part: *const u8,
            part_len: usize,
            after: *const u8,
            after_len: usize,
            limit: usize,
            rows: *mut ampoule_rows,
        ) -> u32,
    >,
    /// Gives the row of a part with the greatest key to `ampoule_rows_add`, if it has one.
    pub last: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            view: *mut c_void,
            table: u32,
            part: *const u8,
            part_len: usize,
            rows: *mut ampoule_rows,
        ) -> u32,
    >,
    /// Of a change: writes a row, over an earlier one with the same key.
    pub put: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            view: *mut c_void,
            table: u32,
            part: *const u8,
            part_len: usize,
            key: *const u8,
            key_len: usize,
            value: *const u8,
            value_len: usize,
        ) -> u32,
    >,
    /// Of a change: removes a row. Writes to `was_there` whether there was one.
    pub remove: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            view: *mut c_void,
            table: u32,
            part: *const u8,
            part_len: usize,
            key: *const u8,
            key_len: usize,
            was_there: *mut bool,
        ) -> u32,
    >,
    /// Makes a change durable: when it returns, a crash of the process or of the machine does not undo it. Writes to
    /// `generation` that of the state which it made, and to `known` whether nobody else can have changed that state already.
    pub commit: Option<
        unsafe extern "C" fn(ctx: *mut c_void, view: *mut c_void, generation: *mut u64, known: *mut bool) -> u32,
    >,
    /// Ends a view, once for each that was begun and after all else with it. A change that was not committed is undone.
    pub end: Option<unsafe extern "C" fn(ctx: *mut c_void, view: *mut c_void)>,
}

/// A store by functions of the caller, which are copied. It is the caller's part to keep it as long as data should last, and to
/// keep others off it; what it holds is sealed, and what it changes or withholds is found out. Without a place for files of its
/// own: see `ampoule_options_set_blobs` and `ampoule_options_set_blob_folder`.
///
/// When the call succeeds the library keeps `ctx` until `destroy`. `ampoule_store_check` tries whether it keeps its promises.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_store_new(
    callbacks: *const ampoule_store_callbacks,
    ctx: *mut c_void,
    destroy: ampoule_destroy,
    store: *mut *mut ampoule_store,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(store)?;
        // What was compiled for another version may be shorter, so that there is no more of it to be read.
        if value(callbacks.cast::<usize>())? != size_of::<ampoule_store_callbacks>() {
            return Err(ampoule_status::InvalidLength);
        }
        let calls = Calls::of(value(callbacks)?).ok_or(ampoule_status::NullArgument)?;
        let made = || CallersStore { context: Context::new(ctx, destroy), calls };
        out.write(handles::open_with(|| ampoule_store(Arc::new(made())))?);
        Ok(())
    })
}

type Ctx = *mut c_void;
type Named = *mut c_void;
type Bytes = *const u8;

crate::callback::calls! { ampoule_store_callbacks;
    read: fn(Ctx, *mut Named) -> u32;
    write: fn(Ctx, *mut Named) -> u32;
    generation: fn(Ctx, Named, *mut u64) -> u32;
    get: fn(Ctx, Named, u32, Bytes, usize, Bytes, usize, *mut ampoule_rows) -> u32;
    scan: fn(Ctx, Named, u32, Bytes, usize, Bytes, usize, usize, *mut ampoule_rows) -> u32;
    last: fn(Ctx, Named, u32, Bytes, usize, *mut ampoule_rows) -> u32;
    put: fn(Ctx, Named, u32, Bytes, usize, Bytes, usize, Bytes, usize) -> u32;
    remove: fn(Ctx, Named, u32, Bytes, usize, Bytes, usize, *mut bool) -> u32;
    commit: fn(Ctx, Named, *mut u64, *mut bool) -> u32;
    end: fn(Ctx, Named);
}

struct CallersStore {
    calls: Calls,
    context: Context,
}

/// A view that the caller began.
struct View<'a> {
    store: &'a CallersStore,
    named: Named,
}

impl CallersStore {
    fn begin(&self, begin: unsafe extern "C" fn(Ctx, *mut Named) -> u32) -> Result<View<'_>, StoreError> {
        let mut named = ptr::null_mut();
        // SAFETY: the caller's function with the caller's pointer, and a place for what it writes.
        let status = unsafe { begin(self.context.get(), &raw mut named) };
        // What was named is ended, also where it failed.
        let view = (!named.is_null()).then(|| View { store: self, named });
        said(status)?;
        // One that begins nothing would have every other function called with nothing.
        view.ok_or(StoreError::Io)
    }
}

impl Store for CallersStore {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(self.begin(self.calls.read)?))
    }

    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(self.begin(self.calls.write)?))
    }
}

impl View<'_> {
    /// The row that was asked for, which has this key if one was named.
    fn row(
        &self,
        key: Option<&[u8]>,
        ask: impl FnOnce(&Calls, *mut ampoule_rows) -> u32,
    ) -> Result<Option<Row>, StoreError> {
        let rows = Lent::new(1)?;
        said(ask(&self.store.calls, rows.handle()))?;
        let row = rows.take()?.pop();
        let other = row.as_ref().is_some_and(|(is, _)| key.is_some_and(|key| is != key));
        if other { Err(StoreError::Damaged) } else { Ok(row) }
    }

    fn ctx(&self) -> Ctx {
        self.store.context.get()
    }
}

// SAFETY, of each call below: the caller's function with the caller's pointer and view, on the thread that began the view,
// with bytes and places for results that are there until it returns.
impl Snapshot for View<'_> {
    fn generation(&self) -> Result<u64, StoreError> {
        let mut generation = 0;
        // SAFETY: as above.
        said(unsafe { (self.store.calls.generation)(self.ctx(), self.named, &raw mut generation) })?;
        Ok(generation)
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self.row(Some(key), |calls, rows| {
            let ((part, part_len), (key, key_len)) = (lent(part), lent(key));
            // SAFETY: as above.
            unsafe { (calls.get)(self.ctx(), self.named, number(table), part, part_len, key, key_len, rows) }
        });
        Ok(row?.map(|(_, value)| value))
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = Lent::new(limit)?;
        let ((part, part_len), (after, after_len)) = (lent(part), after.map_or((ptr::null(), 0), lent));
        let (ctx, named, into) = (self.ctx(), self.named, rows.handle());
        // SAFETY: as above.
        said(unsafe {
            (self.store.calls.scan)(ctx, named, number(table), part, part_len, after, after_len, limit, into)
        })?;
        rows.take()
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        self.row(None, |calls, rows| {
            let (part, part_len) = lent(part);
            // SAFETY: as above.
            unsafe { (calls.last)(self.ctx(), self.named, number(table), part, part_len, rows) }
        })
    }
}

impl Transaction for View<'_> {
    fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let (calls, table) = (&self.store.calls, number(table));
        let ((part, part_len), (key, key_len), (value, value_len)) = (lent(part), lent(key), lent(value));
        // SAFETY: as above.
        said(unsafe { (calls.put)(self.ctx(), self.named, table, part, part_len, key, key_len, value, value_len) })
    }

    fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
        let (calls, table) = (&self.store.calls, number(table));
        let ((part, part_len), (key, key_len)) = (lent(part), lent(key));
        // A byte: C may fill it with any number, and not every number is a `bool`.
        let mut was_there = 0_u8;
        let at = (&raw mut was_there).cast();
        // SAFETY: as above.
        said(unsafe { (calls.remove)(self.ctx(), self.named, table, part, part_len, key, key_len, at) })?;
        Ok(was_there != 0)
    }

    fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError> {
        let (mut generation, mut known) = (0, 0_u8);
        let (calls, at) = (&self.store.calls, (&raw mut known).cast());
        // SAFETY: as above.
        let status = unsafe { (calls.commit)(self.ctx(), self.named, &raw mut generation, at) };
        // What it means by another number may be that all was kept, or nothing.
        meaning(status).unwrap_or(Err(StoreError::Uncertain))?;
        Ok((known != 0).then_some(generation))
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        // SAFETY: the caller's function with the caller's pointer and view, for the last time.
        unsafe { (self.store.calls.end)(self.ctx(), self.named) }
    }
}

fn number(table: Table) -> u32 {
    ampoule_table::of(table) as u32
}

/// Bytes as C takes them: never NULL, which says something of its own.
pub(crate) fn lent(bytes: &[u8]) -> (*const u8, usize) {
    static NOTHING: u8 = 0;
    (if bytes.is_empty() { &raw const NOTHING } else { bytes.as_ptr() }, bytes.len())
}

/// What a function of the caller says: nothing where the number is none of a store.
fn meaning(status: u32) -> Option<Result<(), StoreError>> {
    const STORE: [(ampoule_status, StoreError); 9] = [
        (ampoule_status::StoreBusy, StoreError::Busy),
        (ampoule_status::StoreFull, StoreError::Full),
        (ampoule_status::StoreReadOnly, StoreError::ReadOnly),
        (ampoule_status::StoreCannotOpen, StoreError::CannotOpen),
        (ampoule_status::StoreDamaged, StoreError::Damaged),
        (ampoule_status::StoreNewer, StoreError::NewerSchema),
        (ampoule_status::StoreUnsupportedKey, StoreError::UnsupportedKey),
        (ampoule_status::StoreUncertain, StoreError::Uncertain),
        (ampoule_status::StoreIo, StoreError::Io),
    ];
    if status == ampoule_status::Ok as u32 {
        return Some(Ok(()));
    }
    STORE.iter().find(|(number, _)| *number as u32 == status).map(|(_, error)| Err(*error))
}

/// As [`meaning`], of anything but a commit.
pub(crate) fn said(status: u32) -> Result<(), StoreError> {
    meaning(status).unwrap_or(Err(StoreError::Io))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ampoule::codes::ErrorCode;

    #[test]
    fn every_error_of_a_store_is_understood_and_nothing_else() {
        for code in ErrorCode::ALL {
            let of_store = code.text().starts_with("the store") && (231..251).contains(&code.number());
            assert_eq!(meaning(code.number()).is_some(), of_store, "{code:?}");
            if let Some(Err(error)) = meaning(code.number()) {
                assert_eq!(ampoule_status::from(error) as u32, code.number());
            }
        }
        assert_eq!(meaning(0), Some(Ok(())));
        for number in [1, 10, 240, u32::MAX] {
            assert_eq!(meaning(number), None);
            assert_eq!(said(number), Err(StoreError::Io));
        }
    }
}
