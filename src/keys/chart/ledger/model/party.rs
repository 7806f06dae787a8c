//! Somebody who takes part: what he holds, what he signs, and how he reads.

use super::super::standing::NoRight;
use super::super::{Claim, CutPoint, Cuts, EntryStanding, Head, Relation, View};
use super::made::{
    self, COMPARTMENT, END, Made, authority, full, hash, head, keep, keeps_home, made, note, number, view, who,
};
use super::{
    Lie, Want, Who,
    Who::{Clinic, Mallory, Twin},
};
use crate::codec::{CompartmentId, Hash};
use crate::envelope::Chain;
use crate::keys::chart::grant::Rights;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Party {
    pub(super) who: Who,
    /// Last entries of all lines, the one that the party goes by first.
    pub(super) lines: Vec<u64>,
    /// Last entries of all lines that were ever offered to it; of two where one goes on from the other, the longer.
    pub(super) heard: BTreeSet<u64>,
    /// Notes that are kept, and at which ledger number each was taken into normal reads.
    pub(super) notes: BTreeMap<u64, Option<u64>>,
    /// Own step that waits for the home.
    pub(super) pending: Option<u64>,
    pub(super) wants: Vec<Want>,
    /// Steps that were refused with a reason.
    pub(super) told: u8,
    pub(super) writes: u8,
    pub(super) wrong: Option<Wrong>,
}

/// What nobody comes to do who keeps to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wrong {
    /// It refused an honest note for good.
    Lost,
    /// It judged a note by a ledger that it did not know.
    JudgedBlindly,
    /// It wrote what it does not read as usual itself.
    WroteInVain,
    /// Knowing of a fork, it received a step that does not end it.
    WentOnInAFork,
    /// It received a resolution, and the fork is still open.
    StillForked,
    /// It made a step again that the home cannot receive.
    AgainInVain,
    /// It took in a note as disputed that it had not read before.
    TookInDisputed,
    /// It proposed what no home receives from it.
    ProposedInVain,
}

impl Party {
    pub(super) fn view(&self) -> Arc<View> {
        view(self.who, &self.lines)
    }

    /// Whether this party reads every entry that it holds.
    pub(super) fn reads_all(&self) -> bool {
        self.lines.iter().all(|line| made::read(self.who, *line).is_whole())
    }

    /// Whether this party has the keys of a note: not of one from after its own revocation.
    pub(super) fn opens(&self, id: u64) -> bool {
        let known = head(note(id).ledger);
        let has = |line: u64| authority(line).has(known.seq, &known.hash);
        let mut held = self.lines.iter().filter(|line| has(**line)).peekable();
        held.peek().is_none() || held.any(|line| has(made::read(self.who, *line).opened))
    }

    /// Whether the ledger names a home key that this party has.
    pub(super) fn is_home(&self) -> bool {
        keeps_home(if self.who == Twin { Clinic } else { self.who }, self.lines[0])
    }

    /// Whether nothing that reaches this party can make a difference any more.
    pub(super) fn is_out(&self) -> bool {
        self.who == Mallory && self.wants.is_empty() && self.pending.is_none() && self.writes == 0 && !self.is_home()
    }

    /// Takes a want as seen to. One broken step is enough for each history.
    pub(super) fn settle(&mut self, want: Want) {
        self.wants.retain(|other| *other != want && !matches!((want, other), (Want::Break(_), Want::Break(_))));
    }

    /// Signs what the party wants, on top of the line that it goes by.
    pub(super) fn make(&self, want: Want, since: u64) -> Option<u64> {
        let view = self.view();
        let mut made = Made {
            by: if self.who == Twin { Clinic } else { self.who },
            want,
            previous: self.lines[0],
            note: None,
            others: Vec::new(),
            staying: Vec::new(),
            since,
        };
        // Mallory asks nobody whether another branch has revoked him.
        let everyone = || if self.who == Mallory { view.main().members() } else { view.members() };
        let members = || everyone().into_iter().map(|member| (who(&member.root), member.rights));
        match want {
            Want::Share(who) => made.staying = vec![(who, Rights::Write)],
            Want::Show(who) => made.staying = vec![(who, Rights::Read)],
            Want::Entrust(who) => made.staying = vec![(who, Rights::Custodian)],
            Want::Revoke(gone) => {
                made.staying = members().filter(|(who, _)| *who != gone).collect();
                made.note = self.last_of(gone);
            }
            Want::Adopt => made.note = Some(*self.notes.iter().find(|(_, accepted)| accepted.is_none())?.0),
            Want::MoveHome => {}
            Want::Break(_) => {
                let heads = view.fork().into_iter().flat_map(|fork| fork.heads.into_iter().skip(1));
                made.others = heads.map(|head| number(&head.hash)).collect();
                made.staying = members().collect();
            }
            Want::Resolve => {
                let fork = view.fork()?;
                made.others = fork.heads.iter().skip(1).map(|head| number(&head.hash)).collect();
                made.staying = members().collect();
                made.note = self.last_of(Mallory);
            }
        }
        Some(keep(made))
    }

    pub(super) fn admits(&self, entry: u64) -> bool {
        let (signed, made) = full(entry);
        self.view().admit(&signed, made.by.root(), hash(entry)).is_ok()
    }

