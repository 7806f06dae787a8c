//! One number for each error.

use crate::codec::IdError;
use crate::crypto::RandomError;
use crate::error::Error;
use crate::keys::{CardError, RecoveryCodeError, UnlockError};
use crate::log::KeeperError;
use crate::record::{DateError, LabelError};
use crate::store::StoreError;

/// What takes the place of an error's number in a message.
const IN_AUDIT: &str = "this cannot be opened; it was damaged or tampered with (the audit has the incident)";
const WORD: &str = "a word is not a word of a recovery code; check its spelling";

macro_rules! codes {
    ($($name:ident = $number:literal [$($first:tt)+] $([$($more:tt)+])*;)+) => {
        /// What an error is, in every language: one number for each, above 100. 0 to 99 are left to the bindings.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        #[allow(missing_docs, reason = "as the errors of the same names")]
        pub enum ErrorCode {
            $($name = $number,)+
            /// [`Error::Unopenable`].
            Unopenable = 270,
            /// [`RecoveryCodeError::UnknownWord`].
            RecoveryUnknownWord = 271,
            /// [`LabelError`].
            InvalidLabel = 272,
            /// [`DateError`].
            InvalidDates = 273,
        }

        impl ErrorCode {
            /// All of them.
            pub const ALL: &[Self] = &[
                $(Self::$name,)+ Self::Unopenable, Self::RecoveryUnknownWord, Self::InvalidLabel, Self::InvalidDates,
            ];

            /// What happened and what to do, as the error says it where it has no number of its own.
            pub fn text(self) -> String {
                match self {
                    $(Self::$name => ($($first)+).to_string(),)+
                    Self::Unopenable => IN_AUDIT.to_owned(),
                    Self::RecoveryUnknownWord => WORD.to_owned(),
                    Self::InvalidLabel => LabelError.to_string(),
                    Self::InvalidDates => DateError.to_string(),
                }
            }
        }

        impl Error {
            /// Its number, the same in every language.
            #[allow(clippy::unnested_or_patterns, reason = "each error stands in the list as it is")]
            pub fn code(&self) -> ErrorCode {
                match self {
                    $($($first)+ $(| $($more)+)* => ErrorCode::$name,)+
                    Self::Unopenable { incident: _ } => ErrorCode::Unopenable,
                    Self::Unlock(UnlockError::RecoveryCode(RecoveryCodeError::UnknownWord { position: _ })) => {
                        ErrorCode::RecoveryUnknownWord
                    }
                }
            }
        }
    };
}

