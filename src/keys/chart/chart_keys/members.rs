//! Who holds what of a chart.

use super::ChartKeys;
use crate::codec::{CardHash, CompartmentId, GrantId};
use crate::error::Error;
use crate::keys::chart::{
    epoch::SLOTS,
    grant::{GrantFields, Rights},
    ledger::{Authority, Member},
};
use crate::record::Label;
use std::collections::BTreeMap;

/// What of a chart a member may read: compartments by number, each from an epoch on.
pub(crate) struct Visible(BTreeMap<u8, u32>);

impl Visible {
    pub(crate) fn covers(&self, slot: u8, epoch: u32) -> bool {
        self.0.get(&slot).is_some_and(|from| epoch >= *from)
    }

    pub(crate) fn has(&self, slot: u8) -> bool {
        self.0.contains_key(&slot)
    }

    /// Numbers of the compartments, each with its first epoch.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (u8, u32)> {
        self.0.iter().map(|(slot, from)| (*slot, *from))
    }

    /// Whether what another has of a compartment is here as well.
    pub(crate) fn has_all(&self, slot: u8, other: &Self) -> bool {
        other.0.get(&slot).is_none_or(|from| self.covers(slot, *from))
    }
}

impl ChartKeys {
    /// Everyone with rights now.
    pub(crate) fn members(&self) -> Vec<Member> {
        self.view.members()
    }

    /// Everyone with rights, by each line that counts in a fork; the one that we go by stands first.
    pub(crate) fn members_by_line(&self) -> Vec<Vec<Member>> {
        self.view.counting().map(Authority::members).collect()
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

    /// Ids of the compartments in order of their numbers.
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
        self.view.custodian_by(&self.identity.root_card.hash()).is_some()
    }

    /// Fails where this member's access ended: by revocation, or by the end date of its grants.
    pub(crate) fn require_access(&self, now_ms: i64) -> Result<(), Error> {
        let stands = self.view.stands(&self.identity.root_card.hash(), now_ms);
        if stands { Ok(()) } else { Err(Error::GrantEnded) }
    }

    /// What a member may read from now on.
    pub(crate) fn visible_to(&self, root: &CardHash, now_ms: i64) -> Visible {
        self.visible(root, self.view.members(), self.head_seq(), now_ms)
    }

    /// What a member could read when the ledger ended with this entry.
    pub(crate) fn was_visible_to(&self, root: &CardHash, ledger: u64) -> Visible {
        self.visible(root, self.authority().members_at(ledger.saturating_add(1)), ledger, i64::MIN)
    }

    fn visible(&self, root: &CardHash, members: Vec<Member>, ledger: u64, now_ms: i64) -> Visible {
        let main = self.authority();
        let mut visible = Visible(BTreeMap::new());
        let Some(state) = main.states().values().next() else { return visible };
        let Some(member) = members.into_iter().find(|member| member.root == *root) else { return visible };
        if member.rights == Rights::Custodian {
            visible.0.extend((0_u8..).take(SLOTS).map(|slot| (slot, 1)));
            return visible;
        }
        let lasts = |fields: &&GrantFields| fields.not_after_ms.is_none_or(|end| now_ms <= end);
        for fields in member.grants.iter().filter(lasts) {
            for node in &fields.nodes {
                let Some((slot, _)) = state.slot_of(&node.compartment) else { continue };
                let from = if fields.history { 1 } else { self.held_since(root, &node.compartment, ledger) };
                let known = visible.0.entry(slot).or_insert(from);
                *known = from.min(*known);
            }
        }
        visible
    }

    /// The first epoch from which a member has been granted a compartment without interruption.
    fn held_since(&self, root: &CardHash, compartment: &CompartmentId, ledger: u64) -> u32 {
        let main = self.authority();
        let holds = |grant: &GrantFields| grant.nodes.iter().any(|node| node.compartment == *compartment);
        let held = |ledger: u64| {
            let members = main.members_at(ledger);
            members.iter().any(|member| member.root == *root && member.grants.iter().any(holds))
        };
        let mut since = main.epoch_at(ledger).unwrap_or(u32::MAX);
        for turn in main.turns().iter().rev().filter(|turn| turn.seq <= ledger) {
            // Who stays is granted anew by the turn itself; whom it ends holds nothing after it.
            let stayed = held(turn.seq) && held(turn.seq.saturating_add(1));
            match main.epoch_at(turn.seq.saturating_sub(1)) {
                Some(epoch) if stayed => since = epoch,
                _ => break,
            }
        }
        since
    }
}
