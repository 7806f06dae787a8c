//! Ampoule: encrypted storage for health records.

mod codec;
mod crypto;
mod envelope;
mod keys;
mod record;
pub mod store;

pub use codec::{ChartId, ContactId, EntryId, GrantId, IdError, SlotId, VaultId, VersionId};
pub use crypto::{RandomError, Suite};
pub use envelope::{Actor, SealedEntry};
pub use keys::{
    Card, CardError, FactorKind, Fingerprint, MemberKind, Recovery, RecoveryCode, RecoveryCodeError, Unlock,
    UnlockError, Unlocked, WayIn, Wrap,
};
pub use record::{Code, DateError, DateRange, Identifier, Kind, Label, LabelError, Patient, Record, Terms};
