//! SMART Health Links: records for somebody without a vault, by a link that carries the key.
//!
//! Source: HL7 SMART Health Cards and Links, "SMART Health Links Specification", version 1 of the protocol.

mod address;
mod error;
mod jwe;
mod manifest;
mod payload;
mod request;

pub use error::{LinkError, Part};
pub use manifest::{Manifest, ManifestFile, SealedFile};
pub use request::LinkRequest;

use crate::{Fhir, MEDIA_TYPE, collection};
use core::fmt;
use jwe::LinkKey;
use zeroize::Zeroizing;

/// Longest content of a file, in bytes.
const MAX_CONTENT: usize = Fhir::MAX_LEN;

/// A SMART Health Link: where its files are, and the key that opens them.
///
/// Whoever has its text reads the files, until the server stops serving them: it is a secret like a password. The key is
/// drawn for this link alone and is in no way that of a chart.
///
/// This library does no I/O. To share, serve what [`HealthLink::seal`] gives; to read, fetch what
/// [`HealthLink::request`] asks for. The server learns sizes, types and times, and never the key or a record. It can
/// serve an older file of the same link and leave files out of the manifest; nothing in the protocol would show it.
///
/// ```
/// use ampoule_fhir::{HealthLink, LinkError, LinkRequest, Manifest};
///
/// // The patient's application: a fresh key, and an address that nobody can guess.
/// let link = HealthLink::under("https://share.example/shl")?.label("For Dr. Lee")?.expires(1_900_000_000).passcode()?;
/// let allergy = br#"{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/1"}}"#;
/// let file = link.seal_resources([&allergy[..]])?;
/// let text = link.text(); // to be shown as a QR code or sent; the passcode goes another way
///
/// // Its server, at `link.url()`, once it has checked the passcode. It holds no key.
/// let server = |_request: &LinkRequest| Ok::<_, LinkError>(Manifest::answer(&[file.clone()], None, |_| String::new())?.into_bytes());
///
/// // The doctor's application, with the time from its clock.
/// let link = HealthLink::parse(&text, 1_800_000_000)?;
/// assert!(link.needs_passcode());
/// let files = link.open("Dr. Lee", Some("4711"), server)?;
/// let bundle = ampoule_fhir::Bundle::parse(files[0].content())?;
/// assert_eq!(bundle.entries()[0].content(), allergy);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HealthLink {
    url: String,
    key: LinkKey,
    expires: Option<i64>,
    long_term: bool,
    passcode: bool,
    single_file: bool,
    label: Option<String>,
}

/// A file that was opened.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkFile {
    content_type: String,
    content: Vec<u8>,
}

impl HealthLink {
    /// Longest URL of a link, in characters.
    pub const MAX_URL: usize = 128;
    /// Longest label, in characters.
    pub const MAX_LABEL: usize = 80;
    /// Most bytes that a server's answer can have: fetch no more.
    pub const MAX_ANSWER: usize = 128 << 20;

    /// A link with a fresh key at an address that is drawn below `base`, an https URL of at most 84 characters.
    pub fn under(base: &str) -> Result<Self, LinkError> {
        Self::fresh(address::below(base, Self::MAX_URL)?)
    }

    /// A link with a fresh key at an address that a server has allotted. It must have 256 bits that nobody can guess.
    pub fn at(url: impl Into<String>) -> Result<Self, LinkError> {
        let url = url.into();
        address::check(&url, Self::MAX_URL)?;
        address::check_random(&url)?;
        Self::fresh(url)
    }

    fn fresh(url: String) -> Result<Self, LinkError> {
        let key = LinkKey::fresh()?;
        Ok(Self { url, key, expires: None, long_term: false, passcode: false, single_file: false, label: None })
    }

    /// A few words on what is behind it, for whoever receives it. They stand in the link, not on the server.
    pub fn label(mut self, label: impl Into<String>) -> Result<Self, LinkError> {
        self.label = Some(payload::checked_label(label.into())?);
        Ok(self)
    }

    /// When it ends, in seconds after 1970. A hint to readers: the server must stop serving as well.
    #[must_use]
    pub fn expires(mut self, at: i64) -> Self {
        self.expires = Some(at);
        self
    }

    /// Flag L: meant to be kept, and its files may change.
    #[must_use]
    pub fn long_term(mut self) -> Self {
        self.long_term = true;
        self
    }

