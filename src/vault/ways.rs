//! Ways into a vault.

use super::contacts::hash_of_row;
use super::event::{AuditKeys, EventKind};
use super::logs::{Write, state_hash};
use super::mark::{Mark, Marked};
use super::session::Session;
use super::{Inner, STATE_KEY, Vault, charts, closed, session};
use crate::codec::{ContactId, WayId};
use crate::error::Error;
use crate::index::directory;
use crate::keys::chart::Ring;
use crate::keys::{ClosedDevice, Unlock, UnlockError, Unlocked, WayIn, contacts};
use crate::store::{StoreError, Table, Transaction};

impl Vault {
    /// The ways in, in the order in which they were added.
    pub fn ways(&self) -> Result<Vec<WayIn>, Error> {
        self.inner.with(|session| Ok(session.unlocked.ways()))
    }

    /// Adds a way in.
    pub fn add_way(&self, unlock: &Unlock) -> Result<WayId, Error> {
        let mut added = None;
        self.inner.replace(|session| {
            let known = current(&self.inner, session)?;
            let (next, slot) = known.add_way(unlock, self.inner.now_ms())?;
            added = Some(slot);
            let committed = store(&self.inner, session, &known, &next)?;
            Ok((session.after(next), committed))
        })?;
        added.ok_or(Error::Locked)
    }

    /// Removes a way in, not the last one of a device: that is for [`Self::retire_device`]. The vault's key turns, so that who kept an old copy of that way opens nothing written later; the
    /// other ways work on, and are not needed for this.
    pub fn remove_way(&self, way: WayId) -> Result<(), Error> {
        self.inner.replace(|session| {
            let known = current(&self.inner, session)?;
            let next = known.remove_way(way)?;
            let committed = turn(Write::begin(&self.inner, session)?, &known, &next, None)?;
            Ok((session.after(next), committed))
        })
    }
}

/// The ways in and devices as they are stored now: another device may have changed them.
pub(super) fn current(inner: &Inner, session: &Session) -> Result<Unlocked, Error> {
    inner.view(session, |snapshot| {
        // An older state would name fewer devices and ways in, and what is made of it would undo what was done since. A
        // store that was restored is taken on as it is.
        let restored = session.lock_logs().restored;
        if !restored {
            drop(session.logs(snapshot)?);
        }
        let stored = snapshot.get(Table::Vault, b"", STATE_KEY)?.ok_or(Error::Withheld)?;
        Ok(session.unlocked.reread(&stored)?)
    })
}

/// Stores a state under the same vault key. Returns how the commit went.
pub(super) fn store(
    inner: &Inner,
    session: &Session,
    old: &Unlocked,
    next: &Unlocked,
) -> Result<Result<(), StoreError>, Error> {
    let mut write = Write::begin(inner, session)?;
    require_unchanged(&*write.tx, old)?;
    put_state(&mut write, next)?;
    write.event_now(EventKind::Access);
    Ok(write.try_commit()?.map(drop))
}

fn put_state(write: &mut Write<'_>, next: &Unlocked) -> Result<(), Error> {
    write.tx.put(Table::Vault, b"", STATE_KEY, next.bytes())?;
    write.replace(Marked::State, &state_hash(next.bytes()))
}

/// Seals everything that is under the vault key again, in one transaction. What the log of a device that is closed said is
/// then said by this one's. Returns how the commit went.
pub(super) fn turn(
    mut write: Write<'_>,
    old: &Unlocked,
    next: &Unlocked,
    closed: Option<&ClosedDevice>,
) -> Result<Result<(), StoreError>, Error> {
    let (vault, suite) = (old.vault_id(), old.suite());
    if let Some(closed) = closed {
        write.fold(&closed.card.hash())?;
    }
    let mut resealed = Vec::new();
    for (key, sealed) in session::rows(&*write.tx, Table::Contacts)? {
        let id = ContactId::from_slice(&key).ok_or_else(Error::unopenable)?;
        // A damaged row, or an older one, does not keep a way in from being removed; it stays as it is, and `verify` names it.
        let hash = hash_of_row(&sealed);
        let newest = write.last_mark(Marked::Contact(id))?.is_some_and(|mark| mark == Mark::new(mark.count, &hash));
        let Some(contact) =
            contacts::Contact::open(suite, old.keyring_key(), vault, id, &sealed).ok().filter(|_| newest)
        else {
            continue;
        };
        let sealed = contact.seal(suite, next.keyring_key(), vault).map_err(|_| Error::unopenable())?;
        resealed.push((id, sealed));
    }
    let tx = &mut *write.tx;
    require_unchanged(tx, old)?;
    for chart in charts::shown(tx)? {
        // As with contacts: keys that are damaged or withheld do not keep a way in from being removed.
        let Some(sealed) = tx.get(Table::Keyring, b"", chart.as_bytes())? else { continue };
        let Ok(ring) = Ring::open(suite, old.keyring_key(), &vault, &chart, &sealed) else {
            continue;
        };
        let sealed = ring.seal(suite, next.keyring_key(), &vault, &chart).map_err(|_| Error::unopenable())?;
        tx.put(Table::Keyring, b"", chart.as_bytes(), &sealed)?;
    }
    AuditKeys::read(tx, suite, old.keyring_key(), &vault)?.put(tx, suite, next.keyring_key(), &vault)?;
    directory::reseal_all(tx, suite, &vault, old.keyring_key(), next.keyring_key())
        .map_err(super::open_chart::index_error)?;
    if let Some(closed) = closed {
        closed::put(tx, next, closed)?;
    }
    for (id, sealed) in resealed {
        write.tx.put(Table::Contacts, b"", id.as_bytes(), &sealed)?;
        write.replace(Marked::Contact(id), &hash_of_row(&sealed))?;
    }
    put_state(&mut write, next)?;
    write.event_now(EventKind::Access);
    Ok(write.try_commit()?.map(drop))
}

/// Another process may have changed the ways in meanwhile; its change is not to be undone.
fn require_unchanged(tx: &dyn Transaction, known: &Unlocked) -> Result<(), Error> {
    let stored = tx.get(Table::Vault, b"", STATE_KEY)?.ok_or(Error::NoVault)?;
    if stored == known.bytes() { Ok(()) } else { Err(Error::Unlock(UnlockError::UnlockFailed)) }
}
