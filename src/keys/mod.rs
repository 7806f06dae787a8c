//! Keys: who is who, ways in, and what a chart's members hold.

mod card;
#[allow(dead_code, unused_imports, reason = "the rules come before the vault that follows them")]
pub(crate) mod chart;
pub(crate) mod contacts;
mod fingerprint;
mod identity;
mod recovery_code;
mod unlock;

pub use card::{Card, CardError, MemberKind};
pub(crate) use card::{DeviceCard, RootCard};
pub use chart::{ChartKeys, Freshness, Grant, OpenedEntry, Purpose, Rights, Wrap};
pub(crate) use chart::{ContentKey, Path};
pub use contacts::{ContactStatus, Imitated};
pub use fingerprint::Fingerprint;
pub(crate) use identity::Identity;
pub use recovery_code::{RecoveryCode, RecoveryCodeError};
pub use unlock::{FactorKind, Recovery, Unlock, UnlockError, Unlocked, WayIn};
