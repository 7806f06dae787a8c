//! A vault on a store that lies.

use ampoule::store::{Store as _, Table};
use ampoule::testing::EvilStore;
use ampoule::{
    Applied, Chart, Contact, Cursor, Error, Label, MemberKind, MemoryStore, Record, Recovery, Terms, Unlock,
    UnlockError, Vault,
};
use std::fmt::Debug;

pub(crate) type Store = EvilStore<MemoryStore>;

/// Length of the wrap that stands before an entry in its row.
pub(crate) const WRAP: usize = 52;
/// Length of an entry's clear header.
pub(crate) const HEADER: usize = 72;
/// What a vault says of a stored entry, after its sealed bytes: object hash, and a number of the ledger.
pub(crate) const STUB: usize = 40;

/// A member with a vault, on a store of whoever attacks him.
pub(crate) struct Member {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    key: u8,
}

pub(crate) fn member(name: &str, key: u8) -> Member {
    member_of_kind(name, key, MemberKind::Person)
}

pub(crate) fn member_of_kind(name: &str, key: u8, kind: MemberKind) -> Member {
    let store = EvilStore::new(MemoryStore::new());
    let (unlock, none) = (Unlock::device_key(&[key; 32]), Recovery::none_data_will_be_lost());
    let vault = Vault::options().kind(kind).create(store.clone(), name, &unlock, &none).unwrap().0;
    Member { store, vault, key }
}

impl Member {
    /// Opens the vault anew: nothing is left in memory of what the store said before.
    pub(crate) fn reopen(&self) -> Result<Vault, Error> {
        Vault::open(self.store.clone(), &Unlock::device_key(&[self.key; 32]))
    }

    /// The vault on a copy of the store as it is now, by somebody who has the key.
    pub(crate) fn copy(&self) -> Vault {
        let copy = MemoryStore::new();
        let mut tx = copy.write().unwrap();
        for ((table, part, key), value) in self.store.rows().unwrap() {
            tx.put(table, &part, &key, &value).unwrap();
        }
        tx.commit().unwrap();
        Vault::open(copy, &Unlock::device_key(&[self.key; 32])).unwrap()
    }

    /// The card of another, compared.
    pub(crate) fn meet(&self, other: &Self) -> Contact {
        let card = other.vault.card().unwrap();
        let contact = self.vault.contacts().add(&card.to_bytes()).unwrap();
        contact.verify(&card.fingerprint().digits()).unwrap();
        contact
    }

    /// A row as it really stands.
    pub(crate) fn row(&self, table: Table, part: &[u8], key: &[u8]) -> Vec<u8> {
        let rows = self.store.rows().unwrap();
        rows.get(&(table, part.to_vec(), key.to_vec())).expect("the row is there").clone()
    }

    /// The row of a chart's entry, by its number.
    pub(crate) fn entry(&self, chart: &Chart, seq: u64) -> Vec<u8> {
        self.row(Table::Entries, chart.id().as_bytes(), &seq.to_be_bytes())
    }

    /// Gives the entry in its number's place otherwise than it is.
    pub(crate) fn rewrite_entry(&self, chart: &Chart, seq: u64, change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) {
        self.store.rewrite(Table::Entries, chart.id().as_bytes(), &seq.to_be_bytes(), change);
    }

    /// Runs an attacked call: what is stored must be the same after it.
    pub(crate) fn unchanged<T>(&self, work: impl FnOnce() -> T) -> T {
        // But for the log, which tells of the attack, and what waits to be told.
        let stored = || {
            let mut rows = self.store.rows().unwrap();
            rows.retain(|(table, ..), _| !matches!(table, Table::Log | Table::Tiles | Table::Map));
            rows.retain(|(.., key), _| key != b"attempts");
            rows
        };
        let before = stored();
        let result = work();
        assert!(stored() == before, "the attack changed what is stored");
        result
    }
}

/// A bundle of a chart, taken in by the other.
pub(crate) fn send(chart: &Chart, to: &Contact, into: &Vault) -> Result<Applied, Error> {
    into.import(&chart.export(to, Cursor::START).unwrap())
}

/// Frames of a bundle, without the end.
pub(crate) fn frames(bundle: &[u8]) -> Vec<&[u8]> {
    let (mut frames, mut at) = (Vec::new(), 5);
    while at < bundle.len() {
        let len = u32::from_be_bytes(bundle[at + 1..at + 5].try_into().unwrap()) as usize;
        frames.push(&bundle[at..at + 5 + len]);
        at += 5 + len;
    }
    frames.pop();
    frames
}

/// As the courier can make it, who puts any sum under it.
pub(crate) fn bundle_of(frames: &[&[u8]]) -> Vec<u8> {
    let bytes = [&b"AMPB\x01"[..], &frames.concat()].concat();
    ampoule::testing::sum_bundle(&bytes)
}

pub(crate) fn record(text: &str) -> Record {
    let terms = Terms { kind: "Observation".into(), words: Terms::fold(text), ..Terms::default() };
    Record::opaque("text/plain", text.as_bytes()).with_terms(terms)
}

pub(crate) fn hiv(text: &str) -> Record {
    record(text).labelled(Label::new("HIV").unwrap())
}

#[track_caller]
pub(crate) fn assert_unopenable<T: Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::Unopenable { .. })), "{result:?}");
}

#[track_caller]
pub(crate) fn assert_unlock_failed<T: Debug>(result: Result<T, Error>) {
    assert_eq!(result.map(drop), Err(Error::Unlock(UnlockError::UnlockFailed)));
}
