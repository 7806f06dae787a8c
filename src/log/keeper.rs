//! Where checkpoints are kept: away from the store, so that a store which was rolled back or forked is found out.

use super::checkpoint::MOST;
use core::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A keeper could not load or save a checkpoint. What it kept before is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum KeeperError {
    /// It cannot be reached at the moment.
    #[error("the checkpoint's keeper cannot be reached; try again, or check its disk and permissions")]
    Unavailable,
    /// Something stands at the path that no keeper wrote.
    #[error("the checkpoint's path is no regular file; give the keeper a path of its own")]
    NoRegularFile,
    /// More bytes than a checkpoint has.
    #[error("what the keeper holds is too long for a checkpoint; it was replaced by something else")]
    TooLong,
}

/// Keeps the newest checkpoint of a vault: some kilobytes, signed, not secret.
///
/// It must not share the fate of the store: a platform's keystore, another disk, a server of somebody else.
pub trait CheckpointKeeper: Send + Sync {
    /// What was last saved; nothing if nothing ever was.
    fn load(&self) -> Result<Option<Vec<u8>>, KeeperError>;

    /// Keeps this from now on. When it returns, a crash does not undo it.
    fn save(&self, checkpoint: &[u8]) -> Result<(), KeeperError>;
}

/// Keeps checkpoints in a file, which is replaced as a whole and readable by its owner only.
#[derive(Debug)]
pub struct FileKeeper {
    path: PathBuf,
}

impl FileKeeper {
    /// A keeper that writes to this path. Its folder must exist, on another disk than the store if it can be.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file that stands there, if it is one; never what a link leads to.
    fn present(&self) -> Result<Option<Metadata>, KeeperError> {
        match fs::symlink_metadata(&self.path) {
            Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
            Ok(_) => Err(KeeperError::NoRegularFile),
            // A disk that is not there must not pass for a keeper that never kept anything.
            Err(error) if error.kind() == ErrorKind::NotFound && self.folder().is_dir() => Ok(None),
            Err(_) => Err(KeeperError::Unavailable),
        }
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// A name beside the file that nobody else has.
    fn temporary(&self) -> Result<PathBuf, KeeperError> {
        let mut name = self.path.file_name().ok_or(KeeperError::NoRegularFile)?.to_owned();
        let number = crate::crypto::random::array().map_err(|_| KeeperError::Unavailable)?;
        name.push(format!(".{:016x}.new", u64::from_be_bytes(number)));
        Ok(self.path.with_file_name(name))
    }

    fn replace(&self, temporary: &Path, checkpoint: &[u8]) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(temporary)?;
        file.write_all(checkpoint)?;
        file.sync_all()?;
        fs::rename(temporary, &self.path)?;
        // Only now the name is as lasting as the bytes.
        #[cfg(unix)]
        File::open(self.folder())?.sync_all()?;
        Ok(())
    }
}

impl CheckpointKeeper for FileKeeper {
    fn load(&self) -> Result<Option<Vec<u8>>, KeeperError> {
        let Some(seen) = self.present()? else { return Ok(None) };
        let file = File::open(&self.path).map_err(|_| KeeperError::Unavailable)?;
        // A link that was put there in between leads to another file than the one that was seen.
        let opened = file.metadata().map_err(|_| KeeperError::Unavailable)?;
        if !same_file(&seen, &opened) {
            return Err(KeeperError::Unavailable);
        }
        let most = u64::try_from(MOST).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| KeeperError::Unavailable)?;
        if bytes.len() > MOST {
            return Err(KeeperError::TooLong);
        }
        Ok(Some(bytes))
    }

    fn save(&self, checkpoint: &[u8]) -> Result<(), KeeperError> {
        self.present()?;
        let temporary = self.temporary()?;
        self.replace(&temporary, checkpoint).map_err(|_| {
            // Where it was renamed already, nothing is left to remove.
            let _ = fs::remove_file(&temporary);
            KeeperError::Unavailable
        })
    }
}

#[cfg(unix)]
fn same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same_file(one: &Metadata, other: &Metadata) -> bool {
    one.file_type() == other.file_type()
}

type Load = dyn Fn() -> Result<Option<Vec<u8>>, KeeperError> + Send + Sync;
type Save = dyn Fn(&[u8]) -> Result<(), KeeperError> + Send + Sync;

/// Keeps checkpoints through two functions of the application: a platform's keystore, a server.
pub struct CallbackKeeper {
    load: Box<Load>,
    save: Box<Save>,
}

