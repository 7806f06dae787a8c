//! SMART Health Links: made, opened, and attacked.

// The lints take only what carries `#[test]` for a test, and leave out its helpers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod attacks;
mod interop;

use ampoule_fhir::{Bundle, HealthLink, LinkError, LinkFile, LinkRequest, Manifest, Part};
use base64ct::{Base64UrlUnpadded as Base64, Encoding};
use sha2::{Digest, Sha256};

/// Before every end in these tests.
const NOW: i64 = 1_800_000_000;

/// A link of the specification: section "Example SMART Health Link Generation".
const EXAMPLE: &str = "shlink:/eyJ1cmwiOiJodHRwczovL2Voci5leGFtcGxlLm9yZy9xci9ZOXh3a1VkdG1OOXd3b0pvTjNmZkpJaFgyVUd2Q0wxSm5sUFZOTDNrRFdNL20iLCJmbGFnIjoiTFAiLCJrZXkiOiJyeFRnWWxPYUtKUEZ0Y0VkMHFjY2VOOHdFVTRwOTRTcUF3SVdRZTZ1WDdRIiwibGFiZWwiOiJCYWNrLXRvLXNjaG9vbCBpbW11bml6YXRpb25zIGZvciBPbGl2ZXIgQnJvd24ifQ";

/// Its key.
const KEY: &str = "rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7Q";

const URL: &str = "https://ehr.example.org/qr/Y9xwkUdtmN9wwoJoN3ffJIhX2UGvCL1JnlPVNL3kDWM/m";

const PATIENT: &[u8] = br#"{"resourceType":"Patient", "id":"1"}"#;
const ALLERGY: &[u8] = br#"{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/1"}}"#;

/// The text of a link with this payload.
fn link_of(json: &str) -> String {
    format!("shlink:/{}", Base64::encode_string(json.as_bytes()))
}

