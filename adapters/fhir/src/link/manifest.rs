//! The list of files behind a link (SMART Health Links, "SMART Health Link Manifest File").

use super::{LinkError, Part, address};
use core::fmt;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Longest location of a file, in characters: signed addresses of cloud storage are long.
const MAX_LOCATION: usize = 8192;

/// A file encrypted with a link's key. A server may hold it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedFile {
    content_type: String,
    fhir_version: Option<String>,
    jwe: String,
}

impl SealedFile {
    pub(super) fn new(content_type: &str, jwe: String) -> Self {
        Self { content_type: content_type.into(), fhir_version: None, jwe }
    }

    /// Names the version of FHIR that its content has, such as `5.0.0`. Without one, readers take it for 4.0.1.
    #[must_use]
    pub fn fhir_version(mut self, version: impl Into<String>) -> Self {
        self.fhir_version = Some(version.into());
        self
    }

    /// Media type of the content, which the manifest tells the server too.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The bytes to serve, with the media type `application/jose`: a JWE in compact form.
    pub fn jwe(&self) -> &str {
        &self.jwe
    }
}

/// Shows a size only.
impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content_type, fhir_version: _, jwe } = self;
        f.debug_struct("SealedFile")
            .field("content_type", content_type)
            .field("jwe_len", &jwe.len())
            .finish_non_exhaustive()
    }
}

/// The files behind a link, as they are listed at one time.
#[derive(Clone, Debug)]
pub struct Manifest {
    files: Vec<ManifestFile>,
}

/// A file of a manifest: embedded in it, or to be fetched.
#[derive(Clone)]
pub struct ManifestFile {
    content_type: String,
    place: Place,
    fhir_version: Option<String>,
    status: Option<String>,
    last_updated: Option<String>,
}

#[derive(Clone)]
enum Place {
    Embedded(String),
    At(String),
}

impl Manifest {
    /// Most files of a manifest.
    pub const MAX_FILES: usize = 1024;

    /// Lists `files` for one request, as JSON to be served with the media type `application/json`.
    ///
    /// `embedded_max` is the request's `embeddedLengthMax`: longer files are not embedded, but listed with the https URL
    /// that `locate` gives for the number of the file. Such a URL must end within an hour and needs no login.
    pub fn answer(
        files: &[SealedFile],
        embedded_max: Option<usize>,
        mut locate: impl FnMut(usize) -> String,
    ) -> Result<String, LinkError> {
        counted(files.len())?;
        let mut listed = Vec::new();
        for (number, file) in files.iter().enumerate() {
            let embedded = embedded_max.is_none_or(|most| file.jwe.len() <= most);
            let location = if embedded { None } else { Some(Cow::Owned(locate(number))) };
            if let Some(location) = &location {
                address::check(location, MAX_LOCATION)?;
            }
            listed.push(FileJson {
                content_type: Cow::Borrowed(&file.content_type),
                embedded: embedded.then_some(Cow::Borrowed(&file.jwe)),
                location,
                last_updated: None,
                status: None,
                fhir_version: file.fhir_version.as_deref().map(Cow::Borrowed),
            });
        }
        serde_json::to_string(&ManifestJson { files: listed }).map_err(|_| MALFORMED)
    }

    /// Reads what a server answered. Its length is bounded by whoever fetched it.
    pub fn parse(json: &[u8]) -> Result<Self, LinkError> {
        if !json.trim_ascii_start().starts_with(b"{") {
            return Err(MALFORMED);
        }
        let read: ManifestJson<'_> = serde_json::from_slice(json).map_err(|_| MALFORMED)?;
        counted(read.files.len())?;
        let files = read.files.into_iter().map(ManifestFile::from_json).collect::<Result<_, _>>()?;
        Ok(Self { files })
    }

    /// The files in their order.
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }
}

impl ManifestFile {
    fn from_json(json: FileJson<'_>) -> Result<Self, LinkError> {
        // Both may be there; what is at hand needs no fetching.
        let place = match (json.embedded, json.location) {
            (Some(jwe), _) => Place::Embedded(jwe.into_owned()),
            (None, Some(url)) => {
                address::check(&url, MAX_LOCATION)?;
                Place::At(url.into_owned())
            }
            (None, None) => return Err(MALFORMED),
        };
        Ok(Self {
            content_type: json.content_type.into_owned(),
            place,
            fhir_version: json.fhir_version.map(Cow::into_owned),
            status: json.status.map(Cow::into_owned),
            last_updated: json.last_updated.map(Cow::into_owned),
        })
    }

    /// Media type that the manifest gives the file. The file must agree when it is opened.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Where to fetch it with GET, unless it is embedded. Good for an hour at most, and perhaps only once.
    pub fn location(&self) -> Option<&str> {
        match &self.place {
            Place::Embedded(_) => None,
            Place::At(url) => Some(url),
        }
    }

    /// The encrypted file, where it is embedded.
    pub fn embedded(&self) -> Option<&[u8]> {
        match &self.place {
            Place::Embedded(jwe) => Some(jwe.as_bytes()),
            Place::At(_) => None,
        }
    }

    /// Version of FHIR, where the manifest names one. 4.0.1 may be assumed otherwise.
    pub fn fhir_version(&self) -> Option<&str> {
        self.fhir_version.as_deref()
    }

    /// `finalized`, `can-change`, `entered-in-error`, `no-longer-valid` or `retracted`, as the server says; not verified.
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// When the file was last changed, in ISO 8601, as the server says; not verified.
    pub fn last_updated(&self) -> Option<&str> {
        self.last_updated.as_deref()
    }
}

/// Shows neither addresses, which let whoever has them fetch, nor content.
impl fmt::Debug for ManifestFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content_type, place, fhir_version: _, status: _, last_updated: _ } = self;
        f.debug_struct("ManifestFile")
            .field("content_type", content_type)
            .field("embedded", &matches!(place, Place::Embedded(_)))
            .finish_non_exhaustive()
    }
}

const MALFORMED: LinkError = LinkError::Malformed { part: Part::Manifest };

fn counted(files: usize) -> Result<(), LinkError> {
    let limit = Manifest::MAX_FILES;
    if files == 0 || files > limit { Err(LinkError::FileCount { limit }) } else { Ok(()) }
}

#[derive(Serialize, Deserialize)]
struct ManifestJson<'a> {
    #[serde(borrow)]
    files: Vec<FileJson<'a>>,
}

/// Properties that are not here are ignored, as the specification asks for.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileJson<'a> {
    #[serde(borrow)]
    content_type: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    embedded: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    location: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    last_updated: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    status: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    fhir_version: Option<Cow<'a, str>>,
}
