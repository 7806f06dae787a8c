//! A card: any bytes, and one that is valid with changes.

#![no_main]

mod edits;

use ampoule::expert::Unlocked;
use ampoule::{Card, MemberKind, Recovery, Suite, Unlock};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static CARD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = Unlock::device_key(&[1; 32]);
    let none = Recovery::none_data_will_be_lost();
    let created = Unlocked::create("Dr. Lee", MemberKind::Person, &key, &none, Suite::default(), 1);
    created.and_then(|(unlocked, _)| unlocked.card()).expect("a vault has a card").to_bytes()
});

fuzz_target!(|input: &[u8]| {
    if let Ok(card) = Card::from_bytes(input) {
        assert_eq!(card.to_bytes(), input, "a card has one form");
    }
    let changed = edits::edited(&CARD, input);
    if let Ok(card) = Card::from_bytes(&changed) {
        assert!(changed == *CARD, "a change was not seen");
        assert_eq!(card.name(), "Dr. Lee");
    }
});
