//! What a store could do to what a vault is made of: which charts, contacts and devices there are, and what they did.

use crate::common::{HEADER, Member, Store, WRAP, assert_unopenable, member, record, send};
use crate::truth::copy;
use ampoule::store::Store as _;
use ampoule::store::Table;
use ampoule::testing::{Rows, hazmat::with_fixed_randomness};
use ampoule::{
    ChartId, Cursor, DeviceId, Error, EventKind, Finding, Grant, MemoryKeeper, Patient, Unlock, UnlockError, Vault,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Part of the list of charts.
const CHARTS: &[u8] = b"charts";

fn key(byte: u8) -> Unlock {
    Unlock::device_key(&[byte; 32])
}

fn findings(vault: &Vault) -> Vec<Finding> {
    vault.verify().unwrap().findings
}

/// Shows the rows of a table as they were then, and none that came since.
fn replay(store: &Store, then: &Rows, of: impl Fn(Table, &[u8]) -> bool) {
    for (table, part, key) in store.rows().unwrap().keys().filter(|(table, part, _)| of(*table, part)) {
        store.replay(then, *table, part, key);
    }
}

/// A second device of a member, and a handle on it.
fn second(member: &Member) -> (DeviceId, Vault) {
    let id = member.vault.add_device(&key(9)).unwrap();
    (id, Vault::open(member.store.clone(), &key(9)).unwrap())
}

#[test]
fn d29_a_chart_whose_keys_are_hidden() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let (of_lee, _) = (clinic.meet(&lee), lee.meet(&clinic));
    let (kept, hidden) = (clinic.vault.create_chart().unwrap(), clinic.vault.create_chart().unwrap());
    kept.put(&record("kept")).unwrap();
    let id = hidden.put(&record("hidden")).unwrap();
    assert_eq!(clinic.vault.charts().unwrap(), [kept.id(), hidden.id()]);
    clinic.store.hide(Table::Keyring, b"", hidden.id().as_bytes());
    for vault in [clinic.vault.clone(), clinic.reopen().unwrap()] {
        assert_eq!(vault.charts().unwrap(), [kept.id(), hidden.id()]);
        assert_eq!(vault.chart(&hidden.id()).err(), Some(Error::Withheld));
        assert_eq!(vault.chart(&ChartId::from_bytes([7; 32])).err(), Some(Error::UnknownChart));
        assert_eq!(findings(&vault), [Finding::Chart { chart: hidden.id(), error: Error::Withheld }]);
        assert_eq!(vault.chart(&kept.id()).unwrap().list().unwrap().entries().len(), 1);
    }
    clinic.store.tell_the_truth();
    assert_eq!(hidden.get(&id).unwrap().content(), b"hidden");
    // A bundle of such a chart does not make it a new one.
    hidden.share(&of_lee, &Grant::read()).unwrap();
    send(&hidden, &of_lee, &lee.vault).unwrap();
    let bundle = hidden.export(&of_lee, Cursor::START).unwrap();
    lee.store.hide(Table::Keyring, b"", hidden.id().as_bytes());
    assert_eq!(lee.unchanged(|| lee.reopen().unwrap().import(&bundle)).err(), Some(Error::Withheld));
    lee.store.tell_the_truth();
    assert_eq!(lee.vault.charts().unwrap(), [hidden.id()]);
    assert_eq!(lee.vault.chart(&hidden.id()).unwrap().get(&id).unwrap().content(), b"hidden");
}

