//! The vault's state: one row of the store.
//!
//! | Part | Content |
//! |---|---|
//! | head (clear) | vault, version of the vault key, slots |
//! | sealed | identity, and the state that its root signed: hash of the head, public keys of the slots, suite |
//!
//! The signature covers the head, so the row is what the member wrote, to the last bit, or does not open.

use super::{
    UnlockError,
    slot::{Slot, VaultKey, place},
};
use crate::codec::{
    self, Extensions, Hash, Malformed, SecretBytes, Signed, StatementType, VaultId, Version1, WayId, padding,
};
use crate::crypto::{Failed, Secret, Suite, chunked, kdf, kdf::Deriver, random, role, seal::KemPublic};
use crate::keys::identity::Identity;
use minicbor::{Decode, Encode};

/// Most slots of a vault.
pub(super) const MAX_SLOTS: usize = 16;
/// Longest row, in bytes: checked before anything is parsed.
const MAX_ROW: usize = 256 * 1024;
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
    pub(super) identity: Identity,
    pub(super) suite: Suite,
    /// In the order of the slots of the head.
    pub(super) slots: Vec<SlotEntry>,
}

/// What is signed of a slot.
#[derive(Clone, Debug)]
pub(super) struct SlotEntry {
    pub(super) id: WayId,
    pub(super) public: KemPublic,
    pub(super) added_ms: i64,
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
        suite: Suite,
        slots: &[SlotEntry],
    ) -> Result<Vec<u8>, UnlockError> {
        let head = codec::encode(head);
        let payload = Payload {
            version: Version1,
            vault: key.vault,
            key_version: key.version,
            check: check(key),
            head: head_hash(&head),
            suite: suite as u8,
            slots: slots
                .iter()
                .map(|slot| SignedSlot {
                    id: slot.id,
                    public: slot.public.as_bytes().to_vec(),
                    added_ms: slot.added_ms,
                })
                .collect(),
            extensions: Extensions::default(),
        };
        let signed = Signed::sign(StatementType::VaultState, &identity.root, &payload).map_err(|_| Failed)?;
        let plaintext = codec::encode_secret(&Plaintext {
            version: Version1,
            identity: SecretBytes::new(&identity.encode()),
            state: signed.as_bytes().to_vec(),
            extensions: Extensions::default(),
        });
        let sealed = chunked::seal(
            STATE_SUITE,
            &identity_key(key),
            random::array()?,
            &[&kdf::label("vault-state"), &key.place()],
            // Padded, so that the length of the member's name does not show.
            &padding::pad(&plaintext).ok_or(Failed)?,
        )?;
        Ok(codec::encode(&Encoded { version: Version1, head, sealed }))
    }

    /// Opens the state and checks everything that its root signed: vault, key, head, slots.
    pub(super) fn open(&self, key: &VaultKey) -> Result<State, Malformed> {
        let context = [&kdf::label("vault-state")[..], &place(self.head.vault, self.head.version)];
        let padded = chunked::open(STATE_SUITE, &identity_key(key), &context, &self.sealed).map_err(invalid)?;
        let plaintext: Plaintext = codec::decode(padding::unpad(&padded).ok_or(Malformed::Invalid)?)?;
        let identity = Identity::decode(plaintext.identity.expose())?;
        let signed = Signed::parse(&plaintext.state)?;
        let state: Payload = signed.verify(StatementType::VaultState, identity.root_card.root_key())?;

        let clear = self.head.slots.iter().map(|slot| slot.id);
        let true_state = state.vault == self.head.vault
            && state.key_version == self.head.version
            && state.check == check(key)
            && state.head == head_hash(&self.head_bytes)
            && state.slots.iter().map(|slot| slot.id).eq(clear);
        if !true_state {
            return Err(Malformed::Invalid);
        }
        let slots = state
            .slots
            .iter()
            .map(|slot| {
                let public = KemPublic::from_slice(&slot.public).map_err(invalid)?;
                Ok(SlotEntry { id: slot.id, public, added_ms: slot.added_ms })
            })
            .collect::<Result<_, _>>()?;
        let suite = Suite::from_u8(state.suite).ok_or(Malformed::Newer)?;
        Ok(State { identity, suite, slots })
    }
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
    identity: SecretBytes,
    #[cbor(n(2), with = "minicbor::bytes")]
    state: Vec<u8>,
    #[n(3)]
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
