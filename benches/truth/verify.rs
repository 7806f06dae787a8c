//! Verifying everything.

use crate::common::measure::{in_turns, timed};
use crate::common::primitives::Bare;
use crate::common::samples::{CONTENT, fill, keys, observation, relaxed, unlock, vault};
use std::path::Path;
use std::thread;

const CHARTS: usize = 100;
const RECORDS: usize = 1000;

pub(crate) fn everything(folder: &Path) {
    let all = CHARTS * RECORDS;
    println!("verifying {all} records of {CONTENT} B in {CHARTS} charts");
    let vault = vault(relaxed(&folder.join("verify")), "Riverside Clinic");
    for _ in 0..CHARTS {
        fill(&vault, &vault.create_chart().unwrap(), RECORDS, CONTENT);
    }
    let bare = Bare::of(&keys(), &observation(1, CONTENT));
    let cores = thread::available_parallelism().unwrap().get();
    let check = || (0..all / cores).for_each(|number| bare.check(number));
    let on_all_cores = || thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(check))));
    let pair = in_turns(
        5,
        || {
            // What was open is forgotten, so that every chart is opened and checked too.
            vault.lock();
            vault.unlock(&unlock()).unwrap();
            timed(1, || {
                let report = vault.verify().unwrap();
                assert!(report.findings.is_empty());
                assert_eq!((report.charts, report.versions), (CHARTS as u64, all as u64));
            })
        },
        || timed(1, on_all_cores),
    );
    println!("  {:.0} MB of content a second, on {cores} cores", (all * CONTENT) as f64 / pair.ours() * 1e3);
    pair.print("verify_mb_s", "hashes and signature checks alone, on all cores");
}
