//! What is read from a resource, and what is refused.

// The lints take only what carries `#[test]` for a test, and leave out its helpers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use ampoule::{Code, Label, Record, Terms};
use ampoule_fhir::{
    Bundle, Fhir, FhirError, MEDIA_TYPE, PatientRef, Resource, SensitivityPolicy, Several, Subject, Unknown, ndjson,
    record, subjects,
};

const HBA1C: &str = r##"{
  "resourceType": "Observation",
  "id": "a1c",
  "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}],
           "lastUpdated": "2021-01-01T00:00:00Z"},
  "text": {"status": "generated", "div": "<div>Gly<b>cated</b> h&#xE9;moglobin</div>"},
  "identifier": [{"type": {"coding": [{"system": "urn:t", "code": "ACSN"}]}, "system": "urn:lab", "value": "L-1"}],
  "contained": [{"resourceType": "Specimen", "id": "s", "type": {"coding": [{"system": "urn:spec", "code": "BLD"}]},
                 "collection": {"collectedDateTime": "2020-02-28"}}],
  "status": "final",
  "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "Hemoglobin A1c"}]},
  "subject": {"reference": "Patient/ann", "display": "Ann Example"},
  "effectiveDateTime": "2020-02",
  "performer": [{"reference": "Patient/somebody-else"}],
  "valueQuantity": {"value": 1e1, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
  "specimen": {"reference": "#s"}
}
"##;

fn patient(reference: &str) -> PatientRef {
    PatientRef::new(reference).unwrap()
}

fn codes(terms: &Terms) -> Vec<(&str, &str)> {
    terms.codes.iter().map(|code| (code.system.as_str(), code.value.as_str())).collect()
}

#[test]
fn a_record_has_the_bytes_as_they_were_and_what_finds_them() {
    let record = record(HBA1C).unwrap();
    assert_eq!(record.content(), HBA1C.as_bytes());
    assert_eq!(record.media_type(), MEDIA_TYPE);
    assert_eq!(record.label(), Some(&Label::new("hiv").unwrap()));
    let terms = record.terms();
    assert_eq!(terms.kind, "Observation");
    // What is nearest to the resource comes first, what is contained last; no unit, no type of an identifier.
    assert_eq!(
        codes(terms),
        [
            ("urn:lab", "L-1"),
            ("", "final"),
            ("http://loinc.org", "4548-4"),
            ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "HIV"),
            ("urn:spec", "BLD"),
        ]
    );
    let dates: Vec<_> = terms.dates.iter().map(|d| (d.start(), d.end())).collect();
    assert_eq!(dates, [(1_580_515_200, 1_583_020_800), (1_582_848_000, 1_582_934_400)]);
    assert_eq!(terms.words, ["a1c", "ann", "example", "glycated", "hemoglobin"]);
}

#[test]
fn a_medication_of_r5_is_found_by_its_concept() {
    let terms = record(
        r#"{"resourceType":"MedicationRequest","medication":{"concept":{"coding":[{"system":"urn:rx","code":"1"}]}},
        "occurrencePeriod":{"start":"2020"},"reason":[{"concept":{"text":"Fièvre"}}]}"#,
    )
    .unwrap();
    assert_eq!(codes(terms.terms()), [("urn:rx", "1")]);
    assert_eq!(terms.terms().dates[0].start(), 1_577_836_800);
    assert_eq!(terms.terms().words, ["fievre"]);
}

#[test]
fn a_date_that_is_none_costs_only_itself() {
    let read = record(
        r#"{"resourceType":"Observation","issued":"yesterday","effectiveDateTime":"2021-02-29","period":{"start":"x"},
        "date":"2021"}"#,
    )
    .unwrap();
    assert_eq!(read.terms().dates.len(), 1);
}

