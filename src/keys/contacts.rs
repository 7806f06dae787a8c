//! Contacts: whose cards a member holds, and which of them he has compared.

mod certified;

use super::card::{Card, CardError, RootCard};
use crate::codec::{self, CardHash, ContactId, Extensions, Malformed, VaultId, Version1, padding};
use crate::crypto::{Failed, RandomError, Secret, Suite, chunked, kdf, role, seal::SealError};
use crate::error::Error;
use core::fmt;
use minicbor::{Decode, Encode, bytes::ByteVec};
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// Extension of a row: the root cards that were held before.
const FORMER: u32 = 1;
/// Most of them that are kept.
const MOST_FORMER: usize = 64;

/// How far a contact's card can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum ContactStatus {
    /// Nobody has compared the fingerprint yet.
    #[n(1)]
    Unverified,
    /// The fingerprint was compared, and was right.
    #[n(2)]
    Verified,
    /// The keys are not those of before; nobody has compared the new fingerprint.
    #[n(3)]
    Changed,
}

/// Somebody whose card is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) id: ContactId,
    pub(crate) card: Card,
    pub(crate) status: ContactStatus,
    pub(crate) added_ms: i64,
    /// What organisations say of the card, verified when it was taken and again when it is used.
    certificates: Vec<ByteVec>,
    /// Of an organisation: the latest list of what it took back.
    withdrawals: Option<ByteVec>,
    /// Root cards that were held before this one, the latest last: what was shared with them can still be taken back.
    former: Vec<CardHash>,
}

/// Whose name a contact's name looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Imitated {
    /// The owner of the vault.
    Own,
    /// A contact that was there before.
    Contact(ContactId),
}

/// Why a contact was not taken, or may not be shared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContactError {
    /// No such contact.
    Unknown,
    /// Not compared yet.
    Unverified,
    /// Other keys than before, not compared yet.
    Changed,
    /// Not compared yet, and the name looks like another's.
    Imitates,
    /// What was typed is not the fingerprint of the card that is held.
    FingerprintDiffers,
    /// The owner's own card is no contact.
    Own,
    /// A card that names a key of somebody else.
    KeyOfAnother,
    /// The devices of both cards do not fit into one.
    Card(CardError),
    /// No certificate, or not of an organisation among the contacts.
    Certificate,
    /// An earlier list than the one that is held.
    Outdated,
    /// No randomness.
    Random(RandomError),
}

impl From<CardError> for ContactError {
    fn from(error: CardError) -> Self {
        Self::Card(error)
    }
}

impl From<RandomError> for ContactError {
    fn from(error: RandomError) -> Self {
        Self::Random(error)
    }
}

impl From<ContactError> for Error {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::Unknown => Self::UnknownContact,
            ContactError::Unverified | ContactError::Imitates => Self::UnverifiedContact,
            ContactError::Changed => Self::ChangedContact,
            ContactError::FingerprintDiffers => Self::FingerprintMismatch,
            ContactError::Card(CardError::NewerFormat) => Self::NewerFormat,
            ContactError::Own | ContactError::KeyOfAnother | ContactError::Card(_) => Self::InvalidCard,
            ContactError::Certificate => Self::InvalidCertificate,
            ContactError::Outdated => Self::OutdatedWithdrawals,
            ContactError::Random(error) => Self::Random(error),
        }
    }
}

/// All contacts of a vault, in memory.
pub(crate) struct ContactBook {
    own: Card,
    own_looks: Looks,
    contacts: BTreeMap<ContactId, (Contact, Looks)>,
}

impl ContactBook {
    /// An empty book of the owner of `own`.
    pub(crate) fn new(own: Card) -> Self {
        let own_looks = Looks::of(own.name());
        Self { own, own_looks, contacts: BTreeMap::new() }
    }

    /// Puts a contact back that was stored.
    pub(crate) fn insert(&mut self, contact: Contact) {
        let looks = Looks::of(contact.card.name());
        self.contacts.insert(contact.id, (contact, looks));
    }

    /// Takes a card. That of a contact adds its devices; one with the same root key and anything else changed is a
    /// [`ContactBook::replace`]; any other is a new contact. Returns the contact as it is to be stored.
    pub(crate) fn add(&mut self, card: Card, now_ms: i64) -> Result<Contact, ContactError> {
        let root_key = card.root().root_key();
        let known = self.iter().find(|contact| contact.card.root().root_key() == root_key);
        if let Some(id) = known.map(|contact| contact.id) {
            return self.replace(id, card);
        }
        self.refuse_keys_of_others(&card, None)?;
        let contact = Contact {
            id: ContactId::random()?,
            card,
            status: ContactStatus::Unverified,
            added_ms: now_ms,
            certificates: Vec::new(),
            withdrawals: None,
            former: Vec::new(),
        };
        self.insert(contact.clone());
        Ok(contact)
    }

