//! What a hostile server, or the maker of a link, may try.

use super::{ALLERGY, EXAMPLE, KEY, NOW, PATIENT, URL, link_of, single, with};
use aes_gcm::aead::{AeadInOut, KeyInit};
use ampoule_fhir::{HealthLink, LinkError, LinkRequest, Manifest};
use base64ct::{Base64UrlUnpadded as Base64, Encoding};
use flate2::{Compress, Compression, FlushCompress};
use std::collections::BTreeSet;

/// A JWE that opens with the key of the examples, with any header: its maker holds the key.
fn forged(header: &str, content: &[u8]) -> String {
    let key: [u8; 32] = Base64::decode_vec(KEY).unwrap().try_into().unwrap();
    let header = Base64::encode_string(header.as_bytes());
    let mut sealed = content.to_vec();
    let cipher = aes_gcm::Aes256Gcm::new(&key.into());
    let tag = cipher.encrypt_inout_detached(&[7; 12].into(), header.as_bytes(), sealed.as_mut_slice().into()).unwrap();
    let iv = Base64::encode_string(&[7; 12]);
    format!("{header}..{iv}.{}.{}", Base64::encode_string(&sealed), Base64::encode_string(&tag))
}

fn opened(header: &str) -> Result<String, LinkError> {
    single().file(forged(header, b"content").as_bytes()).map(|file| file.content_type().to_owned())
}

