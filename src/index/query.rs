//! What to find in a chart, and which patient to find.

use crate::record::{DateRange, Patient, Terms};
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

/// What `find_patient` looks for: all conditions hold for one patient.
///
/// ```
/// # use ampoule::PatientQuery;
/// let query = PatientQuery::name("mull j").birth_date("1970-05-03");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PatientQuery {
    pub(super) words: Vec<String>,
    /// System, where it matters, and value.
    pub(super) identifier: Option<(Option<String>, String)>,
    birth_date: Option<String>,
    /// A name was asked for that has no letter.
    nothing: bool,
}

impl PatientQuery {
    /// Every patient.
    pub fn all() -> Self {
        Self::default()
    }

    /// Each word of `text`, whatever its case and accents, begins a word of the patient's names.
    pub fn name(text: &str) -> Self {
        let words: Vec<String> = Terms::folded(text);
        Self { nothing: words.is_empty(), words, ..Self::default() }
    }

    /// Has this identifier in this namespace.
    pub fn identifier(system: impl Into<String>, value: impl Into<String>) -> Self {
        Self { identifier: Some((Some(system.into()), value.into())), ..Self::default() }
    }

    /// Has this identifier in whatever namespace.
    pub fn any_identifier(value: impl Into<String>) -> Self {
        Self { identifier: Some((None, value.into())), ..Self::default() }
    }

    /// Was born on this `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, as far as this and the patient's date both say.
    #[must_use]
    pub fn birth_date(mut self, date: impl Into<String>) -> Self {
        self.birth_date = Some(date.into());
        self
    }

    pub(super) fn fits(&self, patient: &Patient) -> bool {
        let words: Vec<String> = if self.words.is_empty() {
            Vec::new()
        } else {
            patient.names.iter().flat_map(|name| Terms::folded(name)).collect()
        };
        !self.nothing
            && self.words.iter().all(|begin| words.iter().any(|word| word.starts_with(begin)))
            && self.identifier.as_ref().is_none_or(|(system, value)| {
                let mut identifiers = patient.identifiers.iter();
                identifiers.any(|own| own.value == *value && system.as_ref().is_none_or(|system| own.system == *system))
            })
            && self.birth_date.as_ref().is_none_or(|date| {
                patient.birth_date.as_ref().is_some_and(|own| within(date, own) || within(own, date))
            })
    }
}

/// Shows nothing: what is looked for names a person.
impl fmt::Debug for PatientQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { words: _, identifier: _, birth_date: _, nothing: _ } = self;
        f.debug_struct("PatientQuery").finish_non_exhaustive()
    }
}

/// Whether a date is in a year or month.
fn within(date: &str, span: &str) -> bool {
    let rest = date.strip_prefix(span);
    !span.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
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
