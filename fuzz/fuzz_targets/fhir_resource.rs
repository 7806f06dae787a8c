//! Any bytes as a FHIR resource, a Patient, a Bundle and lines.

#![no_main]

use ampoule::Terms;
use ampoule_fhir::{Bundle, Fhir, FhirError, Resource, Subject, ndjson, patient, record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = record(bytes) {
        assert_eq!(record.content(), bytes, "the content is the input");
        let terms = record.terms();
        assert!(terms.codes.len() <= Terms::MAX_CODES);
        assert!(terms.dates.len() <= Terms::MAX_DATES);
        assert!(terms.words.len() <= Terms::MAX_WORDS);
        for word in &terms.words {
            assert!(Terms::fold(word).contains(word), "a word is folded");
        }
        let resource = Resource::parse(bytes).expect("what was a record is a resource");
        assert_eq!(resource.confirms(&[]) == Subject::None, resource.subjects().is_empty());
        match patient(bytes) {
            Ok(_) | Err(FhirError::Malformed { .. }) => assert_eq!(resource.kind(), "Patient"),
            Err(error) => assert_eq!(error, FhirError::NotAPatient),
        }
    }
    if let Ok(bundle) = Bundle::parse(bytes) {
        let within = bytes.as_ptr_range();
        for entry in bundle.entries() {
            let content = entry.content().as_ptr_range();
            assert!(within.start <= content.start && content.end <= within.end, "an entry is a slice of its Bundle");
            // The Bundle was strict, so each entry is, unless it is no resource at all.
            match Resource::parse(entry.content()) {
                Ok(_) | Err(FhirError::NotAResource) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    for line in ndjson(bytes) {
        assert!(!line.expect("memory can be read").contains(&b'\n'));
    }
    for line in Fhir::new().max_len(16).ndjson(bytes).flatten() {
        assert!(line.len() <= 16);
    }
});
