//! The rules, explored exhaustively in small worlds: custodians, a home, readers, a courier and a store.
//!
//! Every transition is made by the rules themselves ([`View::admit`], [`View::offer`], [`View::renewable`],
//! [`View::standing_of`], [`Authority::apply`]); signatures and ciphers are left out, since the rules see entries only
//! after both. The courier may deliver anything that was ever sent, any number of times and in any order, or never: that
//! covers delay, loss, repetition and disorder at once.

mod facts;
mod worlds;

use super::{
    Act, Adopt, Authority, Claim, CutPoint, Cuts, EntryStanding, Genesis, Head, LedgerEntry, MoveHome, Relation,
    Resolve, Revoke, View,
};
use crate::codec::{CardHash, ChartId, CompartmentId, Extensions, GrantId, Hash, Version1};
use crate::envelope::Chain;
use crate::keys::chart::{
    epoch::{CompartmentState, KeyState, SLOTS},
    grant::{GrantFields, Purpose, Rights},
    node::{NodeKind, NodeRef},
};
use stateright::{Model, Property};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher};
use std::sync::{Arc, LazyLock, Mutex};

/// Who takes part. The clinic founds the chart and is home; its copy has the same keys, where a world has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Who {
    Clinic,
    Twin,
    Guardian,
    Mallory,
    Lee,
    Reader,
}

use Who::{Clinic, Guardian, Lee, Mallory, Reader, Twin};

impl Who {
    fn root(self) -> CardHash {
        // The copy of a vault is the same member on the same device.
        CardHash::from_bytes([if self == Twin { Clinic } else { self } as u8 + 1; 32])
    }
}

/// What a custodian wants, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Want {
    Share(Who),
    Revoke(Who),
    /// The newest note that is kept apart.
    Adopt,
    MoveHome,
    Resolve,
}

/// A ledger entry, by its content. Its number is a hash of it, so that a line is known by its last entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Made {
    by: Who,
    want: Want,
    previous: u64,
    /// The newest note of the revoked that is known, or the note to adopt.
    note: Option<u64>,
    /// Last entries of other branches.
    others: Vec<u64>,
    staying: Vec<(Who, Rights)>,
    /// Last entry that its author knew when he first wanted it.
    since: u64,
}

/// What an author wrote.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Note {
    by: Who,
    seq: u64,
    previous: u64,
    /// Last ledger entry that the author knew, or says so.
    ledger: u64,
    /// Whether the author lies about the place.
    forged: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Party {
    who: Who,
    /// Last entries of all lines, the one that the party goes by first.
    lines: Vec<u64>,
    /// Last entries of all lines that were ever offered to it.
    heard: BTreeSet<u64>,
    /// Notes that are kept, and at which ledger number each was taken into normal reads.
    notes: BTreeMap<u64, Option<u64>>,
    /// Own step that waits for the home.
    pending: Option<u64>,
    wants: Vec<Want>,
    /// Steps that were refused with a reason.
    told: u8,
    writes: u8,
    /// An honest note was refused for good.
    lost: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    parties: Vec<Party>,
    /// What the courier has: ends of lines with their receipts, proposals, notes.
    lines: BTreeSet<u64>,
    proposals: BTreeSet<u64>,
    notes: BTreeSet<u64>,
    /// How often the store of the home was put back.
    put_back: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    Step(usize, Want),
    Propose(usize, Want),
    Receive(usize, u64),
    Renew(usize),
    Write(usize),
    /// A revoked or dishonest author claims a place that is not his.
    Forge(usize),
    BringLine(u64, usize),
    BringNote(u64, usize),
    PutBack(usize),
}

/// A small world.
#[derive(Clone, Debug)]
struct World {
    name: &'static str,
    /// Who is there, with what they want of the ledger and how many notes they write.
    parties: Vec<(Who, Vec<Want>, u8)>,
    mallory: Rights,
    put_back: u8,
    /// Whether everybody, the store and the courier included, keeps to the rules.
    honest: bool,
    /// What the world is made to show, so that no fact holds for want of a case.
    shows: fn(&State) -> bool,
}

