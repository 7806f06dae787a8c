//! The index of an open chart, in memory.

use super::{IndexRow, segment::NumberedRow, symbols::Symbols};
use crate::codec::{CardHash, EntryId, Hash, VersionId};
use crate::keys::chart::Head;
use crate::record::{DateRange, Kind};
use core::fmt;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Rows of a chart in order of arrival, with what it takes to answer quickly.
///
/// What is current follows from the set of versions alone, never from the order in which they came: a *head* is a version
/// that no other version of the same entry names as its parent. Quarantined versions neither are heads nor replace any.
/// Versions that name each other in a circle would leave an entry without a head; then its latest version is the head.
#[derive(Default)]
pub(crate) struct ChartIndex {
    pub(super) rows: Vec<Row>,
    pub(super) entries: Vec<EntryState>,
    entry_numbers: HashMap<EntryId, u32>,
    versions: HashMap<VersionId, u32>,
    /// Versions whose id was taken when they came. Ids are random, so somebody chose it; each is a version all the same, or
    /// who is quicker would keep another's out.
    twins: BTreeMap<(VersionId, Hash), u32>,
    /// Parents that were named and have not come.
    awaited: HashSet<(EntryId, VersionId)>,
    requests: HashMap<Hash, u32>,
    authors: Vec<CardHash>,
    author_numbers: HashMap<CardHash, u32>,
    /// Ledger entries that authors knew as the last.
    ledger_heads: Vec<Head>,
    ledger_head_numbers: HashMap<Head, u32>,
    pub(super) parents: Vec<VersionId>,
    pub(super) dates: Vec<DateRange>,
    pub(super) symbols: Symbols,
    /// Rows by kind, by code, and by word: each list ascending. Words are numbered by their symbol.
    pub(super) kinds: HashMap<u32, Vec<u32>>,
    pub(super) codes: HashMap<(u32, u32), Vec<u32>>,
    pub(super) words: Vec<Vec<u32>>,
}

/// A version as the index knows it.
#[expect(clippy::struct_field_names, reason = "`version` is the id of the version, as everywhere")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version<'a> {
    pub(crate) seq: u64,
    pub(crate) entry: EntryId,
    pub(crate) version: VersionId,
    pub(crate) hash: Hash,
    pub(crate) kind: Kind,
    pub(crate) compartment: u8,
    pub(crate) parents: &'a [VersionId],
    pub(crate) author: CardHash,
    pub(crate) time_ms: i64,
    pub(crate) tombstone: bool,
    pub(crate) chain_seq: u64,
    pub(crate) previous: Hash,
    pub(crate) known: Head,
    pub(crate) arrival: u64,
    pub(crate) quarantined: bool,
    /// No version of the entry replaces it.
    pub(crate) head: bool,
}

/// The heads of an entry: at least one. More than one is a conflict.
///
/// Versions that delete stand after those that do not, so a deletion never hides a change that it did not know; then the
/// latest comes first, and of two of the same time the one with the greater id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heads<'a> {
    /// What is read.
    pub(crate) current: Version<'a>,
    /// The others, in order.
    pub(crate) conflicts: Vec<Version<'a>>,
}

/// An entry that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) entry: EntryId,
    /// The head that matches; of several, the one that stands first in [`Heads`].
    pub(crate) version: VersionId,
    pub(crate) seq: u64,
    pub(crate) kind: Kind,
    pub(crate) compartment: u8,
    /// The entry has more than one head.
    pub(crate) conflict: bool,
}

/// A row that the index does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InsertError {
    /// Its number does not follow the last.
    #[error("the row does not follow the last row of the index; read the index again")]
    OutOfOrder,
    /// The version is there.
    #[error("the version is in the index; it needs no second row")]
    KnownVersion,
    /// More rows or strings than the index can number.
    #[error("the chart has more versions than an index can hold")]
    Full,
}

