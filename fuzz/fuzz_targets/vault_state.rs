//! The stored state of a vault: any bytes, and one that is valid with changes.

#![no_main]

mod edits;

use ampoule::expert::Unlocked;
use ampoule::{MemberKind, Recovery, Suite, Unlock};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static STATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let second = Recovery::also(Unlock::device_key(&[2; 32]));
    let created = Unlocked::create("Clinic", MemberKind::Service, &key(), &second, Suite::default(), 1);
    created.expect("a vault is created").0.bytes().to_vec()
});

fn key() -> Unlock {
    Unlock::device_key(&[1; 32])
}

fuzz_target!(|input: &[u8]| {
    assert!(Unlocked::open(input, &key()).is_err(), "nobody sealed this");
    let changed = edits::edited(&STATE, input);
    if Unlocked::open(&changed, &key()).is_ok() {
        assert!(changed == *STATE, "a change was not seen");
    }
});
