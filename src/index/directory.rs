//! The sealed directory of a vault: which chart is whose.
//!
//! It is written as numbered changes, in segments as those of a chart's index. A later change of a chart replaces an
//! earlier one. Nothing else says whose a chart is, so what is damaged here cannot be derived again: it is reported.

use super::ranges::{Coverage, MOST_WEIGHT, Place, Stored, TIERS, block, completed_block, key_of};
use super::segment::{Unreadable, open_padded, seal_padded, unpadded};
use super::symbols::Symbols;
use super::{IndexError, PatientQuery};
use crate::codec::{self, ChartId, Extensions, Malformed, VaultId};
use crate::crypto::{Secret, Suite, kdf, role};
use crate::record::{Patient, Terms};
use crate::store::{Snapshot, Table, Transaction};
use core::fmt;
use core::ops::RangeInclusive;
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, HashMap};
use zeroize::{Zeroize, Zeroizing};

/// The patients of a vault, in memory.
#[derive(Default)]
pub(crate) struct Directory {
    /// The last change that is in it.
    last: u64,
    /// In order of arrival. What was replaced is empty.
    patients: Vec<Option<(ChartId, Patient)>>,
    places: HashMap<ChartId, usize>,
    /// Folded words of names, and values of identifiers, each with the places in `patients`.
    words: Symbols,
    with_word: Vec<Vec<usize>>,
    identifiers: Symbols,
    with_identifier: Vec<Vec<usize>>,
}

/// A change of the directory: who the chart is about, or nobody any more.
pub(crate) type Change = (ChartId, Option<Patient>);

impl Directory {
    /// The patient of a chart.
    pub(crate) fn get(&self, chart: &ChartId) -> Option<&Patient> {
        self.patients.get(*self.places.get(chart)?)?.as_ref().map(|(_, patient)| patient)
    }

    /// Number of patients.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The charts whose patient fits, with the patient, in order of the patients' names.
    pub(crate) fn find(&self, query: &PatientQuery) -> Vec<(ChartId, &Patient)> {
        let mut places: Vec<usize> = match (&query.identifier, query.words.first()) {
            (Some((_, value)), _) => {
                let number = self.identifiers.get(value);
                number.map_or_else(Vec::new, |number| list(&self.with_identifier, number).to_vec())
            }
            (None, Some(word)) => {
                let words = self.words.starting_with(word);
                words.flat_map(|number| list(&self.with_word, number)).copied().collect()
            }
            (None, None) => (0..self.patients.len()).collect(),
        };
        places.sort_unstable();
        places.dedup();
        let patients = places.into_iter().filter_map(|place| self.patients.get(place)?.as_ref());
        let mut found: Vec<(ChartId, &Patient)> =
            patients.filter(|(_, patient)| query.fits(patient)).map(|(chart, patient)| (*chart, patient)).collect();
        found.sort_by(|(a, one), (b, other)| (&one.names, a).cmp(&(&other.names, b)));
        found
    }

    /// Takes the changes that [`append`] wrote.
    pub(crate) fn apply(&mut self, appended: &Appended, changes: &[Change]) -> Result<(), IndexError> {
        if self.last.checked_add(1) != Some(appended.first) {
            return Err(IndexError::OutOfOrder);
        }
        changes.iter().try_for_each(|(chart, patient)| self.change(*chart, patient.clone()))?;
        self.last = appended.last;
        Ok(())
    }

    fn change(&mut self, chart: ChartId, patient: Option<Patient>) -> Result<(), IndexError> {
        let place = self.patients.len();
        if let Some(patient) = patient {
            for word in words_of(&patient) {
                let number = self.words.intern(&word).ok_or(IndexError::Unsealable)?;
                post(&mut self.with_word, number, place);
            }
            for identifier in &patient.identifiers {
                let number = self.identifiers.intern(&identifier.value).ok_or(IndexError::Unsealable)?;
                post(&mut self.with_identifier, number, place);
            }
            self.patients.push(Some((chart, patient)));
            self.forget(&chart);
            self.places.insert(chart, place);
        } else {
            self.forget(&chart);
        }
        Ok(())
    }

