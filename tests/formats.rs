//! Devices of one vault that run several versions of this library.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "helpers of tests")]

use ampoule::testing::EvilStore;
use ampoule::{Error, MemoryStore, Record, Recovery, Unlock, UnlockError, Vault};

type Store = EvilStore<MemoryStore>;

fn key(byte: u8) -> Unlock {
    Unlock::device_key(&[byte; 32])
}

/// Opens a device whose software reads and writes the formats from 1 up to this.
fn open(store: &Store, byte: u8, highest: u32) -> Result<Vault, Error> {
    Vault::options().formats(1..=highest).open(store.clone(), &key(byte))
}

fn create(highest: u32) -> (Store, Vault) {
    let store = EvilStore::new(MemoryStore::new());
    let options = Vault::options().formats(1..=highest);
    let (vault, _) = options.create(store.clone(), "Clinic", &key(1), &Recovery::none_data_will_be_lost()).unwrap();
    (store, vault)
}

const LEFT_BEHIND: Error = Error::Unlock(UnlockError::LeftBehind);
const NEWER: Error = Error::Unlock(UnlockError::NewerFormat);

#[test]
fn a_vault_goes_on_to_a_format_that_all_its_devices_read() {
    let (store, first) = create(2);
    let chart = first.create_chart().unwrap();
    let second = first.add_device(&key(2)).unwrap();
    let behind = |vault: &Vault| vault.left_behind(2).unwrap().iter().map(|device| device.id).collect::<Vec<_>>();
    assert_eq!(first.format(), Ok(1));
    // A device that was not used yet is taken to read what the vault writes, and nothing else.
    assert_eq!(behind(&first), [second]);
    assert_eq!(first.raise_format(2), Err(LEFT_BEHIND));
    // It runs the older software.
    let old = open(&store, 2, 1).unwrap();
    assert_eq!((behind(&first), behind(&old)), (vec![second], vec![second]));
    assert_eq!(first.raise_format(2), Err(LEFT_BEHIND));
    assert_eq!(old.raise_format(2), Err(LEFT_BEHIND));
    // It is updated, and says so when it is opened next.
    drop(old);
    let new = open(&store, 2, 2).unwrap();
    assert!(behind(&first).is_empty());
    assert_eq!(first.devices().unwrap().iter().filter(|device| device.formats == Some(1..=2)).count(), 2);
    // Neither reads the one after that.
    assert_eq!(first.left_behind(3).unwrap().len(), 2);
    assert_eq!(first.raise_format(3), Err(LEFT_BEHIND));
    first.raise_format(2).unwrap();
    assert_eq!((first.format(), new.format()), (Ok(2), Ok(2)));
    // Once more is nothing, and there is no way back.
    first.raise_format(2).unwrap();
    first.raise_format(1).unwrap();
    assert_eq!(first.format(), Ok(2));
    chart.put(&Record::opaque("text/plain", b"text".as_slice())).unwrap();
    assert_eq!(open(&store, 1, 1).err(), Some(NEWER));
    assert_eq!(open(&store, 2, 1).err(), Some(NEWER));
    assert!(NEWER.to_string().contains("update this software"));
    // One that is added later must read it.
    first.add_device(&key(3)).unwrap();
    assert_eq!(open(&store, 3, 1).err(), Some(NEWER));
    assert!(open(&store, 3, 2).is_ok());
    assert!(open(&store, 2, 2).unwrap().verify().unwrap().findings.is_empty());
}

#[test]
fn a_device_that_would_be_left_behind_can_be_retired() {
    let (store, first) = create(2);
    let second = first.add_device(&key(2)).unwrap();
    drop(open(&store, 2, 1).unwrap());
    assert_eq!(first.raise_format(2), Err(LEFT_BEHIND));
    first.retire_device(second, "too old").unwrap();
    first.raise_format(2).unwrap();
    assert_eq!(first.renew_device("copied").and_then(|_| first.format()), Ok(2));
    assert_eq!(open(&store, 1, 2).unwrap().format(), Ok(2));
}

#[test]
fn an_open_vault_of_older_software_stops_when_the_format_is_raised() {
    let (store, first) = create(1);
    let chart = first.create_chart().unwrap();
    let id = chart.put(&Record::opaque("text/plain", b"text".as_slice())).unwrap();
    // The same device, updated: the older process has it open still.
    let new = open(&store, 1, 2).unwrap();
    assert_eq!(chart.get(&id).unwrap().content(), b"text");
    new.raise_format(2).unwrap();
    assert_eq!(chart.get(&id).err(), Some(NEWER));
    assert_eq!(chart.put(&Record::opaque("text/plain", b"more".as_slice())).err(), Some(NEWER));
    assert_eq!(new.chart(&chart.id()).unwrap().get(&id).unwrap().content(), b"text");
}

/// Attack 41: the store shows the state of before the format was raised.
#[test]
fn f41_the_format_is_not_lowered_by_the_store() {
    use ampoule::store::Table;
    let (store, first) = create(2);
    let then = store.rows().unwrap();
    first.raise_format(2).unwrap();
    assert_eq!(open(&store, 1, 2).unwrap().format(), Ok(2));
    store.replay(&then, Table::Vault, b"", b"state");
    assert_eq!(open(&store, 1, 2).err(), Some(Error::Withheld));
    assert_eq!(first.format(), Err(Error::Withheld));
}
