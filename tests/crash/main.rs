//! What is left when the power fails, a process is killed, or the disk fails.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![cfg(all(target_os = "linux", feature = "sqlite"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod exports;
#[cfg(feature = "testing")]
mod faults;
mod files;
mod script;
mod store;
mod unsynced;
mod vault;
