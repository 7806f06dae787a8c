//! What a log's leaves hold: events, sealed under a key of their own.

use crate::codec::{
    self, CardHash, ChartId, EntryId, Extensions, Hash, Malformed, SecretBytes, VaultId, Version1, padding,
};
use crate::crypto::chunked::{self, Sealer};
use crate::crypto::{RandomError, Secret, Suite, kdf, role};
use crate::envelope::Actor;
use crate::error::Error;
use crate::store::{Snapshot, Table, Transaction};
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, Zeroizing};

/// Row of the vault's audit keys.
const AUDIT_KEY: &[u8] = b"audit";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum EventKind {
    /// The vault was created.
    #[n(1)]
    Create,
    /// The vault was opened.
    #[n(2)]
    Unlock,
    /// Somebody tried to open the vault, and had no right factor.
    #[n(3)]
    UnlockFailed,
    /// A version was written; deletions too.
    #[n(4)]
    Write,
    /// An entry, a version or a history was read.
    #[n(5)]
    Read,
    /// A chart was searched or listed.
    #[n(6)]
    Find,
    /// A bundle was made, or a chart handed out in the clear: then the note says to whom.
    #[n(7)]
    Export,
    /// A bundle was taken in.
    #[n(8)]
    Import,
    /// A chart was founded.
    #[n(9)]
    Found,
    /// A chart was shared.
    #[n(10)]
    Share,
    /// A grant was ended.
    #[n(11)]
    Revoke,
    /// Contacts were changed.
    #[n(12)]
    Contact,
    /// What a chart is about was changed in the directory, or the directory was searched.
    #[n(13)]
    Directory,
    /// Ways in or devices were changed.
    #[n(14)]
    Access,
    /// A restored or copied store was taken on, or what a sender of bundles contradicted.
    #[n(15)]
    Restore,
    /// What grows was tidied, what was damaged repaired.
    #[n(16)]
    Maintain,
    /// The events themselves were read.
    #[n(17)]
    Audit,
    /// A version that was kept apart was let in.
    #[n(18)]
    Adopt,
}

impl EventKind {
    /// A word for it, which stays the same.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Unlock => "unlock",
            Self::UnlockFailed => "unlock-failed",
            Self::Write => "write",
            Self::Read => "read",
            Self::Find => "find",
            Self::Export => "export",
            Self::Import => "import",
            Self::Found => "found",
            Self::Share => "share",
            Self::Revoke => "revoke",
            Self::Contact => "contact",
            Self::Directory => "directory",
            Self::Access => "access",
            Self::Restore => "restore",
            Self::Maintain => "maintain",
            Self::Audit => "audit",
            Self::Adopt => "adopt",
        }
    }
}

/// An event as it is sealed.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Event {
    #[n(0)]
    pub(crate) kind: EventKind,
    #[n(1)]
    pub(crate) time_ms: i64,
    #[n(2)]
    pub(crate) chart: Option<ChartId>,
    #[n(3)]
    pub(crate) entry: Option<EntryId>,
    /// Of the version written, or of the ledger entry.
    #[n(4)]
    pub(crate) hash: Option<Hash>,
    /// Place of the version in its chain.
    #[n(5)]
    pub(crate) chain_seq: Option<u64>,
    /// Root card of the other member.
    #[n(6)]
    pub(crate) member: Option<CardHash>,
    #[n(7)]
    pub(crate) actor: Option<Actor>,
    /// It was refused or failed.
    #[n(8)]
    pub(crate) refused: bool,
    /// Number that an error told.
    #[n(9)]
    pub(crate) incident: Option<u64>,
    /// What a person gave as the reason, or how often it happened.
    #[n(10)]
    pub(crate) note: Option<String>,
    #[n(11)]
    pub(crate) extensions: Extensions,
}

impl Event {
    pub(crate) fn new(kind: EventKind, time_ms: i64) -> Self {
        Self {
            kind,
            time_ms,
            chart: None,
            entry: None,
            hash: None,
            chain_seq: None,
            member: None,
            actor: None,
            refused: false,
            incident: None,
            note: None,
            extensions: Extensions::default(),
        }
    }

    pub(crate) fn on(mut self, chart: ChartId) -> Self {
        self.chart = Some(chart);
        self
    }

    /// Says how it went.
    pub(crate) fn went<T>(mut self, result: &Result<T, Error>) -> Self {
        if let Err(error) = result {
            self.refused = true;
            self.incident = error.incident();
        }
        self
    }
}

/// Who did what for whom is wiped as plaintext is.
impl Zeroize for Event {
    fn zeroize(&mut self) {
        let Self { actor, note, .. } = self;
        if let Some(Actor { issuer, subject, session, purpose }) = actor {
            [issuer, subject, session, purpose].into_iter().for_each(Zeroize::zeroize);
        }
        note.zeroize();
    }
}

/// The random keys that events are sealed under, by audit epoch. They open nothing else.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct AuditKeys {
    #[n(0)]
    version: Version1,
    #[n(1)]
    keys: Vec<SecretBytes>,
    #[n(2)]
    extensions: Extensions,
}

impl AuditKeys {
    pub(super) fn create() -> Result<Self, RandomError> {
        let first = SecretBytes::new(Secret::<role::Audit>::generate()?.expose());
        Ok(Self { version: Version1, keys: vec![first], extensions: Extensions::default() })
    }

    /// What seals with the newest.
    pub(super) fn sealer(&self, suite: Suite) -> Result<Sealer<role::Audit>, Error> {
        let newest =
            self.keys.last().and_then(|key| Secret::from_slice(key.expose()).ok()).ok_or_else(Error::unopenable)?;
        Sealer::new(suite, &newest).map_err(|_| Error::unopenable())
    }

    /// All, the newest first.
    pub(super) fn all(&self) -> Vec<Secret<role::Audit>> {
        self.keys.iter().rev().filter_map(|key| Secret::from_slice(key.expose()).ok()).collect()
    }

    pub(super) fn read(
        snapshot: &dyn Snapshot,
        suite: Suite,
        key: &Secret<role::KeyringKey>,
        vault: &VaultId,
    ) -> Result<Self, Error> {
        let sealed = snapshot.get(Table::Vault, b"", AUDIT_KEY)?.ok_or_else(Error::unopenable)?;
        let padded = chunked::open(suite, key, &[&context(vault)], &sealed).map_err(|_| Error::unopenable())?;
        codec::decode(padding::unpad(&padded).ok_or_else(Error::unopenable)?).map_err(Error::of_malformed)
    }

    pub(super) fn put(
        &self,
        tx: &mut dyn Transaction,
        suite: Suite,
        key: &Secret<role::KeyringKey>,
        vault: &VaultId,
    ) -> Result<(), Error> {
        let padded = padding::pad(&codec::encode_secret(self)).ok_or_else(Error::unopenable)?;
        let sealed = chunked::seal(suite, key, chunked::salt(key, &padded)?, &[&context(vault)], &padded);
        let sealed = sealed.map_err(|_| Error::unopenable())?;
        Ok(tx.put(Table::Vault, b"", AUDIT_KEY, &sealed)?)
    }
}

/// label("audit-keys") ‖ vault.
fn context(vault: &VaultId) -> Vec<u8> {
    let mut context = kdf::label("audit-keys");
    context.extend_from_slice(vault.as_bytes());
    context
}

/// A group of events as the leaf of a log holds it.
pub(super) fn encode(events: &[&Event]) -> Zeroizing<Vec<u8>> {
    codec::encode_secret(&events)
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, Malformed> {
    codec::decode(bytes)
}
