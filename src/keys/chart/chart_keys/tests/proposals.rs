//! Steps of a custodian who is not home.

use super::*;
use crate::codec::{GrantId, SecretBytes};
use crate::keys::chart::chart_keys::revoke::Turned;

fn share_with(party: &Party) -> Intent {
    Intent::Share { to: Box::new(party.identity.root_card.clone()), grant: Grant::write() }
}

fn revoke(party: &Party) -> Intent {
    Intent::Revoke { roots: vec![party.root()] }
}

#[test]
fn a_proposal_takes_effect_when_the_home_has_received_it() {
    let (mut clinic, mut guardian) = two_custodians();
    let mut lee = Party::new("Lee");
    guardian.know(&lee);
    clinic.know(&lee);
    let proposal = guardian.propose(&share_with(&lee)).unwrap();
    assert_eq!(guardian.keys().members().len(), 2);
    assert_eq!(proposal.fate(&guardian.keys()), Fate::Waiting);
    clinic.receive(&proposal).unwrap();
    lee.hear(&clinic);
    guardian.hear(&clinic);
    assert_eq!(proposal.fate(&guardian.keys()), Fate::Committed);
    let entry = lee.write("x");
    assert_eq!(guardian.standing(&entry, None), Ok(EntryStanding::Normal));

    // A revocation brings its keys to the home, and back to who made it.
    let proposal = guardian.propose(&revoke(&lee)).unwrap();
    assert!(lee.keys().require_access(3).is_ok());
    clinic.receive(&proposal).unwrap();
    lee.hear(&clinic);
    guardian.hear(&clinic);
    assert_eq!(lee.keys().require_access(3), Err(Error::GrantEnded));
    let entry = guardian.write("after");
    assert_eq!(clinic.standing(&entry, None), Ok(EntryStanding::Normal));
}

/// Attack 59: two append at once. The loser's step is made again where that is safe, and never by being sent again.
#[test]
fn h59_two_devices_append_at_once_and_the_losers_step_is_replayed() {
    let (mut clinic, mut guardian) = two_custodians();
    let (lee, kim) = (Party::new("Lee"), Party::new("Kim"));
    guardian.know(&lee);
    clinic.know(&lee);
    let lost = guardian.propose(&share_with(&lee)).unwrap();
    clinic.share(&kim, &Grant::read());
    for _ in 0..2 {
        assert_eq!(clinic.receive(&lost), Err(Refusal::Stale));
    }
    guardian.hear(&clinic);
    assert_eq!(lost.fate(&guardian.keys()), Fate::Lost);
    let (renewed, _) = guardian.keys().renew(&lost, no_cuts, 4).unwrap();
    clinic.receive(&renewed).unwrap();
    for proposal in [&lost, &renewed] {
        assert_eq!(clinic.receive(proposal), Err(Refusal::Stale));
    }
    let ids = clinic.keys().grants_of(&lee.root());
    assert_eq!(ids.len(), 1);
    guardian.hear(&clinic);
    assert_eq!(renewed.fate(&guardian.keys()), Fate::Committed);

    // Two revocations at once: the second is made again under the next epoch, with fresh keys for who is left.
    let lost = guardian.propose(&revoke(&lee)).unwrap();
    clinic.revoke(&kim, |_| Vec::new());
    assert_eq!(clinic.receive(&lost), Err(Refusal::Stale));
    guardian.hear(&clinic);
    let (renewed, _) = guardian.keys().renew(&lost, no_cuts, 4).unwrap();
    clinic.receive(&renewed).unwrap();
    assert_eq!((clinic.keys().authority().epoch(), clinic.keys().members().len()), (3, 2));
}

