//! Whatever the bytes are, reading them ends in a value or an error.

// The lints take only what carries `#[test]` for a test, and leave out its helpers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use ampoule::Terms;
use ampoule_fhir::{Bundle, Fhir, Resource, ndjson, patient, record};
use proptest::prelude::*;

/// Reads `bytes` by every way in, and checks what must hold of anything that is accepted.
fn read(bytes: &[u8]) {
    if let Ok(record) = record(bytes) {
        assert_eq!(record.content(), bytes);
        let terms = record.terms();
        assert!(terms.codes.len() <= Terms::MAX_CODES);
        assert!(terms.dates.len() <= Terms::MAX_DATES);
        assert!(terms.words.len() <= Terms::MAX_WORDS);
        assert!(record.label().is_some());
    }
    if let Ok(bundle) = Bundle::parse(bytes) {
        for entry in bundle.entries() {
            let at = entry.content().as_ptr() as usize;
            let within = bytes.as_ptr_range();
            assert!((within.start as usize..within.end as usize).contains(&at));
        }
    }
    let _ = patient(bytes);
    let _ = Resource::parse(bytes).map(|resource| resource.confirms(resource.subjects()));
    assert!(ndjson(bytes).all(|line| line.is_ok()));
    let _ = Fhir::new().max_len(7).ndjson(bytes).count();
}

/// JSON whose keys and texts are those that the rules look at.
fn fhir() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        Just("Patient"),
        Just("Bundle"),
        Just("Patient/1"),
        Just("#p"),
        Just("urn:uuid:A"),
        Just("2020-02-30"),
        Just("2020-02-29T23:59:60+14:00"),
        Just("9999-12-31"),
        Just("PSY"),
        Just("R"),
        Just("<p>&#55296;<"),
        Just(""),
        Just("http://terminology.hl7.org/CodeSystem/v3-ActCode"),
        Just("ﷺ\u{0301}\u{1D504}"),
    ];
    let key = prop_oneof![
        Just("resourceType"),
        Just("id"),
        Just("meta"),
        Just("security"),
        Just("securityLabel"),
        Just("code"),
        Just("coding"),
        Just("system"),
        Just("subject"),
        Just("reference"),
        Just("entry"),
        Just("resource"),
        Just("contained"),
        Just("div"),
        Just("display"),
        Just("period"),
        Just("start"),
        Just("end"),
        Just("name"),
        Just("given"),
        Just("identifier"),
        Just("value"),
        Just("fullUrl"),
        Just("birthDate"),
        Just("snapshot"),
    ];
    let leaf = prop_oneof![
        text.prop_map(|text| serde_json::to_string(text).unwrap()),
        any::<i64>().prop_map(|n| n.to_string()),
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-0.0e-7".to_owned()),
    ];
    let value = leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map(key.clone(), inner, 0..6).prop_map(|fields| object(fields.iter())),
        ]
    });
    let kind = prop_oneof![Just("Patient"), Just("Bundle"), Just("Observation")];
    (kind, value).prop_map(|(kind, value)| {
        let rest = value.strip_prefix('{').map_or_else(
            || format!("\"entry\":{value}}}"),
            |fields| {
                if fields == "}" { "\"a\":0}".to_owned() } else { fields.to_owned() }
            },
        );
        format!("{{\"resourceType\":\"{kind}\",{rest}")
    })
}

fn object<'a>(fields: impl Iterator<Item = (&'a &'a str, &'a String)>) -> String {
    let fields: Vec<_> = fields.map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

proptest! {
    #[test]
    fn bytes_of_any_kind(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        read(&bytes);
    }

    #[test]
    fn json_of_the_right_shape_or_nearly(json in fhir()) {
        read(json.as_bytes());
    }

    #[test]
    fn a_resource_with_a_byte_changed(at in 0..CHART.len(), byte in any::<u8>()) {
        let mut bytes = CHART.as_bytes().to_vec();
        bytes[at] = byte;
        read(&bytes);
    }

    #[test]
    fn a_resource_cut_off(end in 0..CHART.len()) {
        read(&CHART.as_bytes()[..end]);
    }
}

const CHART: &str = r#"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:a","resource":{"resourceType":"Patient",
"id":"p","name":[{"given":["Ann"],"family":"Example"}],"birthDate":"1970-01-02","identifier":[{"system":"urn:m","value":"1"}]}},
{"resource":{"resourceType":"Observation","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]},
"text":{"div":"<div>a &amp; b</div>"},"code":{"coding":[{"system":"http://loinc.org","code":"1-8"}]},"subject":{"reference":"urn:uuid:a"},
"effectivePeriod":{"start":"2020-01-01T00:00:00+01:00","end":"2021"},"valueQuantity":{"value":1.5,"unit":"mg"}}}]}"#;
