//! Calls that return no error, where a panic would end a program in Swift.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; where it panics, the answer is `otherwise`. For work that leaves nothing half done when it ends early.
pub(crate) fn contained<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(otherwise)
}
