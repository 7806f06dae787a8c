//! Keys: who is who, ways in, and what a chart's members hold.

pub(crate) mod chart;

pub use chart::Wrap;
pub(crate) use chart::{ContentKey, Path};
