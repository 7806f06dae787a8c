//! The worlds. Each is explored to its end.

use super::super::EntryStanding;
use super::made::note;
use super::party::Party;
use super::world::{State, World};
use super::{
    Flaw, Lie, Want, Who,
    Who::{Clinic, Guardian, Lee, Mallory, Reader, Twin},
};
use crate::keys::chart::grant::Rights;
use stateright::{Checker, Model};
use std::time::Instant;

fn world(name: &'static str, parties: Vec<(Who, Vec<Want>, u8)>, shows: fn(&State) -> bool) -> World {
    World { name, parties, mallory: Rights::Write, put_back: 0, lies: vec![Lie::Place], honest: false, shows }
}

/// Breadth first: the shortest counterexample is found.
#[track_caller]
fn explore(world: World) {
    let (name, begun) = (world.name, Instant::now());
    let checker = world.checker().spawn_bfs().join();
    println!(
        "{name}: {} states, {} of them different, in {:.1} s",
        checker.state_count(),
        checker.unique_state_count(),
        begun.elapsed().as_secs_f32()
    );
    checker.assert_properties();
}

/// How somebody reads the notes of an author.
fn reads(state: &State, by: Who, how: EntryStanding) -> bool {
    let others = state.parties.iter().filter(|party| party.who != by && party.who != Mallory);
    others.into_iter().any(|party| {
        let notes = party.notes.iter().filter(|(id, _)| note(**id).by == by);
        notes.into_iter().any(|(id, accepted)| party.standing(*id, *accepted) == Ok(how))
    })
}

fn forked(state: &State) -> bool {
    state.parties.iter().any(|party| party.who == Reader && party.view().fork().is_some())
}

fn resolved(state: &State) -> bool {
    let reader = state.parties.iter().find(|party| party.who == Reader);
    reader.is_some_and(|reader| reader.lines.len() > 1 && reader.view().fork().is_none())
}

/// The writes of the revoked: one on the chain, one in another's place.
#[test]
fn h58_a_revoked_author_lies_about_his_place() {
    let parties = vec![(Clinic, vec![Want::Revoke(Mallory)], 0), (Mallory, vec![], 3), (Reader, vec![], 0)];
    explore(world("a revoked author lies", parties, |state| {
        reads(state, Mallory, EntryStanding::Disputed) && reads(state, Mallory, EntryStanding::Quarantined)
    }));
}

#[test]
fn h58_a_late_honest_note() {
    let parties = vec![(Clinic, vec![Want::Revoke(Mallory)], 1), (Lee, vec![], 2), (Reader, vec![], 0)];
    let shows = |state: &State| reads(state, Lee, EntryStanding::Late);
    explore(World { honest: true, ..world("a late honest note", parties, shows) });
}

#[test]
fn h58_a_note_is_adopted() {
    let parties = vec![(Clinic, vec![Want::Revoke(Lee), Want::Adopt], 0), (Lee, vec![], 2), (Reader, vec![], 0)];
    let shows = |state: &State| reads(state, Lee, EntryStanding::Adopted);
    explore(World { honest: true, ..world("a note is adopted", parties, shows) });
}

#[test]
fn h59_two_revocations_at_once() {
    let parties = vec![
        (Clinic, vec![Want::Revoke(Mallory)], 0),
        (Guardian, vec![Want::Revoke(Lee)], 0),
        (Mallory, vec![], 1),
        (Reader, vec![], 0),
    ];
    explore(world("two revocations at once", parties, |state| {
        let reader = state.parties.iter().find(|party| party.who == Reader).unwrap();
        reader.view().members().len() == 3
    }));
}

/// He hears that something came after what he reads, and cannot tell that it revoked him.
#[test]
fn h59_a_custodian_is_revoked() {
    let parties = vec![
        (Clinic, vec![Want::Revoke(Guardian)], 0),
        (Guardian, vec![Want::Share(Reader), Want::Revoke(Lee)], 0),
        (Lee, vec![], 0),
    ];
    let told = |state: &State| state.parties.iter().any(|party| party.who == Guardian && party.told > 1);
    explore(World { honest: true, ..world("a custodian is revoked", parties, told) });
}

