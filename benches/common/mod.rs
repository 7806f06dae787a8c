//! What the benchmarks share: two works measured side by side, the bare works that a reference is made of, vaults and
//! records to measure with.

#![allow(dead_code, reason = "each benchmark needs some of it")]

pub(crate) mod leaf;
pub(crate) mod measure;
pub(crate) mod plain;
pub(crate) mod primitives;
pub(crate) mod samples;

use std::path::Path;
use std::time::Instant;

/// A part of a benchmark: its name, and what measures it in an empty folder.
pub(crate) type Part = (&'static str, fn(&Path));

/// Runs the parts that the arguments name; all of them where they name none.
pub(crate) fn run(parts: &[Part]) {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, measure) in parts {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            let begun = Instant::now();
            // Each removes what it built before the next begins.
            let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            measure(folder.path());
            println!("{name} took {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
}
