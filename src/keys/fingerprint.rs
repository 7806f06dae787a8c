//! Fingerprints: what two people read to each other.

use super::card::RootCard;
use crate::crypto::kdf;
use core::fmt;
use subtle::ConstantTimeEq;

/// The fingerprint of a member's root card, as digits or as words. Compare it over a channel that is not the one that
/// brought the card: a phone call, a printed page.
///
/// Displayed as eight groups of five digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Fingerprint([u8; 64]);

/// Digits in a group, and groups.
const DIGITS: usize = 5;
const GROUPS: usize = 8;
/// Bytes of the digest that the words stand for: 12 words carry 128 bits and a checksum.
const WORDS_ENTROPY: usize = 16;

impl Fingerprint {
    /// SHA-512(label("fingerprint") ‖ root card).
    pub(crate) fn of(root: &RootCard) -> Self {
        let mut input = kdf::label("fingerprint");
        input.extend_from_slice(root.bytes());
        Self(kdf::sha512(&input))
    }

    /// Eight groups of five digits.
    pub fn digits(&self) -> String {
        let group = |bytes: &[u8; DIGITS]| {
            let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            format!("{:05}", number.checked_rem(100_000).unwrap_or_default())
        };
        self.0.as_chunks().0.iter().take(GROUPS).map(group).collect::<Vec<_>>().join(" ")
    }

    /// Twelve English words.
    pub fn words(&self) -> String {
        // 16 bytes are always a valid length.
        let entropy = self.0.first_chunk::<WORDS_ENTROPY>();
        let mnemonic = entropy.and_then(|entropy| bip39::Mnemonic::from_entropy(entropy).ok());
        mnemonic.map(|mnemonic| mnemonic.words().collect::<Vec<_>>().join(" ")).unwrap_or_default()
    }

    /// Whether `typed` is this fingerprint in full, as digits or as words. White space, hyphens and case do not matter.
    pub fn matches(&self, typed: &str) -> bool {
        let typed = squeeze(typed);
        let equals = |own: &str| squeeze(own).as_bytes().ct_eq(typed.as_bytes());
        !typed.is_empty() && bool::from(equals(&self.digits()) | equals(&self.words()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digits())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", self.digits())
    }
}

fn squeeze(text: &str) -> String {
    let separator = |c: &char| c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}');
    text.chars().filter(|c| !separator(c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed() -> Fingerprint {
        Fingerprint(core::array::from_fn(|i| u8::try_from(i).unwrap().wrapping_mul(7)))
    }

    /// Worked out apart from this code, from the definition and the BIP 39 word list.
    #[test]
    fn digits_and_words_are_what_the_format_says() {
        assert_eq!(fixed().digits(), "63420 24095 84770 45445 06120 66795 27470 45137");
        assert_eq!(
            fixed().words(),
            "abandon debris luxury debate crawl blush thought trip essence people sudden stadium"
        );
    }

    #[test]
    fn only_the_whole_fingerprint_matches() {
        let own = fixed();
        for good in [own.digits(), own.words(), own.words().to_uppercase(), own.digits().replace(' ', "-\n ")] {
            assert!(own.matches(&good), "{good}");
        }
        let digits = own.digits();
        let bad = [&digits[..digits.len() - 1], &digits[6..], "", " - ", &own.words()[4..], &format!("{digits} 1")];
        for bad in bad {
            assert!(!own.matches(bad), "{bad}");
        }
        let mut other = own.clone();
        other.0[15] ^= 1;
        assert!(!own.matches(&other.digits()) && !own.matches(&other.words()));
    }
}
