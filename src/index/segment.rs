//! Segments: rows of an index, sealed together. A segment is never changed, only replaced by one that covers it.
//!
//! Strings and authors stand once in a table of the segment and are named by number, so that a thousand rows of one code
//! cost little more than one.

use super::{COMPARTMENTS, IndexRow};
use crate::codec::{self, CardHash, ChartId, EntryId, Extensions, Hash, Malformed, VersionId, padding};
use crate::crypto::{Failed, Role, Secret, Suite, WipedBytes, chunked, kdf, role};
use crate::keys::chart::Head;
use crate::record::{Code, DateRange, Kind, Terms};
use minicbor::{Decode, Decoder, Encode};
use std::collections::HashMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Bytes that stand before the encoding: its length, as u32.
const LENGTH_LEN: usize = 4;
const VERSION: u8 = 1;

/// Why a segment cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It does not open, or not to rows of this range.
    Damaged,
    /// A newer version wrote it.
    Newer,
}

/// Opens the segment of the rows `first` to `last`.
pub(super) fn open(
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    first: u64,
    last: u64,
    sealed: &[u8],
) -> Result<Vec<IndexRow>, Unreadable> {
    let plain = open_plain(suite, key, chart, first, last, sealed)?;
    let Body { strings, authors, heads, rows, .. } = parse(&plain, first, last)?;
    (first..=last)
        .zip(rows)
        .map(|(seq, row)| row.resolve(seq, &strings, &authors, &heads))
        .collect::<Result<_, Failed>>()
        .map_err(|Failed| Unreadable::Damaged)
}

/// The padded plaintext of a segment, for [`parse`].
pub(super) fn open_plain(
    suite: Suite,
    key: &Secret<role::Index>,
    chart: &ChartId,
    first: u64,
    last: u64,
    sealed: &[u8],
) -> Result<WipedBytes, Unreadable> {
    let (label, first, last) = (kdf::label(LABEL), first.to_be_bytes(), last.to_be_bytes());
    open_padded(suite, key, &[&label, chart.as_bytes(), &first, &last], sealed)
}

/// Reads the plaintext of a segment. What comes out keeps the rules of the format.
pub(super) fn parse(plain: &[u8], first: u64, last: u64) -> Result<Body<'_>, Unreadable> {
    let encoded = unpadded(plain, VERSION)?;
    let body: Body<'_> = codec::decode(encoded).map_err(|error| match error {
        Malformed::Invalid => Unreadable::Damaged,
        Malformed::Newer => Unreadable::Newer,
    })?;
    let count = last.checked_sub(first).and_then(|n| n.checked_add(1));
    if first > 0 && count == u64::try_from(body.rows.len()).ok() && body.is_sound() {
        Ok(body)
    } else {
        Err(Unreadable::Damaged)
    }
}

/// Seals an encoding: its length, itself, and zeros up to a padded size.
pub(super) fn seal_padded<R: Role>(
    suite: Suite,
    key: &Secret<R>,
    context: &[&[u8]],
    encoded: &[u8],
) -> Result<Vec<u8>, super::IndexError> {
    let len = u32::try_from(encoded.len()).map_err(|_| Failed)?;
    let padded = LENGTH_LEN.checked_add(encoded.len()).and_then(padding::padded_len).ok_or(Failed)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(padded));
    plain.extend_from_slice(&len.to_be_bytes());
    plain.extend_from_slice(encoded);
    plain.resize(padded, 0);
    Ok(chunked::seal(suite, key, chunked::salt(key, &plain)?, context, &plain)?)
}

/// Opens what [`seal_padded`] sealed; the padding is still there.
pub(super) fn open_padded<R: Role>(
    suite: Suite,
    key: &Secret<R>,
    context: &[&[u8]],
    sealed: &[u8],
) -> Result<WipedBytes, Unreadable> {
    chunked::open(suite, key, context, sealed).map_err(|Failed| Unreadable::Damaged)
}

/// The encoding in a padded plaintext: an array that starts with its version.
pub(super) fn unpadded(plain: &[u8], version: u8) -> Result<&[u8], Unreadable> {
    let (len, rest) = plain.split_first_chunk::<LENGTH_LEN>().ok_or(Unreadable::Damaged)?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| Unreadable::Damaged)?;
    let (encoded, zeros) = rest.split_at_checked(len).ok_or(Unreadable::Damaged)?;
    if !padding::is_canonical(LENGTH_LEN.saturating_add(len), zeros) {
        return Err(Unreadable::Damaged);
    }
    let mut decoder = Decoder::new(encoded);
    let found = decoder.array().and_then(|_| decoder.u8());
    match found.map_err(|_| Unreadable::Damaged)? {
        found if found == version => Ok(encoded),
        0 => Err(Unreadable::Damaged),
        _ => Err(Unreadable::Newer),
    }
}

