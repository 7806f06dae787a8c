//! Devices of a member: the card of each, which the root certifies, and the statement by which the root closes one.
//!
//! A closed device signs nothing more. What it signed before still verifies, so its card is kept, outside of what is read
//! when the vault opens.

use super::card::{CardError, RootCard, card_hash, statement};
use crate::codec::{
    self, CardHash, DeviceId, Extensions, Hash, Malformed, Signed, StatementType, VaultId, Version1, padding,
};
use crate::crypto::{
    Failed, Role, Secret, Suite, chunked, kdf, role,
    seal::SealError,
    sign::{SigningKey, VerifyingKey},
};
use core::fmt;
use minicbor::{Decode, Encode};

/// Longest reason for closing a device, in bytes.
pub(crate) const MAX_REASON: usize = 256;
/// Suite of the rows of closed devices, as of the vault's state.
const ROW_SUITE: Suite = Suite::Aes256Gcm;

/// A device's card, signed by the root of its member.
#[derive(Clone)]
pub(crate) struct DeviceCard {
    bytes: Vec<u8>,
    hash: CardHash,
    root: CardHash,
    object_key: VerifyingKey<role::ObjectSigning>,
    ledger_key: VerifyingKey<role::LedgerSigning>,
    log_key: VerifyingKey<role::LogSigning>,
    created_ms: i64,
}

impl DeviceCard {
    /// Certifies the keys of a device.
    pub(crate) fn issue(
        root: &RootCard,
        key: &SigningKey<role::RootSigning>,
        object: &VerifyingKey<role::ObjectSigning>,
        ledger: &VerifyingKey<role::LedgerSigning>,
        log: &VerifyingKey<role::LogSigning>,
        now_ms: i64,
    ) -> Result<Self, CardError> {
        let payload = DevicePayload {
            version: Version1,
            root: root.hash(),
            object_key: object.to_bytes(),
            ledger_key: ledger.to_bytes(),
            log_key: log.to_bytes(),
            created_ms: now_ms,
            extensions: Extensions::default(),
        };
        Self::open(Signed::sign(StatementType::DeviceCard, key, &payload)?.as_bytes(), root)
    }

    /// Verifies the bytes of a card against the root that it must belong to.
    pub(crate) fn open(bytes: &[u8], root: &RootCard) -> Result<Self, CardError> {
        let payload: DevicePayload = statement(bytes)?.verify(StatementType::DeviceCard, root.root_key())?;
        let card = Self {
            bytes: bytes.to_vec(),
            hash: card_hash(bytes),
            root: payload.root,
            object_key: key(&payload.object_key)?,
            ledger_key: key(&payload.ledger_key)?,
            log_key: key(&payload.log_key)?,
            created_ms: payload.created_ms,
        };
        // One key in two roles would let a signature that was made for one purpose be looked for in another.
        let [object, ledger, log] = card.keys();
        let root_key = root.root_key().to_bytes();
        let distinct = object != ledger && object != log && ledger != log && !card.keys().contains(&root_key);
        if distinct && card.root == root.hash() { Ok(card) } else { Err(CardError::Invalid) }
    }

    /// The root that a card claims to belong to: to find the root to verify it against.
    pub(crate) fn claimed_root(bytes: &[u8]) -> Option<CardHash> {
        statement(bytes).ok()?.unverified::<DevicePayload>().ok().map(|payload| payload.root)
    }

    /// H("card", bytes).
    pub(crate) fn hash(&self) -> CardHash {
        self.hash
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Hash of the root card that it belongs to.
    pub(crate) fn root(&self) -> CardHash {
        self.root
    }

    pub(crate) fn object_key(&self) -> &VerifyingKey<role::ObjectSigning> {
        &self.object_key
    }

    pub(crate) fn ledger_key(&self) -> &VerifyingKey<role::LedgerSigning> {
        &self.ledger_key
    }

    pub(crate) fn log_key(&self) -> &VerifyingKey<role::LogSigning> {
        &self.log_key
    }

    /// When it was made.
    pub(crate) fn created_ms(&self) -> i64 {
        self.created_ms
    }

    pub(crate) fn keys(&self) -> [[u8; 32]; 3] {
        [self.object_key.to_bytes(), self.ledger_key.to_bytes(), self.log_key.to_bytes()]
    }
}

impl PartialEq for DeviceCard {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for DeviceCard {}

impl fmt::Debug for DeviceCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes: _, hash, root: _, object_key: _, ledger_key: _, log_key: _, created_ms: _ } = self;
        write!(f, "DeviceCard({hash})")
    }
}

