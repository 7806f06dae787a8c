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

use std::path::Path;
use std::time::Instant;

type Part = (&'static str, fn(&Path));

const PARTS: [Part; 6] = [
    ("reads", reads::strict),
    ("charts", charts::opening),
    ("logs", logs::opening),
    ("verify", verify::everything),
    ("import", bundles::importing),
    ("proof", bundles::proving),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, measure) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            let begun = Instant::now();
            // Each removes what it built before the next begins.
            let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            measure(folder.path());
            println!("{name} took {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
}
