//! The example resources that HL7 publishes with FHIR R4 and R5.

// The lints take only what carries `#[test]` for a test, and leave out its helpers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use ampoule::{Label, Terms};
use ampoule_fhir::{Bundle, Fhir, SensitivityPolicy, Unknown, patient};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What was counted in a package.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    resources: usize,
    patients: usize,
    with_codes: usize,
    with_dates: usize,
    with_words: usize,
    with_subject: usize,
    cut: usize,
    bundle_entries: usize,
    labels: BTreeMap<String, usize>,
}

#[test]
fn every_r4_example_is_read_and_kept_as_it_is() {
    let Some(package) = package("hl7.fhir.r4.examples-4.0.1") else { return };
    let counts = read_all(&package);
    println!("R4: {counts:?}");
    assert_eq!(counts.resources, 5306);
    assert_eq!(counts.patients, 22);
    assert_eq!(counts.bundle_entries, 13_318);
    assert_eq!(counts.labels, labels(&[("general", 5302), ("restricted", 4)]));
    assert!(counts.with_codes >= 5286 && counts.with_dates >= 3954 && counts.with_words >= 5302);
    assert!(counts.with_subject >= 449 && counts.cut <= 38);
}

#[test]
fn every_r5_example_is_read_and_kept_as_it_is() {
    let Some(package) = package("hl7.fhir.r5.examples-5.0.0") else { return };
    let counts = read_all(&package);
    println!("R5: {counts:?}");
    assert_eq!(counts.resources, 2822);
    assert_eq!(counts.patients, 27);
    assert_eq!(counts.bundle_entries, 4170);
    assert_eq!(counts.labels, labels(&[("general", 2802), ("restricted", 20)]));
    assert!(counts.with_codes >= 2822 && counts.with_dates >= 2076 && counts.with_words >= 2822);
    assert!(counts.with_subject >= 514 && counts.cut <= 20);
}

fn read_all(package: &Path) -> Counts {
    let mut counts = Counts::default();
    let mut files: Vec<_> = std::fs::read_dir(package).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        // The package's own manifest is no resource.
        if name == "package.json" || file.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        check(name, &std::fs::read(&file).unwrap(), &mut counts);
    }
    counts
}

fn check(name: &str, bytes: &[u8], counts: &mut Counts) {
    let fhir = Fhir::new();
    let resource = fhir.resource(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    // Another reader of the same bytes, which builds the tree that the adapter does not.
    let json: Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(json["resourceType"], resource.kind(), "{name}");
    assert_eq!(json.get("id").and_then(Value::as_str), resource.id(), "{name}");

    counts.resources += 1;
    counts.with_subject += usize::from(!resource.subjects().is_empty());
    counts.cut += usize::from(!resource.terms_are_complete());
    match resource.kind() {
        "Bundle" => counts.bundle_entries += entries(name, bytes, &json),
        "Patient" => {
            let found = patient(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(found.names.len(), json["name"].as_array().map_or(0, Vec::len), "{name}");
            counts.patients += 1;
        }
        _ => {}
    }

    let record = fhir.record_of(resource, bytes).unwrap();
    assert_eq!(record.content(), bytes, "{name}");
    let terms = record.terms();
    near_codes(name, &json, terms);
    counts.with_codes += usize::from(!terms.codes.is_empty());
    counts.with_dates += usize::from(!terms.dates.is_empty());
    counts.with_words += usize::from(!terms.words.is_empty());
    let label = record.label().unwrap().to_string();
    *counts.labels.entry(label).or_default() += 1;
}

/// Each entry is a slice of the Bundle that means what the other reader found there. Returns how many there are.
fn entries(name: &str, bytes: &[u8], json: &Value) -> usize {
    let bundle = Bundle::parse(bytes).unwrap();
    let expected: Vec<&Value> =
        json["entry"].as_array().into_iter().flatten().filter_map(|entry| entry.get("resource")).collect();
    assert_eq!(bundle.entries().len(), expected.len(), "{name}");
    for (entry, expected) in bundle.entries().iter().zip(expected) {
        let found: Value = serde_json::from_slice(entry.content()).unwrap();
        assert_eq!(&found, expected, "{name}");
    }
    bundle.entries().len()
}

/// Each coding of the resource's own `code` is among its terms.
fn near_codes(name: &str, json: &Value, terms: &Terms) {
    for coding in json["code"]["coding"].as_array().into_iter().flatten() {
        if let Some(value) = coding["code"].as_str() {
            let system = coding["system"].as_str().unwrap_or("");
            assert!(terms.codes.iter().any(|code| code.system == system && code.value == value), "{name}: {value}");
        }
    }
}

#[test]
fn every_sensitivity_that_hl7_defines_is_known() {
    let Some(package) = package("hl7.fhir.r4.examples-4.0.1") else {
        return;
    };
    let policy = SensitivityPolicy::standard().unknown(Unknown::Refuse);
    for (file, root, least) in [
        ("CodeSystem-v3-ActCode.json", "_InformationSensitivityPolicy", 40),
        ("CodeSystem-v3-Confidentiality.json", "", 16),
    ] {
        let json: Value = serde_json::from_slice(&std::fs::read(package.join(file)).unwrap()).unwrap();
        let mut codes = BTreeSet::new();
        below(&json, root, &mut codes);
        assert!(codes.len() >= least, "{file}: {}", codes.len());
        for value in codes {
            let code = ampoule::Code { system: json["url"].as_str().unwrap().into(), value };
            let label = policy.label(std::slice::from_ref(&code)).unwrap_or_else(|_| panic!("{code:?}"));
            assert!(label != Label::general() || ["U", "L", "M", "N"].contains(&code.value.as_str()), "{code:?}");
        }
    }
}

/// The codes that stand below `root` in a code system and can be used; all of them where `root` is empty.
fn below(concept: &Value, root: &str, codes: &mut BTreeSet<String>) {
    for child in concept["concept"].as_array().into_iter().flatten() {
        let code = child["code"].as_str().unwrap();
        // A code that only groups others begins with an underscore.
        if root.is_empty() && !code.starts_with('_') {
            codes.insert(code.to_owned());
        }
        below(child, if root == code { "" } else { root }, codes);
    }
}

fn labels(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect()
}

/// The folder of a package's files. Where it was not fetched, the test is skipped, and in CI it fails.
fn package(name: &str) -> Option<PathBuf> {
    let package = std::env::var_os("AMPOULE_DATA").map(|data| {
        let folder = PathBuf::from(data).join(name);
        let within = folder.join("package");
        if within.is_dir() { within } else { folder }
    });
    let package = package.filter(|folder| folder.is_dir());
    if package.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{name} is not in AMPOULE_DATA; run `cargo xtask data`");
        println!("skipped: run `cargo xtask data` and set AMPOULE_DATA to the folder that it names");
    }
    package
}
