//! What a store could do to freshness and order, and how it is found.

use crate::common::{HEADER, Store, WRAP, assert_unopenable, member, record};
use ampoule::store::Table;
use ampoule::testing::EvilStore;
use ampoule::{Audit, Error, EventKind, Freshness, MemoryKeeper, MemoryStore, Patient, Recovery, Unlock, Vault};
use std::sync::Arc;

const KEY: [u8; 32] = [1; 32];

fn unlock() -> Unlock {
    Unlock::device_key(&KEY)
}

/// Shows every row as it was then, and none that came since.
fn roll_back(store: &Store, then: &ampoule::testing::Rows) {
    for (table, part, key) in store.rows().unwrap().keys() {
        store.replay(then, *table, part, key);
    }
}

#[test]
fn d27_one_version_or_one_chart_rolled_back() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("first")).unwrap();
    let then = clinic.store.rows().unwrap();
    chart.update(&id, &record("second")).unwrap();
    // The newest version is hidden, in the open vault and in one that is opened anew.
    let part = chart.id();
    clinic.store.hide(Table::Entries, part.as_bytes(), &2_u64.to_be_bytes());
    assert!(chart.get(&id).is_err());
    let again = Vault::open(clinic.store.clone(), &unlock()).unwrap();
    assert_eq!(again.chart(&chart.id()).err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    // The older one in its place.
    let first = then[&(Table::Entries, part.as_bytes().to_vec(), 1_u64.to_be_bytes().to_vec())].clone();
    clinic.store.answer(Table::Entries, part.as_bytes(), &2_u64.to_be_bytes(), first);
    assert_unopenable(again.chart(&chart.id()).and_then(|chart| chart.get(&id)));
    clinic.store.tell_the_truth();
    assert_eq!(clinic.reopen().unwrap().chart(&chart.id()).unwrap().get(&id).unwrap().content(), b"second");
}

#[test]
fn d27_whole_store_rolled_back_while_open() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("first")).unwrap();
    let then = clinic.store.rows().unwrap();
    chart.update(&id, &record("second")).unwrap();
    let other = clinic.reopen().unwrap();
    roll_back(&clinic.store, &then);
    assert_eq!(chart.get(&id).err(), Some(Error::Withheld));
    // One that had opened the vault, and not yet the chart.
    assert_eq!(other.chart(&chart.id()).err(), Some(Error::Withheld));
    assert_eq!(chart.put(&record("third")).err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    assert_eq!(chart.get(&id).unwrap().content(), b"second");
}

#[test]
fn d27_whole_store_rolled_back_before_it_is_opened() {
    let store = EvilStore::new(MemoryStore::new());
    let keeper = Arc::new(MemoryKeeper::new());
    let options = || Vault::options().keeper(Arc::clone(&keeper));
    let none = Recovery::none_data_will_be_lost();
    let (vault, _) = options().create(store.clone(), "Riverside Clinic", &unlock(), &none).unwrap();
    let chart = vault.create_chart().unwrap();
    let id = chart.put(&record("first")).unwrap();
    vault.lock();
    let then = store.rows().unwrap();
    vault.unlock(&unlock()).unwrap();
    assert_eq!(vault.freshness().unwrap(), Freshness::Anchored);
    chart.update(&id, &record("second")).unwrap();
    let id_of = chart.id();
    drop((vault, chart));

    roll_back(&store, &then);
    let old = options().open(store.clone(), &unlock()).unwrap();
    let refused = |vault: &Vault| {
        assert_eq!(vault.chart(&id_of).err(), Some(Error::RestoredCopy));
        assert_eq!(vault.create_chart().err(), Some(Error::RestoredCopy));
    };
    refused(&old);
    drop(old);
    // Neither what waits to be told nor an event of its own is written to it.
    assert!(Vault::open(store.clone(), &Unlock::device_key(&[66; 32])).is_err());
    let before = store.rows().unwrap();
    let strict = options().audit(Audit::Strict).open(store.clone(), &unlock()).unwrap();
    refused(&strict);
    strict.lock();
    assert!(store.rows().unwrap() == before, "something was written to the store of before");
    store.tell_the_truth();
    let honest = options().open(store.clone(), &unlock()).unwrap();
    assert_eq!(honest.chart(&id_of).unwrap().get(&id).unwrap().content(), b"second");
    assert_eq!(honest.adopt_restored("no reason").err(), Some(Error::NotRestored));
    drop(honest);
    // Without a keeper there is nothing to hold it against, and the vault says so.
    roll_back(&store, &then);
    let unanchored = Vault::open(store.clone(), &unlock()).unwrap();
    assert_eq!(unanchored.freshness().unwrap(), Freshness::Unanchored);
    assert_eq!(unanchored.chart(&id_of).unwrap().get(&id).unwrap().content(), b"first");
}

