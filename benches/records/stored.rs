//! Bytes on disk against plain bytes.

use crate::common::measure::figure;
use crate::common::samples::durable_vault;
use ampoule::Record;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest content that is stored as one record; two of the HL7 examples are longer than a record may be.
const PIECE: usize = 15 << 20;

/// Stores every example in one chart of one vault, and measures the files.
pub(crate) fn ratio(folder: &Path) {
    let (examples, name) = examples();
    println!("storing {name}");
    let contents: Vec<Vec<u8>> = files(&examples).iter().map(|path| fs::read(path).unwrap()).collect();
    let plain: usize = contents.iter().map(Vec::len).sum();
    let path = folder.join("stored");
    let vault = durable_vault(&path);
    let chart = vault.create_chart().unwrap();
    for some in contents.chunks(100) {
        let mut records = some.iter().flat_map(|content| content.chunks(PIECE)).map(record);
        vault.batch(|batch| records.try_for_each(|record| batch.put(&chart, &record).map(drop))).unwrap();
    }
    // The last connection moves the log into the file and removes it.
    drop((chart, vault));
    let files = ["stored", "stored-wal", "stored-shm"].map(|file| folder.join(file));
    let stored: u64 = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum();
    println!("  {} files: {stored} B on disk, {plain} B plain", contents.len());
    figure("stored_ratio", stored as f64 / plain as f64, "x", &format!("plain bytes of {name}"));
}

/// With the terms that the adapter finds; as bytes alone where it is not FHIR.
fn record(content: &[u8]) -> Record {
    ampoule_fhir::record(content).unwrap_or_else(|_| Record::opaque("application/json", content))
}

/// The HL7 examples where `cargo xtask data` has fetched them, else those that are here.
fn examples() -> (PathBuf, &'static str) {
    let data = std::env::var_os("AMPOULE_DATA").map(PathBuf::from).unwrap_or_default();
    let fetched = fs::read_dir(data).into_iter().flatten().map(|entry| entry.unwrap().path());
    let is_r4 = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("hl7.fhir.r4.examples"))
    };
    match fetched.filter(|path| path.is_dir()).find(is_r4) {
        Some(folder) => (folder, "the HL7 R4 examples"),
        None => (Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data"), "the examples of this repository"),
    }
}

/// FHIR resources of a package or folder: JSON files, but for what describes the package.
fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_resource = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".json") && !name.starts_with('.') && name != "package.json"
    };
    let mut paths: Vec<PathBuf> = paths.filter(is_resource).collect();
    paths.sort_unstable();
    paths
}
