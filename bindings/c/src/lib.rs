//! The C door: the same vaults for C and C++. `include/ampoule.h` is generated from this crate by `cargo xtask header`.
//!
//! ```text
//!  C ──► export ──► boundary ──► handles ──► ampoule
//!          │          panics,      generations
//!          └ memory   statuses     say who is there
//!            pointers
//! ```
//!
//! It adds no behaviour: each export checks its arguments, looks its handles up, calls the library, and writes its results
//! once all went well. All unsafe code of the project is in this crate, and but for the exports' own words, in `memory`.
//!
//! What a caller must keep to, for every export: a pointer with a length is to that many bytes that nobody changes during
//! the call, or NULL with length 0; a pointer to a result is to memory of its type that may be written. Handles are checked
//! and need not be right.

#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "an export is unsafe by its pointers alone, and `memory` says what they need"
)]

pub mod auditor;
pub mod author;
pub mod batch;
mod boundary;
pub mod buffer;
pub mod bundle;
pub mod callback;
pub mod callers_blobs;
pub mod callers_store;
pub mod chart;
pub mod codes;
pub mod contact;
pub mod content;
pub mod described;
pub mod device;
pub mod entry;
pub mod file;
pub mod findings;
pub mod floor;
pub mod folder;
pub mod formats;
mod handles;
pub mod ids;
pub mod keeper;
pub mod link;
mod memory;
pub mod notice;
pub mod options;
pub mod organisation;
pub mod patient;
pub mod quarantine;
pub mod query;
pub mod record;
pub mod rows;
pub mod shares;
pub mod sharing;
pub mod status;
pub mod store;
pub mod store_check;
pub mod thread;
pub mod unlock;
pub mod vault;
pub mod verify;
