//! What every call returns.

use crate::boundary;
use crate::memory::{Out, to_fill};
use ampoule::codes::ErrorCode;
use ampoule::{CardError, DateError, Error, LabelError, RecoveryCodeError, StoreError, UnlockError};
use std::ffi::c_char;

/// What came of a call. Numbers stay what they are and are never used for anything else; from 101 on they are the same in
/// every language. `ampoule_status_message` gives the words.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ampoule_status {
    /// It worked.
    Ok = 0,
    /// A pointer is NULL that must not be.
    NullArgument = 1,
    /// Text that is not UTF-8, or has a zero byte in it.
    InvalidText = 2,
    /// Bytes of another length than is needed, or of one that no memory has.
    InvalidLength = 3,
    /// A number that stands for nothing here.
    InvalidValue = 4,
    /// A handle that was closed, is of another kind, or never was one.
    ClosedHandle = 5,
    /// A defect of the library, which stopped at its border. Nothing was written.
    Internal = 6,
    /// The memory that was given is too small for the result.
    TooSmall = 7,
    /// So many handles are open that there is no number for another.
    TooManyHandles = 8,
    /// There is nothing at this place.
    OutOfRange = 9,
    /// A function that the caller gave says that it failed.
    CallbackFailed = 10,
    /// The bytes are no FHIR resource, or not one that is whole.
    NotFhir = 11,
    /// The bytes are no DICOM file, or one without pixel data that can be found.
    NotDicom = 12,
    /// The folder is none of a chart, or something in it was changed. Nothing was imported.
    NotFolder = 13,
    /// The text is no SMART Health Link, or what it led to is not of the form that these have.
    NotLink = 14,
    /// The SMART Health Link has ended.
    LinkEnded = 15,
    /// The SMART Health Link needs a passcode.
    PasscodeNeeded = 16,
    /// A file behind a SMART Health Link does not open: it was changed, or belongs to another link.
    LinkUnopenable = 17,
    /// The vault is locked.
    Locked = 101,
    /// There is no such chart in this vault.
    UnknownChart = 102,
    /// The content of a file is not in this vault's place for files.
    ContentNotHere = 103,
    /// The content of a file is in this vault's place for files already, and whole.
    ContentHere = 104,
    /// Bytes that are not the content which the author of a file described.
    DamagedContent = 105,
    /// A content that ends too early.
    IncompleteContent = 106,
    /// A name that is no path within a folder, or not a safe one on every system.
    UnsafeName = 107,
    /// A link, a device or the like, or a file that was replaced while it was looked at.
    NotAFile = 108,
    /// Something is there already where a file was to be written.
    FileExists = 109,
    /// There is no place for the content of files.
    NoPlaceForFiles = 110,
    /// The source of a file could not be read.
    CannotRead = 111,
    /// The caller ended it, or it failed before.
    Cancelled = 112,
    /// There is no such entry in this chart, or it was deleted.
    UnknownEntry = 113,
    /// What was asked is for records, files or messages, and the entry is another of them.
    OtherKind = 114,
    /// Somebody else's message.
    NotAuthor = 115,
    /// A message out of bounds.
    MessageTooLong = 116,
    /// The entry is of a label that this vault was not granted.
    NotGranted = 117,
    /// The grant's end date has passed, or it was revoked.
    GrantEnded = 118,
    /// Only a custodian may do this.
    NotCustodian = 119,
    /// The change can be made final only by the vault that created the chart.
    NeedsHome = 120,
    /// Whoever administers the chart cannot be revoked before somebody else does.
    KeepsHome = 121,
    /// There are two contradictory histories of who may see the chart.
    Forked = 122,
    /// Somebody else changed the chart's sharing, so that this change is not made as it was wanted.
    Superseded = 123,
    /// The version is kept apart.
    Quarantined = 124,
    /// Only a version that is kept apart or disputed can be adopted.
    NotQuarantined = 125,
    /// A reason that is empty or too long.
    InvalidReason = 126,
    /// The last custodian cannot be revoked.
    LastCustodian = 127,
    /// The contact holds no grant of the chart.
    NoSuchMember = 128,
    /// The chart has no such label.
    UnknownLabel = 129,
    /// The grant contradicts itself, or its end is past.
    UnfitGrant = 130,
    /// There is no such contact.
    UnknownContact = 131,
    /// The contact's fingerprint was not compared yet.
    UnverifiedContact = 132,
    /// The contact's key changed since it was verified.
    ChangedContact = 133,
    /// The fingerprint typed in is another.
    FingerprintMismatch = 134,
    /// The bytes are no card.
    InvalidCard = 135,
    /// The bytes are no certificate, or not of an organisation among the contacts.
    InvalidCertificate = 136,
    /// The bytes are no file of events for this vault, or not by who it says.
    InvalidAudit = 137,
    /// A list of withdrawn certificates that is older than the one that is held.
    OutdatedWithdrawals = 138,
    /// Only an organisation certifies.
    NotOrganisation = 139,
    /// The batch and the chart act for different people.
    OtherActor = 140,
    /// The bytes are no bundle, or were damaged on the way.
    DamagedBundle = 141,
    /// Something was taken out of the bundle or changed in it, or it goes on from bundles that were never taken in.
    IncompleteBundle = 142,
    /// Bytes that are no cursor.
    InvalidCursor = 143,
    /// The contact was not granted a label of the scope.
    OutsideGrant = 144,
    /// The bundle is not for this vault, or not of this chart.
    ForeignBundle = 145,
    /// The chart is sealed with another cipher than the one that this vault was made for, and it takes no other.
    OtherSuite = 146,
    /// The content is longer than a record may be.
    TooLong = 147,
    /// A preview out of bounds.
    PreviewTooLong = 148,
    /// Metadata out of bounds.
    TooManyTerms = 149,
    /// Written by a newer version of this software.
    NewerFormat = 150,
    /// The store does not hold what this vault last wrote, or another history of it.
    Withheld = 151,
    /// The store is older than the checkpoint that is kept elsewhere, or another.
    RestoredCopy = 152,
    /// Only a store that was restored can be taken on.
    NotRestored = 153,
    /// The keeper holds something that is no checkpoint of this vault.
    WrongCheckpoint = 154,
    /// What was to be written out of the vault could not be.
    CannotWrite = 155,
    /// The entry is not the one that was expected.
    Unexpected = 156,
    /// There is a vault already.
    VaultExists = 157,
    /// There is no vault.
    NoVault = 158,
    /// A message that preview keys do not open: of another thread, of before they were made, not a message.
    OutsidePreview = 159,
    /// The keys of the chart, or those who write to it, have changed since preview keys were made.
    OutdatedPreview = 160,
    /// Preview keys of too much.
    TooManyPreviews = 161,
    /// A factor is wrong or damaged, or the vault's state is. Which one is not told.
    WayFailed = 201,
    /// A passphrase that would be guessed.
    WeakPassphrase = 202,
    /// A cost that the reader would refuse.
    PassphraseCost = 203,
    /// Two factors of one kind in one way in.
    DuplicateFactor = 204,
    /// The second way in needs everything that the first needs.
    SecondWayMissing = 205,
    /// The last way in cannot be removed.
    LastWay = 206,
    /// No such way in.
    UnknownWay = 207,
    /// The last way in of a device cannot be removed from it.
    LastWayOfDevice = 208,
    /// A device does not retire itself.
    OwnDevice = 209,
    /// No such device in use.
    UnknownDevice = 210,
    /// The vault's format is not raised while a device in use does not read the new one.
    DeviceLeftBehind = 211,
    /// No more ways in fit.
    TooManyWays = 212,
    /// Written by a newer version.
    NewerVault = 213,
    /// Damaged, or not signed by the key that it names.
    DamagedCard = 214,
    /// Written by a newer version.
    NewerCard = 215,
    /// A name that cannot stand on a card.
    InvalidName = 216,
    /// Not 24 words.
    RecoveryWordCount = 217,
    /// All are words of the list, but they do not belong together.
    RecoveryWordsDoNotFit = 218,
    /// Another process or thread holds the store for writing.
    StoreBusy = 231,
    /// No space is left.
    StoreFull = 232,
    /// The file or folder may not be written.
    StoreReadOnly = 233,
    /// The file could not be opened.
    StoreCannotOpen = 234,
    /// The file is no store, or is damaged.
    StoreDamaged = 235,
    /// The store was written by a newer version of this library.
    StoreNewer = 236,
    /// The table takes other keys: those of its table are places below 2⁴⁰.
    StoreUnsupportedKey = 237,
    /// A commit failed in a way that leaves open whether it took effect.
    StoreUncertain = 238,
    /// Reading or writing failed below the store.
    StoreIo = 239,
    /// It cannot be reached at the moment.
    KeeperUnavailable = 251,
    /// Something stands at the path that no keeper wrote.
    KeeperNoRegularFile = 252,
    /// More bytes than a checkpoint has.
    KeeperTooLong = 253,
    /// The operating system gave no randomness.
    NoRandomness = 261,
    /// Not an id.
    InvalidId = 262,
    /// Something sealed did not open. What exactly is not told; the audit has the incident.
    Unopenable = 270,
    /// A word that is not a word of a recovery code.
    RecoveryUnknownWord = 271,
    /// Not a label.
    InvalidLabel = 272,
    /// Bounds that are no span of time.
    InvalidDates = 273,
}

