//! The everyday API: a vault, its charts, their entries, and with whom they are shared.

mod attempts;
mod audit;
mod auditor;
mod batch;
mod beside;
mod cards;
mod chains;
mod chart;
mod charts;
mod clock;
mod closed;
mod contacts;
mod cores;
mod cursor;
mod devices;
mod entry;
mod event;
mod export;
mod extent;
mod files;
mod fork;
mod formats;
mod freshness;
mod import;
mod learn;
mod lines;
mod logs;
mod maintenance;
mod mark;
mod notice;
mod open_chart;
mod options;
mod organisation;
#[cfg(test)]
mod overtaken;
mod patients;
mod quarantine;
mod scope;
mod session;
mod sharing;
mod sink;
mod sources;
mod standings;
mod stored_entry;
mod thread;
mod verify;
mod versions;
mod ways;
#[cfg(all(test, target_os = "linux"))]
mod wiped;
mod written;

pub use audit::{Audit, AuditEvent};
pub use auditor::AuditReport;
pub use batch::Batch;
pub use chart::Chart;
pub use clock::{Clock, SystemClock};
pub use contacts::{Contact, Contacts};
pub use cursor::Cursor;
pub use devices::{Device, Retired};
pub use entry::{Entry, Found, Matches};
pub use event::EventKind;
#[cfg(test)]
pub(crate) use export::prove_bundle;
#[cfg(feature = "directory")]
pub use files::Outcomes;
pub use files::{ContentReceiver, FileInfo, FileReader, FileWriter, Preview, SealedContent};
#[cfg(feature = "testing")]
pub(crate) use files::{blob_of, descriptor_of, local_id};
pub use fork::Fork;
pub use freshness::Freshness;
pub use import::Applied;
#[cfg(feature = "testing")]
pub(crate) use logs::log_id;
pub use maintenance::Due;
#[cfg(feature = "testing")]
pub(crate) use notice::preview_parts;
pub use notice::{UnverifiedMessage, open_preview};
pub use options::{Receipts, VaultOptions};
pub use quarantine::{Acceptance, Doubt, Quarantined};
pub use scope::Scope;
pub use sharing::{Share, Standing};
pub use sink::EventSink;
#[cfg(feature = "testing")]
pub(crate) use stored_entry::StoredEntry;
#[cfg(feature = "testing")]
pub(crate) use thread::message_again;
pub use thread::{Attachment, Author, Known, Message, Posted, Reaction, Receipt, Revision, Thread, ThreadInfo};
pub use verify::{Finding, NotHere, Report};

use crate::codec::{ChartId, VaultId};
use crate::envelope::Actor;
use crate::error::Error;
use crate::keys::{Card, Recovery, RecoveryCode, Unlock, UnlockError, Unlocked};
use crate::record::Label;
use crate::store::{Snapshot, Store, StoreError, Table};
use event::{AuditKeys, Event};
use freshness::Anchor;
use logs::Logs;
use mark::{Mark, Marked};
use session::Session;
use sink::Writer;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// Row of the vault's own state.
const STATE_KEY: &[u8] = b"state";
/// How often a view is taken anew that is no newer than the one before. A store that shows old ones only is refused then.
const MOST_TRIES: usize = 64;

/// A member's vault: everything that one person or service keeps, sealed, in one store.
///
/// Cheap to clone; clones are one vault. Calls block: in async code use a thread for blocking work. Many threads may read
/// at once, one writes at a time.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
    /// On whose behalf this handle acts. It is the handle's alone: other handles of the vault know nothing of it.
    actor: Option<Arc<Actor>>,
}

pub(crate) struct Inner {
    pub(crate) store: Box<dyn Store>,
    session: RwLock<Option<Session>>,
    options: VaultOptions,
    last_use_ms: AtomicI64,
    freshness: Anchor,
}

impl Vault {
    /// Creates a vault in an empty store, for a person of this name. [`VaultOptions`] has the rest.
    ///
    /// Returns the recovery code where [`Recovery::code`] asked for one: print it, it is not shown again.
    pub fn create(
        store: impl Store + 'static,
        name: &str,
        unlock: &Unlock,
        recovery: &Recovery,
    ) -> Result<(Self, Option<RecoveryCode>), Error> {
        VaultOptions::new().create(store, name, unlock, recovery)
    }

    /// Opens the vault of a store.
    pub fn open(store: impl Store + 'static, unlock: &Unlock) -> Result<Self, Error> {
        VaultOptions::new().open(store, unlock)
    }

    /// How a vault is made and kept, where it is not the usual.
    pub fn options() -> VaultOptions {
        VaultOptions::new()
    }

