//! What a bundle tells of a chart's sharing: cards, ledger, grants.

use super::{Inner, beside::Beside, cards::Cards, logs::Write, open_chart::OpenChart, session::Session};
use crate::codec::{GrantId, Malformed};
use crate::error::Error;
use crate::keys::chart::{CardBook, ChartKeys, GrantBody, GrantRow, Proposal, Relation, Ring, Rows};
use crate::keys::{DeviceCard, RootCard};
use crate::store::Table;
use crate::sync::bundle::{self, Bundle};

/// What a bundle told of a chart's sharing.
pub(super) struct Learnt {
    /// Those that more is known of; none where nothing was told.
    pub(super) keys: Option<ChartKeys>,
    /// Steps that this vault proposed.
    pub(super) own: Vec<Proposal>,
    /// Proposals that were recorded.
    pub(super) recorded: u64,
}

/// Verifies cards, ledger and grants of a bundle, and stores what is new of them beside what is `known` of the chart. At
/// home, receives what it proposes.
pub(super) fn learn(
    inner: &Inner,
    session: &Session,
    write: &mut Write<'_>,
    bundle: &Bundle<'_>,
    known: Option<&OpenChart>,
) -> Result<Learnt, Error> {
    let me = session.unlocked.identity();
    let id = bundle.head.chart;
    let (mut ring, mut cards, mut rows, own) = match known {
        Some(OpenChart { keys, beside, .. }) => {
            let own = beside.proposals().map_err(Error::of_malformed)?;
            (keys.ring().clone(), keys.cards().clone(), keys.all_rows().clone(), own)
        }
        None => (Ring::new(None)?, CardBook::default(), Rows::default(), Vec::new()),
    };
    if bundle.is_of_entries() {
        // Whether that is what the sender counts on, the scope says.
        let heard = known.is_some() && bundle.scope.is_some();
        return if heard { Ok(Learnt { keys: None, own, recorded: 0 }) } else { Err(Error::IncompleteBundle) };
    }
    cards.add_root(me.root_card.clone());
    let known_rows = rows.main.len();
    let brought = bundle.beside.map_or(Ok(Beside::default()), Beside::parse).map_err(damaged)?;
    if !brought.is_within_bounds() {
        return Err(Error::DamagedBundle);
    }
    let mut forked = false;
    for line in brought.rows(bundle.ledger.clone()).lines() {
        match rows.offer(&line) {
            // Another genesis is another chart.
            Relation::Forked { at: 0 } => return Err(Error::ForeignBundle),
            Relation::Forked { .. } => forked = true,
            Relation::Same | Relation::Extends | Relation::Behind => {}
        }
    }

    let mut grants: Vec<(GrantId, GrantRow, GrantBody)> = Vec::new();
    for (grant, bytes) in &bundle.grants {
        let row = GrantRow::parse(bytes).map_err(|_| Error::DamagedBundle)?;
        let body = ChartKeys::open_grant(me, &id, grant, &row).map_err(|_| Error::DamagedBundle)?;
        ring.add(&body.nodes, &body.ledger_keys);
        grants.push((*grant, row, body));
    }
    if ring.nodes().is_empty() {
        return Err(Error::NotGranted);
    }
    add_cards(&mut cards, &ring, bundle, forked)?;
    let mut keys = ChartKeys::assemble(rows, ring, cards, me).map_err(|error| match error {
        Error::Unopenable { .. } => Error::DamagedBundle,
        other => other,
    })?;
    if keys.chart() != id {
        return Err(Error::DamagedBundle);
    }
    for (grant, row, body) in &grants {
        if !keys.confirm_grant(grant, row, body) {
            return Err(Error::DamagedBundle);
        }
    }
    if known.is_none() {
        // A chart comes from somebody we know: its granter's fingerprint was compared.
        let granter = grants.first().map(|(_, row, _)| row.granter).ok_or(Error::NotGranted)?;
        session.read_contacts(&*write.tx)?.0.require_known(&granter, inner.now_ms())?;
    }
    let mut recorded = 0_u64;
    for proposal in own.iter().chain(&brought.proposals().map_err(damaged)?) {
        // One that is not allowed, came too late or came before is passed over: its author finds out and may make it again.
        let Ok(step) = keys.receive(proposal) else { continue };
        keys = keys.following(&step)?;
        for (grant, row) in &step.grants {
            write.tx.put(Table::Grants, id.as_bytes(), grant.as_bytes(), row)?;
        }
        recorded = recorded.saturating_add(1);
    }
    let tx = &mut *write.tx;
    for (seq, row) in (0_u64..).zip(keys.rows()) {
        tx.put(Table::Ledger, id.as_bytes(), &seq.to_be_bytes(), &row.stored)?;
        tx.put(Table::Receipts, id.as_bytes(), &seq.to_be_bytes(), &row.receipt)?;
    }
    // The line that resolves a fork may be shorter than the one that was held.
    for seq in (0_u64..).take(known_rows).skip(keys.rows().len()) {
        tx.delete(Table::Ledger, id.as_bytes(), &seq.to_be_bytes())?;
        tx.delete(Table::Receipts, id.as_bytes(), &seq.to_be_bytes())?;
    }
    for (grant, bytes) in &bundle.grants {
        tx.put(Table::Grants, id.as_bytes(), grant.as_bytes(), bytes)?;
    }
    Cards::of(id, session.unlocked.suite(), keys.ring())?.put(tx, keys.cards(), me)?;
    session.put_ring(tx, &id, keys.ring())?;
    Ok(Learnt { keys: Some(keys), own, recorded })
}

/// What it means that a part of a bundle is not well-formed.
pub(super) fn damaged(malformed: Malformed) -> Error {
    match malformed {
        Malformed::Newer => Error::NewerFormat,
        Malformed::Invalid => Error::DamagedBundle,
    }
}

/// Takes the cards that a ledger key we hold opens. Whose access has ended gets no newer ones, and needs none.
fn add_cards(cards: &mut CardBook, ring: &Ring, bundle: &Bundle<'_>, forked: bool) -> Result<(), Error> {
    let keys = ring.ledger_secrets().map_err(|_| Error::unopenable())?;
    for (epoch, sealed) in &bundle.cards {
        let Some(keys) = keys.get(epoch) else { continue };
        let open = |key| bundle::open_cards(key, &bundle.head.chart, *epoch, sealed).ok();
        let opened = match keys.iter().find_map(open) {
            Some(opened) => opened,
            // Of another line we may not have the key, though the epoch has the same number.
            None if forked => continue,
            None => return Err(Error::DamagedBundle),
        };
        for bytes in &opened.roots {
            cards.add_root(RootCard::open(bytes).map_err(|_| Error::DamagedBundle)?);
        }
        for bytes in &opened.devices {
            let root = DeviceCard::claimed_root(bytes).and_then(|hash| cards.root(&hash).cloned());
            let root = root.ok_or(Error::DamagedBundle)?;
            cards.add_device(DeviceCard::open(bytes, &root).map_err(|_| Error::DamagedBundle)?);
        }
    }
    Ok(())
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
