//! What is damaged or withheld is said to be, and not passed over.

use crate::common::{HEADER, Member, WRAP, assert_unopenable, member, record};
use ampoule::store::{StoreError, Table};
use ampoule::testing::hazmat::with_fixed_randomness;
use ampoule::{Chart, Due, EntryId, Error, Finding, Grant, Patient, PatientQuery, Query, Unlock, Vault};
use std::collections::BTreeSet;

fn named(name: &str) -> Patient {
    Patient { names: vec![name.into()], ..Patient::default() }
}

fn again(clinic: &Member, chart: &Chart) -> Chart {
    clinic.reopen().unwrap().chart(&chart.id()).unwrap()
}

/// The generation stays where it was, so that nothing but the log tells.
#[test]
fn d29_a_change_that_is_acknowledged_and_not_kept() {
    type Ask = fn(&Chart, &EntryId) -> Result<(), Error>;
    let asks: [(&str, Ask); 4] = [
        ("list", |chart, _| chart.list().map(drop)),
        ("get", |chart, kept| chart.get(kept).map(drop)),
        ("put", |chart, _| chart.put(&record("another")).map(drop)),
        ("history", |chart, kept| chart.history(kept).map(drop)),
    ];
    for (name, ask) in asks {
        let clinic = member("Riverside Clinic", 1);
        let chart = clinic.vault.create_chart().unwrap();
        let kept = chart.put(&record("kept")).unwrap();
        ask(&chart, &kept).unwrap();
        clinic.store.keep_nothing();
        chart.put(&record("lost")).unwrap();
        assert!(matches!(ask(&chart, &kept), Err(Error::Store(StoreError::Busy))), "{name}");
        // What was kept is there when the vault is opened again.
        clinic.store.tell_the_truth();
        assert!(again(&clinic, &chart).get(&kept).is_ok());
    }
}

#[test]
fn d29_a_list_says_what_it_leaves_out() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let (first, second) = (chart.put(&record("alpha")).unwrap(), chart.put(&record("bravo")).unwrap());
    chart.update(&first, &record("charlie")).unwrap();
    let whole = again(&clinic, &chart).list().unwrap();
    assert_eq!((whole.entries().len(), whole.is_complete(), whole.damaged()), (2, true, 0));
    // The newest version of the first entry: the older one is not shown for it.
    clinic.rewrite_entry(&chart, 3, |row| row[WRAP + HEADER + 1] ^= 1);
    let damaged = again(&clinic, &chart);
    for found in [damaged.list().unwrap(), damaged.find(&Query::all()).unwrap()] {
        let ids: Vec<_> = found.entries().iter().map(|found| found.id).collect();
        assert_eq!((ids, found.is_complete(), found.damaged()), (vec![second], false, 1));
    }
    assert_unopenable(damaged.get(&first));
}

/// A lie that passes leaves nothing behind: the index is stored with the sixteenth entry, and not what was damaged then.
#[test]
fn d29_a_passing_lie_does_not_stay_in_the_index() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let ids: Vec<_> = (0..15).map(|n| chart.put(&record(&format!("note {n}"))).unwrap()).collect();
    clinic.rewrite_entry(&chart, 3, |row| row[WRAP + HEADER + 1] ^= 1);
    let damaged = again(&clinic, &chart);
    assert_unopenable(damaged.get(&ids[2]));
    damaged.put(&record("the sixteenth")).unwrap();
    clinic.store.tell_the_truth();
    let honest = again(&clinic, &chart);
    assert_eq!(honest.get(&ids[2]).unwrap().content(), b"note 2");
    assert_eq!(honest.list().unwrap().entries().len(), 16);
    honest.put(&record("the seventeenth")).unwrap();
    let rows = clinic.store.rows().unwrap();
    assert!(rows.keys().any(|(table, ..)| *table == Table::Index), "the index is stored after all");
    assert_eq!(again(&clinic, &chart).get(&ids[2]).unwrap().content(), b"note 2");
    // Nor does it stay where a damaged index is stored anew.
    let index = || clinic.store.rows().unwrap().into_iter().filter(|((table, ..), _)| *table == Table::Index);
    let stored: Vec<_> = index().collect();
    let lie = || {
        for ((table, part, key), _) in &stored {
            clinic.store.rewrite(*table, part, key, |row| row[60] ^= 1);
        }
    };
    lie();
    clinic.rewrite_entry(&chart, 3, |row| row[WRAP + HEADER + 1] ^= 1);
    let due = [Due::DamagedIndex { chart: chart.id() }];
    assert_eq!(clinic.reopen().unwrap().run_maintenance().unwrap(), due);
    clinic.store.tell_the_truth();
    assert_eq!(again(&clinic, &chart).get(&ids[2]).unwrap().content(), b"note 2");
    assert_eq!(clinic.reopen().unwrap().maintenance().unwrap(), []);
    // Where nothing else is damaged it is stored.
    lie();
    assert_eq!(clinic.reopen().unwrap().run_maintenance().unwrap(), due);
    clinic.store.tell_the_truth();
    assert!(!index().eq(stored.iter().cloned()));
    assert_eq!(again(&clinic, &chart).get(&ids[2]).unwrap().content(), b"note 2");
    assert_eq!(clinic.reopen().unwrap().maintenance().unwrap(), []);
}

