//! The rules, explored exhaustively in small worlds: custodians, a home, readers, a courier and a store.
//!
//! Every transition is made by the rules themselves ([`View::admit`], [`View::offer`], [`View::renewable`],
//! [`View::standing_of`], [`Authority::apply`]); signatures and ciphers are left out, since the rules see entries only
//! after both. The courier may deliver anything that was ever sent, any number of times and in any order, or never: that
//! covers delay, loss, repetition and disorder at once.

mod facts;
mod flaw;
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
    /// To let somebody read, and no more.
    Show(Who),
    /// To make somebody a custodian.
    Entrust(Who),
    Revoke(Who),
    /// The newest note that is kept apart.
    Adopt,
    MoveHome,
    Resolve,
    /// What no rule allows.
    Break(Flaw),
}

/// What is wrong with an entry, by somebody who may sign one of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Flaw {
    /// It is numbered as if another came before it.
    Number,
    /// It follows on another entry than the last.
    Parent,
    /// It names another entry as the one that gives its author the right.
    Authority,
    /// It states the first keys again.
    FirstKeysAgain,
    GrantAgain,
    GrantOfNothing,
    GrantOfAllToWriter,
    GrantToNoKind,
    SameEpoch,
    SkippedEpoch,
    /// A label of its keys has another length than all have.
    KeysMalformed,
    OtherCompartments,
    CutsMissing,
    CutsUnequal,
    NobodyShares,
    StaysWithNothing,
    StaysByOldGrant,
    AdoptsWithoutReason,
    MovesToWhereItIs,
    ResolvesNoFork,
    ResolvesNothing,
    ResolvesItself,
    ResolvesTwice,
    ResolvesInOldEpoch,
}

/// What a dishonest author lies about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Lie {
    /// Its place in the chain.
    Place,
    /// Nothing: it is in a compartment that he was not granted.
    Compartment,
    /// Nothing: it is from after the end of his grant.
    Date,
}
