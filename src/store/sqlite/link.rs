//! One connection to the file, and what it knows of the commits of others.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::failure::meaning;
use super::migrations::{self, State};
use super::{Durability, SqliteOptions};
use crate::store::StoreError;

/// Room for every statement of every table.
const STATEMENTS: usize = 96;

/// A connection and the version of the file that it saw last.
#[derive(Debug)]
pub(super) struct Link {
    connection: Connection,
    version: Option<i64>,
}

impl Link {
    /// Connects to the file of a store that is open.
    pub(super) fn connect(path: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        let link = Self::reach(path)?;
        configure(&link.connection, options).map_err(|error| meaning(&error))?;
        Ok(link)
    }

    /// Connects to a file that exists as the first of a store, and makes it one of the present schema, if it is not.
    pub(super) fn open(path: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        let link = Self::reach(path)?;
        configure(&link.connection, options).map_err(|error| without_log(meaning(&error)))?;
        link.prepare(options)?;
        Ok(link)
    }

    fn reach(path: &Path) -> Result<Self, StoreError> {
        // Neither URI names nor SQLite's own creation of files: paths are paths, and the caller creates with care.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| meaning(&error))?;
        Ok(Self { connection, version: None })
    }

    fn prepare(&self, options: &SqliteOptions) -> Result<(), StoreError> {
        let state = migrations::state(&self.connection).map_err(without_log)?;
        if self.connection.is_readonly("main").map_err(|error| meaning(&error))? {
            return Err(StoreError::ReadOnly);
        }
        if state == State::Empty {
            self.connection
                .execute_batch(&format!("PRAGMA page_size = {}", options.page_size))
                .map_err(|error| meaning(&error))?;
        }
        self.write_ahead(options.busy_timeout)?;
        if state == State::Current {
            return self.require_index(options.busy_timeout);
        }
        migrations::migrate(&self.connection)
    }

    /// Fails where the index of the log may be read and not written: to whoever reads it so, the file looks changed each time.
    /// Somebody who writes just now is not waited for.
    fn require_index(&self, patience: Duration) -> Result<(), StoreError> {
        self.connection.busy_timeout(Duration::ZERO).map_err(|error| meaning(&error))?;
        let begun = self.run("BEGIN IMMEDIATE").and_then(|()| self.undo());
        self.connection.busy_timeout(patience).map_err(|error| meaning(&error))?;
        if begun == Err(StoreError::Busy) { Ok(()) } else { begun }
    }

    /// Turns on the write-ahead log, which the file then remembers.
    fn write_ahead(&self, patience: Duration) -> Result<(), StoreError> {
        let deadline = Instant::now().checked_add(patience);
        loop {
            let switched = self.connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get::<_, String>(0));
            match switched.map_err(|error| meaning(&error)) {
                Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
                // The file system has no shared memory: other processes could not be kept apart.
                Ok(_) => return Err(StoreError::Io),
                // Another process is doing the same; SQLite does not wait for it by itself here.
                Err(StoreError::Busy) if deadline.is_none_or(|end| Instant::now() < end) => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Begins to read and returns the generation of what is read. The caller ends the transaction, also after an error.
    ///
    /// A generation names the state that was committed at the instant when the counter took its value. It is right for
    /// what this connection reads if nothing was committed between that instant and now. SQLite tells whether anything
    /// was committed by others since this connection last looked; so if it looked before that instant, and again now, and
    /// saw no change, then there was none.
    ///
    /// Where it saw one, that may be what this store's own writer committed before the counter took its value: then the
    /// writer says by `still_at` that nobody has committed since. It is also asked while it has not looked itself since it
    /// made the generation. Otherwise a new generation is made, and this connection looks again.
    pub(super) fn begin(
        &mut self,
        generations: &Generations,
        still_at: impl Fn(u64) -> bool,
    ) -> Result<u64, StoreError> {
        loop {
            let (generation, claimed) = generations.now();
            self.run("BEGIN DEFERRED")?;
            let unchanged = self.saw_no_change()?;
            if unchanged && !claimed || still_at(generation) {
                return Ok(generation);
            }
            generations.advance();
            self.run("COMMIT")?;
        }
    }

    /// Begins to read while a change is under way that began at this generation, and ends no sooner than this returns.
    pub(super) fn begin_beside(&mut self, generation: u64) -> Result<u64, StoreError> {
        self.run("BEGIN DEFERRED")?;
        self.saw_no_change()?;
        Ok(generation)
    }

    /// Begins to write and returns the generation, as [`Link::begin`] does; nobody else can commit from here on, so that it is
    /// the generation of all who begin to read before `writing` says otherwise. None of them has a newer one.
    pub(super) fn begin_writing(
        &mut self,
        generations: &Generations,
        writing: &RwLock<Option<u64>>,
    ) -> Result<u64, StoreError> {
        self.run("BEGIN IMMEDIATE")?;
        let unchanged = self.saw_no_change()?;
        // Nobody who begins to read is about to make a generation.
        let mut writing = writing.write().unwrap_or_else(PoisonError::into_inner);
        let generation = if unchanged { generations.now().0 } else { generations.advance() };
        generations.confirm(generation);
        *writing = Some(generation);
        Ok(generation)
    }

    /// Whether nobody has committed since the counter took this value. Asked of a writer between its transactions, whom no
    /// commit of its own escapes.
    pub(super) fn is_at(&mut self, generations: &Generations, generation: u64) -> bool {
        if !self.connection.is_autocommit() || generations.now().0 != generation {
            return false;
        }
        let unchanged = self.saw_no_change().is_ok_and(|none| none);
        if unchanged {
            generations.confirm(generation);
        } else {
            // What this connection has seen now, it will not notice when it begins.
            generations.advance();
        }
        unchanged
    }

    /// Runs a statement that returns no rows.
    pub(super) fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.try_run(sql).map_err(|error| meaning(&error))
    }

    pub(super) fn try_run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(()).map(drop)
    }

