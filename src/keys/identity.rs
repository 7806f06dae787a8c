//! A member's own secrets: those of the root, which all his devices share, and those of the device in use, all random,
//! with the cards that name them.

use super::card::{Card, CardError, MemberKind, RootCard};
use super::chart::CardBook;
use super::device::{ClosedDevice, DeviceCard, Ending};
use crate::codec::{self, DeviceId, Extensions, Malformed, SecretBytes, VaultId, Version1, WayId};
use crate::crypto::{
    Failed, Role, Secret, kdf, role,
    seal::{self, KemPublic, SealError},
    sign::SigningKey,
};
use core::fmt;
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

/// The secrets of a member on one device. Cards and keys belong together, or there is no identity.
pub(crate) struct Identity {
    pub(crate) root: SigningKey<role::RootSigning>,
    pub(crate) kem: Secret<role::KemSecret>,
    /// Seals what is kept of closed devices.
    pub(crate) archive: Secret<role::Archive>,
    pub(crate) root_card: RootCard,
    pub(crate) object: SigningKey<role::ObjectSigning>,
    pub(crate) ledger: SigningKey<role::LedgerSigning>,
    pub(crate) log: SigningKey<role::LogSigning>,
    pub(crate) device_card: DeviceCard,
    /// The member's other devices that are in use, in ascending order of their hashes.
    pub(crate) others: Vec<DeviceCard>,
}

impl Identity {
    /// Draws all keys and issues both cards.
    pub(crate) fn create(name: &str, kind: MemberKind, now_ms: i64) -> Result<Self, CardError> {
        let root = SigningKey::generate()?;
        let kem = Secret::generate()?;
        let root_card = RootCard::issue(name, kind, &root, &KemPublic::of(&kem)?, now_ms)?;
        Self::with_device(root, kem, Secret::generate()?, root_card, Vec::new(), now_ms)
    }

    /// The same member on a device of its own, beside those in use.
    pub(crate) fn add_device(&self, now_ms: i64) -> Result<Self, CardError> {
        self.elsewhere(self.devices(), now_ms)
    }

    /// The same member on this device with fresh keys. The ones of before are closed.
    pub(crate) fn renew_device(&self, ending: Ending<'_>) -> Result<(Self, ClosedDevice), CardError> {
        let closed = self.close(self.device_card.clone(), ending)?;
        Ok((self.elsewhere(self.others.clone(), ending.time_ms)?, closed))
    }

    /// Closes another device.
    pub(crate) fn retire_device(
        &self,
        device: DeviceId,
        ending: Ending<'_>,
    ) -> Result<Option<(Self, ClosedDevice)>, CardError> {
        let (retired, others): (Vec<_>, Vec<_>) =
            self.others.iter().cloned().partition(|card| DeviceId::from(card.hash()) == device);
        let Some(card) = retired.into_iter().next() else { return Ok(None) };
        let closed = self.close(card, ending)?;
        Ok(Some((self.beside(others), closed)))
    }

    /// The same keys, beside these other devices.
    pub(crate) fn beside(&self, mut others: Vec<DeviceCard>) -> Self {
        others.retain(|card| card.hash() != self.device_card.hash());
        others.sort_unstable_by_key(DeviceCard::hash);
        Self {
            root: duplicate(&self.root),
            kem: self.kem.duplicate(),
            archive: self.archive.duplicate(),
            root_card: self.root_card.clone(),
            object: duplicate(&self.object),
            ledger: duplicate(&self.ledger),
            log: duplicate(&self.log),
            device_card: self.device_card.clone(),
            others,
        }
    }

    /// Cards of all devices in use, in ascending order of their hashes.
    pub(crate) fn devices(&self) -> Vec<DeviceCard> {
        let mut devices = self.others.clone();
        devices.push(self.device_card.clone());
        devices.sort_unstable_by_key(DeviceCard::hash);
        devices
    }

    /// The card to hand to others.
    pub(crate) fn card(&self) -> Result<Card, CardError> {
        Card::new(self.root_card.clone(), self.devices())
    }

    /// Puts this member's cards into a book.
    pub(crate) fn add_to(&self, cards: &mut CardBook) {
        cards.add_root(self.root_card.clone());
        self.devices().into_iter().for_each(|device| cards.add_device(device));
    }

    /// What all devices share, to be sealed.
    pub(crate) fn encode_root(&self) -> Zeroizing<Vec<u8>> {
        codec::encode_secret(&StoredRoot {
            version: Version1,
            root: secret(self.root.seed()),
            kem: secret(&self.kem),
            archive: secret(&self.archive),
            root_card: self.root_card.bytes().to_vec(),
            extensions: Extensions::default(),
        })
    }

