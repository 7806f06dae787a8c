//! Contacts for whom an organisation vouches.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "helpers of tests")]

use ampoule::{
    Clock, Contact, ContactStatus, Cursor, Error, ExternalId, Grant, MemberKind, MemoryStore, Record, Recovery, Unlock,
    Vault,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

#[derive(Clone, Default)]
struct At(Arc<AtomicI64>);

impl Clock for At {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct World {
    clock: At,
    hospital: Vault,
    clinic: Vault,
    lee: Vault,
}

fn vault(name: &str, kind: MemberKind, clock: &At) -> Vault {
    let (unlock, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
    let options = Vault::options().kind(kind).clock(clock.clone());
    options.create(MemoryStore::new(), name, &unlock, &none).unwrap().0
}

fn world() -> World {
    let clock = At::default();
    World {
        hospital: vault("Northern Hospital", MemberKind::Organisation, &clock),
        clinic: vault("Riverside Clinic", MemberKind::Service, &clock),
        lee: vault("Dr. Lee", MemberKind::Person, &clock),
        clock,
    }
}

fn id(subject: &str) -> ExternalId {
    ExternalId { issuer: "https://id.example".into(), subject: subject.into() }
}

fn add(vault: &Vault, other: &Vault) -> Contact {
    vault.contacts().add(&other.card().unwrap().to_bytes()).unwrap()
}

fn compare(contact: &Contact, other: &Vault) {
    contact.verify(&other.card().unwrap().fingerprint().digits()).unwrap();
}

fn certificate(by: &Vault, of: &Vault, not_after_ms: Option<i64>) -> Vec<u8> {
    by.certify(&of.card().unwrap(), &id("lee-7"), not_after_ms).unwrap().to_bytes()
}

#[track_caller]
fn assert_not_verified(contact: &Contact, clinic: &Vault) {
    assert_eq!((contact.verified_through().unwrap().map(|by| by.id()), contact.external_id().unwrap()), (None, None));
    assert!(!contact.is_verified().unwrap());
    let chart = clinic.create_chart().unwrap();
    assert!(matches!(chart.share(contact, &Grant::read()), Err(Error::UnverifiedContact | Error::ChangedContact)));
}

#[test]
fn a_contact_is_verified_through_its_organisation() {
    let World { hospital, clinic, lee, .. } = world();
    let certificate = certificate(&hospital, &lee, None);
    let of_lee = add(&clinic, &lee);
    assert_eq!(clinic.contacts().add_certificate(&certificate).err(), Some(Error::UnknownContact));
    let of_hospital = add(&clinic, &hospital);
    assert_eq!(clinic.contacts().add_certificate(&certificate).unwrap().id(), of_lee.id());
    // The organisation is known and was not compared.
    assert_not_verified(&of_lee, &clinic);
    compare(&of_hospital, &hospital);
    assert_eq!(of_lee.verified_through().unwrap().unwrap().id(), of_hospital.id());
    assert_eq!(of_lee.external_id().unwrap(), Some(id("lee-7")));
    assert_eq!((of_lee.status().unwrap(), of_lee.is_verified().unwrap()), (ContactStatus::Unverified, true));
    let chart = clinic.create_chart().unwrap();
    let entry = chart.put(&Record::opaque("text/plain", "x")).unwrap();
    chart.share(&of_lee, &Grant::read()).unwrap();
    // The other way too: the clinic is certified, so its bundle is taken.
    let bundle = chart.export(&of_lee, Cursor::START).unwrap();
    add(&lee, &clinic);
    assert_eq!(lee.import(&bundle).err(), Some(Error::UnverifiedContact));
    compare(&add(&lee, &hospital), &hospital);
    let of_clinic = hospital.certify(&clinic.card().unwrap(), &id("riverside"), None).unwrap();
    lee.contacts().add_certificate(&of_clinic.to_bytes()).unwrap();
    lee.import(&bundle).unwrap();
    assert_eq!(lee.chart(&chart.id()).unwrap().get(&entry).unwrap().content(), b"x");

    // Whoever takes the comparison of the organisation back relies on its members no more.
    of_hospital.distrust().unwrap();
    assert_not_verified(&of_lee, &clinic);
    compare(&of_hospital, &hospital);
    assert!(of_lee.is_verified().unwrap());
}

#[test]
fn a_certificate_ends_and_is_taken_back() {
    let World { clock, hospital, clinic, lee } = world();
    let of_lee = add(&clinic, &lee);
    compare(&add(&clinic, &hospital), &hospital);
    clinic.contacts().add_certificate(&certificate(&hospital, &lee, Some(100))).unwrap();
    clock.0.store(100, Ordering::Relaxed);
    assert!(of_lee.is_verified().unwrap());
    clock.0.store(101, Ordering::Relaxed);
    assert_not_verified(&of_lee, &clinic);

    let renewed = certificate(&hospital, &lee, None);
    clinic.contacts().add_certificate(&renewed).unwrap();
    assert!(of_lee.is_verified().unwrap());
    let before = hospital.withdrawals().unwrap();
    clinic.contacts().add_withdrawals(&before).unwrap();
    assert!(of_lee.is_verified().unwrap());
    let list = hospital.withdraw(&renewed).unwrap();
    assert_eq!(hospital.withdraw(&renewed).unwrap(), list);
    assert_eq!(hospital.withdrawals().unwrap(), list);
    clinic.contacts().add_withdrawals(&list).unwrap();
    assert_not_verified(&of_lee, &clinic);
    // Neither the list of before nor the certificate again brings it back, and the same list does no harm.
    assert_eq!(clinic.contacts().add_withdrawals(&before).err(), Some(Error::OutdatedWithdrawals));
    clinic.contacts().add_certificate(&renewed).unwrap();
    clinic.contacts().add_withdrawals(&list).unwrap();
    assert_not_verified(&of_lee, &clinic);
    // A certificate that was made since holds.
    clinic.contacts().add_certificate(&certificate(&hospital, &lee, Some(500))).unwrap();
    assert!(of_lee.is_verified().unwrap());
    // Other ways of the organisation's vault: the list stays when its key turns.
    let way = hospital.add_way(&Unlock::device_key(&[2; 32])).unwrap();
    hospital.remove_way(way).unwrap();
    assert_eq!(hospital.withdrawals().unwrap(), list);
}

#[test]
fn who_certifies_whom() {
    let World { clock, hospital, clinic, lee } = world();
    let card = lee.card().unwrap();
    for (vault, kind) in [(&clinic, "service"), (&lee, "person")] {
        assert_eq!(vault.certify(&card, &id("x"), None).err(), Some(Error::NotOrganisation), "{kind}");
        assert_eq!(vault.withdrawals().err(), Some(Error::NotOrganisation), "{kind}");
    }
    // One level: no organisation certifies another.
    let other = vault("Southern Hospital", MemberKind::Organisation, &clock);
    assert_eq!(hospital.certify(&other.card().unwrap(), &id("x"), None).err(), Some(Error::NotOrganisation));
    // A certificate is withdrawn by who made it.
    let made = certificate(&hospital, &lee, None);
    assert_eq!(other.withdraw(&made).err(), Some(Error::InvalidCertificate));
    assert_eq!(hospital.certify(&card, &id(""), None).err(), Some(Error::InvalidCertificate));
}

/// The keys of a contact change: what was said of the old card does not hold for the new one.
#[test]
fn a_certificate_is_of_one_card() {
    let World { clock, hospital, clinic, lee } = world();
    compare(&add(&clinic, &hospital), &hospital);
    let of_lee = add(&clinic, &lee);
    clinic.contacts().add_certificate(&certificate(&hospital, &lee, None)).unwrap();
    assert!(of_lee.is_verified().unwrap());
    let impostor = vault("Dr. Lee", MemberKind::Person, &clock);
    clinic.contacts().replace(&of_lee, &impostor.card().unwrap().to_bytes()).unwrap();
    assert_not_verified(&of_lee, &clinic);
    assert_eq!(
        clinic.contacts().add_certificate(&certificate(&hospital, &lee, None)).err(),
        Some(Error::UnknownContact)
    );
    // Somebody who was compared, and then has other keys, is compared again: an organisation does not do.
    let kim = vault("Dr. Kim", MemberKind::Person, &clock);
    let of_kim = add(&clinic, &kim);
    compare(&of_kim, &kim);
    let next = vault("Dr. Kim", MemberKind::Person, &clock);
    clinic.contacts().replace(&of_kim, &next.card().unwrap().to_bytes()).unwrap();
    clinic.contacts().add_certificate(&certificate(&hospital, &next, None)).unwrap();
    assert_eq!(of_kim.status().unwrap(), ContactStatus::Changed);
    assert_not_verified(&of_kim, &clinic);
}
