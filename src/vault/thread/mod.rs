//! Threads: what is said in a chart, under the patient's own keys.
//!
//! ```text
//!  entry "thread" (subject) ◄── named by ── entry "message" ◄── named by ── "reaction", "delivered", "read"
//!                                              │    ▲
//!                                          after    edited, deleted: further versions of the entry by the same author
//! ```
//!
//! Each is an entry of kind message: sealed, signed, and in its author's chain, as a record is. Its content names what its
//! author had seen last in the thread, so that a message which is missing shows. The order is that of the times which the
//! authors give, and an author dates nothing before what he has seen.

mod author;
mod body;
mod message;
mod read;

pub(super) use author::member;
#[cfg(feature = "testing")]
pub(crate) use body::message_again;
pub(super) use body::{Act, Body, MEDIA_TYPE};
pub use message::{Attachment, Author, Known, Message, Posted, Reaction, Receipt, Revision, ThreadInfo};
pub(super) use read::Reading;

use super::batch::{Batch, New, request};
use super::open_chart::OpenChart;
use super::{Chart, Receipts, standings::NOBODY};
use crate::codec::{EntryId, Hash, VersionId};
use crate::error::Error;
use crate::index::{Threaded, Version};
use crate::record::{Code, DateRange, Kind, Label, Record, Terms};
use body::{Attached, Link, Post, React};
use core::fmt;
use std::sync::{Arc, PoisonError};

/// How far the clock of somebody else may be ahead for us to follow it, in milliseconds.
const MOST_AHEAD_MS: i64 = 60 * 60 * 1000;

/// A conversation in a chart. A handle: cheap to clone, dead while the vault is locked.
#[derive(Clone)]
pub struct Thread {
    chart: Chart,
    id: EntryId,
}

impl Chart {
    /// Opens a thread about something, for all who may see the label.
    pub fn start_thread(&self, subject: &str, label: &Label) -> Result<Thread, Error> {
        let thread = EntryId::random()?;
        let body = Body::new(thread, Vec::new(), Act::Open(subject.to_owned()));
        let terms = terms(&thread, Threaded::Opening, Terms::fold(subject));
        let record = record(&body, Some(label.clone()))?.with_terms(terms);
        self.batch(|batch| {
            batch.write(self, &New { entry: thread, ..New::of(&record)? })?;
            Ok(Thread { chart: self.clone(), id: thread })
        })
    }

    /// A thread by its id.
    pub fn thread(&self, id: &EntryId) -> Result<Thread, Error> {
        self.read(|open, _| opening(open, id).map(drop))?;
        Ok(Thread { chart: self.clone(), id: *id })
    }
}

impl Thread {
    /// The entry that opens the thread.
    pub fn id(&self) -> EntryId {
        self.id
    }

    /// The chart that the thread is in.
    pub fn chart(&self) -> &Chart {
        &self.chart
    }

    /// Sends a message: seals it, signs it, and stores it. On disk when this returns. Others get it by the next bundle.
    pub fn send(&self, message: &Message) -> Result<EntryId, Error> {
        self.post(message, None)
    }

    /// As [`Self::send`], once for each key: a repeated request gives the message of the first.
    pub fn send_once(&self, key: &str, message: &Message) -> Result<EntryId, Error> {
        self.post(message, Some(request(key)))
    }

    fn post(&self, message: &Message, request: Option<Hash>) -> Result<EntryId, Error> {
        self.write(|batch, thread| {
            if let Some(request) = request
                && let Some(sent) = batch.by_request(&self.chart.id(), &request)?
            {
                return Ok(sent);
            }
            let post = thread.resolve(batch, message)?;
            let (record, not_before_ms) = thread.record(batch, Threaded::Message, Act::Post(post))?;
            batch.write(&self.chart, &New { request, not_before_ms, ..New::of(&record)? })
        })
    }

    /// Changes a message of one's own: text and attachments, not what it answers. Earlier versions stay in its history.
    pub fn edit(&self, id: &EntryId, message: &Message) -> Result<VersionId, Error> {
        self.write(|batch, thread| {
            let parents = thread.own(batch, id)?;
            let post = thread.resolve(batch, message)?;
            let (record, not_before_ms) = thread.record(batch, Threaded::Message, Act::Post(post))?;
            thread.change(batch, id, &parents, &New { not_before_ms, ..New::of(&record)? })
        })
    }

