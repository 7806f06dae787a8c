//! The synthetic chart that ships in `examples/data/`: what the example tells of it holds.

// The lints take only what carries `#[test]` for a test, and leave out its helpers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use ampoule::Code;
use ampoule_fhir::{Bundle, Fhir, PatientRef, Resource, Subject, patient};
use std::collections::BTreeMap;
use std::path::Path;

/// Each resource of the chart, those of its Bundle one by one.
fn resources() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data");
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&path).unwrap();
        if Resource::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}")).kind() == "Bundle" {
            let bundle = Bundle::parse(&bytes).unwrap();
            found.extend(bundle.entries().iter().map(|entry| (name.clone(), entry.content().to_vec())));
        } else {
            found.push((name, bytes));
        }
    }
    found
}

#[test]
fn the_chart_is_one_patients_and_has_its_labels() {
    let ana = [PatientRef::new("Patient/ana-example").unwrap()];
    let mut labels = BTreeMap::new();
    let mut without_patient = Vec::new();
    for (name, bytes) in resources() {
        let resource = Resource::parse(&bytes).unwrap();
        assert!(resource.terms_are_complete(), "{name}");
        match resource.confirms(&ana) {
            Subject::Confirmed => {}
            Subject::None => without_patient.push(resource.kind().to_owned()),
            other => panic!("{name}: {other:?}"),
        }
        let record = Fhir::new().record_of(resource, &bytes[..]).unwrap();
        assert_eq!(record.content(), bytes);
        *labels.entry(record.label().unwrap().to_string()).or_insert(0) += 1;
    }
    without_patient.sort();
    assert_eq!(
        without_patient,
        ["Location", "Medication", "Medication", "Organization", "Practitioner", "Practitioner"]
    );
    assert_eq!(labels, BTreeMap::from([("general".into(), 37), ("hiv".into(), 2), ("psy".into(), 1)]));
}

#[test]
fn glycated_haemoglobin_is_found_over_time() {
    let hba1c = Code { system: "http://loinc.org".into(), value: "4548-4".into() };
    let mut starts: Vec<i64> = resources()
        .iter()
        .map(|(_, bytes)| Resource::parse(bytes).unwrap())
        .filter(|resource| resource.kind() == "Observation" && resource.terms().codes.contains(&hba1c))
        .map(|resource| resource.terms().dates[0].start())
        .collect();
    starts.sort_unstable();
    // 2022-05-09, 08-15, 11-14; 2023-02-13, 08-21; 2024-02-26.
    assert_eq!(starts, [1_652_054_400, 1_660_521_600, 1_668_384_000, 1_676_246_400, 1_692_576_000, 1_708_905_600]);
}

#[test]
fn the_patient_is_found_by_name_identifier_and_birth_date() {
    let (_, bytes) = resources().into_iter().find(|(name, _)| name == "patient-ana.json").unwrap();
    let ana = patient(&bytes).unwrap();
    assert_eq!(ana.names, ["Ana Lucía Example", "Anita Example"]);
    assert_eq!(ana.identifiers[0].value, "HC-000123");
    assert_eq!(ana.birth_date.as_deref(), Some("1968-03-14"));
}
