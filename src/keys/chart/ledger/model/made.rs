//! What was made: entries and notes, by numbers that stand for their hashes, and what the rules say of them.

use super::super::standing::NoRight;
use super::super::{Act, Adopt, Authority, EntryStanding, Genesis, Head, LedgerEntry, MoveHome, Resolve, Revoke, View};
use super::{
    Lie, Want, Who,
    Who::{Clinic, Guardian, Lee, Mallory, Reader},
    flaw,
};
use crate::codec::{CardHash, ChartId, CompartmentId, Extensions, GrantId, Hash, Version1};
use crate::keys::chart::{
    epoch::{CompartmentState, KeyState, SLOTS},
    grant::{GrantFields, Purpose, Rights},
    node::{NodeKind, NodeRef},
};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, LazyLock, Mutex};

/// A ledger entry, by its content. Its number is a hash of it, so that a line is known by its last entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Made {
    pub(super) by: Who,
    pub(super) want: Want,
    pub(super) previous: u64,
    /// The newest note of the revoked that is known, or the note to adopt.
    pub(super) note: Option<u64>,
    /// Last entries of other branches.
    pub(super) others: Vec<u64>,
    pub(super) staying: Vec<(Who, Rights)>,
    /// Last entry that its author knew when he first wanted it.
    pub(super) since: u64,
}

/// What an author wrote.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Note {
    pub(super) by: Who,
    pub(super) seq: u64,
    pub(super) previous: u64,
    /// Last ledger entry that the author knew, or says so.
    pub(super) ledger: u64,
    pub(super) lie: Option<Lie>,
}

/// What was made, for all worlds: content by number.
#[derive(Default)]
struct Tables {
    made: HashMap<u64, Made>,
    notes: HashMap<u64, Note>,
    authorities: HashMap<u64, Arc<Authority>>,
    read: HashMap<(Who, u64), Read>,
    views: HashMap<Who, HashMap<Vec<u64>, Arc<View>>>,
    standings: HashMap<Asked, Answer>,
}

/// A line as somebody reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Read {
    /// Last entry of the line.
    pub(super) head: u64,
    /// Last entry that he can open; of those after it he knows that they are there.
    pub(super) opened: u64,
}

/// Of how a note stands: who asks, all lines, all notes that are held, the note, and when it was accepted.
pub(super) type Asked = (Who, Vec<u64>, Vec<u64>, u64, Option<u64>);
type Answer = Result<EntryStanding, NoRight>;

static TABLES: LazyLock<Mutex<Tables>> = LazyLock::new(Mutex::default);

pub(super) const COMPARTMENT: CompartmentId = CompartmentId::from_bytes([1; 16]);

/// The grants of Mallory, unless he is a custodian, end at this time.
pub(super) const END: i64 = 10;