impl CallbackKeeper {
    /// A keeper that calls these.
    pub fn new(
        load: impl Fn() -> Result<Option<Vec<u8>>, KeeperError> + Send + Sync + 'static,
        save: impl Fn(&[u8]) -> Result<(), KeeperError> + Send + Sync + 'static,
    ) -> Self {
        Self { load: Box::new(load), save: Box::new(save) }
    }
}

impl CheckpointKeeper for CallbackKeeper {
    fn load(&self) -> Result<Option<Vec<u8>>, KeeperError> {
        (self.load)()
    }

    fn save(&self, checkpoint: &[u8]) -> Result<(), KeeperError> {
        (self.save)(checkpoint)
    }
}

impl fmt::Debug for CallbackKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { load: _, save: _ } = self;
        f.debug_struct("CallbackKeeper").finish_non_exhaustive()
    }
}

/// Keeps checkpoints for as long as it lives: for tests, and where the process outlives the store.
#[derive(Debug, Default)]
pub struct MemoryKeeper {
    kept: Mutex<Option<Vec<u8>>>,
}

impl MemoryKeeper {
    /// A keeper of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl CheckpointKeeper for MemoryKeeper {
    fn load(&self) -> Result<Option<Vec<u8>>, KeeperError> {
        Ok(self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn save(&self, checkpoint: &[u8]) -> Result<(), KeeperError> {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(checkpoint.to_vec());
        Ok(())
    }
}

impl<K: CheckpointKeeper + ?Sized> CheckpointKeeper for std::sync::Arc<K> {
    fn load(&self) -> Result<Option<Vec<u8>>, KeeperError> {
        (**self).load()
    }

    fn save(&self, checkpoint: &[u8]) -> Result<(), KeeperError> {
        (**self).save(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.collect()
    }

    fn keeps(keeper: &dyn CheckpointKeeper) {
        assert_eq!(keeper.load(), Ok(None));
        for checkpoint in [&b"first"[..], b"second, longer", b""] {
            keeper.save(checkpoint).unwrap();
            assert_eq!(keeper.load().unwrap().as_deref(), Some(checkpoint));
        }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        keeps(&FileKeeper::new(folder.path().join("checkpoint")));
        assert_eq!(names(folder.path()), ["checkpoint"]);
        keeps(&MemoryKeeper::new());
        let shared = Arc::new(MemoryKeeper::new());
        let (to_load, to_save) = (Arc::clone(&shared), Arc::clone(&shared));
        keeps(&CallbackKeeper::new(move || to_load.load(), move |checkpoint| to_save.save(checkpoint)));
        assert_eq!(shared.load(), Ok(Some(Vec::new())));
        let failing = CallbackKeeper::new(|| Err(KeeperError::Unavailable), |_| Err(KeeperError::Unavailable));
        assert_eq!((failing.load(), failing.save(b"")), (Err(KeeperError::Unavailable), Err(KeeperError::Unavailable)));
    }

    #[test]
    fn a_file_that_cannot_be_written_keeps_what_it_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent").join("checkpoint");
        let keeper = FileKeeper::new(&path);
        let unavailable = Err(KeeperError::Unavailable);
        assert_eq!((keeper.load().map(drop), keeper.save(b"x")), (unavailable, unavailable));
        fs::create_dir_all(&path).unwrap();
        let refused = Err(KeeperError::NoRegularFile);
        assert_eq!((keeper.load().map(drop), keeper.save(b"x")), (refused, refused));
        assert_eq!(FileKeeper::new("..").save(b"x"), refused);
    }

    #[test]
    fn more_than_a_checkpoint_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let keeper = FileKeeper::new(&path);
        File::create(&path).unwrap().set_len(MOST as u64).unwrap();
        assert_eq!(keeper.load().unwrap().map(|bytes| bytes.len()), Some(MOST));
        File::create(&path).unwrap().set_len(MOST as u64 + 1).unwrap();
        assert_eq!(keeper.load(), Err(KeeperError::TooLong));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed_and_the_file_is_the_owners() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        fs::write(&target, b"not ours").unwrap();
        symlink(&target, &link).unwrap();
        let keeper = FileKeeper::new(&link);
        let refused = Err(KeeperError::NoRegularFile);
        assert_eq!((keeper.load().map(drop), keeper.save(b"x")), (refused, refused));
        assert_eq!(fs::read(&target).unwrap(), b"not ours");
        // A link to nothing is one too.
        fs::remove_file(&target).unwrap();
        assert_eq!((keeper.load().map(drop), keeper.save(b"x")), (refused, refused));
        assert!(!target.exists());

        let path = folder.path().join("checkpoint");
        fs::write(&path, b"old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        FileKeeper::new(&path).save(b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
