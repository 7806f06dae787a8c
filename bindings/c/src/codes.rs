//! The closed sets of the library as C names them. What comes in is a plain number, checked; what goes out is named.

use crate::status::ampoule_status;
use ampoule::codes;

macro_rules! mapped {
    ($($name:ident of $closed:ident { $($variant:ident),+ $(,)? })+) => {$(
        impl $name {
            /// Without a wildcard: what the library adds is mapped here, or nothing compiles.
            #[allow(dead_code, reason = "some only come in")]
            pub(crate) fn of(value: impl Into<codes::$closed>) -> Self {
                match value.into() { $(codes::$closed::$variant => Self::$variant),+ }
            }

            /// What C means by a number.
            #[allow(dead_code, reason = "some only go out")]
            pub(crate) fn read<T: From<codes::$closed>>(number: u32) -> Result<T, ampoule_status> {
                codes::$closed::of(number).map(T::from).ok_or(ampoule_status::InvalidValue)
            }
        }
    )+};
}

/// What was done in a vault, or tried.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_event_kind {
    Create = 1,
    Unlock = 2,
    UnlockFailed = 3,
    Write = 4,
    Read = 5,
    Find = 6,
    Export = 7,
    Import = 8,
    Found = 9,
    Share = 10,
    Revoke = 11,
    Contact = 12,
    Directory = 13,
    Access = 14,
    Restore = 15,
    Maintain = 16,
    Audit = 17,
    Adopt = 18,
}

/// What an entry is.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_kind {
    Record = 1,
    File = 2,
    Message = 3,
}

/// What kind of member a card names.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_member_kind {
    Person = 1,
    Service = 2,
    Team = 3,
    Organisation = 4,
}

/// The authenticated encryption of a vault.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_suite {
    Aes256Gcm = 1,
    ChaCha20Poly1305 = 2,
}

/// What a member may do.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_rights {
    Read = 1,
    Write = 2,
    Custodian = 3,
}

/// Purpose of use, after HL7 v3 `ActReason`.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_purpose {
    Treat = 1,
    EmergencyTreat = 2,
    BreakTheGlass = 3,
    Payment = 4,
    Operations = 5,
    Research = 6,
    PublicHealth = 7,
    PatientRequest = 8,
    FamilyRequest = 9,
    PowerOfAttorney = 10,
    SupportNetwork = 11,
}

/// How far a contact's card can be relied on.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_contact_status {
    Unverified = 1,
    Verified = 2,
    Changed = 3,
}

/// Whether a change of sharing is final, or takes effect when the vault that administers the chart has recorded it.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_standing {
    Committed = 1,
    Proposed = 2,
}

/// How a version is regarded. What is not usual should be shown with a mark.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_acceptance {
    Usual = 1,
    Late = 2,
    Adopted = 3,
    Disputed = 4,
    Quarantined = 5,
}

/// How far it is known that the store shows the newest state.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_freshness {
    Anchored = 1,
    Unanchored = 2,
    Stale = 3,
}

/// When events of reading are written.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_audit {
    Grouped = 1,
    Strict = 2,
}

/// Which receipts of messages a vault gives.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_receipts {
    Off = 1,
    Delivered = 2,
    Read = 3,
}

/// What somebody says of the messages that came to him.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_receipt {
    Delivered = 1,
    Read = 2,
}

/// How well an author is known.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_known {
    Own = 1,
    Verified = 2,
    Unverified = 3,
    Changed = 4,
    Unknown = 5,
}

/// What the author has done with a message since he sent it.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_revision {
    Original = 1,
    Edited = 2,
    Deleted = 3,
}

/// A table of a store: what its rows are. A store learns nothing of them but that.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_table {
    Vault = 1,
    Keyring = 2,
    Contacts = 3,
    Directory = 4,
    Cards = 5,
    Ledger = 6,
    Receipts = 7,
    Grants = 8,
    Entries = 9,
    Wraps = 10,
    Index = 11,
    /// Keys here are 8 bytes in big-endian order, less than 2³²: a store may refuse others with
    /// `AMPOULE_STATUS_STORE_UNSUPPORTED_KEY`.
    Log = 12,
    Tiles = 13,
    Map = 14,
}

/// What a way in takes.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ampoule_factor {
    DeviceKey = 1,
    Passphrase = 2,
    RecoveryCode = 3,
    /// A kind that a newer version added.
    Newer = 4,
}

/// Why a version is kept apart or disputed.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ampoule_doubt {
    /// It came when its author's access had ended.
    AccessEnded = 1,
    /// Nothing proves that it was written while its author had access.
    Unproven = 2,
    /// It contradicts what its author had written before.
    Contradiction = 3,
}

mapped! {
    ampoule_event_kind of EventKind { Create, Unlock, UnlockFailed, Write, Read, Find, Export, Import, Found, Share, Revoke, Contact, Directory, Access, Restore, Maintain, Audit, Adopt }
    ampoule_kind of Kind { Record, File, Message }
    ampoule_member_kind of MemberKind { Person, Service, Team, Organisation }
    ampoule_suite of Suite { Aes256Gcm, ChaCha20Poly1305 }
    ampoule_rights of Rights { Read, Write, Custodian }
    ampoule_purpose of Purpose { Treat, EmergencyTreat, BreakTheGlass, Payment, Operations, Research, PublicHealth, PatientRequest, FamilyRequest, PowerOfAttorney, SupportNetwork }
    ampoule_contact_status of ContactStatus { Unverified, Verified, Changed }
    ampoule_standing of Standing { Committed, Proposed }
    ampoule_acceptance of Acceptance { Usual, Late, Adopted, Disputed, Quarantined }
    ampoule_freshness of Freshness { Anchored, Unanchored, Stale }
    ampoule_audit of Audit { Grouped, Strict }
    ampoule_receipts of Receipts { Off, Delivered, Read }
    ampoule_receipt of Receipt { Delivered, Read }
    ampoule_known of Known { Own, Verified, Unverified, Changed, Unknown }
    ampoule_revision of Revision { Original, Edited, Deleted }
    ampoule_table of Table { Vault, Keyring, Contacts, Directory, Cards, Ledger, Receipts, Grants, Entries, Wraps, Index, Log, Tiles, Map }
    ampoule_factor of FactorKind { DeviceKey, Passphrase, RecoveryCode, Newer }
    ampoule_doubt of Doubt { AccessEnded, Unproven, Contradiction }
}
