//! What is sent in a thread, and what is read from it.

use super::body::{Attached, Link, MOST_TEXT};
use crate::codec::{CardHash, ContactId, EntryId, VersionId};
use crate::envelope::Actor;
use crate::keys::Imitated;
use crate::vault::Acceptance;

/// A message to be sent: text, and what goes with it. A link in the text is text: nothing is ever fetched.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Message {
    pub(super) text: String,
    pub(super) reply_to: Option<EntryId>,
    pub(super) attachments: Vec<(EntryId, Option<u32>)>,
}

impl Message {
    /// Longest text, in bytes: 1 MiB.
    pub const MAX_TEXT: usize = MOST_TEXT;

    /// A message of this text, which may be empty.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Answers a message of the same thread.
    #[must_use]
    pub fn in_reply_to(mut self, message: &EntryId) -> Self {
        self.reply_to = Some(*message);
        self
    }

    /// Goes with an entry of the same chart: a file or a record. Who reads the message sees it if he may see the entry.
    #[must_use]
    pub fn attach(mut self, entry: &EntryId) -> Self {
        self.attachments.push((*entry, None));
        self
    }

    /// Goes with a voice note that is an entry of the same chart, so many milliseconds long.
    #[must_use]
    pub fn attach_voice(mut self, entry: &EntryId, milliseconds: u32) -> Self {
        self.attachments.push((*entry, Some(milliseconds)));
        self
    }
}

/// Shows sizes only: a message is between people.
impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { text, reply_to: _, attachments } = self;
        f.debug_struct("Message")
            .field("text_len", &text.len())
            .field("attachments", &attachments.len())
            .finish_non_exhaustive()
    }
}

/// Who wrote something: the member who signed it. That is certain; how well the member is known says the rest.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Author {
    /// Name on the member's card.
    pub name: String,
    /// How well the member is known here.
    pub known: Known,
    /// The member among the contacts.
    pub contact: Option<ContactId>,
    /// Whose name this name looks like. Where it is not empty, show the name with a warning.
    pub imitates: Vec<Imitated>,
}

/// How well the author of a message is known to this vault. What is neither [`Known::Own`] nor [`Known::Verified`] should be
/// shown with a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Known {
    /// The owner of this vault.
    Own,
    /// A contact whose fingerprint was compared, or for whom a verified organisation vouches.
    Verified,
    /// A contact whose fingerprint nobody has compared.
    Unverified,
    /// A contact whose keys are not those of before.
    Changed,
    /// No contact: somebody with whom another custodian has shared the chart.
    Unknown,
}

/// Shows no name.
impl core::fmt::Debug for Author {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { name: _, known, contact, imitates } = self;
        f.debug_struct("Author")
            .field("known", known)
            .field("contact", contact)
            .field("imitates", imitates)
            .finish_non_exhaustive()
    }
}

/// What somebody says of the messages that came to him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Receipt {
    /// They are on one of his devices.
    Delivered,
    /// He has read them.
    Read,
}

/// What the author has done with a message since he sent it. Earlier versions stay in the history of the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Revision {
    /// Nothing.
    Original,
    /// He has changed it.
    Edited,
    /// He has deleted it.
    Deleted,
}

/// A message as it stands now.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Posted {
    /// The entry that it is: what answers, reactions and changes name.
    pub id: EntryId,
    /// The thread that it is in.
    pub thread: EntryId,
    /// Who wrote it.
    pub author: Author,
    /// On whose behalf the author acted, as the author says.
    pub actor: Option<Actor>,
    /// The text as it was last changed by the author; empty where he deleted the message.
    pub text: String,
    /// The message that it answers.
    pub reply_to: Option<EntryId>,
    /// What goes with it.
    pub attachments: Vec<Attachment>,
    /// When the author says that he wrote it, in milliseconds since 1970.
    pub time_ms: i64,
    /// Whether the author has changed it since.
    pub revision: Revision,
    /// Reactions that stand, in the order in which they were made.
    pub reactions: Vec<Reaction>,
    /// Who has said that it came to him, and how far; each member once.
    pub receipts: Vec<(Author, Receipt)>,
    /// Something that the author had before him when he wrote this is not here: it was not delivered yet, or it is withheld.
    pub gap: bool,
    /// The author dates it before something that he had before him: his clock is wrong, or he lies about the time.
    pub misdated: bool,
    /// How the version is regarded. What is not [`Acceptance::Usual`] should be shown with a mark.
    pub acceptance: Acceptance,
    pub(super) place: crate::index::Place,
    pub(super) link: Link,
    /// The author's root card.
    pub(super) by: CardHash,
}

/// Shows ids and marks only: a message is between people.
impl core::fmt::Debug for Posted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Posted")
            .field("id", &self.id)
            .field("text_len", &self.text.len())
            .field("revision", &self.revision)
            .field("gap", &self.gap)
            .field("misdated", &self.misdated)
            .field("acceptance", &self.acceptance)
            .finish_non_exhaustive()
    }
}

/// An entry that goes with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Attachment {
    /// The entry.
    pub entry: EntryId,
    /// The version that the author saw: [`Chart::version`](crate::Chart::version) gives it, also if the entry changed since.
    pub version: VersionId,
    /// Length of a voice note, in milliseconds.
    pub voice_ms: Option<u32>,
}

impl Attached {
    pub(super) fn shown(&self) -> Attachment {
        Attachment { entry: self.entry, version: self.link.version, voice_ms: self.voice_ms }
    }
}

/// A reaction to a message.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Reaction {
    /// Who made it.
    pub author: Author,
    /// An emoji, or a short text of up to 64 bytes.
    pub symbol: String,
}

/// Shows no symbol: it is what somebody said.
impl core::fmt::Debug for Reaction {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { author, symbol: _ } = self;
        f.debug_struct("Reaction").field("author", author).finish_non_exhaustive()
    }
}

/// A thread among those of a chart.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct ThreadInfo {
    /// The entry that opens the thread: what [`Chart::thread`](crate::Chart::thread) takes.
    pub id: EntryId,
    /// What it is about.
    pub subject: String,
    /// Who opened it.
    pub author: Author,
    /// When it was opened, as the author says, in milliseconds since 1970.
    pub opened_ms: i64,
    /// How many messages it has here, deleted ones too.
    pub messages: usize,
    /// When the last of them was written, as its author says.
    pub last_ms: Option<i64>,
}

/// Shows no subject.
impl core::fmt::Debug for ThreadInfo {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ThreadInfo").field("id", &self.id).field("messages", &self.messages).finish_non_exhaustive()
    }
}
