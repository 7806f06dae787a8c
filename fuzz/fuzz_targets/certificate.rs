//! Certificates and lists of withdrawn ones: any bytes, and valid ones with changes.

#![no_main]

mod edits;

use ampoule::{ExternalId, MemberKind, MemoryStore, Recovery, Unlock, Vault};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

struct World {
    clinic: Vault,
    certificate: Vec<u8>,
    list: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let vault = |name: &str, kind| {
        let (key, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
        Vault::options().kind(kind).create(MemoryStore::new(), name, &key, &none).expect("a vault is created").0
    };
    let (clinic, hospital) = (vault("Clinic", MemberKind::Service), vault("Hospital", MemberKind::Organisation));
    let (lee, id) = (
        vault("Lee", MemberKind::Person).card().expect("a card"),
        ExternalId { issuer: "i".into(), subject: "s".into() },
    );
    let certificate = hospital.certify(&lee, &id, Some(9)).expect("an organisation certifies").to_bytes();
    let list = hospital.withdraw(&certificate).expect("and withdraws");
    for card in [hospital.card().expect("a card"), lee] {
        clinic.contacts().add(&card.to_bytes()).expect("a contact");
    }
    World { clinic, certificate, list }
});

fuzz_target!(|input: &[u8]| {
    let World { clinic, certificate, list } = &*WORLD;
    let contacts = clinic.contacts();
    assert!(contacts.add_certificate(input).is_err() || input == certificate, "nobody signed this");
    assert!(contacts.add_withdrawals(input).is_err() || input == list, "nobody signed this");
    let changed = edits::edited(certificate, input);
    assert!(contacts.add_certificate(&changed).is_err() || changed == *certificate, "a change was not seen");
    let changed = edits::edited(list, input);
    assert!(contacts.add_withdrawals(&changed).is_err() || changed == *list, "a change was not seen");
});
