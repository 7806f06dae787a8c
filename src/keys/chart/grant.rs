//! Grants: what a custodian gives to a contact, and how it is sealed to that person.

use super::node::{Node, NodeRef};
use crate::codec::{self, CardHash, ChartId, Extensions, GrantId, Hash, Malformed, SecretBytes, Version1};
use crate::crypto::{
    Failed, Secret, kdf, role,
    seal::{self, KemPublic, SealError},
};
use crate::error::Error;
use crate::record::Label;
use minicbor::{Decode, Encode};

/// Why a chart is shared: purpose of use, after HL7 v3 `ActReason`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Purpose {
    /// `TREAT`: treatment.
    #[default]
    #[n(1)]
    Treat,
    /// `ETREAT`: emergency treatment.
    #[n(2)]
    EmergencyTreat,
    /// `BTG`: break the glass.
    #[n(3)]
    BreakTheGlass,
    /// `HPAYMT`: payment.
    #[n(4)]
    Payment,
    /// `HOPERAT`: operations.
    #[n(5)]
    Operations,
    /// `HRESCH`: research.
    #[n(6)]
    Research,
    /// `PUBHLTH`: public health.
    #[n(7)]
    PublicHealth,
    /// `PATRQT`: the patient asked for it.
    #[n(8)]
    PatientRequest,
    /// `FAMRQT`: the family asked for it.
    #[n(9)]
    FamilyRequest,
    /// `PWATRNY`: power of attorney.
    #[n(10)]
    PowerOfAttorney,
    /// `SUPNWK`: support network.
    #[n(11)]
    SupportNetwork,
}

impl Purpose {
    /// The code in HL7 v3 `ActReason`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Treat => "TREAT",
            Self::EmergencyTreat => "ETREAT",
            Self::BreakTheGlass => "BTG",
            Self::Payment => "HPAYMT",
            Self::Operations => "HOPERAT",
            Self::Research => "HRESCH",
            Self::PublicHealth => "PUBHLTH",
            Self::PatientRequest => "PATRQT",
            Self::FamilyRequest => "FAMRQT",
            Self::PowerOfAttorney => "PWATRNY",
            Self::SupportNetwork => "SUPNWK",
        }
    }
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Rights {
    /// Read.
    #[n(1)]
    Read,
    /// Read, and add entries and versions.
    #[n(2)]
    Write,
    /// All of a chart, and share and revoke.
    #[n(3)]
    Custodian,
}

/// What is shared with a contact. Without labels it is all of them; without an end it lasts until revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub(crate) rights: Rights,
    pub(crate) labels: Vec<Label>,
    pub(crate) history: bool,
    pub(crate) purpose: Purpose,
    pub(crate) not_after_ms: Option<i64>,
}

impl Grant {
    /// The right to read.
    pub fn read() -> Self {
        Self { rights: Rights::Read, labels: Vec::new(), history: true, purpose: Purpose::Treat, not_after_ms: None }
    }

    /// The right to read, and to add entries and versions.
    pub fn write() -> Self {
        Self { rights: Rights::Write, ..Self::read() }
    }

    /// All rights: who holds this may share the chart, and revoke. It cannot be limited to labels.
    pub fn custodian() -> Self {
        Self { rights: Rights::Custodian, ..Self::read() }
    }

    /// Adds a label. A grant with labels is of these only.
    #[must_use]
    pub fn label(mut self, label: Label) -> Self {
        self.labels.push(label);
        self
    }

    /// Leaves out what was written before the last revocation.
    #[must_use]
    pub fn without_history(mut self) -> Self {
        self.history = false;
        self
    }

    /// Purpose of use; treatment unless said.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Last moment, in milliseconds since 1970. A policy that honest software keeps; `maintenance` makes it final.
    #[must_use]
    pub fn until(mut self, not_after_ms: i64) -> Self {
        self.not_after_ms = Some(not_after_ms);
        self
    }

