//! Ways into a vault.
//!
//! ```text
//!  factors of a way in ── slot secret ── slot key pair ─┐ opens
//!                                                        ▼
//!  row in the store:  slots (clear) ── vault key ─┬─ identity key ── sealed state: identity, signed list of slots
//!                                                 └─ keyring key  ── keyring, contacts, directory
//! ```
//!
//! A member's root is shared by his devices. The secrets of a device are sealed to the slots of that device, inside the
//! state: who holds the vault key by another device's way in cannot sign in this one's name.
//!
//! A slot's public key is kept inside the sealed state only. So the vault key can turn without the factors of the ways
//! that stay, and a store cannot seal a vault key of its own to anybody's slot.

mod factors;
mod formats;
mod slot;
mod state;
mod unlocked;

pub use factors::{FactorKind, Recovery, Unlock};
pub(crate) use formats::Formats;
pub use unlocked::{Unlocked, WayIn};

use super::{card::CardError, recovery_code::RecoveryCodeError};
use crate::crypto::{Failed, RandomError, seal::SealError};

/// Why a vault did not open, or a way in was not added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum UnlockError {
    /// A factor is wrong or damaged, or the vault's state is. Which one is not told.
    #[error("the vault does not open this way; check what was given, or use another way in")]
    UnlockFailed,
    /// Written by a newer version.
    #[error("the vault was written by a newer version, or its devices agreed on a newer format; update this software")]
    NewerFormat,
    /// A passphrase that would be guessed.
    #[error("the passphrase is too easy to guess; choose a longer one of several unrelated words")]
    WeakPassphrase,
    /// A cost that the reader would refuse.
    #[error("the passphrase cost is outside 64 to 256 MiB, 3 to 10 passes, 1 to 4 lanes; choose one within")]
    Cost,
    /// Two factors of one kind in one way in.
    #[error("a way in takes each kind of factor once; add the second as another way in")]
    DuplicateFactor,
    /// The second way in needs everything that the first needs.
    #[error("the second way in is lost together with the first; choose one that works without it")]
    SecondWayMissing,
    /// The last way in cannot be removed.
    #[error("this is the last way in; add another before removing it")]
    LastWay,
    /// No such way in.
    #[error("the vault has no such way in; list the ways in again")]
    UnknownSlot,
    /// The last way in of a device cannot be removed from it.
    #[error("this is the last way in of its device; retire the device instead")]
    LastWayOfDevice,
    /// A device does not retire itself.
    #[error("this is the device in use; retire it from another one, or renew it")]
    OwnDevice,
    /// No such device in use.
    #[error("the vault has no such device in use; list the devices again")]
    UnknownDevice,
    /// The vault's format is not raised while a device in use does not read the new one.
    #[error(
        "not all devices in use read this format; list those with `left_behind`, update or retire them, and try again"
    )]
    LeftBehind,
    /// No more ways in fit.
    #[error("the vault has as many ways in as it can; remove one first")]
    TooManyWays,
    /// The member's name or keys make no card.
    #[error(transparent)]
    Card(CardError),
    /// The words are no recovery code.
    #[error(transparent)]
    RecoveryCode(#[from] RecoveryCodeError),
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl From<Failed> for UnlockError {
    fn from(_: Failed) -> Self {
        Self::UnlockFailed
    }
}

impl From<SealError> for UnlockError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Failed => Self::UnlockFailed,
            SealError::Random => Self::Random(RandomError),
        }
    }
}

impl From<CardError> for UnlockError {
    fn from(error: CardError) -> Self {
        match error {
            CardError::Random(error) => Self::Random(error),
            other => Self::Card(other),
        }
    }
}

#[cfg(test)]
mod tests;
