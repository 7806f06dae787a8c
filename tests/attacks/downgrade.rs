//! Weaker algorithms, costs and modes.

use crate::common::{HEADER, WRAP, assert_unlock_failed, assert_unopenable, member, record};
use ampoule::store::Table;
use ampoule::testing::EvilStore;
use ampoule::{Error, MemoryStore, Recovery, Suite, Unlock, UnlockError, Vault};

const STRONG: &str = "ruby mango 47 tractor";
const STATE: &[u8] = b"state";

fn by_passphrase() -> (EvilStore<MemoryStore>, Vec<u8>) {
    let store = EvilStore::new(MemoryStore::new());
    let none = Recovery::none_data_will_be_lost();
    Vault::create(store.clone(), "Lee", &Unlock::passphrase(STRONG), &none).unwrap();
    let state = store.rows().unwrap()[&(Table::Vault, Vec::new(), STATE.to_vec())].clone();
    (store, state)
}

fn open(store: &EvilStore<MemoryStore>) -> Result<Vault, Error> {
    Vault::open(store.clone(), &Unlock::passphrase(STRONG))
}

/// Where the encoding of the costs 64 MiB, 3 passes, 1 lane stands.
fn costs(state: &[u8]) -> usize {
    let floor = [0x83, 0x1A, 0x00, 0x01, 0x00, 0x00, 0x03, 0x01];
    state.windows(floor.len()).position(|bytes| bytes == floor).expect("the costs stand in the clear")
}

/// A ciphertext that opens under several passphrases is in `keys::unlock::tests`: here what a store alone can vary.
#[test]
fn b16_partitioning_oracle_on_unlock() {
    let (store, state) = by_passphrase();
    assert!(open(&store).is_ok());
    // Slots of passphrases that an attacker guesses, one of them right, in the place of the vault's own or beside it:
    // whether the true passphrase is among the guesses is not to be seen from a success.
    let (_, guess) = by_passphrase();
    let (slot, its) = (costs(&state), costs(&guess));
    let (from, to) = (slot - 60, slot + 8 + 1 + 3 + 1120);
    let mixed = [&state[..from], &guess[its - 60..its + 8 + 1 + 3 + 1120], &state[to..]].concat();
    assert_eq!(mixed.len(), state.len());
    store.answer(Table::Vault, b"", STATE, mixed);
    assert_unlock_failed(open(&store));
    let wrong = Vault::open(store.clone(), &Unlock::passphrase("another phrase of 52 zebras")).map(drop);
    assert_eq!(wrong, Err(Error::Unlock(UnlockError::UnlockFailed)));
}

#[test]
fn f41_suite_version_or_format_lowered() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("blood pressure")).unwrap();
    assert_eq!(clinic.entry(&chart, 1)[WRAP + 4..WRAP + 8], [1, 1, 1, 0]);
    for (at, value) in [(4, 0), (5, 0), (5, 2), (5, 3), (5, 255)] {
        clinic.rewrite_entry(&chart, 1, move |row| row[WRAP + at] = value);
        assert_unopenable(clinic.unchanged(|| chart.get(&id)));
    }
    clinic.store.tell_the_truth();

    // The suite of a chart stands in its genesis, whose hash is the chart's id.
    let genesis = clinic.row(Table::Ledger, chart.id().as_bytes(), &0_u64.to_be_bytes());
    for at in (0..genesis.len()).step_by(3) {
        clinic.store.rewrite(Table::Ledger, chart.id().as_bytes(), &0_u64.to_be_bytes(), move |row| row[at] ^= 3);
        let opened = clinic.unchanged(|| clinic.reopen().unwrap().chart(&chart.id()).map(drop));
        assert!(matches!(opened, Err(Error::Unopenable { .. } | Error::NewerFormat)), "byte {at}: {opened:?}");
    }
    clinic.store.tell_the_truth();
    assert_eq!(chart.get(&id).unwrap().content(), b"blood pressure");

    // A vault of the other suite seals no entry with the first.
    let store = EvilStore::new(MemoryStore::new());
    let (unlock, none) = (Unlock::device_key(&[9; 32]), Recovery::none_data_will_be_lost());
    let options = Vault::options().suite(Suite::ChaCha20Poly1305);
    let other = options.create(store.clone(), "Kim", &unlock, &none).unwrap().0;
    let chart = other.create_chart().unwrap();
    let id = chart.put(&record("pulse")).unwrap();
    let key = 1_u64.to_be_bytes();
    assert_eq!(store.rows().unwrap()[&(Table::Entries, chart.id().as_bytes().to_vec(), key.to_vec())][WRAP + 5], 2);
    store.rewrite(Table::Entries, chart.id().as_bytes(), &key, |row| row[WRAP + 5] = 1);
    assert_unopenable(chart.get(&id));
}

