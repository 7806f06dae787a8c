//! After `lock` no key is left in the memory of the process: a test that reads all of it.
//!
//! What is looked for is kept as its complement, and memory is turned into its complement before it is searched, so that the
//! search does not find itself. Other tests of the process have other keys.

#![allow(clippy::pedantic, clippy::arithmetic_side_effects, reason = "tests read better as they are")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use super::Vault;
use crate::store::MemoryStore;
use crate::{Label, Record, Recovery, Unlock};
use aho_corasick::AhoCorasick;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::sync::PoisonError;
use zeroize::Zeroize as _;

const PIECE: usize = 1 << 20;
/// Longest key that is looked for.
const OVERLAP: usize = 31;

/// The complements of all keys that an open vault holds, with what they are.
fn keys(vault: &Vault, device_key: &[u8; 32]) -> Vec<(&'static str, Vec<u8>)> {
    let chart = vault.charts().unwrap()[0];
    let mut keys = vec![("device key", complement(device_key))];
    vault
        .inner
        .with(|session| {
            let unlocked = &session.unlocked;
            let identity = unlocked.identity();
            keys.push(("keyring key", complement(unlocked.keyring_key().expose())));
            keys.push(("root seed", complement(identity.root.seed().expose())));
            keys.push(("kem secret", complement(identity.kem.expose())));
            keys.push(("object seed", complement(identity.object.seed().expose())));
            keys.push(("ledger seed", complement(identity.ledger.seed().expose())));
            keys.push(("log seed", complement(identity.log.seed().expose())));
            let snapshot = vault.inner.store.read()?;
            let open = session.chart_at(&chart, &*snapshot)?;
            let open = open.read().unwrap_or_else(PoisonError::into_inner);
            let ring = open.keys.ring();
            keys.extend(ring.nodes().iter().map(|node| ("chart seed", complement(node.keys.expose()))));
            keys.extend(ring.ledger_keys().iter().map(|key| ("ledger key", complement(key.key.expose()))));
            keys.push(("index key", complement(ring.index_key().unwrap().expose())));
            Ok(())
        })
        .unwrap();
    keys
}

fn complement(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

/// How often each is found in memory that can be written.
fn found(keys: &[(&'static str, Vec<u8>)]) -> Vec<(&'static str, usize)> {
    let search = AhoCorasick::new(keys.iter().map(|(_, key)| key)).unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut piece = vec![0; PIECE + OVERLAP];
    let own = piece.as_ptr() as usize..piece.as_ptr() as usize + piece.len();
    let mut found: Vec<_> = keys.iter().map(|(name, _)| (*name, 0)).collect();
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        let (start, end) = range.split_once('-').unwrap();
        let (start, end) = (usize::from_str_radix(start, 16).unwrap(), usize::from_str_radix(end, 16).unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        // Around what is read into.
        for (mut at, end) in [(start, end.min(own.start.max(start))), (start.max(own.end.min(end)), end)] {
            while at < end {
                let len = (end - at).min(piece.len());
                // What is not there, or went away meanwhile, holds nothing.
                let read = memory.read_at(&mut piece[..len], at as u64).unwrap_or(0);
                piece[..read].iter_mut().for_each(|byte| *byte = !*byte);
                for hit in search.find_iter(&piece[..read]) {
                    // One that is whole in the next piece is counted there.
                    if read < piece.len() || hit.start() < PIECE {
                        found[hit.pattern().as_usize()].1 += 1;
                    }
                }
                at += PIECE.min(len);
            }
        }
    }
    found
}

#[test]
fn no_key_is_left_in_memory_after_lock() {
    // In one place, which is wiped: an array that is moved leaves copies on the stack.
    let mut device_key = Box::new([0; 32]);
    crate::crypto::random::fill(&mut *device_key).unwrap();
    let way = Unlock::device_key(&device_key);
    let none = Recovery::none_data_will_be_lost();
    let (vault, _) = Vault::create(MemoryStore::new(), "Dr. Lee", &way, &none).unwrap();
    let chart = vault.create_chart().unwrap();
    let id = chart.put(&Record::opaque("text/plain", "note").labelled(Label::general())).unwrap();
    chart.get(&id).unwrap();
    let keys = keys(&vault, &device_key);
    for (name, times) in found(&keys) {
        assert!(times > 0, "the search does not find the {name} while the vault is open");
    }
    vault.lock();
    drop(way);
    device_key.zeroize();
    let left: Vec<_> = found(&keys).into_iter().filter(|(_, times)| *times > 0).collect();
    assert!(left.is_empty(), "left in memory: {left:?}");
}
