//! A checkpoint: any bytes, and one that is valid with changes.

#![no_main]

mod edits;

use ampoule::testing::logs::{Part, Sample};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| Sample::new().expect("a log works"));

fuzz_target!(|input: &[u8]| {
    if let Some(again) = Part::Checkpoint.read(input) {
        assert_eq!(again, input, "a checkpoint has one form");
    }
    let changed = edits::edited(SAMPLE.part(Part::Checkpoint), input);
    // Its counter and its list are not signed, the notes in it are.
    match Part::Checkpoint.read(&changed) {
        Some(again) => assert_eq!(again, changed),
        None => assert!(!SAMPLE.believes(Part::Checkpoint, &changed)),
    }
});