#[test]
fn h59_a_share_and_a_revocation_at_once() {
    let parties = vec![
        (Clinic, vec![Want::Revoke(Lee)], 0),
        (Guardian, vec![Want::Share(Lee), Want::Share(Reader)], 0),
        (Reader, vec![], 0),
    ];
    let shows = |state: &State| state.parties.iter().any(|party| party.who == Guardian && party.told > 0);
    explore(World { honest: true, ..world("a share and a revocation at once", parties, shows) });
}

#[test]
fn the_home_moves_while_it_is_used() {
    let parties = vec![
        (Clinic, vec![Want::Revoke(Mallory)], 0),
        (Guardian, vec![Want::MoveHome, Want::Revoke(Clinic)], 0),
        (Reader, vec![], 0),
    ];
    let shows = |state: &State| {
        let reader = state.parties.iter().find(|party| party.who == Reader).unwrap();
        !reader.view().members().iter().any(|member| member.root == Clinic.root())
    };
    explore(World { honest: true, ..world("the home moves", parties, shows) });
}

#[test]
fn d28_a_cloned_home_and_a_resolution() {
    let parties = vec![
        (Clinic, vec![Want::Revoke(Mallory), Want::Resolve], 0),
        (Twin, vec![Want::Share(Reader)], 0),
        (Mallory, vec![], 1),
        (Reader, vec![], 0),
    ];
    explore(world("a cloned home", parties, resolved));
}

/// Revoked in one branch, home in the other, he resolves for himself.
#[test]
fn d28_the_revoked_resolves_a_fork() {
    let parties = vec![
        (Clinic, vec![Want::Revoke(Mallory)], 0),
        (Twin, vec![], 0),
        (Mallory, vec![Want::MoveHome, Want::Resolve], 1),
        (Reader, vec![], 0),
    ];
    explore(World { mallory: Rights::Custodian, ..world("the revoked resolves a fork", parties, forked) });
}

/// One whom the same branch revoked does not read that his resolution is none.
#[test]
fn d28_the_revoked_resolves_for_the_revoked() {
    let parties = vec![
        (Clinic, vec![Want::Revoke(Mallory), Want::Revoke(Reader)], 0),
        (Twin, vec![], 0),
        (Mallory, vec![Want::MoveHome, Want::Resolve], 0),
        (Reader, vec![], 0),
    ];
    explore(World { mallory: Rights::Custodian, ..world("the revoked resolves for the revoked", parties, forked) });
}

/// He hears of the branch that revoked him, and does not read it.
#[test]
fn d28_a_custodian_is_revoked_by_one_branch_only() {
    let parties = vec![
        (Clinic, vec![Want::Revoke(Guardian)], 0),
        (Twin, vec![Want::Share(Reader)], 0),
        (Guardian, vec![Want::Resolve], 0),
    ];
    let told = |state: &State| state.parties.iter().any(|party| party.who == Guardian && party.told > 0);
    explore(world("a custodian is revoked by one branch", parties, told));
}

/// Revoked in one branch only, he asks the home of the other to receive his resolution.
#[test]
fn d28_the_revoked_proposes_a_resolution() {
    let parties = vec![
        (Clinic, vec![Want::Revoke(Mallory)], 0),
        (Twin, vec![Want::Share(Reader)], 0),
        (Mallory, vec![Want::Resolve], 0),
    ];
    let told = |state: &State| state.parties.iter().any(|party| party.who == Mallory && party.told > 0);
    explore(World { mallory: Rights::Custodian, ..world("the revoked proposes a resolution", parties, told) });
}

#[test]
fn d27_the_store_of_the_home_is_put_back() {
    let parties =
        vec![(Clinic, vec![Want::Revoke(Mallory), Want::Share(Reader)], 0), (Mallory, vec![], 1), (Reader, vec![], 0)];
    explore(World { put_back: 1, ..world("the home is put back", parties, forked) });
}

#[test]
fn d27_the_store_of_the_home_is_put_back_twice() {
    let parties =
        vec![(Clinic, vec![Want::Revoke(Mallory), Want::Share(Reader)], 0), (Mallory, vec![], 1), (Reader, vec![], 0)];
    explore(World { put_back: 2, ..world("a home that is put back twice", parties, forked) });
}