/// Nobody can say whether a request was answered whose answer is damaged: it is not answered twice.
#[test]
fn d29_a_request_whose_entry_is_damaged() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let first = chart.put_once("order 7", &record("first")).unwrap();
    assert_eq!(again(&clinic, &chart).put_once("order 7", &record("first")).unwrap(), first);
    let entry = clinic.entry(&chart, 1);
    clinic.rewrite_entry(&chart, 1, |row| row[WRAP + HEADER + 1] ^= 1);
    let damaged = again(&clinic, &chart);
    assert_unopenable(clinic.unchanged(|| damaged.put_once("order 7", &record("first"))));
    let other = damaged.put(&record("not by request")).unwrap();
    clinic.store.tell_the_truth();
    let honest = again(&clinic, &chart);
    assert_eq!(honest.put_once("order 7", &record("first")).unwrap(), first);
    assert_eq!((honest.list().unwrap().entries().len(), honest.get(&other).is_ok()), (2, true));
    assert_eq!(clinic.entry(&chart, 1), entry);
    // An index that is stored knows it, whatever becomes of the entry.
    for n in 0..16 {
        honest.put(&record(&format!("note {n}"))).unwrap();
    }
    clinic.rewrite_entry(&chart, 1, |row| row[WRAP + HEADER + 1] ^= 1);
    let damaged = again(&clinic, &chart);
    assert_eq!(damaged.put_once("order 7", &record("first")).unwrap(), first);
    assert_ne!(damaged.put_once("order 8", &record("second")).unwrap(), first);
}

/// A chart that is open knows its marks; what it then reads from the beginning is held against them all the same.
#[test]
fn d29_what_is_read_anew_is_held_against_the_logs_anew() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    for n in 0..20 {
        chart.put(&record(&format!("note {n}"))).unwrap();
    }
    let open = again(&clinic, &chart);
    assert_eq!(open.list().unwrap().entries().len(), 20);
    for (table, part, key) in clinic.store.rows().unwrap().keys().filter(|(table, ..)| *table == Table::Index) {
        clinic.store.hide(*table, part, key);
    }
    clinic.store.hide(Table::Entries, chart.id().as_bytes(), &3_u64.to_be_bytes());
    assert_eq!(open.list().err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    assert_eq!(open.list().unwrap().entries().len(), 20);
}

#[test]
fn d27_a_damaged_version_is_not_replaced() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("first")).unwrap();
    chart.update(&id, &record("second")).unwrap();
    clinic.rewrite_entry(&chart, 2, |row| row[WRAP + HEADER + 1] ^= 1);
    let damaged = again(&clinic, &chart);
    assert_unopenable(clinic.unchanged(|| damaged.update(&id, &record("third"))));
    assert_unopenable(clinic.unchanged(|| damaged.delete(&id)));
    clinic.store.tell_the_truth();
    again(&clinic, &chart).update(&id, &record("third")).unwrap();
    let read = again(&clinic, &chart).get(&id).unwrap();
    assert_eq!((read.content(), read.conflicts().len()), (&b"third"[..], 0));
}

#[test]
fn d29_a_damaged_part_of_the_directory() {
    let clinic = member("Riverside Clinic", 1);
    let (amy, ben) = (clinic.vault.create_chart().unwrap(), clinic.vault.create_chart().unwrap());
    amy.describe(&named("Amy Example")).unwrap();
    ben.describe(&named("Ben Example")).unwrap();
    amy.describe(&named("Amy Sample")).unwrap();
    assert_eq!(again(&clinic, &amy).patient().unwrap(), Some(named("Amy Sample")));
    let rows = clinic.store.rows().unwrap();
    for (table, part, key) in rows.keys().filter(|(table, ..)| *table == Table::Directory) {
        clinic.store.rewrite(*table, part, key, |row| row[40] ^= 1);
        let vault = clinic.reopen().unwrap();
        assert_unopenable(vault.find_patient(&PatientQuery::all()));
        assert_unopenable(vault.chart(&amy.id()).unwrap().patient());
        // Nor the second time.
        assert_unopenable(vault.find_patient(&PatientQuery::all()));
        clinic.store.tell_the_truth();
        assert_eq!(vault.find_patient(&PatientQuery::all()).unwrap().len(), 2);
    }
}