/// A link to a single file with the key of the examples.
fn single() -> HealthLink {
    HealthLink::parse(&link_of(&format!(r#"{{"url":"{URL}","flag":"U","key":"{KEY}"}}"#)), NOW).unwrap()
}

/// Reads a link with these properties beside an address and a key.
fn with(properties: &str) -> Result<HealthLink, LinkError> {
    HealthLink::parse(&link_of(&format!(r#"{{"url":"{URL}","key":"{KEY}"{properties}}}"#)), NOW)
}

#[test]
fn the_link_of_the_specification_is_read_and_written_alike() {
    for text in [EXAMPLE.to_owned(), format!("https://viewer.example.org#{EXAMPLE}")] {
        let link = HealthLink::parse(&text, NOW).unwrap();
        assert_eq!(link.url(), URL);
        assert!(link.is_long_term() && link.needs_passcode() && !link.is_single_file());
        assert_eq!(link.label_text(), Some("Back-to-school immunizations for Oliver Brown"));
        assert_eq!(link.ends(), None);
        assert_eq!(*link.text(), EXAMPLE);
        let viewed = link.text_for_viewer("https://viewer.example.org#").unwrap();
        assert_eq!(*viewed, format!("https://viewer.example.org#{EXAMPLE}"));
    }
}

#[test]
fn the_file_of_the_specification_opens() {
    let file = single().file(include_bytes!("spec.jwe")).unwrap();
    assert_eq!(file.content_type(), LinkFile::HEALTH_CARD);
    assert!(!file.is_fhir());
    let json: serde_json::Value = serde_json::from_slice(file.content()).unwrap();
    let card = json["verifiableCredential"][0].as_str().unwrap();
    // As far as the specification shows it.
    assert!(card.starts_with(
        "eyJ6aXAiOiJERUYiLCJhbGciOiJFUzI1NiIsImtpZCI6IjNLZmRnLVh3UC03Z1h5eXd0VWZVQUR3QnVtRE9QS01ReC1pRUxMMTFX"
    ));
    // What another implementation (jwcrypto 1.6.1) found in it.
    assert_eq!(Base64::encode_string(&Sha256::digest(file.content())), "flgbG7hpSdhJgVvG9lP6Vqs0KvnlUNpnFBTH2YMMSMY");
}

#[test]
fn chosen_records_reach_their_reader_through_a_manifest() {
    let link = HealthLink::under("https://share.example/shl").unwrap().long_term().expires(NOW + 1);
    let records = link.seal_resources([PATIENT, ALLERGY]).unwrap().fhir_version("5.0.0");
    let scan = link.seal("application/pdf", b"%PDF").unwrap();
    let (records_jwe, scan_jwe) = (records.jwe().to_owned(), scan.jwe().to_owned());

    let reader = HealthLink::parse(&link.text(), NOW).unwrap();
    let files = [records, scan];
    let place = |number| format!("https://bucket.example/{number}?sig=a%2Fb");
    let embedded_max = scan_jwe.len();
    let mut asked = Vec::new();
    let opened = reader.open::<LinkError>("Dr. Lee", None, |request| {
        asked.push((request.url().to_owned(), request.body().map(str::to_owned)));
        Ok(match request.body() {
            Some(_) => Manifest::answer(&files, Some(embedded_max), place)?.into_bytes(),
            None => records_jwe.clone().into_bytes(),
        })
    });
    let opened = opened.unwrap();
    assert_eq!(
        asked,
        [
            (link.url().to_owned(), Some(r#"{"recipient":"Dr. Lee"}"#.to_owned())),
            ("https://bucket.example/0?sig=a%2Fb".to_owned(), None)
        ]
    );
    let bundle = Bundle::parse(opened[0].content()).unwrap();
    let found: Vec<&[u8]> = bundle.entries().iter().map(ampoule_fhir::Entry::content).collect();
    assert_eq!(found, [PATIENT, ALLERGY]);
    assert!(opened[0].is_fhir());
    assert_eq!((opened[1].content_type(), opened[1].content()), ("application/pdf", &b"%PDF"[..]));

    // Step by step, as an application does that fetches on its own.
    let answer = Manifest::answer(&files, None, place).unwrap();
    let manifest = reader.manifest(answer.as_bytes()).unwrap();
    assert_eq!(manifest.files()[0].fhir_version(), Some("5.0.0"));
    assert_eq!(manifest.files()[1].embedded(), Some(scan_jwe.as_bytes()));
    let again = reader.file_of(&manifest.files()[1], scan_jwe.as_bytes()).unwrap();
    assert_eq!(again, opened[1]);
    assert_eq!(reader.file(scan_jwe.as_bytes()).unwrap_err(), LinkError::OtherForm { found: Part::Manifest });
}

#[test]
fn a_single_file_is_fetched_by_get() {
    let link = HealthLink::under("https://share.example/shl/").unwrap().single_file().unwrap();
    let file = link.seal_resources([PATIENT]).unwrap();
    let reader = HealthLink::parse(&link.text(), NOW).unwrap();
    let opened = reader.open::<LinkError>("Dr. Lee & Söhne", Some("4711"), |request| {
        assert_eq!(request.body(), None);
        assert_eq!(request.url(), format!("{}?recipient=Dr%2E%20Lee%20%26%20S%C3%B6hne", link.url()));
        Ok(file.jwe().into())
    });
    assert_eq!(Bundle::parse(opened.unwrap()[0].content()).unwrap().entries()[0].content(), PATIENT);
    assert_eq!(reader.manifest(b"{}").unwrap_err(), LinkError::OtherForm { found: Part::File });
    let queried = with(&format!(r#","flag":"U","url2":"{URL}""#)).unwrap();
    assert!(queried.request("a", None).unwrap().url().ends_with("?recipient=a"));
    let queried = format!(r#"{{"url":"https://a.example/?x={KEY}","key":"{KEY}","flag":"U"}}"#);
    let queried = HealthLink::parse(&link_of(&queried), NOW).unwrap();
    assert!(queried.request("a", None).unwrap().url().ends_with("&recipient=a"));
}

#[test]
fn a_failure_of_the_fetching_application_comes_through() {
    #[derive(Debug)]
    struct NotActive;
    impl From<LinkError> for NotActive {
        fn from(error: LinkError) -> Self {
            panic!("{error}")
        }
    }
    let link = with("").unwrap();
    let NotActive = link.open("Dr. Lee", None, |_: &LinkRequest| Err(NotActive)).unwrap_err();
}

#[test]
fn what_is_no_link_says_why() {
    let malformed = LinkError::Malformed { part: Part::Payload };
    let read = |text: &str| HealthLink::parse(text, NOW).unwrap_err();
    for text in
        ["", "shlink:", "shlink:/!", "https://a.example/", "shlink:/=", "SHLINK:/e30", "xshlink:/e30", "shlink://e30"]
    {
        assert_eq!(read(text), LinkError::NotALink, "{text}");
    }
    assert_eq!(read(&format!("{EXAMPLE}=")), LinkError::NotALink);
    assert_eq!(read(&format!("{EXAMPLE}\n")), LinkError::NotALink);
    assert_eq!(read(&"x".repeat(16 * 1024 + 1)), LinkError::TooLarge { limit: 16 * 1024 });
    for json in
        ["", "{}", "[]", "null", "7", r#"{"url":"x"}"#, "{} ", &format!(r#"["{URL}",null,"{KEY}",null,null,null]"#)]
    {
        assert_eq!(read(&link_of(json)), malformed, "{json}");
    }
    for properties in [
        r#","key":"x""#,
        r#","flag":7"#,
        r#","exp":"soon""#,
        r#","exp":1e300"#,
        r#","label":[]"#,
        r#","v":"1""#,
        r#","v":0"#,
        r#","v":1.5"#,
        "} ",
    ] {
        assert_eq!(with(properties).unwrap_err(), malformed, "{properties}");
    }
    let of_key =
        |key: &str| HealthLink::parse(&link_of(&format!(r#"{{"url":"{URL}","key":"{key}"}}"#)), NOW).unwrap_err();
    assert_eq!(of_key(&KEY[1..]), LinkError::Key);
    assert_eq!(of_key(&format!("{KEY}A")), LinkError::Key);
    let of_url = |url: &str| HealthLink::parse(&link_of(&format!(r#"{{"url":"{url}","key":"{KEY}"}}"#)), NOW);
    assert_eq!(of_url("http://a.example/x").unwrap_err(), LinkError::Address { limit: 128 });
    assert!(of_url(&format!("https://a.example/{}", "x".repeat(110))).is_ok());
    assert!(of_url(&format!("https://a.example/{}", "x".repeat(111))).is_err());
    assert!(with(&format!(r#","label":"{}""#, "é".repeat(80))).is_ok());
    assert_eq!(with(&format!(r#","label":"{}""#, "é".repeat(81))).unwrap_err(), LinkError::Label { limit: 80 });
    assert_eq!(with(r#","v":2"#).unwrap_err(), LinkError::NewerVersion { version: 2 });
    assert_eq!(with(r#","flag":"LPU""#).unwrap_err(), LinkError::FileWithPasscode);
}

#[test]
fn what_a_later_version_may_add_is_ignored() {
    let link = with(r#","flag":"LZ","v":1,"_x":{"a":[1]},"extension":null,"v2":2"#).unwrap();
    assert!(link.is_long_term() && !link.needs_passcode() && !link.is_single_file());
    let jwe = link.seal("text/plain", b"a").unwrap().jwe().to_owned();
    let json = format!(
        r#"{{"list":{{"resourceType":"List"}},"files":[{{"contentType":"text/plain","embedded":"{jwe}","location":"https://a.example/","status":"can-change","lastUpdated":"2025-03-09T15:29:46Z","size":7}}],"x":0}}"#
    );
    let manifest = link.manifest(json.as_bytes()).unwrap();
    let file = &manifest.files()[0];
    assert_eq!(
        (file.location(), file.status(), file.last_updated()),
        (None, Some("can-change"), Some("2025-03-09T15:29:46Z"))
    );
    assert_eq!(link.file_of(file, file.embedded().unwrap()).unwrap().content(), b"a");
}

#[test]
fn a_link_ends_when_it_says() {
    let ending = |exp: &str, now| {
        let text = link_of(&format!(r#"{{"url":"{URL}","key":"{KEY}","exp":{exp}}}"#));
        HealthLink::parse(&text, now).map(|link| link.ends())
    };
    assert_eq!(ending("1800000000", NOW - 1), Ok(Some(NOW)));
    assert_eq!(ending("1800000000", NOW), Err(LinkError::Expired { at: NOW }));
    assert_eq!(ending("1800000000.987", NOW - 1), Ok(Some(NOW)));
    assert_eq!(ending("-1", NOW), Err(LinkError::Expired { at: -1 }));
    // Beyond 32 bits, and beyond 64.
    assert_eq!(ending("99999999999", NOW), Ok(Some(99_999_999_999)));
    assert_eq!(ending("99999999999999999999", NOW), Err(LinkError::Malformed { part: Part::Payload }));
}

#[test]
fn what_is_no_manifest_says_why() {
    let link = with("").unwrap();
    let malformed = LinkError::Malformed { part: Part::Manifest };
    let read = |json: &str| link.manifest(json.as_bytes()).unwrap_err();
    for json in [
        "",
        "[]",
        "{}",
        r#"{"files":{}}"#,
        r#"{"files":[{"contentType":"a/b"}]}"#,
        r#"{"files":[{"embedded":"x"}]}"#,
        r#"{"files":[],"files":[]}"#,
    ] {
        assert_eq!(read(json), malformed, "{json}");
    }
    assert_eq!(read(r#"{"files":[]}"#), LinkError::FileCount { limit: 1024 });
    let one = r#"{"contentType":"a/b","embedded":"x"}"#;
    assert!(link.manifest(format!(r#"{{"files":[{}]}}"#, vec![one; 1024].join(",")).as_bytes()).is_ok());
    assert_eq!(read(&format!(r#"{{"files":[{}]}}"#, vec![one; 1025].join(","))), LinkError::FileCount { limit: 1024 });
    for url in ["http://a.example/x", "file:///etc/passwd", "https://a.example/x#y", ""] {
        let json = format!(r#"{{"files":[{{"contentType":"a/b","location":"{url}"}}]}}"#);
        assert_eq!(read(&json), LinkError::Address { limit: 8192 }, "{url}");
    }
    assert_eq!(Manifest::answer(&[], None, |_| String::new()).unwrap_err(), LinkError::FileCount { limit: 1024 });
    let file = link.seal("text/plain", b"a").unwrap();
    assert!(Manifest::answer(std::slice::from_ref(&file), Some(1), |_| "http://a.example/".into()).is_err());
}

#[test]
fn only_what_readers_take_is_made() {
    let base = "https://share.example/shl";
    assert_eq!(HealthLink::under("http://share.example").unwrap_err(), LinkError::Address { limit: 128 });
    assert_eq!(HealthLink::at("https://share.example/shl/17").unwrap_err(), LinkError::Guessable { least: 43 });
    assert!(HealthLink::at(URL).is_ok());
    assert!(HealthLink::under(base).unwrap().label("é".repeat(80)).is_ok());
    assert_eq!(HealthLink::under(base).unwrap().label("é".repeat(81)).unwrap_err(), LinkError::Label { limit: 80 });
    let passcode = HealthLink::under(base).unwrap().passcode().unwrap();
    assert_eq!(passcode.single_file().unwrap_err(), LinkError::FileWithPasscode);
    let single = HealthLink::under(base).unwrap().single_file().unwrap();
    assert_eq!(single.passcode().unwrap_err(), LinkError::FileWithPasscode);
    let link = HealthLink::under(base).unwrap();
    for wrong in ["", "fhir+json", "a/", "/b", "a/b/c", "a/b c", "a/\"b\"", "text/plain; charset=utf-8"] {
        assert_eq!(link.seal(wrong, b"").unwrap_err(), LinkError::ContentType, "{wrong}");
    }
    assert!(matches!(link.seal_resources([&b"{}"[..]]), Err(LinkError::Fhir(_))));
}
