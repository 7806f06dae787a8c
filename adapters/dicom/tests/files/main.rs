//! The real and the damaged files of pydicom, against pydicom's own reading.

// The lints take only what carries `#[test]` for a test, and leave out its helpers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use ampoule_dicom::{DicomError, DicomFile, Element};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files that pydicom reads, at least in part, and that are refused here.
const REFUSED: &[(&str, DicomError)] = &[
    // Its SOP Instance UID stands twice.
    ("palettes/winter.dcm", DicomError::Malformed { at: 498 }),
    // It names a syntax with explicit types, and is written without them.
    ("test_files/SC_rgb_jpeg.dcm", DicomError::Truncated { at: 368 }),
    // Number of Frames is no number.
    ("test_files/badVR.dcm", DicomError::Value { tag: Element { group: 0x0028, element: 0x0008 } }),
    ("test_files/meta_missing_tsyntax.dcm", DicomError::TransferSyntax),
    ("test_files/rtplan_truncated.dcm", DicomError::Truncated { at: 1418 }),
];

/// Files whose metadata is read and whose frames are not.
const WITHOUT_FRAMES: &[(&str, DicomError)] = &[
    ("test_files/MR_truncated.dcm", DicomError::Truncated { at: 1500 }),
    // It has no rows and columns.
    ("test_files/nested_priv_SQ.dcm", DicomError::NoFramePlaces),
];

#[test]
fn every_file_is_read_as_pydicom_reads_it_or_refused() {
    let Some(data) = data() else { return };
    let Some(others) = other(&data) else { return };
    let (mut read, mut frames) = (0, 0);
    let mut refused = BTreeMap::new();
    for (name, other) in others.as_object().unwrap() {
        let path = data.join(name);
        match DicomFile::read(File::open(&path).unwrap()) {
            Ok(file) => {
                assert!(!other.is_null(), "{name}: pydicom refuses it");
                frames += compare(name, &std::fs::read(&path).unwrap(), &file, other);
                read += 1;
            }
            Err(error) => drop(refused.insert(name.as_str(), error)),
        }
    }
    println!("{read} files, {frames} frames");
    refused.retain(|name, _| !others[name].is_null());
    assert_eq!(refused, REFUSED.iter().map(|(name, error)| (*name, error.clone())).collect());
    assert_eq!((read, frames), (183, 175));
}

/// Returns how many frames agreed.
fn compare(name: &str, bytes: &[u8], file: &DicomFile, other: &Value) -> usize {
    let text = |value: Option<&str>| value.map_or(Value::Null, Value::from);
    assert_eq!(text(Some(file.transfer_syntax())), other["syntax"], "{name}");
    assert_eq!(text(file.sop_class()), other["class"], "{name}");
    assert_eq!(text(file.study()), other["study"], "{name}");
    assert_eq!(text(file.series()), other["series"], "{name}");
    assert_eq!(text(file.instance()), other["instance"], "{name}");
    assert_eq!(text(file.modality()), other["modality"], "{name}");
    assert_eq!(file.rows().map_or(Value::Null, Value::from), other["rows"], "{name}");
    assert_eq!(file.columns().map_or(Value::Null, Value::from), other["columns"], "{name}");
    let patient = file.patient();
    let id = patient.identifiers.first().map(|identifier| identifier.value.as_str());
    assert_eq!(text(id), other["patient"], "{name}");
    if !patient.names.is_empty() {
        assert_eq!(Value::from(patient.names), other["names"], "{name}");
    }

    let pixels = match file.pixel_data() {
        Ok(pixels) => pixels,
        Err(error) => {
            let without =
                if other.get("value").is_some() { DicomError::NoFramePlaces } else { DicomError::NoPixelData };
            assert_eq!(error, without, "{name}");
            return 0;
        }
    };
    assert_eq!(Value::from(pixels.value().start), other["value"], "{name}");
    assert_eq!(pixels.is_encapsulated(), other["length"].is_null(), "{name}");
    if pixels.is_complete() && !pixels.is_encapsulated() {
        assert_eq!(Value::from(pixels.value().end - pixels.value().start), other["length"], "{name}");
    }
    assert!(pixels.header_len() < pixels.value().start, "{name}");
    let found: Result<Vec<String>, DicomError> =
        (0..pixels.frames()).map(|number| pixels.frame(number).map(|frame| digest(bytes, frame.fragments()))).collect();
    match found {
        Ok(found) => {
            assert_eq!(serde_json::to_value(&found).unwrap(), other["frames"], "{name}");
            found.len()
        }
        Err(error) => {
            assert!(WITHOUT_FRAMES.contains(&(name, error.clone())), "{name}: {error:?}");
            0
        }
    }
}

fn digest(bytes: &[u8], fragments: &[core::ops::Range<u64>]) -> String {
    let mut digest = Sha256::new();
    for range in fragments {
        digest.update(&bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]);
    }
    digest.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// What the other implementation finds. Where Python is not there, the test is skipped, and in CI it fails.
fn other(data: &Path) -> Option<Value> {
    let Some(python) = std::env::var_os("AMPOULE_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "AMPOULE_PYTHON is not set; run `cargo xtask test`");
        println!("skipped: `cargo xtask python` prints what to set AMPOULE_PYTHON to");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/other.py");
    // It warns of damaged files.
    let output = Command::new(python).args(["-B", "-W", "ignore"]).arg(script).arg(data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The folder of pydicom's files. Where it was not fetched, the test is skipped, and in CI it fails.
fn data() -> Option<PathBuf> {
    let data = std::env::var_os("AMPOULE_DATA").map(|data| Path::new(&data).join("pydicom-3.0.2/pydicom/data"));
    let data = data.filter(|folder| folder.is_dir());
    if data.is_none() {
        assert!(std::env::var_os("CI").is_none(), "pydicom is not in AMPOULE_DATA; run `cargo xtask data`");
        println!("skipped: run `cargo xtask data` and set AMPOULE_DATA to the folder that it names");
    }
    data
}
