//! The lower floor: an application that keeps sealed bytes and one state a chart in its own database.

#![allow(clippy::unwrap_used, reason = "tests")]

use ampoule::expert::{ChartKeys, Freshness, SealedEntry, Unlocked};
use ampoule::{Error, Grant, Label, MemberKind, Record, Recovery, Suite, Unlock};

fn member(name: &str, key: u8) -> Unlocked {
    let unlock = Unlock::device_key(&[key; 32]);
    let none = Recovery::none_data_will_be_lost();
    Unlocked::create(name, MemberKind::Service, &unlock, &none, Suite::default(), 1_000).unwrap().0
}

#[test]
fn seals_and_opens_from_stored_states() {
    let clinic = member("Riverside EHR", 1);
    let chart = ChartKeys::create(&clinic, 1_000).unwrap();
    let state = chart.state(&clinic).unwrap();
    let sealed = chart.seal(&Record::opaque("text/plain", "note"), 2_000).unwrap();
    let column = sealed.to_bytes();
    assert!(column.len() <= ChartKeys::sealed_size_max(4).unwrap());

    // Another process: only what was stored, and the factor.
    let again = Unlocked::open(clinic.bytes(), &Unlock::device_key(&[1; 32])).unwrap();
    let chart = ChartKeys::load(&state, &again).unwrap();
    let opened = chart.open(&SealedEntry::from_bytes(&column).unwrap()).unwrap();
    assert_eq!(opened.record.content(), b"note");
    assert_eq!((opened.time_ms, opened.freshness), (2_000, Freshness::Unverified));
    assert!(opened.parents.is_empty());
}

#[test]
fn another_entry_than_the_expected_is_refused() {
    let clinic = member("Riverside EHR", 1);
    let chart = ChartKeys::create(&clinic, 1_000).unwrap();
    let first = chart.seal(&Record::opaque("text/plain", "first"), 2_000).unwrap();
    let second = chart.seal(&Record::opaque("text/plain", "second"), 2_000).unwrap();
    let hash = chart.open(&first).unwrap().hash;
    assert_eq!(chart.open_expecting(&first, &hash).unwrap().record.content(), b"first");
    assert_eq!(chart.open_expecting(&second, &hash).unwrap_err(), Error::Unexpected);
}

#[test]
fn a_version_names_its_parent() {
    let clinic = member("Riverside EHR", 1);
    let chart = ChartKeys::create(&clinic, 1_000).unwrap();
    let first = chart.open(&chart.seal(&Record::opaque("text/plain", "first"), 2_000).unwrap()).unwrap();
    let next = Record::opaque("text/plain", "second");
    let second = chart.seal_version(first.entry, &[first.version], &next, 3_000).unwrap();
    let second = chart.open(&second).unwrap();
    assert_eq!((second.entry, second.parents), (first.entry, vec![first.version]));
}

#[test]
fn after_a_revocation_old_entries_open_and_can_be_wrapped_anew() {
    let (clinic, lee) = (member("Riverside EHR", 1), member("Dr. Lee", 2));
    let chart = ChartKeys::create(&clinic, 1_000).unwrap();
    let sealed = chart.seal(&Record::opaque("text/plain", "note"), 2_000).unwrap();
    let past = Grant::read().until(2_999);
    assert_eq!(chart.share(&lee.card().unwrap(), &past, 3_000).err(), Some(Error::UnfitGrant));
    let shared = chart.share(&lee.card().unwrap(), &Grant::read().label(Label::general()), 3_000).unwrap();
    let turned = shared.revoke(&lee.card().unwrap(), 4_000).unwrap();
    let turned = ChartKeys::load(&turned.state(&clinic).unwrap(), &clinic).unwrap();
    assert_eq!(turned.open(&sealed).unwrap().record.content(), b"note");
    let anew = turned.rewrap(&sealed).unwrap();
    assert_ne!(anew, sealed);
    assert_eq!(turned.open(&anew).unwrap().hash, turned.open(&sealed).unwrap().hash);
    // The keys of before do not open what was wrapped for the keys of after.
    assert!(matches!(chart.open(&anew).unwrap_err(), Error::Unopenable { .. } | Error::NotGranted));
}

/// What the clinic keeps after a share, and what it hands over.
fn shared(clinic: &Unlocked, with: &Unlocked, grant: &Grant) -> (ChartKeys, Vec<u8>) {
    let chart = ChartKeys::create(clinic, 1_000).unwrap();
    let shared = chart.share(&with.card().unwrap(), grant, 3_000).unwrap();
    // Another process hands it over.
    let shared = ChartKeys::load(&shared.state(clinic).unwrap(), clinic).unwrap();
    let handed = shared.grant_for(&with.card().unwrap()).unwrap();
    (shared, handed)
}

