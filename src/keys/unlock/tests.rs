use super::formats::Policy;
use super::slot::{Parameters, Slot, VaultKey};
use super::state::{Head, Row, SlotEntry, State};
use super::*;
use crate::codec::{self, DeviceId, Hash};
use crate::crypto::{Secret, Suite, password::Cost, seal::KemPublic};
use crate::keys::{LogEnd, MemberKind, RecoveryCode};

const STRONG: &str = "ruby mango 47 tractor";
const END: LogEnd = LogEnd { leaves: 2, root: Hash::from_bytes([6; 32]) };

fn device(byte: u8) -> Unlock {
    Unlock::device_key(&[byte; 32])
}

fn create(unlock: &Unlock, recovery: &Recovery) -> (Unlocked, Option<RecoveryCode>) {
    Unlocked::create("Dr. Lee", MemberKind::Person, unlock, recovery, Suite::ChaCha20Poly1305, 5).unwrap()
}

fn alone(byte: u8) -> Unlocked {
    create(&device(byte), &Recovery::none_data_will_be_lost()).0
}

fn refused(bytes: &[u8], unlock: &Unlock) -> UnlockError {
    Unlocked::open(bytes, unlock).unwrap_err()
}

#[test]
fn every_way_opens_the_same_vault() {
    let (vault, code) = create(&device(1), &Recovery::code());
    let by_words = Unlock::recovery_words(&code.unwrap().to_words()).unwrap();
    for way in [device(1), by_words] {
        let opened = Unlocked::open(vault.bytes(), &way).unwrap();
        assert_eq!(opened.vault_id(), vault.vault_id());
        assert_eq!((opened.version(), opened.suite()), (1, Suite::ChaCha20Poly1305));
        assert_eq!(opened.keyring_key(), vault.keyring_key());
        assert_eq!(opened.card().unwrap(), vault.card().unwrap());
        assert_eq!(opened.bytes(), vault.bytes());
        assert_eq!(opened.ways(), vault.ways());
    }
    assert_eq!(refused(vault.bytes(), &device(2)), UnlockError::UnlockFailed);
    let other_code = Unlock::recovery_code(&RecoveryCode::generate().unwrap());
    assert_eq!(refused(vault.bytes(), &other_code), UnlockError::UnlockFailed);
}

#[test]
fn a_passphrase_opens_however_it_is_encoded() {
    let (vault, _) = create(&Unlock::passphrase("Zoe\u{308} 47 tractor mango"), &Recovery::none_data_will_be_lost());
    assert!(Unlocked::open(vault.bytes(), &Unlock::passphrase("Zoë 47 tractor mango")).is_ok());
    assert_eq!(refused(vault.bytes(), &Unlock::passphrase("zoë 47 tractor mango")), UnlockError::UnlockFailed);
}

#[test]
fn factors_that_are_required_together_open_only_together() {
    let both = || Unlock::passphrase(STRONG).and(device(1));
    let (vault, _) = create(&both(), &Recovery::also(device(9)));
    assert!(Unlocked::open(vault.bytes(), &both()).is_ok());
    assert!(Unlocked::open(vault.bytes(), &device(1).and(Unlock::passphrase(STRONG))).is_ok());
    for wrong in [device(1), Unlock::passphrase(STRONG), device(2).and(Unlock::passphrase(STRONG))] {
        assert_eq!(refused(vault.bytes(), &wrong), UnlockError::UnlockFailed);
    }
    assert_eq!(vault.ways()[0].factors, [FactorKind::DeviceKey, FactorKind::Passphrase]);
}

#[test]
fn a_second_way_must_work_without_the_first() {
    let create = |recovery| {
        let unlock = device(1);
        Unlocked::create("Lee", MemberKind::Person, &unlock, &recovery, Suite::Aes256Gcm, 0).map(|_| ()).err()
    };
    assert_eq!(create(Recovery::also(device(1))), Some(UnlockError::SecondWayMissing));
    assert_eq!(create(Recovery::also(device(1).and(Unlock::passphrase(STRONG)))), Some(UnlockError::SecondWayMissing));
    assert_eq!(create(Recovery::also(device(2))), None);
    assert_eq!(create(Recovery::also(device(2).and(device(3)))), Some(UnlockError::DuplicateFactor));
}

