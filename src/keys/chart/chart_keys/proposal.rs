//! Proposals: entries that a custodian elsewhere signed and sealed, for the home to receive.

use super::{
    ChartKeys,
    steps::{Draft, Intent, Step},
};
use crate::codec::{self, CardHash, ChartId, Extensions, GrantId, Hash, Malformed, Version1};
use crate::error::Error;
use crate::keys::chart::{
    grant::{Grant, GrantBody, GrantFields, GrantRow, Rights},
    ledger::{
        Act, CutPoint, LedgerEntry, LineError, Place, Proposed, Readable, Refusal, entry_hash, is_in_epoch, read_entry,
    },
    ring::Ring,
};
use minicbor::{Decode, Encode, bytes::ByteVec};

/// A step that waits for the home.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Proposal {
    #[n(0)]
    version: Version1,
    #[n(1)]
    chart: ChartId,
    /// Number that the entry is to have, and the hash of the one before.
    #[n(2)]
    seq: u64,
    #[n(3)]
    previous: Hash,
    /// The entry as it is to be stored.
    #[n(4)]
    stored: ByteVec,
    /// The rows of all grants that the entry makes.
    #[n(5)]
    pub(super) grants: Vec<(GrantId, ByteVec)>,
    #[n(6)]
    extensions: Extensions,
}

/// Grants of a proposal that are for this vault, opened.
type OwnGrants = Vec<(GrantId, GrantRow, GrantBody)>;

/// What became of a proposal, by the line that its author holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No entry has its number yet.
    Waiting,
    /// It is in the ledger.
    Committed,
    /// Another entry came first: [`ChartKeys::renew`] it.
    Lost,
}

impl Proposal {
    pub(super) fn of(keys: &ChartKeys, draft: Draft) -> Self {
        let Draft { entry, stored, grants, ring: _ } = draft;
        Self {
            version: Version1,
            chart: keys.chart,
            seq: entry.seq,
            previous: entry.previous,
            stored: stored.into(),
            grants: grants.into_iter().map(|(id, row)| (id, row.into())).collect(),
            extensions: Extensions::default(),
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        codec::decode(bytes)
    }

    /// The chart that it is for.
    pub(crate) fn chart(&self) -> ChartId {
        self.chart
    }

    /// What became of it.
    pub(crate) fn fate(&self, keys: &ChartKeys) -> Fate {
        match keys.authority().hash_at(self.seq) {
            None => Fate::Waiting,
            Some(hash) if hash == entry_hash(&self.stored) => Fate::Committed,
            Some(_) => Fate::Lost,
        }
    }
}

impl ChartKeys {
    /// Prepares a step in a custodian's vault that is not home. It has no effect before the home has received it; keep it,
    /// and the ring that comes with it, until then.
    ///
    /// `cuts` is as for [`Self::step`].
    pub(crate) fn propose(
        &self,
        intent: &Intent,
        cuts: impl Fn(u8, &[CardHash]) -> Vec<CutPoint>,
        now_ms: i64,
    ) -> Result<(Proposal, Ring), Error> {
        let draft = self.draft(intent, cuts, now_ms)?;
        self.view.admit(&draft.entry, self.identity.root_card.hash(), entry_hash(&draft.stored))?;
        // The keys of an epoch come with its entry, if it becomes one: two that both wanted to be the next would not go
        // together. Only the key of a home that is to be is kept.
        let mut kept = self.ring.clone();
        if let (Act::MoveHome(_), Some(home)) = (&draft.entry.act, draft.ring.home()) {
            kept.set_home(&home);
        }
        Ok((Proposal::of(self, draft), kept))
    }

    /// Receives a proposal, at home: verifies all of it, and gives the step to store. A proposal that is not on top of the
    /// last entry is [`Refusal::Stale`], however often it comes.
    pub(crate) fn receive(&self, proposal: &Proposal) -> Result<Step, Refusal> {
        self.require_home().map_err(|_| Refusal::NotAllowed)?;
        let (mut ring, own) = self.ring_with(proposal)?;
        let main = self.authority();
        let at = Place { chart: self.chart, suite: self.suite, seq: proposal.seq, previous: proposal.previous };
        if !main.has(at.seq.saturating_sub(1), &at.previous) || at.seq != main.head_seq().saturating_add(1) {
            return Err(Refusal::Stale);
        }
        let Proposed { entry, actor, hash } = self.read_proposed(proposal, &ring)?;
        self.view.admit(&entry, actor, hash)?;
        if !is_in_epoch(&proposal.stored, &entry.act, main.epoch()) {
            return Err(Refusal::NotAllowed);
        }
        self.require_rows(proposal, &entry, &actor)?;
        let row = self.receive_row(&entry, proposal.stored.to_vec()).map_err(|_| Refusal::NotAllowed)?;
        // The home must be able to go on: its own keys are what the entry says, and all of them.
        if own.is_empty() {
            ring = self.ring.clone();
        }
        let mut rows = self.rows.clone();
        rows.main.push(row.clone());
        let after = Self::assemble(rows, ring.clone(), self.cards.clone(), &self.identity);
        let after = after.map_err(|_| Refusal::NotAllowed)?;
        let confirmed = own.iter().all(|(id, row, body)| after.confirm_grant(id, row, body));
        if !confirmed || !after.is_custodian() || after.held.seed(after.authority().epoch()).is_none() {
            return Err(Refusal::NotAllowed);
        }
        let grants = proposal.grants.iter().map(|(id, row)| (*id, row.to_vec())).collect();
        Ok(Step { seq: entry.seq, row, grants, ring })
    }

