//! Any text as the words of a recovery code.

#![no_main]

use ampoule::RecoveryCode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(code) = RecoveryCode::from_words(text) {
        let words = code.to_words();
        let again = RecoveryCode::from_words(&words).expect("what is printed can be typed");
        assert_eq!(again.to_words(), words);
    }
});