    /// Flag P: the server asks for a passcode. It is no part of the key: the server checks it, and counts wrong ones.
    pub fn passcode(mut self) -> Result<Self, LinkError> {
        self.passcode = true;
        self.checked()
    }

    /// Flag U: the address gives the one file itself, by GET, without a manifest.
    pub fn single_file(mut self) -> Result<Self, LinkError> {
        self.single_file = true;
        self.checked()
    }

    fn checked(self) -> Result<Self, LinkError> {
        if self.single_file && self.passcode { Err(LinkError::FileWithPasscode) } else { Ok(self) }
    }

    /// Reads a link, with the address of a viewer before it or without, and checks that it has not ended by `now`, in
    /// seconds after 1970.
    ///
    /// Flags and properties that are not known are ignored, as the specification asks for. Its address and label are
    /// a stranger's: fetch no address of your own network, and show the label as text.
    pub fn parse(text: &str, now: i64) -> Result<Self, LinkError> {
        let link = payload::read(text)?;
        match link.expires {
            Some(at) if at <= now => Err(LinkError::Expired { at }),
            _ => Ok(link),
        }
    }

    /// The link as text. It is a secret.
    pub fn text(&self) -> Zeroizing<String> {
        payload::write(self)
    }

    /// The link behind the address of a viewer, an https URL that ends with `#`: browsers send nothing after it.
    pub fn text_for_viewer(&self, viewer: &str) -> Result<Zeroizing<String>, LinkError> {
        let page = viewer.strip_suffix('#').ok_or(LinkError::Viewer)?;
        address::check(page, usize::MAX).map_err(|_| LinkError::Viewer)?;
        let text = self.text();
        // Room for all of it at once, so that no copy is left behind.
        let mut whole = Zeroizing::new(String::with_capacity(viewer.len().saturating_add(text.len())));
        whole.push_str(viewer);
        whole.push_str(&text);
        Ok(whole)
    }

    /// Where the manifest is served, or the file of a link with flag U. Without the key it opens nothing.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The few words that its maker gave it.
    pub fn label_text(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// When it ends, in seconds after 1970.
    pub fn ends(&self) -> Option<i64> {
        self.expires
    }

    /// Flag L: its files may change, and may be asked for again.
    pub fn is_long_term(&self) -> bool {
        self.long_term
    }

    /// Flag P: the server asks for a passcode.
    pub fn needs_passcode(&self) -> bool {
        self.passcode
    }

    /// Flag U: the address gives one file and no manifest.
    pub fn is_single_file(&self) -> bool {
        self.single_file
    }

    /// Encrypts a file of at most 64 MiB for this link. An update of a file is encrypted by the same link.
    pub fn seal(&self, content_type: &str, content: &[u8]) -> Result<SealedFile, LinkError> {
        if !is_media_type(content_type) {
            return Err(LinkError::ContentType);
        }
        if content.len() > MAX_CONTENT {
            return Err(LinkError::TooLarge { limit: MAX_CONTENT });
        }
        Ok(SealedFile::new(content_type, self.key.seal(content_type, content)?))
    }

    /// Encrypts a Bundle of FHIR resources, each with its exact bytes.
    pub fn seal_resources<'a>(&self, resources: impl IntoIterator<Item = &'a [u8]>) -> Result<SealedFile, LinkError> {
        self.seal(MEDIA_TYPE, &collection(resources)?)
    }

    /// What to fetch first. `recipient` is shown to the link's maker; the passcode is sent only where the link needs one.
    pub fn request(&self, recipient: &str, passcode: Option<&str>) -> Result<LinkRequest, LinkError> {
        if self.single_file {
            return Ok(LinkRequest::file_of(&self.url, recipient));
        }
        match (self.passcode, passcode) {
            (true, None) => Err(LinkError::PasscodeNeeded),
            (true, Some(passcode)) => Ok(LinkRequest::manifest(&self.url, recipient, Some(passcode))),
            (false, _) => Ok(LinkRequest::manifest(&self.url, recipient, None)),
        }
    }

