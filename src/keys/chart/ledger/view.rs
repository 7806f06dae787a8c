//! One line, or several that contradict each other: what holds while a chart is forked, and after that was resolved.
//!
//! Two entries with one number, both received by the home, are a fork: the home was cloned, put back to an older state, or
//! lies. While it lasts, nothing that the branches gave counts, and what either took away is gone: a right needs the
//! entries before the fork *and* every branch.

use super::{
    authority::{Authority, Member},
    entry::{Act, Head, LedgerEntry},
};
use crate::codec::{CardHash, CompartmentId, Hash};

/// How an offered line relates to the one that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Same,
    /// It goes on where ours ends.
    Extends,
    /// Ours goes on where it ends: whoever offers it was put back, or is late.
    Behind,
    /// It has another entry in the place of one of ours.
    Forked {
        /// Number of the first entry that differs.
        at: u64,
    },
}

/// Compares two lines by the hashes of their entries.
pub(crate) fn compare(held: &[Hash], offered: &[Hash]) -> Relation {
    match held.iter().zip(offered).position(|(ours, theirs)| ours != theirs) {
        Some(at) => Relation::Forked { at: u64::try_from(at).unwrap_or(u64::MAX) },
        None if offered.len() > held.len() => Relation::Extends,
        None if offered.len() < held.len() => Relation::Behind,
        None => Relation::Same,
    }
}

/// An open fork.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fork {
    /// Number of the first entry that differs.
    pub(crate) at: u64,
    /// Last entry of the line that this reader goes by, then those of the others.
    pub(crate) heads: Vec<Head>,
}

/// What a reader has seen of a chart's ledger: the line that he goes by, and others that the same home received.
#[derive(Clone, Debug)]
pub(crate) struct View {
    main: Authority,
    others: Vec<Authority>,
}

impl View {
    pub(crate) fn new(main: Authority) -> Self {
        Self { main, others: Vec::new() }
    }

    /// Takes in another verified line of the same chart. Nothing that was held is lost by it.
    pub(crate) fn offer(&mut self, line: Authority) -> Relation {
        let mut relation = Relation::Same;
        for held in core::iter::once(&mut self.main).chain(&mut self.others) {
            relation = compare(held.line(), line.line());
            match relation {
                Relation::Same | Relation::Behind => return relation,
                Relation::Extends => {
                    *held = line;
                    self.settle();
                    return relation;
                }
                Relation::Forked { .. } => {}
            }
        }
        if let Relation::Forked { .. } = relation {
            relation = compare(self.main.line(), line.line());
            self.others.push(line);
            self.settle();
        }
        relation
    }

    /// The line that this reader goes by.
    pub(crate) fn main(&self) -> &Authority {
        &self.main
    }

    /// The fork that no custodian has resolved, if there is one.
    pub(crate) fn fork(&self) -> Option<Fork> {
        let at = self.open().map(|other| fork_point(&self.main, other)).min()?;
        let heads = core::iter::once(&self.main).chain(self.open()).map(head_of).collect();
        Some(Fork { at, heads })
    }

    /// Everyone with rights now, with the least of what the branches leave.
    pub(crate) fn members(&self) -> Vec<Member> {
        let mut members = self.main.members();
        for other in self.open() {
            let before = self.main.members_at(fork_point(&self.main, other));
            let theirs = other.members();
            members.retain_mut(|member| {
                let rights = |among: &[Member]| among.iter().find(|each| each.root == member.root).map(|it| it.rights);
                match (rights(&before), rights(&theirs)) {
                    (Some(once), Some(there)) => {
                        member.rights = member.rights.min(once).min(there);
                        true
                    }
                    _ => false,
                }
            });
        }
        members
    }

    /// Number of the entry, in the line that we go by, that makes `root` a custodian now. Nobody is one, as far as we know,
    /// where we cannot read the last entry.
    pub(crate) fn custodian_by(&self, root: &CardHash) -> Option<u64> {
        let before = self.open().all(|other| self.main.custodian_at(root, fork_point(&self.main, other)).is_some());
        let now = self.counting().all(|line| line.is_current() && line.custodian_by(root).is_some());
        self.main.custodian_by(root).filter(|_| before && now)
    }

