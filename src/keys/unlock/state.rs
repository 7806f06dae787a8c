//! The vault's state: one row of the store.
//!
//! | Part | Content |
//! |---|---|
//! | head (clear) | vault, version of the vault key, slots |
//! | sealed | root secrets, cards of the devices in use, and the state that the root signed: hash of the head, suite, format, and for each slot its public key, its device, and that device's secrets, sealed to the slot |
//!
//! The signature covers the head, so the row is what the member wrote, to the last bit, or does not open. Of closed devices
//! there is only how many they were, and the hash of the last closing: the row is as long as the devices in use make it.

use super::{
    UnlockError,
    formats::{Formats, Policy},
    slot::{Slot, VaultKey, place},
};
use crate::codec::{
    self, DeviceId, Extensions, Hash, Malformed, SecretBytes, Signed, StatementType, VaultId, Version1, WayId, padding,
};
use crate::crypto::{Failed, Secret, Suite, chunked, kdf, kdf::Deriver, role, seal::KemPublic};
use crate::keys::card::MAX_DEVICES;
use crate::keys::device::{Closings, DeviceCard};
use crate::keys::identity::{Identity, Root};
use minicbor::{Decode, Encode, bytes::ByteVec};

/// Most slots of a vault. A device has one at least, so no more devices than this are in use.
pub(super) const MAX_SLOTS: usize = MAX_DEVICES;
/// Longest row, in bytes: checked before anything is parsed.
const MAX_ROW: usize = 512 * 1024;
/// The vault's state has one suite, whatever the policy for payloads is: there is nothing to negotiate.
const STATE_SUITE: Suite = Suite::Aes256Gcm;

/// The clear part of the row.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Head {
    #[n(0)]
    pub(super) vault: VaultId,
    #[n(1)]
    pub(super) version: u32,
    #[n(2)]
    pub(super) slots: Vec<Slot>,
    #[n(3)]
    extensions: Extensions,
}

impl Head {
    pub(super) fn new(vault: VaultId, version: u32, slots: Vec<Slot>) -> Self {
        Self { vault, version, slots, extensions: Extensions::default() }
    }
}

/// A row that was parsed, and nothing more.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) head: Head,
    head_bytes: Vec<u8>,
    pub(super) sealed: Vec<u8>,
}

/// What a vault key opens.
pub(super) struct State {
    pub(super) root: Root,
    /// Cards of the devices in use, in ascending order of their hashes.
    pub(super) devices: Vec<DeviceCard>,
    pub(super) policy: Policy,
    /// In the order of the slots of the head.
    pub(super) slots: Vec<SlotEntry>,
}

/// What is signed of a slot.
#[derive(Clone, Debug)]
pub(super) struct SlotEntry {
    pub(super) id: WayId,
    pub(super) public: KemPublic,
    pub(super) added_ms: i64,
    /// As which device this way acts.
    pub(super) device: DeviceId,
    /// The secrets of that device, sealed to `public`.
    pub(super) secrets: Vec<u8>,
}

