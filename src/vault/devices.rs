//! Devices: the phones and servers on which a member uses one vault.

use super::{EventKind, Vault, freshness, session, ways};
use crate::codec::DeviceId;
use crate::error::Error;
use crate::keys::{ClosedDevice, Unlock};
use crate::store::Table;

/// A device of the vault's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// Names the device.
    pub id: DeviceId,
    /// When it was added, in milliseconds since 1970.
    pub added_ms: i64,
    /// Whether it is the one in use here.
    pub here: bool,
    /// Where it is in use no more: since when and why.
    pub retired: Option<Retired>,
}

/// The end of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retired {
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
    /// Why, as the owner wrote it.
    pub reason: String,
}

impl Vault {
    /// The devices in use. A vault has 64 at most.
    pub fn devices(&self) -> Result<Vec<Device>, Error> {
        self.inner.with(|session| {
            let known = ways::current(&self.inner, session)?;
            let here = known.device();
            let device = |id: DeviceId, added_ms| Device { id, added_ms, here: id == here, retired: None };
            Ok(known.identity().devices().iter().map(|card| device(card.hash().into(), card.created_ms())).collect())
        })
    }

    /// The devices that are in use no more. What they signed still verifies.
    pub fn retired_devices(&self) -> Result<Vec<Device>, Error> {
        self.inner.with(|session| {
            let (me, vault) = (session.unlocked.identity(), session.unlocked.vault_id());
            let rows = session::rows(&*self.inner.store.read()?, Table::Cards)?;
            let open = |(key, sealed): &(Vec<u8>, Vec<u8>)| {
                let id = DeviceId::from_slice(key).ok_or_else(Error::unopenable)?;
                let closed = ClosedDevice::unseal(&me.archive, vault, id, sealed, &me.root_card);
                closed.map(retired).map_err(Error::of_malformed)
            };
            rows.iter().map(open).collect()
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
            let known = ways::current(&self.inner, session)?;
            let (next, closed) = known.retire_device(device, reason, self.inner.now_ms())?;
            let committed = ways::turn(&self.inner, session, &known, &next, Some(&closed))?;
            Ok((session.after(next), committed))
        })
    }

    /// Gives the device in use fresh keys and retires the ones of before: after its storage was copied, or after a lost
    /// phone's recovery code was used on a new one. Its ways in stay. Returns the new device.
    pub fn renew_device(&self, reason: &str) -> Result<DeviceId, Error> {
        let mut renewed = None;
        self.inner.replace(|session| {
            let known = ways::current(&self.inner, session)?;
            let (next, closed) = known.renew_device(reason, self.inner.now_ms())?;
            renewed = Some(next.device());
            let tx = self.inner.store.write()?;
            drop(session.logs(&*tx)?);
            freshness::go_on(&self.inner, next, tx, &closed, EventKind::Access)
        })?;
        renewed.ok_or(Error::Locked)
    }
}

fn retired(closed: ClosedDevice) -> Device {
    let (id, added_ms) = (closed.id(), closed.card.created_ms());
    let ClosedDevice { time_ms, reason, .. } = closed;
    Device { id, added_ms, here: false, retired: Some(Retired { time_ms, reason }) }
}