#[test]
fn a_step_is_not_made_again_where_somebody_has_decided_otherwise() {
    let (mut clinic, mut guardian) = two_custodians();
    let (mallory, lee) = (Party::new("Mallory"), Party::new("Lee"));
    clinic.share(&mallory, &Grant::read());
    clinic.share(&lee, &Grant::read());
    guardian.hear(&clinic);
    let object = Hash::from_bytes([7; 32]);
    let adopt = Intent::Adopt { object, reason: "known".into() };
    let intents = [share_with(&mallory), revoke(&mallory), adopt.clone(), Intent::MoveHome, share_with(&lee)];
    let lost = intents.map(|intent| guardian.propose(&intent).unwrap());
    clinic.revoke(&mallory, |_| Vec::new());
    clinic.do_step(&adopt).unwrap();
    clinic.do_step(&Intent::MoveHome).unwrap();
    guardian.hear(&clinic);
    for proposal in &lost[..4] {
        assert_eq!(guardian.keys().renew(proposal, no_cuts, 4).map(drop), Err(Error::Superseded));
        assert_eq!(clinic.receive(proposal), Err(Refusal::Stale));
    }
    assert!(guardian.keys().renew(&lost[4], no_cuts, 4).is_ok());
    assert_eq!(clinic.keys().renew(&lost[4], no_cuts, 4).map(drop), Err(Error::NotCustodian));
    clinic.revoke(&guardian, |_| Vec::new());
    guardian.hear(&clinic);
    assert_eq!(guardian.keys().renew(&lost[4], no_cuts, 4).map(drop), Err(Error::NotCustodian));
}

#[test]
fn the_home_moves_and_only_the_new_ones_receipts_count() {
    let (mut clinic, mut guardian) = two_custodians();
    let mut lee = Party::new("Lee");
    let keeper_leaves = guardian.keys().propose(&revoke(&clinic), no_cuts, 3);
    assert_eq!(keeper_leaves.map(drop), Err(Error::KeepsHome));
    let old_home = clinic.clone();
    let proposal = guardian.propose(&Intent::MoveHome).unwrap();
    assert!(clinic.keys().is_home() && !guardian.keys().is_home());
    clinic.receive(&proposal).unwrap();
    guardian.hear(&clinic);
    assert!(!clinic.keys().is_home() && guardian.keys().is_home());
    clinic.know(&lee);
    assert_eq!(clinic.do_step(&share_with(&lee)), Err(Error::NeedsHome));
    guardian.share(&lee, &Grant::read());
    // Who cannot read the move follows it by its receipt.
    guardian.do_step(&Intent::Revoke { roots: Vec::new() }).unwrap();
    let mut kim = Party::new("Kim");
    guardian.share(&kim, &Grant::read().without_history());
    for reader in [&mut lee, &mut kim, &mut clinic] {
        reader.hear(&guardian);
        assert!(reader.keys().require_access(3).is_ok());
    }
    // The old key receives no more.
    let mut stale = guardian.clone();
    stale.ring = old_home.ring.clone();
    let at = guardian.rows.main.len() as u64;
    let entry = old_home.keys().draft(&Intent::Revoke { roots: Vec::new() }, no_cuts, 4).unwrap();
    let home = old_home.ring.home().unwrap();
    let forged = receipt(clinic.keys().chart(), at, entry_hash(&entry.stored), &home, None).unwrap();
    let mut rows = guardian.rows.main.clone();
    rows.push(LedgerRow { stored: entry.stored, receipt: forged });
    let read = ChartKeys::assemble(rows, guardian.ring.clone(), guardian.cards.clone(), &guardian.identity);
    assert!(matches!(read, Err(Error::Unopenable { .. })));
    // And the founder may go now.
    guardian.do_step(&revoke(&clinic)).unwrap();
    assert_eq!(clinic.hear(&guardian), Relation::Extends);
    assert_eq!(clinic.keys().require_access(3), Err(Error::GrantEnded));
}

