//! Writing: one transaction over any number of charts.

use super::{
    Chart, Inner,
    cards::Cards,
    event::{Event, EventKind},
    logs::Write,
    mark::Marked,
    open_chart::OpenChart,
    session::Session,
    stored_entry::{Stub, put_entry, row_of},
    written,
};
use crate::codec::{ChartId, EntryId, Hash, VersionId};
use crate::crypto::{WipedBytes, kdf};
use crate::envelope::{Actor, Chain, Opened};
use crate::error::Error;
use crate::index::{self, IndexRow};
use crate::keys::chart::NewEntry;
use crate::record::{Kind, Record};
use crate::store::Transaction;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

/// A transaction under way. Nothing of it is visible before the batch ends well, and all of it then.
pub struct Batch<'a> {
    inner: &'a Inner,
    session: &'a Session,
    write: Write<'a>,
    charts: BTreeMap<ChartId, Box<Pending>>,
    actor: Option<Arc<Actor>>,
}

/// What a batch adds to one chart.
pub(super) struct Pending {
    pub(super) chart: Arc<RwLock<OpenChart>>,
    /// Number of the last version before.
    last: u64,
    pub(super) rows: Vec<IndexRow>,
    chains: HashMap<u8, Chain>,
}

/// A version to be written.
pub(super) struct New<'a> {
    pub(super) entry: EntryId,
    pub(super) parents: &'a [VersionId],
    pub(super) record: &'a Record,
    pub(super) tombstone: bool,
    pub(super) request: Option<Hash>,
    /// The version is dated no earlier.
    pub(super) not_before_ms: i64,
}

impl<'a> New<'a> {
    /// The first version of a new entry.
    pub(super) fn of(record: &'a Record) -> Result<Self, Error> {
        Ok(Self {
            entry: EntryId::random()?,
            parents: &[],
            record,
            tombstone: false,
            request: None,
            not_before_ms: i64::MIN,
        })
    }
}

