//! What lies beside a chart's ledger: lines that contradict it, and this vault's own steps that wait for the home.
//!
//! One row a chart, replaced as a whole, and marked in the logs so that nobody hides a fork.

use super::logs::Write;
use super::mark::{Mark, Marked};
use crate::codec::{self, ChartId, Extensions, Hash, Malformed, Version1};
use crate::crypto::kdf;
use crate::error::Error;
use crate::keys::chart::{Branch, LedgerRow, Proposal, Rows};
use crate::store::{Snapshot, Table};
use minicbor::{Decode, Encode, bytes::ByteVec};

/// Key of the row in the chart's part of the keyring.
const KEY: &[u8] = b"beside";
/// Most lines, and most proposals, in one bundle.
const MOST_BROUGHT: usize = 64;

#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Beside {
    #[n(0)]
    version: Version1,
    /// Number of the first row that differs, and the rows from there on, each with its receipt.
    #[n(1)]
    branches: Vec<(u64, Vec<(ByteVec, ByteVec)>)>,
    #[n(2)]
    proposals: Vec<ByteVec>,
    #[n(3)]
    extensions: Extensions,
}

impl Beside {
    pub(super) fn new(rows: &Rows, proposals: &[Proposal]) -> Self {
        let pair = |row: &LedgerRow| (row.stored.clone().into(), row.receipt.clone().into());
        let branch = |branch: &Branch| (branch.at, branch.rows.iter().map(pair).collect());
        Self {
            version: Version1,
            branches: rows.branches.iter().map(branch).collect(),
            proposals: proposals.iter().map(|proposal| proposal.to_bytes().into()).collect(),
            extensions: Extensions::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.branches.is_empty() && self.proposals.is_empty()
    }

    /// Whether a bundle may bring as much: each line is verified from its beginning.
    pub(super) fn is_within_bounds(&self) -> bool {
        self.branches.len() <= MOST_BROUGHT && self.proposals.len() <= MOST_BROUGHT
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        codec::decode(bytes)
    }

    /// The rows of all lines, the first of which is `main`.
    pub(super) fn rows(&self, main: Vec<LedgerRow>) -> Rows {
        let row =
            |(stored, receipt): &(ByteVec, ByteVec)| LedgerRow { stored: stored.to_vec(), receipt: receipt.to_vec() };
        let branch = |(at, rows): &(u64, Vec<_>)| Branch { at: *at, rows: rows.iter().map(row).collect() };
        Rows { main, branches: self.branches.iter().map(branch).collect() }
    }

    pub(super) fn proposals(&self) -> Result<Vec<Proposal>, Malformed> {
        self.proposals.iter().map(|bytes| Proposal::parse(bytes)).collect()
    }

    /// How many steps wait.
    pub(super) fn waiting(&self) -> usize {
        self.proposals.len()
    }

    /// The row of a chart; nothing where there is none.
    pub(super) fn read(snapshot: &dyn Snapshot, chart: &ChartId) -> Result<Self, Error> {
        match snapshot.get(Table::Keyring, chart.as_bytes(), KEY)? {
            Some(bytes) => Self::parse(&bytes).map_err(Error::of_malformed),
            None => Ok(Self::default()),
        }
    }

    /// Whether it is what a log said last.
    pub(super) fn is_said(&self, last: Option<Mark>) -> bool {
        last.map_or_else(|| self.is_empty(), |mark| mark == Mark::new(mark.count, &hash(&self.to_bytes())))
    }

    /// Stores the row, where it says something else than the one before, which was held against the logs.
    pub(super) fn put(&self, write: &mut Write<'_>, chart: &ChartId, before: &Self) -> Result<(), Error> {
        if self == before {
            return Ok(());
        }
        let bytes = self.to_bytes();
        write.tx.put(Table::Keyring, chart.as_bytes(), KEY, &bytes)?;
        write.replace(Marked::Beside(*chart), &hash(&bytes))
    }
}

/// What a log says of the row.
fn hash(bytes: &[u8]) -> Hash {
    Hash::from_bytes(kdf::hash("beside", &[bytes]))
}
