//! What must hold in every state of every world.

use super::super::{Authority, EntryStanding, View};
use super::made::{COMPARTMENT, END, Made, authority, hash, head, keeps_home, made, note, number, who};
use super::party::Party;
use super::world::{State, World};
use super::{
    Flaw, Lie, Want, Who,
    Who::{Clinic, Guardian, Lee, Mallory, Reader},
};
use crate::codec::CardHash;
use crate::keys::chart::grant::Rights;
use stateright::Property;
use std::collections::BTreeSet;

const EVERYBODY: [Who; 5] = [Clinic, Guardian, Mallory, Lee, Reader];

pub(super) fn all() -> Vec<Property<World>> {
    vec![
        Property::always("what the revoked wrote after the cut is nobody's normal", revoked),
        Property::always("who heard the same says the same, or says fork", agreed),
        Property::always("no honest note is lost", kept),
        Property::always("no alarm where all are honest", calm),
        Property::always("nobody forgets what he was told", remembered),
        Property::always("the home is with a custodian", at_home),
        Property::always("no step that is made again undoes what was decided meanwhile", decided),
        Property::always("custodians alone change the ledger", entitled),
        Property::always("what somebody wrote without the right is nobody's normal", granted),
        Property::always("what one branch alone lets somebody write is nobody's normal", common),
        Property::always("no step that breaks the rules is received", sound),
        Property::always("after a turn those are members who stay, and nobody else", turned),
        Property::always("what a cut names is read on", known),
        Property::always("what was sealed with old keys is marked", marked),
        Property::always("in a fork nobody has more rights than before it, or than a branch leaves", least),
        Property::always("what one branch alone adopts is not let in", adopted),
        Property::always("whoever cannot read the last entry has no right", ended),
        Property::always("a fork is over where a custodian of all ends names the others", closed),
        Property::always("nothing vanishes that was read before a revocation, and nothing else stays", steady),
        Property::always("nobody who keeps to the rules goes wrong", |_, state| {
            honest(state).all(|it| it.wrong.is_none())
        }),
        Property::sometimes("it comes to what the world is for", |world, state| (world.shows)(state)),
    ]
}

/// Whoever has heard of a revocation, in whatever branch, takes no note of the revoked as normal that was not before the
/// cut, whatever place it claims.
fn revoked(_: &World, state: &State) -> bool {
    honest(state).all(|party| {
        let view = party.view();
        let resolved = view.main().turns().iter().filter(|turn| !turn.resolved.is_empty());
        let by_resolver: Vec<u64> = resolved.filter_map(|turn| cut_of(view.main(), turn.seq)).collect();
        view.lines().flat_map(|line| line.turns().iter().map(move |turn| (line, turn))).all(|(line, turn)| {
            let hash = line.hash_at(turn.seq).unwrap();
            let Some(Made { want: Want::Revoke(gone), note: cut, .. }) = made(number(&hash)) else { return true };
            party.notes.iter().filter(|(id, _)| note(**id).by == gone && party.who != gone).all(|(id, accepted)| {
                let came_back = authority(note(*id).ledger).has(turn.seq, &hash);
                let vouched = cut.iter().chain(&by_resolver).any(|last| leads_to(*last, *id));
                let standing = party.standing(*id, *accepted);
                came_back || vouched || !standing.is_ok_and(|it| it <= EntryStanding::Late)
            })
        })
    })
}

/// The order in which lines arrive makes no difference.
fn agreed(_: &World, state: &State) -> bool {
    let parties: Vec<&Party> = honest(state).filter(|party| party.reads_all()).collect();
    let says = |party: &Party| {
        let members: Vec<_> = party.view().members().into_iter().map(|member| (member.root, member.rights)).collect();
        let rights = EVERYBODY.map(Who::root).map(|root| {
            let view = party.view();
            (view.custodian_by(&root).is_some(), view.may_write(&root, &COMPARTMENT, 0), view.stands(&root, 0))
        });
        (party.view().fork().is_some(), members, rights)
    };
    parties.iter().enumerate().all(|(at, one)| {
        parties[at + 1..].iter().filter(|other| other.heard == one.heard).all(|other| {
            let fork = says(one).0 || says(other).0;
            says(one) == says(other) && (fork || one.lines[0] == other.lines[0])
        })
    })
}

