//! Reading a thread: its last messages as they stand, in order.

use super::author::{author, root, versions_by};
use super::body::{Act, Attached, Body, Link, Post};
use super::{Author, Posted, Reaction, Receipt, Revision, Thread, ThreadInfo, first_version};
use crate::codec::{CardHash, EntryId, Malformed};
use crate::envelope::Opened;
use crate::error::Error;
use crate::index::{Place, Threaded, Version};
use crate::keys::RootCard;
use crate::keys::contacts::ContactBook;
use crate::store::Snapshot;
use crate::vault::chart::Chart;
use crate::vault::event::EventKind;
use crate::vault::open_chart::OpenChart;
use crate::vault::quarantine::acceptance;
use crate::vault::standings::NOBODY;
use std::collections::BTreeMap;

/// Most messages that are read at once.
const MOST: usize = 1000;

impl Chart {
    /// The threads that this vault may see, in the order in which they were opened. One whose opening does not open takes the
    /// place of an error. Where [`Self::list`] says that something is damaged, one may be missing.
    pub fn threads(&self) -> Result<Vec<Result<ThreadInfo, Error>>, Error> {
        self.told_with_contacts(EventKind::Find, None, |reading| {
            let mut openings = reading.open.index.threads();
            openings.sort_unstable_by_key(Place::of);
            Ok(openings.iter().map(|version| reading.info(version)).collect())
        })
    }

    /// A message by its entry, as `find` gives it.
    pub fn message(&self, id: &EntryId) -> Result<Posted, Error> {
        self.told_with_contacts(EventKind::Read, Some(*id), |reading| {
            let first = first_version(reading.open, id, None, Threaded::Message)?;
            let posted = reading.posted(&first, None)?;
            let (thread, mut one) = (posted.thread, [Ok(posted)]);
            reading.add_reactions(&mut one);
            reading.add_receipts(&thread, &mut one);
            let [posted] = one;
            posted
        })
    }
}

impl Thread {
    /// The last messages, up to so many and to 1000, in order. One that does not open takes the place of an error, or is
    /// missing where [`Chart::list`] says that something is damaged: of the newest it may not be known what they were.
    pub fn last(&self, most: usize) -> Result<Vec<Result<Posted, Error>>, Error> {
        self.page(None, most)
    }

    /// The messages before one, likewise.
    pub fn before(&self, message: &Posted, most: usize) -> Result<Vec<Result<Posted, Error>>, Error> {
        self.page(Some(message.place), most)
    }

    fn page(&self, before: Option<Place>, most: usize) -> Result<Vec<Result<Posted, Error>>, Error> {
        self.chart.told_with_contacts(EventKind::Read, Some(self.id), |reading| {
            let versions = reading.open.index.messages(&self.id, before, most.min(MOST));
            let mut page: Vec<_> = versions.iter().map(|version| reading.posted(version, Some(self.id))).collect();
            reading.add_reactions(&mut page);
            reading.add_receipts(&self.id, &mut page);
            Ok(page)
        })
    }
}

/// One look at a chart.
pub(in crate::vault) struct Reading<'a> {
    pub(in crate::vault) open: &'a OpenChart,
    pub(in crate::vault) snapshot: &'a dyn Snapshot,
    pub(in crate::vault) book: &'a ContactBook,
    pub(in crate::vault) now_ms: i64,
}

