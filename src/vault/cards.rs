//! Cards of a chart's other members, and of every device that wrote to it, as they are stored: sealed, because they carry
//! names.
//!
//! A row is keyed by the card's hash. Its plaintext is 1 and a root card, or 2 and a device card, padded; its key derives
//! from the chart's local index key, which stays when the vault's key turns.

use super::session::PAGE;
use crate::codec::{CardHash, ChartId, padding};
use crate::crypto::{Failed, Secret, Suite, chunked, kdf, kdf::Deriver, role};
use crate::error::Error;
use crate::keys::chart::{CardBook, Ring};
use crate::keys::{DeviceCard, Identity, RootCard};
use crate::store::{Snapshot, Table, Transaction};

const ROOT: u8 = 1;
const DEVICE: u8 = 2;

/// Reads and writes the card rows of one chart.
pub(super) struct Cards {
    chart: ChartId,
    suite: Suite,
    key: Secret<role::Cards>,
}

impl Cards {
    pub(super) fn of(chart: ChartId, suite: Suite, ring: &Ring) -> Result<Self, Error> {
        let index = ring.index_key().map_err(|_| Error::unopenable())?;
        Ok(Self { chart, suite, key: Deriver::new(&index).key(&[chart.as_bytes()]) })
    }

    /// Stores the cards of the others, and of devices, the owner's included: a device that is closed later leaves his keys,
    /// and what it wrote here must still verify. His own root card is with his keys.
    pub(super) fn put(&self, tx: &mut dyn Transaction, cards: &CardBook, own: &Identity) -> Result<(), Error> {
        for root in cards.roots().filter(|root| root.hash() != own.root_card.hash()) {
            self.put_one(tx, ROOT, &root.hash(), root.bytes())?;
        }
        cards.devices().try_for_each(|device| self.put_device(tx, device))
    }

    /// Stores the card of a device that is about to write to the chart.
    pub(super) fn put_device(&self, tx: &mut dyn Transaction, device: &DeviceCard) -> Result<(), Error> {
        self.put_one(tx, DEVICE, &device.hash(), device.bytes())
    }

    /// The cards that open and verify, and the owner's root. One that does not is as good as missing.
    pub(super) fn read(&self, snapshot: &dyn Snapshot, own: &Identity) -> Result<CardBook, Error> {
        let mut cards = CardBook::default();
        cards.add_root(own.root_card.clone());
        let mut devices = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = snapshot.scan(Table::Cards, self.chart.as_bytes(), after.as_deref(), PAGE)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            for (key, sealed) in &rows {
                let Ok(plain) = self.open(key, sealed) else { continue };
                match plain.split_first() {
                    Some((&ROOT, bytes)) => {
                        if let Ok(root) = RootCard::open(bytes) {
                            cards.add_root(root);
                        }
                    }
                    Some((&DEVICE, bytes)) => devices.push(bytes.to_vec()),
                    _ => {}
                }
            }
        }
        for bytes in devices {
            let root = DeviceCard::claimed_root(&bytes).and_then(|hash| cards.root(&hash).cloned());
            if let Some(device) = root.and_then(|root| DeviceCard::open(&bytes, &root).ok()) {
                cards.add_device(device);
            }
        }
        Ok(cards)
    }

    fn put_one(&self, tx: &mut dyn Transaction, kind: u8, hash: &CardHash, card: &[u8]) -> Result<(), Error> {
        if tx.get(Table::Cards, self.chart.as_bytes(), hash.as_bytes())?.is_some() {
            return Ok(());
        }
        let mut plain = vec![kind];
        plain.extend_from_slice(card);
        let padded = padding::pad(&plain).ok_or_else(Error::unopenable)?;
        let context = self.context(hash.as_bytes());
        let sealed = chunked::seal(self.suite, &self.key, chunked::salt(&self.key, &padded)?, &[&context], &padded);
        let sealed = sealed.map_err(|_| Error::unopenable())?;
        Ok(tx.put(Table::Cards, self.chart.as_bytes(), hash.as_bytes(), &sealed)?)
    }

    fn open(&self, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Failed> {
        let padded = chunked::open(self.suite, &self.key, &[&self.context(key)], sealed)?;
        padding::unpad(&padded).map(<[u8]>::to_vec).ok_or(Failed)
    }

    /// label("card-row") ‖ chart ‖ card hash.
    fn context(&self, hash: &[u8]) -> Vec<u8> {
        let mut context = kdf::label("card-row");
        context.extend_from_slice(self.chart.as_bytes());
        context.extend_from_slice(hash);
        context
    }
}
