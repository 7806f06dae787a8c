//! Opening a chart in a vault of many.

use crate::common::measure::{in_turns, timed};
use crate::common::samples::{fill, relaxed, unlock, vault};
use ampoule::{ChartId, Vault};
use std::hint::black_box;
use std::path::Path;
use std::thread;
use std::time::Instant;

const FEW: usize = 100;
const MANY: usize = 100_000;
/// Charts that are opened: all of the few, and as many of the many.
const OPENED: usize = FEW;
const RECORDS: usize = 10;
const LEN: usize = 256;

pub(crate) fn opening(folder: &Path) {
    println!("opening charts of {RECORDS} records in vaults of {MANY} and of {FEW} charts");
    let (many, of_many) = built(&folder.join("many"), MANY);
    let (few, of_few) = built(&folder.join("few"), FEW);
    let open = |vault: &Vault, ids: &[ChartId]| {
        // What was open is forgotten.
        vault.lock();
        vault.unlock(&unlock()).unwrap();
        let mut ids = ids.iter();
        timed(ids.len(), || drop(black_box(vault.chart(ids.next().unwrap()).unwrap())))
    };
    in_turns(21, || open(&many, &of_many), || open(&few, &of_few))
        .print("open_chart", &format!("the same with {FEW} charts in the vault instead of {MANY}"));
}

/// A vault, and the charts in it that have records.
fn built(path: &Path, charts: usize) -> (Vault, Vec<ChartId>) {
    let begun = Instant::now();
    let vault = vault(relaxed(path), "Riverside Clinic");
    let make_filled = |_| {
        let chart = vault.create_chart().unwrap();
        fill(&vault, &chart, RECORDS, LEN);
        chart.id()
    };
    let filled: Vec<ChartId> = (0..OPENED).map(make_filled).collect();
    // Ids are random, so those charts lie scattered among the others.
    let cores = thread::available_parallelism().unwrap().get();
    let make =
        &|first: usize| (OPENED + first..charts).step_by(cores).for_each(|_| drop(vault.create_chart().unwrap()));
    thread::scope(|scope| {
        for first in 0..cores {
            scope.spawn(move || make(first));
        }
    });
    // A log writes its map once in 256 leaves. In both vaults the charts are in what was written.
    (0..256).for_each(|_| vault.batch(|_| Ok(())).unwrap());
    println!("  made {charts} charts in {:.0} s", begun.elapsed().as_secs_f64());
    (vault, filled)
}
