//! Charts written to folders, and taken from them.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod hostile;
mod page;

use ampoule::{
    Chart, Contact, Cursor, Error, EventKind, FileInfo, Grant, Kind, Label, MemoryStore, Message, Record, Recovery,
    Terms, Unlock, Vault,
};
use ampoule_fhir::{
    Bundle, FolderError, LeftOut, export_chart, export_chart_with, import_chart, import_chart_with, record,
};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

pub(crate) const PATIENT: &str =
    r#"{ "resourceType":"Patient", "id":"ana", "name":[{"given":["Ana"],"family":"Example"}] }"#;
pub(crate) const HBA1C: &str = r#"{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"HbA1c"},"effectiveDateTime":"2024-02-26","valueQuantity":{"value":7.20,"unit":"%"}}"#;
pub(crate) const HIV: &str = r#"{"resourceType":"Condition","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}}"#;
pub(crate) const ADT: &[u8] = b"MSH|^~\\&|LAB|\rPID|1||HC-000123\r\xff\0";

pub(crate) fn vault(name: &str, byte: u8) -> Vault {
    let none = Recovery::none_data_will_be_lost();
    Vault::create(MemoryStore::new(), name, &Unlock::device_key(&[byte; 32]), &none).unwrap().0
}

pub(crate) fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

