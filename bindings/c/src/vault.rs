//! A vault: made, opened, locked.

use crate::buffer::ampoule_buffer;
use crate::bundle::labels_of;
use crate::chart::ampoule_chart;
use crate::codes::ampoule_freshness;
use crate::ids::{ampoule_chart_id, ampoule_vault_id, ampoule_way_id};
use crate::memory::{Out, text, value};
use crate::options::ampoule_options;
use crate::status::ampoule_status;
use crate::store::ampoule_store;
use crate::unlock::ampoule_unlock;
use crate::{boundary, handles};
use ampoule::{Actor, Label, Recovery, Vault, VaultOptions};
use std::ffi::c_char;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The version of the library, as text with a zero byte.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// A vault: everything that one person or service keeps, sealed, in one store. Any number of threads may use one handle at
/// once; many read at a time, one writes.
pub struct ampoule_vault(pub(crate) Vault);

/// What the second way into a new vault is.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ampoule_recovery {
    /// A recovery code, which is returned once, to be printed.
    Code = 1,
    /// Another way in, which works without the first.
    Also = 2,
    /// None: when the only way in is lost, all data is.
    NoneDataWillBeLost = 3,
}

/// The version of the library that is linked, as `AMPOULE_VERSION` of the header says which it was compiled with.
#[unsafe(no_mangle)]
pub extern "C" fn ampoule_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

pub(crate) fn recovery(kind: u32, also: *const ampoule_unlock) -> Result<Recovery, ampoule_status> {
    const CODE: u32 = ampoule_recovery::Code as u32;
    const ALSO: u32 = ampoule_recovery::Also as u32;
    const NONE: u32 = ampoule_recovery::NoneDataWillBeLost as u32;
    match kind {
        CODE => Ok(Recovery::code()),
        ALSO => Ok(Recovery::also(handles::get(also)?.way()?)),
        NONE => Ok(Recovery::none_data_will_be_lost()),
        _ => Err(ampoule_status::InvalidValue),
    }
}

fn options_of(options: *const ampoule_options) -> Result<VaultOptions, ampoule_status> {
    Ok(handles::get_if_any(options)?.map_or_else(VaultOptions::new, |options| options.options()))
}

/// Creates a vault in an empty store, for a member of this name. `options` may be NULL.
///
/// `recovery` is an `ampoule_recovery`. With `AMPOULE_RECOVERY_CODE`, `code` receives 24 words to be printed: they are the
/// second way in, and are not shown again. With `AMPOULE_RECOVERY_ALSO`, `also` is that way. What is not used may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_create(
    store: *const ampoule_store,
    options: *const ampoule_options,
    name: *const c_char,
    name_len: usize,
    unlock: *const ampoule_unlock,
    recovery: u32,
    also: *const ampoule_unlock,
    vault: *mut *mut ampoule_vault,
    code: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let (out, words_out) = (Out::at(vault)?, Out::wanted(code));
        if words_out.is_none() && recovery == ampoule_recovery::Code as u32 {
            return Err(ampoule_status::NullArgument);
        }
        let second = self::recovery(recovery, also)?;
        let store = Arc::clone(&handles::get(store)?.0);
        let unlock = handles::get(unlock)?.way()?;
        let (made, words) = options_of(options)?.create(store, text(name, name_len)?, &unlock, &second)?;
        let words = words.map(|code| ampoule_buffer::secret(Zeroizing::new(code.to_words().as_bytes().to_vec())));
        let words = words.transpose()?;
        out.write(handles::open(ampoule_vault(made))?);
        if let (Some(out), Some(words)) = (words_out, words) {
            out.write(words);
        }
        Ok(())
    })
}

/// Opens the vault of a store. `options` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_open(
    store: *const ampoule_store,
    options: *const ampoule_options,
    unlock: *const ampoule_unlock,
    vault: *mut *mut ampoule_vault,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(vault)?;
        let store = Arc::clone(&handles::get(store)?.0);
        let unlock = handles::get(unlock)?.way()?;
        let opened = options_of(options)?.open(store, &unlock)?;
        out.write(handles::open(ampoule_vault(opened))?);
        Ok(())
    })
}

/// Opens a vault again after it was locked. Handles of before work again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_unlock(
    vault: *const ampoule_vault,
    unlock: *const ampoule_unlock,
) -> ampoule_status {
    boundary::call(|| {
        let unlock = handles::get(unlock)?.way()?;
        Ok(handles::get(vault)?.0.unlock(&unlock)?)
    })
}

/// Writes the events that wait, and wipes all keys. Waits for calls that are under way; every later one through any handle
/// that came from this vault is `AMPOULE_STATUS_LOCKED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_lock(vault: *const ampoule_vault) -> ampoule_status {
    boundary::call(|| {
        handles::get(vault)?.0.lock();
        Ok(())
    })
}

/// Whether the keys are gone: by `ampoule_vault_lock`, or because the vault was idle for too long.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_is_locked(vault: *const ampoule_vault, locked: *mut bool) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(locked)?;
        out.write(handles::get(vault)?.0.is_locked());
        Ok(())
    })
}

/// Id of the vault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_get_id(
    vault: *const ampoule_vault,
    id: *mut ampoule_vault_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(id)?;
        out.write(handles::get(vault)?.0.id()?.into());
        Ok(())
    })
}

