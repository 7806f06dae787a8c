//! Folders: each file in one becomes a file of the chart, named by its path, and comes out again.

use super::{Draft, FileInfo, paths, take_all};
use crate::codec::EntryId;
use crate::error::Error;
use crate::record::Kind;
use crate::vault::Chart;
use std::fs::{self, DirBuilder, File, Metadata};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// What became of each file of a folder or a chart, in order.
pub type Outcomes<K, V> = Vec<(K, Result<V, Error>)>;

impl Chart {
    /// Puts each file of a folder, and of the folders in it, into the chart, with its path from there as its name. Links are not
    /// followed. `describe` gives media type, label and terms of a path; `progress` is told how many bytes were taken so far
    /// in all, and may end it with [`Error::Cancelled`].
    ///
    /// Says of each path what became of it: a name that is not safe everywhere is [`Error::UnsafeName`], what is neither file nor
    /// folder is [`Error::NotAFile`], a file or a folder that cannot be read is [`Error::CannotRead`], and the others go in. An
    /// error that is not of one file ends it, and is the last; what was put before stays. A file that somebody writes to meanwhile
    /// goes in as it was read.
    pub fn import_dir(
        &self,
        folder: impl AsRef<Path>,
        mut describe: impl FnMut(&str) -> FileInfo,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Outcomes<PathBuf, EntryId>, Error> {
        let folder = folder.as_ref();
        let (mut done, mut before) = (Vec::new(), 0_u64);
        for Found { path, metadata } in walk(folder)? {
            let put = metadata.and_then(|found| open(&folder.join(&path), &found)).and_then(|file| {
                let name = name_of(&path)?;
                let mut writer = self.create_file(&describe(&name).named(name))?;
                take_all(&mut writer, file, |taken| progress(before.saturating_add(taken)))?;
                before = before.saturating_add(writer.len());
                writer.finish().map(|(entry, _)| entry)
            });
            let ended = put.as_ref().is_err_and(|error| !is_of_one_file(error));
            done.push((path, put));
            if ended {
                break;
            }
        }
        Ok(done)
    }

    /// Writes each file of the chart into a folder, under its name as a path from there, or under its id where it has none. It is
    /// there only when its end was verified and it is on disk. Nothing is written over, nothing outside of the folder, and no link
    /// in it is followed; nobody else should write there meanwhile. `progress` is told how many bytes were written so far in
    /// all, and may end it with [`Error::Cancelled`].
    ///
    /// Says of each file where it is: where something is there already it is [`Error::FileExists`], a name that leads elsewhere or
    /// is not safe on every system is [`Error::UnsafeName`], and the others come out. An error that is not of one file ends it, and is
    /// the last.
    pub fn export_dir(
        &self,
        folder: impl AsRef<Path>,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Outcomes<EntryId, PathBuf>, Error> {
        let folder = folder.as_ref();
        let files = self.list_kind(Kind::File)?;
        match make_folder(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(Error::CannotWrite),
            _ => {}
        }
        let (mut done, mut before) = (Vec::new(), 0_u64);
        for found in files.entries() {
            let written = self.file(&found.id).and_then(|mut reader| {
                let name = reader.entry().record().name().map_or_else(|| found.id.to_string(), str::to_owned);
                let path = place(folder, &paths::parts(&name)?)?;
                let mut draft = Draft::create(&path)?;
                reader.copy_to(draft.file(), |written| progress(before.saturating_add(written)))?;
                before = before.saturating_add(reader.len());
                draft.keep_new()?;
                Ok(path)
            });
            let ended = written.as_ref().is_err_and(|error| !is_of_one_file(error));
            done.push((found.id, written));
            if ended {
                break;
            }
        }
        Ok(done)
    }
}

/// Whether the next file may fare better.
fn is_of_one_file(error: &Error) -> bool {
    matches!(
        error,
        Error::UnsafeName
            | Error::NotAFile
            | Error::FileExists
            | Error::CannotRead
            | Error::ContentNotHere
            | Error::TooManyTerms
            | Error::NewerFormat
            | Error::UnknownEntry
            | Error::Unopenable { .. }
    )
}

/// Something in a folder that is no folder, or one that cannot be read: its path from there, and what it was when it was found.
struct Found {
    path: PathBuf,
    metadata: Result<Metadata, Error>,
}

/// All that is in a folder and the folders in it, by name.
fn walk(folder: &Path) -> Result<Vec<Found>, Error> {
    let (mut found, mut folders) = (Vec::new(), Vec::new());
    list(folder, Path::new(""), &mut found, &mut folders)?;
    while let Some(path) = folders.pop() {
        if let Err(error) = list(folder, &path, &mut found, &mut folders) {
            found.push(Found { path, metadata: Err(error) });
        }
    }
    found.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// What is in one of them.
fn list(folder: &Path, path: &Path, found: &mut Vec<Found>, folders: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder.join(path)).map_err(|_| Error::CannotRead)? {
        let entry = entry.map_err(|_| Error::CannotRead)?;
        let path = path.join(entry.file_name());
        // Of a link it tells of the link.
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folders.push(path),
            metadata => found.push(Found { path, metadata: metadata.map_err(|_| Error::CannotRead) }),
        }
    }
    Ok(())
}

/// Opens a file that was found, if it is still what it was.
fn open(path: &Path, found: &Metadata) -> Result<File, Error> {
    if !found.is_file() {
        return Err(Error::NotAFile);
    }
    let file = File::open(path).map_err(|_| Error::CannotRead)?;
    let opened = file.metadata().map_err(|_| Error::CannotRead)?;
    // A link may have come in its place, and led elsewhere.
    if is_same(found, &opened) { Ok(file) } else { Err(Error::NotAFile) }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, other: &Metadata) -> bool {
    other.is_file()
}

/// A path as the name of a file: the same on every system.
fn name_of(path: &Path) -> Result<String, Error> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    let name = parts.ok_or(Error::UnsafeName)?.join("/");
    paths::parts(&name)?;
    Ok(name)
}

/// Where a file of these names goes, with the folders on the way to it. Fails where something else is there.
fn place(folder: &Path, parts: &[&str]) -> Result<PathBuf, Error> {
    let mut path = folder.to_owned();
    let (last, folders) = parts.split_last().ok_or(Error::UnsafeName)?;
    for part in folders {
        path.push(part);
        match make_folder(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // Not one that a link leads to.
                let metadata = fs::symlink_metadata(&path).map_err(|_| Error::CannotWrite)?;
                if !metadata.is_dir() {
                    return Err(Error::FileExists);
                }
            }
            Err(_) => return Err(Error::CannotWrite),
        }
    }
    path.push(last);
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path),
        Err(_) => Err(Error::CannotWrite),
        Ok(_) => Err(Error::FileExists),
    }
}

/// Makes a folder for its owner only.
fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut options = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut options, 0o700);
    options.create(path)
}
