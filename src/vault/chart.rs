//! A chart: putting, reading and finding entries.

use super::event::{Event, EventKind};
use super::session::Session;
use super::thread::Reading;
use super::{Batch, Entry, Found, Inner, Matches, open_chart::OpenChart, quarantine::acceptance};
use crate::codec::{ChartId, EntryId, VersionId};
use crate::envelope::Actor;
use crate::error::Error;
use crate::index::{Hit, Query, Version};
use crate::keys::chart::EntryStanding;
use crate::record::{Kind, Label, Record};
use crate::store::{Snapshot, StoreError};
use std::sync::{Arc, PoisonError};

/// One patient's chart, or a practice's own. A handle: cheap to clone, dead while the vault is locked.
#[derive(Clone)]
pub struct Chart {
    pub(super) inner: Arc<Inner>,
    id: ChartId,
    /// On whose behalf this handle acts, as that of the vault which gave it.
    actor: Option<Arc<Actor>>,
}

impl Chart {
    pub(super) fn new(inner: Arc<Inner>, id: ChartId, actor: Option<Arc<Actor>>) -> Self {
        Self { inner, id, actor }
    }

    /// On whose behalf this handle acts.
    pub(super) fn actor(&self) -> Option<&Arc<Actor>> {
        self.actor.as_ref()
    }

    /// Id of the chart: the hash of the statement that founded it.
    pub fn id(&self) -> ChartId {
        self.id
    }

    /// Seals a record, signs it, and stores it. On disk when this returns.
    pub fn put(&self, record: &Record) -> Result<EntryId, Error> {
        self.batch(|batch| batch.put(self, record))
    }

    /// As [`Self::put`], once for each key: a repeated request gives the entry of the first.
    pub fn put_once(&self, key: &str, record: &Record) -> Result<EntryId, Error> {
        self.batch(|batch| batch.put_once(self, key, record))
    }

    /// Adds a version that replaces the current one.
    pub fn update(&self, entry: &EntryId, record: &Record) -> Result<VersionId, Error> {
        self.batch(|batch| batch.update(self, entry, record))
    }

    /// Adds a version that replaces the one that was read. If somebody replaced it meanwhile, both stand as a conflict.
    pub fn update_from(&self, read: &Entry, record: &Record) -> Result<VersionId, Error> {
        self.batch(|batch| batch.update_from(self, &read.id, &[read.version], record))
    }

    /// Ends a conflict: adds a version that replaces all that conflict.
    pub fn resolve(&self, entry: &EntryId, record: &Record) -> Result<VersionId, Error> {
        self.batch(|batch| batch.resolve(self, entry, record))
    }

    /// Deletes an entry. Its history stays.
    pub fn delete(&self, entry: &EntryId) -> Result<VersionId, Error> {
        self.batch(|batch| batch.delete(self, entry))
    }

    /// The current version of an entry. Decrypted and verified before a byte is released.
    pub fn get(&self, entry: &EntryId) -> Result<Entry, Error> {
        self.told(EventKind::Read, Some(*entry), |open, snapshot| {
            let heads = open.heads(snapshot, entry)?;
            let conflicts = heads.conflicts.iter().map(|version| version.version).collect();
            read_version(open, snapshot, &heads.current, conflicts)
        })
    }

    /// One version of an entry, current or not. One that is kept apart is shown to custodians only.
    pub fn version(&self, version: &VersionId) -> Result<Entry, Error> {
        self.told(EventKind::Read, None, |open, snapshot| {
            let version = open.index.version(version).ok_or(Error::UnknownEntry)?;
            let others = open.index.heads(&version.entry).filter(|_| version.head);
            let others = others.iter().flat_map(|heads| core::iter::once(&heads.current).chain(&heads.conflicts));
            let conflicts = others.map(|other| other.version).filter(|other| *other != version.version).collect();
            if open.standings.of(version.seq) == EntryStanding::Quarantined && !open.keys.is_custodian() {
                return Err(Error::Quarantined);
            }
            read_version(open, snapshot, &version, conflicts)
        })
    }

