//! Vaults that hostile scripts begin with: each in the states that it went through, with what was true in each.

use super::super::evil::{EvilStore, Rows};
use super::truth::{Chart, Truth, Version};
use crate::codec::{ChartId, ContactId, EntryId};
use crate::error::Error;
use crate::keys::{Card, Grant, Recovery, Unlock};
use crate::log::{CheckpointKeeper as _, MemoryKeeper};
use crate::record::{Label, Patient, Record, Terms};
use crate::store::{MemoryStore, Store, StoreError};
use crate::vault::{Clock, Cursor, Vault, VaultOptions};
use std::sync::Arc;

/// The name of the vault's owner.
const OWNER: &str = "Riverside Clinic";
const COLLEAGUE: &str = "Dr. Lee";
const STRANGER: &str = "Dr. Kim";
const NOW_MS: i64 = 1_750_000_000_000;

/// Time stands still: a script is the same whenever it runs.
pub(super) struct Standing;

impl Clock for Standing {
    fn now_ms(&self) -> i64 {
        NOW_MS
    }
}

/// A vault in the states that it went through.
pub(super) struct World {
    pub(super) name: &'static str,
    /// Name on the card of the vault's owner.
    pub(super) owner: String,
    /// Device keys that open it, in the last state.
    pub(super) keys: Vec<u8>,
    /// Oldest first.
    pub(super) states: Vec<State>,
    /// What was true after each change.
    pub(super) past: Vec<Truth>,
    /// A colleague's vault as it stands, for bundles.
    pub(super) colleague: Option<Rows>,
}

/// Rows, what is true of them, and the checkpoint that was kept.
pub(super) struct State {
    pub(super) rows: Rows,
    pub(super) truth: Truth,
    pub(super) kept: Vec<u8>,
    /// The place of its truth among those of all changes.
    pub(super) past: usize,
}

/// The key of the colleague's vault.
pub(super) const COLLEAGUE_KEY: u8 = 9;

pub(super) fn unlock(key: u8) -> Unlock {
    Unlock::device_key(&[key; 32])
}

/// A new store with these rows.
pub(super) fn filled<S: Store>(store: S, rows: &Rows) -> Result<S, StoreError> {
    let mut change = store.write()?;
    for ((table, part, key), value) in rows {
        change.put(*table, part, key, value)?;
    }
    change.commit()?;
    Ok(store)
}

pub(super) fn record(word: &str) -> Record {
    let terms = Terms { kind: "Note".into(), words: Terms::fold(word), ..Terms::default() };
    Record::opaque("text/plain", word.as_bytes()).with_terms(terms)
}

fn patient(name: &str) -> Patient {
    Patient { names: vec![name.into()], ..Patient::default() }
}

/// A vault that is open and honestly served, and what is true of it.
struct Scribe {
    vault: Vault,
    owner: String,
    truth: Truth,
    past: Vec<Truth>,
}

impl Scribe {
    fn found(&mut self) -> Result<ChartId, Error> {
        let chart = self.vault.create_chart()?.id();
        self.truth.charts.insert(chart, new_chart(&self.owner));
        self.note();
        Ok(chart)
    }

    fn put(&mut self, chart: ChartId, word: &str, label: Option<Label>) -> Result<EntryId, Error> {
        let record = record(word);
        let handle = self.vault.chart(&chart)?;
        let entry = handle.put(&label.map_or(record.clone(), |label| record.labelled(label)))?;
        let version = Version { id: Some(handle.get(&entry)?.version()), ..version(word, &self.owner) };
        self.truth.charts.entry(chart).or_default().entries.entry(entry).or_default().add(version);
        self.note();
        Ok(entry)
    }

    fn update(&mut self, chart: ChartId, entry: EntryId, word: &str) -> Result<(), Error> {
        let id = Some(self.vault.chart(&chart)?.update(&entry, &record(word))?);
        let version = Version { id, ..version(word, &self.owner) };
        self.entry(chart, entry).add(version);
        self.note();
        Ok(())
    }