/// Runs `work` in a transaction and commits it.
pub(super) fn run<T>(
    inner: &Inner,
    session: &Session,
    actor: Option<&Arc<Actor>>,
    work: impl FnOnce(&mut Batch<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let write = Write::begin(inner, session)?;
    let mut batch = Batch { inner, session, write, charts: BTreeMap::new(), actor: actor.cloned() };
    let result = work(&mut batch)?;
    batch.commit()?;
    Ok(result)
}

impl Batch<'_> {
    /// Says on whose behalf what follows is written, as far as this vault knows. It is signed into each entry as this
    /// vault's assertion, never as that person's signature.
    pub fn acting_for(&mut self, actor: Actor) {
        self.actor = Some(Arc::new(actor));
    }

    /// Adds a record to a chart.
    pub fn put(&mut self, chart: &Chart, record: &Record) -> Result<EntryId, Error> {
        require_record(record)?;
        self.write(chart, &New::of(record)?)
    }

    /// Adds a record, once for each key: a second call with the same key gives the entry of the first. Where nothing is known
    /// of the key, and a damaged version may be the one that was written for it, it is [`Error::Unopenable`].
    pub fn put_once(&mut self, chart: &Chart, key: &str, record: &Record) -> Result<EntryId, Error> {
        require_record(record)?;
        let request = request(key);
        if let Some(entry) = self.by_request(&chart.id(), &request)? {
            return Ok(entry);
        }
        self.write(chart, &New { request: Some(request), ..New::of(record)? })
    }

    /// Adds a version that replaces the current one. Versions that conflict with it stay.
    ///
    /// A message is changed through its [`Thread`](crate::Thread): here it is [`Error::OtherKind`].
    pub fn update(&mut self, chart: &Chart, entry: &EntryId, record: &Record) -> Result<VersionId, Error> {
        require_record(record)?;
        let heads = self.heads(&chart.id(), entry)?;
        let current = heads.get(..1).unwrap_or_default().to_vec();
        self.write_version(chart, &New { entry: *entry, parents: &current, ..New::of(record)? })
    }

    /// Adds a version that replaces the ones that were read. If somebody replaced them meanwhile, both stand as a
    /// conflict: nothing is lost.
    pub fn update_from(
        &mut self,
        chart: &Chart,
        entry: &EntryId,
        read: &[VersionId],
        record: &Record,
    ) -> Result<VersionId, Error> {
        require_record(record)?;
        self.heads(&chart.id(), entry)?;
        self.write_version(chart, &New { entry: *entry, parents: read, ..New::of(record)? })
    }

    /// Adds the entry of a file, for a request that nothing answers yet, or a version that replaces the current one.
    pub(super) fn put_described(
        &mut self,
        chart: &Chart,
        entry: Option<&EntryId>,
        record: &Record,
        request: Option<Hash>,
    ) -> Result<(EntryId, VersionId), Error> {
        let (entry, current) = match entry {
            Some(entry) => (*entry, self.heads(&chart.id(), entry)?.get(..1).unwrap_or_default().to_vec()),
            None => (EntryId::random()?, Vec::new()),
        };
        if let Some(request) = request
            && self.by_request(&chart.id(), &request)?.is_some()
        {
            return Err(Error::Cancelled);
        }
        Ok((entry, self.write_version(chart, &New { entry, parents: &current, request, ..New::of(record)? })?))
    }

    /// Adds a version again that is the same, of whatever kind.
    pub(super) fn write_again(
        &mut self,
        chart: &Chart,
        entry: &EntryId,
        version: &VersionId,
        record: &Record,
    ) -> Result<VersionId, Error> {
        self.heads(&chart.id(), entry)?;
        self.write_version(chart, &New { entry: *entry, parents: &[*version], ..New::of(record)? })
    }

    /// What the batch is written by, for what stands beside its entries.
    pub(super) fn transaction(&mut self) -> &mut dyn Transaction {
        &mut *self.write.tx
    }

    /// Adds a version that replaces all that conflict.
    pub fn resolve(&mut self, chart: &Chart, entry: &EntryId, record: &Record) -> Result<VersionId, Error> {
        require_record(record)?;
        let heads = self.heads(&chart.id(), entry)?;
        self.write_version(chart, &New { entry: *entry, parents: &heads, ..New::of(record)? })
    }

    /// Deletes an entry: a signed version says so, its history stays.
    pub fn delete(&mut self, chart: &Chart, entry: &EntryId) -> Result<VersionId, Error> {
        let label = self.label_of(&chart.id(), entry)?;
        let heads = self.heads(&chart.id(), entry)?;
        let kind = self.kind_of(&chart.id(), entry)?.unwrap_or(Kind::Record);
        // A message is its author's.
        if kind == Kind::Message {
            return Err(Error::OtherKind);
        }
        let mut tombstone = Record::opaque("", Vec::new()).of_kind(kind);
        if let Some(label) = label {
            tombstone = tombstone.labelled(label);
        }
        let new = New { entry: *entry, parents: &heads, tombstone: true, ..New::of(&tombstone)? };
        self.write_version(chart, &new)
    }

    fn write_version(&mut self, chart: &Chart, new: &New<'_>) -> Result<VersionId, Error> {
        if self.kind_of(&chart.id(), &new.entry)?.is_some_and(|kind| kind != new.record.kind()) {
            return Err(Error::OtherKind);
        }
        self.write(chart, new)?;
        let row = self.charts.get(&chart.id()).and_then(|pending| pending.rows.last());
        row.map(|row| row.version).ok_or(Error::UnknownEntry)
    }

    pub(super) fn write(&mut self, chart: &Chart, new: &New<'_>) -> Result<EntryId, Error> {
        let (actor, now_ms) = (self.actor_for(chart)?, self.inner.now_ms());
        let chart = &chart.id();
        let pending = self.pending(chart)?;
        let open = pending.chart.read().unwrap_or_else(PoisonError::into_inner);
        let New { entry, parents, record, tombstone, request, not_before_ms } = *new;
        let time_ms = now_ms.max(not_before_ms);
        let (kind, parents) = (record.kind(), parents.to_vec());
        let new = NewEntry { kind, entry, parents, record, tombstone, request, actor, time_ms };
        let chains = &pending.chains;
        let next = |slot| chains.get(&slot).copied().unwrap_or_else(|| open.next_chain(slot));
        let (sealed, header, metadata, slot) = open.keys.seal_entry(new, |slot| Some(next(slot)))?;
        // A machine that was put back to what it was draws what it drew before.
        let drawn_before = |row: &IndexRow| row.version == header.version;
        if open.index.contains_version(&header.version) || pending.rows.iter().any(drawn_before) {
            return Err(crate::crypto::RandomError.into());
        }
        let last = pending.rows.last().map_or(pending.last, |row| row.seq);
        let seq = last.saturating_add(1);
        let hash = sealed.hash();
        let chain = Chain { seq: next(slot).seq.saturating_add(1), previous: hash };
        let opened = Opened { header, metadata, content: WipedBytes::default(), slot };
        let stub = Stub { hash, arrival: opened.metadata.ledger_seq };
        let row = row_of(seq, stub, opened);
        drop(open);
        put_entry(&mut *self.write.tx, chart, seq, &sealed.wrap, &sealed.bytes, stub)?;
        let mut event = Event::new(EventKind::Write, now_ms).on(*chart);
        (event.entry, event.hash, event.chain_seq) = (Some(entry), Some(hash), Some(row.chain_seq));
        event.actor = self.actor.as_deref().cloned();
        // A segment has the rows of a longer batch at its end.
        if self.charts.get(chart).is_some_and(|pending| pending.rows.len() < index::MOST_UNSTORED) {
            event.extensions = written::to_extensions(&row);
        }
        self.write.event(event);
        if let Some(pending) = self.charts.get_mut(chart) {
            pending.chains.insert(slot, chain);
            pending.rows.push(row);
        }
        Ok(entry)
    }

    /// The actor of the batch or of the chart's handle. Where both have one it is the same, or somebody's write would be
    /// shown as another's.
    fn actor_for(&self, chart: &Chart) -> Result<Option<Actor>, Error> {
        match (&self.actor, chart.actor()) {
            (Some(mine), Some(theirs)) if mine != theirs => Err(Error::OtherActor),
            (mine, theirs) => Ok(mine.as_ref().or(theirs).map(|actor| (**actor).clone())),
        }
    }

    /// The chart, up to date inside this transaction.
    pub(super) fn pending(&mut self, id: &ChartId) -> Result<&Pending, Error> {
        if !self.charts.contains_key(id) {
            let chart = self.session.chart_at(id, &*self.write.tx)?;
            let last = chart.read().unwrap_or_else(PoisonError::into_inner).index.last_seq();
            // Most batches write to one chart, and one version: a vector would make room for four of these long rows.
            let pending = Pending { chart, last, rows: Vec::with_capacity(1), chains: HashMap::new() };
            self.charts.insert(*id, Box::new(pending));
        }
        self.charts.get(id).map(|pending| &**pending).ok_or(Error::UnknownChart)
    }

    pub(super) fn by_request(&mut self, chart: &ChartId, request: &Hash) -> Result<Option<EntryId>, Error> {
        let pending = self.pending(chart)?;
        if let Some(row) = pending.rows.iter().find(|row| row.request.as_ref() == Some(request)) {
            return Ok(Some(row.entry));
        }
        let open = pending.chart.read().unwrap_or_else(PoisonError::into_inner);
        let known = open.index.by_request(request).filter(|version| !version.quarantined);
        // One that is damaged does not say which request it was for.
        if known.is_none() && open.has_damaged() {
            return Err(Error::unopenable());
        }
        Ok(known.map(|version| version.entry))
    }

    /// The heads of an entry, the current one first, with what this batch added.
    fn heads(&mut self, chart: &ChartId, entry: &EntryId) -> Result<Vec<VersionId>, Error> {
        let pending = self.pending(chart)?;
        let open = pending.chart.read().unwrap_or_else(PoisonError::into_inner);
        // What would be replaced is not all that there is.
        if open.is_lost(entry) {
            return Err(Error::unopenable());
        }
        let stored = open.index.heads(entry);
        let mut heads: Vec<VersionId> = stored
            .iter()
            .flat_map(|heads| core::iter::once(&heads.current).chain(&heads.conflicts))
            .map(|version| version.version)
            .collect();
        let mut deleted = stored.is_some_and(|heads| heads.current.tombstone);
        for row in pending.rows.iter().filter(|row| row.entry == *entry) {
            heads.retain(|head| !row.parents.contains(head));
            heads.insert(0, row.version);
            deleted = row.tombstone;
        }
        if heads.is_empty() || deleted { Err(Error::UnknownEntry) } else { Ok(heads) }
    }

    /// What an entry is, as its current version says.
    fn kind_of(&mut self, chart: &ChartId, entry: &EntryId) -> Result<Option<Kind>, Error> {
        let pending = self.pending(chart)?;
        let open = pending.chart.read().unwrap_or_else(PoisonError::into_inner);
        let added = pending.rows.iter().rev().find(|row| row.entry == *entry).map(|row| row.kind);
        Ok(added.or_else(|| open.index.heads(entry).map(|heads| heads.current.kind)))
    }

    fn label_of(&mut self, chart: &ChartId, entry: &EntryId) -> Result<Option<crate::record::Label>, Error> {
        let pending = self.pending(chart)?;
        let open = pending.chart.read().unwrap_or_else(PoisonError::into_inner);
        let added = pending.rows.iter().rev().find(|row| row.entry == *entry).map(|row| row.compartment);
        let slot = added.or_else(|| open.index.heads(entry).map(|heads| heads.current.compartment));
        Ok(slot.and_then(|slot| open.keys.label(slot).cloned()))
    }

    fn commit(self) -> Result<(), Error> {
        let Self { mut write, charts, session, .. } = self;
        // All that was asked for was there: a leaf would say nothing.
        if write.is_empty() {
            return Ok(());
        }
        let mut written = Vec::with_capacity(charts.len());
        for (id, pending) in charts {
            let open = pending.chart.read().unwrap_or_else(PoisonError::into_inner);
            let segment = open.append_index(&mut *write.tx, &pending.rows, false)?;
            if !pending.rows.is_empty() {
                write.mark(Marked::Entries(id), open.mark_with(&pending.rows));
            }
            if !open.listed {
                Cards::of(id, session.unlocked.suite(), open.keys.ring())?
                    .put_device(&mut *write.tx, &session.unlocked.identity().device_card)?;
            }
            drop(open);
            written.push((id, pending, segment));
        }
        let generation = write.commit()?;
        for (id, pending, segment) in written {
            let mut open = pending.chart.write().unwrap_or_else(PoisonError::into_inner);
            open.listed = true;
            // The rows are durable. If memory does not take them, the chart is read anew.
            if open.insert(pending.rows, segment, generation).is_err() {
                drop(open);
                session.forget(&id);
            }
        }
        Ok(())
    }
}

/// The request of a key.
pub(super) fn request(key: &str) -> Hash {
    Hash::from_bytes(kdf::hash("request", &[key.as_bytes()]))
}

/// What is no record is not put as if it were one.
fn require_record(record: &Record) -> Result<(), Error> {
    if record.kind() == Kind::Record { Ok(()) } else { Err(Error::OtherKind) }
}

impl core::fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { inner: _, session: _, write: _, charts, actor: _ } = self;
        f.debug_struct("Batch").field("charts", &charts.len()).finish_non_exhaustive()
    }
}