impl ChartIndex {
    /// An empty index.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds the row that follows. A quarantined version is kept, and takes no part in what is read. On an error nothing
    /// has changed.
    pub(crate) fn insert(&mut self, row: &IndexRow, quarantined: bool) -> Result<(), InsertError> {
        if self.last_seq().checked_add(1) != Some(row.seq) {
            return Err(InsertError::OutOfOrder);
        }
        if self.contains(&row.version, &row.hash) {
            return Err(InsertError::KnownVersion);
        }
        let (symbols, words) = (&mut self.symbols, &mut self.words);
        let (authors, author_numbers) = (&mut self.authors, &mut self.author_numbers);
        let (heads, head_numbers) = (&mut self.ledger_heads, &mut self.ledger_head_numbers);
        let numbered = NumberedRow::number(
            row,
            &mut |text| intern(symbols, words, text),
            |author| intern_item(authors, author_numbers, author),
            |head| intern_item(heads, head_numbers, head),
        );
        self.add(row.seq, &numbered.ok_or(InsertError::Full)?, quarantined)
    }

    /// Number of the last row; 0 where there is none.
    pub(crate) fn last_seq(&self) -> u64 {
        self.rows.last().map_or(0, |row| row.seq)
    }

    /// Number of versions.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether a version with this id is there, quarantined or not.
    pub(crate) fn contains_version(&self, version: &VersionId) -> bool {
        self.versions.contains_key(version)
    }

    /// Whether this very version is there, and not only another under its id.
    pub(crate) fn contains(&self, version: &VersionId, hash: &Hash) -> bool {
        let first = self.versions.get(version).and_then(|row| self.row(*row));
        first.is_some_and(|row| row.hash == *hash) || self.twins.contains_key(&(*version, *hash))
    }

