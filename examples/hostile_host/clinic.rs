//! What the host is given: a clinic's vault with two charts, one of them shared, and what it looked like before.

use crate::Result;
use crate::host::{Host, Rows};
use ampoule::{
    Chart, Contact, Cursor, EntryId, Error, Grant, MemoryKeeper, MemoryStore, Record, Recovery, Terms, Unlock, Vault,
};
use std::sync::Arc;

/// Notes in Ana's chart, enough for a stored index.
const NOTES: usize = 40;

pub(crate) const NEWEST: &str = "Penicillin caused a rash: do not give it again";
pub(crate) const CORRECTED: &str = "Metformin 500 mg";

/// A clinic, and its host.
pub(crate) struct Clinic {
    pub(crate) host: Host,
    pub(crate) vault: Vault,
    device_key: [u8; 32],
    keeper: Arc<MemoryKeeper>,
    pub(crate) ana: Chart,
    pub(crate) ben: Chart,
    /// Notes of Ana's chart in order. The first was corrected, the last is the newest.
    pub(crate) notes: Vec<EntryId>,
    /// The clinic's contact for Dr. Lee, and her own vault, which is elsewhere.
    pub(crate) to_lee: Contact,
    pub(crate) lee: Vault,
    /// What was stored before Dr. Lee's card was compared.
    pub(crate) unverified: Rows,
    /// What was stored before Ana's chart was shared and the newest note came.
    pub(crate) morning: Rows,
}

impl Clinic {
    pub(crate) fn new() -> Result<Self> {
        let (host, keeper) = (Host::default(), Arc::new(MemoryKeeper::new()));
        let device_key = fresh_key()?;
        let none = Recovery::none_data_will_be_lost();
        let options = Vault::options().keeper(Arc::clone(&keeper));
        let (vault, _) = options.create(host.clone(), "Riverside Clinic", &Unlock::device_key(&device_key), &none)?;
        let (lee, _) = Vault::create(MemoryStore::new(), "Dr. Lee", &Unlock::device_key(&fresh_key()?), &none)?;

        let to_lee = vault.contacts().add(&lee.card()?.to_bytes())?;
        let unverified = host.rows();
        to_lee.verify(&lee.card()?.fingerprint().digits())?;
        let to_clinic = lee.contacts().add(&vault.card()?.to_bytes())?;
        to_clinic.verify(&vault.card()?.fingerprint().words())?;

        let (ana, ben) = (vault.create_chart()?, vault.create_chart()?);
        let mut notes = vault.batch(|batch| {
            (1..=NOTES).map(|number| batch.put(&ana, &note(&format!("Visit {number}")))).collect::<Result<Vec<_>, _>>()
        })?;
        ben.put(&note("Ben has no allergies"))?;
        ana.update(notes.first().ok_or("there are no notes")?, &note(CORRECTED))?;
        let morning = host.rows();
        ana.share(&to_lee, &Grant::read())?;
        notes.push(ana.put(&note(NEWEST))?);
        Ok(Self { host, vault, device_key, keeper, ana, ben, notes, to_lee, lee, unverified, morning })
    }

    /// Opens the vault anew: nothing is left in memory of what the host showed before, and nothing is kept elsewhere.
    pub(crate) fn again(&self) -> Result<Vault, Error> {
        Vault::open(self.host.clone(), &Unlock::device_key(&self.device_key))
    }

    /// The same, with the keeper of checkpoints.
    pub(crate) fn again_with_keeper(&self) -> Result<Vault, Error> {
        let options = Vault::options().keeper(Arc::clone(&self.keeper));
        options.open(self.host.clone(), &Unlock::device_key(&self.device_key))
    }

    pub(crate) fn first(&self) -> EntryId {
        self.notes.first().copied().unwrap_or(EntryId::from_bytes([0; 16]))
    }

    pub(crate) fn newest(&self) -> EntryId {
        self.notes.last().copied().unwrap_or(EntryId::from_bytes([0; 16]))
    }

    /// Dr. Lee takes in what the host hands over for her.
    pub(crate) fn send(&self) -> Result<u64, Error> {
        Ok(self.lee.import(&self.ana.export(&self.to_lee, Cursor::START)?)?.added)
    }
}

pub(crate) fn note(text: &str) -> Record {
    let terms = Terms { kind: "Note".into(), words: Terms::fold(text), ..Terms::default() };
    Record::opaque("text/plain", text).with_terms(terms)
}

/// A key as a device's keystore would hold it.
fn fresh_key() -> Result<[u8; 32]> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)?;
    Ok(key)
}
