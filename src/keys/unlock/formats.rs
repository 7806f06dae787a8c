//! Which formats the devices of a vault read and write, and what else the root signs beside keys and ways in.

use crate::codec::DeviceId;
use crate::crypto::Suite;
use crate::keys::device::Closings;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// The formats that a device's software reads and writes: all from the lowest to the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Formats {
    #[n(0)]
    pub(crate) lowest: u32,
    #[n(1)]
    pub(crate) highest: u32,
}

impl Formats {
    /// Those of this version of the library.
    pub(crate) const HERE: Self = Self { lowest: 1, highest: 1 };

    pub(crate) fn contain(self, format: u32) -> bool {
        (self.lowest..=self.highest).contains(&format)
    }
}

/// What holds for the whole vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) suite: Suite,
    /// What the vault writes.
    pub(super) format: u32,
    /// What the devices in use announced.
    pub(super) announced: BTreeMap<DeviceId, Formats>,
    pub(super) closings: Closings,
}

impl Policy {
    /// Every device in use reads what the vault writes.
    pub(super) fn holds(&self) -> bool {
        self.announced.values().all(|formats| formats.contain(self.format))
    }

    /// A device that has not been used yet is taken to read what the vault writes, and nothing else.
    pub(super) fn with_device(&self, device: DeviceId) -> Self {
        self.with(device, Formats { lowest: self.format, highest: self.format })
    }

    pub(super) fn with(&self, device: DeviceId, formats: Formats) -> Self {
        let mut next = self.clone();
        next.announced.insert(device, formats);
        next
    }
}
