//! The events of one chart, shown to somebody who audits it.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "helpers of tests")]

use ampoule::{
    Actor, Audit, AuditEvent, Contact, Cursor, EntryId, Error, EventKind, Grant, MemoryStore, Record, Recovery, Unlock,
    Vault,
};
use std::sync::{Arc, Mutex};

fn create(name: &str, byte: u8) -> Vault {
    let none = Recovery::none_data_will_be_lost();
    Vault::create(MemoryStore::new(), name, &Unlock::device_key(&[byte; 32]), &none).unwrap().0
}

fn meet(vault: &Vault, other: &Vault) -> Contact {
    let card = other.card().unwrap();
    let contact = vault.contacts().add(&card.to_bytes()).unwrap();
    contact.verify(&card.fingerprint().digits()).unwrap();
    contact
}

fn record(text: &str) -> Record {
    Record::opaque("text/plain", text.as_bytes())
}

fn kinds(lines: &str) -> Vec<String> {
    let kind =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["kind"].as_str().unwrap().to_owned();
    lines.lines().map(kind).collect()
}

#[test]
fn an_auditor_gets_the_events_of_a_chart_and_nothing_else() {
    let (clinic, auditor) = (create("Riverside Clinic", 1), create("Auditor", 2));
    let (to, from) = (meet(&clinic, &auditor), meet(&auditor, &clinic));
    let (chart, other) = (clinic.create_chart().unwrap(), clinic.create_chart().unwrap());
    other.put(&record("of somebody else")).unwrap();
    let actor = Actor {
        issuer: "https://directory.example".into(),
        subject: "n-17".into(),
        session: "s".into(),
        purpose: "TREAT".into(),
    };
    let id = clinic.acting_for(actor).chart(&chart.id()).unwrap().put(&record("text")).unwrap();
    chart.get(&id).unwrap();
    let file = clinic.export_audit_to(&to, &chart.id()).unwrap();
    let report = auditor.read_audit(&file).unwrap();
    assert_eq!((report.chart, report.from.id()), (chart.id(), from.id()));
    assert_eq!(kinds(&report.lines), ["found", "write", "read"]);
    assert!(report.lines.contains("n-17") && !report.lines.contains(&other.id().to_string()));
    // The grant opens no chart, and the vault knows of none.
    assert_eq!(auditor.chart(&chart.id()).err(), Some(Error::UnknownChart));
    assert!(auditor.charts().unwrap().is_empty());
    // That it was made is an event of the chart, and shows in the next.
    chart.get(&id).unwrap();
    let next = auditor.read_audit(&clinic.export_audit_to(&to, &chart.id()).unwrap()).unwrap();
    assert_eq!(kinds(&next.lines), ["found", "write", "read", "audit", "read"]);
    assert!(next.follows(&report) && !report.follows(&next));
    // Nor is anything of it missing when the device is another.
    clinic.renew_device("copied").unwrap();
    let last = auditor.read_audit(&clinic.export_audit_to(&to, &chart.id()).unwrap()).unwrap();
    assert!(last.follows(&next) && last.logs.len() == 2);
    assert!(clinic.audit().unwrap().iter().filter(|event| event.kind == EventKind::Audit).count() >= 3);
    let unknown = ampoule::ChartId::from_bytes([9; 32]);
    assert_eq!(clinic.export_audit_to(&to, &unknown).err(), Some(Error::UnknownChart));
}

#[test]
fn what_leaves_in_the_clear_is_told_before_it_does() {
    let clinic = create("Riverside Clinic", 1);
    let chart = clinic.create_chart().unwrap();
    for wrong in ["", &"x".repeat(1025)] {
        assert_eq!(chart.note_export(wrong), Err(Error::InvalidReason));
    }
    chart.note_export("to Ana herself").unwrap();
    let events = clinic.audit().unwrap();
    let exports: Vec<_> = events.iter().filter(|event| event.kind == EventKind::Export).collect();
    assert_eq!(exports.len(), 1);
    assert_eq!((exports[0].chart, exports[0].note.as_deref()), (Some(chart.id()), Some("to Ana herself")));
}

