//! Whether the store shows the newest state: what a checkpoint that is kept elsewhere says of it.

use super::event::{Event, EventKind};
use super::logs::{self, Logs};
use super::mark::{Mark, Marked};
use super::session::Session;
use super::sink::Writer;
use super::{Inner, STATE_KEY, Vault, VaultOptions, closed};
use crate::codec::VaultId;
use crate::error::Error;
use crate::keys::Unlocked;
use crate::log::{Checkpoint, CheckpointKeeper, Note, Standing, Witness};
use crate::store::{Snapshot, StoreError, Table};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// How far it is known that the store shows the newest state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Freshness {
    /// The keeper's checkpoint agrees with the store, and is recent.
    Anchored,
    /// There is no keeper, or it has kept nothing yet: a store that was put back to an older state as a whole is found out
    /// only while the vault stays open.
    Unanchored,
    /// The keeper's checkpoint agrees with the store, and newer ones could not be kept: what was written since is not
    /// covered.
    Stale,
}

/// Writes after which a checkpoint is kept, unless the time comes first.
const MOST_WRITES: u32 = 64;
/// Milliseconds likewise.
const MOST_MS: i64 = 60_000;

/// What is kept, where, and since when.
pub(super) struct Anchor {
    keeper: Option<Arc<dyn CheckpointKeeper>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The heads that this process saw last, whoever kept them.
    seen: Option<Checkpoint>,
    counter: u64,
    /// Something is kept, and agreed with the store.
    anchored: bool,
    failed: bool,
    writes: u32,
    saved_ms: i64,
}

impl Anchor {
    pub(super) fn new(keeper: Option<Arc<dyn CheckpointKeeper>>) -> Self {
        Self { keeper, state: Mutex::default() }
    }

