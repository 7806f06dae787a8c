//! Taking a bundle in.

use crate::common::measure::{in_turns, timed};
use crate::common::samples::{CONTENT, acquainted, durable_vault, fill, observation, relaxed, unlock, vault};
use ampoule::{Cursor, Grant, SqliteStore, Vault};
use std::fs;
use std::path::Path;

const ENTRIES: usize = 10_000;
const BATCH: usize = 100;

pub(crate) fn importing(folder: &Path) {
    println!("importing a bundle of {ENTRIES} records of {CONTENT} B");
    let clinic = vault(relaxed(&folder.join("clinic")), "Riverside Clinic");
    let chart = clinic.create_chart().unwrap();
    fill(&clinic, &chart, ENTRIES, CONTENT);
    let prepared = folder.join("lee");
    let lee = durable_vault(&prepared);
    let to = acquainted(&clinic, &lee);
    acquainted(&lee, &clinic);
    chart.share(&to, &Grant::read()).unwrap();
    let bundle = chart.export(&to, Cursor::START).unwrap();
    // The last connection moves the log into the file and removes it.
    drop(lee);
    println!("  {} B", bundle.len());
    let copied = folder.join("copy");
    let record = observation(1, CONTENT);
    let writer = durable_vault(&folder.join("writer"));
    in_turns(
        7,
        || {
            fs::copy(&prepared, &copied).unwrap();
            let lee = Vault::open(SqliteStore::open(&copied).unwrap(), &unlock()).unwrap();
            let mut added = 0;
            let took = timed(1, || added = lee.import(&bundle).unwrap().added);
            assert_eq!(added, ENTRIES as u64);
            drop(lee);
            fs::remove_file(&copied).unwrap();
            took
        },
        || {
            let chart = writer.create_chart().unwrap();
            timed(1, || {
                for _ in 0..ENTRIES / BATCH {
                    writer.batch(|each| (0..BATCH).try_for_each(|_| each.put(&chart, &record).map(drop))).unwrap();
                }
            })
        },
    )
    .print("import_10k", "putting as many records, 100 in a transaction");
}
