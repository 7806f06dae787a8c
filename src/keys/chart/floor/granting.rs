//! Sharing without a store: what a custodian hands over to a member, and what a member takes.

use super::{Error, cards, rows};
use crate::codec::{self, ChartId, Extensions, GrantId, Version1};
use crate::keys::chart::{
    CardBook, ChartKeys, Ring, Step,
    grant::{Grant, GrantRow},
};
use crate::keys::{Card, Unlocked};
use minicbor::{Decode, Encode, bytes::ByteVec};

/// Number of the extension of a state that holds the sealed grants to hand over.
pub(super) const GRANTS: u32 = 1;

/// Sealed grants by their ids.
pub(crate) type Grants = Vec<(GrantId, ByteVec)>;

/// What a member is handed: the ledger, who is who, and the grants that are sealed to this member.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Handover {
    #[n(0)]
    version: Version1,
    #[n(1)]
    chart: ChartId,
    #[n(2)]
    ledger: Vec<ByteVec>,
    #[n(3)]
    receipts: Vec<ByteVec>,
    #[n(4)]
    roots: Vec<ByteVec>,
    #[n(5)]
    devices: Vec<ByteVec>,
    #[n(6)]
    grants: Grants,
    #[n(7)]
    extensions: Extensions,
}

impl ChartKeys {
    /// Shares the chart with the owner of a card whose fingerprint was compared. Returns the keys as they are from now on: store
    /// their [`ChartKeys::state`], then hand over what [`ChartKeys::grant_for`] gives.
    pub fn share(&self, with: &Card, grant: &Grant, now_ms: i64) -> Result<Self, Error> {
        grant.require_ahead(now_ms)?;
        let step = self.share_step(with.root(), grant, now_ms)?;
        let mut granted = self.granted().clone();
        granted.extend(sealed(&step));
        let mut cards = self.cards().clone();
        cards.add_root(with.root().clone());
        with.devices().iter().for_each(|device| cards.add_device(device.clone()));
        self.after(step, cards, granted)
    }

    /// Ends every grant of a member: a new epoch with fresh keys for those who stay. Store the [`ChartKeys::state`] of what this
    /// returns, then hand over to each of them what [`ChartKeys::grant_for`] gives.
    pub fn revoke(&self, from: &Card, now_ms: i64) -> Result<Self, Error> {
        let step = self.revoke_step(&[from.root().hash()], |_| Vec::new(), now_ms)?;
        // The grants of before are of keys that nobody seals with any more.
        let granted = sealed(&step).collect();
        self.after(step, self.cards().clone(), granted)
    }

    fn after(&self, step: Step, cards: CardBook, granted: Grants) -> Result<Self, Error> {
        let mut rows = self.rows().to_vec();
        rows.push(step.row);
        Ok(Self::assemble(rows, step.ring, cards, self.identity())?.with_granted(granted))
    }

    /// What to hand over to the owner of a card, by any way, after each change of the sharing: grants that are sealed to that
    /// member, and the ledger that says so. Names of the chart's members can be read in it.
    ///
    /// Fails with [`Error::NoSuchMember`] where this state holds no grant to that member.
    pub fn grant_for(&self, to: &Card) -> Result<Vec<u8>, Error> {
        let (root, holds) = (to.root().hash(), self.grants_of(&to.root().hash()));
        let is_theirs = |(id, row): &&(GrantId, ByteVec)| {
            holds.contains(id) && GrantRow::parse(row).is_ok_and(|row| row.recipient == root)
        };
        let grants: Grants = self.granted().iter().filter(is_theirs).cloned().collect();
        if grants.is_empty() {
            return Err(Error::NoSuchMember);
        }
        let (ledger, receipts) = self.ledger_bytes();
        let (roots, devices) = self.card_bytes();
        Ok(codec::encode(&Handover {
            version: Version1,
            chart: self.chart(),
            ledger,
            receipts,
            roots,
            devices,
            grants,
            extensions: Extensions::default(),
        }))
    }

    /// Takes what [`ChartKeys::grant_for`] gave a custodian whose card's fingerprint was compared. With `known`, the keys that
    /// were taken of the same chart before, an older hand-over is [`Error::Superseded`]. Store the [`ChartKeys::state`].
    pub fn take(handed: &[u8], unlocked: &Unlocked, from: &Card, known: Option<&Self>) -> Result<Self, Error> {
        let handed: Handover = codec::decode(handed).map_err(Error::of_malformed)?;
        let me = unlocked.identity();
        let (mut ring, mut opened) =
            (known.map_or_else(|| Ring::new(None), |known| Ok(known.ring().clone()))?, Vec::new());
        for (id, bytes) in &handed.grants {
            let row = GrantRow::parse(bytes).map_err(Error::of_malformed)?;
            // Anybody can seal to a card that is public: what counts is who did.
            if row.granter != from.root().hash() {
                return Err(Error::UnverifiedContact);
            }
            let body = Self::open_grant(me, &handed.chart, id, &row).map_err(|_| Error::unopenable())?;
            ring.add(&body.nodes, &body.ledger_keys);
            opened.push((*id, row, body));
        }
        if opened.is_empty() {
            return Err(Error::NotGranted);
        }
        let rows = rows(handed.ledger, handed.receipts)?;
        if known.is_some_and(|known| !rows.starts_with(known.rows())) {
            return Err(Error::Superseded);
        }
        let keys = Self::assemble(rows, ring, cards(&handed.roots, &handed.devices)?, me)?;
        let confirmed = opened.iter().all(|(id, row, body)| keys.confirm_grant(id, row, body));
        if confirmed && keys.chart() == handed.chart { Ok(keys) } else { Err(Error::unopenable()) }
    }
}

fn sealed(step: &Step) -> impl Iterator<Item = (GrantId, ByteVec)> {
    step.grants.iter().map(|(id, row)| (*id, row.clone().into()))
}
