//! The ledger: one line of signed, numbered, hash-linked entries, from which alone authority is read.

mod authority;
mod entry;
mod line;

pub(crate) use authority::{Authority, LedgerError, Member};
pub(crate) use entry::{Act, Genesis, LedgerEntry, Receipt, Revoke};
pub(crate) use line::{CardBook, LedgerRow, Line, LineError, Readable, found, seal_entry};
