//! Records: sealing, storing, finding and sharing them, each against the bare work that it needs.
//!
//! `docs/BENCH.md` says what is measured against what. Run it with `cargo xtask bench records`; with names of parts after
//! `cargo bench --bench records --`, only those run.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark whose work fails has nothing to print"
)]

#[path = "records/charts.rs"]
mod charts;
mod common;
#[path = "records/scale.rs"]
mod scale;
#[path = "records/single.rs"]
mod single;
#[path = "records/stored.rs"]
mod stored;

use common::Part;

const PARTS: [Part; 7] = [
    ("floor", |_| single::floor()),
    ("writes", single::writes),
    ("reads", single::reads),
    ("sharing", charts::sharing),
    ("finding", charts::finding),
    ("opening", scale::opening),
    ("stored", stored::ratio),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == scale::CHILD) {
        Some(at) => scale::child(arguments[at + 1].as_ref()),
        None => common::run(&PARTS),
    }
}
