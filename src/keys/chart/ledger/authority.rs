//! The rules: who may do what, as a pure function of the entries applied. No bytes, keys or clocks here.

use super::entry::{Act, Genesis, Head, LedgerEntry, MAX_REASON, Revoke};
use crate::codec::{CardHash, CompartmentId, GrantId, Hash};
use crate::keys::chart::{
    epoch::KeyState,
    grant::{GrantFields, Rights},
    node::NodeKind,
};
use minicbor::bytes::ByteVec;
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
    /// It would leave the ledger's home with somebody who is no custodian, and could not read what to receive.
    KeepsHome,
}

/// A grant, from when and until when it holds, by ledger number.
#[derive(Clone, Debug)]
struct Given {
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

/// An entry that ended grants and turned the epoch.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) seq: u64,
    /// Root card of who signed it.
    pub(crate) by: CardHash,
    /// When, by his clock.
    pub(crate) time_ms: i64,
    /// The epoch that begins with it.
    pub(crate) epoch: u32,
    /// Sealed cuts by compartment, and the epoch under whose cut keys.
    pub(crate) cuts: Vec<ByteVec>,
    pub(crate) cut_epoch: u32,
    /// Heads of the branches that it took back, where it resolved a fork.
    pub(crate) resolved: Vec<Head>,
}