/// The card that others add as a contact. It is public.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_card(vault: *const ampoule_vault, card: *mut ampoule_buffer) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(card)?;
        out.write(ampoule_buffer::of(handles::get(vault)?.0.card()?.to_bytes())?);
        Ok(())
    })
}

/// A handle of the same vault for what a service does on behalf of one of its users: take one for each request, and charts
/// from it. What is written and read through them says so, as the vault's assertion, never as that person's signature.
///
/// `issuer` is the URI of the directory that knows the person, `subject` the id there, `purpose` a code such as `TREAT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_acting_for(
    vault: *const ampoule_vault,
    issuer: *const c_char,
    issuer_len: usize,
    subject: *const c_char,
    subject_len: usize,
    session: *const c_char,
    session_len: usize,
    purpose: *const c_char,
    purpose_len: usize,
    acting: *mut *mut ampoule_vault,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(acting)?;
        let actor = Actor {
            issuer: text(issuer, issuer_len)?.to_owned(),
            subject: text(subject, subject_len)?.to_owned(),
            session: text(session, session_len)?.to_owned(),
            purpose: text(purpose, purpose_len)?.to_owned(),
        };
        let acting = handles::get(vault)?.0.acting_for(actor);
        out.write(handles::open(ampoule_vault(acting))?);
        Ok(())
    })
}

/// Founds a chart with the standard labels.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_create_chart(
    vault: *const ampoule_vault,
    chart: *mut *mut ampoule_chart,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(chart)?;
        let chart = handles::get(vault)?.0.create_chart()?;
        out.write(handles::open(ampoule_chart(chart))?);
        Ok(())
    })
}

/// Founds a chart with eight labels of the caller's own, one a line. `general` and `restricted` should be among them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_create_chart_with(
    vault: *const ampoule_vault,
    labels: *const c_char,
    labels_len: usize,
    chart: *mut *mut ampoule_chart,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(chart)?;
        let labels: [Label; 8] =
            labels_of(text(labels, labels_len)?)?.try_into().map_err(|_| ampoule_status::UnknownLabel)?;
        let chart = handles::get(vault)?.0.create_chart_with(&labels)?;
        out.write(handles::open(ampoule_chart(chart))?);
        Ok(())
    })
}

/// A chart by its id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_chart(
    vault: *const ampoule_vault,
    id: *const ampoule_chart_id,
    chart: *mut *mut ampoule_chart,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(chart)?;
        let chart = handles::get(vault)?.0.chart(&value(id)?.into())?;
        out.write(handles::open(ampoule_chart(chart))?);
        Ok(())
    })
}

/// Ids of all charts in the order in which they came: 32 bytes each, an array of `ampoule_chart_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_charts(vault: *const ampoule_vault, ids: *mut ampoule_buffer) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(ids)?;
        let charts = handles::get(vault)?.0.charts()?;
        out.write(ampoule_buffer::of_ids(charts.iter().map(|id| *id.as_bytes()))?);
        Ok(())
    })
}

/// How far it is known that the store shows the newest state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_freshness(
    vault: *const ampoule_vault,
    freshness: *mut ampoule_freshness,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(freshness)?;
        out.write(ampoule_freshness::of(handles::get(vault)?.0.freshness()?));
        Ok(())
    })
}

/// Takes on a store that was restored from a backup, with the reason for it, up to 1024 bytes: see `docs/INCIDENTS.md`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_adopt_restored(
    vault: *const ampoule_vault,
    reason: *const c_char,
    reason_len: usize,
) -> ampoule_status {
    boundary::call(|| Ok(handles::get(vault)?.0.adopt_restored(text(reason, reason_len)?)?))
}

/// Adds a way in. The vault opens by each of its ways.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_add_way(
    vault: *const ampoule_vault,
    unlock: *const ampoule_unlock,
    way: *mut ampoule_way_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(way)?;
        let unlock = handles::get(unlock)?.way()?;
        out.write(handles::get(vault)?.0.add_way(&unlock)?.into());
        Ok(())
    })
}

/// Removes a way in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_remove_way(
    vault: *const ampoule_vault,
    way: *const ampoule_way_id,
) -> ampoule_status {
    boundary::call(|| Ok(handles::get(vault)?.0.remove_way(value(way)?.into())?))
}

/// Ids of all ways in, 16 bytes each, in the order in which they were added: an array of `ampoule_way_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_ways(vault: *const ampoule_vault, ids: *mut ampoule_buffer) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(ids)?;
        let ways = handles::get(vault)?.0.ways()?;
        out.write(ampoule_buffer::of_ids(ways.iter().map(|way| *way.id.as_bytes()))?);
        Ok(())
    })
}

/// All events, oldest first, as lines of JSON: what was done and read, by whom, also what was refused. Ids and numbers of
/// incidents are hexadecimal. What was changed or is missing is an error: nothing is left out in silence.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_audit(
    vault: *const ampoule_vault,
    lines: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(lines)?;
        let mut text = Zeroizing::new(Vec::new());
        handles::get(vault)?.0.export_audit(&mut *text)?;
        out.write(ampoule_buffer::secret(text)?);
        Ok(())
    })
}
