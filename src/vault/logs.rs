//! The logs of a vault's devices: this one's, which every change adds a leaf to, and the others', which are read.

mod one_history;

use super::event::{self, AuditKeys, Event, EventKind};
use super::mark::{Mark, Marked};
use super::session::Session;
use super::sink::Writer;
use super::{Inner, STATE_KEY, closed};
use crate::codec::{CardHash, ChartId, Hash, LogId, VaultId};
use crate::crypto::{chunked::Sealer, kdf, role, sign::SigningKey};
use crate::error::Error;
use crate::keys::{DeviceCard, LogEnd, Unlocked};
use crate::log::{Appended, Checkpoint, Log, LogError, MOST_CHANGES, Standing, seal_events, standings};
use crate::store::{Snapshot, StoreError, Table, Transaction};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// What a change says of what it changed, by the keys of a log's map.
pub(super) type Marks = BTreeMap<ChartId, Hash>;

/// All logs of a vault, as they stand at one state of the store.
pub(super) struct Logs {
    own: Log,
    others: Vec<Log>,
    /// State of the store at which they were read; 0 where that is not certain.
    generation: u64,
    /// No older state than this is that of the newest view or change.
    newest: u64,
    /// The vault's state row that names the devices.
    state: Vec<u8>,
    /// Of that row. It is hashed when it changes, and held against the marks at every look.
    state_hash: Hash,
    audit: Sealer<role::Audit>,
    /// Events of reading, which wait for their group.
    pub(super) waiting: Vec<Zeroizing<Event>>,
    /// The store is not the one that is kept elsewhere, or showed two devices different states.
    pub(super) restored: bool,
}

/// The id of a device's log.
pub(crate) fn log_id(device: &CardHash) -> LogId {
    let hash = kdf::hash("log", &[device.as_bytes()]);
    let (id, _) = hash.split_at(LogId::LEN);
    LogId::from_slice(id).unwrap_or(LogId::from_bytes([0; LogId::LEN]))
}

impl Logs {
    /// The log of the first device of a vault that is being created.
    pub(super) fn create(unlocked: &Unlocked, audit: &AuditKeys) -> Result<Self, Error> {
        Ok(Self {
            own: fresh(&unlocked.identity().device_card),
            others: Vec::new(),
            generation: 0,
            newest: 0,
            state: unlocked.bytes().to_vec(),
            state_hash: state_hash(unlocked.bytes()),
            audit: audit.sealer(unlocked.suite())?,
            waiting: Vec::new(),
            restored: false,
        })
    }

    /// Opens the logs of all devices in use, and verifies their heads, and the vault's state by them.
    pub(super) fn open(unlocked: &Unlocked, snapshot: &dyn Snapshot) -> Result<Self, Error> {
        let logs = Self::open_for(unlocked, snapshot)?;
        logs.require_state(snapshot)?;
        Ok(logs)
    }

    /// As [`Self::open`], for a state that is about to be written.
    pub(super) fn open_for(unlocked: &Unlocked, snapshot: &dyn Snapshot) -> Result<Self, Error> {
        let suite = unlocked.suite();
        let audit = AuditKeys::read(snapshot, suite, unlocked.keyring_key(), &unlocked.vault_id())?;
        let own = unlocked.identity().device_card.hash();
        let devices = unlocked.identity().devices();
        let others = devices.iter().filter(|device| device.hash() != own);
        let generation = snapshot.generation()?;
        Ok(Self {
            own: open(&unlocked.identity().device_card, snapshot)?,
            others: others.map(|device| open(device, snapshot)).collect::<Result<_, _>>()?,
            generation,
            newest: generation,
            state: unlocked.bytes().to_vec(),
            state_hash: state_hash(unlocked.bytes()),
            audit: audit.sealer(suite)?,
            waiting: Vec::new(),
            restored: false,
        })
    }

