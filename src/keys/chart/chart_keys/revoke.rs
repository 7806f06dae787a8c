//! Revoking: a new epoch, and everything in it for those who stay.

use super::{ChartKeys, share::nodes_of};
use crate::codec::{self, CardHash, ChartId, GrantId};
use crate::crypto::{Secret, Suite, role};
use crate::error::Error;
use crate::keys::RootCard;
use crate::keys::chart::{
    epoch::{KeyState, SLOTS},
    grant::{Grant, GrantFields, GrantRow, Rights},
    ledger::{Authority, CutPoint, Member, Revoke},
    node::{Held, Node},
    ring::Ring,
};

/// A turn of the epoch: what the ledger says of it, the grants that carry its keys, and its seed.
pub(super) struct Turned {
    pub(super) turn: Revoke,
    pub(super) grants: Vec<(GrantId, Vec<u8>)>,
    pub(super) ring: Ring,
    pub(super) seed: Secret<role::ChartSeed>,
}

impl ChartKeys {
    /// A fresh seed for all but `leaving`. In a fork it follows on the epochs of all branches, and whoever one of them
    /// revoked leaves as well.
    ///
    /// `points` gives the last entries that are known, for a compartment, of the devices of those who leave.
    pub(super) fn turn(
        &self,
        leaving: &[CardHash],
        points: impl Fn(u8, &[CardHash]) -> Vec<CutPoint>,
        now_ms: i64,
    ) -> Result<Turned, Error> {
        let (chart, suite) = (self.chart, self.suite);
        let main = self.authority();
        let before = main.states().get(&main.epoch()).ok_or_else(Error::unopenable)?;
        let mut labels = Vec::with_capacity(SLOTS);
        for (slot, state) in (0_u8..).zip(&before.compartments) {
            labels.push((state.id, self.held.label(slot).cloned().ok_or(Error::NotCustodian)?));
        }
        let mut previous: Vec<(&KeyState, Vec<_>)> = Vec::new();
        for state in self.view.counting().filter_map(|line| line.states().get(&line.epoch())) {
            if previous.iter().all(|(known, _)| known.seed_check != state.seed_check) {
                previous.push((state, self.compartment_secrets(state)?));
            }
        }
        let newest = previous.iter().map(|(state, _)| state.epoch).max().unwrap_or(0);
        let epoch = newest.checked_add(1).ok_or_else(Error::unopenable)?;
        let seed = Secret::generate()?;
        let state =
            KeyState::of_seed(suite, chart, epoch, &seed, &labels, &previous).map_err(|_| Error::unopenable())?;
        let mut ring = self.ring.clone();
        ring.add_seed(chart, epoch, &seed);

        let next = NextEpoch { held: held_of(suite, chart, &state, &seed)?, ring: &ring, epoch };
        let (mut staying, mut grants) = (Vec::new(), Vec::new());
        for member in self.view.members().iter().filter(|member| !leaving.contains(&member.root)) {
            let to = self.cards.root(&member.root).ok_or_else(Error::unopenable)?;
            for grant in self.regrants(member, now_ms) {
                let (fields, row) = self.regrant(&next, to, &grant)?;
                grants.push((fields.id, codec::encode(&row)));
                staying.push(fields);
            }
        }
        if !staying.iter().any(|fields| fields.rights == Rights::Custodian) {
            return Err(Error::LastCustodian);
        }
        let (mut ended, mut gone) = (Vec::new(), leaving.to_vec());
        for member in self.view.counting().flat_map(Authority::members) {
            if !staying.iter().any(|fields| fields.recipient == member.root) {
                gone.push(member.root);
            }
        }
        gone.sort_unstable();
        gone.dedup();
        for member in main.members().iter().filter(|member| gone.contains(&member.root)) {
            ended.extend(member.grants.iter().map(|fields| fields.id));
        }
        // Who was there before a revocation reads its cut; after a fork, who stays.
        let resolves = self.view.fork().is_some();
        let cuts = self.seal_cuts(
            |slot| {
                if resolves { next.held.compartment(epoch, slot) } else { self.held.compartment(main.epoch(), slot) }
            },
            |slot| points(slot, &gone),
        )?;
        Ok(Turned { turn: Revoke { ended, cuts, state, staying }, grants, ring, seed })
    }

    fn compartment_secrets(&self, state: &KeyState) -> Result<Vec<Secret<role::Compartment>>, Error> {
        let key = |(slot, published): (u8, &crate::keys::chart::epoch::CompartmentState)| {
            self.held.compartment_of(state.epoch, slot, &published.check).map(|key| key.secret().duplicate())
        };
        let keys: Option<Vec<_>> = (0_u8..).zip(&state.compartments).map(key).collect();
        keys.ok_or(Error::NotCustodian)
    }

    /// The grants that a member keeps over a revocation; those that ended by date are dropped.
    fn regrants(&self, member: &Member, now_ms: i64) -> Vec<Grant> {
        if member.rights == Rights::Custodian {
            return vec![Grant::custodian()];
        }
        let lasting = member.grants.iter().filter(|fields| fields.not_after_ms.is_none_or(|end| now_ms <= end));
        lasting.map(|fields| self.grant_of(fields)).collect()
    }

    fn regrant(&self, next: &NextEpoch<'_>, to: &RootCard, grant: &Grant) -> Result<(GrantFields, GrantRow), Error> {
        let nodes = nodes_of(&next.held, next.epoch, grant)?;
        let keys = next.ring.ledger_keys().iter().filter(|key| grant.history || key.epoch == next.epoch);
        self.seal_grant(GrantId::random()?, to, grant, nodes, keys.cloned().collect())
    }
}

struct NextEpoch<'a> {
    held: Held,
    ring: &'a Ring,
    epoch: u32,
}

fn held_of(suite: Suite, chart: ChartId, state: &KeyState, seed: &Secret<role::ChartSeed>) -> Result<Held, Error> {
    // Without the links to earlier epochs, which are not needed to grant.
    let mut alone = state.clone();
    alone.compartments.iter_mut().for_each(|compartment| compartment.history.clear());
    let states = [(state.epoch, alone)].into_iter().collect();
    Held::expand(suite, chart, &[Node::seed(state.epoch, seed)], &[&states]).map_err(|_| Error::unopenable())
}
