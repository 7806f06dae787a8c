//! The second decoder: a program in another language, which opens what this library has just written.

mod files;

pub(crate) use files::sealed_elsewhere;

use crate::data::hex;
use crate::place::Place;
use crate::python;
use crate::run::{self, program};
use ampoule::{
    Actor, Chart, Code, Contact, Cursor, Entry, EntryId, ExternalId, Grant, Label, MemberKind, MemoryStore, Message,
    Patient, Receipt, Record, Recovery, SqliteStore, Suite, Terms, Unlock, Vault,
};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PASSPHRASE: &str = "Zoe\u{308} 47 tractor mango";

/// Makes vaults with fresh randomness, and has the decoder open them and the vectors.
pub(crate) fn run(place: &Place) -> Result<()> {
    let folder = made(place)?;
    run::shown(&mut command(place, "made", &folder)?)?;
    files::sealed_elsewhere(&folder)?;
    run::shown(&mut command(place, "vectors", &place.root.join("tests/vectors"))?)?;
    Ok(fs::remove_dir_all(&folder)?)
}

/// A folder of vaults that were made in this very run.
pub(crate) fn made(place: &Place) -> Result<PathBuf> {
    let folder = place.target.join(format!("decoder-{}", std::process::id()));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let expected = make(&folder).context("cannot make vaults for the decoder")?;
    fs::write(folder.join("expected.json"), serde_json::to_vec_pretty(&expected)?)?;
    Ok(folder)
}

/// The decoder with what it needs, installed once into the cache.
pub(crate) fn command(place: &Place, mode: &str, folder: &Path) -> Result<Command> {
    let sources = place.root.join("tests/decoder");
    let python = python::environment(place, &sources.join("requirements.txt"))?;
    let mut command = program(&python, ["-B", "-W", "error"]);
    command.arg(sources.join("decode.py")).arg(mode).arg(folder);
    Ok(command)
}

/// What was put into a chart, in order of arrival.
type Put = BTreeMap<String, Vec<Value>>;