    /// A version by its id: of several, the one that came first.
    pub(crate) fn version(&self, version: &VersionId) -> Option<Version<'_>> {
        self.versions_with(version).next()
    }

    /// All versions with an id, the one that came first before the others.
    pub(crate) fn versions_with(&self, version: &VersionId) -> impl Iterator<Item = Version<'_>> {
        self.rows_with(version).filter_map(|row| self.view(row))
    }

    fn rows_with(&self, version: &VersionId) -> impl Iterator<Item = u32> {
        let all = (*version, Hash::from_bytes([0; 32]))..=(*version, Hash::from_bytes([0xFF; 32]));
        self.versions.get(version).copied().into_iter().chain(self.twins.range(all).map(|(_, row)| *row))
    }

    /// The version that was written for a request.
    pub(crate) fn by_request(&self, request: &Hash) -> Option<Version<'_>> {
        self.requests.get(request).and_then(|row| self.view(*row))
    }

    /// The heads of an entry; none where the entry is unknown or all its versions are quarantined.
    pub(crate) fn heads(&self, entry: &EntryId) -> Option<Heads<'_>> {
        let state = self.state(*self.entry_numbers.get(entry)?)?;
        let count = usize::try_from(state.heads).ok()?;
        let heads = self.chain(state.newest).filter(|(_, row)| row.head);
        let mut heads: Vec<_> = heads.take(count).collect();
        heads.sort_unstable_by_key(|(_, row)| core::cmp::Reverse(row.precedence()));
        let mut heads = heads.into_iter().filter_map(|(number, _)| self.view(number));
        Some(Heads { current: heads.next()?, conflicts: heads.collect() })
    }

    /// All versions of an entry in order of arrival, quarantined ones too.
    pub(crate) fn versions_of(&self, entry: &EntryId) -> Vec<Version<'_>> {
        let state = self.entry_numbers.get(entry).and_then(|entry| self.state(*entry));
        let newest = state.map_or(NONE, |state| state.newest);
        let mut versions: Vec<_> = self.chain(newest).filter_map(|(number, _)| self.view(number)).collect();
        versions.reverse();
        versions
    }

    /// Keeps other versions apart than before. Returns whether anything changed.
    pub(crate) fn keep_apart(&mut self, apart: impl Fn(&Version<'_>) -> bool) -> bool {
        let wanted: Vec<bool> = self.after(0).map(|version| apart(&version)).collect();
        if self.rows.iter().zip(&wanted).all(|(row, apart)| row.quarantined == *apart) {
            return false;
        }
        self.awaited.clear();
        for state in &mut self.entries {
            *state = EntryState { id: state.id, newest: NONE, heads: 0, circular: false };
        }
        for (row, apart) in self.rows.iter_mut().zip(wanted) {
            (row.quarantined, row.head) = (apart, false);
        }
        for number in (0_u32..).take(self.rows.len()) {
            self.place(number);
        }
        true
    }

    /// All versions that came after row `seq`, in order of arrival.
    pub(crate) fn after(&self, seq: u64) -> impl Iterator<Item = Version<'_>> {
        // Mostly it is the last one that is asked for, and a search would begin far from it.
        let known = self.rows.len().saturating_sub(1);
        let last_alone = self.rows.get(known.saturating_sub(1)).is_some_and(|row| row.seq <= seq);
        let start =
            if last_alone && self.last_seq() > seq { known } else { self.rows.partition_point(|row| row.seq <= seq) };
        (start..self.rows.len()).filter_map(|number| u32::try_from(number).ok()).filter_map(|number| self.view(number))
    }

    /// Takes a row with numbers of this index, after any row with a lower number: a chart whose index is damaged has gaps.
    pub(super) fn add(&mut self, seq: u64, row: &NumberedRow, quarantined: bool) -> Result<(), InsertError> {
        let number = u32::try_from(self.rows.len()).ok().filter(|number| *number != NONE).ok_or(InsertError::Full)?;
        if seq <= self.last_seq() {
            return Err(InsertError::OutOfOrder);
        }
        if self.contains(&row.version, &row.hash) {
            return Err(InsertError::KnownVersion);
        }
        let full = |_| InsertError::Full;
        let entry = self.entry_number(&row.entry)?;
        let kept = Row {
            seq,
            version: row.version,
            hash: row.hash,
            time_ms: row.time_ms,
            entry,
            author: row.author,
            previous: self.state(entry).map_or(NONE, |state| state.newest),
            term_kind: row.term_kind,
            parents: Span::after(&self.parents, row.parents.len()).map_err(full)?,
            dates: Span::after(&self.dates, row.dates.len()).map_err(full)?,
            kind: Kind::from_u8(row.kind).ok_or(InsertError::Full)?,
            compartment: row.compartment,
            tombstone: row.tombstone,
            chain_seq: row.chain_seq,
            previous_hash: row.previous,
            known: row.known,
            arrival: row.arrival,
            quarantined,
            head: false,
        };
        self.parents.extend_from_slice(&row.parents);
        self.dates.extend_from_slice(&row.dates);
        if let Entry::Vacant(first) = self.versions.entry(row.version) {
            first.insert(number);
        } else {
            self.twins.insert((row.version, row.hash), number);
        }
        if let Some(request) = row.request {
            // The first answer to a request stays the answer.
            self.requests.entry(request).or_insert(number);
        }
        self.rows.push(kept);
        self.place(number);
        self.post(number, row);
        Ok(())
    }

    /// Makes room for rows that are about to be added.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.rows.reserve(rows);
        self.versions.reserve(rows);
        self.entry_numbers.reserve(rows);
    }

    /// Number of an author, for [`Self::add`].
    pub(super) fn author_number(&mut self, author: CardHash) -> Option<u32> {
        intern_item(&mut self.authors, &mut self.author_numbers, author)
    }

    /// Number of a ledger entry, for [`Self::add`].
    pub(super) fn head_number(&mut self, head: Head) -> Option<u32> {
        intern_item(&mut self.ledger_heads, &mut self.ledger_head_numbers, head)
    }

    /// Number of a string, for [`Self::add`].
    pub(super) fn string_number(&mut self, text: &str) -> Option<u32> {
        intern(&mut self.symbols, &mut self.words, text)
    }

    /// Number of an author who wrote something here.
    pub(super) fn numbered_author(&self, author: &CardHash) -> Option<u32> {
        self.author_numbers.get(author).copied()
    }

    pub(super) fn row(&self, number: u32) -> Option<&Row> {
        self.rows.get(usize::try_from(number).ok()?)
    }

    pub(super) fn state(&self, entry: u32) -> Option<&EntryState> {
        self.entries.get(usize::try_from(entry).ok()?)
    }

    pub(super) fn view(&self, number: u32) -> Option<Version<'_>> {
        let row = self.row(number)?;
        Some(Version {
            seq: row.seq,
            entry: self.state(row.entry)?.id,
            version: row.version,
            hash: row.hash,
            kind: row.kind,
            compartment: row.compartment,
            parents: row.parents.of(&self.parents),
            author: *self.authors.get(usize::try_from(row.author).ok()?)?,
            time_ms: row.time_ms,
            tombstone: row.tombstone,
            chain_seq: row.chain_seq,
            previous: row.previous_hash,
            known: *self.ledger_heads.get(usize::try_from(row.known).ok()?)?,
            arrival: row.arrival,
            quarantined: row.quarantined,
            head: row.head,
        })
    }

    /// The rows of an entry from this one back to the first.
    fn chain(&self, newest: u32) -> impl Iterator<Item = (u32, &Row)> {
        let step = |number| self.row(number).map(|row| (number, row));
        core::iter::successors(step(newest), move |(_, row)| step(row.previous))
    }

    fn entry_number(&mut self, id: &EntryId) -> Result<u32, InsertError> {
        if let Some(number) = self.entry_numbers.get(id) {
            return Ok(*number);
        }
        let number = u32::try_from(self.entries.len()).map_err(|_| InsertError::Full)?;
        self.entries.push(EntryState { id: *id, newest: NONE, heads: 0, circular: false });
        self.entry_numbers.insert(*id, number);
        Ok(number)
    }

    /// Puts a row into its entry, after those before it, and keeps the heads right.
    fn place(&mut self, number: u32) {
        let Some(&Row { entry, version, quarantined, parents, .. }) = self.row(number) else { return };
        let Some(id) = self.state(entry).map(|state| state.id) else { return };
        if self.state(entry).is_some_and(|state| state.circular) {
            let newest = self.state(entry).map_or(NONE, |state| state.newest);
            let stand_in = self.chain(newest).find(|(_, row)| row.head);
            if let Some((number, _)) = stand_in {
                self.set_head(number, entry, false);
            }
        }
        if let Some(state) = self.state_mut(entry) {
            state.newest = number;
            state.circular = false;
        }
        // A parent is named by its id: of versions that have one, all of that entry.
        let doubled = !self.twins.is_empty() && self.rows_with(&version).any(|other| other < number);
        let names = |row: &Row| !row.quarantined && row.parents.of(&self.parents).contains(&version);
        let replaced = doubled && self.chain(number).any(|(other, row)| other != number && names(row));
        let awaited = self.awaited.remove(&(id, version)) || replaced;
        if !quarantined {
            self.set_head(number, entry, !awaited);
            for parent in parents.of(&self.parents).to_vec() {
                // A parent in another entry is no parent: nobody hides an entry by naming it.
                let is_parent = |row: &u32| *row < number && self.row(*row).is_some_and(|row| row.entry == entry);
                let parents: Vec<u32> = self.rows_with(&parent).filter(is_parent).collect();
                if parents.is_empty() {
                    self.awaited.insert((id, parent));
                }
                for parent in parents {
                    self.set_head(parent, entry, false);
                }
            }
        }
        if self.state(entry).is_some_and(|state| state.heads == 0) {
            let stand_in =
                self.chain(number).filter(|(_, row)| !row.quarantined).max_by_key(|(_, row)| row.precedence());
            if let Some((number, _)) = stand_in {
                self.set_head(number, entry, true);
                if let Some(state) = self.state_mut(entry) {
                    state.circular = true;
                }
            }
        }
    }

    fn set_head(&mut self, number: u32, entry: u32, head: bool) {
        let Some(row) = usize::try_from(number).ok().and_then(|number| self.rows.get_mut(number)) else {
            return;
        };
        let was = core::mem::replace(&mut row.head, head);
        if let Some(state) = self.state_mut(entry) {
            state.heads = match (was, head) {
                (false, true) => state.heads.saturating_add(1),
                (true, false) => state.heads.saturating_sub(1),
                _ => state.heads,
            };
        }
    }

    fn state_mut(&mut self, entry: u32) -> Option<&mut EntryState> {
        self.entries.get_mut(usize::try_from(entry).ok()?)
    }

    /// Adds a row to the lists of its terms.
    fn post(&mut self, number: u32, row: &NumberedRow) {
        post(self.kinds.entry(row.term_kind).or_default(), number);
        for [system, value] in row.codes.as_chunks::<2>().0 {
            post(self.codes.entry((*system, *value)).or_default(), number);
        }
        for word in &row.words {
            let list = usize::try_from(*word).ok().and_then(|word| self.words.get_mut(word));
            if let Some(list) = list {
                post(list, number);
            }
        }
    }
}

