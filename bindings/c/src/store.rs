//! Where a vault keeps its rows.

use crate::memory::{Out, text};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::store::Store;
use ampoule::{MemoryStore, SqliteStore};
use std::ffi::c_char;
use std::sync::Arc;

/// A store: a file of SQLite, memory, or functions of the caller. It never holds a key. Vaults may be opened on it from any
/// thread, and keep it for as long as they need it: it can be closed once they are open.
pub struct ampoule_store(pub(crate) Arc<dyn Store>);

/// A store in a file of SQLite, with a folder for the content of files beside it. It is made where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_store_sqlite(
    path: *const c_char,
    path_len: usize,
    store: *mut *mut ampoule_store,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(store)?;
        let opened = SqliteStore::open(text(path, path_len)?)?;
        out.write(handles::open(ampoule_store(Arc::new(opened)))?);
        Ok(())
    })
}

/// A store in memory, gone when the last that uses it is closed. For tests, and for what must leave no trace.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_store_memory(store: *mut *mut ampoule_store) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(store)?;
        out.write(handles::open(ampoule_store(Arc::new(MemoryStore::new())))?);
        Ok(())
    })
}