    /// Deletes a message of one's own: a signed version says so, its history stays.
    pub fn delete(&self, id: &EntryId) -> Result<VersionId, Error> {
        self.write(|batch, thread| {
            let parents = thread.own(batch, id)?;
            let mut tombstone = Record::opaque("", Vec::new()).of_kind(Kind::Message);
            if let Some(label) = thread.label(batch)? {
                tombstone = tombstone.labelled(label);
            }
            thread.change(batch, id, &parents, &New { tombstone: true, ..New::of(&tombstone)? })
        })
    }

    /// Reacts to a message, with an emoji or a short text of up to 64 bytes.
    pub fn react(&self, id: &EntryId, symbol: &str) -> Result<(), Error> {
        self.set_reaction(id, symbol, true)
    }

    /// Takes a reaction back.
    pub fn take_back(&self, id: &EntryId, symbol: &str) -> Result<(), Error> {
        self.set_reaction(id, symbol, false)
    }

    fn set_reaction(&self, id: &EntryId, symbol: &str, on: bool) -> Result<(), Error> {
        self.write(|batch, thread| {
            let to = thread.with_chart(batch, |open| thread.link(open, id))?;
            let act = Act::React(React { to, symbol: symbol.to_owned(), on });
            let (record, not_before_ms) = thread.record(batch, Threaded::Reaction, act)?;
            batch.write(&self.chart, &New { not_before_ms, ..New::of(&record)? })?;
            Ok(())
        })
    }

    /// Tells the others that all up to this message has come, or was read. Returns whether it was told: not where
    /// [`VaultOptions::receipts`](crate::VaultOptions::receipts) keeps it back.
    pub fn acknowledge(&self, up_to: &EntryId, receipt: Receipt) -> Result<bool, Error> {
        let told = match self.chart.inner.options.receipts {
            Receipts::Off => false,
            Receipts::Delivered => receipt == Receipt::Delivered,
            Receipts::Read => true,
        };
        if !told {
            return Ok(false);
        }
        let what = match receipt {
            Receipt::Delivered => Threaded::Delivered,
            Receipt::Read => Threaded::Read,
        };
        self.write(|batch, thread| {
            let link = thread.with_chart(batch, |open| thread.link(open, up_to))?;
            let (record, not_before_ms) = thread.record(batch, what, Act::Received(link))?;
            batch.write(&self.chart, &New { not_before_ms, ..New::of(&record)? })?;
            Ok(true)
        })
    }