    /// Fails where the grant would end before it begins, as one does whose end was given in seconds.
    pub(crate) fn require_ahead(&self, now_ms: i64) -> Result<(), Error> {
        if self.not_after_ms.is_none_or(|end| now_ms <= end) { Ok(()) } else { Err(Error::UnfitGrant) }
    }
}

/// A grant as the ledger records it, inside a sealed entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct GrantFields {
    #[n(0)]
    pub(crate) id: GrantId,
    /// Kind of grantee: 1 person, 2 service, 3 team.
    #[n(1)]
    pub(crate) grantee: u8,
    #[n(2)]
    pub(crate) nodes: Vec<NodeRef>,
    #[n(3)]
    pub(crate) rights: Rights,
    #[n(4)]
    pub(crate) history: bool,
    /// Root card of the grantee.
    #[n(5)]
    pub(crate) recipient: CardHash,
    #[n(6)]
    pub(crate) purpose: Purpose,
    /// Milliseconds since 1970.
    #[n(7)]
    pub(crate) not_after_ms: Option<i64>,
    /// H("grant", enc ‖ ciphertext).
    #[n(8)]
    pub(crate) sealed: Hash,
    #[n(9)]
    pub(crate) extensions: Extensions,
}

/// What is sealed to the grantee.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct GrantBody {
    #[n(0)]
    pub(crate) version: Version1,
    #[n(1)]
    pub(crate) nodes: Vec<Node>,
    /// Ledger keys of all epochs that the grantee may see.
    #[n(2)]
    pub(crate) ledger_keys: Vec<LedgerKey>,
    /// The ledger entry before the one that grants.
    #[n(3)]
    pub(crate) ledger_seq: u64,
    #[n(4)]
    pub(crate) ledger_hash: Hash,
    #[n(5)]
    pub(crate) extensions: Extensions,
}

/// The ledger key of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct LedgerKey {
    #[n(0)]
    pub(crate) epoch: u32,
    #[n(1)]
    pub(crate) key: SecretBytes,
}

/// A sealed grant as it stands in a row: clear card hashes, sealed body.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct GrantRow {
    #[n(0)]
    pub(crate) version: Version1,
    #[n(1)]
    pub(crate) granter: CardHash,
    #[n(2)]
    pub(crate) recipient: CardHash,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(crate) sealed: Vec<u8>,
    #[n(4)]
    pub(crate) extensions: Extensions,
}

impl GrantRow {
    /// Seals a body to its recipient.
    pub(crate) fn seal(
        chart: &ChartId,
        id: &GrantId,
        granter: CardHash,
        recipient: CardHash,
        to: &KemPublic,
        body: &GrantBody,
    ) -> Result<Self, SealError> {
        let info = info(chart, id, &granter, &recipient);
        let sealed = seal::seal_to(to, &info, &codec::encode_secret(body))?;
        Ok(Self { version: Version1, granter, recipient, sealed, extensions: Extensions::default() })
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        codec::decode(bytes)
    }

    /// H("grant", enc ‖ ciphertext), which the ledger signs.
    pub(crate) fn hash(&self) -> Hash {
        Hash::from_bytes(kdf::hash("grant", &[&self.sealed]))
    }

    /// Opens the body with the recipient's key.
    pub(crate) fn open(
        &self,
        chart: &ChartId,
        id: &GrantId,
        secret: &Secret<role::KemSecret>,
    ) -> Result<GrantBody, Failed> {
        let info = info(chart, id, &self.granter, &self.recipient);
        let plaintext = seal::open_from(secret, &info, &self.sealed)?;
        codec::decode(&plaintext).map_err(|_| Failed)
    }
}

fn info(chart: &ChartId, id: &GrantId, granter: &CardHash, recipient: &CardHash) -> Vec<u8> {
    let mut info = kdf::label("grant");
    let parts: [&[u8]; 4] = [chart.as_bytes(), id.as_bytes(), granter.as_bytes(), recipient.as_bytes()];
    for part in parts {
        info.extend_from_slice(part);
    }
    info
}
