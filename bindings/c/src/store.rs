//! Where a vault keeps its rows.

use crate::memory::{Out, text};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::store::{Durability, Store};
use ampoule::{MemoryStore, SqliteOptions, SqliteStore};
use std::ffi::c_char;
use std::sync::Arc;
use std::time::Duration;

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

/// As `ampoule_store_sqlite`, where a writer waits for another for so many milliseconds; 5000 is usual. With `relaxed` the last changes
/// before a power cut may be lost, each of them whole, and writing is faster.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_store_sqlite_with(
    path: *const c_char,
    path_len: usize,
    busy_timeout_ms: u64,
    relaxed: bool,
    store: *mut *mut ampoule_store,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(store)?;
        let durability = if relaxed { Durability::Relaxed } else { Durability::Full };
        let options = SqliteOptions::new().busy_timeout(Duration::from_millis(busy_timeout_ms)).durability(durability);
        let opened = options.open(text(path, path_len)?)?;
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