/// Founds the chart. The number of its first entry, the key state.
pub(super) fn genesis() -> u64 {
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

/// What somebody makes of these lines.
pub(super) fn view(reader: Who, lines: &[u64]) -> Arc<View> {
    if let Some(known) = tables(|tables| tables.views.get(&reader)?.get(lines).cloned()) {
        return known;
    }
    let mut view = View::new(read(reader, lines[0]).authority());
    for line in &lines[1..] {
        view.offer(read(reader, *line).authority());
    }
    let view = Arc::new(view);
    tables(|tables| tables.views.entry(reader).or_default().insert(lines.to_vec(), Arc::clone(&view)));
    view
}

/// A line as somebody reads it: a grant comes with the keys of all entries before it, and a turn seals what follows for those
/// who stay. Mallory is told everything by somebody.
pub(super) fn read(reader: Who, head: u64) -> Read {
    if reader == Mallory {
        return Read { head, opened: head };
    }
    if let Some(known) = tables(|tables| tables.read.get(&(reader, head)).copied()) {
        return known;
    }
    let line = authority(head);
    let mut ends = line.turns().iter().map(|turn| turn.seq).chain([line.head_seq() + 1]);
    let is_member = |at: &u64| line.members_at(*at).iter().any(|member| member.root == reader.root());
    let opened = ends.rfind(is_member).and_then(|end| line.hash_at(end - 1)).unwrap();
    let read = Read { head, opened: number(&opened) };
    tables(|tables| tables.read.insert((reader, head), read));
    read
}

impl Read {
    /// What the reader makes of it.
    pub(super) fn authority(self) -> Authority {
        let (line, mut known) = (authority(self.head), authority(self.opened).as_ref().clone());
        for seq in known.head_seq() + 1..=line.head_seq() {
            let hash = line.hash_at(seq).unwrap();
            let moves = authority(number(&hash));
            known.pass_over(hash, Some(*moves.home()).filter(|home| home != known.home()));
        }
        known
    }

    pub(super) fn is_whole(self) -> bool {
        self.head == self.opened
    }
}

/// Authority after the line that ends in this entry: of an entry that no home should have received, as it was received.
pub(super) fn authority(head: u64) -> Arc<Authority> {
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
pub(super) fn full(id: u64) -> (LedgerEntry, Made) {
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
        Want::Share(_) | Want::Show(_) | Want::Entrust(_) => {
            Act::Grant(rights(made.staying[0].0, made.staying[0].1, 1))
        }
        Want::Revoke(_) => Act::Revoke(turn(before.epoch() + 1)),
        Want::Adopt => Act::Adopt(Adopt { object: hash(made.note.unwrap()), reason: "known".into() }),
        Want::MoveHome => {
            Act::MoveHome(MoveHome { home: home_key(made.by, before.head_seq() + 1), acceptance: Vec::new() })
        }
        Want::Resolve | Want::Break(_) => {
            let newest = made.others.iter().map(|line| authority(*line).epoch()).max().unwrap_or(0);
            let mut others: Vec<Head> = made.others.iter().map(|line| head(*line)).collect();
            others.sort_unstable_by_key(|head| head.hash);
            Act::Resolve(Resolve { others, turn: turn(newest.max(before.epoch()) + 1) })
        }
    };
    let mut entry = entry_of(&before, made.by, act);
    if entry.authority == u64::MAX {
        // Who does not read that he was revoked names what he knows.
        let known = read(made.by, made.previous).authority();
        entry.authority = known.custodian_by(&made.by.root()).unwrap_or(u64::MAX);
    }
    if let Want::Break(flaw) = made.want {
        flaw::put_into(&mut entry, flaw, &before, rights(Lee, Rights::Write, 1));
    }
    (entry, made)
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

pub(super) fn grant(who: Who, rights: Rights, id: u64) -> GrantFields {
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
        not_after_ms: (who == Mallory && rights != Rights::Custodian).then_some(END),
        sealed: hash(id),
        extensions: Extensions::default(),
    }
}

pub(super) fn state(epoch: u32) -> KeyState {
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

/// Whether the next entry after this one needs a receipt by a key of `who`.
pub(super) fn keeps_home(who: Who, line: u64) -> bool {
    let line = authority(line);
    (0..=line.head_seq()).any(|seq| *line.home() == home_key(who, seq))
}

pub(super) fn who(root: &CardHash) -> Who {
    [Clinic, Guardian, Mallory, Lee, Reader].into_iter().find(|who| who.root() == *root).unwrap()
}

pub(super) fn head(line: u64) -> Head {
    Head { seq: authority(line).head_seq(), hash: hash(line) }
}

pub(super) fn hash(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Hash::from_bytes(bytes)
}

pub(super) fn number(hash: &Hash) -> u64 {
    u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap())
}

fn numbered<T: std::hash::Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish() >> 1
}

pub(super) fn keep(made: Made) -> u64 {
    let id = numbered(&made);
    tables(|tables| tables.made.insert(id, made));
    id
}

pub(super) fn keep_note(note: Note) -> u64 {
    let id = numbered(&note);
    tables(|tables| tables.notes.insert(id, note));
    id
}

pub(super) fn made(id: u64) -> Option<Made> {
    tables(|tables| tables.made.get(&id).cloned())
}

/// How a note stands, which depends on what is asked and on nothing else.
pub(super) fn standing(asked: Asked, find: impl FnOnce() -> Answer) -> Answer {
    if let Some(known) = tables(|tables| tables.standings.get(&asked).copied()) {
        return known;
    }
    let answer = find();
    tables(|tables| tables.standings.insert(asked, answer));
    answer
}

pub(super) fn note(id: u64) -> Note {
    tables(|tables| tables.notes[&id].clone())
}

fn tables<T>(work: impl FnOnce(&mut Tables) -> T) -> T {
    work(&mut TABLES.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}
