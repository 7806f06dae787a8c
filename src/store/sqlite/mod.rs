//! A store in one SQLite file.

mod entries;
mod failure;
mod link;
mod log;
mod migrations;
mod rows;

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use self::failure::{meaning, meaning_of_commit};
use self::link::{Generations, Link};
use super::turn::{Turn, Turns};
use super::{BlobStore, DirectoryBlobs, Row, Snapshot, Store, StoreError, Table, Transaction};

/// How many idle connections for reading are kept. A new one has to take a generation of its own, and has every reader of the
/// one before look again.
const IDLE_READERS: usize = 64;

/// The length in bytes of the smallest page, and so of the smallest file that is not empty.
const SMALLEST_FILE: u64 = 512;

/// A store in one SQLite file, with the write-ahead log beside it, and blobs in a folder whose name is that of the file and
/// `-blobs`. Several processes may use the file at once, on one machine and a local file system.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    options: SqliteOptions,
    generations: Generations,
    readers: Mutex<Vec<Link>>,
    writer: Mutex<Link>,
    /// The generation that a change under way began at. Nobody else commits meanwhile, so it is that of all who begin to read:
    /// what they see is no newer than what the writer sees.
    writing: RwLock<Option<u64>>,
    turns: Turns,
}

/// What a committed change survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Durability {
    /// The end of the process and the loss of power.
    #[default]
    Full,
    /// The end of the process. The loss of power may undo the last changes, each as a whole. For what can be made again.
    Relaxed,
}

/// How to open a [`SqliteStore`].
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    busy_timeout: Duration,
    durability: Durability,
    page_size: u32,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), durability: Durability::Full, page_size: 4096 }
    }
}

impl SqliteOptions {
    /// The defaults: 5 seconds, [`Durability::Full`].
    pub fn new() -> Self {
        Self::default()
    }

    /// How long a writer waits for another before it fails with [`StoreError::Busy`].
    #[must_use]
    pub fn busy_timeout(mut self, patience: Duration) -> Self {
        self.busy_timeout = patience;
        self
    }

    /// What a committed change survives.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Opens the store at a path, creating the file if there is none.
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        // An absolute path is never taken for one of SQLite's special names.
        let path = std::path::absolute(path).map_err(|_| StoreError::CannotOpen)?;
        create(&path)?;
        let writer = Link::open(&path, &self)?;
        Ok(SqliteStore {
            path,
            options: self,
            generations: Generations::default(),
            readers: Mutex::default(),
            writer: Mutex::new(writer),
            writing: RwLock::default(),
            turns: Turns::default(),
        })
    }
}

impl SqliteStore {
    /// Opens the store at a path, creating the file if there is none. On Unix a new file may be read by its owner only.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        SqliteOptions::new().open(path)
    }

    /// Moves the write-ahead log into the file and empties it. What was removed is then in neither.
    ///
    /// Fails with [`StoreError::Busy`] while another thread or process reads or writes.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        let _turn = self.turns.wait(self.options.busy_timeout)?;
        let writer = lock(&self.writer);
        let busy = writer
            .connection()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, i64>(0))
            .map_err(|error| meaning(&error))?;
        if busy == 0 { Ok(()) } else { Err(StoreError::Busy) }
    }

    /// Checks the structure of the whole file. Slow for a large one.
    pub fn check(&self) -> Result<(), StoreError> {
        let reader = self.reader()?;
        let verdict = reader
            .connection()
            .query_row("PRAGMA integrity_check(1)", (), |row| row.get::<_, String>(0))
            .map_err(|error| meaning(&error))?;
        if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged) }
    }

    /// A connection for reading: the one used last, as what it has cached is the freshest.
    fn reader(&self) -> Result<Link, StoreError> {
        let idle = lock(&self.readers).pop();
        match idle {
            Some(link) => Ok(link),
            None => Link::connect(&self.path, &self.options),
        }
    }
}