#[test]
fn h54_another_algorithm_is_refused() {
    let honest = r#"{"alg":"dir","enc":"A256GCM","cty":"application/fhir+json","kid":"x"}"#;
    assert_eq!(opened(honest).unwrap(), "application/fhir+json");
    for (header, error) in [
        (r#"{"alg":"none","enc":"A256GCM","cty":"a/b"}"#, LinkError::Algorithm),
        (r#"{"alg":"A256KW","enc":"A256GCM","cty":"a/b"}"#, LinkError::Algorithm),
        (r#"{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","cty":"a/b","p2c":2000000000}"#, LinkError::Algorithm),
        (r#"{"alg":"DIR","enc":"A256GCM","cty":"a/b"}"#, LinkError::Algorithm),
        (r#"{"alg":"dir","enc":"A128GCM","cty":"a/b"}"#, LinkError::Algorithm),
        (r#"{"alg":"dir","enc":"A128CBC-HS256","cty":"a/b"}"#, LinkError::Algorithm),
        (r#"{"alg":"dir","enc":"A256GCM","cty":"a/b","zip":"GZIP"}"#, LinkError::Algorithm),
        (r#"{"alg":"dir","enc":"A256GCM","cty":"a/b","crit":["exp"],"exp":0}"#, LinkError::Algorithm),
        (r#"{"alg":"dir","enc":"A256GCM","cty":"a/b","crit":null}"#, LinkError::Algorithm),
        (r#"{"alg":"dir","alg":"none","enc":"A256GCM","cty":"a/b"}"#, LinkError::NotJwe),
        (r#"{"alg":"dir","enc":"A256GCM","cty":7}"#, LinkError::NotJwe),
        (r#"["dir","A256GCM","a/b",null,null]"#, LinkError::NotJwe),
        (r#"{"enc":"A256GCM","cty":"a/b"}"#, LinkError::NotJwe),
        (r#"{"alg":"dir","enc":"A256GCM"}"#, LinkError::NoContentType),
    ] {
        assert_eq!(opened(header), Err(error), "{header}");
    }
}

#[test]
fn h54_a_file_is_of_the_type_that_the_manifest_says() {
    let link = with("").unwrap();
    let entry = |content_type: &str| {
        let json = format!(r#"{{"files":[{{"contentType":"{content_type}","location":"https://a.example/"}}]}}"#);
        link.manifest(json.as_bytes()).unwrap().files()[0].clone()
    };
    let jwe = |cty: &str| forged(&format!(r#"{{"alg":"dir","enc":"A256GCM","cty":"{cty}"}}"#), b"content");
    let read = |listed: &str, inside: &str| link.file_of(&entry(listed), jwe(inside).as_bytes()).err();
    for inside in ["application/fhir+json", "fhir+json", "Application/FHIR+JSON; fhirVersion=4.0"] {
        assert_eq!(read("application/fhir+json", inside), None, "{inside}");
    }
    for inside in ["application/smart-api-access", "text/html", "application/fhir+json2", "application/fhir", ""] {
        assert_eq!(read("application/fhir+json", inside), Some(LinkError::OtherContentType), "{inside}");
    }
    // The server swaps two files of a manifest.
    let files = [link.seal_resources([PATIENT]).unwrap(), link.seal("application/pdf", b"%PDF").unwrap()];
    let answer = Manifest::answer(&files, Some(0), |number| format!("https://a.example/{number}")).unwrap();
    let fetch = |first: usize| {
        let files = &files;
        let answer = answer.clone();
        move |request: &LinkRequest| {
            let number = usize::from(request.url().ends_with('1'));
            Ok::<_, LinkError>(match request.body() {
                Some(_) => answer.clone().into_bytes(),
                None => files[number ^ first].jwe().into(),
            })
        }
    };
    assert_eq!(link.open("a", None, fetch(0)).unwrap().len(), 2);
    assert_eq!(link.open("a", None, fetch(1)).unwrap_err(), LinkError::OtherContentType);
}

#[test]
fn h54_no_file_has_the_vector_of_another() {
    let link = HealthLink::under("https://share.example/shl").unwrap();
    let vectors: BTreeSet<String> = (0..64)
        .map(|_| link.seal("text/plain", b"the same").unwrap().jwe().split('.').nth(2).unwrap().to_owned())
        .collect();
    assert_eq!(vectors.len(), 64);
    assert!(vectors.iter().all(|iv| iv.len() == 16));
}

#[test]
fn h54_a_changed_byte_or_the_file_of_another_link_does_not_open() {
    let jwe = single().seal("text/plain", b"content").unwrap().jwe().as_bytes().to_vec();
    assert!(single().file(&jwe).is_ok());
    for at in 0..jwe.len() {
        let mut changed = jwe.clone();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        if changed != jwe {
            assert!(single().file(&changed).is_err(), "{at}");
        }
        assert!(single().file(&jwe[..at]).is_err(), "{at}");
    }
    for joint in [".", "..", "....", "......"] {
        assert_eq!(single().file(joint.as_bytes()).unwrap_err(), LinkError::NotJwe);
    }
    let parts: Vec<&str> = core::str::from_utf8(&jwe).unwrap().split('.').collect();
    let with_key = format!("{}.AAAA.{}.{}.{}", parts[0], parts[2], parts[3], parts[4]);
    assert_eq!(single().file(with_key.as_bytes()).unwrap_err(), LinkError::NotJwe);
    let short_tag = format!("{}..{}.{}.{}", parts[0], parts[2], parts[3], &parts[4][..16]);
    assert_eq!(single().file(short_tag.as_bytes()).unwrap_err(), LinkError::NotJwe);
    let more = [jwe.clone(), b".".to_vec()].concat();
    assert_eq!(single().file(&more).unwrap_err(), LinkError::NotJwe);

    let (one, other) = (HealthLink::at(URL).unwrap(), HealthLink::at(URL).unwrap());
    assert_ne!(*one.text(), *other.text(), "each link has a key of its own");
    let (one, other) = (one.single_file().unwrap(), other.single_file().unwrap());
    let file = one.seal("text/plain", b"content").unwrap();
    assert_eq!(one.file(file.jwe().as_bytes()).unwrap().content(), b"content");
    assert_eq!(other.file(file.jwe().as_bytes()).unwrap_err(), LinkError::Unopenable);
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() / 64 + 64);
    Compress::new(Compression::best(), false).compress_vec(content, &mut out, FlushCompress::Finish).unwrap();
    out
}

#[test]
fn h55_a_file_that_expands_without_end_is_left_at_the_limit() {
    let header = r#"{"alg":"dir","enc":"A256GCM","cty":"text/plain","zip":"DEF"}"#;
    let small = forged(header, &deflated(b"content content content"));
    assert_eq!(single().file(small.as_bytes()).unwrap().content(), b"content content content");
    let bomb = forged(header, &deflated(&vec![0; (64 << 20) + 1]));
    assert!(bomb.len() < 200_000);
    assert_eq!(single().file(bomb.as_bytes()).unwrap_err(), LinkError::TooLarge { limit: 64 << 20 });
    // Files that fit one by one, and not together.
    let half = forged(header, &deflated(&vec![0; 33 << 20]));
    let listed = format!(r#"{{"contentType":"text/plain","embedded":"{half}"}}"#);
    let open = |count| {
        let json = format!(r#"{{"files":[{}]}}"#, vec![listed.clone(); count].join(","));
        with("").unwrap().open::<LinkError>("a", None, |_| Ok(json.clone().into_bytes())).map(|files| files.len())
    };
    assert_eq!(open(1), Ok(1));
    assert!(matches!(open(2), Err(LinkError::TooLarge { .. })));
    for damaged in [&b""[..], b"not deflate", &deflated(b"content")[..4]] {
        let jwe = forged(header, damaged);
        assert_eq!(single().file(jwe.as_bytes()).unwrap_err(), LinkError::Compression);
    }
}

#[test]
fn e40_neither_key_nor_passcode_stands_where_a_server_logs_it() {
    let link = HealthLink::parse(EXAMPLE, NOW).unwrap();
    assert_eq!(link.request("Dr. Lee", None).unwrap_err(), LinkError::PasscodeNeeded);
    let request = link.request("Dr. \"Lee\"", Some("47\\11")).unwrap();
    assert_eq!(request.url(), URL);
    assert_eq!(request.body(), Some(r#"{"recipient":"Dr. \"Lee\"","passcode":"47\\11"}"#));
    // A passcode that nobody asked for goes nowhere.
    let open = with("").unwrap();
    assert_eq!(open.request("a", Some("4711")).unwrap().body(), Some(r#"{"recipient":"a"}"#));
    let direct = single().request("a", Some("4711")).unwrap();
    assert_eq!((direct.url().contains("4711"), direct.body()), (false, None));

    for viewer in [
        "https://viewer.example.org",
        "https://viewer.example.org/?l=",
        "http://viewer.example.org#",
        "#",
        "",
        "https://viewer.example.org#a#",
    ] {
        assert_eq!(link.text_for_viewer(viewer).unwrap_err(), LinkError::Viewer, "{viewer}");
    }
    let file = link.seal_resources([ALLERGY]).unwrap();
    let manifest = link
        .manifest(Manifest::answer(std::slice::from_ref(&file), None, |_| String::new()).unwrap().as_bytes())
        .unwrap();
    let opened = link.file_of(&manifest.files()[0], file.jwe().as_bytes()).unwrap();
    let shown = format!(
        "{link:?} {request:?} {file:?} {manifest:?} {opened:?} {:?}",
        link.clone().label("Ana").map(|l| l.expires(1))
    );
    assert_eq!(
        shown,
        concat!(
            "HealthLink { expires: None, long_term: true, passcode: true, single_file: false, .. } ",
            "LinkRequest { method: \"POST\", .. } ",
            "SealedFile { content_type: \"application/fhir+json\", jwe_len: 311, .. } ",
            "Manifest { files: [ManifestFile { content_type: \"application/fhir+json\", embedded: true, .. }] } ",
            "LinkFile { content_type: \"application/fhir+json\", content_len: 142, .. } ",
            "Ok(HealthLink { expires: Some(1), long_term: true, passcode: true, single_file: false, .. })"
        )
    );
    let text = link_of(&format!(r#"{{"url":"http://a.example/{KEY}","key":"{KEY}"}}"#));
    let error = HealthLink::parse(&text, NOW).unwrap_err();
    assert!(!format!("{error:?} {error}").contains(KEY));
}