#[test]
fn d29_a_list_of_charts_that_is_not_whole() {
    let clinic = member("Riverside Clinic", 1);
    let charts: Vec<_> = (0..3).map(|_| clinic.vault.create_chart().unwrap()).collect();
    let entry = charts[1].put(&record("text")).unwrap();
    let ids: Vec<_> = charts.iter().map(ampoule::Chart::id).collect();
    let number = u64::to_be_bytes;
    let lies: [&dyn Fn(); 6] = [
        &|| clinic.store.hide(Table::Vault, CHARTS, &number(1)),
        &|| clinic.store.hide(Table::Vault, CHARTS, &number(3)),
        &|| clinic.store.answer(Table::Vault, CHARTS, &number(2), *ids[0].as_bytes()),
        &|| clinic.store.answer(Table::Vault, CHARTS, &number(4), [5; 32]),
        &|| clinic.store.answer(Table::Vault, CHARTS, &number(2), [5; 31]),
        &|| clinic.store.swap(Table::Vault, (CHARTS, &number(1)), (CHARTS, &number(2))).unwrap(),
    ];
    for (place, lie) in lies.into_iter().enumerate() {
        for vault in [clinic.vault.clone(), clinic.reopen().unwrap()] {
            assert_eq!(vault.charts().unwrap(), ids);
            lie();
            assert_eq!(vault.charts().err(), Some(Error::Withheld), "{place}");
            let found = findings(&vault);
            assert!(found.contains(&Finding::Charts), "{place}: {found:?}");
            // The charts can be read all the same.
            assert_eq!(vault.chart(&ids[1]).unwrap().get(&entry).unwrap().content(), b"text");
            clinic.store.tell_the_truth();
        }
    }
    // Founding another when the end of the list was cut off.
    clinic.store.hide(Table::Vault, CHARTS, &number(3));
    let fourth = clinic.vault.create_chart().unwrap().id();
    assert_eq!(clinic.vault.charts().err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    assert_eq!(clinic.vault.charts().unwrap(), [&ids[..], &[fourth]].concat());
    assert!(findings(&clinic.vault).is_empty());
}

#[test]
fn d27_what_is_hidden_while_a_device_is_closed_is_missed_all_the_same() {
    for retired in [true, false] {
        let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
        let chart = clinic.vault.create_chart().unwrap();
        chart.put(&record("first")).unwrap();
        let (device, vault) = second(&clinic);
        let then = clinic.store.rows().unwrap();
        // By the device that is closed.
        let by = if retired { &vault } else { &clinic.vault };
        let id = by.chart(&chart.id()).unwrap().put(&record("by the device")).unwrap();
        let card = lee.vault.card().unwrap().to_bytes();
        by.contacts().add(&card).unwrap();
        let founded = by.create_chart().unwrap().id();
        drop(vault);
        let open = clinic.reopen().unwrap();
        let came: Vec<_> = clinic.store.rows().unwrap().into_keys().filter(|place| !then.contains_key(place)).collect();
        let hide = || {
            for (table, part, key) in &came {
                let rows = matches!(table, Table::Entries | Table::Contacts | Table::Keyring | Table::Ledger);
                if rows || part == CHARTS {
                    clinic.store.hide(*table, part, key);
                }
            }
        };
        if retired {
            // The vault's key turns with it, and what was sealed under it is not left behind.
            hide();
            assert_eq!(clinic.unchanged(|| open.retire_device(device, "lost")).err(), Some(Error::Withheld));
            clinic.store.tell_the_truth();
            for (table, part, key) in came.iter().filter(|(table, ..)| matches!(table, Table::Entries | Table::Ledger))
            {
                clinic.store.hide(*table, part, key);
            }
            open.retire_device(device, "lost").unwrap();
        } else {
            hide();
            open.renew_device("copied").unwrap();
        }
        hide();
        for vault in [open, clinic.reopen().unwrap()] {
            assert_eq!(vault.chart(&chart.id()).err(), Some(Error::Withheld), "{retired}");
            assert_eq!(vault.chart(&founded).err(), Some(Error::Withheld), "{retired}");
            assert_eq!(vault.charts().err(), Some(Error::Withheld), "{retired}");
            assert_eq!(vault.contacts().list().err(), Some(Error::Withheld), "{retired}");
            clinic.store.tell_the_truth();
            assert_eq!(vault.chart(&chart.id()).unwrap().get(&id).unwrap().content(), b"by the device");
            assert_eq!(vault.charts().unwrap(), [chart.id(), founded]);
            hide();
        }
        clinic.store.tell_the_truth();
        assert_eq!(findings(&clinic.reopen().unwrap()), [], "{retired}");
    }
}

/// The vault's key turns while the store hides or damages what is sealed under it, and shows it afterwards.
#[test]
fn d29_nothing_is_lost_when_the_vaults_key_turns() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let (of_lee, charts) = (clinic.meet(&lee), [(); 2].map(|()| clinic.vault.create_chart().unwrap()));
    let entries = charts.each_ref().map(|chart| chart.put(&record("text")).unwrap());
    charts[0].describe(&patient("Amy Example")).unwrap();
    let before_ben = clinic.store.rows().unwrap();
    charts[1].describe(&patient("Ben Example")).unwrap();
    let stands = || {
        let vault = clinic.reopen().unwrap();
        for (chart, entry) in charts.iter().zip(&entries) {
            assert_eq!(vault.chart(&chart.id()).unwrap().get(entry).unwrap().content(), b"text");
            assert!(vault.chart(&chart.id()).unwrap().patient().unwrap().is_some());
        }
        assert_eq!(vault.contacts().get(of_lee.id()).unwrap().name().unwrap(), "Dr. Lee");
        assert_eq!(findings(&vault), []);
    };
    let keys = charts[1].id();
    let end = |then: &Rows| {
        let came: Vec<_> = clinic.store.rows().unwrap().into_keys().filter(|place| !then.contains_key(place)).collect();
        came.into_iter().filter(|(table, ..)| *table == Table::Directory).collect::<Vec<_>>()
    };
    let lies: [(&dyn Fn(), bool); 5] = [
        (&|| clinic.store.hide(Table::Keyring, b"", keys.as_bytes()), true),
        (&|| clinic.store.hide(Table::Vault, CHARTS, &2_u64.to_be_bytes()), true),
        (&|| clinic.store.rewrite(Table::Keyring, b"", keys.as_bytes(), |row| row[60] ^= 1), false),
        (&|| clinic.store.hide(Table::Contacts, b"", of_lee.id().as_bytes()), true),
        (&|| end(&before_ben).iter().for_each(|(table, part, key)| clinic.store.hide(*table, part, key)), true),
    ];
    for (place, (lie, withheld)) in lies.into_iter().enumerate() {
        let added = clinic.vault.add_way(&key(7)).unwrap();
        let device = clinic.vault.add_device(&key(8)).unwrap();
        lie();
        let removed = clinic.unchanged(|| clinic.vault.remove_way(added));
        let retired = clinic.unchanged(|| clinic.vault.retire_device(device, "lost"));
        for refused in [removed, retired] {
            if withheld {
                assert_eq!(refused, Err(Error::Withheld), "{place}");
            } else {
                assert_unopenable(refused);
            }
        }
        clinic.store.tell_the_truth();
        stands();
        clinic.vault.remove_way(added).unwrap();
        clinic.vault.retire_device(device, "lost").unwrap();
        stands();
    }
    // Tidying writes the directory anew, and not a part of it.
    end(&before_ben).iter().for_each(|(table, part, key)| clinic.store.hide(*table, part, key));
    assert_eq!(clinic.unchanged(|| clinic.vault.run_maintenance()).err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    clinic.vault.run_maintenance().unwrap();
    stands();
}

#[test]
fn d29_a_retired_device_or_its_log_is_hidden() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let (device, vault) = second(&clinic);
    let before = clinic.store.rows().unwrap();
    vault.chart(&chart.id()).unwrap().put(&record("by the device")).unwrap();
    let of_device = log_id(&vault);
    let earlier = clinic.store.rows().unwrap();
    vault.chart(&chart.id()).unwrap().put(&record("by the device, later")).unwrap();
    vault.lock();
    let log: Vec<_> = clinic.store.rows().unwrap().into_keys().filter(|place| !before.contains_key(place)).collect();
    let log: Vec<_> = log.into_iter().filter(|(table, ..)| *table == Table::Log).collect();
    let (unused, unused_vault) = {
        let id = clinic.vault.add_device(&key(8)).unwrap();
        (id, Vault::open(clinic.store.clone(), &key(8)))
    };
    drop(unused_vault);
    clinic.vault.retire_device(device, "lost").unwrap();
    clinic.vault.retire_device(unused, "never used").unwrap();
    let renewed = clinic.vault.devices().unwrap()[0].id;
    clinic.vault.renew_device("copied").unwrap();
    let ids = |vault: &Vault| vault.retired_devices().map(|all| all.iter().map(|each| each.id).collect::<Vec<_>>());
    let events = clinic.vault.audit().unwrap();
    let of = |device| events.iter().filter(|event| event.device == device).map(|event| event.kind).collect::<Vec<_>>();
    // Those of devices that are in use no more are shown, the one that was renewed included.
    assert!(of(device).contains(&EventKind::Write) && of(renewed).contains(&EventKind::Found));
    assert_eq!(ids(&clinic.vault).unwrap(), [device, unused, renewed]);
    assert!(findings(&clinic.vault).is_empty());

    for hidden in [device, unused, renewed] {
        clinic.store.hide(Table::Cards, b"", hidden.as_bytes());
        for vault in [clinic.vault.clone(), clinic.reopen().unwrap()] {
            assert_eq!(ids(&vault), Err(Error::Withheld));
            assert_eq!(vault.audit().err(), Some(Error::Withheld));
            assert_eq!(findings(&vault), [Finding::RetiredDevices]);
            assert!(chart.list().is_ok());
        }
        clinic.store.tell_the_truth();
    }
    assert!(!log.is_empty());
    for (table, part, key) in &log {
        clinic.store.hide(*table, part, key);
        assert_eq!(clinic.vault.audit().err(), Some(Error::Withheld));
        assert_eq!(findings(&clinic.vault), [Finding::Log { device }]);
        clinic.store.tell_the_truth();
    }
    // All of its log: nothing is there to be damaged.
    log.iter().for_each(|(table, part, key)| clinic.store.hide(*table, part, key));
    assert_eq!(clinic.vault.audit().err(), Some(Error::Withheld));
    assert_eq!(findings(&clinic.vault), [Finding::Log { device }]);
    clinic.store.tell_the_truth();
    // Its log as it was before the device's last change: signed, and whole in itself.
    replay(&clinic.store, &earlier, |table, part| {
        part == of_device && matches!(table, Table::Log | Table::Tiles | Table::Map)
    });
    assert_eq!(clinic.vault.audit().err(), Some(Error::Withheld));
    assert_eq!(findings(&clinic.vault), [Finding::Log { device }]);
    clinic.store.tell_the_truth();
    // A row that is none of ours is nothing.
    clinic.store.answer(Table::Cards, b"", &[3; 32], [1; 600]);
    assert_eq!(ids(&clinic.vault).unwrap().len(), 3);
    assert!(findings(&clinic.vault).is_empty());
}

