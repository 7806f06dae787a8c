//! Granting: what is sealed to a member, and what a member takes.

use super::ChartKeys;
use crate::codec::{ChartId, Extensions, GrantId, Version1};
use crate::crypto::{Failed, RandomError, seal::SealError};
use crate::error::Error;
use crate::keys::chart::{
    grant::{Grant, GrantBody, GrantFields, GrantRow, LedgerKey, Rights},
    node::{Held, Node, NodeRef},
};
use crate::keys::{Identity, RootCard};

impl ChartKeys {
    pub(super) fn nodes_for(&self, grant: &Grant, epoch: u32) -> Result<Vec<Node>, Error> {
        nodes_of(&self.held, epoch, grant)
    }

    pub(super) fn ledger_keys_for(&self, grant: &Grant, epoch: u32) -> Vec<LedgerKey> {
        self.ring.ledger_keys().iter().filter(|key| grant.history || key.epoch == epoch).cloned().collect()
    }

    pub(super) fn seal_grant(
        &self,
        id: GrantId,
        to: &RootCard,
        grant: &Grant,
        nodes: Vec<Node>,
        ledger_keys: Vec<LedgerKey>,
    ) -> Result<(GrantFields, GrantRow), Error> {
        let mut refs: Vec<NodeRef> = nodes.iter().map(|node| node.of).collect();
        refs.sort_unstable();
        let body = GrantBody {
            version: Version1,
            nodes,
            ledger_keys,
            ledger_seq: self.authority().head_seq(),
            ledger_hash: self.authority().head(),
            extensions: Extensions::default(),
        };
        let (granter, recipient) = (self.identity.root_card.hash(), to.hash());
        let row =
            GrantRow::seal(&self.chart, &id, granter, recipient, to.kem(), &body).map_err(|error| match error {
                SealError::Failed => Error::InvalidCard,
                SealError::Random => Error::Random(RandomError),
            })?;
        let fields = GrantFields {
            id,
            grantee: to.kind() as u8,
            nodes: refs,
            rights: grant.rights,
            history: grant.history,
            recipient,
            purpose: grant.purpose,
            not_after_ms: grant.not_after_ms,
            sealed: row.hash(),
            extensions: Extensions::default(),
        };
        Ok((fields, row))
    }

    /// Opens a grant that stands in a row, if it is for this member and the ledger signed it. Whether the ledger did
    /// can be checked only after its keys are known, so the caller assembles with the result and then calls
    /// [`Self::confirm_grant`].
    pub(crate) fn open_grant(
        identity: &Identity,
        chart: &ChartId,
        id: &GrantId,
        row: &GrantRow,
    ) -> Result<GrantBody, Failed> {
        if row.recipient != identity.root_card.hash() {
            return Err(Failed);
        }
        row.open(chart, id, &identity.kem)
    }

    /// Whether the ledger granted exactly this row and body. Anybody can seal to a card in anybody's name: who grants is
    /// who signed the ledger entry.
    pub(crate) fn confirm_grant(&self, id: &GrantId, row: &GrantRow, body: &GrantBody) -> bool {
        let mut refs: Vec<NodeRef> = body.nodes.iter().map(|node| node.of).collect();
        refs.sort_unstable();
        self.view.lines().any(|line| {
            line.grant(id).is_some_and(|(fields, granter)| {
                fields.sealed == row.hash()
                    && fields.recipient == row.recipient
                    && granter == row.granter
                    && fields.nodes == refs
                    && line.has(body.ledger_seq, &body.ledger_hash)
            })
        })
    }
}

/// The nodes that a grant is of, in one epoch.
pub(super) fn nodes_of(held: &Held, epoch: u32, grant: &Grant) -> Result<Vec<Node>, Error> {
    if grant.rights == Rights::Custodian {
        if !grant.labels.is_empty() || !grant.history || grant.not_after_ms.is_some() {
            return Err(Error::UnfitGrant);
        }
        return Ok(vec![Node::seed(epoch, held.seed(epoch).ok_or(Error::NotCustodian)?)]);
    }
    let mut slots = Vec::new();
    for label in &grant.labels {
        slots.push(held.slot_of(epoch, label).ok_or(Error::UnknownLabel)?);
    }
    if grant.labels.is_empty() {
        slots.extend(held.slots(epoch));
    }
    slots.sort_unstable();
    slots.dedup();
    let mut nodes = Vec::with_capacity(slots.len());
    for slot in slots {
        let key = held.compartment(epoch, slot).ok_or(Error::NotCustodian)?;
        let id = key.path().compartment;
        nodes.push(if grant.history {
            Node::compartment(id, epoch, key)
        } else {
            Node::content(id, epoch, key, held.label(slot).ok_or(Error::NotCustodian)?)
        });
    }
    Ok(nodes)
}
