//! What the content of a message says.

use crate::codec::{self, EntryId, Extensions, Hash, Malformed, Version1, VersionId, encode_secret};
use crate::error::Error;
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

/// Media type of what is in a thread.
pub(in crate::vault) const MEDIA_TYPE: &str = "application/vnd.ampoule.message+cbor";
/// Most bytes of a text.
pub(super) const MOST_TEXT: usize = 1 << 20;
/// Most bytes of a subject.
pub(super) const MOST_SUBJECT: usize = 1024;
/// Most bytes of the symbol of a reaction.
pub(super) const MOST_SYMBOL: usize = 64;
/// Most attachments of a message.
pub(super) const MOST_ATTACHMENTS: usize = 64;
/// Most messages that one names as those which it follows.
const MOST_LINKS: usize = 16;

/// One version, by its id and its object hash: ids alone may be taken twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub(in crate::vault) struct Link {
    #[n(0)]
    pub(super) version: VersionId,
    #[n(1)]
    pub(super) hash: Hash,
}

/// The content of an entry of a thread.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(in crate::vault) struct Body {
    #[n(0)]
    pub(super) version: Version1,
    /// The entry that opens the thread.
    #[n(1)]
    pub(in crate::vault) thread: EntryId,
    /// What the author had seen last in the thread, and what he had said last himself. In ascending order.
    #[n(2)]
    pub(super) after: Vec<Link>,
    #[n(3)]
    pub(in crate::vault) act: Act,
    #[n(4)]
    pub(super) extensions: Extensions,
}

#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub(in crate::vault) enum Act {
    /// Opens a thread, with a subject.
    #[n(1)]
    Open(#[n(0)] String),
    #[n(2)]
    Post(#[n(0)] Post),
    #[n(3)]
    React(#[n(0)] React),
    /// All up to this one was delivered, or read: the terms say which.
    #[n(4)]
    Received(#[n(0)] Link),
}

#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(in crate::vault) struct Post {
    #[n(0)]
    pub(in crate::vault) text: String,
    #[n(1)]
    pub(super) reply: Option<Link>,
    #[n(2)]
    pub(in crate::vault) attachments: Vec<Attached>,
}

#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(in crate::vault) struct Attached {
    #[n(0)]
    pub(super) entry: EntryId,
    /// As it was when it was attached.
    #[n(1)]
    pub(super) link: Link,
    /// Length of a voice note, in milliseconds.
    #[n(2)]
    pub(super) voice_ms: Option<u32>,
}

#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(in crate::vault) struct React {
    #[n(0)]
    pub(super) to: Link,
    #[n(1)]
    pub(super) symbol: String,
    /// Whether it is made or taken back.
    #[n(2)]
    pub(super) on: bool,
}

impl Body {
    pub(super) fn new(thread: EntryId, mut after: Vec<Link>, act: Act) -> Self {
        after.sort_unstable();
        after.dedup();
        Self { version: Version1, thread, after, act, extensions: Extensions::default() }
    }

    /// Fails where something is longer than it may be.
    pub(in crate::vault) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        if self.is_within_bounds() { Ok(encode_secret(self)) } else { Err(Error::MessageTooLong) }
    }

    pub(in crate::vault) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let body: Self = codec::decode(bytes)?;
        let in_order = body.after.is_sorted_by(|one, next| one < next);
        if in_order && body.is_within_bounds() { Ok(body) } else { Err(Malformed::Invalid) }
    }

    fn is_within_bounds(&self) -> bool {
        let fits = match &self.act {
            Act::Open(subject) => subject.len() <= MOST_SUBJECT,
            Act::Post(post) => post.text.len() <= MOST_TEXT && post.attachments.len() <= MOST_ATTACHMENTS,
            Act::React(react) => (1..=MOST_SYMBOL).contains(&react.symbol.len()),
            Act::Received(_) => true,
        };
        fits && self.after.len() <= MOST_LINKS
    }
}

/// What these bytes say, written again.
#[cfg(feature = "testing")]
pub(crate) fn message_again(content: &[u8]) -> Option<Vec<u8>> {
    Body::from_bytes(content).ok()?.to_bytes().ok().map(|bytes| bytes.to_vec())
}