/// What was made, for all worlds: content by number.
#[derive(Default)]
struct Tables {
    made: HashMap<u64, Made>,
    notes: HashMap<u64, Note>,
    authorities: HashMap<u64, Arc<Authority>>,
    views: HashMap<Vec<u64>, Arc<View>>,
}

static TABLES: LazyLock<Mutex<Tables>> = LazyLock::new(Mutex::default);

const COMPARTMENT: CompartmentId = CompartmentId::from_bytes([1; 16]);

impl World {
    /// Number of the entry at which all begin: genesis, key state, and a grant for each.
    fn start(&self) -> u64 {
        let mut head = self.genesis();
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

    fn genesis(&self) -> u64 {
        let genesis = Genesis {
            version: Version1,
            nonce: hash(0),
            founder: Clinic.root(),
            actor: Clinic.root(),
            home: home_key(Clinic, 0),
            suite: 1,
            time_ms: 0,
            extensions: Extensions::default(),
        };
        let mut authority = Authority::found(&genesis, hash(0));
        let entry = entry_of(&authority, Clinic, Act::KeyState(state(1)));
        authority.apply(&entry, Clinic.root(), hash(1)).unwrap();
        tables(|tables| tables.authorities.insert(1, Arc::new(authority)));
        1
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
            lost: false,
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
                    actions.push(Action::Forge(at));
                }
            }
            let unheard = state.lines.iter().filter(|line| !party.heard.contains(line));
            actions.extend(unheard.map(|line| Action::BringLine(*line, at)));
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
                party.wants.retain(|other| *other != want);
                if party.append(entry) {
                    state.lines.insert(entry);
                } else {
                    party.told += 1;
                }
            }
            Action::Propose(at, want) => {
                let party = state.parties.get_mut(at).filter(|party| party.pending.is_none())?;
                let entry = party.make(want, party.lines[0])?;
                party.wants.retain(|other| *other != want);
                if party.admits(entry) {
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
                        let again = party.make(made.want, made.since)?;
                        party.pending = Some(again);
                        state.proposals.insert(again);
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
                let id = keep_note(Note { by: party.who, seq, previous: last.unwrap_or(0), ledger, forged: false });
                party.notes.insert(id, Some(0));
                state.notes.insert(id);
            }
            Action::Forge(at) => {
                let party = state.parties.get_mut(at)?;
                party.writes -= 1;
                let ledger = party.may_write_at()?;
                let id = keep_note(Note { by: party.who, seq: 1, previous: 0, ledger, forged: true });
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
                party.heard.retain(|line| authority(*line).head_seq() <= authority(before).head_seq());
                state.put_back -= 1;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        facts::all()
    }
}

impl Party {
    fn view(&self) -> Arc<View> {
        view(&self.lines)
    }

    /// Whether the ledger names a home key that this party has.
    fn is_home(&self) -> bool {
        let who = if self.who == Twin { Clinic } else { self.who };
        let main = authority(self.lines[0]);
        (0..=main.head_seq()).any(|seq| *main.home() == home_key(who, seq))
    }

