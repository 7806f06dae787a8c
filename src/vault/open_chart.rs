//! A chart in memory: its keys and its index, brought up to date with the store when another writer may have changed it.

use super::{
    cards::Cards,
    session::{PAGE, Session},
};
use crate::codec::{CardHash, ChartId, EntryId, Hash, VersionId};
use crate::crypto::{Secret, role};
use crate::envelope::{Chain, Opened, object_hash};
use crate::error::Error;
use crate::index::{self, ChartIndex, IndexError, IndexRow, Version};
use crate::keys::chart::{ChartKeys, CutPoint, LedgerRow, Ring, Wrap};
use crate::record::{Kind, Terms};
use crate::store::{Snapshot, StoreError, Table, Transaction};
use std::collections::HashMap;

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
    /// Whether the card of the device in use is stored with the chart: it is, once it wrote something here.
    pub(super) listed: bool,
    /// For each device and compartment: how many entries, and the hash of the last.
    chains: HashMap<(CardHash, u8), Chain>,
    chained_to: u64,
    /// The stored index is damaged; this one was derived from the entries.
    pub(super) derived: bool,
}

impl OpenChart {
    /// Reads and verifies a chart.
    pub(super) fn load(session: &Session, id: &ChartId, snapshot: &dyn Snapshot) -> Result<Self, Error> {
        let generation = snapshot.generation()?;
        let (keys, ring_sealed, listed) = read_keys(session, id, snapshot)?;
        let index_key = keys.ring().index_key().map_err(|_| Error::unopenable())?;
        let mut chart = Self {
            keys,
            index: ChartIndex::new(),
            index_key,
            generation,
            ring_sealed,
            listed,
            chains: HashMap::new(),
            chained_to: 0,
            derived: false,
        };
        chart.load_index(snapshot)?;
        Ok(chart)
    }

    /// Takes in what another writer may have changed.
    pub(super) fn refresh(&mut self, session: &Session, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let id = self.keys.chart();
        let generation = snapshot.generation()?;
        let ledger = snapshot.last(Table::Ledger, id.as_bytes())?;
        let head = u64::try_from(self.keys.rows().len()).unwrap_or(u64::MAX).saturating_sub(1);
        let moved = ledger.is_none_or(|(key, _)| key != head.to_be_bytes());
        let ring = snapshot.get(Table::Keyring, b"", id.as_bytes())?;
        if moved || ring.as_deref() != Some(&self.ring_sealed[..]) {
            (self.keys, self.ring_sealed, self.listed) = read_keys(session, &id, snapshot)?;
        }
        let damaged =
            index::refresh(snapshot, self.keys.suite(), &self.index_key, &id, &mut self.index).map_err(index_error)?;
        if !damaged.is_empty() || last_entry(snapshot, &id)? > self.index.last_seq() {
            self.load_index(snapshot)?;
        }
        // Another device of the owner, or of a member whose bundle another process took in.
        let new = self.index.after(self.chained_to);
        if new.filter(|version| !version.quarantined).any(|version| self.keys.cards().device(&version.author).is_none())
        {
            (self.keys, self.ring_sealed, self.listed) = read_keys(session, &id, snapshot)?;
        }
        self.chain_up();
        self.generation = generation;
        Ok(())
    }

    fn load_index(&mut self, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let id = self.keys.chart();
        let loaded = index::load(snapshot, self.keys.suite(), &self.index_key, &id).map_err(index_error)?;
        self.index = loaded.index;
        self.derived = false;
        // Entries that the index names and the store lacks show when they are read, and in `verify`.
        if !loaded.damaged.is_empty() || last_entry(snapshot, &id)? > self.index.last_seq() {
            self.derive_index(snapshot)?;
        }
        self.chains.clear();
        self.chained_to = 0;
        self.chain_up();
        Ok(())
    }

