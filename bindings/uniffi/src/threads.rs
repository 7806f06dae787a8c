//! Threads: what is said in a chart.

use crate::contacts::Imitated;
use crate::records::AssertedActor;
use crate::text::hidden;
use crate::{ChartHandle, VaultError};
use ampoule::{Acceptance, ContactId, EntryId, Known, Label, Message, Receipt, Revision, VersionId};
use std::sync::Arc;

/// A conversation in a chart. A handle: its calls fail while the vault is locked.
#[derive(uniffi::Object)]
pub struct ThreadHandle(pub(crate) ampoule::Thread);

/// A message to be sent. A link in the text is text: nothing is ever fetched.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct NewMessage {
    /// The text, of up to 1 MiB.
    pub text: String,
    /// The message of the same thread that it answers.
    #[uniffi(default = None)]
    pub reply_to: Option<EntryId>,
    /// What goes with it.
    #[uniffi(default = [])]
    pub attachments: Vec<MessageAttachment>,
}

/// An entry of the same chart that goes with a message.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MessageAttachment {
    /// The entry: a file or a record.
    pub entry: EntryId,
    /// Length of a voice note, in milliseconds.
    #[uniffi(default = None)]
    pub voice_ms: Option<u32>,
}

/// Who wrote something: the member who signed it, and how well he is known.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
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

/// A message as it stands now.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Posted {
    /// The entry that it is: what answers, reactions and changes name.
    pub id: EntryId,
    /// The thread that it is in.
    pub thread: EntryId,
    /// Who wrote it.
    pub author: Author,
    /// On whose behalf the author acted, as the author says.
    pub actor: Option<AssertedActor>,
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
    pub receipts: Vec<MemberReceipt>,
    /// Something that the author had before him when he wrote this is not here.
    pub gap: bool,
    /// The author dates it before something that he had before him.
    pub misdated: bool,
    /// How the version is regarded.
    pub acceptance: Acceptance,
}

/// An entry that goes with a message that was read.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Attachment {
    /// The entry.
    pub entry: EntryId,
    /// The version that the author saw.
    pub version: VersionId,
    /// Length of a voice note, in milliseconds.
    pub voice_ms: Option<u32>,
}

/// A reaction to a message.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Reaction {
    /// Who made it.
    pub author: Author,
    /// An emoji, or a short text.
    pub symbol: String,
}

/// What a member says of a message that came to him.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MemberReceipt {
    /// Who.
    pub author: Author,
    /// How far it came.
    pub receipt: Receipt,
}

/// A thread among those of a chart.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct ThreadInfo {
    /// The entry that opens the thread.
    pub id: EntryId,
    /// What it is about.
    pub subject: String,
    /// Who opened it.
    pub author: Author,
    /// When it was opened, as the author says, in milliseconds since 1970.
    pub opened_ms: i64,
    /// How many messages it has here, deleted ones too.
    pub messages: u64,
    /// When the last of them was written, as its author says.
    pub last_ms: Option<i64>,
}

/// A message, or why it does not open.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum MessageResult {
    /// It opened.
    Opened {
        /// The message.
        message: Posted,
    },
    /// It did not.
    Failed {
        /// Why.
        error: VaultError,
    },
}

/// A thread, or why its opening does not open.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ThreadResult {
    /// It opened.
    Opened {
        /// The thread.
        thread: ThreadInfo,
    },
    /// It did not.
    Failed {
        /// Why.
        error: VaultError,
    },
}

hidden!(NewMessage, Author, Posted, Reaction, ThreadInfo);

impl From<NewMessage> for Message {
    fn from(NewMessage { text, reply_to, attachments }: NewMessage) -> Self {
        let mut message = Self::text(text);
        if let Some(answered) = reply_to {
            message = message.in_reply_to(&answered);
        }
        for MessageAttachment { entry, voice_ms } in attachments {
            message = match voice_ms {
                Some(milliseconds) => message.attach_voice(&entry, milliseconds),
                None => message.attach(&entry),
            };
        }
        message
    }
}

impl From<ampoule::Author> for Author {
    fn from(ampoule::Author { name, known, contact, imitates }: ampoule::Author) -> Self {
        Self { name, known, contact, imitates: imitates.into_iter().map(Imitated::from).collect() }
    }
}

impl From<ampoule::Attachment> for Attachment {
    fn from(ampoule::Attachment { entry, version, voice_ms }: ampoule::Attachment) -> Self {
        Self { entry, version, voice_ms }
    }
}

impl From<ampoule::Reaction> for Reaction {
    fn from(ampoule::Reaction { author, symbol }: ampoule::Reaction) -> Self {
        Self { author: author.into(), symbol }
    }
}