    /// Signs what the party wants, on top of the line that it goes by.
    fn make(&self, want: Want, since: u64) -> Option<u64> {
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
            Want::Revoke(gone) => {
                made.staying = members().filter(|(who, _)| *who != gone).collect();
                made.note = self.last_of(gone);
            }
            Want::Adopt => made.note = Some(*self.notes.iter().find(|(_, accepted)| accepted.is_none())?.0),
            Want::MoveHome => {}
            Want::Resolve => {
                let fork = view.fork()?;
                made.others = fork.heads.iter().skip(1).map(|head| number(&head.hash)).collect();
                made.staying = members().collect();
                made.note = self.last_of(Mallory);
            }
        }
        Some(keep(made))
    }

    fn admits(&self, entry: u64) -> bool {
        let (signed, made) = full(entry);
        self.view().admit(&signed, made.by.root(), hash(entry)).is_ok()
    }

    /// At home: receives an entry, if the rules let it.
    fn append(&mut self, entry: u64) -> bool {
        // Mallory receives whatever can be received.
        let admitted = self.admits(entry) || self.who == Mallory && applies(entry);
        if admitted {
            self.offer(entry);
        }
        admitted
    }

    fn offer(&mut self, line: u64) {
        self.heard.insert(line);
        let mut view = self.view().as_ref().clone();
        let before = view.fork();
        let relation = view.offer(authority(line).as_ref().clone());
        if relation != Relation::Same || before != view.fork() {
            self.lines = view.lines().map(|line| number(&line.head())).collect();
        }
    }

    /// Takes in a note; false where it cannot be judged yet.
    fn read(&mut self, id: u64) -> bool {
        let seq = authority(self.lines[0]).head_seq();
        match self.standing(id, None) {
            Ok(EntryStanding::Quarantined) => self.notes.insert(id, None),
            Ok(_) => self.notes.insert(id, Some(seq)),
            Err(super::standing::NoRight::UnknownLedger) => return false,
            Err(super::standing::NoRight::NotGranted) => {
                self.lost |= note(id).by != Mallory;
                return false;
            }
        };
        true
    }

    fn standing(&self, id: u64, accepted: Option<u64>) -> Result<EntryStanding, super::standing::NoRight> {
        let (view, written) = (self.view(), note(id));
        let claim = Claim {
            device: written.by.root(),
            root: written.by.root(),
            compartment: COMPARTMENT,
            chain: Some(Chain { seq: written.seq, previous: hash(written.previous) }),
            object: hash(id),
            ledger: Head { seq: authority(written.ledger).head_seq(), hash: hash(written.ledger) },
            time_ms: 0,
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
    fn last_of(&self, who: Who) -> Option<u64> {
        let read = self.notes.iter().filter(|(id, accepted)| accepted.is_some() && note(**id).by == who);
        read.map(|(id, _)| *id).filter(|id| !note(*id).forged).max_by_key(|id| note(*id).seq)
    }

    fn last_own(&self) -> Option<u64> {
        self.last_of(self.who)
    }

    /// The ledger entry that the author names: the last one, or for Mallory the last by which he could write.
    fn may_write_at(&self) -> Option<u64> {
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
            head = made(head)?.previous;
        }
    }
}

fn applies(entry: u64) -> bool {
    let (signed, made) = full(entry);
    authority(made.previous).as_ref().clone().apply(&signed, made.by.root(), hash(entry)).is_ok()
}

fn view(lines: &[u64]) -> Arc<View> {
    if let Some(known) = tables(|tables| tables.views.get(lines).cloned()) {
        return known;
    }
    let mut view = View::new(authority(lines[0]).as_ref().clone());
    for line in &lines[1..] {
        view.offer(authority(*line).as_ref().clone());
    }
    let view = Arc::new(view);
    tables(|tables| tables.views.insert(lines.to_vec(), Arc::clone(&view)));
    view
}

/// Authority after the line that ends in this entry: of an entry that no home should have received, as it was received.
fn authority(head: u64) -> Arc<Authority> {
    if let Some(known) = tables(|tables| tables.authorities.get(&head).cloned()) {
        return known;
    }
    let (entry, made) = full(head);
    let mut after = authority(made.previous).as_ref().clone();
    after.apply(&entry, made.by.root(), hash(head)).expect("a home received what the rules do not allow");
    let after = Arc::new(after);
    tables(|tables| tables.authorities.insert(head, Arc::clone(&after)));
    after
}

