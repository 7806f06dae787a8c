//! Truth: what it costs to know that nothing was held back, changed, or done in secret.
//!
//! `docs/BENCH.md` says what is measured against what. Run it with `cargo xtask bench truth`; with names of parts after
//! `cargo bench --bench truth --`, only those run.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark whose work fails has nothing to print"
)]

#[path = "truth/bundles.rs"]
mod bundles;
#[path = "truth/charts.rs"]
mod charts;
mod common;
#[path = "truth/logs.rs"]
mod logs;
#[path = "truth/reads.rs"]
mod reads;
#[path = "truth/verify.rs"]
mod verify;

use common::Part;

const PARTS: [Part; 6] = [
    ("reads", reads::strict),
    ("charts", charts::opening),
    ("logs", logs::opening),
    ("verify", verify::everything),
    ("import", bundles::importing),
    ("proof", bundles::proving),
];

fn main() {
    common::run(&PARTS);
}