#[test]
fn d27_a_hidden_end_of_the_directory_is_not_written_over() {
    let clinic = member("Riverside Clinic", 1);
    let (amy, ben) = (clinic.vault.create_chart().unwrap(), clinic.vault.create_chart().unwrap());
    amy.describe(&named("Amy Example")).unwrap();
    ben.describe(&named("Ben Example")).unwrap();
    let rows = clinic.store.rows().unwrap();
    let (table, part, key) = rows.keys().rfind(|(table, ..)| *table == Table::Directory).unwrap();
    clinic.store.hide(*table, part, key);
    assert_eq!(clinic.unchanged(|| amy.describe(&named("Amy Sample"))), Err(Error::Withheld));
    clinic.store.tell_the_truth();
    assert_eq!(again(&clinic, &ben).patient().unwrap(), Some(named("Ben Example")));
    amy.describe(&named("Amy Sample")).unwrap();
    assert_eq!(again(&clinic, &ben).patient().unwrap(), Some(named("Ben Example")));
}

#[test]
fn d27_an_older_list_of_devices() {
    let clinic = member("Riverside Clinic", 1);
    let then = clinic.row(Table::Vault, b"", b"state");
    let reader = clinic.reopen().unwrap();
    clinic.vault.add_device(&Unlock::device_key(&[9; 32])).unwrap();
    assert_eq!(reader.devices().unwrap().len(), 2);
    clinic.store.answer(Table::Vault, b"", b"state", then);
    assert_eq!(reader.devices().err(), Some(Error::Withheld));
    assert_eq!(reader.add_way(&Unlock::device_key(&[8; 32])).err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    assert_eq!(reader.devices().unwrap().len(), 2);
    assert!(Vault::open(clinic.store.clone(), &Unlock::device_key(&[9; 32])).is_ok());
}

#[test]
fn d29_a_member_without_a_card_is_an_error() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let of_lee = clinic.meet(&lee);
    let chart = clinic.vault.create_chart().unwrap();
    chart.share(&of_lee, &Grant::read()).unwrap();
    let names =
        || again(&clinic, &chart).shares().map(|all| all.into_iter().map(|one| one.name).collect::<BTreeSet<_>>());
    let all = ["Dr. Lee", "Riverside Clinic"].map(String::from).into();
    assert_eq!(names().unwrap(), all);
    let rows = clinic.store.rows().unwrap();
    let mut refused = 0;
    for (table, part, key) in rows.keys().filter(|(table, ..)| *table == Table::Cards) {
        clinic.store.hide(*table, part, key);
        match names() {
            Ok(names) => assert_eq!(names, all),
            Err(_) => refused += 1,
        }
        clinic.store.tell_the_truth();
    }
    assert!(refused > 0);
}

/// Of two versions that conflict one is damaged, whichever came first: the other is not read as if it stood alone.
#[test]
fn d29_a_damaged_version_in_a_conflict_is_not_passed_over() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("first")).unwrap();
    let first = chart.get(&id).unwrap();
    for word in ["left", "right"] {
        chart.update_from(&first, &record(word)).unwrap();
    }
    assert_eq!(again(&clinic, &chart).get(&id).unwrap().conflicts().len(), 1);
    for seq in [2, 3] {
        clinic.rewrite_entry(&chart, seq, |row| row[WRAP + HEADER + 1] ^= 1);
        let damaged = again(&clinic, &chart);
        assert_unopenable(damaged.get(&id));
        assert_unopenable(clinic.unchanged(|| damaged.update(&id, &record("third"))));
        let found = damaged.list().unwrap();
        assert_eq!((found.entries().len(), found.is_complete(), found.damaged()), (0, false, 1));
        assert_eq!(damaged.history(&id).unwrap().iter().filter(|version| version.is_ok()).count(), 2);
        clinic.store.tell_the_truth();
    }
    // What was replaced since costs nothing.
    again(&clinic, &chart).resolve(&id, &record("both")).unwrap();
    for seq in [2, 3] {
        clinic.rewrite_entry(&chart, seq, |row| row[WRAP + HEADER + 1] ^= 1);
        let read = again(&clinic, &chart).get(&id).unwrap();
        assert_eq!((read.content(), read.conflicts().len()), (&b"both"[..], 0));
        clinic.store.tell_the_truth();
    }
}