    /// Two versions that replace the same one.
    fn fork(&mut self, chart: ChartId, entry: EntryId, words: [&str; 2]) -> Result<(), Error> {
        let handle = self.vault.chart(&chart)?;
        let read = handle.get(&entry)?;
        let [one, other] = words;
        let id = Some(handle.update_from(&read, &record(one))?);
        let version = |id, word| Version { id, ..version(word, &self.owner) };
        let first = version(id, one);
        let second = version(Some(handle.update_from(&read, &record(other))?), other);
        self.entry(chart, entry).add(first);
        self.note();
        self.entry(chart, entry).add_beside(second);
        self.note();
        Ok(())
    }

    fn delete(&mut self, chart: ChartId, entry: EntryId) -> Result<(), Error> {
        let id = Some(self.vault.chart(&chart)?.delete(&entry)?);
        let version = Version { id, deleted: true, ..version("", &self.owner) };
        self.entry(chart, entry).add(version);
        self.note();
        Ok(())
    }

    fn describe(&mut self, chart: ChartId, name: &str) -> Result<(), Error> {
        self.vault.chart(&chart)?.describe(&patient(name))?;
        self.truth.charts.entry(chart).or_default().patient = Some(name.to_owned());
        self.note();
        Ok(())
    }

    fn meet(&mut self, card: &Card, name: &str) -> Result<ContactId, Error> {
        let contact = self.vault.contacts().add(&card.to_bytes())?;
        self.truth.contacts.insert(contact.id(), (name.to_owned(), false));
        self.note();
        contact.verify(&card.fingerprint().digits())?;
        self.truth.contacts.insert(contact.id(), (name.to_owned(), true));
        self.note();
        Ok(contact.id())
    }

    fn share(&mut self, chart: ChartId, with: ContactId, grant: &Grant) -> Result<(), Error> {
        self.vault.chart(&chart)?.share(&self.vault.contacts().get(with)?, grant)?;
        let name = self.truth.contacts.get(&with).map(|(name, _)| name.clone()).unwrap_or_default();
        self.truth.charts.entry(chart).or_default().members.insert(name);
        self.note();
        Ok(())
    }

    fn revoke(&mut self, chart: ChartId, from: ContactId) -> Result<(), Error> {
        self.vault.chart(&chart)?.revoke(&self.vault.contacts().get(from)?)?;
        let name = self.truth.contacts.get(&from).map(|(name, _)| name.clone()).unwrap_or_default();
        self.truth.charts.entry(chart).or_default().members.remove(&name);
        self.note();
        Ok(())
    }

    fn note(&mut self) {
        self.past.push(self.truth.clone());
    }

    fn entry(&mut self, chart: ChartId, entry: EntryId) -> &mut super::truth::Entry {
        self.truth.charts.entry(chart).or_default().entries.entry(entry).or_default()
    }
}

/// What is true of a version that the owner of the vault just wrote.
pub(super) fn version(word: &str, owner: &str) -> Version {
    Version { id: None, word: word.to_owned(), author: owner.to_owned(), mine: true, deleted: false }
}

/// What is true of a chart that the owner of the vault just founded.
pub(super) fn new_chart(owner: &str) -> Chart {
    Chart { members: [owner.to_owned()].into(), whole: true, ..Chart::default() }
}

/// A vault that is being made, state by state.
struct Making {
    store: EvilStore<MemoryStore>,
    keeper: Arc<MemoryKeeper>,
    scribe: Scribe,
    key: u8,
    states: Vec<State>,
}

impl Making {
    fn new(name: &str, key: u8) -> Result<Self, Error> {
        let (store, keeper) = (EvilStore::new(MemoryStore::new()), Arc::new(MemoryKeeper::new()));
        let options = VaultOptions::new().clock(Standing).keeper(Arc::clone(&keeper));
        let (vault, _) = options.create(store.clone(), name, &unlock(key), &Recovery::none_data_will_be_lost())?;
        let truth = Truth { devices: 1, ..Truth::default() };
        Ok(Self {
            store,
            keeper,
            scribe: Scribe { vault, owner: name.to_owned(), past: vec![truth.clone()], truth },
            key,
            states: Vec::new(),
        })
    }

    /// Takes the state as it stands, with the events of reading written and a checkpoint kept.
    fn state(&mut self) -> Result<(), Error> {
        self.scribe.vault.lock();
        let (rows, truth) = (self.store.rows()?, self.scribe.truth.clone());
        let kept = self.keeper.load()?.unwrap_or_default();
        self.scribe.note();
        let past = self.scribe.past.len().saturating_sub(1);
        self.states.push(State { rows, truth, kept, past });
        self.scribe.vault.unlock(&unlock(self.key))
    }

