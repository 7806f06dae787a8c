//! What a record is found by.

use super::DateRange;
use core::fmt;

/// A code in a code system, such as LOINC 4548-4: `http://loinc.org`, `4548-4`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Code {
    /// URI of the code system; empty where none is given.
    #[n(0)]
    pub system: String,
    /// The code in that system.
    #[n(1)]
    pub value: String,
}

/// Terms of one record. Sealed with it, and kept in the chart's sealed index.
///
/// More than [`Terms::MAX_CODES`], [`Terms::MAX_DATES`] or [`Terms::MAX_WORDS`] are refused by `put`.
#[derive(Clone, Default, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Terms {
    /// What the record is: a FHIR resource type, an HL7 v2 message type. Empty where unknown.
    #[n(0)]
    pub kind: String,
    /// Codes in the order in which they stand.
    #[n(1)]
    pub codes: Vec<Code>,
    /// When it happened.
    #[n(2)]
    pub dates: Vec<DateRange>,
    /// Words of its text, folded by [`Terms::fold`].
    #[n(3)]
    pub words: Vec<String>,
}

impl Terms {
    /// Most codes of a record.
    pub const MAX_CODES: usize = 256;
    /// Most dates of a record.
    pub const MAX_DATES: usize = 64;
    /// Most words of a record.
    pub const MAX_WORDS: usize = 1024;
    /// Longest kind, word, code system or code, in bytes.
    pub const MAX_TERM_LEN: usize = 256;

    /// Whether the terms are few and short enough to be kept.
    pub fn is_within_bounds(&self) -> bool {
        let Self { kind, codes, dates, words } = self;
        let short = |text: &String| text.len() <= Self::MAX_TERM_LEN;
        codes.len() <= Self::MAX_CODES
            && dates.len() <= Self::MAX_DATES
            && words.len() <= Self::MAX_WORDS
            && short(kind)
            && words.iter().all(short)
            && codes.iter().all(|code| short(&code.system) && short(&code.value))
    }

    /// Splits text into words as the index keeps them: NFKD without marks, lower case, at least two characters, each once.
    pub fn fold(text: &str) -> Vec<String> {
        let mut words = Self::folded(text);
        words.retain(|word| word.chars().nth(1).is_some() && word.len() <= 64);
        words.sort_unstable();
        words.dedup();
        words
    }

    /// The folded words of a name, in order: also those of one character, which may be a whole name.
    pub(crate) fn folded(text: &str) -> Vec<String> {
        use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
        // What is ASCII is in that form already.
        let plain: String = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
        };
        let words = plain.split(|c: char| !c.is_alphanumeric());
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }
}

/// Shows nothing: a code is a diagnosis.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { system: _, value: _ } = self;
        f.debug_struct("Code").finish_non_exhaustive()
    }
}

/// Shows counts only: terms are a patient's.
impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind: _, codes, dates, words } = self;
        f.debug_struct("Terms")
            .field("codes", &codes.len())
            .field("dates", &dates.len())
            .field("words", &words.len())
            .finish_non_exhaustive()
    }
}

/// Terms that a record, its version and its row in the index share, encoded as terms.
pub(crate) mod shared {
    use super::Terms;
    use minicbor::{
        Decode as _, Decoder, Encode as _, Encoder, decode::Error, encode::Error as EncodeError, encode::Write,
    };
    use std::sync::Arc;

    pub(crate) fn encode<C, W: Write>(
        terms: &Arc<Terms>,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        terms.as_ref().encode(e, ctx)
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Arc<Terms>, Error> {
        Terms::decode(d, ctx).map(Arc::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_meets_across_accents_and_case() {
        assert_eq!(Terms::fold("Müller-LÜDENSCHEIDT, café"), ["cafe", "ludenscheidt", "muller"]);
        assert_eq!(Terms::fold("ﬁbrosis fibrosis"), ["fibrosis"]);
        assert!(Terms::fold("a b c ,, ").is_empty());
    }
}
