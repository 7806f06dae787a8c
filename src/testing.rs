//! For tests of this library and of what is built on it: stores that fail on demand, or lie. Not for a product.

pub mod blobs;
mod evil;
pub mod hostile;
pub mod logs;
pub mod vectors;

pub use crate::store::faults::{Fault, FaultStore, Faults, Operation};
pub use crate::sync::{scope_again, sum_bundle};
pub use evil::{EvilStore, Place, Rows};

/// The content of a message as this library would write it, if it takes these bytes for one.
pub fn message_again(content: &[u8]) -> Option<Vec<u8>> {
    crate::vault::message_again(content)
}

/// What would break every promise of a product.
pub mod hazmat {
    /// Runs `work` with all randomness of this thread derived from `seed`: whoever knows the seed knows every key.
    pub fn with_fixed_randomness<T>(seed: &[u8], work: impl FnOnce() -> T) -> T {
        crate::crypto::random::fixed::with(seed, work)
    }
}
