//! Ways into a vault.

use super::{Inner, STATE_KEY, Vault, session};
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
            let committed = store(&self.inner, &known, &next, None)?;
            Ok((next, committed))
        })?;
        added.ok_or(Error::Locked)
    }

    /// Removes a way in, not the last one of a device: that is for [`Self::retire_device`]. The vault's key turns, so that who kept an old copy of that way opens nothing written later; the
    /// other ways work on, and are not needed for this.
    pub fn remove_way(&self, way: WayId) -> Result<(), Error> {
        self.inner.replace(|session| {
            let known = current(&self.inner, session)?;
            let next = known.remove_way(way)?;
            let committed = turn(&self.inner, &known, &next, None)?;
            Ok((next, committed))
        })
    }
}

/// The ways in and devices as they are stored now: another device may have changed them.
pub(super) fn current(inner: &Inner, session: &session::Session) -> Result<Unlocked, Error> {
    let stored = inner.store.read()?.get(Table::Vault, b"", STATE_KEY)?.ok_or(Error::NoVault)?;
    Ok(session.unlocked.reread(&stored)?)
}

/// Stores a state under the same vault key, and the device that it closed. Returns how the commit went.
pub(super) fn store(
    inner: &Inner,
    old: &Unlocked,
    next: &Unlocked,
    closed: Option<&ClosedDevice>,
) -> Result<Result<(), StoreError>, Error> {
    let mut tx = inner.store.write()?;
    require_unchanged(&*tx, old)?;
    put_closed(&mut *tx, next, closed)?;
    tx.put(Table::Vault, b"", STATE_KEY, next.bytes())?;
    Ok(tx.commit().map(drop))
}

/// Seals everything that is under the vault key again, in one transaction. Returns how its commit went.
pub(super) fn turn(
    inner: &Inner,
    old: &Unlocked,
    next: &Unlocked,
    closed: Option<&ClosedDevice>,
) -> Result<Result<(), StoreError>, Error> {
    let (vault, suite) = (old.vault_id(), old.suite());
    let mut tx = inner.store.write()?;
    require_unchanged(&*tx, old)?;
    for chart in session::chart_ids(&*tx)? {
        let sealed = tx.get(Table::Keyring, b"", chart.as_bytes())?.ok_or(Error::UnknownChart)?;
        let Ok(ring) = Ring::open(suite, old.keyring_key(), &vault, &chart, &sealed) else {
            continue;
        };
        let sealed = ring.seal(suite, next.keyring_key(), &vault, &chart).map_err(|_| Error::unopenable())?;
        tx.put(Table::Keyring, b"", chart.as_bytes(), &sealed)?;
    }
    for (key, sealed) in session::rows(&*tx, Table::Contacts)? {
        let id = ContactId::from_slice(&key).ok_or_else(Error::unopenable)?;
        // A damaged row does not keep a way in from being removed; it stays as it is, and `verify` names it.
        let Ok(contact) = contacts::Contact::open(suite, old.keyring_key(), vault, id, &sealed) else {
            continue;
        };
        let sealed = contact.seal(suite, next.keyring_key(), vault).map_err(|_| Error::unopenable())?;
        tx.put(Table::Contacts, b"", &key, &sealed)?;
    }
    directory::reseal_all(&mut *tx, suite, &vault, old.keyring_key(), next.keyring_key())
        .map_err(super::open_chart::index_error)?;
    put_closed(&mut *tx, next, closed)?;
    tx.put(Table::Vault, b"", STATE_KEY, next.bytes())?;
    Ok(tx.commit().map(drop))
}

fn put_closed(tx: &mut dyn Transaction, next: &Unlocked, closed: Option<&ClosedDevice>) -> Result<(), Error> {
    let Some(closed) = closed else { return Ok(()) };
    let row = closed.seal(&next.identity().archive, next.vault_id()).map_err(|_| Error::unopenable())?;
    Ok(tx.put(Table::Cards, b"", closed.id().as_bytes(), &row)?)
}

/// Fails where the vault key is not the one that is held any more.
pub(super) fn require_same_key(tx: &dyn Transaction, known: &Unlocked) -> Result<(), Error> {
    match tx.get(Table::Vault, b"", STATE_KEY)? {
        Some(stored) if stored == known.bytes() => Ok(()),
        Some(stored) => Ok(known.reread(&stored).map(drop)?),
        None => Err(Error::NoVault),
    }
}

/// Another process may have changed the ways in meanwhile; its change is not to be undone.
fn require_unchanged(tx: &dyn Transaction, known: &Unlocked) -> Result<(), Error> {
    let stored = tx.get(Table::Vault, b"", STATE_KEY)?.ok_or(Error::NoVault)?;
    if stored == known.bytes() { Ok(()) } else { Err(Error::Unlock(UnlockError::UnlockFailed)) }
}