#[test]
fn f42_weak_passphrases_and_costs_out_of_bounds_are_refused() {
    let vault = alone(1);
    for weak in ["", "123456", "Dr. Lee", "drlee2024", "password1!"] {
        assert_eq!(vault.add_way(&Unlock::passphrase(weak), 0).unwrap_err(), UnlockError::WeakPassphrase, "{weak}");
    }
    let together = device(2).and(Unlock::passphrase("123456"));
    assert_eq!(vault.add_way(&together, 0).unwrap_err(), UnlockError::WeakPassphrase);
    for (memory, passes, lanes) in [(1024, 3, 1), (65536, 1, 1), (65536, 3, 5), (u32::MAX, 3, 1)] {
        let refused = Unlock::passphrase(STRONG).passphrase_cost(memory, passes, lanes);
        assert_eq!(refused.err(), Some(UnlockError::Cost));
    }
}

#[test]
fn an_added_way_opens_and_a_removed_one_does_not() {
    let vault = alone(1);
    let (added, second) = vault.add_way(&device(2), 77).unwrap();
    assert_eq!((added.version(), added.keyring_key()), (1, vault.keyring_key()));
    assert_eq!(
        added.ways()[1],
        WayIn { id: second, factors: vec![FactorKind::DeviceKey], added_ms: 77, device: vault.device() }
    );
    let opened = Unlocked::open(added.bytes(), &device(2)).unwrap();

    let first = opened.ways()[0].id;
    let turned = opened.remove_way(first).unwrap();
    assert_eq!(turned.version(), 2);
    assert_ne!(turned.keyring_key(), opened.keyring_key());
    assert_eq!(refused(turned.bytes(), &device(1)), UnlockError::UnlockFailed);
    let last = Unlocked::open(turned.bytes(), &device(2)).unwrap();
    assert_eq!(last.keyring_key(), turned.keyring_key());
    assert_eq!(last.card().unwrap(), vault.card().unwrap());
    assert_eq!(last.remove_way(second).unwrap_err(), UnlockError::LastWay);
    assert_eq!(last.remove_way(first).unwrap_err(), UnlockError::UnknownSlot);
}

#[test]
fn there_are_at_most_sixty_four_ways() {
    let mut vault = alone(1);
    for byte in 2..=64 {
        vault = vault.add_way(&device(byte), 0).unwrap().0;
    }
    assert!(Unlocked::open(vault.bytes(), &device(64)).is_ok());
    assert_eq!(vault.add_way(&device(65), 0).unwrap_err(), UnlockError::TooManyWays);
}

/// Attack 4: one bit anywhere in the clear, another's slot included, and the row does not open; all failures look the
/// same.
#[test]
fn a04_every_changed_clear_byte_of_the_row_is_one_error() {
    let vault = create(&device(1), &Recovery::also(device(2))).0;
    let clear = vault.bytes().len() - Row::parse(vault.bytes()).unwrap().sealed.len();
    // The format byte, and the version byte of the parameters of a slot: a later version is told as such, before
    // anything is opened.
    let newer_is_told = |at: usize, bytes: &[u8]| {
        at == 1 || Row::parse(bytes).is_ok_and(|row| row.head.slots.iter().any(|slot| slot.parameters[1] > 1))
    };
    let mut told = 0;
    for at in 0..clear {
        let mut bytes = vault.bytes().to_vec();
        bytes[at] ^= 1 << (at % 8);
        let error = refused(&bytes, &device(1));
        if error != UnlockError::UnlockFailed {
            assert!(error == UnlockError::NewerFormat && newer_is_told(at, &bytes), "byte {at}: {error:?}");
            told += 1;
        }
    }
    assert!(told <= 3);
    for end in (0..vault.bytes().len()).step_by(97) {
        assert_eq!(refused(&vault.bytes()[..end], &device(1)), UnlockError::UnlockFailed);
    }
    assert_eq!(refused(&[vault.bytes(), &[0]].concat(), &device(1)), UnlockError::UnlockFailed);
}

/// Attack 4 for the sealed part, with the vault key at hand.
#[test]
fn a04_every_changed_byte_of_the_sealed_state_is_one_error() {
    let vault = alone(1);
    let key = parts(&vault, &device(1)).key;
    let mut row = Row::parse(vault.bytes()).unwrap();
    assert!(row.open(&key, Formats::HERE).is_ok());
    for at in 0..row.sealed.len() {
        row.sealed[at] ^= 1 << (at % 8);
        assert_eq!(row.open(&key, Formats::HERE).err(), Some(codec::Malformed::Invalid), "byte {at}");
        row.sealed[at] ^= 1 << (at % 8);
    }
    assert!(row.open(&key, Formats::HERE).is_ok());
    let last = vault.bytes().len() - 1;
    let changed = [&vault.bytes()[..last], &[vault.bytes()[last] ^ 1]].concat();
    assert_eq!(refused(&changed, &device(1)), UnlockError::UnlockFailed);
}