#[test]
fn h64_an_honest_restore_is_taken_on() {
    let store = EvilStore::new(MemoryStore::new());
    let keeper = Arc::new(MemoryKeeper::new());
    let options = || Vault::options().keeper(Arc::clone(&keeper));
    let none = Recovery::none_data_will_be_lost();
    let (vault, _) = options().create(store.clone(), "Riverside Clinic", &unlock(), &none).unwrap();
    let chart = vault.create_chart().unwrap();
    let id = chart.put(&record("first")).unwrap();
    vault.lock();
    let backup = copy(&store);
    vault.unlock(&unlock()).unwrap();
    let device = vault.devices().unwrap()[0].id;
    let lost = chart.put(&record("after the backup")).unwrap();
    let chart_id = chart.id();
    drop((vault, chart));

    let restored = options().open(Arc::clone(&backup), &unlock()).unwrap();
    assert_eq!(restored.chart(&chart_id).err(), Some(Error::RestoredCopy));
    restored.adopt_restored("the disk broke").unwrap();
    assert_eq!(restored.freshness().unwrap(), Freshness::Anchored);
    assert_ne!(restored.devices().unwrap()[0].id, device);
    let chart = restored.chart(&chart_id).unwrap();
    assert_eq!(chart.get(&id).unwrap().content(), b"first");
    assert_eq!(chart.get(&lost).err(), Some(Error::UnknownEntry));
    chart.put(&record("after the restore")).unwrap();
    let events = restored.audit().unwrap();
    let told = events.iter().find(|event| event.kind == EventKind::Restore).unwrap();
    assert_eq!(told.note.as_deref(), Some("the disk broke"));
    drop((restored, chart));
    let again = options().open(backup, &unlock()).unwrap();
    assert_eq!(again.chart(&chart_id).unwrap().list().unwrap().entries().len(), 2);
    assert!(again.verify().unwrap().findings.is_empty());
    // The other copy is the one that is found out now.
    drop(again);
    let other = options().open(store, &unlock()).unwrap();
    assert_eq!(other.chart(&chart_id).err(), Some(Error::RestoredCopy));
}

#[test]
fn d27_logs_rolled_back_and_not_what_they_tell_of() {
    // Entries or a ledger that no log tells of.
    let lee = member("Dr. Lee", 2);
    for shared in [false, true] {
        let clinic = member("Riverside Clinic", 1);
        let of_lee = clinic.meet(&lee);
        let chart = clinic.vault.create_chart().unwrap();
        chart.put(&record("first")).unwrap();
        let then = clinic.store.rows().unwrap();
        if shared {
            chart.share(&of_lee, &ampoule::Grant::read()).unwrap();
        } else {
            chart.put(&record("second")).unwrap();
        }
        let open = || clinic.reopen().and_then(|vault| vault.chart(&chart.id()).map(drop));
        assert_eq!(open(), Ok(()));
        for (table, part, key) in clinic.store.rows().unwrap().keys() {
            if matches!(table, Table::Log | Table::Tiles | Table::Map) {
                clinic.store.replay(&then, *table, part, key);
            }
        }
        assert_eq!(open(), Err(Error::Withheld), "{shared}");
    }
}

