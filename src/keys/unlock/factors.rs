//! What a person or a device brings to open a vault.

use super::UnlockError;
use crate::crypto::{Secret, kdf, password, password::Cost, role};
use crate::keys::recovery_code::{RecoveryCode, RecoveryCodeError};
use core::fmt;
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A way into a vault: one factor, or several that are required together.
///
/// ```
/// # use ampoule::Unlock;
/// let from_keystore = [7; 32];
/// let both = Unlock::device_key(&from_keystore).and(Unlock::passphrase("ruby mango 47 tractor"));
/// ```
#[derive(Debug)]
pub struct Unlock {
    /// In ascending order of their kinds.
    factors: Vec<Factor>,
}

impl Unlock {
    /// 32 random bytes that the platform's keystore holds.
    pub fn device_key(key: &[u8; 32]) -> Self {
        // 32 bytes always make a secret.
        Self { factors: Secret::from_slice(key).map(Factor::DeviceKey).into_iter().collect() }
    }

    /// A passphrase. A weak one is refused when a vault is created or the way is added.
    pub fn passphrase(passphrase: &str) -> Self {
        Self { factors: vec![Factor::Passphrase { text: normalize(passphrase), cost: Cost::FLOOR }] }
    }

    /// A recovery code.
    pub fn recovery_code(code: &RecoveryCode) -> Self {
        Self { factors: vec![Factor::RecoveryCode(code.factor())] }
    }

    /// The words of a recovery code, as they were typed.
    pub fn recovery_words(words: &str) -> Result<Self, RecoveryCodeError> {
        RecoveryCode::from_words(words).map(|code| Self::recovery_code(&code))
    }

    /// Requires both: neither opens the vault alone.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.factors.extend(other.factors);
        self.factors.sort_by_key(Factor::number);
        self
    }

    /// Costs of Argon2id for a passphrase of this way, when it is added: memory in KiB, passes, lanes. Opening uses the
    /// costs that the vault names.
    pub fn passphrase_cost(mut self, memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, UnlockError> {
        let chosen = Cost { memory_kib, passes, lanes };
        if !chosen.is_allowed() {
            return Err(UnlockError::Cost);
        }
        for factor in &mut self.factors {
            if let Factor::Passphrase { cost, .. } = factor {
                *cost = chosen;
            }
        }
        Ok(self)
    }

    /// The numbers of its factors, in ascending order.
    pub(super) fn numbers(&self) -> Result<Vec<u8>, UnlockError> {
        let numbers: Vec<u8> = self.factors.iter().map(Factor::number).collect();
        if numbers.is_sorted_by(|a, b| a < b) { Ok(numbers) } else { Err(UnlockError::DuplicateFactor) }
    }

    /// Costs for a new slot, where a passphrase is among the factors.
    pub(super) fn cost(&self) -> Option<Cost> {
        self.factors.iter().find_map(|factor| match factor {
            Factor::Passphrase { cost, .. } => Some(*cost),
            _ => None,
        })
    }

    /// Refuses a passphrase that can be guessed, knowing the member's name.
    pub(super) fn require_strong(&self, name: &str) -> Result<(), UnlockError> {
        let known: Vec<&str> = core::iter::once(name).chain(name.split_whitespace()).collect();
        let strong = |factor: &Factor| match factor {
            Factor::Passphrase { text, .. } => zxcvbn::zxcvbn(text, &known).score() >= zxcvbn::Score::Three,
            Factor::DeviceKey(_) | Factor::RecoveryCode(_) => true,
        };
        if self.factors.iter().all(strong) { Ok(()) } else { Err(UnlockError::WeakPassphrase) }
    }

    /// Whether `other` works without at least one of these factors.
    pub(super) fn is_independent(&self, other: &Self) -> bool {
        !self.factors.iter().all(|factor| other.factors.iter().any(|theirs| factor.same(theirs)))
    }

    /// lp(number ‖ factor) of all factors, in order: the key material of a slot. `argon2` are salt and costs of the slot.
    pub(super) fn material(&self, argon2: Option<(&[u8; 16], Cost)>) -> Option<Zeroizing<Vec<u8>>> {
        const LEN: usize = 33;
        let mut out = Zeroizing::new(Vec::with_capacity(self.factors.len().checked_mul(LEN.checked_add(4)?)?));
        for factor in &self.factors {
            let mut numbered = Zeroizing::new([0; LEN]);
            let (number, bytes) = numbered.split_first_mut()?;
            *number = factor.number();
            match factor {
                Factor::DeviceKey(key) => bytes.copy_from_slice(key.expose()),
                Factor::RecoveryCode(code) => bytes.copy_from_slice(code.expose()),
                Factor::Passphrase { text, .. } => {
                    let (salt, cost) = argon2?;
                    bytes.copy_from_slice(password::argon2id(cost, salt, text.as_bytes()).ok()?.expose());
                }
            }
            kdf::lp(&mut out, &numbered[..]);
        }
        Some(out)
    }
}

