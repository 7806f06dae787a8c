//! A chart in memory: its keys and its index, brought up to date with the store when another writer may have changed it.

use super::lines::Lines;
use super::mark::{Mark, Marked, Rolling};
use super::{
    beside::Beside,
    cards::Cards,
    chains::{Flaw, flaws},
    session::{PAGE, Session},
    standings::{self, NOBODY, Standings},
    stored_entry::{StoredEntry, Stub, is_nobodys, placeholder, row_of},
    written::{self, Written},
};
use crate::codec::{CardHash, ChartId, EntryId, Hash};
use crate::crypto::{Secret, role};
use crate::envelope::{Chain, Header, Opened, object_hash};
use crate::error::Error;
use crate::index::{self, ChartIndex, Heads, IndexError, IndexRow, Version};
use crate::keys::chart::{ChartKeys, CutPoint, LedgerRow, Ring};
use crate::store::{Snapshot, StoreError, Table, Transaction};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

/// Most entries that may be missing in a row before the store counts as damaged.
const MOST_MISSING: u64 = 1 << 16;

/// Keys and index of one chart.
pub(crate) struct OpenChart {
    pub(super) keys: ChartKeys,
    pub(super) index: ChartIndex,
    pub(super) index_key: Secret<role::Index>,
    /// State of the store at which this was read.
    pub(super) generation: u64,
    ring_sealed: Vec<u8>,
    /// What lies beside the ledger.
    pub(super) beside: Beside,
    /// Whether the card of the device in use is stored with the chart: it is, once it wrote something here.
    pub(super) listed: bool,
    /// How versions stand.
    pub(super) standings: Standings,
    /// What is wrong with the places of versions, once somebody asked.
    flaws: OnceLock<Vec<(u64, Flaw)>>,
    /// For each compartment: number and hash of the last that this device wrote.
    own: HashMap<u8, Chain>,
    chained_to: u64,
    /// Over the same rows.
    rolling: Rolling,
    /// Over the same rows, by compartment, as far as somebody asked.
    pub(super) lines: Mutex<Lines>,
    /// The marks that these rows were held against.
    marks: Vec<Mark>,
    /// Entries with a version of which nothing can be believed, and its number.
    lost: HashMap<EntryId, u64>,
    /// The last rows of the index, which no stored segment has yet.
    tail: Vec<IndexRow>,
    /// Number of the last row that a stored segment has.
    stored_to: u64,
    /// The stored index is damaged; this one was derived from the entries.
    pub(super) derived: bool,
    /// What the logs tell of the newest rows, once one of them was damaged, and up to which row they were asked.
    written: HashMap<u64, Written>,
    asked_to: u64,
}

impl OpenChart {
    /// Reads and verifies a chart, and holds it against the logs of all devices.
    pub(super) fn load(session: &Session, id: &ChartId, snapshot: &dyn Snapshot) -> Result<Self, Error> {
        let mut chart = Self::load_unchecked(session, id, snapshot)?;
        chart.check(session, snapshot)?;
        Ok(chart)
    }

    /// Reads and verifies a chart, as far as it can be without the logs.
    pub(super) fn load_unchecked(session: &Session, id: &ChartId, snapshot: &dyn Snapshot) -> Result<Self, Error> {
        let generation = snapshot.generation()?;
        let (keys, ring_sealed, beside, listed) = read_keys(session, id, snapshot)?;
        let mut chart = Self { generation, ring_sealed, beside, listed, ..Self::new(session, keys)? };
        chart.load_index(snapshot)?;
        Ok(chart)
    }

    /// A chart of which no entry is there yet.
    pub(super) fn new(session: &Session, keys: ChartKeys) -> Result<Self, Error> {
        session.require_suite(keys.suite())?;
        let index_key = keys.ring().index_key().map_err(|_| Error::unopenable())?;
        Ok(Self {
            keys,
            index: ChartIndex::new(),
            index_key,
            generation: 0,
            ring_sealed: Vec::new(),
            beside: Beside::default(),
            listed: false,
            standings: Standings::default(),
            flaws: OnceLock::new(),
            own: HashMap::new(),
            chained_to: 0,
            rolling: Rolling::EMPTY,
            lines: Mutex::default(),
            marks: Vec::new(),
            lost: HashMap::new(),
            tail: Vec::new(),
            stored_to: 0,
            derived: false,
            written: HashMap::new(),
            asked_to: 0,
        })
    }

