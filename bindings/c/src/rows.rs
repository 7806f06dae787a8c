//! Where a store of the caller's puts what it was asked for.

use crate::memory::bytes;
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::StoreError;
use ampoule::store::Row;
use std::sync::{Arc, Mutex, PoisonError};

/// The rows that a function of `ampoule_store_callbacks` was asked for. It is there during that call alone: kept for longer, it is
/// a handle that was closed. Do not close it.
pub struct ampoule_rows(Mutex<Asked>);

struct Asked {
    rows: Vec<Row>,
    most: usize,
    /// Something was given that is no row: then none of them counts, whatever the store returns.
    unfit: bool,
}

/// Adds a row to what was asked for: its key, and its value. Both are copied. To what asks for one row, another is
/// `AMPOULE_STATUS_OUT_OF_RANGE`; so is one more than the limit of a scan. After a failure nothing that was added counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_rows_add(
    rows: *const ampoule_rows,
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let rows = handles::get(rows)?;
        let (key, value) = (bytes(key, key_len), bytes(value, value_len));
        let mut asked = rows.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = asked.rows.len() >= asked.most;
        let (Ok(key), Ok(value), false) = (key, value, full) else {
            asked.unfit = true;
            return Err(key.and(value).err().unwrap_or(ampoule_status::OutOfRange));
        };
        asked.rows.push((key.to_vec(), value.to_vec()));
        Ok(())
    })
}

/// A handle that ends with the call for which it was made.
pub(crate) struct Lent {
    handle: *mut ampoule_rows,
    rows: Arc<ampoule_rows>,
}

impl Lent {
    /// Room for so many rows.
    pub(crate) fn new(most: usize) -> Result<Self, StoreError> {
        let asked = Asked { rows: Vec::new(), most, unfit: false };
        let handle = handles::open(ampoule_rows(Mutex::new(asked))).map_err(|_| StoreError::Io)?;
        let rows = handles::get(handle.cast_const()).map_err(|_| StoreError::Io)?;
        Ok(Self { handle, rows })
    }

    pub(crate) fn handle(&self) -> *mut ampoule_rows {
        self.handle
    }

    /// What was given.
    pub(crate) fn take(self) -> Result<Vec<Row>, StoreError> {
        let mut asked = self.rows.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.unfit { Err(StoreError::Damaged) } else { Ok(std::mem::take(&mut asked.rows)) }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // A store that closed it has closed it.
        let _ = handles::close(self.handle.addr());
    }
}

#[cfg(test)]
#[allow(clippy::undocumented_unsafe_blocks, reason = "what is pointed to is in the same test")]
mod tests {
    use super::*;
    use std::ptr::null;

    fn add(rows: *const ampoule_rows, key: &[u8], value: *const u8, len: usize) -> ampoule_status {
        unsafe { ampoule_rows_add(rows, key.as_ptr(), key.len(), value, len) }
    }

    #[test]
    fn what_is_no_row_makes_all_of_them_none() {
        let value = [7];
        let rows = Lent::new(3).unwrap();
        assert_eq!(add(rows.handle(), b"1", value.as_ptr(), 1), ampoule_status::Ok);
        assert_eq!(add(rows.handle(), b"2", null(), 0), ampoule_status::Ok);
        assert_eq!(rows.take(), Ok(vec![(b"1".to_vec(), vec![7]), (b"2".to_vec(), Vec::new())]));

        let rows = Lent::new(3).unwrap();
        assert_eq!(add(rows.handle(), b"1", value.as_ptr(), 1), ampoule_status::Ok);
        assert_eq!(add(rows.handle(), b"2", null(), 1), ampoule_status::NullArgument);
        assert_eq!(rows.take(), Err(StoreError::Damaged));

        let rows = Lent::new(3).unwrap();
        assert_eq!(add(rows.handle(), b"1", value.as_ptr(), usize::MAX), ampoule_status::InvalidLength);
        assert_eq!(rows.take(), Err(StoreError::Damaged));
    }

    #[test]
    fn more_rows_than_were_asked_for_are_refused() {
        let rows = Lent::new(1).unwrap();
        assert_eq!(add(rows.handle(), b"1", null(), 0), ampoule_status::Ok);
        assert_eq!(add(rows.handle(), b"2", null(), 0), ampoule_status::OutOfRange);
        assert_eq!(rows.take(), Err(StoreError::Damaged));
    }

    #[test]
    fn what_is_kept_for_longer_is_closed() {
        let rows = Lent::new(1).unwrap();
        let kept = rows.handle();
        drop(rows);
        assert_eq!(add(kept, b"1", null(), 0), ampoule_status::ClosedHandle);
    }
}