#[test]
fn d28_a_device_that_was_closed_in_another_history() {
    let clinic = member("Riverside Clinic", 1);
    let keeper = Arc::new(MemoryKeeper::new());
    let options = || Vault::options().keeper(Arc::clone(&keeper));
    let chart = clinic.vault.create_chart().unwrap();
    let (device, vault) = second(&clinic);
    let anchored = || options().open(clinic.store.clone(), &key(1));
    let before = clinic.store.rows().unwrap();
    vault.chart(&chart.id()).unwrap().put(&record("seen")).unwrap();
    let after = clinic.store.rows().unwrap();
    drop(vault);
    // The keeper has seen what the device wrote.
    anchored().unwrap().chart(&chart.id()).unwrap().list().unwrap();
    clinic.vault.lock();
    // The first device is shown that the second wrote nothing, although its own log knows better; it takes that on, and closes
    // the second.
    for (table, part, key) in after.keys().filter(|place| !before.contains_key(place)) {
        clinic.store.hide(*table, part, key);
    }
    let shown = clinic.reopen().unwrap();
    assert_eq!(shown.retire_device(device, "lost").err(), Some(Error::RestoredCopy));
    shown.adopt_restored("nothing was missed").unwrap();
    shown.retire_device(device, "lost").unwrap();
    assert_eq!(anchored().unwrap().chart(&chart.id()).err(), Some(Error::RestoredCopy));
    clinic.store.tell_the_truth();
    assert_eq!(anchored().unwrap().chart(&chart.id()).err(), Some(Error::RestoredCopy));
}

