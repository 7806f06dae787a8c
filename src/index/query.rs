//! What to find in a chart.

use crate::record::{DateRange, Terms};
use core::fmt;

/// What `find` looks for in a chart: all conditions hold for one version of an entry.
///
/// ```
/// # use ampoule::Query;
/// let query = Query::kind("Observation").code("http://loinc.org", "4548-4");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query {
    pub(super) kind: Option<String>,
    pub(super) codes: Vec<(String, String)>,
    pub(super) dates: Option<DateRange>,
    pub(super) words: Vec<String>,
    pub(super) prefixes: Vec<String>,
    /// A text was asked for that has no word which the index keeps.
    pub(super) nothing: bool,
}

impl Query {
    /// Everything in the chart.
    pub fn all() -> Self {
        Self::default()
    }

    /// What is of this kind: a FHIR resource type, an HL7 v2 message type, as [`Terms::kind`] has it.
    pub fn kind(kind: impl Into<String>) -> Self {
        Self { kind: Some(kind.into()), ..Self::default() }
    }

    /// Has this code of this code system. Asked more than once, all codes must be there.
    #[must_use]
    pub fn code(mut self, system: impl Into<String>, value: impl Into<String>) -> Self {
        self.codes.push((system.into(), value.into()));
        self
    }

    /// Has a date that shares a second with this range. Asked again, the last range counts.
    #[must_use]
    pub fn dates(mut self, range: DateRange) -> Self {
        self.dates = Some(range);
        self
    }

    /// Has all words of `text`, whatever their case and accents. A text with no word of two letters finds nothing.
    #[must_use]
    pub fn words(mut self, text: &str) -> Self {
        let words = Terms::fold(text);
        self.nothing |= words.is_empty();
        self.words.extend(words);
        self
    }

    /// Has, for each word of `text`, a word that begins with it: for a search that follows the typing.
    #[must_use]
    pub fn word_prefix(mut self, text: &str) -> Self {
        let words = Terms::fold(text);
        self.nothing |= words.is_empty();
        self.prefixes.extend(words);
        self
    }
}

/// Shows counts only: what is looked for says something about a patient.
impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind: _, codes, dates: _, words, prefixes, nothing: _ } = self;
        f.debug_struct("Query")
            .field("codes", &codes.len())
            .field("words", &words.len())
            .field("prefixes", &prefixes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_term() {
        let query = Query::kind("Observation")
            .code("http://loinc.org", "4548-4")
            .dates(DateRange::new(86_400, 172_800).unwrap())
            .words("glucose")
            .word_prefix("haem");
        assert_eq!(format!("{query:?}"), "Query { codes: 1, words: 1, prefixes: 1, .. }");
    }
}