/// What a damaged version replaced is not known, so the one before it is not shown as a conflict of the one after it.
#[test]
fn d29_a_damaged_version_in_the_middle_leaves_no_conflict() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("first")).unwrap();
    for word in ["second", "third"] {
        chart.update(&id, &record(word)).unwrap();
    }
    let read = || again(&clinic, &chart).get(&id).map(|read| (read.content().to_vec(), read.conflicts().len()));
    assert_eq!(read().unwrap(), (b"third".to_vec(), 0));
    for seq in [1, 2, 3] {
        clinic.rewrite_entry(&chart, seq, |row| row[WRAP + HEADER + 1] ^= 1);
        match seq {
            1 => assert_eq!(read().unwrap(), (b"third".to_vec(), 0)),
            _ => assert_unopenable(read()),
        }
        clinic.store.tell_the_truth();
    }
}

/// The store takes a change of the directory and goes on as if it had not come: what was there before is not the answer.
#[test]
fn d27_a_change_of_the_directory_that_is_taken_and_not_shown() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    chart.describe(&named("Amy Example")).unwrap();
    let second = [2_u64.to_be_bytes(), 2_u64.to_be_bytes()].concat();
    clinic.store.hide(Table::Directory, b"", &second);
    assert_eq!(chart.patient().unwrap(), Some(named("Amy Example")));
    chart.describe(&named("Amy Sample")).unwrap();
    assert_eq!(chart.patient(), Err(Error::Withheld));
    assert_eq!(again(&clinic, &chart).patient(), Err(Error::Withheld));
    assert_eq!(clinic.vault.find_patient(&PatientQuery::all()).err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    assert_eq!(chart.patient().unwrap(), Some(named("Amy Sample")));
}

/// The same with a contact that was added.
#[test]
fn d27_a_contact_that_is_taken_and_not_shown() {
    let (clinic, lee, kim) = (member("Riverside Clinic", 1), member("Dr. Lee", 2), member("Dr. Kim", 3));
    clinic.meet(&lee);
    let card = kim.vault.card().unwrap().to_bytes();
    let copy = clinic.copy();
    let add = |vault: &Vault| with_fixed_randomness(b"kim", || vault.contacts().add(&card)).unwrap().id();
    let id = add(&copy);
    assert_eq!(copy.contacts().list().unwrap().len(), 2);
    clinic.store.hide(Table::Contacts, b"", id.as_bytes());
    assert_eq!(add(&clinic.vault), id);
    for vault in [clinic.vault.clone(), clinic.reopen().unwrap()] {
        assert_eq!(vault.contacts().list().err(), Some(Error::Withheld));
    }
    clinic.store.tell_the_truth();
    assert_eq!(clinic.vault.contacts().list().unwrap().len(), 2);
}

/// All is sealed anew when a way in is removed: what the store shows of before is not made the newest by that.
#[test]
fn d27_what_is_of_before_does_not_become_the_newest_when_a_way_in_is_removed() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let chart = clinic.vault.create_chart().unwrap();
    let way = clinic.vault.add_way(&Unlock::device_key(&[9; 32])).unwrap();
    let of_lee = clinic.meet(&lee);
    chart.describe(&named("Amy Example")).unwrap();
    let then = clinic.store.rows().unwrap();
    of_lee.distrust().unwrap();
    chart.describe(&named("Amy Sample")).unwrap();
    let replay = |what| {
        for (table, part, key) in clinic.store.rows().unwrap().keys().filter(|(table, ..)| *table == what) {
            clinic.store.replay(&then, *table, part, key);
        }
    };
    replay(Table::Directory);
    assert_eq!(clinic.unchanged(|| clinic.vault.remove_way(way)), Err(Error::Withheld));
    clinic.store.tell_the_truth();
    replay(Table::Contacts);
    clinic.vault.remove_way(way).unwrap();
    assert_unopenable(of_lee.status());
    clinic.store.tell_the_truth();
    assert_unopenable(of_lee.status());
    assert_eq!(again(&clinic, &chart).patient().unwrap(), Some(named("Amy Sample")));
    let findings = clinic.reopen().unwrap().verify().unwrap().findings;
    assert_eq!(findings, [Finding::Contact { contact: of_lee.id() }]);
}

#[test]
fn d27_a_hidden_end_of_the_directory_is_not_tidied_away() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    chart.describe(&named("Amy Example")).unwrap();
    chart.describe(&named("Amy Sample")).unwrap();
    let second = [2_u64.to_be_bytes(), 2_u64.to_be_bytes()].concat();
    clinic.store.hide(Table::Directory, b"", &second);
    assert_eq!(clinic.unchanged(|| clinic.vault.run_maintenance()), Err(Error::Withheld));
    clinic.store.tell_the_truth();
    clinic.vault.run_maintenance().unwrap();
    assert_eq!(again(&clinic, &chart).patient().unwrap(), Some(named("Amy Sample")));
}
