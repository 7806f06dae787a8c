//! Encrypted storage for health records: sealed where they are made, opened by whom they were granted to.
//!
//! A [`Vault`] belongs to a person or a service and lives in one store, which never holds a key. It keeps [`Chart`]s; a
//! chart keeps [`Entry`]s, each in versions that are signed by their author and never change. A chart is shared with a
//! [`Contact`] by a [`Grant`], of all of it or of some [`Label`]s, and travels as a bundle. [`Unlock`] is a way in.
//!
//! ```text
//!  Record ──put──► Chart ──seal, sign──► store          Bundle ──import──► another Vault
//!                    │                     │                ▲
//!                    ├──get, find──────────┘                │
//!                    └──share, revoke──────────── export ───┘
//! ```
//!
//! Calls block. In async code, use the runtime's way to run blocking work, such as `spawn_blocking`.
//!
//! Beside the everyday API there are [`store`], for backends, and [`expert`], for applications that keep sealed bytes in
//! tables of their own. What every byte means stands in `docs/FORMAT.md`.

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

pub use codec::{ChartId, ContactId, EntryId, GrantId, IdError, VaultId, VersionId, WayId};
pub use crypto::{RandomError, Suite};
pub use envelope::Actor;
pub use error::{Error, Incident};
pub use index::{PatientQuery, Query};
pub use keys::{
    Card, CardError, ContactStatus, FactorKind, Fingerprint, Grant, Imitated, MemberKind, Purpose, Recovery,
    RecoveryCode, RecoveryCodeError, Rights, Unlock, UnlockError, WayIn,
};
pub use record::{Code, DateError, DateRange, Identifier, Kind, Label, LabelError, Patient, Record, Terms};
pub use store::{MemoryStore, StoreError};
#[cfg(feature = "sqlite")]
pub use store::{SqliteOptions, SqliteStore};
pub use vault::{
    Applied, Batch, Chart, Clock, Contact, Contacts, Cursor, Due, Entry, Finding, Found, Matches, Report, Share,
    Standing, SystemClock, Vault, VaultOptions,
};

/// Keys and sealed bytes without a store: the lower floor, for an application with a database of its own.
///
/// What it cannot give, because it sees one entry at a time: search, freshness, an audit of reads, handling of conflicts.
pub mod expert {
    pub use crate::envelope::SealedEntry;
    pub use crate::keys::{ChartKeys, Freshness, OpenedEntry, Unlocked, Wrap};
}