#[test]
fn d27_a_ledger_of_another_copy() {
    let (clinic, lee, kim) = (member("Riverside Clinic", 1), member("Dr. Lee", 2), member("Dr. Kim", 3));
    let (of_lee, of_kim) = (clinic.meet(&lee), clinic.meet(&kim));
    let chart = clinic.vault.create_chart().unwrap();
    let fork = EvilStore::new(copy(&clinic.store));
    let in_fork = Vault::open(fork.clone(), &unlock()).unwrap();
    let to_kim = in_fork.contacts().get(of_kim.id()).unwrap();
    in_fork.chart(&chart.id()).unwrap().share(&to_kim, &ampoule::Grant::read()).unwrap();
    chart.share(&of_lee, &ampoule::Grant::read()).unwrap();
    let again = || clinic.reopen().and_then(|vault| vault.chart(&chart.id()).map(drop));
    assert_eq!(again(), Ok(()));
    // As long as the true one, and every bit of it signed.
    let (theirs, ours) = (fork.rows().unwrap(), clinic.store.rows().unwrap());
    let of_chart = |table: &Table| {
        matches!(table, Table::Ledger | Table::Receipts | Table::Grants | Table::Keyring | Table::Cards)
    };
    let ledger = |rows: &ampoule::testing::Rows| rows.keys().filter(|(table, ..)| *table == Table::Ledger).count();
    assert_eq!(ledger(&theirs), ledger(&ours));
    for (table, part, key) in theirs.keys().chain(ours.keys()).filter(|(table, ..)| of_chart(table)) {
        clinic.store.replay(&theirs, *table, part, key);
    }
    assert_eq!(again(), Err(Error::Withheld));
}

#[test]
fn d27_a_contact_as_it_was_before() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let of_lee = clinic.meet(&lee);
    let chart = clinic.vault.create_chart().unwrap();
    chart.share(&of_lee, &ampoule::Grant::read()).unwrap();
    let verified = clinic.row(Table::Contacts, b"", of_lee.id().as_bytes());
    of_lee.distrust().unwrap();
    assert_eq!(chart.share(&of_lee, &ampoule::Grant::read()), Err(Error::UnverifiedContact));
    // The comparison that was taken back is shown again.
    clinic.store.answer(Table::Contacts, b"", of_lee.id().as_bytes(), verified);
    assert_unopenable(clinic.unchanged(|| chart.share(&of_lee, &ampoule::Grant::read())));
    assert_unopenable(of_lee.is_verified());
    clinic.store.tell_the_truth();
    assert!(!of_lee.is_verified().unwrap());
}

#[test]
fn d27_the_state_of_before() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let other = clinic.reopen().unwrap();
    let then = clinic.row(Table::Vault, b"", b"state");
    other.add_way(&Unlock::device_key(&[9; 32])).unwrap();
    let open = |key| Vault::open(clinic.store.clone(), &Unlock::device_key(&[key; 32])).map(drop);
    assert_eq!((open(1), open(9)), (Ok(()), Ok(())));
    clinic.store.answer(Table::Vault, b"", b"state", then);
    assert_eq!(open(1), Err(Error::Withheld));
    assert_eq!(chart.list().err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    chart.list().unwrap();
    assert_eq!((open(1), open(9)), (Ok(()), Ok(())));
}

#[test]
fn d27_the_directory_of_before() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let named = |name: &str| Patient { names: vec![name.into()], ..Patient::default() };
    chart.describe(&named("Amy Example")).unwrap();
    let then = clinic.store.rows().unwrap();
    chart.describe(&named("Ann Example")).unwrap();
    let read = || clinic.reopen().unwrap().chart(&chart.id()).unwrap().patient();
    assert_eq!(read().unwrap(), Some(named("Ann Example")));
    for (table, part, key) in clinic.store.rows().unwrap().keys().filter(|(table, ..)| *table == Table::Directory) {
        clinic.store.replay(&then, *table, part, key);
    }
    assert_eq!(read().err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    assert_eq!(read().unwrap(), Some(named("Ann Example")));
}

#[test]
fn d27_a_damaged_version_is_not_the_one_before() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("first")).unwrap();
    chart.update(&id, &record("second")).unwrap();
    let read = || clinic.reopen().unwrap().chart(&chart.id()).and_then(|chart| chart.get(&id));
    assert_eq!(read().unwrap().content(), b"second");
    clinic.rewrite_entry(&chart, 2, |row| row[WRAP + HEADER + 1] ^= 1);
    assert_unopenable(read());
    clinic.store.tell_the_truth();
    assert_eq!(read().unwrap().content(), b"second");
}