#[test]
fn d27_verify_names_what_is_not_the_newest() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let named = |name: &str| Patient { names: vec![name.into()], ..Patient::default() };
    chart.describe(&named("Amy Example")).unwrap();
    let here = clinic.vault.devices().unwrap()[0].id;
    let then = clinic.store.rows().unwrap();
    chart.describe(&named("Ann Example")).unwrap();
    clinic.vault.add_way(&key(5)).unwrap();
    let open = clinic.reopen().unwrap();
    assert!(findings(&open).is_empty());
    replay(&clinic.store, &then, |table, _| table == Table::Directory);
    assert_eq!(findings(&open), [Finding::DirectoryEnd]);
    clinic.store.tell_the_truth();
    replay(&clinic.store, &then, |table, part| table == Table::Vault && part.is_empty());
    let named_state = findings(&open);
    assert!(named_state.contains(&Finding::State) && !named_state.contains(&Finding::Contacts), "{named_state:?}");
    clinic.store.tell_the_truth();
    replay(&clinic.store, &then, |table, _| table == Table::Log);
    let stale = findings(&open);
    assert!(stale.contains(&Finding::Log { device: here }) && !stale.contains(&Finding::Contacts), "{stale:?}");
    clinic.store.tell_the_truth();
    assert!(findings(&open).is_empty());
}