/// A chart with something of everything.
pub(crate) fn full(vault: &Vault) -> Chart {
    let chart = vault.create_chart().unwrap();
    chart.put(&record(PATIENT).unwrap()).unwrap();
    let lab = chart.put(&record(format!("\n {HBA1C}\r\n")).unwrap()).unwrap();
    chart.put(&record(HIV).unwrap()).unwrap();
    // What its own content does not say: the caller has labelled it.
    chart.put(&record(r#"{"resourceType":"Basic"}"#).unwrap().labelled("psy".parse().unwrap())).unwrap();
    let terms = Terms { kind: "ADT^A01".into(), words: Terms::fold("admission"), ..Terms::default() };
    chart.put(&Record::opaque("x-application/hl7-v2+er7", ADT).named("adt.hl7").with_terms(terms)).unwrap();
    chart.put(&Record::opaque("application/fhir+json", "no resource")).unwrap();
    let info = FileInfo::new("application/dicom").named("knee.dcm").labelled("sex".parse().unwrap());
    let scan = chart.put_file(&info, &content(700_000)[..]).unwrap();
    chart.put_file(&FileInfo::new("text/plain"), &b""[..]).unwrap();
    let deleted = chart.put(&Record::opaque("text/plain", "taken back").named("deleted")).unwrap();
    chart.delete(&deleted).unwrap();
    let thread = chart.start_thread("Knee pain", &Label::general()).unwrap();
    let question = thread.send(&Message::text("Does it hurt?").attach(&scan).attach(&lab)).unwrap();
    thread.send(&Message::text("At night").in_reply_to(&question)).unwrap();
    thread.react(&question, "👍").unwrap();
    let regretted = thread.send(&Message::text("regretted")).unwrap();
    thread.delete(&regretted).unwrap();
    chart
}

/// What a chart has of records and files: label, name, media type and bytes, in order.
fn all(chart: &Chart) -> Vec<(String, String, String, Vec<u8>)> {
    let mut all = Vec::new();
    for found in chart.list().unwrap().into_iter().filter(|found| found.kind != Kind::Message) {
        let entry = chart.get(&found.id).unwrap();
        let bytes = if found.kind == Kind::File {
            chart.file(&found.id).unwrap().read_range(0..u64::MAX).unwrap().to_vec()
        } else {
            entry.content().to_vec()
        };
        let record = entry.record();
        let name = record.name().unwrap_or_default().to_owned();
        all.push((record.label().unwrap().to_string(), name, record.media_type().to_owned(), bytes));
    }
    all
}

#[test]
fn what_goes_out_comes_in_as_it_was() {
    let (clinic, other) = (vault("Riverside Clinic", 1), vault("Another Clinic", 2));
    let chart = full(&clinic);
    let place = tempfile::tempdir().unwrap();
    let (first, second) = (place.path().join("first"), place.path().join("second"));
    let exported = export_chart(&chart, "to Ana", &first).unwrap();
    assert_eq!((exported.records, exported.files, exported.messages), (6, 2, 2));
    assert!(exported.left_out.is_nothing());

    let copy = other.create_chart().unwrap();
    let imported = import_chart(&copy, &first).unwrap();
    // Three Communications: the opening of the thread, and two messages.
    assert_eq!((imported.records, imported.files), (9, 2));
    let (before, after) = (all(&chart), all(&copy));
    let resources =
        |all: &[(String, String, String, Vec<u8>)]| all.iter().filter(|one| one.2 == "application/fhir+json").count();
    assert_eq!((before.len(), after.len(), resources(&after)), (8, 11, 8));
    assert!(before.iter().all(|one| after.contains(one)), "bytes, label, name and type are the same");
    let adt = copy.find(&ampoule::Query::kind("ADT^A01").words("admission")).unwrap();
    assert_eq!(copy.get(&adt.entries()[0].id).unwrap().content(), ADT);

    // A second time nothing is added.
    assert_eq!(import_chart(&copy, &first).unwrap(), imported);
    assert_eq!(all(&copy), after);

    // And out again: the same resources and files.
    let exported = export_chart(&copy, "to check", &second).unwrap();
    assert_eq!((exported.records, exported.files, exported.messages), (9, 2, 0));
    let third = vault("Third", 3).create_chart().unwrap();
    import_chart(&third, &second).unwrap();
    assert_eq!(all(&third), after);
}

type Follow<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// What is told while this works, which is to end at the step of this number.
fn steps_of(end: Option<usize>, work: impl FnOnce(Follow<'_>)) -> Vec<u64> {
    let mut told = Vec::new();
    work(&mut |done| {
        told.push(done);
        if Some(told.len()) == end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(told.is_sorted());
    told
}

#[test]
fn whoever_follows_it_ends_it_between_entries_and_within_a_file() {
    let clinic = vault("Riverside Clinic", 1);
    let chart = full(&clinic);
    chart.put_file(&FileInfo::new("application/dicom"), &vec![7; 3 << 20][..]).unwrap();
    let place = tempfile::tempdir().unwrap();
    let (whole, folder) = (place.path().join("whole"), place.path().join("ana"));
    let told = steps_of(None, |follow| {
        export_chart_with(&chart, "to Ana", &whole, follow).unwrap();
    });
    // The first step after so many that is within a file, and not its last.
    let within = |told: &[u64], after: usize| {
        let is_large = |two: &[u64]| two[1] - two[0] >= 16 << 10;
        after + told[after..].windows(3).position(|three| is_large(&three[..2]) && is_large(&three[1..])).unwrap() + 2
    };
    for end in [1, within(&told, 0), told.len()] {
        let told = steps_of(Some(end), |follow| {
            let ended = export_chart_with(&chart, "to Ana", &folder, follow);
            assert_eq!(ended, Err(FolderError::Chart(Error::Cancelled)));
        });
        assert_eq!(told.len(), end);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing is kept");
    }

    let copy = vault("Another Clinic", 2).create_chart().unwrap();
    let total = steps_of(None, |follow| {
        let scratch = vault("Third", 3).create_chart().unwrap();
        import_chart_with(&scratch, &whole, follow).unwrap();
    });
    assert_eq!(total.last(), Some(&(2 * told.last().unwrap())), "each byte twice");
    let half = total.iter().take_while(|done| **done <= *told.last().unwrap()).count();
    for end in [1, within(&total, 0), half - 1, half + 1, within(&total, half), total.len() - 1] {
        steps_of(Some(end), |follow| {
            let ended = import_chart_with(&copy, &whole, follow);
            assert_eq!(ended, Err(FolderError::Chart(Error::Cancelled)));
        });
        if end < half {
            assert_eq!(all(&copy), [], "nothing is begun with before all of it was checked");
        }
    }
    import_chart(&copy, &whole).unwrap();
    assert_eq!(all(&copy).len(), 12);
}

#[test]
fn the_bundle_is_one_that_others_read() {
    let chart = full(&vault("Riverside Clinic", 1));
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("ana");
    export_chart(&chart, "to Ana", &folder).unwrap();
    let bytes = fs::read(folder.join("bundle.json")).unwrap();
    let bundle = Bundle::parse(&bytes).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((&json["resourceType"], &json["type"]), (&"Bundle".into(), &"collection".into()));
    let found: Vec<&[u8]> = bundle.entries().iter().map(|entry| entry.content()).collect();
    for resource in [PATIENT, HBA1C, HIV] {
        assert!(found.contains(&resource.as_bytes()));
    }
    let of = |kind: &str| -> Vec<serde_json::Value> {
        let all = found.iter().map(|resource| serde_json::from_slice::<serde_json::Value>(resource).unwrap());
        all.filter(|resource| resource["resourceType"] == kind).collect()
    };
    let documents = of("DocumentReference");
    assert_eq!(documents.len(), 4);
    for document in &documents {
        let attachment = &document["content"][0]["attachment"];
        let path = attachment["url"].as_str().unwrap();
        let file = fs::read(folder.join(path)).unwrap();
        assert_eq!(attachment["size"], file.len());
    }
    let scan = documents.iter().find(|document| document["content"][0]["attachment"]["title"] == "knee.dcm").unwrap();
    assert!(
        fs::read(folder.join(scan["content"][0]["attachment"]["url"].as_str().unwrap())).unwrap() == content(700_000)
    );
    assert_eq!(scan["securityLabel"][0]["text"], "sex");
    let said = of("Communication");
    assert_eq!(said.len(), 3);
    assert_eq!(said[0]["topic"]["text"], "Knee pain");
    let [opening, question, answer] = &said[..] else { panic!() };
    assert_eq!(question["partOf"][0]["reference"], format!("Communication/{}", opening["id"].as_str().unwrap()));
    assert_eq!(question["payload"][0]["contentString"], "Does it hurt?");
    let attached = format!("DocumentReference/{}", scan["id"].as_str().unwrap());
    assert_eq!(question["payload"][1]["contentReference"]["reference"], attached);
    assert_eq!(question["payload"][2]["contentReference"]["reference"], "Observation/o1");
    assert_eq!(question["note"][0]["text"], "👍");
    assert_eq!(answer["inResponseTo"][0]["reference"], format!("Communication/{}", question["id"].as_str().unwrap()));
    let whole = fs::read(folder.join("chart.json")).unwrap();
    for gone in ["taken back", "regretted"] {
        let of = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(gone);
        assert!(!of(&bytes) && !of(&whole), "{gone}");
    }
}

#[test]
fn both_versions_of_a_conflict_go_out() {
    let vault = vault("Riverside Clinic", 1);
    let chart = vault.create_chart().unwrap();
    let id = chart.put(&record(r#"{"resourceType":"Basic","id":"0"}"#).unwrap()).unwrap();
    let read = chart.get(&id).unwrap();
    for version in ["1", "2"] {
        chart.update_from(&read, &record(format!(r#"{{"resourceType":"Basic","id":"{version}"}}"#)).unwrap()).unwrap();
    }
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("ana");
    assert_eq!(export_chart(&chart, "to Ana", &folder).unwrap().records, 2);
    let bytes = fs::read(folder.join("bundle.json")).unwrap();
    let ids: Vec<_> = Bundle::parse(&bytes).unwrap().entries().iter().map(|entry| entry.content()[30]).collect();
    assert!(ids.contains(&b'1') && ids.contains(&b'2') && !ids.contains(&b'0'), "{ids:?}");
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    assert_eq!(page.matches("nobody has decided").count(), 2);
}

fn meet(vault: &Vault, other: &Vault) -> Contact {
    let card = other.card().unwrap();
    let contact = vault.contacts().add(&card.to_bytes()).unwrap();
    contact.verify(&card.fingerprint().digits()).unwrap();
    contact
}

#[test]
fn what_is_left_out_is_said() {
    let (clinic, lee) = (vault("Riverside Clinic", 1), vault("Dr. Lee", 2));
    let (to, _) = (meet(&clinic, &lee), meet(&lee, &clinic));
    let chart = full(&clinic);
    chart.share(&to, &Grant::read().label(Label::general()).label("sex".parse().unwrap())).unwrap();
    lee.import(&chart.export(&to, Cursor::START).unwrap()).unwrap();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("ana");
    let exported = export_chart(&lee.chart(&chart.id()).unwrap(), "to Ana", &folder).unwrap();
    let LeftOut { labels_not_granted, content_not_here, unreadable, kept_apart, .. } = exported.left_out;
    // Two files came without their content.
    assert_eq!((labels_not_granted, content_not_here, unreadable, kept_apart), (6, 2, 0, 0));
    assert_eq!((exported.records, exported.files, exported.messages), (4, 0, 2));
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    assert!(page.contains("6 labels") && page.contains("2 files whose content"), "{page}");
    for kept in [HIV, "Basic"] {
        assert!(!fs::read_to_string(folder.join("bundle.json")).unwrap().contains(kept));
    }
}

#[test]
fn an_export_is_told_of_before_anything_is_read() {
    let vault = vault("Riverside Clinic", 1);
    let chart = full(&vault);
    let place = tempfile::tempdir().unwrap();
    export_chart(&chart, "to Ana herself", place.path().join("ana")).unwrap();
    let events = vault.audit().unwrap();
    let export = events.iter().position(|event| event.kind == EventKind::Export).unwrap();
    assert_eq!((events[export].chart, events[export].note.as_deref()), (Some(chart.id()), Some("to Ana herself")));
    assert!(events[..export].iter().all(|event| event.kind != EventKind::Read));
    assert!(events[export..].iter().filter(|event| event.kind == EventKind::Read).count() >= 8);
    // Without a reason nothing goes out.
    let refused = export_chart(&chart, "", place.path().join("other"));
    assert_eq!(refused.unwrap_err(), FolderError::Chart(ampoule::Error::InvalidReason));
    assert_eq!(names(place.path()), ["ana"]);
}

#[test]
fn what_is_there_is_not_written_over() {
    let chart = full(&vault("Riverside Clinic", 1));
    let place = tempfile::tempdir().unwrap();
    let (file, empty, full) = (place.path().join("file"), place.path().join("empty"), place.path().join("full"));
    fs::write(&file, "mine").unwrap();
    fs::create_dir(&empty).unwrap();
    fs::create_dir(&full).unwrap();
    fs::write(full.join("x"), "mine").unwrap();
    for taken in [&file, &empty, &full] {
        assert_eq!(export_chart(&chart, "to Ana", taken).unwrap_err(), FolderError::Exists);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", place.path().join("link")).unwrap();
        assert_eq!(export_chart(&chart, "to Ana", place.path().join("link")).unwrap_err(), FolderError::Exists);
        fs::remove_file(place.path().join("link")).unwrap();
    }
    let missing = export_chart(&chart, "to Ana", place.path().join("absent/ana"));
    assert!(matches!(missing, Err(FolderError::CannotWrite(_))));
    assert!(matches!(export_chart(&chart, "to Ana", "/"), Err(FolderError::Exists)));
    assert_eq!(names(place.path()), ["empty", "file", "full"]);
    assert_eq!((fs::read(file).unwrap(), names(&empty).len()), (b"mine".to_vec(), 0));
}

#[test]
fn an_export_that_fails_leaves_nothing() {
    let vault = vault("Riverside Clinic", 1);
    let chart = full(&vault);
    let place = tempfile::tempdir().unwrap();
    vault.lock();
    let locked = export_chart(&chart, "to Ana", place.path().join("ana"));
    assert_eq!(locked.unwrap_err(), FolderError::Chart(ampoule::Error::Locked));
    assert_eq!(names(place.path()).len(), 0);
}

#[cfg(unix)]
#[test]
fn a_folder_is_its_owners() {
    use std::os::unix::fs::PermissionsExt;
    let chart = full(&vault("Riverside Clinic", 1));
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("ana");
    export_chart(&chart, "to Ana", &folder).unwrap();
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("files"))), (0o700, 0o700));
    for file in ["index.html", "bundle.json", "chart.json"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    assert!(names(&folder.join("files")).iter().all(|name| mode(&folder.join("files").join(name)) == 0o600));
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
