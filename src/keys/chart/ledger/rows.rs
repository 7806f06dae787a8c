//! Stored lines: the one that a reader goes by, and what contradicts it. Nothing is verified here.

use super::{LedgerRow, Relation, compare, entry_hash};
use crate::codec::Hash;

/// Rows of another line, from the first that differs from ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Number of its first row.
    pub(crate) at: u64,
    pub(crate) rows: Vec<LedgerRow>,
}

/// The rows of a chart's ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) main: Vec<LedgerRow>,
    /// Kept as evidence for as long as there is a chart.
    pub(crate) branches: Vec<Branch>,
}

impl From<Vec<LedgerRow>> for Rows {
    fn from(main: Vec<LedgerRow>) -> Self {
        Self { main, branches: Vec::new() }
    }
}

impl Rows {
    /// Takes in rows that somebody brought, genesis first. They count once [`ChartKeys::assemble`] has verified all.
    ///
    /// [`ChartKeys::assemble`]: crate::keys::ChartKeys::assemble
    pub(crate) fn offer(&mut self, brought: &[LedgerRow]) -> Relation {
        let relation = compare(&hashes(&self.main), &hashes(brought));
        match relation {
            Relation::Same | Relation::Behind => {}
            Relation::Extends => self.main = brought.to_vec(),
            Relation::Forked { .. } => {
                for at in 0..self.branches.len() {
                    let held = self.line(at);
                    match compare(&hashes(&held), &hashes(brought)) {
                        Relation::Same | Relation::Behind => return relation,
                        Relation::Extends => {
                            self.replace(Some(at), brought);
                            return relation;
                        }
                        Relation::Forked { .. } => {}
                    }
                }
                self.replace(None, brought);
            }
        }
        relation
    }

    /// All lines in full, ours first.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Vec<LedgerRow>> {
        core::iter::once(self.main.clone()).chain((0..self.branches.len()).map(|at| self.line(at)))
    }

    /// The same lines, with the one that ends in `head` as ours.
    pub(crate) fn led_by(self, head: &Hash) -> Self {
        let mut lines: Vec<_> = self.lines().collect();
        let ends = |line: &Vec<LedgerRow>| line.last().is_some_and(|row| entry_hash(&row.stored) == *head);
        let Some(at) = lines.iter().position(ends) else { return self };
        if at == 0 {
            return self;
        }
        let mut rows = Self::from(lines.remove(at));
        for line in &lines {
            rows.replace(None, line);
        }
        rows
    }

    fn line(&self, branch: usize) -> Vec<LedgerRow> {
        let Some(branch) = self.branches.get(branch) else { return Vec::new() };
        let common = usize::try_from(branch.at).unwrap_or(usize::MAX);
        self.main.iter().take(common).chain(&branch.rows).cloned().collect()
    }

    fn replace(&mut self, branch: Option<usize>, line: &[LedgerRow]) {
        let Relation::Forked { at } = compare(&hashes(&self.main), &hashes(line)) else { return };
        let tail = line.iter().skip(usize::try_from(at).unwrap_or(usize::MAX)).cloned().collect();
        let tail = Branch { at, rows: tail };
        match branch.and_then(|branch| self.branches.get_mut(branch)) {
            Some(held) => *held = tail,
            None => self.branches.push(tail),
        }
    }
}

fn hashes(rows: &[LedgerRow]) -> Vec<Hash> {
    rows.iter().map(|row| entry_hash(&row.stored)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(name: &[u8]) -> Vec<LedgerRow> {
        name.iter().map(|byte| LedgerRow { stored: vec![*byte], receipt: Vec::new() }).collect()
    }

    #[test]
    fn a_line_is_extended_left_alone_or_kept_beside() {
        let mut held = Rows::from(rows(b"abc"));
        assert_eq!(held.offer(&rows(b"abc")), Relation::Same);
        assert_eq!(held.offer(&rows(b"ab")), Relation::Behind);
        assert_eq!(held.offer(&rows(b"abcd")), Relation::Extends);
        assert_eq!(held, rows(b"abcd").into());
        assert_eq!(held.offer(&rows(b"axy")), Relation::Forked { at: 1 });
        assert_eq!(held.offer(&rows(b"ax")), Relation::Forked { at: 1 });
        assert_eq!(held.offer(&rows(b"axyz")), Relation::Forked { at: 1 });
        assert_eq!(held.offer(&rows(b"abq")), Relation::Forked { at: 2 });
        assert_eq!(held.lines().collect::<Vec<_>>(), [rows(b"abcd"), rows(b"axyz"), rows(b"abq")]);
        let turned = held.clone().led_by(&entry_hash(b"z"));
        assert_eq!(turned.lines().collect::<Vec<_>>(), [rows(b"axyz"), rows(b"abcd"), rows(b"abq")]);
        assert_eq!(turned.led_by(&entry_hash(b"d")).main, held.main);
    }
}
