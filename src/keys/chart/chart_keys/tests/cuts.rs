//! What the revoked wrote, and what others wrote late.

use super::*;
use crate::keys::chart::ledger::Adopt;

/// Attack 58: a revoked author writes with an old date and an old epoch's key; a colleague is late and honest.
#[test]
fn h58_what_the_revoked_writes_later_is_kept_apart_and_a_late_note_is_not() {
    let (mut clinic, mut lee, mut mallory) = (Party::founder("Clinic"), Party::new("Lee"), Party::new("Mallory"));
    clinic.share(&lee, &Grant::write());
    clinic.share(&mallory, &Grant::write());
    lee.hear(&clinic);
    mallory.hear(&clinic);
    let (first, second) = (mallory.write("first"), mallory.write("second"));
    let note = lee.write("written offline");
    for entry in [&first, &second, &note] {
        assert_eq!(clinic.standing(entry, None), Ok(EntryStanding::Normal));
    }
    // The clinic has two entries of hers when it revokes. Lee has a third, and one that she slipped in as another first.
    let third = mallory.write("third");
    let other_first = seal(&mallory.keys(), "other", Some(Chain { seq: 1, previous: Hash::from_bytes([0; 32]) }));
    let unchained = seal(&mallory.keys(), "unchained", None);
    let late = [&third, &other_first, &unchained];
    for entry in late.into_iter().chain([&first, &second]) {
        assert_eq!(lee.standing(entry, None), Ok(EntryStanding::Normal));
    }
    let before = Some(lee.keys().authority().head_seq());
    clinic.revoke(&mallory, mallory.point(&second, 2));
    lee.hear(&clinic);
    for entry in [&first, &second] {
        assert_eq!(clinic.standing(entry, None), Ok(EntryStanding::Normal));
        assert_eq!(lee.standing(entry, before), Ok(EntryStanding::Normal));
    }
    for entry in late {
        assert_eq!(clinic.standing(entry, None), Ok(EntryStanding::Quarantined));
        assert_eq!(lee.standing(entry, None), Ok(EntryStanding::Quarantined));
        assert_eq!(lee.standing(entry, before), Ok(EntryStanding::Disputed));
    }
    assert_eq!(clinic.standing(&note, before), Ok(EntryStanding::Normal));
    assert_eq!(clinic.standing(&note, None), Ok(EntryStanding::Late));

    // A custodian lets one of them in. Somebody who comes later sees all of it alike.
    let adopt = Intent::Adopt { object: third.hash(), reason: "she called it in before she left".into() };
    clinic.do_step(&adopt).unwrap();
    assert!(clinic.do_step(&adopt).is_err());
    let mut newcomer = Party::new("Newcomer");
    clinic.share(&newcomer, &Grant::read());
    newcomer.hear(&clinic);
    for reader in [&mut clinic, &mut newcomer] {
        assert_eq!(reader.standing(&third, None), Ok(EntryStanding::Adopted));
        assert_eq!(reader.standing(&unchained, None), Ok(EntryStanding::Quarantined));
    }
    // Until the second is there, nothing proves that the first is before it.
    assert_eq!(newcomer.standing(&first, None), Ok(EntryStanding::Quarantined));
    assert_eq!(newcomer.standing(&second, None), Ok(EntryStanding::Normal));
    assert_eq!(newcomer.standing(&first, None), Ok(EntryStanding::Normal));

    // She comes back: what she writes from then on counts, what she wrote between does not.
    clinic.share(&mallory, &Grant::write());
    mallory.hear(&clinic);
    let back = mallory.write("back");
    assert_eq!(clinic.standing(&back, None), Ok(EntryStanding::Normal));
    assert_eq!(clinic.standing(&unchained, None), Ok(EntryStanding::Quarantined));
}

