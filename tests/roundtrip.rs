//! What goes in comes out: one vault, two vaults, and what is between them.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use ampoule::{
    Code, Cursor, Error, Grant, Label, MemoryStore, Patient, PatientQuery, Query, Record, Recovery, Terms, Unlock,
    Vault, store::Store as _,
};
use std::sync::Arc;

fn vault(name: &str, key: u8) -> Vault {
    let unlock = Unlock::device_key(&[key; 32]);
    Vault::create(MemoryStore::new(), name, &unlock, &Recovery::none_data_will_be_lost()).unwrap().0
}

fn observation(text: &str, code: &str) -> Record {
    let terms = Terms {
        kind: "Observation".into(),
        codes: vec![Code { system: "http://loinc.org".into(), value: code.into() }],
        words: Terms::fold(text),
        ..Terms::default()
    };
    Record::opaque("text/plain", text.as_bytes()).with_terms(terms)
}

fn acquaint(a: &Vault, b: &Vault) -> (ampoule::Contact, ampoule::Contact) {
    let of_b = a.contacts().add(&b.card().unwrap().to_bytes()).unwrap();
    of_b.verify(&b.card().unwrap().fingerprint().digits()).unwrap();
    let of_a = b.contacts().add(&a.card().unwrap().to_bytes()).unwrap();
    of_a.verify(&a.card().unwrap().fingerprint().words()).unwrap();
    (of_b, of_a)
}

#[test]
fn an_entry_lives_through_its_versions() {
    let vault = vault("Riverside Clinic", 1);
    let chart = vault.create_chart().unwrap();
    let id = chart.put(&observation("first value", "4548-4")).unwrap();
    assert_eq!(chart.get(&id).unwrap().content(), b"first value");
    chart.update(&id, &observation("second value", "4548-4")).unwrap();
    assert_eq!(chart.get(&id).unwrap().content(), b"second value");
    assert_eq!(chart.history(&id).unwrap().len(), 2);
    let found = chart.find(&Query::kind("Observation").code("http://loinc.org", "4548-4")).unwrap();
    assert_eq!(found.entries().len(), 1);
    assert!(found.is_complete());
    assert_eq!(chart.find(&Query::all().words("second")).unwrap().entries().len(), 1);
    assert_eq!(chart.find(&Query::all().words("first")).unwrap().entries().len(), 0);
    chart.delete(&id).unwrap();
    assert_eq!(chart.get(&id).unwrap_err(), Error::UnknownEntry);
    assert_eq!(chart.update(&id, &observation("third", "x")).unwrap_err(), Error::UnknownEntry);
    assert_eq!(chart.history(&id).unwrap().len(), 3);
    assert_eq!(chart.list().unwrap().entries().len(), 0);
}

#[test]
fn a_request_is_carried_out_once() {
    let vault = vault("Riverside Clinic", 1);
    let chart = vault.create_chart().unwrap();
    let first = chart.put_once("order 7", &observation("value", "1")).unwrap();
    assert_eq!(chart.put_once("order 7", &observation("value", "1")).unwrap(), first);
    assert_ne!(chart.put_once("order 8", &observation("value", "1")).unwrap(), first);
    assert_eq!(chart.list().unwrap().entries().len(), 2);
}

