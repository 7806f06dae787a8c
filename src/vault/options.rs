//! How a vault is made and kept.

use super::{Audit, Clock, EventSink, SystemClock, Vault};
use crate::crypto::Suite;
use crate::error::Error;
use crate::keys::{Formats, MemberKind, Recovery, RecoveryCode, Unlock};
use crate::log::CheckpointKeeper;
use crate::store::{BlobStore, Ordered, Store};
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Which receipts of messages a vault gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Receipts {
    /// None.
    Off,
    /// That messages were delivered, not that they were read.
    Delivered,
    /// Both.
    #[default]
    Read,
}
/// Most threads that work on one file.
const MOST_THREADS: usize = 8;

/// Options of a vault; the defaults suit a person's vault.
#[derive(Clone)]
pub struct VaultOptions {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) idle_ms: Option<i64>,
    pub(super) kind: MemberKind,
    pub(super) suite: Suite,
    pub(super) accepted: Vec<Suite>,
    pub(super) keeper: Option<Arc<dyn CheckpointKeeper>>,
    pub(super) audit: Audit,
    pub(super) formats: Formats,
    pub(super) receipts: Receipts,
    pub(super) blobs: Option<Arc<dyn BlobStore>>,
    pub(super) threads: usize,
    pub(super) sink: Option<Arc<dyn EventSink>>,
}

impl VaultOptions {
    /// A person's vault, the system's clock, no idle lock, AES-256-GCM.
    pub fn new() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            idle_ms: None,
            kind: MemberKind::Person,
            suite: Suite::default(),
            accepted: Vec::new(),
            keeper: None,
            audit: Audit::Grouped,
            formats: Formats::HERE,
            receipts: Receipts::default(),
            blobs: None,
            threads: thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS),
            sink: None,
        }
    }

    /// Takes the time from here.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Locks the vault when no call was made for this long. Keys are wiped at the first call after that, before anything
    /// else happens, or by [`Vault::is_locked`].
    #[must_use]
    pub fn idle_lock(mut self, after: Duration) -> Self {
        self.idle_ms = Some(i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
        self
    }

    /// What the owner of a new vault is.
    #[must_use]
    pub fn kind(mut self, kind: MemberKind) -> Self {
        self.kind = kind;
        self
    }

    /// The suite of a new vault: of all that it seals for itself, and of the charts that it founds. Nothing is negotiated.
    #[must_use]
    pub fn suite(mut self, suite: Suite) -> Self {
        self.suite = suite;
        self
    }

    /// Takes charts of this suite too, that others founded and share. Otherwise a chart of another suite than the vault's own
    /// is [`Error::OtherSuite`]. It has to be asked for each time that the vault is opened: where it is not, a chart of
    /// another suite that came before is refused, and the others open.
    #[must_use]
    pub fn also_accept(mut self, suite: Suite) -> Self {
        self.accepted.push(suite);
        self
    }

    /// When events of reading are written: [`Audit::Grouped`] unless told.
    #[must_use]
    pub fn audit(mut self, audit: Audit) -> Self {
        self.audit = audit;
        self
    }

    /// Which receipts of messages are given: [`Receipts::Read`] unless told.
    #[must_use]
    pub fn receipts(mut self, receipts: Receipts) -> Self {
        self.receipts = receipts;
        self
    }

    /// Keeps the content of files here. Unless told, they are where the store keeps them: beside the file of SQLite, in memory
    /// with the store in memory.
    #[must_use]
    pub fn blobs(mut self, blobs: impl BlobStore + 'static) -> Self {
        self.blobs = Some(Arc::new(blobs));
        self
    }

    /// Seals and opens files with so many threads, the caller's own among them: as many as there are cores unless told, 8 at
    /// most. With 1 nothing runs beside the caller. Each beyond the first takes 2 MiB for as long as a file is open.
    #[must_use]
    pub fn threads(mut self, threads: NonZero<usize>) -> Self {
        self.threads = threads.get().min(MOST_THREADS);
        self
    }

    /// Announces other formats than this software reads and writes, to test a vault whose devices run several versions.
    /// What is written stays in the form that it has.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn formats(mut self, formats: core::ops::RangeInclusive<u32>) -> Self {
        self.formats = Formats { lowest: *formats.start(), highest: *formats.end() };
        self
    }

    /// As [`Vault::create`].
    pub fn create(
        self,
        store: impl Store + 'static,
        name: &str,
        unlock: &Unlock,
        recovery: &Recovery,
    ) -> Result<(Vault, Option<RecoveryCode>), Error> {
        Vault::create_with(self, Box::new(Ordered(Box::new(store))), name, unlock, recovery)
    }

    /// As [`Vault::open`].
    pub fn open(self, store: impl Store + 'static, unlock: &Unlock) -> Result<Vault, Error> {
        Vault::open_with(self, Box::new(Ordered(Box::new(store))), unlock)
    }
}

impl Default for VaultOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for VaultOptions {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            clock: _,
            idle_ms,
            kind,
            suite,
            accepted,
            keeper,
            audit,
            formats: _,
            receipts,
            blobs,
            threads,
            sink,
        } = self;
        f.debug_struct("VaultOptions")
            .field("idle_ms", idle_ms)
            .field("kind", kind)
            .field("suite", suite)
            .field("accepted", accepted)
            .field("keeper", &keeper.is_some())
            .field("audit", audit)
            .field("receipts", receipts)
            .field("blobs", &blobs.is_some())
            .field("threads", threads)
            .field("sink", &sink.is_some())
            .finish_non_exhaustive()
    }
}
