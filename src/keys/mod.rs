//! Keys: who is who, ways in, and what a chart's members hold.

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

pub(crate) use card::RootCard;
pub use card::{Card, CardError, MemberKind};
pub use certificate::{Certificate, ExternalId};
pub(crate) use certificate::{Through, Withdrawals};
pub use chart::{ChartKeys, Freshness, Grant, OpenedEntry, Purpose, Rights, Wrap};
pub(crate) use chart::{ContentKey, Path};
pub use contacts::{ContactStatus, Imitated};
pub(crate) use device::{ClosedDevice, DeviceCard};
pub use fingerprint::Fingerprint;
pub(crate) use identity::Identity;
pub use recovery_code::{RecoveryCode, RecoveryCodeError};
pub use unlock::{FactorKind, Recovery, Unlock, UnlockError, Unlocked, WayIn};