/// Plaintext of a segment.
#[derive(Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct Body<'b> {
    #[n(0)]
    version: u8,
    /// In ascending order of their bytes, each once, each used.
    #[b(1)]
    pub(super) strings: Vec<&'b str>,
    /// Likewise.
    #[n(2)]
    pub(super) authors: Vec<CardHash>,
    /// Likewise: ledger entries that authors knew as the last.
    #[n(3)]
    pub(super) heads: Vec<Head>,
    #[n(4)]
    pub(super) rows: Vec<NumberedRow>,
    #[n(5)]
    extensions: Extensions,
}

impl Body<'_> {
    /// Checks what the encoding alone does not: ranges, order, and that every number names something and every string
    /// is named.
    fn is_sound(&self) -> bool {
        let ascending = self.strings.is_sorted_by(|a, b| a < b)
            && self.authors.is_sorted_by(|a, b| a < b)
            && self.heads.is_sorted_by(|a, b| a < b);
        let mut strings = vec![false; self.strings.len()];
        let mut authors = vec![false; self.authors.len()];
        let mut heads = vec![false; self.heads.len()];
        ascending
            && self.rows.iter().all(|row| {
                row.is_sound()
                    && row.strings().all(|number| tick(&mut strings, number))
                    && tick(&mut authors, row.author)
                    && tick(&mut heads, row.known)
            })
            && strings.iter().chain(&authors).chain(&heads).all(|used| *used)
    }
}

/// Marks a number as used; says whether it names something.
fn tick(used: &mut [bool], number: u32) -> bool {
    let place = usize::try_from(number).ok().and_then(|number| used.get_mut(number));
    place.is_some_and(|place| {
        *place = true;
        true
    })
}

/// A row with numbers for its strings, its author and the ledger entry that it names: of a segment's tables, or of an index in memory.
#[derive(Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct NumberedRow {
    #[n(0)]
    pub(super) entry: EntryId,
    #[n(1)]
    pub(super) version: VersionId,
    #[n(2)]
    pub(super) hash: Hash,
    #[n(3)]
    pub(super) kind: u8,
    #[n(4)]
    pub(super) compartment: u8,
    #[n(5)]
    pub(super) parents: Vec<VersionId>,
    #[n(6)]
    pub(super) author: u32,
    #[n(7)]
    pub(super) time_ms: i64,
    #[n(8)]
    pub(super) tombstone: bool,
    #[n(9)]
    pub(super) chain_seq: u64,
    #[n(10)]
    pub(super) previous: Hash,
    #[n(11)]
    pub(super) known: u32,
    #[n(12)]
    pub(super) arrival: u64,
    #[n(13)]
    pub(super) request: Option<Hash>,
    #[n(14)]
    pub(super) term_kind: u32,
    /// System and value in turn.
    #[cbor(n(15), with = "numbers")]
    pub(super) codes: Vec<u32>,
    #[n(16)]
    pub(super) dates: Vec<DateRange>,
    #[cbor(n(17), with = "numbers")]
    pub(super) words: Vec<u32>,
}

impl NumberedRow {
    /// Numbers the strings, the author and the ledger entry of a row. `None` when numbers have run out.
    pub(super) fn number<'a>(
        row: &'a IndexRow,
        string: &mut impl FnMut(&'a str) -> Option<u32>,
        author: impl FnOnce(CardHash) -> Option<u32>,
        head: impl FnOnce(Head) -> Option<u32>,
    ) -> Option<Self> {
        let terms = &row.terms;
        let term_kind = string(&terms.kind)?;
        // With room made once for each.
        let mut codes = Vec::with_capacity(terms.codes.len().saturating_mul(2));
        for code in &terms.codes {
            codes.extend([string(&code.system)?, string(&code.value)?]);
        }
        let mut words = Vec::with_capacity(terms.words.len());
        for word in &terms.words {
            words.push(string(word)?);
        }
        Some(Self {
            entry: row.entry,
            version: row.version,
            hash: row.hash,
            kind: row.kind as u8,
            compartment: row.compartment,
            parents: row.parents.clone(),
            author: author(row.author)?,
            time_ms: row.time_ms,
            tombstone: row.tombstone,
            chain_seq: row.chain_seq,
            previous: row.previous,
            known: head(row.known)?,
            arrival: row.arrival,
            request: row.request,
            term_kind,
            codes,
            dates: terms.dates.clone(),
            words,
        })
    }