    /// Goes on with keys that more is known of: what was verified before is judged anew by them.
    pub(super) fn with_keys(mut self, keys: ChartKeys) -> Self {
        self.keys = keys;
        self.judge(true);
        self.flaws = OnceLock::new();
        self
    }

    /// Takes in what another writer may have changed.
    pub(super) fn refresh(&mut self, session: &Session, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let id = self.keys.chart();
        let generation = snapshot.generation()?;
        if generation <= self.generation {
            // Another reader was quicker.
            return Ok(());
        }
        let ledger = snapshot.last(Table::Ledger, id.as_bytes())?;
        let head = u64::try_from(self.keys.rows().len()).unwrap_or(u64::MAX).saturating_sub(1);
        let last = self.keys.rows().last().map(|row| &row.stored);
        let moved = ledger.is_none_or(|(key, stored)| key != head.to_be_bytes() || Some(&stored) != last);
        let ring = snapshot.get(Table::Keyring, b"", id.as_bytes())?;
        let moved =
            moved || ring.as_deref() != Some(&self.ring_sealed[..]) || Beside::read(snapshot, &id)? != self.beside;
        if moved {
            (self.keys, self.ring_sealed, self.beside, self.listed) = read_keys(session, &id, snapshot)?;
        }
        let before = self.index.last_seq();
        self.refresh_index(snapshot)?;
        // Another device of the owner, or of a member whose bundle another process took in.
        let known = |version: Version<'_>| self.keys.cards().device(&version.author).is_some();
        if !self.index.after(before).all(known) {
            (self.keys, self.ring_sealed, self.beside, self.listed) = read_keys(session, &id, snapshot)?;
            self.tail.retain(|row| row.seq <= before);
            self.load_index(snapshot)?;
        }
        if moved {
            self.judge(true);
            // What may be read now says what is missing.
            self.flaws = OnceLock::new();
        }
        self.check(session, snapshot)?;
        self.generation = generation;
        Ok(())
    }

    /// Holds ledger and entries against what the logs say of them: both must pass through every mark, and end at the
    /// highest. They are those that were read: a store may answer otherwise when it is asked again.
    fn check(&mut self, session: &Session, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let id = self.keys.chart();
        let logs = session.logs(snapshot)?;
        let ledger = logs.marks(snapshot, Marked::Ledger(id))?;
        let entries = logs.marks(snapshot, Marked::Entries(id))?;
        let beside = logs.last_mark(snapshot, Marked::Beside(id))?;
        drop(logs);
        // A device may have marked a line that another took back since.
        let stands = |mark: &Mark| {
            let seq = mark.count.checked_sub(1);
            seq.is_some_and(|seq| self.keys.is_in_a_line(seq, |hash| Mark::new(mark.count, hash) == *mark))
        };
        if !self.beside.is_said(beside) || !ledger.iter().all(stands) || !ledger.contains(&self.ledger_mark()) {
            return Err(Error::Withheld);
        }
        if entries.iter().max().map_or(0, |mark| mark.count) != self.index.last_seq() {
            return Err(Error::Withheld);
        }
        // All rows are there. Where one of the newest is damaged, the marks may be missed, and this device's place in its chain.
        let damaged = self.tail.iter().any(|row| row.author == NOBODY && row.seq > self.asked_to);
        if damaged || !self.comes_to(&entries) {
            let after = if self.derived { 0 } else { self.stored_to };
            self.asked_to = self.index.last_seq();
            self.written = written::read(session, snapshot, &id, after.saturating_add(1)..=self.asked_to)?;
            self.tail.clear();
            self.load_index(snapshot)?;
            if !self.comes_to(&entries) {
                return Err(Error::Withheld);
            }
        }
        self.marks = entries;
        Ok(())
    }

