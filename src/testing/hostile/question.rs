//! What is asked of a vault, what its answers say, and what is written.

use super::super::evil::Rows;
use super::dice::Dice;
use super::truth::{self, Truth};
use super::world::{COLLEAGUE_KEY, Standing, filled, new_chart, record, unlock, version};
use crate::codec::{ChartId, ContactId, EntryId};
use crate::error::Error;
use crate::index::{PatientQuery, Query};
use crate::keys::ContactStatus;
use crate::record::Patient;
use crate::store::MemoryStore;
use crate::vault::{Cursor, Entry, EventKind, Matches, Vault, VaultOptions};
use std::collections::{BTreeMap, BTreeSet};

/// A call that reads.
#[derive(Clone, Debug)]
pub(super) enum Question {
    Get(ChartId, EntryId),
    History(ChartId, EntryId),
    List(ChartId),
    Find(ChartId, String),
    Shares(ChartId),
    Patient(ChartId),
    Patients,
    Charts,
    Contacts,
    Devices,
    Audit,
    Verify,
    /// A bundle for the colleague, and all that he then reads of the chart.
    Export(ChartId, ContactId),
}

/// What an answer says of the vault.
pub(super) struct Claim {
    /// For people.
    pub(super) says: String,
    holds: Box<dyn Fn(&Truth) -> bool>,
}

impl Claim {
    fn new(says: &impl core::fmt::Debug, holds: impl Fn(&Truth) -> bool + 'static) -> Self {
        Self { says: format!("{says:?}"), holds: Box::new(holds) }
    }

    fn nothing() -> Self {
        Self::new(&"nothing", |_| true)
    }

    pub(super) fn holds(&self, truth: &Truth) -> bool {
        (self.holds)(truth)
    }
}

impl Question {
    /// Some question that fits this truth.
    pub(super) fn choose(truth: &Truth, dice: &mut Dice) -> Self {
        let charts: Vec<ChartId> = truth.charts.keys().copied().collect();
        let Some(chart) = dice.pick(&charts).copied() else { return Self::Charts };
        let entries: Vec<_> = truth.charts.get(&chart).map(|of| of.entries.iter().collect()).unwrap_or_default();
        let entry = dice.pick(&entries).copied();
        match (dice.below(40), entry) {
            (0..12, Some((id, _))) => Self::Get(chart, *id),
            (12..16, Some((id, _))) => Self::History(chart, *id),
            (16..18, Some((_, entry))) => {
                Self::Find(chart, dice.pick(&entry.versions).map(|version| version.word.clone()).unwrap_or_default())
            }
            (18..20, _) => Self::Shares(chart),
            (20..23, _) => Self::Patient(chart),
            (23..26, _) => Self::Patients,
            (26..28, _) => Self::Charts,
            (28..31, _) => Self::Contacts,
            (31..33, _) => Self::Devices,
            (33, _) => Self::Audit,
            (34, _) => Self::Verify,
            (35, _) => match dice.pick(&truth.contacts.keys().copied().collect::<Vec<_>>()) {
                Some(contact) => Self::Export(chart, *contact),
                None => Self::List(chart),
            },
            _ => Self::List(chart),
        }
    }

    /// Everything that can be read.
    pub(super) fn all(truth: &Truth) -> Vec<Self> {
        let mut all = vec![Self::Charts, Self::Contacts, Self::Devices, Self::Patients, Self::Audit, Self::Verify];
        for (id, chart) in &truth.charts {
            all.extend([Self::List(*id), Self::Shares(*id), Self::Patient(*id)]);
            all.extend(chart.entries.keys().flat_map(|entry| [Self::Get(*id, *entry), Self::History(*id, *entry)]));
        }
        all
    }

