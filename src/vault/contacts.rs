//! Contacts: the people, services and teams that charts are shared with.

use super::event::{Event, EventKind};
use super::logs::Write;
use super::mark::Marked;
use super::{Inner, Vault, session, session::Session};
use crate::codec::{CardHash, ContactId, Hash, Malformed};
use crate::crypto::kdf;
use crate::error::Error;
use crate::keys::contacts::{self, ContactBook};
use crate::keys::{Card, ContactStatus, ExternalId, Fingerprint, Imitated, MemberKind, RootCard, Through};
use crate::store::{Snapshot, Table};
use std::sync::Arc;

/// The contacts of a vault.
#[derive(Clone)]
pub struct Contacts {
    inner: Arc<Inner>,
}

/// A contact of one vault: another vault of the process does not know him by it. A handle: dead while the vault is locked.
#[derive(Clone)]
pub struct Contact {
    inner: Arc<Inner>,
    id: ContactId,
}

impl Vault {
    /// The contacts.
    pub fn contacts(&self) -> Contacts {
        Contacts { inner: Arc::clone(&self.inner) }
    }
}

impl Contacts {
    /// Takes somebody's card. A card of a known person with other keys makes the contact
    /// [`Changed`](ContactStatus::Changed).
    pub fn add(&self, card: &[u8]) -> Result<Contact, Error> {
        let card = Card::from_bytes(card).map_err(card_error)?;
        let now = self.inner.now_ms();
        self.change(|book| book.add(card, now))
    }

    /// Takes a new card of a known contact. It must be verified again before anything is shared. What was shared with the card of
    /// before stays shared until the contact is revoked.
    pub fn replace(&self, contact: &Contact, card: &[u8]) -> Result<Contact, Error> {
        let card = Card::from_bytes(card).map_err(card_error)?;
        contact.read(|_| ())?;
        self.change(|book| book.replace(contact.id, card))
    }

    /// Takes what an organisation says of a contact's card. Both cards must be contacts already.
    ///
    /// Once the organisation is verified, the contact counts as verified through it, until the certificate ends, is taken
    /// back, or the organisation's card changes.
    pub fn add_certificate(&self, certificate: &[u8]) -> Result<Contact, Error> {
        self.change(|book| book.add_certificate(certificate))
    }

    /// Takes an organisation's list of the certificates that it has taken back. Returns the organisation.
    pub fn add_withdrawals(&self, list: &[u8]) -> Result<Contact, Error> {
        self.change(|book| book.add_withdrawals(list))
    }

    /// A contact by its id.
    pub fn get(&self, id: ContactId) -> Result<Contact, Error> {
        let contact = self.handle(id);
        contact.read(|_| contact.clone())
    }

    /// All contacts. One whose row is damaged is among them: every call on it gives [`Error::Unopenable`].
    pub fn list(&self) -> Result<Vec<Contact>, Error> {
        let mut ids: Vec<ContactId> = self.inner.with(|session| {
            let (book, damaged) = self.inner.view(session, |snapshot| session.read_contacts(snapshot))?;
            Ok(book.iter().map(|contact| contact.id).chain(damaged).collect())
        })?;
        ids.sort_unstable();
        Ok(ids.into_iter().map(|id| self.handle(id)).collect())
    }

    pub(super) fn handle(&self, id: ContactId) -> Contact {
        Contact { inner: Arc::clone(&self.inner), id }
    }

    fn change(
        &self,
        work: impl FnOnce(&mut ContactBook) -> Result<contacts::Contact, contacts::ContactError>,
    ) -> Result<Contact, Error> {
        let id = change(&self.inner, work)?;
        Ok(self.handle(id))
    }
}

impl Contact {
    /// Id of the contact in this vault.
    pub fn id(&self) -> ContactId {
        self.id
    }

    /// Name on the card.
    pub fn name(&self) -> Result<String, Error> {
        self.read(|contact| contact.card.name().to_owned())
    }

    /// Person, service, team or organisation.
    pub fn kind(&self) -> Result<MemberKind, Error> {
        self.read(|contact| contact.card.kind())
    }

    /// How far the card can be relied on.
    pub fn status(&self) -> Result<ContactStatus, Error> {
        self.read(|contact| contact.status)
    }

