//! What belongs to a thread, in the order of the thread.

use super::{ChartIndex, Version, chart::Row};
use crate::codec::{CardHash, EntryId, Hash, VersionId};
use crate::record::Kind;
use std::collections::BTreeMap;

/// A place in a thread: by the time that the author gives, and by hash where two give the same. So everybody who holds the
/// same messages has them in the same order, whatever the order in which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) time_ms: i64,
    pub(crate) hash: Hash,
}

/// What an entry is in a thread: what its terms say that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Threaded {
    /// What opens it.
    Opening,
    Message,
    Reaction,
    Delivered,
    Read,
}

impl Threaded {
    /// The code system of a thread: its value is the id of the entry that opens it.
    pub(crate) const SYSTEM: &'static str = "urn:ampoule:thread";
    /// The code system of what a reaction is to: its value is the id of the message's first version.
    pub(crate) const TARGET: &'static str = "urn:ampoule:message";

    /// The kind in the terms.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Opening => "thread",
            Self::Message => "message",
            Self::Reaction => "reaction",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

/// How many of those that came last are looked at for the newest.
const LATEST: usize = 64;

impl ChartIndex {
    /// The first versions of the messages of a thread, up to `most` of those before a place, the last ones, in order. Versions
    /// that are kept apart are left out.
    pub(crate) fn messages(&self, thread: &EntryId, before: Option<Place>, most: usize) -> Vec<Version<'_>> {
        let firsts = self.threaded(thread, Threaded::Message).filter(|(_, row)| row.parents.is_empty());
        let places = firsts.map(|(number, row)| (place_of(row), number));
        let mut found: Vec<(Place, u32)> = places.filter(|(place, _)| before.is_none_or(|end| *place < end)).collect();
        let skipped = found.len().saturating_sub(most);
        if skipped > 0 && most > 0 {
            found.select_nth_unstable(skipped);
        }
        found.drain(..skipped);
        found.sort_unstable();
        found.into_iter().filter_map(|(_, number)| self.view(number)).collect()
    }

    /// The reactions to a message, in order.
    pub(crate) fn reactions(&self, to: &VersionId) -> Vec<Version<'_>> {
        let rows = self.of_kind(self.coded(Threaded::TARGET, &to.to_string()), Threaded::Reaction);
        let mut found: Vec<_> = rows.map(|(number, row)| (place_of(row), number)).collect();
        found.sort_unstable();
        found.into_iter().filter_map(|(_, number)| self.view(number)).collect()
    }

    /// The last receipt of each device in a thread, by its own count: its clock may have been put back.
    pub(crate) fn last_receipts(&self, thread: &EntryId, what: Threaded) -> Vec<Version<'_>> {
        let mut last: BTreeMap<u32, (u64, u32)> = BTreeMap::new();
        for (number, row) in self.threaded(thread, what) {
            let known = last.entry(row.author).or_default();
            *known = (*known).max((row.chain_seq, number));
        }
        last.into_values().filter_map(|(_, number)| self.view(number)).collect()
    }

    /// Of what came to a thread last: the newest, the newest that is not dated after `limit_ms`, and the newest of a device.
    pub(crate) fn newest_in_thread(
        &self,
        thread: &EntryId,
        limit_ms: i64,
        device: &CardHash,
    ) -> [Option<Version<'_>>; 3] {
        let device = self.numbered_author(device);
        let mut newest: [Option<(Place, u32)>; 3] = [None; 3];
        for number in self.listed(thread).iter().rev().take(LATEST) {
            let Some(row) = self.row(*number).filter(|row| row.kind == Kind::Message && !row.quarantined) else {
                continue;
            };
            let place = (place_of(row), *number);
            let fits = [true, row.time_ms <= limit_ms, Some(row.author) == device];
            for (newest, _) in newest.iter_mut().zip(fits).filter(|(_, fits)| *fits) {
                *newest = (*newest).max(Some(place));
            }
        }
        newest.map(|newest| newest.and_then(|(_, number)| self.view(number)))
    }

    /// Whether a version is this, by its terms; in a thread, where one is given.
    pub(crate) fn is_in_thread(&self, version: &Version<'_>, thread: Option<&EntryId>, what: Threaded) -> bool {
        let Ok(number) = self.rows.binary_search_by_key(&version.seq, |row| row.seq) else { return false };
        let is = self.rows.get(number).is_some_and(|row| Some(row.term_kind) == self.symbols.get(what.kind()));
        let listed =
            |thread| u32::try_from(number).is_ok_and(|number| self.listed(thread).binary_search(&number).is_ok());
        is && thread.is_none_or(listed)
    }

    /// The versions that open threads, in order of arrival.
    pub(crate) fn threads(&self) -> Vec<Version<'_>> {
        let rows = self.symbols.get(Threaded::Opening.kind()).and_then(|kind| self.kinds.get(&kind));
        let rows = rows.map(Vec::as_slice).unwrap_or_default().iter().filter_map(|number| self.view(*number));
        rows.filter(Version::is_first_message).collect()
    }

    /// How many messages a thread has, and the last of them.
    pub(crate) fn size_of_thread(&self, thread: &EntryId) -> (usize, Option<Place>) {
        let firsts = self.threaded(thread, Threaded::Message).filter(|(_, row)| row.parents.is_empty());
        firsts.fold((0, None), |(count, last), (_, row)| (count.saturating_add(1), last.max(Some(place_of(row)))))
    }

    fn threaded(&self, thread: &EntryId, what: Threaded) -> impl DoubleEndedIterator<Item = (u32, &Row)> {
        self.of_kind(self.listed(thread), what)
    }

    fn of_kind<'a>(&'a self, rows: &'a [u32], what: Threaded) -> impl DoubleEndedIterator<Item = (u32, &'a Row)> {
        let kind = self.symbols.get(what.kind());
        let rows = rows.iter().filter_map(|number| Some((*number, self.row(*number)?)));
        rows.filter(move |(_, row)| {
            row.kind == Kind::Message && Some(row.term_kind) == kind && !row.quarantined && !row.tombstone
        })
    }

    /// The rows whose terms name a thread, ascending.
    fn listed(&self, thread: &EntryId) -> &[u32] {
        self.coded(Threaded::SYSTEM, &thread.to_string())
    }

    fn coded(&self, system: &str, value: &str) -> &[u32] {
        let code = self.symbols.get(system).zip(self.symbols.get(value));
        code.and_then(|code| self.codes.get(&code)).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Version<'_> {
    /// Whether it is the first version of something in a thread.
    pub(crate) fn is_first_message(&self) -> bool {
        self.kind == Kind::Message && self.parents.is_empty() && !self.quarantined && !self.tombstone
    }
}

impl Place {
    pub(crate) fn of(version: &Version<'_>) -> Self {
        Self { time_ms: version.time_ms, hash: version.hash }
    }
}

fn place_of(row: &Row) -> Place {
    Place { time_ms: row.time_ms, hash: row.hash }
}
