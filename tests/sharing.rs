//! Who may read, write, share and revoke, from when and until when.

#![allow(clippy::unwrap_used, reason = "tests")]

use ampoule::{
    Acceptance, Clock, Contact, Cursor, Due, Error, Grant, Label, MemoryStore, NotHere, Purpose, Record, Recovery,
    Rights, Standing, Unlock, Vault,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

#[derive(Clone, Default)]
struct Hands(Arc<AtomicI64>);

impl Clock for Hands {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn vault(name: &str, key: u8, clock: &Hands) -> Vault {
    let unlock = Unlock::device_key(&[key; 32]);
    let options = Vault::options().clock(clock.clone());
    options.create(MemoryStore::new(), name, &unlock, &Recovery::none_data_will_be_lost()).unwrap().0
}

/// `b` as a verified contact of `a`, and `a` as one of `b`.
fn acquaint(a: &Vault, b: &Vault) -> (Contact, Contact) {
    let know = |one: &Vault, other: &Vault| {
        let card = other.card().unwrap();
        let contact = one.contacts().add(&card.to_bytes()).unwrap();
        contact.verify(&card.fingerprint().digits()).unwrap();
        contact
    };
    (know(a, b), know(b, a))
}

fn note(text: &str) -> Record {
    Record::opaque("text/plain", text)
}

#[test]
fn without_history_only_what_follows_the_last_revocation_is_read() {
    let clock = Hands::default();
    let (clinic, first, second) = (vault("Clinic", 1, &clock), vault("First", 2, &clock), vault("Second", 3, &clock));
    let ((to_first, _), (to_second, _)) = (acquaint(&clinic, &first), acquaint(&clinic, &second));
    let chart = clinic.create_chart().unwrap();
    let before = chart.put(&note("before")).unwrap();
    chart.share(&to_first, &Grant::read()).unwrap();
    chart.revoke(&to_first).unwrap();
    let after = chart.put(&note("after")).unwrap();
    chart.share(&to_second, &Grant::read().without_history()).unwrap();
    let applied = second.import(&chart.export(&to_second, Cursor::START).unwrap()).unwrap();
    assert_eq!((applied.added, applied.rejected), (1, 0));
    let copy = second.chart(&chart.id()).unwrap();
    assert_eq!(copy.get(&after).unwrap().content(), b"after");
    assert_eq!(copy.get(&before).unwrap_err(), Error::UnknownEntry);
    // Nor is what the first could once have read sent to him again.
    chart.share(&to_first, &Grant::read().without_history()).unwrap();
    let applied = first.import(&chart.export(&to_first, Cursor::START).unwrap()).unwrap();
    assert_eq!((applied.added, applied.rejected), (1, 0));
}

#[test]
fn with_history_all_of_a_label_is_read_over_several_revocations() {
    let clock = Hands::default();
    let (clinic, other, lee) = (vault("Clinic", 1, &clock), vault("Other", 2, &clock), vault("Lee", 3, &clock));
    let ((to_other, _), (to_lee, _)) = (acquaint(&clinic, &other), acquaint(&clinic, &lee));
    let chart = clinic.create_chart().unwrap();
    let mut ids = Vec::new();
    for round in 0..3 {
        ids.push(chart.put(&note(&format!("round {round}"))).unwrap());
        chart.share(&to_other, &Grant::read()).unwrap();
        chart.revoke(&to_other).unwrap();
    }
    chart.share(&to_lee, &Grant::read().label(Label::general())).unwrap();
    let applied = lee.import(&chart.export(&to_lee, Cursor::START).unwrap()).unwrap();
    assert_eq!((applied.added, applied.rejected), (3, 0));
    let copy = lee.chart(&chart.id()).unwrap();
    assert!(ids.iter().all(|id| copy.get(id).is_ok()));
    // One who stays over a revocation reads on.
    chart.share(&to_other, &Grant::read()).unwrap();
    chart.revoke(&to_other).unwrap();
    let later = chart.put(&note("later")).unwrap();
    assert_eq!(lee.import(&chart.export(&to_lee, applied.next).unwrap()).unwrap().added, 1);
    assert_eq!(copy.get(&later).unwrap().content(), b"later");
}

/// Who may read a part, from some day on, over revocations and with a cursor, is told of nothing that is missing.
#[test]
fn nothing_is_missed_where_nothing_was_granted() {
    let clock = Hands::default();
    let (clinic, author, lee) = (vault("Clinic", 1, &clock), vault("Author", 4, &clock), vault("Lee", 2, &clock));
    let other = vault("Other", 3, &clock);
    let ((to_lee, _), (to_other, _)) = (acquaint(&clinic, &lee), acquaint(&clinic, &other));
    let (to_author, to_clinic) = acquaint(&clinic, &author);
    let chart = clinic.create_chart().unwrap();
    let psy = || Label::new("psy").unwrap();
    chart.share(&to_author, &Grant::write()).unwrap();
    author.import(&chart.export(&to_author, Cursor::START).unwrap()).unwrap();
    let authors = author.chart(&chart.id()).unwrap();
    let general = Grant::read().label(Label::general()).without_history();
    let (mut sent, mut next, mut in_all) = (Cursor::START, Cursor::START, 0);
    // In each round six are written, two of them with the other label. Before the bundle goes out the keys turn, or
    // something is granted.
    let rounds = [
        (true, Some(general), 0),
        (false, None, 4),
        (true, None, 4),
        (false, Some(Grant::read().label(psy())), 4 + 8),
        (true, None, 6),
    ];
    for (round, (turn, grant, expected)) in rounds.into_iter().enumerate() {
        for text in ["one", "two"] {
            authors.put(&note(text)).unwrap();
            authors.put(&note(text).labelled(psy())).unwrap();
            chart.put(&note(text)).unwrap();
        }
        let applied = clinic.import(&authors.export(&to_clinic, sent).unwrap()).unwrap();
        assert_eq!((applied.added, applied.gaps, applied.repeated), (4, 0, 0), "round {round}");
        sent = applied.next;
        if turn {
            chart.share(&to_other, &Grant::read()).unwrap();
            chart.revoke(&to_other).unwrap();
            let applied = author.import(&chart.export(&to_author, Cursor::START).unwrap()).unwrap();
            assert_eq!((applied.gaps, applied.rejected), (0, 0), "round {round}");
        }
        if let Some(grant) = grant {
            chart.share(&to_lee, &grant).unwrap();
        }
        let applied = lee.import(&chart.export(&to_lee, next).unwrap()).unwrap();
        next = applied.next;
        in_all += expected;
        let read = lee.chart(&chart.id()).unwrap().list().unwrap().entries().len();
        assert_eq!((applied.added, u64::try_from(read).unwrap()), (expected, in_all), "round {round}");
        assert_eq!((applied.gaps, applied.repeated, applied.rejected), (0, 0, 0), "round {round}");
        assert_eq!(lee.verify().unwrap().findings, [], "round {round}");
    }
}

#[test]
fn who_was_granted_a_label_knows_how_many_he_was_not() {
    let clock = Hands::default();
    let (clinic, lee) = (vault("Clinic", 1, &clock), vault("Lee", 2, &clock));
    let (to_lee, _) = acquaint(&clinic, &lee);
    let chart = clinic.create_chart().unwrap();
    assert_eq!(chart.not_here().unwrap(), []);
    chart.share(&to_lee, &Grant::read().label(Label::general())).unwrap();
    lee.import(&chart.export(&to_lee, Cursor::START).unwrap()).unwrap();
    let copy = lee.chart(&chart.id()).unwrap();
    assert_eq!(copy.not_here().unwrap(), [NotHere::OutsideScope { chart: chart.id(), labels: 7 }]);
}

#[test]
fn a_reader_neither_writes_nor_shares() {
    let clock = Hands::default();
    let (clinic, lee) = (vault("Clinic", 1, &clock), vault("Lee", 2, &clock));
    let (to_lee, to_clinic) = acquaint(&clinic, &lee);
    let chart = clinic.create_chart().unwrap();
    assert_eq!(chart.share(&to_lee, &Grant::read().purpose(Purpose::Treat)).unwrap(), Standing::Committed);
    lee.import(&chart.export(&to_lee, Cursor::START).unwrap()).unwrap();
    let copy = lee.chart(&chart.id()).unwrap();
    assert_eq!(copy.put(&note("x")).unwrap_err(), Error::NotGranted);
    assert_eq!(copy.share(&to_clinic, &Grant::read()).unwrap_err(), Error::NotCustodian);
    assert_eq!(copy.revoke(&to_clinic).unwrap_err(), Error::NotCustodian);
    let shares = chart.shares().unwrap();
    assert!(shares.iter().any(|share| share.name == "Lee" && share.rights == Rights::Read));
}

#[test]
fn a_custodian_elsewhere_reads_all_and_does_not_revoke_who_administers() {
    let clock = Hands::default();
    let (clinic, guardian) = (vault("Clinic", 1, &clock), vault("Guardian", 2, &clock));
    let (to_guardian, to_clinic) = acquaint(&clinic, &guardian);
    let chart = clinic.create_chart().unwrap();
    let id = chart.put(&note("x").labelled(Label::new("psy").unwrap())).unwrap();
    let limited = Grant::custodian().label(Label::general());
    assert_eq!(chart.share(&to_guardian, &limited).unwrap_err(), Error::UnfitGrant);
    chart.share(&to_guardian, &Grant::custodian()).unwrap();
    guardian.import(&chart.export(&to_guardian, Cursor::START).unwrap()).unwrap();
    let copy = guardian.chart(&chart.id()).unwrap();
    assert_eq!(copy.get(&id).unwrap().content(), b"x");
    assert_eq!(copy.revoke(&to_clinic).unwrap_err(), Error::KeepsHome);
    let hers = copy.put(&note("hers")).unwrap();
    clinic.import(&copy.export(&to_clinic, Cursor::START).unwrap()).unwrap();
    assert_eq!(chart.get(&hers).unwrap().author(), "Guardian");
}

/// A guardian shares and revokes from her own vault; the clinic's records it, and sends word back.
#[test]
fn a_custodian_elsewhere_proposes_and_the_one_who_administers_records() {
    let clock = Hands::default();
    let (clinic, guardian, lee) = (vault("Clinic", 1, &clock), vault("Guardian", 2, &clock), vault("Lee", 3, &clock));
    let ((to_guardian, to_clinic), (her_lee, _)) = (acquaint(&clinic, &guardian), acquaint(&guardian, &lee));
    let (_, lees_clinic) = acquaint(&clinic, &lee);
    let clinics_lee = clinic.contacts().add(&lee.card().unwrap().to_bytes()).unwrap();
    let chart = clinic.create_chart().unwrap();
    let id = chart.put(&note("x")).unwrap();
    chart.share(&to_guardian, &Grant::custodian()).unwrap();
    guardian.import(&chart.export(&to_guardian, Cursor::START).unwrap()).unwrap();
    let copy = guardian.chart(&chart.id()).unwrap();
    let there = |from: &ampoule::Chart| clinic.import(&from.export(&to_clinic, Cursor::START).unwrap()).unwrap();
    let back = || guardian.import(&chart.export(&to_guardian, Cursor::START).unwrap()).unwrap();

    assert_eq!(copy.share(&her_lee, &Grant::write()).unwrap(), Standing::Proposed);
    assert_eq!((copy.waiting().unwrap(), copy.shares().unwrap().len()), (1, 2));
    assert_eq!(back().confirmed, 0);
    assert_eq!(there(&copy).recorded, 1);
    assert_eq!(chart.shares().unwrap().len(), 3);
    let applied = back();
    assert_eq!((applied.confirmed, applied.superseded, copy.waiting().unwrap()), (1, 0, 0));
    assert_eq!(copy.shares().unwrap().len(), 3);
    // Lee's grant is the guardian's, and it is the clinic that he knows: somebody whom he knows has to give him the chart.
    let bundle = chart.export(&clinics_lee, Cursor::START).unwrap();
    assert_eq!(lee.import(&bundle).unwrap().added, 1);
    assert_eq!(lee.chart(&chart.id()).unwrap().get(&id).unwrap().content(), b"x");
    let written = lee.chart(&chart.id()).unwrap().put(&note("of Lee")).unwrap();
    clinic.import(&lee.chart(&chart.id()).unwrap().export(&lees_clinic, Cursor::START).unwrap()).unwrap();

    // She revokes him, and has not heard of what he wrote: the clinic goes on reading it, with a mark.
    assert_eq!(copy.revoke(&her_lee).unwrap(), Standing::Proposed);
    assert!(lee.chart(&chart.id()).unwrap().get(&id).is_ok());
    let applied = there(&copy);
    assert_eq!((applied.recorded, applied.disputed), (1, 1));
    assert_eq!(chart.get(&written).unwrap().acceptance(), Acceptance::Disputed);
    let applied = back();
    assert_eq!((applied.confirmed, applied.quarantined), (1, 1));
    lee.import(&chart.export(&clinics_lee, Cursor::START).unwrap()).unwrap();
    assert_eq!(lee.chart(&chart.id()).unwrap().get(&id).unwrap_err(), Error::GrantEnded);
    // And lets it in.
    let version = copy.quarantined().unwrap()[0].version;
    assert_eq!(copy.adopt(&version, "before I knew of it").unwrap(), Standing::Proposed);
    assert_eq!(copy.get(&written).unwrap_err(), Error::Quarantined);
    assert_eq!((there(&copy).recorded, back().confirmed), (1, 1));
    for chart in [&chart, &copy] {
        assert_eq!(chart.get(&written).unwrap().acceptance(), Acceptance::Adopted);
    }

    // Then her vault administers the chart, and the clinic proposes.
    assert_eq!(copy.administer_here().unwrap(), Standing::Proposed);
    assert_eq!((there(&copy).recorded, back().confirmed), (1, 1));
    assert_eq!(copy.share(&her_lee, &Grant::read()).unwrap(), Standing::Committed);
    there(&copy);
    assert_eq!(chart.revoke(&clinics_lee).unwrap(), Standing::Proposed);
    assert_eq!((back().recorded, there(&copy).confirmed), (1, 1));
    assert_eq!(copy.revoke(&to_clinic).unwrap(), Standing::Committed);
    for vault in [&guardian, &lee] {
        assert_eq!(vault.verify().unwrap().findings, []);
    }
}

#[test]
fn a_grant_ends_by_its_date_and_maintenance_turns_the_keys() {
    let clock = Hands::default();
    let (clinic, lee) = (vault("Clinic", 1, &clock), vault("Lee", 2, &clock));
    let (to_lee, _) = acquaint(&clinic, &lee);
    let chart = clinic.create_chart().unwrap();
    let id = chart.put(&note("x")).unwrap();
    // Seconds where milliseconds are meant: a day that was.
    clock.0.store(500, Ordering::Relaxed);
    assert_eq!(chart.share(&to_lee, &Grant::write().until(499)).unwrap_err(), Error::UnfitGrant);
    chart.share(&to_lee, &Grant::write().until(1_000)).unwrap();
    lee.import(&chart.export(&to_lee, Cursor::START).unwrap()).unwrap();
    let copy = lee.chart(&chart.id()).unwrap();
    assert_eq!(copy.get(&id).unwrap().content(), b"x");
    assert_eq!(clinic.maintenance().unwrap(), []);
    clock.0.store(1_001, Ordering::Relaxed);
    assert_eq!(copy.get(&id).unwrap_err(), Error::GrantEnded);
    assert_eq!(copy.put(&note("late")).unwrap_err(), Error::GrantEnded);
    let due = Due::EndedGrants { chart: chart.id(), members: 1 };
    assert_eq!(clinic.run_maintenance().unwrap(), [due]);
    assert_eq!(clinic.maintenance().unwrap(), []);
    assert!(!chart.shares().unwrap().iter().any(|share| share.name == "Lee"));
    assert_eq!(chart.get(&id).unwrap().content(), b"x");
}

#[test]
fn nothing_is_shared_with_somebody_who_was_not_verified() {
    let clock = Hands::default();
    let (clinic, lee) = (vault("Clinic", 1, &clock), vault("Lee", 2, &clock));
    let chart = clinic.create_chart().unwrap();
    let contact = clinic.contacts().add(&lee.card().unwrap().to_bytes()).unwrap();
    assert_eq!(chart.share(&contact, &Grant::read()).unwrap_err(), Error::UnverifiedContact);
    assert_eq!(contact.verify("00000 00000").unwrap_err(), Error::FingerprintMismatch);
    contact.verify(&lee.card().unwrap().fingerprint().words()).unwrap();
    chart.share(&contact, &Grant::read()).unwrap();
    // Nor is anything taken from somebody unknown.
    let bundle = chart.export(&contact, Cursor::START).unwrap();
    assert_eq!(lee.import(&bundle).unwrap_err(), Error::UnknownContact);
    assert_eq!(clinic.import(&bundle).unwrap_err(), Error::ForeignBundle);
}

#[test]
fn the_last_custodian_stays() {
    let clock = Hands::default();
    let (clinic, lee) = (vault("Clinic", 1, &clock), vault("Lee", 2, &clock));
    let (to_lee, _) = acquaint(&clinic, &lee);
    let chart = clinic.create_chart().unwrap();
    assert_eq!(chart.revoke(&to_lee).unwrap_err(), Error::NoSuchMember);
}

#[test]
fn handles_are_shared_between_threads() {
    fn shareable<T: Send + Sync + Clone>(_: &T) {}
    let clock = Hands::default();
    let clinic = vault("Clinic", 1, &clock);
    let chart = clinic.create_chart().unwrap();
    shareable(&clinic);
    shareable(&chart);
    let ids: Vec<_> = (0..20).map(|n| chart.put(&note(&format!("note {n}"))).unwrap()).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for (n, id) in ids.iter().enumerate() {
                    assert_eq!(chart.get(id).unwrap().content(), format!("note {n}").as_bytes());
                }
            });
        }
        scope.spawn(|| chart.put(&note("meanwhile")).unwrap());
    });
    clinic.lock();
    assert_eq!(chart.list().unwrap_err(), Error::Locked);
    clinic.unlock(&Unlock::device_key(&[1; 32])).unwrap();
    assert_eq!(chart.list().unwrap().entries().len(), 21);
}

