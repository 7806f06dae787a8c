//! Ways into a vault.

use super::contacts::hash_of_row;
use super::event::{AuditKeys, EventKind};
use super::logs::{Write, state_hash};
use super::mark::Marked;
use super::open_chart::index_error;
use super::session::Session;
use super::{Inner, STATE_KEY, Vault, closed, patients};
use crate::codec::WayId;
use crate::error::Error;
use crate::index::directory;
use crate::keys::chart::Ring;
use crate::keys::{ClosedDevice, Unlock, UnlockError, Unlocked, WayIn};
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

    /// Removes a way in, not the last one of a device: that is for [`Self::retire_device`]. The vault's key turns, so that who
    /// kept an old copy of that way opens nothing written later; the other ways work on, and are not needed for this. While
    /// the keys of a chart are missing from the store or damaged, nothing turns: with the old key they would be lost.
    pub fn remove_way(&self, way: WayId) -> Result<(), Error> {
        self.inner.replace(|session| {
            let known = current(&self.inner, session)?;
            let next = known.remove_way(way)?;
            let committed = turn(session, Write::begin(&self.inner, session)?, &known, &next, None)?;
            Ok((session.after(next), committed))
        })
    }
}

/// The ways in and devices as they are stored now: another device may have changed them. An older state would name fewer,
/// and what is made of it would undo what was done since.
pub(super) fn current(inner: &Inner, session: &Session) -> Result<Unlocked, Error> {
    inner.view(session, |snapshot| session.state(snapshot))
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
    session: &Session,
    mut write: Write<'_>,
    old: &Unlocked,
    next: &Unlocked,
    closed: Option<&ClosedDevice>,
) -> Result<Result<(), StoreError>, Error> {
    let (vault, suite) = (old.vault_id(), old.suite());
    if let Some(closed) = closed {
        write.fold(&closed.card.hash())?;
    }
    let tx = &mut *write.tx;
    require_unchanged(tx, old)?;
    for chart in session.charts(tx)? {
        // What stays under the old key is lost, so nothing turns while the keys of a chart are withheld or damaged.
        let sealed = tx.get(Table::Keyring, b"", chart.as_bytes())?.ok_or(Error::Withheld)?;
        let ring = Ring::open(suite, old.keyring_key(), &vault, &chart, &sealed).map_err(Error::of_malformed)?;
        let sealed = ring.seal(suite, next.keyring_key(), &vault, &chart).map_err(|_| Error::unopenable())?;
        tx.put(Table::Keyring, b"", chart.as_bytes(), &sealed)?;
    }
    // A damaged contact does not keep a way in from being removed: its card can be added again. Its row stays as it is, and
    // `verify` names it.
    let (contacts, _) = session.read_contacts(tx)?;
    let mut resealed = Vec::new();
    for contact in contacts.iter() {
        let sealed = contact.seal(suite, next.keyring_key(), vault).map_err(|_| Error::unopenable())?;
        tx.put(Table::Contacts, b"", contact.id.as_bytes(), &sealed)?;
        resealed.push((contact.id, hash_of_row(&sealed)));
    }
    AuditKeys::read(tx, suite, old.keyring_key(), &vault)?.put(tx, suite, next.keyring_key(), &vault)?;
    if let Some(closed) = closed {
        closed::put(tx, next, closed)?;
    }
    for (id, hash) in resealed {
        write.replace(Marked::Contact(id), &hash)?;
    }
    patients::require_end(&write)?;
    directory::reseal_all(&mut *write.tx, suite, &vault, old.keyring_key(), next.keyring_key()).map_err(index_error)?;
    put_state(&mut write, next)?;
    write.event_now(EventKind::Access);
    Ok(write.try_commit()?.map(drop))
}

/// Another process may have changed the ways in meanwhile; its change is not to be undone.
fn require_unchanged(tx: &dyn Transaction, known: &Unlocked) -> Result<(), Error> {
    let stored = tx.get(Table::Vault, b"", STATE_KEY)?.ok_or(Error::NoVault)?;
    if stored == known.bytes() { Ok(()) } else { Err(Error::Unlock(UnlockError::UnlockFailed)) }
}
