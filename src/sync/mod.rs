//! Moving entries between vaults. A bundle is a file: any courier will do, and none learns more than a store does.

mod bundle;

pub(crate) use bundle::{Bundle, BundleError, Writer};
