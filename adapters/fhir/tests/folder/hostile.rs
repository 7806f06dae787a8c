//! Folders that were damaged, or made by somebody who means harm.

use crate::{full, vault};
use ampoule::{Chart, Error};
use ampoule_fhir::{FolderError, export_chart, import_chart};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// A folder of a whole chart, and an empty chart to import into.
struct Case {
    folder: PathBuf,
    target: Chart,
    _place: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("ana");
        export_chart(&full(&vault("Riverside Clinic", 1)), "to Ana", &folder).unwrap();
        Self { folder, target: vault("Another Clinic", 2).create_chart().unwrap(), _place: place }
    }

    fn list(&self) -> Value {
        serde_json::from_slice(&fs::read(self.folder.join("chart.json")).unwrap()).unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut Value)) -> &Self {
        let mut list = self.list();
        change(&mut list);
        fs::write(self.folder.join("chart.json"), serde_json::to_vec(&list).unwrap()).unwrap();
        self
    }

    /// The first piece that is one of these.
    fn piece(&self, is: &str, change: impl FnOnce(&mut Value)) -> &Self {
        self.change(|list| {
            let pieces = list["pieces"].as_array_mut().unwrap();
            change(pieces.iter_mut().find(|piece| piece["is"] == is).unwrap());
        })
    }

    fn path(&self, is: &str) -> PathBuf {
        let list = self.list();
        let piece = list["pieces"].as_array().unwrap().iter().find(|piece| piece["is"] == is).unwrap().clone();
        self.folder.join(piece["path"].as_str().unwrap())
    }

    fn refused(&self) -> FolderError {
        let error = import_chart(&self.target, &self.folder).unwrap_err();
        assert!(self.target.list().unwrap().entries().is_empty(), "nothing was imported");
        error
    }
}

