use super::*;

fn member(name: &str, kind: MemberKind) -> Identity {
    Identity::create(name, kind, 1).unwrap()
}

fn lee() -> Card {
    member("Lee", MemberKind::Person).card().unwrap()
}

fn id() -> ExternalId {
    ExternalId { issuer: "https://id.example".into(), subject: "lee-7".into() }
}

#[test]
fn a_certificate_comes_back_and_no_changed_one_does() {
    let clinic = member("Clinic", MemberKind::Organisation);
    let certificate = Certificate::sign(&clinic, &lee(), &id(), Some(9), 1).unwrap();
    let good = certificate.to_bytes();
    assert_eq!(Certificate::open(&good, &clinic.root_card), Ok(certificate.clone()));
    assert_eq!((certificate.external_id(), certificate.not_after_ms()), (&id(), Some(9)));
    assert!(certificate.lasts(9) && !certificate.lasts(10));
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(Certificate::open(&bytes, &clinic.root_card).is_err(), "byte {at}");
    }
    assert!(Certificate::open(&[&good[..], &[0]].concat(), &clinic.root_card).is_err());
}

/// Attack 5: by somebody who is no organisation, by another one, of an organisation, with no id.
#[test]
fn a05_only_an_organisation_certifies_and_no_other_organisation() {
    let (clinic, other) = (member("Clinic", MemberKind::Organisation), member("Lab", MemberKind::Organisation));
    let invalid = Some(CardError::Invalid);
    for kind in [MemberKind::Person, MemberKind::Service, MemberKind::Team] {
        assert_eq!(Certificate::sign(&member("Eve", kind), &lee(), &id(), None, 1).err(), invalid);
    }
    assert_eq!(Certificate::sign(&clinic, &other.card().unwrap(), &id(), None, 1).err(), invalid);
    let good = Certificate::sign(&clinic, &lee(), &id(), None, 1).unwrap();
    assert_eq!(Certificate::open(&good.to_bytes(), &other.root_card).err(), invalid);
    // Another root card of the same key is another organisation.
    let renamed = RootCard::issue("Klinik", MemberKind::Organisation, &clinic.root, clinic.root_card.kem(), 1).unwrap();
    assert_eq!(Certificate::open(&good.to_bytes(), &renamed).err(), invalid);
    for (issuer, subject) in [("", "x"), ("x", ""), (&"x".repeat(257)[..], "x"), ("x", &"x".repeat(257))] {
        let id = ExternalId { issuer: issuer.into(), subject: subject.into() };
        assert_eq!(Certificate::sign(&clinic, &lee(), &id, None, 1).err(), invalid);
    }
}

#[test]
fn a_list_of_withdrawals_grows_and_is_of_its_organisation() {
    let clinic = member("Clinic", MemberKind::Organisation);
    let hash = |byte| Hash::from_bytes([byte; 32]);
    let empty = Withdrawals::sign(&clinic, None, None, 1).unwrap();
    let one = Withdrawals::sign(&clinic, Some(&empty), Some(hash(2)), 2).unwrap();
    let two = Withdrawals::sign(&clinic, Some(&one), Some(hash(1)), 3).unwrap();
    assert!(two.names(&hash(1)) && two.names(&hash(2)) && !two.names(&hash(3)) && !empty.names(&hash(1)));
    assert!(two.follows(&one) && one.follows(&empty) && !one.follows(&two) && !two.follows(&two));
    // Later by number, and one that was withdrawn is not any more.
    let shorter = Withdrawals { number: 9, withdrawn: vec![hash(1)], ..two.clone() };
    assert!(!shorter.follows(&two));
    assert_eq!(Withdrawals::open(two.bytes(), &clinic.root_card), Ok(two.clone()));
    let other = member("Lab", MemberKind::Organisation);
    assert_eq!(Withdrawals::open(two.bytes(), &other.root_card).err(), Some(CardError::Invalid));
    for at in 0..two.bytes().len() {
        let mut bytes = two.bytes().to_vec();
        bytes[at] ^= 1 << (at % 8);
        assert!(Withdrawals::open(&bytes, &clinic.root_card).is_err(), "byte {at}");
    }
    let vault = VaultId::from_bytes([1; 16]);
    let sealed = two.seal(&clinic.archive, vault).unwrap();
    assert_eq!(Withdrawals::unseal(&clinic.archive, vault, &sealed, &clinic.root_card), Ok(two));
    let elsewhere = Withdrawals::unseal(&clinic.archive, VaultId::from_bytes([2; 16]), &sealed, &clinic.root_card);
    assert_eq!(elsewhere, Err(Malformed::Invalid));
}

/// Attack 13: a certificate withdraws nothing, and neither is a card.
#[test]
fn b13_certificate_list_and_card_are_statements_of_their_own() {
    let clinic = member("Clinic", MemberKind::Organisation);
    let certificate = Certificate::sign(&clinic, &lee(), &id(), None, 1).unwrap().to_bytes();
    let list = Withdrawals::sign(&clinic, None, None, 1).unwrap().bytes().to_vec();
    assert!(Certificate::open(&list, &clinic.root_card).is_err());
    assert!(Withdrawals::open(&certificate, &clinic.root_card).is_err());
    for bytes in [&certificate, &list] {
        assert!(RootCard::open(bytes).is_err());
    }
    assert!(Certificate::open(clinic.device_card.bytes(), &clinic.root_card).is_err());
}

#[test]
fn debug_names_nobody() {
    let clinic = member("Clinic", MemberKind::Organisation);
    let certificate = Certificate::sign(&clinic, &lee(), &id(), None, 1).unwrap();
    let shown = format!("{certificate:?} {:?}", id());
    assert!(!shown.contains("lee-7") && !shown.contains("id.example"));
}