    /// Takes in what other writers added. A log that is shorter than it was, or another, is an error: the store showed an
    /// older state than before.
    pub(super) fn refresh(&mut self, unlocked: &Unlocked, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let generation = snapshot.generation()?;
        // A newer state was seen: what the logs say now is not to be held against an older one.
        if generation < self.newest {
            return Err(StoreError::Busy.into());
        }
        if generation == self.generation {
            return Ok(());
        }
        let state = snapshot.get(Table::Vault, b"", STATE_KEY)?.ok_or(Error::Withheld)?;
        if state != self.state {
            let devices = unlocked.reread(&state)?.identity().devices();
            for device in &devices {
                if self.all().all(|log| *log.id() != log_id(&device.hash())) {
                    self.others.push(fresh(device));
                }
            }
            self.others.retain(|log| devices.iter().any(|device| log_id(&device.hash()) == *log.id()));
            (self.state_hash, self.state) = (state_hash(&state), state);
        }
        for log in core::iter::once(&mut self.own).chain(&mut self.others) {
            let last = snapshot.last(Table::Log, log.id().as_bytes())?;
            let next = last.map_or(Some(0), |(key, _)| {
                key.as_slice().try_into().ok().and_then(|key| u64::from_be_bytes(key).checked_add(1))
            });
            if next != Some(log.size()) {
                *log = log.reopen(snapshot)?;
            }
        }
        self.require_state(snapshot)?;
        // A store that is about to be adopted is taken as it is.
        if !self.restored && !self.is_one_history(snapshot)? {
            return Err(Error::Withheld);
        }
        self.generation = generation;
        self.newest = self.newest.max(generation);
        Ok(())
    }

