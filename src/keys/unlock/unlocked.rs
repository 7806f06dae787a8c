//! What a way in opens.

use super::{
    UnlockError,
    factors::{FactorKind, Recovery, Second, Unlock},
    formats::{Formats, Policy},
    slot::{Parameters, Slot, VaultKey},
    state::{Head, MAX_SLOTS, Row, SlotEntry, State},
};
use crate::codec::{DeviceId, Malformed, VaultId, WayId};
use crate::crypto::{Secret, Suite, kdf, role, seal::KemPublic};
use crate::keys::{
    card::{Card, MemberKind},
    device::{ClosedDevice, Closings, Ending, LogEnd},
    identity::Identity,
    recovery_code::RecoveryCode,
};
use core::fmt;
use std::sync::Arc;

/// An open vault's keys, without a store: for those who keep its state themselves.
///
/// [`Unlocked::bytes`] is the state, to be stored as it is. It holds no usable secret without a way in.
pub struct Unlocked {
    bytes: Vec<u8>,
    key: VaultKey,
    keyring: Secret<role::KeyringKey>,
    identity: Arc<Identity>,
    policy: Policy,
    slots: Vec<(SlotEntry, Vec<u8>)>,
    /// What the software here reads and writes.
    here: Formats,
}

impl Unlocked {
    /// Draws the keys of a new member and vault. Returns the recovery code where [`Recovery::code`] asked for one.
    pub fn create(
        name: &str,
        kind: MemberKind,
        unlock: &Unlock,
        recovery: &Recovery,
        suite: Suite,
        now_ms: i64,
    ) -> Result<(Self, Option<RecoveryCode>), UnlockError> {
        Self::create_with(name, kind, unlock, recovery, suite, Formats::HERE, now_ms)
    }

    /// As [`Self::create`], by software of other formats.
    pub(crate) fn create_with(
        name: &str,
        kind: MemberKind,
        unlock: &Unlock,
        recovery: &Recovery,
        suite: Suite,
        here: Formats,
        now_ms: i64,
    ) -> Result<(Self, Option<RecoveryCode>), UnlockError> {
        let identity = Arc::new(Identity::create(name, kind, now_ms)?);
        let key = VaultKey { vault: VaultId::random()?, version: 1, secret: Secret::generate()? };
        let mut slots = vec![new_slot(key.vault, unlock, &identity, now_ms)?];
        let code = match &recovery.0 {
            Second::Code => Some(RecoveryCode::generate()?),
            Second::Also(second) if !unlock.is_independent(second) => return Err(UnlockError::SecondWayMissing),
            Second::Also(second) => {
                slots.push(new_slot(key.vault, second, &identity, now_ms)?);
                None
            }
            Second::None => None,
        };
        if let Some(code) = &code {
            slots.push(new_slot(key.vault, &Unlock::recovery_code(code), &identity, now_ms)?);
        }
        let announced = [(identity.device_card.hash().into(), here)].into_iter().collect();
        let policy = Policy { suite, format: here.lowest, announced, closings: Closings::NONE };
        Ok((Self::assemble(key, identity, policy, slots, here)?, code))
    }

    /// Opens a state. A wrong or damaged factor and a damaged state are one error.
    pub fn open(bytes: &[u8], unlock: &Unlock) -> Result<Self, UnlockError> {
        Self::open_with(bytes, unlock, Formats::HERE)
    }

    /// As [`Self::open`], by software of other formats.
    pub(crate) fn open_with(bytes: &[u8], unlock: &Unlock, here: Formats) -> Result<Self, UnlockError> {
        let given = unlock.numbers()?;
        let row = Row::parse(bytes).map_err(unlock_error)?;
        let mut refused = UnlockError::UnlockFailed;
        for slot in &row.head.slots {
            match try_slot(&row, slot, &given, unlock, here) {
                Ok((key, identity, policy, slots)) => {
                    let slots = with_parameters(slots, row);
                    return Ok(Self::new(bytes.to_vec(), key, Arc::new(identity), policy, slots, here));
                }
                // Not told while another slot may open.
                Err(Malformed::Newer) => refused = UnlockError::NewerFormat,
                Err(Malformed::Invalid) => {}
            }
        }
        Err(refused)
    }

