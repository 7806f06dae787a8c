//! Encodings: deterministic CBOR, signed statements, ids, padding. One value has one encoding; all else is refused.

mod canonical;
mod extensions;
mod ids;
pub(crate) mod padding;
mod statement;

pub(crate) use canonical::{Malformed, SecretBytes, decode, encode, encode_secret};
pub(crate) use extensions::{Extensions, Version1};
pub use ids::{BlobId, ChartId, ContactId, DeviceId, EntryId, GrantId, IdError, VaultId, VersionId, WayId};
pub(crate) use ids::{CardHash, CompartmentId, Hash, LogId};
pub(crate) use statement::{Signed, StatementType};