    fn forget(&mut self, chart: &ChartId) {
        let place = self.places.remove(chart).and_then(|place| self.patients.get_mut(place));
        if let Some((_, mut patient)) = place.and_then(Option::take) {
            wipe(&mut patient);
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        for (_, patient) in self.patients.iter_mut().flatten() {
            wipe(patient);
        }
    }
}

/// Shows a count only.
impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("patients", &self.len()).finish_non_exhaustive()
    }
}

/// What [`load`] found.
#[derive(Debug)]
pub(crate) struct LoadedDirectory {
    pub(crate) directory: Directory,
    /// Changes that are missing, do not open or stand twice, ascending.
    pub(crate) damaged: Vec<RangeInclusive<u64>>,
}

/// Numbers that [`append`] gave to a lot of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    first: u64,
    last: u64,
    /// The first number of the last segment.
    begin: u64,
}

impl Appended {
    /// The key of the last segment, as it was written: a store need not show it.
    pub(crate) fn end(&self) -> [u8; 16] {
        key_of(self.begin, self.last)
    }
}

/// Reads the directory.
pub(crate) fn load(
    snapshot: &dyn Snapshot,
    suite: Suite,
    key: &Secret<role::KeyringKey>,
    vault: &VaultId,
) -> Result<LoadedDirectory, IndexError> {
    read(snapshot, suite, key, vault, 1, Directory::default())
}

/// Reads what was changed since `directory` was read, by this process or another. Says what is damaged then. On an error
/// the directory may be empty; [`load`] it.
pub(crate) fn refresh(
    snapshot: &dyn Snapshot,
    suite: Suite,
    key: &Secret<role::KeyringKey>,
    vault: &VaultId,
    directory: &mut Directory,
) -> Result<Vec<RangeInclusive<u64>>, IndexError> {
    if PLACE.last(snapshot)? == Some(directory.last) {
        return Ok(Vec::new());
    }
    let next = directory.last.saturating_add(1);
    // A segment that begins with the first change does not say what was removed: it is read into an empty directory.
    for start in [next].into_iter().chain(TIERS.map(|tier| block(next, tier))).filter(|start| *start > 1) {
        if PLACE.covers(snapshot, start, next)? {
            let loaded = read(snapshot, suite, key, vault, start, core::mem::take(directory))?;
            if loaded.damaged.is_empty() {
                *directory = loaded.directory;
                return Ok(Vec::new());
            }
            break;
        }
    }
    let LoadedDirectory { directory: whole, mut damaged } = load(snapshot, suite, key, vault)?;
    *directory = whole;
    // A store that names the last segment need not show it.
    let last = PLACE.last(snapshot)?.filter(|last| *last > directory.last);
    damaged.extend(last.filter(|_| damaged.is_empty()).map(|last| directory.last.saturating_add(1)..=last));
    Ok(damaged)
}

/// Appends changes and merges what is due. Where one lot names a chart twice, the later counts.
pub(crate) fn append(
    tx: &mut dyn Transaction,
    suite: Suite,
    key: &Secret<role::KeyringKey>,
    vault: &VaultId,
    changes: &[Change],
) -> Result<Appended, IndexError> {
    let last = match PLACE.last(&*tx)? {
        Some(last) => last,
        None => last_of_ours(&*tx)?,
    };
    let mut next = last.checked_add(1).ok_or(IndexError::OutOfOrder)?;
    let (first, mut begin) = (next, next);
    for lot in lots(changes) {
        let joined = match completed_block(next, next) {
            Some(start) => PLACE.trailing(&*tx, start, next, |stored| open(suite, key, vault, stored))?,
            None => Vec::new(),
        };
        begin = joined.first().map_or(next, |(stored, _)| stored.first);
        let mut merged = BTreeMap::new();
        for (stored, body) in joined {
            PLACE.delete(tx, stored.first, stored.last)?;
            merged.extend(body.changes.into_iter().map(|item| (item.chart, item.patient.into_iter().next())));
        }
        merged.extend(lot.iter().cloned());
        put(tx, suite, key, vault, (begin, next), merged)?;
        next = next.checked_add(1).ok_or(IndexError::OutOfOrder)?;
    }
    Ok(Appended { first, last: next.saturating_sub(1), begin })
}

