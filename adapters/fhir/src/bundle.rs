//! Collections of resources: a Bundle, and lines of NDJSON.

use crate::patient::read;
use crate::{Fhir, FhirError, Resource};
use core::fmt;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::{BufRead, ErrorKind, Read};

/// A Bundle whose entries are borrowed from its bytes.
pub struct Bundle<'a> {
    resource: Resource,
    entries: Vec<Entry<'a>>,
}

/// One entry of a Bundle that holds a resource.
#[derive(Clone)]
pub struct Entry<'a> {
    full_url: Option<String>,
    resource: &'a str,
}

impl<'a> Bundle<'a> {
    /// Reads a Bundle of at most [`Fhir::MAX_LEN`] bytes.
    pub fn parse(content: &'a [u8]) -> Result<Self, FhirError> {
        Self::parse_within(content, Fhir::MAX_LEN)
    }

    pub(crate) fn parse_within(content: &'a [u8], limit: usize) -> Result<Self, FhirError> {
        let resource = Resource::parse_within(content, limit)?;
        if resource.kind() != "Bundle" {
            return Err(FhirError::NotABundle);
        }
        let bundle: BundleJson<'a> = read(content)?;
        let entries = bundle
            .entry
            .into_iter()
            .filter_map(|entry| Some(Entry { full_url: entry.full_url, resource: entry.resource?.get() }))
            .collect();
        Ok(Self { resource, entries })
    }

    /// The Bundle as a resource of its own.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// The entries that hold a resource, in their order.
    pub fn entries(&self) -> &[Entry<'a>] {
        &self.entries
    }
}

impl<'a> Entry<'a> {
    /// The URL by which other entries refer to this one, if it has one.
    pub fn full_url(&self) -> Option<&str> {
        self.full_url.as_deref()
    }

    /// The resource: the very bytes of the Bundle, white space and order of keys included.
    pub fn content(&self) -> &'a [u8] {
        self.resource.as_bytes()
    }
}

/// Shows counts only: a Bundle is a patient's.
impl fmt::Debug for Bundle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource: _, entries } = self;
        f.debug_struct("Bundle").field("entries", &entries.len()).finish_non_exhaustive()
    }
}

/// Shows a size only: an entry is a patient's.
impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { full_url: _, resource } = self;
        f.debug_struct("Entry").field("content_len", &resource.len()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct BundleJson<'a> {
    #[serde(borrow, default)]
    entry: Vec<EntryJson<'a>>,
}

#[derive(Deserialize)]
struct EntryJson<'a> {
    #[serde(rename = "fullUrl")]
    full_url: Option<String>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

/// Resources of a stream of lines, as FHIR Bulk Data writes them, none longer than [`Fhir::MAX_LEN`].
///
/// Each is the bytes of its line without the line's end. Empty lines are passed over. Nothing is parsed yet. A line that
/// is too long is an error and the next one is read; after an error of the reader the stream ends.
pub fn ndjson<R: BufRead>(reader: R) -> Ndjson<R> {
    Ndjson::within(reader, Fhir::MAX_LEN)
}

/// The iterator of [`ndjson`].
#[derive(Debug)]
pub struct Ndjson<R> {
    reader: R,
    limit: usize,
    ended: bool,
}

impl<R: BufRead> Ndjson<R> {
    pub(crate) fn within(reader: R, limit: usize) -> Self {
        Self { reader, limit, ended: false }
    }

    /// Reads a line with its end, or as much of it as shows that it is too long.
    fn line(&mut self) -> std::io::Result<Vec<u8>> {
        // Room for the end of a line, CR LF.
        let most = u64::try_from(self.limit).unwrap_or(u64::MAX).saturating_add(2);
        let mut line = Vec::new();
        self.reader.by_ref().take(most).read_until(b'\n', &mut line)?;
        Ok(line)
    }

    /// Skips what is left of a line.
    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            let buffer = match self.reader.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                buffer => buffer?,
            };
            if buffer.is_empty() {
                return Ok(());
            }
            let (used, found) = match buffer.iter().position(|b| *b == b'\n') {
                Some(at) => (at.saturating_add(1), true),
                None => (buffer.len(), false),
            };
            self.reader.consume(used);
            if found {
                return Ok(());
            }
        }
    }

    fn next_line(&mut self) -> std::io::Result<Option<Result<Vec<u8>, FhirError>>> {
        loop {
            let mut line = self.line()?;
            if line.is_empty() {
                return Ok(None);
            }
            let ended = line.ends_with(b"\n");
            if ended {
                line.pop();
            }
            if line.ends_with(b"\r") {
                line.pop();
            }
            if line.len() > self.limit {
                if !ended {
                    self.skip_line()?;
                }
                return Ok(Some(Err(FhirError::TooLarge { limit: self.limit })));
            }
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(Ok(line)));
            }
        }
    }
}

impl<R: BufRead> Iterator for Ndjson<R> {
    type Item = Result<Vec<u8>, FhirError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_line().unwrap_or_else(|error| {
            self.ended = true;
            Some(Err(FhirError::Io(error.kind())))
        });
        self.ended |= next.is_none();
        next
    }
}
