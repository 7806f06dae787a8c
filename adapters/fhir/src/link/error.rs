//! What can be wrong with a SMART Health Link and what it leads to.

/// Why a SMART Health Link was not made or not opened.
///
/// No error holds anything of the link, of a key or of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Not `shlink:/` and a payload in base64url, alone or after a viewer's address that ends with `#`.
    #[error("not a SMART Health Link; pass the whole text that begins with shlink:/ or has #shlink:/ in it")]
    NotALink,
    /// A payload or a manifest that is no JSON object of the form that the specification gives it.
    #[error("{part} is not of the form that SMART Health Links have; ask its sender for a new one")]
    Malformed {
        /// Which part.
        part: Part,
    },
    /// A key that is not 32 bytes in 43 characters of base64url.
    #[error("the link's key is not 43 characters of base64url; ask its sender for a new link")]
    Key,
    /// An address that is not https, is too long, or has characters that an address has not.
    #[error("an address is not an https URL of at most {limit} characters; use one that is")]
    Address {
        /// Most characters.
        limit: usize,
    },
    /// An address without a part that nobody can guess.
    #[error("the link's address has no part of {least} random characters; take one from `HealthLink::under`")]
    Guessable {
        /// Fewest characters of base64url in a row.
        least: usize,
    },
    /// The prefix of a viewer that would be sent the link, key included.
    #[error("a viewer's address must be https and end with #, so that the key stays in the browser")]
    Viewer,
    /// A label of more than 80 characters.
    #[error("a label has at most {limit} characters; shorten it")]
    Label {
        /// Most characters.
        limit: usize,
    },
    /// Flags P and U together, which the specification rules out.
    #[error("a link to a single file cannot ask for a passcode; use a manifest")]
    FileWithPasscode,
    /// A later version of the protocol.
    #[error("the link has version {version} of the protocol; update this application")]
    NewerVersion {
        /// The version that it names.
        version: u64,
    },
    /// The link has ended.
    #[error("the link ended at {at} seconds after 1970; ask its sender for a new one")]
    Expired {
        /// When, in seconds after 1970.
        at: i64,
    },
    /// The link needs a passcode and none was given.
    #[error("the link needs a passcode; ask whoever gave it")]
    PasscodeNeeded,
    /// The link leads to a manifest where a single file was wanted, or the other way round.
    #[error("the link leads to {found}; look at `HealthLink::is_single_file` first")]
    OtherForm {
        /// What it leads to.
        found: Part,
    },
    /// Not a JWE in compact form.
    #[error("the file is not a JWE in compact form; fetch it again")]
    NotJwe,
    /// A JWE with another algorithm than the specification asks for, or with an extension that must be understood.
    #[error("the file is encrypted in a way that SMART Health Links do not use; do not trust it")]
    Algorithm,
    /// A JWE that does not name the type of its content.
    #[error("the file does not say of what type it is; ask its sender for a new link")]
    NoContentType,
    /// A file of another type than its place in the manifest says.
    #[error("the file is of another type than the manifest says; do not trust it")]
    OtherContentType,
    /// Not a media type, such as `application/fhir+json`.
    #[error("not a media type; use one such as application/fhir+json")]
    ContentType,
    /// The file was not made with the link's key, or was changed.
    #[error("the file cannot be opened with this link: it was changed, or belongs to another link")]
    Unopenable,
    /// The content was compressed, and does not expand to one whole text.
    #[error("the file's content is damaged; ask its sender for a new link")]
    Compression,
    /// Longer than what is read.
    #[error("longer than {limit} bytes; ask for less at a time")]
    TooLarge {
        /// Most bytes.
        limit: usize,
    },
    /// More files than a manifest may list.
    #[error("a manifest lists at most {limit} files and at least one")]
    FileCount {
        /// Most files.
        limit: usize,
    },
    /// Resources that make no Bundle.
    #[error(transparent)]
    Fhir(#[from] crate::FhirError),
    /// The operating system gave no randomness. Nothing was made.
    #[error("the operating system gave no randomness; try again, or check that its random device is available")]
    Random,
}

/// A part of what a link is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// What the text of the link holds.
    Payload,
    /// The list of files behind it.
    Manifest,
    /// The one file behind it.
    File,
}

impl core::fmt::Display for Part {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Payload => "the link's payload",
            Self::Manifest => "a manifest",
            Self::File => "a single file",
        })
    }
}
