//! Any bytes as the list of what the folder of a chart holds.

#![no_main]

use ampoule_fhir::chart_list_again;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(list) = chart_list_again(bytes) {
        assert_eq!(chart_list_again(&list).as_ref(), Some(&list), "what is written is read, and is the same");
    }
});
