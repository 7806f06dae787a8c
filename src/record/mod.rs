//! What a caller puts into a chart and gets back: bytes, how they are labelled, and the terms they are found by.
//!
//! The library never looks into the bytes. Adapters (`ampoule-fhir`, `ampoule-dicom`) read foreign formats and fill in
//! the terms; [`Record::opaque`] keeps anything else.

mod date;
mod kind;
mod label;
mod patient;
mod terms;

pub use date::{DateError, DateRange};
pub use kind::Kind;
pub use label::{Label, LabelError};
pub use patient::{Identifier, Patient};
pub(crate) use terms::shared as shared_terms;
pub use terms::{Code, Terms};

use crate::crypto::WipedBytes;
use core::fmt;
use std::sync::Arc;

/// Content of a record, with what it is found by. Everything in it is sealed; nothing of it is visible to the store.
#[derive(Clone)]
pub struct Record {
    kind: Kind,
    media_type: String,
    content: WipedBytes,
    label: Option<Label>,
    name: Option<String>,
    /// Shared with the version that is sealed of it, and with the index.
    terms: Arc<Terms>,
}

impl Record {
    /// A record of bytes that the library keeps as they are: HL7 v2 (`x-application/hl7-v2+er7`), CDA (`text/xml`), anything.
    pub fn opaque(media_type: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self {
            kind: Kind::Record,
            media_type: media_type.into(),
            content: WipedBytes::from(content.into()),
            label: None,
            name: None,
            terms: Arc::default(),
        }
    }

    /// Puts a record together that was opened, without copying its content.
    pub(crate) fn of_parts(
        kind: Kind,
        media_type: String,
        content: WipedBytes,
        name: Option<String>,
        terms: Arc<Terms>,
    ) -> Self {
        Self { kind, media_type, content, label: None, name, terms }
    }

    /// The same of another kind.
    pub(crate) fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The same as the entry of a file: its content is this descriptor.
    pub(crate) fn describing(mut self, descriptor: &[u8]) -> Self {
        self.content = WipedBytes::from(descriptor.to_vec());
        self.of_kind(Kind::File)
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What the entry holds: the content, or of a file the descriptor.
    pub(crate) fn described(&self) -> &[u8] {
        &self.content
    }

    /// Keeps the record under the keys of `label`. Without one it is [`Label::general`].
    #[must_use]
    pub fn labelled(mut self, label: Label) -> Self {
        self.label = Some(label);
        self
    }

    /// Gives the record a display name, sealed with it.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The terms that `find` looks for.
    #[must_use]
    pub fn with_terms(mut self, terms: Terms) -> Self {
        self.terms = Arc::new(terms);
        self
    }

    /// Media type, as the caller gave it.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The bytes, exactly as they went in. None of a file, which is read by [`Chart::file`](crate::Chart::file).
    pub fn content(&self) -> &[u8] {
        if self.kind == Kind::File { &[] } else { &self.content }
    }

    /// The label, if one was set.
    pub fn label(&self) -> Option<&Label> {
        self.label.as_ref()
    }

    /// The display name, if one was set.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What `find` looks for.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The same, to be kept beside it without a copy of each word.
    pub(crate) fn shared_terms(&self) -> Arc<Terms> {
        Arc::clone(&self.terms)
    }
}

/// Shows sizes only: a record is a patient's.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind: _, media_type: _, content, label: _, name: _, terms: _ } = self;
        f.debug_struct("Record").field("content_len", &content.len()).finish_non_exhaustive()
    }
}
