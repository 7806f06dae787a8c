//! What a caller says of a file beside its content.

use super::Preview;
use crate::record::{Label, Record, Terms};

/// Media type and, if there are any, name, label, terms and preview of a file. All of it is sealed.
#[derive(Clone, Debug)]
pub struct FileInfo {
    record: Record,
    preview: Option<Preview>,
}

impl FileInfo {
    /// A file of a media type, such as `application/dicom`.
    pub fn new(media_type: impl Into<String>) -> Self {
        Self { record: Record::opaque(media_type, Vec::new()), preview: None }
    }

    /// Gives the file a name. It is for people: nothing is written to a path because of it, but by
    /// [`Chart::export_dir`](crate::Chart::export_dir), which takes safe names alone.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { record: self.record.named(name), ..self }
    }

    /// Keeps the file under the keys of `label`. Without one it is [`Label::general`].
    #[must_use]
    pub fn labelled(self, label: Label) -> Self {
        Self { record: self.record.labelled(label), ..self }
    }

    /// The terms that `find` looks for.
    #[must_use]
    pub fn with_terms(self, terms: Terms) -> Self {
        Self { record: self.record.with_terms(terms), ..self }
    }

    /// A small picture of this version, or whatever shows it before it is fetched: up to [`Preview::MAX_LEN`] bytes. It travels with
    /// what describes the file.
    #[must_use]
    pub fn with_preview(self, media_type: impl Into<String>, content: &[u8]) -> Self {
        Self { preview: Some(Preview::new(media_type.into(), content)), ..self }
    }

    pub(super) fn label(&self) -> Option<&Label> {
        self.record.label()
    }

    pub(super) fn preview(&self) -> Option<&Preview> {
        self.preview.as_ref()
    }

    /// The entry of the file.
    pub(super) fn into_record(self, descriptor: &[u8]) -> Record {
        self.record.describing(descriptor)
    }
}
