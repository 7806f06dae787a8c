//! Taking a bundle in, and what its proof costs in bytes.

use crate::common::measure::{figure, in_turns, timed};
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

/// Types of the frames that prove a bundle: scope, and proof.
const PROVING: [u8; 2] = [7, 8];

pub(crate) fn proving(folder: &Path) {
    println!("bytes of proofs in bundles");
    let clinic = vault(relaxed(&folder.join("clinic")), "Riverside Clinic");
    let lee = vault(relaxed(&folder.join("lee")), "Dr. Lee");
    let to = acquainted(&clinic, &lee);
    acquainted(&lee, &clinic);
    for entries in [1, 100, ENTRIES] {
        let chart = clinic.create_chart().unwrap();
        chart.share(&to, &Grant::read()).unwrap();
        let next = lee.import(&chart.export(&to, Cursor::START).unwrap()).unwrap().next;
        // One transaction and leaf each.
        for number in 0..entries {
            chart.put(&observation(number, 256)).unwrap();
        }
        let bundle = chart.export(&to, next).unwrap();
        assert_eq!(lee.import(&bundle).unwrap().added, entries as u64);
        let bytes = proof_bytes(&bundle);
        println!("  {entries} records: {} B, {bytes} B of them proofs", bundle.len());
        figure(
            &format!("proof_bytes_{entries}"),
            bytes as f64 / entries as f64,
            "B an entry",
            &format!("a bundle of {entries} records"),
        );
    }
}

fn proof_bytes(bundle: &[u8]) -> usize {
    let (mut at, mut bytes) = (5, 0);
    while at < bundle.len() {
        let len = 5 + u32::from_be_bytes(bundle[at + 1..at + 5].try_into().unwrap()) as usize;
        bytes += if PROVING.contains(&bundle[at]) { len } else { 0 };
        at += len;
    }
    bytes
}
