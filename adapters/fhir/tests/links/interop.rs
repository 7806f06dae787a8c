//! Against another implementation of JWE: jwcrypto, in `other.py`.

use super::{ALLERGY, NOW, PATIENT};
use ampoule_fhir::{HealthLink, LinkError, Manifest};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the other implementation answers. Where Python is not there, the test is skipped, and in CI it fails.
fn other(mode: &str, input: &Value) -> Option<Value> {
    let Some(python) = std::env::var_os("AMPOULE_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "AMPOULE_PYTHON is not set; run `cargo xtask test`");
        println!("skipped: `cargo xtask python` prints what to set AMPOULE_PYTHON to");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/links/other.py");
    let mut child = Command::new(python)
        .args(["-B", "-W", "error"])
        .arg(script)
        .arg(mode)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn another_implementation_opens_what_is_made_here() {
    let link = HealthLink::under("https://share.example/shl").unwrap().long_term().label("Für Dr. Lee").unwrap();
    let files = [link.seal_resources([PATIENT, ALLERGY]).unwrap(), link.seal("application/pdf", b"%PDF").unwrap()];
    let manifest = Manifest::answer(&files, None, |_| String::new()).unwrap();
    let Some(read) = other("open", &json!({ "link": *link.text(), "manifest": manifest })) else { return };
    assert_eq!(read["payload"]["url"], link.url());
    assert_eq!(read["payload"]["flag"], "L");
    assert_eq!(read["payload"]["label"], "Für Dr. Lee");
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{}}},{{"resource":{}}}]}}"#,
        core::str::from_utf8(PATIENT).unwrap(),
        core::str::from_utf8(ALLERGY).unwrap()
    );
    assert_eq!(read["files"], json!([["application/fhir+json", bundle], ["application/pdf", "%PDF"]]));
}

#[test]
fn what_another_implementation_makes_opens_here() {
    let content = format!(r#"{{"resourceType":"Patient","id":"{}"}}"#, "1".repeat(9000));
    let Some(made) = other("make", &json!({ "content": content })) else { return };
    let link = HealthLink::parse(made["link"].as_str().unwrap(), NOW).unwrap();
    let opened = link.open::<LinkError>("Dr. Lee", None, |_| Ok(made["manifest"].as_str().unwrap().into())).unwrap();
    assert_eq!(opened.len(), 2);
    for file in &opened {
        assert!(file.is_fhir());
        assert_eq!(file.content(), content.as_bytes());
    }
    // The second was compressed.
    let length = |number: usize| made["lengths"][number].as_u64().unwrap();
    assert!(length(0) > 9000 && length(1) < 1000);
}
