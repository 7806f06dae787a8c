//! Who wrote what is in a thread.

use super::{Author, Known};
use crate::codec::{CardHash, EntryId};
use crate::index::Version;
use crate::keys::contacts::{Contact, ContactBook};
use crate::keys::{ContactStatus, RootCard};
use crate::vault::open_chart::OpenChart;

/// The owner of a device.
pub(super) fn root<'a>(open: &'a OpenChart, device: &CardHash) -> Option<&'a RootCard> {
    let cards = open.keys.cards();
    cards.device(device).and_then(|device| cards.root(&device.root())).map(AsRef::as_ref)
}

/// The versions of an entry by the owner of a device, in order of arrival. A message is its author's alone: what others write
/// over it changes nothing in the thread.
pub(super) fn versions_by<'a>(open: &'a OpenChart, entry: &EntryId, device: &CardHash) -> Vec<Version<'a>> {
    let author = root(open, device).map(RootCard::hash);
    let mut versions = open.index.versions_of(entry);
    versions.retain(|version| !version.quarantined && root(open, &version.author).map(RootCard::hash) == author);
    versions
}

/// The author as this vault knows him.
pub(super) fn author(open: &OpenChart, book: &ContactBook, device: &CardHash, now_ms: i64) -> Author {
    match root(open, device) {
        Some(root) => member(open, book, root, now_ms),
        None => Author { name: String::new(), known: Known::Unknown, contact: None, imitates: Vec::new() },
    }
}

/// A member as this vault knows him.
pub(in crate::vault) fn member(open: &OpenChart, book: &ContactBook, root: &RootCard, now_ms: i64) -> Author {
    let name = root.name().to_owned();
    if root.hash() == open.keys.identity().root_card.hash() {
        return Author { name, known: Known::Own, contact: None, imitates: Vec::new() };
    }
    let same_key = |contact: &&Contact| contact.card.root().root_key() == root.root_key();
    let Some(contact) = book.by_root(root.hash()).or_else(|| book.iter().find(same_key)) else {
        let imitates = book.imitated_by(&name);
        return Author { name, known: Known::Unknown, contact: None, imitates };
    };
    let known = match contact.status {
        ContactStatus::Verified => Known::Verified,
        ContactStatus::Unverified if book.through(contact.id, now_ms).is_some() => Known::Verified,
        ContactStatus::Unverified => Known::Unverified,
        ContactStatus::Changed => Known::Changed,
    };
    Author { name, known, contact: Some(contact.id), imitates: book.imitates(contact.id) }
}