    pub(super) fn create_with(
        options: VaultOptions,
        store: Box<dyn Store>,
        name: &str,
        unlock: &Unlock,
        recovery: &Recovery,
    ) -> Result<(Self, Option<RecoveryCode>), Error> {
        let now = options.clock.now_ms();
        let (unlocked, code) =
            Unlocked::create_with(name, options.kind, unlock, recovery, options.suite, options.formats, now)?;
        let logs = {
            let mut tx = store.write()?;
            if tx.get(Table::Vault, b"", STATE_KEY)?.is_some() {
                return Err(Error::VaultExists);
            }
            let audit = AuditKeys::create()?;
            let mut logs = Logs::create(&unlocked, &audit)?;
            tx.put(Table::Vault, b"", STATE_KEY, unlocked.bytes())?;
            audit.put(&mut *tx, unlocked.suite(), unlocked.keyring_key(), &unlocked.vault_id())?;
            let marks = [
                (Marked::State, logs::state_hash(unlocked.bytes())),
                (Marked::Contacts, contacts::hash_of_ids(&[])),
                (Marked::Directory, patients::hash_of_end(&[])),
            ];
            let marks = marks.map(|(what, hash)| (what.key(), Mark::new(1, &hash).digest())).into_iter().collect();
            let event = Event::new(EventKind::Create, now);
            logs.commit(tx, Writer::new(&options, &unlocked), &marks, &[Zeroizing::new(event)])??;
            logs
        };
        let accepted = options.accepted.clone();
        let vault = Self::assemble(options, store, Session::new(unlocked, &accepted, logs));
        vault.inner.with(|session| {
            vault.inner.freshness.written(session.unlocked.vault_id(), &session.lock_logs(), now);
            Ok(())
        })?;
        Ok((vault, code))
    }

    pub(super) fn open_with(options: VaultOptions, store: Box<dyn Store>, unlock: &Unlock) -> Result<Self, Error> {
        let anchor = Anchor::new(options.keeper.clone());
        let session = open_session(&options, &*store, unlock, &anchor)?;
        let inner = Inner::new(options, store, session, anchor);
        inner.opened();
        Ok(Self { inner: Arc::new(inner), actor: None })
    }

    fn assemble(options: VaultOptions, store: Box<dyn Store>, session: Session) -> Self {
        let anchor = Anchor::new(options.keeper.clone());
        Self { inner: Arc::new(Inner::new(options, store, session, anchor)), actor: None }
    }

    /// A handle of this vault for what a service does on behalf of one of its users: take one for each request.
    ///
    /// What is written and read through it, and through charts that it gives, carries the actor, signed as this vault's
    /// assertion, never as that person's signature. This handle and all others stay as they are, so nothing of one request
    /// reaches another.
    #[must_use]
    pub fn acting_for(&self, actor: Actor) -> Self {
        Self { inner: Arc::clone(&self.inner), actor: Some(Arc::new(actor)) }
    }

    /// Opens the vault again after [`Self::lock`]. Handles of before work again.
    pub fn unlock(&self, unlock: &Unlock) -> Result<(), Error> {
        let inner = &self.inner;
        inner.leave();
        let opened = open_session(&inner.options, &*inner.store, unlock, &inner.freshness)?;
        *inner.session.write().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        inner.last_use_ms.store(inner.now_ms(), Ordering::Relaxed);
        inner.opened();
        Ok(())
    }

    /// Writes the events that wait, keeps a checkpoint where there is a keeper, and wipes all keys. Waits for calls that
    /// are under way; every later one fails with [`Error::Locked`].
    pub fn lock(&self) {
        self.inner.leave();
    }