    /// Says that a state of the store was made or seen of which the logs have not heard.
    pub(super) fn saw(&mut self, generation: u64) {
        self.newest = self.newest.max(generation);
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Log> {
        core::iter::once(&self.own).chain(&self.others)
    }

    /// The vault's state row as it was last read.
    pub(super) fn state(&self) -> &[u8] {
        &self.state
    }

    /// The log of a device in use.
    pub(super) fn of(&self, device: &CardHash) -> Option<&Log> {
        let id = log_id(device);
        self.all().find(|log| *log.id() == id)
    }

    /// Where the log of a device ends now.
    pub(super) fn end(&self, device: &CardHash) -> LogEnd {
        let head = self.of(device).and_then(Log::head);
        head.map_or(LogEnd { leaves: 0, root: Hash::from_bytes([0; 32]) }, |head| LogEnd {
            leaves: head.size(),
            root: Hash::from_bytes(head.tree().root),
        })
    }

    /// The last words on all that the log of a device says anything of: for another log to say, when that one is closed. What
    /// the store shows beside the logs takes no part in it.
    pub(super) fn folded(&self, snapshot: &dyn Snapshot, device: &CardHash) -> Result<Marks, Error> {
        let Some(closed) = self.of(device) else { return Ok(BTreeMap::new()) };
        let mut folded = BTreeMap::new();
        // What a device knew of the others is its own word.
        for key in closed.reader(snapshot).digests()?.into_keys().filter(|key| *key != Marked::Others.key()) {
            let last = self.marks_at(snapshot, &key)?.into_iter().max();
            folded.extend(last.map(|mark| (key, mark.digest())));
        }
        Ok(folded)
    }

    /// What the logs say of something, each with a count; one of each log that says anything.
    pub(super) fn marks(&self, snapshot: &dyn Snapshot, what: Marked) -> Result<Vec<Mark>, Error> {
        self.marks_at(snapshot, &what.key())
    }

    fn marks_at(&self, snapshot: &dyn Snapshot, key: &ChartId) -> Result<Vec<Mark>, Error> {
        let mut marks = Vec::new();
        for log in self.all() {
            if let Some(digest) = log.reader(snapshot).digest(key)? {
                marks.push(Mark::of_digest(&digest).ok_or(Error::Withheld)?);
            }
        }
        Ok(marks)
    }

    /// The last word on something that is replaced as a whole.
    pub(super) fn last_mark(&self, snapshot: &dyn Snapshot, what: Marked) -> Result<Option<Mark>, Error> {
        Ok(self.marks(snapshot, what)?.into_iter().max())
    }

    /// Fails unless something that is replaced as a whole is what it was when it was last replaced.
    pub(super) fn require(&self, snapshot: &dyn Snapshot, what: Marked, hash: &Hash) -> Result<(), Error> {
        match self.last_mark(snapshot, what)? {
            Some(mark) if mark == Mark::new(mark.count, hash) => Ok(()),
            _ => Err(Error::Withheld),
        }
    }

    fn require_state(&self, snapshot: &dyn Snapshot) -> Result<(), Error> {
        self.require(snapshot, Marked::State, &self.state_hash)
    }

    /// Whether the logs are those of a checkpoint that was kept, or extend them. A log of a device that was retired is passed
    /// over: its marks count no longer.
    pub(super) fn agree_with(
        &self,
        unlocked: &Unlocked,
        snapshot: &dyn Snapshot,
        kept: &Checkpoint,
    ) -> Result<bool, Error> {
        let logs: Vec<&Log> = self.all().collect();
        let mut missing = BTreeSet::new();
        for (id, standing) in standings(kept, snapshot, &logs)? {
            match standing {
                Standing::Same | Standing::Extended => {}
                Standing::Behind | Standing::Forked => return Ok(false),
                Standing::Missing => {
                    missing.insert(id);
                }
            }
        }
        closed::ended(unlocked, snapshot, kept, missing)
    }

    pub(super) fn own(&self) -> &Log {
        &self.own
    }

    pub(super) fn checkpoint(&self, vault: VaultId, counter: u64) -> Checkpoint {
        Checkpoint::of(vault, counter, self.all())
    }

    /// Writes a leaf into a transaction and commits it. Returns how the commit went.
    pub(super) fn commit(
        &mut self,
        mut tx: Box<dyn Transaction + '_>,
        writer: Writer<'_>,
        marks: &Marks,
        events: &[Zeroizing<Event>],
    ) -> Result<Result<Option<u64>, StoreError>, Error> {
        let marks = self.knowing(&*tx, marks)?;
        let (leaf, appended) = (self.own.size(), self.append(&mut *tx, writer.signer, &marks, events)?);
        let committed = self.accept(tx, writer, appended, &marks)?;
        if committed.is_ok() {
            writer.tell(leaf, events);
        }
        Ok(committed)
    }

    /// As [`Self::commit`], with a last leaf that tells of this change alone: it is shown to others, as `show` takes it out of
    /// the log. Nothing is shown that is not in the store then.
    fn commit_shown<T>(
        &mut self,
        mut tx: Box<dyn Transaction + '_>,
        writer: Writer<'_>,
        marks: &Marks,
        events: &[Zeroizing<Event>],
        show: impl FnOnce(&Log, &dyn Snapshot) -> Result<T, Error>,
    ) -> Result<(T, Result<Option<u64>, StoreError>), Error> {
        let marks = self.knowing(&*tx, marks)?;
        let group: Vec<&Event> = events.iter().map(|event| &**event).collect();
        let seal = |at| seal_events(&self.audit, self.own.id(), at, &event::encode(&group));
        let (leaf, appended) = if self.waiting.is_empty() {
            let leaf = self.own.size();
            (leaf, self.own.append(&mut *tx, &marks, &seal(leaf)?, writer.signer)?)
        } else {
            let others = self.append(&mut *tx, writer.signer, &BTreeMap::new(), &[])?;
            let leaf = others.size();
            (leaf, others.then(&mut *tx, &marks, &seal(leaf)?, writer.signer)?)
        };
        let shown = show(appended.log(), &*tx)?;
        let committed = self.accept(tx, writer, appended, &marks)?;
        if committed.is_ok() {
            writer.tell(leaf, events);
        }
        Ok((shown, committed))
    }

    fn accept(
        &mut self,
        tx: Box<dyn Transaction + '_>,
        writer: Writer<'_>,
        appended: Appended,
        marks: &Marks,
    ) -> Result<Result<Option<u64>, StoreError>, Error> {
        let committed = tx.commit();
        match committed {
            Ok(generation) => {
                let (leaf, waited) = (self.own.size(), core::mem::take(&mut self.waiting));
                let accepted = self.own.accept(appended);
                // Where the devices are others now, the next look at the store tells. Where another writer may have followed, it
                // tells too, and a view that is no newer than this change began at does not have it.
                let moved = marks.contains_key(&Marked::State.key());
                self.newest = self.newest.max(generation.unwrap_or(self.newest.saturating_add(1)));
                self.generation = generation.filter(|_| !moved).unwrap_or(0);
                // Those that waited are in the first leaf that is new. A sink that panics leaves a log that goes on.
                writer.tell(leaf, &waited);
                accepted?;
            }
            Err(StoreError::Uncertain) => self.generation = 0,
            Err(_) => {}
        }
        Ok(committed)
    }

    /// The events that wait go first. Where there are more marks than a leaf takes, more leaves follow.
    fn append(
        &self,
        tx: &mut dyn Transaction,
        signer: &SigningKey<role::LogSigning>,
        marks: &Marks,
        events: &[Zeroizing<Event>],
    ) -> Result<Appended, Error> {
        let group: Vec<&Event> = self.waiting.iter().chain(events).map(|event| &**event).collect();
        let seal = |at, group: &[&Event]| seal_events(&self.audit, self.own.id(), at, &event::encode(group));
        let sealed = seal(self.own.size(), &group)?;
        if marks.len() <= MOST_CHANGES {
            return Ok(self.own.append(tx, marks, &sealed, signer)?);
        }
        let (mut part, mut rest) = split(marks.clone());
        let mut appended = self.own.append(tx, &part, &sealed, signer)?;
        while !rest.is_empty() {
            (part, rest) = split(rest);
            let none = seal(appended.size(), &[])?;
            appended = appended.then(tx, &part, &none, signer)?;
        }
        Ok(appended)
    }

    /// Keeps an event until its group is written.
    pub(super) fn wait(&mut self, event: Event) {
        self.waiting.push(Zeroizing::new(event));
    }

    /// Time of the oldest event that waits.
    pub(super) fn waiting_since(&self) -> Option<i64> {
        self.waiting.first().map(|event| event.time_ms)
    }
}

/// As many marks as a leaf takes, and the others.
fn split(mut marks: Marks) -> (Marks, Marks) {
    let next = marks.keys().nth(MOST_CHANGES).copied();
    let rest = next.map_or_else(BTreeMap::new, |next| marks.split_off(&next));
    (marks, rest)
}

/// H("state", row).
pub(super) fn state_hash(state: &[u8]) -> Hash {
    Hash::from_bytes(kdf::hash("state", &[state]))
}

fn fresh(device: &DeviceCard) -> Log {
    Log::create(log_id(&device.hash()), device.log_key().clone())
}

/// The log of a device; an empty one where the device has written nothing yet.
fn open(device: &DeviceCard, snapshot: &dyn Snapshot) -> Result<Log, Error> {
    match Log::open(snapshot, log_id(&device.hash()), device.log_key().clone()) {
        Err(LogError::Missing) => Ok(fresh(device)),
        opened => Ok(opened?),
    }
}

/// A change of the vault under way: what it writes, what its logs will say of it, and the events that tell of it.
pub(super) struct Write<'a> {
    inner: &'a Inner,
    session: &'a Session,
    pub(super) tx: Box<dyn Transaction + 'a>,
    marks: Marks,
    events: Vec<Zeroizing<Event>>,
    _under_way: UnderWay<'a>,
}