#[test]
fn d28_a_copy_that_went_another_way() {
    let store = EvilStore::new(MemoryStore::new());
    let keeper = Arc::new(MemoryKeeper::new());
    let options = || Vault::options().keeper(Arc::clone(&keeper));
    let none = Recovery::none_data_will_be_lost();
    let (vault, _) = options().create(store.clone(), "Riverside Clinic", &unlock(), &none).unwrap();
    let chart = vault.create_chart().unwrap();
    let fork = copy(&store);
    let id = chart.put(&record("kept")).unwrap();
    vault.lock();
    // Longer than what is kept, and without what it has.
    let other = Vault::open(Arc::clone(&fork), &unlock()).unwrap();
    let in_fork = other.chart(&chart.id()).unwrap();
    for _ in 0..10 {
        in_fork.put(&record("elsewhere")).unwrap();
    }
    drop((other, in_fork));
    let forked = options().open(fork, &unlock()).unwrap();
    assert_eq!(forked.chart(&chart.id()).err(), Some(Error::RestoredCopy));
    drop(forked);
    let honest = options().open(store, &unlock()).unwrap();
    assert_eq!(honest.chart(&chart.id()).unwrap().get(&id).unwrap().content(), b"kept");
}

/// A store with the same rows.
pub(crate) fn copy(store: &Store) -> Arc<MemoryStore> {
    use ampoule::store::Store as _;
    let copy = Arc::new(MemoryStore::new());
    let mut change = copy.write().unwrap();
    for ((table, part, key), value) in store.rows().unwrap() {
        change.put(table, &part, &key, &value).unwrap();
    }
    change.commit().unwrap();
    copy
}

#[test]
fn d29_entries_withheld_or_deleted() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let ids: Vec<_> = (0..40).map(|n| chart.put(&record(&format!("note {n}"))).unwrap()).collect();
    let again = || Vault::open(clinic.store.clone(), &unlock()).unwrap();
    assert_eq!(again().chart(&chart.id()).unwrap().list().unwrap().entries().len(), ids.len());
    for hidden in [1_u64, 7, 32, 33, 40] {
        clinic.store.hide(Table::Entries, chart.id().as_bytes(), &hidden.to_be_bytes());
        let vault = again();
        let read = vault.chart(&chart.id()).and_then(|chart| chart.get(&ids[usize::try_from(hidden).unwrap() - 1]));
        assert!(matches!(read, Err(Error::Withheld | Error::Unopenable { .. })), "{hidden}: {read:?}");
        let report = vault.verify().unwrap();
        assert!(!report.findings.is_empty(), "{hidden}");
        clinic.store.tell_the_truth();
    }
    // A segment of the index hidden costs time, and no truth.
    let rows = clinic.store.rows().unwrap();
    for (table, part, key) in rows.keys().filter(|(table, ..)| *table == Table::Index) {
        clinic.store.hide(*table, part, key);
        let vault = again();
        assert_eq!(vault.chart(&chart.id()).unwrap().get(&ids[0]).unwrap().content(), b"note 0");
        clinic.store.tell_the_truth();
    }
}