codes! {
    Locked = 101 [Error::Locked];
    UnknownChart = 102 [Error::UnknownChart];
    ContentNotHere = 103 [Error::ContentNotHere];
    ContentHere = 104 [Error::ContentHere];
    DamagedContent = 105 [Error::DamagedContent];
    IncompleteContent = 106 [Error::IncompleteContent];
    UnsafeName = 107 [Error::UnsafeName];
    NotAFile = 108 [Error::NotAFile];
    FileExists = 109 [Error::FileExists];
    NoPlaceForFiles = 110 [Error::NoPlaceForFiles];
    CannotRead = 111 [Error::CannotRead];
    Cancelled = 112 [Error::Cancelled];
    UnknownEntry = 113 [Error::UnknownEntry];
    OtherKind = 114 [Error::OtherKind];
    NotAuthor = 115 [Error::NotAuthor];
    MessageTooLong = 116 [Error::MessageTooLong];
    NotGranted = 117 [Error::NotGranted];
    GrantEnded = 118 [Error::GrantEnded];
    NotCustodian = 119 [Error::NotCustodian];
    NeedsHome = 120 [Error::NeedsHome];
    KeepsHome = 121 [Error::KeepsHome];
    Forked = 122 [Error::Forked];
    Superseded = 123 [Error::Superseded];
    Quarantined = 124 [Error::Quarantined];
    NotQuarantined = 125 [Error::NotQuarantined];
    InvalidReason = 126 [Error::InvalidReason];
    LastCustodian = 127 [Error::LastCustodian];
    NoSuchMember = 128 [Error::NoSuchMember];
    UnknownLabel = 129 [Error::UnknownLabel];
    UnfitGrant = 130 [Error::UnfitGrant];
    UnknownContact = 131 [Error::UnknownContact];
    UnverifiedContact = 132 [Error::UnverifiedContact];
    ChangedContact = 133 [Error::ChangedContact];
    FingerprintMismatch = 134 [Error::FingerprintMismatch];
    InvalidCard = 135 [Error::InvalidCard];
    InvalidCertificate = 136 [Error::InvalidCertificate];
    InvalidAudit = 137 [Error::InvalidAudit];
    OutdatedWithdrawals = 138 [Error::OutdatedWithdrawals];
    NotOrganisation = 139 [Error::NotOrganisation];
    OtherActor = 140 [Error::OtherActor];
    DamagedBundle = 141 [Error::DamagedBundle];
    IncompleteBundle = 142 [Error::IncompleteBundle];
    InvalidCursor = 143 [Error::InvalidCursor];
    OutsideGrant = 144 [Error::OutsideGrant];
    ForeignBundle = 145 [Error::ForeignBundle];
    OtherSuite = 146 [Error::OtherSuite];
    TooLong = 147 [Error::TooLong];
    PreviewTooLong = 148 [Error::PreviewTooLong];
    TooManyTerms = 149 [Error::TooManyTerms];
    NewerFormat = 150 [Error::NewerFormat];
    Withheld = 151 [Error::Withheld];
    RestoredCopy = 152 [Error::RestoredCopy];
    NotRestored = 153 [Error::NotRestored];
    WrongCheckpoint = 154 [Error::WrongCheckpoint];
    CannotWrite = 155 [Error::CannotWrite];
    Unexpected = 156 [Error::Unexpected];
    VaultExists = 157 [Error::VaultExists];
    NoVault = 158 [Error::NoVault];
    OutsidePreview = 159 [Error::OutsidePreview];
    OutdatedPreview = 160 [Error::OutdatedPreview];
    TooManyPreviews = 161 [Error::TooManyPreviews];
    WayFailed = 201 [Error::Unlock(UnlockError::UnlockFailed)];
    WeakPassphrase = 202 [Error::Unlock(UnlockError::WeakPassphrase)];
    PassphraseCost = 203 [Error::Unlock(UnlockError::Cost)];
    DuplicateFactor = 204 [Error::Unlock(UnlockError::DuplicateFactor)];
    SecondWayMissing = 205 [Error::Unlock(UnlockError::SecondWayMissing)];
    LastWay = 206 [Error::Unlock(UnlockError::LastWay)];
    UnknownWay = 207 [Error::Unlock(UnlockError::UnknownSlot)];
    LastWayOfDevice = 208 [Error::Unlock(UnlockError::LastWayOfDevice)];
    OwnDevice = 209 [Error::Unlock(UnlockError::OwnDevice)];
    UnknownDevice = 210 [Error::Unlock(UnlockError::UnknownDevice)];
    DeviceLeftBehind = 211 [Error::Unlock(UnlockError::LeftBehind)];
    TooManyWays = 212 [Error::Unlock(UnlockError::TooManyWays)];
    NewerVault = 213 [Error::Unlock(UnlockError::NewerFormat)];
    DamagedCard = 214 [Error::Unlock(UnlockError::Card(CardError::Invalid))];
    NewerCard = 215 [Error::Unlock(UnlockError::Card(CardError::NewerFormat))];
    InvalidName = 216 [Error::Unlock(UnlockError::Card(CardError::Name))];
    RecoveryWordCount = 217 [Error::Unlock(UnlockError::RecoveryCode(RecoveryCodeError::WordCount))];
    RecoveryWordsDoNotFit = 218 [Error::Unlock(UnlockError::RecoveryCode(RecoveryCodeError::Checksum))];
    StoreBusy = 231 [Error::Store(StoreError::Busy)];
    StoreFull = 232 [Error::Store(StoreError::Full)];
    StoreReadOnly = 233 [Error::Store(StoreError::ReadOnly)];
    StoreCannotOpen = 234 [Error::Store(StoreError::CannotOpen)];
    StoreDamaged = 235 [Error::Store(StoreError::Damaged)];
    StoreNewer = 236 [Error::Store(StoreError::NewerSchema)];
    StoreUnsupportedKey = 237 [Error::Store(StoreError::UnsupportedKey)];
    StoreUncertain = 238 [Error::Store(StoreError::Uncertain)];
    StoreIo = 239 [Error::Store(StoreError::Io)];
    KeeperUnavailable = 251 [Error::Keeper(KeeperError::Unavailable)];
    KeeperNoRegularFile = 252 [Error::Keeper(KeeperError::NoRegularFile)];
    KeeperTooLong = 253 [Error::Keeper(KeeperError::TooLong)];
    NoRandomness = 261
        [Error::Random(RandomError)]
        [Error::Unlock(UnlockError::Random(RandomError))]
        [Error::Unlock(UnlockError::Card(CardError::Random(RandomError)))];
    InvalidId = 262 [Error::Id(IdError)];
}

impl ErrorCode {
    /// The number of it.
    pub const fn number(self) -> u32 {
        self as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_error_has_a_number_and_a_text_of_its_own() {
        let numbers: BTreeSet<u32> = ErrorCode::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(numbers.len(), ErrorCode::ALL.len());
        assert!(numbers.iter().all(|number| (101..300).contains(number)));
        assert!(ErrorCode::ALL.iter().all(|code| code.text().len() > 20));
        assert_eq!(ErrorCode::StoreBusy.text(), StoreError::Busy.to_string());
    }

    #[test]
    fn what_is_wrong_below_has_the_number_of_what_is_wrong() {
        assert_eq!(Error::from(StoreError::Full).code(), ErrorCode::StoreFull);
        assert_eq!(Error::from(UnlockError::Random(RandomError)).code(), ErrorCode::NoRandomness);
        assert_eq!(Error::unopenable().code(), ErrorCode::Unopenable);
        assert!(!ErrorCode::Unopenable.text().contains("0000"));
        // Numbers that were given stay, whatever is added.
        let fixed = [ErrorCode::Locked, ErrorCode::NoVault, ErrorCode::WayFailed, ErrorCode::InvalidId];
        assert_eq!(fixed.map(ErrorCode::number), [101, 158, 201, 262]);
    }
}
