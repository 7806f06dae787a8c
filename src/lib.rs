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
//! ```
//! use ampoule::{Cursor, Error, Grant, Label, MemoryStore, Query, Record, Recovery, Terms, Unlock, Vault};
//!
//! let clinic = Unlock::device_key(&[1; 32]); // 32 random bytes from the platform's keystore
//! let (clinic, code) = Vault::create(MemoryStore::new(), "Riverside Clinic", &clinic, &Recovery::code())?;
//! assert!(code.is_some()); // 24 words, to be printed: the second way in
//! let lee = Unlock::device_key(&[2; 32]);
//! let (lee, _) = Vault::create(MemoryStore::new(), "Dr. Lee", &lee, &Recovery::none_data_will_be_lost())?;
//!
//! // A record is sealed, signed and stored; the chart finds it by its terms.
//! let chart = clinic.create_chart()?;
//! let terms = Terms { kind: "Note".into(), words: Terms::fold("Blood pressure 120/80"), ..Terms::default() };
//! let id = chart.put(&Record::opaque("text/plain", "Blood pressure 120/80").with_terms(terms))?;
//! assert_eq!(chart.find(&Query::kind("Note").words("pressure"))?.entries()[0].id, id);
//! let hiv = chart.put(&Record::opaque("text/plain", "Negative").labelled("hiv".parse()?))?;
//!
//! // Both take the other's card, and read their fingerprints to each other.
//! let to = clinic.contacts().add(&lee.card()?.to_bytes())?;
//! to.verify(&lee.card()?.fingerprint().digits())?;
//! let from = lee.contacts().add(&clinic.card()?.to_bytes())?;
//! from.verify(&clinic.card()?.fingerprint().words())?;
//!
//! // One label is shared; a bundle carries it by any courier.
//! chart.share(&to, &Grant::read().label(Label::general()))?;
//! let applied = lee.import(&chart.export(&to, Cursor::START)?)?;
//! let copy = lee.chart(&applied.chart)?;
//! assert_eq!(copy.get(&id)?.content(), b"Blood pressure 120/80");
//! assert_eq!(copy.get(&hiv).unwrap_err(), Error::UnknownEntry);
//!
//! // The share is taken back: what is written from now on is sealed with other keys.
//! chart.revoke(&to)?;
//! lee.import(&chart.export(&to, applied.next)?)?;
//! assert_eq!(copy.get(&id).unwrap_err(), Error::GrantEnded);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Calls block. In async code, use the runtime's way to run blocking work, such as `spawn_blocking`.
//!
//! Beside the everyday API there are [`store`], for backends, and [`expert`], for applications that keep sealed bytes in
//! tables of their own. What every byte means stands in `docs/FORMAT.md`.

#![cfg_attr(test, allow(clippy::pedantic, clippy::arithmetic_side_effects, reason = "tests read better as they are"))]

mod blob;
mod codec;
pub mod codes;
mod crypto;
mod envelope;
mod error;
mod index;
mod keys;
mod log;
mod record;
pub mod store;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod vault;

pub use codec::{ChartId, ContactId, DeviceId, EntryId, GrantId, IdError, VaultId, VersionId, WayId};
pub use crypto::{RandomError, Suite};
pub use envelope::Actor;
pub use error::{Error, Incident};
pub use index::{PatientQuery, Query};
pub use keys::{
    Card, CardError, Certificate, ContactStatus, ExternalId, FactorKind, Fingerprint, Grant, Imitated, MemberKind,
    Purpose, Recovery, RecoveryCode, RecoveryCodeError, Rights, Unlock, UnlockError, WayIn,
};
pub use log::{CallbackKeeper, CheckpointKeeper, FileKeeper, InvalidWitness, KeeperError, MemoryKeeper, Witness};
pub use record::{Code, DateError, DateRange, Identifier, Kind, Label, LabelError, Patient, Record, Terms};
pub use store::{MemoryStore, StoreError};
#[cfg(feature = "sqlite")]
pub use store::{SqliteOptions, SqliteStore};
#[cfg(feature = "directory")]
pub use vault::Outcomes;
pub use vault::{
    Acceptance, Applied, Attachment, Audit, AuditEvent, AuditReport, Author, Batch, Chart, Clock, Contact, Contacts,
    ContentReceiver, Cursor, Device, Doubt, Due, Entry, EventKind, EventSink, FileInfo, FileReader, FileWriter,
    Finding, Fork, Found, Freshness, Known, Matches, Message, NotHere, Posted, Preview, Quarantined, Reaction, Receipt,
    Receipts, Report, Retired, Revision, Scope, SealedContent, Share, Standing, SystemClock, Thread, ThreadInfo,
    UnverifiedMessage, Vault, VaultOptions, open_preview,
};

/// What the document for services says compiles, and runs.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../docs/START-SERVICE.md")]
struct StartService;

/// Keys and sealed bytes without a store: the lower floor, for an application with a database of its own.
///
/// What it cannot give, because it sees one entry at a time: search, freshness, an audit of reads, handling of conflicts.
pub mod expert {
    pub use crate::envelope::SealedEntry;
    pub use crate::keys::{ChartKeys, Freshness, OpenedEntry, Unlocked, Wrap};
}
