//! The rules, explored exhaustively in small worlds: custodians, a home, readers, a courier and a store.
//!
//! Every transition is made by the rules themselves ([`View::admit`], [`View::offer`], [`View::renewable`],
//! [`View::standing_of`], [`Authority::apply`]); signatures and ciphers are left out, since the rules see entries only
//! after both. The courier may deliver anything that was ever sent, any number of times and in any order, or never: that
//! covers delay, loss, repetition and disorder at once.

mod facts;
mod made;
mod party;
mod world;
mod worlds;

use crate::codec::CardHash;
use Who::{Clinic, Twin};

/// Who takes part. The clinic founds the chart and is home; its copy has the same keys, where a world has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Who {
    Clinic,
    Twin,
    Guardian,
    Mallory,
    Lee,
    Reader,
}

impl Who {
    fn root(self) -> CardHash {
        // The copy of a vault is the same member on the same device.
        CardHash::from_bytes([if self == Twin { Clinic } else { self } as u8 + 1; 32])
    }
}

/// What a custodian wants, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Want {
    Share(Who),
    Revoke(Who),
    /// The newest note that is kept apart.
    Adopt,
    MoveHome,
    Resolve,
}
