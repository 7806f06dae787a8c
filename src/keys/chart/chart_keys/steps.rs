//! Steps of the ledger: from what a custodian wants to an entry that is signed and sealed, and final if this is its home.

use super::{ChartKeys, line_error};
use crate::codec::{self, CardHash, Extensions, GrantId, Hash, Version1};
use crate::crypto::{kdf::Deriver, role, sign::SigningKey};
use crate::error::Error;
use crate::keys::RootCard;
use crate::keys::chart::{
    epoch::ledger_key,
    grant::Grant,
    ledger::{
        Act, Adopt, CutPoint, LedgerEntry, LedgerRow, MAX_REASON, Refusal, Resolve, accept_home, entry_hash, receipt,
        seal_entry,
    },
    ring::Ring,
};

/// What a custodian wants of the ledger.
#[derive(Clone, Debug)]
pub(crate) enum Intent {
    /// To share with the owner of a verified card.
    Share { to: Box<RootCard>, grant: Grant },
    /// To end every grant of some members; of none, to turn the keys only.
    Revoke { roots: Vec<CardHash> },
    /// To let a quarantined version in.
    Adopt { object: Hash, reason: String },
    /// To make this vault the ledger's home; in the vault that is home, to give it a fresh key.
    MoveHome,
    /// To end a fork. Who was revoked in either branch leaves; beside them, `leaving`.
    Resolve { leaving: Vec<CardHash> },
}

/// A change of the ledger, ready to be stored: an entry with its receipt, the grants beside it, and the keys to hold from
/// now on.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) seq: u64,
    pub(crate) row: LedgerRow,
    pub(crate) grants: Vec<(GrantId, Vec<u8>)>,
    pub(crate) ring: Ring,
}

/// An entry that nobody has received yet.
pub(super) struct Draft {
    pub(super) entry: LedgerEntry,
    pub(super) stored: Vec<u8>,
    pub(super) grants: Vec<(GrantId, Vec<u8>)>,
    pub(super) ring: Ring,
}

impl ChartKeys {
    /// Prepares a grant to the owner of a verified card, at home.
    pub(crate) fn share_step(&self, to: &RootCard, grant: &Grant, now_ms: i64) -> Result<Step, Error> {
        let intent = Intent::Share { to: Box::new(to.clone()), grant: grant.clone() };
        self.step(&intent, |_, _| Vec::new(), now_ms)
    }

    /// Prepares the end of every grant of `revoked`, at home, with a fresh seed for those who stay.
    pub(crate) fn revoke_step(
        &self,
        revoked: &[CardHash],
        cuts: impl Fn(u8) -> Vec<CutPoint>,
        now_ms: i64,
    ) -> Result<Step, Error> {
        self.step(&Intent::Revoke { roots: revoked.to_vec() }, |slot, _| cuts(slot), now_ms)
    }

    /// Prepares a step in the vault that is home: it is final once it is stored.
    ///
    /// `cuts` gives, for a compartment, the last entries that are known of the devices of some members.
    pub(crate) fn step(
        &self,
        intent: &Intent,
        cuts: impl Fn(u8, &[CardHash]) -> Vec<CutPoint>,
        now_ms: i64,
    ) -> Result<Step, Error> {
        self.require_custody()?;
        self.require_home()?;
        let Draft { entry, stored, grants, ring } = self.draft(intent, cuts, now_ms)?;
        let actor = self.identity.root_card.hash();
        self.view.admit(&entry, actor, entry_hash(&stored))?;
        let row = self.receive_row(&entry, stored)?;
        Ok(Step { seq: entry.seq, row, grants, ring })
    }

    /// Whether this vault is the ledger's home.
    pub(crate) fn is_home(&self) -> bool {
        self.require_home().is_ok()
    }

    pub(super) fn require_home(&self) -> Result<SigningKey<role::HomeSigning>, Error> {
        let home = self.ring.home().ok_or(Error::NeedsHome)?;
        let is_home = home.verifying_key().to_bytes() == *self.authority().home().as_bytes();
        if is_home { Ok(home) } else { Err(Error::NeedsHome) }
    }

    /// Number of the entry that makes this member a custodian.
    pub(super) fn require_custody(&self) -> Result<u64, Error> {
        let by = self.view.custodian_by(&self.identity.root_card.hash());
        by.ok_or(if self.view.fork().is_some() { Error::Forked } else { Error::NotCustodian })
    }

