//! What a store promises, held against each store that there is.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod blobs;
mod contract;
#[cfg(feature = "sqlite")]
mod files;
mod model;
#[cfg(all(feature = "sqlite", unix))]
mod processes;

use ampoule::store::Store;

/// Runs a check on an empty store of each kind.
fn each_store(check: impl Fn(&dyn Store)) {
    check(&ampoule::MemoryStore::new().busy_timeout(PATIENCE));
    #[cfg(feature = "sqlite")]
    {
        let folder = tempfile::tempdir().unwrap();
        let store = ampoule::SqliteOptions::new().busy_timeout(PATIENCE).open(folder.path().join("store.db")).unwrap();
        check(&store);
        store.check().unwrap();
    }
}

/// Long enough for two writers that only take turns, short enough to wait for in a test that expects the end of it.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(200);