    /// What another device or process made of the state since, if its keys are still these and this device is still in
    /// use.
    pub(crate) fn reread(&self, stored: &[u8]) -> Result<Self, UnlockError> {
        let row = Row::parse(stored).map_err(unlock_error)?;
        let State { root, devices, policy, slots } = row.open(&self.key, self.here).map_err(unlock_error)?;
        let own = self.identity.device_card.hash();
        let same = root.card == self.identity.root_card && devices.iter().any(|card| card.hash() == own);
        if !same {
            return Err(UnlockError::UnlockFailed);
        }
        let identity = Arc::new(self.identity.beside(devices));
        let (key, slots) = (self.key.duplicate(), with_parameters(slots, row));
        Ok(Self::new(stored.to_vec(), key, identity, policy, slots, self.here))
    }

    /// The state as it is stored.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The vault.
    pub fn vault_id(&self) -> VaultId {
        self.key.vault
    }

    /// Counts the vault keys: it grows whenever a way in is removed.
    pub fn version(&self) -> u32 {
        self.key.version
    }

    /// The suite that seals what this vault writes.
    pub fn suite(&self) -> Suite {
        self.policy.suite
    }

    /// The format that this vault writes.
    pub(crate) fn format(&self) -> u32 {
        self.policy.format
    }

    /// The formats that a device in use announced.
    pub(crate) fn announced(&self, device: &DeviceId) -> Option<Formats> {
        self.policy.announced.get(device).copied()
    }

    /// The closings of devices.
    pub(crate) fn closings(&self) -> Closings {
        self.policy.closings
    }

    /// The card to hand to others.
    pub fn card(&self) -> Result<Card, UnlockError> {
        Ok(self.identity.card()?)
    }

    /// The ways in, in the order in which they were added.
    pub fn ways(&self) -> Vec<WayIn> {
        let kinds = |parameters: &[u8]| match Parameters::decode(parameters) {
            Ok(parameters) => parameters.factors.iter().map(|number| FactorKind::from_number(*number)).collect(),
            Err(_) => vec![FactorKind::Newer],
        };
        self.slots
            .iter()
            .map(|(slot, parameters)| WayIn {
                id: slot.id,
                factors: kinds(parameters),
                added_ms: slot.added_ms,
                device: slot.device,
            })
            .collect()
    }

    /// Adds a way in, which acts as this device. Returns what replaces this value once its [`Unlocked::bytes`] are stored;
    /// keys stay as they are.
    pub fn add_way(&self, unlock: &Unlock, now_ms: i64) -> Result<(Self, WayId), UnlockError> {
        self.add_slot(unlock, &self.identity, Arc::clone(&self.identity), self.policy.clone(), now_ms)
    }

    /// Adds a device: a way in of its own, with a card and keys that no other device holds. Returns what replaces this
    /// value, as for [`Unlocked::add_way`].
    pub fn add_device(&self, unlock: &Unlock, now_ms: i64) -> Result<(Self, DeviceId), UnlockError> {
        let added = self.identity.add_device(now_ms)?;
        let known = Arc::new(self.identity.beside(added.devices()));
        let device = added.device_card.hash().into();
        let (next, _) = self.add_slot(unlock, &added, known, self.policy.with_device(device), now_ms)?;
        Ok((next, device))
    }

    /// Says which formats the software here reads and writes. Returns what replaces this value, as for
    /// [`Unlocked::add_way`]; nothing where that is what it said last.
    pub(crate) fn announce(&self) -> Result<Option<Self>, UnlockError> {
        if self.is_announced() {
            return Ok(None);
        }
        self.under(self.policy.with(self.device(), self.here)).map(Some)
    }

    /// Whether this device said last what the software here reads and writes.
    pub(crate) fn is_announced(&self) -> bool {
        self.announced(&self.device()) == Some(self.here)
    }

    /// Has the vault write another format, which all devices in use must read. Returns what replaces this value, as for [`Unlocked::add_way`].
    pub(crate) fn raise_format(&self, format: u32) -> Result<Self, UnlockError> {
        let next = Policy { format, ..self.policy.clone() };
        if next.holds() { self.under(next) } else { Err(UnlockError::LeftBehind) }
    }

    /// As if other devices had been closed.
    #[cfg(test)]
    pub(crate) fn with_closings(&self, closings: Closings) -> Result<Self, UnlockError> {
        self.under(Policy { closings, ..self.policy.clone() })
    }

    fn under(&self, policy: Policy) -> Result<Self, UnlockError> {
        let (key, identity) = (self.key.duplicate(), Arc::clone(&self.identity));
        Self::assemble(key, identity, policy, self.slots.clone(), self.here)
    }

