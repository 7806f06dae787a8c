//! Previews of messages while the vault is closed: what a notification shows.
//!
//! ```text
//!  open vault ── preview_keys ──► keys of messages, cards of authors ── sealed under a device key ─┐
//!                                                                                                  ▼ open_preview
//!  sender's vault ── notice ──► one message as it is sealed ── push ───────────────────────────► text, author
//! ```
//!
//! What opens a notice has no store and stretches no passphrase, so that it fits into an extension of an app. It can
//! verify who wrote a message, and no more: whether it is new, and what became of its author since, only the vault knows.

mod keys;
mod open;

#[cfg(feature = "testing")]
pub(crate) use keys::preview_parts;
pub use open::{UnverifiedMessage, open_preview};

use super::event::{Event, EventKind};
use super::thread::{Reading, Thread, first_version, member, opening};
use super::{Vault, audit};
use crate::codec::{CardHash, EntryId, encode_secret};
use crate::crypto::{Secret, role};
use crate::error::Error;
use crate::index::Threaded;
use crate::keys::DeviceCard;
use keys::{Keys, MOST_THREADS, Sealed};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest notice that is opened, in bytes. A longer message is read in the vault.
const MOST_NOTICE: usize = 256 << 10;

impl Thread {
    /// A message of this thread as it is sealed, to be carried by a push: about 1.3 kB for a short one, and 3.4 kB for a text of
    /// 2,000 bytes. Whoever carries it learns as much as from a bundle.
    ///
    /// It is for [`open_preview`]. The message itself comes to the others by the next bundle.
    pub fn notice(&self, message: &EntryId) -> Result<Vec<u8>, Error> {
        self.chart().told(EventKind::Export, Some(*message), |open, snapshot| {
            let first = first_version(open, message, Some(&self.id()), Threaded::Message)?;
            open.sealed_version(snapshot, &first)
        })
    }
}

impl Vault {
    /// Keys for previews of what is said in these threads from now on, sealed under a device key: to be kept beside the vault,
    /// for [`open_preview`] in an extension that shows notifications.
    ///
    /// **They go on working while the vault is locked**, and after [`Self::lock`]: whoever has them and the device key reads the
    /// messages of these threads and of others of the same label, until the chart's keys move on. Nothing else opens by them,
    /// and nothing can be signed. Give them a device key of their own, which the platform releases without a person, and delete
    /// both to end it.
    ///
    /// They hold who may write to each thread as it is now. Make them anew after every [`Self::import`], and whenever
    /// [`Error::OutdatedPreview`] says so.
    pub fn preview_keys(&self, threads: &[Thread], device_key: &[u8; 32]) -> Result<Vec<u8>, Error> {
        if threads.len() > MOST_THREADS {
            return Err(Error::TooManyPreviews);
        }
        let device_key = Secret::<role::DeviceFactor>::from_slice(device_key).map_err(|_| Error::unopenable())?;
        let mut keys = Keys::new(self.inner.now_ms());
        let mut known = BTreeMap::new();
        for thread in threads {
            if !Arc::ptr_eq(&thread.chart().inner, &self.inner) {
                return Err(Error::UnknownChart);
            }
            thread.chart().told_with_contacts(EventKind::Access, Some(thread.id()), |reading| {
                let (open, now_ms) = (reading.open, reading.now_ms);
                let key = open.keys.message_key(opening(open, &thread.id())?.compartment, now_ms)?;
                for (writer, _) in &key.writers {
                    let Some(root) = open.keys.cards().root(writer) else { continue };
                    let devices = devices_of(reading, writer);
                    if devices.is_empty() {
                        continue;
                    }
                    known.insert(*writer, (root.bytes().to_vec(), member(open, reading.book, root, now_ms).known));
                    for device in &devices {
                        keys.add_device(device);
                    }
                }
                keys.add_thread(&key, open.keys.suite(), thread.id());
                Ok(())
            })?;
        }
        keys.set_roots(known);
        let sealed = self.inner.with(|session| {
            let event = Event::new(EventKind::Access, self.inner.now_ms());
            audit::tell(&self.inner, session, event)?;
            Sealed::seal(session.unlocked.vault_id(), &device_key, &encode_secret(&keys))
        })?;
        Ok(sealed)
    }
}

/// The devices by which a member may have written: those in use, as far as they are one's own; of others those that wrote to
/// the chart, and those on the card of the contact.
fn devices_of<'a>(reading: &'a Reading<'_>, root: &CardHash) -> Vec<Cow<'a, DeviceCard>> {
    let me = reading.open.keys.identity();
    if *root == me.root_card.hash() {
        return me.devices().into_iter().map(Cow::Owned).collect();
    }
    let wrote = reading.open.keys.cards().devices().map(AsRef::as_ref).filter(|device| device.root() == *root);
    let contact = reading.book.by_root(*root);
    let on_card = contact.into_iter().flat_map(|contact| contact.card.devices());
    wrote.chain(on_card).map(Cow::Borrowed).collect()
}

#[cfg(test)]
mod tests;
