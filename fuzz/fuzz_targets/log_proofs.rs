//! The proofs of a log: any bytes, and one that is valid with changes.

#![no_main]

mod edits;

use ampoule::testing::logs::{Part, Sample};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| Sample::new().expect("a log works"));

fuzz_target!(|input: &[u8]| {
    for part in [Part::Inclusion, Part::Consistency, Part::MapProof] {
        if let Some(again) = part.read(input) {
            assert_eq!(again, input, "a proof has one form");
        }
        let valid = SAMPLE.part(part);
        let changed = edits::edited(valid, input);
        assert_eq!(SAMPLE.believes(part, &changed), changed == valid);
    }
});