    /// Derives the index from the entries, in memory: reading never writes. An entry that does not open keeps its place and
    /// is left out of what is read.
    fn derive_index(&mut self, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let id = self.keys.chart();
        let mut index = ChartIndex::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = snapshot.scan(Table::Entries, id.as_bytes(), after.as_deref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (key, value) in &page {
                let seq = key.as_slice().try_into().map(u64::from_be_bytes).map_err(|_| StoreError::Damaged)?;
                let next = index.last_seq().saturating_add(1);
                // A store that claims a row far beyond the others would have us fill the memory.
                if seq.saturating_sub(next) > MOST_MISSING {
                    return Err(StoreError::Damaged.into());
                }
                for missing in next..seq {
                    index.insert(&placeholder(missing)).map_err(|_| StoreError::Damaged)?;
                }
                // A version that stands twice keeps its first place.
                let row = self.index_row(seq, value);
                let row = if index.contains_version(&row.version) { placeholder(seq) } else { row };
                index.insert(&row).map_err(|_| StoreError::Damaged)?;
            }
        }
        self.index = index;
        self.derived = true;
        Ok(())
    }

    /// Stores an index that was derived, in the place of the damaged one.
    pub(super) fn store_index(&self, tx: &mut dyn Transaction) -> Result<(), Error> {
        let id = self.keys.chart();
        let mut rows = Vec::new();
        for version in self.index.after(0) {
            let stored = tx.get(Table::Entries, id.as_bytes(), &version.seq.to_be_bytes())?;
            rows.push(stored.map_or_else(|| placeholder(version.seq), |stored| self.index_row(version.seq, &stored)));
        }
        index::repair(tx, self.keys.suite(), &self.index_key, &id, &rows).map_err(index_error)
    }

    fn index_row(&self, seq: u64, stored: &[u8]) -> IndexRow {
        let opened = split_entry(stored).and_then(|(wrap, bytes)| {
            let opened = self.keys.open_entry(bytes, &wrap, None).ok()?;
            Some(row_of(seq, object_hash(bytes), &opened))
        });
        opened.unwrap_or_else(|| placeholder(seq))
    }

    /// Reads, opens and verifies a version; it must be the one that the index names.
    pub(super) fn open_version(&self, snapshot: &dyn Snapshot, version: &Version<'_>) -> Result<Opened, Error> {
        let id = self.keys.chart();
        let stored = snapshot.get(Table::Entries, id.as_bytes(), &version.seq.to_be_bytes())?;
        // The index names it, so its absence is damage and not a wrong id.
        let stored = stored.ok_or_else(Error::unopenable)?;
        let (wrap, bytes) = split_entry(&stored).ok_or_else(Error::unopenable)?;
        let opened = self.keys.open_entry(bytes, &wrap, Some(version.compartment))?;
        let same = opened.header.entry == version.entry && opened.header.version == version.version;
        if same && opened.metadata.author == version.author { Ok(opened) } else { Err(Error::unopenable()) }
    }

    /// Place of this device's next entry in a compartment.
    pub(super) fn next_chain(&self, slot: u8) -> Chain {
        let device = self.keys.identity().device_card.hash();
        match self.chains.get(&(device, slot)) {
            Some(last) => Chain { seq: last.seq.saturating_add(1), previous: last.previous },
            None => Chain { seq: 1, previous: Hash::from_bytes([0; 32]) },
        }
    }

    /// The last entries of some members' devices in a compartment.
    pub(super) fn cut(&self, slot: u8, roots: &[CardHash]) -> Vec<CutPoint> {
        let of_revoked =
            |device: &CardHash| self.keys.cards().device(device).is_some_and(|card| roots.contains(&card.root()));
        let mut cut: Vec<CutPoint> = self
            .chains
            .iter()
            .filter(|((device, at), _)| *at == slot && of_revoked(device))
            .map(|((device, _), chain)| CutPoint { device: *device, seq: chain.seq, hash: chain.previous })
            .collect();
        cut.sort_unstable_by_key(|point| point.device);
        cut
    }

    /// Takes rows in that were committed. Some may be there already, where a reader was quicker.
    pub(super) fn insert(&mut self, rows: &[IndexRow]) -> Result<(), Error> {
        for row in rows.iter().filter(|row| row.seq > self.index.last_seq()).collect::<Vec<_>>() {
            self.index.insert(row).map_err(|_| StoreError::Damaged)?;
        }
        self.chain_up();
        Ok(())
    }