    /// Takes a card of the same person. The same root card adds devices and keeps the status; with any other, a contact
    /// that was verified must be verified again. Returns the contact as it is to be stored.
    pub(crate) fn replace(&mut self, id: ContactId, card: Card) -> Result<Contact, ContactError> {
        let old = self.get(id).ok_or(ContactError::Unknown)?;
        self.refuse_keys_of_others(&card, Some(id))?;
        let contact = if old.card.root().hash() == card.root().hash() {
            Contact { card: old.card.merge(&card)?, ..old.clone() }
        } else {
            // A card that nobody ever compared has nothing to differ from.
            let unverified = old.status == ContactStatus::Unverified;
            let status = if unverified { ContactStatus::Unverified } else { ContactStatus::Changed };
            let former = old.former_before(&card.root().hash());
            // What was said of the old card is not said of this one.
            Contact { id, card, status, added_ms: old.added_ms, certificates: Vec::new(), withdrawals: None, former }
        };
        self.insert(contact.clone());
        Ok(contact)
    }

    /// Compares what somebody typed with the fingerprint of the card that is held now. Returns the contact as it is to be
    /// stored.
    pub(crate) fn verify(&mut self, id: ContactId, typed: &str) -> Result<Contact, ContactError> {
        let (contact, _) = self.contacts.get_mut(&id).ok_or(ContactError::Unknown)?;
        if !contact.card.fingerprint().matches(typed) {
            return Err(ContactError::FingerprintDiffers);
        }
        contact.status = ContactStatus::Verified;
        Ok(contact.clone())
    }

    /// Takes a comparison back. What organisations say of the card goes too. Returns the contact as it is to be stored.
    pub(crate) fn distrust(&mut self, id: ContactId) -> Result<Contact, ContactError> {
        let (contact, _) = self.contacts.get_mut(&id).ok_or(ContactError::Unknown)?;
        contact.certificates.clear();
        if contact.status == ContactStatus::Verified {
            contact.status = ContactStatus::Unverified;
        }
        Ok(contact.clone())
    }

    /// The card to share with: only if it was compared, or an organisation vouches for it whose card was.
    pub(crate) fn require_verified(&self, id: ContactId, now_ms: i64) -> Result<&RootCard, ContactError> {
        let contact = self.get(id).ok_or(ContactError::Unknown)?;
        match contact.status {
            ContactStatus::Verified => Ok(contact.card.root()),
            ContactStatus::Changed => Err(ContactError::Changed),
            ContactStatus::Unverified if self.through(id, now_ms).is_some() => Ok(contact.card.root()),
            ContactStatus::Unverified if !self.imitates(id).is_empty() => Err(ContactError::Imitates),
            ContactStatus::Unverified => Err(ContactError::Unverified),
        }
    }

    /// Whose name this contact's name looks like: the owner's, and those of contacts that were there before.
    pub(crate) fn imitates(&self, id: ContactId) -> Vec<Imitated> {
        let Some((contact, looks)) = self.contacts.get(&id) else { return Vec::new() };
        let age = |contact: &Contact| (contact.added_ms, contact.id);
        let others = self
            .contacts
            .values()
            .filter(|(other, theirs)| age(other) < age(contact) && theirs.alike(looks))
            .map(|(other, _)| Imitated::Contact(other.id));
        self.own_looks.alike(looks).then_some(Imitated::Own).into_iter().chain(others).collect()
    }

    /// Whose name the name of somebody who is no contact looks like.
    pub(crate) fn imitated_by(&self, name: &str) -> Vec<Imitated> {
        let looks = Looks::of(name);
        let alike = self.contacts.iter().filter(|(_, (_, theirs))| theirs.alike(&looks));
        let own = self.own_looks.alike(&looks).then_some(Imitated::Own);
        own.into_iter().chain(alike.map(|(id, _)| Imitated::Contact(*id))).collect()
    }

    /// A contact.
    pub(crate) fn get(&self, id: ContactId) -> Option<&Contact> {
        self.contacts.get(&id).map(|(contact, _)| contact)
    }

    /// The contact with this root card.
    pub(crate) fn by_root(&self, root: CardHash) -> Option<&Contact> {
        self.iter().find(|contact| contact.card.root().hash() == root)
    }

    /// All contacts, in the order of their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.values().map(|(contact, _)| contact)
    }

    /// Nobody puts a key of another on his card: what that other signs or opens would pass for his.
    fn refuse_keys_of_others(&self, card: &Card, same: Option<ContactId>) -> Result<(), ContactError> {
        if card.root().root_key() == self.own.root().root_key() {
            return Err(ContactError::Own);
        }
        let keys: Vec<[u8; 32]> = card.keys().collect();
        let others = self.iter().filter(|contact| Some(contact.id) != same).map(|contact| &contact.card);
        let taken = others.chain([&self.own]).any(|other| other.keys().any(|key| keys.contains(&key)));
        if taken { Err(ContactError::KeyOfAnother) } else { Ok(()) }
    }
}

