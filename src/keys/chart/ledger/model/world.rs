//! A small world, its states, and every step from one to another.

use super::super::EntryStanding;
use super::facts;
use super::made::{Made, Note, full, genesis, hash, keep, keep_note, made, note};
use super::party::{Party, Wrong, applies};
use super::{
    Lie, Want, Who,
    Who::{Clinic, Guardian, Lee, Mallory, Reader},
};
use crate::keys::chart::grant::Rights;
use stateright::{Model, Property};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) parties: Vec<Party>,
    /// What the courier has: ends of lines with their receipts, proposals, notes.
    pub(super) lines: BTreeSet<u64>,
    pub(super) proposals: BTreeSet<u64>,
    pub(super) notes: BTreeSet<u64>,
    /// How often the store of the home was put back.
    pub(super) put_back: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    Step(usize, Want),
    Propose(usize, Want),
    Receive(usize, u64),
    Renew(usize),
    Write(usize),
    /// A revoked or dishonest author writes as he may not.
    Forge(usize, Lie),
    BringLine(u64, usize),
    BringNote(u64, usize),
    PutBack(usize),
}

/// A small world.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) name: &'static str,
    /// Who is there, with what they want of the ledger and how many notes they write.
    pub(super) parties: Vec<(Who, Vec<Want>, u8)>,
    pub(super) mallory: Rights,
    pub(super) put_back: u8,
    /// How Mallory writes as he may not.
    pub(super) lies: Vec<Lie>,
    /// Whether everybody, the store and the courier included, keeps to the rules.
    pub(super) honest: bool,
    /// What the world is made to show, so that no fact holds for want of a case.
    pub(super) shows: fn(&State) -> bool,
}

impl World {
    /// Number of the entry at which all begin: genesis, key state, and a grant for each.
    fn start(&self) -> u64 {
        let mut head = genesis();
        for (who, rights) in self.founding() {
            head = keep(Made {
                by: Clinic,
                want: Want::Share(who),
                previous: head,
                note: None,
                others: Vec::new(),
                staying: vec![(who, rights)],
                since: head,
            });
        }
        head
    }

    fn founding(&self) -> Vec<(Who, Rights)> {
        vec![(Guardian, Rights::Custodian), (Mallory, self.mallory), (Lee, Rights::Write), (Reader, Rights::Read)]
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let head = self.start();
        let party = |(who, wants, writes): &(Who, Vec<Want>, u8)| Party {
            who: *who,
            lines: vec![head],
            heard: BTreeSet::from([head]),
            notes: BTreeMap::new(),
            pending: None,
            wants: wants.clone(),
            told: 0,
            writes: *writes,
            wrong: None,
        };
        vec![State {
            parties: self.parties.iter().map(party).collect(),
            lines: BTreeSet::new(),
            proposals: BTreeSet::new(),
            notes: BTreeSet::new(),
            put_back: self.put_back,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (at, party) in state.parties.iter().enumerate() {
            for want in &party.wants {
                actions.push(if party.is_home() { Action::Step(at, *want) } else { Action::Propose(at, *want) });
            }
            if party.pending.is_some() {
                actions.push(Action::Renew(at));
            }
            if party.is_home() {
                actions.extend(state.proposals.iter().map(|id| Action::Receive(at, *id)));
                if state.put_back > 0 {
                    actions.push(Action::PutBack(at));
                }
            }
            if party.writes > 0 {
                actions.push(Action::Write(at));
                if party.who == Mallory {
                    actions.extend(self.lies.iter().map(|lie| Action::Forge(at, *lie)));
                }
            }
            if party.is_out() {
                continue;
            }
            // What was heard before may come again: it must change nothing.
            let unheard = state.lines.iter().filter(|line| !party.heard.contains(line));
            actions.extend(unheard.map(|line| Action::BringLine(*line, at)));
            if party.who == Mallory && party.wants.is_empty() {
                continue;
            }
            let unread = state.notes.iter().filter(|note| !party.notes.contains_key(note));
            actions.extend(unread.map(|note| Action::BringNote(*note, at)));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Step(at, want) => {
                let party = state.parties.get_mut(at)?;
                let entry = party.make(want, party.lines[0])?;
                party.settle(want);
                if party.append(entry) {
                    state.lines.insert(entry);
                } else {
                    party.told += 1;
                }
            }
            Action::Propose(at, want) => {
                let party = state.parties.get_mut(at).filter(|party| party.pending.is_none())?;
                let entry = party.make(want, party.lines[0])?;
                party.settle(want);
                if matches!(want, Want::Break(_)) {
                    state.proposals.insert(entry);
                } else if party.admits(entry) {
                    if party.who != Mallory && !applies(entry) {
                        party.wrong = Some(Wrong::ProposedInVain);
                    }
                    party.pending = Some(entry);
                    state.proposals.insert(entry);
                } else {
                    party.told += 1;
                }
            }
            Action::Receive(at, entry) => {
                if !state.parties.get_mut(at)?.append(entry) {
                    return None;
                }
                state.lines.insert(entry);
            }
            Action::Renew(at) => {
                let party = state.parties.get_mut(at)?;
                let (pending, view) = (party.pending?, party.view());
                let (entry, made) = full(pending);
                match view.main().hash_at(entry.seq)? {
                    committed if committed == hash(pending) => party.pending = None,
                    _ if view.renewable(&entry, party.who.root()).is_ok() => {
                        party.pending = party.make(made.want, made.since).filter(|again| party.admits(*again));
                        match party.pending {
                            Some(again) => {
                                state.proposals.insert(again);
                            }
                            None => party.wrong = Some(Wrong::AgainInVain),
                        }
                    }
                    _ => {
                        party.pending = None;
                        party.told += 1;
                    }
                }
            }
            Action::Write(at) => {
                let party = state.parties.get_mut(at)?;
                party.writes -= 1;
                let last = party.last_own();
                // Whoever keeps to the rules stops when he hears that he was revoked; Mallory goes on as if he had not.
                let ledger = party.may_write_at()?;
                let seq = last.map_or(0, |id| note(id).seq) + 1;
                let id = keep_note(Note { by: party.who, seq, previous: last.unwrap_or(0), ledger, lie: None });
                party.notes.insert(id, Some(0));
                if party.who != Mallory
                    && party.standing(id, Some(0)).is_ok_and(|standing| standing > EntryStanding::Late)
                {
                    party.wrong = Some(Wrong::WroteInVain);
                }
                state.notes.insert(id);
            }
            Action::Forge(at, lie) => {
                let party = state.parties.get_mut(at)?;
                party.writes -= 1;
                let ledger = party.may_write_at()?;
                let id = keep_note(Note { by: party.who, seq: 1, previous: 0, ledger, lie: Some(lie) });
                party.notes.insert(id, Some(0));
                state.notes.insert(id);
            }
            Action::BringLine(line, at) => state.parties.get_mut(at)?.offer(line),
            Action::BringNote(id, at) => {
                if !state.parties.get_mut(at)?.read(id) {
                    return None;
                }
            }
            Action::PutBack(at) => {
                let start = self.start();
                let party = state.parties.get_mut(at)?;
                let head = *party.lines.first()?;
                let before = made(head).filter(|_| head != start)?.previous;
                // What was stored is gone, the memory of it as well.
                party.lines = vec![before];
                party.heard = BTreeSet::from([before]);
                state.put_back -= 1;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        facts::all()
    }
}
