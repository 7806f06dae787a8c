//! Contacts: the people, services and teams that charts are shared with.

use crate::VaultError;
use crate::text::hidden;
use crate::vault::VaultHandle;
use ampoule::{Card, ContactId, ContactStatus, ExternalId, MemberKind};
use std::sync::Arc;

/// A contact. A handle: its calls fail while the vault is locked.
#[derive(uniffi::Object)]
pub struct ContactHandle(pub(crate) ampoule::Contact);

/// What two people read to each other, as digits or as words.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Fingerprint {
    /// Eight groups of five digits.
    pub digits: String,
    /// Twelve English words.
    pub words: String,
}

/// Somebody's id in the directory of an organisation.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct DirectoryId {
    /// The directory: a URI.
    pub issuer: String,
    /// The id there.
    pub subject: String,
}

/// An organisation's word that a card belongs to a member of it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Certificate {
    /// To be handed over in any way.
    pub bytes: Vec<u8>,
    /// Id of the member in the organisation's directory.
    pub id: DirectoryId,
    /// Until when it holds, in milliseconds since 1970.
    pub not_after_ms: Option<i64>,
}

/// Whose name a contact's name looks like.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Imitated {
    /// The owner of the vault.
    Own,
    /// A contact that was there before.
    Contact {
        /// That contact.
        id: ContactId,
    },
}

hidden!(DirectoryId, Certificate);

impl From<ampoule::Fingerprint> for Fingerprint {
    fn from(fingerprint: ampoule::Fingerprint) -> Self {
        Self { digits: fingerprint.digits(), words: fingerprint.words() }
    }
}

impl From<ExternalId> for DirectoryId {
    fn from(ExternalId { issuer, subject }: ExternalId) -> Self {
        Self { issuer, subject }
    }
}

impl From<DirectoryId> for ExternalId {
    fn from(DirectoryId { issuer, subject }: DirectoryId) -> Self {
        Self { issuer, subject }
    }
}

impl From<ampoule::Imitated> for Imitated {
    fn from(imitated: ampoule::Imitated) -> Self {
        match imitated {
            ampoule::Imitated::Own => Self::Own,
            ampoule::Imitated::Contact(id) => Self::Contact { id },
        }
    }
}

impl ContactHandle {
    pub(crate) fn of(contact: ampoule::Contact) -> Arc<Self> {
        Arc::new(Self(contact))
    }
}

#[uniffi::export]
impl ContactHandle {
    /// Id of the contact in this vault.
    pub fn id(&self) -> ContactId {
        self.0.id()
    }

    /// Name on the card.
    pub fn name(&self) -> Result<String, VaultError> {
        Ok(self.0.name()?)
    }

    /// Person, service, team or organisation.
    pub fn kind(&self) -> Result<MemberKind, VaultError> {
        Ok(self.0.kind()?)
    }

    /// How far the card can be relied on.
    pub fn status(&self) -> Result<ContactStatus, VaultError> {
        Ok(self.0.status()?)
    }

    /// What two people compare, by telephone or face to face.
    pub fn fingerprint(&self) -> Result<Fingerprint, VaultError> {
        Ok(self.0.fingerprint()?.into())
    }

    /// Whose name this contact's name looks like. Empty where there is no danger of confusion.
    pub fn imitates(&self) -> Result<Vec<Imitated>, VaultError> {
        Ok(self.0.imitates()?.into_iter().map(Imitated::from).collect())
    }

    /// Compares what the other person read out, digits or words, with the card that is held.
    pub fn verify(&self, fingerprint: &str) -> Result<(), VaultError> {
        Ok(self.0.verify(fingerprint)?)
    }

    /// Takes a comparison back.
    pub fn distrust(&self) -> Result<(), VaultError> {
        Ok(self.0.distrust()?)
    }

    /// Whether charts may be shared with the contact now.
    pub fn is_verified(&self) -> Result<bool, VaultError> {
        Ok(self.0.is_verified()?)
    }

    /// The organisation that vouches for the contact now, if one does.
    pub fn verified_through(&self) -> Result<Option<Arc<Self>>, VaultError> {
        Ok(self.0.verified_through()?.map(Self::of))
    }

    /// The contact's id in the directory of the organisation that vouches for it now.
    pub fn directory_id(&self) -> Result<Option<DirectoryId>, VaultError> {
        Ok(self.0.external_id()?.map(DirectoryId::from))
    }
}

#[uniffi::export]
impl VaultHandle {
    /// Signs, as an organisation, that a card belongs to a member of it, until a moment in milliseconds since 1970.
    pub fn certify(&self, card: &[u8], id: DirectoryId, not_after_ms: Option<i64>) -> Result<Certificate, VaultError> {
        let card = Card::from_bytes(card).map_err(ampoule::UnlockError::from)?;
        let certificate = self.0.certify(&card, &id.into(), not_after_ms)?;
        Ok(Certificate {
            bytes: certificate.to_bytes(),
            id: certificate.external_id().clone().into(),
            not_after_ms: certificate.not_after_ms(),
        })
    }

    /// Takes a certificate back. Returns the list of all that were, for everybody who relies on this organisation.
    pub fn withdraw(&self, certificate: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(self.0.withdraw(certificate)?)
    }

    /// The list of all certificates that were taken back.
    pub fn withdrawals(&self) -> Result<Vec<u8>, VaultError> {
        Ok(self.0.withdrawals()?)
    }
}