/// What one vault of a process knows of somebody does not count in another.
#[test]
fn a_contact_of_another_vault_is_unknown() {
    let clock = Hands::default();
    let (clinic, other, lee) = (vault("Clinic", 1, &clock), vault("Other", 2, &clock), vault("Lee", 3, &clock));
    let (foreign, _) = acquaint(&other, &lee);
    let chart = clinic.create_chart().unwrap();
    assert_eq!(chart.share(&foreign, &Grant::read()), Err(Error::UnknownContact));
    assert_eq!(chart.revoke(&foreign), Err(Error::UnknownContact));
    assert_eq!(chart.resolve_fork(&[&foreign]), Err(Error::UnknownContact));
    assert_eq!(chart.export(&foreign, Cursor::START).err(), Some(Error::UnknownContact));
    assert_eq!(clinic.export_audit_to(&foreign, &chart.id()).err(), Some(Error::UnknownContact));
    assert_eq!(chart.shares().unwrap().len(), 1);
}

#[test]
fn a_locked_vault_takes_nothing_in() {
    let clinic = vault("Clinic", 1, &Hands::default());
    assert_eq!(clinic.import(b"no bundle").err(), Some(Error::DamagedBundle));
    clinic.lock();
    assert_eq!(clinic.import(b"no bundle").err(), Some(Error::Locked));
}

