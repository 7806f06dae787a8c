//! The files that go into the vault: which there are, and into which records each is cut.
//!
//! ```text
//!  a resource ─────────────► one record
//!  a Bundle, NDJSON ───────► a record for each resource + the frame: all bytes between them
//!  longer than a record ───► parts + a frame
//! ```
//!
//! [`join`] puts a frame and its pieces together again, so that every byte of a file can come back.

use crate::say::Result;
use ampoule_fhir::Bundle;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest piece of a file that is kept as one record. A record holds up to 16 MiB with what it is found by.
const LONGEST: usize = 12 << 20;

/// A file to keep.
pub(crate) struct File {
    /// Its path below the folder, as the sealed record names it.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// A file, cut.
pub(crate) struct Cut<'a> {
    pub(crate) pieces: Vec<Piece<'a>>,
    /// What is between the pieces, unless the file is one piece.
    pub(crate) frame: Option<Vec<u8>>,
}

pub(crate) struct Piece<'a> {
    pub(crate) bytes: &'a [u8],
    /// The URL that a Bundle gives to the resource.
    pub(crate) full_url: Option<String>,
}

/// The JSON and NDJSON files of a folder and the folders in it, or the one file, in order of their names.
pub(crate) fn files(root: &Path) -> Result<Vec<File>> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        let unreadable = |error| format!("{} cannot be read: {error}", path.display());
        if fs::metadata(&path).map_err(unreadable)?.is_dir() {
            for entry in fs::read_dir(&path).map_err(unreadable)? {
                let path = entry?.path();
                let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
                if path.is_dir() || ["json", "ndjson"].contains(&ending) {
                    open.push(path);
                }
            }
        } else {
            let below = path.strip_prefix(root).ok().filter(|below| !below.as_os_str().is_empty());
            let name = below.map_or_else(|| path.file_name().unwrap_or_default(), Path::as_os_str);
            found.push(File { name: name.to_string_lossy().into_owned(), path });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if found.is_empty() {
        return Err(format!("{} holds no .json or .ndjson file", root.display()).into());
    }
    Ok(found)
}

/// Cuts a file into what is kept as records.
pub(crate) fn cut<'a>(file: &File, bytes: &'a [u8]) -> Result<Cut<'a>> {
    let piece = |bytes| Piece { bytes, full_url: None };
    let pieces: Vec<Piece<'a>> = if file.path.extension().is_some_and(|ending| ending == "ndjson") {
        let lines = bytes.split(|byte| *byte == b'\n');
        lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).filter(|line| !line.is_empty()).map(piece).collect()
    } else if let Some(bundle) = collection(bytes) {
        let entries = bundle.entries().iter();
        entries.map(|e| Piece { bytes: e.content(), full_url: e.full_url().map(str::to_owned) }).collect()
    } else {
        vec![piece(bytes)]
    };
    if pieces.len() == 1 && pieces.iter().all(|piece| piece.bytes.len() == bytes.len()) && bytes.len() <= LONGEST {
        return Ok(Cut { pieces, frame: None });
    }
    let short = pieces.into_iter().flat_map(|whole| {
        let Piece { bytes, full_url } = whole;
        bytes.chunks(LONGEST).map(move |part| Piece { bytes: part, full_url: full_url.clone() })
    });
    let pieces: Vec<Piece<'a>> = short.collect();
    let frame = frame(bytes, &pieces).ok_or("the pieces of a file are not in their order")?;
    Ok(Cut { pieces, frame: Some(frame) })
}

/// A Bundle whose resources are records of their own.
///
/// A document and a message are one record each: they were signed or sent as a whole. So is a Bundle that carries
/// security labels of its own, which the resources in it would lose.
fn collection(bytes: &[u8]) -> Option<Bundle<'_>> {
    let head: Head = serde_json::from_slice(bytes).ok()?;
    let labelled = head.meta.and_then(|meta| meta.security).is_some_and(|labels| !labels.is_empty());
    let whole = matches!(head.form.as_deref(), None | Some("document" | "message"));
    if head.kind != "Bundle" || labelled || whole {
        return None;
    }
    Bundle::parse(bytes).ok().filter(|bundle| !bundle.entries().is_empty())
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "resourceType")]
    kind: String,
    #[serde(rename = "type")]
    form: Option<String>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    security: Option<Vec<serde::de::IgnoredAny>>,
}

