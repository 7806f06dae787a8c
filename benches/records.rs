//! Records: sealing, storing, finding and sharing them, each against the bare work that it needs.
//!
//! `docs/BENCH.md` says what is measured against what. Run it with `cargo xtask bench records`.

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

use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == scale::CHILD) {
        scale::child(arguments[at + 1].as_ref());
        return;
    }
    let begun = Instant::now();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    single::floor();
    single::writes(folder.path());
    single::reads(folder.path());
    charts::sharing(folder.path());
    charts::finding(folder.path());
    scale::opening(folder.path());
    stored::ratio(folder.path());
    println!("all of it took {:.0} s", begun.elapsed().as_secs_f64());
}