    /// Whether `root` may write to a compartment now. Nobody may, as far as we know, where we cannot read the last entry.
    pub(crate) fn may_write(&self, root: &CardHash, compartment: &CompartmentId, time_ms: i64) -> bool {
        let before = self.open().all(|other| {
            let last_common = fork_point(&self.main, other).saturating_sub(1);
            self.main.could_write(root, compartment, last_common, time_ms)
        });
        before && self.counting().all(|line| line.is_current() && line.may_write(root, compartment, time_ms))
    }

    /// Whether `root` could write to a compartment at `time_ms`, knowing the ledger up to `known`.
    pub(crate) fn could_write(&self, root: &CardHash, compartment: &CompartmentId, known: &Head, time_ms: i64) -> bool {
        self.line_with(known).is_some_and(|line| line.could_write(root, compartment, known.seq, time_ms))
    }

    /// Whether somebody is a member now, and one of the member's grants, where there are any, has not ended by date.
    pub(crate) fn stands(&self, root: &CardHash, now_ms: i64) -> bool {
        self.counting().all(|line| line.is_current() && line.stands(root, now_ms))
    }

    /// The line in which this entry stands.
    pub(super) fn line_with(&self, head: &Head) -> Option<&Authority> {
        self.lines().find(|line| line.has(head.seq, &head.hash))
    }

    /// The lines that count now: ours, and those of an open fork.
    pub(crate) fn counting(&self) -> impl Iterator<Item = &Authority> {
        core::iter::once(&self.main).chain(self.open())
    }

    /// Number of the entry of our line that took `other` back.
    pub(super) fn resolved_by(&self, other: &Authority) -> Option<u64> {
        settles(&self.main, other)
    }

    /// Whether `resolve` names every open branch as it stands.
    pub(super) fn names_all(&self, others: &[Head]) -> bool {
        self.open().all(|other| others.contains(&head_of(other)))
    }

    /// The home's rule: receives an entry whose signature by a device of `actor_root` was verified, if it follows on the
    /// last one and is allowed. Gives authority as it is after it.
    pub(crate) fn admit(&self, entry: &LedgerEntry, actor_root: CardHash, hash: Hash) -> Result<Authority, Refusal> {
        if !self.main.is_current() {
            return Err(Refusal::NotCustodian);
        }
        if entry.previous != self.main.head() || entry.seq != self.main.head_seq().saturating_add(1) {
            return Err(Refusal::Stale);
        }
        self.require_calm(entry, &actor_root)?;
        let mut after = self.main.clone();
        after.apply(entry, actor_root, hash)?;
        Ok(after)
    }

    /// Whether a step that lost against another may be made again on top of what is there now, without asking whoever made
    /// it. `entry` is the one that lost.
    pub(crate) fn renewable(&self, entry: &LedgerEntry, actor_root: CardHash) -> Result<(), Refusal> {
        self.custodian_by(&actor_root).ok_or(Refusal::NotCustodian)?;
        if self.fork().is_some() {
            return Err(Refusal::Forked);
        }
        let known = entry.seq.saturating_sub(1);
        match &entry.act {
            Act::KeyState(_) => Err(Refusal::NotAllowed),
            // A revocation that came first is newer than the wish to share.
            Act::Grant(fields) => {
                let ended = self.main.turns().iter().any(|turn| {
                    let is_member = |at: u64| self.main.members_at(at).iter().any(|it| it.root == fields.recipient);
                    turn.seq > known && is_member(turn.seq) && !is_member(turn.seq.saturating_add(1))
                });
                if ended { Err(Refusal::EndedMeanwhile) } else { Ok(()) }
            }
            Act::Revoke(revoke) => {
                let before = self.main.members_at(entry.seq);
                let left = |root: &CardHash| !revoke.staying.iter().any(|fields| fields.recipient == *root);
                let mut ending = before.iter().map(|member| member.root).filter(left).peekable();
                let now = self.main.members();
                let fresh_keys_only = ending.peek().is_none();
                let still = ending.any(|root| now.iter().any(|member| member.root == root));
                if fresh_keys_only || still { Ok(()) } else { Err(Refusal::AlreadyDone) }
            }
            Act::Adopt(adopt) if self.main.adopted(&adopt.object).is_some() => Err(Refusal::AlreadyDone),
            // Somebody else moved it; whether it should move again is for people to say.
            Act::MoveHome(_) if self.main.moved_after(known) => Err(Refusal::HomeMoved),
            Act::Adopt(_) | Act::MoveHome(_) => Ok(()),
            // Its fork is over.
            Act::Resolve(_) => Err(Refusal::AlreadyDone),
        }
    }

