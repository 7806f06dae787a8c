//! Vectors, from fixed randomness: written anew, or compared with those that are committed.

use crate::place::Place;
use ampoule::{Suite, testing::vectors};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;

type Make = fn(Suite) -> Result<vectors::Value, ampoule::Error>;

fn files() -> [(&'static str, Make, Suite); 4] {
    [
        ("aes-256-gcm.json", vectors::make, Suite::Aes256Gcm),
        ("chacha20-poly1305.json", vectors::make, Suite::ChaCha20Poly1305),
        ("blobs-aes-256-gcm.json", vectors::make_blobs, Suite::Aes256Gcm),
        ("blobs-chacha20-poly1305.json", vectors::make_blobs, Suite::ChaCha20Poly1305),
    ]
}

/// Writes the files of `tests/vectors`, or fails where one of them differs.
pub(crate) fn run(place: &Place, check: bool) -> Result<usize> {
    let folder = place.root.join("tests/vectors");
    let mut count = 0_usize;
    for (file, make, suite) in files() {
        let path: PathBuf = folder.join(file);
        let made = format!("{}\n", make(suite).context("cannot make vectors")?);
        if check {
            let committed = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            ensure!(made == committed, "{file} differs: the format changed; if it is meant, run `cargo xtask vectors`");
        } else {
            fs::create_dir_all(&folder)?;
            fs::write(&path, made).with_context(|| format!("cannot write {}", path.display()))?;
            println!("{}", path.display());
        }
        count = count.saturating_add(1);
    }
    Ok(count)
}
