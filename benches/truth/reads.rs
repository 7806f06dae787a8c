//! Reading where each read is told in the log before anything is released.

use crate::common::leaf::BareLeaf;
use crate::common::measure::side_by_side;
use crate::common::plain::Plain;
use crate::common::samples::{Added, CONTENT, added_by_strict_get, durable_vault, fill, observation, unlock};
use ampoule::{Audit, Clock, SqliteStore, Vault};
use std::hint::black_box;
use std::path::Path;

/// No time passes, so no group of events is ever due.
struct Stopped;

impl Clock for Stopped {
    fn now_ms(&self) -> i64 {
        1_700_000_000_000
    }
}

pub(crate) fn strict(folder: &Path) {
    const RECORDS: usize = 2000;
    let Added { bytes, events } = added_by_strict_get(&observation(1, CONTENT));
    println!("getting one of {RECORDS} records; its event adds {bytes} B");
    let [(told, ids), (untold, others)] =
        [("told", Vault::options().audit(Audit::Strict)), ("untold", Vault::options().clock(Stopped))].map(
            |(name, options)| {
                let path = folder.join(name);
                let vault = durable_vault(&path);
                let chart = vault.create_chart().unwrap();
                let (id, ids) = (chart.id(), fill(&vault, &chart, RECORDS, CONTENT));
                drop((chart, vault));
                let vault = options.open(SqliteStore::open(&path).unwrap(), &unlock()).unwrap();
                (vault.chart(&id).unwrap(), ids)
            },
        );
    let plain = Plain::create(&folder.join("plain"));
    let (row, leaf) = (vec![1; bytes], BareLeaf::of(events));
    // Both walk over all records in one scattered order.
    let scattered = |step: usize| step * 757 % RECORDS;
    let (mut mine, mut theirs) = (0, 0);
    side_by_side(
        101,
        16,
        || {
            mine += 1;
            assert_eq!(black_box(told.get(&ids[scattered(mine)]).unwrap()).content().len(), CONTENT);
        },
        || {
            theirs += 1;
            plain.put(1, &row, || leaf.sign());
            assert_eq!(black_box(untold.get(&others[scattered(theirs)]).unwrap()).content().len(), CONTENT);
        },
    )
    .print(
        "get_2k_strict",
        "a durable plain SQLite insert of the same bytes, one signature, and the same get without an event",
    );
}