    /// All versions of an entry in order of arrival, those that delete it too. A version that does not open, or is kept
    /// apart, takes the place of an error.
    pub fn history(&self, entry: &EntryId) -> Result<Vec<Result<Entry, Error>>, Error> {
        self.told(EventKind::Read, Some(*entry), |open, snapshot| {
            let versions = open.index.versions_of(entry);
            if versions.is_empty() {
                return Err(Error::UnknownEntry);
            }
            let open_one = |version: &Version<'_>| match open.standings.of(version.seq) {
                EntryStanding::Quarantined => Err(Error::Quarantined),
                _ => read_version(open, snapshot, version, Vec::new()),
            };
            Ok(versions.iter().map(open_one).collect())
        })
    }

    /// All entries of a chart that are not deleted.
    pub fn list(&self) -> Result<Matches, Error> {
        self.told(EventKind::Find, None, |open, _| Ok(matches_of(open, open.index.entries(None))))
    }

    /// All entries of one kind that are not deleted.
    pub fn list_kind(&self, kind: Kind) -> Result<Matches, Error> {
        self.told(EventKind::Find, None, |open, _| Ok(matches_of(open, open.index.entries(Some(kind)))))
    }

    /// The entries that match a query.
    pub fn find(&self, query: &Query) -> Result<Matches, Error> {
        self.told(EventKind::Find, None, |open, _| Ok(matches_of(open, open.index.find(query))))
    }

    /// The labels that this vault may use in the chart.
    pub fn labels(&self) -> Result<Vec<Label>, Error> {
        self.read(|open, _| Ok(open.keys.labels()))
    }

    pub(super) fn batch<T>(&self, work: impl FnOnce(&mut Batch<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.inner.with(|session| super::batch::run(&self.inner, session, self.actor(), work))
    }

    /// As [`Self::read`], and tells of it, however it went. Where that must be stored and is not, nothing is released.
    pub(super) fn told<T>(
        &self,
        kind: EventKind,
        entry: Option<EntryId>,
        work: impl FnOnce(&OpenChart, &dyn Snapshot) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.inner.with(|session| {
            let result = self.read_in(session, work);
            let event = Event::new(kind, self.inner.now_ms()).on(self.id).went(&result);
            let actor = self.actor.as_deref().cloned();
            super::audit::tell(&self.inner, session, Event { entry, actor, ..event })?;
            result
        })
    }

    /// As [`Self::told`], where it matters who an author is.
    pub(super) fn told_with_contacts<T>(
        &self,
        kind: EventKind,
        entry: Option<EntryId>,
        work: impl FnOnce(&Reading<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (book, now_ms) = (self.inner.with(|session| session.contacts(&self.inner))?, self.inner.now_ms());
        self.told(kind, entry, |open, snapshot| work(&Reading { open, snapshot, book: &book, now_ms }))
    }

    /// Runs `work` on the chart, up to date at one view of the store.
    pub(super) fn read<T>(&self, work: impl FnOnce(&OpenChart, &dyn Snapshot) -> Result<T, Error>) -> Result<T, Error> {
        self.inner.with(|session| self.read_in(session, work))
    }

    pub(super) fn read_in<T>(
        &self,
        session: &Session,
        work: impl FnOnce(&OpenChart, &dyn Snapshot) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut work = Some(work);
        self.inner.view(session, |snapshot| {
            let chart = session.chart_at(&self.id, snapshot)?;
            let open = chart.read().unwrap_or_else(PoisonError::into_inner);
            open.keys.require_access(self.inner.now_ms())?;
            // Meanwhile somebody may have brought it to a newer state than that of the view.
            if open.generation != snapshot.generation()? {
                return Err(StoreError::Busy.into());
            }
            work.take().ok_or(StoreError::Busy)?(&open, snapshot)
        })
    }
}

impl core::fmt::Debug for Chart {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { inner: _, id, actor: _ } = self;
        f.debug_tuple("Chart").field(id).finish()
    }
}

fn read_version(
    open: &OpenChart,
    snapshot: &dyn Snapshot,
    version: &Version<'_>,
    conflicts: Vec<VersionId>,
) -> Result<Entry, Error> {
    let opened = open.open_version(snapshot, version)?;
    let cards = open.keys.cards();
    let author = cards.device(&opened.metadata.author).and_then(|device| cards.root(&device.root()));
    let mine = author.is_some_and(|root| root.hash() == open.keys.identity().root_card.hash());
    let name = author.map_or_else(String::new, |root| root.name().to_owned());
    Ok(Entry::new(opened, name, mine, conflicts, acceptance(open.standings.of(version.seq))))
}

fn matches_of(open: &OpenChart, hits: Vec<Hit>) -> Matches {
    let found = |hit: Hit| Found { id: hit.entry, version: hit.version, kind: hit.kind, conflict: hit.conflict };
    // What stands in the index of an entry whose newest version is damaged is not what is true of it.
    let hits = hits.into_iter().filter(|hit| !open.is_lost(&hit.entry));
    let damaged = open.lost().count();
    Matches { entries: hits.map(found).collect(), complete: damaged == 0 && open.keys.is_whole(), damaged }
}