#[test]
fn a_path_leads_nowhere_else() {
    let outside = "../secret.txt";
    for path in [
        outside,
        "files/../../secret.txt",
        "files/..",
        "/etc/passwd",
        "files//etc/passwd",
        "files/0001-a/../../../secret.txt",
        "",
        "files",
        "files/",
        "chart.json",
        "bundle.json",
        "index.html",
        "C:\\x",
        "files\\0001-x.bin",
    ] {
        for is in ["file", "record"] {
            let case = Case::new();
            fs::write(case.folder.join(outside), "secret").unwrap();
            case.piece(is, |piece| {
                piece["path"] = path.into();
                piece["length"] = 6.into();
                // Of "secret".
                piece["sha256"] = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b".into();
            });
            assert_eq!(case.refused(), FolderError::Malformed, "{path}");
        }
    }
    let case = Case::new();
    case.piece("resource", |piece| piece["path"] = "chart.json".into());
    assert_eq!(case.refused(), FolderError::Malformed);
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed() {
    for is in ["file", "resource"] {
        let case = Case::new();
        let (path, elsewhere) = (case.path(is), case.folder.join("../elsewhere"));
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert_eq!(case.refused(), FolderError::Damaged, "{is}");
    }
    let case = Case::new();
    let elsewhere = case.folder.join("../elsewhere");
    fs::rename(case.folder.join("files"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, case.folder.join("files")).unwrap();
    assert_eq!(case.refused(), FolderError::Damaged);
}

#[test]
fn what_was_damaged_is_refused_before_anything_is_put() {
    for is in ["resource", "message", "record", "file"] {
        let case = Case::new();
        let path = case.path(is);
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        let at = if is == "resource" || is == "message" { 80 } else { changed.len() - 1 };
        changed[at] ^= 1;
        if is == "message" {
            // In the last entry of the Bundle.
            changed = whole.clone();
            let last = changed.len() - 10;
            changed[last] ^= 1;
        }
        for wrong in [&changed[..], &whole[..whole.len() - 4], &b""[..]] {
            fs::write(&path, wrong).unwrap();
            assert_eq!(case.refused(), FolderError::Damaged, "{is}");
        }
        if is == "record" || is == "file" {
            fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
            assert_eq!(case.refused(), FolderError::Damaged, "{is}");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(case.refused(), FolderError::Damaged, "{is}");
        fs::write(&path, &whole).unwrap();
        import_chart(&case.target, &case.folder).unwrap();
    }
}

#[test]
fn a_list_is_read_strictly() {
    type Change = fn(&mut Value);
    let malformed: [Change; 14] = [
        |list| list["pieces"][1]["id"] = list["pieces"][0]["id"].clone(),
        |list| list["pieces"][0]["id"] = "x".into(),
        |list| list["pieces"][0]["id"] = "00".repeat(15).into(),
        |list| list["pieces"][0]["id"] = "AB".repeat(16).into(),
        |list| list["pieces"][0]["sha256"] = "".into(),
        |list| list["pieces"][0]["offset"] = u64::MAX.into(),
        |list| list["pieces"][0]["offset"] = (-1).into(),
        |list| list["pieces"][0]["label"] = "<script>".into(),
        |list| list["pieces"][0]["is"] = "program".into(),
        |list| list["pieces"][0]["run"] = "x".into(),
        |list| list["pieces"][0]["terms"] = json!({ "kind": "", "codes": [], "dates": [[2, 1]], "words": [] }),
        |list| list["pieces"][0]["terms"] = json!({ "kind": "", "codes": [], "dates": [], "words": vec!["x"; 1025] }),
        |list| list["format"] = "another".into(),
        |list| list["version"] = 0.into(),
    ];
    for (number, change) in malformed.into_iter().enumerate() {
        let case = Case::new();
        case.change(change);
        assert_eq!(case.refused(), FolderError::Malformed, "{number}");
    }
    let case = Case::new();
    case.change(|list| list["version"] = 2.into());
    assert_eq!(case.refused(), FolderError::NewerFormat);
    let case = Case::new();
    case.piece("resource", |piece| piece["length"] = ((16 << 20) + 1).into());
    assert_eq!(case.refused(), FolderError::TooLarge { limit: 16 << 20 });
    for bytes in [&b""[..], b"{}", b"[]", b"null", b"{\"format\":\"ampoule chart folder\",\"version\":1}"] {
        fs::write(case.folder.join("chart.json"), bytes).unwrap();
        assert_eq!(case.refused(), FolderError::Malformed);
    }
    fs::File::create(case.folder.join("chart.json")).unwrap().set_len((64 << 20) + 1).unwrap();
    assert_eq!(case.refused(), FolderError::TooLarge { limit: 64 << 20 });
    fs::remove_file(case.folder.join("chart.json")).unwrap();
    assert_eq!(case.refused(), FolderError::Malformed);
    assert!(matches!(import_chart(&case.target, case.folder.join("absent")), Err(FolderError::CannotRead(_))));
}

/// A label that the chart does not have, on the last piece of each kind.
#[test]
fn a_label_of_another_chart_is_refused_before_anything_is_put() {
    for is in ["resource", "message", "record", "file"] {
        let case = Case::new();
        case.change(|list| {
            let pieces = list["pieces"].as_array_mut().unwrap();
            pieces.iter_mut().rfind(|piece| piece["is"] == is).unwrap()["label"] = "genetics-2".into();
        });
        assert_eq!(case.refused(), FolderError::Chart(Error::UnknownLabel), "{is}");
    }
}

#[test]
fn a_label_is_not_lowered() {
    let case = Case::new();
    case.change(|list| {
        for piece in list["pieces"].as_array_mut().unwrap() {
            piece["label"] = "general".into();
        }
    });
    import_chart(&case.target, &case.folder).unwrap();
    let labels: Vec<_> =
        case.target.list().unwrap().into_iter().map(|found| case.target.get(&found.id).unwrap()).collect();
    let condition = labels.iter().find(|entry| entry.record().terms().kind == "Condition").unwrap();
    assert_eq!(condition.record().label().unwrap().as_str(), "hiv");
}