#[test]
fn a_member_takes_a_share_and_opens_what_is_shared_until_it_is_taken_back() {
    let (clinic, lee, kim) = (member("Riverside EHR", 1), member("Dr. Lee", 2), member("Dr. Kim", 3));
    let (chart, handed) = shared(&clinic, &lee, &Grant::write().label(Label::general()));
    let before = chart.seal(&Record::opaque("text/plain", "before"), 3_500).unwrap();
    let hidden = chart.seal(&Record::opaque("text/plain", "other").labelled(Label::restricted()), 3_500).unwrap();

    // What Dr. Lee keeps is a state of her own.
    let theirs = ChartKeys::take(&handed, &lee, &clinic.card().unwrap(), None).unwrap();
    let theirs = ChartKeys::load(&theirs.state(&lee).unwrap(), &lee).unwrap();
    assert_eq!(theirs.labels(), [Label::general()]);
    assert_eq!(theirs.open(&before).unwrap().record.content(), b"before");
    assert!(theirs.open(&hidden).is_err());
    let answer = theirs.seal(&Record::opaque("text/plain", "answer").labelled(Label::general()), 4_000).unwrap();
    assert_eq!(chart.open(&answer).unwrap().record.content(), b"answer");

    // Dr. Kim joins, and Dr. Lee leaves: what is sealed after that is for those who stay.
    let chart = chart.share(&kim.card().unwrap(), &Grant::read(), 5_000).unwrap();
    let early = ChartKeys::take(&chart.grant_for(&kim.card().unwrap()).unwrap(), &kim, &clinic.card().unwrap(), None);
    let early = early.unwrap();
    let chart = chart.revoke(&lee.card().unwrap(), 6_000).unwrap();
    let chart = ChartKeys::load(&chart.state(&clinic).unwrap(), &clinic).unwrap();
    let after = chart.seal(&Record::opaque("text/plain", "after"), 7_000).unwrap();
    assert!(theirs.open(&after).is_err());
    assert!(early.open(&after).is_err());
    assert_eq!(chart.grant_for(&lee.card().unwrap()).unwrap_err(), Error::NoSuchMember);
    let handed_again = chart.grant_for(&kim.card().unwrap()).unwrap();
    let stays = ChartKeys::take(&handed_again, &kim, &clinic.card().unwrap(), Some(&early)).unwrap();
    for (sealed, content) in [(&before, "before"), (&answer, "answer"), (&after, "after")] {
        assert_eq!(stays.open(sealed).unwrap().record.content(), content.as_bytes());
    }
}

#[test]
fn whoever_stays_without_history_keeps_what_was_taken_before() {
    let (clinic, lee, kim) = (member("Riverside EHR", 1), member("Dr. Lee", 2), member("Dr. Kim", 3));
    let (chart, handed) = shared(&clinic, &lee, &Grant::read().without_history());
    let first = chart.seal(&Record::opaque("text/plain", "first"), 3_500).unwrap();
    let theirs = ChartKeys::take(&handed, &lee, &clinic.card().unwrap(), None).unwrap();
    let chart = chart.share(&kim.card().unwrap(), &Grant::read(), 4_000).unwrap();
    let chart = chart.revoke(&kim.card().unwrap(), 5_000).unwrap();
    let second = chart.seal(&Record::opaque("text/plain", "second"), 6_000).unwrap();
    let handed_again = chart.grant_for(&lee.card().unwrap()).unwrap();
    let anew = ChartKeys::take(&handed_again, &lee, &clinic.card().unwrap(), None).unwrap();
    let after = ChartKeys::take(&handed_again, &lee, &clinic.card().unwrap(), Some(&theirs)).unwrap();
    assert!(anew.open(&first).is_err());
    assert_eq!(after.open(&first).unwrap().record.content(), b"first");
    assert_eq!(after.open(&second).unwrap().record.content(), b"second");
    // One who holds the newer state does not go back.
    let back = ChartKeys::take(&handed, &lee, &clinic.card().unwrap(), Some(&after));
    assert_eq!(back.unwrap_err(), Error::Superseded);
}

#[test]
fn a08_a_share_of_a_stranger_is_refused_and_one_for_another_does_not_open() {
    let (clinic, lee, eve) = (member("Riverside EHR", 1), member("Dr. Lee", 2), member("Riverside EHR", 3));
    let (_, handed) = shared(&clinic, &lee, &Grant::read());
    let (_, forged) = shared(&eve, &lee, &Grant::read());
    let from = clinic.card().unwrap();
    assert_eq!(ChartKeys::take(&forged, &lee, &from, None).unwrap_err(), Error::UnverifiedContact);
    assert!(matches!(ChartKeys::take(&handed, &eve, &from, None).unwrap_err(), Error::Unopenable { .. }));
    for at in (0..handed.len()).step_by(11) {
        let mut changed = handed.clone();
        changed[at] ^= 1;
        assert!(ChartKeys::take(&changed, &lee, &from, None).is_err(), "byte {at}");
        assert!(ChartKeys::take(&handed[..at], &lee, &from, None).is_err(), "{at} bytes");
    }
}

#[test]
fn a_state_opens_for_its_vault_only_and_every_change_of_it_is_refused() {
    let (clinic, other) = (member("Riverside EHR", 1), member("Other", 2));
    let chart = ChartKeys::create(&clinic, 1_000).unwrap();
    let state = chart.state(&clinic).unwrap();
    assert!(ChartKeys::load(&state, &other).is_err());
    for at in (0..state.len()).step_by(7) {
        let mut changed = state.clone();
        if let Some(byte) = changed.get_mut(at) {
            *byte ^= 1;
        }
        assert!(ChartKeys::load(&changed, &clinic).is_err(), "byte {at}");
    }
}
