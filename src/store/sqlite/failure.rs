//! What an error of SQLite means for the caller.

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_IOERR_CORRUPTFS, SQLITE_READONLY_DBMOVED};

use crate::store::StoreError;

/// The meaning of an error of any statement but `COMMIT`.
pub(super) fn meaning(error: &rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        return match error {
            // The path cannot be handed to SQLite.
            rusqlite::Error::NulError(_) | rusqlite::Error::InvalidPath(_) => StoreError::CannotOpen,
            // All else comes from a row or a statement that does not fit the schema.
            _ => StoreError::Damaged,
        };
    };
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
        ErrorCode::DiskFull => StoreError::Full,
        // The file was moved or deleted while it was open.
        ErrorCode::ReadOnly if failure.extended_code == SQLITE_READONLY_DBMOVED => {
            StoreError::CannotOpen
        }
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::ReadOnly,
        ErrorCode::CannotOpen => StoreError::CannotOpen,
        ErrorCode::SystemIoFailure if failure.extended_code == SQLITE_IOERR_CORRUPTFS => {
            StoreError::Damaged
        }
        ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::SchemaChanged
        | ErrorCode::TypeMismatch
        | ErrorCode::ConstraintViolation
        // "No such table" and the like: the statements are fixed, so it is the file that is wrong.
        | ErrorCode::Unknown => StoreError::Damaged,
        _ => StoreError::Io,
    }
}

/// The meaning of an error of `COMMIT`.
///
/// Where writing or syncing the log failed, the frame that ends the transaction may have reached the disk, and recovery
/// after a crash would then find it. A full disk is certain: that frame is the last one written.
pub(super) fn meaning_of_commit(error: &rusqlite::Error) -> StoreError {
    match meaning(error) {
        StoreError::Io => StoreError::Uncertain,
        other => other,
    }
}
