//! The everyday API speaks of eight things. What is inside stays inside: in its names, its documents and its errors.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

/// What belongs to `expert` and `docs/FORMAT.md`.
const INSIDE: [&str; 9] =
    ["seed", "compartment", "epoch", "ledger", "chain", "merkle", "tree head", "slot", "check value"];

/// Where the everyday API is defined.
const SOURCES: [&str; 8] = [
    "src/vault",
    "src/record",
    "src/error.rs",
    "src/keys/unlock",
    "src/keys/card.rs",
    "src/keys/certificate.rs",
    "src/keys/recovery_code.rs",
    "src/index/query.rs",
];

#[test]
fn public_documents_and_names_use_the_everyday_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut items = 0;
    for source in SOURCES {
        for file in files(&root.join(source)) {
            let text = fs::read_to_string(&file).unwrap();
            let mut documents: Vec<&str> = Vec::new();
            for line in text.lines().map(str::trim) {
                if line.starts_with("///") {
                    documents.push(line);
                } else if line.starts_with("#[error") {
                    check(&file, line);
                } else if line.starts_with("pub ") {
                    items += 1;
                    // Types of another module may stand in a signature; the name is what a user writes.
                    check(&file, line.split(['(', '<', '{', ':', ';']).next().unwrap_or(line));
                    documents.drain(..).for_each(|line| check(&file, line));
                } else if !line.starts_with("#[") {
                    documents.clear();
                }
            }
        }
    }
    assert!(items > 100, "only {items} public items were found: is the list of sources right?");
}

#[test]
fn the_readme_uses_the_everyday_words() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    fs::read_to_string(&readme).unwrap().lines().for_each(|line| check(&readme, line));
}

fn check(file: &Path, line: &str) {
    let lower = line.to_lowercase();
    for word in INSIDE {
        assert!(!lower.contains(word), "{}: {word:?} is not an everyday word: {line}", file.display());
    }
}

fn files(path: &Path) -> Vec<std::path::PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|_| panic!("{} is gone", path.display()));
    entries
        .flat_map(|entry| files(&entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "rs"))
        .collect()
}