    /// Whether keys are gone: by [`Self::lock`] or because the vault was idle for too long.
    pub fn is_locked(&self) -> bool {
        self.inner.expire(self.inner.now_ms());
        self.inner.session.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Id of the vault.
    pub fn id(&self) -> Result<VaultId, Error> {
        self.inner.with(|session| Ok(session.unlocked.vault_id()))
    }

    /// The card to hand to others, so that they can share with this vault.
    pub fn card(&self) -> Result<Card, Error> {
        self.inner.with(|session| Ok(session.unlocked.card()?))
    }

    /// Founds a chart with the [standard labels](Label::standard).
    pub fn create_chart(&self) -> Result<Chart, Error> {
        self.create_chart_with(&Label::standard())
    }

    /// Founds a chart with eight labels of one's own. `general` and `restricted` should be among them.
    pub fn create_chart_with(&self, labels: &[Label; 8]) -> Result<Chart, Error> {
        let id = self.inner.with(|session| session.found_chart(&self.inner, labels))?;
        Ok(self.handle(id))
    }

    /// A chart by its id.
    pub fn chart(&self, id: &ChartId) -> Result<Chart, Error> {
        self.inner.with(|session| self.inner.view(session, |snapshot| session.chart_at(id, snapshot).map(drop)))?;
        Ok(self.handle(*id))
    }

    /// Ids of all charts of this vault, in the order in which it came by them. A list that is not whole is
    /// [`Error::Withheld`].
    pub fn charts(&self) -> Result<Vec<ChartId>, Error> {
        self.inner.with(|session| self.inner.view(session, |snapshot| session.charts(snapshot)))
    }

    fn handle(&self, chart: ChartId) -> Chart {
        Chart::new(Arc::clone(&self.inner), chart, self.actor.clone())
    }

    /// Writes to any number of charts in one transaction: all of it happens, or nothing.
    pub fn batch<T>(&self, work: impl FnOnce(&mut Batch<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.inner.with(|session| batch::run(&self.inner, session, self.actor.as_ref(), work))
    }
}

/// Opens the vault of a store with a way in, and holds its logs against what is kept.
fn open_session(options: &VaultOptions, store: &dyn Store, unlock: &Unlock, anchor: &Anchor) -> Result<Session, Error> {
    let now_ms = options.clock.now_ms();
    let snapshot = store.read()?;
    let state = snapshot.get(Table::Vault, b"", STATE_KEY)?.ok_or(Error::NoVault)?;
    let unlocked = match Unlocked::open_with(&state, unlock, options.formats) {
        Err(UnlockError::UnlockFailed) => {
            drop(snapshot);
            // It is told at the next opening, if the store takes it; the answer is the same if it does not.
            let _ = attempts::note(store, now_ms);
            return Err(UnlockError::UnlockFailed.into());
        }
        opened => opened?,
    };
    let mut logs = Logs::open(&unlocked, &*snapshot)?;
    logs.restored = !(anchor.check(&unlocked, &logs, &*snapshot, now_ms)? && logs.is_one_history(&*snapshot)?);
    logs.wait(Event::new(EventKind::Unlock, now_ms));
    Ok(Session::new(unlocked, &options.accepted, logs))
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.leave();
    }
}

impl core::fmt::Debug for Vault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { inner: _, actor: _ } = self;
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Inner {
    fn new(options: VaultOptions, store: Box<dyn Store>, session: Session, freshness: Anchor) -> Self {
        let last_use_ms = AtomicI64::new(options.clock.now_ms());
        Self { store, session: RwLock::new(Some(session)), options, last_use_ms, freshness }
    }

    /// What a device has to say once it is open: what happened while it was not, and which formats it reads; and what a crash
    /// left of files, which it removes. None of that keeps a vault from being opened; it is done at another time then.
    fn opened(&self) {
        let _ = self.with(|session| attempts::tell(self, session));
        let _ = formats::announce(self);
        let _ = self.with(|session| files::collect(self, session));
    }

    /// Runs `work` with the keys, or fails because they are gone. The deadlines come before anything else: that of an idle
    /// vault, and that of events which wait.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Session) -> Result<T, Error>) -> Result<T, Error> {
        let now = self.now_ms();
        self.expire(now);
        let guard = self.session.read().unwrap_or_else(PoisonError::into_inner);
        let session = guard.as_ref().ok_or(Error::Locked)?;
        self.last_use_ms.store(now, Ordering::Relaxed);
        audit::flush_due(self, session, now)?;
        work(session)
    }

    /// Runs `work` at a view of the store that is no older than what is known of it: again, where another was quicker. Where
    /// many are, that is as often as they are: each time, somebody else got on.
    fn view<T>(&self, session: &Session, mut work: impl FnMut(&dyn Snapshot) -> Result<T, Error>) -> Result<T, Error> {
        let (mut newest, mut in_vain) = (0, 0_usize);
        loop {
            let snapshot = self.store.read()?;
            let result = work(&*snapshot);
            if !matches!(result, Err(Error::Store(StoreError::Busy))) || in_vain >= MOST_TRIES {
                return result;
            }
            let generation = snapshot.generation()?;
            if !session.knows_better(generation) {
                return result;
            }
            in_vain = if generation > newest { 0 } else { in_vain.saturating_add(1) };
            newest = newest.max(generation);
        }
    }

    /// Wipes the keys if the vault was idle for too long.
    fn expire(&self, now_ms: i64) {
        let idle = now_ms.saturating_sub(self.last_use_ms.load(Ordering::Relaxed));
        if self.options.idle_ms.is_some_and(|most| idle > most) {
            self.leave();
        }
    }

    /// Wipes the keys. Events that wait are written before, if the store takes them.
    fn leave(&self) {
        let mut guard = self.session.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = guard.take() {
            // Whatever the store says, keys are gone after this.
            let _ = audit::flush(self, &session);
            self.freshness.leave(session.unlocked.vault_id(), &session.lock_logs(), self.now_ms());
        }
    }

    /// Replaces the keys. `work` returns the new ones, and how the commit of them went.
    fn replace(
        &self,
        work: impl FnOnce(&Session) -> Result<(Session, Result<(), StoreError>), Error>,
    ) -> Result<(), Error> {
        self.expire(self.now_ms());
        let mut guard = self.session.write().unwrap_or_else(PoisonError::into_inner);
        let session = guard.as_ref().ok_or(Error::Locked)?;
        let (next, committed) = work(session)?;
        if committed == Err(StoreError::Uncertain) {
            // What is held must fit what is stored: with the wrong keys nothing opens, and what is written is lost. Where
            // the store does not say which keys those are, the vault locks.
            match self.store.read().and_then(|snapshot| snapshot.get(Table::Vault, b"", STATE_KEY)) {
                Ok(stored) if stored.as_deref() == Some(next.unlocked.bytes()) => *guard = Some(next),
                Ok(_) => {}
                Err(_) => *guard = None,
            }
        } else if committed.is_ok() {
            *guard = Some(next);
        }
        Ok(committed?)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.options.clock.now_ms()
    }
}
