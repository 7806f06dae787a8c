//! Ways in. A secret comes by `&[u8]`, which is not copied at the border; keys stay behind handles.

use crate::text::text;
use crate::{DeviceKey, VaultError};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// A way into a vault: one factor, or several that are required together.
#[derive(Debug, uniffi::Object)]
pub struct UnlockHandle(Mutex<Vec<Factor>>);

#[derive(Clone)]
enum Factor {
    /// On the heap: an array would leave copies on the stack, wherever it was moved.
    DeviceKey(Zeroizing<Vec<u8>>),
    Passphrase(Zeroizing<String>),
    RecoveryWords(Zeroizing<String>),
}

/// Length of a device key, in bytes.
const KEY_LEN: usize = 32;

/// Draws 32 random bytes and has them wrapped by the platform's keystore. Keep what is returned beside the store: it is of
/// no use without the keystore, and [`UnlockHandle`] takes it each time.
#[uniffi::export]
pub fn new_wrapped_key(keystore: Arc<dyn DeviceKey>) -> Result<Vec<u8>, VaultError> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    getrandom::fill(&mut key[..]).map_err(|_| ampoule::Error::from(ampoule::RandomError))?;
    Ok(keystore.wrap(key.to_vec())?)
}

fn array(key: &[u8]) -> Result<&[u8; KEY_LEN], VaultError> {
    key.try_into().map_err(|_| VaultError::invalid_key())
}

#[uniffi::export]
impl UnlockHandle {
    /// The key that [`new_wrapped_key`] made, unwrapped by the platform's keystore.
    #[uniffi::constructor]
    pub fn keystore(keystore: Arc<dyn DeviceKey>, wrapped: Vec<u8>) -> Result<Arc<Self>, VaultError> {
        Self::device_key(&Zeroizing::new(keystore.unwrap(wrapped)?))
    }

    /// 32 random bytes that the platform's keystore holds.
    #[uniffi::constructor]
    pub fn device_key(key: &[u8]) -> Result<Arc<Self>, VaultError> {
        array(key)?;
        Ok(Self::of(Factor::DeviceKey(Zeroizing::new(key.to_vec()))))
    }

    /// A passphrase, in UTF-8. A weak one is refused when a vault is created or the way is added.
    #[uniffi::constructor]
    pub fn passphrase(passphrase: &[u8]) -> Result<Arc<Self>, VaultError> {
        Ok(Self::of(Factor::Passphrase(Zeroizing::new(text(passphrase)?.to_owned()))))
    }

    /// The 24 words of a recovery code, in UTF-8, as they were typed.
    #[uniffi::constructor]
    pub fn recovery_words(words: &[u8]) -> Result<Arc<Self>, VaultError> {
        let words = text(words)?;
        ampoule::Unlock::recovery_words(words)?;
        Ok(Self::of(Factor::RecoveryWords(Zeroizing::new(words.to_owned()))))
    }

    /// Requires both: neither opens the vault alone.
    pub fn and(&self, other: Arc<Self>) -> Arc<Self> {
        Arc::new(Self(Mutex::new([self.factors(), other.factors()].concat())))
    }

    /// Wipes what it holds. It opens nothing any more; a vault that is open stays so.
    pub fn wipe(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl UnlockHandle {
    fn of(factor: Factor) -> Arc<Self> {
        Arc::new(Self(Mutex::new(vec![factor])))
    }

    fn factors(&self) -> Vec<Factor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hands over the device key that it is; any other way in is none.
    pub(crate) fn with_device_key<T>(
        &self,
        work: impl FnOnce(&[u8; KEY_LEN]) -> Result<T, ampoule::Error>,
    ) -> Result<T, VaultError> {
        let factors = self.factors();
        match &factors[..] {
            [] => Err(VaultError::finished()),
            [Factor::DeviceKey(key)] => Ok(work(array(key)?)?),
            _ => Err(VaultError::invalid_key()),
        }
    }

    /// As the library takes it.
    pub(crate) fn open(&self) -> Result<ampoule::Unlock, VaultError> {
        let mut all: Option<ampoule::Unlock> = None;
        for factor in self.factors() {
            let one = match &factor {
                Factor::DeviceKey(key) => ampoule::Unlock::device_key(array(key)?),
                Factor::Passphrase(passphrase) => ampoule::Unlock::passphrase(passphrase),
                Factor::RecoveryWords(words) => ampoule::Unlock::recovery_words(words)?,
            };
            all = Some(match all {
                Some(others) => others.and(one),
                None => one,
            });
        }
        all.ok_or_else(VaultError::finished)
    }
}

impl std::fmt::Debug for Factor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::DeviceKey(_) => "DeviceKey(..)",
            Self::Passphrase(_) => "Passphrase(..)",
            Self::RecoveryWords(_) => "RecoveryWords(..)",
        })
    }
}

/// The second way into a new vault: so nobody locks himself out by accident.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum SecondWayHandle {
    /// A recovery code is drawn and returned once, to be printed.
    RecoveryCode,
    /// Another way in, which works without the first.
    Also {
        /// The way.
        unlock: Arc<UnlockHandle>,
    },
    /// No second way. When the only way in is lost, all data is.
    NoneDataWillBeLost,
}

impl SecondWayHandle {
    pub(crate) fn open(&self) -> Result<ampoule::Recovery, VaultError> {
        Ok(match self {
            Self::RecoveryCode => ampoule::Recovery::code(),
            Self::Also { unlock } => ampoule::Recovery::also(unlock.open()?),
            Self::NoneDataWillBeLost => ampoule::Recovery::none_data_will_be_lost(),
        })
    }
}

/// 32 random bytes that open a vault, written as 24 English words. Whoever has the words has the vault.
#[derive(Debug, uniffi::Object)]
pub struct RecoveryCodeHandle(ampoule::RecoveryCode);

#[uniffi::export]
impl RecoveryCodeHandle {
    /// The words in ASCII, four in a line, to be shown or printed once. Wipe the bytes after that.
    pub fn words(&self) -> Vec<u8> {
        self.0.to_words().as_bytes().to_vec()
    }
}

impl From<ampoule::RecoveryCode> for RecoveryCodeHandle {
    fn from(code: ampoule::RecoveryCode) -> Self {
        Self(code)
    }
}
