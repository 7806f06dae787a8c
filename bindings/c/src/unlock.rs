//! What opens a vault.

use crate::memory::{Out, array, text};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::{RecoveryCode, Unlock};
use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// A way into a vault: one factor, or several that are required together. It holds copies of what it was given, which are
/// wiped when it is closed. Any thread.
pub struct ampoule_unlock(Mutex<Vec<Factor>>);

enum Factor {
    /// 32 bytes, on the heap: an array would leave copies on the stack, wherever it was moved.
    DeviceKey(Zeroizing<Vec<u8>>),
    Passphrase(Zeroizing<String>, Option<(u32, u32, u32)>),
    RecoveryCode(RecoveryCode),
}

impl Factor {
    fn way(&self) -> Result<Unlock, ampoule_status> {
        Ok(match self {
            Self::DeviceKey(key) => {
                Unlock::device_key(key.as_slice().try_into().map_err(|_| ampoule_status::InvalidLength)?)
            }
            Self::Passphrase(text, None) => Unlock::passphrase(text),
            Self::Passphrase(text, Some((memory_kib, passes, lanes))) => {
                Unlock::passphrase(text).passphrase_cost(*memory_kib, *passes, *lanes)?
            }
            Self::RecoveryCode(code) => Unlock::recovery_code(code),
        })
    }
}

impl ampoule_unlock {
    /// All factors together.
    pub(crate) fn way(&self) -> Result<Unlock, ampoule_status> {
        let factors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ways = factors.iter().map(Factor::way);
        let first = ways.next().ok_or(ampoule_status::InvalidValue)??;
        ways.try_fold(first, |all, next| Ok(all.and(next?)))
    }

    fn add(&self, factor: Factor) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(factor);
    }
}

/// A way in without a factor yet, which opens nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_unlock_new(unlock: *mut *mut ampoule_unlock) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(unlock)?;
        out.write(handles::open(ampoule_unlock(Mutex::default()))?);
        Ok(())
    })
}

/// Requires 32 random bytes that the platform's keystore holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_unlock_add_device_key(
    unlock: *const ampoule_unlock,
    key: *const u8,
    key_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let key = array::<32>(key, key_len)?;
        handles::get(unlock)?.add(Factor::DeviceKey(Zeroizing::new(key.to_vec())));
        Ok(())
    })
}

/// Requires a passphrase. A weak one is refused when a vault is created or the way is added. The caller wipes its own copy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_unlock_add_passphrase(
    unlock: *const ampoule_unlock,
    passphrase: *const c_char,
    passphrase_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let passphrase = Zeroizing::new(text(passphrase, passphrase_len)?.to_owned());
        handles::get(unlock)?.add(Factor::Passphrase(passphrase, None));
        Ok(())
    })
}

/// Requires a recovery code: its 24 words as they were typed, in whatever case, spacing and numbering.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_unlock_add_recovery_words(
    unlock: *const ampoule_unlock,
    words: *const c_char,
    words_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let code = RecoveryCode::from_words(text(words, words_len)?)?;
        handles::get(unlock)?.add(Factor::RecoveryCode(code));
        Ok(())
    })
}

/// Costs of Argon2id for the passphrase of this way, when it is added to a vault: memory in KiB, passes, lanes. Opening uses
/// the costs that the vault names. The defaults are 65536, 3, 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_unlock_set_passphrase_cost(
    unlock: *const ampoule_unlock,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
) -> ampoule_status {
    boundary::call(|| {
        let unlock = handles::get(unlock)?;
        Unlock::passphrase("").passphrase_cost(memory_kib, passes, lanes)?;
        for factor in unlock.0.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            if let Factor::Passphrase(_, cost) = factor {
                *cost = Some((memory_kib, passes, lanes));
            }
        }
        Ok(())
    })
}
