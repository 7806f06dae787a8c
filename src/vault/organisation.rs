//! What an organisation's vault says of its members' cards.

use super::event::{Event, EventKind};
use super::logs::Write;
use super::{Vault, session::Session};
use crate::codec::VaultId;
use crate::error::Error;
use crate::keys::{Card, CardError, Certificate, ExternalId, Identity, MemberKind, Withdrawals};
use crate::store::{Snapshot, Table};

/// Row of the list of withdrawn certificates, in the vault's own table.
const WITHDRAWALS_KEY: &[u8] = b"withdrawals";

impl Vault {
    /// Certifies a card: it belongs to the member with this id in the organisation's directory, until a time in milliseconds
    /// since 1970, or until it is withdrawn. Keep what it returns; hand it over beside the card.
    ///
    /// Whoever has verified the organisation need not compare fingerprints with its members.
    pub fn certify(&self, card: &Card, id: &ExternalId, not_after_ms: Option<i64>) -> Result<Certificate, Error> {
        self.inner.with(|session| {
            let me = organisation(session)?;
            if card.kind() == MemberKind::Organisation {
                return Err(Error::NotOrganisation);
            }
            Certificate::sign(me, card, id, not_after_ms, self.inner.now_ms()).map_err(invalid)
        })
    }

    /// Takes a certificate back. Returns the signed list of all that were, as [`Self::withdrawals`] does: whoever relies on
    /// certificates needs the latest.
    pub fn withdraw(&self, certificate: &[u8]) -> Result<Vec<u8>, Error> {
        self.inner.with(|session| {
            let (me, vault) = (organisation(session)?, session.unlocked.vault_id());
            let certificate = Certificate::open(certificate, &me.root_card).map_err(invalid)?;
            let mut write = Write::begin(&self.inner, session)?;
            let before = list(&*write.tx, me, vault)?;
            if let Some(before) = before.as_ref().filter(|before| before.names(&certificate.hash())) {
                return Ok(before.bytes().to_vec());
            }
            let next = Withdrawals::sign(me, before.as_ref(), Some(certificate.hash()), self.inner.now_ms());
            let next = next.map_err(invalid)?;
            let row = next.seal(&me.archive, vault).map_err(|_| Error::unopenable())?;
            write.tx.put(Table::Vault, b"", WITHDRAWALS_KEY, &row)?;
            write.event(Event::new(EventKind::Contact, self.inner.now_ms()));
            write.commit()?;
            Ok(next.bytes().to_vec())
        })
    }

    /// The signed list of all certificates that were taken back, to be handed to whoever relies on them.
    pub fn withdrawals(&self) -> Result<Vec<u8>, Error> {
        self.inner.with(|session| {
            let me = organisation(session)?;
            let known = list(&*self.inner.store.read()?, me, session.unlocked.vault_id())?;
            let list = known.map_or_else(|| Withdrawals::sign(me, None, None, self.inner.now_ms()), Ok);
            Ok(list.map_err(invalid)?.bytes().to_vec())
        })
    }
}

fn organisation(session: &Session) -> Result<&Identity, Error> {
    let me = session.unlocked.identity();
    if me.root_card.kind() == MemberKind::Organisation { Ok(me) } else { Err(Error::NotOrganisation) }
}

fn list(snapshot: &dyn Snapshot, me: &Identity, vault: VaultId) -> Result<Option<Withdrawals>, Error> {
    let row = snapshot.get(Table::Vault, b"", WITHDRAWALS_KEY)?;
    let open = |row: Vec<u8>| Withdrawals::unseal(&me.archive, vault, &row, &me.root_card);
    row.map(open).transpose().map_err(Error::of_malformed)
}

fn invalid(error: CardError) -> Error {
    match error {
        CardError::NewerFormat => Error::NewerFormat,
        CardError::Random(error) => Error::Random(error),
        CardError::Invalid | CardError::Name => Error::InvalidCertificate,
    }
}