fn make(folder: &Path) -> Result<Value> {
    let device = Unlock::device_key(&[7; 32]);
    let create = |file: &str, name: &str, suite| -> Result<_> {
        let store = SqliteStore::open(folder.join(file))?;
        Ok(Vault::options().suite(suite).create(store, name, &device, &Recovery::code())?)
    };
    let (clinic, code) = create("clinic.db", "Riverside Clinic", Suite::Aes256Gcm)?;
    let words = code.context("a recovery code was asked for")?.to_words().to_string();
    let (specialist, _) = create("specialist.db", "Dr. Lee", Suite::Aes256Gcm)?;
    let (lab, _) = create("lab.db", "Ångström Lab", Suite::Aes256Gcm)?;

    // A way in with two factors, and one that is removed: the vault key turns.
    clinic.add_way(&Unlock::passphrase(PASSPHRASE).and(Unlock::device_key(&[9; 32])))?;
    let removed = clinic.add_way(&Unlock::device_key(&[8; 32]))?;
    let specialist_at_clinic = acquaint(&clinic, &specialist)?;
    let lab_at_clinic = acquaint(&clinic, &lab)?;
    let (clinic_at_specialist, _) = (acquaint(&specialist, &clinic)?, acquaint(&lab, &clinic)?);

    colleagues(&clinic)?;

    let mut puts: [Put; 4] = Default::default();
    let [at_clinic, at_specialist, at_lab, at_scanner] = &mut puts;
    let chart = clinic.create_chart()?;
    let patient = Patient { names: vec!["Amélie Example".into()], ..Patient::default() };
    chart.describe(&patient)?;
    let first = put(at_clinic, &clinic, &chart, &observation("blood pressure", "85354-9"), None)?;
    put(at_clinic, &clinic, &chart, &observation("viral load", "25836-8").labelled(Label::new("HIV")?), None)?;
    put(at_clinic, &clinic, &chart, &Record::opaque("", Vec::new()), None)?;
    put(at_clinic, &clinic, &chart, &Record::opaque("image/x", vec![0xA5; 40_000]).named("Röntgen"), None)?;
    let whole_chunks = put(at_clinic, &clinic, &chart, &Record::opaque("text/plain", vec![b'x'; 1]), None)?;
    put(at_clinic, &clinic, &chart, &observation("corrected", "85354-9"), Some(first))?;
    delete(at_clinic, &chart, whole_chunks)?;

    // Shared with history and the right to write; the specialist writes back.
    chart.share(&specialist_at_clinic, &Grant::write().label(Label::general()))?;
    chart.share(&lab_at_clinic, &Grant::read())?;
    hand_over(folder, "to-specialist.ampb", &chart, &specialist_at_clinic, &specialist)?;
    let copy = specialist.chart(&chart.id())?;
    let of_general: Vec<Value> =
        entries(at_clinic, &chart).iter().filter(|e| e["label"] == "general").cloned().collect();
    at_specialist.insert(chart.id().to_string(), of_general.clone());
    put(at_specialist, &specialist, &copy, &observation("cardiology report", "11488-4"), None)?;
    let report = entries(at_specialist, &copy).last().cloned().context("an entry was put")?;
    let back = copy.export(&clinic_at_specialist, Cursor::START)?;
    clinic.import(&back)?;
    at_clinic.entry(chart.id().to_string()).or_default().push(report);

    // The lab never took its first grant in. It is revoked, and granted the present epoch only.
    chart.revoke(&lab_at_clinic)?;
    put(at_clinic, &clinic, &chart, &observation("after revocation", "85354-9"), None)?;
    chart.share(&lab_at_clinic, &Grant::read().label(Label::general()).without_history())?;
    hand_over(folder, "to-lab.ampb", &chart, &lab_at_clinic, &lab)?;
    let newest = entries(at_clinic, &chart).last().cloned().context("an entry was put")?;
    at_lab.insert(chart.id().to_string(), vec![newest.clone()]);
    hand_over(folder, "again-to-specialist.ampb", &chart, &specialist_at_clinic, &specialist)?;
    at_specialist.entry(chart.id().to_string()).or_default().push(newest.clone());
    let again = entries(at_clinic, &chart).iter().filter(|e| e["label"] == "general").cloned().collect::<Vec<_>>();

    at_specialist.extend(files::send(folder, at_clinic, &clinic, &specialist_at_clinic, &specialist)?);
    devices(folder, &clinic, &chart, at_clinic)?;
    lab.renew_device("restored copy")?;

    // A vault of the other suite.
    let (scanner, _) = create("scanner.db", "Scanner", Suite::ChaCha20Poly1305)?;
    let calibrations = scanner.create_chart()?;
    let calibration = put(at_scanner, &scanner, &calibrations, &observation("calibration", "1"), None)?;
    converse(at_scanner, &scanner, &calibrations, calibration)?;
    files::put(at_scanner, &scanner, &scanner.create_chart()?)?;
    files::break_off(&calibrations)?;
    clinic.remove_way(removed)?;

    let key = |byte: u8| json!({ "device": hex(&[byte; 32]) });
    let hiding = json!({ "device": hex(&[9; 32]), "passphrase": PASSPHRASE });
    let mut all = Label::standard().map(|label| label.to_string());
    all.sort();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    Ok(json!([
        {
            "file": "clinic.db", "ways": [key(7), { "recovery": words }, hiding, key(6)],
            "closed": [key(5), key(8), key(9)],
            "name": "Riverside Clinic", "key_version": 3, "suite": 1,
            "devices": 2, "closed_devices": ["left in a train"], "contents": [0, 0],
            "contacts": [
                ["Dr. Kim", "unverified", "kim-7", 0], ["Dr. Lee", "verified", null, 0], ["Dr. Moe", "unverified", null, 0],
                ["Dr. Roe", "changed", null, 1], ["Northern Hospital", "verified", null, 0],
                ["Ångström Lab", "verified", null, 0],
            ],
            "patients": { (chart.id().to_string()): ["Amélie Example"] },
            "charts": shown(at_clinic, &chart, &all), "bundles": [],
        },
        {
            "file": "specialist.db", "ways": [key(7)], "closed": [key(9)],
            "name": "Dr. Lee", "key_version": 1, "suite": 1, "devices": 1, "closed_devices": [], "contents": [2, 1],
            "contacts": [["Riverside Clinic", "verified", null, 0]], "patients": {},
            "charts": shown(at_specialist, &chart, &["general"]),
            "bundles": [
                { "file": "to-specialist.ampb", "entries": of_general },
                { "file": "again-to-specialist.ampb", "entries": again },
            ],
        },
        {
            "file": "lab.db", "ways": [key(7)], "closed": [key(9)],
            "name": "Ångström Lab", "key_version": 1, "suite": 1, "devices": 1, "closed_devices": ["restored copy"],
            "contacts": [["Riverside Clinic", "verified", null, 0]], "patients": {}, "contents": [0, 0],
            "charts": shown(at_lab, &chart, &["general"]),
            "bundles": [{ "file": "to-lab.ampb", "entries": [newest] }],
        },
        {
            "file": "scanner.db", "ways": [key(7)], "closed": [key(9)],
            "name": "Scanner", "key_version": 1, "suite": 2, "devices": 1, "closed_devices": [],
            "contents": [0, 1], "contacts": [], "patients": {}, "charts": shown(at_scanner, &chart, &[]), "bundles": [],
        },
    ]))
}