    /// Asks. An error that says that something is not there is a claim as well.
    pub(super) fn ask(&self, vault: &Vault, colleague: Option<&Rows>) -> Result<Claim, Error> {
        let absent = |error: Error| match (self.clone(), error) {
            (Self::Get(chart, entry) | Self::History(chart, entry), Error::UnknownEntry) => {
                Ok(Claim::new(&"no such entry", move |truth| {
                    let known = truth.charts.get(&chart).and_then(|chart| chart.entries.get(&entry));
                    known.is_none_or(truth::Entry::is_deleted)
                }))
            }
            (question, Error::UnknownChart) => Ok(Claim::new(&"no such chart", move |truth| {
                question.chart().is_none_or(|chart| !truth.charts.contains_key(&chart))
            })),
            (_, error) => Err(error),
        };
        self.answer(vault, colleague).or_else(absent)
    }

    fn chart(&self) -> Option<ChartId> {
        match self {
            Self::Get(chart, _)
            | Self::History(chart, _)
            | Self::List(chart)
            | Self::Find(chart, _)
            | Self::Shares(chart)
            | Self::Patient(chart)
            | Self::Export(chart, _) => Some(*chart),
            _ => None,
        }
    }

    fn answer(&self, vault: &Vault, colleague: Option<&Rows>) -> Result<Claim, Error> {
        match self.clone() {
            Self::Get(chart, entry) => {
                let read = vault.chart(&chart)?.get(&entry)?;
                let says = String::from_utf8_lossy(read.content()).into_owned();
                Ok(Claim::new(&(says, read.conflicts().len()), move |truth| {
                    let entry = truth.charts.get(&chart).and_then(|chart| chart.entries.get(&entry));
                    entry.is_some_and(|entry| {
                        let conflicts = read.conflicts();
                        entry.heads().any(|head| is(head, &read))
                            && conflicts.len().saturating_add(1) == entry.heads.len()
                            && conflicts.iter().all(|version| *version != read.version() && entry.is_head(version))
                    })
                }))
            }
            Self::History(chart, entry) => {
                let read = vault.chart(&chart)?.history(&entry)?;
                Ok(Claim::new(&read.clone(), move |truth| {
                    let entry = truth.charts.get(&chart).and_then(|chart| chart.entries.get(&entry));
                    entry.is_some_and(|entry| {
                        let both = entry.versions.iter().zip(&read);
                        entry.versions.len() == read.len() && { both }
                            .all(|(version, read)| read.as_ref().map_or(true, |read| is(version, read)))
                    })
                }))
            }
            Self::List(chart) => Ok(matches(chart, None, vault.chart(&chart)?.list()?)),
            Self::Find(chart, word) => {
                let found = vault.chart(&chart)?.find(&Query::all().words(&word))?;
                Ok(matches(chart, Some(word), found))
            }
            Self::Shares(chart) => {
                let names: Vec<String> = vault.chart(&chart)?.shares()?.into_iter().map(|share| share.name).collect();
                Ok(Claim::new(&names.clone(), move |truth| {
                    let members = truth.charts.get(&chart).map(|chart| &chart.members);
                    members.is_some_and(|members| {
                        members.len() == names.len() && names.iter().all(|name| members.contains(name))
                    })
                }))
            }
            Self::Patient(chart) => {
                let patient = vault.chart(&chart)?.patient()?.as_ref().map(name_of);
                Ok(Claim::new(&patient.clone(), move |truth| {
                    truth.charts.get(&chart).is_some_and(|chart| chart.patient == patient)
                }))
            }
            Self::Patients => {
                let found: Vec<_> = vault.find_patient(&PatientQuery::all())?;
                let found: Vec<(ChartId, String)> =
                    found.into_iter().map(|(chart, patient)| (chart, name_of(&patient))).collect();
                Ok(Claim::new(&found.clone(), move |truth| {
                    let known = truth.charts.iter().filter_map(|(id, chart)| Some((*id, chart.patient.clone()?)));
                    known.collect::<BTreeSet<_>>() == found.iter().cloned().collect()
                        && found.len() == truth.charts.values().filter(|chart| chart.patient.is_some()).count()
                }))
            }
            Self::Charts => {
                let charts = vault.charts()?;
                Ok(Claim::new(&charts.clone(), move |truth| {
                    charts.len() == truth.charts.len() && charts.iter().all(|chart| truth.charts.contains_key(chart))
                }))
            }
            Self::Contacts => contacts(vault),
            Self::Devices => {
                let count = vault.devices()?.len();
                Ok(Claim::new(&count, move |truth| truth.devices == count))
            }
            Self::Audit => {
                let mut writes = BTreeMap::<EntryId, usize>::new();
                for event in vault.audit()?.iter().filter(|event| event.kind == EventKind::Write) {
                    if let Some(entry) = event.entry {
                        let count = writes.entry(entry).or_default();
                        *count = count.saturating_add(1);
                    }
                }
                Ok(Claim::new(&writes.clone(), move |truth| {
                    let entries = truth.charts.values().flat_map(|chart| &chart.entries);
                    { entries }.all(|(id, entry)| {
                        let mine = entry.versions.iter().filter(|version| version.mine).count();
                        writes.get(id).copied().unwrap_or(0) == mine
                    })
                }))
            }
            Self::Verify => {
                let report = vault.verify()?;
                Ok(Claim::new(&report.clone(), move |truth| {
                    let versions = truth.charts.values().flat_map(|chart| chart.entries.values());
                    let versions: usize = versions.map(|entry| entry.versions.len()).sum();
                    !report.findings.is_empty()
                        || (usize::try_from(report.versions) == Ok(versions)
                            && usize::try_from(report.charts) == Ok(truth.charts.len()))
                }))
            }
            Self::Export(chart, contact) => export(vault, chart, contact, colleague),
        }
    }
}

