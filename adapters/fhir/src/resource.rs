//! One resource, read.

use crate::collect::Collector;
use crate::subject::{PatientRef, Subject, is_type};
use crate::walk::walk;
use crate::{Fhir, FhirError, SensitivityPolicy};
use ampoule::{Code, Label, Terms};
use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

/// What a FHIR resource says of itself. Only [`Resource::parse`] makes one, so it stands for bytes that were read.
#[derive(Clone)]
pub struct Resource {
    id: Option<String>,
    terms: Terms,
    complete: bool,
    security: Vec<Code>,
    subjects: Vec<PatientRef>,
    aliases: BTreeMap<PatientRef, PatientRef>,
}

impl Resource {
    /// Reads a resource of at most [`Fhir::MAX_LEN`] bytes.
    pub fn parse(content: &[u8]) -> Result<Self, FhirError> {
        Self::parse_within(content, Fhir::MAX_LEN)
    }

    pub(crate) fn parse_within(content: &[u8], limit: usize) -> Result<Self, FhirError> {
        if content.len() > limit {
            return Err(FhirError::TooLarge { limit });
        }
        let mut found = Collector::default();
        walk(content, &mut found)?;
        if !found.kind.as_deref().is_some_and(is_type) {
            return Err(FhirError::NotAResource);
        }
        let (terms, complete) = found.take_terms();
        let (aliases, contained) = (found.aliases, found.contained);
        let not_contained_thing = |reference: &PatientRef| {
            let kind = reference.contained().and_then(|id| contained.get(id));
            kind.is_none_or(|kind| kind == "Patient")
        };
        let subjects: BTreeSet<PatientRef> = found
            .subjects
            .into_iter()
            .filter(not_contained_thing)
            .map(|reference| aliases.get(&reference).cloned().unwrap_or(reference))
            .collect();
        Ok(Self {
            id: found.id,
            terms,
            complete,
            security: found.security.into_iter().collect(),
            subjects: subjects.into_iter().collect(),
            aliases,
        })
    }

    /// The resource type, such as `Observation`.
    pub fn kind(&self) -> &str {
        &self.terms.kind
    }

    /// The logical id, if it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// What it is found by, never more than `put` takes.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Whether [`Resource::terms`] has all that was found: where not, elements near to the resource were kept first.
    pub fn terms_are_complete(&self) -> bool {
        self.complete
    }

    /// Its security labels and those of everything within it, each once.
    pub fn security(&self) -> &[Code] {
        &self.security
    }

    /// The label that `policy` gives it.
    pub fn label(&self, policy: &SensitivityPolicy) -> Result<Label, FhirError> {
        policy.label(&self.security)
    }

    /// The patients that it is about, each once.
    pub fn subjects(&self) -> &[PatientRef] {
        &self.subjects
    }

    /// Whether it is about the patient who goes by any of the `expected` references, and nobody else.
    ///
    /// References that cannot be resolved here (a contained Patient, a display text only) are not confirmed.
    pub fn confirms(&self, expected: &[PatientRef]) -> Subject {
        let meant = |subject: &PatientRef| {
            expected.iter().any(|reference| {
                reference != &PatientRef::unnamed()
                    && (reference == subject || self.aliases.get(reference) == Some(subject))
            })
        };
        match self.subjects.as_slice() {
            [] => Subject::None,
            all if all.iter().all(meant) => Subject::Confirmed,
            [_] => Subject::Other,
            _ => Subject::Several,
        }
    }

    pub(crate) fn into_subjects(self) -> Vec<PatientRef> {
        self.subjects
    }

    pub(crate) fn into_terms(self) -> Terms {
        self.terms
    }
}

/// Shows counts only: a resource is a patient's.
impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id: _, terms, complete, security, subjects, aliases: _ } = self;
        f.debug_struct("Resource")
            .field("terms", terms)
            .field("complete", complete)
            .field("security", &security.len())
            .field("subjects", &subjects.len())
            .finish_non_exhaustive()
    }
}
