//! Contacts for whom an organisation vouches.

use super::{Contact, ContactBook, ContactError, ContactStatus};
use crate::codec::{CardHash, ContactId};
use crate::keys::{Certificate, MemberKind, RootCard, Through, Withdrawals};

/// Most certificates that are kept of one contact; the oldest makes room.
const MAX_CERTIFICATES: usize = 16;

impl ContactBook {
    /// Takes a certificate of a contact's card, by an organisation that is a contact as well, verified or not. Returns the
    /// contact as it is to be stored.
    pub(crate) fn add_certificate(&mut self, bytes: &[u8]) -> Result<Contact, ContactError> {
        let (organisation, member) = Certificate::claims(bytes).map_err(|_| ContactError::Certificate)?;
        let root = self.organisation(organisation)?;
        Certificate::open(bytes, root).map_err(|_| ContactError::Certificate)?;
        let mut contact = self.by_root(member).ok_or(ContactError::Unknown)?.clone();
        contact.certificates.retain(|known| known[..] != *bytes);
        contact.certificates.push(bytes.to_vec().into());
        let more = contact.certificates.len().saturating_sub(MAX_CERTIFICATES);
        contact.certificates.drain(..more);
        self.insert(contact.clone());
        Ok(contact)
    }

    /// Takes an organisation's list of what it took back; it must follow on the one that is held. Returns the organisation
    /// as it is to be stored.
    pub(crate) fn add_withdrawals(&mut self, bytes: &[u8]) -> Result<Contact, ContactError> {
        let organisation = Withdrawals::claimed(bytes).map_err(|_| ContactError::Certificate)?;
        let root = self.organisation(organisation)?;
        let list = Withdrawals::open(bytes, root).map_err(|_| ContactError::Certificate)?;
        let contact = self.by_root(organisation).ok_or(ContactError::Unknown)?;
        if let Some(held) = &contact.withdrawals {
            let held = Withdrawals::open(held, root).map_err(|_| ContactError::Certificate)?;
            if held != list && !list.follows(&held) {
                return Err(ContactError::Outdated);
            }
        }
        let contact = Contact { withdrawals: Some(bytes.to_vec().into()), ..contact.clone() };
        self.insert(contact.clone());
        Ok(contact)
    }

    /// The organisation that vouches for a contact now: its card was compared, its certificate is of the card that is held,
    /// has not ended and was not taken back.
    pub(crate) fn through(&self, id: ContactId, now_ms: i64) -> Option<Through> {
        let contact = self.get(id)?;
        // An organisation is compared, or not known: nobody vouches for it. Nor does anybody for keys that are not those
        // which were compared.
        if contact.card.kind() == MemberKind::Organisation || contact.status == ContactStatus::Changed {
            return None;
        }
        contact.certificates.iter().rev().find_map(|bytes| self.vouches(contact, bytes, now_ms))
    }

    fn vouches(&self, contact: &Contact, bytes: &[u8], now_ms: i64) -> Option<Through> {
        let (organisation, _) = Certificate::claims(bytes).ok()?;
        let by = self.by_root(organisation)?;
        let certificate = Certificate::open(bytes, by.card.root()).ok()?;
        let verified = by.status == ContactStatus::Verified;
        let of_this_card = certificate.member() == contact.card.root().hash();
        let withdrawn = match &by.withdrawals {
            // A list that does not open might name it.
            Some(list) => Withdrawals::open(list, by.card.root()).ok()?.names(&certificate.hash()),
            None => false,
        };
        let holds = verified && of_this_card && certificate.lasts(now_ms) && !withdrawn;
        holds.then(|| Through { organisation: by.id, id: certificate.external_id().clone() })
    }

    fn organisation(&self, root: CardHash) -> Result<&RootCard, ContactError> {
        let contact = self.by_root(root).ok_or(ContactError::Unknown)?;
        let is_one = contact.card.kind() == MemberKind::Organisation;
        if is_one { Ok(contact.card.root()) } else { Err(ContactError::Certificate) }
    }
}
