//! What of a chart is here, and what is not: outside the scope, not fetched, or withheld.

use super::open_chart::OpenChart;
use super::sources::Sources;
use super::verify::{Finding, NotHere, Report};
use crate::codec::ChartId;
use std::collections::BTreeMap;

/// Holds a chart against what this vault may read of it, and against what its senders have proven.
pub(super) fn compare(chart: ChartId, open: &OpenChart, sources: Option<&Sources>, now_ms: i64, report: &mut Report) {
    let (keys, me) = (&open.keys, open.keys.identity().root_card.hash());
    let visible = keys.visible_to(&me, now_ms);
    let compartments = keys.compartment_ids();
    let outside = compartments.len().saturating_sub(visible.slots().count());
    if outside > 0 {
        report.not_here.push(NotHere::OutsideScope { chart, labels: u64::try_from(outside).unwrap_or(u64::MAX) });
    }
    for label in visible.slots().filter(|(_, since)| *since > 1).filter_map(|(slot, _)| keys.label(slot)) {
        report.not_here.push(NotHere::BeforeGrant { chart, label: label.clone() });
    }
    let Some(sources) = sources else {
        report.findings.push(Finding::Bundles { chart });
        return;
    };
    let mut not_fetched: BTreeMap<u8, u64> = BTreeMap::new();
    for (compartment, versions) in sources.left_out().filter(|(_, versions)| *versions > 0) {
        let slot = compartments.iter().position(|id| *id == compartment);
        if let Some(slot) = slot.and_then(|slot| u8::try_from(slot).ok()).filter(|slot| visible.has(*slot)) {
            let most = not_fetched.entry(slot).or_insert(0);
            *most = versions.max(*most);
        }
    }
    for (slot, versions) in not_fetched {
        if let Some(label) = keys.label(slot).cloned() {
            report.not_here.push(NotHere::NotFetched { chart, label, versions });
        }
    }
    for (entry, version) in sources.lost() {
        // Another process may have brought it.
        if !open.index.contains_version(&version) {
            report.findings.push(Finding::Withheld { chart, entry, version });
        }
    }
}
