//! What a patient is found by in the sealed directory.

use core::fmt;

/// An identifier of a patient: a medical record number, an insurance number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Identifier {
    /// URI of the namespace; empty where none is given.
    #[n(0)]
    pub system: String,
    /// The identifier in that namespace.
    #[n(1)]
    pub value: String,
}

/// Who a chart is about. Sealed in the vault's directory; the caller says it, no resource decides it.
#[derive(Clone, Default, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Patient {
    /// Names, each as one text: given names, then family name.
    #[n(0)]
    pub names: Vec<String>,
    /// Identifiers.
    #[n(1)]
    pub identifiers: Vec<Identifier>,
    /// Birth date as `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
    #[n(2)]
    pub birth_date: Option<String>,
}

/// Shows nothing: it names a person.
impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            system: _,
            value: _,
        } = self;
        f.debug_struct("Identifier").finish_non_exhaustive()
    }
}

/// Shows nothing: it names a person.
impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            names: _,
            identifiers: _,
            birth_date: _,
        } = self;
        f.debug_struct("Patient").finish_non_exhaustive()
    }
}
