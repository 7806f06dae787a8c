//! Devices: the phones and servers on which a member uses one vault.

use super::logs::Write;
use super::{EventKind, Vault, audit, closed, freshness, ways};
use crate::codec::DeviceId;
use crate::error::Error;
use crate::keys::{ClosedDevice, DeviceCard, Unlock, Unlocked};
use core::ops::RangeInclusive;

/// A device of the vault's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Device {
    /// Names the device.
    pub id: DeviceId,
    /// When it was added, in milliseconds since 1970.
    pub added_ms: i64,
    /// Whether it is the one in use here.
    pub here: bool,
    /// Which formats its software reads and writes, as it announced. Nothing where it is in use no more.
    pub formats: Option<RangeInclusive<u32>>,
    /// Where it is in use no more: since when and why.
    pub retired: Option<Retired>,
}

impl Device {
    /// Whether the device announced that it reads a format.
    pub fn reads(&self, format: u32) -> bool {
        self.formats.as_ref().is_some_and(|formats| formats.contains(&format))
    }
}

/// The end of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Retired {
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
    /// Why, as the owner wrote it.
    pub reason: String,
}

impl Vault {
    /// The devices in use. A vault has 64 at most.
    pub fn devices(&self) -> Result<Vec<Device>, Error> {
        self.inner.with(|session| Ok(in_use(&self.inner.view(session, |snapshot| session.state(snapshot))?)))
    }

    /// The devices that are in use no more, in the order of their ends: all of them, or [`Error::Withheld`]. What they
    /// signed still verifies.
    pub fn retired_devices(&self) -> Result<Vec<Device>, Error> {
        self.inner.with(|session| {
            let closed = self.inner.view(session, |snapshot| closed::all(&session.state(snapshot)?, snapshot))?;
            Ok(closed.into_iter().map(retired).collect())
        })
    }

    /// Adds a device: a second phone or another server on the same store, with a way in and keys of its own. What it writes
    /// is signed as its own; others learn of it with the next bundle.
    pub fn add_device(&self, unlock: &Unlock) -> Result<DeviceId, Error> {
        let mut added = None;
        self.inner.replace(|session| {
            let known = ways::current(&self.inner, session)?;
            let (next, device) = known.add_device(unlock, self.inner.now_ms())?;
            added = Some(device);
            let committed = ways::store(&self.inner, session, &known, &next)?;
            Ok((session.after(next), committed))
        })?;
        added.ok_or(Error::Locked)
    }

    /// Ends the use of another device: removes its ways in and turns the vault's key, so that it opens nothing written
    /// later. `reason` has 256 bytes at most. What it signed until now still verifies.
    pub fn retire_device(&self, device: DeviceId, reason: &str) -> Result<(), Error> {
        self.inner.replace(|session| {
            // The end of its log is signed as it stands in the very transaction that closes it.
            let write = Write::begin(&self.inner, session)?;
            let known = session.state(&*write.tx)?;
            let end = session.logs(&*write.tx)?.end(&device.into());
            let (next, closed) = known.retire_device(device, reason, end, self.inner.now_ms())?;
            let committed = ways::turn(session, write, &known, &next, Some(&closed))?;
            Ok((session.after(next), committed))
        })
    }

    /// Gives the device in use fresh keys and retires the ones of before: after its storage was copied, or after a lost
    /// phone's recovery code was used on a new one. Its ways in stay. Returns the new device.
    pub fn renew_device(&self, reason: &str) -> Result<DeviceId, Error> {
        let mut renewed = None;
        self.inner.replace(|session| {
            drop(session.logs(&*self.inner.store.read()?)?);
            audit::flush(&self.inner, session)?;
            let (next, committed) = freshness::go_on(&self.inner, session, reason, EventKind::Access)?;
            renewed = Some(next.unlocked.device());
            Ok((next, committed))
        })?;
        renewed.ok_or(Error::Locked)
    }
}

/// The devices of a state.
pub(super) fn in_use(known: &Unlocked) -> Vec<Device> {
    let device = |card: DeviceCard| {
        let id = card.hash().into();
        let formats = known.announced(&id).map(|formats| formats.lowest..=formats.highest);
        Device { id, added_ms: card.created_ms(), here: id == known.device(), formats, retired: None }
    };
    known.identity().devices().into_iter().map(device).collect()
}

fn retired(closed: ClosedDevice) -> Device {
    let (id, added_ms) = (closed.id(), closed.card.created_ms());
    let ClosedDevice { time_ms, reason, .. } = closed;
    Device { id, added_ms, here: false, formats: None, retired: Some(Retired { time_ms, reason }) }
}