/// For each piece the length of what is before it, and those bytes; at the end what is after the last.
fn frame(bytes: &[u8], pieces: &[Piece<'_>]) -> Option<Vec<u8>> {
    let mut frame = Vec::new();
    let mut at = 0;
    let ends = pieces.iter().map(|piece| {
        let start = piece.bytes.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
        Some((start, start.checked_add(piece.bytes.len())?))
    });
    for span in ends.chain([Some((bytes.len(), bytes.len()))]) {
        let (start, end) = span?;
        let gap = bytes.get(at..start)?;
        frame.extend_from_slice(&u64::try_from(gap.len()).ok()?.to_be_bytes());
        frame.extend_from_slice(gap);
        at = end;
    }
    Some(frame)
}

/// The file of a frame and its pieces.
pub(crate) fn join<'p>(mut frame: &[u8], pieces: impl IntoIterator<Item = &'p [u8]>) -> Option<Vec<u8>> {
    let mut file = Vec::new();
    let mut gap = |file: &mut Vec<u8>| {
        let (length, rest) = frame.split_first_chunk()?;
        let (gap, rest) = rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
        file.extend_from_slice(gap);
        frame = rest;
        Some(())
    };
    gap(&mut file)?;
    for piece in pieces {
        file.extend_from_slice(piece);
        gap(&mut file)?;
    }
    frame.is_empty().then_some(file)
}

/// Name of the record of a piece, which says where it came from. It is sealed with the record.
pub(crate) fn piece_name(file: &str, number: Option<usize>) -> String {
    number.map_or_else(|| file.to_owned(), |number| format!("{file}\t{number}"))
}

/// Name of the record of a frame.
pub(crate) fn frame_name(file: &str) -> String {
    format!("{file}\tframe")
}

/// What [`piece_name`] or [`frame_name`] was made of.
pub(crate) enum Name<'a> {
    Whole(&'a str),
    Piece(&'a str, usize),
    Frame(&'a str),
}

pub(crate) fn read_name(name: &str) -> Option<Name<'_>> {
    Some(match name.rsplit_once('\t') {
        None => Name::Whole(name),
        Some((file, "frame")) => Name::Frame(file),
        Some((file, number)) => Name::Piece(file, number.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &[u8] = br#" {"resourceType":"Bundle", "type":"collection",
        "entry":[{"fullUrl":"urn:uuid:1", "resource":{"resourceType":"Patient","id":"a"}},
                 {"request":{"url":"x"}}, {"resource": {"resourceType":"Basic" }}]}
"#;

    /// Cuts `bytes`, puts them together again, and returns the pieces.
    fn there_and_back(name: &str, bytes: &[u8]) -> Vec<Vec<u8>> {
        let file = File { name: name.into(), path: name.into() };
        let Cut { pieces, frame } = cut(&file, bytes).unwrap();
        let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.bytes.to_vec()).collect();
        match frame {
            Some(frame) => assert_eq!(join(&frame, pieces.iter().map(Vec::as_slice)).unwrap(), bytes),
            None => assert_eq!(pieces, [bytes]),
        }
        pieces
    }

    #[test]
    fn every_form_of_file_is_put_together_again() {
        assert_eq!(
            there_and_back("a.json", BUNDLE),
            [&br#"{"resourceType":"Patient","id":"a"}"#[..], br#"{"resourceType":"Basic" }"#]
        );
        assert_eq!(there_and_back("a.ndjson", b"{1}\r\n\n{2}\n{3}"), [b"{1}", b"{2}", b"{3}"]);
        assert_eq!(there_and_back("a.ndjson", b"\n").len(), 0);
        for whole in [&b""[..], b"x", br#"{"resourceType":"Basic"}"#] {
            assert_eq!(there_and_back("a.json", whole), [whole]);
        }
        assert_eq!(there_and_back("a.json", &vec![7; LONGEST + 1]).len(), 2);
    }

    #[test]
    fn what_was_sent_or_labelled_as_a_whole_stays_whole() {
        let bundle = std::str::from_utf8(BUNDLE).unwrap();
        let labelled = bundle.replace("\"entry\"", "\"meta\":{\"security\":[{\"code\":\"R\"}]},\"entry\"");
        for whole in [bundle.replace("collection", "document"), bundle.replace("collection", "message"), labelled] {
            assert_eq!(there_and_back("a.json", whole.as_bytes()), [whole.as_bytes()]);
        }
    }

    #[test]
    fn a_missing_piece_is_noticed() {
        let frame = cut(&File { name: "a.json".into(), path: "a.json".into() }, BUNDLE).unwrap().frame.unwrap();
        assert_eq!(join(&frame, [&b"{}"[..]]), None);
        assert_eq!(join(&frame, [&b"{}"[..]; 3]), None);
        assert_eq!(join(&frame[..frame.len() - 1], [&b"{}"[..]; 2]), None);
    }
}