/// The second way into a vault, asked for when it is created: so nobody locks himself out by accident.
#[derive(Debug)]
pub struct Recovery(pub(super) Second);

#[derive(Debug)]
pub(super) enum Second {
    Code,
    Also(Unlock),
    None,
}

impl Recovery {
    /// Draws a recovery code, which is returned once, to be printed.
    pub fn code() -> Self {
        Self(Second::Code)
    }

    /// Another way in, which works without the first.
    pub fn also(unlock: Unlock) -> Self {
        Self(Second::Also(unlock))
    }

    /// No second way. When the only way in is lost, all data is.
    pub fn none_data_will_be_lost() -> Self {
        Self(Second::None)
    }
}

/// Kinds of factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum FactorKind {
    /// 32 bytes from a platform keystore.
    DeviceKey,
    /// A passphrase.
    Passphrase,
    /// A recovery code.
    RecoveryCode,
    /// A kind that a newer version added.
    Newer,
}

impl FactorKind {
    pub(super) fn from_number(number: u8) -> Self {
        match number {
            1 => Self::DeviceKey,
            PASSPHRASE => Self::Passphrase,
            3 => Self::RecoveryCode,
            _ => Self::Newer,
        }
    }
}

/// Number of the passphrase among the kinds of factors.
pub(super) const PASSPHRASE: u8 = 2;

enum Factor {
    DeviceKey(Secret<role::DeviceFactor>),
    Passphrase { text: Zeroizing<String>, cost: Cost },
    RecoveryCode(Secret<role::RecoveryFactor>),
}

impl Factor {
    fn number(&self) -> u8 {
        match self {
            Self::DeviceKey(_) => 1,
            Self::Passphrase { .. } => PASSPHRASE,
            Self::RecoveryCode(_) => 3,
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::DeviceKey(a), Self::DeviceKey(b)) => a == b,
            (Self::Passphrase { text: a, .. }, Self::Passphrase { text: b, .. }) => {
                a.as_bytes().ct_eq(b.as_bytes()).into()
            }
            (Self::RecoveryCode(a), Self::RecoveryCode(b)) => a == b,
            _ => false,
        }
    }
}

impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DeviceKey(_) => "DeviceKey(..)",
            Self::Passphrase { text: _, cost: _ } => "Passphrase(..)",
            Self::RecoveryCode(_) => "RecoveryCode(..)",
        })
    }
}

/// NFKC: one passphrase, typed on keyboards of different systems, gives the same bytes.
fn normalize(passphrase: &str) -> Zeroizing<String> {
    let len = passphrase.nfkc().map(char::len_utf8).fold(0, usize::saturating_add);
    // As long as it will be, so that it does not move while it grows.
    let mut text = Zeroizing::new(String::with_capacity(len));
    text.extend(passphrase.nfkc());
    text
}
