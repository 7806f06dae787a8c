//! The ledger between several vaults, without stores: proposals, receipts, cuts, forks.

mod cuts;
mod forks;
mod proposals;

use super::*;
use crate::codec::{CardHash, EntryId};
use crate::envelope::{Chain, Metadata, SealedEntry, object_hash};
use crate::keys::chart::grant::GrantRow;
use crate::keys::chart::ledger::{CutPoint, EntryStanding, Head, Refusal, Relation};
use crate::keys::{Grant, MemberKind};
use crate::record::{Kind, Record};
use std::collections::BTreeMap;

/// A member with what his vault keeps of the chart.
#[derive(Clone)]
struct Party {
    identity: Arc<Identity>,
    rows: Rows,
    ring: Ring,
    cards: CardBook,
    /// Rows of grants, as they lie beside the ledger.
    grants: BTreeMap<crate::codec::GrantId, Vec<u8>>,
    /// What he has written and read, by object hash: the one before.
    chain: BTreeMap<Hash, Hash>,
    written: BTreeMap<u8, Chain>,
}

impl Party {
    fn new(name: &str) -> Self {
        Self {
            identity: Arc::new(Identity::create(name, MemberKind::Person, 1).unwrap()),
            rows: Rows::default(),
            ring: Ring::new(None).unwrap(),
            cards: CardBook::default(),
            grants: BTreeMap::new(),
            chain: BTreeMap::new(),
            written: BTreeMap::new(),
        }
    }

    fn founder(name: &str) -> Self {
        let mut party = Self::new(name);
        let keys = ChartKeys::found(&party.identity, Suite::Aes256Gcm, &Label::standard(), 1).unwrap();
        (party.rows, party.ring, party.cards) = (keys.rows.clone(), keys.ring.clone(), keys.cards.clone());
        party
    }

    fn root(&self) -> CardHash {
        self.identity.root_card.hash()
    }

    fn keys(&self) -> ChartKeys {
        ChartKeys::assemble(self.rows.clone(), self.ring.clone(), self.cards.clone(), &self.identity).unwrap()
    }

    fn commit(&mut self, step: Step) {
        assert_eq!(step.seq, self.rows.main.len() as u64);
        self.rows.main.push(step.row);
        self.grants.extend(step.grants);
        self.ring = step.ring;
    }

    fn do_step(&mut self, intent: &Intent) -> Result<(), Error> {
        let step = self.keys().step(intent, no_cuts, 3)?;
        self.commit(step);
        Ok(())
    }

    /// What a custodian elsewhere sends to the home.
    fn propose(&mut self, intent: &Intent) -> Result<Proposal, Error> {
        let (proposal, ring) = self.keys().propose(intent, no_cuts, 3)?;
        self.ring = ring;
        Ok(Proposal::parse(&proposal.to_bytes()).unwrap())
    }

    /// At home.
    fn receive(&mut self, proposal: &Proposal) -> Result<(), Refusal> {
        let step = self.keys().receive(proposal)?;
        self.commit(step);
        Ok(())
    }

    fn know(&mut self, other: &Self) {
        other.identity.add_to(&mut self.cards);
    }

    fn share(&mut self, with: &Self, grant: &Grant) {
        self.know(with);
        let step = self.keys().share_step(&with.identity.root_card, grant, 2).unwrap();
        self.commit(step);
    }

    fn revoke(&mut self, who: &Self, cuts: impl Fn(u8) -> Vec<CutPoint>) {
        let step = self.keys().revoke_step(&[who.root()], cuts, 3).unwrap();
        self.commit(step);
    }

    /// Takes in what another vault has of the ledger, and the grants that are his.
    fn hear(&mut self, from: &Self) -> Relation {
        let mut heard = self.clone();
        for card in from.cards.roots() {
            heard.cards.add_root(card.as_ref().clone());
        }
        for card in from.cards.devices() {
            heard.cards.add_device(card.as_ref().clone());
        }
        let lines: Vec<_> = from.rows.lines().collect();
        let relation = heard.rows.offer(&lines[0]);
        for line in &lines[1..] {
            heard.rows.offer(line);
        }
        let chart = from.keys().chart();
        for (id, bytes) in &from.grants {
            let row = GrantRow::parse(bytes).unwrap();
            if row.recipient == heard.root() {
                let body = ChartKeys::open_grant(&heard.identity, &chart, id, &row).unwrap();
                heard.ring.add(&body.nodes, &body.ledger_keys);
            }
            heard.grants.insert(*id, bytes.clone());
        }
        heard.rows = heard.keys().all_rows().clone();
        *self = heard;
        relation
    }

    fn write(&mut self, text: &str) -> SealedEntry {
        let keys = self.keys();
        let slot = keys.slot_for(None).unwrap();
        let next = self.written.get(&slot).copied();
        let next = next.unwrap_or(Chain { seq: 1, previous: Hash::from_bytes([0; 32]) });
        let entry = seal(&keys, text, Some(next));
        self.written.insert(slot, Chain { seq: next.seq + 1, previous: entry.hash() });
        self.chain.insert(entry.hash(), next.previous);
        entry
    }

    /// How an entry stands for somebody who may have accepted it when the ledger ended at `accepted_at`.
    fn standing(&mut self, entry: &SealedEntry, accepted_at: Option<u64>) -> Result<EntryStanding, Error> {
        let keys = self.keys();
        let opened = keys.open_entry(&entry.bytes, &entry.wrap, None)?;
        let hash = object_hash(&entry.bytes);
        if let Some(chain) = opened.metadata.chain {
            self.chain.insert(hash, chain.previous);
        }
        let Metadata { author, chain, ledger_seq, ledger_hash, time_ms, .. } = opened.metadata;
        let known = Head { seq: ledger_seq, hash: ledger_hash };
        let written = Written { author, slot: opened.slot, chain, object: hash, known, time_ms };
        keys.standing_of(&written, accepted_at, &keys.vouched(|hash| self.chain.get(hash).copied()))
    }

    fn point(&self, entry: &SealedEntry, seq: u64) -> impl Fn(u8) -> Vec<CutPoint> + use<> {
        let slot = self.keys().slot_for(None).unwrap();
        let point = CutPoint { device: self.identity.device_card.hash(), seq, hash: entry.hash() };
        move |at| if at == slot { vec![point.clone()] } else { Vec::new() }
    }
}

fn seal(keys: &ChartKeys, text: &str, chain: Option<Chain>) -> SealedEntry {
    let record = Record::opaque("text/plain", text);
    let new = NewEntry {
        kind: Kind::Record,
        entry: EntryId::random().unwrap(),
        parents: Vec::new(),
        record: &record,
        tombstone: false,
        request: None,
        actor: None,
        time_ms: 3,
    };
    keys.seal_entry(new, |_| chain).unwrap().0
}

fn no_cuts(_: u8, _: &[CardHash]) -> Vec<CutPoint> {
    Vec::new()
}

/// A clinic that is home, and another custodian elsewhere.
fn two_custodians() -> (Party, Party) {
    let (mut clinic, mut guardian) = (Party::founder("Clinic"), Party::new("Guardian"));
    clinic.share(&guardian, &Grant::custodian());
    guardian.hear(&clinic);
    (clinic, guardian)
}