fn is(version: &truth::Version, read: &Entry) -> bool {
    version.id.is_none_or(|id| id == read.version())
        && version.word.as_bytes() == read.content()
        && version.author == read.author()
        && version.mine == read.is_mine()
        && version.deleted == read.is_deleted()
}

/// What was found. Where a search says that it did not see everything of a chart that may be read as a whole, some may be
/// missing.
fn matches(chart: ChartId, word: Option<String>, found: Matches) -> Claim {
    Claim::new(&found.clone(), move |truth| {
        let Some(chart) = truth.charts.get(&chart) else { return false };
        let known = chart.found(word.as_deref());
        let entries = found.entries();
        let distinct: BTreeSet<EntryId> = entries.iter().map(|hit| hit.id).collect();
        let whole = found.is_complete() || found.damaged() == 0;
        distinct.len() == entries.len()
            && (entries.len() == known.len() || !whole)
            && (found.is_complete() == chart.whole || found.damaged() > 0)
            && entries.iter().all(|hit| {
                known.get(&hit.id).is_some_and(|entry| entry.is_head(&hit.version) && entry.conflicts() == hit.conflict)
            })
    })
}

fn contacts(vault: &Vault) -> Result<Claim, Error> {
    let mut told: BTreeMap<ContactId, Option<(String, bool)>> = BTreeMap::new();
    for contact in vault.contacts().list()? {
        let read = contact.name().and_then(|name| Ok((name, contact.status()? == ContactStatus::Verified)));
        told.insert(contact.id(), read.ok());
    }
    Ok(Claim::new(&told.clone(), move |truth| {
        told.len() == truth.contacts.len()
            && told.iter().all(|(id, read)| {
                truth.contacts.get(id).is_some_and(|known| read.as_ref().is_none_or(|read| read == known))
            })
    }))
}

