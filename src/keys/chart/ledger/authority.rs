//! The rules: who may do what, as a pure function of the entries applied. No bytes, keys or clocks here.

use super::entry::{Act, Genesis, LedgerEntry};
use crate::codec::{CardHash, CompartmentId, GrantId, Hash};
use crate::keys::chart::{
    epoch::KeyState,
    grant::{GrantFields, Rights},
    node::NodeKind,
};
use std::collections::BTreeMap;

/// An entry that the rules do not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedgerError {
    /// Out of order, not linked, or of another chart.
    NotLinked,
    /// The actor had no right to it, or names an authority that is not his.
    NoAuthority,
    /// The entry contradicts itself or the entries before.
    Contradiction,
}

/// A grant, from when and until when it holds, by ledger number.
#[derive(Clone, Debug)]
struct Standing {
    fields: GrantFields,
    /// Root card of who signed it.
    by: CardHash,
    from: u64,
    until: Option<u64>,
}

/// Somebody who holds rights now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Root card.
    pub(crate) root: CardHash,
    pub(crate) rights: Rights,
    /// Grants that hold; empty for a founder who stands by genesis.
    pub(crate) grants: Vec<GrantFields>,
}

/// Authority over a chart after some entries.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    founder: CardHash,
    founder_until: Option<u64>,
    /// Number of the first entry whose content is known to us, beside genesis.
    readable_from: Option<u64>,
    line: Vec<Hash>,
    states: BTreeMap<u32, KeyState>,
    grants: BTreeMap<GrantId, Standing>,
}

impl Authority {
    /// The founder alone.
    pub(crate) fn found(genesis: &Genesis, hash: Hash) -> Self {
        Self {
            founder: genesis.founder,
            founder_until: None,
            readable_from: None,
            line: vec![hash],
            states: BTreeMap::new(),
            grants: BTreeMap::new(),
        }
    }

    /// Adds an entry that we cannot read: it has the home's receipt, its meaning is not ours to know.
    pub(crate) fn pass_over(&mut self, hash: Hash) {
        self.line.push(hash);
    }

    /// Applies an entry whose signature by a device of `actor_root` was verified.
    pub(crate) fn apply(&mut self, entry: &LedgerEntry, actor_root: CardHash, hash: Hash) -> Result<(), LedgerError> {
        if entry.seq != self.next_seq() || Some(&entry.previous) != self.line.last() {
            return Err(LedgerError::NotLinked);
        }
        let first = self.readable_from.is_none();
        match &entry.act {
            Act::KeyState(state) => {
                let founds = entry.seq == 1 && state.epoch == 1 && self.states.is_empty();
                self.require_custodian(entry, actor_root)?;
                if !founds || !state.is_well_formed() {
                    return Err(LedgerError::Contradiction);
                }
                self.states.insert(state.epoch, state.clone());
            }
            Act::Grant(fields) => {
                self.require_custodian(entry, actor_root)?;
                self.require_grantable(fields)?;
                self.insert(fields, actor_root, entry.seq);
            }
            Act::Revoke(revoke) => {
                // Who reads from a turned epoch on has nothing before it to check the actor against but the list of
                // those who stay, which the home's receipt covers.
                if first && entry.seq > 1 {
                    let stays = revoke
                        .staying
                        .iter()
                        .any(|fields| fields.recipient == actor_root && fields.rights == Rights::Custodian);
                    if !stays {
                        return Err(LedgerError::NoAuthority);
                    }
                } else {
                    self.require_custodian(entry, actor_root)?;
                    if revoke.state.epoch != self.epoch().saturating_add(1) {
                        return Err(LedgerError::Contradiction);
                    }
                }
                self.apply_revoke(revoke, actor_root, entry.seq)?;
            }
        }
        self.readable_from.get_or_insert(entry.seq);
        self.line.push(hash);
        Ok(())
    }

    /// Number of the last entry.
    pub(crate) fn head_seq(&self) -> u64 {
        self.next_seq().saturating_sub(1)
    }

