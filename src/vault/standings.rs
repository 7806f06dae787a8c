//! How the versions of an open chart stand: which are kept apart, and which are read with a mark.

use crate::codec::{CardHash, Hash};
use crate::envelope::Chain;
use crate::index::{ChartIndex, IndexRow, KEPT_APART, Version};
use crate::keys::chart::{ChartKeys, CutPoint, EntryStanding, Vouched, Written};
use std::collections::{BTreeMap, HashMap, HashSet};

/// In the place of the author of a version of which nothing can be believed.
pub(super) const NOBODY: CardHash = CardHash::from_bytes([0; 32]);

/// The versions that are not read as usual, by number.
#[derive(Default)]
pub(super) struct Standings {
    marked: HashMap<u64, EntryStanding>,
    vouched: Vouched,
    /// Versions up to this number were judged.
    to: u64,
}

impl Standings {
    /// Judges the versions that came since; all of them `anew` where the ledger moved. Returns whether others are kept apart
    /// than before.
    pub(super) fn judge(&mut self, keys: &ChartKeys, index: &ChartIndex, anew: bool) -> bool {
        let before = self.apart();
        let devices = keys.cut_devices();
        let completes = |version: Version<'_>| {
            devices.contains(&version.author)
                && keys.is_cut_after(&version.author, version.compartment, version.chain_seq)
        };
        // A version that was missing in a chain proves others.
        if anew || !devices.is_empty() && index.after(self.to).any(completes) {
            *self = Self { vouched: keys.vouched(links(keys, index, &[])), ..Self::default() };
        }
        // Of what no cut names, all that one device wrote there with one ledger stands alike, if it is read at all.
        let (mut alike, timed) = (HashSet::new(), keys.ends_by_date());
        for version in index.after(self.to).filter(|version| version.author != NOBODY) {
            let Version { author, compartment, known, arrival, time_ms, .. } = version;
            let like = (author, compartment, known, arrival, if timed { time_ms } else { 0 });
            if keys.is_settled_since(&known) || alike.contains(&like) {
                continue;
            }
            // A right that the ledger no longer has is none.
            let standing = keys.standing_of(&written(&version), accepted_at(&version), &self.vouched);
            let standing = standing.unwrap_or(EntryStanding::Quarantined);
            if standing != EntryStanding::Normal {
                self.marked.insert(version.seq, standing);
            } else if !devices.contains(&author) {
                alike.insert(like);
            }
        }
        self.to = index.last_seq();
        self.apart() != before
    }

    /// Whether all versions are read as usual.
    pub(super) fn are_usual(&self) -> bool {
        self.marked.is_empty()
    }

    pub(super) fn of(&self, seq: u64) -> EntryStanding {
        self.marked.get(&seq).copied().unwrap_or(EntryStanding::Normal)
    }

    /// Whether a version takes no part in what is read.
    pub(super) fn is_apart(&self, version: &Version<'_>) -> bool {
        version.author == NOBODY || self.of(version.seq) == EntryStanding::Quarantined
    }

    /// Numbers of the versions that stand so, ascending.
    pub(super) fn all(&self, standing: EntryStanding) -> Vec<u64> {
        let such = self.marked.iter().filter(|(_, of)| **of == standing);
        let mut numbers: Vec<u64> = such.map(|(seq, _)| *seq).collect();
        numbers.sort_unstable();
        numbers
    }

    fn apart(&self) -> Vec<u64> {
        self.all(EntryStanding::Quarantined)
    }
}

/// How versions would stand that were never taken in, once all of them are: none has been accepted before, whatever
/// whoever brings them says. `None` where the ledger gives no right to write one.
pub(super) fn standings_of(keys: &ChartKeys, index: &ChartIndex, rows: &[IndexRow]) -> Vec<Option<EntryStanding>> {
    let settled = rows.iter().all(|row| keys.is_settled_since(&row.known));
    if settled {
        return vec![Some(EntryStanding::Normal); rows.len()];
    }
    let vouched = keys.vouched(links(keys, index, rows));
    rows.iter().map(|row| keys.standing_of(&written_in(row), None, &vouched).ok()).collect()
}

/// The last versions of some devices in a compartment, for a cut: of each device the end of its longest chain that is held,
/// so that no single version with a number far away moves the cut.
pub(super) fn cut(
    index: &ChartIndex,
    standings: &Standings,
    slot: u8,
    of_revoked: impl Fn(&CardHash) -> bool,
) -> Vec<CutPoint> {
    let mut chains: BTreeMap<CardHash, Vec<Version<'_>>> = BTreeMap::new();
    for version in index.after(0).filter(|version| version.compartment == slot && version.chain_seq > 0) {
        if of_revoked(&version.author) {
            chains.entry(version.author).or_default().push(version);
        }
    }
    let mut points = Vec::new();
    for (device, mut versions) in chains {
        versions.sort_by_key(|version| version.chain_seq);
        let mut lengths: HashMap<(u64, Hash), u64> = HashMap::new();
        let mut best: Option<(u64, CutPoint)> = None;
        for version in versions {
            let before = (version.chain_seq.saturating_sub(1), version.previous);
            let length = lengths.get(&before).copied().unwrap_or(0).saturating_add(1);
            lengths.insert((version.chain_seq, version.hash), length);
            let longer = best.as_ref().is_none_or(|(longest, _)| length > *longest);
            if longer && !standings.is_apart(&version) {
                best = Some((length, CutPoint { device, seq: version.chain_seq, hash: version.hash }));
            }
        }
        points.extend(best.map(|(_, point)| point));
    }
    points
}

/// The object before another in its chain, of the devices whose chains a cut ends.
fn links(keys: &ChartKeys, index: &ChartIndex, rows: &[IndexRow]) -> impl Fn(&Hash) -> Option<Hash> {
    let devices = keys.cut_devices();
    let mut links = HashMap::new();
    if !devices.is_empty() {
        let stored = index.after(0).map(|version| (version.author, version.hash, version.previous));
        let new = rows.iter().map(|row| (row.author, row.hash, row.previous));
        for (_, hash, previous) in stored.chain(new).filter(|(author, ..)| devices.contains(author)) {
            links.insert(hash, previous);
        }
    }
    move |hash| links.get(hash).copied()
}

/// Number of the last ledger entry when a version was taken in; none where it was kept apart.
pub(super) fn accepted_at(version: &Version<'_>) -> Option<u64> {
    Some(version.arrival).filter(|arrival| *arrival != KEPT_APART)
}

fn written(version: &Version<'_>) -> Written {
    Written {
        author: version.author,
        slot: version.compartment,
        chain: chain(version.chain_seq, version.previous),
        object: version.hash,
        known: version.known,
        time_ms: version.time_ms,
    }
}

fn written_in(row: &IndexRow) -> Written {
    Written {
        author: row.author,
        slot: row.compartment,
        chain: chain(row.chain_seq, row.previous),
        object: row.hash,
        known: row.known,
        time_ms: row.time_ms,
    }
}

fn chain(seq: u64, previous: Hash) -> Option<Chain> {
    (seq > 0).then_some(Chain { seq, previous })
}
