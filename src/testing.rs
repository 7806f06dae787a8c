//! For tests of this library and of what is built on it: stores that fail on demand, or lie. Not for a product.

mod evil;

pub use crate::store::faults::{Fault, FaultStore, Faults, Operation};
pub use crate::sync::sum_bundle;
pub use evil::{EvilStore, Place, Rows};
