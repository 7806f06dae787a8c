//! Files and threads: content of any size, sealed and opened as fast as the cipher and the hash alone; what is said in a chart.
//!
//! `docs/BENCH.md` says what is measured against what. Run it with `cargo xtask bench files`; with names of parts after
//! `cargo bench --bench files --`, only those run.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark whose work fails has nothing to print"
)]

#[path = "files/bare.rs"]
mod bare;
mod common;
#[path = "files/disk.rs"]
mod disk;
#[path = "files/memory.rs"]
mod memory;
#[path = "files/threads.rs"]
mod threads;

use common::Part;

const PARTS: [Part; 6] = [
    ("seal", memory::sealing),
    ("open", memory::opening),
    ("disk", disk::writing),
    ("range", disk::reading),
    ("sending", threads::sending),
    ("reading", threads::reading),
];

fn main() {
    common::run(&PARTS);
}
