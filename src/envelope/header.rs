//! The clear header of an entry.
//!
//! | Offset | Length | Field |
//! |---|---|---|
//! | 0 | 4 | magic `AMPL` |
//! | 4 | 1 | format, 1 |
//! | 5 | 1 | suite |
//! | 6 | 1 | kind |
//! | 7 | 1 | flags, 0 |
//! | 8 | 32 | chart |
//! | 40 | 16 | entry |
//! | 56 | 16 | version |

use super::OpenError;
use crate::codec::{ChartId, EntryId, VersionId};
use crate::crypto::Suite;
use crate::record::Kind;

const MAGIC: [u8; 4] = *b"AMPL";
const FORMAT: u8 = 1;

/// The header. All of it is authenticated: it is the context of the payload's key and part of the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) suite: Suite,
    pub(crate) kind: Kind,
    pub(crate) chart: ChartId,
    pub(crate) entry: EntryId,
    pub(crate) version: VersionId,
}

impl Header {
    pub(crate) const LEN: usize = 72;

    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        let fixed = [FORMAT, self.suite as u8, self.kind as u8, 0];
        let fields: [&[u8]; 5] =
            [&MAGIC, &fixed, self.chart.as_bytes(), self.entry.as_bytes(), self.version.as_bytes()];
        let mut rest = &mut out[..];
        for field in fields {
            let Some((to, after)) = rest.split_at_mut_checked(field.len()) else { break };
            to.copy_from_slice(field);
            rest = after;
        }
        out
    }

    /// The ids that stand in damaged bytes, believed by nobody.
    pub(crate) fn claimed_ids(bytes: &[u8]) -> Option<(EntryId, VersionId)> {
        let (_, ids) = bytes.get(..Self::LEN)?.split_at_checked(40)?;
        let (entry, version) = ids.split_first_chunk()?;
        Some((EntryId::from_bytes(*entry), VersionId::from_slice(version)?))
    }

    /// Parses the header and returns it with the payload.
    pub(crate) fn split(bytes: &[u8]) -> Result<(Self, &[u8]), OpenError> {
        let (magic, rest) = bytes.split_first_chunk::<4>().ok_or(OpenError::Failed)?;
        let ([format, suite, kind, flags], rest) = rest.split_first_chunk::<4>().ok_or(OpenError::Failed)?;
        let (chart, rest) = rest.split_first_chunk().ok_or(OpenError::Failed)?;
        let (entry, rest) = rest.split_first_chunk().ok_or(OpenError::Failed)?;
        let (version, payload) = rest.split_first_chunk().ok_or(OpenError::Failed)?;
        if *magic != MAGIC || *format == 0 {
            return Err(OpenError::Failed);
        }
        if *format > FORMAT {
            return Err(OpenError::Newer);
        }
        if *flags != 0 {
            return Err(OpenError::Failed);
        }
        let header = Self {
            suite: Suite::from_u8(*suite).ok_or(OpenError::Failed)?,
            kind: Kind::from_u8(*kind).ok_or(OpenError::Failed)?,
            chart: ChartId::from_bytes(*chart),
            entry: EntryId::from_bytes(*entry),
            version: VersionId::from_bytes(*version),
        };
        Ok((header, payload))
    }
}
