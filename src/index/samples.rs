//! Rows for tests.
#![allow(clippy::arithmetic_side_effects)]

use super::{Facts, IndexRow};
use crate::codec::{CardHash, ChartId, EntryId, Hash, VersionId};
use crate::crypto::{Role, Secret};
use crate::keys::chart::Head;
use crate::record::{Code, DateRange, Kind, Terms};
use std::sync::Arc;

pub(super) const CHART: ChartId = ChartId::from_bytes([7; 32]);

pub(super) fn key<R: Role>(byte: u8) -> Secret<R> {
    Secret::from_slice(&[byte; 32]).unwrap()
}

pub(super) fn entry(number: u64) -> EntryId {
    EntryId::from_bytes(u128::from(number).to_be_bytes())
}

pub(super) fn version(number: u64) -> VersionId {
    VersionId::from_bytes(u128::from(number).to_be_bytes())
}

/// Place in a chain of the versions that tests keep apart.
pub(super) const APART: u64 = u64::MAX;

/// Keeps [`APART`] versions apart.
pub(super) fn judge(facts: &Facts) -> bool {
    facts.chain_seq == APART
}

/// A record of its own, with terms that many rows share and some that few do.
pub(super) fn row(seq: u64) -> IndexRow {
    let day = i64::try_from(seq % 1000).unwrap() * 86_400;
    IndexRow {
        seq,
        entry: entry(seq),
        version: version(seq),
        hash: Hash::from_bytes([u8::try_from(seq % 251).unwrap(); 32]),
        kind: Kind::Record,
        compartment: u8::try_from(seq % 3).unwrap(),
        parents: Vec::new(),
        author: CardHash::from_bytes([u8::try_from(seq % 5).unwrap(); 32]),
        time_ms: i64::try_from(seq).unwrap(),
        tombstone: false,
        chain_seq: seq,
        previous: Hash::from_bytes([u8::try_from(seq % 7).unwrap(); 32]),
        known: Head { seq: 1 + seq % 2, hash: Hash::from_bytes([u8::try_from(seq % 2).unwrap(); 32]) },
        arrival: 2,
        request: seq.is_multiple_of(4).then(|| Hash::from_bytes([u8::try_from(seq % 251).unwrap(); 32])),
        terms: Arc::new(Terms {
            kind: ["Observation", "Condition"][usize::try_from(seq % 2).unwrap()].into(),
            codes: vec![Code { system: "http://loinc.org".into(), value: format!("{}-4", seq % 20) }],
            dates: vec![DateRange::new(day, day + 86_400).unwrap()],
            words: vec!["blood".into(), format!("w{}", seq % 97)],
        }),
    }
}