impl fmt::Debug for ContactBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { own, own_looks: _, contacts } = self;
        f.debug_struct("ContactBook").field("own", own).field("contacts", &contacts.len()).finish()
    }
}

impl Contact {
    /// Seals the contact as a row, whose key is its id.
    pub(crate) fn seal(
        &self,
        suite: Suite,
        keyring: &Secret<role::KeyringKey>,
        vault: VaultId,
    ) -> Result<Vec<u8>, SealError> {
        let row = codec::encode(&Stored {
            version: Version1,
            card: self.card.to_bytes(),
            status: self.status,
            added_ms: self.added_ms,
            certificates: self.certificates.clone(),
            withdrawals: self.withdrawals.clone(),
            extensions: former_to_extensions(&self.former),
        });
        let padded = padding::pad(&row).ok_or(Failed)?;
        Ok(chunked::seal(suite, keyring, chunked::salt(keyring, &padded)?, &[&context(vault, self.id)], &padded)?)
    }

    /// Opens a row and verifies the card in it.
    pub(crate) fn open(
        suite: Suite,
        keyring: &Secret<role::KeyringKey>,
        vault: VaultId,
        id: ContactId,
        sealed: &[u8],
    ) -> Result<Self, Malformed> {
        let invalid = |_| Malformed::Invalid;
        let padded = chunked::open(suite, keyring, &[&context(vault, id)], sealed).map_err(invalid)?;
        let stored: Stored = codec::decode(padding::unpad(&padded).ok_or(Malformed::Invalid)?)?;
        let card = Card::from_bytes(&stored.card)?;
        let former = former_of(&stored.extensions, &card)?;
        let Stored { version: _, card: _, status, added_ms, certificates, withdrawals, extensions: _ } = stored;
        Ok(Self { id, card, status, added_ms, certificates, withdrawals, former })
    }

    /// Root cards of the contact: the one that is held, then those of before.
    pub(crate) fn roots(&self) -> Vec<CardHash> {
        core::iter::once(self.card.root().hash()).chain(self.former.iter().copied()).collect()
    }

    /// What is former once another root card is held.
    fn former_before(&self, next: &CardHash) -> Vec<CardHash> {
        let held = self.card.root().hash();
        let mut former: Vec<CardHash> =
            self.former.iter().chain([&held]).filter(|root| *root != next).copied().collect();
        former.drain(..former.len().saturating_sub(MOST_FORMER));
        former
    }
}

fn former_to_extensions(former: &[CardHash]) -> Extensions {
    if former.is_empty() {
        return Extensions::default();
    }
    Extensions::ignorable(FORMER, codec::encode(&former.to_vec()).into())
}

fn former_of(extensions: &Extensions, card: &Card) -> Result<Vec<CardHash>, Malformed> {
    let Some(bytes) = extensions.get(FORMER) else { return Ok(Vec::new()) };
    let former: Vec<CardHash> = codec::decode(bytes)?;
    let mut known = BTreeSet::from([card.root().hash()]);
    let fits = (1..=MOST_FORMER).contains(&former.len()) && former.iter().all(|root| known.insert(*root));
    if fits { Ok(former) } else { Err(Malformed::Invalid) }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Stored {
    #[n(0)]
    version: Version1,
    #[cbor(n(1), with = "minicbor::bytes")]
    card: Vec<u8>,
    #[n(2)]
    status: ContactStatus,
    #[n(3)]
    added_ms: i64,
    #[n(4)]
    certificates: Vec<ByteVec>,
    #[n(5)]
    withdrawals: Option<ByteVec>,
    #[n(6)]
    extensions: Extensions,
}

/// label("contact") ‖ vault16 ‖ contact16.
fn context(vault: VaultId, contact: ContactId) -> Vec<u8> {
    let mut context = kdf::label("contact");
    context.extend_from_slice(vault.as_bytes());
    context.extend_from_slice(contact.as_bytes());
    context
}

/// What a name looks like: skeletons (UTS 39, section 4) of the name without differences of case, taken before and after
/// them. A capital `I` looks like `l` and `ｌ` like `L`: neither order finds both.
#[derive(PartialEq, Eq)]
struct Looks([String; 2]);

impl Looks {
    fn of(name: &str) -> Self {
        let plain: String = name.nfkc().collect();
        let of_lower: String = skeleton(&plain.to_lowercase()).collect();
        let of_written: String = skeleton(&plain).collect::<String>().to_lowercase();
        Self([of_lower, of_written].map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")))
    }

    fn alike(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(mine, theirs)| mine == theirs)
    }
}

#[cfg(test)]
mod tests;
