//! A notice and preview keys: any bytes, and valid ones with changes.

#![no_main]

mod edits;

use ampoule::{Label, MemoryStore, Message, Recovery, Unlock, Vault, open_preview};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const KEY: [u8; 32] = [77; 32];

static MADE: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let (unlock, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
    let (vault, _) = Vault::create(MemoryStore::new(), "Clinic", &unlock, &none).expect("a vault is created");
    let chart = vault.create_chart().expect("a chart is founded");
    let thread = chart.start_thread("Knee pain", &Label::general()).expect("a thread is begun");
    let message = thread.send(&Message::text("It is not broken.")).expect("a message is sent");
    let notice = thread.notice(&message).expect("a message is there");
    let keys = vault.preview_keys(&[thread], &KEY).expect("keys are made");
    (notice, keys)
});

fuzz_target!(|input: &[u8]| {
    let (notice, keys) = &*MADE;
    assert!(open_preview(input, keys, &KEY).is_err(), "nobody sealed this");
    assert!(open_preview(notice, input, &KEY).is_err(), "nobody sealed these");
    for (changed, of) in [(edits::edited(notice, input), notice), (edits::edited(keys, input), keys)] {
        let opened =
            if of == notice { open_preview(&changed, keys, &KEY) } else { open_preview(notice, &changed, &KEY) };
        match opened {
            Ok(shown) => assert!(changed == *of && shown.text == "It is not broken.", "a change was not seen"),
            Err(_) => assert!(changed != *of, "what was sealed does not open"),
        }
    }
});