/// A row in parts, to be put together again in ways that no honest member would.
struct Parts {
    key: VaultKey,
    head: Head,
    policy: Policy,
    entries: Vec<SlotEntry>,
    private: Secret<crate::crypto::role::KemSecret>,
}

fn parts(vault: &Unlocked, unlock: &Unlock) -> Parts {
    let row = Row::parse(vault.bytes()).unwrap();
    let slot = &row.head.slots[0];
    let private = Parameters::decode(&slot.parameters).unwrap().key(row.head.vault, slot.id, unlock).unwrap();
    let key = slot.open(row.head.vault, row.head.version, &private).unwrap();
    let State { policy, slots: entries, .. } = row.open(&key, Formats::HERE).unwrap();
    Parts { key, head: row.head, policy, entries, private }
}

impl Parts {
    fn seal(&self, vault: &Unlocked) -> Vec<u8> {
        Row::seal(&self.head, &self.key, vault.identity(), &self.policy, &self.entries).unwrap()
    }
}

#[test]
fn parts_that_are_put_together_honestly_open() {
    let vault = alone(1);
    assert!(Unlocked::open(&parts(&vault, &device(1)).seal(&vault), &device(1)).is_ok());
}

/// Attack 3: whoever seals a vault key of his own to a member's slot must know its public key, and that is sealed; and
/// even so, the slot must be listed with that key.
#[test]
fn a03_a_slot_with_anothers_public_key_does_not_open() {
    let vault = alone(1);
    let mut forged = parts(&vault, &device(1));
    forged.entries[0].public = KemPublic::of(&Secret::generate().unwrap()).unwrap();
    assert_eq!(refused(&forged.seal(&vault), &device(1)), UnlockError::UnlockFailed);

    let mut unlisted = parts(&vault, &device(1));
    unlisted.entries.clear();
    assert_eq!(refused(&unlisted.seal(&vault), &device(1)), UnlockError::UnlockFailed);
}

/// Attack 3: the sealed state of one vault under the slots of another, whose keys the attacker has.
#[test]
fn a03_the_state_of_another_vault_or_version_does_not_open() {
    let (mine, theirs) = (alone(1), alone(2));
    let mut mixed = parts(&mine, &device(1));
    mixed.head.vault = theirs.vault_id();
    assert_eq!(refused(&mixed.seal(&mine), &device(1)), UnlockError::UnlockFailed);

    // The vault key sealed again to the same slot for another version, state and all.
    let mut later = parts(&mine, &device(1));
    later.head.version = 2;
    let slot = later.head.slots.remove(0);
    let public = KemPublic::of(&later.private).unwrap();
    let key = VaultKey { version: 2, secret: later.key.secret.duplicate(), ..later.key };
    later.head.slots.push(Slot::seal(slot.id, slot.parameters, &public, &key).unwrap());
    assert_eq!(refused(&later.seal(&mine), &device(1)), UnlockError::UnlockFailed);
}

/// Attack 5 for ways in: a slot that is in the clear and was not signed.
#[test]
fn a05_a_planted_slot_is_found() {
    let vault = alone(1);
    let honest = parts(&vault, &device(1));
    let unlock = device(66);
    let parameters = Parameters::fresh(&unlock).unwrap();
    let id = codec::WayId::random().unwrap();
    let public = KemPublic::of(&parameters.key(honest.key.vault, id, &unlock).unwrap()).unwrap();
    let mut planted = parts(&vault, &device(1));
    planted.head.slots.push(Slot::seal(id, parameters.encode(), &public, &planted.key).unwrap());
    let sealed = planted.seal(&vault);
    assert_eq!(refused(&sealed, &device(1)), UnlockError::UnlockFailed);
    assert_eq!(refused(&sealed, &unlock), UnlockError::UnlockFailed);
}

