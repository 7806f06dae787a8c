//! Threads: what is said in a chart, against records and short threads.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark whose work fails has nothing to print"
)]

mod common;
#[path = "files/threads.rs"]
mod threads;

use common::Part;

const PARTS: [Part; 2] = [("sending", threads::sending), ("reading", threads::reading)];

fn main() {
    common::run(&PARTS);
}