/// Authority over a chart after the entries of one line.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    founder: CardHash,
    founder_until: Option<u64>,
    /// Number of the first entry whose content is known to us, beside genesis.
    readable_from: Option<u64>,
    line: Vec<Hash>,
    states: BTreeMap<u32, KeyState>,
    grants: BTreeMap<GrantId, Given>,
    turns: Vec<Turn>,
    adopted: BTreeMap<Hash, u64>,
    /// Public key whose receipt the next entry needs.
    home: Hash,
    /// Root card of who keeps that key, as far as we could read.
    keeper: Option<CardHash>,
    /// Number of the entry that moved it here.
    moved: u64,
    /// Whether the last entry could be read. If not, access has ended.
    current: bool,
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
            turns: Vec::new(),
            adopted: BTreeMap::new(),
            home: genesis.home,
            keeper: Some(genesis.founder),
            moved: 0,
            current: true,
        }
    }

    /// Adds an entry that we cannot read: it has the home's receipt, its meaning is not ours to know. `next_home` is what
    /// the receipt says of the home.
    pub(crate) fn pass_over(&mut self, hash: Hash, next_home: Option<Hash>) {
        if let Some(home) = next_home {
            self.home = home;
            self.keeper = None;
            self.moved = self.next_seq();
        }
        self.current = false;
        self.line.push(hash);
    }

    /// Applies an entry whose signature by a device of `actor_root` was verified.
    pub(crate) fn apply(&mut self, entry: &LedgerEntry, actor_root: CardHash, hash: Hash) -> Result<(), LedgerError> {
        if entry.seq != self.next_seq() || Some(&entry.previous) != self.line.last() {
            return Err(LedgerError::NotLinked);
        }
        // After entries that we could not read, only what states the whole authority anew can be followed.
        let blind = !self.current && self.readable_from.is_some();
        if blind && !matches!(entry.act, Act::Revoke(_) | Act::Resolve(_)) {
            return Err(LedgerError::Contradiction);
        }
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
                self.require_turn(entry, revoke, actor_root)?;
                let (epoch, last) = (revoke.state.epoch, self.epoch());
                let follows = self.sees_all() || entry.seq == 1;
                if epoch <= last || follows && epoch != last.saturating_add(1) {
                    return Err(LedgerError::Contradiction);
                }
                // Who was there before the turn reads the cut, so it is sealed under the epoch that ends.
                let cut_epoch = revoke.state.epoch.saturating_sub(1);
                self.apply_turn(revoke, entry, actor_root, cut_epoch, &[])?;
            }
            Act::Adopt(adopt) => {
                self.require_custodian(entry, actor_root)?;
                let reasoned = (1..=MAX_REASON).contains(&adopt.reason.len());
                if !reasoned || self.adopted.contains_key(&adopt.object) {
                    return Err(LedgerError::Contradiction);
                }
                self.adopted.insert(adopt.object, entry.seq);
            }
            Act::MoveHome(to) => {
                self.require_custodian(entry, actor_root)?;
                if to.home == self.home {
                    return Err(LedgerError::Contradiction);
                }
                self.home = to.home;
                self.keeper = Some(actor_root);
                self.moved = entry.seq;
            }
            Act::Resolve(resolve) => {
                self.require_turn(entry, &resolve.turn, actor_root)?;
                let others = &resolve.others;
                let distinct = others.windows(2).all(|pair| matches!(pair, [a, b] if a.hash < b.hash));
                let elsewhere = others.iter().all(|head| !self.has(head.seq, &head.hash));
                // A branch that was shorter may have turned the epoch more often.
                let later = resolve.turn.state.epoch > self.epoch();
                if others.is_empty() || !distinct || !elsewhere || !later {
                    return Err(LedgerError::Contradiction);
                }
                // Whoever stays holds the new epoch, whichever branch he read before.
                self.apply_turn(&resolve.turn, entry, actor_root, resolve.turn.state.epoch, others)?;
            }
        }
        self.readable_from.get_or_insert(entry.seq);
        self.current = true;
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

    /// Whether this hash stands at this number.
    pub(crate) fn has(&self, seq: u64, hash: &Hash) -> bool {
        self.hash_at(seq).as_ref() == Some(hash)
    }

    /// Hash of the entry with this number.
    pub(crate) fn hash_at(&self, seq: u64) -> Option<Hash> {
        self.line.get(usize::try_from(seq).ok()?).copied()
    }

    /// Hashes of all entries, genesis first.
    pub(crate) fn line(&self) -> &[Hash] {
        &self.line
    }

    /// Whether the last entry could be read. If not, access has ended, or has not begun.
    pub(crate) fn is_current(&self) -> bool {
        self.current
    }

    /// Public key whose receipt the next entry needs.
    pub(crate) fn home(&self) -> &Hash {
        &self.home
    }

    /// Whether the home was moved after entry number `seq`.
    pub(crate) fn moved_after(&self, seq: u64) -> bool {
        self.moved > seq
    }

    /// The newest epoch that is known.
    pub(crate) fn epoch(&self) -> u32 {
        self.states.keys().next_back().copied().unwrap_or(0)
    }

    /// Whether any grant that was ever made ends by its date.
    pub(crate) fn ends_by_date(&self) -> bool {
        self.grants.values().any(|given| given.fields.not_after_ms.is_some())
    }

    /// Root card of who keeps the home, as far as we could read.
    pub(crate) fn keeper(&self) -> Option<CardHash> {
        self.keeper
    }

    /// The epoch after entry number `seq`, as far as we can read.
    pub(crate) fn epoch_at(&self, seq: u64) -> Option<u32> {
        let turn = self.turns.iter().rev().find(|turn| turn.seq <= seq);
        turn.map(|turn| turn.epoch).or_else(|| (self.readable_from == Some(1)).then_some(1))
    }

    pub(crate) fn states(&self) -> &BTreeMap<u32, KeyState> {
        &self.states
    }

    /// The entries that turned the epoch, in order.
    pub(crate) fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// Number of the entry that adopted an object.
    pub(crate) fn adopted(&self, object: &Hash) -> Option<u64> {
        self.adopted.get(object).copied()
    }

    /// Everyone with rights now.
    pub(crate) fn members(&self) -> Vec<Member> {
        self.members_at(self.next_seq())
    }

    /// Everyone with rights just before entry number `at`.
    pub(crate) fn members_at(&self, at: u64) -> Vec<Member> {
        let mut members: BTreeMap<CardHash, Member> = BTreeMap::new();
        if self.founder_stands(at) {
            let founder = Member { root: self.founder, rights: Rights::Custodian, grants: Vec::new() };
            members.insert(self.founder, founder);
        }
        for Given { fields, .. } in self.grants.values().filter(|given| given.holds_at(at)) {
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
        let mut grants = self.given_at(root, self.next_seq()).map(|given| &given.fields).peekable();
        if grants.peek().is_none() {
            return *root == self.founder && self.founder_stands(self.next_seq());
        }
        grants.any(|fields| fields.not_after_ms.is_none_or(|end| now_ms <= end))
    }

    /// Whether somebody has, or once had, a grant, or founded the chart.
    pub(crate) fn was_member(&self, root: &CardHash) -> bool {
        *root == self.founder || self.grants.values().any(|given| given.fields.recipient == *root)
    }

    /// The fields of a grant, and the root card of who signed it.
    pub(crate) fn grant(&self, id: &GrantId) -> Option<(&GrantFields, CardHash)> {
        self.grants.get(id).map(|given| (&given.fields, given.by))
    }

    /// Number of the entry that makes `root` a custodian now.
    pub(crate) fn custodian_by(&self, root: &CardHash) -> Option<u64> {
        self.custodian_at(root, self.next_seq())
    }

    /// Number of the entry that makes `root` a custodian just before entry number `at`.
    pub(crate) fn custodian_at(&self, root: &CardHash, at: u64) -> Option<u64> {
        if *root == self.founder && self.founder_stands(at) {
            return Some(0);
        }
        self.given_at(root, at).find(|given| given.fields.rights == Rights::Custodian).map(|found| found.from)
    }

    /// Whether `root` could write to a compartment at `time_ms`, knowing the ledger up to `seq`.
    pub(crate) fn could_write(&self, root: &CardHash, compartment: &CompartmentId, seq: u64, time_ms: i64) -> bool {
        self.could(root, compartment, seq.saturating_add(1), time_ms, Rights::Write)
    }

    /// Whether `root` may write to a compartment now.
    pub(crate) fn may_write(&self, root: &CardHash, compartment: &CompartmentId, time_ms: i64) -> bool {
        self.could(root, compartment, self.next_seq(), time_ms, Rights::Write)
    }

    /// Number of the first turn after entry `seq` that leaves `root` without the right to write to a compartment.
    pub(crate) fn ended_after(
        &self,
        root: &CardHash,
        compartment: &CompartmentId,
        seq: u64,
        time_ms: i64,
    ) -> Option<u64> {
        let later = self.turns.iter().map(|turn| turn.seq).filter(|turn| *turn > seq);
        later.into_iter().find(|turn| !self.could_write(root, compartment, *turn, time_ms))
    }

    fn could(&self, root: &CardHash, compartment: &CompartmentId, at: u64, time_ms: i64, rights: Rights) -> bool {
        self.custodian_at(root, at).is_some()
            || self.given_at(root, at).any(|Given { fields, .. }| {
                let covers = fields.nodes.iter().any(|node| node.compartment == *compartment);
                covers && fields.rights >= rights && fields.not_after_ms.is_none_or(|end| time_ms <= end)
            })
    }

    fn given_at(&self, root: &CardHash, at: u64) -> impl Iterator<Item = &Given> {
        let root = *root;
        self.grants.values().filter(move |given| given.fields.recipient == root && given.holds_at(at))
    }

    fn require_custodian(&self, entry: &LedgerEntry, root: CardHash) -> Result<(), LedgerError> {
        match self.custodian_by(&root) {
            Some(by) if by == entry.authority => Ok(()),
            _ => Err(LedgerError::NoAuthority),
        }
    }

    /// Who reads from a turned epoch on has nothing before it to check the actor against but the list of those who stay,
    /// which the home's receipt covers.
    fn require_turn(&self, entry: &LedgerEntry, turn: &Revoke, root: CardHash) -> Result<(), LedgerError> {
        if self.sees_all() || entry.seq == 1 {
            return self.require_custodian(entry, root);
        }
        if stays_custodian(turn, &root) { Ok(()) } else { Err(LedgerError::NoAuthority) }
    }

    fn require_grantable(&self, fields: &GrantFields) -> Result<(), LedgerError> {
        let state = self.states.get(&self.epoch()).ok_or(LedgerError::Contradiction)?;
        require_nodes(fields, state)?;
        if self.grants.contains_key(&fields.id) { Err(LedgerError::Contradiction) } else { Ok(()) }
    }

    fn apply_turn(
        &mut self,
        turn: &Revoke,
        entry: &LedgerEntry,
        by: CardHash,
        cut_epoch: u32,
        resolved: &[Head],
    ) -> Result<(), LedgerError> {
        let LedgerEntry { seq, time_ms, .. } = *entry;
        let equal = turn.cuts.windows(2).all(|pair| matches!(pair, [a, b] if a.len() == b.len()));
        if !turn.state.is_well_formed() || turn.cuts.len() != turn.state.compartments.len() || !equal {
            return Err(LedgerError::Contradiction);
        }
        for fields in &turn.staying {
            require_nodes(fields, &turn.state)?;
            if self.grants.contains_key(&fields.id) {
                return Err(LedgerError::Contradiction);
            }
        }
        if !turn.staying.iter().any(|fields| fields.rights == Rights::Custodian) {
            return Err(LedgerError::Contradiction);
        }
        // The home reads what it receives, or nobody could be revoked any more.
        if self.sees_all() && self.keeper.is_some_and(|keeper| !stays_custodian(turn, &keeper)) {
            return Err(LedgerError::KeepsHome);
        }
        if let Some(before) = self.states.values().next_back() {
            let ids = |state: &KeyState| state.compartments.iter().map(|each| each.id).collect::<Vec<_>>();
            if ids(before) != ids(&turn.state) {
                return Err(LedgerError::Contradiction);
            }
        }
        self.founder_until.get_or_insert(seq);
        self.grants.values_mut().for_each(|given| {
            given.until.get_or_insert(seq);
        });
        turn.staying.iter().for_each(|fields| self.insert(fields, by, seq));
        self.states.insert(turn.state.epoch, turn.state.clone());
        self.turns.push(Turn {
            seq,
            by,
            time_ms,
            epoch: turn.state.epoch,
            cuts: turn.cuts.clone(),
            cut_epoch,
            resolved: resolved.to_vec(),
        });
        Ok(())
    }

    fn insert(&mut self, fields: &GrantFields, by: CardHash, seq: u64) {
        self.grants.insert(fields.id, Given { fields: fields.clone(), by, from: seq, until: None });
    }

    /// Whether the founder holds the chart by genesis just before entry number `at`, as far as we can read.
    fn founder_stands(&self, at: u64) -> bool {
        self.founder_until.is_none_or(|until| at <= until) && self.readable_from.is_none_or(|seq| seq == 1)
    }

    /// Whether authority is known as of the last entry.
    fn sees_all(&self) -> bool {
        self.readable_from.is_some() && self.current
    }

    fn next_seq(&self) -> u64 {
        u64::try_from(self.line.len()).unwrap_or(u64::MAX)
    }
}

impl Given {
    /// Whether it held just before entry number `at`.
    fn holds_at(&self, at: u64) -> bool {
        self.from < at && self.until.is_none_or(|until| at <= until)
    }
}

fn stays_custodian(turn: &Revoke, root: &CardHash) -> bool {
    turn.staying.iter().any(|fields| fields.recipient == *root && fields.rights == Rights::Custodian)
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
