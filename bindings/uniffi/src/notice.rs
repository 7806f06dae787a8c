//! Previews of messages while the vault is closed: what a notification shows.

use crate::records::AssertedActor;
use crate::text::hidden;
use crate::{ThreadHandle, UnlockHandle, VaultError, VaultHandle};
use ampoule::{ChartId, EntryId, Known};
use std::sync::Arc;

/// A message from a notice. Its author's signature was verified, and **nothing else was**: it may be old, sent again, changed or
/// deleted since, and its author's access may have ended. It is for a notification; what counts is what the vault shows.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct UnverifiedMessage {
    /// The chart that it is in.
    pub chart: ChartId,
    /// The thread that it is in.
    pub thread: EntryId,
    /// The entry that it says it is.
    pub id: EntryId,
    /// Name on the card of the member who signed it.
    pub author: String,
    /// How well that member was known when the keys were made. What is neither the owner nor verified should be shown with a
    /// mark.
    pub known: Known,
    /// On whose behalf the author acted, as the author says.
    pub actor: Option<AssertedActor>,
    /// When the author says that he wrote it, in milliseconds since 1970.
    pub time_ms: i64,
    /// The text.
    pub text: String,
    /// How many entries go with it.
    pub attachments: u64,
}

hidden!(UnverifiedMessage);

impl From<ampoule::UnverifiedMessage> for UnverifiedMessage {
    fn from(message: ampoule::UnverifiedMessage) -> Self {
        let ampoule::UnverifiedMessage { chart, thread, id, author, known, actor, time_ms, text, attachments } =
            message;
        let (actor, attachments) = (actor.map(AssertedActor::from), attachments as u64);
        Self { chart, thread, id, author, known, actor, time_ms, text, attachments }
    }
}

#[uniffi::export]
impl ThreadHandle {
    /// A message of this thread as it is sealed, for a push: about 1.3 kB for a short one. Whoever carries it learns as much as
    /// from a bundle. The message itself comes to the others by the next bundle.
    pub fn notice(&self, message: EntryId) -> Result<Vec<u8>, VaultError> {
        Ok(self.0.notice(&message)?)
    }
}

#[uniffi::export]
impl VaultHandle {
    /// Keys for previews of what is said in these threads from now on, sealed under a device key: to be kept beside the vault,
    /// for `open_preview` in an extension that shows notifications.
    ///
    /// They go on working while the vault is locked: whoever has them and the device key reads the messages of these threads
    /// and of others of the same label, until the chart's keys move on. Make them anew after every import.
    pub fn preview_keys(
        &self,
        threads: Vec<Arc<ThreadHandle>>,
        device_key: Arc<UnlockHandle>,
    ) -> Result<Vec<u8>, VaultError> {
        let threads: Vec<_> = threads.iter().map(|thread| thread.0.clone()).collect();
        device_key.with_device_key(|key| self.0.preview_keys(&threads, key))
    }
}

/// Opens a message that a push brought, with keys that `preview_keys` made and the device key under which they are sealed.
/// Needs no vault and no store, and less than 12 MiB of memory.
///
/// `OutdatedPreview` says that the keys are to be made anew, `OutsidePreview` that the message is to be read in the vault, and
/// `WayFailed` that keys and device key do not fit. Any other way in than a device key alone is `InvalidKey`.
#[uniffi::export]
pub fn open_preview(
    notice: &[u8],
    preview_keys: &[u8],
    device_key: Arc<UnlockHandle>,
) -> Result<UnverifiedMessage, VaultError> {
    Ok(device_key.with_device_key(|key| ampoule::open_preview(notice, preview_keys, key))?.into())
}
