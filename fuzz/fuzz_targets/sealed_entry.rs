//! A sealed entry: any bytes, and one that is valid with changes.

#![no_main]

mod edits;

use ampoule::expert::{ChartKeys, SealedEntry, Unlocked};
use ampoule::{Code, MemberKind, Record, Recovery, Suite, Terms, Unlock};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ENTRY: LazyLock<(ChartKeys, Vec<u8>)> = LazyLock::new(|| {
    let key = Unlock::device_key(&[1; 32]);
    let none = Recovery::none_data_will_be_lost();
    let (unlocked, _) =
        Unlocked::create("Clinic", MemberKind::Service, &key, &none, Suite::default(), 1).expect("a vault is created");
    let keys = ChartKeys::create(&unlocked, 1).expect("a chart is founded");
    let code = Code { system: "urn:test".into(), value: "1".into() };
    let terms = Terms { kind: "Note".into(), codes: vec![code], words: Terms::fold("two words"), ..Terms::default() };
    let sealed = keys.seal(&Record::opaque("text/plain", "content").with_terms(terms), 2).expect("a record is sealed");
    (keys, sealed.to_bytes())
});

fuzz_target!(|input: &[u8]| {
    let (keys, valid) = &*ENTRY;
    let opens = |bytes: &[u8]| SealedEntry::from_bytes(bytes).and_then(|sealed| keys.open(&sealed)).ok();
    assert!(opens(input).is_none(), "nobody sealed this");
    let changed = edits::edited(valid, input);
    match opens(&changed) {
        Some(opened) => {
            assert!(changed == *valid, "a change was not seen");
            assert_eq!(opened.record.content(), b"content");
        }
        None => assert!(changed != *valid, "what was sealed does not open"),
    }
});
