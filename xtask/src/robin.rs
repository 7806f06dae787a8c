//! The round robin: Rust founds a chart and writes, C adds, Kotlin adds, Swift adds, each with a vault of its own, and at the end each
//! reads what all have written and verifies their signatures. What was built for the doors is used as it is.

use crate::place::Place;
use crate::{cdoor, kotlin, swift};
use ampoule::{Card, Chart, Contact, Cursor, Grant, Record, Recovery, SqliteStore, Unlock, Vault};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The order in which they write, and the byte of which each one's device key is.
const ALL: [(&str, u8); 4] = [("Rust", 1), ("C", 2), ("Kotlin", 3), ("Swift", 4)];

/// A program of the round robin, given its arguments.
pub(crate) type Program<'a> = Box<dyn Fn(&[&str]) -> Result<String> + 'a>;

/// Goes once round, and returns the languages that have read all.
pub(crate) fn run(place: &Place, log: &Path) -> Result<Vec<&'static str>> {
    let programs: [(&str, Program<'_>); 3] = [
        ("C", cdoor::robin(place, log)?),
        ("Kotlin", kotlin::robin(place, log)?),
        ("Swift", swift::robin(place, log)?),
    ];
    let folder = swift::fresh(place, "robin")?;
    let (at, given) = (folder.as_path(), folder.display().to_string());
    let rust = make(at)?;
    for (name, program) in &programs {
        let key = key_of(name)?.to_string();
        program(&["make", &given, name, &key])?;
    }
    let (chart, others) = begin(&rust, at)?;
    let mut writers = "Rust".to_owned();
    for (place, (name, program)) in programs.iter().enumerate() {
        let key = key_of(name)?.to_string();
        let mut arguments = vec!["add", &given, name, &key, &writers, "Rust"];
        arguments.extend(place.checked_sub(1).and_then(|before| programs.get(before)).map(|(before, _)| *before));
        arguments.push("to");
        match programs.get(place.saturating_add(1)) {
            Some((next, _)) => arguments.push(next),
            None => arguments.extend(["Rust", "C", "Kotlin"]),
        }
        read(&program(&arguments)?, name, &writers)?;
        writers = format!("{writers},{name}");
    }
    check(&rust, &chart, at, &writers)?;
    fs::write(at.join("Rust-Swift.bundle"), chart.export(others.get("Swift").context("a contact")?, Cursor::START)?)?;
    for (name, program) in &programs {
        let key = key_of(name)?.to_string();
        let from = if *name == "Swift" { "Rust" } else { "Swift" };
        read(&program(&["check", &given, name, &key, &writers, from])?, name, &writers)?;
    }
    Ok(ALL.iter().map(|(name, _)| *name).collect())
}

fn key_of(name: &str) -> Result<u8> {
    ALL.iter().find(|(one, _)| *one == name).map(|(_, key)| *key).context("a name of the round")
}

fn read(printed: &str, name: &str, writers: &str) -> Result<()> {
    ensure!(
        printed.contains(&format!("{name} reads {writers}\n")),
        "{name} prints\n{printed}\nand should read {writers}"
    );
    Ok(())
}

fn make(folder: &Path) -> Result<Vault> {
    let store = SqliteStore::open(folder.join("Rust.db"))?;
    let none = Recovery::none_data_will_be_lost();
    let (vault, _) = Vault::create(store, "Rust", &Unlock::device_key(&[key_of("Rust")?; 32]), &none)?;
    fs::write(folder.join("Rust.card"), vault.card()?.to_bytes())?;
    Ok(vault)
}

/// Writes down everybody's fingerprint, as it would be read out, shares a chart with all, and hands it to each.
fn begin(vault: &Vault, folder: &Path) -> Result<(Chart, BTreeMap<&'static str, Contact>)> {
    let chart = vault.create_chart()?;
    chart.put(&Record::opaque("text/plain", "Rust wrote this"))?;
    let mut others = BTreeMap::new();
    for (name, _) in ALL {
        let card = Card::from_bytes(&fs::read(folder.join(format!("{name}.card")))?)?;
        let digits = card.fingerprint().digits();
        fs::write(folder.join(format!("{name}.digits")), &digits)?;
        if name != "Rust" {
            let contact = vault.contacts().add(&card.to_bytes())?;
            contact.verify(&digits)?;
            chart.share(&contact, &Grant::write())?;
            others.insert(name, contact);
        }
    }
    for (name, contact) in &others {
        fs::write(folder.join(format!("Rust-{name}.bundle")), chart.export(contact, Cursor::START)?)?;
    }
    Ok((chart, others))
}

fn check(vault: &Vault, chart: &Chart, folder: &Path, writers: &str) -> Result<()> {
    vault.import(&fs::read(folder.join("Swift-Rust.bundle"))?)?;
    let mut authors = Vec::new();
    for found in chart.list()? {
        let entry = chart.get(&found.id)?;
        ensure!(entry.content() == format!("{} wrote this", entry.author()).as_bytes(), "an entry of another");
        authors.push(entry.author().to_owned());
    }
    ensure!(authors.join(",") == writers, "Rust reads {authors:?}");
    ensure!(vault.verify()?.findings.is_empty(), "not all verifies in Rust");
    Ok(())
}