impl Reading<'_> {
    fn author(&self, device: &CardHash) -> Author {
        author(self.open, self.book, device, self.now_ms)
    }

    /// Opens a version of an entry of a thread. What it says must be what its terms say, by which it was found.
    fn body(&self, version: &Version<'_>, thread: Option<EntryId>) -> Result<(Opened, Body), Error> {
        let opened = self.open.open_version(self.snapshot, version)?;
        let body = Body::from_bytes(&opened.content).map_err(|malformed| match malformed {
            Malformed::Newer => Error::NewerFormat,
            Malformed::Invalid => Error::unopenable(),
        })?;
        if thread.is_some_and(|thread| thread != body.thread) {
            return Err(Error::unopenable());
        }
        Ok((opened, body))
    }

    fn info(&self, version: &Version<'_>) -> Result<ThreadInfo, Error> {
        let (_, body) = self.body(version, Some(version.entry))?;
        let Act::Open(subject) = body.act else { return Err(Error::unopenable()) };
        let (messages, last) = self.open.index.size_of_thread(&version.entry);
        Ok(ThreadInfo {
            id: version.entry,
            subject,
            author: self.author(&version.author),
            opened_ms: version.time_ms,
            messages,
            last_ms: last.map(|last| last.time_ms),
        })
    }

    /// A message as its author left it.
    fn posted(&self, first: &Version<'_>, thread: Option<EntryId>) -> Result<Posted, Error> {
        let (opened, Body { thread, after, act, .. }) = self.body(first, thread)?;
        let Act::Post(original) = act else { return Err(Error::unopenable()) };
        // A version that is damaged may be the author's last word.
        if self.open.is_lost(&first.entry) {
            return Err(Error::unopenable());
        }
        let reply = original.reply;
        let changes = versions_by(self.open, &first.entry, &first.author);
        let last =
            changes.iter().filter(|version| !version.parents.is_empty()).max_by_key(|version| Place::of(version));
        let (revision, Post { text, attachments, .. }) = if changes.iter().any(|version| version.tombstone) {
            (Revision::Deleted, Post { text: String::new(), reply, attachments: Vec::new() })
        } else if let Some(edit) = last {
            let Act::Post(post) = self.body(edit, Some(thread))?.1.act else { return Err(Error::unopenable()) };
            // What was sealed anew, because it was late, is the same.
            let same = post.text == original.text && post.attachments == original.attachments;
            (if same { Revision::Original } else { Revision::Edited }, post)
        } else {
            (Revision::Original, original)
        };
        let named: Vec<Link> = after.into_iter().chain(reply).collect();
        Ok(Posted {
            id: first.entry,
            thread,
            author: self.author(&first.author),
            actor: opened.metadata.actor,
            text,
            reply_to: reply.and_then(|reply| self.find(&reply)).map(|version| version.entry),
            attachments: attachments.iter().map(Attached::shown).collect(),
            time_ms: first.time_ms,
            revision,
            reactions: Vec::new(),
            receipts: Vec::new(),
            gap: named.iter().any(|link| self.find(link).is_none()),
            misdated: named.iter().filter_map(|link| self.find(link)).any(|seen| seen.time_ms > first.time_ms),
            acceptance: acceptance(self.open.standings.of(first.seq)),
            place: Place::of(first),
            link: Link::of(first),
            by: root(self.open, &first.author).map_or(first.author, RootCard::hash),
        })
    }

    /// The version that a link names, if it is here and whole.
    fn find(&self, link: &Link) -> Option<Version<'_>> {
        let mut versions = self.open.index.versions_with(&link.version);
        versions.find(|version| version.hash == link.hash && version.author != NOBODY)
    }

    /// Adds the reactions to these messages that stand.
    fn add_reactions(&self, page: &mut [Result<Posted, Error>]) {
        for posted in page.iter_mut().flatten().filter(|posted| posted.revision != Revision::Deleted) {
            // The last word of each author on each symbol, and since when it stands.
            let mut words: BTreeMap<(Option<CardHash>, String), (usize, bool, CardHash)> = BTreeMap::new();
            for (number, version) in self.open.index.reactions(&posted.link.version).iter().enumerate() {
                // One that does not open is no reaction.
                let Ok((_, body)) = self.body(version, Some(posted.thread)) else { continue };
                let Act::React(react) = body.act else { continue };
                if react.to != posted.link {
                    continue;
                }
                let by = root(self.open, &version.author).map(RootCard::hash);
                let word = words.entry((by, react.symbol)).or_insert((number, false, version.author));
                if !word.1 {
                    word.0 = number;
                }
                word.1 = react.on;
            }
            let mut stand: Vec<_> = words.into_iter().filter(|(_, (_, on, _))| *on).collect();
            stand.sort_unstable_by_key(|(_, (number, ..))| *number);
            let shown = stand.into_iter().map(|((_, symbol), (.., by))| Reaction { author: self.author(&by), symbol });
            posted.reactions = shown.collect();
        }
    }

    /// Adds how far each of the others says that the thread came to him.
    fn add_receipts(&self, thread: &EntryId, page: &mut [Result<Posted, Error>]) {
        let mut furthest: BTreeMap<(CardHash, Receipt), (Place, CardHash)> = BTreeMap::new();
        for (what, receipt) in [(Threaded::Delivered, Receipt::Delivered), (Threaded::Read, Receipt::Read)] {
            for version in self.open.index.last_receipts(thread, what) {
                let Ok((_, body)) = self.body(&version, Some(*thread)) else { continue };
                let Act::Received(link) = body.act else { continue };
                let to = self.find(&link).map(|version| Place::of(&version));
                let Some((to, by)) = to.zip(root(self.open, &version.author).map(RootCard::hash)) else { continue };
                let known = furthest.entry((by, receipt)).or_insert((to, version.author));
                *known = (*known).max((to, version.author));
            }
        }
        for posted in page.iter_mut().flatten() {
            let reached = furthest.iter().filter(|((by, _), (to, _))| posted.by != *by && posted.place <= *to);
            // Of each member the last: who has read a message has got it.
            let reached: BTreeMap<CardHash, (Receipt, CardHash)> =
                reached.map(|((by, receipt), (_, device))| (*by, (*receipt, *device))).collect();
            let shown = reached.into_values().map(|(receipt, device)| (self.author(&device), receipt));
            posted.receipts = shown.collect();
        }
    }
}
