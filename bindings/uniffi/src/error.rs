//! What went wrong, as one enum with one number for each.

use ampoule::codes::ErrorCode;

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// What went wrong. The number is the same in every language; the reason says what happened and what to do, and holds
        /// no content, name or key.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
        pub enum VaultError {
            $(
                $(#[$doc])*
                #[error("{reason}")]
                $name {
                    /// What happened and what to do.
                    reason: String,
                },
            )+
            /// Something sealed did not open. What exactly is not told; the audit has the incident.
            #[error("{reason}")]
            Unopenable {
                /// What happened and what to do.
                reason: String,
                /// The number under which the audit tells more.
                incident: u64,
            },
            /// A secret that is not UTF-8.
            #[error("{reason}")]
            InvalidText {
                /// What happened and what to do.
                reason: String,
            },
            /// A device key that has not 32 bytes, or another way in where a device key is wanted.
            #[error("{reason}")]
            InvalidKey {
                /// What happened and what to do.
                reason: String,
            },
            /// It was finished, wiped or given up before.
            #[error("{reason}")]
            Finished {
                /// What happened and what to do.
                reason: String,
            },
            /// The platform's keystore did not wrap or unwrap the key.
            #[error("{reason}")]
            KeystoreFailed {
                /// What happened and what to do.
                reason: String,
            },
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
    /// The vault is locked.
    Locked,
    /// There is no such chart in this vault.
    UnknownChart,
    /// The content of a file is not in this vault's place for files.
    ContentNotHere,
    /// The content of a file is in this vault's place for files already, and whole.
    ContentHere,
    /// Bytes that are not the content which the author of a file described.
    DamagedContent,
    /// A content that ends too early.
    IncompleteContent,
    /// A name that is no path within a folder, or not a safe one on every system.
    UnsafeName,
    /// A link, a device or the like, or a file that was replaced while it was looked at.
    NotAFile,
    /// Something is there already where a file was to be written.
    FileExists,
    /// There is no place for the content of files.
    NoPlaceForFiles,
    /// The source of a file could not be read.
    CannotRead,
    /// The caller ended it, or it failed before.
    Cancelled,
    /// There is no such entry in this chart, or it was deleted.
    UnknownEntry,
    /// What was asked is for records, files or messages, and the entry is another of them.
    OtherKind,
    /// Somebody else's message.
    NotAuthor,
    /// A message out of bounds.
    MessageTooLong,
    /// The entry is of a label that this vault was not granted.
    NotGranted,
    /// The grant's end date has passed, or it was revoked.
    GrantEnded,
    /// Only a custodian may do this.
    NotCustodian,
    /// The change can be made final only by the vault that created the chart.
    NeedsHome,
    /// Whoever administers the chart cannot be revoked before somebody else does.
    KeepsHome,
    /// There are two contradictory histories of who may see the chart.
    Forked,
    /// Somebody else changed the chart's sharing, so that this change is not made as it was wanted.
    Superseded,
    /// The version is kept apart.
    Quarantined,
    /// Only a version that is kept apart or disputed can be adopted.
    NotQuarantined,
    /// A reason that is empty or too long.
    InvalidReason,
    /// The last custodian cannot be revoked.
    LastCustodian,
    /// The contact holds no grant of the chart.
    NoSuchMember,
    /// The chart has no such label.
    UnknownLabel,
    /// The grant contradicts itself, or its end is past.
    UnfitGrant,
    /// There is no such contact.
    UnknownContact,
    /// The contact's fingerprint was not compared yet.
    UnverifiedContact,
    /// The contact's key changed since it was verified.
    ChangedContact,
    /// The fingerprint typed in is another.
    FingerprintMismatch,
    /// The bytes are no card.
    InvalidCard,
    /// The bytes are no certificate, or not of an organisation among the contacts.
    InvalidCertificate,
    /// The bytes are no file of events for this vault, or not by who it says.
    InvalidAudit,
    /// A list of withdrawn certificates that is older than the one that is held.
    OutdatedWithdrawals,
    /// Only an organisation certifies.
    NotOrganisation,
    /// The batch and the chart act for different people.
    OtherActor,
    /// The bytes are no bundle, or were damaged on the way.
    DamagedBundle,
    /// Something was taken out of the bundle or changed in it, or it goes on from bundles that were never taken in.
    IncompleteBundle,
    /// Bytes that are no cursor.
    InvalidCursor,
    /// The contact was not granted a label of the scope.
    OutsideGrant,
    /// The bundle is not for this vault, or not of this chart.
    ForeignBundle,
    /// The chart is sealed with another cipher than the one that this vault was made for, and it takes no other.
    OtherSuite,
    /// The content is longer than a record may be.
    TooLong,
    /// A preview out of bounds.
    PreviewTooLong,
    /// Metadata out of bounds.
    TooManyTerms,
    /// Written by a newer version of this library.
    NewerFormat,
    /// The store does not hold what this vault last wrote, or another history of it.
    Withheld,
    /// The store is older than the checkpoint that is kept elsewhere, or another.
    RestoredCopy,
    /// Only a store that was restored can be taken on.
    NotRestored,
    /// The keeper holds something that is no checkpoint of this vault.
    WrongCheckpoint,
    /// What was to be written out of the vault could not be.
    CannotWrite,
    /// The entry is not the one that was expected.
    Unexpected,
    /// There is a vault already.
    VaultExists,
    /// There is no vault.
    NoVault,
    /// A message that preview keys do not open: of another thread, of before they were made, not a message.
    OutsidePreview,
    /// The keys of the chart, or those who write to it, have changed since preview keys were made.
    OutdatedPreview,
    /// Preview keys of too much.
    TooManyPreviews,
    /// A factor is wrong or damaged, or the vault's state is. Which one is not told.
    WayFailed,
    /// A passphrase that would be guessed.
    WeakPassphrase,
    /// A cost that the reader would refuse.
    PassphraseCost,
    /// Two factors of one kind in one way in.
    DuplicateFactor,
    /// The second way in needs everything that the first needs.
    SecondWayMissing,
    /// The last way in cannot be removed.
    LastWay,
    /// No such way in.
    UnknownWay,
    /// The last way in of a device cannot be removed from it.
    LastWayOfDevice,
    /// A device does not retire itself.
    OwnDevice,
    /// No such device in use.
    UnknownDevice,
    /// The vault's format is not raised while a device in use does not read the new one.
    DeviceLeftBehind,
    /// There is no room for one more way in.
    TooManyWays,
    /// The vault was written by a newer version of this library.
    NewerVault,
    /// A card that is damaged, or not signed by the key that it names.
    DamagedCard,
    /// A card that a newer version of this library wrote.
    NewerCard,
    /// A name that cannot stand on a card.
    InvalidName,
    /// A recovery code of more or less than 24 words.
    RecoveryWordCount,
    /// Words of recovery codes that do not belong together.
    RecoveryWordsDoNotFit,
    /// Another process or thread holds the store for writing.
    StoreBusy,
    /// No space is left.
    StoreFull,
    /// The file or folder may not be written.
    StoreReadOnly,
    /// The file could not be opened.
    StoreCannotOpen,
    /// The file is no store, or a damaged one.
    StoreDamaged,
    /// The store was written by a newer version of this library.
    StoreNewer,
    /// The table takes other keys: those of its table are places below 2⁴⁰.
    StoreUnsupportedKey,
    /// A commit failed in a way that leaves open whether it took effect.
    StoreUncertain,
    /// Reading or writing failed below the store.
    StoreIo,
    /// The keeper of checkpoints cannot be reached at the moment.
    KeeperUnavailable,
    /// Something stands at the keeper's path that no keeper wrote.
    KeeperNoRegularFile,
    /// More bytes than a checkpoint has.
    KeeperTooLong,
    /// The operating system gave no randomness.
    NoRandomness,
    /// A text that is no id.
    InvalidId,
    /// A word that is not a word of a recovery code.
    RecoveryUnknownWord,
    /// A text that is no label.
    InvalidLabel,
    /// Bounds that are no span of time.
    InvalidDates,
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
