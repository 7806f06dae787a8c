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
