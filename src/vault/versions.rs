//! Checking every version of every chart, on all cores.

use super::{
    Inner,
    chains::Flaw,
    cores::on_all_cores,
    extent,
    files::{self, Described},
    open_chart::OpenChart,
    sources::Sources,
    standings::NOBODY,
    stored_entry::{StoredEntry, Stub},
    verify::{Finding, Report},
};
use crate::codec::ChartId;
use crate::envelope::object_hash;
use crate::error::Error;
use crate::index::Version;
use crate::store::{Snapshot, StoreError, Table};
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

/// Versions that are checked before the next are looked up.
const LOT: usize = 2048;
/// Most rows that a core reads at once: enough that finding them costs little, few enough that long ones fit in memory.
const RUN: usize = 8;

/// Opens all versions of these charts. While one lot is checked, the charts of the next are opened.
pub(super) fn verify(
    inner: &Inner,
    charts: Vec<ChartId>,
    report: &mut Report,
    progress: &mut impl FnMut(u64) -> ControlFlow<()>,
) -> Result<(), Error> {
    let mut go_on = |done| if progress(done).is_break() { Err(Error::Cancelled) } else { Ok(()) };
    let mut walk = Walk { inner, charts: charts.into_iter(), current: None };
    let mut lot = walk.next_lot(report)?;
    while !lot.is_empty() {
        // No version is ever changed, so it does not matter that each core has a view of its own.
        let begin = || inner.store.read();
        let check = |snapshot: &Result<Box<dyn Snapshot + '_>, StoreError>, run: &Run| match snapshot {
            Ok(snapshot) => run.check(&**snapshot),
            Err(error) => Err(*error),
        };
        let (checked, next) = on_all_cores(&lot, begin, check, || walk.next_lot(report));
        for (run, checked) in lot.iter().zip(checked) {
            let Checked { findings, described } = checked?;
            report.findings.extend(findings);
            // One after the other, each on all cores.
            for content in described {
                let done = report.versions;
                files::check(inner, &content, report, || go_on(done))?;
            }
            for _ in &run.versions {
                report.versions = report.versions.saturating_add(1);
                go_on(report.versions)?;
            }
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

/// Versions of a chart that follow one another in its index.
struct Run {
    chart: ChartId,
    open: Arc<RwLock<OpenChart>>,
    /// Without their parents, which nobody asks for.
    versions: Vec<Version<'static>>,
}

/// What is wrong with the versions of a run, and the contents that they describe.
#[derive(Default)]
struct Checked {
    findings: Vec<Finding>,
    described: Vec<Described>,
}

impl Walk<'_> {
    /// The next versions, of one chart or several; none at the end.
    fn next_lot(&mut self, report: &mut Report) -> Result<Vec<Run>, Error> {
        let (mut lot, mut room) = (Vec::new(), LOT);
        while room > 0 {
            if let Some(current) = &mut self.current {
                let passed = current.pass(room, &mut lot);
                // Less than there was room for: that was all of the chart.
                if passed < room {
                    self.current = None;
                }
                room = room.saturating_sub(passed);
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
        let opened = self.inner.with(|session| {
            self.inner.view(session, |snapshot| {
                let open = session.chart_at(&chart, snapshot)?;
                let (findings, not_here) = {
                    let open = open.read().unwrap_or_else(PoisonError::into_inner);
                    let sources = Sources::read(session, &open.keys, snapshot)?;
                    let sources = sources.as_ref();
                    let mut findings = found_in(chart, &open);
                    findings.extend(extent::told(session, &open, sources, snapshot)?);
                    (findings, extent::not_here(chart, &open, sources, self.inner.now_ms()))
                };
                Ok((open, findings, not_here))
            })
        });
        match opened {
            Ok((open, findings, not_here)) => {
                report.findings.extend(findings);
                report.not_here.extend(not_here);
                let last = open.read().unwrap_or_else(PoisonError::into_inner).index.last_seq();
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
    /// Adds the next versions to a lot, as many as it has room for. Returns how many there were.
    fn pass(&mut self, room: usize, lot: &mut Vec<Run>) -> usize {
        let Self { chart, open, to, last } = self;
        let opened = open.read().unwrap_or_else(PoisonError::into_inner);
        let next = opened.index.after(*to).take_while(|version| version.seq <= *last).take(room);
        let versions: Vec<_> = next.map(|version| Version { parents: &[], ..version }).collect();
        *to = versions.last().map_or(*to, |version| version.seq);
        let runs = versions.chunks(RUN).map(<[_]>::to_vec);
        lot.extend(runs.map(|versions| Run { chart: *chart, open: Arc::clone(open), versions }));
        versions.len()
    }
}

impl Run {
    /// Opens the versions, and says what is wrong with them.
    fn check(&self, snapshot: &dyn Snapshot) -> Result<Checked, StoreError> {
        let Self { chart, open, versions } = self;
        let before = versions.first().map_or(0, |version| version.seq.saturating_sub(1)).to_be_bytes();
        let rows = snapshot.scan(Table::Entries, chart.as_bytes(), Some(&before), versions.len())?;
        let open = open.read().unwrap_or_else(PoisonError::into_inner);
        let mut checked = Checked::default();
        for version in versions {
            let seq = version.seq.to_be_bytes();
            let found = rows.iter().find(|(key, _)| *key == seq);
            // What does not stand in its order is looked for by its number before it counts as missing.
            let looked_for = match found {
                Some(_) => None,
                None => snapshot.get(Table::Entries, chart.as_bytes(), &seq)?,
            };
            let stored = found.map(|(_, stored)| stored).or(looked_for.as_ref());
            match check(*chart, &open, version, stored.map(Vec::as_slice)) {
                Ok(described) => checked.described.extend(described),
                Err(finding) => checked.findings.push(finding),
            }
        }
        Ok(checked)
    }
}

/// Opens a version, and says what is wrong with it, or which content it describes.
fn check(
    chart: ChartId,
    open: &OpenChart,
    version: &Version<'_>,
    stored: Option<&[u8]>,
) -> Result<Option<Described>, Finding> {
    let (entry, id) = (version.entry, version.version);
    let stored = stored.ok_or(Finding::Missing { chart, entry, version: id })?;
    let split = StoredEntry::split(stored).filter(|_| version.author != NOBODY);
    // An index that is derived again goes by what the row says of its version.
    let is_noted = |stub: &Stub| stub.hash == version.hash && stub.arrival == version.arrival;
    let same = |stored: &StoredEntry<'_>| is_noted(&stored.stub) && object_hash(stored.bytes) == version.hash;
    let opened = split.filter(same).and_then(|stored| {
        let opened = open.keys.open_entry(stored.bytes, &stored.wrap, Some(version.compartment)).ok();
        opened.filter(|opened| opened.header.entry == entry && opened.header.version == id)
    });
    let opened = opened.ok_or(Finding::Entry { chart, entry, version: id })?;
    if !files::describes(&opened) {
        return Ok(None);
    }
    Described::of(open, &opened).map(Some).map_err(|_| Finding::DamagedContent { chart, entry, version: id })
}
