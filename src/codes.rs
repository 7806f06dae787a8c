//! Numbers for what crosses the border to another language: the same in all of them, and never used for anything else.
//!
//! The enums of this library may grow; those here may not without breaking their users, and that is their use: a binding
//! that leaves one out does not compile. What is added to this library does not compile either until it has its number.

use crate::{keys, record, store, vault};

mod errors;

pub use errors::ErrorCode;

macro_rules! closed {
    ($($(#[$doc:meta])* $name:ident = $of:path { $($variant:ident = $number:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        #[allow(missing_docs, reason = "as the variants of the same names")]
        pub enum $name { $($variant = $number),+ }

        impl From<$of> for $name {
            fn from(open: $of) -> Self {
                type Open = $of;
                match open { $(Open::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $of {
            fn from(closed: $name) -> Self {
                type Open = $of;
                match closed { $($name::$variant => Open::$variant),+ }
            }
        }

        impl $name {
            /// The number of it.
            pub const fn number(self) -> u32 {
                self as u32
            }

            /// What has this number.
            pub const fn of(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

closed! {
    /// As [`EventKind`](crate::EventKind).
    EventKind = vault::EventKind {
        Create = 1, Unlock = 2, UnlockFailed = 3, Write = 4, Read = 5, Find = 6, Export = 7, Import = 8, Found = 9,
        Share = 10, Revoke = 11, Contact = 12, Directory = 13, Access = 14, Restore = 15, Maintain = 16, Audit = 17,
        Adopt = 18,
    }
    /// As [`Kind`](crate::Kind).
    Kind = record::Kind { Record = 1, File = 2, Message = 3 }
    /// As [`MemberKind`](crate::MemberKind).
    MemberKind = keys::MemberKind { Person = 1, Service = 2, Team = 3, Organisation = 4 }
    /// As [`Suite`](crate::Suite).
    Suite = crate::crypto::Suite { Aes256Gcm = 1, ChaCha20Poly1305 = 2 }
    /// As [`Rights`](crate::Rights).
    Rights = keys::Rights { Read = 1, Write = 2, Custodian = 3 }
    /// As [`Purpose`](crate::Purpose).
    Purpose = keys::Purpose {
        Treat = 1, EmergencyTreat = 2, BreakTheGlass = 3, Payment = 4, Operations = 5, Research = 6, PublicHealth = 7,
        PatientRequest = 8, FamilyRequest = 9, PowerOfAttorney = 10, SupportNetwork = 11,
    }
    /// As [`ContactStatus`](crate::ContactStatus).
    ContactStatus = keys::ContactStatus { Unverified = 1, Verified = 2, Changed = 3 }
    /// As [`Standing`](crate::Standing).
    Standing = vault::Standing { Committed = 1, Proposed = 2 }
    /// As [`Acceptance`](crate::Acceptance).
    Acceptance = vault::Acceptance { Usual = 1, Late = 2, Adopted = 3, Disputed = 4, Quarantined = 5 }
    /// As [`Doubt`](crate::Doubt).
    Doubt = vault::Doubt { AccessEnded = 1, Unproven = 2, Contradiction = 3 }
    /// As [`Freshness`](crate::Freshness).
    Freshness = vault::Freshness { Anchored = 1, Unanchored = 2, Stale = 3 }
    /// As [`Audit`](crate::Audit).
    Audit = vault::Audit { Grouped = 1, Strict = 2 }
    /// As [`Receipts`](crate::Receipts).
    Receipts = vault::Receipts { Off = 1, Delivered = 2, Read = 3 }
    /// As [`Receipt`](crate::Receipt).
    Receipt = vault::Receipt { Delivered = 1, Read = 2 }
    /// As [`Known`](crate::Known).
    Known = vault::Known { Own = 1, Verified = 2, Unverified = 3, Changed = 4, Unknown = 5 }
    /// As [`Revision`](crate::Revision).
    Revision = vault::Revision { Original = 1, Edited = 2, Deleted = 3 }
    /// As [`Table`](crate::store::Table), for a store in another language.
    Table = store::Table {
        Vault = 1, Keyring = 2, Contacts = 3, Directory = 4, Cards = 5, Ledger = 6, Receipts = 7, Grants = 8,
        Entries = 9, Wraps = 10, Index = 11, Log = 12, Tiles = 13, Map = 14,
    }
    /// As [`FactorKind`](crate::FactorKind).
    FactorKind = keys::FactorKind { DeviceKey = 1, Passphrase = 2, RecoveryCode = 3, Newer = 4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_that_of_one_thing_and_others_are_of_none() {
        for number in 1..=18 {
            assert_eq!(EventKind::of(number).map(EventKind::number), Some(number));
        }
        assert_eq!([EventKind::of(0), EventKind::of(19)], [None; 2]);
        assert_eq!(vault::EventKind::from(EventKind::Read), vault::EventKind::Read);
        assert_eq!(
            store::Table::ALL.map(|table| Table::from(table).number()),
            store::Table::ALL.map(|table| table as u32)
        );
        let rights = [keys::Rights::Read, keys::Rights::Write, keys::Rights::Custodian];
        assert_eq!(rights.map(|rights| keys::Rights::from(Rights::from(rights))), rights);
    }
}