/// Attacks 42 and 43: costs and salts are part of the slot's key, and costs out of bounds are refused unread.
#[test]
fn f42_f43_lowered_costs_and_replaced_salts_open_nothing() {
    let unlock = Unlock::passphrase(STRONG);
    let (vault, _) = create(&unlock, &Recovery::none_data_will_be_lost());
    let honest = Row::parse(vault.bytes()).unwrap();
    let slot = &honest.head.slots[0];
    let good = Parameters::decode(&slot.parameters).unwrap();
    let key = good.key(honest.head.vault, slot.id, &unlock).unwrap();
    let cost = |cost| {
        let mut changed = good.clone();
        changed.argon2.as_mut().unwrap().cost = cost;
        changed
    };

    let floor = Cost::FLOOR;
    for out in [
        Cost { memory_kib: 8, ..floor },
        Cost { passes: 1, ..floor },
        Cost { memory_kib: u32::MAX, ..floor },
        Cost { passes: u32::MAX, ..floor },
        Cost { lanes: 200, ..floor },
    ] {
        assert!(cost(out).key(honest.head.vault, slot.id, &unlock).is_err());
        let mut head = Head::new(honest.head.vault, 1, honest.head.slots.clone());
        head.slots[0].parameters = cost(out).encode();
        let key = slot.open(honest.head.vault, 1, &key).unwrap();
        let State { policy, slots, .. } = honest.open(&key, Formats::HERE).unwrap();
        let sealed = Row::seal(&head, &key, vault.identity(), &policy, &slots).unwrap();
        assert_eq!(refused(&sealed, &unlock), UnlockError::UnlockFailed);
    }
    let raised = cost(Cost { passes: 4, ..floor }).key(honest.head.vault, slot.id, &unlock).unwrap();
    assert_ne!(raised, key);
    let other_salts = Parameters::fresh(&unlock).unwrap().key(honest.head.vault, slot.id, &unlock).unwrap();
    assert_ne!(other_salts, key);
    assert_ne!(good.key(honest.head.vault, codec::WayId::from_bytes([0; 16]), &unlock).unwrap(), key);
}

#[test]
fn a_kind_of_factor_that_is_not_known_costs_its_slot_only() {
    let vault = alone(1);
    let mut later = parts(&vault, &device(1));
    let mut newer = Parameters::fresh(&device(7)).unwrap();
    newer.factors.push(200);
    let id = codec::WayId::random().unwrap();
    let public = KemPublic::of(&Secret::generate().unwrap()).unwrap();
    later.head.slots.push(Slot::seal(id, newer.encode(), &public, &later.key).unwrap());
    let secrets = vault.identity().seal_device(&public, later.key.vault, id).unwrap();
    later.entries.push(SlotEntry { id, public, added_ms: 9, device: vault.device(), secrets });
    let opened = Unlocked::open(&later.seal(&vault), &device(1)).unwrap();
    assert_eq!(opened.ways()[1].factors, [FactorKind::DeviceKey, FactorKind::Newer]);
    // It stays when another way goes, and its vault key turns too.
    let turned = opened.add_way(&device(2), 0).unwrap().0.remove_way(opened.ways()[0].id).unwrap();
    assert_eq!(Unlocked::open(turned.bytes(), &device(2)).unwrap().ways()[0].id, id);
}

#[test]
fn a_newer_format_is_told() {
    let mut bytes = alone(1).bytes().to_vec();
    assert_eq!(bytes[1], 1);
    bytes[1] = 2;
    assert_eq!(refused(&bytes, &device(1)), UnlockError::NewerFormat);
}

#[test]
fn two_factors_of_a_kind_are_no_way_in() {
    let vault = alone(1);
    assert_eq!(vault.add_way(&device(2).and(device(3)), 0).unwrap_err(), UnlockError::DuplicateFactor);
    assert_eq!(refused(vault.bytes(), &device(1).and(device(1))), UnlockError::DuplicateFactor);
}

#[test]
fn the_length_of_a_name_does_not_show() {
    let len = |name: &str| {
        let none = Recovery::none_data_will_be_lost();
        Unlocked::create(name, MemberKind::Person, &device(1), &none, Suite::Aes256Gcm, 0).unwrap().0.bytes().len()
    };
    assert_eq!(len("Li"), len("Dr. Wolfeschlegelsteinhausenbergerdorff"));
}

#[test]
fn debug_shows_no_secret() {
    let way = device(0xAB).and(Unlock::passphrase(STRONG));
    assert_eq!(format!("{way:?}"), "Unlock { factors: [DeviceKey(..), Passphrase(..)] }");
    let vault = alone(0xAB);
    let shown = format!("{vault:?}");
    assert_eq!(
        shown,
        format!(
            "Unlocked {{ vault: {:?}, version: 1, identity: {:?}, suite: ChaCha20Poly1305, .. }}",
            vault.vault_id(),
            vault.identity()
        )
    );
}

