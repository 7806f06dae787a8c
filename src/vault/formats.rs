//! The format that a vault writes, when its devices run several versions of this library.
//!
//! Each device says, signed, which formats it reads. The vault goes on to a higher one by a decision of its owner, never by
//! itself: a device that does not read it would be left behind.

use super::{Device, Inner, Vault, devices, ways};
use crate::error::Error;
use crate::keys::Unlocked;

impl Vault {
    /// The number of the format that this vault writes.
    pub fn format(&self) -> Result<u32, Error> {
        self.inner.with(|session| self.inner.view(session, |snapshot| Ok(session.state(snapshot)?.format())))
    }

    /// The devices in use that have not announced that they read a format: which [`Self::raise_format`] would leave behind.
    /// Nothing is changed.
    pub fn left_behind(&self, format: u32) -> Result<Vec<Device>, Error> {
        self.inner.with(|session| {
            let known = self.inner.view(session, |snapshot| session.state(snapshot))?;
            Ok(devices::in_use(&known).into_iter().filter(|device| !device.reads(format)).collect())
        })
    }

    /// Has all devices write a higher format from now on, signed by the vault's owner. There is no way back: software that
    /// does not read it gets `NewerFormat`. Fails with `LeftBehind` while there is a device in use that is named by
    /// [`Self::left_behind`].
    pub fn raise_format(&self, format: u32) -> Result<(), Error> {
        if format <= self.format()? {
            return Ok(());
        }
        change(&self.inner, |known| Ok(Some(known.raise_format(format)?)))
    }
}

/// Announces the formats of the software here, where it was other software before.
pub(super) fn announce(inner: &Inner) -> Result<(), Error> {
    let known = inner.with(|session| Ok(session.unlocked.is_announced()))?;
    if known { Ok(()) } else { change(inner, |known| Ok(known.announce()?)) }
}

fn change(inner: &Inner, work: impl FnOnce(&Unlocked) -> Result<Option<Unlocked>, Error>) -> Result<(), Error> {
    inner.replace(|session| {
        let known = ways::current(inner, session)?;
        match work(&known)? {
            Some(next) => {
                let committed = ways::store(inner, session, &known, &next)?;
                Ok((session.after(next), committed))
            }
            None => Ok((session.after(known), Ok(()))),
        }
    })
}
