//! A place for checkpoints by functions of the caller.

use crate::callback::{Context, ampoule_destroy};
use crate::options::ampoule_options;
use crate::rows::{Lent, ampoule_rows};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::{CheckpointKeeper, KeeperError};
use std::ffi::c_void;

/// Gives the checkpoint that was last kept to `ampoule_rows_add`, as a value without a key; nothing if nothing ever was. Returns
/// `AMPOULE_STATUS_OK`, or one of `AMPOULE_STATUS_KEEPER_UNAVAILABLE` to `AMPOULE_STATUS_KEEPER_TOO_LONG`; any other number is taken
/// for the first of these.
pub type ampoule_keeper_load = Option<unsafe extern "C" fn(ctx: *mut c_void, checkpoint: *mut ampoule_rows) -> u32>;

/// Keeps a checkpoint from now on, in the place of the one before: some kilobytes, signed, not secret. When it returns
/// `AMPOULE_STATUS_OK`, a crash does not undo it. Otherwise what was kept before still is. Returns as `ampoule_keeper_load`.
pub type ampoule_keeper_save =
    Option<unsafe extern "C" fn(ctx: *mut c_void, checkpoint: *const u8, checkpoint_len: usize) -> u32>;

struct Keeper {
    context: Context,
    load: unsafe extern "C" fn(ctx: *mut c_void, checkpoint: *mut ampoule_rows) -> u32,
    save: unsafe extern "C" fn(ctx: *mut c_void, checkpoint: *const u8, checkpoint_len: usize) -> u32,
}

impl CheckpointKeeper for Keeper {
    fn load(&self) -> Result<Option<Vec<u8>>, KeeperError> {
        let kept = Lent::new(1).map_err(|_| KeeperError::Unavailable)?;
        // SAFETY: the caller's function with the caller's pointer, and a handle that is there until it returns.
        said(unsafe { (self.load)(self.context.get(), kept.handle()) })?;
        let row = kept.take().map_err(|_| KeeperError::Unavailable)?.pop();
        Ok(row.map(|(_, checkpoint)| checkpoint))
    }

    fn save(&self, checkpoint: &[u8]) -> Result<(), KeeperError> {
        // SAFETY: the caller's function with the caller's pointer, and bytes that are there until it returns.
        said(unsafe { (self.save)(self.context.get(), checkpoint.as_ptr(), checkpoint.len()) })
    }
}

fn said(status: u32) -> Result<(), KeeperError> {
    const OK: u32 = ampoule_status::Ok as u32;
    const NO_FILE: u32 = ampoule_status::KeeperNoRegularFile as u32;
    const TOO_LONG: u32 = ampoule_status::KeeperTooLong as u32;
    match status {
        OK => Ok(()),
        NO_FILE => Err(KeeperError::NoRegularFile),
        TOO_LONG => Err(KeeperError::TooLong),
        _ => Err(KeeperError::Unavailable),
    }
}

/// Keeps the newest checkpoint of the vault by functions of the caller, away from its store: a platform's keystore, another disk, a
/// server of somebody else. So a store that was put back to an older state is found out.
///
/// They are called from any thread that is in a call of the library, one at a time for each vault; they return, and do not use
/// the vault. When the call succeeds the library keeps `ctx` until `destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_keeper(
    options: *const ampoule_options,
    load: ampoule_keeper_load,
    save: ampoule_keeper_save,
    ctx: *mut c_void,
    destroy: ampoule_destroy,
) -> ampoule_status {
    boundary::call(|| {
        let (Some(load), Some(save)) = (load, save) else { return Err(ampoule_status::NullArgument) };
        let options = handles::get(options)?;
        let keeper = Keeper { context: Context::new(ctx, destroy), load, save };
        options.change(|options| options.keeper(keeper));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_status_of_a_keeper_is_one_that_cannot_be_reached() {
        assert_eq!(said(ampoule_status::Ok as u32), Ok(()));
        for error in [KeeperError::NoRegularFile, KeeperError::TooLong, KeeperError::Unavailable] {
            assert_eq!(said(ampoule_status::from(ampoule::Error::from(error)) as u32), Err(error));
        }
        for number in [1, 231, 254, u32::MAX] {
            assert_eq!(said(number), Err(KeeperError::Unavailable));
        }
    }
}
