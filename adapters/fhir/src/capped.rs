//! Distinct items up to a number, of which the nearest to the resource are kept first.

use std::collections::HashSet;

/// Distinct items in the order in which they came, up to a number.
pub(crate) struct Capped<T> {
    items: Vec<T>,
    seen: HashSet<T>,
    full: bool,
}

impl<T> Default for Capped<T> {
    fn default() -> Self {
        Self { items: Vec::new(), seen: HashSet::new(), full: false }
    }
}

impl<T: Clone + Eq + core::hash::Hash> Capped<T> {
    pub(crate) fn insert(&mut self, item: T, most: usize) {
        if self.seen.contains(&item) {
        } else if self.items.len() < most {
            self.seen.insert(item.clone());
            self.items.push(item);
        } else {
            self.full = true;
        }
    }
}

/// The items of all tiers, nearest first, up to `most`, and whether that is all of them.
pub(crate) fn join<T: Clone + Eq + core::hash::Hash>(tiers: &mut [Capped<T>], most: usize) -> (Vec<T>, bool) {
    let mut joined = Capped::default();
    for tier in tiers {
        joined.full |= tier.full;
        for item in core::mem::take(&mut tier.items) {
            joined.insert(item, most);
        }
    }
    (joined.items, !joined.full)
}
