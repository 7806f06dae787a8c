//! What a vault is made to do, step by step, and what it must hold after each step.
//!
//! [`SCRIPT`] says it as data. A [`Member`] carries a step out on a real vault; a [`Model`] carries it out on plain maps
//! that know nothing of the library. [`holdings`] reads from a vault what a model can be held against.

use std::collections::{BTreeMap, BTreeSet};

use ampoule::store::Store;
use ampoule::{
    ChartId, Code, Contact, ContactStatus, Cursor, EntryId, Error, Grant, MemoryStore, Patient, PatientQuery, Query,
    Record, Recovery, Terms, Unlock, Vault, WayId,
};

/// Name of the vault's owner.
const OWNER: &str = "Riverside Clinic";
/// Name of the contact.
const COLLEAGUE: &str = "Dr. Lee";
/// The device key that is there from the beginning to the end.
pub(crate) const KEY: u8 = 2;
/// The device keys that are there for a while.
const PASSING_KEYS: [u8; 2] = [1, 3];

/// A step: one call of the everyday API. Charts and entries go by names, which only the tests know.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Create,
    Found(&'static str),
    /// An entry with this many bytes.
    Put(&'static str, &'static str, usize),
    Once(&'static str, &'static str),
    /// One entry in each place, and a new version of the first.
    Batch(&'static [(&'static str, &'static str)]),
    Update(&'static str, &'static str),
    Delete(&'static str, &'static str),
    /// Two versions that replace the same one.
    Fork(&'static str, &'static str),
    Resolve(&'static str, &'static str),
    Meet,
    Verify,
    Share(&'static str),
    Revoke(&'static str),
    Describe(&'static str, &'static str),
    Forget(&'static str),
    /// A bundle of the colleague's chart, which grows from bundle to bundle.
    Import(u8),
    AddKey(u8),
    RemoveKey(u8),
    Maintain,
}

use Step::{
    AddKey, Batch, Create, Delete, Describe, Forget, Fork, Found, Import, Maintain, Meet, Once, Put, RemoveKey,
    Resolve, Revoke, Share, Update, Verify,
};

/// The colleague's chart.
const THEIRS: &str = "theirs";

pub(crate) const SCRIPT: &[Step] = &[
    Create,
    Found("a"),
    Put("a", "first", 40),
    Found("b"),
    Batch(&[("a", "lot 1"), ("b", "lot 2"), ("a", "lot 3"), ("b", "lot 4")]),
    Update("a", "first"),
    Describe("a", "Amelie Example"),
    Delete("a", "lot 3"),
    Meet,
    Verify,
    Put("a", "scan", 60_000),
    Share("a"),
    Once("b", "order 7"),
    Import(1),
    Put(THEIRS, "answer", 300),
    Fork("a", "first"),
    Resolve("a", "first"),
    AddKey(3),
    Describe("b", "Bela Example"),
    Batch(&[(THEIRS, "lot 5"), ("a", "lot 6"), ("b", "lot 7")]),
    RemoveKey(1),
    Put("a", "before", 0),
    Revoke("a"),
    Put("a", "after", 5_000),
    Import(2),
    Update(THEIRS, "answer"),
    Forget("a"),
    Maintain,
    Share("a"),
    Once("a", "order 8"),
    Put("a", "merge 1", 1),
    Put("a", "merge 2", 2),
    Put("a", "merge 3", 3),
    Describe("a", "Amelie Sample"),
    Delete("b", "order 7"),
    RemoveKey(3),
    Revoke("a"),
    Put("b", "last", 700),
];

/// Everything that can be asked of a vault, in names and bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Holdings {
    keys: BTreeSet<u8>,
    contact: Option<bool>,
    charts: Vec<ChartHoldings>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct ChartHoldings {
    patient: Option<String>,
    members: BTreeSet<String>,
    /// Of each entry that is not deleted: whether it conflicts, and all versions in order of arrival.
    entries: Vec<(bool, Vec<Vec<u8>>)>,
}

/// The names of the charts, with what they must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    keys: BTreeSet<u8>,
    contact: Option<bool>,
    charts: BTreeMap<&'static str, BTreeMap<&'static str, ModelEntry>>,
    patients: BTreeMap<&'static str, &'static str>,
    shared: BTreeSet<&'static str>,
}

#[derive(Clone, Debug, Default)]
struct ModelEntry {
    versions: Vec<Vec<u8>>,
    conflict: bool,
    deleted: bool,
}

impl Model {
    /// What there must be after the first `steps` steps; `None` before the vault was created.
    pub(crate) fn after(steps: usize) -> Option<Self> {
        let mut model = Self::default();
        SCRIPT[..steps].iter().for_each(|step| model.apply(*step));
        (steps > 0).then_some(model)
    }

    /// How many versions there are, those of deleted entries and those that delete included.
    pub(crate) fn versions(&self) -> u64 {
        let entries = self.charts.values().flat_map(BTreeMap::values);
        entries.map(|entry| entry.versions.len() as u64 + u64::from(entry.deleted)).sum()
    }

    pub(crate) fn holdings(&self) -> Holdings {
        let mut charts: Vec<ChartHoldings> = self.charts.keys().map(|chart| self.chart(chart)).collect();
        charts.sort();
        Holdings { keys: self.keys.clone(), contact: self.contact, charts }
    }

    fn chart(&self, name: &'static str) -> ChartHoldings {
        let live = self.charts[name].values().filter(|entry| !entry.deleted);
        let mut entries: Vec<_> = live.map(|entry| (entry.conflict, entry.versions.clone())).collect();
        entries.sort();
        let other = (name == THEIRS || self.shared.contains(name)).then(|| COLLEAGUE.to_owned());
        ChartHoldings {
            patient: self.patients.get(name).map(|&patient| patient.to_owned()),
            members: other.into_iter().chain([OWNER.to_owned()]).collect(),
            entries,
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Create => self.keys = [1, KEY].into(),
            Found(chart) => assert!(self.charts.insert(chart, BTreeMap::new()).is_none()),
            Put(chart, entry, len) => self.add(chart, entry, len),
            Once(chart, entry) => self.add(chart, entry, 0),
            Batch(puts) => {
                puts.iter().for_each(|(chart, entry)| self.add(chart, entry, 0));
                self.add(puts[0].0, puts[0].1, 0);
            }
            Update(chart, entry) => self.add(chart, entry, 0),
            Delete(chart, entry) => self.entry(chart, entry).deleted = true,
            Fork(chart, entry) => {
                self.add(chart, entry, 0);
                self.add(chart, entry, 0);
                self.entry(chart, entry).conflict = true;
            }
            Resolve(chart, entry) => {
                self.add(chart, entry, 0);
                self.entry(chart, entry).conflict = false;
            }
            Meet => self.contact = Some(false),
            Verify => self.contact = Some(true),
            Share(chart) => assert!(self.shared.insert(chart)),
            Revoke(chart) => assert!(self.shared.remove(chart)),
            Describe(chart, patient) => drop(self.patients.insert(chart, patient)),
            Forget(chart) => assert!(self.patients.remove(chart).is_some()),
            Import(count) => {
                self.charts.entry(THEIRS).or_default();
                (1..=count)
                    .map(letter)
                    .filter(|name| !self.charts[THEIRS].contains_key(name))
                    .collect::<Vec<_>>()
                    .into_iter()
                    .for_each(|name| self.add(THEIRS, name, 0));
            }
            AddKey(key) => assert!(self.keys.insert(key)),
            RemoveKey(key) => assert!(self.keys.remove(&key)),
            Maintain => {}
        }
    }

    fn entry(&mut self, chart: &'static str, entry: &'static str) -> &mut ModelEntry {
        self.charts.get_mut(chart).unwrap().entry(entry).or_default()
    }

    fn add(&mut self, chart: &'static str, entry: &'static str, len: usize) {
        let versions = &mut self.entry(chart, entry).versions;
        versions.push(content(entry, versions.len(), len));
    }
}

/// What is put as a version of an entry.
fn content(entry: &str, version: usize, len: usize) -> Vec<u8> {
    let mut bytes = format!("{entry} / {version} ").into_bytes();
    bytes.extend((0..len).map(|at| (at * 31 % 251).to_le_bytes()[0]));
    bytes
}

fn record(entry: &str, version: usize, len: usize) -> Record {
    let code = Code { system: "urn:test".into(), value: entry.into() };
    let terms = Terms { kind: "Note".into(), codes: vec![code], words: Terms::fold(entry), ..Terms::default() };
    Record::opaque("text/plain", content(entry, version, len)).with_terms(terms)
}

fn letter(number: u8) -> &'static str {
    ["", "letter 1", "letter 2"][usize::from(number)]
}

/// Time stands still, so that no group of events is due in the midst of a step.
pub(crate) struct Standing;

impl ampoule::Clock for Standing {
    fn now_ms(&self) -> i64 {
        1_750_000_000_000
    }
}

pub(crate) fn key(number: u8) -> Unlock {
    Unlock::device_key(&[number; 32])
}

/// The other side: a vault in memory, made anew in each run.
struct Colleague {
    vault: Vault,
    #[cfg_attr(not(feature = "testing"), expect(dead_code, reason = "asked for by the tests with failing stores"))]
    chart: Option<ChartId>,
    bundles: Vec<Vec<u8>>,
}

impl Colleague {
    fn new() -> Self {
        let (vault, _) =
            Vault::create(MemoryStore::new(), COLLEAGUE, &key(9), &Recovery::none_data_will_be_lost()).unwrap();
        Self { vault, chart: None, bundles: Vec::new() }
    }

    /// Shares a chart with the owner of the vault and exports it twice: with one letter, and with
    /// another.
    fn write(&mut self, to: &Vault) {
        let card = to.card().unwrap();
        let contact = self.vault.contacts().add(&card.to_bytes()).unwrap();
        contact.verify(&card.fingerprint().digits()).unwrap();
        let chart = self.vault.create_chart().unwrap();
        self.chart = Some(chart.id());
        chart.put(&record(letter(1), 0, 0)).unwrap();
        chart.share(&contact, &Grant::write()).unwrap();
        self.bundles.push(chart.export(&contact, Cursor::START).unwrap());
        chart.put(&record(letter(2), 0, 0)).unwrap();
        self.bundles.push(chart.export(&contact, Cursor::START).unwrap());
    }
}

/// Carries steps out on a vault. Holds what a caller holds: ids.
pub(crate) struct Member<S> {
    pub(crate) store: S,
    /// `None` before it was created.
    pub(crate) vault: Option<Vault>,
    colleague: Colleague,
    charts: BTreeMap<&'static str, ChartId>,
    entries: BTreeMap<&'static str, EntryId>,
    versions: BTreeMap<&'static str, usize>,
    slots: BTreeMap<u8, WayId>,
}

impl<S: Store + Clone + 'static> Member<S> {
    pub(crate) fn new(store: S) -> Self {
        Self {
            store,
            vault: None,
            colleague: Colleague::new(),
            charts: BTreeMap::new(),
            entries: BTreeMap::new(),
            versions: BTreeMap::new(),
            slots: BTreeMap::new(),
        }
    }

    /// Does what comes before a step and is not part of it.
    pub(crate) fn prepare(&mut self, step: Step) {
        if matches!(step, Import(_)) && self.colleague.bundles.is_empty() {
            self.colleague.write(self.vault.as_ref().unwrap());
        }
    }

    /// Carries a step out. After an error nothing is remembered of it, so that it can be tried again.
    pub(crate) fn apply(&mut self, step: Step) -> Result<(), Error> {
        if let Create = step {
            let second = Recovery::also(key(KEY));
            let options = Vault::options().clock(Standing);
            let (vault, _) = options.create(self.store.clone(), OWNER, &key(1), &second)?;
            self.slots.insert(1, vault.ways()?[0].id);
            self.vault = Some(vault);
            return Ok(());
        }
        let vault = self.vault.clone().unwrap();
        let chart = |name: &str| vault.chart(&self.charts[name]);
        let next = |entry: &str, len| record(entry, self.versions.get(entry).copied().unwrap_or(0), len);
        match step {
            Create => {}
            Found(name) => {
                let id = vault.create_chart()?.id();
                self.charts.insert(name, id);
            }
            Put(name, entry, len) => {
                let id = chart(name)?.put(&next(entry, len))?;
                self.entries.insert(entry, id);
                self.count(entry);
            }
            Once(name, entry) => {
                let id = chart(name)?.put_once(entry, &next(entry, 0))?;
                self.entries.insert(entry, id);
                self.count(entry);
            }
            Batch(puts) => {
                let charts: Vec<_> = puts.iter().map(|(name, _)| chart(name)).collect::<Result<_, _>>()?;
                let ids = vault.batch(|batch| {
                    let mut ids = Vec::new();
                    for ((_, entry), chart) in puts.iter().zip(&charts) {
                        ids.push(batch.put(chart, &next(entry, 0))?);
                    }
                    batch.update(&charts[0], &ids[0], &record(puts[0].1, 1, 0))?;
                    Ok(ids)
                })?;
                for ((_, entry), id) in puts.iter().zip(ids) {
                    self.entries.insert(entry, id);
                    self.count(entry);
                }
                self.count(puts[0].1);
            }
            Update(name, entry) => {
                chart(name)?.update(&self.entries[entry], &next(entry, 0))?;
                self.count(entry);
            }
            Delete(name, entry) => drop(chart(name)?.delete(&self.entries[entry])?),
            Fork(name, entry) => {
                let (chart, id) = (chart(name)?, self.entries[entry]);
                let read = chart.get(&id)?.version();
                let version = self.versions[entry];
                vault.batch(|batch| {
                    batch.update_from(&chart, &id, &[read], &record(entry, version, 0))?;
                    batch.update_from(&chart, &id, &[read], &record(entry, version + 1, 0))
                })?;
                self.count(entry);
                self.count(entry);
            }
            Resolve(name, entry) => {
                chart(name)?.resolve(&self.entries[entry], &next(entry, 0))?;
                self.count(entry);
            }
            Meet => drop(vault.contacts().add(&self.colleague.vault.card()?.to_bytes())?),
            Verify => contact(&vault)?.verify(&self.colleague.vault.card()?.fingerprint().words())?,
            Share(name) => drop(chart(name)?.share(&contact(&vault)?, &Grant::write())?),
            Revoke(name) => drop(chart(name)?.revoke(&contact(&vault)?)?),
            Describe(name, patient) => {
                chart(name)?.describe(&Patient { names: vec![patient.to_owned()], ..Patient::default() })?;
            }
            Forget(name) => chart(name)?.forget_patient()?,
            Import(number) => {
                let applied = vault.import(&self.colleague.bundles[usize::from(number) - 1])?;
                assert_eq!((applied.added, applied.rejected), (1, 0));
                self.charts.insert(THEIRS, applied.chart);
            }
            AddKey(number) => {
                let slot = vault.add_way(&key(number))?;
                self.slots.insert(number, slot);
            }
            RemoveKey(number) => vault.remove_way(self.slots[&number])?,
            Maintain => drop(vault.run_maintenance()?),
        }
        Ok(())
    }

    /// The chart that the colleague shares.
    #[cfg(feature = "testing")]
    pub(crate) fn offered(&self) -> ChartId {
        self.colleague.chart.unwrap()
    }

    /// Remembers a step that was carried out without an answer. The answer must be one that the script can do without.
    #[cfg(feature = "testing")]
    pub(crate) fn carried_out(&mut self, step: Step) {
        match step {
            Update(_, entry) | Resolve(_, entry) => self.count(entry),
            Fork(_, entry) => (0..2).for_each(|_| self.count(entry)),
            _ => {}
        }
    }

    fn count(&mut self, entry: &'static str) {
        *self.versions.entry(entry).or_default() += 1;
    }
}

fn contact(vault: &Vault) -> Result<Contact, Error> {
    Ok(vault.contacts().list()?.remove(0))
}

/// Reads everything. Fails if one part of it contradicts another.
pub(crate) fn holdings(vault: &Vault, opens: impl Fn(u8) -> bool) -> Holdings {
    let mut charts: Vec<ChartHoldings> = vault.charts().unwrap().iter().map(|id| chart_holdings(vault, id)).collect();
    charts.sort();
    let contacts = vault.contacts().list().unwrap();
    assert!(contacts.len() <= 1);
    let contact = contacts.first().map(|contact| {
        assert_eq!(contact.name().unwrap(), COLLEAGUE);
        contact.status().unwrap() == ContactStatus::Verified
    });
    let keys: BTreeSet<u8> = PASSING_KEYS.into_iter().chain([KEY]).filter(|number| opens(*number)).collect();
    assert_eq!(vault.ways().unwrap().len(), keys.len());
    Holdings { keys, contact, charts }
}

fn chart_holdings(vault: &Vault, id: &ChartId) -> ChartHoldings {
    let chart = vault.chart(id).unwrap();
    let mut entries = Vec::new();
    for found in chart.list().unwrap() {
        let entry = chart.get(&found.id).unwrap();
        assert_eq!((entry.version(), !entry.conflicts().is_empty()), (found.version, found.conflict));
        let history = chart.history(&found.id).unwrap();
        entries.push((found.conflict, history.into_iter().map(|entry| entry.unwrap().content().to_vec()).collect()));
        let code = &entry.record().terms().codes[0];
        let by_code = chart.find(&Query::kind("Note").code(code.system.as_str(), code.value.as_str())).unwrap();
        assert_eq!(by_code.entries(), [found]);
    }
    entries.sort();
    let patient = chart.patient().unwrap().map(|patient| patient.names[0].clone());
    if let Some(name) = &patient {
        let found = vault.find_patient(&PatientQuery::name(name)).unwrap();
        assert_eq!(found.iter().map(|(chart, _)| *chart).collect::<Vec<_>>(), [*id]);
    }
    let members = chart.shares().unwrap().into_iter().map(|share| share.name).collect();
    ChartHoldings { patient, members, entries }
}