    /// Whether the entries pass through these marks.
    fn comes_to(&self, entries: &[Mark]) -> bool {
        let unknown = |mark: &&Mark| !self.marks.contains(mark);
        entries.iter().filter(unknown).all(|mark| *mark == self.mark()) || self.passes(entries)
    }

    /// Goes through all rows again and looks whether they pass through these marks.
    fn passes(&self, marks: &[Mark]) -> bool {
        let (mut rolling, mut passed) = (Rolling::EMPTY, 0);
        for version in self.index.after(0) {
            rolling.push(version.entry.as_bytes(), version.version.as_bytes(), &version.hash, version.arrival);
            passed = marks.iter().filter(|mark| **mark == rolling.mark(version.seq)).count().saturating_add(passed);
        }
        passed == marks.len()
    }

    /// What the log says of the entries as they stand here.
    pub(super) fn mark(&self) -> Mark {
        self.rolling.mark(self.index.last_seq())
    }

    /// What it will say when these rows have come.
    pub(super) fn mark_with(&self, rows: &[IndexRow]) -> Mark {
        let mut rolling = self.rolling;
        for row in rows {
            rolling.push(row.entry.as_bytes(), row.version.as_bytes(), &row.hash, row.arrival);
        }
        rolling.mark(rows.last().map_or_else(|| self.index.last_seq(), |row| row.seq))
    }

    pub(super) fn ledger_mark(&self) -> Mark {
        ledger_mark(self.keys.rows().len(), &self.keys.head())
    }

    /// Takes in rows and entries that came since.
    fn refresh_index(&mut self, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let id = self.keys.chart();
        let stored = index::stored_to(snapshot, &id).map_err(index_error)?;
        let stored = stored.filter(|stored| *stored >= self.stored_to);
        let Some(stored) = stored else { return self.load_index(snapshot) };
        if stored > self.index.last_seq() {
            let suite = self.keys.suite();
            let damaged = index::refresh(snapshot, suite, &self.index_key, &id, &mut self.index, &is_nobodys);
            if !damaged.map_err(index_error)?.is_empty() {
                return self.load_index(snapshot);
            }
            // The index may have been read anew.
            if !self.standings.are_usual() {
                self.index.keep_apart(|version| self.standings.is_apart(version));
            }
        }
        self.is_stored_to(stored);
        self.derive_tail(snapshot)?;
        self.chain_up();
        Ok(())
    }

    fn is_stored_to(&mut self, seq: u64) {
        self.stored_to = seq;
        self.tail.retain(|row| row.seq > seq);
    }

    fn load_index(&mut self, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let id = self.keys.chart();
        let suite = self.keys.suite();
        let loaded = index::load(snapshot, suite, &self.index_key, &id, &is_nobodys).map_err(index_error)?;
        // Entries that the index names and the store lacks show when they are read, and in `verify`.
        self.index = loaded.index;
        self.derived = !loaded.damaged.is_empty();
        if self.derived {
            self.index = ChartIndex::new();
        }
        // What was verified when it came need not be so again.
        for row in core::mem::take(&mut self.tail) {
            if row.seq == self.index.last_seq().saturating_add(1) {
                self.add_to_tail(row)?;
            }
        }
        self.derive_tail(snapshot)?;
        let stored = index::stored_to(snapshot, &id).map_err(index_error)?;
        self.is_stored_to(stored.unwrap_or_else(|| self.index.last_seq()));
        // More than what is not due yet: the end of the index was cut off.
        self.derived |= index::is_due(self.stored_to, self.index.last_seq());
        self.own.clear();
        self.standings = Standings::default();
        self.lost.clear();
        self.rolling = Rolling::EMPTY;
        self.lines = Mutex::default();
        self.chained_to = 0;
        // What is read anew has to pass through all marks anew.
        self.marks.clear();
        self.chain_up();
        Ok(())
    }

