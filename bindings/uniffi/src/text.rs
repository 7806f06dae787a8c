//! Text that comes as bytes, because it is secret.

use crate::VaultError;

/// Text in UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, VaultError> {
    std::str::from_utf8(bytes).map_err(|_| VaultError::invalid_text())
}

/// `Debug` that shows nothing but the type. In Kotlin and Swift it is what a record prints.
macro_rules! hidden {
    ($($name:ident),+ $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}

pub(crate) use hidden;