    /// At home: receives an entry, if the rules let it.
    pub(super) fn append(&mut self, entry: u64) -> bool {
        // Mallory receives whatever others would read.
        let admitted =
            self.admits(entry) || self.who == Mallory && keeps_home(Mallory, full(entry).1.previous) && applies(entry);
        if admitted {
            let (forked, resolves) = (self.view().fork().is_some(), full(entry).1.want == Want::Resolve);
            self.offer(entry);
            if self.who == Mallory {
                return true;
            }
            if forked && !resolves {
                self.wrong = Some(Wrong::WentOnInAFork);
            } else if resolves && self.view().fork().is_some() {
                self.wrong = Some(Wrong::StillForked);
            }
        }
        admitted
    }

    pub(super) fn offer(&mut self, line: u64) {
        self.hear(line);
        let mut view = self.view().as_ref().clone();
        let before = view.fork();
        let relation = view.offer(made::read(self.who, line).authority());
        if relation != Relation::Same || before != view.fork() {
            self.lines = view.lines().map(|line| number(&line.head())).collect();
        }
    }

    fn hear(&mut self, line: u64) {
        let goes_on = |from: u64, to: u64| authority(to).has(head(from).seq, &hash(from));
        if !self.heard.iter().any(|heard| goes_on(line, *heard)) {
            self.heard.retain(|heard| !goes_on(*heard, line));
            self.heard.insert(line);
        }
    }

    /// Takes in a note; false where it cannot be judged yet.
    pub(super) fn read(&mut self, id: u64) -> bool {
        if !self.opens(id) {
            return false;
        }
        let (seq, written) = (authority(self.lines[0]).head_seq(), note(id));
        match self.standing(id, None) {
            Ok(standing) => {
                self.notes.insert(id, (standing != EntryStanding::Quarantined).then_some(seq));
                if standing == EntryStanding::Disputed {
                    self.wrong = Some(Wrong::TookInDisputed);
                }
                if !self.view().lines().any(|line| line.has(head(written.ledger).seq, &hash(written.ledger))) {
                    self.wrong = Some(Wrong::JudgedBlindly);
                }
                true
            }
            Err(NoRight::NotGranted) if written.by != Mallory => {
                self.wrong = Some(Wrong::Lost);
                true
            }
            Err(_) => false,
        }
    }

    pub(super) fn standing(&self, id: u64, accepted: Option<u64>) -> Result<EntryStanding, NoRight> {
        let asked = (self.who, self.lines.clone(), self.notes.keys().copied().collect(), id, accepted);
        made::standing(asked, || self.judge(id, accepted))
    }

    fn judge(&self, id: u64, accepted: Option<u64>) -> Result<EntryStanding, NoRight> {
        let (view, written) = (self.view(), note(id));
        let claim = Claim {
            device: written.by.root(),
            root: written.by.root(),
            compartment: if written.lie == Some(Lie::Compartment) { ELSEWHERE } else { COMPARTMENT },
            chain: Some(Chain { seq: written.seq, previous: hash(written.previous) }),
            object: hash(id),
            ledger: Head { seq: authority(written.ledger).head_seq(), hash: hash(written.ledger) },
            time_ms: if written.lie == Some(Lie::Date) { END + 1 } else { 0 },
        };
        let mut cuts = Cuts::default();
        for line in view.lines() {
            for turn in line.turns() {
                let entry = line.hash_at(turn.seq).unwrap();
                let made = made(number(&entry)).unwrap();
                let point = made.note.map(|last| CutPoint {
                    device: note(last).by.root(),
                    seq: note(last).seq,
                    hash: hash(last),
                });
                cuts.insert(entry, COMPARTMENT, point.into_iter().collect());
            }
        }
        let holds = |object: &Hash| {
            let known = number(object);
            (known == id || self.notes.contains_key(&known)).then(|| hash(note(known).previous))
        };
        view.standing_of(&claim, accepted, &cuts.vouched(holds))
    }

    /// The newest note of somebody that this party reads as usual.
    pub(super) fn last_of(&self, who: Who) -> Option<u64> {
        let read = self.notes.iter().filter(|(id, accepted)| accepted.is_some() && note(**id).by == who);
        read.map(|(id, _)| *id).filter(|id| note(*id).lie.is_none()).max_by_key(|id| note(*id).seq)
    }

    pub(super) fn last_own(&self) -> Option<u64> {
        self.last_of(self.who)
    }

    /// The ledger entry that the author names: the last one, or for Mallory the last by which he could write, if any.
    pub(super) fn may_write_at(&self) -> Option<u64> {
        let mut head = self.lines[0];
        if self.view().may_write(&self.who.root(), &COMPARTMENT, 0) {
            return Some(head);
        }
        if self.who != Mallory {
            return None;
        }
        loop {
            let line = authority(head);
            if line.may_write(&Mallory.root(), &COMPARTMENT, 0) {
                return Some(head);
            }
            match made(head) {
                Some(made) => head = made.previous,
                None => return Some(self.lines[0]),
            }
        }
    }
}

/// A compartment of the chart that nobody is granted who is no custodian.
const ELSEWHERE: CompartmentId = CompartmentId::from_bytes([2; 16]);

/// Whether an entry keeps to the rules of the line that it stands on.
pub(super) fn applies(entry: u64) -> bool {
    let (signed, made) = full(entry);
    authority(made.previous).as_ref().clone().apply(&signed, made.by.root(), hash(entry)).is_ok()
}