/// Attack 16: a row in which each of several guessed factors opens its own slot. It is one vault's state all the same,
/// under one vault key, so a single guess can be tried with it, and every other failure looks alike.
#[test]
fn b16_a_row_answers_for_one_vault_key_only() {
    let vault = alone(1);
    let honest = parts(&vault, &device(1));
    let guesses = [device(66), device(67), device(68)];
    let (mut slots, mut entries) = (Vec::new(), Vec::new());
    for (byte, unlock) in (1_u8..).zip(&guesses) {
        let parameters = Parameters::fresh(unlock).unwrap();
        let id = codec::WayId::random().unwrap();
        let public = KemPublic::of(&parameters.key(honest.key.vault, id, unlock).unwrap()).unwrap();
        // Each slot yields a vault key of its own.
        let secret = Secret::from_slice(&[byte; 32]).unwrap();
        let key = VaultKey { vault: honest.key.vault, version: 1, secret };
        slots.push(Slot::seal(id, parameters.encode(), &public, &key).unwrap());
        let secrets = vault.identity().seal_device(&public, honest.key.vault, id).unwrap();
        entries.push(SlotEntry { id, public, added_ms: 0, device: vault.device(), secrets });
    }
    let head = Head::new(honest.key.vault, 1, slots.clone());
    let key = VaultKey { vault: honest.key.vault, version: 1, secret: Secret::from_slice(&[1; 32]).unwrap() };
    let row = Row::seal(&head, &key, vault.identity(), &honest.policy, &entries).unwrap();
    assert!(Unlocked::open(&row, &guesses[0]).is_ok());
    for unlock in [&guesses[1], &guesses[2], &device(1)] {
        assert_eq!(refused(&row, unlock), UnlockError::UnlockFailed);
    }
    // A ciphertext with room for a collision is none.
    slots[0].sealed.extend_from_slice(&[0; 16]);
    let head = Head::new(honest.key.vault, 1, slots);
    let longer = Row::seal(&head, &key, vault.identity(), &honest.policy, &entries).unwrap();
    assert_eq!(refused(&longer, &guesses[0]), UnlockError::UnlockFailed);
}

#[test]
fn each_way_opens_its_device() {
    let vault = alone(1);
    let (both, second) = vault.add_device(&device(2), 7).unwrap();
    assert_eq!((both.version(), both.device()), (1, vault.device()));
    let on_second = Unlocked::open(both.bytes(), &device(2)).unwrap();
    assert_eq!(on_second.device(), second);
    assert_ne!(second, vault.device());
    assert_eq!(on_second.card().unwrap(), both.card().unwrap());
    assert_eq!(both.card().unwrap().devices().len(), 2);
    let (first, other) = (both.identity(), on_second.identity());
    assert_eq!((&first.root_card, &first.kem, &first.archive), (&other.root_card, &other.kem, &other.archive));
    assert_ne!(first.object.seed(), other.object.seed());
    // A further way shares the device of whoever adds it.
    let (more, way) = on_second.add_way(&device(3), 8).unwrap();
    assert_eq!(more.ways()[2].device, second);
    assert_eq!(Unlocked::open(more.bytes(), &device(3)).unwrap().device(), second);
    assert_eq!(Unlocked::open(more.bytes(), &device(1)).unwrap().device(), vault.device());
    // The first took no part in that, and sees it when it reads again.
    let reread = both.reread(more.bytes()).unwrap();
    assert_eq!((reread.ways(), reread.device()), (more.ways(), vault.device()));
    let without = more.remove_way(way).unwrap();
    assert_eq!(without.remove_way(without.ways()[1].id).unwrap_err(), UnlockError::LastWayOfDevice);
    assert_eq!(both.reread(without.bytes()).unwrap_err(), UnlockError::UnlockFailed);
}

