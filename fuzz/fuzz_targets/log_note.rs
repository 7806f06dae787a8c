//! The signed head of a log: any bytes, and one that is valid with changes.

#![no_main]

mod edits;

use ampoule::testing::logs::{Part, Sample};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| Sample::new().expect("a log works"));

fuzz_target!(|input: &[u8]| {
    if let Some(again) = Part::Note.read(input) {
        assert_eq!(again, input, "a note has one form");
    }
    let valid = SAMPLE.part(Part::Note);
    let changed = edits::edited(valid, input);
    // What is added to a note are signatures of others. Its own text and signature stay.
    assert_eq!(
        SAMPLE.believes(Part::Note, &changed),
        changed.starts_with(valid) && Part::Note.read(&changed).is_some()
    );
});
