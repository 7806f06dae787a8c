//! A member's own secrets: root, X-Wing and device keys, all random, with the cards that name them.

use super::card::{Card, CardError, DeviceCard, MemberKind, RootCard};
use super::chart::CardBook;
use crate::codec::{self, Extensions, Malformed, SecretBytes, Version1};
use crate::crypto::{Failed, Role, Secret, role, seal::KemPublic, sign::SigningKey};
use core::fmt;
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

/// The secrets of a member on one device. Cards and keys belong together, or there is no identity.
pub(crate) struct Identity {
    pub(crate) root: SigningKey<role::RootSigning>,
    pub(crate) kem: Secret<role::KemSecret>,
    pub(crate) root_card: RootCard,
    pub(crate) object: SigningKey<role::ObjectSigning>,
    pub(crate) ledger: SigningKey<role::LedgerSigning>,
    pub(crate) log: SigningKey<role::LogSigning>,
    pub(crate) device_card: DeviceCard,
}

impl Identity {
    /// Draws all keys and issues both cards.
    pub(crate) fn create(name: &str, kind: MemberKind, now_ms: i64) -> Result<Self, CardError> {
        let root = SigningKey::generate()?;
        let kem = Secret::generate()?;
        let (object, ledger, log) = (SigningKey::generate()?, SigningKey::generate()?, SigningKey::generate()?);
        let root_card = RootCard::issue(name, kind, &root, &KemPublic::of(&kem)?, now_ms)?;
        let device_card = DeviceCard::issue(
            &root_card,
            &root,
            &object.verifying_key(),
            &ledger.verifying_key(),
            &log.verifying_key(),
            now_ms,
        )?;
        Ok(Self { root, kem, root_card, object, ledger, log, device_card })
    }

    /// The card to hand to others.
    pub(crate) fn card(&self) -> Result<Card, CardError> {
        Card::new(self.root_card.clone(), vec![self.device_card.clone()])
    }

    /// Puts this member's cards into a book.
    pub(crate) fn add_to(&self, cards: &mut CardBook) {
        cards.add_root(self.root_card.clone());
        cards.add_device(self.device_card.clone());
    }

    /// All secrets and both cards, to be sealed.
    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        codec::encode_secret(&Stored {
            version: Version1,
            root: secret(self.root.seed()),
            kem: secret(&self.kem),
            root_card: self.root_card.bytes().to_vec(),
            object: secret(self.object.seed()),
            ledger: secret(self.ledger.seed()),
            log: secret(self.log.seed()),
            device_card: self.device_card.bytes().to_vec(),
            extensions: Extensions::default(),
        })
    }

    /// Takes secrets and cards that were sealed; verifies the cards and that each names the key that is held.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let stored: Stored = codec::decode(bytes)?;
        let root_card = RootCard::open(&stored.root_card).map_err(malformed)?;
        let device_card = DeviceCard::open(&stored.device_card, &root_card).map_err(malformed)?;
        let identity = Self {
            root: key(&stored.root)?,
            kem: Secret::from_slice(stored.kem.expose()).map_err(invalid)?,
            root_card,
            object: key(&stored.object)?,
            ledger: key(&stored.ledger)?,
            log: key(&stored.log)?,
            device_card,
        };
        if identity.belongs_together() { Ok(identity) } else { Err(Malformed::Invalid) }
    }

    fn belongs_together(&self) -> bool {
        let Self { root, kem, root_card, object, ledger, log, device_card } = self;
        root.verifying_key() == *root_card.root_key()
            && KemPublic::of(kem).as_ref() == Ok(root_card.kem())
            && object.verifying_key() == *device_card.object_key()
            && ledger.verifying_key() == *device_card.ledger_key()
            && log.verifying_key() == *device_card.log_key()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root: _, kem: _, root_card, object: _, ledger: _, log: _, device_card } = self;
        f.debug_struct("Identity").field("root", root_card).field("device", device_card).finish_non_exhaustive()
    }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Stored {
    #[n(0)]
    version: Version1,
    #[n(1)]
    root: SecretBytes,
    #[n(2)]
    kem: SecretBytes,
    #[cbor(n(3), with = "minicbor::bytes")]
    root_card: Vec<u8>,
    #[n(4)]
    object: SecretBytes,
    #[n(5)]
    ledger: SecretBytes,
    #[n(6)]
    log: SecretBytes,
    #[cbor(n(7), with = "minicbor::bytes")]
    device_card: Vec<u8>,
    #[n(8)]
    extensions: Extensions,
}

fn secret<R: Role>(secret: &Secret<R>) -> SecretBytes {
    SecretBytes::new(secret.expose())
}

fn key<R: Role>(stored: &SecretBytes) -> Result<SigningKey<R>, Malformed> {
    Secret::from_slice(stored.expose()).map(SigningKey::from_seed).map_err(invalid)
}

fn invalid(_: Failed) -> Malformed {
    Malformed::Invalid
}

fn malformed(error: CardError) -> Malformed {
    match error {
        CardError::NewerFormat => Malformed::Newer,
        _ => Malformed::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_with_all_its_keys() {
        let identity = Identity::create("Lee", MemberKind::Person, 5).unwrap();
        let again = Identity::decode(&identity.encode()).unwrap();
        assert_eq!(again.encode(), identity.encode());
        assert_eq!(again.card().unwrap(), identity.card().unwrap());
        assert_eq!(again.kem, identity.kem);
    }

    /// A key or card of somebody else, spliced in, is found although every part is well-formed.
    #[test]
    fn keys_and_cards_of_two_members_do_not_mix() {
        type Splice = fn(&mut Identity, Identity);
        let create = || Identity::create("Lee", MemberKind::Person, 5).unwrap();
        let splices: [Splice; 8] = [
            |mine, other| mine.root = other.root,
            |mine, other| mine.kem = other.kem,
            |mine, other| mine.root_card = other.root_card,
            |mine, other| mine.object = other.object,
            |mine, other| mine.ledger = other.ledger,
            |mine, other| mine.log = other.log,
            |mine, other| mine.device_card = other.device_card,
            |mine, other| (mine.root_card, mine.device_card) = (other.root_card, other.device_card),
        ];
        for (number, splice) in splices.into_iter().enumerate() {
            let mut mine = create();
            assert!(Identity::decode(&mine.encode()).is_ok());
            splice(&mut mine, create());
            assert_eq!(Identity::decode(&mine.encode()).err(), Some(Malformed::Invalid), "splice {number}");
        }
    }

    #[test]
    fn debug_shows_hashes_only() {
        let identity = Identity::create("Lee", MemberKind::Person, 5).unwrap();
        let expected = format!("Identity {{ root: {:?}, device: {:?}, .. }}", identity.root_card, identity.device_card);
        assert_eq!(format!("{identity:?}"), expected);
    }
}