    /// Puts other numbers in the place of its numbers.
    pub(super) fn renumber(&mut self, strings: &[u32], authors: &[u32], heads: &[u32]) -> Result<(), Failed> {
        let own = core::slice::from_mut(&mut self.term_kind);
        for number in own.iter_mut().chain(&mut self.codes).chain(&mut self.words) {
            *number = *at(strings, *number)?;
        }
        self.author = *at(authors, self.author)?;
        self.known = *at(heads, self.known)?;
        Ok(())
    }

    fn strings(&self) -> impl Iterator<Item = u32> {
        let kind = core::slice::from_ref(&self.term_kind);
        kind.iter().chain(&self.codes).chain(&self.words).copied()
    }

    fn is_sound(&self) -> bool {
        Kind::from_u8(self.kind).is_some()
            && self.compartment < COMPARTMENTS
            && self.codes.as_chunks::<2>().1.is_empty()
            && self.dates.iter().all(|date| date.start() < date.end())
    }

    fn resolve(self, seq: u64, strings: &[&str], authors: &[CardHash], heads: &[Head]) -> Result<IndexRow, Failed> {
        let string = |number: u32| at(strings, number).map(|text| (*text).to_owned());
        Ok(IndexRow {
            seq,
            entry: self.entry,
            version: self.version,
            hash: self.hash,
            kind: Kind::from_u8(self.kind).ok_or(Failed)?,
            compartment: self.compartment,
            parents: self.parents,
            author: *at(authors, self.author)?,
            time_ms: self.time_ms,
            tombstone: self.tombstone,
            chain_seq: self.chain_seq,
            previous: self.previous,
            known: *at(heads, self.known)?,
            arrival: self.arrival,
            request: self.request,
            terms: Arc::new(Terms {
                kind: string(self.term_kind)?,
                codes: self
                    .codes
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .map(|[system, value]| Ok(Code { system: string(*system)?, value: string(*value)? }))
                    .collect::<Result<_, Failed>>()?,
                dates: self.dates,
                words: self.words.iter().map(|word| string(*word)).collect::<Result<_, Failed>>()?,
            }),
        })
    }
}

/// Lists of numbers, which are most of a segment: with room made once for each.
mod numbers {
    use minicbor::{Decoder, Encoder, decode::Error, encode::Error as EncodeError, encode::Write};

    pub(super) fn encode<C, W: Write>(
        list: &[u32],
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.array(u64::try_from(list.len()).unwrap_or(u64::MAX))?;
        for number in list {
            e.u32(*number)?;
        }
        Ok(())
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Vec<u32>, Error> {
        let left = d.input().len().saturating_sub(d.position());
        let len = d.array()?.and_then(|len| usize::try_from(len).ok());
        // Each number takes a byte at least.
        let len = len.filter(|len| *len <= left).ok_or_else(Error::end_of_input)?;
        let mut list = Vec::with_capacity(len);
        for _ in 0..len {
            list.push(d.u32()?);
        }
        Ok(list)
    }
}

/// Gathers rows, and whole segments, into one segment.
#[derive(Default)]
pub(super) struct Builder<'a> {
    strings: Numbers<&'a str>,
    authors: Numbers<CardHash>,
    heads: Numbers<Head>,
    rows: Vec<NumberedRow>,
    /// Numbers of the first and the last row.
    range: Option<(u64, u64)>,
}

impl<'a> Builder<'a> {
    /// Adds the row that follows.
    pub(super) fn add_row(&mut self, row: &'a IndexRow) -> Result<(), super::IndexError> {
        self.extend(row.seq, row.seq)?;
        let (strings, authors, heads) = (&mut self.strings, &mut self.authors, &mut self.heads);
        let row = NumberedRow::number(
            row,
            &mut |text| strings.number(text),
            |author| authors.number(author),
            |head| heads.number(head),
        );
        self.rows.push(row.filter(NumberedRow::is_sound).ok_or(Failed)?);
        Ok(())
    }

    /// Adds all rows of the segment that follows.
    pub(super) fn add_segment(&mut self, first: u64, last: u64, body: Body<'a>) -> Result<(), super::IndexError> {
        self.extend(first, last)?;
        let strings: Option<Vec<u32>> = body.strings.into_iter().map(|text| self.strings.number(text)).collect();
        let authors: Option<Vec<u32>> = body.authors.into_iter().map(|author| self.authors.number(author)).collect();
        let heads: Option<Vec<u32>> = body.heads.into_iter().map(|head| self.heads.number(head)).collect();
        let ((strings, authors), heads) = strings.zip(authors).zip(heads).ok_or(Failed)?;
        for mut row in body.rows {
            row.renumber(&strings, &authors, &heads)?;
            self.rows.push(row);
        }
        Ok(())
    }