/// Without a wildcard: an error that the library adds is mapped here, or nothing compiles.
impl From<ErrorCode> for ampoule_status {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::Locked => Self::Locked,
            ErrorCode::UnknownChart => Self::UnknownChart,
            ErrorCode::ContentNotHere => Self::ContentNotHere,
            ErrorCode::ContentHere => Self::ContentHere,
            ErrorCode::DamagedContent => Self::DamagedContent,
            ErrorCode::IncompleteContent => Self::IncompleteContent,
            ErrorCode::UnsafeName => Self::UnsafeName,
            ErrorCode::NotAFile => Self::NotAFile,
            ErrorCode::FileExists => Self::FileExists,
            ErrorCode::NoPlaceForFiles => Self::NoPlaceForFiles,
            ErrorCode::CannotRead => Self::CannotRead,
            ErrorCode::Cancelled => Self::Cancelled,
            ErrorCode::UnknownEntry => Self::UnknownEntry,
            ErrorCode::OtherKind => Self::OtherKind,
            ErrorCode::NotAuthor => Self::NotAuthor,
            ErrorCode::MessageTooLong => Self::MessageTooLong,
            ErrorCode::NotGranted => Self::NotGranted,
            ErrorCode::GrantEnded => Self::GrantEnded,
            ErrorCode::NotCustodian => Self::NotCustodian,
            ErrorCode::NeedsHome => Self::NeedsHome,
            ErrorCode::KeepsHome => Self::KeepsHome,
            ErrorCode::Forked => Self::Forked,
            ErrorCode::Superseded => Self::Superseded,
            ErrorCode::Quarantined => Self::Quarantined,
            ErrorCode::NotQuarantined => Self::NotQuarantined,
            ErrorCode::InvalidReason => Self::InvalidReason,
            ErrorCode::LastCustodian => Self::LastCustodian,
            ErrorCode::NoSuchMember => Self::NoSuchMember,
            ErrorCode::UnknownLabel => Self::UnknownLabel,
            ErrorCode::UnfitGrant => Self::UnfitGrant,
            ErrorCode::UnknownContact => Self::UnknownContact,
            ErrorCode::UnverifiedContact => Self::UnverifiedContact,
            ErrorCode::ChangedContact => Self::ChangedContact,
            ErrorCode::FingerprintMismatch => Self::FingerprintMismatch,
            ErrorCode::InvalidCard => Self::InvalidCard,
            ErrorCode::InvalidCertificate => Self::InvalidCertificate,
            ErrorCode::InvalidAudit => Self::InvalidAudit,
            ErrorCode::OutdatedWithdrawals => Self::OutdatedWithdrawals,
            ErrorCode::NotOrganisation => Self::NotOrganisation,
            ErrorCode::OtherActor => Self::OtherActor,
            ErrorCode::DamagedBundle => Self::DamagedBundle,
            ErrorCode::IncompleteBundle => Self::IncompleteBundle,
            ErrorCode::InvalidCursor => Self::InvalidCursor,
            ErrorCode::OutsideGrant => Self::OutsideGrant,
            ErrorCode::ForeignBundle => Self::ForeignBundle,
            ErrorCode::OtherSuite => Self::OtherSuite,
            ErrorCode::TooLong => Self::TooLong,
            ErrorCode::PreviewTooLong => Self::PreviewTooLong,
            ErrorCode::TooManyTerms => Self::TooManyTerms,
            ErrorCode::NewerFormat => Self::NewerFormat,
            ErrorCode::Withheld => Self::Withheld,
            ErrorCode::RestoredCopy => Self::RestoredCopy,
            ErrorCode::NotRestored => Self::NotRestored,
            ErrorCode::WrongCheckpoint => Self::WrongCheckpoint,
            ErrorCode::CannotWrite => Self::CannotWrite,
            ErrorCode::Unexpected => Self::Unexpected,
            ErrorCode::VaultExists => Self::VaultExists,
            ErrorCode::NoVault => Self::NoVault,
            ErrorCode::OutsidePreview => Self::OutsidePreview,
            ErrorCode::OutdatedPreview => Self::OutdatedPreview,
            ErrorCode::TooManyPreviews => Self::TooManyPreviews,
            ErrorCode::WayFailed => Self::WayFailed,
            ErrorCode::WeakPassphrase => Self::WeakPassphrase,
            ErrorCode::PassphraseCost => Self::PassphraseCost,
            ErrorCode::DuplicateFactor => Self::DuplicateFactor,
            ErrorCode::SecondWayMissing => Self::SecondWayMissing,
            ErrorCode::LastWay => Self::LastWay,
            ErrorCode::UnknownWay => Self::UnknownWay,
            ErrorCode::LastWayOfDevice => Self::LastWayOfDevice,
            ErrorCode::OwnDevice => Self::OwnDevice,
            ErrorCode::UnknownDevice => Self::UnknownDevice,
            ErrorCode::DeviceLeftBehind => Self::DeviceLeftBehind,
            ErrorCode::TooManyWays => Self::TooManyWays,
            ErrorCode::NewerVault => Self::NewerVault,
            ErrorCode::DamagedCard => Self::DamagedCard,
            ErrorCode::NewerCard => Self::NewerCard,
            ErrorCode::InvalidName => Self::InvalidName,
            ErrorCode::RecoveryWordCount => Self::RecoveryWordCount,
            ErrorCode::RecoveryWordsDoNotFit => Self::RecoveryWordsDoNotFit,
            ErrorCode::StoreBusy => Self::StoreBusy,
            ErrorCode::StoreFull => Self::StoreFull,
            ErrorCode::StoreReadOnly => Self::StoreReadOnly,
            ErrorCode::StoreCannotOpen => Self::StoreCannotOpen,
            ErrorCode::StoreDamaged => Self::StoreDamaged,
            ErrorCode::StoreNewer => Self::StoreNewer,
            ErrorCode::StoreUnsupportedKey => Self::StoreUnsupportedKey,
            ErrorCode::StoreUncertain => Self::StoreUncertain,
            ErrorCode::StoreIo => Self::StoreIo,
            ErrorCode::KeeperUnavailable => Self::KeeperUnavailable,
            ErrorCode::KeeperNoRegularFile => Self::KeeperNoRegularFile,
            ErrorCode::KeeperTooLong => Self::KeeperTooLong,
            ErrorCode::NoRandomness => Self::NoRandomness,
            ErrorCode::InvalidId => Self::InvalidId,
            ErrorCode::Unopenable => Self::Unopenable,
            ErrorCode::RecoveryUnknownWord => Self::RecoveryUnknownWord,
            ErrorCode::InvalidLabel => Self::InvalidLabel,
            ErrorCode::InvalidDates => Self::InvalidDates,
        }
    }
}