    /// Hash of the last entry.
    pub(crate) fn head(&self) -> Hash {
        self.line.last().copied().unwrap_or(Hash::from_bytes([0; 32]))
    }

    /// Hash of an entry by its number.
    pub(crate) fn hash_at(&self, seq: u64) -> Option<Hash> {
        usize::try_from(seq).ok().and_then(|at| self.line.get(at)).copied()
    }

    /// Whether this hash stands at this number.
    pub(crate) fn has(&self, seq: u64, hash: &Hash) -> bool {
        usize::try_from(seq).ok().and_then(|at| self.line.get(at)) == Some(hash)
    }

    /// The newest epoch that is known.
    pub(crate) fn epoch(&self) -> u32 {
        self.states.keys().next_back().copied().unwrap_or(0)
    }

    pub(crate) fn states(&self) -> &BTreeMap<u32, KeyState> {
        &self.states
    }

    /// Everyone with rights now.
    pub(crate) fn members(&self) -> Vec<Member> {
        let mut members: BTreeMap<CardHash, Member> = BTreeMap::new();
        if self.founder_stands() {
            let founder = Member { root: self.founder, rights: Rights::Custodian, grants: Vec::new() };
            members.insert(self.founder, founder);
        }
        for Standing { fields, until, .. } in self.grants.values() {
            if until.is_some() {
                continue;
            }
            let member = members.entry(fields.recipient).or_insert_with(|| Member {
                root: fields.recipient,
                rights: fields.rights,
                grants: Vec::new(),
            });
            member.rights = member.rights.max(fields.rights);
            member.grants.push(fields.clone());
        }
        members.into_values().collect()
    }

    /// Whether somebody is a member now, and one of the member's grants, where there are any, has not ended by date.
    pub(crate) fn stands(&self, root: &CardHash, now_ms: i64) -> bool {
        let holding = self.grants.values().filter(|standing| standing.until.is_none());
        let mut grants = holding.map(|standing| &standing.fields).filter(|fields| fields.recipient == *root).peekable();
        if grants.peek().is_none() {
            return *root == self.founder && self.founder_stands();
        }
        grants.any(|fields| fields.not_after_ms.is_none_or(|end| now_ms <= end))
    }

    /// Whether somebody has, or once had, a grant, or founded the chart.
    pub(crate) fn was_member(&self, root: &CardHash) -> bool {
        *root == self.founder || self.grants.values().any(|standing| standing.fields.recipient == *root)
    }

    /// The fields of a grant, and the root card of who signed it.
    pub(crate) fn grant(&self, id: &GrantId) -> Option<(&GrantFields, CardHash)> {
        self.grants.get(id).map(|standing| (&standing.fields, standing.by))
    }

    /// Number of the entry that makes `root` a custodian now.
    pub(crate) fn custodian_by(&self, root: &CardHash) -> Option<u64> {
        self.custodian_at(root, self.next_seq())
    }

    /// Whether `root` could write to a compartment at `time_ms`, knowing the ledger up to `seq`.
    pub(crate) fn could_write(&self, root: &CardHash, compartment: &CompartmentId, seq: u64, time_ms: i64) -> bool {
        self.could(root, compartment, seq.saturating_add(1), time_ms, Rights::Write)
    }

    /// Whether `root` may write to a compartment now.
    pub(crate) fn may_write(&self, root: &CardHash, compartment: &CompartmentId, time_ms: i64) -> bool {
        self.could(root, compartment, self.next_seq(), time_ms, Rights::Write)
    }

    fn could(&self, root: &CardHash, compartment: &CompartmentId, at: u64, time_ms: i64, rights: Rights) -> bool {
        self.custodian_at(root, at).is_some()
            || self.standing_at(root, at).any(|Standing { fields, .. }| {
                let covers = fields.nodes.iter().any(|node| node.compartment == *compartment);
                covers && fields.rights >= rights && fields.not_after_ms.is_none_or(|end| time_ms <= end)
            })
    }

