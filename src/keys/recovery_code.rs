//! Recovery codes: a way in that is printed and put away.

use crate::crypto::{RandomError, Secret, role};
use bip39::{Language, Mnemonic};
use core::fmt;
use zeroize::Zeroizing;

/// Words of a code.
const WORDS: usize = 24;
/// Words in a printed line.
const WORDS_IN_LINE: usize = 4;

/// 32 random bytes that open a vault, written as 24 English words (BIP 39) of which the last carries a checksum.
///
/// Whoever has the words has the vault. Show them once, have them written down, and drop this value.
pub struct RecoveryCode(Secret<role::RecoveryFactor>);

impl RecoveryCode {
    /// The words, four in a line, to be shown or printed. The text is wiped when it is dropped.
    pub fn to_words(&self) -> Zeroizing<String> {
        // 32 bytes are always a valid length.
        let Ok(mnemonic) = Mnemonic::from_entropy(self.0.expose()) else { return Zeroizing::default() };
        // The longest word of the list has eight letters: so the text never grows, and leaves no copy behind.
        let mut text = Zeroizing::new(String::with_capacity(WORDS.saturating_mul(9)));
        for (number, word) in mnemonic.words().enumerate() {
            match number.checked_rem(WORDS_IN_LINE) {
                _ if number == 0 => {}
                Some(0) => text.push('\n'),
                _ => text.push(' '),
            }
            text.push_str(word);
        }
        text
    }

    /// Reads the words. Case, white space, punctuation and numbering do not matter.
    pub fn from_words(typed: &str) -> Result<Self, RecoveryCodeError> {
        let mut words = Zeroizing::new(String::with_capacity(typed.len()));
        for word in typed.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
            if !words.is_empty() {
                words.push(' ');
            }
            word.chars().for_each(|c| words.push(c.to_ascii_lowercase()));
        }
        if words.split(' ').count() != WORDS {
            return Err(RecoveryCodeError::WordCount);
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &words).map_err(|error| match error {
            bip39::Error::UnknownWord(index) => RecoveryCodeError::UnknownWord { position: index.saturating_add(1) },
            _ => RecoveryCodeError::Checksum,
        })?;
        let (entropy, len) = mnemonic.to_entropy_array();
        let entropy = Zeroizing::new(entropy);
        let secret = entropy.get(..len).and_then(|bytes| Secret::from_slice(bytes).ok());
        secret.map(Self).ok_or(RecoveryCodeError::Checksum)
    }

    /// Draws a fresh code.
    pub(crate) fn generate() -> Result<Self, RandomError> {
        Secret::generate().map(Self)
    }

    pub(crate) fn factor(&self) -> Secret<role::RecoveryFactor> {
        self.0.duplicate()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("RecoveryCode(..)")
    }
}

/// Text that is no recovery code. Never says what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum RecoveryCodeError {
    /// Not 24 words.
    #[error("a recovery code has 24 words; type all of them")]
    WordCount,
    /// A word that is not in the list.
    #[error("word {position} is not a word of a recovery code; check its spelling")]
    UnknownWord {
        /// The word's place, from 1 to 24.
        position: usize,
    },
    /// All are words of the list, but they do not belong together.
    #[error("the words do not belong together; check that none is wrong or out of order")]
    Checksum,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_however_they_are_typed() {
        let code = RecoveryCode::generate().unwrap();
        let words = code.to_words();
        assert_eq!(words.lines().count(), 6);
        let numbered = words.replace(' ', ", 2. ");
        for typed in [words.to_string(), words.to_uppercase(), words.replace(['\n', ' '], " \t-\r\n"), numbered] {
            assert_eq!(RecoveryCode::from_words(&typed).unwrap().0, code.0);
        }
    }

    /// The vector of BIP 39 for 32 bytes of 0x7f.
    #[test]
    fn words_are_those_of_bip_39() {
        let code = RecoveryCode(Secret::from_slice(&[0x7F; 32]).unwrap());
        let expected = format!("{}title", "legal winner thank year wave sausage worth useful ".repeat(3))
            .replace("useful title", "title");
        assert_eq!(code.to_words().replace('\n', " "), expected);
    }

    #[test]
    fn errors_say_where_and_not_what() {
        let words = RecoveryCode(Secret::from_slice(&[0x7F; 32]).unwrap()).to_words();
        let parse = |text: &str| RecoveryCode::from_words(text).err();
        assert_eq!(parse(""), Some(RecoveryCodeError::WordCount));
        assert_eq!(parse(&words.replacen("legal", "", 1)), Some(RecoveryCodeError::WordCount));
        assert_eq!(parse(&words.replacen("thank", "thsnk", 1)), Some(RecoveryCodeError::UnknownWord { position: 3 }));
        assert_eq!(parse(&words.replacen("legal winner", "winner legal", 1)), Some(RecoveryCodeError::Checksum));
        assert_eq!(RecoveryCodeError::UnknownWord { position: 3 }.to_string().matches("thsnk").count(), 0);
    }

    #[test]
    fn debug_shows_nothing() {
        let code = RecoveryCode(Secret::from_slice(&[0x7F; 32]).unwrap());
        assert_eq!(format!("{code:?}"), "RecoveryCode(..)");
    }
}