    /// Derives rows from the entries that come after those of the index, in memory: reading never writes. An entry that
    /// does not open keeps its place and is left out of what is read.
    fn derive_tail(&mut self, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let id = self.keys.chart();
        let mut after = self.index.last_seq().to_be_bytes().to_vec();
        loop {
            let page = snapshot.scan(Table::Entries, id.as_bytes(), Some(&after), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after.clone_from(last);
            for (key, value) in &page {
                let seq = key.as_slice().try_into().map(u64::from_be_bytes).map_err(|_| StoreError::Damaged)?;
                let next = self.index.last_seq().saturating_add(1);
                // A store that claims a row far beyond the others would have us fill the memory.
                if seq.saturating_sub(next) > MOST_MISSING {
                    return Err(StoreError::Damaged.into());
                }
                for missing in next..seq {
                    self.add_to_tail(placeholder(missing, None, Stub::NONE))?;
                }
                // A version that stands twice keeps its first place.
                let row = self.index_row(seq, value);
                let known = self.index.contains(&row.version, &row.hash);
                self.add_to_tail(if known { placeholder(seq, None, Stub::NONE) } else { row })?;
            }
        }
    }

    fn add_to_tail(&mut self, row: IndexRow) -> Result<(), Error> {
        self.index.insert(&row, is_nobodys(&row.facts())).map_err(|_| StoreError::Damaged)?;
        self.tail.push(row);
        Ok(())
    }

    /// Writes the rows that have no segment yet, and these after them, when enough have come together or `at_once`. Returns
    /// whether it did.
    pub(super) fn append_index(
        &self,
        tx: &mut dyn Transaction,
        rows: &[IndexRow],
        at_once: bool,
    ) -> Result<bool, Error> {
        let last = rows.last().map_or(0, |row| row.seq);
        // A version that does not open now may open when the store is honest again: its place is not stored as lost.
        let damaged = self.tail.iter().any(|row| row.author == NOBODY);
        if damaged || (!at_once && !index::is_due(self.stored_to, last)) {
            return Ok(false);
        }
        let all: Vec<&IndexRow> = self.tail.iter().chain(rows).collect();
        let id = self.keys.chart();
        index::append(tx, self.keys.suite(), &self.index_key, &id, &all).map_err(index_error)?;
        Ok(true)
    }

    /// Stores an index that was derived, in the place of the damaged one. Returns whether it did: not while a version does
    /// not open, for the same reason as in [`Self::append_index`].
    pub(super) fn store_index(&self, tx: &mut dyn Transaction) -> Result<bool, Error> {
        let id = self.keys.chart();
        let mut rows = Vec::new();
        for version in self.index.after(0) {
            let stored = tx.get(Table::Entries, id.as_bytes(), &version.seq.to_be_bytes())?;
            let row = stored.map(|stored| self.index_row(version.seq, &stored)).filter(|row| row.author != NOBODY);
            let Some(row) = row else { return Ok(false) };
            rows.push(row);
        }
        index::repair(tx, self.keys.suite(), &self.index_key, &id, &rows).map_err(index_error)?;
        Ok(true)
    }

    fn index_row(&self, seq: u64, stored: &[u8]) -> IndexRow {
        let split = StoredEntry::split(stored);
        let stub = match (self.written.get(&seq), &split) {
            (Some(written), _) => written.stub,
            (None, Some(stored)) => stored.stub,
            (None, None) => Stub::NONE,
        };
        if let Some(StoredEntry { wrap, bytes, stub: _ }) = &split
            && object_hash(bytes) == stub.hash
            && let Ok(opened) = self.keys.open_entry(bytes, wrap, None)
        {
            return row_of(seq, stub, opened);
        }
        let written = self.written.get(&seq).map(|written| (written.entry, written.version));
        placeholder(seq, written.or_else(|| Header::claimed_ids(split?.bytes)), stub)
    }

    /// Reads, opens and verifies a version; it must be the one that the index names.
    pub(super) fn open_version(&self, snapshot: &dyn Snapshot, version: &Version<'_>) -> Result<Opened, Error> {
        let id = self.keys.chart();
        let stored = snapshot.get(Table::Entries, id.as_bytes(), &version.seq.to_be_bytes())?;
        // The index names it, so its absence is damage and not a wrong id.
        let stored = stored.ok_or_else(Error::unopenable)?;
        let StoredEntry { wrap, bytes, stub: _ } = StoredEntry::split(&stored).ok_or_else(Error::unopenable)?;
        let opened = self.keys.open_entry(bytes, &wrap, Some(version.compartment))?;
        // One author could sign two versions with one id.
        if object_hash(bytes) == version.hash { Ok(opened) } else { Err(Error::unopenable()) }
    }

    /// A version as it travels, wrap and sealed bytes. What does not open here is not handed on.
    pub(super) fn sealed_version(&self, snapshot: &dyn Snapshot, version: &Version<'_>) -> Result<Vec<u8>, Error> {
        self.open_version(snapshot, version)?;
        let id = self.keys.chart();
        let stored = snapshot.get(Table::Entries, id.as_bytes(), &version.seq.to_be_bytes())?;
        let sealed = stored.as_deref().and_then(StoredEntry::sealed);
        Ok(sealed.ok_or_else(Error::unopenable)?.to_vec())
    }

    /// The heads of an entry that can be read. Where a damaged version may be another, or replace one of them, there is none.
    pub(super) fn heads(&self, snapshot: &dyn Snapshot, entry: &EntryId) -> Result<Heads<'_>, Error> {
        let heads = self.index.heads(entry);
        if let Some(lost) = self.lost.get(entry)
            && self.is_lost(entry)
        {
            let stored = snapshot.get(Table::Entries, self.keys.chart().as_bytes(), &lost.to_be_bytes())?;
            let StoredEntry { wrap, bytes, .. } =
                stored.as_deref().and_then(StoredEntry::split).ok_or_else(Error::unopenable)?;
            // A newer format is an error of its own.
            self.keys.open_entry(bytes, &wrap, None)?;
            return Err(Error::unopenable());
        }
        match heads {
            Some(heads) if !heads.current.tombstone => Ok(heads),
            None if !self.index.versions_of(entry).is_empty() => Err(Error::Quarantined),
            _ => Err(Error::UnknownEntry),
        }
    }

