//! The everyday API of Ampoule for Swift and Kotlin.
//!
//! Each type here is one of the library's, in a form that `UniFFI` carries over the border: handles are objects, what comes
//! out is a record, what goes wrong is a [`VaultError`]. Nothing is decided here. Where the library has a variant or a
//! field more, this crate does not compile until it is mapped.
//!
//! Calls block. The Swift and Kotlin packages move them to threads of their own.

mod audit;
mod chart;
mod checks;
mod contacts;
mod contained;
mod enums;
mod error;
mod files;
mod hooks;
mod ids;
mod notice;
mod piece;
mod progress;
mod records;
mod sharing;
mod text;
mod threads;
mod unlock;
mod vault;

pub use audit::{AuditReportHandle, AuditedLog, Event};
pub use chart::ChartHandle;
pub use checks::{Due, Finding, NotHere, Report};
pub use contacts::{Certificate, ContactHandle, DirectoryId, Fingerprint, Imitated};
pub use error::VaultError;
pub use files::{
    ContentReceiverHandle, FileReaderHandle, FileWriterHandle, NewFile, Preview, SealedContentHandle, WrittenFile,
};
pub use hooks::{CheckpointKeeper, DeviceKey, HookError};
pub use notice::{UnverifiedMessage, open_preview};
pub use piece::PieceHandle;
pub use progress::{CancelToken, ProgressListener};
pub use records::{
    AssertedActor, Entry, FoundEntry, FoundPatient, Matches, NewRecord, PatientIdentifier, PatientInfo, PatientSearch,
    RecordCode, RecordDates, RecordTerms, Search, VersionResult,
};
pub use sharing::{Applied, GrantOptions, Quarantined, Share};
pub use threads::{
    Attachment, Author, MemberReceipt, MessageAttachment, MessageResult, NewMessage, Posted, Reaction, ThreadHandle,
    ThreadInfo, ThreadResult,
};
pub use unlock::{RecoveryCodeHandle, SecondWayHandle, UnlockHandle, new_wrapped_key};
pub use vault::{
    CreatedHandles, DeviceInfo, EndedDevice, StoreHandle, VaultHandle, VaultSettings, WayInfo, create_vault,
};

uniffi::setup_scaffolding!();

/// What is freed is wiped: arguments and results that crossed the border leave no copy behind. Not in the tests of this crate's
/// own modules, so that they see what wipes itself.
#[cfg(not(test))]
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);