/// A tablet of the clinic writes, and is retired; a server stays.
fn devices(folder: &Path, clinic: &Vault, chart: &Chart, at_clinic: &mut Put) -> Result<()> {
    let tablet = clinic.add_device(&Unlock::device_key(&[5; 32]))?;
    let at_tablet = Vault::open(SqliteStore::open(folder.join("clinic.db"))?, &Unlock::device_key(&[5; 32]))?;
    let record = observation("on the tablet", "85354-9").labelled(Label::new("HIV")?);
    put(at_clinic, &at_tablet, &at_tablet.chart(&chart.id())?, &record, None)?;
    clinic.retire_device(tablet, "left in a train")?;
    clinic.add_device(&Unlock::device_key(&[6; 32]))?;
    Ok(())
}

fn member(name: &str, kind: MemberKind) -> Result<Vault> {
    let (unlock, none) = (Unlock::device_key(&[7; 32]), Recovery::none_data_will_be_lost());
    Ok(Vault::options().kind(kind).create(MemoryStore::new(), name, &unlock, &none)?.0)
}

/// Somebody who lost her phone with all that was on it, and has a vault of new keys.
fn a_new_phone(clinic: &Vault) -> Result<()> {
    let lost = acquaint(clinic, &member("Dr. Roe", MemberKind::Person)?)?;
    clinic.contacts().replace(&lost, &member("Dr. Roe", MemberKind::Person)?.card()?.to_bytes())?;
    Ok(())
}

/// Two people whom a hospital certifies, and one with a new phone. It takes one certificate back.
fn colleagues(clinic: &Vault) -> Result<()> {
    a_new_phone(clinic)?;
    let hospital = member("Northern Hospital", MemberKind::Organisation)?;
    acquaint(clinic, &hospital)?;
    for (name, subject) in [("Dr. Kim", "kim-7"), ("Dr. Moe", "moe-8")] {
        let card = member(name, MemberKind::Person)?.card()?;
        let id = ExternalId { issuer: "https://id.example".into(), subject: subject.into() };
        let certificate = hospital.certify(&card, &id, None)?.to_bytes();
        clinic.contacts().add(&card.to_bytes())?;
        clinic.contacts().add_certificate(&certificate)?;
        if subject == "moe-8" {
            clinic.contacts().add_withdrawals(&hospital.withdraw(&certificate)?)?;
        }
    }
    Ok(())
}

/// All charts of a vault, with the labels that it holds of the shared one; it holds all of the others.
fn shown(put: &Put, shared: &Chart, labels: &[&str]) -> Value {
    let mut all = Label::standard().map(|label| label.to_string());
    all.sort();
    let of = |chart: &String| if *chart == shared.id().to_string() { json!(labels) } else { json!(all) };
    put.iter().map(|(chart, entries)| (chart.clone(), json!({ "labels": of(chart), "entries": entries }))).collect()
}

fn acquaint(vault: &Vault, other: &Vault) -> Result<Contact> {
    let card = other.card()?;
    let contact = vault.contacts().add(&card.to_bytes())?;
    contact.verify(&card.fingerprint().digits())?;
    Ok(contact)
}

fn hand_over(folder: &Path, file: &str, chart: &Chart, contact: &Contact, to: &Vault) -> Result<()> {
    let bundle = chart.export(contact, Cursor::START)?;
    to.import(&bundle)?;
    Ok(fs::write(folder.join(file), bundle)?)
}