/// An honest note can be judged by all who know the ledger that it names, and is never refused.
fn kept(_: &World, state: &State) -> bool {
    honest(state).all(|party| {
        let notes = state.notes.iter().filter(|id| note(**id).by != Mallory);
        let view = party.view();
        notes.filter(|id| knows(&view, note(**id).ledger) && party.opens(**id)).all(|id| {
            let accepted = party.notes.get(id).copied().flatten();
            party.standing(*id, accepted).is_ok()
        })
    })
}

fn calm(world: &World, state: &State) -> bool {
    let gone = |who: Who| {
        let revokes = |line: &u64| trail(*line).any(|made| made.want == Want::Revoke(who));
        state.lines.iter().any(revokes)
    };
    !world.honest
        || honest(state).all(|party| {
            let notes = party.notes.iter().filter(|(id, _)| !gone(note(**id).by));
            party.view().fork().is_none()
                && notes.into_iter().all(|(id, accepted)| {
                    party.standing(*id, *accepted).is_ok_and(|standing| standing <= EntryStanding::Late)
                })
        })
}

fn remembered(_: &World, state: &State) -> bool {
    honest(state).all(|party| party.heard.iter().all(|line| knows(&party.view(), *line)))
}

/// Or nobody could be revoked any more.
fn at_home(_: &World, state: &State) -> bool {
    state.lines.iter().all(|head| {
        let line = authority(*head);
        let custodians = line.members().into_iter().filter(|member| member.rights == Rights::Custodian);
        custodians.map(|member| who(&member.root)).any(|who| keeps_home(who, *head))
    })
}

/// Nobody comes back by a share that was made before his revocation, the home does not move on because somebody had not
/// heard that it had moved, and nobody who is gone is revoked again.
fn decided(_: &World, state: &State) -> bool {
    state.lines.iter().flat_map(|line| trail(*line)).all(|step| {
        let since = |want: Want| {
            let count = |line: u64| trail(line).filter(|made| made.want == want).count();
            count(step.previous) - count(step.since)
        };
        match step.want {
            Want::Share(whom) | Want::Show(whom) => since(Want::Revoke(whom)) == 0,
            Want::MoveHome => since(Want::MoveHome) == 0,
            Want::Revoke(gone) if step.previous != step.since => has(step.previous, gone, Rights::Read),
            Want::Adopt => trail(step.previous).all(|made| made.want != Want::Adopt || made.note != step.note),
            Want::Entrust(_) | Want::Revoke(_) | Want::Resolve | Want::Break(_) => true,
        }
    })
}

fn entitled(_: &World, state: &State) -> bool {
    let steps = state.lines.iter().flat_map(|line| trail(*line));
    steps.into_iter().all(|step| has(step.previous, step.by, Rights::Custodian))
}

/// Whatever ledger an author names, he must have had the right by it: there, and then.
fn granted(_: &World, state: &State) -> bool {
    let needed = |lie: Option<Lie>| match lie {
        Some(Lie::Compartment | Lie::Date) => Rights::Custodian,
        Some(Lie::Place) | None => Rights::Write,
    };
    honest(state).all(|party| {
        let normal = party.notes.iter().filter(|(id, accepted)| is_normal(party, **id, **accepted));
        let entitled = normal.into_iter().all(|(id, _)| has(note(*id).ledger, note(*id).by, needed(note(*id).lie)));
        let ended = has(party.lines[0], Mallory, Rights::Custodian) || !party.view().stands(&Mallory.root(), END + 1);
        entitled && ended
    })
}