/// Shows counts only: what is in a chart is a patient's.
impl fmt::Debug for ChartIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChartIndex")
            .field("rows", &self.rows.len())
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// What is kept of a row. Strings, parents and dates are outside, so that a row has one size.
pub(super) struct Row {
    pub(super) seq: u64,
    pub(super) version: VersionId,
    pub(super) hash: Hash,
    pub(super) time_ms: i64,
    /// Number of the entry.
    pub(super) entry: u32,
    pub(super) author: u32,
    /// The row before this one of the same entry.
    previous: u32,
    pub(super) term_kind: u32,
    pub(super) parents: Span,
    pub(super) dates: Span,
    pub(super) kind: Kind,
    pub(super) compartment: u8,
    pub(super) tombstone: bool,
    pub(super) chain_seq: u64,
    previous_hash: Hash,
    known: u32,
    arrival: u64,
    pub(super) quarantined: bool,
    pub(super) head: bool,
}

impl Row {
    /// The greatest stands first among heads.
    pub(super) fn precedence(&self) -> (bool, i64, VersionId, Hash) {
        (!self.tombstone, self.time_ms, self.version, self.hash)
    }
}

pub(super) struct EntryState {
    pub(super) id: EntryId,
    newest: u32,
    pub(super) heads: u32,
    /// The one head stands in because all versions replace each other.
    circular: bool,
}