    /// This device's secrets, sealed to the key of one of its ways in: the other devices do not read them.
    pub(crate) fn seal_device(&self, to: &KemPublic, vault: VaultId, way: WayId) -> Result<Vec<u8>, SealError> {
        let stored = codec::encode_secret(&StoredDevice {
            version: Version1,
            object: secret(self.object.seed()),
            ledger: secret(self.ledger.seed()),
            log: secret(self.log.seed()),
            extensions: Extensions::default(),
        });
        seal::seal_to(to, &device_info(vault, way, self.device_card.hash().into()), &stored)
    }

    fn close(&self, card: DeviceCard, ending: Ending<'_>) -> Result<ClosedDevice, CardError> {
        ClosedDevice::sign(&self.root_card, &self.root, card, ending)
    }

    fn elsewhere(&self, others: Vec<DeviceCard>, now_ms: i64) -> Result<Self, CardError> {
        let (root, kem, archive) = (duplicate(&self.root), self.kem.duplicate(), self.archive.duplicate());
        Self::with_device(root, kem, archive, self.root_card.clone(), others, now_ms)
    }

    /// Draws the keys of a device.
    fn with_device(
        root: SigningKey<role::RootSigning>,
        kem: Secret<role::KemSecret>,
        archive: Secret<role::Archive>,
        root_card: RootCard,
        others: Vec<DeviceCard>,
        now_ms: i64,
    ) -> Result<Self, CardError> {
        let (object, ledger, log) = (SigningKey::generate()?, SigningKey::generate()?, SigningKey::generate()?);
        let device_card = DeviceCard::issue(
            &root_card,
            &root,
            &object.verifying_key(),
            &ledger.verifying_key(),
            &log.verifying_key(),
            now_ms,
        )?;
        Ok(Self { root, kem, archive, root_card, object, ledger, log, device_card, others })
    }

    fn belongs_together(&self) -> bool {
        let Self { root: _, kem: _, archive: _, root_card, object, ledger, log, device_card, others } = self;
        object.verifying_key() == *device_card.object_key()
            && ledger.verifying_key() == *device_card.ledger_key()
            && log.verifying_key() == *device_card.log_key()
            && device_card.root() == root_card.hash()
            && others.iter().all(|card| card.root() == root_card.hash())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root: _, kem: _, archive: _, root_card, object: _, ledger: _, log: _, device_card, others } = self;
        f.debug_struct("Identity")
            .field("root", root_card)
            .field("device", device_card)
            .field("others", others)
            .finish_non_exhaustive()
    }
}

/// What all devices of a member share. With the secrets of a device it is an [`Identity`].
pub(crate) struct Root {
    signing: SigningKey<role::RootSigning>,
    kem: Secret<role::KemSecret>,
    archive: Secret<role::Archive>,
    pub(crate) card: RootCard,
}

