//! A store that does whatever it likes, by random choice.

use ampoule::MemoryStore;
use ampoule::testing::hostile::{self, Report};

/// Fixed, so that every run tries the same. `cargo xtask hostile` tries others.
const SEED: u64 = 4;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[track_caller]
fn assert_true_or_refused(report: &Report) {
    println!("{report}");
    assert!(report.failures.is_empty(), "{report}");
    assert!(report.altered * 2 >= report.scripts, "too few scripts alter an answer: {report}");
}

#[test]
fn whatever_the_store_does_the_answer_is_true_or_an_error() {
    let (seed, scripts) = (number("AMPOULE_HOSTILE_SEED", SEED), number("AMPOULE_HOSTILE_SCRIPTS", 3_000));
    let first = number("AMPOULE_HOSTILE_FIRST", 0);
    let report = hostile::run(MemoryStore::new, seed, first..first + scripts).unwrap();
    assert_true_or_refused(&report);
    assert_eq!(report.scripts, scripts);
}

#[cfg(feature = "sqlite")]
#[test]
fn whatever_a_store_on_sqlite_does_the_answer_is_true_or_an_error() {
    use ampoule::SqliteStore;
    use std::sync::atomic::{AtomicU64, Ordering};
    let (folder, next) = (tempfile::tempdir().unwrap(), AtomicU64::new(0));
    let make = || {
        let path = folder.path().join(format!("{}.db", next.fetch_add(1, Ordering::Relaxed)));
        SqliteStore::open(path).unwrap()
    };
    assert_true_or_refused(&hostile::run(make, SEED, 0..60).unwrap());
}