/// Each reader opens the cuts of the compartments that he may read, and no others.
#[test]
fn cuts_open_with_the_compartment_and_not_without() {
    let (mut clinic, mut lee, mut mallory) = (Party::founder("Clinic"), Party::new("Lee"), Party::new("Mallory"));
    let general = Label::general();
    clinic.share(&mallory, &Grant::write());
    mallory.hear(&clinic);
    let (entry, slot) = (mallory.write("x"), clinic.keys().slot_for(None).unwrap());
    let restricted = Label::standard().into_iter().find(|label| *label != general).unwrap();
    clinic.share(&lee, &Grant::read().label(restricted).without_history());
    lee.hear(&clinic);
    clinic.revoke(&mallory, mallory.point(&entry, 1));
    lee.hear(&clinic);
    let state = clinic.keys().authority().states()[&1].compartments.clone();
    let of = |party: &Party| -> Vec<Option<usize>> {
        let keys = party.keys();
        let turn = keys.authority().head();
        state.iter().map(|each| keys.cuts().get(turn, each.id).map(<[CutPoint]>::len)).collect()
    };
    let points: Vec<_> = (0_u8..8).map(|at| Some(usize::from(at == slot))).collect();
    assert_eq!(of(&clinic), points);
    let readable: Vec<_> = of(&lee).into_iter().flatten().collect();
    assert_eq!(readable, [0]);
}

/// One who was revoked and is granted again, without what was between, reads on from there.
#[test]
fn a_gap_in_what_a_member_may_read_is_no_damage() {
    let (mut clinic, mut lee) = (Party::founder("Clinic"), Party::new("Lee"));
    clinic.share(&lee, &Grant::write());
    lee.hear(&clinic);
    clinic.revoke(&lee, |_| Vec::new());
    lee.hear(&clinic);
    assert_eq!(lee.keys().require_access(3), Err(Error::GrantEnded));
    clinic.do_step(&Intent::Revoke { roots: Vec::new() }).unwrap();
    clinic.share(&lee, &Grant::write().without_history());
    lee.hear(&clinic);
    assert_eq!(lee.keys().require_access(3), Ok(()));
    let entry = lee.write("again");
    assert_eq!(clinic.standing(&entry, None), Ok(EntryStanding::Normal));
}

/// A home that lies seals an entry for one whom it revoked, with the keys that he still has: he takes no part of the ledger
/// for the whole.
#[test]
fn nothing_but_a_turn_is_followed_after_what_could_not_be_read() {
    let (mut clinic, mut lee) = (Party::founder("Clinic"), Party::new("Lee"));
    clinic.share(&lee, &Grant::write());
    lee.hear(&clinic);
    let (epoch, key) = clinic.keys().newest_ledger_key().unwrap();
    let home = clinic.ring.home().unwrap();
    let read_by_lee = |clinic: &Party| {
        let keys = clinic.keys();
        let entry = LedgerEntry {
            version: Version1,
            chart: keys.chart(),
            seq: keys.head_seq() + 1,
            previous: keys.head(),
            actor: clinic.identity.device_card.hash(),
            authority: 0,
            time_ms: 3,
            act: Act::Adopt(Adopt { object: Hash::from_bytes([7; 32]), reason: "known".into() }),
            extensions: Extensions::default(),
        };
        let stored = seal_entry(keys.suite(), &entry, epoch, &key, &clinic.identity.ledger).unwrap();
        let receipt = receipt(keys.chart(), entry.seq, entry_hash(&stored), &home, None).unwrap();
        let rows = [&clinic.rows.main[..], &[LedgerRow { stored, receipt }]].concat();
        ChartKeys::assemble(rows, lee.ring.clone(), lee.cards.clone(), &lee.identity)
    };
    assert!(read_by_lee(&clinic).is_ok());
    clinic.revoke(&lee, |_| Vec::new());
    assert!(matches!(read_by_lee(&clinic), Err(Error::Unopenable { .. })));
}

/// Whom a turn has left out cannot say of a newer epoch that there is none.
#[test]
fn what_was_sealed_after_a_revocation_is_not_granted_and_no_damage() {
    let (mut clinic, mut lee) = (Party::founder("Clinic"), Party::new("Lee"));
    clinic.share(&lee, &Grant::write());
    lee.hear(&clinic);
    clinic.revoke(&lee, |_| Vec::new());
    let entry = clinic.write("after");
    assert!(matches!(lee.standing(&entry, None), Err(Error::Unopenable { .. })));
    lee.hear(&clinic);
    assert_eq!(lee.standing(&entry, None), Err(Error::NotGranted));
}
