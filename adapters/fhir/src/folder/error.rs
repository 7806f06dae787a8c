//! The error of chart folders.

/// Why a chart was not written to a folder, or not taken from one. No message holds content or names of files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// There is something at the place of the new folder.
    #[error("there is something at this place already; name a folder that does not exist yet")]
    Exists,
    /// The folder cannot be written.
    #[error("the folder cannot be written ({0}); check the place and the room that is left, nothing was kept")]
    CannotWrite(std::io::ErrorKind),
    /// The folder cannot be read.
    #[error("the folder cannot be read ({0}); check the path")]
    CannotRead(std::io::ErrorKind),
    /// The list of what the folder holds is none.
    #[error("this is no folder of a chart, or its chart.json was changed; ask for it again, nothing was imported")]
    Malformed,
    /// The folder was written by newer software.
    #[error("the folder was written by a newer version; update this software to read it")]
    NewerFormat,
    /// A list, or a record in it, that is longer than is read.
    #[error("the list of what the folder holds, or a record in it, is longer than {limit} bytes; nothing was imported")]
    TooLarge {
        /// Most bytes.
        limit: u64,
    },
    /// A file of the folder is missing, is not what the list says, or is no plain file.
    #[error("a file of the folder is missing or was changed; ask for the folder again, nothing was imported")]
    Damaged,
    /// A resource is not what FHIR resources are here.
    #[error(transparent)]
    Fhir(#[from] crate::FhirError),
    /// The chart refused.
    #[error(transparent)]
    Chart(#[from] ampoule::Error),
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness; try again")]
    Random,
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
impl FolderError {
    pub(super) fn write(error: std::io::Error) -> Self {
        Self::CannotWrite(error.kind())
    }

    pub(super) fn read(error: std::io::Error) -> Self {
        Self::CannotRead(error.kind())
    }
}
