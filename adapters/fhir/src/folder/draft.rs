//! A folder that is not there before it is whole.

use super::FolderError;
use super::names::FILES;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::path::{Path, PathBuf};

/// A folder under a temporary name. Dropped before [`Self::keep`], it is gone.
pub(super) struct Draft {
    temporary: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Draft {
    /// Begins what will be the folder at `path`, for its owner only. Nothing may be there.
    pub(super) fn begin(path: &Path) -> Result<Self, FolderError> {
        refuse_what_is_there(path)?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|_| FolderError::Random)?;
        let mut name = path.file_name().ok_or(FolderError::CannotWrite(std::io::ErrorKind::InvalidInput))?.to_owned();
        name.push(format!(".{:016x}.part", u64::from_be_bytes(random)));
        let temporary = path.with_file_name(name);
        make(&temporary)?;
        let draft = Self { temporary, path: path.to_owned(), kept: false };
        make(&draft.temporary.join(FILES))?;
        Ok(draft)
    }

    /// A new file in the folder.
    pub(super) fn create(&self, name: &str) -> Result<File, FolderError> {
        let mut options = OpenOptions::new();
        options.write(true).read(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.temporary.join(name)).map_err(FolderError::write)
    }

    /// Puts it where it belongs. Durable when this returns.
    pub(super) fn keep(mut self) -> Result<(), FolderError> {
        sync(&self.temporary.join(FILES))?;
        sync(&self.temporary)?;
        refuse_what_is_there(&self.path)?;
        fs::rename(&self.temporary, &self.path).map_err(FolderError::write)?;
        self.kept = true;
        sync(self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_dir_all(&self.temporary);
        }
    }
}

/// Also a link that leads nowhere.
fn refuse_what_is_there(path: &Path) -> Result<(), FolderError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(FolderError::Exists),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(FolderError::write(error)),
    }
}

fn make(path: &Path) -> Result<(), FolderError> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(FolderError::write)
}

fn sync(folder: &Path) -> Result<(), FolderError> {
    // Elsewhere a folder cannot be opened for that.
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(FolderError::write)
    } else {
        Ok(())
    }
}
