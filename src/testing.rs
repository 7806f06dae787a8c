//! For tests of this library and of what is built on it: stores that fail on demand. Not for a product.

pub use crate::store::faults::{Fault, FaultStore, Faults, Operation};