/// Counts the changes under way: whoever has one must not wait for another.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<'a> Write<'a> {
    pub(super) fn begin(inner: &'a Inner, session: &'a Session) -> Result<Self, Error> {
        let under_way = UnderWay::begin(&session.changes);
        let tx = inner.store.write()?;
        drop(session.logs(&*tx)?);
        Ok(Self { inner, session, tx, marks: BTreeMap::new(), events: Vec::with_capacity(1), _under_way: under_way })
    }

    /// Marks something that only grows.
    pub(super) fn mark(&mut self, what: Marked, mark: Mark) {
        self.marks.insert(what.key(), mark.digest());
    }

    /// Marks something that is replaced as a whole.
    pub(super) fn replace(&mut self, what: Marked, hash: &Hash) -> Result<(), Error> {
        let last = self.last_mark(what)?;
        let count = last.map_or(0, |mark| mark.count).checked_add(1).ok_or(Error::Withheld)?;
        self.mark(what, Mark::new(count, hash));
        Ok(())
    }

    /// Fails unless something that is replaced as a whole is what it was when it was last replaced.
    pub(super) fn require(&self, what: Marked, hash: &Hash) -> Result<(), Error> {
        self.session.logs(&*self.tx)?.require(&*self.tx, what, hash)
    }

    /// The last word on something, before this change.
    pub(super) fn last_mark(&self, what: Marked) -> Result<Option<Mark>, Error> {
        self.session.logs(&*self.tx)?.last_mark(&*self.tx, what)
    }

    /// Has this log say all that the log of a device says, which is about to be closed.
    pub(super) fn fold(&mut self, device: &CardHash) -> Result<(), Error> {
        let logs = self.session.logs(&*self.tx)?;
        let folded = logs.folded(&*self.tx, device)?;
        let known = logs.beside(logs.own.id(), Some(log_id(device)));
        drop(logs);
        self.marks.extend(folded);
        self.mark(Marked::Others, known);
        Ok(())
    }

    pub(super) fn event(&mut self, event: Event) {
        self.events.push(Zeroizing::new(event));
    }

    /// An event of which there is nothing to say but that it happened.
    pub(super) fn event_now(&mut self, kind: EventKind) {
        self.event(Event::new(kind, self.inner.now_ms()));
    }

    /// Whether nothing was marked, and nothing happened.
    pub(super) fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.events.is_empty()
    }

    pub(super) fn commit(self) -> Result<Option<u64>, Error> {
        Ok(self.try_commit()??)
    }

    /// As [`Self::commit`], where nothing but events was written: what is open stays as it is.
    pub(super) fn commit_events(self) -> Result<(), Error> {
        let (session, before) = (self.session, self.tx.generation()?);
        if let Some(after) = self.commit()? {
            session.charts_stay(before, after);
        }
        Ok(())
    }

    /// As [`Self::commit_events`], and takes out of the log what is shown to others of this change.
    pub(super) fn commit_shown<T>(
        self,
        show: impl FnOnce(&Log, &dyn Snapshot) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Self { inner, session, tx, marks, events, _under_way } = self;
        let (before, unlocked) = (tx.generation()?, &session.unlocked);
        let mut logs = session.lock_logs();
        let (shown, committed) = logs.commit_shown(tx, Writer::new(&inner.options, unlocked), &marks, &events, show)?;
        let after = committed?;
        inner.freshness.written(unlocked.vault_id(), &logs, inner.now_ms());
        drop(logs);
        if let Some(after) = after {
            session.charts_stay(before, after);
        }
        Ok(shown)
    }

    /// As [`Self::commit`], and tells apart whether the commit itself failed.
    pub(super) fn try_commit(self) -> Result<Result<Option<u64>, StoreError>, Error> {
        let Self { inner, session, tx, marks, events, _under_way } = self;
        let mut logs = session.lock_logs();
        let committed = logs.commit(tx, Writer::new(&inner.options, &session.unlocked), &marks, &events)?;
        if committed.is_ok() {
            inner.freshness.written(session.unlocked.vault_id(), &logs, inner.now_ms());
        }
        Ok(committed)
    }
}