    /// Ends the transaction, if one is open, without its changes.
    pub(super) fn undo(&self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.run("ROLLBACK")
    }

    fn saw_no_change(&mut self) -> Result<bool, StoreError> {
        let version = self
            .connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut statement| statement.query_row((), |row| row.get::<_, i64>(0)))
            .map_err(|error| meaning(&error))?;
        if self.version == Some(version) {
            return Ok(true);
        }
        // A newer version of this library may have changed the schema under way.
        let known = self.version.is_some() && migrations::is_still_current(&self.connection)?;
        if !known && migrations::state(&self.connection)? != State::Current {
            return Err(StoreError::Damaged);
        }
        self.version = Some(version);
        Ok(false)
    }
}

/// A file in a folder that may not be written opens, but not its log.
fn without_log(error: StoreError) -> StoreError {
    match error {
        StoreError::CannotOpen => StoreError::ReadOnly,
        other => other,
    }
}

/// Numbers the states of the file, for all connections of a store.
///
/// The writer claims the number of what it committed without a look at the file: others may have committed before the
/// counter took that value. Whoever is about to use such a number has the writer look first.
#[derive(Debug, Default)]
pub(super) struct Generations(AtomicU64);

impl Generations {
    /// The present generation, and whether it is only claimed.
    fn now(&self) -> (u64, bool) {
        let now = self.0.load(Ordering::SeqCst);
        (now >> 1, now & 1 == 1)
    }

    /// Makes a new generation and returns it.
    pub(super) fn advance(&self) -> u64 {
        self.next(0)
    }

    /// Makes the generation of what was just committed.
    pub(super) fn claim(&self) -> u64 {
        self.next(1)
    }

    /// The writer has looked: nobody else has committed before the counter took this value, nor since.
    fn confirm(&self, generation: u64) {
        let claimed = generation << 1 | 1;
        // It fails where there is a newer one.
        let _ = self.0.compare_exchange(claimed, generation << 1, Ordering::SeqCst, Ordering::SeqCst);
    }

    fn next(&self, claimed: u64) -> u64 {
        let next = |now: u64| (now >> 1).wrapping_add(1);
        let step = |now| Some(next(now) << 1 | claimed);
        let (Ok(before) | Err(before)) = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step);
        next(before)
    }
}

fn configure(connection: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A statement is planned once. Otherwise each new value of a bound on keys has it planned anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(options.busy_timeout)?;
    // The file is not trusted: it may bring no code and no broken structure.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // An error of the disk is then an error of a call, not a signal that ends the process.
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // What was removed is overwritten, so that a key that was thrown away is not found in a free page.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(
        None,
        "synchronous",
        match options.durability {
            Durability::Full => "FULL",
            Durability::Relaxed => "NORMAL",
        },
    )?;
    // Where a plain sync leaves bytes in the cache of the drive; no effect elsewhere.
    connection.pragma_update(None, "fullfsync", options.durability == Durability::Full)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)
}
