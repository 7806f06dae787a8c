//! Witnesses of checkpoints: who signs that he saw the head of a log.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "helpers of tests")]

use ampoule::{Error, MemoryStore, Record, Recovery, Unlock, Vault, Witness};
use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

const NAME: &str = "witness.example/w1";
const TIME: u64 = 1_679_315_147;

fn key(byte: u8) -> Unlock {
    Unlock::device_key(&[byte; 32])
}

fn create() -> (Arc<MemoryStore>, Vault) {
    let store = Arc::new(MemoryStore::new());
    let none = Recovery::none_data_will_be_lost();
    let (vault, _) = Vault::create(Arc::clone(&store), "Clinic", &key(1), &none).unwrap();
    (store, vault)
}

fn witness(seed: u8) -> (SigningKey, Witness) {
    let signer = SigningKey::from_bytes(&[seed; 32]);
    let public = signer.verifying_key().to_bytes();
    (signer, Witness::new(NAME, &public).unwrap())
}

/// What a witness makes of a checkpoint: its text, and below the log's signature one of his own (C2SP tlog-cosignature).
fn cosign(checkpoint: &[u8], signer: &SigningKey) -> Vec<u8> {
    let text = std::str::from_utf8(checkpoint).unwrap();
    let body = &text[..text.find("\n\n").unwrap() + 1];
    let message = format!("cosignature/v1\ntime {TIME}\n{body}");
    let public = signer.verifying_key().to_bytes();
    let id = Sha256::digest([NAME.as_bytes(), b"\n\x04", &public].concat());
    let signature = [&id[..4], &TIME.to_be_bytes(), &signer.sign(message.as_bytes()).to_bytes()].concat();
    format!("{text}\u{2014} {NAME} {}\n", Base64::encode_string(&signature)).into_bytes()
}

#[test]
fn a_checkpoint_that_a_witness_signed_is_held_against_the_store() {
    let (store, vault) = create();
    let (signer, witness) = witness(7);
    let bare = vault.checkpoint().unwrap();
    assert!(bare.starts_with(b"ampoule/log/"));
    assert_eq!(vault.witnessed(&bare, &witness), Ok(None));
    let cosigned = cosign(&bare, &signer);
    assert_eq!(vault.witnessed(&cosigned, &witness), Ok(Some(TIME)));
    // The log has gone on since.
    let chart = vault.create_chart().unwrap();
    chart.put(&Record::opaque("text/plain", b"text".as_slice())).unwrap();
    assert_ne!(vault.checkpoint().unwrap(), bare);
    assert_eq!(vault.witnessed(&cosigned, &witness), Ok(Some(TIME)));
    drop((vault, chart));
    let again = Vault::open(store, &key(1)).unwrap();
    assert_eq!(again.witnessed(&cosigned, &witness), Ok(Some(TIME)));
}

#[test]
fn d27_a_store_that_is_older_than_the_witness_saw_is_refused() {
    use ampoule::store::{Store as _, Table};
    let (store, vault) = create();
    let (signer, witness) = witness(7);
    // A copy of before, and what a witness saw after.
    let copy = Arc::new(MemoryStore::new());
    let device = vault.devices().unwrap()[0].id;
    let log = ampoule_log(&vault);
    let (view, mut change) = (store.read().unwrap(), copy.write().unwrap());
    for table in Table::ALL {
        for part in [&b""[..], &b"charts"[..], &log] {
            for (key, value) in view.scan(table, part, None, 1000).unwrap() {
                change.put(table, part, &key, &value).unwrap();
            }
        }
    }
    change.commit().unwrap();
    drop(view);
    vault.create_chart().unwrap();
    let seen = cosign(&vault.checkpoint().unwrap(), &signer);
    assert_eq!(vault.witnessed(&seen, &witness), Ok(Some(TIME)));
    let old = Vault::open(Arc::clone(&copy), &key(1)).unwrap();
    assert_eq!(old.devices().unwrap()[0].id, device);
    assert_eq!(old.witnessed(&seen, &witness), Err(Error::Withheld));
    // As long as that, or longer, and another.
    for _ in 0..3 {
        old.create_chart().unwrap();
        assert_eq!(old.witnessed(&seen, &witness), Err(Error::Withheld));
    }
}

/// Id of the log of the device in use, as its checkpoint names it.
fn ampoule_log(vault: &Vault) -> [u8; 16] {
    let checkpoint = vault.checkpoint().unwrap();
    let digits = std::str::from_utf8(&checkpoint["ampoule/log/".len()..]).unwrap();
    std::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
}

#[test]
fn what_no_witness_signed_and_what_is_of_another_log_is_refused() {
    let (_, vault) = create();
    let (signer, witness) = self::witness(7);
    let (other_signer, other) = self::witness(8);
    let bare = vault.checkpoint().unwrap();
    let cosigned = cosign(&bare, &signer);
    assert_eq!(vault.witnessed(&cosigned, &witness), Ok(Some(TIME)));
    // Another witness, of the same name.
    assert_eq!(vault.witnessed(&cosigned, &other), Ok(None));
    assert_eq!(vault.witnessed(&cosign(&bare, &other_signer), &witness), Ok(None));
    for bytes in [&b""[..], b"no checkpoint", &cosigned[1..]] {
        assert_eq!(vault.witnessed(bytes, &witness), Err(Error::WrongCheckpoint));
    }
    let (_, elsewhere) = create();
    let of_another = cosign(&elsewhere.checkpoint().unwrap(), &signer);
    assert_eq!(vault.witnessed(&of_another, &witness), Err(Error::WrongCheckpoint));
    // No letter of it can be changed: it is no checkpoint then, of no log here, or nobody signed it.
    let mut refused = 0;
    for at in 0..cosigned.len() {
        let mut changed = cosigned.clone();
        changed[at] ^= 1;
        match vault.witnessed(&changed, &witness) {
            Err(Error::WrongCheckpoint | Error::Withheld) => refused += 1,
            result => assert_eq!(result, Ok(None), "{at}"),
        }
    }
    assert!(refused > cosigned.len() / 2);
    assert!(Witness::new("has space", &[1; 32]).is_err());
}

/// The C++ door has nothing to sign with: its tests take the vault of `tests/compat/sqlite-3`, and what a witness signed of it.
#[cfg(feature = "sqlite")]
#[test]
fn what_the_doors_hold_against_a_vault_that_was_kept_is_what_a_witness_signed() {
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/sqlite-3");
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("vault.sqlite");
    std::fs::copy(kept.join("vault.sqlite"), &copy).unwrap();
    let vault = Vault::open(ampoule::SqliteStore::open(copy).unwrap(), &key(7)).unwrap();
    let (signer, witness) = witness(7);
    let signed = std::fs::read(kept.join("witnessed.txt")).unwrap();
    assert_eq!(String::from_utf8(cosign(&vault.checkpoint().unwrap(), &signer)), String::from_utf8(signed.clone()));
    assert_eq!(vault.witnessed(&signed, &witness), Ok(Some(TIME)));
}