impl Row {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_ROW {
            return Err(Malformed::Invalid);
        }
        let Encoded { version: _, head: head_bytes, sealed } = codec::decode(bytes)?;
        let head: Head = codec::decode(&head_bytes)?;
        let mut ids: Vec<_> = head.slots.iter().map(|slot| slot.id).collect();
        ids.sort_unstable();
        ids.dedup();
        if !(1..=MAX_SLOTS).contains(&head.slots.len()) || ids.len() != head.slots.len() {
            return Err(Malformed::Invalid);
        }
        Ok(Self { head, head_bytes, sealed })
    }

    /// Signs and seals a state. `slots` are those of the head, in the same order.
    pub(super) fn seal(
        head: &Head,
        key: &VaultKey,
        identity: &Identity,
        policy: &Policy,
        slots: &[SlotEntry],
    ) -> Result<Vec<u8>, UnlockError> {
        let head = codec::encode(head);
        let payload = Payload {
            version: Version1,
            vault: key.vault,
            key_version: key.version,
            check: check(key),
            head: head_hash(&head),
            suite: policy.suite as u8,
            slots: slots
                .iter()
                .map(|slot| SignedSlot {
                    id: slot.id,
                    public: slot.public.as_bytes().to_vec(),
                    added_ms: slot.added_ms,
                    device: slot.device,
                    secrets: slot.secrets.clone(),
                })
                .collect(),
            format: policy.format,
            announced: policy.announced.iter().map(|(device, formats)| (*device, *formats)).collect(),
            closings: policy.closings,
            extensions: Extensions::default(),
        };
        let signed = Signed::sign(StatementType::VaultState, &identity.root, &payload).map_err(|_| Failed)?;
        let plaintext = codec::encode_secret(&Plaintext {
            version: Version1,
            root: SecretBytes::new(&identity.encode_root()),
            devices: identity.devices().iter().map(|card| card.bytes().to_vec().into()).collect(),
            state: signed.as_bytes().to_vec(),
            extensions: Extensions::default(),
        });
        // Padded, so that the length of the member's name does not show.
        let padded = padding::pad(&plaintext).ok_or(Failed)?;
        let (key, context) = (identity_key(key), [&kdf::label("vault-state")[..], &key.place()]);
        let sealed = chunked::seal(STATE_SUITE, &key, chunked::salt(&key, &padded)?, &context, &padded)?;
        Ok(codec::encode(&Encoded { version: Version1, head, sealed }))
    }

    /// Opens the state and checks everything that its root signed: vault, key, head, slots. A vault that writes what the
    /// software here does not read is *newer*.
    pub(super) fn open(&self, key: &VaultKey, here: Formats) -> Result<State, Malformed> {
        let context = [&kdf::label("vault-state")[..], &place(self.head.vault, self.head.version)];
        let padded = chunked::open(STATE_SUITE, &identity_key(key), &context, &self.sealed).map_err(invalid)?;
        let plaintext: Plaintext = codec::decode(padding::unpad(&padded).ok_or(Malformed::Invalid)?)?;
        let root = Root::decode(plaintext.root.expose())?;
        let devices: Vec<DeviceCard> =
            plaintext.devices.iter().map(|card| DeviceCard::open(card, &root.card)).collect::<Result<_, _>>()?;
        let signed = Signed::parse(&plaintext.state)?;
        let state: Payload = signed.verify(StatementType::VaultState, root.card.root_key())?;

        let clear = self.head.slots.iter().map(|slot| slot.id);
        let true_state = state.vault == self.head.vault
            && state.key_version == self.head.version
            && state.check == check(key)
            && state.head == head_hash(&self.head_bytes)
            && state.slots.iter().map(|slot| slot.id).eq(clear);
        // The devices are those of the slots, each once: one without a way in cannot be in use.
        let mut used: Vec<DeviceId> = state.slots.iter().map(|slot| slot.device).collect();
        used.sort_unstable();
        used.dedup();
        if !true_state || !devices.iter().map(|card| DeviceId::from(card.hash())).eq(used) {
            return Err(Malformed::Invalid);
        }
        let policy = policy(&state, &devices)?;
        if !here.contain(policy.format) {
            return Err(Malformed::Newer);
        }
        let slots = state
            .slots
            .into_iter()
            .map(|slot| {
                let public = KemPublic::from_slice(&slot.public).map_err(invalid)?;
                let SignedSlot { id, public: _, added_ms, device, secrets } = slot;
                Ok(SlotEntry { id, public, added_ms, device, secrets })
            })
            .collect::<Result<_, Malformed>>()?;
        Ok(State { root, devices, policy, slots })
    }
}

/// What is signed of the whole vault; of each device in use, once, what it announced.
fn policy(state: &Payload, devices: &[DeviceCard]) -> Result<Policy, Malformed> {
    let suite = Suite::from_u8(state.suite).ok_or(Malformed::Newer)?;
    let in_use = devices.iter().map(|card| DeviceId::from(card.hash()));
    if !state.announced.iter().map(|(device, _)| *device).eq(in_use) {
        return Err(Malformed::Invalid);
    }
    let announced = state.announced.iter().copied().collect();
    let policy = Policy { suite, format: state.format, announced, closings: state.closings };
    if policy.holds() { Ok(policy) } else { Err(Malformed::Invalid) }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Encoded {
    #[n(0)]
    version: Version1,
    #[cbor(n(1), with = "minicbor::bytes")]
    head: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    sealed: Vec<u8>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Plaintext {
    #[n(0)]
    version: Version1,
    #[n(1)]
    root: SecretBytes,
    #[n(2)]
    devices: Vec<ByteVec>,
    #[cbor(n(3), with = "minicbor::bytes")]
    state: Vec<u8>,
    #[n(4)]
    extensions: Extensions,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Payload {
    #[n(0)]
    version: Version1,
    #[n(1)]
    vault: VaultId,
    #[n(2)]
    key_version: u32,
    #[n(3)]
    check: Hash,
    #[n(4)]
    head: Hash,
    #[n(5)]
    suite: u8,
    #[n(6)]
    slots: Vec<SignedSlot>,
    #[n(7)]
    format: u32,
    #[n(8)]
    announced: Vec<(DeviceId, Formats)>,
    #[n(9)]
    closings: Closings,
    #[n(10)]
    extensions: Extensions,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct SignedSlot {
    #[n(0)]
    id: WayId,
    #[cbor(n(1), with = "minicbor::bytes")]
    public: Vec<u8>,
    #[n(2)]
    added_ms: i64,
    #[n(3)]
    device: DeviceId,
    #[cbor(n(4), with = "minicbor::bytes")]
    secrets: Vec<u8>,
}

/// H("vault-head", head).
fn head_hash(head: &[u8]) -> Hash {
    Hash::from_bytes(kdf::hash("vault-head", &[head]))
}

/// D(vault key, "check", vault16 ‖ version).
fn check(key: &VaultKey) -> Hash {
    Hash::from_bytes(Deriver::new(&key.secret).public("check", &[&key.place()]))
}

/// D(vault key, "identity", vault16 ‖ version).
fn identity_key(key: &VaultKey) -> Secret<role::IdentityKey> {
    kdf::derive(&key.secret, &[&key.place()])
}

fn invalid(_: Failed) -> Malformed {
    Malformed::Invalid
}