/// A home that lies can say that there was a fork, which nobody else sees: it is a turn of the keys, by who may make one.
fn sound(_: &World, state: &State) -> bool {
    state.lines.iter().flat_map(|line| trail(*line)).all(|step| match step.want {
        Want::Break(Flaw::ResolvesNoFork) => keeps_home(Mallory, step.previous),
        Want::Break(_) => false,
        _ => true,
    })
}

fn turned(_: &World, state: &State) -> bool {
    state.lines.iter().filter_map(|line| Some((line, made(*line)?))).all(|(line, step)| {
        let members = || authority(*line).members().into_iter().map(|member| (who(&member.root), member.rights));
        let mut staying = step.staying;
        staying.sort_unstable();
        staying.dedup();
        !matches!(step.want, Want::Revoke(_) | Want::Resolve)
            || members().collect::<BTreeSet<_>>() == staying.into_iter().collect()
    })
}

/// As far as the reader holds what lies between.
fn known(_: &World, state: &State) -> bool {
    honest(state).filter(|party| party.lines.len() == 1 && party.reads_all()).all(|party| {
        let revocations: Vec<Made> =
            trail(party.lines[0]).filter(|step| matches!(step.want, Want::Revoke(_))).collect();
        let [Made { want: Want::Revoke(gone), note: Some(cut), previous, .. }] = revocations.as_slice() else {
            return true;
        };
        let ended = head(*previous).seq;
        let mut chain = core::iter::successors(Some(*cut), |last| Some(note(*last).previous).filter(|id| *id != 0))
            .take_while(|id| party.notes.contains_key(id));
        *gone == party.who
            || chain.all(|id| head(note(id).ledger).seq > ended || is_normal(party, id, party.notes[&id]))
    })
}

fn marked(_: &World, state: &State) -> bool {
    honest(state).filter(|party| party.lines.len() == 1 && party.reads_all()).all(|party| {
        let main = authority(party.lines[0]);
        let stayed = |who: Who| trail(party.lines[0]).all(|step| step.want != Want::Revoke(who));
        party.notes.iter().filter(|(id, _)| stayed(note(**id).by)).all(|(id, accepted)| {
            let from = head(note(*id).ledger).seq;
            let late = main.turns().iter().any(|turn| turn.seq > from && accepted.is_none_or(|at| at >= turn.seq));
            let standing = party.standing(*id, *accepted);
            standing.is_err() || late == (standing == Ok(EntryStanding::Late))
        })
    })
}

fn least(_: &World, state: &State) -> bool {
    honest(state).filter(|party| party.reads_all()).all(|party| {
        let view = party.view();
        let before = lines(party.lines[0])
            .find(|head| view.counting().all(|line| line.has(self::head(*head).seq, &hash(*head))));
        view.fork().is_none()
            || before.is_some_and(|before| {
                let had = |root: &CardHash, rights: Rights| {
                    let ends = view.counting().map(|line| number(&line.head()));
                    ends.chain([before]).all(|line| has(line, who(root), rights))
                };
                let roots = EVERYBODY.map(Who::root);
                view.members().iter().all(|member| had(&member.root, member.rights))
                    && roots.iter().all(|root| view.custodian_by(root).is_none() || had(root, Rights::Custodian))
                    && roots.iter().all(|root| !view.may_write(root, &COMPARTMENT, 0) || had(root, Rights::Write))
            })
    })
}

/// What somebody may do by his own reading he may do by every line.
fn ended(_: &World, state: &State) -> bool {
    honest(state).all(|party| {
        let (view, root) = (party.view(), party.who.root());
        let had = |rights: Rights| view.counting().all(|line| has(number(&line.head()), who(&root), rights));
        (!view.stands(&root, 0) || had(Rights::Read))
            && (!view.may_write(&root, &COMPARTMENT, 0) || had(Rights::Write))
            && (view.custodian_by(&root).is_none() || had(Rights::Custodian))
    })
}

