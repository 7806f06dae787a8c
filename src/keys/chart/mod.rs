mod content_key;
mod epoch;
mod path;

pub use content_key::Wrap;
pub(crate) use content_key::{CheckOf, ContentKey, check_value};
pub(crate) use path::Path;