/// A home cannot lead those who do not read an entry to another home than those who do.
#[test]
fn a_receipt_names_the_home_that_its_entry_names() {
    let (clinic, guardian) = two_custodians();
    let (keys, home) = (clinic.keys(), clinic.ring.home().unwrap());
    let other = Hash::from_bytes(SigningKey::<role::HomeSigning>::generate().unwrap().verifying_key().to_bytes());
    let moves = guardian.keys().draft(&Intent::MoveHome, no_cuts, 3).unwrap();
    let stays = keys.draft(&Intent::Revoke { roots: Vec::new() }, no_cuts, 3).unwrap();
    let Act::MoveHome(to) = &moves.entry.act else { unreachable!() };
    for (draft, named, honestly) in [
        (&moves, Some(to.home), true),
        (&moves, Some(other), false),
        (&moves, None, false),
        (&stays, Some(other), false),
        (&stays, None, true),
    ] {
        let hash = entry_hash(&draft.stored);
        let receipt = receipt(keys.chart(), draft.entry.seq, hash, &home, named).unwrap();
        let row = LedgerRow { stored: draft.stored.clone(), receipt };
        let rows = [&clinic.rows.main[..], &[row]].concat();
        let ring = if core::ptr::eq(draft, &stays) { stays.ring.clone() } else { clinic.ring.clone() };
        let read = ChartKeys::assemble(rows, ring, clinic.cards.clone(), &clinic.identity);
        assert_eq!(read.is_ok(), honestly);
    }
}

/// Nobody names a home key that he does not hold, nor one that another accepted.
#[test]
fn a_home_key_comes_with_its_own_word() {
    let (mut clinic, mut guardian) = two_custodians();
    let honest = guardian.propose(&Intent::MoveHome).unwrap();
    let keys = guardian.keys();
    let (epoch, key) = keys.newest_ledger_key().unwrap();
    let accept = |keeper: CardHash, home: &SigningKey<role::HomeSigning>| {
        crate::keys::chart::ledger::accept_home(keys.chart(), keeper, home).unwrap()
    };
    let own = SigningKey::generate().unwrap();
    let other = SigningKey::<role::HomeSigning>::generate().unwrap();
    let mut unheld = accept(guardian.root(), &own);
    unheld.home = Hash::from_bytes(other.verifying_key().to_bytes());
    for act in [unheld, accept(clinic.root(), &own)] {
        let draft = keys.signed(Act::MoveHome(act), epoch, &key, Vec::new(), keys.ring.clone(), 3).unwrap();
        let proposal = Proposal::of(&keys, draft);
        assert_eq!(clinic.receive(&proposal), Err(Refusal::NotAllowed));
    }
    clinic.receive(&honest).unwrap();
}

/// Rows of grants beside a proposal.
type Rows = Vec<(GrantId, minicbor::bytes::ByteVec)>;

/// Attack 5: rows of grants that the entry does not make, or that another made.
#[test]
fn a05_a_proposal_with_grants_that_its_entry_does_not_make() {
    let (mut clinic, mut guardian) = two_custodians();
    let (lee, mallory) = (Party::new("Lee"), Party::new("Mallory"));
    for party in [&lee, &mallory] {
        guardian.know(party);
    }
    let honest = guardian.propose(&share_with(&lee)).unwrap();
    assert_eq!(clinic.receive(&honest), Err(Refusal::UnknownCard));
    clinic.know(&lee);
    clinic.know(&mallory);
    let other = guardian.propose(&share_with(&mallory)).unwrap();
    let with = |change: &dyn Fn(&mut Rows)| {
        let mut proposal = honest.clone();
        change(&mut proposal.grants);
        proposal
    };
    for bad in [
        with(&|grants| grants.clear()),
        with(&|grants| grants.push(other.grants[0].clone())),
        with(&|grants| grants[0].1 = other.grants[0].1.clone()),
        with(&|grants| grants[0].0 = other.grants[0].0),
        with(&|grants| grants[0].1.truncate(9)),
    ] {
        assert_eq!(clinic.receive(&bad), Err(Refusal::NotAllowed));
    }
    clinic.receive(&honest).unwrap();
}

