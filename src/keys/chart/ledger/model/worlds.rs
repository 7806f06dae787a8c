//! The worlds. Each is explored to its end.

use super::*;
use stateright::Checker;
use std::time::Instant;

fn world(name: &'static str, parties: Vec<(Who, Vec<Want>, u8)>, shows: fn(&State) -> bool) -> World {
    World { name, parties, mallory: Rights::Write, put_back: 0, honest: false, shows }
}

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

#[test]
fn d27_the_store_of_the_home_is_put_back() {
    let parties =
        vec![(Clinic, vec![Want::Revoke(Mallory), Want::Share(Reader)], 0), (Mallory, vec![], 1), (Reader, vec![], 0)];
    explore(World { put_back: 1, ..world("the home is put back", parties, forked) });
}

/// Larger worlds, for `cargo xtask model`.
mod large {
    use super::*;

    #[test]
    #[ignore = "takes minutes"]
    fn two_revocations_and_writers_who_lie() {
        let parties = vec![
            (Clinic, vec![Want::Revoke(Mallory), Want::Adopt], 1),
            (Guardian, vec![Want::Revoke(Lee)], 1),
            (Mallory, vec![], 2),
            (Lee, vec![], 1),
            (Reader, vec![], 0),
        ];
        let shows = |state: &State| reads(state, Mallory, EntryStanding::Adopted);
        explore(world("two revocations and writers who lie", parties, shows));
    }

    #[test]
    #[ignore = "takes minutes"]
    fn a_cloned_home_with_two_readers() {
        let parties = vec![
            (Clinic, vec![Want::Revoke(Mallory), Want::Resolve], 0),
            (Twin, vec![Want::Revoke(Lee), Want::Share(Reader)], 0),
            (Mallory, vec![], 1),
            (Lee, vec![], 1),
            (Reader, vec![], 0),
        ];
        explore(world("a cloned home with two readers", parties, resolved));
    }

    #[test]
    #[ignore = "takes minutes"]
    fn a_home_that_is_put_back_twice() {
        let parties = vec![
            (Clinic, vec![Want::Revoke(Mallory), Want::Share(Reader)], 0),
            (Guardian, vec![Want::Revoke(Lee)], 0),
            (Mallory, vec![], 1),
            (Reader, vec![], 0),
        ];
        explore(World { put_back: 2, ..world("a home that is put back twice", parties, forked) });
    }
}
