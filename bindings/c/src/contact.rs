//! The people, services and teams that charts are shared with.

use crate::buffer::ampoule_buffer;
use crate::codes::{ampoule_contact_status, ampoule_member_kind};
use crate::ids::ampoule_contact_id;
use crate::memory::{Out, bytes, text, value};
use crate::status::ampoule_status;
use crate::vault::ampoule_vault;
use crate::{boundary, handles};
use ampoule::{Card, Contact};
use std::ffi::c_char;

/// A contact of a vault. It is dead while the vault is locked. Any thread.
pub struct ampoule_contact(pub(crate) Contact);

/// What is known of a contact.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_contact_info {
    /// Id of the contact in this vault.
    pub id: ampoule_contact_id,
    /// Person, service, team or organisation.
    pub kind: ampoule_member_kind,
    /// How far its card can be relied on.
    pub status: ampoule_contact_status,
    /// Whether charts may be shared with it now: its card was compared, or a verified organisation vouches for it.
    pub verified: bool,
}

/// Takes somebody's card. A card of a known person with other keys makes the contact changed: it must be verified again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_add_contact(
    vault: *const ampoule_vault,
    card: *const u8,
    card_len: usize,
    contact: *mut *mut ampoule_contact,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(contact)?;
        let contact = handles::get(vault)?.0.contacts().add(bytes(card, card_len)?)?;
        out.write(handles::open(ampoule_contact(contact))?);
        Ok(())
    })
}

/// A contact by its id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_contact(
    vault: *const ampoule_vault,
    id: *const ampoule_contact_id,
    contact: *mut *mut ampoule_contact,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(contact)?;
        let contact = handles::get(vault)?.0.contacts().get(value(id)?.into())?;
        out.write(handles::open(ampoule_contact(contact))?);
        Ok(())
    })
}

/// Ids of all contacts, 16 bytes each: an array of `ampoule_contact_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_contacts(
    vault: *const ampoule_vault,
    ids: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(ids)?;
        let contacts = handles::get(vault)?.0.contacts().list()?;
        out.write(ampoule_buffer::of_ids(contacts.iter().map(|contact| *contact.id().as_bytes()))?);
        Ok(())
    })
}

/// What is known of a contact.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_contact_get_info(
    contact: *const ampoule_contact,
    info: *mut ampoule_contact_info,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(info)?;
        let contact = &handles::get(contact)?.0;
        out.write(ampoule_contact_info {
            id: contact.id().into(),
            kind: ampoule_member_kind::of(contact.kind()?),
            status: ampoule_contact_status::of(contact.status()?),
            verified: contact.is_verified()?,
        });
        Ok(())
    })
}

/// Name on the card.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_contact_name(
    contact: *const ampoule_contact,
    name: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(name)?;
        out.write(ampoule_buffer::of(handles::get(contact)?.0.name()?)?);
        Ok(())
    })
}

/// What two people compare, by telephone or face to face, in digits and in words. Either may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_contact_fingerprint(
    contact: *const ampoule_contact,
    digits: *mut ampoule_buffer,
    words: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let fingerprint = handles::get(contact)?.0.fingerprint()?;
        write_fingerprint(&fingerprint, Out::wanted(digits), Out::wanted(words))
    })
}

/// The fingerprint of a card that is no contact yet, such as one's own: as `ampoule_contact_fingerprint`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_card_fingerprint(
    card: *const u8,
    card_len: usize,
    digits: *mut ampoule_buffer,
    words: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let fingerprint = Card::from_bytes(bytes(card, card_len)?)?.fingerprint();
        write_fingerprint(&fingerprint, Out::wanted(digits), Out::wanted(words))
    })
}

fn write_fingerprint(
    fingerprint: &ampoule::Fingerprint,
    digits: Option<Out<ampoule_buffer>>,
    words: Option<Out<ampoule_buffer>>,
) -> Result<(), ampoule_status> {
    let made = |out: &Option<_>, text: String| out.is_some().then(|| ampoule_buffer::of(text)).transpose();
    let as_digits = made(&digits, fingerprint.digits())?;
    let as_words = made(&words, fingerprint.words())?;
    for (out, made) in [(digits, as_digits), (words, as_words)] {
        if let (Some(out), Some(made)) = (out, made) {
            out.write(made);
        }
    }
    Ok(())
}

/// Compares what the other person read out, digits or words, with the card that is held.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_contact_verify(
    contact: *const ampoule_contact,
    fingerprint: *const c_char,
    fingerprint_len: usize,
) -> ampoule_status {
    boundary::call(|| Ok(handles::get(contact)?.0.verify(text(fingerprint, fingerprint_len)?)?))
}

/// Takes a comparison back: the contact is not verified any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_contact_distrust(contact: *const ampoule_contact) -> ampoule_status {
    boundary::call(|| Ok(handles::get(contact)?.0.distrust()?))
}

/// Takes a new card of a known contact. It must be verified again before anything is shared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_contact_replace(
    vault: *const ampoule_vault,
    contact: *const ampoule_contact,
    card: *const u8,
    card_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let contact = handles::get(contact)?;
        handles::get(vault)?.0.contacts().replace(&contact.0, bytes(card, card_len)?)?;
        Ok(())
    })
}
