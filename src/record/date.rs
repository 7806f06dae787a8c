//! Dates of a record as half-open ranges, so that `2015-02` and an instant are the same kind of thing.

use core::fmt;

/// A span of time, in seconds since 1970-01-01T00:00:00Z, `start` included and `end` not.
///
/// A FHIR `date` of `2015-02` is the whole month, an `instant` is one second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct DateRange {
    #[n(0)]
    start: i64,
    #[n(1)]
    end: i64,
}

/// Bounds that are no span: the end is not after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a date range ends after it starts; swap or correct the bounds")]
pub struct DateError;

impl DateRange {
    /// The span from `start` to just before `end`, in seconds since 1970.
    pub fn new(start: i64, end: i64) -> Result<Self, DateError> {
        if end <= start {
            Err(DateError)
        } else {
            Ok(Self { start, end })
        }
    }

    /// First second.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// First second after it.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// Whether the two share a second.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// Shows nothing of the date: it is a patient's.
impl fmt::Debug for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start: _, end: _ } = self;
        f.debug_struct("DateRange").finish_non_exhaustive()
    }
}
