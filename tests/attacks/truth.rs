//! What a store could do to freshness and order, and how it is found.

use crate::common::{Store, member, record};
use ampoule::store::Table;
use ampoule::testing::EvilStore;
use ampoule::{Audit, Error, EventKind, Freshness, MemoryKeeper, MemoryStore, Recovery, Unlock, Vault};
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
    assert_eq!(again.chart(&chart.id()).err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    assert_eq!(again.chart(&chart.id()).unwrap().get(&id).unwrap().content(), b"second");
}

#[test]
fn d27_whole_store_rolled_back_while_open() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("first")).unwrap();
    let then = clinic.store.rows().unwrap();
    chart.update(&id, &record("second")).unwrap();
    roll_back(&clinic.store, &then);
    assert_eq!(chart.get(&id).err(), Some(Error::Withheld));
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
    assert!(again.verify(|_| {}).unwrap().findings.is_empty());
    // The other copy is the one that is found out now.
    drop(again);
    let other = options().open(store, &unlock()).unwrap();
    assert_eq!(other.chart(&chart_id).err(), Some(Error::RestoredCopy));
}

/// A store with the same rows.
fn copy(store: &Store) -> Arc<MemoryStore> {
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
        let report = vault.verify(|_| {}).unwrap();
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
    for only in [Table::Log, Table::Entries] {
        for (table, part, key) in clinic.store.rows().unwrap().keys().filter(|(table, ..)| *table == only) {
            clinic.store.replay(&then, *table, part, key);
        }
        assert_eq!(again().chart(&chart.id()).err(), Some(Error::Withheld), "{only:?}");
        clinic.store.tell_the_truth();
    }
    assert_eq!(again().chart(&chart.id()).unwrap().list().unwrap().entries().len(), 2);
}