/// The closings of a member's devices, as a line: how many there were, and the hash of the last, which names the one before.
/// It is signed with the vault's state, so that none of them can be hidden, however many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Closings {
    #[n(0)]
    pub(crate) count: u64,
    #[n(1)]
    pub(crate) last: Hash,
}

impl Closings {
    pub(crate) const NONE: Self = Self { count: 0, last: Hash::from_bytes([0; 32]) };
}

/// Where the log of a device ends: number of leaves, and the root over them. Both are zero where nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct LogEnd {
    #[n(0)]
    pub(crate) leaves: u64,
    #[n(1)]
    pub(crate) root: Hash,
}

/// What is said of a device when it is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending<'a> {
    /// Why, as the member writes it.
    pub(crate) reason: &'a str,
    pub(crate) time_ms: i64,
    pub(crate) log: LogEnd,
    /// The closings before.
    pub(crate) after: Closings,
}

/// A device that its root has closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClosedDevice {
    pub(crate) card: DeviceCard,
    /// When.
    pub(crate) time_ms: i64,
    /// Why, as the member wrote it.
    pub(crate) reason: String,
    pub(crate) log: LogEnd,
    /// The line before it.
    pub(crate) after: Closings,
    /// The statement that says so.
    statement: Vec<u8>,
}

impl ClosedDevice {
    /// Signs the end of a device.
    pub(crate) fn sign(
        root: &RootCard,
        key: &SigningKey<role::RootSigning>,
        card: DeviceCard,
        ending: Ending<'_>,
    ) -> Result<Self, CardError> {
        let payload = ClosingPayload {
            version: Version1,
            root: root.hash(),
            device: card.hash(),
            time_ms: ending.time_ms,
            reason: ending.reason.to_owned(),
            log: ending.log,
            after: ending.after,
            extensions: Extensions::default(),
        };
        let signed = Signed::sign(StatementType::DeviceClosing, key, &payload)?;
        Self::open(card, signed.as_bytes(), root)
    }

    /// Verifies that the root closed this very device.
    pub(crate) fn open(card: DeviceCard, bytes: &[u8], root: &RootCard) -> Result<Self, CardError> {
        let payload: ClosingPayload = statement(bytes)?.verify(StatementType::DeviceClosing, root.root_key())?;
        let closes = payload.root == root.hash() && payload.device == card.hash() && card.root() == root.hash();
        if !closes || payload.reason.len() > MAX_REASON {
            return Err(CardError::Invalid);
        }
        let ClosingPayload { time_ms, reason, log, after, .. } = payload;
        Ok(Self { card, time_ms, reason, log, after, statement: bytes.to_vec() })
    }

    /// The line of closings with this as its last. Nothing where there are more than can be counted.
    pub(crate) fn closings(&self) -> Option<Closings> {
        let last = Hash::from_bytes(kdf::hash("device-closing", &[&self.statement]));
        Some(Closings { count: self.after.count.checked_add(1)?, last })
    }

    /// The device.
    pub(crate) fn id(&self) -> DeviceId {
        self.card.hash().into()
    }

    /// Seals card and statement as a row, whose key is the device.
    pub(crate) fn seal(&self, key: &Secret<role::Archive>, vault: VaultId) -> Result<Vec<u8>, SealError> {
        let row = codec::encode(&Row {
            version: Version1,
            card: self.card.bytes().to_vec(),
            closing: self.statement.clone(),
            extensions: Extensions::default(),
        });
        let padded = padding::pad(&row).ok_or(Failed)?;
        Ok(chunked::seal(ROW_SUITE, key, chunked::salt(key, &padded)?, &[&row_context(vault, self.id())], &padded)?)
    }

