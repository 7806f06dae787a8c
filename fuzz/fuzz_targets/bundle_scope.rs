//! What a member's software can say in the sealed part of a bundle, and the cursor that comes back: any bytes.

#![no_main]

use ampoule::{Cursor, testing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some(again) = testing::scope_again(input) {
        assert_eq!(again, input, "a scope has one form");
    }
    if let Ok(cursor) = Cursor::from_bytes(input) {
        assert_eq!(cursor.to_bytes(), input, "a cursor has one form");
    }
});
