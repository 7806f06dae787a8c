//! The work of the benchmark of the doors, in Rust: what Kotlin and Swift are measured against. What it is asked and answers is in
//! `xtask/src/bench/doors.rs`.

#![allow(missing_docs, reason = "a benchmark has no users")]
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "as above: what goes wrong ends it"
)]

use ampoule::{Chart, FileInfo, MemoryStore, Record, Recovery, SqliteStore, Unlock, Vault};
use std::fs::File;
use std::io::stdin;
use std::path::Path;
use std::time::{Duration, Instant};

/// What is pushed and read at once, in bytes.
const PIECE: usize = 256 * 1024;

fn main() {
    for line in stdin().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split('\t').collect();
        let took = match words[..] {
            ["record", count] => record(count.parse().unwrap()),
            ["path", folder, from, to] => by_path(folder, from, to),
            ["chunks", folder, count] => in_chunks(folder, count.parse().unwrap()),
            _ => panic!("no such work: {line}"),
        };
        println!("took\t{}", took.as_nanos());
    }
}

/// Puts a record of 2 kB and gets it, in memory.
fn record(count: usize) -> Duration {
    let (vault, _) = Vault::create(MemoryStore::new(), "Clinic", &way(), &no_other()).unwrap();
    let chart = vault.create_chart().unwrap();
    let content = [b'x'; 2000];
    let begun = Instant::now();
    for _ in 0..count {
        let id = chart.put(&Record::opaque("text/plain", content)).unwrap();
        assert_eq!(chart.get(&id).unwrap().content().len(), content.len());
    }
    begun.elapsed()
}

/// Takes a file from a path, and writes it to another.
fn by_path(folder: &str, from: &str, to: &str) -> Duration {
    let chart = chart_in(folder);
    let begun = Instant::now();
    let id = chart.put_file(&FileInfo::new("a/b"), File::open(from).unwrap()).unwrap();
    chart.file(&id).unwrap().export_to(to).unwrap();
    begun.elapsed()
}

/// Pushes a file in pieces, and reads it in pieces.
fn in_chunks(folder: &str, count: usize) -> Duration {
    let chart = chart_in(folder);
    let mut piece = vec![7; PIECE];
    let begun = Instant::now();
    let mut writer = chart.create_file(&FileInfo::new("a/b")).unwrap();
    for _ in 0..count {
        writer.update(&piece).unwrap();
    }
    let (id, _) = writer.finish().unwrap();
    let mut reader = chart.file(&id).unwrap();
    let mut offset = 0;
    while offset < reader.len() {
        offset += reader.read_at(offset, &mut piece).unwrap() as u64;
    }
    begun.elapsed()
}

fn chart_in(folder: &str) -> Chart {
    let store = SqliteStore::open(Path::new(folder).join("vault.db")).unwrap();
    Vault::create(store, "Clinic", &way(), &no_other()).unwrap().0.create_chart().unwrap()
}

fn way() -> Unlock {
    Unlock::device_key(&[1; 32])
}

fn no_other() -> Recovery {
    Recovery::none_data_will_be_lost()
}