#[test]
fn too_many_terms_are_cut_and_said_to_be() {
    let coding = |n: usize| format!(r#"{{"system":"urn:s","code":"{n}"}}"#);
    let list = |from: usize, to: usize| (from..to).map(coding).collect::<Vec<_>>().join(",");
    let words: Vec<_> = (0..2000).map(|n| format!("w{n}")).collect();
    let many = format!(
        r#"{{"resourceType":"List","contained":[{{"resourceType":"Basic","code":{{"coding":[{}]}}}}],
        "code":{{"coding":[{}]}},"note":[{{"text":"{}"}}]}}"#,
        list(1000, 2000),
        list(0, 250),
        words.join(" ")
    );
    let resource = Resource::parse(many.as_bytes()).unwrap();
    assert!(!resource.terms_are_complete());
    let terms = resource.terms();
    assert_eq!(terms.codes.len(), Terms::MAX_CODES);
    assert_eq!(terms.words.len(), Terms::MAX_WORDS);
    // The resource's own code was written after what it contains, and is there.
    assert!((0..250).all(|n| terms.codes.contains(&Code { system: "urn:s".into(), value: n.to_string() })));
    let few = Resource::parse(HBA1C.as_bytes()).unwrap();
    assert!(few.terms_are_complete());
}

#[test]
fn the_resource_confirms_the_patient_and_does_not_decide() {
    let resource = Resource::parse(HBA1C.as_bytes()).unwrap();
    assert_eq!(resource.subjects(), [patient("Patient/ann")]);
    assert_eq!(resource.confirms(&[patient("Patient/ann")]), Subject::Confirmed);
    assert_eq!(resource.confirms(&[patient("Patient/ann/_history/3")]), Subject::Confirmed);
    assert_eq!(resource.confirms(&[patient("Patient/bob")]), Subject::Other);
    assert_eq!(resource.confirms(&[]), Subject::Other);
    let elsewhere = patient("http://other.example/fhir/Patient/ann");
    assert_eq!(resource.confirms(&[elsewhere]), Subject::Other);
}

