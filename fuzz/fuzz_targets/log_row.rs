//! The row of a leaf: any bytes, and one that is valid with changes.

#![no_main]

mod edits;

use ampoule::testing::logs::{Part, Sample};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| Sample::new().expect("a log works"));

fuzz_target!(|input: &[u8]| {
    if let Some(again) = Part::Row.read(input) {
        assert_eq!(again, input, "a row has one form");
    }
    let valid = SAMPLE.part(Part::Row);
    let changed = edits::edited(valid, input);
    assert_eq!(SAMPLE.believes(Part::Row, &changed), changed == valid);
});
