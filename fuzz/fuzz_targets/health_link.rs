//! Links, manifests and files of SMART Health Links: any bytes, and a sealed file with changes.

#![no_main]

mod edits;

use ampoule_fhir::{HealthLink, LinkError, LinkFile, Manifest};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static LINK: LazyLock<HealthLink> = LazyLock::new(|| {
    let link = HealthLink::under("https://a.example").and_then(HealthLink::single_file);
    link.expect("an address was given")
});

static JWE: LazyLock<Vec<u8>> =
    LazyLock::new(|| LINK.seal(LinkFile::FHIR, b"content").expect("it is short").jwe().into());

fuzz_target!(|input: &[u8]| {
    if let Ok(text) = core::str::from_utf8(input)
        && let Ok(link) = HealthLink::parse(text, 0)
    {
        assert!(link.url().starts_with("https://") && link.url().len() <= HealthLink::MAX_URL);
        assert!(!(link.is_single_file() && link.needs_passcode()));
        let again = HealthLink::parse(&link.text(), 0).expect("what is written is read");
        assert_eq!(again.text(), link.text());
        assert_eq!(again.label_text(), link.label_text());
    }
    if let Ok(manifest) = Manifest::parse(input) {
        for file in manifest.files() {
            assert!(file.embedded().is_some() != file.location().is_some());
            assert!(file.location().is_none_or(|url| url.starts_with("https://")));
        }
    }
    let opened = LINK.file(input);
    assert!(opened.is_err(), "nobody else has the key");
    let changed = edits::edited(&JWE, input);
    match LINK.file(&changed) {
        Ok(file) => assert!(changed == *JWE && file.content() == b"content", "a change was not seen"),
        Err(LinkError::NotJwe | LinkError::Unopenable | LinkError::Algorithm | LinkError::NoContentType) => {}
        Err(error) => panic!("{error}"),
    }
});
