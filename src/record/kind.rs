//! Kinds of entries.

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Kind {
    /// A record.
    Record = 1,
    /// A file: its descriptor.
    File = 2,
    /// A message.
    Message = 3,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Record, Self::File, Self::Message];

    pub(crate) fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}
