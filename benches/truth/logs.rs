//! Opening a vault with a long log.

use crate::common::measure::side_by_side;
use crate::common::samples::{relaxed, unlock, vault_with};
use ampoule::{Audit, Vault};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

const FEW: usize = 1000;
/// As many leaves since the last full tile as the few have: these alone are read when a log is opened.
const MANY: usize = 1_000_000 + (FEW + 256 - 1_000_000 % 256) % 256;

/// Each event has a leaf of its own, as a strict audit writes them.
pub(crate) fn opening(folder: &Path) {
    println!("opening vaults with {MANY} and with {FEW} events in the log");
    let [many, few] = [MANY, FEW].map(|events| built(folder.join(events.to_string()), events));
    let open = |path: &Path| drop(black_box(Vault::open(relaxed(path), &unlock()).unwrap()));
    side_by_side(201, 1, || open(&many), || open(&few))
        .print("open_vault_1m", &format!("the same with {FEW} events instead of {MANY}"));
}

fn built(path: PathBuf, events: usize) -> PathBuf {
    let begun = Instant::now();
    let vault = vault_with(Vault::options().audit(Audit::Strict), relaxed(&path), "Riverside Clinic");
    let chart = vault.create_chart().unwrap();
    // Two are there: the vault and the chart were made.
    (2..events).for_each(|_| drop(chart.list().unwrap()));
    println!("  wrote {events} events in {:.0} s", begun.elapsed().as_secs_f64());
    path
}
