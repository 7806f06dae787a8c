use super::*;
use crate::crypto::{seal::KemPublic, sign::SigningKey};
use crate::keys::identity::Identity;
use crate::keys::{DeviceCard, MemberKind};

fn member(name: &str) -> Identity {
    Identity::create(name, MemberKind::Person, 1).unwrap()
}

fn card(name: &str) -> Card {
    member(name).card().unwrap()
}

fn book() -> ContactBook {
    ContactBook::new(card("Clinic"))
}

/// A second device of a member.
fn with_device(identity: &Identity) -> Card {
    let device = DeviceCard::issue(
        &identity.root_card,
        &identity.root,
        &SigningKey::generate().unwrap().verifying_key(),
        &SigningKey::generate().unwrap().verifying_key(),
        &SigningKey::generate().unwrap().verifying_key(),
        9,
    )
    .unwrap();
    Card::new(identity.root_card.clone(), vec![device]).unwrap()
}

#[test]
fn only_a_verified_contact_is_shared_with() {
    let mut book = book();
    let lee = card("Lee");
    let id = book.add(lee.clone(), 0).unwrap().id;
    assert_eq!(book.require_verified(id, 0).err(), Some(ContactError::Unverified));
    let other = card("Lee").fingerprint();
    assert_eq!(book.verify(id, &other.digits()).err(), Some(ContactError::FingerprintDiffers));
    assert_eq!(book.require_verified(id, 0).err(), Some(ContactError::Unverified));
    assert_eq!(book.verify(id, &lee.fingerprint().words()).unwrap().status, ContactStatus::Verified);
    assert_eq!(book.require_verified(id, 0), Ok(lee.root()));
    assert_eq!(book.by_root(lee.root().hash()).map(|contact| contact.id), Some(id));
    assert_eq!(book.require_verified(ContactId::from_bytes([0; 16]), 0).err(), Some(ContactError::Unknown));
}

/// Attack 2: other keys for a known contact are refused until somebody compares them.
#[test]
fn changed_keys_are_refused_until_they_are_verified() {
    let mut book = book();
    let (old, new) = (card("Lee"), card("Lee"));
    let id = book.add(old.clone(), 0).unwrap().id;
    book.verify(id, &old.fingerprint().digits()).unwrap();
    assert_eq!(book.replace(id, new.clone()).unwrap().status, ContactStatus::Changed);
    assert_eq!(book.require_verified(id, 0).err(), Some(ContactError::Changed));
    // The fingerprint of before does not do, nor does another change lead back.
    assert_eq!(book.verify(id, &old.fingerprint().digits()).err(), Some(ContactError::FingerprintDiffers));
    book.replace(id, card("Lee")).unwrap();
    assert_eq!(book.require_verified(id, 0).err(), Some(ContactError::Changed));
    book.replace(id, new.clone()).unwrap();
    book.verify(id, &new.fingerprint().digits()).unwrap();
    assert_eq!(book.require_verified(id, 0), Ok(new.root()));
}

/// Attack 2: the root key is the same, and the card swaps the key that grants are sealed to.
#[test]
fn another_root_card_of_the_same_key_is_a_change() {
    let mut book = book();
    let lee = member("Lee");
    let id = book.add(lee.card().unwrap(), 0).unwrap().id;
    book.verify(id, &lee.card().unwrap().fingerprint().digits()).unwrap();
    let kem = KemPublic::of(&Secret::generate().unwrap()).unwrap();
    let swapped = RootCard::issue("Lee", MemberKind::Person, &lee.root, &kem, 1).unwrap();
    let changed = book.add(Card::new(swapped, Vec::new()).unwrap(), 5).unwrap();
    assert_eq!((changed.id, changed.status), (id, ContactStatus::Changed));
    assert_eq!(book.require_verified(id, 0).err(), Some(ContactError::Changed));
}

