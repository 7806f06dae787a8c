//! Who holds what of a chart.

use super::ChartKeys;
#[cfg(feature = "testing")]
use crate::codec::CompartmentId;
use crate::codec::{CardHash, GrantId};
use crate::error::Error;
use crate::keys::chart::{
    grant::{GrantFields, Rights},
    ledger::Member,
};
use crate::record::Label;

/// What of a chart a member may read.
pub(crate) struct Visible {
    /// Compartments by number.
    pub(crate) slots: Vec<u8>,
    /// First epoch.
    pub(crate) from_epoch: u32,
}

impl ChartKeys {
    /// Everyone with rights now.
    pub(crate) fn members(&self) -> Vec<Member> {
        self.view.members()
    }

    /// Labels of the compartments that are held in the newest epoch.
    pub fn labels(&self) -> Vec<Label> {
        let epoch = self.authority().epoch();
        self.held.slots(epoch).filter_map(|slot| self.held.label(slot).cloned()).collect()
    }

    /// Whether every compartment of the newest epoch is held.
    pub(crate) fn is_whole(&self) -> bool {
        self.held.is_whole(self.authority().epoch())
    }

    /// Labels that a member was granted; none where it is the whole chart.
    pub(crate) fn labels_of(&self, member: &Member) -> Vec<Label> {
        let Some(state) = self.authority().states().get(&self.authority().epoch()) else { return Vec::new() };
        let nodes = member.grants.iter().flat_map(|grant| &grant.nodes);
        nodes.filter_map(|node| self.held.label(state.slot_of(&node.compartment)?.0).cloned()).collect()
    }

    /// Whether a grant was ever made to this root card, or it founded the chart.
    pub(crate) fn was_member(&self, root: &CardHash) -> bool {
        self.authority().was_member(root)
    }

    /// Members none of whose grants lasts, where this vault can turn the epoch.
    pub(crate) fn ended_members(&self, now_ms: i64) -> Vec<CardHash> {
        if self.require_custody().is_err() || !self.is_home() {
            return Vec::new();
        }
        let ended = |fields: &GrantFields| fields.not_after_ms.is_some_and(|end| now_ms > end);
        let members = self.members().into_iter();
        members
            .filter(|member| !member.grants.is_empty() && member.grants.iter().all(ended))
            .map(|member| member.root)
            .collect()
    }

    /// The grants of a member that hold.
    pub(crate) fn grants_of(&self, root: &CardHash) -> Vec<GrantId> {
        let members = self.members();
        let member = members.iter().find(|member| member.root == *root);
        member.map(|member| member.grants.iter().map(|fields| fields.id).collect()).unwrap_or_default()
    }

    /// Ids of the compartments in order of their numbers: for vectors.
    #[cfg(feature = "testing")]
    pub(crate) fn compartment_ids(&self) -> Vec<CompartmentId> {
        let states = self.authority().states().values();
        states.take(1).flat_map(|state| &state.compartments).map(|compartment| compartment.id).collect()
    }

    /// Label of a compartment by its number.
    pub(crate) fn label(&self, slot: u8) -> Option<&Label> {
        self.held.label(slot)
    }

    /// Whether this member may share and revoke.
    pub fn is_custodian(&self) -> bool {
        self.authority().is_current() && self.view.custodian_by(&self.identity.root_card.hash()).is_some()
    }

    /// Fails where this member's access ended: by revocation, or by the end date of its grants.
    pub(crate) fn require_access(&self, now_ms: i64) -> Result<(), Error> {
        let stands = self.view.stands(&self.identity.root_card.hash(), now_ms);
        if stands { Ok(()) } else { Err(Error::GrantEnded) }
    }

    /// What a member may read from now on.
    pub(crate) fn visible_to(&self, root: &CardHash, now_ms: i64) -> Visible {
        let epoch = self.authority().epoch();
        let nothing = Visible { slots: Vec::new(), from_epoch: epoch };
        let Some(state) = self.authority().states().get(&epoch) else { return nothing };
        let members = self.view.members();
        let Some(member) = members.iter().find(|member| member.root == *root) else { return nothing };
        if member.rights == Rights::Custodian {
            return Visible { slots: (0_u8..8).collect(), from_epoch: 1 };
        }
        let lasts = |fields: &&GrantFields| fields.not_after_ms.is_none_or(|end| now_ms <= end);
        let lasting: Vec<&GrantFields> = member.grants.iter().filter(lasts).collect();
        let nodes = lasting.iter().flat_map(|fields| &fields.nodes);
        let mut slots: Vec<u8> =
            nodes.filter_map(|node| state.slot_of(&node.compartment).map(|(slot, _)| slot)).collect();
        slots.sort_unstable();
        slots.dedup();
        // Where one of several grants has the history, entries of the others travel in vain: they do not open.
        let history = lasting.iter().any(|fields| fields.history);
        Visible { slots, from_epoch: if history { 1 } else { epoch } }
    }
}