    fn write<T>(&self, work: impl FnOnce(&mut Batch<'_>, &Self) -> Result<T, Error>) -> Result<T, Error> {
        self.chart.batch(|batch| work(batch, self))
    }

    fn with_chart<T>(
        &self,
        batch: &mut Batch<'_>,
        look: impl FnOnce(&OpenChart) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let pending = batch.pending(&self.chart.id())?;
        look(&pending.chart.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The label under which the thread was opened, for all that is said in it.
    fn label(&self, batch: &mut Batch<'_>) -> Result<Option<Label>, Error> {
        self.with_chart(batch, |open| Ok(open.keys.label(opening(open, &self.id)?.compartment).cloned()))
    }

    /// What is to be written, and the time that it may not be dated before: that of what was seen last here, unless that is
    /// dated so far ahead that it cannot be true.
    fn record(&self, batch: &mut Batch<'_>, what: Threaded, act: Act) -> Result<(Record, i64), Error> {
        let label = self.label(batch)?;
        let now = self.chart.inner.now_ms();
        let limit_ms = now.saturating_add(MOST_AHEAD_MS);
        let (after, not_before_ms) = self.with_chart(batch, |open| {
            let me = open.keys.identity().device_card.hash();
            let [newest, followed, own] = open.index.newest_in_thread(&self.id, limit_ms, &me);
            let links = [newest, followed, own].iter().flatten().map(Link::of).collect();
            let last = [followed, own].iter().flatten().map(|version| version.time_ms).max();
            Ok((links, last.map_or(i64::MIN, |last| last.saturating_add(1))))
        })?;
        let words = match &act {
            Act::Post(post) => words(&post.text),
            _ => Vec::new(),
        };
        let body = Body::new(self.id, after, act);
        let mut terms = terms(&self.id, what, words);
        if let Act::React(react) = &body.act {
            terms.codes.push(Code { system: Threaded::TARGET.to_owned(), value: react.to.version.to_string() });
        }
        if what == Threaded::Message {
            let second = now.max(not_before_ms).div_euclid(1000);
            terms.dates.extend(DateRange::new(second, second.saturating_add(1)).ok());
        }
        Ok((record(&body, label)?.with_terms(terms), not_before_ms))
    }

    /// What a message names, as it stands here.
    fn resolve(&self, batch: &mut Batch<'_>, message: &Message) -> Result<Post, Error> {
        self.with_chart(batch, |open| {
            let reply = message.reply_to.map(|id| self.link(open, &id)).transpose()?;
            let attached = message.attachments.iter().map(|(entry, voice_ms)| {
                let heads = open.index.heads(entry).filter(|heads| !heads.current.tombstone);
                let current = heads.ok_or(Error::UnknownEntry)?.current;
                Ok(Attached { entry: *entry, link: Link::of(&current), voice_ms: *voice_ms })
            });
            Ok(Post { text: message.text.clone(), reply, attachments: attached.collect::<Result<_, Error>>()? })
        })
    }

    /// The first version of a message, which does not change with it.
    fn link(&self, open: &OpenChart, id: &EntryId) -> Result<Link, Error> {
        Ok(Link::of(&first_version(open, id, Some(&self.id), Threaded::Message)?))
    }

    /// The versions of a message of one's own that nothing of one's own replaces yet.
    fn own(&self, batch: &mut Batch<'_>, id: &EntryId) -> Result<Vec<VersionId>, Error> {
        self.with_chart(batch, |open| {
            first_version(open, id, Some(&self.id), Threaded::Message)?;
            let versions = author::versions_by(open, id, &open.keys.identity().device_card.hash());
            if !versions.iter().any(Version::is_first_message) {
                return Err(Error::NotAuthor);
            }
            if versions.iter().any(|version| version.tombstone) {
                return Err(Error::UnknownEntry);
            }
            let replaced =
                |version: &Version<'_>| versions.iter().any(|other| other.parents.contains(&version.version));
            Ok(versions.iter().filter(|version| !replaced(version)).map(|version| version.version).collect())
        })
    }

    fn change(
        &self,
        batch: &mut Batch<'_>,
        id: &EntryId,
        parents: &[VersionId],
        new: &New<'_>,
    ) -> Result<VersionId, Error> {
        batch.write(&self.chart, &New { entry: *id, parents, ..*new })?;
        let pending = batch.pending(&self.chart.id())?;
        pending.rows.last().map(|row| row.version).ok_or(Error::UnknownEntry)
    }
}

impl Link {
    fn of(version: &Version<'_>) -> Self {
        Self { version: version.version, hash: version.hash }
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chart, id } = self;
        f.debug_struct("Thread").field("chart", chart).field("id", id).finish()
    }
}

/// What opens a thread.
pub(super) fn opening<'a>(open: &'a OpenChart, thread: &EntryId) -> Result<Version<'a>, Error> {
    first_version(open, thread, Some(thread), Threaded::Opening)
}

/// The first version of an entry of a thread. Somebody else may have taken its id: of several the one that came first.
pub(super) fn first_version<'a>(
    open: &'a OpenChart,
    entry: &EntryId,
    thread: Option<&EntryId>,
    what: Threaded,
) -> Result<Version<'a>, Error> {
    let versions = open.index.versions_of(entry);
    // Of one that does not open it is not known what it was.
    if versions.iter().any(|version| version.author == NOBODY) {
        return Err(Error::unopenable());
    }
    let not_here = if versions.iter().any(|version| version.kind != Kind::Message) {
        Error::OtherKind
    } else {
        Error::UnknownEntry
    };
    let first = versions.into_iter().find(Version::is_first_message).ok_or(not_here)?;
    if open.index.is_in_thread(&first, thread, what) { Ok(first) } else { Err(Error::OtherKind) }
}

fn record(body: &Body, label: Option<Label>) -> Result<Record, Error> {
    let record = Record::of_parts(Kind::Message, MEDIA_TYPE.to_owned(), body.to_bytes()?.into(), None, Arc::default());
    Ok(match label {
        Some(label) => record.labelled(label),
        None => record,
    })
}

fn terms(thread: &EntryId, what: Threaded, words: Vec<String>) -> Terms {
    let code = Code { system: Threaded::SYSTEM.to_owned(), value: thread.to_string() };
    Terms { kind: what.kind().to_owned(), codes: vec![code], words, ..Terms::default() }
}

/// The words that a message is found by: where there are too many, the first in the order of the alphabet.
fn words(text: &str) -> Vec<String> {
    let mut words = Terms::fold(text);
    words.truncate(Terms::MAX_WORDS);
    words
}

#[cfg(test)]
mod tests;