#[test]
fn d27_a_damaged_contact_is_listed_and_does_not_vanish() {
    let (clinic, lee, kim) = (member("Riverside Clinic", 1), member("Dr. Lee", 2), member("Dr. Kim", 3));
    let (of_lee, of_kim) = (clinic.meet(&lee), clinic.meet(&kim));
    let ids = || {
        let mut ids: Vec<_> = clinic.vault.contacts().list().unwrap().iter().map(ampoule::Contact::id).collect();
        ids.sort();
        ids
    };
    let whole = ids();
    assert_eq!(whole.len(), 2);
    clinic.store.rewrite(Table::Contacts, b"", of_lee.id().as_bytes(), |row| row[60] ^= 1);
    assert_eq!(ids(), whole);
    let list = clinic.vault.contacts().list().unwrap();
    for contact in list {
        if contact.id() == of_kim.id() {
            assert_eq!(contact.name().unwrap(), "Dr. Kim");
        } else {
            assert_unopenable(contact.name());
        }
    }
}

#[test]
fn d27_the_keeper_of_another_vault_is_no_restored_copy() {
    let (clinic, other) = (member("Riverside Clinic", 1), member("Hill Clinic", 1));
    let keeper = Arc::new(MemoryKeeper::new());
    let open = |of: &Member| Vault::options().keeper(Arc::clone(&keeper)).open(of.store.clone(), &key(1));
    open(&other).unwrap().create_chart().unwrap();
    assert_eq!(open(&clinic).err(), Some(Error::WrongCheckpoint));
    open(&other).unwrap().create_chart().unwrap();
    assert_eq!(other.vault.charts().unwrap().len(), 2);
}

#[test]
fn h52_attempts_on_a_vault_that_is_not_open_are_told() {
    let clinic = member("Riverside Clinic", 1);
    let failed =
        |vault: &Vault| vault.audit().unwrap().iter().filter(|event| event.kind == EventKind::UnlockFailed).count();
    assert_eq!(failed(&clinic.vault), 0);
    clinic.vault.lock();
    let wrong = || Vault::open(clinic.store.clone(), &key(66)).err();
    for _ in 0..3 {
        assert_eq!(wrong(), Some(Error::Unlock(UnlockError::UnlockFailed)));
    }
    let row = clinic.row(Table::Vault, b"", b"attempts");
    let open = clinic.reopen().unwrap();
    assert_eq!(failed(&open), 3);
    // They are told once.
    assert_eq!(failed(&clinic.reopen().unwrap()), 3);
    // A row of the store's making is an attempt that it invents, or nothing; it keeps nobody out.
    clinic.store.answer(Table::Vault, b"", b"attempts", [0x83, 1, 0x81, 9, 0x80, 0]);
    assert!(clinic.reopen().is_ok());
    clinic.store.answer(Table::Vault, b"", b"attempts", vec![0x83; 1 << 20]);
    assert!(clinic.reopen().is_ok());
    clinic.store.tell_the_truth();
    assert!(wrong().is_some());
    clinic.store.answer(Table::Vault, b"", b"attempts", row);
    assert_eq!(failed(&clinic.reopen().unwrap()), 6);
    clinic.store.tell_the_truth();
    // Many are as good as a thousand.
    for _ in 0..1010 {
        assert!(wrong().is_some());
    }
    assert!(failed(&clinic.reopen().unwrap()) <= 1007);
}