#[test]
fn a_request_that_was_carried_out_before_writes_nothing() {
    let store = Arc::new(MemoryStore::new());
    let (key, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
    let vault = Vault::create(Arc::clone(&store), "Riverside Clinic", &key, &none).unwrap().0;
    let chart = vault.create_chart().unwrap();
    let first = chart.put_once("order 7", &observation("value", "1")).unwrap();
    let state = || store.read().unwrap().generation().unwrap();
    let before = state();
    assert_eq!(chart.put_once("order 7", &observation("value", "1")).unwrap(), first);
    assert_eq!(state(), before);
    chart.put_once("order 8", &observation("value", "1")).unwrap();
    assert_ne!(state(), before);
}

#[test]
fn a_batch_happens_whole_or_not_at_all() {
    let vault = vault("Riverside Clinic", 1);
    let (a, b) = (vault.create_chart().unwrap(), vault.create_chart().unwrap());
    let failed: Result<(), Error> = vault.batch(|batch| {
        batch.put(&a, &observation("one", "1"))?;
        batch.put(&b, &observation("two", "2"))?;
        Err(Error::TooLong)
    });
    assert_eq!(failed, Err(Error::TooLong));
    assert!(a.list().unwrap().entries().is_empty() && b.list().unwrap().entries().is_empty());
    let id = vault
        .batch(|batch| {
            let id = batch.put(&a, &observation("one", "1"))?;
            batch.update(&a, &id, &observation("one, corrected", "1"))?;
            batch.put(&b, &observation("two", "2"))?;
            Ok(id)
        })
        .unwrap();
    assert_eq!(a.get(&id).unwrap().content(), b"one, corrected");
    assert!(a.get(&id).unwrap().conflicts().is_empty());
    assert_eq!(b.list().unwrap().entries().len(), 1);
}

#[test]
fn a_conflict_is_kept_shown_and_resolved() {
    let vault = vault("Riverside Clinic", 1);
    let chart = vault.create_chart().unwrap();
    let id = chart.put(&observation("base", "1")).unwrap();
    let read = chart.get(&id).unwrap();
    chart.update_from(&read, &observation("mine", "1")).unwrap();
    chart.update_from(&read, &observation("theirs", "1")).unwrap();
    let current = chart.get(&id).unwrap();
    assert_eq!(current.conflicts().len(), 1);
    let other = chart.version(&current.conflicts()[0]).unwrap();
    assert_ne!(current.content(), other.content());
    chart.resolve(&id, &observation("both", "1")).unwrap();
    assert!(chart.get(&id).unwrap().conflicts().is_empty());
}

#[test]
fn one_label_is_shared_and_taken_back() {
    let (clinic, specialist) = (vault("Riverside Clinic", 1), vault("Dr. Lee", 2));
    let (lee, at_clinic) = acquaint(&clinic, &specialist);
    let chart = clinic.create_chart().unwrap();
    let general = chart.put(&observation("blood pressure", "1")).unwrap();
    let hiv = chart.put(&observation("viral load", "2").labelled(Label::new("HIV").unwrap())).unwrap();
    chart.share(&lee, &Grant::write().label(Label::general())).unwrap();
    let bundle = chart.export(&lee, Cursor::START).unwrap();
    let applied = specialist.import(&bundle).unwrap();
    assert_eq!((applied.added, applied.rejected), (1, 0));
    assert_eq!(specialist.import(&bundle).unwrap().added, 0);
    let copy = specialist.chart(&chart.id()).unwrap();
    let entry = copy.get(&general).unwrap();
    assert_eq!((entry.content(), entry.author()), (&b"blood pressure"[..], "Riverside Clinic"));
    assert_eq!(copy.get(&hiv).unwrap_err(), Error::UnknownEntry);
    assert!(!copy.list().unwrap().is_complete());
    assert_eq!(copy.put(&observation("x", "1").labelled(Label::new("HIV").unwrap())).unwrap_err(), Error::NotGranted);

    // She writes back.
    let hers = copy.put(&observation("cardiology report", "3")).unwrap();
    let back = specialist.chart(&chart.id()).unwrap().export(&at_clinic, Cursor::START).unwrap();
    assert_eq!(clinic.import(&back).unwrap().added, 1);
    assert_eq!(chart.get(&hers).unwrap().author(), "Dr. Lee");

    chart.revoke(&lee).unwrap();
    let later = chart.put(&observation("after revocation", "1")).unwrap();
    let news = chart.export(&lee, applied.next).unwrap();
    let applied = specialist.import(&news).unwrap();
    assert_eq!(applied.added, 0);
    assert_eq!(copy.get(&later).unwrap_err(), Error::GrantEnded);
    assert_eq!(chart.get(&later).unwrap().content(), b"after revocation");
    assert_eq!(chart.get(&general).unwrap().content(), b"blood pressure");
    assert_eq!(clinic.verify().unwrap().findings, []);
}

#[test]
fn patients_are_found_by_name_identifier_and_birth_date() {
    let vault = vault("Riverside Clinic", 1);
    let chart = vault.create_chart().unwrap();
    let patient =
        Patient { names: vec!["Amélie Example".into()], birth_date: Some("1970-05-03".into()), ..Patient::default() };
    chart.describe(&patient).unwrap();
    for query in [PatientQuery::name("amelie"), PatientQuery::name("exam").birth_date("1970")] {
        assert_eq!(vault.find_patient(&query).unwrap(), [(chart.id(), patient.clone())]);
    }
    assert!(vault.find_patient(&PatientQuery::name("other")).unwrap().is_empty());
}
