//! A store that does whatever it likes: by random choice, in as many scripts as one wants, and in every byte of a vault.

use ampoule::MemoryStore;
use ampoule::testing::hostile;
use anyhow::{Result, ensure};
use std::time::Instant;

/// Scripts after which it is shown how far it went, and what failed.
const LOT: u64 = 2_000;

/// Plays scripts, and prints a histogram by attack and outcome.
pub(crate) fn run(scripts: u64, seed: u64, first: u64) -> Result<()> {
    let begun = Instant::now();
    let end = first.saturating_add(scripts);
    let mut all = hostile::Report::default();
    let mut next = first;
    while next < end {
        let until = next.saturating_add(LOT).min(end);
        let lot = hostile::run(MemoryStore::new, seed, next..until)?;
        for failure in &lot.failures {
            println!("{failure}");
        }
        all.merge(lot);
        println!("{} scripts in {} s, {} failed", all.scripts, begun.elapsed().as_secs(), all.failures.len());
        next = until;
    }
    println!("seed {seed}, scripts {first} to {}", end.saturating_sub(1));
    print!("{all}");
    ensure!(all.failures.is_empty(), "an answer was wrong; the scripts stand above");
    ensure!(all.altered.saturating_mul(2) >= all.scripts, "less than half of the scripts gave an altered answer");
    let bytes = hostile::every_byte(MemoryStore::new, 0, 1)?;
    println!("every byte of a small vault changed, one at a time, in {} s", begun.elapsed().as_secs());
    print!("{bytes}");
    ensure!(bytes.failures.is_empty(), "an answer was wrong; the bytes stand above");
    Ok(())
}
