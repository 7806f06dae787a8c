//! Cards: who a member is, and which devices are his.
//!
//! A [`RootCard`] names a member's root key and X-Wing key and is signed by that root key. A [`DeviceCard`] names the
//! three keys of one device and is signed by the root. Neither can be made without being verified. A [`Card`] is both
//! together, as members exchange them: the root with the devices that are in use.

use super::{device::DeviceCard, fingerprint::Fingerprint};
use crate::codec::{self, CardHash, Extensions, Malformed, Signed, StatementType, Version1};
use crate::crypto::{
    Failed, RandomError, kdf, role,
    seal::KemPublic,
    sign::{SigningKey, VerifyingKey},
};
use core::fmt;
use minicbor::{Decode, Encode};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Longest name, in bytes.
const MAX_NAME: usize = 128;
/// Most devices in a card, which are those in use.
pub(crate) const MAX_DEVICES: usize = 64;
/// Longest statement and longest card, in bytes: checked before anything is parsed.
const MAX_STATEMENT: usize = 8 * 1024;
const MAX_CARD: usize = 64 * 1024;

/// What kind of member a card names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum MemberKind {
    /// A human being.
    #[n(1)]
    Person = 1,
    /// A program that acts on its own or for people of its own directory.
    #[n(2)]
    Service = 2,
    /// Several people who hold one key.
    #[n(3)]
    Team = 3,
    /// A hospital, a practice: it certifies who its members are.
    #[n(4)]
    Organisation = 4,
}

/// What members exchange: who somebody is, with the devices known so far. Public; whether it is really that person's,
/// only the fingerprint tells.
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    root: RootCard,
    /// In ascending order of their hashes.
    devices: Vec<DeviceCard>,
}

impl Card {
    /// The card as bytes, to be handed over in any way.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(&Exchanged {
            version: Version1,
            root: self.root.bytes().to_vec(),
            devices: self.devices.iter().map(|device| device.bytes().to_vec().into()).collect(),
            extensions: Extensions::default(),
        })
    }

    /// Reads a card and verifies every signature in it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CardError> {
        if bytes.len() > MAX_CARD {
            return Err(CardError::Invalid);
        }
        let exchanged: Exchanged = codec::decode(bytes)?;
        let root = RootCard::open(&exchanged.root)?;
        let devices: Vec<_> =
            exchanged.devices.iter().map(|device| DeviceCard::open(device, &root)).collect::<Result<_, _>>()?;
        if devices.is_sorted_by(|a, b| a.hash() < b.hash()) {
            Self::new(root, devices)
        } else {
            Err(CardError::Invalid)
        }
    }

    /// The name that the member gave himself.
    pub fn name(&self) -> &str {
        self.root.name()
    }

    /// What kind of member it is.
    pub fn kind(&self) -> MemberKind {
        self.root.kind()
    }

    /// What people compare over another channel, to know that the card is the right one.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.root)
    }

    /// A root with its devices, given in any order. No two of their keys may be the same.
    pub(crate) fn new(root: RootCard, mut devices: Vec<DeviceCard>) -> Result<Self, CardError> {
        devices.sort_unstable_by_key(DeviceCard::hash);
        devices.dedup_by_key(|device| device.hash());
        let mut keys: Vec<_> = devices.iter().flat_map(DeviceCard::keys).collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        let belong = devices.iter().all(|device| device.root() == root.hash);
        if devices.len() > MAX_DEVICES || keys.len() != count || !belong {
            return Err(CardError::Invalid);
        }
        Ok(Self { root, devices })
    }

    /// The same member with the devices of a newer card, and those of this one as far as there is room: nobody who hands
    /// an incomplete card on takes a device away. Both must have the same root card.
    pub(crate) fn merge(&self, newer: &Self) -> Result<Self, CardError> {
        if self.root.hash != newer.root.hash {
            return Err(CardError::Invalid);
        }
        let older = self.devices.iter().filter(|device| !newer.devices.contains(device));
        Self::new(self.root.clone(), newer.devices.iter().chain(older).take(MAX_DEVICES).cloned().collect())
    }

    pub(crate) fn root(&self) -> &RootCard {
        &self.root
    }

    /// Every key on the card by which its member could be taken for another: root key, X25519 share, device keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = [u8; 32]> {
        let share = self.root.kem.as_bytes().last_chunk().copied();
        [self.root.root_key.to_bytes()].into_iter().chain(share).chain(self.devices.iter().flat_map(DeviceCard::keys))
    }

    /// In ascending order of their hashes.
    pub(crate) fn devices(&self) -> &[DeviceCard] {
        &self.devices
    }
}

/// Shows hashes; the name is somebody's.
impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, devices } = self;
        f.debug_struct("Card").field("root", root).field("devices", devices).finish()
    }
}

