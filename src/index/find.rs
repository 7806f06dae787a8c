//! Answers to queries.

use super::{ChartIndex, Hit, Query, chart::Row};
use crate::record::Kind;
use std::borrow::Cow;
use std::collections::HashMap;

impl ChartIndex {
    /// Entries of which a head that does not delete matches, each once, in order of arrival of that head.
    pub(crate) fn find(&self, query: &Query) -> Vec<Hit> {
        self.matches(query).map(|rows| self.hits(&rows)).unwrap_or_default()
    }

    /// All entries that are not deleted, in order of arrival; of one kind where it is given.
    pub(crate) fn entries(&self, kind: Option<Kind>) -> Vec<Hit> {
        let rows = self.live((0..).take(self.rows.len()));
        let rows: Vec<_> = rows.filter(|(_, row)| kind.is_none_or(|kind| row.kind == kind)).collect();
        self.hits(&rows)
    }

    /// The matching rows, ascending; `None` where a term is in no row at all.
    fn matches(&self, query: &Query) -> Option<Vec<(u32, &Row)>> {
        if query.nothing {
            return None;
        }
        let term_kind = match &query.kind {
            Some(kind) => Some(self.symbols.get(kind)?),
            None => None,
        };
        let mut lists = self.lists(query)?;
        if lists.is_empty()
            && let Some(kind) = term_kind
        {
            lists.push(Cow::Borrowed(self.kinds.get(&kind)?));
        }
        lists.sort_unstable_by_key(|list| list.len());
        let fits = |number: u32, row: &Row, others: &[Cow<'_, [u32]>]| {
            term_kind.is_none_or(|kind| row.term_kind == kind)
                && others.iter().all(|list| list.binary_search(&number).is_ok())
                && query.dates.is_none_or(|range| {
                    let dates = row.dates.of(&self.dates);
                    dates.iter().any(|date| date.overlaps(&range))
                })
        };
        Some(match lists.split_first() {
            Some((shortest, others)) => {
                self.live(shortest.iter().copied()).filter(|(number, row)| fits(*number, row, others)).collect()
            }
            None => self.live((0..).take(self.rows.len())).filter(|(number, row)| fits(*number, row, &[])).collect(),
        })
    }

    /// One ascending list of rows for each code and word that is asked for.
    fn lists(&self, query: &Query) -> Option<Vec<Cow<'_, [u32]>>> {
        let mut lists: Vec<Cow<'_, [u32]>> = Vec::new();
        for (system, value) in &query.codes {
            let code = (self.symbols.get(system)?, self.symbols.get(value)?);
            lists.push(Cow::Borrowed(self.codes.get(&code)?));
        }
        for word in &query.words {
            lists.push(Cow::Borrowed(self.with_word(self.symbols.get(word)?)));
        }
        for prefix in &query.prefixes {
            let words = self.symbols.starting_with(prefix);
            let mut rows: Vec<u32> = words.flat_map(|word| self.with_word(word)).copied().collect();
            rows.sort_unstable();
            rows.dedup();
            lists.push(Cow::Owned(rows));
        }
        Some(lists)
    }

    fn with_word(&self, word: u32) -> &[u32] {
        let list = usize::try_from(word).ok().and_then(|word| self.words.get(word));
        list.map(Vec::as_slice).unwrap_or_default()
    }

    /// Those of the rows that are heads and do not delete.
    fn live(&self, numbers: impl Iterator<Item = u32>) -> impl Iterator<Item = (u32, &Row)> {
        numbers.filter_map(|number| Some((number, self.row(number)?))).filter(|(_, row)| row.head && !row.tombstone)
    }

    /// One hit for each entry.
    fn hits(&self, rows: &[(u32, &Row)]) -> Vec<Hit> {
        let mut best: HashMap<u32, (u32, &Row)> = HashMap::new();
        let mut hits = Vec::with_capacity(rows.len());
        for &(number, row) in rows {
            let Some(state) = self.state(row.entry) else {
                continue;
            };
            if state.heads > 1 {
                let kept = best.entry(row.entry).or_insert((number, row));
                if row.precedence() > kept.1.precedence() {
                    *kept = (number, row);
                }
            }
            hits.push(Hit {
                entry: state.id,
                version: row.version,
                seq: row.seq,
                kind: row.kind,
                compartment: row.compartment,
                conflict: state.heads > 1,
            });
        }
        if !best.is_empty() {
            let mut chosen: Vec<u64> = best.values().map(|(_, row)| row.seq).collect();
            chosen.sort_unstable();
            hits.retain(|hit| !hit.conflict || chosen.binary_search(&hit.seq).is_ok());
        }
        hits
    }
}