#[test]
fn d27_only_the_contacts_or_the_grants_rolled_back() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let before_lee = clinic.store.rows().unwrap();
    let of_lee = clinic.meet(&lee);
    lee.meet(&clinic);
    let chart = clinic.vault.create_chart().unwrap();
    let before = clinic.store.rows().unwrap();
    chart.share(&of_lee, &ampoule::Grant::read()).unwrap();
    // The contact disappears, or stands as it was before it was verified.
    let (table, part, key) = before.keys().find(|(table, ..)| *table == Table::Contacts).unwrap().clone();
    clinic.store.replay(&before_lee, table, &part, &key);
    assert_eq!(clinic.vault.contacts().list().err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    // The ledger without the grant.
    for (table, part, key) in clinic.store.rows().unwrap().keys() {
        if matches!(table, Table::Ledger | Table::Receipts | Table::Grants) {
            clinic.store.replay(&before, *table, part, key);
        }
    }
    let again = Vault::open(clinic.store.clone(), &unlock()).unwrap();
    assert_eq!(again.chart(&chart.id()).err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    assert_eq!(again.chart(&chart.id()).unwrap().shares().unwrap().len(), 2);
}

#[test]
fn h52_log_truncated_or_event_suppressed() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("text")).unwrap();
    chart.get(&id).unwrap();
    let kinds: Vec<EventKind> = clinic.vault.audit().unwrap().iter().map(|event| event.kind).collect();
    for kind in [EventKind::Create, EventKind::Found, EventKind::Write, EventKind::Read] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    let rows = clinic.store.rows().unwrap();
    let leaves: Vec<_> = rows.keys().filter(|(table, ..)| *table == Table::Log).cloned().collect();
    assert!(leaves.len() >= 4);
    for (table, part, key) in &leaves {
        clinic.store.hide(*table, part, key);
        assert!(clinic.vault.audit().is_err(), "a leaf is missing");
        clinic.store.rewrite(*table, part, key, |row| row[40] ^= 1);
        assert!(clinic.vault.audit().is_err(), "a leaf was changed");
        clinic.store.tell_the_truth();
    }
    assert!(clinic.vault.audit().unwrap().len() > kinds.len());
}

#[test]
fn h52_nothing_is_released_before_its_event_is_stored() {
    use ampoule::testing::{Fault, FaultStore, Operation};
    let store = FaultStore::new(MemoryStore::new());
    let faults = store.faults();
    let none = Recovery::none_data_will_be_lost();
    let options = Vault::options().audit(Audit::Strict);
    let (vault, _) = options.create(store, "Riverside Clinic", &unlock(), &none).unwrap();
    let chart = vault.create_chart().unwrap();
    let id = chart.put(&record("text")).unwrap();
    let reads = |vault: &Vault| vault.audit().unwrap().iter().filter(|event| event.kind == EventKind::Read).count();
    assert_eq!(chart.get(&id).unwrap().content(), b"text");
    assert_eq!(reads(&vault), 1);
    faults.add(Fault::new([Operation::Commit], 0).error(ampoule::StoreError::Full));
    assert_eq!(chart.get(&id).err(), Some(Error::Store(ampoule::StoreError::Full)));
    assert_eq!(chart.get(&id).unwrap().content(), b"text");
    assert_eq!(reads(&vault), 2);
}

#[test]
fn d28_two_devices_shown_different_histories() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    chart.put(&record("first")).unwrap();
    clinic.vault.add_device(&Unlock::device_key(&[9; 32])).unwrap();
    let second = Vault::open(clinic.store.clone(), &Unlock::device_key(&[9; 32])).unwrap();
    let on_second = second.chart(&chart.id()).unwrap();
    let then = clinic.store.rows().unwrap();
    on_second.put(&record("by the second")).unwrap();
    assert_eq!(chart.list().unwrap().entries().len(), 2);
    // The first is shown a store in which the second wrote nothing, log and all. It had seen the other.
    roll_back(&clinic.store, &then);
    assert_eq!(chart.list().err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    // Rows of the second without its log, or its log without the rows.
    let again = || Vault::open(clinic.store.clone(), &unlock()).unwrap();
    for only in [Table::Entries, Table::Log] {
        for (table, part, key) in clinic.store.rows().unwrap().keys().filter(|(table, ..)| *table == only) {
            clinic.store.replay(&then, *table, part, key);
        }
        assert_eq!(again().chart(&chart.id()).err(), Some(Error::Withheld), "{only:?}");
        clinic.store.tell_the_truth();
    }
    // That it was opened is in the log of the first, which then knew of no log of the second.
    let again = again();
    assert_eq!(again.chart(&chart.id()).err(), Some(Error::RestoredCopy));
    again.adopt_restored("the log of the second was hidden").unwrap();
    assert_eq!(again.chart(&chart.id()).unwrap().list().unwrap().entries().len(), 2);
}
