//! Organisations, which vouch for cards, and who relies on them.

use crate::buffer::ampoule_buffer;
use crate::contact::ampoule_contact;
use crate::memory::{Out, bytes, text};
use crate::status::ampoule_status;
use crate::vault::ampoule_vault;
use crate::{boundary, handles};
use ampoule::{Card, ExternalId, Imitated};
use std::ffi::c_char;
use std::ptr;

/// Signs, as an organisation, that a card belongs to a member of it: `issuer` is the URI of its directory, `subject` the member's
/// id there. It holds until `not_after_ms`, in milliseconds since 1970, or with 0 until it is withdrawn. The certificate is handed
/// over in any way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_certify(
    vault: *const ampoule_vault,
    card: *const u8,
    card_len: usize,
    issuer: *const c_char,
    issuer_len: usize,
    subject: *const c_char,
    subject_len: usize,
    not_after_ms: i64,
    certificate: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(certificate)?;
        let card = Card::from_bytes(bytes(card, card_len)?)?;
        let id = ExternalId {
            issuer: text(issuer, issuer_len)?.to_owned(),
            subject: text(subject, subject_len)?.to_owned(),
        };
        let end = (not_after_ms != 0).then_some(not_after_ms);
        let signed = handles::get(vault)?.0.certify(&card, &id, end)?;
        out.write(ampoule_buffer::of(signed.to_bytes())?);
        Ok(())
    })
}

/// Takes a certificate back. Gives the list of all that were, for everybody who relies on this organisation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_withdraw(
    vault: *const ampoule_vault,
    certificate: *const u8,
    certificate_len: usize,
    list: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(list)?;
        let list = handles::get(vault)?.0.withdraw(bytes(certificate, certificate_len)?)?;
        out.write(ampoule_buffer::of(list)?);
        Ok(())
    })
}

/// The list of all certificates that this organisation took back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_withdrawals(
    vault: *const ampoule_vault,
    list: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(list)?;
        out.write(ampoule_buffer::of(handles::get(vault)?.0.withdrawals()?)?);
        Ok(())
    })
}

/// Takes what an organisation says of a contact's card. Both cards must be contacts already. Gives the contact.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_add_certificate(
    vault: *const ampoule_vault,
    certificate: *const u8,
    certificate_len: usize,
    contact: *mut *mut ampoule_contact,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(contact)?;
        let of = handles::get(vault)?.0.contacts().add_certificate(bytes(certificate, certificate_len)?)?;
        out.write(handles::open(ampoule_contact(of))?);
        Ok(())
    })
}

/// Takes an organisation's list of the certificates that it took back. Gives the organisation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_add_withdrawals(
    vault: *const ampoule_vault,
    list: *const u8,
    list_len: usize,
    organisation: *mut *mut ampoule_contact,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(organisation)?;
        let by = handles::get(vault)?.0.contacts().add_withdrawals(bytes(list, list_len)?)?;
        out.write(handles::open(ampoule_contact(by))?);
        Ok(())
    })
}

/// The organisation that vouches for a contact now, or NULL where none does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_contact_verified_through(
    contact: *const ampoule_contact,
    organisation: *mut *mut ampoule_contact,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(organisation)?;
        let by = handles::get(contact)?.0.verified_through()?;
        out.write(by.map_or(Ok(ptr::null_mut()), |by| handles::open(ampoule_contact(by)))?);
        Ok(())
    })
}

/// The contact's id in the directory of the organisation that vouches for it now. Where none does, both are empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_contact_directory_id(
    contact: *const ampoule_contact,
    issuer: *mut ampoule_buffer,
    subject: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let (issuer_out, subject_out) = (Out::at(issuer)?, Out::at(subject)?);
        let id = handles::get(contact)?.0.external_id()?;
        let (issuer, subject) = id.map_or_else(Default::default, |ExternalId { issuer, subject }| (issuer, subject));
        let (issuer, subject) = (ampoule_buffer::of(issuer)?, ampoule_buffer::of(subject)?);
        issuer_out.write(issuer);
        subject_out.write(subject);
        Ok(())
    })
}

/// Whose name this contact's name looks like: ids of other contacts, 16 bytes each, and in `own` whether it is the vault's owner's.
/// Show whoever is imitated beside it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_contact_imitates(
    contact: *const ampoule_contact,
    own: *mut bool,
    ids: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let (own_out, out) = (Out::at(own)?, Out::at(ids)?);
        let imitated = handles::get(contact)?.0.imitates()?;
        let contacts = imitated.iter().filter_map(|whom| match whom {
            Imitated::Own => None,
            Imitated::Contact(id) => Some(*id.as_bytes()),
        });
        out.write(ampoule_buffer::of_ids(contacts)?);
        own_out.write(imitated.contains(&Imitated::Own));
        Ok(())
    })
}