    /// Holds logs that were just opened against what is kept. Says whether they are no older and no others.
    pub(super) fn check(
        &self,
        unlocked: &Unlocked,
        logs: &Logs,
        snapshot: &dyn Snapshot,
        now_ms: i64,
    ) -> Result<bool, Error> {
        let mut state = self.state();
        let kept = match self.keeper.as_ref().map(|keeper| CheckpointKeeper::load(&**keeper)).transpose()?.flatten() {
            Some(bytes) => Some(Checkpoint::from_bytes(&bytes).map_err(|_| Error::WrongCheckpoint)?),
            None => None,
        };
        if kept.as_ref().is_some_and(|kept| kept.vault != unlocked.vault_id()) {
            return Err(Error::WrongCheckpoint);
        }
        state.anchored = kept.is_some();
        state.counter = state.counter.max(kept.as_ref().map_or(0, |kept| kept.counter));
        state.saved_ms = now_ms;
        for known in kept.iter().chain(&state.seen) {
            if !logs.agree_with(unlocked, snapshot, known)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes note of a write, and keeps a checkpoint when it is time. That this fails does not undo the write: it shows as
    /// [`Freshness::Stale`].
    pub(super) fn written(&self, vault: VaultId, logs: &Logs, now_ms: i64) {
        if self.keeper.is_none() {
            return;
        }
        let mut state = self.state();
        state.writes = state.writes.saturating_add(1);
        let due = state.writes >= MOST_WRITES || now_ms.saturating_sub(state.saved_ms) >= MOST_MS;
        if due || !state.anchored {
            self.keep(&mut state, vault, logs, now_ms);
        }
    }

    /// Keeps what is not kept yet, and remembers the heads for as long as the process lives.
    pub(super) fn leave(&self, vault: VaultId, logs: &Logs, now_ms: i64) {
        let mut state = self.state();
        if self.keeper.is_some() && (state.writes > 0 || state.failed) {
            self.keep(&mut state, vault, logs, now_ms);
        }
        state.seen = Some(logs.checkpoint(vault, state.counter));
    }

    /// Forgets the heads of before: the store was restored, and taken on as it is.
    fn adopt(&self, vault: VaultId, logs: &Logs, now_ms: i64) {
        let mut state = self.state();
        state.seen = None;
        if self.keeper.is_some() {
            self.keep(&mut state, vault, logs, now_ms);
        }
    }

    fn keep(&self, state: &mut State, vault: VaultId, logs: &Logs, now_ms: i64) {
        let Some(keeper) = &self.keeper else { return };
        state.counter = state.counter.saturating_add(1);
        let kept = keeper.save(&logs.checkpoint(vault, state.counter).to_bytes()).is_ok();
        state.failed = !kept;
        if kept {
            state.anchored = true;
            state.writes = 0;
            state.saved_ms = now_ms;
        }
    }

    fn freshness(&self) -> Freshness {
        let state = self.state();
        match (state.anchored, state.failed) {
            (false, _) => Freshness::Unanchored,
            (true, false) => Freshness::Anchored,
            (true, true) => Freshness::Stale,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VaultOptions {
    /// Keeps checkpoints of the vault away from its store, so that a store which was put back to an older state is found
    /// out when the vault is opened. Saved after at most 64 writes or 60 seconds, whichever comes first at a write, and when
    /// the vault is locked.
    #[must_use]
    pub fn keeper(mut self, keeper: impl CheckpointKeeper + 'static) -> Self {
        self.keeper = Some(Arc::new(keeper));
        self
    }
}

impl Vault {
    /// How far it is known that the store shows the newest state.
    pub fn freshness(&self) -> Result<Freshness, Error> {
        self.inner.with(|_| Ok(self.inner.freshness.freshness()))
    }

    /// The signed head of this device's log, for a witness to sign as well: a checkpoint in the form of C2SP tlog-checkpoint.
    pub fn checkpoint(&self) -> Result<Vec<u8>, Error> {
        self.inner.with(|session| {
            self.inner.view(session, |snapshot| {
                let logs = session.logs(snapshot)?;
                logs.own().note().map(Note::to_bytes).ok_or(Error::Withheld)
            })
        })
    }

    /// Takes a checkpoint that a witness has cosigned (C2SP tlog-cosignature), and holds the store against it. Returns when
    /// the witness saw it, in seconds since 1970; nothing where he did not sign it. [`Error::Withheld`] where the store shows
    /// an older log, or another; [`Error::WrongCheckpoint`] where it is of another log, or a signature does not verify.
    pub fn witnessed(&self, checkpoint: &[u8], witness: &Witness) -> Result<Option<u64>, Error> {
        let note = Note::from_bytes(checkpoint).map_err(|_| Error::WrongCheckpoint)?;
        self.inner.with(|session| {
            self.inner.view(session, |snapshot| {
                let logs = session.logs(snapshot)?;
                if note.unverified_log() != *logs.own().id() {
                    return Err(Error::WrongCheckpoint);
                }
                match logs.own().reader(snapshot).standing(&note)? {
                    Standing::Same | Standing::Extended => {
                        note.cosigned_by(witness).map_err(|_| Error::WrongCheckpoint)
                    }
                    Standing::Behind | Standing::Forked | Standing::Missing => Err(Error::Withheld),
                }
            })
        })
    }

    /// Takes on a store that was restored from a backup, or copied, or that showed two devices different states, as it is: after
    /// [`Error::RestoredCopy`]. This device gets fresh keys and a log of its own, so that nothing it writes is taken for what
    /// the lost state had; the gap is recorded with the reason. What the lost state had is gone, unless others have it: import
    /// their bundles. Of what two devices both replaced (contacts, the directory), one side is there.
    pub fn adopt_restored(&self, reason: &str) -> Result<(), Error> {
        self.inner.replace(|session| {
            if !session.lock_logs().restored {
                return Err(Error::NotRestored);
            }
            go_on(&self.inner, session, reason, EventKind::Restore)
        })?;
        self.inner.with(|session| {
            let vault = session.unlocked.vault_id();
            self.inner.freshness.adopt(vault, &session.lock_logs(), self.inner.now_ms());
            Ok(())
        })
    }
}

/// Goes on as a new device: closes the one of before, whose log ends here, and has the new one's log say all that it said.
pub(super) fn go_on(
    inner: &Inner,
    session: &Session,
    reason: &str,
    kind: EventKind,
) -> Result<(Session, Result<(), StoreError>), Error> {
    let mut tx = inner.store.write()?;
    let mut before = session.lock_logs();
    before.refresh(&session.unlocked, &*tx)?;
    let known = session.unlocked.reread(before.state())?;
    let me = known.identity().device_card.hash();
    let (next, closed) = known.renew_device(reason, before.end(&me), inner.now_ms())?;
    let mut marks = before.folded(&*tx, &me)?;
    let last = before.last_mark(&*tx, Marked::State)?.map_or(0, |mark| mark.count);
    let state = Mark::new(last.saturating_add(1), &logs::state_hash(next.bytes()));
    marks.insert(Marked::State.key(), state.digest());
    closed::put(&mut *tx, &next, &closed)?;
    tx.put(Table::Vault, b"", STATE_KEY, next.bytes())?;
    let mut logs = Logs::open_for(&next, &*tx)?;
    logs.waiting.clone_from(&before.waiting);
    let mut event = Event::new(kind, inner.now_ms());
    event.note = Some(closed.reason.clone());
    let writer = Writer::new(&inner.options, &next);
    let committed = logs.commit(tx, writer, &marks, &[Zeroizing::new(event)])?;
    drop(before);
    Ok((Session::new(next, &inner.options.accepted, logs), committed.map(drop)))
}
