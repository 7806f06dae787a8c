//! Devices of one vault that a store shows different states of it.

use crate::common::{Member, Store, member, record};
use ampoule::store::{Store as _, Table};
use ampoule::testing::{EvilStore, Rows};
use ampoule::{Error, EventKind, MemoryStore, Patient, PatientQuery, Recovery, Unlock, Vault};

fn second_key() -> Unlock {
    Unlock::device_key(&[9; 32])
}

/// A vault with two devices, each of which has written and was shown what the other wrote.
fn devices() -> (Member, Vault) {
    let first = member("Riverside Clinic", 1);
    first.vault.add_device(&second_key()).unwrap();
    let second = Vault::open(first.store.clone(), &second_key()).unwrap();
    for (vault, other) in [(&second, &first.vault), (&first.vault, &second), (&second, &first.vault)] {
        describe(vault, "Ana Costa");
        assert_eq!(other.charts().unwrap(), vault.charts().unwrap());
    }
    (first, second)
}

/// A host of its own, with the rows as they are now, and the first device on it.
fn apart(rows: &Rows) -> (Store, Vault) {
    let copy = MemoryStore::new();
    let mut tx = copy.write().unwrap();
    for ((table, part, key), value) in rows {
        tx.put(*table, part, key, value).unwrap();
    }
    tx.commit().unwrap();
    let host = EvilStore::new(copy);
    let vault = Vault::open(host.clone(), &Unlock::device_key(&[1; 32])).unwrap();
    (host, vault)
}

/// Shows what was written apart beside what is there, and in its place.
fn show_both(store: &Store, before: &Rows, apart: &Rows) {
    for ((table, part, key), value) in apart.iter().filter(|(place, value)| before.get(*place) != Some(*value)) {
        store.answer(*table, part, key, value.clone());
    }
}

fn describe(vault: &Vault, name: &str) {
    let patient = Patient { names: vec![name.into()], ..Patient::default() };
    vault.create_chart().unwrap().describe(&patient).unwrap();
}

fn add_contact(vault: &Vault, name: &str) {
    let none = Recovery::none_data_will_be_lost();
    let other = Vault::create(MemoryStore::new(), name, &Unlock::device_key(&[7; 32]), &none).unwrap().0;
    vault.contacts().add(&other.card().unwrap().to_bytes()).unwrap();
}

type Change = fn(&Vault, &str);

#[test]
fn d28_two_devices_write_in_different_histories() {
    let changes: [(&str, Change); 4] = [
        ("directory", describe),
        ("charts", |vault, _| drop(vault.create_chart().unwrap())),
        ("contacts", add_contact),
        ("records", |vault, name| assert!(vault.create_chart().unwrap().put(&record(name)).is_ok())),
    ];
    for (what, change) in changes {
        // Also where one of them changes it more often.
        for (by_first, by_second) in [(1, 1), (1, 2), (2, 1)] {
            let (clinic, second) = devices();
            assert!(clinic.reopen().unwrap().charts().is_ok());
            let before = clinic.store.rows().unwrap();
            let (host, first) = apart(&before);
            (0..by_first).for_each(|time| change(&first, &format!("{time} of the first")));
            (0..by_second).for_each(|time| change(&second, &format!("{time} of the second")));
            assert!(first.charts().is_ok() && second.charts().is_ok());
            first.lock();
            show_both(&clinic.store, &before, &host.rows().unwrap());
            // What was acknowledged to one of them is not passed over in silence.
            assert_eq!(second.charts().err(), Some(Error::Withheld), "{what}");
            assert_eq!(second.find_patient(&PatientQuery::all()).err(), Some(Error::Withheld), "{what}");
            let again = Vault::open(clinic.store.clone(), &second_key()).unwrap();
            for vault in [clinic.reopen().unwrap(), again] {
                assert_eq!(vault.charts().err(), Some(Error::RestoredCopy), "{what}");
                assert_eq!(vault.find_patient(&PatientQuery::all()).err(), Some(Error::RestoredCopy), "{what}");
            }
        }
    }
}

#[test]
fn d28_a_store_that_showed_two_histories_is_adopted() {
    let (clinic, second) = devices();
    let (chart, beside) = (clinic.vault.create_chart().unwrap(), second.create_chart().unwrap());
    let before = clinic.store.rows().unwrap();
    let (host, first) = apart(&before);
    let entry = first.chart(&chart.id()).unwrap().put(&record("by the first")).unwrap();
    let other = beside.put(&record("by the second")).unwrap();
    first.lock();
    show_both(&clinic.store, &before, &host.rows().unwrap());
    let again = Vault::open(clinic.store.clone(), &second_key()).unwrap();
    assert_eq!(again.chart(&chart.id()).err(), Some(Error::RestoredCopy));
    again.adopt_restored("the host showed two states").unwrap();
    // Nothing of what both wrote is lost, and the other device goes on as well.
    for vault in [&again, &clinic.reopen().unwrap(), &Vault::open(clinic.store.clone(), &second_key()).unwrap()] {
        assert_eq!(vault.chart(&chart.id()).unwrap().get(&entry).unwrap().content(), b"by the first");
        assert_eq!(vault.chart(&beside.id()).unwrap().get(&other).unwrap().content(), b"by the second");
        assert!(vault.verify().unwrap().findings.is_empty());
    }
    let told = again.audit().unwrap().into_iter().find(|event| event.kind == EventKind::Restore).unwrap();
    assert_eq!(told.note.as_deref(), Some("the host showed two states"));
    assert_eq!(again.adopt_restored("once more"), Err(Error::NotRestored));
}

/// What the hidden device did left no mark but the end of its log.
#[test]
fn d28_the_log_of_a_device_is_hidden_from_one_that_wrote_after_it() {
    let (clinic, second) = devices();
    let chart = clinic.vault.create_chart().unwrap();
    let entry = chart.put(&record("first")).unwrap();
    let logs = || {
        let rows = clinic.store.rows().unwrap();
        rows.into_iter()
            .filter(|((table, ..), _)| matches!(table, Table::Log | Table::Tiles | Table::Map))
            .collect::<Rows>()
    };
    let before = logs();
    assert!(second.chart(&chart.id()).unwrap().get(&entry).is_ok());
    second.lock();
    let by_second = logs().into_iter().filter(|(place, value)| before.get(place) != Some(value)).collect::<Rows>();
    assert!(!by_second.is_empty());
    chart.put(&record("second")).unwrap();
    for (table, part, key) in by_second.keys() {
        clinic.store.replay(&before, *table, part, key);
    }
    assert_eq!(clinic.reopen().unwrap().chart(&chart.id()).err(), Some(Error::RestoredCopy));
    clinic.store.tell_the_truth();
    assert!(clinic.reopen().unwrap().chart(&chart.id()).is_ok());
}
