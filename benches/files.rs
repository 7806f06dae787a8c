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
#[path = "files/peak.rs"]
mod peak;
#[path = "files/threads.rs"]
mod threads;

use common::Part;

const PARTS: [Part; 7] = [
    ("seal", memory::sealing),
    ("open", memory::opening),
    ("disk", disk::writing),
    ("range", disk::reading),
    ("memory", peak::memory),
    ("sending", threads::sending),
    ("reading", threads::reading),
];

/// Runs only where it is named: it needs 20 GiB of disk.
const HUGE: Part = ("20g", peak::huge);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == peak::CHILD) {
        Some(at) => peak::child(arguments[at + 1].as_ref(), arguments[at + 2].parse().unwrap()),
        None if arguments.iter().any(|argument| argument == HUGE.0) => common::run(&[HUGE]),
        None => common::run(&PARTS),
    }
}