    /// The versions whose places are not as they should be, in order of arrival.
    pub(super) fn flaws(&self) -> &[(u64, Flaw)] {
        self.flaws.get_or_init(|| flaws(&self.keys, &self.index, 0))
    }

    /// Whether there is a version of which nothing can be believed.
    pub(super) fn has_damaged(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Whether an entry has damaged versions, and what is current does not follow from the others: it does where they
    /// replaced each of these, and one alone stands. What a damaged version replaced is not known.
    pub(super) fn is_lost(&self, entry: &EntryId) -> bool {
        if !self.lost.contains_key(entry) {
            return false;
        }
        let versions = self.index.versions_of(entry);
        let replaced = |lost: &Version<'_>| {
            versions.iter().any(|other| !other.quarantined && other.parents.contains(&lost.version))
        };
        let alone = self.index.heads(entry).is_some_and(|heads| heads.conflicts.is_empty());
        !alone || !versions.iter().filter(|version| version.author == NOBODY).all(replaced)
    }

    /// The entries of which that is so.
    pub(super) fn lost(&self) -> impl Iterator<Item = &EntryId> {
        self.lost.keys().filter(|entry| self.is_lost(entry))
    }

    /// Place of this device's next entry in a compartment.
    pub(super) fn next_chain(&self, slot: u8) -> Chain {
        match self.own.get(&slot) {
            Some(last) => Chain { seq: last.seq.saturating_add(1), previous: last.previous },
            None => Chain { seq: 1, previous: Hash::from_bytes([0; 32]) },
        }
    }

    /// The last entries of some members' devices in a compartment.
    pub(super) fn cut(&self, slot: u8, roots: &[CardHash]) -> Vec<CutPoint> {
        let of_revoked =
            |device: &CardHash| self.keys.cards().device(device).is_some_and(|card| roots.contains(&card.root()));
        standings::cut(&self.index, &self.standings, slot, of_revoked)
    }

