//! What was truly written, in plain maps that know nothing of sealing, logs or indexes.

use crate::codec::{ChartId, ContactId, EntryId, VersionId};
use std::collections::{BTreeMap, BTreeSet};

/// A state that a vault was truly in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Truth {
    pub(super) charts: BTreeMap<ChartId, Chart>,
    /// Name, and whether the card was compared.
    pub(super) contacts: BTreeMap<ContactId, (String, bool)>,
    pub(super) devices: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chart {
    pub(super) entries: BTreeMap<EntryId, Entry>,
    pub(super) patient: Option<String>,
    /// Names of the members.
    pub(super) members: BTreeSet<String>,
    /// Whether all labels may be read.
    pub(super) whole: bool,
}

/// An entry in its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// In order of arrival.
    pub(super) versions: Vec<Version>,
    /// Places of those that none replaced.
    pub(super) heads: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// Unknown where the call that wrote it does not tell.
    pub(super) id: Option<VersionId>,
    /// One word, which is also the content.
    pub(super) word: String,
    pub(super) author: String,
    pub(super) mine: bool,
    pub(super) deleted: bool,
}

impl Entry {
    /// Adds a version that replaces all heads.
    pub(super) fn add(&mut self, version: Version) {
        self.heads = vec![self.versions.len()];
        self.versions.push(version);
    }

    /// Adds a version that stands beside the heads.
    pub(super) fn add_beside(&mut self, version: Version) {
        self.heads.push(self.versions.len());
        self.versions.push(version);
    }

    pub(super) fn heads(&self) -> impl Iterator<Item = &Version> {
        self.heads.iter().filter_map(|head| self.versions.get(*head))
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.heads().all(|head| head.deleted)
    }

    /// Whether a version may be shown as the current one.
    pub(super) fn is_head(&self, version: &VersionId) -> bool {
        self.heads().any(|head| head.id.is_none_or(|id| id == *version))
    }

    pub(super) fn conflicts(&self) -> bool {
        self.heads.len() > 1
    }
}

impl Chart {
    /// The entries that are not deleted and have a head with this word; with any where there is none.
    pub(super) fn found(&self, word: Option<&str>) -> BTreeMap<EntryId, &Entry> {
        let fits = |entry: &Entry| match word {
            Some(word) => entry.heads().any(|head| head.word == word),
            None => true,
        };
        let live = self.entries.iter().filter(|(_, entry)| !entry.is_deleted() && fits(entry));
        live.map(|(id, entry)| (*id, entry)).collect()
    }
}
