//! Opening a notice, without a vault.

use super::MOST_NOTICE;
use super::keys::{Keys, Sealed, ThreadKey};
use crate::codec::{ChartId, EntryId, Malformed};
use crate::crypto::{Secret, role};
use crate::envelope::{self, Actor, Header, Metadata, OpenError, SealedEntry};
use crate::error::Error;
use crate::index::Threaded;
use crate::record::{Code, Kind};
use crate::vault::thread::{Act, Body, Known, MEDIA_TYPE};

/// A message from a notice. Its author's signature was verified; **nothing else was**.
///
/// It may be old, sent again, changed or deleted since, or missing in what comes later; its author's access may have ended since
/// the keys were made; the id may be that of another message. So it is for a notification, and for nothing that is decided by
/// it. What counts is the message as the vault shows it.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct UnverifiedMessage {
    /// The chart that it is in.
    pub chart: ChartId,
    /// The thread that it is in.
    pub thread: EntryId,
    /// The entry that it says it is.
    pub id: EntryId,
    /// Name on the card of the member who signed it.
    pub author: String,
    /// How well that member was known when the preview keys were made. What is neither [`Known::Own`] nor [`Known::Verified`]
    /// should be shown with a mark.
    pub known: Known,
    /// On whose behalf the author acted, as the author says.
    pub actor: Option<Actor>,
    /// When the author says that he wrote it, in milliseconds since 1970.
    pub time_ms: i64,
    /// The text.
    pub text: String,
    /// How many entries go with it.
    pub attachments: usize,
}

/// Shows ids only: a message is between people.
impl core::fmt::Debug for UnverifiedMessage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { chart, thread, id, author: _, known, actor: _, time_ms: _, text, attachments } = self;
        f.debug_struct("UnverifiedMessage")
            .field("chart", chart)
            .field("thread", thread)
            .field("id", id)
            .field("known", known)
            .field("text_len", &text.len())
            .field("attachments", attachments)
            .finish_non_exhaustive()
    }
}

/// Opens a message that a push brought, with keys that [`Vault::preview_keys`](crate::Vault::preview_keys) made and the device
/// key under which they are sealed. Needs no vault and no store, and less than 12 MiB of memory.
///
/// [`Error::OutdatedPreview`] says that the chart's keys or members have changed since; [`Error::OutsidePreview`] that this is
/// not for a preview: another thread, a change of an earlier message, a message of before, one of more than 256 KiB. Keys that are
/// damaged and a wrong device key are both [`UnlockError::UnlockFailed`](crate::UnlockError::UnlockFailed).
pub fn open_preview(notice: &[u8], preview_keys: &[u8], device_key: &[u8; 32]) -> Result<UnverifiedMessage, Error> {
    let device_key = Secret::<role::DeviceFactor>::from_slice(device_key).map_err(|_| Error::unopenable())?;
    let keys = Sealed::open(preview_keys, &device_key)?;
    drop(device_key);
    if notice.len() > MOST_NOTICE {
        return Err(Error::OutsidePreview);
    }
    let sealed = SealedEntry::from_bytes(notice)?;
    let (header, _) = Header::split(&sealed.bytes).map_err(of_open_error)?;
    if header.kind != Kind::Message {
        return Err(Error::OutsidePreview);
    }
    let mut why = Error::OutsidePreview;
    for key in keys.of_chart(header.chart) {
        if sealed.wrap.epoch > key.epoch {
            why = Error::OutdatedPreview;
        }
        let content = key.content_key()?;
        match envelope::open(&header.chart, key.suite()?, &sealed.bytes, &sealed.wrap, [&content]) {
            Ok(unverified) => return verified(&keys, key, unverified),
            // One of another label, as far as can be told.
            Err(OpenError::NoEpoch | OpenError::NoKey) => {}
            Err(error) => return Err(of_open_error(error)),
        }
    }
    Err(why)
}

/// Verifies who wrote it and that he might, before anything of it is released.
fn verified(keys: &Keys, key: &ThreadKey, unverified: envelope::Unverified) -> Result<UnverifiedMessage, Error> {
    let claimed = unverified.claimed();
    // What was signed in an earlier epoch, and wrapped anew, was written before these keys knew who may write.
    let first = claimed.epoch == key.epoch && claimed.parents.is_empty() && !claimed.tombstone;
    if !first {
        return Err(Error::OutsidePreview);
    }
    let (device, root, known) = keys.author(&claimed.author)?;
    if !key.could_write(&root.hash(), claimed.time_ms) {
        return Err(Error::OutdatedPreview);
    }
    let opened = unverified.verify(device.object_key()).map_err(of_open_error)?;
    let body = Body::from_bytes(&opened.content).map_err(|malformed| match malformed {
        Malformed::Newer => Error::NewerFormat,
        Malformed::Invalid => Error::unopenable(),
    })?;
    if !key.threads.contains(&body.thread) {
        return Err(Error::OutsidePreview);
    }
    let Act::Post(post) = body.act else { return Err(Error::OutsidePreview) };
    // Where the terms say something else, the vault does not take it for a message of this thread.
    if !says_so(&opened.metadata, &body.thread) {
        return Err(Error::unopenable());
    }
    Ok(UnverifiedMessage {
        chart: opened.header.chart,
        thread: body.thread,
        id: opened.header.entry,
        author: root.name().to_owned(),
        known,
        actor: opened.metadata.actor,
        time_ms: opened.metadata.time_ms,
        text: post.text,
        attachments: post.attachments.len(),
    })
}

fn says_so(metadata: &Metadata, thread: &EntryId) -> bool {
    let of_thread = |code: &Code| code.system == Threaded::SYSTEM && code.value == thread.to_string();
    metadata.media_type == MEDIA_TYPE
        && metadata.terms.kind == Threaded::Message.kind()
        && metadata.terms.codes.iter().any(of_thread)
}

fn of_open_error(error: OpenError) -> Error {
    match error {
        OpenError::Newer => Error::NewerFormat,
        OpenError::NoEpoch | OpenError::NoKey | OpenError::Failed => Error::unopenable(),
    }
}