impl From<Error> for ampoule_status {
    fn from(error: Error) -> Self {
        error.code().into()
    }
}

impl From<UnlockError> for ampoule_status {
    fn from(error: UnlockError) -> Self {
        Error::from(error).into()
    }
}

impl From<StoreError> for ampoule_status {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

impl From<RecoveryCodeError> for ampoule_status {
    fn from(error: RecoveryCodeError) -> Self {
        UnlockError::from(error).into()
    }
}

impl From<CardError> for ampoule_status {
    fn from(error: CardError) -> Self {
        UnlockError::from(error).into()
    }
}

impl From<LabelError> for ampoule_status {
    fn from(LabelError: LabelError) -> Self {
        Self::InvalidLabel
    }
}

impl From<DateError> for ampoule_status {
    fn from(DateError: DateError) -> Self {
        Self::InvalidDates
    }
}

/// What C's own statuses say, and nothing for those of the library.
fn own_text(number: u32) -> Option<&'static str> {
    Some(match number {
        0 => "it worked",
        1 => "a pointer is NULL that must not be; see the header",
        2 => "the text is not UTF-8, or has a zero byte in it; check its length and encoding",
        3 => "the bytes have another length than is needed; see the header",
        4 => "this number stands for nothing here; use one of the constants of the header",
        5 => "the handle was closed, is of another kind, or never was one; nothing was done",
        6 => "a defect of the library was met; nothing was written, please report it",
        7 => "the memory that was given is too small; ask for the length first",
        8 => "too many handles are open; close those that are not needed",
        9 => "there is nothing at this place; places go from 0 to below the count",
        10 => "a function that was given to the library failed; nothing was kept",
        11 => "the bytes are no FHIR resource; check them, or keep them as an opaque record",
        12 => "the bytes are no DICOM file with pixel data; check them, or keep them as they are",
        13 => "the folder is none of a chart, or something in it was changed; ask for it again, nothing was imported",
        14 => {
            "this is no SMART Health Link, or not what one leads to; pass the whole text, or ask its sender for a new one"
        }
        15 => "the SMART Health Link has ended; ask its sender for a new one",
        16 => "the SMART Health Link needs a passcode; ask whoever gave it",
        17 => "the file does not open with this SMART Health Link; it was changed, or belongs to another link",
        _ => return None,
    })
}

