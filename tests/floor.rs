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