    /// In a fork nothing is received but what ends it.
    fn require_calm(&self, entry: &LedgerEntry, root: &CardHash) -> Result<(), Refusal> {
        if self.fork().is_none() {
            return match &entry.act {
                Act::Resolve(_) => Err(Refusal::NotAllowed),
                _ => Ok(()),
            };
        }
        match &entry.act {
            Act::Resolve(resolve) if self.names_all(&resolve.others) => {
                self.custodian_by(root).map(|_| ()).ok_or(Refusal::NotCustodian)
            }
            _ => Err(Refusal::Forked),
        }
    }

    /// All lines, ours first.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &Authority> {
        core::iter::once(&self.main).chain(&self.others)
    }

    /// Branches that our line does not take back.
    fn open(&self) -> impl Iterator<Item = &Authority> {
        self.others.iter().filter(|other| settles(&self.main, other).is_none())
    }

    /// Goes by the line that resolves all others, where there is one.
    fn settle(&mut self) {
        let resolves_all = |line: &Authority, at: usize| {
            let rest = self.others.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
            core::iter::once(&self.main).chain(rest).all(|other| settles(line, other).is_some())
        };
        let found = self.others.iter().enumerate().position(|(at, line)| resolves_all(line, at));
        if let Some(line) = found.and_then(|at| self.others.get_mut(at)) {
            core::mem::swap(&mut self.main, line);
        }
    }
}

/// Why the home does not receive a step, or why it is not made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Another entry came first.
    Stale,
    /// The chart is forked; only a resolution is received.
    Forked,
    /// The actor is no custodian, or no longer.
    NotCustodian,
    /// What it wants is so already.
    AlreadyDone,
    /// Whom it grants to was revoked meanwhile.
    EndedMeanwhile,
    /// The home was moved meanwhile.
    HomeMoved,
    /// It would revoke whoever keeps the home; that has to move first.
    KeepsHome,
    /// Damaged, forged, or against the rules.
    NotAllowed,
    /// A card is missing.
    UnknownCard,
}

impl From<super::LedgerError> for Refusal {
    fn from(error: super::LedgerError) -> Self {
        match error {
            super::LedgerError::NotLinked => Self::Stale,
            super::LedgerError::NoAuthority => Self::NotCustodian,
            super::LedgerError::Contradiction => Self::NotAllowed,
            super::LedgerError::KeepsHome => Self::KeepsHome,
        }
    }
}

/// Number of the first entry in which two lines differ.
pub(super) fn fork_point(a: &Authority, b: &Authority) -> u64 {
    match compare(a.line(), b.line()) {
        Relation::Forked { at } => at,
        _ => a.head_seq().min(b.head_seq()).saturating_add(1),
    }
}

/// Number of the entry of `line` that takes `other` back: it names the last entry of `other`, and whoever signed it is a
/// custodian in both and was one before the fork. So nobody whom either branch revoked decides for it.
fn settles(line: &Authority, other: &Authority) -> Option<u64> {
    let at = fork_point(line, other);
    let turn = line.turns().iter().find(|turn| turn.resolved.contains(&head_of(other)))?;
    let may = line.custodian_at(&turn.by, at).is_some() && other.is_current() && other.custodian_by(&turn.by).is_some();
    may.then_some(turn.seq)
}

fn head_of(line: &Authority) -> Head {
    Head { seq: line.head_seq(), hash: line.head() }
}
