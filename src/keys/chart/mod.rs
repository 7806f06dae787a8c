//! What a chart's members hold, and the ledger that says who they are.

mod chart_keys;
mod content_key;
mod epoch;
mod floor;
mod grant;
mod ledger;
mod node;
mod path;
mod ring;

pub use chart_keys::ChartKeys;
pub(crate) use chart_keys::{Fate, Intent, MessageKey, NewEntry, Proposal, Step, Visible, Written};
pub use content_key::Wrap;
pub(crate) use content_key::{CheckOf, ContentKey, check_value};
pub(crate) use floor::Grants;
pub use floor::{Freshness, OpenedEntry};
pub use grant::{Grant, Purpose, Rights};
pub(crate) use grant::{GrantBody, GrantRow};
pub(crate) use ledger::{
    Branch, CardBook, CutPoint, Cuts, EntryStanding, Fork, Head, LedgerRow, MAX_REASON, Member, Refusal, Relation,
    Rows, Vouched,
};
pub(crate) use path::Path;
pub(crate) use ring::Ring;