/// A part of a list that is shared by all rows.
#[derive(Clone, Copy)]
pub(super) struct Span {
    start: u32,
    len: u32,
}

impl Span {
    pub(super) fn is_empty(self) -> bool {
        self.len == 0
    }

    fn after<T>(list: &[T], len: usize) -> Result<Self, core::num::TryFromIntError> {
        Ok(Self { start: u32::try_from(list.len())?, len: u32::try_from(len)? })
    }

    pub(super) fn of<T>(self, list: &[T]) -> &[T] {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let len = usize::try_from(self.len).unwrap_or(usize::MAX);
        list.get(start..start.saturating_add(len)).unwrap_or_default()
    }
}

const NONE: u32 = u32::MAX;

fn intern(symbols: &mut Symbols, words: &mut Vec<Vec<u32>>, text: &str) -> Option<u32> {
    let number = symbols.intern(text)?;
    let len = usize::try_from(number).ok()?.checked_add(1)?;
    if words.len() < len {
        words.resize_with(len, Vec::new);
    }
    Some(number)
}

fn intern_item<T: Copy + Eq + core::hash::Hash>(
    items: &mut Vec<T>,
    numbers: &mut HashMap<T, u32>,
    item: T,
) -> Option<u32> {
    if let Some(number) = numbers.get(&item) {
        return Some(*number);
    }
    let number = u32::try_from(items.len()).ok()?;
    items.push(item);
    numbers.insert(item, number);
    Some(number)
}

fn post(list: &mut Vec<u32>, number: u32) {
    if list.last() != Some(&number) {
        list.push(number);
    }
}
