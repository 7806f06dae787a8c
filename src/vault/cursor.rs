//! Where the next bundle goes on.

use crate::codec::{self, CompartmentId, Extensions, Hash, LogId, Malformed, Version1};
use crate::error::Error;
use crate::sync::extent::Line;
use minicbor::{Decode, Encode};

/// Where the next bundle of a chart goes on: what its addressee has of one sender. Keep it for each chart and contact.
///
/// It says nothing that is secret. A sender to whose chart it does not fit begins from the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    held: Vec<Held>,
    /// The sender's logs, with the number of leaves that were seen.
    seen: Vec<(LogId, u64)>,
    /// What the sender has told of the sharing.
    sharing: Option<Hash>,
}

/// How far a compartment is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Held {
    #[n(0)]
    pub(super) compartment: CompartmentId,
    #[n(1)]
    pub(super) line: Line,
    /// Number of the sender's last version then, in his order of arrival.
    #[n(2)]
    pub(super) next: u64,
}

impl Held {
    /// Whether it is from later on in the same history.
    pub(super) fn is_after(&self, other: &Self) -> bool {
        (self.line.count, self.next) > (other.line.count, other.next)
    }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Encoded {
    #[n(0)]
    version: Version1,
    #[n(1)]
    held: Vec<Held>,
    #[n(2)]
    seen: Vec<(LogId, u64)>,
    #[n(3)]
    sharing: Option<Hash>,
    #[n(4)]
    extensions: Extensions,
}

impl Cursor {
    /// From the beginning.
    pub const START: Self = Self { held: Vec::new(), seen: Vec::new(), sharing: None };

    /// The bytes to store: some hundreds.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { held, seen, sharing } = self.clone();
        codec::encode(&Encoded { version: Version1, held, seen, sharing, extensions: Extensions::default() })
    }

    /// The cursor that was stored.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let Encoded { version: Version1, held, seen, sharing, extensions: _ } =
            codec::decode(bytes).map_err(|malformed| match malformed {
                Malformed::Newer => Error::NewerFormat,
                Malformed::Invalid => Error::InvalidCursor,
            })?;
        Ok(Self { held, seen, sharing })
    }

    pub(super) fn new(held: Vec<Held>, seen: Vec<(LogId, u64)>, sharing: Option<Hash>) -> Self {
        Self { held, seen, sharing }
    }

    /// What was told of the sharing.
    pub(super) fn sharing(&self) -> Option<&Hash> {
        self.sharing.as_ref()
    }

    pub(super) fn held(&self, compartment: &CompartmentId) -> Option<&Held> {
        self.held.iter().find(|held| held.compartment == *compartment)
    }

    /// How many leaves of a log were seen.
    pub(super) fn seen(&self, log: &LogId) -> u64 {
        self.seen.iter().find(|(seen, _)| seen == log).map_or(0, |(_, leaves)| *leaves)
    }
}