/// Writes the whole directory anew, without what was replaced or removed. Damage is given up: it is no longer reported.
/// Returns the key of the last segment; nothing where nobody is left.
pub(crate) fn compact(
    tx: &mut dyn Transaction,
    suite: Suite,
    key: &Secret<role::KeyringKey>,
    vault: &VaultId,
) -> Result<Option<[u8; 16]>, IndexError> {
    let loaded = load(&*tx, suite, key, vault)?;
    let mut ranges = Vec::new();
    PLACE.each(&*tx, 1, &mut |stored| {
        ranges.push((stored.first, stored.last));
        Ok(())
    })?;
    // Numbers go on, so that another process sees that something changed.
    let mut end = ranges.iter().map(|(_, last)| *last).max().unwrap_or(0);
    for (first, last) in ranges {
        PLACE.delete(tx, first, last)?;
    }
    let patients = loaded.directory.patients.iter().flatten();
    let all: Vec<Change> = patients.map(|(chart, patient)| (*chart, Some(patient.clone()))).collect();
    let (mut begin, mut written) = (1, None);
    for lot in lots(&all) {
        end = end.checked_add(1).ok_or(IndexError::OutOfOrder)?;
        put(tx, suite, key, vault, (begin, end), lot.iter().cloned().collect())?;
        written = Some(key_of(begin, end));
        begin = end.checked_add(1).ok_or(IndexError::OutOfOrder)?;
    }
    Ok(written)
}

/// Seals every segment under the keyring key of a vault key that turned. What does not open stays as it is, and the next
/// [`load`] reports it.
pub(crate) fn reseal_all(
    tx: &mut dyn Transaction,
    suite: Suite,
    vault: &VaultId,
    old: &Secret<role::KeyringKey>,
    new: &Secret<role::KeyringKey>,
) -> Result<(), IndexError> {
    let mut resealed = Vec::new();
    PLACE.each(&*tx, 1, &mut |stored| {
        match open(suite, old, vault, &stored) {
            Ok(body) => {
                let range = (stored.first, stored.last);
                resealed.push((range, seal(suite, new, vault, range, &body)?));
            }
            Err(Unreadable::Damaged) => {}
            Err(Unreadable::Newer) => return Err(IndexError::Newer),
        }
        Ok(())
    })?;
    for ((first, last), sealed) in resealed {
        PLACE.put(tx, first, last, &sealed)?;
    }
    Ok(())
}

const PLACE: Place<'static> = Place { table: Table::Directory, part: &[] };
const LABEL: &str = "directory";
const VERSION: u8 = 1;
/// Most changes that are written as one lot.
const MOST_CHANGES: usize = 4096;

/// Plaintext of a segment.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Body {
    #[n(0)]
    version: u8,
    /// In ascending order of charts, each once.
    #[n(1)]
    changes: Vec<Item>,
    #[n(2)]
    extensions: Extensions,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Item {
    #[n(0)]
    chart: ChartId,
    /// One patient, or none where the chart was removed.
    #[n(1)]
    patient: Vec<Patient>,
}

/// Reads the segments that begin with change `start` or later into `directory`, which has the changes before them.
fn read(
    snapshot: &dyn Snapshot,
    suite: Suite,
    key: &Secret<role::KeyringKey>,
    vault: &VaultId,
    start: u64,
    mut directory: Directory,
) -> Result<LoadedDirectory, IndexError> {
    let mut coverage = Coverage::after(directory.last);
    PLACE.each(snapshot, start, &mut |stored| match open(suite, key, vault, &stored) {
        Ok(body) => {
            // A segment that stands twice would bring older changes back.
            if coverage.readable(stored.first, stored.last) <= stored.last {
                let mut changes = body.changes.into_iter();
                changes.try_for_each(|Item { chart, patient }| directory.change(chart, patient.into_iter().next()))?;
                directory.last = stored.last;
            }
            Ok(())
        }
        Err(error) => coverage.unreadable(error, stored.first, stored.last),
    })?;
    Ok(LoadedDirectory { directory, damaged: coverage.finish() })
}

