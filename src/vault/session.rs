//! What an open vault holds in memory: its keys, and the charts in use.

use super::event::{Event, EventKind};
use super::logs::{Logs, Write};
use super::mark::Marked;
use super::open_chart::{OpenChart, ledger_mark};
use super::{Inner, cards::Cards, charts};
use crate::codec::ChartId;
use crate::crypto::Suite;
use crate::error::Error;
use crate::index::directory::Directory;
use crate::keys::Unlocked;
use crate::keys::chart::ChartKeys;
use crate::record::Label;
use crate::store::{Row, Snapshot, StoreError, Table, Transaction};
use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Most charts that are kept open; others are opened again when they are used.
const MOST_OPEN: usize = 256;
/// Rows that are read at once.
pub(super) const PAGE: usize = 256;

/// Keys and open charts. Dropping it wipes them.
pub(crate) struct Session {
    pub(crate) unlocked: Unlocked,
    /// Suites of charts that are taken beside the vault's own.
    accepted: Vec<Suite>,
    charts: Mutex<HashMap<ChartId, Arc<RwLock<OpenChart>>>>,
    /// Read when a patient is first looked for.
    pub(super) patients: Mutex<Option<Directory>>,
    /// Shared with the session that follows when ways in change.
    pub(super) logs: Arc<Mutex<Logs>>,
    /// How many changes are under way.
    pub(super) changes: AtomicUsize,
}

impl Session {
    pub(super) fn new(unlocked: Unlocked, accepted: &[Suite], logs: Logs) -> Self {
        Self::with_logs(unlocked, accepted, Arc::new(Mutex::new(logs)))
    }

    /// The same device with other ways in.
    pub(super) fn after(&self, unlocked: Unlocked) -> Self {
        Self::with_logs(unlocked, &self.accepted, Arc::clone(&self.logs))
    }

    fn with_logs(unlocked: Unlocked, accepted: &[Suite], logs: Arc<Mutex<Logs>>) -> Self {
        Self {
            unlocked,
            accepted: accepted.to_vec(),
            charts: Mutex::new(HashMap::new()),
            patients: Mutex::new(None),
            logs,
            changes: AtomicUsize::new(0),
        }
    }

    /// Fails for a chart of a suite that this vault does not take: who chose one takes no other from anybody, unless he said
    /// so.
    pub(super) fn require_suite(&self, suite: Suite) -> Result<(), Error> {
        let taken = suite == self.unlocked.suite() || self.accepted.contains(&suite);
        if taken { Ok(()) } else { Err(Error::OtherSuite) }
    }

    /// Founds a chart and stores its first ledger entries and keys.
    pub(super) fn found_chart(&self, inner: &Inner, labels: &[Label; 8]) -> Result<ChartId, Error> {
        let keys = ChartKeys::found(self.unlocked.identity(), self.unlocked.suite(), labels, inner.now_ms())?;
        let mut write = Write::begin(inner, self)?;
        self.put_ring(&mut *write.tx, &keys.chart(), keys.ring())?;
        Cards::of(keys.chart(), self.unlocked.suite(), keys.ring())?
            .put_device(&mut *write.tx, &self.unlocked.identity().device_card)?;
        for (seq, row) in (0_u64..).zip(keys.rows()) {
            write.tx.put(Table::Ledger, keys.chart().as_bytes(), &seq.to_be_bytes(), &row.stored)?;
            write.tx.put(Table::Receipts, keys.chart().as_bytes(), &seq.to_be_bytes(), &row.receipt)?;
        }
        charts::add(&mut write, &keys.chart())?;
        write.mark(Marked::Ledger(keys.chart()), ledger_mark(keys.rows().len(), &keys.head()));
        write.event(Event::new(EventKind::Found, inner.now_ms()).on(keys.chart()));
        write.commit()?;
        Ok(keys.chart())
    }

    /// The chart, opened if it is not, and brought up to date at a view of the store. The store counts as busy where the view
    /// is older than what others have seen already.
    pub(super) fn chart_at(&self, id: &ChartId, snapshot: &dyn Snapshot) -> Result<Arc<RwLock<OpenChart>>, Error> {
        let known = self.charts.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        let chart = match known {
            Some(chart) => chart,
            // What another reader loaded meanwhile may be older, or newer.
            None => self.keep(id, OpenChart::load(self, id, snapshot)?),
        };
        let generation = snapshot.generation()?;
        let known = chart.read().unwrap_or_else(PoisonError::into_inner).generation;
        // The chart only goes forward: writers count on that. Where a change was committed, a view without it is no answer.
        if known > generation || self.knows_better(generation) {
            return Err(StoreError::Busy.into());
        }
        if known < generation {
            let refreshed = chart.write().unwrap_or_else(PoisonError::into_inner).refresh(self, snapshot);
            if refreshed.is_err() {
                // What was taken in before it failed is not to be built upon.
                self.forget(id);
            }
            refreshed?;
        }
        Ok(chart)
    }

    /// Keeps a chart open, unless somebody was quicker.
    fn keep(&self, id: &ChartId, chart: OpenChart) -> Arc<RwLock<OpenChart>> {
        let mut charts = self.charts.lock().unwrap_or_else(PoisonError::into_inner);
        if charts.len() >= MOST_OPEN {
            let idle = charts.iter().find(|(_, chart)| Arc::strong_count(chart) == 1).map(|(id, _)| *id);
            idle.and_then(|id| charts.remove(&id));
        }
        Arc::clone(charts.entry(*id).or_insert_with(|| Arc::new(RwLock::new(chart))))
    }

    /// Says that nothing of any chart changed between two states of the store.
    pub(super) fn charts_stay(&self, before: u64, after: u64) {
        // Before any chart: a reader with an older view is to know why it does not fit.
        self.lock_logs().saw(after);
        for chart in self.charts.lock().unwrap_or_else(PoisonError::into_inner).values() {
            // One that is in use is compared with the store at the next look.
            if let Ok(mut open) = chart.try_write()
                && open.generation == before
            {
                open.generation = after;
            }
        }
    }

    /// Forgets a chart, so that it is read anew.
    pub(super) fn forget(&self, id: &ChartId) {
        self.charts.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Seals and stores what this vault holds of a chart, under the key that the vault had when the change began.
    pub(super) fn put_ring(
        &self,
        tx: &mut dyn Transaction,
        chart: &ChartId,
        ring: &crate::keys::chart::Ring,
    ) -> Result<(), Error> {
        let (vault, suite) = (self.unlocked.vault_id(), self.unlocked.suite());
        let sealed = ring.seal(suite, self.unlocked.keyring_key(), &vault, chart).map_err(|_| Error::unopenable())?;
        Ok(tx.put(Table::Keyring, b"", chart.as_bytes(), &sealed)?)
    }
}

/// All rows of a vault's table.
pub(super) fn rows(snapshot: &dyn Snapshot, table: Table) -> Result<Vec<Row>, StoreError> {
    let mut all: Vec<Row> = Vec::new();
    loop {
        let page = snapshot.scan(table, b"", all.last().map(|(key, _)| &key[..]), PAGE)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}
