//! Which charts a vault has: a row for each, numbered in the order in which they came.
//!
//! What a vault holds of a chart is sealed under the chart's id, and a store could hide that row as if there were no such
//! chart. The list is a line, as the entries of a chart are: each row adds a link, and what the line comes to is a mark in
//! the logs. A chart more costs one link, however many there are.

use super::logs::Write;
use super::mark::{Mark, Marked};
use super::session::{self, PAGE, Session};
use crate::codec::ChartId;
use crate::error::Error;
use crate::store::{Snapshot, StoreError, Table};

/// Part of the rows. The key is a number, from 1; the value is the chart.
const PART: &[u8] = b"charts";

/// Puts a chart that is new to the vault at the end of the list.
pub(super) fn add(write: &mut Write<'_>, chart: &ChartId) -> Result<(), Error> {
    let next = write.last_mark(Marked::Charts)?.unwrap_or(Mark::EMPTY).then(chart).ok_or(Error::Withheld)?;
    write.tx.put(Table::Vault, PART, &next.count.to_be_bytes(), chart.as_bytes())?;
    write.mark(Marked::Charts, next);
    Ok(())
}

/// The charts as they are listed, up to the first row that is none of the line, and what the line comes to.
fn as_it_stands(snapshot: &dyn Snapshot) -> Result<(Vec<ChartId>, Option<Mark>), StoreError> {
    let (mut charts, mut line) = (Vec::new(), Mark::EMPTY);
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = snapshot.scan(Table::Vault, PART, after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok((charts, Some(line))) };
        after = Some(last.clone());
        for (key, value) in &page {
            let chart = ChartId::from_slice(value);
            let next = chart.and_then(|chart| line.then(&chart)).filter(|next| next.count.to_be_bytes() == key[..]);
            let (Some(chart), Some(next)) = (chart, next) else { return Ok((charts, None)) };
            charts.push(chart);
            line = next;
        }
    }
}

/// All charts that the store shows anything of, for what must work although the list is damaged.
pub(super) fn shown(snapshot: &dyn Snapshot) -> Result<Vec<ChartId>, StoreError> {
    let (mut charts, _) = as_it_stands(snapshot)?;
    let keys = session::rows(snapshot, Table::Keyring)?;
    charts.extend(keys.iter().filter_map(|(key, _)| ChartId::from_slice(key)));
    charts.sort_unstable();
    charts.dedup();
    Ok(charts)
}

impl Session {
    /// The charts of the vault, in the order in which they came: all of them, and no others.
    pub(super) fn charts(&self, snapshot: &dyn Snapshot) -> Result<Vec<ChartId>, Error> {
        let known = self.logs(snapshot)?.last_mark(snapshot, Marked::Charts)?;
        let (charts, line) = as_it_stands(snapshot)?;
        if line == Some(known.unwrap_or(Mark::EMPTY)) { Ok(charts) } else { Err(Error::Withheld) }
    }

    /// What it means that a chart's keys are not in the store: there is no such chart, or they are withheld.
    pub(super) fn no_such_chart(&self, snapshot: &dyn Snapshot, chart: ChartId) -> Result<Error, Error> {
        let marked = !self.logs(snapshot)?.marks(snapshot, Marked::Ledger(chart))?.is_empty();
        Ok(if marked { Error::Withheld } else { Error::UnknownChart })
    }
}
