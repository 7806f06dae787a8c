//! A file on disk that is not there before it is whole.

use crate::crypto::random;
use crate::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A file under a temporary name. Dropped before [`Self::keep`], it is gone.
pub(super) struct Draft {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Draft {
    /// Begins what will be the file at `path`, for its owner only.
    pub(super) fn create(path: &Path) -> Result<Self, Error> {
        path.file_name().ok_or(Error::CannotWrite)?;
        // As long as any name, however long the file's is.
        let temporary = path.with_file_name(format!("{:016x}.part", u64::from_be_bytes(random::array()?)));
        let file = create_new(&temporary).map_err(|_| Error::CannotWrite)?;
        Ok(Self { file, temporary, path: path.to_owned(), kept: false })
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Puts it where it belongs, in the place of what is there. Durable when this returns.
    pub(super) fn keep(mut self) -> Result<(), Error> {
        self.file.sync_all().map_err(|_| Error::CannotWrite)?;
        self.take_place()?;
        self.sync_folder()
    }

    /// Puts it where nothing is yet. Durable when this returns.
    pub(super) fn keep_new(mut self) -> Result<(), Error> {
        self.file.sync_all().map_err(|_| Error::CannotWrite)?;
        match fs::hard_link(&self.temporary, &self.path) {
            // The temporary name goes with this.
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(Error::FileExists),
            // Some file systems have no second names: an empty file holds the place.
            Err(_) => {
                create_new(&self.path).map_err(|error| match error.kind() {
                    ErrorKind::AlreadyExists => Error::FileExists,
                    _ => Error::CannotWrite,
                })?;
                if let Err(error) = self.take_place() {
                    let _ = fs::remove_file(&self.path);
                    return Err(error);
                }
            }
        }
        self.sync_folder()
    }

    fn take_place(&mut self) -> Result<(), Error> {
        fs::rename(&self.temporary, &self.path).map_err(|_| Error::CannotWrite)?;
        self.kept = true;
        Ok(())
    }

    fn sync_folder(&self) -> Result<(), Error> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if cfg!(unix) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(|_| Error::CannotWrite)
        } else {
            Ok(())
        }
    }
}

/// Creates a file that is not there, for its owner only.
fn create_new(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn c24_what_came_meanwhile_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x".repeat(255));
        let mut draft = Draft::create(&path).unwrap();
        draft.file().write_all(b"new").unwrap();
        fs::write(&path, b"old").unwrap();
        assert_eq!(draft.keep_new(), Err(Error::FileExists));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let draft = Draft::create(&path).unwrap();
        draft.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