    /// Judges the versions that came since, or all, and keeps those apart that are to be.
    fn judge(&mut self, anew: bool) {
        let Self { keys, index, standings, .. } = self;
        if standings.judge(keys, index, anew) {
            index.keep_apart(|version| standings.is_apart(version));
        }
    }

    /// Takes rows in that were committed. Some may be there already, where a reader was quicker.
    ///
    /// `stored` says that a segment has them, `generation` names the state that the commit made.
    pub(super) fn insert(&mut self, rows: Vec<IndexRow>, stored: bool, generation: Option<u64>) -> Result<(), Error> {
        let last = rows.last().map_or(0, |row| row.seq);
        for row in rows {
            if row.seq > self.index.last_seq() {
                self.add_to_tail(row)?;
            }
        }
        if stored && last > self.stored_to {
            self.is_stored_to(last);
        }
        self.generation = self.generation.max(generation.unwrap_or(0));
        self.chain_up();
        Ok(())
    }

    /// Counts the rows that came since into the chains, and judges them. `previous` holds the last hash.
    fn chain_up(&mut self) {
        let own = self.keys.identity().device_card.hash();
        if self.index.last_seq() != self.chained_to {
            self.flaws = OnceLock::new();
        }
        for version in self.index.after(self.chained_to) {
            self.chained_to = version.seq;
            self.rolling.push(version.entry.as_bytes(), version.version.as_bytes(), &version.hash, version.arrival);
            let mut place = (version.author == own).then_some((version.compartment, version.chain_seq));
            if version.author == NOBODY {
                self.lost.insert(version.entry, version.seq);
                place = self.written.get(&version.seq).and_then(|written| written.own);
            }
            if let Some((slot, seq)) = place {
                let last = Chain { seq, previous: version.hash };
                let known = self.own.entry(slot).or_insert(last);
                if last.seq > known.seq {
                    *known = last;
                }
            }
        }
        self.judge(false);
    }
}

/// What a log says of a ledger of so many entries.
pub(super) fn ledger_mark(len: usize, head: &Hash) -> Mark {
    Mark::new(u64::try_from(len).unwrap_or(u64::MAX), head)
}

pub(super) fn read_rows(snapshot: &dyn Snapshot, chart: &ChartId) -> Result<Vec<LedgerRow>, StoreError> {
    let mut rows = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = snapshot.scan(Table::Ledger, chart.as_bytes(), after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(rows) };
        after = Some(last.clone());
        for (key, stored) in page {
            let receipt = snapshot.get(Table::Receipts, chart.as_bytes(), &key)?.unwrap_or_default();
            rows.push(LedgerRow { stored, receipt });
        }
    }
}

/// The keys, the row that they come from, what lies beside the ledger, and whether the device in use wrote here before.
fn read_keys(
    session: &Session,
    id: &ChartId,
    snapshot: &dyn Snapshot,
) -> Result<(ChartKeys, Vec<u8>, Beside, bool), Error> {
    let Some(sealed) = snapshot.get(Table::Keyring, b"", id.as_bytes())? else {
        return Err(session.no_such_chart(snapshot, *id)?);
    };
    let (vault, suite) = (session.unlocked.vault_id(), session.unlocked.suite());
    let ring = Ring::open(suite, session.unlocked.keyring_key(), &vault, id, &sealed).map_err(Error::of_malformed)?;
    let me = session.unlocked.identity();
    let cards = Cards::of(*id, suite, &ring)?.read(snapshot, me)?;
    let listed = cards.device(&me.device_card.hash()).is_some();
    let beside = Beside::read(snapshot, id)?;
    let keys = ChartKeys::assemble(beside.rows(read_rows(snapshot, id)?), ring, cards, me)?;
    if keys.chart() != *id {
        return Err(Error::unopenable());
    }
    Ok((keys, sealed, beside, listed))
}

pub(super) fn index_error(error: IndexError) -> Error {
    match error {
        IndexError::Store(error) => error.into(),
        IndexError::Random(error) => error.into(),
        IndexError::Newer => Error::NewerFormat,
        IndexError::OutOfOrder => StoreError::Damaged.into(),
        IndexError::Unsealable => Error::unopenable(),
    }
}
