//! FHIR R4 and R5 resources (JSON) as Ampoule records.
//!
//! ```text
//!  bytes ──► Resource::parse ─┬─ kind, codes, dates, words ──► Terms ─┐
//!              (strict)       ├─ meta.security ─ policy ─────► Label ─┼──► Record (the bytes, unchanged)
//!                             └─ subjects ─ confirms(expected) ──► Subject
//! ```
//!
//! [`record`] is the one-line path; [`Fhir`] takes a [`SensitivityPolicy`] and limits. [`Bundle`] and [`ndjson`] give
//! the resources of a collection, each as the exact bytes of its source.
//!
//! [`HealthLink`] makes and opens SMART Health Links: records for somebody who has no vault. [`collection`] makes a Bundle.
//!
//! [`export_chart`] writes all of a chart to a folder that a person can read, and [`import_chart`] takes it in.
//!
//! Who the patient is, the caller says by the chart that a record is put into; a resource only confirms it
//! ([`Resource::confirms`]).
//!
//! Reading is strict: one JSON value, no key twice in an object, bounded in length and depth. What is refused can still
//! be kept with [`ampoule::Record::opaque`].
//!
//! ```
//! let record = ampoule_fhir::record(
//!     br#"{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]}}"#,
//! )?;
//! assert_eq!(record.terms().kind, "Observation");
//! assert_eq!(record.terms().codes[1].value, "4548-4");
//! # Ok::<(), ampoule_fhir::FhirError>(())
//! ```

mod bundle;
mod capped;
mod collect;
mod collection;
mod dates;
mod elements;
mod error;
mod folder;
mod link;
mod narrative;
mod patient;
mod policy_table;
mod resource;
mod sensitivity;
mod subject;
mod walk;

pub use bundle::{Bundle, Entry, Ndjson, ndjson};
pub use collection::collection;
pub use error::FhirError;
#[doc(hidden)]
pub use folder::chart_list_again;
pub use folder::{
    Exported, FolderError, Imported, LeftOut, export_chart, export_chart_with, import_chart, import_chart_with,
};
pub use link::{HealthLink, LinkError, LinkFile, LinkRequest, Manifest, ManifestFile, Part, SealedFile};
pub use patient::patient;
pub use resource::Resource;
pub use sensitivity::{Meaning, SensitivityPolicy, Several, Unknown};
pub use subject::{PatientRef, Subject};

use ampoule::Record;

/// Media type of FHIR JSON (FHIR R4, 3.1.0.1.11 Content types and encodings).
pub const MEDIA_TYPE: &str = "application/fhir+json";

/// Reads a resource with the standard policy: content unchanged, terms and label filled in.
pub fn record(content: impl Into<Vec<u8>>) -> Result<Record, FhirError> {
    Fhir::new().record(content)
}

/// The patients that a resource is about.
pub fn subjects(content: &[u8]) -> Result<Vec<PatientRef>, FhirError> {
    Resource::parse(content).map(Resource::into_subjects)
}

/// Reads resources by a policy of the caller's and within his limits.
#[derive(Clone, Debug)]
pub struct Fhir {
    policy: SensitivityPolicy,
    max_len: usize,
}

impl Default for Fhir {
    fn default() -> Self {
        Self::new()
    }
}

impl Fhir {
    /// Longest resource or bundle that is read unless [`Fhir::max_len`] says otherwise, in bytes: 64 MiB.
    ///
    /// The largest Bundles that HL7 publishes have 35 MB (R4) and 42 MB (R5).
    pub const MAX_LEN: usize = 64 << 20;

    /// The standard policy and limits.
    pub fn new() -> Self {
        Self::with_policy(SensitivityPolicy::standard())
    }

    /// Labels by `policy`.
    pub fn with_policy(policy: SensitivityPolicy) -> Self {
        Self { policy, max_len: Self::MAX_LEN }
    }

    /// Reads nothing longer than `bytes`.
    #[must_use]
    pub fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// A record of exactly `content`, labelled by the policy and with the terms that it is found by.
    pub fn record(&self, content: impl Into<Vec<u8>>) -> Result<Record, FhirError> {
        let content = content.into();
        let resource = self.resource(&content)?;
        self.record_of(resource, content)
    }

    /// As [`Fhir::record`], for a caller who has parsed `content` already, to look at its subjects.
    ///
    /// `resource` must be what [`Fhir::resource`] read from `content`.
    pub fn record_of(&self, resource: Resource, content: impl Into<Vec<u8>>) -> Result<Record, FhirError> {
        let label = self.policy.label(resource.security())?;
        Ok(Record::opaque(MEDIA_TYPE, content).labelled(label).with_terms(resource.into_terms()))
    }

    /// Reads what `content` says of itself.
    pub fn resource(&self, content: &[u8]) -> Result<Resource, FhirError> {
        Resource::parse_within(content, self.max_len)
    }

    /// Reads a Bundle.
    pub fn bundle<'a>(&self, content: &'a [u8]) -> Result<Bundle<'a>, FhirError> {
        Bundle::parse_within(content, self.max_len)
    }

    /// Reads resources from lines, one each, no line longer than the limit.
    pub fn ndjson<R: std::io::BufRead>(&self, reader: R) -> Ndjson<R> {
        Ndjson::within(reader, self.max_len)
    }
}
