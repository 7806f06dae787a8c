//! The stored state of a chart on the lower floor: any bytes, and one that is valid with changes.

#![no_main]

mod edits;

use ampoule::expert::{ChartKeys, Unlocked};
use ampoule::{MemberKind, Record, Recovery, Suite, Unlock};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static CHART: LazyLock<(Unlocked, Vec<u8>)> = LazyLock::new(|| {
    let key = Unlock::device_key(&[1; 32]);
    let none = Recovery::none_data_will_be_lost();
    let (unlocked, _) =
        Unlocked::create("Clinic", MemberKind::Service, &key, &none, Suite::default(), 1).expect("a vault is created");
    let state = ChartKeys::create(&unlocked, 1).and_then(|keys| keys.state(&unlocked)).expect("a chart is founded");
    (unlocked, state)
});

fuzz_target!(|input: &[u8]| {
    let (unlocked, state) = &*CHART;
    assert!(ChartKeys::load(input, unlocked).is_err(), "nobody sealed this");
    // Not all of the state is under one signature: cards that nobody needs may come and go. What loads works.
    if let Ok(keys) = ChartKeys::load(&edits::edited(state, input), unlocked) {
        let sealed = keys.seal(&Record::opaque("text/plain", "x"), 2).expect("keys that load seal");
        let original = ChartKeys::load(state, unlocked).expect("the state loads");
        let opened = original.open(&sealed).expect("and seal what the chart opens");
        assert_eq!(opened.record.content(), b"x");
    }
});
