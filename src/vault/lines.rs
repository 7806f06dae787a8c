//! The lines of a chart's compartments: all versions that this vault holds of each, in order of arrival.

use super::standings::NOBODY;
use crate::index::{ChartIndex, Version};
use crate::sync::extent::Line;
use std::collections::BTreeMap;

/// Where the lines end. They are followed when somebody asks, so that writing and reading cost nothing more.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    ends: BTreeMap<u8, Line>,
    /// Versions up to this number are in them.
    to: u64,
    /// A version is among them of which nothing can be believed, nor in which line it is.
    broken: bool,
}

impl Lines {
    /// Takes in what came since. Returns where each line ends; nothing where that cannot be said.
    pub(super) fn follow(&mut self, index: &ChartIndex) -> Option<&BTreeMap<u8, Line>> {
        for version in index.after(self.to) {
            self.to = version.seq;
            self.broken |= version.author == NOBODY;
            let line = self.ends.entry(version.compartment).or_insert(Line::EMPTY);
            *line = line.then(&version.hash);
        }
        (!self.broken).then_some(&self.ends)
    }
}

/// The versions of one compartment after a number.
pub(super) fn versions_in(index: &ChartIndex, slot: u8, after: u64) -> impl Iterator<Item = Version<'_>> {
    index.after(after).filter(move |version| version.compartment == slot && version.author != NOBODY)
}