    /// Signs and seals the entry that an intent comes to.
    pub(super) fn draft(
        &self,
        intent: &Intent,
        cuts: impl Fn(u8, &[CardHash]) -> Vec<CutPoint>,
        now_ms: i64,
    ) -> Result<Draft, Error> {
        self.require_custody()?;
        let (fork, epoch) = (self.view.fork(), self.authority().epoch());
        if fork.is_some() != matches!(intent, Intent::Resolve { .. }) {
            return Err(if fork.is_some() { Error::Forked } else { Error::Superseded });
        }
        let present = self.ledger_key(epoch).ok_or(Error::NotCustodian);
        match intent {
            Intent::Share { to, grant } => {
                let (id, nodes) = (GrantId::random()?, self.nodes_for(grant, epoch)?);
                let (fields, row) = self.seal_grant(id, to, grant, nodes, self.ledger_keys_for(grant, epoch))?;
                let grants = vec![(id, codec::encode(&row))];
                self.signed(Act::Grant(fields), epoch, &present?, grants, self.ring.clone(), now_ms)
            }
            Intent::Revoke { roots } => {
                let turned = self.turn(roots, cuts, now_ms)?;
                let epoch = turned.turn.state.epoch;
                let key = ledger_key(&Deriver::new(&turned.seed), self.chart, epoch);
                self.signed(Act::Revoke(turned.turn), epoch, &key, turned.grants, turned.ring, now_ms)
            }
            Intent::Adopt { object, reason } => {
                if reason.is_empty() || reason.len() > MAX_REASON {
                    return Err(Error::InvalidReason);
                }
                let act = Act::Adopt(Adopt { object: *object, reason: reason.clone() });
                self.signed(act, epoch, &present?, Vec::new(), self.ring.clone(), now_ms)
            }
            Intent::MoveHome => {
                let mut ring = self.ring.clone();
                let waiting = ring.home().filter(|_| !self.is_home());
                let home = waiting.map_or_else(SigningKey::generate, Ok)?;
                ring.set_home(&home);
                let act = accept_home(self.chart, self.identity.root_card.hash(), &home).map_err(line_error)?;
                self.signed(Act::MoveHome(act), epoch, &present?, Vec::new(), ring, now_ms)
            }
            Intent::Resolve { leaving } => {
                let mut others: Vec<_> = fork.into_iter().flat_map(|fork| fork.heads.into_iter().skip(1)).collect();
                others.sort_unstable_by_key(|head| head.hash);
                let turned = self.turn(leaving, cuts, now_ms)?;
                let epoch = turned.turn.state.epoch;
                let key = ledger_key(&Deriver::new(&turned.seed), self.chart, epoch);
                let act = Act::Resolve(Resolve { others, turn: turned.turn });
                self.signed(act, epoch, &key, turned.grants, turned.ring, now_ms)
            }
        }
    }

    pub(super) fn signed(
        &self,
        act: Act,
        epoch: u32,
        key: &crate::crypto::Secret<role::Ledger>,
        grants: Vec<(GrantId, Vec<u8>)>,
        ring: Ring,
        now_ms: i64,
    ) -> Result<Draft, Error> {
        let main = self.authority();
        // The act is made on the line that we go by, so that is where its authority stands.
        let authority = main.custodian_by(&self.identity.root_card.hash()).ok_or(Error::NotCustodian)?;
        let entry = LedgerEntry {
            version: Version1,
            chart: self.chart,
            seq: main.head_seq().saturating_add(1),
            previous: main.head(),
            actor: self.identity.device_card.hash(),
            authority,
            time_ms: now_ms,
            act,
            extensions: Extensions::default(),
        };
        let stored = seal_entry(self.suite, &entry, epoch, key, &self.identity.ledger).map_err(line_error)?;
        Ok(Draft { entry, stored, grants, ring })
    }

    /// Signs the receipt of an entry that the rules admit.
    pub(super) fn receive_row(&self, entry: &LedgerEntry, stored: Vec<u8>) -> Result<LedgerRow, Error> {
        let next_home = match &entry.act {
            Act::MoveHome(to) => Some(to.home),
            _ => None,
        };
        let home = self.require_home()?;
        let receipt = receipt(self.chart, entry.seq, entry_hash(&stored), &home, next_home).map_err(line_error)?;
        Ok(LedgerRow { stored, receipt })
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Stale | Refusal::AlreadyDone | Refusal::EndedMeanwhile | Refusal::HomeMoved => Self::Superseded,
            Refusal::Forked => Self::Forked,
            Refusal::NotCustodian => Self::NotCustodian,
            Refusal::KeepsHome => Self::KeepsHome,
            Refusal::NotAllowed | Refusal::UnknownCard => Self::unopenable(),
        }
    }
}
