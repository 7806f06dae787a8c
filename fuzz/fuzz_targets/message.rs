//! What another member's software can put into the content of a message: any bytes.

#![no_main]

use ampoule::testing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some(again) = testing::message_again(input) {
        assert_eq!(again, input, "a message has one form");
    }
});
