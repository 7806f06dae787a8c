//! Who a resource is about.

use crate::FhirError;
use core::fmt;
use std::borrow::Cow;

/// A reference to a patient, as a resource writes it: `Patient/123`, an absolute URL, `urn:uuid:…`, or an identifier.
///
/// Two references are equal when they are the same text without a version (`/_history/2`); a relative one and an
/// absolute one are not, since another server may have another `Patient/123`. A caller who knows that they are one
/// person passes both to [`crate::Resource::confirms`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatientRef(Inner);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Inner {
    Reference(String),
    Identifier {
        system: String,
        value: String,
    },
    /// A display text only, a Patient without an id, or what cannot be told.
    Unnamed,
}

/// Whether a resource is about the patient whom the caller expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// It names the expected patient and nobody else.
    Confirmed,
    /// It names no patient: a Medication, an Organization.
    None,
    /// It names one patient, and not by a reference that the caller expects.
    Other,
    /// It names several patients: a Group, a Bundle of several charts, an Appointment of two.
    Several,
}

impl PatientRef {
    /// Reads `Patient/<id>`, an absolute URL, or `urn:uuid:<uuid>` or `urn:oid:<oid>`.
    pub fn new(reference: &str) -> Result<Self, FhirError> {
        let absolute =
            reference.starts_with("urn:") || reference.starts_with("http://") || reference.starts_with("https://");
        match target(reference) {
            Some("Patient") => Ok(Self::of_url(reference)),
            None if absolute => Ok(Self::of_url(reference)),
            _ => Err(FhirError::NotAReference),
        }
    }

    /// The patient with an identifier, such as a medical record number.
    pub fn identifier(system: impl Into<String>, value: impl Into<String>) -> Self {
        Self(Inner::Identifier { system: system.into(), value: value.into() })
    }

    /// The reference as text, unless it is an identifier or names nobody.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Inner::Reference(text) => Some(text),
            Inner::Identifier { .. } | Inner::Unnamed => None,
        }
    }

    pub(crate) fn of_id(id: &str) -> Self {
        Self(Inner::Reference(format!("Patient/{id}")))
    }

    pub(crate) fn of_url(reference: &str) -> Self {
        let unversioned = unversioned(reference);
        // RFC 4122, 3: hex digits of a UUID are compared without regard to case.
        Self(Inner::Reference(if unversioned.starts_with("urn:uuid:") {
            unversioned.to_ascii_lowercase()
        } else {
            unversioned.to_owned()
        }))
    }

    pub(crate) fn unnamed() -> Self {
        Self(Inner::Unnamed)
    }

    /// Whether an entry with this URL may hold the Patient of the relative reference `id`.
    pub(crate) fn agrees_with(&self, id: &Self) -> bool {
        let (Some(url), Some(id)) = (self.as_str(), id.as_str()) else { return false };
        url.starts_with("urn:") || url.strip_suffix(id).is_some_and(|base| base.is_empty() || base.ends_with('/'))
    }

    /// The id of the contained resource that this refers to.
    pub(crate) fn contained(&self) -> Option<&str> {
        self.as_str().and_then(|text| text.strip_prefix('#'))
    }

    /// What a Reference in a place where `rule` holds says of a patient.
    pub(crate) fn found(
        rule: SubjectRule,
        reference: Option<&str>,
        kind: Option<&str>,
        identifier: Option<(&str, &str)>,
        display: bool,
    ) -> Option<Self> {
        let kinds = [reference.and_then(target), kind];
        let patient = kinds.contains(&Some("Patient"));
        let other = !patient && kinds.iter().any(Option::is_some);
        if other || (rule == SubjectRule::IfPatient && !patient) {
            return None;
        }
        match (reference, identifier) {
            (Some(reference), _) => Some(Self::of_url(reference)),
            (None, Some((system, value))) => Some(Self::identifier(system, value)),
            (None, None) => (display || patient).then(Self::unnamed),
        }
    }
}

/// Shows nothing: it may name a person.
impl fmt::Debug for PatientRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.debug_struct("PatientRef").finish_non_exhaustive()
    }
}

/// How far an element that refers to somebody says who the patient is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubjectRule {
    /// It refers to the patient, unless to something that is none.
    Always,
    /// It refers to the patient where the reference itself says so.
    IfPatient,
}

impl SubjectRule {
    /// The rule for the element at `path`, counted from its resource.
    pub(crate) fn at(path: &[Cow<'_, str>]) -> Option<Self> {
        // The patient compartment (FHIR R4, CompartmentDefinition/patient) as far as an element says whom a resource is
        // about; who wrote, pays or is related may be another patient.
        match path {
            [key] => match key.as_ref() {
                "subject" | "patient" | "beneficiary" | "candidate" | "for" | "individual" => Some(Self::Always),
                "actor" | "target" | "deliverFor" | "subjectReference" => Some(Self::IfPatient),
                _ => None,
            },
            [first, second] => match (first.as_ref(), second.as_ref()) {
                ("participant", "actor")
                | ("member", "entity")
                | ("entity", "what")
                | ("entry", "item")
                | ("link" | "context", "target" | "sourcePatientInfo")
                | ("item", "resource") => Some(Self::IfPatient),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The resource type that a reference says it refers to.
fn target(reference: &str) -> Option<&str> {
    if reference.starts_with("urn:") || reference.starts_with('#') {
        return None;
    }
    // A conditional reference, `Patient?identifier=…`.
    let (path, query) = reference.split_once('?').map_or((reference, false), |(path, _)| (path, true));
    let mut segments = unversioned(path).rsplit('/');
    if !query {
        segments.next();
    }
    segments.next().filter(|name| is_type(name))
}

fn unversioned(reference: &str) -> &str {
    reference.split_once("/_history/").map_or(reference, |(before, _)| before)
}

/// Whether `name` has the form of a resource type.
pub(crate) fn is_type(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_the_same_in_every_version() {
        let plain = PatientRef::new("Patient/1").unwrap();
        assert_eq!(PatientRef::new("Patient/1/_history/7").unwrap(), plain);
        assert_ne!(PatientRef::new("http://a.example/fhir/Patient/1").unwrap(), plain);
        assert_eq!(
            PatientRef::new("urn:uuid:0D8E1B5C-7A0F-4A7C-9D5E-000000000001").unwrap(),
            PatientRef::new("urn:uuid:0d8e1b5c-7a0f-4a7c-9d5e-000000000001").unwrap()
        );
    }

    #[test]
    fn what_is_no_patient_is_refused() {
        for text in ["", "Group/1", "http://a.example/fhir/Device/1", "patient/1", "#p", "1"] {
            assert_eq!(PatientRef::new(text), Err(FhirError::NotAReference), "{text:?}");
        }
    }

    #[test]
    fn a_target_is_read_from_every_form() {
        assert_eq!(target("Patient/1"), Some("Patient"));
        assert_eq!(target("https://a.example/b/Patient/1/_history/2"), Some("Patient"));
        assert_eq!(target("Patient?identifier=a|b"), Some("Patient"));
        assert_eq!(target("urn:uuid:1"), None);
        assert_eq!(target("#p"), None);
        assert_eq!(target("1"), None);
    }

    #[test]
    fn debug_shows_no_reference() {
        let shown = format!("{:?}", PatientRef::new("Patient/secret").unwrap());
        assert_eq!(shown, "PatientRef { .. }");
    }
}