    fn custodian_at(&self, root: &CardHash, at: u64) -> Option<u64> {
        let founder = *root == self.founder && self.founder_until.is_none_or(|until| at <= until);
        if founder && self.readable_from.is_none_or(|seq| seq == 1) {
            return Some(0);
        }
        self.standing_at(root, at).find(|standing| standing.fields.rights == Rights::Custodian).map(|found| found.from)
    }

    fn standing_at(&self, root: &CardHash, at: u64) -> impl Iterator<Item = &Standing> {
        let root = *root;
        self.grants.values().filter(move |standing| {
            standing.fields.recipient == root && standing.from < at && standing.until.is_none_or(|until| at <= until)
        })
    }

    fn require_custodian(&self, entry: &LedgerEntry, root: CardHash) -> Result<(), LedgerError> {
        match self.custodian_by(&root) {
            Some(by) if by == entry.authority => Ok(()),
            _ => Err(LedgerError::NoAuthority),
        }
    }

    fn require_grantable(&self, fields: &GrantFields) -> Result<(), LedgerError> {
        let state = self.states.get(&self.epoch()).ok_or(LedgerError::Contradiction)?;
        require_nodes(fields, state)?;
        if self.grants.contains_key(&fields.id) { Err(LedgerError::Contradiction) } else { Ok(()) }
    }

    fn apply_revoke(&mut self, revoke: &super::Revoke, by: CardHash, seq: u64) -> Result<(), LedgerError> {
        let equal = revoke.cuts.windows(2).all(|pair| matches!(pair, [a, b] if a.len() == b.len()));
        if !revoke.state.is_well_formed() || revoke.cuts.len() != revoke.state.compartments.len() || !equal {
            return Err(LedgerError::Contradiction);
        }
        for fields in &revoke.staying {
            require_nodes(fields, &revoke.state)?;
            if self.grants.contains_key(&fields.id) {
                return Err(LedgerError::Contradiction);
            }
        }
        if !revoke.staying.iter().any(|fields| fields.rights == Rights::Custodian) {
            return Err(LedgerError::Contradiction);
        }
        if let Some(before) = self.states.values().next_back() {
            let ids = |state: &KeyState| state.compartments.iter().map(|each| each.id).collect::<Vec<_>>();
            if ids(before) != ids(&revoke.state) {
                return Err(LedgerError::Contradiction);
            }
        }
        self.founder_until.get_or_insert(seq);
        self.grants.values_mut().for_each(|standing| {
            standing.until.get_or_insert(seq);
        });
        revoke.staying.iter().for_each(|fields| self.insert(fields, by, seq));
        self.states.insert(revoke.state.epoch, revoke.state.clone());
        Ok(())
    }

    fn insert(&mut self, fields: &GrantFields, by: CardHash, seq: u64) {
        self.grants.insert(fields.id, Standing { fields: fields.clone(), by, from: seq, until: None });
    }

    /// Whether the founder holds the chart by genesis, as far as we can read.
    fn founder_stands(&self) -> bool {
        self.founder_until.is_none() && self.readable_from.is_none_or(|seq| seq == 1)
    }

    fn next_seq(&self) -> u64 {
        u64::try_from(self.line.len()).unwrap_or(u64::MAX)
    }
}

/// A custodian's grant is of the seed and of nothing else; any other is of compartments that exist, each once.
fn require_nodes(fields: &GrantFields, state: &KeyState) -> Result<(), LedgerError> {
    let sorted = fields.nodes.is_sorted() && fields.nodes.windows(2).all(|pair| matches!(pair, [a, b] if a != b));
    let fits = match fields.nodes.as_slice() {
        [only] if only.kind == NodeKind::Seed => {
            fields.rights == Rights::Custodian && only.compartment == CompartmentId::from_bytes([0; 16])
        }
        [] => false,
        nodes => {
            let kind = if fields.history { NodeKind::Compartment } else { NodeKind::Content };
            fields.rights != Rights::Custodian
                && nodes.iter().all(|node| node.kind == kind && state.slot_of(&node.compartment).is_some())
        }
    };
    if sorted && fits && (1..=4).contains(&fields.grantee) { Ok(()) } else { Err(LedgerError::Contradiction) }
}
