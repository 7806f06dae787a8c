//! What a caller says of a file beside its content.

use crate::record::{Label, Record, Terms};

/// Media type and, if there are any, name, label and terms of a file. All of it is sealed.
#[derive(Clone, Debug)]
pub struct FileInfo(Record);

impl FileInfo {
    /// A file of a media type, such as `application/dicom`.
    pub fn new(media_type: impl Into<String>) -> Self {
        Self(Record::opaque(media_type, Vec::new()))
    }

    /// Gives the file a name. It is for people: nothing is written to a path because of it, but by
    /// [`Chart::export_dir`](crate::Chart::export_dir), which takes safe names alone.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self(self.0.named(name))
    }

    /// Keeps the file under the keys of `label`. Without one it is [`Label::general`].
    #[must_use]
    pub fn labelled(self, label: Label) -> Self {
        Self(self.0.labelled(label))
    }

    /// The terms that `find` looks for.
    #[must_use]
    pub fn with_terms(self, terms: Terms) -> Self {
        Self(self.0.with_terms(terms))
    }

    pub(super) fn label(&self) -> Option<&Label> {
        self.0.label()
    }

    /// The entry of the file.
    pub(super) fn into_record(self, descriptor: &[u8]) -> Record {
        self.0.describing(descriptor)
    }
}