#[test]
fn h62_a_reader_writes() {
    let parties = vec![(Clinic, vec![], 0), (Mallory, vec![], 2), (Reader, vec![], 0)];
    let shows = |state: &State| state.notes.len() == 2;
    explore(World { mallory: Rights::Read, ..world("a reader writes", parties, shows) });
}

#[test]
fn h62_a_writer_changes_the_ledger() {
    let wants = vec![Want::Share(Mallory), Want::Revoke(Lee), Want::Adopt, Want::MoveHome];
    let parties = vec![(Clinic, vec![Want::Revoke(Lee)], 0), (Mallory, wants, 0), (Lee, vec![], 1)];
    let shows = |state: &State| state.parties.iter().any(|party| party.who == Mallory && party.told == 4);
    explore(world("a writer changes the ledger", parties, shows));
}

#[test]
fn h62_a_writer_writes_where_and_when_he_may_not() {
    let parties = vec![(Clinic, vec![Want::Share(Reader)], 0), (Mallory, vec![], 2), (Reader, vec![], 0)];
    let shows = |state: &State| state.notes.len() == 2;
    let lies = vec![Lie::Compartment, Lie::Date];
    explore(World { lies, ..world("a writer writes where and when he may not", parties, shows) });
}

/// He proposes to the home, and has it moved to himself, where he receives what others would read.
#[test]
fn h62_a_custodian_breaks_the_rules() {
    let flaws = [
        Flaw::Number,
        Flaw::Parent,
        Flaw::Authority,
        Flaw::FirstKeysAgain,
        Flaw::GrantAgain,
        Flaw::GrantOfNothing,
        Flaw::GrantOfAllToWriter,
        Flaw::GrantToNoKind,
        Flaw::SameEpoch,
        Flaw::SkippedEpoch,
        Flaw::KeysMalformed,
        Flaw::OtherCompartments,
        Flaw::CutsMissing,
        Flaw::CutsUnequal,
        Flaw::NobodyShares,
        Flaw::StaysWithNothing,
        Flaw::StaysByOldGrant,
        Flaw::AdoptsWithoutReason,
        Flaw::MovesToWhereItIs,
        Flaw::ResolvesNoFork,
        Flaw::ResolvesNothing,
    ];
    let wants = flaws.into_iter().map(Want::Break).chain([Want::MoveHome]).collect();
    // A writer asks for what only a custodian may do; the home that lies asks the rules alone.
    let writer = (Lee, vec![Want::Break(Flaw::ResolvesNoFork)], 0);
    let parties = vec![(Clinic, vec![], 0), (Mallory, wants, 0), writer];
    let told = |state: &State| state.parties.iter().any(|party| party.who == Mallory && party.told > 0);
    explore(World { mallory: Rights::Custodian, ..world("a custodian breaks the rules", parties, told) });
}

#[test]
fn d28_a_custodian_breaks_the_rules_of_a_resolution() {
    let flaws = [Flaw::ResolvesNothing, Flaw::ResolvesItself, Flaw::ResolvesTwice, Flaw::ResolvesInOldEpoch];
    let parties = vec![
        (Clinic, vec![Want::Share(Guardian)], 0),
        (Twin, vec![Want::Share(Reader)], 0),
        (Mallory, flaws.into_iter().map(Want::Break).collect(), 0),
    ];
    let proposed = |state: &State| !state.proposals.is_empty();
    explore(World { mallory: Rights::Custodian, ..world("a custodian breaks a resolution", parties, proposed) });
}

#[test]
fn h59_two_adopt_one_note() {
    let parties =
        vec![(Clinic, vec![Want::Revoke(Lee), Want::Adopt], 0), (Guardian, vec![Want::Adopt], 0), (Lee, vec![], 1)];
    let told = |state: &State| state.parties.iter().any(|party| party.who == Guardian && party.told > 0);
    explore(World { honest: true, ..world("two adopt one note", parties, told) });
}

/// What he writes by the one branch is kept apart while the other does not know him, and by the resolution.
#[test]
fn d28_somebody_is_let_in_by_one_branch_only() {
    let parties = vec![
        (Clinic, vec![Want::Share(Guardian), Want::Resolve], 0),
        (Twin, vec![Want::Share(Reader)], 0),
        (Reader, vec![], 1),
        (Lee, vec![], 0),
    ];
    explore(world("somebody is let in by one branch", parties, |state| {
        reads(state, Reader, EntryStanding::Quarantined)
    }));
}

