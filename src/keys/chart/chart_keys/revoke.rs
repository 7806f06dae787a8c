//! Revoking: a new epoch, and everything in it for those who stay.

use super::{ChartKeys, CutPoint, Step, line_error, share::nodes_of};
use crate::codec::{self, CardHash, ChartId, GrantId};
use crate::crypto::{Secret, Suite, kdf::Deriver, role};
use crate::error::Error;
use crate::keys::RootCard;
use crate::keys::chart::{
    epoch::{KeyState, SLOTS, ledger_key},
    grant::{Grant, GrantFields, GrantRow, Rights},
    ledger::{Act, Member, Revoke, seal_entry},
    node::{Held, Node},
    ring::Ring,
};

impl ChartKeys {
    /// Prepares the end of every grant of `revoked`, with a fresh seed for those who stay.
    pub(crate) fn revoke_step(
        &self,
        revoked: &[CardHash],
        cuts: impl Fn(u8) -> Vec<CutPoint>,
        now_ms: i64,
    ) -> Result<Step, Error> {
        let (home, by) = self.require_custody()?;
        let authority = &self.line.authority;
        let (old_epoch, chart, suite) = (authority.epoch(), self.line.chart, self.line.suite);
        let epoch = old_epoch.checked_add(1).ok_or_else(Error::unopenable)?;
        let old = authority.states().get(&old_epoch).ok_or_else(Error::unopenable)?;

        let mut compartments = Vec::with_capacity(SLOTS);
        let mut secrets = Vec::with_capacity(SLOTS);
        for (slot, state) in (0_u8..).zip(&old.compartments) {
            let key = self.held.compartment(old_epoch, slot).ok_or(Error::NotCustodian)?;
            compartments.push((state.id, self.held.label(slot).cloned().ok_or(Error::NotCustodian)?));
            secrets.push(key.secret().duplicate());
        }
        let seed = Secret::generate()?;
        let state = KeyState::of_seed(suite, chart, epoch, &seed, &compartments, Some((old, &secrets)))
            .map_err(|_| Error::unopenable())?;
        let mut ring = self.ring.clone();
        ring.add_seed(chart, epoch, &seed);

        let next = NextEpoch { held: held_of(suite, chart, &state, &seed)?, ring: &ring, epoch };
        let (mut staying, mut grants, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        for member in self.members() {
            if revoked.contains(&member.root) {
                ended.extend(member.grants.iter().map(|fields| fields.id));
                continue;
            }
            let to = self.cards.root(&member.root).ok_or_else(Error::unopenable)?;
            for grant in self.regrants(&member, now_ms) {
                let (fields, row) = self.regrant(&next, to, &grant)?;
                grants.push((fields.id, codec::encode(&row)));
                staying.push(fields);
            }
        }
        if !staying.iter().any(|fields| fields.rights == Rights::Custodian) {
            return Err(Error::LastCustodian);
        }
        let cuts = self.seal_cuts(old_epoch, cuts)?;
        let act = Act::Revoke(Revoke { ended, cuts, state, staying });
        let seq = authority.head_seq().saturating_add(1);
        let key = ledger_key(&Deriver::new(&seed), chart, epoch);
        let entry = self.entry(seq, by, now_ms, act);
        let row = seal_entry(suite, &entry, epoch, &key, &self.identity.ledger, &home).map_err(line_error)?;
        Ok(Step { seq, row, grants, ring })
    }

    /// The grants that a member keeps over a revocation; those that ended by date are dropped.
    fn regrants(&self, member: &Member, now_ms: i64) -> Vec<Grant> {
        if member.rights == Rights::Custodian {
            return vec![Grant::custodian()];
        }
        let Some(state) = self.line.authority.states().get(&self.line.authority.epoch()) else { return Vec::new() };
        let lasting = member.grants.iter().filter(|fields| fields.not_after_ms.is_none_or(|end| now_ms <= end));
        lasting
            .map(|fields| Grant {
                rights: fields.rights,
                labels: fields
                    .nodes
                    .iter()
                    .filter_map(|node| self.held.label(state.slot_of(&node.compartment)?.0).cloned())
                    .collect(),
                history: fields.history,
                purpose: fields.purpose,
                not_after_ms: fields.not_after_ms,
            })
            .collect()
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
    Held::expand(suite, chart, &[Node::seed(state.epoch, seed)], &states).map_err(|_| Error::unopenable())
}
