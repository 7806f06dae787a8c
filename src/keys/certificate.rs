//! Certificates: an organisation says which card belongs to whom in its directory, and takes that back.
//!
//! One level only: an organisation certifies people, services and teams, never another organisation.

use super::card::{Card, CardError, MemberKind, RootCard, statement};
use super::identity::Identity;
use crate::codec::{self, CardHash, Extensions, Hash, Malformed, Signed, StatementType, VaultId, Version1, padding};
use crate::crypto::{Failed, Secret, Suite, chunked, kdf, role, seal::SealError};
use core::fmt;
use minicbor::{Decode, Encode};

/// Longest text of an id, in bytes.
const MAX_ID: usize = 256;
/// Most certificates that are withdrawn at once, and longest list, in bytes.
const MAX_WITHDRAWN: usize = 1 << 14;
const MAX_LIST: usize = 1 << 20;
/// Suite of the row of an organisation's own list, as of the vault's state.
const ROW_SUITE: Suite = Suite::Aes256Gcm;

/// Somebody's id in the directory of an organisation.
#[derive(Clone, PartialEq, Eq)]
pub struct ExternalId {
    /// The directory: a URI.
    pub issuer: String,
    /// The id there.
    pub subject: String,
}

/// Shows nothing: it names a person.
impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer: _, subject: _ } = self;
        f.debug_struct("ExternalId").finish_non_exhaustive()
    }
}

/// An organisation's word that a card belongs to a member of it. Public: hand it over beside the card.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    bytes: Vec<u8>,
    member: CardHash,
    id: ExternalId,
    not_after_ms: Option<i64>,
}

impl Certificate {
    /// The certificate as bytes, to be handed over in any way.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Id of the member in the organisation's directory.
    pub fn external_id(&self) -> &ExternalId {
        &self.id
    }

    /// Until when it holds, in milliseconds since 1970.
    pub fn not_after_ms(&self) -> Option<i64> {
        self.not_after_ms
    }

    /// Signs that a card belongs to a member of this organisation.
    pub(crate) fn sign(
        by: &Identity,
        card: &Card,
        id: &ExternalId,
        not_after_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<Self, CardError> {
        let payload = Payload {
            version: Version1,
            organisation: by.root_card.hash(),
            member: card.root().hash(),
            issuer: id.issuer.clone(),
            subject: id.subject.clone(),
            time_ms: now_ms,
            not_after_ms,
            extensions: Extensions::default(),
        };
        if card.kind() == MemberKind::Organisation {
            return Err(CardError::Invalid);
        }
        Self::open(Signed::sign(StatementType::Certificate, &by.root, &payload)?.as_bytes(), &by.root_card)
    }

    /// Verifies that this organisation signed it.
    pub(crate) fn open(bytes: &[u8], organisation: &RootCard) -> Result<Self, CardError> {
        let payload: Payload = statement(bytes)?.verify(StatementType::Certificate, organisation.root_key())?;
        let short = |text: &str| (1..=MAX_ID).contains(&text.len());
        let by_it = payload.organisation == organisation.hash() && organisation.kind() == MemberKind::Organisation;
        if !by_it || !short(&payload.issuer) || !short(&payload.subject) {
            return Err(CardError::Invalid);
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            member: payload.member,
            id: ExternalId { issuer: payload.issuer, subject: payload.subject },
            not_after_ms: payload.not_after_ms,
        })
    }

    /// Root cards of organisation and member that a certificate claims: to find what to verify it against.
    pub(crate) fn claims(bytes: &[u8]) -> Result<(CardHash, CardHash), CardError> {
        let payload: Payload = statement(bytes)?.unverified()?;
        Ok((payload.organisation, payload.member))
    }

    /// Root card of the member.
    pub(crate) fn member(&self) -> CardHash {
        self.member
    }

    /// H("certificate", bytes).
    pub(crate) fn hash(&self) -> Hash {
        Hash::from_bytes(kdf::hash("certificate", &[&self.bytes]))
    }

    /// Whether it holds at a time.
    pub(crate) fn lasts(&self, now_ms: i64) -> bool {
        self.not_after_ms.is_none_or(|end| now_ms <= end)
    }
}

/// Shows whose card it is by hash; the id is a person's.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes: _, member, id: _, not_after_ms } = self;
        f.debug_struct("Certificate")
            .field("member", member)
            .field("not_after_ms", not_after_ms)
            .finish_non_exhaustive()
    }
}

/// All certificates that an organisation has taken back, in one signed list. A later list holds all of an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Withdrawals {
    bytes: Vec<u8>,
    number: u64,
    /// In ascending order.
    withdrawn: Vec<Hash>,
}