    fn done(self, name: &'static str, keys: &[u8]) -> World {
        World {
            name,
            owner: self.scribe.owner,
            keys: keys.to_vec(),
            states: self.states,
            past: self.scribe.past,
            colleague: None,
        }
    }
}

/// All worlds.
pub(super) fn all() -> Result<Vec<World>, Error> {
    Ok(vec![clinic()?, reader()?, devices()?, long()?])
}

/// Two charts, one of them shared, with conflicts, a deletion, patients and a revocation.
fn clinic() -> Result<World, Error> {
    let colleague = Making::new(COLLEAGUE, COLLEAGUE_KEY)?;
    let stranger = Making::new(STRANGER, 8)?;
    let mut clinic = Making::new(OWNER, 1)?;
    let chart = clinic.scribe.found()?;
    let first = clinic.scribe.put(chart, "first", None)?;
    let second = clinic.scribe.put(chart, "second", None)?;
    clinic.scribe.describe(chart, "Amy Example")?;
    clinic.state()?;
    let other = clinic.scribe.found()?;
    let third = clinic.scribe.put(other, "third", None)?;
    clinic.scribe.describe(other, "Ben Example")?;
    clinic.scribe.update(chart, first, "again")?;
    clinic.state()?;
    let lee = clinic.scribe.meet(&colleague.scribe.vault.card()?, COLLEAGUE)?;
    let kim = clinic.scribe.meet(&stranger.scribe.vault.card()?, STRANGER)?;
    clinic.scribe.share(chart, lee, &Grant::read())?;
    clinic.scribe.share(other, kim, &Grant::read())?;
    clinic.scribe.fork(chart, second, ["left", "right"])?;
    clinic.state()?;
    clinic.scribe.revoke(other, kim)?;
    clinic.scribe.put(other, "fourth", None)?;
    clinic.scribe.delete(other, third)?;
    clinic.scribe.describe(chart, "Amy Sample")?;
    clinic.scribe.update(chart, first, "lasting")?;
    clinic.state()?;
    let card = clinic.scribe.vault.card()?;
    let contact = colleague.scribe.vault.contacts().add(&card.to_bytes())?;
    contact.verify(&card.fingerprint().digits())?;
    colleague.scribe.vault.lock();
    let rows = colleague.store.rows()?;
    Ok(World { colleague: Some(rows), ..clinic.done("clinic", &[1]) })
}

/// Somebody with whom a label of a chart is shared, and who wrote in it too.
fn reader() -> Result<World, Error> {
    let mut clinic = Making::new(OWNER, 1)?;
    let mut lee = Making::new(COLLEAGUE, 2)?;
    let to_lee = clinic.scribe.meet(&lee.scribe.vault.card()?, COLLEAGUE)?;
    lee.scribe.meet(&clinic.scribe.vault.card()?, OWNER)?;
    let chart = clinic.scribe.found()?;
    let (mut words, mut entries) = (vec!["letter", "answer"], Vec::new());
    for word in &words {
        entries.push(clinic.scribe.put(chart, word, None)?);
    }
    clinic.scribe.put(chart, "hidden", Some(Label::restricted()))?;
    clinic.scribe.share(chart, to_lee, &Grant::write().label(Label::general()))?;
    let mut since = Cursor::START;
    for round in 0..2 {
        let to = clinic.scribe.vault.contacts().get(to_lee)?;
        let bundle = clinic.scribe.vault.chart(&chart)?.export(&to, since)?;
        since = lee.scribe.vault.import(&bundle)?.next;
        let mut known = clinic.scribe.truth.charts.get(&chart).cloned().unwrap_or_default();
        known.entries.retain(|id, _| entries.contains(id));
        for version in known.entries.values_mut().flat_map(|entry| &mut entry.versions) {
            version.mine = false;
        }
        (known.whole, known.patient) = (false, None);
        lee.scribe.truth.charts.insert(chart, known);
        lee.scribe.note();
        if round == 0 {
            lee.state()?;
            clinic.scribe.update(chart, *entries.first().ok_or(Error::UnknownEntry)?, "amended")?;
            words.push("more");
            entries.push(clinic.scribe.put(chart, "more", None)?);
        }
    }
    lee.scribe.put(chart, "reply", None)?;
    lee.state()?;
    Ok(lee.done("reader", &[2]))
}