#[test]
fn who_reads_it_verifies_whose_it_is() {
    let (clinic, auditor, eve) = (create("Riverside Clinic", 1), create("Auditor", 2), create("Eve", 3));
    let (to, _) = (meet(&clinic, &auditor), meet(&auditor, &clinic));
    let chart = clinic.create_chart().unwrap();
    let file = clinic.export_audit_to(&to, &chart.id()).unwrap();
    assert!(auditor.read_audit(&file).is_ok());
    // For somebody else, changed, cut, or by who was not compared.
    assert_eq!(eve.read_audit(&file).err(), Some(Error::InvalidAudit));
    for at in (0..file.len()).step_by(101) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        let refused = auditor.read_audit(&changed).err();
        let named = [Error::InvalidAudit, Error::UnknownContact, Error::NewerFormat];
        assert!(named.contains(refused.as_ref().unwrap()), "{at}: {refused:?}");
    }
    assert_eq!(auditor.read_audit(&file[..file.len() - 1]).err(), Some(Error::InvalidAudit));
    let of_eve = auditor.contacts().add(&eve.card().unwrap().to_bytes()).unwrap();
    let from_eve = meet(&eve, &auditor);
    let by_eve = eve.export_audit_to(&from_eve, &eve.create_chart().unwrap().id()).unwrap();
    assert_eq!(auditor.read_audit(&by_eve).err(), Some(Error::UnverifiedContact));
    drop(of_eve);
    // Nor is it made for who was not compared.
    let stranger = clinic.contacts().add(&eve.card().unwrap().to_bytes()).unwrap();
    assert_eq!(clinic.export_audit_to(&stranger, &chart.id()).err(), Some(Error::UnverifiedContact));
}

/// A member who was granted the chart audits his own copy: what he did is told by his own vault.
#[test]
fn each_vault_tells_what_was_done_in_it() {
    let (clinic, lee) = (create("Riverside Clinic", 1), create("Dr. Lee", 2));
    let (to, from) = (meet(&clinic, &lee), meet(&lee, &clinic));
    let chart = clinic.create_chart().unwrap();
    chart.share(&to, &Grant::read()).unwrap();
    lee.import(&chart.export(&to, ampoule::Cursor::START).unwrap()).unwrap();
    lee.chart(&chart.id()).unwrap().list().unwrap();
    let report = clinic.read_audit(&lee.export_audit_to(&from, &chart.id()).unwrap()).unwrap();
    assert_eq!(kinds(&report.lines), ["import", "find"]);
}

/// Everything that a sink was told, as lines of JSON.
fn told(options: ampoule::VaultOptions) -> (ampoule::VaultOptions, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    (options.event_sink(move |event: &AuditEvent| kept.lock().unwrap().push(event.to_json())), lines)
}

#[test]
fn a_sink_is_told_what_the_log_says_in_its_order() {
    let (options, lines) = told(Vault::options());
    let store = Arc::new(MemoryStore::new());
    let (unlock, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
    let (vault, _) = options.clone().create(Arc::clone(&store), "Riverside EHR", &unlock, &none).unwrap();
    let lee = create("Dr. Lee", 2);
    let to = meet(&vault, &lee);
    let chart = vault.create_chart().unwrap();
    let id = chart.put(&record("text")).unwrap();
    chart.share(&to, &Grant::read()).unwrap();
    // Reads wait for their group, and go with the change that follows: here with a leaf that is shown to others.
    chart.get(&id).unwrap();
    chart.get(&EntryId::from_bytes([9; 16])).unwrap_err();
    chart.export(&to, Cursor::START).unwrap();
    chart.get(&id).unwrap();
    vault.add_way(&Unlock::device_key(&[7; 32])).unwrap();
    vault.lock();
    assert_eq!(Vault::open(Arc::clone(&store), &Unlock::device_key(&[9; 32])).err(), Some(failed()));
    let again = options.open(store, &unlock).unwrap();
    let mut log = Vec::new();
    again.export_audit(&mut log).unwrap();
    let log = String::from_utf8(log).unwrap();
    assert_eq!(lines.lock().unwrap().join("\n"), log.trim_end());
    assert!(kinds(&log).iter().filter(|kind| *kind == "read").count() == 3);
    for kind in ["create", "contact", "found", "write", "share", "export", "access", "unlock-failed", "unlock"] {
        assert!(kinds(&log).iter().any(|told| told == kind), "{kind}");
    }
}

#[test]
fn a_strict_vault_has_told_of_a_read_when_its_plaintext_is_there() {
    let (options, lines) = told(Vault::options().audit(Audit::Strict));
    let (unlock, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
    let (vault, _) = options.create(MemoryStore::new(), "Riverside EHR", &unlock, &none).unwrap();
    let chart = vault.create_chart().unwrap();
    let id = chart.put(&record("text")).unwrap();
    let before = lines.lock().unwrap().len();
    chart.get(&id).unwrap();
    let told = lines.lock().unwrap().split_off(before);
    assert_eq!(kinds(&told.join("\n")), ["read"]);
    assert!(told[0].contains(&id.to_string()) && !told[0].contains("text\""));
}

fn failed() -> Error {
    ampoule::UnlockError::UnlockFailed.into()
}