    /// Removes a way in and turns the vault key, without the factors of the ways that stay.
    ///
    /// Returns what replaces this value once its [`Unlocked::bytes`] are stored. Whatever is sealed under the keyring key
    /// must be sealed again under the new one in the same transaction.
    pub fn remove_way(&self, way: WayId) -> Result<Self, UnlockError> {
        let (removed, slots): (Vec<_>, Vec<_>) = self.slots.iter().cloned().partition(|(slot, _)| slot.id == way);
        let (removed, _) = removed.first().ok_or(UnlockError::UnknownSlot)?;
        if slots.is_empty() {
            return Err(UnlockError::LastWay);
        }
        if !slots.iter().any(|(slot, _)| slot.device == removed.device) {
            return Err(UnlockError::LastWayOfDevice);
        }
        self.turn(Arc::clone(&self.identity), self.policy.clone(), slots)
    }

    /// Closes another device, whose log ends as it stands, removes its ways in, and turns the vault key. Returns what
    /// replaces this value, as for [`Unlocked::remove_way`], and what is to be kept of the device.
    pub(crate) fn retire_device(
        &self,
        device: DeviceId,
        reason: &str,
        log: LogEnd,
        now_ms: i64,
    ) -> Result<(Self, ClosedDevice), UnlockError> {
        if device == self.device() {
            return Err(UnlockError::OwnDevice);
        }
        let retired = self.identity.retire_device(device, self.ending(reason, log, now_ms))?;
        let (identity, closed) = retired.ok_or(UnlockError::UnknownDevice)?;
        let slots = self.slots.iter().filter(|(slot, _)| slot.device != device).cloned().collect();
        Ok((self.turn(Arc::new(identity), self.without(&closed)?, slots)?, closed))
    }

    /// Gives this device a fresh card, fresh keys and a fresh log, and closes the ones of before. Its ways in stay. Returns
    /// what replaces this value, and what is to be kept of the device as it was.
    pub(crate) fn renew_device(
        &self,
        reason: &str,
        log: LogEnd,
        now_ms: i64,
    ) -> Result<(Self, ClosedDevice), UnlockError> {
        let (identity, closed) = self.identity.renew_device(self.ending(reason, log, now_ms))?;
        let mut slots = self.slots.clone();
        for (slot, _) in slots.iter_mut().filter(|(slot, _)| slot.device == self.device()) {
            slot.device = identity.device_card.hash().into();
            slot.secrets = identity.seal_device(&slot.public, self.key.vault, slot.id)?;
        }
        let policy = self.without(&closed)?.with(identity.device_card.hash().into(), self.here);
        Ok((Self::assemble(self.key.duplicate(), Arc::new(identity), policy, slots, self.here)?, closed))
    }

    fn ending<'a>(&self, reason: &'a str, log: LogEnd, time_ms: i64) -> Ending<'a> {
        Ending { reason, time_ms, log, after: self.policy.closings }
    }

    fn without(&self, closed: &ClosedDevice) -> Result<Policy, UnlockError> {
        let mut policy = self.policy.clone();
        policy.announced.remove(&closed.id());
        policy.closings = closed.closings().ok_or(UnlockError::UnlockFailed)?;
        Ok(policy)
    }

    /// The device that this was opened on.
    pub fn device(&self) -> DeviceId {
        self.identity.device_card.hash().into()
    }

    /// The vault key, and the slot secret of a way in: for vectors.
    #[cfg(feature = "testing")]
    pub(crate) fn secrets(&self, unlock: &Unlock) -> Option<([u8; 32], [u8; 32])> {
        self.slots.iter().find_map(|(slot, parameters)| {
            let parameters = Parameters::decode(parameters).ok()?;
            let secret = parameters.key(self.key.vault, slot.id, unlock).ok()?;
            (KemPublic::of(&secret).ok()? == slot.public).then(|| (*self.key.secret.expose(), *secret.expose()))
        })
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Seals keyring, contacts and directory.
    pub(crate) fn keyring_key(&self) -> &Secret<role::KeyringKey> {
        &self.keyring
    }

    fn add_slot(
        &self,
        unlock: &Unlock,
        device: &Identity,
        identity: Arc<Identity>,
        policy: Policy,
        now_ms: i64,
    ) -> Result<(Self, WayId), UnlockError> {
        if self.slots.len() >= MAX_SLOTS {
            return Err(UnlockError::TooManyWays);
        }
        let added = new_slot(self.key.vault, unlock, device, now_ms)?;
        let id = added.0.id;
        let slots = self.slots.iter().cloned().chain([added]).collect();
        Ok((Self::assemble(self.key.duplicate(), identity, policy, slots, self.here)?, id))
    }

    /// Draws the next vault key.
    fn turn(
        &self,
        identity: Arc<Identity>,
        policy: Policy,
        slots: Vec<(SlotEntry, Vec<u8>)>,
    ) -> Result<Self, UnlockError> {
        let version = self.key.version.checked_add(1).ok_or(UnlockError::UnlockFailed)?;
        let key = VaultKey { vault: self.key.vault, version, secret: Secret::generate()? };
        Self::assemble(key, identity, policy, slots, self.here)
    }

    /// Seals the vault key to every slot, and the state under it.
    fn assemble(
        key: VaultKey,
        identity: Arc<Identity>,
        policy: Policy,
        slots: Vec<(SlotEntry, Vec<u8>)>,
        here: Formats,
    ) -> Result<Self, UnlockError> {
        let clear = slots
            .iter()
            .map(|(slot, parameters)| Slot::seal(slot.id, parameters.clone(), &slot.public, &key))
            .collect::<Result<_, _>>()?;
        let head = Head::new(key.vault, key.version, clear);
        let entries: Vec<_> = slots.iter().map(|(slot, _)| slot.clone()).collect();
        let bytes = Row::seal(&head, &key, &identity, &policy, &entries)?;
        Ok(Self::new(bytes, key, identity, policy, slots, here))
    }

    fn new(
        bytes: Vec<u8>,
        key: VaultKey,
        identity: Arc<Identity>,
        policy: Policy,
        slots: Vec<(SlotEntry, Vec<u8>)>,
        here: Formats,
    ) -> Self {
        // D(vault key, "keyring", vault16 ‖ version).
        let keyring = kdf::derive(&key.secret, &[&key.place()]);
        Self { bytes, key, keyring, identity, policy, slots, here }
    }
}

