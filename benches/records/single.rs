//! One record at a time: sealing, opening, putting, getting.

use crate::common::leaf::BareLeaf;
use crate::common::measure::side_by_side;
use crate::common::plain::Plain;
use crate::common::primitives::Bare;
use crate::common::samples::{Added, CONTENT, added_by_put, durable_vault, fill, keys, observation};
use std::hint::black_box;
use std::path::Path;

/// The lower floor, without a store.
pub(crate) fn floor() {
    println!("sealing and opening a record of {CONTENT} B");
    let (keys, record) = (keys(), observation(1, CONTENT));
    let mut bare = Bare::of(&keys, &record);
    side_by_side(201, 50, || drop(black_box(keys.seal(&record, 1).unwrap())), || bare.seal())
        .print("record_seal_2k", "bare primitives");
    let sealed = keys.seal(&record, 1).unwrap();
    side_by_side(
        201,
        50,
        || drop(black_box(keys.open(&sealed).unwrap())),
        || {
            bare.open();
            bare.hash();
        },
    )
    .print("record_open_2k", "bare primitives");
}

/// Durable writes.
pub(crate) fn writes(folder: &Path) {
    let (keys, record) = (keys(), observation(1, CONTENT));
    let mut bare = Bare::of(&keys, &record);
    for (name, batch, samples) in [("put_durable", 1, 401), ("put_batch_100", 100, 41)] {
        let Added { bytes, events } = added_by_put(batch, &record);
        println!("putting {batch} in a transaction; each adds {bytes} B");
        let mut leaf = BareLeaf::of(events);
        let vault = durable_vault(&folder.join(name));
        let chart = vault.create_chart().unwrap();
        let plain = Plain::create(&folder.join(format!("{name}.plain")));
        let row = vec![1; bytes];
        side_by_side(
            samples,
            if batch == 1 { 16 } else { 2 },
            || vault.batch(|each| (0..batch).try_for_each(|_| each.put(&chart, &record).map(drop))).unwrap(),
            || {
                plain.put(batch, &row, || {
                    bare.seal();
                    bare.hash();
                });
                leaf.append(batch);
            },
        )
        .print(name, "plain SQLite row of the same bytes, same durability and batch, and bare primitives");
    }
}

/// Reading one record of a chart that is open.
pub(crate) fn reads(folder: &Path) {
    const RECORDS: usize = 2000;
    println!("getting one of {RECORDS} records");
    let keys = keys();
    let record = observation(1, CONTENT);
    let mut bare = Bare::of(&keys, &record);
    let vault = durable_vault(&folder.join("get"));
    let chart = vault.create_chart().unwrap();
    let ids = fill(&vault, &chart, RECORDS, CONTENT);
    let plain = Plain::create(&folder.join("get.plain"));
    let row = keys.seal(&record, 1).unwrap().to_bytes();
    plain.put(RECORDS, &row, || {});
    // Both walk over all rows in one scattered order.
    let scattered = |step: usize| step * 757 % RECORDS;
    let (mut mine, mut theirs) = (0, 0);
    side_by_side(
        201,
        50,
        || {
            mine += 1;
            let entry = chart.get(&ids[scattered(mine)]).unwrap();
            assert_eq!(black_box(entry).content().len(), CONTENT);
        },
        || {
            theirs += 1;
            assert_eq!(black_box(plain.get(1 + scattered(theirs))).len(), row.len());
            bare.open();
            bare.hash();
        },
    )
    .print("get_2k", "plain SQLite get and bare primitives");
}