    /// Fetches and opens all files: `fetch` makes one request and gives the body of the answer.
    ///
    /// An answer that is no success (404: the link is not active; 401: a wrong passcode) is an error of `fetch`. No more
    /// than 64 MiB of content are opened in all.
    pub fn open<E: From<LinkError>>(
        &self,
        recipient: &str,
        passcode: Option<&str>,
        mut fetch: impl FnMut(&LinkRequest) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<LinkFile>, E> {
        let answer = fetch(&self.request(recipient, passcode)?)?;
        if self.single_file {
            return Ok(vec![self.file(&answer)?]);
        }
        let manifest = Self::manifest_within(&answer)?;
        let mut left = MAX_CONTENT;
        let mut files = Vec::new();
        for entry in manifest.files() {
            let file = match (entry.embedded(), entry.location()) {
                (Some(jwe), _) => self.file_within(entry, jwe, left)?,
                (None, url) => {
                    let jwe = fetch(&LinkRequest::get(url.unwrap_or_default()))?;
                    self.file_within(entry, &jwe, left)?
                }
            };
            left = left.saturating_sub(file.content.len());
            files.push(file);
        }
        Ok(files)
    }

    /// Opens the file of a link with flag U, fetched from its address.
    pub fn file(&self, jwe: &[u8]) -> Result<LinkFile, LinkError> {
        if !self.single_file {
            return Err(LinkError::OtherForm { found: Part::Manifest });
        }
        let (content_type, content) = self.key.open(jwe, MAX_CONTENT)?;
        Ok(LinkFile { content_type, content })
    }

    /// Reads the manifest of a link without flag U, fetched from its address.
    pub fn manifest(&self, json: &[u8]) -> Result<Manifest, LinkError> {
        if self.single_file {
            return Err(LinkError::OtherForm { found: Part::File });
        }
        Self::manifest_within(json)
    }

    /// Opens a file of the manifest: `jwe` is what its location gave, or what is embedded. It must be of the type that
    /// the manifest says.
    pub fn file_of(&self, entry: &ManifestFile, jwe: &[u8]) -> Result<LinkFile, LinkError> {
        self.file_within(entry, jwe, MAX_CONTENT)
    }

    fn manifest_within(json: &[u8]) -> Result<Manifest, LinkError> {
        if json.len() > Self::MAX_ANSWER {
            return Err(LinkError::TooLarge { limit: Self::MAX_ANSWER });
        }
        Manifest::parse(json)
    }

    fn file_within(&self, entry: &ManifestFile, jwe: &[u8], limit: usize) -> Result<LinkFile, LinkError> {
        let (content_type, content) = self.key.open(jwe, limit)?;
        if !same_type(entry.content_type(), &content_type) {
            return Err(LinkError::OtherContentType);
        }
        Ok(LinkFile { content_type, content })
    }
}

impl LinkFile {
    /// Media type, which its maker has authenticated: mostly [`LinkFile::FHIR`].
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// A FHIR resource or Bundle.
    pub const FHIR: &'static str = MEDIA_TYPE;
    /// SMART Health Cards: JSON with signed credentials, which are not verified here.
    pub const HEALTH_CARD: &'static str = "application/smart-health-card";
    /// An access token for a FHIR server.
    pub const API_ACCESS: &'static str = "application/smart-api-access";

    /// Whether it is a FHIR resource or Bundle by its type.
    pub fn is_fhir(&self) -> bool {
        same_type(&self.content_type, Self::FHIR)
    }

    /// The content, exactly as it was sealed.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The content, to be kept.
    pub fn into_content(self) -> Vec<u8> {
        self.content
    }
}

/// Media types are the same without regard to case and parameters (RFC 9110, 8.3.1).
fn same_type(one: &str, other: &str) -> bool {
    let essence = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence(one) == essence(other)
}

fn is_media_type(text: &str) -> bool {
    let token =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    text.len() <= 127 && text.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

/// Shows flags only: the rest opens files, or tells of a patient.
impl fmt::Debug for HealthLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, key: _, expires, long_term, passcode, single_file, label: _ } = self;
        f.debug_struct("HealthLink")
            .field("expires", expires)
            .field("long_term", long_term)
            .field("passcode", passcode)
            .field("single_file", single_file)
            .finish_non_exhaustive()
    }
}

/// Shows a size only: a file is a patient's.
impl fmt::Debug for LinkFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content_type, content } = self;
        f.debug_struct("LinkFile")
            .field("content_type", content_type)
            .field("content_len", &content.len())
            .finish_non_exhaustive()
    }
}