impl Session {
    /// The logs, up to date at a view of the store. Fails while a restored store was not adopted.
    pub(super) fn logs(&self, snapshot: &dyn Snapshot) -> Result<MutexGuard<'_, Logs>, Error> {
        let mut logs = self.lock_logs();
        if logs.restored {
            return Err(Error::RestoredCopy);
        }
        logs.refresh(&self.unlocked, snapshot)?;
        Ok(logs)
    }

    /// Whether a newer state was seen than that of a view.
    pub(super) fn knows_better(&self, generation: u64) -> bool {
        self.lock_logs().newest > generation
    }

    /// The vault's state as it stands, held against the logs.
    pub(super) fn state(&self, snapshot: &dyn Snapshot) -> Result<Unlocked, Error> {
        let logs = self.logs(snapshot)?;
        Ok(self.unlocked.reread(logs.state())?)
    }

    /// The logs as they were last read.
    pub(super) fn lock_logs(&self) -> MutexGuard<'_, Logs> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<LogError> for Error {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Store(error) => error.into(),
            LogError::Random(error) => error.into(),
            LogError::Newer => Self::NewerFormat,
            LogError::TooLong => Self::TooLong,
            LogError::Missing | LogError::Damaged | LogError::Stale | LogError::NoSuchLeaf | LogError::WrongKey => {
                Self::Withheld
            }
        }
    }
}
