use super::*;
use crate::crypto::sign::SigningKey;
use crate::crypto::{Role, Secret};

fn signing<R: Role>(byte: u8) -> SigningKey<R> {
    SigningKey::from_seed(Secret::from_slice(&[byte; 32]).unwrap())
}

fn kem() -> KemPublic {
    KemPublic::of(&Secret::from_slice(&[3; 32]).unwrap()).unwrap()
}

fn root(name: &str, seed: u8) -> RootCard {
    RootCard::issue(name, MemberKind::Person, &signing(seed), &kem(), 7).unwrap()
}

fn device(root: &RootCard, seed: u8, object: u8, ledger: u8, log: u8) -> Result<DeviceCard, CardError> {
    let object = signing(object).verifying_key();
    DeviceCard::issue(root, &signing(seed), &object, &signing(ledger).verifying_key(), &signing(log).verifying_key(), 8)
}

#[test]
fn a_card_comes_back() {
    let root = root("  Dr. Lee ", 1);
    assert_eq!((root.name(), root.kind()), ("Dr. Lee", MemberKind::Person));
    let card =
        Card::new(root.clone(), vec![device(&root, 1, 10, 11, 12).unwrap(), device(&root, 1, 20, 21, 22).unwrap()])
            .unwrap();
    let again = Card::from_bytes(&card.to_bytes()).unwrap();
    assert_eq!(again, card);
    assert_eq!(again.devices().len(), 2);
    assert_eq!(again.to_bytes(), card.to_bytes());
}

#[test]
fn every_changed_bit_is_refused() {
    let root = root("Lee", 1);
    let card = Card::new(root.clone(), vec![device(&root, 1, 10, 11, 12).unwrap()]).unwrap();
    let good = card.to_bytes();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(Card::from_bytes(&bytes).is_err(), "byte {at}");
    }
    assert!(Card::from_bytes(&good[..good.len() - 1]).is_err());
    assert!(Card::from_bytes(&[&good[..], &[0]].concat()).is_err());
}

#[test]
fn b13_one_key_has_one_role() {
    let root = root("Lee", 1);
    for (object, ledger, log) in [(1, 11, 12), (10, 1, 12), (10, 11, 1), (10, 10, 12), (10, 11, 10), (10, 11, 11)] {
        assert_eq!(device(&root, 1, object, ledger, log).err(), Some(CardError::Invalid), "{object} {ledger} {log}");
    }
    let devices = vec![device(&root, 1, 10, 11, 12).unwrap(), device(&root, 1, 20, 10, 22).unwrap()];
    assert_eq!(Card::new(root, devices).err(), Some(CardError::Invalid));
}

#[test]
fn a05_a_device_card_is_of_its_root_only() {
    let (lee, eve) = (root("Lee", 1), root("Eve", 2));
    let device = device(&lee, 1, 10, 11, 12).unwrap();
    assert_eq!(DeviceCard::open(device.bytes(), &eve).err(), Some(CardError::Invalid));
    assert_eq!(Card::new(eve, vec![device.clone()]).err(), Some(CardError::Invalid));
    // The same root key with another name is another root card.
    let renamed = root("Leo", 1);
    assert_eq!(DeviceCard::open(device.bytes(), &renamed).err(), Some(CardError::Invalid));
}

#[test]
fn a_statement_of_one_type_is_none_of_another() {
    let root = root("Lee", 1);
    let device = device(&root, 1, 10, 11, 12).unwrap();
    assert!(RootCard::open(device.bytes()).is_err());
    assert!(DeviceCard::open(root.bytes(), &root).is_err());
    let payload: RootPayload = Signed::parse(root.bytes()).unwrap().unverified().unwrap();
    let elsewhere = Signed::sign(StatementType::Genesis, &signing::<role::RootSigning>(1), &payload).unwrap();
    assert_eq!(RootCard::open(elsewhere.as_bytes()).err(), Some(CardError::Invalid));
}

#[test]
fn a07_keys_that_are_no_keys_are_refused() {
    let good: RootPayload = Signed::parse(root("Lee", 1).bytes()).unwrap().unverified().unwrap();
    let sign = |payload: &RootPayload| {
        let signed = Signed::sign(StatementType::RootCard, &signing::<role::RootSigning>(1), payload).unwrap();
        RootCard::open(signed.as_bytes()).err()
    };
    let payload = |kem: Vec<u8>, root_key| RootPayload {
        version: Version1,
        kind: MemberKind::Person,
        name: "Lee".into(),
        root_key,
        kem,
        created_ms: 7,
        extensions: Extensions::default(),
    };
    assert_eq!(sign(&payload(good.kem.clone(), good.root_key)), None);
    let mut low_order = good.kem.clone();
    low_order[1184..].fill(0);
    assert_eq!(sign(&payload(low_order, good.root_key)), Some(CardError::Invalid));
    let mut above_q = good.kem.clone();
    above_q[..384].fill(0xFF);
    assert_eq!(sign(&payload(above_q, good.root_key)), Some(CardError::Invalid));
    assert_eq!(sign(&payload(good.kem, [2; 32])), Some(CardError::Invalid));
}

#[test]
fn names_are_plain_and_normal() {
    let issue = |name: &str| RootCard::issue(name, MemberKind::Team, &signing(1), &kem(), 0);
    assert_eq!(issue("Zoe\u{308}").unwrap().name(), "Zoë");
    for bad in ["", "  ", "a\nb", "a\u{202E}b", "a\u{2066}b", "a\u{2028}b", "a\0b", &"x".repeat(129)] {
        assert_eq!(issue(bad).err(), Some(CardError::Name), "{bad:?}");
    }
    // What `issue` would not write, `open` does not read.
    for bad in [" Lee", "Zoe\u{308}", "a\u{202E}b"] {
        let payload = RootPayload {
            version: Version1,
            kind: MemberKind::Person,
            name: bad.into(),
            root_key: signing::<role::RootSigning>(1).verifying_key().to_bytes(),
            kem: kem().as_bytes().to_vec(),
            created_ms: 0,
            extensions: Extensions::default(),
        };
        let signed = Signed::sign(StatementType::RootCard, &signing::<role::RootSigning>(1), &payload).unwrap();
        assert_eq!(RootCard::open(signed.as_bytes()).err(), Some(CardError::Invalid), "{bad:?}");
    }
}

#[test]
fn what_is_newer_is_told() {
    let key = signing::<role::RootSigning>(1);
    // Kind 9 and version 2 do not exist yet.
    for payload in [(1_u8, 9_u8, "Lee"), (2, 1, "Lee")] {
        let signed = Signed::sign(StatementType::RootCard, &key, &payload).unwrap();
        assert_eq!(RootCard::open(signed.as_bytes()).err(), Some(CardError::NewerFormat));
    }
}

#[test]
fn debug_names_nobody() {
    let root = root("Lee", 1);
    let card = Card::new(root.clone(), vec![device(&root, 1, 10, 11, 12).unwrap()]).unwrap();
    assert_eq!(
        format!("{card:?}"),
        format!("Card {{ root: RootCard({}), devices: [DeviceCard({})] }}", root.hash(), card.devices()[0].hash())
    );
}