    /// Opens a row and verifies both.
    pub(crate) fn unseal(
        key: &Secret<role::Archive>,
        vault: VaultId,
        id: DeviceId,
        sealed: &[u8],
        root: &RootCard,
    ) -> Result<Self, Malformed> {
        let invalid = |_| Malformed::Invalid;
        let padded = chunked::open(ROW_SUITE, key, &[&row_context(vault, id)], sealed).map_err(invalid)?;
        let row: Row = codec::decode(padding::unpad(&padded).ok_or(Malformed::Invalid)?)?;
        let card = DeviceCard::open(&row.card, root)?;
        let closed = Self::open(card, &row.closing, root)?;
        if closed.id() == id { Ok(closed) } else { Err(Malformed::Invalid) }
    }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct DevicePayload {
    #[n(0)]
    version: Version1,
    #[n(1)]
    root: CardHash,
    #[cbor(n(2), with = "minicbor::bytes")]
    object_key: [u8; 32],
    #[cbor(n(3), with = "minicbor::bytes")]
    ledger_key: [u8; 32],
    #[cbor(n(4), with = "minicbor::bytes")]
    log_key: [u8; 32],
    #[n(5)]
    created_ms: i64,
    #[n(6)]
    extensions: Extensions,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct ClosingPayload {
    #[n(0)]
    version: Version1,
    #[n(1)]
    root: CardHash,
    #[n(2)]
    device: CardHash,
    #[n(3)]
    time_ms: i64,
    #[n(4)]
    reason: String,
    #[n(5)]
    log: LogEnd,
    #[n(6)]
    after: Closings,
    #[n(7)]
    extensions: Extensions,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Row {
    #[n(0)]
    version: Version1,
    #[cbor(n(1), with = "minicbor::bytes")]
    card: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    closing: Vec<u8>,
    #[n(3)]
    extensions: Extensions,
}

/// label("device-row") ‖ vault16 ‖ device32.
fn row_context(vault: VaultId, device: DeviceId) -> Vec<u8> {
    let mut context = kdf::label("device-row");
    context.extend_from_slice(vault.as_bytes());
    context.extend_from_slice(device.as_bytes());
    context
}

fn key<R: Role>(bytes: &[u8; 32]) -> Result<VerifyingKey<R>, CardError> {
    Ok(VerifyingKey::from_bytes(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Identity, MemberKind};

    fn lee() -> Identity {
        Identity::create("Lee", MemberKind::Person, 5).unwrap()
    }

    fn ending(reason: &str) -> Ending<'_> {
        let log = LogEnd { leaves: 3, root: Hash::from_bytes([4; 32]) };
        Ending { reason, time_ms: 9, log, after: Closings::NONE }
    }

    fn close(member: &Identity) -> ClosedDevice {
        ClosedDevice::sign(&member.root_card, &member.root, member.device_card.clone(), ending("lost")).unwrap()
    }

    #[test]
    fn a_closed_device_comes_back_from_its_row() {
        let (member, vault) = (lee(), VaultId::from_bytes([1; 16]));
        let closed = close(&member);
        let sealed = closed.seal(&member.archive, vault).unwrap();
        let open =
            |id, vault, sealed: &[u8]| ClosedDevice::unseal(&member.archive, vault, id, sealed, &member.root_card);
        assert_eq!(open(closed.id(), vault, &sealed), Ok(closed.clone()));
        assert_eq!((closed.time_ms, &closed.reason[..]), (9, "lost"));
        assert_eq!(open(DeviceId::from_bytes([0; 32]), vault, &sealed), Err(Malformed::Invalid));
        assert_eq!(open(closed.id(), VaultId::from_bytes([2; 16]), &sealed), Err(Malformed::Invalid));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << (at % 8);
            assert_eq!(open(closed.id(), vault, &changed), Err(Malformed::Invalid), "byte {at}");
        }
    }

    /// Attack 5: nobody but the root of a device closes it, and a closing is of one device.
    #[test]
    fn a05_only_its_root_closes_a_device() {
        let (member, eve) = (lee(), lee());
        let closed = close(&member);
        let open = |card: &DeviceCard, bytes: &[u8], root| ClosedDevice::open(card.clone(), bytes, root).err();
        assert_eq!(open(&member.device_card, &closed.statement, &member.root_card), None);
        let invalid = Some(CardError::Invalid);
        assert_eq!(open(&member.device_card, &close(&eve).statement, &member.root_card), invalid);
        assert_eq!(open(&member.device_card, &closed.statement, &eve.root_card), invalid);
        let other = member.add_device(7).unwrap().device_card;
        assert_eq!(open(&other, &closed.statement, &member.root_card), invalid);
        // What eve's root says of a device that is not hers.
        let forged = ClosedDevice::sign(&eve.root_card, &eve.root, member.device_card.clone(), ending(""));
        assert_eq!(forged.err(), invalid);
        let long = "x".repeat(257);
        assert_eq!(ClosedDevice::sign(&member.root_card, &member.root, other, ending(&long)).err(), invalid);
    }

    /// Attack 13: a card closes nothing, and a closing is no card.
    #[test]
    fn b13_a_card_and_a_closing_are_two_statements() {
        let member = lee();
        let closed = close(&member);
        let card = member.device_card.bytes();
        assert!(ClosedDevice::open(member.device_card.clone(), card, &member.root_card).is_err());
        assert!(DeviceCard::open(&closed.statement, &member.root_card).is_err());
    }
}