/// Two copies of one machine, its generator of randomness included: what they draw is the same, what they seal is not.
#[test]
fn b17_two_copies_of_a_device_never_use_a_nonce_twice() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    clinic.vault.lock();
    let rows_of = |text: &str| {
        let store = copy(&clinic.store);
        let vault = Vault::open(Arc::clone(&store), &key(1)).unwrap();
        let log = log_id(&vault);
        let entry = with_fixed_randomness(b"copied", || {
            vault.contacts().add(&member("Dr. Lee", 2).vault.card().unwrap().to_bytes()).unwrap();
            vault.chart(&chart.id()).unwrap().describe(&patient(text)).unwrap();
            vault.chart(&chart.id()).unwrap().put(&record(text)).unwrap()
        });
        let view = store.read().unwrap();
        let row = |table, part: &[u8]| view.last(table, part).unwrap().unwrap().1;
        (entry, row(Table::Entries, chart.id().as_bytes()), row(Table::Directory, b""), row(Table::Log, &log))
    };
    let (honest, again) = (rows_of("blood pressure"), rows_of("blood sugar 5.4"));
    // The generator really gave the same.
    assert_eq!(honest.0, again.0);
    // An entry: another data key, which its commitment shows, and so another key for its wrap.
    let commitment = WRAP + HEADER + 24..WRAP + HEADER + 56;
    assert_ne!(honest.1[commitment.clone()], again.1[commitment]);
    assert_ne!(honest.1[4..WRAP], again.1[4..WRAP]);
    // What is sealed under keys that stay has another salt, and with it another key.
    assert_ne!(honest.2[..24], again.2[..24], "directory");
    let salt = |row: &[u8]| {
        // Version, map root and length stand before the sealed events of a leaf.
        let leaf = row.windows(2).position(|pair| pair == [0x01, 0x59]).unwrap() + 4;
        row[leaf + 37..leaf + 61].to_vec()
    };
    assert_ne!(salt(&honest.3), salt(&again.3), "events");
}

fn patient(name: &str) -> Patient {
    Patient { names: vec![name.into()], ..Patient::default() }
}

/// Id of the log of the device in use, as its checkpoint names it.
fn log_id(vault: &Vault) -> Vec<u8> {
    let checkpoint = String::from_utf8(vault.checkpoint().unwrap()).unwrap();
    let digits = checkpoint.strip_prefix("ampoule/log/").unwrap();
    (0..16).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// Two copies of a device, one of which the keeper knows: the other is found, named, and can go on as a device of its own.
#[test]
fn h64_a_clone_is_found_and_goes_on_as_another_device() {
    let clinic = member("Riverside Clinic", 1);
    let keeper = Arc::new(MemoryKeeper::new());
    let options = || Vault::options().keeper(Arc::clone(&keeper));
    clinic.vault.lock();
    let open = options().open(clinic.store.clone(), &key(1)).unwrap();
    let chart = open.create_chart().unwrap();
    let first = chart.put(&record("first")).unwrap();
    open.lock();
    let cloned = copy(&clinic.store);
    // Both write under one device, in the same place of its log.
    open.unlock(&key(1)).unwrap();
    let ours = chart.put(&record("ours")).unwrap();
    open.lock();
    let clone = options().open(Arc::clone(&cloned), &key(1)).unwrap();
    assert_eq!(clone.chart(&chart.id()).err(), Some(Error::RestoredCopy));
    // Its owner goes on with both: the copy is a device of its own from then on.
    clone.adopt_restored("a copy for the branch office").unwrap();
    let theirs = clone.chart(&chart.id()).unwrap().put(&record("theirs")).unwrap();
    let devices = |vault: &Vault| vault.devices().unwrap().iter().map(|device| device.id).collect::<BTreeSet<_>>();
    let again = clinic.reopen().unwrap();
    assert!(devices(&clone).is_disjoint(&devices(&again)));
    assert!(clone.verify().unwrap().findings.is_empty() && again.verify().unwrap().findings.is_empty());
    let read = |vault: &Vault, id| vault.chart(&chart.id()).unwrap().get(&id).map(|entry| entry.content().to_vec());
    assert_eq!((read(&again, first), read(&again, ours)), (Ok(b"first".to_vec()), Ok(b"ours".to_vec())));
    assert_eq!((read(&clone, first), read(&clone, theirs)), (Ok(b"first".to_vec()), Ok(b"theirs".to_vec())));
    assert_eq!(read(&again, theirs), Err(Error::UnknownEntry));
}
