//! Devices of a member, and what organisations say of members.

use crate::common::{Member, assert_unlock_failed, assert_unopenable, member, member_of_kind, record, send};
use ampoule::store::Table;
use ampoule::{Actor, Contact, DeviceId, Error, ExternalId, Grant, MemberKind, Unlock, Vault};

/// Secrets of devices that are put under other ways in are in `keys::unlock::tests`.
#[test]
fn a05_device_that_nobody_signed_for() {
    let (clinic, eve) = (member("Riverside Clinic", 1), member("Eve", 66));
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("blood pressure")).unwrap();
    let second = clinic.vault.add_device(&Unlock::device_key(&[2; 32])).unwrap();
    assert_eq!(clinic.vault.devices().unwrap().len(), 2);
    let with_two = clinic.row(Table::Vault, b"", b"state");
    clinic.vault.retire_device(second, "lost").unwrap();
    let row = clinic.row(Table::Cards, b"", second.as_bytes());
    assert_eq!(clinic.vault.retired_devices().unwrap().len(), 1);

    // A device of eve's among the retired, the true one under another id, and one that is changed.
    let eves = eve.vault.add_device(&Unlock::device_key(&[67; 32])).unwrap();
    eve.vault.retire_device(eves, "").unwrap();
    let eves_row = eve.row(Table::Cards, b"", eves.as_bytes());
    let retired = || clinic.unchanged(|| clinic.vault.retired_devices()).map(|all| all[0].id);
    for (at, planted) in [(eves, eves_row.clone()), (DeviceId::from_bytes([7; 32]), row.clone())] {
        clinic.store.answer(Table::Cards, b"", at.as_bytes(), planted);
        assert_eq!(retired(), Ok(second));
        clinic.store.tell_the_truth();
    }
    clinic.store.answer(Table::Cards, b"", second.as_bytes(), eves_row);
    assert_eq!(retired(), Err(Error::Withheld));
    clinic.store.tell_the_truth();
    for at in (0..row.len()).step_by(13) {
        clinic.store.rewrite(Table::Cards, b"", second.as_bytes(), move |row| row[at] ^= 1);
        assert_eq!(retired(), Err(Error::Withheld));
    }
    clinic.store.tell_the_truth();

    // The state of before lists a device that was retired. It is of another key, and the way in of that device opens
    // nothing that is written now.
    clinic.store.answer(Table::Vault, b"", b"state", with_two);
    assert_unlock_failed(clinic.unchanged(|| clinic.vault.devices()));
    let open_old = || Vault::open(clinic.store.clone(), &Unlock::device_key(&[2; 32])).map(drop);
    assert_unopenable(clinic.unchanged(open_old));
    clinic.store.tell_the_truth();
    assert_eq!(clinic.vault.devices().unwrap().len(), 1);
    assert_eq!(clinic.vault.chart(&chart.id()).unwrap().get(&id).unwrap().content(), b"blood pressure");
}

/// A clinic that has verified a hospital, and has Lee's card only, with the hospital's certificate of it.
struct Certified {
    clinic: Member,
    hospital: Member,
    lee: Member,
    of_hospital: Contact,
    of_lee: Contact,
    certificate: Vec<u8>,
}

fn certified() -> Certified {
    let hospital = member_of_kind("Northern Hospital", 3, MemberKind::Organisation);
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let of_hospital = clinic.meet(&hospital);
    let of_lee = clinic.vault.contacts().add(&lee.vault.card().unwrap().to_bytes()).unwrap();
    let certificate = certify(&hospital, &lee);
    clinic.vault.contacts().add_certificate(&certificate).unwrap();
    assert!(of_lee.is_verified().unwrap());
    Certified { clinic, hospital, lee, of_hospital, of_lee, certificate }
}

fn certify(by: &Member, of: &Member) -> Vec<u8> {
    let id = ExternalId { issuer: "https://id.example".into(), subject: "lee-7".into() };
    by.vault.certify(&of.vault.card().unwrap(), &id, None).unwrap().to_bytes()
}

#[test]
fn a01_certified_recipients_key_swapped() {
    let Certified { clinic, hospital, lee, of_lee, certificate, .. } = certified();
    let chart = clinic.vault.create_chart().unwrap();
    chart.put(&record("blood pressure")).unwrap();
    chart.share(&of_lee, &Grant::read()).unwrap();
    lee.meet(&clinic);
    assert_eq!(send(&chart, &of_lee, &lee.vault).unwrap().added, 1);

    // Eve's card under Lee's name, with Lee's certificate and with one of her own making.
    let eve = member_of_kind("Dr. Lee", 66, MemberKind::Person);
    let of_eve = clinic.vault.contacts().add(&eve.vault.card().unwrap().to_bytes()).unwrap();
    clinic.vault.contacts().add_certificate(&certificate).unwrap();
    assert!(!of_eve.is_verified().unwrap());
    let fake = member_of_kind("Northern Hospital", 67, MemberKind::Organisation);
    let by_fake = certify(&fake, &eve);
    assert_eq!(
        clinic.unchanged(|| clinic.vault.contacts().add_certificate(&by_fake)).err(),
        Some(Error::UnknownContact)
    );
    clinic.vault.contacts().add(&fake.vault.card().unwrap().to_bytes()).unwrap();
    clinic.vault.contacts().add_certificate(&by_fake).unwrap();
    assert_eq!(clinic.unchanged(|| chart.share(&of_eve, &Grant::read())), Err(Error::UnverifiedContact));
    // Every changed byte.
    for at in 0..certificate.len() {
        let mut changed = certificate.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(clinic.unchanged(|| clinic.vault.contacts().add_certificate(&changed)).is_err(), "byte {at}");
    }
    // The rows of contacts swapped in the store.
    let (lee_id, eve_id) = (of_lee.id(), of_eve.id());
    clinic.store.swap(Table::Contacts, (b"", lee_id.as_bytes()), (b"", eve_id.as_bytes())).unwrap();
    assert_unopenable(clinic.unchanged(|| chart.share(&of_lee, &Grant::read())));
    clinic.store.tell_the_truth();
    drop(hospital);
}