    /// Counts the rows that came since into the chains. `previous` holds the last hash.
    fn chain_up(&mut self) {
        let Self { index, chains, chained_to, .. } = self;
        for version in index.after(*chained_to) {
            let chain = chains
                .entry((version.author, version.compartment))
                .or_insert(Chain { seq: 0, previous: Hash::from_bytes([0; 32]) });
            *chain = Chain { seq: chain.seq.saturating_add(1), previous: version.hash };
            *chained_to = version.seq;
        }
    }
}

/// The index row of an opened version.
pub(super) fn row_of(seq: u64, hash: Hash, opened: &Opened) -> IndexRow {
    let Opened { header, metadata, content: _, slot } = opened;
    IndexRow {
        seq,
        entry: header.entry,
        version: header.version,
        hash,
        kind: header.kind,
        compartment: *slot,
        parents: metadata.parents.clone(),
        author: metadata.author,
        time_ms: metadata.time_ms,
        tombstone: metadata.tombstone,
        quarantined: false,
        request: metadata.request,
        terms: metadata.terms.clone(),
    }
}

/// Keeps the place of an entry of which nothing can be believed.
fn placeholder(seq: u64) -> IndexRow {
    IndexRow {
        seq,
        // Ids that no other entry has.
        entry: EntryId::random().unwrap_or(EntryId::from_bytes([0; 16])),
        version: VersionId::random().unwrap_or(VersionId::from_bytes([0; 16])),
        hash: Hash::from_bytes([0; 32]),
        kind: Kind::Record,
        compartment: 0,
        parents: Vec::new(),
        author: CardHash::from_bytes([0; 32]),
        time_ms: 0,
        tombstone: false,
        quarantined: true,
        request: None,
        terms: Terms::default(),
    }
}

/// A stored entry: wrap, then sealed bytes.
pub(super) fn split_entry(stored: &[u8]) -> Option<(Wrap, &[u8])> {
    let (wrap, bytes) = stored.split_at_checked(Wrap::LEN)?;
    Some((Wrap::from_slice(wrap)?, bytes))
}

/// Stores a sealed version as number `seq` of its chart.
pub(super) fn put_entry(
    tx: &mut dyn Transaction,
    chart: &ChartId,
    seq: u64,
    wrap: &Wrap,
    bytes: &[u8],
) -> Result<(), StoreError> {
    let mut value = Vec::with_capacity(Wrap::LEN.saturating_add(bytes.len()));
    value.extend_from_slice(&wrap.to_bytes());
    value.extend_from_slice(bytes);
    tx.put(Table::Entries, chart.as_bytes(), &seq.to_be_bytes(), &value)
}

fn last_entry(snapshot: &dyn Snapshot, chart: &ChartId) -> Result<u64, StoreError> {
    let last = snapshot.last(Table::Entries, chart.as_bytes())?;
    last.map_or(Ok(0), |(key, _)| key.as_slice().try_into().map(u64::from_be_bytes).map_err(|_| StoreError::Damaged))
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

/// The keys, the row that they come from, and whether the device in use wrote here before.
fn read_keys(session: &Session, id: &ChartId, snapshot: &dyn Snapshot) -> Result<(ChartKeys, Vec<u8>, bool), Error> {
    let sealed = snapshot.get(Table::Keyring, b"", id.as_bytes())?.ok_or(Error::UnknownChart)?;
    let (vault, suite) = (session.unlocked.vault_id(), session.unlocked.suite());
    let ring = Ring::open(suite, session.unlocked.keyring_key(), &vault, id, &sealed).map_err(Error::of_malformed)?;
    let me = session.unlocked.identity();
    let cards = Cards::of(*id, suite, &ring)?.read(snapshot, me)?;
    let listed = cards.device(&me.device_card.hash()).is_some();
    let keys = ChartKeys::assemble(read_rows(snapshot, id)?, ring, cards, me)?;
    if keys.chart() == *id { Ok((keys, sealed, listed)) } else { Err(Error::unopenable()) }
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
