//! Checking every version of every chart, on all cores.

use super::{
    Inner,
    chains::Flaw,
    cores::on_all_cores,
    open_chart::{OpenChart, StoredEntry},
    standings::NOBODY,
    verify::{Finding, Report},
};
use crate::codec::ChartId;
use crate::envelope::object_hash;
use crate::error::Error;
use crate::index::Version;
use crate::store::{Snapshot, StoreError, Table};
use std::sync::{Arc, PoisonError, RwLock};

/// Versions that are checked before the next are looked up. Of their rows, each core reads one at a time.
const LOT: usize = 1024;

/// Opens all versions of these charts. While one lot is checked, the charts of the next are opened.
pub(super) fn verify(
    inner: &Inner,
    charts: Vec<ChartId>,
    report: &mut Report,
    progress: &mut impl FnMut(u64),
) -> Result<(), Error> {
    let mut walk = Walk { inner, charts: charts.into_iter(), current: None };
    let mut lot = walk.next_lot(report)?;
    while !lot.is_empty() {
        // No version is ever changed, so it does not matter that each core has a view of its own.
        let begin = || inner.store.read();
        let check = |snapshot: &Result<Box<dyn Snapshot + '_>, StoreError>, item: &Item| match snapshot {
            Ok(snapshot) => item.check(&**snapshot),
            Err(error) => Err(*error),
        };
        let (checked, next) = on_all_cores(&lot, begin, check, || walk.next_lot(report));
        for finding in checked {
            report.findings.extend(finding?);
            report.versions = report.versions.saturating_add(1);
            progress(report.versions);
        }
        lot = next?;
    }
    Ok(())
}

/// The way through all charts.
struct Walk<'a> {
    inner: &'a Inner,
    charts: std::vec::IntoIter<ChartId>,
    current: Option<Current>,
}

/// A chart on the way.
struct Current {
    chart: ChartId,
    open: Arc<RwLock<OpenChart>>,
    /// Versions up to this number were passed.
    to: u64,
    /// Number of the last when the chart was opened: somebody may write all the while.
    last: u64,
}

/// A version that the index names.
struct Item {
    chart: ChartId,
    open: Arc<RwLock<OpenChart>>,
    /// Without its parents, which nobody asks for.
    version: Version<'static>,
}

impl Walk<'_> {
    /// The next versions, of one chart or several; none at the end.
    fn next_lot(&mut self, report: &mut Report) -> Result<Vec<Item>, Error> {
        let mut lot = Vec::new();
        while lot.len() < LOT {
            if let Some(current) = &mut self.current {
                if current.pass(&mut lot) {
                    self.current = None;
                }
            } else if let Some(chart) = self.charts.next() {
                self.current = self.open(chart, report)?;
                report.charts = report.charts.saturating_add(1);
            } else {
                break;
            }
        }
        Ok(lot)
    }

    /// A chart, if it opens.
    fn open(&self, chart: ChartId, report: &mut Report) -> Result<Option<Current>, Error> {
        let opened = self.inner.with(|session| self.inner.view(session, |snapshot| session.chart_at(&chart, snapshot)));
        match opened {
            Ok(open) => {
                let last = {
                    let open = open.read().unwrap_or_else(PoisonError::into_inner);
                    report.findings.extend(found_in(chart, &open));
                    open.index.last_seq()
                };
                Ok(Some(Current { chart, open, to: 0, last }))
            }
            Err(error @ (Error::Store(_) | Error::Locked | Error::RestoredCopy)) => Err(error),
            Err(error) => {
                report.findings.push(Finding::Chart { chart, error });
                Ok(None)
            }
        }
    }
}

/// What is wrong with a chart as a whole: its history of sharing, and the chains of its versions.
pub(super) fn found_in(chart: ChartId, open: &OpenChart) -> Vec<Finding> {
    let mut findings: Vec<Finding> = open.keys.fork().map(|_| Finding::Forked { chart }).into_iter().collect();
    let mut versions = open.index.after(0);
    for (seq, flaw) in open.flaws() {
        let Some(Version { entry, version, .. }) = versions.find(|version| version.seq == *seq) else { continue };
        findings.push(match flaw {
            Flaw::Gap => Finding::Gap { chart, entry, version },
            Flaw::Repeat => Finding::Repeated { chart, entry, version },
        });
    }
    findings
}

impl Current {
    /// Fills a lot. Returns whether that was all of the chart.
    fn pass(&mut self, lot: &mut Vec<Item>) -> bool {
        let Self { chart, open, to, last } = self;
        let opened = open.read().unwrap_or_else(PoisonError::into_inner);
        for version in opened.index.after(*to).take_while(|version| version.seq <= *last) {
            if lot.len() >= LOT {
                return false;
            }
            *to = version.seq;
            lot.push(Item { chart: *chart, open: Arc::clone(open), version: Version { parents: &[], ..version } });
        }
        true
    }
}

impl Item {
    /// Opens the version, and says what is wrong with it.
    fn check(&self, snapshot: &dyn Snapshot) -> Result<Option<Finding>, StoreError> {
        let Self { chart, open, version } = self;
        let (chart, entry, id) = (*chart, version.entry, version.version);
        let stored = snapshot.get(Table::Entries, chart.as_bytes(), &version.seq.to_be_bytes())?;
        let Some(stored) = stored else { return Ok(Some(Finding::Missing { chart, entry, version: id })) };
        let open = open.read().unwrap_or_else(PoisonError::into_inner);
        let whole = StoredEntry::split(&stored).is_some_and(|StoredEntry { wrap, bytes, stub: _ }| {
            version.author != NOBODY
                && object_hash(bytes) == version.hash
                && open
                    .keys
                    .open_entry(bytes, &wrap, Some(version.compartment))
                    .is_ok_and(|opened| opened.header.entry == entry && opened.header.version == id)
        });
        Ok((!whole).then_some(Finding::Entry { chart, entry, version: id }))
    }
}