/// Attack 30: what was granted before a revocation comes again after it.
#[test]
fn d30_an_old_grant_is_replayed_after_the_revocation() {
    let (mut clinic, mut guardian) = two_custodians();
    let mut lee = Party::new("Lee");
    clinic.know(&lee);
    guardian.know(&lee);
    let proposal = guardian.propose(&share_with(&lee)).unwrap();
    clinic.receive(&proposal).unwrap();
    let granted = clinic.clone();
    lee.hear(&clinic);
    clinic.revoke(&lee, |_| Vec::new());
    lee.hear(&clinic);
    let lost = lee.clone();
    // The proposal, the state before the revocation, the row of the grant, the entry under another number.
    assert_eq!(clinic.receive(&proposal), Err(Refusal::Stale));
    assert_eq!(lee.hear(&granted), Relation::Behind);
    assert_eq!(lee.rows, lost.rows);
    assert_eq!(lee.keys().require_access(3), Err(Error::GrantEnded));
    let row = granted.rows.main.last().unwrap().clone();
    let at = clinic.rows.main.len() as u64;
    let home = clinic.ring.home().unwrap();
    let again = receipt(clinic.keys().chart(), at, entry_hash(&row.stored), &home, None).unwrap();
    let mut rows = clinic.rows.main.clone();
    rows.push(LedgerRow { receipt: again, ..row });
    let after = ChartKeys::assemble(rows, clinic.ring.clone(), clinic.cards.clone(), &clinic.identity);
    assert!(after.is_err() || !after.unwrap().members().iter().any(|member| member.root == lee.root()));
}

/// Attack 61: the home is given other keys of an epoch than the ledger says, and would be locked out.
#[test]
fn h61_a_revocation_that_gives_the_home_other_keys() {
    let (mut clinic, mut guardian) = two_custodians();
    let lee = Party::new("Lee");
    clinic.share(&lee, &Grant::read());
    guardian.hear(&clinic);
    let keys = guardian.keys();
    let home = clinic.identity.root_card.clone();
    let propose = |wrong_seed: bool, wrong_ledger_key: bool| {
        let Turned { mut turn, mut grants, ring, seed } = keys.turn(&[lee.root()], no_cuts, 3).unwrap();
        let epoch = turn.state.epoch;
        let key = ledger_key(&Deriver::new(&seed), keys.chart(), epoch);
        let fields = turn.staying.iter_mut().find(|fields| fields.recipient == home.hash()).unwrap();
        let flip = |secret: &mut SecretBytes| {
            let mut bytes = secret.expose().to_vec();
            bytes[0] ^= 1;
            *secret = SecretBytes::new(&bytes);
        };
        let mut node = crate::keys::chart::node::Node::seed(epoch, &seed);
        let mut ledger_keys = ring.ledger_keys().to_vec();
        if wrong_seed {
            flip(&mut node.keys);
        }
        if wrong_ledger_key {
            flip(&mut ledger_keys.last_mut().unwrap().key);
        }
        let (made, row) = keys.seal_grant(fields.id, &home, &Grant::custodian(), vec![node], ledger_keys).unwrap();
        *fields = made;
        grants.iter_mut().find(|(id, _)| *id == fields.id).unwrap().1 = crate::codec::encode(&row);
        let act = Act::Revoke(turn);
        Proposal::of(&keys, keys.signed(act, epoch, &key, grants, ring, 3).unwrap())
    };
    assert_eq!(clinic.receive(&propose(true, false)), Err(Refusal::NotAllowed));
    assert_eq!(clinic.receive(&propose(false, true)), Err(Refusal::NotAllowed));
    let honest = propose(false, false);
    clinic.receive(&honest).unwrap();
}

/// Attack 63: another custodian's sealed grant is proposed as one's own.
#[test]
fn h63_anothers_sealed_grant_proposed_as_ones_own() {
    let (mut clinic, guardian) = two_custodians();
    let lee = Party::new("Lee");
    clinic.know(&lee);
    let by_clinic = clinic.keys().draft(&share_with(&lee), no_cuts, 3).unwrap();
    let Act::Grant(fields) = &by_clinic.entry.act else { unreachable!() };
    let mut keys = guardian.keys();
    lee.identity.add_to(&mut keys.cards);
    let (epoch, key) = keys.newest_ledger_key().unwrap();
    let act = Act::Grant(fields.clone());
    let draft = keys.signed(act, epoch, &key, by_clinic.grants.clone(), keys.ring.clone(), 3).unwrap();
    assert_eq!(clinic.receive(&Proposal::of(&keys, draft)), Err(Refusal::NotAllowed));
    let own = keys.draft(&share_with(&lee), no_cuts, 3).unwrap();
    clinic.receive(&Proposal::of(&keys, own)).unwrap();
}