/// Two devices, the second of which goes on where the first ended, after a way in was removed.
fn devices() -> Result<World, Error> {
    let mut clinic = Making::new(OWNER, 1)?;
    let chart = clinic.scribe.found()?;
    let first = clinic.scribe.put(chart, "first", None)?;
    clinic.scribe.describe(chart, "Amy Example")?;
    clinic.state()?;
    let way = clinic.scribe.vault.add_way(&unlock(3))?;
    clinic.scribe.vault.remove_way(way)?;
    clinic.state()?;
    clinic.scribe.vault.add_device(&unlock(2))?;
    clinic.scribe.truth.devices = 2;
    clinic.state()?;
    let options = VaultOptions::new().clock(Standing).keeper(Arc::clone(&clinic.keeper));
    clinic.scribe.vault.lock();
    clinic.scribe.vault = options.open(clinic.store.clone(), &unlock(2))?;
    clinic.key = 2;
    clinic.scribe.update(chart, first, "again")?;
    clinic.scribe.put(chart, "second", None)?;
    clinic.state()?;
    let other = clinic.scribe.found()?;
    clinic.scribe.put(other, "third", None)?;
    clinic.scribe.describe(other, "Ben Example")?;
    clinic.state()?;
    Ok(clinic.done("devices", &[1, 2]))
}

/// A chart with more entries than one segment of its index has.
fn long() -> Result<World, Error> {
    let mut clinic = Making::new(OWNER, 1)?;
    let chart = clinic.scribe.found()?;
    let mut entries = Vec::new();
    for number in 0..14 {
        entries.push(clinic.scribe.put(chart, &format!("note{number:02}"), None)?);
    }
    clinic.state()?;
    for number in 14..19 {
        entries.push(clinic.scribe.put(chart, &format!("note{number:02}"), None)?);
    }
    clinic.scribe.update(chart, *entries.get(3).ok_or(Error::UnknownEntry)?, "changed03")?;
    clinic.scribe.update(chart, *entries.get(17).ok_or(Error::UnknownEntry)?, "changed17")?;
    clinic.state()?;
    for number in 0..3 {
        clinic.scribe.describe(chart, &format!("Amy {number}"))?;
    }
    clinic.state()?;
    Ok(clinic.done("long", &[1]))
}

/// A few rows in every table that a vault writes: a chart that is shared, and one of a colleague.
pub(super) fn small() -> Result<World, Error> {
    let mut lee = Making::new(COLLEAGUE, COLLEAGUE_KEY)?;
    let mut clinic = Making::new(OWNER, 1)?;
    let chart = clinic.scribe.found()?;
    let first = clinic.scribe.put(chart, "alpha", None)?;
    clinic.scribe.update(chart, first, "again")?;
    clinic.scribe.describe(chart, "Amy Example")?;
    let to_lee = clinic.scribe.meet(&lee.scribe.vault.card()?, COLLEAGUE)?;
    clinic.scribe.share(chart, to_lee, &Grant::read())?;
    let to_clinic = lee.scribe.meet(&clinic.scribe.vault.card()?, OWNER)?;
    let theirs = lee.scribe.found()?;
    lee.scribe.put(theirs, "letter", None)?;
    lee.scribe.share(theirs, to_clinic, &Grant::read())?;
    let to = lee.scribe.vault.contacts().get(to_clinic)?;
    // Of what is imported the index is stored at once.
    clinic.scribe.vault.import(&lee.scribe.vault.chart(&theirs)?.export(&to, Cursor::START)?)?;
    let mut known = lee.scribe.truth.charts.get(&theirs).cloned().unwrap_or_default();
    let versions = known.entries.values_mut().flat_map(|entry| &mut entry.versions);
    versions.for_each(|version| version.mine = false);
    clinic.scribe.truth.charts.insert(theirs, known);
    clinic.state()?;
    Ok(clinic.done("small", &[1]))
}
