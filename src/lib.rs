//! Ampoule: encrypted storage for health records.

mod codec;
mod crypto;
mod envelope;
mod error;
mod index;
mod keys;
mod record;
pub mod store;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod vault;

pub use codec::{ChartId, ContactId, EntryId, GrantId, IdError, SlotId, VaultId, VersionId};
pub use crypto::{RandomError, Suite};
pub use envelope::{Actor, SealedEntry};
pub use error::{Error, Incident};
pub use index::{PatientQuery, Query};
pub use keys::{
    Card, CardError, ChartKeys, ContactStatus, FactorKind, Fingerprint, Freshness, Grant, Imitated, MemberKind,
    OpenedEntry, Purpose, Recovery, RecoveryCode, RecoveryCodeError, Rights, Unlock, UnlockError, Unlocked, WayIn,
    Wrap,
};
pub use record::{Code, DateError, DateRange, Identifier, Kind, Label, LabelError, Patient, Record, Terms};
pub use store::{MemoryStore, StoreError};
#[cfg(feature = "sqlite")]
pub use store::{SqliteOptions, SqliteStore};
pub use vault::{
    Applied, Batch, Chart, Clock, Contact, Contacts, Cursor, Due, Entry, Finding, Found, Matches, Report, Share,
    Standing, SystemClock, Vault, VaultOptions,
};
