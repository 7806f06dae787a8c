//! What can be wrong with a DICOM file.

use dicom_core::Tag;

/// Why bytes were not read as a DICOM file, or a frame of it was not found.
///
/// Tags and positions (bytes from the start of the file) are told, and nothing of the content. What is refused here can
/// still be kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DicomError {
    /// No preamble with `DICM` after 128 bytes (PS3.10, 7.1).
    #[error("not a DICOM file: DICM is not where it should be; keep it as an opaque file")]
    NotDicom,
    /// The file says nothing of how its data set is written, or names a way that is not of the standard.
    #[error(
        "the transfer syntax is missing or not of the DICOM standard; convert the file, or keep it as an opaque file"
    )]
    TransferSyntax,
    /// The file ends before the length that it states.
    #[error("the file ends within what begins at byte {at}; it is damaged or was not copied whole")]
    Truncated {
        /// Where the part begins that is not whole.
        at: u64,
    },
    /// Not the structure of a data set: an element out of order, an item outside a sequence, a length that cannot be.
    #[error("not a data set at byte {at}; the file is damaged")]
    Malformed {
        /// Where.
        at: u64,
    },
    /// An element that is needed has a value of another form than the standard gives it.
    #[error("the value of {tag} is not what the standard asks for; correct the file")]
    Value {
        /// Which element.
        tag: Element,
    },
    /// Sequences within sequences, deeper than any file should have.
    #[error("sequences are nested deeper than {limit} levels; flatten them, or keep the file as an opaque one")]
    TooDeep {
        /// Most levels.
        limit: usize,
    },
    /// More than what is read: of elements, of fragments, of bytes before the pixel data.
    #[error("more than {limit} {what}; keep the file as an opaque one")]
    TooMany {
        /// Most.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// No pixel data: a report, a plan, a waveform.
    #[error("the file has no pixel data; read it whole")]
    NoPixelData,
    /// No such frame.
    #[error("the file has {frames} frames, and frames are counted from 0")]
    NoSuchFrame {
        /// How many there are.
        frames: u32,
    },
    /// The frames' places cannot be told: the file is compressed as a whole, frames do not begin at whole bytes, or there
    /// are several frames and no table of where they begin.
    #[error("where the frames lie cannot be told from this file; read its pixel data whole")]
    NoFramePlaces,
    /// The reader failed.
    #[error("the file cannot be read ({0}); read it again from its start")]
    Io(std::io::ErrorKind),
}

/// The tag of an element, shown as `(0020,000D)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// Group number.
    pub group: u16,
    /// Element number.
    pub element: u16,
}

impl core::fmt::Display for Element {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { group, element } = self;
        write!(f, "({group:04X},{element:04X})")
    }
}

impl From<Tag> for Element {
    fn from(Tag(group, element): Tag) -> Self {
        Self { group, element }
    }
}
