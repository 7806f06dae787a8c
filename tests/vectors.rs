//! The committed vectors: made again they are the same, and what is in them opens.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "helpers of tests")]

use ampoule::store::{Store, Table};
use ampoule::testing::blobs::Blob;
use ampoule::testing::vectors;
use ampoule::{Chart, ChartId, MemoryStore, Suite, Unlock, Vault};
use serde_json::Value;

const BLOBS: [(&str, Suite); 2] = [
    (include_str!("vectors/blobs-aes-256-gcm.json"), Suite::Aes256Gcm),
    (include_str!("vectors/blobs-chacha20-poly1305.json"), Suite::ChaCha20Poly1305),
];

const FILES: [(&str, Suite); 2] = [
    (include_str!("vectors/aes-256-gcm.json"), Suite::Aes256Gcm),
    (include_str!("vectors/chacha20-poly1305.json"), Suite::ChaCha20Poly1305),
];

#[test]
fn made_again_they_are_the_same() {
    let made = FILES.map(|(committed, suite)| (committed, suite, vectors::make(suite)));
    let blobs = BLOBS.map(|(committed, suite)| (committed, suite, vectors::make_blobs(suite)));
    for (committed, suite, made) in made.into_iter().chain(blobs) {
        let made = format!("{}\n", made.unwrap());
        // Not compared as text: the difference would fill the screen.
        let differs = made.lines().zip(committed.lines()).position(|(a, b)| a != b);
        assert_eq!((differs, made.len()), (None, committed.len()), "{}", suite.name());
    }
}

#[test]
fn what_is_in_them_opens() {
    for (committed, suite) in FILES {
        let vector: Value = serde_json::from_str(committed).unwrap();
        for side in ["owner", "recipient"] {
            let chart = chart(&vector, side, |_, _| {}).unwrap();
            let found: Vec<Vec<u8>> = contents(&chart).into_iter().map(Option::unwrap).collect();
            let expected: Vec<Vec<u8>> = vector["contents"].as_array().unwrap().iter().map(bytes).collect();
            assert_eq!(found, expected, "{side}, {}", suite.name());
        }
        let recipient = vault(&vector, "recipient", |_, _| {}).unwrap();
        let applied = recipient.import(&bytes(&vector["bundle"])).unwrap();
        assert_eq!((applied.added, applied.rejected), (0, 0));
        assert!(recipient.verify().unwrap().findings.is_empty());
    }
}

#[test]
fn blobs_in_them_open_and_changed_ones_do_not() {
    for (committed, suite) in BLOBS {
        let vectors: Value = serde_json::from_str(committed).unwrap();
        for (number, vector) in (1..).zip(vectors.as_array().unwrap()) {
            let content = vectors::blob_content(usize::try_from(vector["content_length"].as_u64().unwrap()).unwrap());
            let mut blob = Blob::seal(suite, number, b"").unwrap();
            blob.descriptor = bytes(&vector["descriptor"]);
            blob.chunks = bytes(&vector["chunks"]);
            blob.outboard = bytes(&vector["outboard"]);
            assert!(blob.open().unwrap() == content, "{number}, {}", suite.name());
            let mut changed = blob.clone();
            *changed.chunks.last_mut().unwrap() ^= 1;
            assert_eq!(changed.open(), None);
            let mut changed = blob;
            let middle = changed.descriptor.len() / 2;
            changed.descriptor[middle] ^= 1;
            assert_eq!(changed.open(), None);
        }
    }
}

/// So the test above is one that can fail: a changed byte in a row of any of these tables does not go unnoticed.
#[test]
fn a_changed_byte_does_not_open() {
    let vector: Value = serde_json::from_str(FILES[0].0).unwrap();
    for table in [Table::Vault, Table::Keyring, Table::Ledger, Table::Receipts, Table::Entries] {
        let damage = |at: Table, value: &mut Vec<u8>| {
            if at == table {
                let middle = value.len() / 2;
                value[middle] ^= 1;
            }
        };
        let opened = chart(&vector, "owner", damage).map(|chart| contents(&chart));
        assert!(opened.is_none_or(|contents| contents.iter().all(Option::is_none)), "{table:?}");
    }
}

fn vault(vector: &Value, side: &str, change: impl Fn(Table, &mut Vec<u8>)) -> Option<Vault> {
    let store = MemoryStore::new();
    let mut tx = store.write().unwrap();
    for row in vector[side]["rows"].as_array().unwrap() {
        let table = *Table::ALL.iter().find(|table| **table as u64 == row[0].as_u64().unwrap()).unwrap();
        let mut value = bytes(&row[3]);
        change(table, &mut value);
        tx.put(table, &bytes(&row[1]), &bytes(&row[2]), &value).unwrap();
    }
    tx.commit().unwrap();
    let device_key = bytes(&vector["device_key"]).try_into().unwrap();
    Vault::open(store, &Unlock::device_key(&device_key)).ok()
}

fn chart(vector: &Value, side: &str, change: impl Fn(Table, &mut Vec<u8>)) -> Option<Chart> {
    let id: ChartId = vector["chart"].as_str().unwrap().parse().unwrap();
    vault(vector, side, change)?.chart(&id).ok()
}

/// Contents of all entries in order of arrival, as far as they open.
fn contents(chart: &Chart) -> Vec<Option<Vec<u8>>> {
    let found = chart.list().unwrap();
    found.entries().iter().map(|entry| chart.get(&entry.id).ok().map(|entry| entry.content().to_vec())).collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
