//! Two histories of one chart: found, frozen, resolved.

use super::*;

fn share_with(party: &Party) -> Intent {
    Intent::Share { to: Box::new(party.identity.root_card.clone()), grant: Grant::write() }
}

/// The home is cloned; its copies receive different entries. Lee is a reader, the guardian a custodian.
struct Forked {
    clinic: Party,
    clone: Party,
    guardian: Party,
    lee: Party,
}

fn forked(by_clinic: &Intent, by_clone: &Intent, knows: &[&Party]) -> Forked {
    let (mut clinic, guardian) = two_custodians();
    let lee = Party::new("Lee");
    clinic.share(&lee, &Grant::write());
    knows.iter().for_each(|party| clinic.know(party));
    let mut clone = clinic.clone();
    clinic.do_step(by_clinic).unwrap();
    clone.do_step(by_clone).unwrap();
    Forked { clinic, clone, guardian, lee }
}

#[test]
fn a_fork_freezes_what_either_branch_gave_and_keeps_what_either_took() {
    let (mallory, kim) = (Party::new("Mallory"), Party::new("Kim"));
    let Forked { clinic, clone, mut guardian, mut lee } =
        forked(&share_with(&kim), &share_with(&mallory), &[&mallory, &kim]);
    assert_eq!(lee.hear(&clinic), Relation::Extends);
    assert_eq!(lee.hear(&clone), Relation::Forked { at: 4 });
    assert_eq!(lee.hear(&clone), Relation::Forked { at: 4 });
    assert_eq!(lee.keys().fork().unwrap().at, 4);
    assert_eq!(lee.rows.branches.len(), 1);
    assert_eq!(lee.keys().members().len(), 3);
    assert!(lee.keys().require_access(3).is_ok());
    // Nobody shares or revokes on such ground, neither here nor at home.
    guardian.hear(&clone);
    guardian.hear(&clinic);
    guardian.know(&kim);
    assert_eq!(guardian.propose(&share_with(&kim)).map(drop), Err(Error::Forked));
    let mut home = clinic.clone();
    home.hear(&clone);
    assert_eq!(home.do_step(&share_with(&kim)), Err(Error::Forked));
}

#[test]
fn a_custodian_resolves_and_what_both_branches_wrote_is_read() {
    let kim = Party::new("Kim");
    let turn = Intent::Revoke { roots: Vec::new() };
    let Forked { mut clinic, mut clone, mut guardian, mut lee } = forked(&turn, &turn, &[&kim]);
    // Lee hears the one, the guardian the other; both write under epoch 2, each under another.
    lee.hear(&clinic);
    guardian.hear(&clone);
    let (by_lee, by_guardian) = (lee.write("on the one"), guardian.write("on the other"));
    let strange = guardian.standing(&by_lee, None);
    assert!(strange.is_err());
    lee.hear(&clone);
    guardian.hear(&clinic);
    for reader in [&mut lee, &mut guardian] {
        assert!(reader.keys().fork().is_some());
        // Each is late in the branch that its author did not know.
        assert_eq!(reader.standing(&by_lee, None), Ok(EntryStanding::Late));
        assert_eq!(reader.standing(&by_guardian, None), Ok(EntryStanding::Late));
    }
    clinic.hear(&clone);
    clinic.do_step(&Intent::Resolve { leaving: Vec::new() }).unwrap();
    assert_eq!(clinic.keys().fork(), None);
    for reader in [&mut lee, &mut guardian, &mut clone] {
        reader.hear(&clinic);
        let keys = reader.keys();
        assert_eq!((keys.fork(), keys.authority().epoch()), (None, 3));
        assert_eq!(keys.authority().head(), clinic.keys().authority().head());
        assert_eq!(reader.standing(&by_lee, None), Ok(EntryStanding::Late));
        assert_eq!(reader.standing(&by_guardian, None), Ok(EntryStanding::Late));
    }
    // A newcomer reads both by the links of the new epoch.
    let mut newcomer = Party::new("Newcomer");
    clinic.share(&newcomer, &Grant::read());
    newcomer.hear(&clinic);
    for entry in [&by_lee, &by_guardian] {
        assert_eq!(newcomer.standing(entry, None), Ok(EntryStanding::Late));
    }
    let after = lee.write("after");
    assert_eq!(clone.standing(&after, None), Ok(EntryStanding::Normal));
}

#[test]
fn who_was_revoked_in_one_branch_does_not_resolve_for_himself() {
    let (mut clinic, mut guardian) = two_custodians();
    let mut mallory = Party::new("Mallory");
    clinic.share(&mallory, &Grant::custodian());
    // Mallory's vault becomes home; a copy of it is made, which the guardian still reaches.
    mallory.hear(&clinic);
    let proposal = mallory.propose(&Intent::MoveHome).unwrap();
    clinic.receive(&proposal).unwrap();
    mallory.hear(&clinic);
    guardian.hear(&clinic);
    let mut copy = mallory.clone();
    let back = guardian.propose(&Intent::MoveHome).unwrap();
    copy.receive(&back).unwrap();
    guardian.hear(&copy);
    guardian.revoke(&mallory, |_| Vec::new());
    // He goes on in the other branch, and "resolves".
    let lee = Party::new("Lee");
    mallory.share(&lee, &Grant::write());
    assert_eq!(guardian.hear(&mallory), Relation::Forked { at: 5 });
    assert!(guardian.keys().fork().is_some());
    assert!(!guardian.keys().members().iter().any(|member| member.root == mallory.root()));
    mallory.hear(&guardian);
    assert_eq!(mallory.do_step(&Intent::Resolve { leaving: Vec::new() }), Err(Error::Forked));
    // The guardian does, on the branch whose home she is.
    guardian.do_step(&Intent::Resolve { leaving: Vec::new() }).unwrap();
    clinic.hear(&mallory);
    clinic.hear(&guardian);
    assert_eq!(clinic.keys().fork(), None);
    assert_eq!(clinic.keys().members().len(), 2);
}