#[test]
fn a_new_device_keeps_the_status() {
    let mut book = book();
    let lee = member("Lee");
    let id = book.add(lee.card().unwrap(), 0).unwrap().id;
    book.verify(id, &lee.card().unwrap().fingerprint().digits()).unwrap();
    let merged = book.add(with_device(&lee), 5).unwrap();
    assert_eq!((merged.id, merged.status, merged.card.devices().len()), (id, ContactStatus::Verified, 2));
    // The same card twice changes nothing, and a card without the device takes none away.
    assert_eq!(book.add(lee.card().unwrap(), 6).unwrap(), merged);
}

#[test]
fn names_that_look_alike_are_flagged() {
    for (name, imitation) in [
        ("Dr. Maria Lee", "Dr. Maria Lee"),
        ("Dr. Maria Lee", "dr. maria  lee"),
        ("Dr. Maria Lee", "Dr. Mаria Lee"), // Cyrillic а
        ("Dr. Maria Lee", "Dr. Maria\u{200B} Lee"),
        ("Dr. Maria Lee", "Dr. Maria Iee"),   // capital I for l
        ("Dr. Maria Lee", "Ｄｒ. Maria Lee"), // full width
        ("Tom", "Torn"),
        ("Otto", "0tto"),
        ("PAUL", "ΡAUL"), // Greek capital rho
    ] {
        let mut book = book();
        let first = book.add(card(name), 1).unwrap().id;
        let second = book.add(card(imitation), 2).unwrap().id;
        assert_eq!(book.imitates(second), [Imitated::Contact(first)], "{imitation}");
        assert_eq!(book.imitates(first), [], "{imitation}");
        assert_eq!(book.require_verified(second, 0).err(), Some(ContactError::Imitates), "{imitation}");
    }
    let mut book = book();
    let own = book.add(card("C1inic"), 1).unwrap().id;
    assert_eq!(book.imitates(own), [Imitated::Own]);
    let different = book.add(card("Dr. Marie Lee"), 2).unwrap().id;
    assert_eq!(book.imitates(different), []);
}

#[test]
fn a_namesake_who_was_verified_is_no_imitator() {
    let mut book = book();
    book.add(card("Lee"), 1).unwrap();
    let namesake = card("Lee");
    let id = book.add(namesake.clone(), 2).unwrap().id;
    book.verify(id, &namesake.fingerprint().digits()).unwrap();
    assert_eq!(book.require_verified(id, 0), Ok(namesake.root()));
}

/// Attacks 6 and 8: a card that claims a key of somebody else, as device key or to be sealed to.
#[test]
fn a06_a_key_of_another_is_refused() {
    let own = member("Clinic");
    let mut book = ContactBook::new(own.card().unwrap());
    let lee = member("Lee");
    book.add(lee.card().unwrap(), 0).unwrap();
    assert_eq!(book.add(own.card().unwrap(), 0).err(), Some(ContactError::Own));

    let eve = member("Eve");
    for victim in [&lee, &own] {
        let claims = DeviceCard::issue(
            &eve.root_card,
            &eve.root,
            &victim.object.verifying_key(),
            &eve.ledger.verifying_key(),
            &eve.log.verifying_key(),
            0,
        )
        .unwrap();
        let claims = Card::new(eve.root_card.clone(), vec![claims]).unwrap();
        assert_eq!(book.add(claims, 0).err(), Some(ContactError::KeyOfAnother));
        let kem = victim.root_card.kem();
        let sealed_to = RootCard::issue("Eve", MemberKind::Person, &eve.root, kem, 0).unwrap();
        let sealed_to = Card::new(sealed_to, Vec::new()).unwrap();
        assert_eq!(book.add(sealed_to, 0).err(), Some(ContactError::KeyOfAnother));
    }
    let id = book.add(eve.card().unwrap(), 0).unwrap().id;
    assert_eq!(book.replace(id, lee.card().unwrap()).err(), Some(ContactError::KeyOfAnother));
    assert_eq!(book.replace(id, own.card().unwrap()).err(), Some(ContactError::Own));
}