#[test]
fn a02_certified_contacts_key_silently_changed() {
    let Certified { clinic, hospital, lee, of_hospital, of_lee, certificate } = certified();
    let chart = clinic.vault.create_chart().unwrap();
    chart.share(&of_lee, &Grant::read()).unwrap();
    // The organisation's keys change: it vouches for nobody until it is compared again.
    let impostor = member_of_kind("Northern Hospital", 66, MemberKind::Organisation);
    clinic.vault.contacts().replace(&of_hospital, &impostor.vault.card().unwrap().to_bytes()).unwrap();
    assert_eq!(clinic.unchanged(|| chart.share(&of_lee, &Grant::read())), Err(Error::UnverifiedContact));
    let by_impostor = certify(&impostor, &lee);
    clinic.vault.contacts().add_certificate(&by_impostor).unwrap();
    assert_eq!(clinic.unchanged(|| chart.share(&of_lee, &Grant::read())), Err(Error::UnverifiedContact));
    clinic.vault.contacts().replace(&of_hospital, &hospital.vault.card().unwrap().to_bytes()).unwrap();
    assert_eq!(clinic.unchanged(|| chart.share(&of_lee, &Grant::read())), Err(Error::UnverifiedContact));
    of_hospital.verify(&hospital.vault.card().unwrap().fingerprint().digits()).unwrap();
    chart.share(&of_lee, &Grant::read()).unwrap();

    // A certificate that was taken back, and the list of before it.
    let before = hospital.vault.withdrawals().unwrap();
    let list = hospital.vault.withdraw(&certificate).unwrap();
    clinic.vault.contacts().add_withdrawals(&list).unwrap();
    assert_eq!(clinic.unchanged(|| chart.share(&of_lee, &Grant::read())), Err(Error::UnverifiedContact));
    let again = clinic.unchanged(|| clinic.vault.contacts().add_withdrawals(&before));
    assert_eq!(again.err(), Some(Error::OutdatedWithdrawals));
    for at in 0..list.len() {
        let mut changed = list.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(clinic.unchanged(|| clinic.vault.contacts().add_withdrawals(&changed)).is_err(), "byte {at}");
    }
}

/// Statements with other fields than these need their signer's key, so they are in `keys::certificate::tests`.
#[test]
fn a13_statements_of_organisations_are_nothing_else() {
    let Certified { clinic, hospital, lee, certificate, .. } = certified();
    let list = hospital.vault.withdraw(&certificate).unwrap();
    let contacts = clinic.vault.contacts();
    let card = lee.vault.card().unwrap().to_bytes();
    for bytes in [&certificate, &list] {
        assert_eq!(clinic.unchanged(|| contacts.add(bytes)).err(), Some(Error::InvalidCard));
        assert_eq!(clinic.unchanged(|| clinic.vault.import(bytes)).err(), Some(Error::DamagedBundle));
    }
    for bytes in [&card, &list] {
        assert_eq!(clinic.unchanged(|| contacts.add_certificate(bytes)).err(), Some(Error::InvalidCertificate));
    }
    for bytes in [&card, &certificate] {
        assert_eq!(clinic.unchanged(|| contacts.add_withdrawals(bytes)).err(), Some(Error::InvalidCertificate));
        assert!(hospital.unchanged(|| hospital.vault.withdraw(bytes)).is_err() || bytes == &certificate);
    }
    contacts.add_withdrawals(&list).unwrap();
}

/// A service writes in the name of whom it likes; it is shown as who signed all the same.
#[test]
fn a08_an_actor_is_not_an_author() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let of_lee = clinic.meet(&lee);
    lee.meet(&clinic);
    let actor =
        Actor { issuer: "Dr. Lee".into(), subject: "Dr. Lee".into(), session: "1".into(), purpose: "TREAT".into() };
    let chart = clinic.vault.acting_for(actor.clone()).create_chart().unwrap();
    let id = chart.put(&record("as if by Lee")).unwrap();
    chart.share(&of_lee, &Grant::read()).unwrap();
    assert_eq!(send(&chart, &of_lee, &lee.vault).unwrap().added, 1);
    let entry = lee.vault.chart(&chart.id()).unwrap().get(&id).unwrap();
    assert_eq!((entry.author(), entry.is_mine(), entry.actor()), ("Riverside Clinic", false, Some(&actor)));
}