    /// First and last row.
    pub(super) fn range(&self) -> Option<(u64, u64)> {
        self.range
    }

    /// Sorts the tables and seals.
    pub(super) fn seal(
        mut self,
        suite: Suite,
        key: &Secret<role::Index>,
        chart: &ChartId,
    ) -> Result<Vec<u8>, super::IndexError> {
        let (first, last) = self.range.ok_or(Failed)?;
        let (strings, string_ranks) = self.strings.sorted();
        let (authors, author_ranks) = self.authors.sorted();
        let (heads, head_ranks) = self.heads.sorted();
        for row in &mut self.rows {
            row.renumber(&string_ranks, &author_ranks, &head_ranks)?;
        }
        let body =
            Body { version: VERSION, strings, authors, heads, rows: self.rows, extensions: Extensions::default() };
        let encoded = Zeroizing::new(codec::encode(&body));
        let (label, first, last) = (kdf::label(LABEL), first.to_be_bytes(), last.to_be_bytes());
        seal_padded(suite, key, &[&label, chart.as_bytes(), &first, &last], &encoded)
    }

    fn extend(&mut self, first: u64, last: u64) -> Result<(), super::IndexError> {
        let start = match self.range {
            None if first > 0 => first,
            Some((start, end)) if end.checked_add(1) == Some(first) => start,
            _ => return Err(super::IndexError::OutOfOrder),
        };
        self.range = Some((start, last));
        Ok(())
    }
}

