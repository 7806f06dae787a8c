//! How a vault is made and kept.

use crate::codes::{ampoule_audit, ampoule_member_kind, ampoule_receipts, ampoule_suite};
use crate::memory::{Out, text};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::{FileKeeper, VaultOptions};
use std::ffi::c_char;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Options of a vault. What is not set is as suits a person's vault. Any thread.
pub struct ampoule_options(Mutex<VaultOptions>);

impl ampoule_options {
    pub(crate) fn options(&self) -> VaultOptions {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn change(&self, change: impl FnOnce(VaultOptions) -> VaultOptions) {
        let mut options = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *options = change(options.clone());
    }
}

/// The usual.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_new(options: *mut *mut ampoule_options) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(options)?;
        out.write(handles::open(ampoule_options(Mutex::new(VaultOptions::new())))?);
        Ok(())
    })
}

/// What the owner of a new vault is: an `ampoule_member_kind`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_kind(options: *const ampoule_options, kind: u32) -> ampoule_status {
    boundary::call(|| {
        let kind = ampoule_member_kind::read(kind)?;
        handles::get(options)?.change(|options| options.kind(kind));
        Ok(())
    })
}

/// The encryption of a new vault, and of the charts that it founds: an `ampoule_suite`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_suite(options: *const ampoule_options, suite: u32) -> ampoule_status {
    boundary::call(|| {
        let suite = ampoule_suite::read(suite)?;
        handles::get(options)?.change(|options| options.suite(suite));
        Ok(())
    })
}

/// Takes charts of this encryption too, that others founded and share: an `ampoule_suite`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_also_accept(options: *const ampoule_options, suite: u32) -> ampoule_status {
    boundary::call(|| {
        let suite = ampoule_suite::read(suite)?;
        handles::get(options)?.change(|options| options.also_accept(suite));
        Ok(())
    })
}

/// When events of reading are written: an `ampoule_audit`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_audit(options: *const ampoule_options, audit: u32) -> ampoule_status {
    boundary::call(|| {
        let audit = ampoule_audit::read(audit)?;
        handles::get(options)?.change(|options| options.audit(audit));
        Ok(())
    })
}

/// Which receipts of messages are given: an `ampoule_receipts`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_receipts(
    options: *const ampoule_options,
    receipts: u32,
) -> ampoule_status {
    boundary::call(|| {
        let receipts = ampoule_receipts::read(receipts)?;
        handles::get(options)?.change(|options| options.receipts(receipts));
        Ok(())
    })
}

/// Locks the vault at the first call after so many milliseconds without one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_idle_lock(
    options: *const ampoule_options,
    after_ms: u64,
) -> ampoule_status {
    boundary::call(|| {
        handles::get(options)?.change(|options| options.idle_lock(Duration::from_millis(after_ms)));
        Ok(())
    })
}

/// Seals and opens files with so many threads, the caller's own among them: at least 1, and 8 where more are asked
/// for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_threads(options: *const ampoule_options, threads: u32) -> ampoule_status {
    boundary::call(|| {
        let threads = usize::try_from(threads).ok().and_then(NonZero::new).ok_or(ampoule_status::InvalidValue)?;
        handles::get(options)?.change(|options| options.threads(threads));
        Ok(())
    })
}

/// Keeps a checkpoint in a file, which must not share the fate of the store: so that a store which was put back to an older
/// state is found out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_checkpoint_file(
    options: *const ampoule_options,
    path: *const c_char,
    path_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let path = text(path, path_len)?;
        handles::get(options)?.change(|options| options.keeper(FileKeeper::new(path)));
        Ok(())
    })
}