#[test]
fn subjects_of_every_form() {
    let ann = [patient("Patient/ann")];
    for (json, expected) in [
        (r#"{"resourceType":"Medication"}"#, Subject::None),
        (r#"{"resourceType":"Patient","id":"ann"}"#, Subject::Confirmed),
        (r#"{"resourceType":"Patient"}"#, Subject::Other),
        (
            r#"{"resourceType":"Coverage","beneficiary":{"reference":"Patient/ann"},"subscriber":{"reference":"Patient/dad"}}"#,
            Subject::Confirmed,
        ),
        (r#"{"resourceType":"Task","for":{"reference":"Patient/ann"}}"#, Subject::Confirmed),
        (r#"{"resourceType":"Task","for":{"reference":"urn:uuid:1"}}"#, Subject::Other),
        (r#"{"resourceType":"Observation","subject":{"reference":"Group/1"}}"#, Subject::None),
        (r#"{"resourceType":"Observation","subject":{"reference":"urn:uuid:2","type":"Device"}}"#, Subject::None),
        (r#"{"resourceType":"Observation","subject":{"display":"Ann"}}"#, Subject::Other),
        (
            r##"{"resourceType":"Observation","subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]}"##,
            Subject::Other,
        ),
        (
            r##"{"resourceType":"Observation","subject":{"reference":"#p"},"contained":[{"resourceType":"Group","id":"p"}]}"##,
            Subject::None,
        ),
        (
            r#"{"resourceType":"ActivityDefinition","subjectCodeableConcept":{"coding":[{"code":"x","display":"y"}]}}"#,
            Subject::None,
        ),
        (
            r#"{"resourceType":"ObservationDefinition","subject":[{"coding":[{"code":"x","display":"y"}]}]}"#,
            Subject::None,
        ),
        (
            r#"{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/ann"}},{"actor":{"reference":"Practitioner/1"}}]}"#,
            Subject::Confirmed,
        ),
        (
            r#"{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/ann"}},{"actor":{"reference":"Patient/bob"}}]}"#,
            Subject::Several,
        ),
        (
            r#"{"resourceType":"Group","member":[{"entity":{"reference":"Patient/a"}},{"entity":{"reference":"Patient/b"}}]}"#,
            Subject::Several,
        ),
        (
            r#"{"resourceType":"AuditEvent","entity":[{"what":{"reference":"Patient/ann"}},{"what":{"reference":"List/1"}}]}"#,
            Subject::Confirmed,
        ),
        (r#"{"resourceType":"Provenance","target":[{"reference":"Patient/bob"}]}"#, Subject::Other),
    ] {
        assert_eq!(Resource::parse(json.as_bytes()).unwrap().confirms(&ann), expected, "{json}");
    }
    let by_number = r#"{"resourceType":"Claim","patient":{"identifier":{"system":"urn:mrn","value":"7"}}}"#;
    assert_eq!(subjects(by_number.as_bytes()).unwrap(), [PatientRef::identifier("urn:mrn", "7")]);
}

#[test]
fn an_unnamed_patient_is_confirmed_by_nobody() {
    let json = br#"{"resourceType":"Observation","subject":{"display":"Ann"}}"#;
    let unnamed = subjects(json).unwrap();
    assert_eq!(Resource::parse(json).unwrap().confirms(&unnamed), Subject::Other);
}

#[test]
fn an_entry_goes_by_its_url_and_by_its_id() {
    let bundle = br#"{"resourceType":"Bundle","entry":[
        {"resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:AB"}},"fullUrl":"urn:uuid:cd"},
        {"resource":{"id":"ann","resourceType":"Patient"},"fullUrl":"urn:uuid:ab"}]}"#;
    let resource = Resource::parse(bundle).unwrap();
    assert_eq!(resource.subjects(), [patient("Patient/ann")]);
    assert_eq!(resource.confirms(&[patient("Patient/ann")]), Subject::Confirmed);
    assert_eq!(resource.confirms(&[patient("urn:uuid:AB")]), Subject::Confirmed);
    let without_id = br#"{"resourceType":"Bundle","entry":[
        {"resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:ab"}}},
        {"resource":{"resourceType":"Patient"},"fullUrl":"urn:uuid:ab"}]}"#;
    assert_eq!(subjects(without_id).unwrap(), [patient("urn:uuid:ab")]);
}

#[test]
fn a_url_that_is_not_the_patients_is_somebody_else() {
    let entry =
        |url: &str, id: &str| format!(r#"{{"fullUrl":"{url}","resource":{{"resourceType":"Patient","id":"{id}"}}}}"#);
    let ann = [patient("Patient/ann")];
    for (entries, expected) in [
        (vec![entry("http://a.example/Patient/ann", "ann")], Subject::Confirmed),
        (vec![entry("http://a.example/Patient/ann/_history/2", "ann")], Subject::Confirmed),
        (vec![entry("urn:uuid:1", "ann"), entry("urn:uuid:1", "ann")], Subject::Confirmed),
        // An entry that goes by the name of one patient and holds another.
        (vec![entry("Patient/ann", "bob")], Subject::Several),
        (vec![entry("http://a.example/Patient/bob", "ann")], Subject::Several),
        (vec![entry("http://a.example/xPatient/ann", "ann")], Subject::Several),
        // The same id on two servers.
        (
            vec![entry("http://a.example/Patient/ann", "ann"), entry("http://b.example/Patient/ann", "ann")],
            Subject::Several,
        ),
        // One URL for two patients.
        (vec![entry("urn:uuid:1", "ann"), entry("urn:uuid:1", "bob")], Subject::Several),
    ] {
        let json = format!(r#"{{"resourceType":"Bundle","entry":[{}]}}"#, entries.join(","));
        assert_eq!(Resource::parse(json.as_bytes()).unwrap().confirms(&ann), expected, "{json}");
    }
}

#[test]
fn a_label_counts_wherever_it_stands_and_whatever_it_looks_like() {
    let act = r#""system":"http://terminology.hl7.org/CodeSystem/v3-ActCode""#;
    let conf = r#""system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality""#;
    let inline = r#""url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label""#;
    for (label, rest) in [
        ("general", String::new()),
        ("general", r#""meta":{"security":[]}"#.into()),
        ("general", format!(r#""meta":{{"security":[{{{conf},"code":"N"}}]}}"#)),
        ("psy", format!(r#""meta":{{"security":[{{"code":"PSY",{act}}}]}}"#)),
        ("psy", format!(r#""met\u0061":{{"security":{{"code":"\u0050SY",{act}}}}}"#)),
        ("psy", format!(r#""meta":[{{"security":[[{{"code":"PSY",{act}}}]]}}]"#)),
        ("psy", format!(r#""contained":[{{"meta":{{"security":[{{{act},"code":"PSY"}}]}}}}]"#)),
        ("psy", format!(r#""entry":[{{"resource":{{"meta":{{"security":[{{{act},"code":"PSY"}}]}}}}}}]"#)),
        ("psy", format!(r#""securityLabel":[{{"coding":[{{{act},"code":"PSY"}}]}}]"#)),
        ("psy", format!(r#""provision":{{"securityLabel":[{{{act},"code":"PSY"}}]}}"#)),
        ("psy", format!(r#""note":{{"extension":[{{"valueCoding":{{{act},"code":"PSY"}},{inline}}}]}}"#)),
        ("restricted", format!(r#""note":{{"extension":[{{{inline}}}]}}"#)),
        ("restricted", r#""confidentiality":"R""#.into()),
        ("general", r#""confidentiality":"N""#.into()),
        ("restricted", format!(r#""meta":{{"security":[{{{act},"code":"PSY"}},{{{act},"code":"HIV"}}]}}"#)),
        ("restricted", format!(r#""meta":{{"security":[{{{act},"code":7}}]}}"#)),
        ("restricted", r#""meta":{"security":[{"display":"HIV"}]}"#.into()),
        ("restricted", r#""meta":{"security":[{"coding":[{"code":"N"}]}]}"#.into()),
        ("restricted", r#""meta":{"security":["PSY"]}"#.into()),
        ("restricted", r#""meta":{"security":null}"#.into()),
        ("restricted", r#""meta":{"security":[{}]}"#.into()),
        ("restricted", r#""securityLabel":[{"text":"secret"}]"#.into()),
        ("restricted", r#""securityLabel":["PSY"]"#.into()),
        ("restricted", r#""securityLabel":[{"coding":[]}]"#.into()),
    ] {
        let comma = if rest.is_empty() { "" } else { "," };
        let json = format!(r#"{{"resourceType":"Basic"{comma}{rest}}}"#);
        let record = record(json.as_bytes()).unwrap();
        assert_eq!(record.label().unwrap().as_str(), label, "{json}");
    }
}

#[test]
fn a_policy_may_refuse() {
    let policy = SensitivityPolicy::standard().unknown(Unknown::Refuse).several(Several::Refuse);
    let fhir = Fhir::with_policy(policy);
    let unknown = r#"{"resourceType":"Basic","meta":{"security":[{"code":"x"}]}}"#;
    assert_eq!(fhir.record(unknown).map(drop), Err(FhirError::UnknownSensitiveLabel));
    assert!(fhir.record(HBA1C).is_ok());
}

#[test]
fn what_is_not_strict_is_refused_and_can_be_kept_as_it_is() {
    let deep = format!(r#"{{"resourceType":"Basic","a":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    for (json, expected) in [
        (&b""[..], FhirError::NotJson { line: 1, column: 0 }),
        (b"{", FhirError::NotJson { line: 1, column: 1 }),
        (b"{\"resourceType\":\"Basic\"} x", FhirError::NotJson { line: 1, column: 26 }),
        (b"\xEF\xBB\xBF{\"resourceType\":\"Basic\"}", FhirError::NotJson { line: 1, column: 1 }),
        (b"{\"resourceType\":\"Basic\",\"a\":\"\xFF\"}", FhirError::NotJson { line: 1, column: 30 }),
        (b"MSH|^~\\&|", FhirError::NotJson { line: 1, column: 1 }),
        (b"[]", FhirError::NotAResource),
        (b"null", FhirError::NotAResource),
        (b"{}", FhirError::NotAResource),
        (b"{\"resourceType\":7}", FhirError::NotAResource),
        (b"{\"resourceType\":\"a name\"}", FhirError::NotAResource),
        (b"{\"resourceType\":[\"Basic\"]}", FhirError::NotAResource),
        (deep.as_bytes(), FhirError::TooDeep { limit: 100 }),
    ] {
        assert_eq!(record(json).map(drop), Err(expected), "{json:?}");
        assert_eq!(Record::opaque("application/octet-stream", json).content(), json);
    }
    assert_eq!(Fhir::new().max_len(10).record(HBA1C).map(drop), Err(FhirError::TooLarge { limit: 10 }));
}

#[test]
fn a_key_that_stands_twice_is_refused_at_every_depth() {
    let many = (0..100).map(|n| format!(r#""k{n}":0"#)).collect::<Vec<_>>().join(",");
    for json in [
        r#"{"resourceType":"Basic","resourceType":"Basic"}"#.to_owned(),
        r#"{"resourceType":"Basic","a":1,"\u0061":2}"#.to_owned(),
        r#"{"resourceType":"Basic","x":[{"y":{"a":1,"b":2,"a":1}}]}"#.to_owned(),
        format!(r#"{{"resourceType":"Basic",{many},"k99":0}}"#),
        format!(r#"{{"resourceType":"Basic",{many},"k0":0}}"#),
    ] {
        let refused = record(json.as_bytes()).unwrap_err();
        assert!(matches!(refused, FhirError::DuplicateKey { line: 1, column: 1.. }), "{json}");
        assert!(!refused.to_string().contains("k99"));
    }
}

#[test]
fn entries_are_the_bytes_of_the_bundle() {
    let inner = "{ \"resourceType\" :\"Basic\",\n \"n\": 1.50, \"s\": \"\\u00e9\" }";
    let json = format!(
        r#"{{"resourceType":"Bundle","entry":[{{"fullUrl":"urn:uuid:1","resource":  {inner} }},{{"request":{{}}}},{{"resource":{{"resourceType":"List"}}}}]}}"#
    );
    let bundle = Bundle::parse(json.as_bytes()).unwrap();
    let entries: Vec<_> = bundle.entries().iter().map(|e| (e.full_url(), e.content())).collect();
    assert_eq!(entries, [(Some("urn:uuid:1"), inner.as_bytes()), (None, br#"{"resourceType":"List"}"#),]);
    assert_eq!(bundle.resource().kind(), "Bundle");
    assert_eq!(Bundle::parse(HBA1C.as_bytes()).map(drop), Err(FhirError::NotABundle));
    assert!(matches!(
        Bundle::parse(br#"{"resourceType":"Bundle","entry":{}}"#),
        Err(FhirError::Malformed { line: 1, .. })
    ));
}

#[test]
fn lines_are_bounded_and_a_long_one_costs_only_itself() {
    let stream = b"{\"a\":1}\r\n\n  \n{\"b\":22222222222222222222}\n{\"c\":3 }\r\nlast";
    let read = |limit| Fhir::new().max_len(limit).ndjson(&stream[..]).collect::<Vec<_>>();
    let ok = |text: &str| Ok(text.as_bytes().to_vec());
    let long = || Err(FhirError::TooLarge { limit: 8 });
    assert_eq!(read(8), [ok("{\"a\":1}"), long(), ok("{\"c\":3 }"), ok("last")]);
    assert_eq!(ndjson(&stream[..]).flatten().count(), 4);
    // A limit of exactly a line's length, with either end of line, at the end of the stream and without an end.
    for end in ["\n", "\r\n", ""] {
        let line = format!("12345678{end}");
        let read: Vec<_> = Fhir::new().max_len(8).ndjson(line.as_bytes()).collect();
        assert_eq!(read, [ok("12345678")]);
        let line = format!("123456789{end}");
        let read: Vec<_> = Fhir::new().max_len(8).ndjson(line.as_bytes()).collect();
        assert_eq!(read, [long()]);
    }
}

#[test]
fn a_reader_that_fails_ends_the_stream() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
    }
    let read: Vec<_> = ndjson(std::io::BufReader::new(Broken)).collect();
    assert_eq!(read, [Err(FhirError::Io(std::io::ErrorKind::ConnectionReset))]);
}

#[test]
fn debug_shows_no_content() {
    let resource = Resource::parse(HBA1C.as_bytes()).unwrap();
    let shown = format!("{resource:?}");
    assert_eq!(
        shown,
        "Resource { terms: Terms { codes: 5, dates: 2, words: 5, .. }, complete: true, security: 1, subjects: 1, .. }"
    );
}