fn open(suite: Suite, key: &Secret<role::KeyringKey>, vault: &VaultId, stored: &Stored) -> Result<Body, Unreadable> {
    let (label, first, last) = (kdf::label(LABEL), stored.first.to_be_bytes(), stored.last.to_be_bytes());
    let plain = open_padded(suite, key, &[&label, vault.as_bytes(), &first, &last], &stored.sealed)?;
    let body: Body = codec::decode(unpadded(&plain, VERSION)?).map_err(|error| match error {
        Malformed::Invalid => Unreadable::Damaged,
        Malformed::Newer => Unreadable::Newer,
    })?;
    let ascending = body.changes.is_sorted_by(|a, b| a.chart < b.chart);
    if ascending && body.changes.iter().all(|item| item.patient.len() <= 1) {
        Ok(body)
    } else {
        Err(Unreadable::Damaged)
    }
}

fn seal(
    suite: Suite,
    key: &Secret<role::KeyringKey>,
    vault: &VaultId,
    (first, last): (u64, u64),
    body: &Body,
) -> Result<Vec<u8>, IndexError> {
    let encoded = Zeroizing::new(codec::encode(body));
    let (label, first, last) = (kdf::label(LABEL), first.to_be_bytes(), last.to_be_bytes());
    seal_padded(suite, key, &[&label, vault.as_bytes(), &first, &last], &encoded)
}

fn put(
    tx: &mut dyn Transaction,
    suite: Suite,
    key: &Secret<role::KeyringKey>,
    vault: &VaultId,
    range: (u64, u64),
    changes: BTreeMap<ChartId, Option<Patient>>,
) -> Result<(), IndexError> {
    let changes = changes
        .into_iter()
        // Where nothing was before, there is nothing to remove.
        .filter(|(_, patient)| patient.is_some() || range.0 > 1)
        .map(|(chart, patient)| Item { chart, patient: patient.into_iter().collect() });
    let body = Body { version: VERSION, changes: changes.collect(), extensions: Extensions::default() };
    let sealed = seal(suite, key, vault, range, &body)?;
    PLACE.put(tx, range.0, range.1, &sealed)
}

/// The last number among keys that are ours.
fn last_of_ours(snapshot: &dyn Snapshot) -> Result<u64, IndexError> {
    let mut last = 0;
    PLACE.each(snapshot, 1, &mut |stored| {
        last = last.max(stored.last);
        Ok(())
    })?;
    Ok(last)
}

/// Cuts changes into lots that make segments of bounded size.
fn lots(changes: &[Change]) -> Vec<&[Change]> {
    let mut total = 0_usize;
    let mut count = 0_usize;
    let same_lot = |_: &Change, next: &Change| {
        total = total.saturating_add(weight(next));
        count = count.saturating_add(1);
        if total > MOST_WEIGHT || count >= MOST_CHANGES {
            (total, count) = (weight(next), 0);
            return false;
        }
        true
    };
    changes.chunk_by(same_lot).collect()
}

/// About the bytes that a change takes.
fn weight((_, patient): &Change) -> usize {
    let Some(patient) = patient else { return 40 };
    let identifiers = patient.identifiers.iter().flat_map(|identifier| [&identifier.system, &identifier.value]);
    let texts = patient.names.iter().chain(identifiers);
    texts.fold(60, |sum, text| sum.saturating_add(text.len()).saturating_add(4))
}

fn words_of(patient: &Patient) -> impl Iterator<Item = String> {
    patient.names.iter().flat_map(|name| Terms::folded(name))
}

fn list(lists: &[Vec<usize>], number: u32) -> &[usize] {
    let list = usize::try_from(number).ok().and_then(|number| lists.get(number));
    list.map(Vec::as_slice).unwrap_or_default()
}

fn post(lists: &mut Vec<Vec<usize>>, number: u32, place: usize) {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    if lists.len() <= number {
        lists.resize_with(number.saturating_add(1), Vec::new);
    }
    if let Some(list) = lists.get_mut(number)
        && list.last() != Some(&place)
    {
        list.push(place);
    }
}

fn wipe(patient: &mut Patient) {
    let Patient { names, identifiers, birth_date } = patient;
    names.zeroize();
    for identifier in identifiers {
        identifier.system.zeroize();
        identifier.value.zeroize();
    }
    birth_date.zeroize();
}

#[cfg(test)]
mod tests;
