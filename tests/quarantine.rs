//! What an author wrote who had not heard of a revocation, and what becomes of it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use ampoule::{
    Acceptance, Actor, Clock, Contact, Cursor, Due, EventKind, Grant, MemoryStore, Record, Recovery, Unlock, Vault,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

#[derive(Clone, Default)]
struct Hands(Arc<AtomicI64>);

impl Clock for Hands {
    fn now_ms(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

fn vault(name: &str, key: u8, clock: &Hands) -> Vault {
    let unlock = Unlock::device_key(&[key; 32]);
    let options = Vault::options().clock(clock.clone());
    options.create(MemoryStore::new(), name, &unlock, &Recovery::none_data_will_be_lost()).unwrap().0
}

fn meet(one: &Vault, other: &Vault) -> Contact {
    let card = other.card().unwrap();
    let contact = one.contacts().add(&card.to_bytes()).unwrap();
    contact.verify(&card.fingerprint().digits()).unwrap();
    contact
}

fn note(text: &str) -> Record {
    Record::opaque("text/plain", text)
}

#[test]
fn a_late_entry_of_an_honest_author_is_read_with_a_mark_and_sealed_anew() {
    let clock = Hands::default();
    let (clinic, lee, other) = (vault("Clinic", 1, &clock), vault("Lee", 2, &clock), vault("Other", 3, &clock));
    let (to_lee, to_other, to_clinic) = (meet(&clinic, &lee), meet(&clinic, &other), meet(&lee, &clinic));
    meet(&other, &clinic);
    let chart = clinic.create_chart().unwrap();
    chart.share(&to_lee, &Grant::write()).unwrap();
    chart.share(&to_other, &Grant::write()).unwrap();
    lee.import(&chart.export(&to_lee, Cursor::START).unwrap()).unwrap();
    let copy = lee.chart(&chart.id()).unwrap();
    let early = copy.put(&note("in time")).unwrap();
    clinic.import(&copy.export(&to_clinic, Cursor::START).unwrap()).unwrap();

    // Lee is offline while somebody else is revoked.
    chart.revoke(&to_other).unwrap();
    let actor =
        Actor { issuer: "urn:directory".into(), subject: "lee".into(), session: "s".into(), purpose: "TREAT".into() };
    let late = lee.batch(|batch| {
        batch.acting_for(actor.clone());
        batch.put(&copy, &note("on a home visit").named("visit"))
    });
    let late = late.unwrap();
    assert_eq!(lee.maintenance().unwrap(), []);
    let applied = clinic.import(&copy.export(&to_clinic, Cursor::START).unwrap()).unwrap();
    assert_eq!((applied.added, applied.quarantined, applied.rejected), (1, 0, 0));
    assert_eq!(chart.get(&late).unwrap().acceptance(), Acceptance::Late);
    assert_eq!(chart.get(&early).unwrap().acceptance(), Acceptance::Usual);
    assert_eq!(chart.list().unwrap().entries().len(), 2);

    // He hears of it, and his device does the rest: once, and only for what was late.
    lee.import(&chart.export(&to_lee, Cursor::START).unwrap()).unwrap();
    assert_eq!(copy.get(&late).unwrap().acceptance(), Acceptance::Usual);
    let due = Due::LateEntries { chart: chart.id(), entries: 1 };
    assert_eq!(lee.run_maintenance().unwrap(), [due]);
    assert_eq!(lee.maintenance().unwrap(), []);
    let applied = clinic.import(&copy.export(&to_clinic, Cursor::START).unwrap()).unwrap();
    assert_eq!((applied.added, applied.conflicts), (1, 0));
    let entry = chart.get(&late).unwrap();
    assert_eq!(
        (entry.acceptance(), entry.content(), entry.author()),
        (Acceptance::Usual, &b"on a home visit"[..], "Lee")
    );
    assert_eq!((entry.record().name(), entry.actor()), (Some("visit"), Some(&actor)));
    assert_eq!(chart.history(&late).unwrap().len(), 2);
    // The clinic's own is never late.
    chart.put(&note("at home")).unwrap();
    assert_eq!(clinic.maintenance().unwrap(), []);
}

/// Nothing is in doubt of what the custodian knew who revoked, or of what comes after a new grant.
#[test]
fn an_author_who_leaves_and_comes_back_keeps_what_he_wrote() {
    let clock = Hands::default();
    let (clinic, lee, kim) = (vault("Clinic", 1, &clock), vault("Lee", 2, &clock), vault("Kim", 3, &clock));
    let (to_lee, to_kim, to_clinic) = (meet(&clinic, &lee), meet(&clinic, &kim), meet(&lee, &clinic));
    meet(&kim, &clinic);
    let chart = clinic.create_chart().unwrap();
    let mut ids = Vec::new();
    for round in 0..3 {
        chart.share(&to_lee, &Grant::write()).unwrap();
        lee.import(&chart.export(&to_lee, Cursor::START).unwrap()).unwrap();
        let copy = lee.chart(&chart.id()).unwrap();
        ids.push(copy.put(&note(&format!("round {round}"))).unwrap());
        ids.push(copy.put(&note(&format!("round {round}, again"))).unwrap());
        let applied = clinic.import(&copy.export(&to_clinic, Cursor::START).unwrap()).unwrap();
        assert_eq!((applied.added, applied.quarantined), (2, 0));
        chart.revoke(&to_lee).unwrap();
    }
    chart.share(&to_kim, &Grant::read()).unwrap();
    let applied = kim.import(&chart.export(&to_kim, Cursor::START).unwrap()).unwrap();
    assert_eq!((applied.added, applied.quarantined, applied.rejected), (6, 0, 0));
    for vault in [&clinic, &kim] {
        let chart = vault.chart(&chart.id()).unwrap();
        assert!(ids.iter().all(|id| chart.get(id).unwrap().acceptance() == Acceptance::Usual));
        assert_eq!(chart.quarantined().unwrap(), []);
        assert!(vault.verify().unwrap().findings.is_empty());
    }
    assert!(clinic.audit().unwrap().iter().all(|event| event.kind != EventKind::Adopt));
}