fn text_of(number: u32) -> Option<String> {
    let of_library = || ErrorCode::ALL.iter().find(|code| code.number() == number).map(|code| code.text());
    own_text(number).map(str::to_owned).or_else(of_library)
}

/// What a status says, in English, and what to do: for a log or a person. It holds no content, names or keys.
///
/// Writes the text and a zero byte to `out`, which has room for `len` bytes, and the number of bytes that it takes, the zero
/// byte included, to `needed`. With `out` NULL and `len` 0 only `needed` is written. Where the room is too small,
/// `needed` alone is written and it is `AMPOULE_STATUS_TOO_SMALL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_status_message(
    status: u32,
    out: *mut c_char,
    len: usize,
    needed: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let needs = Out::at(needed)?;
        let mut text = text_of(status).ok_or(ampoule_status::InvalidValue)?.into_bytes();
        text.push(0);
        if out.is_null() && len == 0 {
            needs.write(text.len());
            return Ok(());
        }
        if len < text.len() {
            needs.write(text.len());
            return Err(ampoule_status::TooSmall);
        }
        to_fill(out.cast(), text.len())?.copy_from_slice(&text);
        needs.write(text.len());
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_every_language_and_have_words() {
        for code in ErrorCode::ALL {
            assert_eq!(ampoule_status::from(*code) as u32, code.number());
            assert_eq!(text_of(code.number()), Some(code.text()));
        }
        for number in 0..=17 {
            assert!(text_of(number).is_some(), "{number}");
        }
        assert_eq!([18, 100, 999].map(text_of), [const { None }; 3]);
    }
}