/// A phone was lost, and its owner has a new vault: what was shared with the old one is taken back by the same contact.
#[test]
fn what_was_shared_with_a_card_that_was_replaced_is_revoked() {
    let clock = Hands::default();
    let (clinic, lost, new) = (vault("Clinic", 1, &clock), vault("Lee", 2, &clock), vault("Lee", 3, &clock));
    let (lee, to_clinic) = acquaint(&clinic, &lost);
    let (chart, other) = (clinic.create_chart().unwrap(), clinic.create_chart().unwrap());
    chart.put(&note("before")).unwrap();
    for chart in [&chart, &other] {
        chart.share(&lee, &Grant::write()).unwrap();
        lost.import(&chart.export(&lee, Cursor::START).unwrap()).unwrap();
    }
    let card = new.card().unwrap();
    clinic.contacts().replace(&lee, &card.to_bytes()).unwrap();
    // Nothing is sent to a card that nobody has compared, and the error says so.
    assert_eq!(chart.export(&lee, Cursor::START).unwrap_err(), Error::ChangedContact);
    chart.revoke(&lee).unwrap();
    assert_eq!(chart.shares().unwrap().len(), 1);
    assert_eq!(chart.revoke(&lee).unwrap_err(), Error::NoSuchMember);
    // Also where the new card has a grant beside the old one, and after the vault was closed.
    lee.verify(&card.fingerprint().digits()).unwrap();
    assert_eq!(chart.export(&lee, Cursor::START).unwrap_err(), Error::NoSuchMember);
    other.share(&lee, &Grant::read()).unwrap();
    assert_eq!(other.shares().unwrap().len(), 3);
    clinic.lock();
    clinic.unlock(&Unlock::device_key(&[1; 32])).unwrap();
    let (other, lee) = (clinic.chart(&other.id()).unwrap(), clinic.contacts().get(lee.id()).unwrap());
    other.revoke(&lee).unwrap();
    assert_eq!(other.shares().unwrap().len(), 1);
    // What the lost phone writes now is kept apart.
    let late = lost.chart(&other.id()).unwrap();
    late.put(&note("late")).unwrap();
    let applied = clinic.import(&late.export(&to_clinic, Cursor::START).unwrap()).unwrap();
    assert_eq!((applied.quarantined, other.list().unwrap().entries().len()), (1, 0));
}
