//! A file on disk that is not there before it is whole.

use crate::crypto::random;
use crate::error::Error;
use std::fs::{self, File, OpenOptions};
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
        let mut name = path.file_name().ok_or(Error::CannotWrite)?.to_owned();
        name.push(format!(".{:016x}.part", u64::from_be_bytes(random::array()?)));
        let temporary = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&temporary).map_err(|_| Error::CannotWrite)?;
        Ok(Self { file, temporary, path: path.to_owned(), kept: false })
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Puts it where it belongs. Durable when this returns.
    pub(super) fn keep(mut self) -> Result<(), Error> {
        let kept = self.file.sync_all().and_then(|()| fs::rename(&self.temporary, &self.path));
        kept.map_err(|_| Error::CannotWrite)?;
        self.kept = true;
        #[cfg(unix)]
        {
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(|_| Error::CannotWrite)?;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
