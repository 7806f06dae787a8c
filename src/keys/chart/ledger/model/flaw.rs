//! Entries that break the rules in one way each, and keep to them otherwise.

use super::super::{Act, Adopt, Authority, Head, LedgerEntry, MoveHome, Resolve, Revoke};
use super::Flaw;
use super::made::{COMPARTMENT, hash, state};
use crate::codec::CompartmentId;
use crate::keys::chart::{
    epoch::SLOTS,
    grant::{GrantFields, Rights},
    node::{NodeKind, NodeRef},
};

/// Puts a flaw into an entry that resolves a fork, or would. `granted` is a grant that could be made.
pub(super) fn put_into(entry: &mut LedgerEntry, flaw: Flaw, before: &Authority, granted: GrantFields) {
    let Act::Resolve(resolve) = &entry.act else { return };
    let (mut granted, resolve) = (granted, resolve.clone());
    let Revoke { staying, .. } = &resolve.turn;
    let turn = |epoch: u32| Revoke {
        ended: Vec::new(),
        cuts: vec![Vec::new().into(); SLOTS],
        state: state(epoch),
        staying: staying.clone(),
    };
    let next = before.epoch() + 1;
    let known = || before.members().into_iter().flat_map(|member| member.grants).next().unwrap();
    entry.act = match flaw {
        Flaw::Number => {
            entry.seq += 1;
            Act::Grant(granted)
        }
        Flaw::Parent => {
            entry.previous = before.hash_at(0).unwrap();
            Act::Grant(granted)
        }
        Flaw::Authority => {
            entry.authority += 1;
            Act::Grant(granted)
        }
        Flaw::FirstKeysAgain => Act::KeyState(state(next)),
        Flaw::GrantAgain => {
            granted.id = known().id;
            Act::Grant(granted)
        }
        Flaw::GrantOfNothing => {
            granted.nodes.clear();
            Act::Grant(granted)
        }
        Flaw::GrantOfAllToWriter => {
            granted.nodes = vec![NodeRef { kind: NodeKind::Seed, compartment: CompartmentId::from_bytes([0; 16]) }];
            Act::Grant(granted)
        }
        Flaw::GrantToNoKind => {
            granted.grantee = 0;
            Act::Grant(granted)
        }
        Flaw::SameEpoch => Act::Revoke(turn(before.epoch())),
        Flaw::SkippedEpoch => Act::Revoke(turn(next + 1)),
        Flaw::KeysMalformed => {
            let mut turn = turn(next);
            turn.state.compartments[0].label.pop();
            Act::Revoke(turn)
        }
        Flaw::OtherCompartments => {
            let mut turn = turn(next);
            turn.state.compartments.last_mut().unwrap().id = CompartmentId::from_bytes([99; 16]);
            Act::Revoke(turn)
        }
        Flaw::CutsMissing => {
            let mut turn = turn(next);
            turn.cuts.pop();
            Act::Revoke(turn)
        }
        Flaw::CutsUnequal => {
            let mut turn = turn(next);
            turn.cuts[0] = vec![0].into();
            Act::Revoke(turn)
        }
        Flaw::NobodyShares => {
            let mut turn = turn(next);
            turn.staying.retain(|fields| fields.rights != Rights::Custodian);
            Act::Revoke(turn)
        }
        Flaw::StaysWithNothing => {
            let mut turn = turn(next);
            granted.nodes = vec![NodeRef { kind: NodeKind::Content, compartment: COMPARTMENT }];
            turn.staying.push(granted);
            Act::Revoke(turn)
        }
        Flaw::StaysByOldGrant => {
            let mut turn = turn(next);
            turn.staying[0].id = known().id;
            Act::Revoke(turn)
        }
        Flaw::AdoptsWithoutReason => Act::Adopt(Adopt { object: hash(9), reason: String::new() }),
        Flaw::MovesToWhereItIs => Act::MoveHome(MoveHome { home: *before.home(), acceptance: Vec::new() }),
        Flaw::ResolvesNoFork => {
            Act::Resolve(Resolve { others: vec![Head { seq: 2, hash: hash(9) }], turn: turn(next) })
        }
        Flaw::ResolvesNothing => Act::Resolve(Resolve { others: Vec::new(), ..resolve }),
        Flaw::ResolvesItself => {
            let mut others = resolve.others.clone();
            others.push(Head { seq: before.head_seq(), hash: before.head() });
            others.sort_unstable_by_key(|head| head.hash);
            Act::Resolve(Resolve { others, ..resolve })
        }
        Flaw::ResolvesTwice => {
            let others = resolve.others.iter().flat_map(|head| [*head, *head]).collect();
            Act::Resolve(Resolve { others, ..resolve })
        }
        Flaw::ResolvesInOldEpoch => Act::Resolve(Resolve { turn: turn(before.epoch()), ..resolve }),
    };
}