fn closed(_: &World, state: &State) -> bool {
    honest(state).filter(|party| party.view().fork().is_none()).all(|party| {
        party.lines[1..].iter().all(|end| {
            let resolves = |step: Made| step.want == Want::Resolve && step.others.contains(end);
            trail(party.lines[0]).any(|step| has(*end, step.by, Rights::Custodian) && resolves(step))
        })
    })
}

/// What was read before its author was revoked stays, as disputed. What was read after that, since a custodian had let it
/// in, goes where that no longer counts. Numbers are those of one line, so this is asked where no other took its place.
fn steady(_: &World, state: &State) -> bool {
    let alike = |party: &&Party| party.lines.iter().all(|line| trail(*line).all(|step| step.want != Want::Resolve));
    honest(state).filter(alike).all(|party| {
        let read = party.notes.iter().filter_map(|(id, accepted)| Some((*id, (*accepted)?)));
        read.into_iter().all(|(id, at)| {
            let ended = lines(party.lines[0]).filter(|line| head(*line).seq <= at).filter_map(made);
            let cuts: Vec<Option<u64>> =
                ended.filter(|step| step.want == Want::Revoke(note(id).by)).map(|step| step.note).collect();
            match party.standing(id, Some(at)) {
                Ok(EntryStanding::Quarantined) => !cuts.is_empty(),
                Ok(EntryStanding::Disputed) => cuts.iter().all(|cut| cut.is_some_and(|last| leads_to(last, id))),
                _ => true,
            }
        })
    })
}

/// While a fork is open, each branch must have let it in.
fn adopted(_: &World, state: &State) -> bool {
    honest(state).all(|party| {
        let view = party.view();
        let notes =
            party.notes.iter().filter(|(id, accepted)| party.standing(**id, **accepted) == Ok(EntryStanding::Adopted));
        notes.into_iter().all(|(id, _)| {
            let adopts = |step: Made| step.want == Want::Adopt && step.note == Some(*id);
            view.counting().all(|line| trail(number(&line.head())).any(adopts))
        })
    })
}

/// While a fork is open, the right to write must come from before it.
fn common(_: &World, state: &State) -> bool {
    honest(state).all(|party| {
        let view = party.view();
        let normal = party.notes.iter().filter(|(id, accepted)| is_normal(party, **id, **accepted));
        view.fork().is_none()
            || normal.into_iter().map(|(id, _)| note(*id)).all(|written| {
                view.counting().all(|line| {
                    let shared = lines(written.ledger).find(|head| line.has(authority(*head).head_seq(), &hash(*head)));
                    shared.is_some_and(|head| has(head, written.by, Rights::Write))
                })
            })
    })
}

fn honest(state: &State) -> impl Iterator<Item = &Party> {
    state.parties.iter().filter(|party| party.who != Mallory)
}

/// Whether somebody has rights, or greater ones, after the line that ends in this entry.
fn has(line: u64, who: Who, rights: Rights) -> bool {
    authority(line).members().iter().any(|member| member.root == who.root() && member.rights >= rights)
}

fn is_normal(party: &Party, id: u64, accepted: Option<u64>) -> bool {
    party.standing(id, accepted).is_ok_and(|standing| standing <= EntryStanding::Late)
}

/// The entries of a line, the last one first.
fn trail(line: u64) -> impl Iterator<Item = Made> {
    core::iter::successors(made(line), |made_of| made(made_of.previous))
}

/// The lines of which this one is made, the longest first: each by its last entry.
fn lines(line: u64) -> impl Iterator<Item = u64> {
    core::iter::successors(Some(line), |head| made(*head).map(|made| made.previous))
}

fn cut_of(line: &Authority, seq: u64) -> Option<u64> {
    made(number(&line.hash_at(seq)?))?.note
}

/// Whether `id` is on the chain that ends in `last`.
fn leads_to(last: u64, id: u64) -> bool {
    last == id || last != 0 && leads_to(note(last).previous, id)
}

fn knows(view: &View, line: u64) -> bool {
    let head = head(line);
    view.lines().any(|held| held.has(head.seq, &head.hash))
}
