//! What can be wrong with a resource.

/// Why bytes were not read as FHIR.
///
/// Positions are one-based lines and columns (bytes) of the input; nothing of its content is told. What is refused here
/// can still be kept as it is with [`ampoule::Record::opaque`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FhirError {
    /// Not one JSON value in UTF-8, or a number beyond what a double can hold.
    #[error("not JSON at line {line}, column {column}; correct it, or keep it as an opaque record")]
    NotJson {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// JSON without a `resourceType` that could be one.
    #[error("not a FHIR resource: an object with a resourceType is needed; keep it as an opaque record")]
    NotAResource,
    /// An object has the same key twice, so that two readers may see two resources.
    #[error("a key stands twice in one object at line {line}, column {column}; remove one of them")]
    DuplicateKey {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// Nested deeper than any resource should be.
    #[error("nested deeper than {limit} levels; flatten it, or keep it as an opaque record")]
    TooDeep {
        /// Most levels.
        limit: usize,
    },
    /// Longer than the reader was told to accept.
    #[error("longer than {limit} bytes; split it, or raise the limit with `Fhir::max_len`")]
    TooLarge {
        /// Most bytes.
        limit: usize,
    },
    /// An element has another JSON type than FHIR gives it.
    #[error("an element has the wrong JSON type at line {line}, column {column}; correct it")]
    Malformed {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// A resource, but not a Patient.
    #[error("not a Patient resource; pass the Patient itself")]
    NotAPatient,
    /// A resource, but not a Bundle.
    #[error("not a Bundle resource; read it as a single resource")]
    NotABundle,
    /// Not a reference to a patient.
    #[error("not a reference to a patient; use Patient/<id>, an absolute URL or urn:uuid:<uuid>")]
    NotAReference,
    /// Several sensitive labels, and the policy neither names a label for them nor lets them be restricted.
    #[error("several sensitive labels; name a label for the combination in the policy, or allow restricted")]
    SeveralSensitiveLabels,
    /// A security label that the policy does not know and must not take for restricted.
    #[error("an unknown security label; map it in the policy, or allow restricted")]
    UnknownSensitiveLabel,
    /// The reader of a stream failed.
    #[error("the stream cannot be read ({0}); read it again from its start")]
    Io(std::io::ErrorKind),
}
