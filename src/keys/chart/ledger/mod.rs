//! The ledger: one line of signed, numbered, hash-linked entries, from which alone authority is read.
//!
//! ```text
//!  stored rows ──line──► verified entries ──authority──► who may do what, by one line
//!                                               │
//!                        lines that contradict ─┴─view──► what holds in a fork, what the home receives
//!                                                  │
//!                                   cuts ──────────┴─standing──► how an entry is shown
//! ```

mod authority;
mod cuts;
mod entry;
mod line;
mod rows;
mod standing;
mod view;

#[cfg(test)]
mod model;

pub(crate) use authority::{Authority, LedgerError, Member};
pub(crate) use cuts::{CutPoint, Cuts, Vouched};
pub(crate) use entry::{
    Act, Adopt, Genesis, Head, HomeAcceptance, LedgerEntry, MAX_REASON, MoveHome, Receipt, Resolve, Revoke,
};
pub(crate) use line::{
    CardBook, LedgerKeys, LedgerRow, Line, LineError, Place, Proposed, Readable, accept_home, entry_hash, found,
    is_in_epoch, read_entry, receipt, seal_entry,
};
pub(crate) use rows::{Branch, Rows};
pub(crate) use standing::{Claim, EntryStanding};
pub(crate) use view::{Fork, Refusal, Relation, View, compare};
