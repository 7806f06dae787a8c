//! What a device's log says of a thing: how often it was changed, and what it then was.
//!
//! A mark stands in the map of the log of the device that made the change, in the same transaction. What only grows (the
//! entries of a chart, its ledger) must pass through every device's mark; what is replaced as a whole (contacts, the
//! directory, the vault's own state) must be what the highest mark says. That says nothing of two devices which were shown
//! different states, and both wrote: so each also marks where it saw the logs of the others end, and who wrote last has seen
//! all. The mark of a bundle is for its addressee, who gets it with a proof.

use crate::codec::{ChartId, ContactId, Hash};
use crate::crypto::kdf;
use std::sync::LazyLock;

/// Count and hash. The order is that of the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) count: u64,
    hash: [u8; 24],
}

impl Mark {
    /// Of a list without anything in it.
    pub(super) const EMPTY: Self = Self { count: 0, hash: [0; 24] };

    pub(super) fn new(count: u64, hash: &Hash) -> Self {
        let mut short = [0; 24];
        short.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
        Self { count, hash: short }
    }

    /// Of a list with one chart more.
    pub(super) fn then(self, chart: &ChartId) -> Option<Self> {
        let hash = Hash::from_bytes(kdf::link("charts", &[&self.hash, chart.as_bytes()]));
        Some(Self::new(self.count.checked_add(1)?, &hash))
    }

    /// As it stands in a map: count, and the first 24 bytes of the hash.
    pub(super) fn digest(self) -> Hash {
        let mut digest = [0; 32];
        let bytes = self.count.to_be_bytes().into_iter().chain(self.hash);
        digest.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        Hash::from_bytes(digest)
    }

    pub(super) fn of_digest(digest: &Hash) -> Option<Self> {
        let (count, hash) = digest.as_bytes().split_first_chunk()?;
        Some(Self { count: u64::from_be_bytes(*count), hash: hash.try_into().ok()? })
    }
}

/// What has marks. The entries of a chart stand under the chart's own id, all else under a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marked {
    Entries(ChartId),
    Ledger(ChartId),
    /// What lies beside the ledger of a chart.
    Beside(ChartId),
    /// The content of the last bundle of a chart.
    Bundle(ChartId),
    /// What others' bundles of a chart have proven.
    Sources(ChartId),
    State,
    /// Which charts there are.
    Charts,
    /// Which contacts there are.
    Contacts,
    Contact(ContactId),
    Directory,
    /// Where the logs of the other devices ended.
    Others,
}

impl Marked {
    pub(super) fn key(self) -> ChartId {
        /// Asked for at each commit.
        static STATE: LazyLock<ChartId> = LazyLock::new(|| key("state", &[]));
        match self {
            Self::Entries(chart) => chart,
            Self::Ledger(chart) => key("ledger", chart.as_bytes()),
            Self::Beside(chart) => key("beside", chart.as_bytes()),
            Self::Bundle(chart) => key("bundle", chart.as_bytes()),
            Self::Sources(chart) => key("sources", chart.as_bytes()),
            Self::State => *STATE,
            Self::Charts => key("charts", &[]),
            Self::Contacts => key("contacts", &[]),
            Self::Contact(contact) => key("contact", contact.as_bytes()),
            Self::Directory => key("directory", &[]),
            Self::Others => key("others", &[]),
        }
    }
}

fn key(what: &str, of: &[u8]) -> ChartId {
    ChartId::from_bytes(kdf::hash("marked", &[&kdf::label(what), of]))
}

/// The hash over the versions of a chart, in order of arrival: each link takes the one before in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rolling(Hash);

impl Rolling {
    pub(super) const EMPTY: Self = Self(Hash::from_bytes([0; 32]));

    /// Goes on with a version: its ids and hash, and the ledger that was known when it came.
    pub(super) fn push(&mut self, entry: &[u8], version: &[u8], hash: &Hash, arrival: u64) {
        let parts = [self.0.as_bytes(), entry, version, hash.as_bytes(), &arrival.to_be_bytes()];
        self.0 = Hash::from_bytes(kdf::link("entries", &parts));
    }

    pub(super) fn mark(&self, count: u64) -> Mark {
        Mark::new(count, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_from_its_digest() {
        let mark = Mark::new(7, &Hash::from_bytes([5; 32]));
        assert_eq!(Mark::of_digest(&mark.digest()), Some(mark));
        assert!(Mark::new(8, &Hash::from_bytes([0; 32])) > mark);
    }

    #[test]
    fn a_list_is_in_order_and_has_a_length() {
        let [one, two] = [[1; 32], [2; 32]].map(ChartId::from_bytes);
        let of = |charts: &[ChartId]| charts.iter().try_fold(Mark::EMPTY, |list, chart| list.then(chart)).unwrap();
        let all = [of(&[]), of(&[one]), of(&[two]), of(&[one, one]), of(&[one, two]), of(&[two, one])];
        assert!(all.iter().enumerate().all(|(place, mark)| !all[..place].contains(mark)));
        assert!(all.is_sorted_by_key(|mark| mark.count));
    }

    #[test]
    fn everything_has_a_place_of_its_own() {
        let chart = ChartId::from_bytes([1; 32]);
        let other = ChartId::from_bytes([2; 32]);
        let all = [
            Marked::Entries(chart),
            Marked::Ledger(chart),
            Marked::Ledger(other),
            Marked::Beside(chart),
            Marked::Bundle(chart),
            Marked::Sources(chart),
            Marked::State,
            Marked::Charts,
            Marked::Contacts,
            Marked::Contact(ContactId::from_bytes([3; 16])),
            Marked::Directory,
            Marked::Others,
        ];
        let keys: std::collections::BTreeSet<_> = all.map(Marked::key).into_iter().collect();
        assert_eq!(keys.len(), all.len());
    }
}
