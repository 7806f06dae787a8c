//! What the application implements: the platform's keystore, and a place for checkpoints.

use crate::VaultError;
use std::sync::Arc;

/// A hook of the application failed. What it threw is not passed on: it may hold anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum HookError {
    /// It cannot be reached now.
    #[error("the hook cannot be reached now")]
    Unavailable,
    /// It refused: the person did not unlock the device, or the key is gone.
    #[error("the hook refused")]
    Refused,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for HookError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable
    }
}

/// The platform's keystore: wraps 32 bytes with a key that never leaves it, and unwraps them.
///
/// It must not be the only way in. Keystores lose keys: when the screen lock is removed, on a new phone, by faults of the
/// system. It is called within a call, so it must not use the vault, nor wait for a task or coroutine.
#[uniffi::export(with_foreign)]
pub trait DeviceKey: Send + Sync {
    /// Encrypts 32 bytes, authenticated. What it returns may be kept anywhere.
    fn wrap(&self, key: Vec<u8>) -> Result<Vec<u8>, HookError>;

    /// Gives back what was wrapped.
    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, HookError>;
}

/// Keeps the newest checkpoint of one vault away from its store: some kilobytes, signed, not secret. It is called within a call, so
/// it must not use the vault, nor wait for a task or coroutine.
#[uniffi::export(with_foreign)]
pub trait CheckpointKeeper: Send + Sync {
    /// What was last saved; nothing if nothing ever was.
    fn load(&self) -> Result<Option<Vec<u8>>, HookError>;

    /// Keeps this from now on. When it returns, a crash does not undo it.
    fn save(&self, checkpoint: Vec<u8>) -> Result<(), HookError>;
}

/// The application's keeper as one of the library's.
pub(crate) struct Keeper(pub(crate) Arc<dyn CheckpointKeeper>);

impl ampoule::CheckpointKeeper for Keeper {
    fn load(&self) -> Result<Option<Vec<u8>>, ampoule::KeeperError> {
        self.0.load().map_err(|_| ampoule::KeeperError::Unavailable)
    }

    fn save(&self, checkpoint: &[u8]) -> Result<(), ampoule::KeeperError> {
        self.0.save(checkpoint.to_vec()).map_err(|_| ampoule::KeeperError::Unavailable)
    }
}

impl From<HookError> for VaultError {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Unavailable | HookError::Refused => Self::keystore_failed(),
        }
    }
}