impl Withdrawals {
    /// Signs the list that follows on another, with one more certificate.
    pub(crate) fn sign(
        by: &Identity,
        before: Option<&Self>,
        more: Option<Hash>,
        now_ms: i64,
    ) -> Result<Self, CardError> {
        let mut withdrawn = before.map_or_else(Vec::new, |before| before.withdrawn.clone());
        withdrawn.extend(more);
        withdrawn.sort_unstable();
        withdrawn.dedup();
        let payload = ListPayload {
            version: Version1,
            organisation: by.root_card.hash(),
            // The empty list that nobody needs to keep is number 0.
            number: before.map_or(u64::from(more.is_some()), |before| before.number.saturating_add(1)),
            time_ms: now_ms,
            withdrawn,
            extensions: Extensions::default(),
        };
        Self::open(Signed::sign(StatementType::Withdrawals, &by.root, &payload)?.as_bytes(), &by.root_card)
    }

    /// Verifies that this organisation signed it.
    pub(crate) fn open(bytes: &[u8], organisation: &RootCard) -> Result<Self, CardError> {
        if bytes.len() > MAX_LIST {
            return Err(CardError::Invalid);
        }
        let signed = Signed::parse(bytes)?;
        let payload: ListPayload = signed.verify(StatementType::Withdrawals, organisation.root_key())?;
        let ascending = payload.withdrawn.is_sorted_by(|a, b| a < b) && payload.withdrawn.len() <= MAX_WITHDRAWN;
        if payload.organisation != organisation.hash() || !ascending {
            return Err(CardError::Invalid);
        }
        Ok(Self { bytes: bytes.to_vec(), number: payload.number, withdrawn: payload.withdrawn })
    }

    /// Root card of the organisation that a list claims to be of.
    pub(crate) fn claimed(bytes: &[u8]) -> Result<CardHash, CardError> {
        if bytes.len() > MAX_LIST {
            return Err(CardError::Invalid);
        }
        Ok(Signed::parse(bytes)?.unverified::<ListPayload>()?.organisation)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a certificate was taken back.
    pub(crate) fn names(&self, certificate: &Hash) -> bool {
        self.withdrawn.binary_search(certificate).is_ok()
    }

    /// Whether this list follows on another: it is later, and takes nothing back that the other withdrew.
    pub(crate) fn follows(&self, before: &Self) -> bool {
        self.number > before.number && before.withdrawn.iter().all(|hash| self.names(hash))
    }

    /// Seals an organisation's own list as a row.
    pub(crate) fn seal(&self, key: &Secret<role::Archive>, vault: VaultId) -> Result<Vec<u8>, SealError> {
        let padded = padding::pad(&self.bytes).ok_or(Failed)?;
        Ok(chunked::seal(ROW_SUITE, key, chunked::salt(key, &padded)?, &[&row_context(vault)], &padded)?)
    }

    /// Opens the row of an organisation's own list.
    pub(crate) fn unseal(
        key: &Secret<role::Archive>,
        vault: VaultId,
        sealed: &[u8],
        own: &RootCard,
    ) -> Result<Self, Malformed> {
        let invalid = |_| Malformed::Invalid;
        let padded = chunked::open(ROW_SUITE, key, &[&row_context(vault)], sealed).map_err(invalid)?;
        Ok(Self::open(padding::unpad(&padded).ok_or(Malformed::Invalid)?, own)?)
    }
}

/// Who vouches for a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Through {
    pub(crate) organisation: codec::ContactId,
    pub(crate) id: ExternalId,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Payload {
    #[n(0)]
    version: Version1,
    #[n(1)]
    organisation: CardHash,
    #[n(2)]
    member: CardHash,
    #[n(3)]
    issuer: String,
    #[n(4)]
    subject: String,
    #[n(5)]
    time_ms: i64,
    #[n(6)]
    not_after_ms: Option<i64>,
    #[n(7)]
    extensions: Extensions,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct ListPayload {
    #[n(0)]
    version: Version1,
    #[n(1)]
    organisation: CardHash,
    #[n(2)]
    number: u64,
    #[n(3)]
    time_ms: i64,
    #[n(4)]
    withdrawn: Vec<Hash>,
    #[n(5)]
    extensions: Extensions,
}

/// label("withdrawals-row") ‖ vault16.
fn row_context(vault: VaultId) -> Vec<u8> {
    let mut context = kdf::label("withdrawals-row");
    context.extend_from_slice(vault.as_bytes());
    context
}

#[cfg(test)]
mod tests;
