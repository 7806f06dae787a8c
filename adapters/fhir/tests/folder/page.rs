//! The page for a person, read by a parser of HTML.

use crate::{full, names, vault};
use ampoule::{FileInfo, Label, Message, Record};
use ampoule_fhir::{export_chart, record};
use html5gum::{Token, Tokenizer};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Names that try to get out of where they are put.
pub(crate) const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</td></table><iframe src=\"https://evil.example\"></iframe>",
    "</title><script src=//evil.example/x.js></script>",
    "<!-- --><svg onload=alert(1)>",
    "javascript:alert(1)",
    "../../../../etc/passwd",
    "..\\..\\windows\\system32\\x.exe",
    "invoice\u{202e}fdp.exe",
    "&lt;script&gt;&#x3c;b&#x3e;",
    "CON",
];

/// A start tag with its attributes.
type Tag = (String, Vec<(String, String)>);

/// Every start tag of a page, and all of its text.
fn read(page: &str) -> (Vec<Tag>, String) {
    let (mut tags, mut text) = (Vec::new(), String::new());
    for token in Tokenizer::new(page).flatten() {
        match token {
            Token::StartTag(tag) => {
                let of = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let attributes = tag.attributes.iter().map(|(name, value)| (of(name), of(value))).collect();
                tags.push((of(&tag.name), attributes));
            }
            Token::String(string) => text.push_str(std::str::from_utf8(&string).unwrap()),
            Token::Error(_) => panic!("the page is not well formed"),
            _ => {}
        }
    }
    (tags, text)
}

/// Fails unless the page is inert: known tags, no handler, links to files that are there.
fn assert_inert(folder: &Path) -> String {
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    let (tags, text) = read(&page);
    let known: BTreeSet<&str> = [
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "a", "ul", "li", "table", "tr", "th", "td",
        "bdi", "span", "details", "summary", "pre",
    ]
    .into();
    for (tag, attributes) in &tags {
        assert!(known.contains(&**tag), "<{tag}>");
        for (name, value) in attributes {
            match (&**tag, &**name) {
                ("a", "href") => assert!(
                    folder.join(value).exists() && !value.contains([':', '\\']) && !value.contains(".."),
                    "{value}"
                ),
                ("meta", "charset" | "content" | "http-equiv" | "name") | ("html", "lang") => {}
                ("span", "class") => assert_eq!(value, "mark"),
                _ => panic!("<{tag} {name}={value}>"),
            }
        }
    }
    let policy =
        tags.iter().find(|(_, attributes)| attributes.iter().any(|(_, value)| value == "Content-Security-Policy"));
    let policy = &policy.unwrap().1.iter().find(|(name, _)| name == "content").unwrap().1;
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    text
}

#[test]
fn the_page_has_no_script_and_nothing_from_elsewhere_whatever_names_say() {
    let vault = vault("<b>Clinic</b> \"x\"", 1);
    let chart = vault.create_chart().unwrap();
    for name in HOSTILE {
        chart.put_file(&FileInfo::new(name).named(name), name.as_bytes()).unwrap();
        chart.put(&Record::opaque(name, name).named(name)).unwrap();
        let text = serde_json::to_string(name).unwrap();
        let resource = format!(
            r#"{{"resourceType":"Observation","code":{{"text":{text}}},"valueString":{text},"text":{{"div":"<div><script>alert(1)</script></div>"}}}}"#
        );
        chart.put(&record(resource).unwrap().named(name)).unwrap();
        chart.put(&record(format!(r#"{{"resourceType":"Patient","name":[{{"text":{text}}}]}}"#)).unwrap()).unwrap();
        let thread = chart.start_thread(name, &Label::general()).unwrap();
        let message = thread.send(&Message::text(name)).unwrap();
        thread.react(&message, name.get(..4.min(name.len())).unwrap_or("x")).unwrap();
    }
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("ana");
    export_chart(&chart, "to Ana", &folder).unwrap();
    let text = assert_inert(&folder);
    for name in HOSTILE {
        // What is escaped is shown as it was, but for what turns the direction of writing.
        assert!(text.contains(&name.replace('\u{202e}', "\u{fffd}")), "{name}");
    }
    assert_eq!(names(place.path()), ["ana"]);
    assert_eq!(names(&folder), ["bundle.json", "chart.json", "files", "index.html"]);
    let files = names(&folder.join("files"));
    assert_eq!(files.len(), 2 * HOSTILE.len());
    for file in files {
        assert!(file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{file}");
        assert!(file.ends_with(".bin"), "{file}");
    }
}

#[test]
fn the_page_shows_what_there_is() {
    let chart = full(&vault("Riverside Clinic", 1));
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("ana");
    export_chart(&chart, "to Ana", &folder).unwrap();
    let text = assert_inert(&folder);
    for shown in [
        "Ana Example",
        "2024-02-26",
        "HbA1c",
        "7.20 %",
        "knee.dcm",
        "adt.hl7",
        "Does it hurt?",
        "Knee pain",
        "Riverside Clinic",
        "hiv",
        "Nothing was left out.",
        "This folder is not encrypted",
    ] {
        assert!(text.contains(shown), "{shown}");
    }
}
