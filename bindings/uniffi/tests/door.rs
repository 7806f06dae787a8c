//! The door as Rust sees it: what the foreign languages call, without them.

#![allow(clippy::unwrap_used, clippy::pedantic, reason = "tests read better as they are")]

use ampoule_uniffi::{
    CancelToken, CheckpointKeeper, DeviceKey, GrantOptions, HookError, NewFile, NewRecord, PieceHandle,
    ProgressListener, RecordTerms, Search, SecondWayHandle, StoreHandle, UnlockHandle, VaultError, VaultHandle,
    VaultSettings, create_vault, new_wrapped_key,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A keystore that adds one to each byte; broken, it refuses.
#[derive(Default)]
struct Double {
    broken: AtomicBool,
}

impl Double {
    fn turn(&self, bytes: &[u8], by: u8) -> Result<Vec<u8>, HookError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(HookError::Refused);
        }
        Ok(bytes.iter().map(|byte| byte.wrapping_add(by)).collect())
    }
}

impl DeviceKey for Double {
    fn wrap(&self, key: Vec<u8>) -> Result<Vec<u8>, HookError> {
        self.turn(&key, 1)
    }

    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, HookError> {
        self.turn(&wrapped, 255)
    }
}

#[derive(Default)]
struct Kept(Mutex<Option<Vec<u8>>>);

impl CheckpointKeeper for Kept {
    fn load(&self) -> Result<Option<Vec<u8>>, HookError> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn save(&self, checkpoint: Vec<u8>) -> Result<(), HookError> {
        *self.0.lock().unwrap() = Some(checkpoint);
        Ok(())
    }
}

/// A keeper that is broken in a way that its author did not think of.
#[derive(Default)]
struct Panics(AtomicBool);

impl CheckpointKeeper for Panics {
    fn load(&self) -> Result<Option<Vec<u8>>, HookError> {
        Ok(None)
    }

    fn save(&self, _: Vec<u8>) -> Result<(), HookError> {
        assert!(!self.0.load(Ordering::Relaxed), "no keeper does this");
        Ok(())
    }
}

#[test]
fn h56_a_panic_while_a_vault_locks_stays_inside_and_keys_are_gone() {
    let keeper = Arc::new(Panics::default());
    let with = VaultSettings { keeper: Some(Arc::clone(&keeper) as Arc<dyn CheckpointKeeper>), ..settings() };
    let key = || UnlockHandle::device_key(&[7; 32]).unwrap();
    let none = SecondWayHandle::NoneDataWillBeLost;
    let vault = create_vault(StoreHandle::memory(), "Ana", key(), none, with).unwrap().vault;
    let chart = vault.create_chart().unwrap();
    keeper.0.store(true, Ordering::Relaxed);
    vault.lock();
    assert!(vault.is_locked());
    assert!(matches!(chart.list(), Err(VaultError::Locked { .. })));
}

fn settings() -> VaultSettings {
    VaultSettings {
        idle_lock_ms: None,
        kind: None,
        suite: None,
        also_accept: Vec::new(),
        keeper: None,
        checkpoint_path: None,
        audit: None,
        receipts: None,
        threads: None,
    }
}

fn vault(name: &str, key: u8) -> Arc<VaultHandle> {
    let unlock = UnlockHandle::device_key(&[key; 32]).unwrap();
    create_vault(StoreHandle::memory(), name, unlock, SecondWayHandle::NoneDataWillBeLost, settings()).unwrap().vault
}

fn note(text: &str) -> NewRecord {
    let terms = RecordTerms { kind: "Note".into(), text: text.into(), ..RecordTerms::default() };
    NewRecord { media_type: "text/plain".into(), content: text.into(), label: None, name: None, terms: Some(terms) }
}

#[test]
fn a_vault_opens_by_the_keystore_and_without_it() {
    let (keystore, store, kept) = (Arc::new(Double::default()), StoreHandle::memory(), Arc::new(Kept::default()));
    let wrapped = new_wrapped_key(keystore.clone()).unwrap();
    let unlock = || UnlockHandle::keystore(keystore.clone(), wrapped.clone());
    let anchored = || VaultSettings { keeper: Some(kept.clone()), ..settings() };
    let made =
        create_vault(store.clone(), "Ana", unlock().unwrap(), SecondWayHandle::RecoveryCode, anchored()).unwrap();
    let words = made.recovery_code.unwrap().words();
    made.vault.lock();
    assert!(made.vault.is_locked());
    let refused = made.vault.create_chart().unwrap_err();
    assert!(matches!(refused, VaultError::Locked { .. }) && refused.code() == 101);
    drop(made.vault);

    let vault = VaultHandle::open(store.clone(), unlock().unwrap(), anchored()).unwrap();
    assert_eq!(vault.freshness().unwrap(), ampoule::Freshness::Anchored);
    keystore.broken.store(true, Ordering::Relaxed);
    assert_eq!(unlock().unwrap_err().code(), 83);
    assert_eq!(new_wrapped_key(keystore).unwrap_err().code(), 83);
    // The keystore is not the only way in.
    VaultHandle::open(store, UnlockHandle::recovery_words(&words).unwrap(), anchored()).unwrap();
}

