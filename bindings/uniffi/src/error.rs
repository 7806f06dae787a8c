//! What went wrong, as one enum with one number for each.

use ampoule::codes::ErrorCode;

macro_rules! errors {
    ($($name:ident),+ $(,)?) => {
        /// What went wrong. The number is the same in every language; the reason says what happened and what to do, and holds
        /// no content, name or key.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
        #[allow(missing_docs, reason = "each says in its reason what it is")]
        pub enum VaultError {
            $(#[error("{reason}")] $name { reason: String },)+
            #[error("{reason}")] Unopenable { reason: String, incident: u64 },
            #[error("{reason}")] InvalidText { reason: String },
            #[error("{reason}")] InvalidKey { reason: String },
            #[error("{reason}")] Finished { reason: String },
            #[error("{reason}")] KeystoreFailed { reason: String },
        }

        impl VaultError {
            fn new(code: ErrorCode, reason: String, incident: u64) -> Self {
                match code {
                    $(ErrorCode::$name => Self::$name { reason },)+
                    ErrorCode::Unopenable => Self::Unopenable { reason, incident },
                }
            }
        }

        #[uniffi::export]
        impl VaultError {
            /// What happened and what to do, whichever error it is.
            pub fn text(&self) -> String {
                self.to_string()
            }

            /// Its number: the same in every language, and never another's.
            pub fn code(&self) -> u32 {
                match self {
                    $(Self::$name { .. } => ErrorCode::$name.number(),)+
                    Self::Unopenable { .. } => ErrorCode::Unopenable.number(),
                    Self::InvalidText { .. } => 80,
                    Self::InvalidKey { .. } => 81,
                    Self::Finished { .. } => 82,
                    Self::KeystoreFailed { .. } => 83,
                }
            }
        }
    };
}

errors! {
    Locked, UnknownChart, ContentNotHere, ContentHere, DamagedContent, IncompleteContent, UnsafeName, NotAFile, FileExists,
    NoPlaceForFiles, CannotRead, Cancelled, UnknownEntry, OtherKind, NotAuthor, MessageTooLong, NotGranted, GrantEnded,
    NotCustodian, NeedsHome, KeepsHome, Forked, Superseded, Quarantined, NotQuarantined, InvalidReason, LastCustodian,
    NoSuchMember, UnknownLabel, UnfitGrant, UnknownContact, UnverifiedContact, ChangedContact, FingerprintMismatch,
    InvalidCard, InvalidCertificate, InvalidAudit, OutdatedWithdrawals, NotOrganisation, OtherActor, DamagedBundle,
    IncompleteBundle, InvalidCursor, OutsideGrant, ForeignBundle, OtherSuite, TooLong, PreviewTooLong, TooManyTerms,
    NewerFormat, Withheld, RestoredCopy, NotRestored, WrongCheckpoint, CannotWrite, Unexpected, VaultExists, NoVault,
    OutsidePreview, OutdatedPreview, TooManyPreviews,
    WayFailed, WeakPassphrase, PassphraseCost, DuplicateFactor, SecondWayMissing, LastWay, UnknownWay, LastWayOfDevice,
    OwnDevice, UnknownDevice, DeviceLeftBehind, TooManyWays, NewerVault, DamagedCard, NewerCard, InvalidName,
    RecoveryWordCount, RecoveryWordsDoNotFit, StoreBusy, StoreFull, StoreReadOnly, StoreCannotOpen, StoreDamaged,
    StoreNewer, StoreUnsupportedKey, StoreUncertain, StoreIo, KeeperUnavailable, KeeperNoRegularFile, KeeperTooLong,
    NoRandomness, InvalidId, RecoveryUnknownWord, InvalidLabel, InvalidDates,
}

impl VaultError {
    pub(crate) fn invalid_text() -> Self {
        Self::InvalidText { reason: "the bytes are no text in UTF-8; encode it, or check where it was cut".into() }
    }

    pub(crate) fn invalid_key() -> Self {
        Self::InvalidKey { reason: "a device key has 32 bytes; give what the keystore unwrapped".into() }
    }

    pub(crate) fn finished() -> Self {
        Self::Finished { reason: "this was finished, or failed, before; begin a new one".into() }
    }

    pub(crate) fn keystore_failed() -> Self {
        let reason =
            "the platform's keystore did not wrap or unwrap the key; use another way in, and add this one anew";
        Self::KeystoreFailed { reason: reason.into() }
    }

    /// Of an error that comes with its code and its text.
    fn of(code: ErrorCode) -> Self {
        Self::new(code, code.text(), 0)
    }
}

impl From<ampoule::Error> for VaultError {
    fn from(error: ampoule::Error) -> Self {
        let incident = match &error {
            ampoule::Error::Unopenable { incident } => incident.to_u64(),
            _ => 0,
        };
        Self::new(error.code(), error.to_string(), incident)
    }
}

impl From<ampoule::UnlockError> for VaultError {
    fn from(error: ampoule::UnlockError) -> Self {
        ampoule::Error::from(error).into()
    }
}

impl From<ampoule::RecoveryCodeError> for VaultError {
    fn from(error: ampoule::RecoveryCodeError) -> Self {
        ampoule::UnlockError::from(error).into()
    }
}

impl From<ampoule::StoreError> for VaultError {
    fn from(error: ampoule::StoreError) -> Self {
        ampoule::Error::from(error).into()
    }
}

impl From<ampoule::IdError> for VaultError {
    fn from(error: ampoule::IdError) -> Self {
        ampoule::Error::from(error).into()
    }
}

impl From<ampoule::LabelError> for VaultError {
    fn from(_: ampoule::LabelError) -> Self {
        Self::of(ErrorCode::InvalidLabel)
    }
}

impl From<ampoule::DateError> for VaultError {
    fn from(_: ampoule::DateError) -> Self {
        Self::of(ErrorCode::InvalidDates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_an_error_with_its_number() {
        let names: BTreeSet<String> = ErrorCode::ALL
            .iter()
            .map(|code| {
                let error = VaultError::new(*code, code.text(), 7);
                assert_eq!((error.code(), error.to_string()), (code.number(), code.text()));
                format!("{error:?}")
            })
            .collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
    }

    #[test]
    fn those_of_the_border_have_numbers_below_100() {
        let own = [
            VaultError::invalid_text(),
            VaultError::invalid_key(),
            VaultError::finished(),
            VaultError::keystore_failed(),
        ];
        let own = own.map(|error| error.code());
        assert_eq!(own, [80, 81, 82, 83]);
        // No number means one thing in C and another here.
        let header = include_str!("../../../include/ampoule.h");
        let statuses = header.lines().filter(|line| line.trim_start().starts_with("AMPOULE_STATUS_"));
        let numbers = statuses.filter_map(|line| line.trim_end_matches(',').rsplit_once(" = ")?.1.parse().ok());
        let numbers: BTreeSet<u32> = numbers.collect();
        assert!(numbers.len() > 100 && numbers.contains(&1));
        assert!(own.iter().all(|code| !numbers.contains(code)));
    }
}
