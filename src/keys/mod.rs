//! Keys: who is who, ways in, and what a chart's members hold.

mod audit_file;
mod card;
mod certificate;
#[allow(dead_code, unused_imports, reason = "the rules come before the vault that follows them")]
pub(crate) mod chart;
pub(crate) mod contacts;
mod device;
mod fingerprint;
mod identity;
mod recovery_code;
mod unlock;

pub(crate) use audit_file::AuditFile;
pub use card::{Card, CardError, MemberKind};
pub(crate) use card::{RootCard, card_hash};
pub use certificate::{Certificate, ExternalId};
pub(crate) use certificate::{Through, Withdrawals};
pub use chart::{ChartKeys, Freshness, Grant, OpenedEntry, Purpose, Rights, Wrap};
pub(crate) use chart::{ContentKey, Path};
pub use contacts::{ContactStatus, Imitated};
#[cfg(test)]
pub(crate) use device::Ending;
pub(crate) use device::{ClosedDevice, Closings, DeviceCard, LogEnd};
pub use fingerprint::Fingerprint;
pub(crate) use identity::Identity;
pub use recovery_code::{RecoveryCode, RecoveryCodeError};
pub(crate) use unlock::Formats;
pub use unlock::{FactorKind, Recovery, Unlock, UnlockError, Unlocked, WayIn};
