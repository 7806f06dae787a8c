//! The directory: which patient a chart is about.

use super::event::{Event, EventKind};
use super::logs::Write;
use super::mark::Marked;
use super::{Chart, Vault, open_chart::index_error, session::Session};
use crate::codec::{ChartId, Hash};
use crate::crypto::kdf;
use crate::error::Error;
use crate::index::{PatientQuery, directory, directory::Directory};
use crate::record::Patient;
use crate::store::{Snapshot, Table};
use std::sync::PoisonError;

impl Vault {
    /// The patients that fit, with their charts, in order of their names.
    pub fn find_patient(&self, query: &PatientQuery) -> Result<Vec<(ChartId, Patient)>, Error> {
        self.inner.with(|session| {
            let found = self.inner.view(session, |snapshot| {
                session.directory(snapshot, |directory| {
                    directory.find(query).into_iter().map(|(chart, patient)| (chart, patient.clone())).collect()
                })
            });
            let event = Event::new(EventKind::Directory, self.inner.now_ms()).went(&found);
            super::audit::tell(&self.inner, session, Event { actor: self.actor.as_deref().cloned(), ..event })?;
            found
        })
    }
}

impl Chart {
    /// Says who the chart is about, for the directory of this vault. What was said before is replaced.
    pub fn describe(&self, patient: &Patient) -> Result<(), Error> {
        self.change_patient(Some(patient.clone()))
    }

    /// Takes the chart out of the directory.
    pub fn forget_patient(&self) -> Result<(), Error> {
        self.change_patient(None)
    }

    /// Whom the chart is about, as this vault was told.
    pub fn patient(&self) -> Result<Option<Patient>, Error> {
        self.inner.with(|session| {
            self.inner
                .view(session, |snapshot| session.directory(snapshot, |directory| directory.get(&self.id()).cloned()))
        })
    }

    fn change_patient(&self, patient: Option<Patient>) -> Result<(), Error> {
        self.inner.with(|session| {
            let (vault, suite) = (session.unlocked.vault_id(), session.unlocked.suite());
            let mut write = Write::begin(&self.inner, session)?;
            let change = [(self.id(), patient)];
            require_end(&write)?;
            let appended = directory::append(&mut *write.tx, suite, session.unlocked.keyring_key(), &vault, &change)
                .map_err(index_error)?;
            // As it was written, and not as it is shown.
            write.replace(Marked::Directory, &hash_of_end(&appended.end()))?;
            let mut event = Event::new(EventKind::Directory, self.inner.now_ms()).on(self.id());
            event.actor = self.actor().map(|actor| (**actor).clone());
            write.event(event);
            write.commit()?;
            let mut held = session.patients.lock().unwrap_or_else(PoisonError::into_inner);
            // Where another writer was quicker, the directory is read anew when it is next used.
            if held.as_mut().is_some_and(|directory| directory.apply(&appended, &change).is_err()) {
                *held = None;
            }
            Ok(())
        })
    }
}

/// Fails where the directory that is shown ends elsewhere than it should: whoever hides its end would have something else
/// take its place.
pub(super) fn require_end(write: &Write<'_>) -> Result<(), Error> {
    write.require(Marked::Directory, &hash_of_last(&*write.tx)?)
}

/// What a log says of the directory that is shown.
pub(super) fn hash_of_last(snapshot: &dyn Snapshot) -> Result<Hash, Error> {
    let last = snapshot.last(Table::Directory, b"")?;
    Ok(hash_of_end(&last.map(|(key, _)| key).unwrap_or_default()))
}

/// What a log says of the directory: which segment is its last, by its key; an empty one where there is none. What is in the
/// segments is bound to their places.
pub(super) fn hash_of_end(key: &[u8]) -> Hash {
    Hash::from_bytes(kdf::hash("directory", &[key]))
}

impl Session {
    /// Whether a part of the directory does not open.
    pub(super) fn directory_is_damaged(&self, snapshot: &dyn Snapshot) -> Result<bool, Error> {
        let (vault, suite) = (self.unlocked.vault_id(), self.unlocked.suite());
        let loaded = directory::load(snapshot, suite, self.unlocked.keyring_key(), &vault).map_err(index_error)?;
        Ok(!loaded.damaged.is_empty())
    }

    /// Runs `work` on the directory, read when it is first used and brought up to date after that.
    fn directory<T>(&self, snapshot: &dyn Snapshot, work: impl FnOnce(&Directory) -> T) -> Result<T, Error> {
        let (vault, suite) = (self.unlocked.vault_id(), self.unlocked.suite());
        let key = self.unlocked.keyring_key();
        self.logs(snapshot)?.require(snapshot, Marked::Directory, &hash_of_last(snapshot)?)?;
        let mut held = self.patients.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = held.get_or_insert_with(Directory::default);
        let damaged = directory::refresh(snapshot, suite, key, &vault, directory).map_err(index_error)?;
        if !damaged.is_empty() {
            // What was said later of a patient may be in the part that is damaged: nothing in the others can be relied on.
            *held = None;
            return Err(Error::unopenable());
        }
        Ok(work(directory))
    }
}
