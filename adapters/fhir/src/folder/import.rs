//! Reading a folder.

use super::digest::Checked;
use super::manifest::{Is, MANIFEST, MAX_MANIFEST, Manifest, Piece};
use super::names::FILES;
use super::steps::Steps;
use super::{FolderError, Imported};
use crate::Fhir;
use ampoule::{Chart, Error, FileInfo, Label, Record};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

pub(super) fn import(chart: &Chart, from: &Path, mut steps: Steps<'_>) -> Result<Imported, FolderError> {
    let mut json = Vec::new();
    let list = open(from, MANIFEST).map_err(|error| match error {
        FolderError::Damaged => FolderError::Malformed,
        error => error,
    })?;
    list.take(MAX_MANIFEST.saturating_add(1)).read_to_end(&mut json).map_err(FolderError::read)?;
    let manifest = Manifest::parse(&json)?;
    let labels = chart.labels()?;
    // A folder of which anything is damaged, or does not fit the chart, is not begun with.
    for piece in &manifest.pieces {
        if piece.label()?.is_some_and(|label| !labels.contains(&label)) {
            return Err(Error::UnknownLabel.into());
        }
        bytes_of(from, piece)?.check(|read| steps.within(read))?;
        steps.add(piece.length)?;
    }
    let mut done = Imported::default();
    for piece in &manifest.pieces {
        // Ids are drawn at random, so no two folders have the same for different things.
        let key = format!("folder/{}", piece.id);
        if piece.is == Is::File {
            put_file(chart, &key, from, piece, &mut steps)?;
            done.files = done.files.saturating_add(1);
        } else {
            chart.put_once(&key, &record(from, piece)?)?;
            done.records = done.records.saturating_add(1);
        }
        steps.add(piece.length)?;
    }
    Ok(done)
}

fn record(from: &Path, piece: &Piece) -> Result<Record, FolderError> {
    let mut bytes = bytes_of(from, piece)?;
    let mut content = Vec::new();
    if let Err(error) = bytes.read_to_end(&mut content) {
        return Err(if bytes.differs { FolderError::Damaged } else { FolderError::read(error) });
    }
    let record = if piece.is == Is::Record {
        let terms = piece.terms.as_ref().map(super::manifest::TermsJson::to_terms).transpose()?.unwrap_or_default();
        labelled(Record::opaque(&*piece.media_type, content).with_terms(terms), piece.label()?)
    } else {
        let read = Fhir::new().record(content)?;
        // What the resource says of itself is not lowered by what stands beside it.
        let own = read.label().cloned().filter(|label| *label != Label::general());
        let label = own.or(piece.label()?);
        let terms = read.terms().clone();
        labelled(Record::opaque(&*piece.media_type, read.content()).with_terms(terms), label)
    };
    Ok(match &piece.name {
        Some(name) => record.named(name),
        None => record,
    })
}

fn put_file(chart: &Chart, key: &str, from: &Path, piece: &Piece, steps: &mut Steps<'_>) -> Result<(), FolderError> {
    let terms = piece.terms.as_ref().map(super::manifest::TermsJson::to_terms).transpose()?.unwrap_or_default();
    let mut info = FileInfo::new(&*piece.media_type).with_terms(terms);
    if let Some(name) = &piece.name {
        info = info.named(name);
    }
    if let Some(label) = piece.label()? {
        info = info.labelled(label);
    }
    let mut bytes = bytes_of(from, piece)?;
    match chart.put_file_once_with(key, &info, &mut bytes, |read| steps.within(read)) {
        Err(Error::CannotRead) if bytes.differs => Err(FolderError::Damaged),
        put => Ok(put.map(drop)?),
    }
}

fn labelled(record: Record, label: Option<Label>) -> Record {
    match label {
        Some(label) => record.labelled(label),
        None => record,
    }
}

/// The bytes of a piece, which fail at their end unless they are those that the list names.
fn bytes_of(from: &Path, piece: &Piece) -> Result<Checked<File>, FolderError> {
    let mut file = open(from, &piece.path)?;
    let len = file.metadata().map_err(FolderError::read)?.len();
    let end = piece.offset.checked_add(piece.length).filter(|end| *end <= len);
    // A file of its own is all of it.
    let whole = matches!(piece.is, Is::Resource | Is::Message) || end == Some(len);
    if end.is_none() || !whole {
        return Err(FolderError::Damaged);
    }
    file.seek(SeekFrom::Start(piece.offset)).map_err(FolderError::read)?;
    Ok(Checked::new(file, piece.length, &piece.sha256))
}

/// A plain file of the folder. A link could lead to any file of whoever imports, and have it put into a chart that others read.
fn open(from: &Path, path: &str) -> Result<File, FolderError> {
    let plain = |path: &Path, is: fn(&fs::Metadata) -> bool| match fs::symlink_metadata(path) {
        Ok(metadata) if is(&metadata) => Ok(()),
        Ok(_) => Err(FolderError::Damaged),
        Err(error) if error.kind() == ErrorKind::NotFound && from.is_dir() => Err(FolderError::Damaged),
        Err(error) => Err(FolderError::read(error)),
    };
    if path.starts_with(FILES) {
        plain(&from.join(FILES), fs::Metadata::is_dir)?;
    }
    let path = from.join(path);
    plain(&path, fs::Metadata::is_file)?;
    File::open(path).map_err(FolderError::read)
}