fn observation(text: &str, code: &str) -> Record {
    let codes = vec![Code { system: "http://loinc.org".into(), value: code.into() }];
    let terms = Terms { kind: "Observation".into(), codes, words: Terms::fold(text), ..Terms::default() };
    Record::opaque("text/plain", text.as_bytes()).with_terms(terms)
}

fn entries<'a>(puts: &'a Put, chart: &Chart) -> &'a [Value] {
    puts.get(&chart.id().to_string()).map_or(&[], Vec::as_slice)
}

fn put(puts: &mut Put, vault: &Vault, chart: &Chart, record: &Record, replaces: Option<EntryId>) -> Result<EntryId> {
    let actor = Actor {
        issuer: "https://id.example".into(),
        subject: "nurse-7".into(),
        session: "s1".into(),
        purpose: "TREAT".into(),
    };
    let id = vault.batch(|batch| {
        batch.acting_for(actor.clone());
        match replaces {
            Some(id) => batch.update(chart, &id, record).map(|_| id),
            None => batch.put(chart, record),
        }
    })?;
    let entry = chart.get(&id)?;
    let codes: Vec<_> = record.terms().codes.iter().map(|code| [&code.system, &code.value]).collect();
    puts.entry(chart.id().to_string()).or_default().push(json!({
        "entry": id.to_string(),
        "version": entry.version().to_string(),
        "sha256": hex(&Sha256::digest(record.content())),
        "media_type": record.media_type(),
        "label": record.label().map_or("general", Label::as_str),
        "name": record.name(),
        "author": vault.card()?.name(),
        "actor": actor.subject,
        "deleted": false,
        "time_ms": entry.time_ms(),
        "codes": codes,
        "text": null,
        "preview": null,
    }));
    Ok(id)
}

/// What is said in a thread about an entry.
fn converse(puts: &mut Put, vault: &Vault, chart: &Chart, about: EntryId) -> Result<()> {
    let mut seen = chart.list()?.entries().len();
    let mut said = |text: Option<&str>| -> Result<()> {
        for found in chart.list()?.into_iter().skip(seen) {
            seen = seen.saturating_add(1);
            puts.entry(chart.id().to_string()).or_default().push(shown_message(vault, &chart.get(&found.id)?, text)?);
        }
        Ok(())
    };
    let thread = chart.start_thread("Is it calibrated?", &Label::general())?;
    said(None)?;
    let question = thread.send(&Message::text("Who did it, and when?"))?;
    said(Some("Who did it, and when?"))?;
    thread.send(&Message::text("See there ✓").in_reply_to(&question).attach(&about).attach_voice(&about, 1500))?;
    said(Some("See there ✓"))?;
    thread.react(&question, "👍")?;
    said(None)?;
    anyhow::ensure!(thread.acknowledge(&question, Receipt::Read)?, "a receipt is given");
    said(None)
}

/// Also of a file, but for what is said of its content.
fn shown_message(vault: &Vault, entry: &Entry, text: Option<&str>) -> Result<Value> {
    let codes: Vec<_> = entry.record().terms().codes.iter().map(|code| [&code.system, &code.value]).collect();
    Ok(json!({
        "entry": entry.id().to_string(),
        "version": entry.version().to_string(),
        "sha256": hex(&Sha256::digest(entry.content())),
        "media_type": entry.record().media_type(),
        "label": "general",
        "name": null,
        "author": vault.card()?.name(),
        "actor": null,
        "deleted": false,
        "time_ms": entry.time_ms(),
        "codes": codes,
        "text": text,
        "preview": null,
    }))
}

fn delete(puts: &mut Put, chart: &Chart, id: EntryId) -> Result<()> {
    let version = chart.delete(&id)?;
    let entry = chart.version(&version)?;
    let before = entries(puts, chart).iter().find(|entry| entry["entry"] == id.to_string());
    let mut value = before.and_then(Value::as_object).cloned().unwrap_or_default();
    value.extend([
        ("version".into(), json!(version.to_string())),
        ("sha256".into(), json!(hex(&Sha256::digest([])))),
        ("media_type".into(), json!("")),
        ("actor".into(), Value::Null),
        ("deleted".into(), json!(true)),
        ("time_ms".into(), json!(entry.time_ms())),
    ]);
    puts.entry(chart.id().to_string()).or_default().push(Value::Object(value));
    Ok(())
}
