//! Several devices of one member on one store.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "helpers of tests")]

use ampoule::{Contact, Cursor, Error, Grant, MemoryStore, Record, Recovery, Unlock, UnlockError, Vault};
use std::sync::Arc;

type Store = Arc<MemoryStore>;

fn key(byte: u8) -> Unlock {
    Unlock::device_key(&[byte; 32])
}

fn create(name: &str, byte: u8) -> (Store, Vault) {
    let store = Arc::new(MemoryStore::new());
    let none = Recovery::none_data_will_be_lost();
    let vault = Vault::create(Arc::clone(&store), name, &key(byte), &none).unwrap().0;
    (store, vault)
}

fn open(store: &Store, byte: u8) -> Result<Vault, Error> {
    Vault::open(Arc::clone(store), &key(byte))
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

#[test]
fn two_devices_write_to_one_chart() {
    let (store, phone) = create("Dr. Lee", 1);
    let chart = phone.create_chart().unwrap();
    let first = chart.put(&record("from the phone")).unwrap();
    let tablet_id = phone.add_device(&key(2)).unwrap();
    // The phone reads on after the way in of another was added, and so does the tablet.
    let tablet = open(&store, 2).unwrap();
    assert_eq!(tablet.devices().unwrap().iter().find(|device| device.here).unwrap().id, tablet_id);
    assert_eq!(phone.devices().unwrap().len(), 2);
    let copy = tablet.chart(&chart.id()).unwrap();
    assert_eq!(copy.get(&first).unwrap().content(), b"from the phone");
    let second = copy.put(&record("from the tablet")).unwrap();
    let entry = chart.get(&second).unwrap();
    assert_eq!((entry.content(), entry.is_mine(), entry.author()), (&b"from the tablet"[..], true, "Dr. Lee"));
    let founded = tablet.create_chart().unwrap();
    founded.put(&record("founded on the tablet")).unwrap();
    assert_eq!(phone.chart(&founded.id()).unwrap().list().unwrap().entries().len(), 1);
    assert!(phone.verify().unwrap().findings.is_empty());
    assert!(tablet.verify().unwrap().findings.is_empty());
}

/// The phone had the vault open all the time, and learns of the tablet by what it wrote.
#[test]
fn a_device_added_by_another_is_known_when_it_writes() {
    let (store, phone) = create("Dr. Lee", 1);
    let also_phone = open(&store, 1).unwrap();
    let chart = phone.create_chart().unwrap();
    let seen = also_phone.chart(&chart.id()).unwrap();
    phone.add_device(&key(2)).unwrap();
    let tablet = open(&store, 2).unwrap();
    let id = tablet.chart(&chart.id()).unwrap().put(&record("from the tablet")).unwrap();
    assert_eq!(seen.get(&id).unwrap().content(), b"from the tablet");
    assert_eq!(also_phone.devices().unwrap().len(), 2);
    // And adds a way in although the state is not the one that it knows.
    also_phone.add_way(&key(3)).unwrap();
    assert_eq!(open(&store, 3).unwrap().devices().unwrap().len(), 2);
    assert!(open(&store, 2).is_ok());
}

#[test]
fn what_a_retired_device_wrote_still_verifies() {
    let (store, phone) = create("Dr. Lee", 1);
    let chart = phone.create_chart().unwrap();
    let tablet_id = phone.add_device(&key(2)).unwrap();
    let tablet = open(&store, 2).unwrap();
    let before = tablet.chart(&chart.id()).unwrap();
    let id = before.put(&record("from the tablet")).unwrap();
    let founded = tablet.create_chart().unwrap();
    let in_founded = founded.put(&record("in a chart of the tablet")).unwrap();

    let way = phone.ways().unwrap().iter().find(|way| way.device == tablet_id).unwrap().id;
    assert_eq!(phone.remove_way(way), Err(Error::Unlock(UnlockError::LastWayOfDevice)));
    phone.retire_device(tablet_id, "left in a train").unwrap();
    assert_eq!(open(&store, 2).err(), Some(Error::Unlock(UnlockError::UnlockFailed)));
    // It had the vault open: what it holds does not fit any more, and it makes no chart that nobody could open.
    assert!(before.put(&record("later")).is_err());
    assert_eq!(tablet.create_chart().err(), Some(Error::Unlock(UnlockError::UnlockFailed)));
    assert_eq!(tablet.add_way(&key(5)), Err(Error::Unlock(UnlockError::UnlockFailed)));

    let again = open(&store, 1).unwrap();
    for vault in [&phone, &again] {
        assert_eq!(vault.chart(&chart.id()).unwrap().get(&id).unwrap().content(), b"from the tablet");
        let other = vault.chart(&founded.id()).unwrap();
        assert_eq!(other.get(&in_founded).unwrap().content(), b"in a chart of the tablet");
        assert_eq!(vault.devices().unwrap().len(), 1);
        let retired = vault.retired_devices().unwrap();
        assert_eq!((retired.len(), retired[0].id), (1, tablet_id));
        assert_eq!(retired[0].retired.as_ref().unwrap().reason, "left in a train");
        assert!(vault.verify().unwrap().findings.is_empty());
    }
    assert_eq!(again.retire_device(tablet_id, ""), Err(Error::Unlock(UnlockError::UnknownDevice)));
}

#[test]
fn a_renewed_device_goes_on_and_its_copy_does_not() {
    let (store, phone) = create("Dr. Lee", 1);
    let chart = phone.create_chart().unwrap();
    let id = chart.put(&record("before")).unwrap();
    let copy = open(&store, 1).unwrap();
    let old = phone.devices().unwrap()[0].id;
    let new = phone.renew_device("restored copy").unwrap();
    assert_ne!(old, new);
    assert_eq!(phone.retired_devices().unwrap()[0].id, old);
    let later = chart.put(&record("after")).unwrap();
    for vault in [phone, open(&store, 1).unwrap()] {
        let chart = vault.chart(&chart.id()).unwrap();
        assert_eq!(chart.get(&id).unwrap().content(), b"before");
        assert_eq!(chart.get(&later).unwrap().content(), b"after");
        assert_eq!(vault.devices().unwrap()[0].id, new);
        assert!(vault.verify().unwrap().findings.is_empty());
    }
    assert_eq!(copy.create_chart().err(), Some(Error::Unlock(UnlockError::UnlockFailed)));
}

/// The members of a chart get the cards of new devices with the next bundle.
#[test]
fn others_learn_of_devices_by_bundles() {
    let (store, clinic) = create("Riverside Clinic", 1);
    let (_, lee) = create("Dr. Lee", 9);
    let (of_lee, of_clinic) = (meet(&clinic, &lee), meet(&lee, &clinic));
    let chart = clinic.create_chart().unwrap();
    chart.share(&of_lee, &Grant::write()).unwrap();
    let next = lee.import(&chart.export(&of_lee, Cursor::START).unwrap()).unwrap().next;

    let server = clinic.add_device(&key(2)).unwrap();
    let at_server = open(&store, 2).unwrap();
    let id = at_server.chart(&chart.id()).unwrap().put(&record("by the server")).unwrap();
    // A ledger entry of the second device too: it holds the home key as the first does.
    let (_, kim) = create("Dr. Kim", 8);
    let of_kim = meet(&at_server, &kim);
    at_server.chart(&chart.id()).unwrap().share(&of_kim, &Grant::read()).unwrap();
    clinic.retire_device(server, "scaled down").unwrap();

    let applied = lee.import(&chart.export(&of_lee, next).unwrap()).unwrap();
    assert_eq!((applied.added, applied.rejected), (1, 0));
    let copy = lee.chart(&chart.id()).unwrap();
    assert_eq!(copy.get(&id).unwrap().content(), b"by the server");
    assert_eq!(copy.get(&id).unwrap().author(), "Riverside Clinic");
    // And back: what lee hands on verifies where the server's card is not with the keys any more.
    copy.put(&record("answer")).unwrap();
    assert_eq!(clinic.import(&copy.export(&of_clinic, Cursor::START).unwrap()).unwrap().added, 1);
    assert!(clinic.verify().unwrap().findings.is_empty());
    // A new card of the clinic keeps it verified.
    lee.contacts().add(&clinic.card().unwrap().to_bytes()).unwrap();
    of_clinic.status().map(|status| assert_eq!(status, ampoule::ContactStatus::Verified)).unwrap();
}

/// Short-lived servers: the vault's state stays as it is, and all that they wrote verifies.
#[test]
fn hundreds_of_devices_come_and_go() {
    use ampoule::store::{Store as _, Table};
    let (store, first) = create("Service", 1);
    let chart = first.create_chart().unwrap();
    let state = || store.read().unwrap().get(Table::Vault, b"", b"state").unwrap().unwrap().len();
    let len = state();
    let mut entries = Vec::new();
    for number in 0..200 {
        let id = first.add_device(&key(2)).unwrap();
        if number % 20 == 0 {
            let server = open(&store, 2).unwrap();
            entries.push(server.chart(&chart.id()).unwrap().put(&record("by a server")).unwrap());
        }
        first.retire_device(id, "scaled down").unwrap();
    }
    // The number of the vault's key grew, and nothing else.
    assert!(state() <= len + 8);
    let again = open(&store, 1).unwrap();
    assert_eq!((again.devices().unwrap().len(), again.retired_devices().unwrap().len()), (1, 200));
    let chart = again.chart(&chart.id()).unwrap();
    assert!(entries.iter().all(|id| chart.get(id).unwrap().content() == b"by a server"));
    // With the chart there are the cards of those that wrote to it, and no others.
    assert_eq!(store.read().unwrap().scan(Table::Cards, chart.id().as_bytes(), None, 1000).unwrap().len(), 11);
}

/// Each of them has written, and knows of the others; then they go, in this order or that.
#[test]
fn devices_that_come_and_go_leave_one_history() {
    for last in [1, 2, 3] {
        let (store, first) = create("Dr. Lee", 1);
        let (second_id, third_id) = (first.add_device(&key(2)).unwrap(), first.add_device(&key(3)).unwrap());
        let vaults = [first, open(&store, 2).unwrap(), open(&store, 3).unwrap()];
        let chart = vaults[0].create_chart().unwrap();
        let entry = chart.put(&record("text")).unwrap();
        let (_, other) = create("Ana", 9);
        let contact = meet(&vaults[0], &other);
        meet(&other, &vaults[0]);
        chart.share(&contact, &Grant::read()).unwrap();
        for by in [0, 1, 2, last - 1] {
            vaults[by].chart(&chart.id()).unwrap().update(&entry, &record("again")).unwrap();
        }
        let all_read = |keys: &[u8]| {
            for byte in keys {
                let vault = open(&store, *byte).unwrap();
                assert_eq!(vault.chart(&chart.id()).unwrap().get(&entry).unwrap().content(), b"again");
                vault.lock();
            }
        };
        all_read(&[1, 2, 3]);
        // What a bundle shows of a log is written in the same turn.
        assert!(vaults[1].chart(&chart.id()).unwrap().export(&contact, Cursor::START).is_ok());
        all_read(&[u8::try_from(last).unwrap()]);
        vaults[1].renew_device("copied").unwrap();
        assert!(vaults[1].devices().unwrap().iter().all(|device| device.id != second_id));
        all_read(&[1, 2, 3]);
        vaults[0].retire_device(third_id, "lost").unwrap();
        all_read(&[1, 2]);
        let second_id = vaults[0].devices().unwrap().into_iter().find(|device| !device.here).unwrap().id;
        vaults[0].retire_device(second_id, "sold").unwrap();
        all_read(&[1]);
        vaults[0].add_device(&key(4)).unwrap();
        all_read(&[1, 4]);
        assert!(vaults[0].verify().unwrap().findings.is_empty());
    }
}