/// Why bytes are no card, or no card was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum CardError {
    /// Damaged, or not signed by the key that it names.
    #[error("the card is damaged or was not made by its owner; ask for it again")]
    Invalid,
    /// Written by a newer version.
    #[error("the card was made by a newer version; update this software")]
    NewerFormat,
    /// A name that cannot stand on a card.
    #[error("a name has 1 to 128 bytes of text without control or direction characters; choose a plainer one")]
    Name,
    /// No randomness for the keys.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl From<CardError> for Malformed {
    fn from(error: CardError) -> Self {
        match error {
            CardError::NewerFormat => Self::Newer,
            _ => Self::Invalid,
        }
    }
}

impl From<Malformed> for CardError {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Invalid => Self::Invalid,
            Malformed::Newer => Self::NewerFormat,
        }
    }
}

impl From<Failed> for CardError {
    fn from(_: Failed) -> Self {
        Self::Invalid
    }
}

/// A member's root card, signed by the key that it names.
#[derive(Clone)]
pub(crate) struct RootCard {
    bytes: Vec<u8>,
    hash: CardHash,
    name: String,
    kind: MemberKind,
    root_key: VerifyingKey<role::RootSigning>,
    kem: KemPublic,
}

impl RootCard {
    /// Signs a card for `key`. The name is kept in NFC, without white space around it.
    pub(crate) fn issue(
        name: &str,
        kind: MemberKind,
        key: &SigningKey<role::RootSigning>,
        kem: &KemPublic,
        now_ms: i64,
    ) -> Result<Self, CardError> {
        let name: String = name.trim().nfc().collect();
        if !is_name(&name) {
            return Err(CardError::Name);
        }
        let payload = RootPayload {
            version: Version1,
            kind,
            name,
            root_key: key.verifying_key().to_bytes(),
            kem: kem.as_bytes().to_vec(),
            created_ms: now_ms,
            extensions: Extensions::default(),
        };
        Self::open(Signed::sign(StatementType::RootCard, key, &payload)?.as_bytes())
    }

    /// Verifies the bytes of a card.
    pub(crate) fn open(bytes: &[u8]) -> Result<Self, CardError> {
        let signed = statement(bytes)?;
        let claimed: RootPayload = signed.unverified()?;
        let root_key = VerifyingKey::from_bytes(&claimed.root_key)?;
        let payload: RootPayload = signed.verify(StatementType::RootCard, &root_key)?;
        if !is_name(&payload.name) {
            return Err(CardError::Invalid);
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            hash: card_hash(bytes),
            name: payload.name,
            kind: payload.kind,
            root_key,
            kem: KemPublic::from_slice(&payload.kem)?,
        })
    }

    /// H("card", bytes).
    pub(crate) fn hash(&self) -> CardHash {
        self.hash
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn kind(&self) -> MemberKind {
        self.kind
    }

    pub(crate) fn root_key(&self) -> &VerifyingKey<role::RootSigning> {
        &self.root_key
    }

    pub(crate) fn kem(&self) -> &KemPublic {
        &self.kem
    }
}

impl PartialEq for RootCard {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for RootCard {}

impl fmt::Debug for RootCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes: _, hash, name: _, kind: _, root_key: _, kem: _ } = self;
        write!(f, "RootCard({hash})")
    }
}

/// H("card", statement bytes).
pub(crate) fn card_hash(bytes: &[u8]) -> CardHash {
    CardHash::from_bytes(kdf::hash("card", &[bytes]))
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct RootPayload {
    #[n(0)]
    version: Version1,
    #[n(1)]
    kind: MemberKind,
    #[n(2)]
    name: String,
    #[cbor(n(3), with = "minicbor::bytes")]
    root_key: [u8; 32],
    #[cbor(n(4), with = "minicbor::bytes")]
    kem: Vec<u8>,
    #[n(5)]
    created_ms: i64,
    #[n(6)]
    extensions: Extensions,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Exchanged {
    #[n(0)]
    version: Version1,
    #[cbor(n(1), with = "minicbor::bytes")]
    root: Vec<u8>,
    #[n(2)]
    devices: Vec<minicbor::bytes::ByteVec>,
    #[n(3)]
    extensions: Extensions,
}

pub(super) fn statement(bytes: &[u8]) -> Result<Signed, CardError> {
    if bytes.len() > MAX_STATEMENT {
        return Err(CardError::Invalid);
    }
    Ok(Signed::parse(bytes)?)
}

/// A name as it may stand on a card.
fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && name.trim() == name && is_nfc(name) && !name.chars().any(is_unprintable)
}

/// Characters that could make one name look like another, or break a line: controls, line ends, direction marks.
fn is_unprintable(c: char) -> bool {
    let direction =
        matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || direction || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests;