    /// What two people compare, by telephone or face to face.
    pub fn fingerprint(&self) -> Result<Fingerprint, Error> {
        self.read(|contact| contact.card.fingerprint())
    }

    /// Whose name this contact's name looks like. Empty where there is no danger of confusion.
    pub fn imitates(&self) -> Result<Vec<Imitated>, Error> {
        self.inner.with(|session| Ok(session.contacts(&self.inner)?.imitates(self.id)))
    }

    /// Compares what the other person read out, digits or words, with the card that is held.
    pub fn verify(&self, fingerprint: &str) -> Result<(), Error> {
        self.read(|_| ())?;
        change(&self.inner, |book| book.verify(self.id, fingerprint)).map(drop)
    }

    /// Takes a comparison back: the contact is not verified any more, nor are those for whom it vouches as an organisation.
    pub fn distrust(&self) -> Result<(), Error> {
        self.read(|_| ())?;
        change(&self.inner, |book| book.distrust(self.id)).map(drop)
    }

    /// The organisation that vouches for the contact now, if one does.
    pub fn verified_through(&self) -> Result<Option<Contact>, Error> {
        let through = self.through()?;
        Ok(through.map(|through| Self { inner: Arc::clone(&self.inner), id: through.organisation }))
    }

    /// The contact's id in the directory of the organisation that vouches for it now.
    pub fn external_id(&self) -> Result<Option<ExternalId>, Error> {
        Ok(self.through()?.map(|through| through.id))
    }

    /// Whether charts may be shared with the contact now: its card was compared, or a verified organisation vouches for it.
    pub fn is_verified(&self) -> Result<bool, Error> {
        Ok(self.status()? == ContactStatus::Verified || self.through()?.is_some())
    }

    fn through(&self) -> Result<Option<Through>, Error> {
        self.read(|_| ())?;
        let now = self.inner.now_ms();
        self.inner.with(|session| Ok(session.contacts(&self.inner)?.through(self.id, now)))
    }

    /// The card of a contact whom this vault has verified. What another vault of the process knows of him does not count.
    pub(super) fn verified_root(&self, vault: &Inner) -> Result<RootCard, Error> {
        self.look(vault, |book| Ok(book.require_verified(self.id, vault.now_ms())?.clone()))
    }

    /// The root card that is held and whether it was changed since it was verified, in a vault as in [`Self::verified_root`].
    pub(super) fn root_held(&self, vault: &Inner) -> Result<(CardHash, ContactStatus), Error> {
        self.read_in(vault, |contact| (contact.card.root().hash(), contact.status))
    }

    /// Every root card that was held of the contact, the one of now first, in a vault as in [`Self::verified_root`].
    pub(super) fn roots(&self, vault: &Inner) -> Result<Vec<CardHash>, Error> {
        self.read_in(vault, contacts::Contact::roots)
    }

    fn read<T>(&self, get: impl FnOnce(&contacts::Contact) -> T) -> Result<T, Error> {
        self.read_in(&self.inner, get)
    }

    fn read_in<T>(&self, vault: &Inner, get: impl FnOnce(&contacts::Contact) -> T) -> Result<T, Error> {
        self.look(vault, |book| book.get(self.id).map(get).ok_or(Error::UnknownContact))
    }

    fn look<T>(&self, vault: &Inner, at: impl FnOnce(&ContactBook) -> Result<T, Error>) -> Result<T, Error> {
        vault.with(|session| {
            let (book, damaged) = vault.view(session, |snapshot| session.read_contacts(snapshot))?;
            self.require_whole(&damaged)?;
            at(&book)
        })
    }

    /// Damage costs the contact whose row it is, and says so.
    fn require_whole(&self, damaged: &[ContactId]) -> Result<(), Error> {
        if damaged.contains(&self.id) { Err(Error::unopenable()) } else { Ok(()) }
    }
}

impl core::fmt::Debug for Contacts {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { inner: _ } = self;
        f.debug_struct("Contacts").finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Contact {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { inner: _, id } = self;
        f.debug_tuple("Contact").field(id).finish()
    }
}