impl Root {
    /// Takes secrets and card that were sealed; verifies the card and that it names the keys that are held.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let stored: StoredRoot = codec::decode(bytes)?;
        let root = Self {
            signing: key(&stored.root)?,
            kem: Secret::from_slice(stored.kem.expose()).map_err(invalid)?,
            archive: Secret::from_slice(stored.archive.expose()).map_err(invalid)?,
            card: RootCard::open(&stored.root_card)?,
        };
        let same = root.signing.verifying_key() == *root.card.root_key()
            && KemPublic::of(&root.kem).as_ref() == Ok(root.card.kem());
        if same { Ok(root) } else { Err(Malformed::Invalid) }
    }

    /// The identity on the device whose secrets were sealed to a way in; `private` is the key of that way.
    pub(crate) fn on_device(
        self,
        device: DeviceId,
        devices: Vec<DeviceCard>,
        sealed: &[u8],
        private: &Secret<role::KemSecret>,
        (vault, way): (VaultId, WayId),
    ) -> Result<Identity, Malformed> {
        let opened = seal::open_from(private, &device_info(vault, way, device), sealed).map_err(invalid)?;
        let stored: StoredDevice = codec::decode(&opened)?;
        let (own, others): (Vec<_>, Vec<_>) =
            devices.into_iter().partition(|card| DeviceId::from(card.hash()) == device);
        let Self { signing: root, kem, archive, card: root_card } = self;
        let identity = Identity {
            root,
            kem,
            archive,
            root_card,
            object: key(&stored.object)?,
            ledger: key(&stored.ledger)?,
            log: key(&stored.log)?,
            device_card: own.into_iter().next().ok_or(Malformed::Invalid)?,
            others,
        };
        if identity.belongs_together() { Ok(identity) } else { Err(Malformed::Invalid) }
    }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct StoredRoot {
    #[n(0)]
    version: Version1,
    #[n(1)]
    root: SecretBytes,
    #[n(2)]
    kem: SecretBytes,
    #[n(3)]
    archive: SecretBytes,
    #[cbor(n(4), with = "minicbor::bytes")]
    root_card: Vec<u8>,
    #[n(5)]
    extensions: Extensions,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct StoredDevice {
    #[n(0)]
    version: Version1,
    #[n(1)]
    object: SecretBytes,
    #[n(2)]
    ledger: SecretBytes,
    #[n(3)]
    log: SecretBytes,
    #[n(4)]
    extensions: Extensions,
}

/// label("device") ‖ vault16 ‖ slot16 ‖ device32.
fn device_info(vault: VaultId, way: WayId, device: DeviceId) -> Vec<u8> {
    let mut info = kdf::label("device");
    info.extend_from_slice(vault.as_bytes());
    info.extend_from_slice(way.as_bytes());
    info.extend_from_slice(device.as_bytes());
    info
}

fn secret<R: Role>(secret: &Secret<R>) -> SecretBytes {
    SecretBytes::new(secret.expose())
}

fn duplicate<R: Role>(key: &SigningKey<R>) -> SigningKey<R> {
    SigningKey::from_seed(key.seed().duplicate())
}

fn key<R: Role>(stored: &SecretBytes) -> Result<SigningKey<R>, Malformed> {
    Secret::from_slice(stored.expose()).map(SigningKey::from_seed).map_err(invalid)
}

fn invalid(_: Failed) -> Malformed {
    Malformed::Invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: (VaultId, WayId) = (VaultId::from_bytes([1; 16]), WayId::from_bytes([2; 16]));

    fn lee() -> Identity {
        Identity::create("Lee", MemberKind::Person, 5).unwrap()
    }

    fn way() -> Secret<role::KemSecret> {
        Secret::from_slice(&[3; 32]).unwrap()
    }

    fn sealed(identity: &Identity) -> Vec<u8> {
        identity.seal_device(&KemPublic::of(&way()).unwrap(), PLACE.0, PLACE.1).unwrap()
    }

    /// Seals and opens again, as a vault's state does.
    fn again(identity: &Identity) -> Result<Identity, Malformed> {
        let (device, sealed) = (identity.device_card.hash().into(), sealed(identity));
        Root::decode(&identity.encode_root())?.on_device(device, identity.devices(), &sealed, &way(), PLACE)
    }

    #[test]
    fn comes_back_with_all_its_keys() {
        let identity = lee().add_device(6).unwrap();
        let again = again(&identity).unwrap();
        assert_eq!(again.encode_root(), identity.encode_root());
        assert_eq!(again.card().unwrap(), identity.card().unwrap());
        assert_eq!(again.kem, identity.kem);
        assert_eq!(again.object.seed(), identity.object.seed());
    }

    /// A key or card of somebody else, spliced in, is found although every part is well-formed.
    #[test]
    fn keys_and_cards_of_two_members_do_not_mix() {
        type Splice = fn(&mut Identity, Identity);
        let splices: [Splice; 9] = [
            |mine, other| mine.root = other.root,
            |mine, other| mine.kem = other.kem,
            |mine, other| mine.root_card = other.root_card,
            |mine, other| mine.object = other.object,
            |mine, other| mine.ledger = other.ledger,
            |mine, other| mine.log = other.log,
            |mine, other| mine.device_card = other.device_card,
            |mine, other| (mine.root_card, mine.device_card) = (other.root_card, other.device_card),
            |mine, other| mine.others = vec![other.device_card],
        ];
        for (number, splice) in splices.into_iter().enumerate() {
            let mut mine = lee();
            assert!(again(&mine).is_ok());
            splice(&mut mine, lee());
            assert_eq!(again(&mine).err(), Some(Malformed::Invalid), "splice {number}");
        }
    }

    /// Two devices of one member share the root and nothing else, and the secrets of one do not pass for the other's.
    #[test]
    fn a_device_has_keys_of_its_own() {
        let first = lee();
        let second = first.add_device(6).unwrap();
        assert_eq!(second.encode_root(), first.encode_root());
        assert_ne!(second.object.seed(), first.object.seed());
        assert_eq!(second.others, std::slice::from_ref(&first.device_card));
        let open = |device: &DeviceCard, sealed: &[u8], private: &Secret<role::KemSecret>, place| {
            let root = Root::decode(&second.encode_root()).unwrap();
            root.on_device(device.hash().into(), second.devices(), sealed, private, place).err()
        };
        let (invalid, of_second) = (Some(Malformed::Invalid), sealed(&second));
        assert_eq!(open(&second.device_card, &of_second, &way(), PLACE), None);
        assert_eq!(open(&first.device_card, &of_second, &way(), PLACE), invalid);
        assert_eq!(open(&second.device_card, &of_second, &Secret::from_slice(&[4; 32]).unwrap(), PLACE), invalid);
        assert_eq!(open(&second.device_card, &of_second, &way(), (PLACE.0, WayId::from_bytes([9; 16]))), invalid);
    }

    #[test]
    fn debug_shows_hashes_only() {
        let identity = lee();
        let (root, device) = (&identity.root_card, &identity.device_card);
        assert_eq!(
            format!("{identity:?}"),
            format!("Identity {{ root: {root:?}, device: {device:?}, others: [], .. }}")
        );
    }
}