impl From<ampoule::Posted> for Posted {
    fn from(posted: ampoule::Posted) -> Self {
        // It has fields that are the library's own: only here a new one of its public ones would go unseen.
        let ampoule::Posted {
            id,
            thread,
            author,
            actor,
            text,
            reply_to,
            attachments,
            time_ms,
            revision,
            reactions,
            receipts,
            gap,
            misdated,
            acceptance,
            ..
        } = posted;
        let receipts =
            receipts.into_iter().map(|(author, receipt)| MemberReceipt { author: author.into(), receipt }).collect();
        Self {
            id,
            thread,
            author: author.into(),
            actor: actor.map(AssertedActor::from),
            text,
            reply_to,
            attachments: attachments.into_iter().map(Attachment::from).collect(),
            time_ms,
            revision,
            reactions: reactions.into_iter().map(Reaction::from).collect(),
            receipts,
            gap,
            misdated,
            acceptance,
        }
    }
}

impl From<ampoule::ThreadInfo> for ThreadInfo {
    fn from(info: ampoule::ThreadInfo) -> Self {
        let ampoule::ThreadInfo { id, subject, author, opened_ms, messages, last_ms } = info;
        Self { id, subject, author: author.into(), opened_ms, messages: messages as u64, last_ms }
    }
}

impl From<Result<ampoule::Posted, ampoule::Error>> for MessageResult {
    fn from(message: Result<ampoule::Posted, ampoule::Error>) -> Self {
        match message {
            Ok(message) => Self::Opened { message: message.into() },
            Err(error) => Self::Failed { error: error.into() },
        }
    }
}

impl From<Result<ampoule::ThreadInfo, ampoule::Error>> for ThreadResult {
    fn from(thread: Result<ampoule::ThreadInfo, ampoule::Error>) -> Self {
        match thread {
            Ok(thread) => Self::Opened { thread: thread.into() },
            Err(error) => Self::Failed { error: error.into() },
        }
    }
}

#[uniffi::export]
impl ChartHandle {
    /// Opens a thread about something, for all who may see the label.
    pub fn start_thread(&self, subject: &str, label: Label) -> Result<Arc<ThreadHandle>, VaultError> {
        Ok(Arc::new(ThreadHandle(self.chart.start_thread(subject, &label)?)))
    }

    /// A thread by its id.
    pub fn thread(&self, id: EntryId) -> Result<Arc<ThreadHandle>, VaultError> {
        Ok(Arc::new(ThreadHandle(self.chart.thread(&id)?)))
    }

    /// The threads that this vault may see, in the order in which they were opened.
    pub fn threads(&self) -> Result<Vec<ThreadResult>, VaultError> {
        Ok(self.chart.threads()?.into_iter().map(ThreadResult::from).collect())
    }

    /// A message by its entry, as `find` gives it.
    pub fn message(&self, id: EntryId) -> Result<Posted, VaultError> {
        Ok(self.chart.message(&id)?.into())
    }
}

#[uniffi::export]
impl ThreadHandle {
    /// The entry that opens the thread.
    pub fn id(&self) -> EntryId {
        self.0.id()
    }

    /// Sends a message: seals it, signs it, and stores it. Others get it by the next bundle.
    pub fn send(&self, message: NewMessage) -> Result<EntryId, VaultError> {
        Ok(self.0.send(&message.into())?)
    }

    /// As `send`, once for each key: a repeated request gives the message of the first.
    pub fn send_once(&self, key: &str, message: NewMessage) -> Result<EntryId, VaultError> {
        Ok(self.0.send_once(key, &message.into())?)
    }

    /// Changes a message of one's own: text and attachments, not what it answers.
    pub fn edit(&self, id: EntryId, message: NewMessage) -> Result<VersionId, VaultError> {
        Ok(self.0.edit(&id, &message.into())?)
    }

    /// Deletes a message of one's own.
    pub fn delete(&self, id: EntryId) -> Result<VersionId, VaultError> {
        Ok(self.0.delete(&id)?)
    }

    /// Reacts to a message, with an emoji or a short text of up to 64 bytes.
    pub fn react(&self, id: EntryId, symbol: &str) -> Result<(), VaultError> {
        Ok(self.0.react(&id, symbol)?)
    }

    /// Takes a reaction back.
    pub fn take_back(&self, id: EntryId, symbol: &str) -> Result<(), VaultError> {
        Ok(self.0.take_back(&id, symbol)?)
    }

    /// Tells the others that all up to this message has come, or was read. Says whether it was told.
    pub fn acknowledge(&self, up_to: EntryId, receipt: Receipt) -> Result<bool, VaultError> {
        Ok(self.0.acknowledge(&up_to, receipt)?)
    }

    /// The last messages, up to so many and to 1000, in order.
    pub fn last(&self, most: u32) -> Result<Vec<MessageResult>, VaultError> {
        Ok(self.0.last(most as usize)?.into_iter().map(MessageResult::from).collect())
    }

    /// The messages before one of this thread, likewise.
    pub fn before(&self, message: EntryId, most: u32) -> Result<Vec<MessageResult>, VaultError> {
        let message = self.0.chart().message(&message)?;
        Ok(self.0.before(&message, most as usize)?.into_iter().map(MessageResult::from).collect())
    }
}
