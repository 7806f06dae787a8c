//! Ways into a vault.

use super::{Inner, STATE_KEY, Vault, session};
use crate::codec::{ContactId, WayId};
use crate::error::Error;
use crate::index::directory;
use crate::keys::chart::Ring;
use crate::keys::{Unlock, UnlockError, Unlocked, WayIn, contacts};
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
            let (next, slot) = session.unlocked.add_way(unlock, self.inner.now_ms())?;
            let mut tx = self.inner.store.write()?;
            require_unchanged(&*tx, &session.unlocked)?;
            tx.put(Table::Vault, b"", STATE_KEY, next.bytes())?;
            added = Some(slot);
            Ok((next, tx.commit().map(drop)))
        })?;
        added.ok_or(Error::Locked)
    }

    /// Removes a way in. The vault's key turns, so that who kept an old copy of that way opens nothing written later; the
    /// other ways work on, and are not needed for this.
    pub fn remove_way(&self, way: WayId) -> Result<(), Error> {
        self.inner.replace(|session| {
            let next = session.unlocked.remove_way(way)?;
            let committed = turn(&self.inner, session, &next)?;
            Ok((next, committed))
        })
    }
}

/// Seals everything that is under the vault key again, in one transaction. Returns how its commit went.
fn turn(inner: &Inner, session: &session::Session, next: &Unlocked) -> Result<Result<(), StoreError>, Error> {
    let old = &session.unlocked;
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
    tx.put(Table::Vault, b"", STATE_KEY, next.bytes())?;
    Ok(tx.commit().map(drop))
}

/// Another process may have changed the ways in meanwhile; its change is not to be undone.
fn require_unchanged(tx: &dyn Transaction, known: &Unlocked) -> Result<(), Error> {
    let stored = tx.get(Table::Vault, b"", STATE_KEY)?.ok_or(Error::NoVault)?;
    if stored == known.bytes() { Ok(()) } else { Err(Error::Unlock(UnlockError::UnlockFailed)) }
}
