//! Vaults with many charts: time to open, and memory.

use crate::common::measure::{figure, median, side_by_side};
use crate::common::samples::{fill, relaxed, unlock, vault};
use ampoule::{SqliteStore, Vault};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Argument by which this program opens a vault and says how much memory it took.
pub(crate) const CHILD: &str = "--open-vault";

const CHARTS: usize = 1000;
const RECORDS: usize = 100;
const LEN: usize = 256;

/// Opening a vault with 100,000 records in 1,000 charts, against one with 100 in 1.
pub(crate) fn opening(folder: &Path) {
    println!("opening a vault of {CHARTS} charts with {RECORDS} records each, and one of 1 chart");
    let large = built(folder.join("large"), CHARTS);
    let small = built(folder.join("small"), 1);
    side_by_side(201, 1, || drop(black_box(open(&large))), || drop(black_box(open(&small))))
        .print("open_vault_100k", "the same with 100 records in 1 chart");
    if cfg!(target_os = "linux") {
        let mut peaks = Vec::new();
        for round in 0..9 {
            let [large, small] = if round % 2 == 0 {
                [peak(&large), peak(&small)]
            } else {
                let small = peak(&small);
                [peak(&large), small]
            };
            peaks.push((large, small));
        }
        let (large, small) =
            (median(peaks.iter().map(|(large, _)| *large)), median(peaks.iter().map(|(_, small)| *small)));
        println!("  memory_100k: {large:.0} kB against {small:.0} kB");
        figure("memory_100k", large / small, "x", "the same with 100 records in 1 chart");
    }
}

/// What the child does: opens a vault, reads one record, and prints its peak memory in kB.
pub(crate) fn child(path: &Path) {
    let vault = open(path);
    let chart = vault.chart(&vault.charts().unwrap()[0]).unwrap();
    let first = chart.list().unwrap().entries()[0].id;
    assert_eq!(chart.get(&first).unwrap().content().len(), LEN);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{}", line.trim().trim_end_matches(" kB"));
}

fn open(path: &Path) -> Vault {
    Vault::open(SqliteStore::open(path).unwrap(), &unlock()).unwrap()
}

fn peak(path: &Path) -> f64 {
    let output = Command::new(std::env::current_exe().unwrap()).arg(CHILD).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn built(path: PathBuf, charts: usize) -> PathBuf {
    let vault = vault(relaxed(&path), "Riverside Clinic");
    for _ in 0..charts {
        let chart = vault.create_chart().unwrap();
        fill(&vault, &chart, RECORDS, LEN);
    }
    path
}