fn change(
    inner: &Inner,
    work: impl FnOnce(&mut ContactBook) -> Result<contacts::Contact, contacts::ContactError>,
) -> Result<ContactId, Error> {
    inner.with(|session| {
        let mut write = Write::begin(inner, session)?;
        let tx = &mut *write.tx;
        // From the store, not from memory: another process may have added contacts.
        let (mut book, damaged) = session.read_contacts(tx)?;
        let contact = work(&mut book)?;
        let (vault, suite) = (session.unlocked.vault_id(), session.unlocked.suite());
        let sealed = contact.seal(suite, session.unlocked.keyring_key(), vault).map_err(|_| Error::unopenable())?;
        tx.put(Table::Contacts, b"", contact.id.as_bytes(), &sealed)?;
        // As they were written, and not as they are shown.
        let mut ids: Vec<ContactId> = book.iter().map(|known| known.id).chain(damaged).collect();
        ids.sort_unstable();
        write.replace(Marked::Contacts, &hash_of_ids(&ids))?;
        write.replace(Marked::Contact(contact.id), &hash_of_row(&sealed))?;
        let mut event = Event::new(EventKind::Contact, inner.now_ms());
        event.member = Some(contact.card.root().hash());
        write.event(event);
        write.commit()?;
        Ok(contact.id)
    })
}

/// What a log says of which contacts there are, in order.
pub(super) fn hash_of_ids(ids: &[ContactId]) -> Hash {
    let ids: Vec<u8> = ids.iter().flat_map(ContactId::as_bytes).copied().collect();
    Hash::from_bytes(kdf::hash("contacts", &[&ids]))
}

/// What a log says of one contact.
pub(super) fn hash_of_row(sealed: &[u8]) -> Hash {
    Hash::from_bytes(kdf::hash("contact", &[sealed]))
}

impl Session {
    /// The contacts as they are stored now. A few hundred rows at most; read when they are needed.
    pub(super) fn contacts(&self, inner: &Inner) -> Result<ContactBook, Error> {
        Ok(inner.view(self, |snapshot| self.read_contacts(snapshot))?.0)
    }

    /// The contacts, and those whose rows are damaged.
    pub(super) fn read_contacts(&self, snapshot: &dyn Snapshot) -> Result<(ContactBook, Vec<ContactId>), Error> {
        let (mut book, mut damaged) = (ContactBook::new(self.unlocked.card()?), Vec::new());
        let (vault, suite) = (self.unlocked.vault_id(), self.unlocked.suite());
        let logs = self.logs(snapshot)?;
        let rows = session::rows(snapshot, Table::Contacts)?;
        let ids = rows.iter().map(|(key, _)| ContactId::from_slice(key).ok_or(Error::Withheld));
        let ids: Vec<ContactId> = ids.collect::<Result<_, _>>()?;
        logs.require(snapshot, Marked::Contacts, &hash_of_ids(&ids))?;
        for (id, (_, sealed)) in ids.into_iter().zip(rows) {
            match logs.require(snapshot, Marked::Contact(id), &hash_of_row(&sealed)) {
                Ok(()) => {}
                // An older row of this contact, or a damaged one.
                Err(Error::Withheld) => {
                    damaged.push(id);
                    continue;
                }
                Err(error) => return Err(error),
            }
            match contacts::Contact::open(suite, self.unlocked.keyring_key(), vault, id, &sealed) {
                Ok(contact) => book.insert(contact),
                Err(Malformed::Newer) => return Err(Error::NewerFormat),
                // It costs this contact, with whom nothing can be shared then; `verify` names it.
                Err(Malformed::Invalid) => damaged.push(id),
            }
        }
        Ok((book, damaged))
    }
}

impl ContactBook {
    /// Fails unless this root card belongs to a verified contact.
    pub(super) fn require_known(&self, root: &CardHash, now_ms: i64) -> Result<(), Error> {
        let contact = self.by_root(*root).ok_or(Error::UnknownContact)?;
        Ok(self.require_verified(contact.id, now_ms).map(drop)?)
    }
}

fn card_error(error: crate::keys::CardError) -> Error {
    match error {
        crate::keys::CardError::NewerFormat => Error::NewerFormat,
        _ => Error::InvalidCard,
    }
}
