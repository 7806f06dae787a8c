//! `chart.json`: what a folder holds, and where.

use super::FolderError;
use super::names::{FILES, is_file_name};
use ampoule::{Code, DateRange, EntryId, Label, Terms};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Name of the list in its folder.
pub(super) const MANIFEST: &str = "chart.json";
/// Name of the Bundle.
pub(super) const BUNDLE: &str = "bundle.json";
/// What the list says that it is.
const FORMAT: &str = "ampoule chart folder";
/// The version that is written and read.
const VERSION: u32 = 1;
/// Longest list, in bytes.
pub(super) const MAX_MANIFEST: u64 = 64 << 20;
/// Longest record, in bytes.
pub(super) const MAX_RECORD: u64 = 16 << 20;

/// Everything in a folder that an import takes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Manifest {
    format: String,
    version: u32,
    /// Id of the chart.
    chart: String,
    pub(super) pieces: Vec<Piece>,
}

/// What a piece is, and so how it is taken in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Is {
    /// A FHIR resource that was put, within the Bundle.
    Resource,
    /// A message, as a Communication that the export has made, within the Bundle.
    Message,
    /// A record that is no FHIR JSON: HL7 v2, CDA. A file of its own.
    Record,
    /// A file of the chart.
    File,
}

/// One version of one entry: where its bytes are, and what was said of them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Piece {
    /// Of the version, or of the message. An import takes each once.
    pub(super) id: String,
    pub(super) is: Is,
    pub(super) path: String,
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) sha256: String,
    pub(super) media_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    /// What the author's card says.
    pub(super) author: String,
    /// In milliseconds since 1970, as the author says.
    pub(super) written_ms: i64,
    /// Others conflict with it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub(super) conflict: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) terms: Option<TermsJson>,
}

/// What a record or a file is found by. That of a resource is read from its bytes.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TermsJson {
    kind: String,
    codes: Vec<[String; 2]>,
    /// First second, and the first after it.
    dates: Vec<[i64; 2]>,
    words: Vec<String>,
}

impl TermsJson {
    pub(super) fn of(terms: &Terms) -> Option<Self> {
        let codes = terms.codes.iter().map(|code| [code.system.clone(), code.value.clone()]).collect();
        let dates = terms.dates.iter().map(|date| [date.start(), date.end()]).collect();
        let all = Self { kind: terms.kind.clone(), codes, dates, words: terms.words.clone() };
        (all != Self::default()).then_some(all)
    }

    pub(super) fn to_terms(&self) -> Result<Terms, FolderError> {
        let code = |[system, value]: &[String; 2]| Code { system: system.clone(), value: value.clone() };
        let date = |[start, end]: &[i64; 2]| DateRange::new(*start, *end).map_err(|_| FolderError::Malformed);
        let dates = self.dates.iter().map(date).collect::<Result<_, _>>()?;
        let codes = self.codes.iter().map(code).collect();
        let terms = Terms { kind: self.kind.clone(), codes, dates, words: self.words.clone() };
        if terms.is_within_bounds() { Ok(terms) } else { Err(FolderError::Malformed) }
    }
}

impl Manifest {
    pub(super) fn new(chart: String) -> Self {
        Self { format: FORMAT.into(), version: VERSION, chart, pieces: Vec::new() }
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>, FolderError> {
        // Texts and integers always become JSON.
        let json = serde_json::to_vec_pretty(self).map_err(|_| FolderError::Malformed)?;
        let fits = u64::try_from(json.len()).is_ok_and(|len| len <= MAX_MANIFEST);
        if fits { Ok(json) } else { Err(FolderError::TooLarge { limit: MAX_MANIFEST }) }
    }

    /// Reads a list, and refuses one of which any piece is not as it should be.
    pub(super) fn parse(json: &[u8]) -> Result<Self, FolderError> {
        if u64::try_from(json.len()).map_or(true, |len| len > MAX_MANIFEST) {
            return Err(FolderError::TooLarge { limit: MAX_MANIFEST });
        }
        let about: About = serde_json::from_slice(json).map_err(|_| FolderError::Malformed)?;
        if about.format != FORMAT || about.version == 0 {
            return Err(FolderError::Malformed);
        }
        if about.version > VERSION {
            return Err(FolderError::NewerFormat);
        }
        let manifest: Self = serde_json::from_slice(json).map_err(|_| FolderError::Malformed)?;
        let mut ids = BTreeSet::new();
        for piece in &manifest.pieces {
            piece.check()?;
            // Of two with one id the second would be taken for the first.
            if !ids.insert(&piece.id) {
                return Err(FolderError::Malformed);
            }
        }
        Ok(manifest)
    }
}

/// What is read of a list before it is known that this version reads it.
#[derive(Deserialize)]
struct About {
    format: String,
    version: u32,
}

impl Piece {
    /// What it has as its label.
    pub(super) fn label(&self) -> Result<Option<Label>, FolderError> {
        self.label.as_deref().map(Label::new).transpose().map_err(|_| FolderError::Malformed)
    }

    fn check(&self) -> Result<(), FolderError> {
        let apart = self.path.strip_prefix(FILES).and_then(|rest| rest.strip_prefix('/')).is_some_and(is_file_name);
        let in_its_place = match self.is {
            Is::Resource | Is::Message => self.path == BUNDLE,
            Is::Record | Is::File => apart && self.offset == 0,
        };
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let written_as_here = self.sha256.len() == 64
            && self.sha256.bytes().all(lower)
            && self.id.bytes().all(lower)
            && self.id.parse::<EntryId>().is_ok();
        if !in_its_place || !written_as_here || self.offset.checked_add(self.length).is_none() {
            return Err(FolderError::Malformed);
        }
        self.label()?;
        if let Some(terms) = &self.terms {
            terms.to_terms()?;
        }
        if self.is != Is::File && self.length > MAX_RECORD {
            return Err(FolderError::TooLarge { limit: MAX_RECORD });
        }
        Ok(())
    }
}
