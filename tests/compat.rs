//! Vaults that earlier versions wrote keep opening.
//!
//! `tests/compat` has a folder for each format of the file: a vault whose device key is 32 sevens, with a chart of
//! everything. With `AMPOULE_COMPAT` the vault of this version is written to that folder, to be kept once its format is another.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests")]

use ampoule::{
    Chart, Code, EntryId, FileInfo, Grant, Kind, Label, MemoryStore, Message, Query, Record, Recovery, SqliteStore,
    Terms, Unlock, Vault,
};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn key(byte: u8) -> Unlock {
    Unlock::device_key(&[byte; 32])
}

fn note(text: &str, code: &str) -> Record {
    let code = Code { system: "http://loinc.org".into(), value: code.into() };
    let terms = Terms { kind: "Observation".into(), codes: vec![code], words: Terms::fold(text), ..Terms::default() };
    Record::opaque("text/plain", text.as_bytes()).with_terms(terms)
}

/// Content of a file of some chunks.
fn content() -> Vec<u8> {
    (0..40_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// Writes a vault with one chart.
fn write(path: &Path) {
    let store = Arc::new(SqliteStore::open(path).unwrap());
    let none = Recovery::none_data_will_be_lost();
    let vault = Vault::create(Arc::clone(&store), "Riverside Clinic", &key(7), &none).unwrap().0;
    let lee = Vault::create(MemoryStore::new(), "Dr. Lee", &key(8), &none).unwrap().0;
    let to = vault.contacts().add(&lee.card().unwrap().to_bytes()).unwrap();
    to.verify(&lee.card().unwrap().fingerprint().digits()).unwrap();
    let chart = vault.create_chart().unwrap();
    chart.share(&to, &Grant::read().label(Label::general())).unwrap();
    let entry = chart.put(&note("blood pressure 140/90", "85354-9")).unwrap();
    chart.update(&entry, &note("blood pressure 120/80", "85354-9")).unwrap();
    let gone = chart.put(&note("of somebody else", "1-8")).unwrap();
    chart.delete(&gone).unwrap();
    chart.put(&note("viral load", "20447-9").labelled("hiv".parse().unwrap())).unwrap();
    // So many that segments of the index are merged, and a tile of the log is full.
    for number in 0..270 {
        chart.put(&note(&format!("weight {number}"), "29463-7")).unwrap();
    }
    chart.put_file(&FileInfo::new("application/pdf").named("report.pdf"), &content()[..]).unwrap();
    chart.revoke(&to).unwrap();
    chart.put(&note("after the revocation", "34109-9")).unwrap();
    let thread = chart.start_thread("Swimming", &Label::general()).unwrap();
    thread.send(&Message::text("Can I go swimming?")).unwrap();
    vault.lock();
    drop((vault, chart, thread, to));
    store.checkpoint().unwrap();
}

fn only(chart: &Chart, query: &Query) -> EntryId {
    let found = chart.find(query).unwrap();
    assert_eq!(found.entries().len(), 1);
    found.entries()[0].id
}

/// Reads and verifies everything, and adds to it.
fn read(path: &Path) {
    let vault = Vault::open(SqliteStore::open(path).unwrap(), &key(7)).unwrap();
    let chart = vault.chart(&vault.charts().unwrap()[0]).unwrap();
    let of = |code: &str| Query::all().code("http://loinc.org", code);
    let entry = only(&chart, &of("85354-9"));
    assert_eq!(chart.get(&entry).unwrap().content(), b"blood pressure 120/80");
    assert_eq!(chart.history(&entry).unwrap().len(), 2);
    assert!(chart.find(&of("1-8")).unwrap().entries().is_empty());
    let hiv = chart.get(&only(&chart, &of("20447-9"))).unwrap();
    assert_eq!(hiv.record().label(), Some(&"hiv".parse().unwrap()));
    assert_eq!(chart.find(&of("29463-7")).unwrap().entries().len(), 270);
    only(&chart, &of("34109-9"));
    let listed = chart.list().unwrap();
    let file = listed.entries().iter().find(|entry| entry.kind == Kind::File).unwrap().id;
    let mut bytes = Vec::new();
    chart.file(&file).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, content());
    let thread = chart.threads().unwrap()[0].as_ref().unwrap().id;
    let messages = chart.thread(&thread).unwrap().last(9).unwrap();
    assert_eq!(messages[0].as_ref().unwrap().text, "Can I go swimming?");
    let report = vault.verify().unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let added = chart.put(&note("added by this version", "1-8")).unwrap();
    assert_eq!(chart.get(&added).unwrap().content(), b"added by this version");
}

#[test]
fn a_vault_of_this_version_opens() {
    let folder = tempfile::tempdir().unwrap();
    let to = std::env::var_os("AMPOULE_COMPAT").map_or_else(|| folder.path().join("written"), PathBuf::from);
    fs::create_dir_all(&to).unwrap();
    write(&to.join("vault.sqlite"));
    let copy = folder.path().join("copy");
    copied(&to, &copy);
    read(&copy.join("vault.sqlite"));
}

#[test]
fn vaults_of_earlier_versions_open() {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat");
    let mut opened = 0;
    for version in fs::read_dir(all).unwrap() {
        let folder = tempfile::tempdir().unwrap();
        copied(&version.unwrap().path(), folder.path());
        read(&folder.path().join("vault.sqlite"));
        opened += 1;
    }
    assert!(opened > 0);
}

/// Copies a folder with what is below it.
fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
