//! Who wrote a message, reacted to it, or has it.

use crate::buffer::ampoule_buffer;
use crate::codes::{ampoule_known, ampoule_receipt};
use crate::ids::{ampoule_contact_id, ampoule_entry_id};
use crate::memory::{Out, lend};
use crate::status::ampoule_status;
use crate::thread::ampoule_posted;
use crate::{boundary, handles};
use ampoule::{Author, Imitated};
use std::ffi::c_char;

/// Who wrote something: the member who signed it. That is certain; how well the member is known says the rest.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_author {
    /// How well the member is known here.
    pub known: ampoule_known,
    /// Whether the member is among the contacts.
    pub is_contact: bool,
    /// The member among the contacts, or zero.
    pub contact: ampoule_contact_id,
    /// Whether the name looks like that of the vault's owner.
    pub imitates_owner: bool,
    /// Like those of how many contacts the name looks. Where there is one, show the name with a warning.
    pub imitates: usize,
}

fn author_of(author: &Author) -> ampoule_author {
    ampoule_author {
        known: ampoule_known::of(author.known),
        is_contact: author.contact.is_some(),
        contact: author.contact.map_or(ampoule_contact_id { bytes: [0; 16] }, Into::into),
        imitates_owner: author.imitates.contains(&Imitated::Own),
        imitates: author.imitates.iter().filter(|whom| **whom != Imitated::Own).count(),
    }
}

/// Who wrote a message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_posted_get_author(
    posted: *const ampoule_posted,
    author: *mut ampoule_author,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(author)?;
        out.write(author_of(&handles::get(posted)?.0.author));
        Ok(())
    })
}

/// Who made a reaction, from 0, with the name on his card: as `ampoule_posted_text`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_posted_reaction_author(
    posted: *const ampoule_posted,
    place: usize,
    author: *mut ampoule_author,
    name: *mut *const c_char,
    name_len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, name_out, len_out) = (Out::at(author)?, Out::at(name)?, Out::at(name_len)?);
        let posted = handles::get(posted)?;
        let author = &posted.0.reactions.get(place).ok_or(ampoule_status::OutOfRange)?.author;
        out.write(author_of(author));
        lend(&author.name, name_out, len_out);
        Ok(())
    })
}

/// Who has said that a message came to him, from 0, and how far, with the name on his card: as `ampoule_posted_text`. After the last it
/// is `AMPOULE_STATUS_OUT_OF_RANGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_posted_receipt(
    posted: *const ampoule_posted,
    place: usize,
    receipt: *mut ampoule_receipt,
    author: *mut ampoule_author,
    name: *mut *const c_char,
    name_len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, author_out) = (Out::at(receipt)?, Out::at(author)?);
        let (name_out, len_out) = (Out::at(name)?, Out::at(name_len)?);
        let posted = handles::get(posted)?;
        let (author, receipt) = posted.0.receipts.get(place).ok_or(ampoule_status::OutOfRange)?;
        out.write(ampoule_receipt::of(*receipt));
        author_out.write(author_of(author));
        lend(&author.name, name_out, len_out);
        Ok(())
    })
}

/// The thread that a message is in: the entry that opened it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_posted_thread(
    posted: *const ampoule_posted,
    thread: *mut ampoule_entry_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(thread)?;
        out.write(handles::get(posted)?.0.thread.into());
        Ok(())
    })
}

/// On whose behalf the author of a message acted, as the author says: the subject of `ampoule_vault_acting_for`, or no bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_posted_actor_subject(
    posted: *const ampoule_posted,
    subject: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(subject)?;
        let posted = handles::get(posted)?;
        out.write(ampoule_buffer::of(posted.0.actor.as_ref().map_or("", |actor| &actor.subject))?);
        Ok(())
    })
}