/// Nothing in a bundle is false. What the store withholds may be missing in it.
fn export(vault: &Vault, chart: ChartId, contact: ContactId, colleague: Option<&Rows>) -> Result<Claim, Error> {
    let bundle = match vault.chart(&chart)?.export(&vault.contacts().get(contact)?, Cursor::START) {
        Err(Error::NoSuchMember) => return Ok(Claim::nothing()),
        bundle => bundle?,
    };
    let Some(rows) = colleague else { return Ok(Claim::nothing()) };
    let store = filled(MemoryStore::new(), rows)?;
    let other = VaultOptions::new().clock(Standing).open(store, &unlock(COLLEAGUE_KEY))?;
    match other.import(&bundle) {
        // It was for somebody else.
        Err(Error::ForeignBundle) => return Ok(Claim::nothing()),
        imported => imported?,
    };
    let copy = other.chart(&chart)?;
    let mut read = Vec::new();
    for hit in copy.list()? {
        let entry = copy.get(&hit.id)?;
        read.push((hit.id, String::from_utf8_lossy(entry.content()).into_owned(), entry.author().to_owned()));
    }
    Ok(Claim::new(&read.clone(), move |truth| {
        let entries = truth.charts.get(&chart).map(|chart| &chart.entries);
        read.iter().all(|(id, word, author)| {
            let entry = entries.and_then(|entries| entries.get(id));
            entry.is_some_and(|entry| {
                entry.versions.iter().any(|version| version.word == *word && version.author == *author)
            })
        })
    }))
}

fn name_of(patient: &Patient) -> String {
    patient.names.first().cloned().unwrap_or_default()
}

/// A call that writes.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put(ChartId, String),
    Update(ChartId, EntryId, String),
    Describe(ChartId, String),
    Distrust(ContactId),
    Found,
}

/// What a change makes of a truth; false where it could not be made there.
pub(super) type Effect = Box<dyn Fn(&mut Truth) -> bool>;

impl Change {
    pub(super) fn choose(truth: &Truth, word: String, dice: &mut Dice) -> Self {
        let charts: Vec<ChartId> = truth.charts.keys().copied().collect();
        let Some(chart) = dice.pick(&charts).copied() else { return Self::Found };
        let entries = truth.charts.get(&chart).map(|chart| &chart.entries);
        let plain = |entry: &truth::Entry| !entry.conflicts() && !entry.is_deleted();
        let entries: Vec<EntryId> =
            entries.into_iter().flatten().filter(|(_, e)| plain(e)).map(|(id, _)| *id).collect();
        let contacts: Vec<ContactId> = truth.contacts.iter().filter(|(_, c)| c.1).map(|(id, _)| *id).collect();
        match (dice.below(10), dice.pick(&entries), dice.pick(&contacts)) {
            (0..3, Some(entry), _) => Self::Update(chart, *entry, word),
            (3..5, _, _) => Self::Describe(chart, word),
            (5..7, _, Some(contact)) => Self::Distrust(*contact),
            (7, _, _) => Self::Found,
            _ => Self::Put(chart, word),
        }
    }

    pub(super) fn make(&self, vault: &Vault, owner: &str) -> Result<Effect, Error> {
        let owner = owner.to_owned();
        Ok(match self.clone() {
            Self::Put(chart, word) => {
                let entry = vault.chart(&chart)?.put(&record(&word))?;
                Box::new(move |truth| {
                    let Some(chart) = truth.charts.get_mut(&chart) else { return false };
                    chart.entries.entry(entry).or_default().add(version(&word, &owner));
                    true
                })
            }
            Self::Update(chart, entry, word) => {
                let id = Some(vault.chart(&chart)?.update(&entry, &record(&word))?);
                Box::new(move |truth| {
                    let known = truth.charts.get_mut(&chart).and_then(|chart| chart.entries.get_mut(&entry));
                    let Some(known) = known.filter(|known| !known.conflicts()) else { return false };
                    known.add(truth::Version { id, ..version(&word, &owner) });
                    true
                })
            }
            Self::Describe(chart, name) => {
                vault.chart(&chart)?.describe(&Patient { names: vec![name.clone()], ..Patient::default() })?;
                Box::new(move |truth| {
                    let chart = truth.charts.get_mut(&chart);
                    chart.map(|chart| chart.patient = Some(name.clone())).is_some()
                })
            }
            Self::Distrust(contact) => {
                vault.contacts().get(contact)?.distrust()?;
                Box::new(move |truth| truth.contacts.get_mut(&contact).map(|contact| contact.1 = false).is_some())
            }
            Self::Found => {
                let chart = vault.create_chart()?.id();
                Box::new(move |truth| truth.charts.insert(chart, new_chart(&owner)).is_none())
            }
        })
    }
}