/// Shows ids and hashes, no key.
impl fmt::Debug for Unlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes: _, key, keyring: _, identity, policy, slots: _, here: _ } = self;
        f.debug_struct("Unlocked")
            .field("vault", &key.vault)
            .field("version", &key.version)
            .field("identity", identity)
            .field("suite", &policy.suite)
            .finish_non_exhaustive()
    }
}

/// A way in, as far as it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct WayIn {
    /// Names the way, to remove it.
    pub id: WayId,
    /// What it takes, all together.
    pub factors: Vec<FactorKind>,
    /// When it was added, in milliseconds since 1970-01-01 UTC.
    pub added_ms: i64,
    /// The device that it opens.
    pub device: DeviceId,
}

/// Draws the salts of a new way in, derives its public key, and seals the secrets of its device to that.
fn new_slot(
    vault: VaultId,
    unlock: &Unlock,
    identity: &Identity,
    added_ms: i64,
) -> Result<(SlotEntry, Vec<u8>), UnlockError> {
    let parameters = Parameters::fresh(unlock)?;
    unlock.require_strong(identity.root_card.name())?;
    let id = WayId::random()?;
    let public = KemPublic::of(&parameters.key(vault, id, unlock)?)?;
    let secrets = identity.seal_device(&public, vault, id)?;
    let device = identity.device_card.hash().into();
    Ok((SlotEntry { id, public, added_ms, device, secrets }, parameters.encode()))
}

/// Opens the row by one slot, if it takes the given factors.
fn try_slot(
    row: &Row,
    slot: &Slot,
    given: &[u8],
    unlock: &Unlock,
    here: Formats,
) -> Result<(VaultKey, Identity, Policy, Vec<SlotEntry>), Malformed> {
    let Head { vault, version, .. } = row.head;
    let parameters = Parameters::decode(&slot.parameters)?;
    if parameters.factors != given {
        return Err(Malformed::Invalid);
    }
    let invalid = |_| Malformed::Invalid;
    let private = parameters.key(vault, slot.id, unlock).map_err(invalid)?;
    let key = slot.open(vault, version, &private).map_err(invalid)?;
    let State { root, devices, policy, slots } = row.open(&key, here)?;
    // The signed public key is the one of these very factors: nobody put another's under this slot.
    let public = KemPublic::of(&private).map_err(invalid)?;
    let listed = slots.iter().find(|entry| entry.id == slot.id && entry.public == public).ok_or(Malformed::Invalid)?;
    let identity = root.on_device(listed.device, devices, &listed.secrets, &private, (vault, slot.id))?;
    Ok((key, identity, policy, slots))
}

/// The slots of a state with the parameters that stand beside them in the head.
fn with_parameters(slots: Vec<SlotEntry>, row: Row) -> Vec<(SlotEntry, Vec<u8>)> {
    slots.into_iter().zip(row.head.slots.into_iter().map(|slot| slot.parameters)).collect()
}

fn unlock_error(malformed: Malformed) -> UnlockError {
    match malformed {
        Malformed::Invalid => UnlockError::UnlockFailed,
        Malformed::Newer => UnlockError::NewerFormat,
    }
}