#[test]
fn a_retired_device_opens_nothing_and_a_renewed_one_has_another_card() {
    let (both, second) = alone(1).add_device(&device(2), 7).unwrap();
    let on_second = Unlocked::open(both.bytes(), &device(2)).unwrap();
    assert_eq!(both.retire_device(both.device(), "", END, 8).unwrap_err(), UnlockError::OwnDevice);
    let (left, closed) = both.retire_device(second, "lost", END, 8).unwrap();
    assert_eq!((closed.id(), closed.time_ms, &closed.reason[..], left.version()), (second, 8, "lost", 2));
    assert_eq!(refused(left.bytes(), &device(2)), UnlockError::UnlockFailed);
    assert_eq!(left.card().unwrap().devices().len(), 1);
    assert_eq!(left.retire_device(second, "", END, 9).unwrap_err(), UnlockError::UnknownDevice);
    assert_eq!(on_second.reread(left.bytes()).unwrap_err(), UnlockError::UnlockFailed);

    let before = left.device();
    let (renewed, closed) = left.renew_device("restored copy", END, 10).unwrap();
    assert_eq!((closed.id(), renewed.version(), renewed.ways().len()), (before, 2, 1));
    assert_ne!(renewed.device(), before);
    assert_ne!(renewed.device(), left.device());
    let opened = Unlocked::open(renewed.bytes(), &device(1)).unwrap();
    assert_eq!((opened.device(), opened.ways()), (renewed.device(), renewed.ways()));
    // Who has not seen that goes on with a device that is not in use any more.
    assert_eq!(left.reread(renewed.bytes()).unwrap_err(), UnlockError::UnlockFailed);
}

/// However many devices there were, the state is that of the devices in use.
#[test]
fn closed_devices_leave_the_state() {
    let vault = alone(1);
    let len = vault.bytes().len();
    let mut now = vault;
    for time in 0..50 {
        let (added, id) = now.add_device(&device(2), time).unwrap();
        assert!(added.bytes().len() > len);
        now = added.retire_device(id, "scaled down", END, time).unwrap().0;
        // The number of the vault key grows, and nothing else.
        assert!(now.bytes().len() <= len + 4);
    }
    assert_eq!(now.card().unwrap().devices().len(), 1);
}

/// Attack 5 for devices: secrets and devices of slots that are not what the root signed.
#[test]
fn a05_a_slot_does_not_open_the_device_of_another() {
    let (vault, second) = alone(1).add_device(&device(2), 7).unwrap();
    let mut mixed = parts(&vault, &device(1));
    assert!(Unlocked::open(&mixed.seal(&vault), &device(1)).is_ok());
    let mine = mixed.entries[0].clone();
    // The other's device with his sealed secrets, with mine, and my device with his secrets.
    for (device_of, secrets) in [
        (second, mixed.entries[1].secrets.clone()),
        (second, mine.secrets.clone()),
        (mine.device, mixed.entries[1].secrets.clone()),
    ] {
        mixed.entries[0] = SlotEntry { device: device_of, secrets, ..mine.clone() };
        assert_eq!(refused(&mixed.seal(&vault), &device(1)), UnlockError::UnlockFailed);
    }
    // A device in use that no way in opens.
    mixed.entries[0] = mine;
    mixed.entries.truncate(1);
    mixed.head.slots.truncate(1);
    assert_eq!(refused(&mixed.seal(&vault), &device(1)), UnlockError::UnlockFailed);
}

/// Attack 41 for the format of a vault: what is signed of it must be true of the devices, and is not opened by who does not
/// read it.
#[test]
fn f41_a_format_that_not_all_devices_read_is_refused() {
    let vault = alone(1);
    let formats = |lowest, highest| Formats { lowest, highest };
    let device_id = vault.device();
    let seal = |change: &dyn Fn(&mut Policy)| {
        let mut parts = parts(&vault, &device(1));
        change(&mut parts.policy);
        parts.seal(&vault)
    };
    let to = |format, lowest, highest| {
        seal(&|policy| {
            policy.format = format;
            policy.announced.insert(device_id, formats(lowest, highest));
        })
    };
    assert!(Unlocked::open(&to(1, 1, 1), &device(1)).is_ok());
    // Announced by newer software of this very device.
    assert!(Unlocked::open(&to(1, 1, 2), &device(1)).is_ok());
    assert_eq!(refused(&to(2, 1, 1), &device(1)), UnlockError::UnlockFailed);
    assert_eq!(refused(&to(0, 1, 1), &device(1)), UnlockError::UnlockFailed);
    assert_eq!(refused(&to(2, 1, 2), &device(1)), UnlockError::NewerFormat);
    assert_eq!(Unlocked::open_with(&to(2, 1, 2), &device(1), formats(1, 2)).unwrap().format(), 2);
    assert_eq!(refused(&seal(&|policy| policy.announced.clear()), &device(1)), UnlockError::UnlockFailed);
    let other = DeviceId::from_bytes([3; 32]);
    let more = seal(&|policy| {
        policy.announced.insert(other, formats(1, 1));
    });
    assert_eq!(refused(&more, &device(1)), UnlockError::UnlockFailed);
}