/// The entry in full, as its author signed it.
fn full(id: u64) -> (LedgerEntry, Made) {
    let made = made(id).unwrap();
    let before = authority(made.previous);
    let rights = |who: Who, rights: Rights, at: u64| grant(who, rights, id ^ at);
    let turn = |epoch: u32| Revoke {
        ended: Vec::new(),
        cuts: vec![Vec::new().into(); SLOTS],
        state: state(epoch),
        staying: made.staying.iter().zip(1..).map(|((who, has), at)| rights(*who, *has, at)).collect(),
    };
    let act = match made.want {
        Want::Share(_) => Act::Grant(rights(made.staying[0].0, made.staying[0].1, 1)),
        Want::Revoke(_) => Act::Revoke(turn(before.epoch() + 1)),
        Want::Adopt => Act::Adopt(Adopt { object: hash(made.note.unwrap()), reason: "known".into() }),
        Want::MoveHome => {
            Act::MoveHome(MoveHome { home: home_key(made.by, before.head_seq() + 1), acceptance: Vec::new() })
        }
        Want::Resolve => {
            let newest = made.others.iter().map(|line| authority(*line).epoch()).max().unwrap_or(0);
            let mut others: Vec<Head> = made.others.iter().map(|line| head(*line)).collect();
            others.sort_unstable_by_key(|head| head.hash);
            Act::Resolve(Resolve { others, turn: turn(newest.max(before.epoch()) + 1) })
        }
    };
    (entry_of(&before, made.by, act), made)
}

fn entry_of(before: &Authority, by: Who, act: Act) -> LedgerEntry {
    LedgerEntry {
        version: Version1,
        chart: ChartId::from_bytes([0; 32]),
        seq: before.head_seq() + 1,
        previous: before.head(),
        actor: by.root(),
        authority: before.custodian_by(&by.root()).unwrap_or(u64::MAX),
        time_ms: 0,
        act,
        extensions: Extensions::default(),
    }
}

fn grant(who: Who, rights: Rights, id: u64) -> GrantFields {
    let seed = NodeRef { kind: NodeKind::Seed, compartment: CompartmentId::from_bytes([0; 16]) };
    let compartment = NodeRef { kind: NodeKind::Compartment, compartment: COMPARTMENT };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&id.to_be_bytes());
    GrantFields {
        id: GrantId::from_bytes(bytes),
        grantee: 1,
        nodes: vec![if rights == Rights::Custodian { seed } else { compartment }],
        rights,
        history: true,
        recipient: who.root(),
        purpose: Purpose::Treat,
        not_after_ms: None,
        sealed: hash(id),
        extensions: Extensions::default(),
    }
}

fn state(epoch: u32) -> KeyState {
    let compartment = |n: u8| CompartmentState {
        id: CompartmentId::from_bytes([n; 16]),
        check: hash(0),
        content_checks: vec![hash(0); 3],
        label: vec![0; 48],
        history: Vec::new(),
    };
    KeyState { epoch, seed_check: hash(0), compartments: (1..=8).map(compartment).collect() }
}

fn home_key(who: Who, moved_at: u64) -> Hash {
    hash(1 << 63 | (who as u64) << 32 | moved_at)
}

fn who(root: &CardHash) -> Who {
    [Clinic, Guardian, Mallory, Lee, Reader].into_iter().find(|who| who.root() == *root).unwrap()
}

fn head(line: u64) -> Head {
    Head { seq: authority(line).head_seq(), hash: hash(line) }
}

fn hash(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Hash::from_bytes(bytes)
}

fn number(hash: &Hash) -> u64 {
    u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap())
}

fn numbered<T: std::hash::Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish() >> 1
}

fn keep(made: Made) -> u64 {
    let id = numbered(&made);
    tables(|tables| tables.made.insert(id, made));
    id
}

fn keep_note(note: Note) -> u64 {
    let id = numbered(&note);
    tables(|tables| tables.notes.insert(id, note));
    id
}

fn made(id: u64) -> Option<Made> {
    tables(|tables| tables.made.get(&id).cloned())
}

fn note(id: u64) -> Note {
    tables(|tables| tables.notes[&id].clone())
}

fn tables<T>(work: impl FnOnce(&mut Tables) -> T) -> T {
    work(&mut TABLES.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}