#[test]
fn secrets_that_are_none_are_typed_errors() {
    for key in [&[][..], &[0; 31], &[0; 33]] {
        assert_eq!(UnlockHandle::device_key(key).unwrap_err().code(), 81);
    }
    assert_eq!(UnlockHandle::passphrase(b"\xff\xfe").unwrap_err().code(), 80);
    assert_eq!(UnlockHandle::recovery_words(b"abandon").unwrap_err().code(), 217);
    let wiped = UnlockHandle::device_key(&[1; 32]).unwrap();
    wiped.wipe();
    let refused = create_vault(StoreHandle::memory(), "Ana", wiped, SecondWayHandle::RecoveryCode, settings());
    assert_eq!(refused.err().unwrap().code(), 82);
    assert_eq!(
        format!("{:?}", UnlockHandle::device_key(&[7; 32]).unwrap()),
        "UnlockHandle(Mutex { data: [DeviceKey(..)], poisoned: false, .. })"
    );
}

#[test]
fn a_chart_is_shared_by_a_bundle() {
    let (clinic, ana) = (vault("Riverside Clinic", 1), vault("Ana", 2));
    let chart = clinic.create_chart().unwrap();
    let id = chart.put(note("Blood pressure 120/80")).unwrap();
    let search = || Search { kind: Some("Note".into()), words: Some("pressure".into()), ..Search::default() };
    assert_eq!(chart.find(search()).unwrap().entries[0].id, id);

    let to = clinic.add_contact(&ana.card().unwrap()).unwrap();
    to.verify(&ana.fingerprint().unwrap().digits).unwrap();
    ana.add_contact(&clinic.card().unwrap()).unwrap().verify(&clinic.fingerprint().unwrap().words).unwrap();
    let write = GrantOptions {
        rights: ampoule::Rights::Write,
        labels: Vec::new(),
        history: true,
        purpose: None,
        not_after_ms: None,
    };
    chart.share(to.clone(), write).unwrap();
    let applied = ana.import_bundle(&chart.export_bundle(to, None, None).unwrap()).unwrap();
    assert_eq!((applied.added, applied.rejected), (1, 0));
    let entry = ana.chart(applied.chart).unwrap().get(id).unwrap();
    assert_eq!(
        (&entry.content[..], &entry.author[..], entry.is_mine),
        (&b"Blood pressure 120/80"[..], "Riverside Clinic", false)
    );
    assert_eq!(format!("{entry:?}"), "Entry(..)");
}

struct Stop(u64);

impl ProgressListener for Stop {
    fn on_progress(&self, done: u64) -> Result<(), HookError> {
        if done >= self.0 { Err(HookError::Refused) } else { Ok(()) }
    }
}

fn bytes(piece: &PieceHandle) -> &[u8] {
    piece.as_ref()
}

#[test]
fn files_go_by_path_and_by_piece_and_can_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let content: Vec<u8> = (0..600_000_u32).map(|number| number as u8).collect();
    std::fs::write(&from, &content).unwrap();
    let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
    let file = || NewFile { media_type: "image/jpeg".into(), name: None, label: None, terms: None, preview: None };
    let chart = vault("Ana", 1).create_chart().unwrap();

    let id = chart.put_file(file(), from, None, None).unwrap();
    let reader = chart.file(id).unwrap();
    assert_eq!(bytes(&reader.read_at(100, 3).unwrap()), [100, 101, 102]);
    reader.export_to(to, None, None).unwrap();
    assert_eq!(std::fs::read(to).unwrap(), content);

    let writer = chart.create_file(file()).unwrap();
    content.chunks(70_000).for_each(|piece| writer.update(piece).unwrap());
    assert_eq!(writer.length(), 600_000);
    let written = writer.finish().unwrap();
    assert_eq!(bytes(&chart.file(written.entry).unwrap().read_at(599_999, 9).unwrap()), &content[599_999..]);
    assert_eq!((writer.finish().unwrap_err().code(), writer.update(b"x").unwrap_err().code()), (82, 82));

    let token = Arc::new(CancelToken::new());
    token.cancel();
    let count = chart.list().unwrap().entries.len();
    assert_eq!(chart.put_file(file(), from, None, Some(token)).unwrap_err().code(), 112);
    assert_eq!(chart.put_file(file(), from, Some(Arc::new(Stop(300_000))), None).unwrap_err().code(), 112);
    assert_eq!(chart.list().unwrap().entries.len(), count);
}
