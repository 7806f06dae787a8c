//! What comes out of a chart.

use super::Acceptance;
use crate::codec::{EntryId, VersionId};
use crate::envelope::{Actor, Opened};
use crate::record::{Kind, Record};

/// A version of an entry, opened and verified.
#[derive(Clone)]
pub struct Entry {
    pub(super) id: EntryId,
    pub(super) version: VersionId,
    pub(super) kind: Kind,
    pub(super) record: Record,
    pub(super) author: String,
    pub(super) mine: bool,
    pub(super) actor: Option<Actor>,
    pub(super) time_ms: i64,
    pub(super) parents: Vec<VersionId>,
    pub(super) deleted: bool,
    pub(super) conflicts: Vec<VersionId>,
    pub(super) acceptance: Acceptance,
}

impl Entry {
    pub(super) fn new(
        opened: Opened,
        author: String,
        mine: bool,
        conflicts: Vec<VersionId>,
        acceptance: Acceptance,
    ) -> Self {
        Self {
            id: opened.header.entry,
            version: opened.header.version,
            kind: opened.header.kind,
            author,
            mine,
            actor: opened.metadata.actor.clone(),
            time_ms: opened.metadata.time_ms,
            parents: opened.metadata.parents.clone(),
            deleted: opened.metadata.tombstone,
            conflicts,
            acceptance,
            record: Record::of_opened(opened),
        }
    }

    /// The entry, over all its versions.
    pub fn id(&self) -> EntryId {
        self.id
    }

    /// This version.
    pub fn version(&self) -> VersionId {
        self.version
    }

    /// Record, file or message.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What was put.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The bytes, exactly as they went in. None of a file, which is read by [`Chart::file`](crate::Chart::file).
    pub fn content(&self) -> &[u8] {
        self.record.content()
    }

    /// Name on the card of the member who signed it.
    pub fn author(&self) -> &str {
        &self.author
    }

    /// Whether this vault's owner signed it.
    pub fn is_mine(&self) -> bool {
        self.mine
    }

    /// On whose behalf the author acted, as the author says.
    pub fn actor(&self) -> Option<&Actor> {
        self.actor.as_ref()
    }

    /// When the author says that it was written, in milliseconds since 1970.
    pub fn time_ms(&self) -> i64 {
        self.time_ms
    }

    /// The versions that this one replaces.
    pub fn parents(&self) -> &[VersionId] {
        &self.parents
    }

    /// Whether this version deletes the entry.
    pub fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// Other versions that nobody has replaced: they and this one conflict until `resolve`.
    pub fn conflicts(&self) -> &[VersionId] {
        &self.conflicts
    }

    /// How the version is regarded. What is not [`Acceptance::Usual`] should be shown with a mark.
    pub fn acceptance(&self) -> Acceptance {
        self.acceptance
    }
}

/// Shows ids and sizes: author and content are people's.
impl core::fmt::Debug for Entry {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Entry")
            .field("id", &self.id)
            .field("version", &self.version)
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}

/// An entry that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The entry.
    pub id: EntryId,
    /// Its current version.
    pub version: VersionId,
    /// What it is.
    pub kind: Kind,
    /// Whether it has versions that conflict.
    pub conflict: bool,
}

/// What a search gave, in order of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matches {
    pub(super) entries: Vec<Found>,
    pub(super) complete: bool,
    pub(super) damaged: usize,
}

impl Matches {
    /// The entries.
    pub fn entries(&self) -> &[Found] {
        &self.entries
    }

    /// Whether the whole chart was searched. Who was granted some labels searches those, and what is damaged is not searched.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// How many entries have a damaged version that cannot be searched, and are left out: [`Vault::verify`](crate::Vault::verify)
    /// names them.
    pub fn damaged(&self) -> usize {
        self.damaged
    }
}

impl IntoIterator for Matches {
    type Item = Found;
    type IntoIter = std::vec::IntoIter<Found>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