impl Store for SqliteStore {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let mut link = self.reader()?;
        let still_at =
            |generation| self.writer.try_lock().is_ok_and(|mut writer| writer.is_at(&self.generations, generation));
        let writing = self.writing.read().unwrap_or_else(PoisonError::into_inner);
        let generation = match *writing {
            Some(generation) => link.begin_beside(generation)?,
            None => link.begin(&self.generations, still_at)?,
        };
        drop(writing);
        Ok(Box::new(SqliteSnapshot { store: self, link: Some(link), generation }))
    }

    fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        let turn = self.turns.wait(self.options.busy_timeout)?;
        let mut link = lock(&self.writer);
        // What a rollback that failed may have left behind.
        link.undo()?;
        match link.begin_writing(&self.generations, &self.writing) {
            Ok(generation) => Ok(Box::new(SqliteTransaction { store: self, link, generation, _turn: turn })),
            Err(error) => {
                link.undo()?;
                Err(error)
            }
        }
    }

    fn blobs(&self) -> Option<Arc<dyn BlobStore>> {
        let mut folder = self.path.clone().into_os_string();
        folder.push("-blobs");
        Some(Arc::new(DirectoryBlobs::new(folder)))
    }
}

struct SqliteSnapshot<'a> {
    store: &'a SqliteStore,
    /// Gone only while it is dropped.
    link: Option<Link>,
    generation: u64,
}

impl SqliteSnapshot<'_> {
    fn link(&self) -> Result<&Link, StoreError> {
        self.link.as_ref().ok_or(StoreError::Io)
    }
}

impl Snapshot for SqliteSnapshot<'_> {
    fn generation(&self) -> Result<u64, StoreError> {
        Ok(self.generation)
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        rows::get(self.link()?.connection(), table, part, key)
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        rows::scan(self.link()?.connection(), table, part, after, limit)
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        rows::last(self.link()?.connection(), table, part)
    }
}

impl Drop for SqliteSnapshot<'_> {
    fn drop(&mut self) {
        // A connection that cannot end its transaction is closed instead, which ends it.
        if let Some(link) = self.link.take()
            && link.run("COMMIT").is_ok()
        {
            let mut readers = lock(&self.store.readers);
            if readers.len() < IDLE_READERS {
                readers.push(link);
            }
        }
    }
}

struct SqliteTransaction<'a> {
    store: &'a SqliteStore,
    link: MutexGuard<'a, Link>,
    generation: u64,
    // After the guard, so that the next writer finds the connection free.
    _turn: Turn<'a>,
}

impl Snapshot for SqliteTransaction<'_> {
    fn generation(&self) -> Result<u64, StoreError> {
        Ok(self.generation)
    }

    fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        rows::get(self.link.connection(), table, part, key)
    }

    fn scan(&self, table: Table, part: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        rows::scan(self.link.connection(), table, part, after, limit)
    }

    fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
        rows::last(self.link.connection(), table, part)
    }
}

impl SqliteTransaction<'_> {
    /// From here on a reader may see another state than that of the beginning.
    fn end(&self) {
        *self.store.writing.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Transaction for SqliteTransaction<'_> {
    fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        rows::put(self.link.connection(), table, part, key, value)
    }

    fn add(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        if table == Table::Log {
            return log::add(self.link.connection(), part, key, value);
        }
        let free = self.get(table, part, key)?.is_none();
        if free {
            self.put(table, part, key, value)?;
        }
        Ok(free)
    }

    fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
        rows::delete(self.link.connection(), table, part, key)
    }

    fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError> {
        self.end();
        let committed = self.link.try_run("COMMIT");
        // The writer's own connection is not told of its own commits.
        let made = self.store.generations.claim();
        committed.map(|()| Some(made)).map_err(|error| meaning_of_commit(&error))
    }
}

impl Drop for SqliteTransaction<'_> {
    fn drop(&mut self) {
        self.end();
        // After a commit there is nothing to undo. Where undoing fails, the next writer tries again.
        let _ = self.link.undo();
    }
}

/// Creates the file, for its owner only, if there is none.
fn create(path: &Path) -> Result<(), StoreError> {
    // Closing a file drops the locks that this process holds on it, so nobody may open the new file before it is closed
    // here.
    static CREATING: Mutex<()> = Mutex::new(());
    let _creating = lock(&CREATING);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // SQLite syncs the folder when it creates the log, and so before the first commit.
    match options.open(path) {
        Ok(_) => Ok(()),
        // SQLite takes a file of one byte for an empty one, and would write over it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match std::fs::metadata(path) {
            Ok(file) if !file.is_file() => Err(StoreError::CannotOpen),
            Ok(file) if (1..SMALLEST_FILE).contains(&file.len()) => Err(StoreError::Damaged),
            _ => Ok(()),
        },
        Err(error) => Err(match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
            _ => StoreError::CannotOpen,
        }),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
