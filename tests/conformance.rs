//! Cases that hold in every language: `tests/conformance/*.json` are data, and each binding has a runner like this one.
//!
//! A file is a list of cases, a case a list of steps on one store in memory. A step is a `call` with its input, and what it
//! comes to: `expect` is left out where it works, an `error` by its number and name, or a value.

#![allow(clippy::pedantic, clippy::arithmetic_side_effects, reason = "tests read better as they are")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

use ampoule::codes::ErrorCode;
use ampoule::{
    Chart, Code, DateRange, EntryId, Error, Label, MemoryStore, Query, Record, Recovery, Terms, Unlock, UnlockError,
    Vault,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a case works on.
#[derive(Default)]
struct World {
    store: Arc<MemoryStore>,
    vault: Option<Vault>,
    chart: Option<Chart>,
    entries: BTreeMap<String, EntryId>,
}

fn text<'v>(step: &'v Value, name: &str) -> Option<&'v str> {
    step.get(name).map(|value| value.as_str().unwrap())
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn way(step: &Value) -> Unlock {
    match text(step, "passphrase") {
        Some(passphrase) => Unlock::passphrase(passphrase),
        None => Unlock::device_key(&bytes(text(step, "key").unwrap()).try_into().unwrap()),
    }
}

fn pairs(step: &Value) -> Vec<(String, String)> {
    let codes = step.get("codes").and_then(Value::as_array).cloned().unwrap_or_default();
    codes.iter().map(|pair| (pair[0].as_str().unwrap().into(), pair[1].as_str().unwrap().into())).collect()
}

fn dates(step: &Value) -> Result<Option<DateRange>, ErrorCode> {
    let Some(dates) = step.get("dates") else { return Ok(None) };
    let range = DateRange::new(dates[0].as_i64().unwrap(), dates[1].as_i64().unwrap());
    range.map(Some).map_err(|_| ErrorCode::InvalidDates)
}

fn record(step: &Value) -> Result<Record, ErrorCode> {
    let terms = Terms {
        kind: text(step, "kind").unwrap_or_default().into(),
        codes: pairs(step).into_iter().map(|(system, value)| Code { system, value }).collect(),
        dates: dates(step)?.into_iter().collect(),
        words: Terms::fold(text(step, "words").unwrap_or_default()),
    };
    let record = Record::opaque("text/plain", text(step, "text").unwrap()).with_terms(terms);
    match text(step, "label").map(Label::new) {
        None => Ok(record),
        Some(label) => Ok(record.labelled(label.map_err(|_| ErrorCode::InvalidLabel)?)),
    }
}

fn query(step: &Value) -> Result<Query, ErrorCode> {
    let mut query = text(step, "kind").map_or_else(Query::all, Query::kind);
    for (system, value) in pairs(step) {
        query = query.code(system, value);
    }
    if let Some(range) = dates(step)? {
        query = query.dates(range);
    }
    if let Some(words) = text(step, "words") {
        query = query.words(words);
    }
    if let Some(words) = text(step, "prefix") {
        query = query.word_prefix(words);
    }
    Ok(query)
}

impl World {
    fn chart(&self) -> &Chart {
        self.chart.as_ref().unwrap()
    }

    fn entry(&self, step: &Value) -> EntryId {
        self.entries.get(text(step, "entry").unwrap()).copied().unwrap_or(EntryId::from_bytes([0; 16]))
    }

    fn name_of(&self, id: EntryId) -> String {
        self.entries.iter().find(|(_, known)| **known == id).unwrap().0.clone()
    }

    /// Null where there is nothing to say but that it worked.
    fn call(&mut self, step: &Value) -> Result<Value, ErrorCode> {
        let code = |error: Error| error.code();
        match text(step, "call").unwrap() {
            "create" => {
                let none = Recovery::none_data_will_be_lost();
                let made = Vault::create(Arc::clone(&self.store), text(step, "name").unwrap(), &way(step), &none);
                self.vault = Some(made.map_err(code)?.0);
            }
            "open" => self.vault = Some(Vault::open(Arc::clone(&self.store), &way(step)).map_err(code)?),
            "unlock" => self.vault.as_ref().unwrap().unlock(&way(step)).map_err(code)?,
            "lock" => self.vault.as_ref().unwrap().lock(),
            "chart" => self.chart = Some(self.vault.as_ref().unwrap().create_chart().map_err(code)?),
            "put" => {
                let id = self.chart().put(&record(step)?).map_err(code)?;
                self.entries.insert(text(step, "as").unwrap().into(), id);
            }
            "update" => drop(self.chart().update(&self.entry(step), &record(step)?).map_err(code)?),
            "delete" => drop(self.chart().delete(&self.entry(step)).map_err(code)?),
            "get" => {
                let entry = self.chart().get(&self.entry(step)).map_err(code)?;
                return Ok(json!({ "content": std::str::from_utf8(entry.content()).unwrap() }));
            }
            "history" => {
                return Ok(json!({ "count": self.chart().history(&self.entry(step)).map_err(code)?.len() }));
            }
            "find" => {
                let found = self.chart().find(&query(step)?).map_err(code)?;
                return Ok(json!({ "found": found.into_iter().map(|hit| self.name_of(hit.id)).collect::<Vec<_>>() }));
            }
            "recovery_words" => {
                let words = Unlock::recovery_words(text(step, "words").unwrap());
                drop(words.map_err(|error| Error::from(UnlockError::from(error)).code())?);
            }
            "add_card" => {
                let card = bytes(text(step, "hex").unwrap());
                drop(self.vault.as_ref().unwrap().contacts().add(&card).map_err(code)?);
            }
            "import" => {
                let bundle = bytes(text(step, "hex").unwrap());
                drop(self.vault.as_ref().unwrap().import(&bundle).map_err(code)?);
            }
            other => panic!("there is no call {other}"),
        }
        Ok(Value::Null)
    }
}

#[test]
fn every_case_comes_to_what_it_should() {
    let mut cases = 0;
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance")).unwrap() {
        let path = file.unwrap().path();
        let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for case in file.as_array().unwrap() {
            let mut world = World::default();
            for step in case["steps"].as_array().unwrap() {
                let came = match world.call(step) {
                    Ok(value) => value,
                    Err(code) => json!({ "error": code.number(), "name": format!("{code:?}") }),
                };
                let should = step.get("expect").cloned().unwrap_or(Value::Null);
                assert_eq!(came, should, "{}: {}: {step}", path.display(), case["case"]);
            }
            cases += 1;
        }
    }
    assert!(cases >= 15, "{cases} cases");
}