    /// Makes a proposal of this vault's own again, after another entry came first: on top of the last entry, with every
    /// grant sealed anew. Refused where the step is not to be repeated without asking.
    pub(crate) fn renew(
        &self,
        proposal: &Proposal,
        cuts: impl Fn(u8, &[CardHash]) -> Vec<CutPoint>,
        now_ms: i64,
    ) -> Result<(Proposal, Ring), Error> {
        let (ring, _) = self.ring_with(proposal)?;
        let Proposed { entry, actor, .. } = self.read_proposed(proposal, &ring)?;
        if actor != self.identity.root_card.hash() {
            return Err(Error::NotCustodian);
        }
        self.view.renewable(&entry, actor)?;
        self.propose(&self.intent_of(&entry)?, cuts, now_ms)
    }

    /// What the author of an entry wanted, in terms of what is there now.
    fn intent_of(&self, entry: &LedgerEntry) -> Result<Intent, Error> {
        Ok(match &entry.act {
            Act::Grant(fields) => {
                let to = self.cards.root(&fields.recipient).ok_or_else(Error::unopenable)?;
                Intent::Share { to: Box::new(to.as_ref().clone()), grant: self.grant_of(fields) }
            }
            Act::Revoke(revoke) => {
                let before = self.authority().members_at(entry.seq);
                let left = |root: &CardHash| !revoke.staying.iter().any(|fields| fields.recipient == *root);
                let now = self.authority().members();
                let there = |root: &CardHash| now.iter().any(|member| member.root == *root);
                let roots = before.iter().map(|member| member.root);
                Intent::Revoke { roots: roots.filter(|root| left(root) && there(root)).collect() }
            }
            Act::Adopt(adopt) => Intent::Adopt { object: adopt.object, reason: adopt.reason.clone() },
            Act::MoveHome(_) => Intent::MoveHome,
            Act::KeyState(_) | Act::Resolve(_) => return Err(Error::Superseded),
        })
    }

    /// The terms of a grant, of which this vault is a custodian.
    pub(super) fn grant_of(&self, fields: &GrantFields) -> Grant {
        if fields.rights == Rights::Custodian {
            return Grant::custodian();
        }
        let main = self.authority();
        let state = main.states().get(&main.epoch());
        let slot = |node: &crate::keys::chart::node::NodeRef| state.and_then(|state| state.slot_of(&node.compartment));
        Grant {
            rights: fields.rights,
            labels: fields.nodes.iter().filter_map(|node| self.held.label(slot(node)?.0).cloned()).collect(),
            history: fields.history,
            purpose: fields.purpose,
            not_after_ms: fields.not_after_ms,
        }
    }

    fn read_proposed(&self, proposal: &Proposal, ring: &Ring) -> Result<Proposed, Refusal> {
        let at = Place { chart: self.chart, suite: self.suite, seq: proposal.seq, previous: proposal.previous };
        let keys = ring.ledger_secrets().map_err(|_| Refusal::NotAllowed)?;
        let with = Readable { keys: &keys, cards: &self.cards };
        match read_entry(&proposal.stored, &at, &with) {
            Ok(Some(proposed)) => Ok(proposed),
            Err(LineError::UnknownCard) => Err(Refusal::UnknownCard),
            Ok(None) | Err(_) => Err(Refusal::NotAllowed),
        }
    }

    /// This vault's ring, with what a proposal would grant to it.
    fn ring_with(&self, proposal: &Proposal) -> Result<(Ring, OwnGrants), Refusal> {
        if proposal.chart != self.chart {
            return Err(Refusal::NotAllowed);
        }
        let (mut ring, mut own) = (self.ring.clone(), Vec::new());
        for (id, bytes) in &proposal.grants {
            let row = GrantRow::parse(bytes).map_err(|_| Refusal::NotAllowed)?;
            if row.recipient != self.identity.root_card.hash() {
                continue;
            }
            let opened = Self::open_grant(&self.identity, &self.chart, id, &row);
            let body = opened.map_err(|_| Refusal::NotAllowed)?;
            ring.add(&body.nodes, &body.ledger_keys);
            own.push((*id, row, body));
        }
        Ok((ring, own))
    }

    /// Every grant of an entry comes with its row, and nothing else does; everybody is known, so that he can be granted
    /// anew when the keys turn.
    fn require_rows(&self, proposal: &Proposal, entry: &LedgerEntry, actor: &CardHash) -> Result<(), Refusal> {
        let made = match &entry.act {
            Act::Grant(fields) => core::slice::from_ref(fields),
            Act::Revoke(revoke) => &revoke.staying,
            Act::Resolve(resolve) => &resolve.turn.staying,
            Act::KeyState(_) | Act::Adopt(_) | Act::MoveHome(_) => &[],
        };
        if made.len() != proposal.grants.len() {
            return Err(Refusal::NotAllowed);
        }
        for fields in made {
            let row = proposal.grants.iter().find(|(id, _)| *id == fields.id).map(|(_, row)| GrantRow::parse(row));
            let Some(Ok(row)) = row else { return Err(Refusal::NotAllowed) };
            if row.hash() != fields.sealed || row.recipient != fields.recipient || row.granter != *actor {
                return Err(Refusal::NotAllowed);
            }
            self.cards.root(&fields.recipient).ok_or(Refusal::UnknownCard)?;
        }
        Ok(())
    }
}