#[test]
fn f42_passphrase_costs_lowered_or_raised() {
    let (store, state) = by_passphrase();
    assert!(open(&store).is_ok());
    let at = costs(&state);
    for changed in [
        [0x83, 0x1A, 0x00, 0x01, 0x00, 0x00, 0x04, 0x01], // other costs within bounds
        [0x83, 0x1A, 0x00, 0x00, 0xFF, 0xFF, 0x03, 0x01], // no minimal integer, and below the floor
        [0x83, 0x1A, 0x00, 0x01, 0x00, 0x00, 0x01, 0x01], // fewer passes
        [0x83, 0x1A, 0x00, 0x01, 0x00, 0x00, 0x17, 0x01], // more passes than the ceiling
        [0x83, 0x1A, 0xFF, 0xFF, 0xFF, 0xFF, 0x03, 0x01], // 4 TiB, which must not be allocated
        [0x83, 0x1A, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00], // no lane
    ] {
        store.rewrite(Table::Vault, b"", STATE, move |row| row[at..at + 8].copy_from_slice(&changed));
        assert_unlock_failed(open(&store));
    }
    // Another kind of factor than the passphrase that the slot asks for.
    let kind = at - 53;
    assert_eq!(state[kind - 1..=kind], [0x41, 0x02]);
    for other in [0, 1, 3, 200] {
        store.tell_the_truth();
        store.rewrite(Table::Vault, b"", STATE, move |row| row[kind] = other);
        assert_unlock_failed(open(&store));
    }
    store.tell_the_truth();
    assert!(open(&store).is_ok());
    let weak = Unlock::passphrase(STRONG).passphrase_cost(1024, 1, 1);
    assert_eq!(weak.map(drop), Err(UnlockError::Cost));
}

#[test]
fn f43_salt_replaced() {
    let ((store, state), (_, other)) = (by_passphrase(), by_passphrase());
    assert!(open(&store).is_ok());
    let (at, its) = (costs(&state), costs(&other));
    // 32 bytes for the slot, 16 for the passphrase, drawn for each vault.
    let salts = [at - 1 - 17 - 1 - 32 + 1..at - 1 - 17 + 1 - 1, at - 16..at];
    assert_eq!(state[salts[0].start - 2..salts[0].start], [0x58, 0x20]);
    assert_eq!(state[salts[1].start - 1], 0x50);
    for range in salts {
        let theirs = other[range.start + its - at..range.end + its - at].to_vec();
        assert_ne!(state[range.clone()], theirs, "two vaults have one salt");
        store.rewrite(Table::Vault, b"", STATE, move |row| row[range.clone()].copy_from_slice(&theirs));
        assert_unlock_failed(open(&store));
        store.tell_the_truth();
    }
    assert!(open(&store).is_ok());
}

#[test]
fn f44_unsigned_unpadded_or_legacy_mode() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("blood pressure")).unwrap();
    assert!(chart.get(&id).is_ok());
    // There are flags in the header, and none of them means anything.
    for flag in 0..8 {
        clinic.rewrite_entry(&chart, 1, move |row| row[WRAP + 7] = 1 << flag);
        assert_unopenable(clinic.unchanged(|| chart.get(&id)));
    }
    // A payload in the clear, an empty one, and one without its padding are no entries.
    let cut: [fn(&mut Vec<u8>); 3] = [
        |row| row.truncate(WRAP + HEADER),
        |row| {
            row.truncate(WRAP + HEADER);
            row.extend_from_slice(b"blood pressure");
        },
        |row| row.truncate(row.len() - 256),
    ];
    for change in cut {
        clinic.rewrite_entry(&chart, 1, change);
        assert_unopenable(clinic.unchanged(|| chart.get(&id)));
    }
    clinic.store.tell_the_truth();
    assert!(chart.get(&id).is_ok());
}