/// He knows that one branch revoked him, and writes no more; whoever knows of the fork changes nothing.
#[test]
fn d28_somebody_is_revoked_by_one_branch_only() {
    let parties = vec![
        (Clinic, vec![Want::Share(Reader), Want::Share(Guardian)], 0),
        (Twin, vec![Want::Revoke(Lee)], 0),
        (Lee, vec![], 1),
    ];
    explore(world("somebody is revoked by one branch", parties, |state| {
        state.parties.iter().any(|party| party.who == Lee && party.view().fork().is_some())
    }));
}

/// Who could write may read by the one branch and no more, and still write by the other.
#[test]
fn d28_one_branch_lowers_a_right() {
    let parties = vec![(Clinic, vec![Want::Share(Reader)], 0), (Twin, vec![Want::Revoke(Lee), Want::Show(Lee)], 0)];
    explore(world("one branch lowers a right", parties, |state| {
        let member = |party: &Party| party.view().members().into_iter().find(|member| member.root == Lee.root());
        let lowered = |party: &Party| member(party).is_some_and(|member| member.rights == Rights::Read);
        state.parties.iter().all(|party| party.view().fork().is_some() && lowered(party))
    }));
}

/// A reader took the note in by the one branch, before he heard of the other.
#[test]
fn d28_one_branch_adopts_a_note() {
    let parties = vec![
        (Clinic, vec![Want::Revoke(Lee), Want::Share(Guardian)], 0),
        (Twin, vec![Want::Adopt], 0),
        (Lee, vec![], 1),
        (Reader, vec![], 0),
    ];
    explore(world("one branch adopts a note", parties, |state| {
        let reader = state.parties.iter().find(|party| party.who == Reader).unwrap();
        reader.notes.values().any(Option::is_some) && reads(state, Lee, EntryStanding::Quarantined)
    }));
}

/// A custodian resolves what he knows of a fork, and one of its branches has grown.
#[test]
fn d28_a_fork_grows_while_it_is_resolved() {
    let parties = vec![
        (Clinic, vec![Want::Revoke(Mallory)], 0),
        (Twin, vec![Want::Share(Reader), Want::Share(Lee)], 0),
        (Guardian, vec![Want::Resolve], 0),
    ];
    explore(world("a fork grows", parties, |state| {
        let clinic = &state.parties[0];
        clinic.lines.len() > 1 && clinic.view().fork().is_none()
    }));
}

/// What both branches give alike is not what there was before the fork.
#[test]
fn d28_both_branches_let_somebody_in() {
    let wants = || vec![Want::Share(Reader), Want::Entrust(Lee)];
    let parties = vec![(Clinic, wants(), 0), (Twin, wants(), 0)];
    explore(world("both branches let somebody in", parties, |state| {
        state.parties.iter().any(|party| party.view().fork().is_some() && party.view().main().members().len() == 5)
    }));
}

/// Two custodians resolve one fork, and a third had proposed a share before it.
#[test]
fn d28_two_resolve_a_fork() {
    let parties = vec![
        (Clinic, vec![Want::Share(Reader), Want::Resolve], 0),
        (Twin, vec![Want::Share(Lee)], 0),
        (Guardian, vec![Want::Resolve, Want::Share(Mallory)], 0),
    ];
    explore(world("two resolve a fork", parties, |state| {
        state.parties.iter().any(|party| party.who == Guardian && party.told > 0)
    }));
}

#[test]
fn h59_two_move_the_home_at_once() {
    let parties = vec![(Clinic, vec![], 0), (Guardian, vec![Want::MoveHome], 0), (Mallory, vec![Want::MoveHome], 0)];
    let told = |state: &State| state.parties.iter().any(|party| party.told > 0);
    explore(World { mallory: Rights::Custodian, ..world("two move the home", parties, told) });
}

#[test]
fn h59_two_revoke_one_at_once() {
    let parties =
        vec![(Clinic, vec![Want::Revoke(Mallory)], 0), (Guardian, vec![Want::Revoke(Mallory)], 0), (Reader, vec![], 0)];
    let told = |state: &State| state.parties.iter().any(|party| party.told > 0);
    explore(World { honest: true, ..world("two revoke one", parties, told) });
}
