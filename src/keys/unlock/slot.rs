//! Slots: the vault key, sealed to the key pair of each way in.

use super::{
    UnlockError,
    factors::{PASSPHRASE, Unlock},
};
use crate::codec::{self, Extensions, Malformed, VaultId, Version1, WayId};
use crate::crypto::{
    Failed, Secret, kdf,
    kdf::Deriver,
    password::Cost,
    random, role,
    seal::{self, KemPublic},
};
use minicbor::{Decode, Encode};

/// A vault key with the vault and the number that it belongs to.
pub(super) struct VaultKey {
    pub(super) vault: VaultId,
    /// Counts the keys of this vault, from 1.
    pub(super) version: u32,
    pub(super) secret: Secret<role::VaultKey>,
}

impl VaultKey {
    pub(super) fn duplicate(&self) -> Self {
        Self { vault: self.vault, version: self.version, secret: self.secret.duplicate() }
    }

    /// vault16 ‖ version u32.
    pub(super) fn place(&self) -> [u8; VaultId::LEN + 4] {
        place(self.vault, self.version)
    }
}

pub(super) fn place(vault: VaultId, version: u32) -> [u8; VaultId::LEN + 4] {
    let mut out = [0; VaultId::LEN + 4];
    let bytes = vault.as_bytes().iter().copied().chain(version.to_be_bytes());
    out.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    out
}

/// A slot as it stands in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Slot {
    #[n(0)]
    pub(super) id: WayId,
    /// Encoded [`Parameters`].
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) parameters: Vec<u8>,
    /// Encapsulation and ciphertext of the vault key.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(super) sealed: Vec<u8>,
}

/// How the factors of a slot become its key pair.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Parameters {
    #[n(0)]
    version: Version1,
    /// Numbers of the factors, ascending.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) factors: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    salt: [u8; 32],
    /// Where a passphrase is among the factors, and only there.
    #[n(3)]
    pub(super) argon2: Option<Argon2>,
    #[n(4)]
    extensions: Extensions,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Argon2 {
    #[cbor(n(0), with = "minicbor::bytes")]
    salt: [u8; 16],
    #[n(1)]
    pub(super) cost: Cost,
}

impl Parameters {
    /// Fresh salts for a way in.
    pub(super) fn fresh(unlock: &Unlock) -> Result<Self, UnlockError> {
        let argon2 = match unlock.cost() {
            Some(cost) => Some(Argon2 { salt: random::array()?, cost }),
            None => None,
        };
        Ok(Self {
            version: Version1,
            factors: unlock.numbers()?,
            salt: random::array()?,
            argon2,
            extensions: Extensions::default(),
        })
    }

    /// Reads the parameters of a slot. Kinds of factors that are not known here are well-formed.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let parameters: Self = codec::decode(bytes)?;
        let Self { version: _, factors, salt: _, argon2, extensions: _ } = &parameters;
        let ascending = !factors.is_empty() && factors.is_sorted_by(|a, b| a < b);
        if ascending && factors.contains(&PASSPHRASE) == argon2.is_some() {
            Ok(parameters)
        } else {
            Err(Malformed::Invalid)
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The private key of the slot. Costs out of bounds fail before anything is allocated.
    pub(super) fn key(&self, vault: VaultId, slot: WayId, unlock: &Unlock) -> Result<Secret<role::KemSecret>, Failed> {
        let argon2 = self.argon2.as_ref().map(|Argon2 { salt, cost }| (salt, *cost));
        let material = unlock.material(argon2).ok_or(Failed)?;
        let parameters = self.encode();
        let secret: Secret<role::SlotSecret> = Deriver::extract(&self.salt, &material).key(&[
            vault.as_bytes(),
            slot.as_bytes(),
            &kdf::lp_len(&parameters),
            &parameters,
        ]);
        Secret::from_slice(secret.expose())
    }
}

impl Slot {
    /// Seals a vault key to a slot's public key; nothing of the factors is needed.
    pub(super) fn seal(
        id: WayId,
        parameters: Vec<u8>,
        public: &KemPublic,
        key: &VaultKey,
    ) -> Result<Self, UnlockError> {
        let sealed = seal::seal_to(public, &info(key.vault, id, key.version, &parameters), key.secret.expose())?;
        Ok(Self { id, parameters, sealed })
    }

    /// The vault key, for the owner of the slot's private key.
    pub(super) fn open(
        &self,
        vault: VaultId,
        version: u32,
        private: &Secret<role::KemSecret>,
    ) -> Result<VaultKey, Failed> {
        let opened = seal::open_from(private, &info(vault, self.id, version, &self.parameters), &self.sealed)?;
        Ok(VaultKey { vault, version, secret: Secret::from_slice(&opened)? })
    }
}

/// label("slot") ‖ vault16 ‖ slot16 ‖ version ‖ lp(parameters).
fn info(vault: VaultId, slot: WayId, version: u32, parameters: &[u8]) -> Vec<u8> {
    let mut info = kdf::label("slot");
    info.extend_from_slice(vault.as_bytes());
    info.extend_from_slice(slot.as_bytes());
    info.extend_from_slice(&version.to_be_bytes());
    kdf::lp(&mut info, parameters);
    info
}
