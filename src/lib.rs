//! Ampoule: encrypted storage for health records.

mod codec;
mod crypto;
mod envelope;
mod error;
mod index;
mod keys;
mod record;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use codec::{ChartId, ContactId, EntryId, GrantId, IdError, SlotId, VaultId, VersionId};
pub use crypto::{RandomError, Suite};
pub use envelope::{Actor, SealedEntry};
pub use error::{Error, Incident};
pub use index::Query;
pub use keys::{
    Card, CardError, ChartKeys, FactorKind, Fingerprint, Grant, MemberKind, Purpose, Recovery, RecoveryCode,
    RecoveryCodeError, Rights, Unlock, UnlockError, Unlocked, WayIn, Wrap,
};
pub use record::{Code, DateError, DateRange, Identifier, Kind, Label, LabelError, Patient, Record, Terms};
pub use store::{MemoryStore, StoreError};
#[cfg(feature = "sqlite")]
pub use store::{SqliteOptions, SqliteStore};