#[test]
fn a_row_opens_for_its_vault_contact_and_key_only() {
    let (vault, other) = (VaultId::from_bytes([1; 16]), VaultId::from_bytes([2; 16]));
    let key = Secret::generate().unwrap();
    let mut book = book();
    let id = book.add(card("Lee"), 3).unwrap().id;
    let contact = book.get(id).unwrap();
    let row = contact.seal(Suite::Aes256Gcm, &key, vault).unwrap();
    assert_eq!(Contact::open(Suite::Aes256Gcm, &key, vault, id, &row).as_ref(), Ok(contact));
    assert!(Contact::open(Suite::Aes256Gcm, &key, other, id, &row).is_err());
    assert!(Contact::open(Suite::Aes256Gcm, &key, vault, ContactId::from_bytes([0; 16]), &row).is_err());
    assert!(Contact::open(Suite::Aes256Gcm, &Secret::generate().unwrap(), vault, id, &row).is_err());
    for at in (0..row.len()).step_by(41) {
        let mut changed = row.clone();
        changed[at] ^= 1;
        assert_eq!(Contact::open(Suite::Aes256Gcm, &key, vault, id, &changed).err(), Some(Malformed::Invalid));
    }
    assert!(!row.windows(3).any(|part| part == b"Lee"));
}

/// Each card that was held is known once, the latest last, whatever the contact went back to.
#[test]
fn the_root_cards_of_before_are_kept() {
    let (vault, key) = (VaultId::from_bytes([1; 16]), Secret::generate().unwrap());
    let mut book = book();
    let cards: Vec<Card> = (0..67).map(|_| card("Lee")).collect();
    let roots: Vec<CardHash> = cards.iter().map(|card| card.root().hash()).collect();
    let id = book.add(cards[0].clone(), 0).unwrap().id;
    assert_eq!(book.get(id).unwrap().roots(), roots[..1]);
    book.replace(id, cards[1].clone()).unwrap();
    book.replace(id, cards[2].clone()).unwrap();
    assert_eq!(book.get(id).unwrap().roots(), [roots[2], roots[0], roots[1]]);
    book.replace(id, cards[0].clone()).unwrap();
    assert_eq!(book.get(id).unwrap().roots(), [roots[0], roots[1], roots[2]]);
    let contact = book.get(id).unwrap().clone();
    let row = contact.seal(Suite::Aes256Gcm, &key, vault).unwrap();
    assert_eq!(Contact::open(Suite::Aes256Gcm, &key, vault, id, &row), Ok(contact.clone()));
    for card in &cards[3..] {
        book.replace(id, card.clone()).unwrap();
    }
    let contact = book.get(id).unwrap().clone();
    assert_eq!((contact.former.len(), &contact.former[..1], contact.former[63]), (64, &roots[..1], roots[65]));
    let row = contact.seal(Suite::Aes256Gcm, &key, vault).unwrap();
    assert_eq!(Contact::open(Suite::Aes256Gcm, &key, vault, id, &row), Ok(contact.clone()));
    // No card twice, not the present one, and no more than are kept.
    for former in [vec![roots[1], roots[1]], vec![roots[66]], [&contact.former[..], &roots[1..2]].concat()] {
        let row = Contact { former, ..contact.clone() }.seal(Suite::Aes256Gcm, &key, vault).unwrap();
        assert_eq!(Contact::open(Suite::Aes256Gcm, &key, vault, id, &row), Err(Malformed::Invalid));
    }
}

#[test]
fn the_bytes_of_former_cards_stay_the_same() {
    let bytes = codec::encode(&former_to_extensions(&[CardHash::from_bytes([7; 32]), CardHash::from_bytes([8; 32])]));
    // [[1, false, h'82 5820 07… 5820 08…']]
    let mut expected = vec![0x81, 0x83, 1, 0xf4, 0x58, 69, 0x82, 0x58, 32];
    expected.extend([[7; 32].as_slice(), &[0x58, 32], &[8; 32]].concat());
    assert_eq!(bytes, expected);
    assert_eq!(codec::encode(&former_to_extensions(&[])), [0x80]);
}
