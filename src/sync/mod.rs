//! Moving entries between vaults. A bundle is a file: any courier will do, and none learns more than a store does.

pub(crate) mod bundle;
pub(crate) mod extent;
pub(crate) mod proof;
#[cfg(feature = "testing")]
pub use {bundle::sum_bundle, extent::scope_again};