/// Numbers by first use, sorted in the end.
struct Numbers<T>(HashMap<T, u32>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Copy + Ord + core::hash::Hash> Numbers<T> {
    fn number(&mut self, item: T) -> Option<u32> {
        let next = u32::try_from(self.0.len()).ok()?;
        Some(*self.0.entry(item).or_insert(next))
    }

    /// The items in ascending order, and the rank of each number.
    fn sorted(self) -> (Vec<T>, Vec<u32>) {
        let mut items: Vec<(T, u32)> = self.0.into_iter().collect();
        items.sort_unstable();
        let mut ranks = vec![0; items.len()];
        for (rank, (_, number)) in (0..).zip(&items) {
            let place = usize::try_from(*number).ok().and_then(|number| ranks.get_mut(number));
            if let Some(place) = place {
                *place = rank;
            }
        }
        (items.into_iter().map(|(item, _)| item).collect(), ranks)
    }
}

fn at<T>(table: &[T], number: u32) -> Result<&T, Failed> {
    usize::try_from(number).ok().and_then(|number| table.get(number)).ok_or(Failed)
}

const LABEL: &str = "index";

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    use super::super::samples::{CHART, key, row};
    use super::*;

    fn seal(
        suite: Suite,
        key: &Secret<role::Index>,
        chart: &ChartId,
        rows: &[IndexRow],
    ) -> Result<Vec<u8>, super::super::IndexError> {
        let mut builder = Builder::default();
        rows.iter().try_for_each(|row| builder.add_row(row))?;
        builder.seal(suite, key, chart)
    }

    #[test]
    fn rows_come_back_for_their_key_chart_and_range_only() {
        let rows: Vec<IndexRow> = (5..=9).map(row).collect();
        for suite in [Suite::Aes256Gcm, Suite::ChaCha20Poly1305] {
            let sealed = seal(suite, &key(1), &CHART, &rows).unwrap();
            assert_eq!(open(suite, &key(1), &CHART, 5, 9, &sealed), Ok(rows.clone()));
            let other = ChartId::from_bytes([8; 32]);
            for (key, chart, first, last) in
                [(key(2), &CHART, 5, 9), (key(1), &other, 5, 9), (key(1), &CHART, 4, 8), (key(1), &CHART, 5, 8)]
            {
                assert_eq!(open(suite, &key, chart, first, last, &sealed), Err(Unreadable::Damaged));
            }
        }
    }

    #[test]
    fn rows_that_do_not_follow_one_another_are_not_sealed() {
        for rows in [vec![], vec![row(0)], vec![row(1), row(3)], vec![row(2), row(1)]] {
            assert!(seal(Suite::Aes256Gcm, &key(1), &CHART, &rows).is_err());
        }
    }

    #[test]
    fn rows_beyond_the_format_are_not_sealed() {
        let row = IndexRow { compartment: 8, ..row(1) };
        assert!(seal(Suite::Aes256Gcm, &key(1), &CHART, &[row]).is_err());
    }

    #[test]
    fn sizes_show_steps_only() {
        let sizes: Vec<usize> = (1..=3)
            .map(|n| {
                let mut row = row(1);
                Arc::make_mut(&mut row.terms).words = (0..n).map(|i| format!("word{i}")).collect();
                seal(Suite::Aes256Gcm, &key(1), &CHART, &[row]).unwrap().len()
            })
            .collect();
        assert_eq!(sizes, [512 + 56 + 16; 3]);
    }

    /// What a key holder could write, and no reader takes.
    #[test]
    fn plaintexts_that_break_a_rule_are_refused() {
        let bare = |strings: &[&'static str], change: fn(&mut NumberedRow)| {
            let mut first = NumberedRow::number(
                &IndexRow { terms: Arc::default(), ..row(1) },
                &mut |_| Some(0),
                |_| Some(0),
                |_| Some(0),
            )
            .unwrap();
            change(&mut first);
            Body {
                version: VERSION,
                strings: strings.to_vec(),
                authors: vec![row(1).author],
                heads: vec![row(1).known],
                rows: vec![first],
                extensions: Extensions::default(),
            }
        };
        let plain = |body: &Body<'_>, tail: &[u8]| {
            let encoded = codec::encode(body);
            let mut plain = u32::try_from(encoded.len()).unwrap().to_be_bytes().to_vec();
            plain.extend_from_slice(&encoded);
            let padded = padding::padded_len(plain.len()).unwrap();
            plain.resize(padded, 0);
            plain.extend_from_slice(tail);
            plain
        };
        let good = bare(&[""], |_| {});
        assert!(parse(&plain(&good, &[]), 1, 1).is_ok());
        assert!(parse(&plain(&good, &[0]), 1, 1).is_err(), "padding");
        let mut dirty = plain(&good, &[]);
        *dirty.last_mut().unwrap() = 1;
        assert!(parse(&dirty, 1, 1).is_err(), "padding is zero");
        assert!(parse(&plain(&good, &[]), 1, 2).is_err(), "fewer rows");
        assert!(parse(&plain(&good, &[]), 0, 0).is_err(), "row 0");
        assert!(parse(&[0, 0, 2, 0], 1, 1).is_err(), "cut short");
        for (what, body) in [
            ("unused string", bare(&["", "a"], |_| {})),
            ("disorder", bare(&["b", "a"], |row| row.words = vec![1])),
            ("double", bare(&["a", "a"], |row| row.words = vec![1])),
            ("no such string", bare(&[""], |row| row.words = vec![1])),
            ("no such author", bare(&[""], |row| row.author = 1)),
            ("no such ledger entry", bare(&[""], |row| row.known = 1)),
            ("half a code", bare(&[""], |row| row.codes = vec![0])),
            ("kind", bare(&[""], |row| row.kind = 4)),
            ("compartment", bare(&[""], |row| row.compartment = 8)),
            ("version 0", Body { version: 0, ..bare(&[""], |_| {}) }),
        ] {
            assert_eq!(parse(&plain(&body, &[]), 1, 1).err(), Some(Unreadable::Damaged), "{what}");
        }
        let newer = Body { version: 2, ..bare(&[""], |_| {}) };
        assert_eq!(parse(&plain(&newer, &[]), 1, 1).err(), Some(Unreadable::Newer));
    }

    #[test]
    fn h55_a_list_that_claims_to_be_huge() {
        let decode = |bytes: &[u8]| numbers::decode(&mut Decoder::new(bytes), &mut ());
        assert_eq!(decode(&[0x82, 1, 2]).unwrap(), [1, 2]);
        assert!(decode(&[0x83, 1, 2]).is_err());
        assert!(decode(&[0x9B, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2]).is_err());
    }

    #[test]
    fn joined_segments_hold_the_same_rows() {
        let rows: Vec<IndexRow> = (1..=40).map(row).collect();
        let suite = Suite::Aes256Gcm;
        let plains: Vec<_> = rows
            .chunks(7)
            .map(|rows| {
                let (first, last) = (rows[0].seq, rows[rows.len() - 1].seq);
                let sealed = seal(suite, &key(1), &CHART, rows).unwrap();
                (first, last, open_plain(suite, &key(1), &CHART, first, last, &sealed).unwrap())
            })
            .collect();
        let mut builder = Builder::default();
        for (first, last, plain) in &plains {
            let body = parse(plain, *first, *last).unwrap();
            builder.add_segment(*first, *last, body).unwrap();
        }
        let sealed = builder.seal(suite, &key(1), &CHART).unwrap();
        assert_eq!(open(suite, &key(1), &CHART, 1, 40, &sealed), Ok(rows));
    }
}
