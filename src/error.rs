//! The error of the everyday API.

use crate::codec::{IdError, Malformed};
use crate::crypto::{RandomError, random};
use crate::store::StoreError;
use core::fmt;

/// What went wrong, to be shown to a person or logged: no message contains content, names or keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Error {
    /// The vault is locked.
    #[error("the vault is locked; open it again with one of its ways in")]
    Locked,
    /// There is no such chart in this vault.
    #[error("this vault has no such chart; import a bundle of it, or check the id")]
    UnknownChart,
    /// The content of a file is not in this vault's place for files.
    #[error("the content of this file is not here; get it from whoever has it")]
    ContentNotHere,
    /// The content of a file is in this vault's place for files already, and whole.
    #[error("the content of this file is here already; read it")]
    ContentHere,
    /// Bytes that are not the content which the author of a file described.
    #[error("this is not the content of the file, or was altered on the way; get it again, nothing wrong was kept")]
    DamagedContent,
    /// A content that ends too early.
    #[error("the content of the file is not whole yet; get the rest, from `ContentReceiver::offset` on")]
    IncompleteContent,
    /// A name that is no path within a folder, or not a safe one on every system.
    #[error("the name is not safe as a path on every system; give the file another, or export it by itself")]
    UnsafeName,
    /// A link, a device or the like, or a file that was replaced while it was looked at.
    #[error("this is neither a file nor a folder; links are not followed, copy what they lead to")]
    NotAFile,
    /// Something is there already where a file was to be written.
    #[error("something is at the place of this file already; nothing was written over, choose an empty folder")]
    FileExists,
    /// There is no place for the content of files.
    #[error("this store has no place for files; name one with `VaultOptions::blobs`")]
    NoPlaceForFiles,
    /// The source of a file could not be read.
    #[error("the source could not be read to its end; check it and try again, nothing was kept")]
    CannotRead,
    /// The caller ended it, or it failed before.
    #[error("this was ended before it was done; begin again, nothing was kept")]
    Cancelled,
    /// There is no such entry in this chart, or it was deleted.
    #[error("the chart has no such entry, or it was deleted; check the id, or look at its history")]
    UnknownEntry,
    /// What was asked is for records, files or messages, and the entry is another of them.
    #[error(
        "the entry is of another kind; use `update` and `get` for records, `update_file` and `file` for files, and its thread for a message"
    )]
    OtherKind,
    /// Somebody else's message.
    #[error("only the author of a message may change or delete it")]
    NotAuthor,
    /// A message out of bounds.
    #[error(
        "a message has up to 1 MiB of text and 64 attachments, a subject up to 1024 bytes, a reaction 1 to 64; send more as a file"
    )]
    MessageTooLong,
    /// The entry is of a label that this vault was not granted.
    #[error("this was not granted to you; ask a custodian of the chart")]
    NotGranted,
    /// The grant's end date has passed, or it was revoked.
    #[error("your grant of this chart has ended; ask a custodian for a new one")]
    GrantEnded,
    /// Only a custodian may do this.
    #[error("only a custodian of the chart may do this")]
    NotCustodian,
    /// The change can be made final only by the vault that created the chart.
    #[error("this chart is administered by the vault that created it; make the change there")]
    NeedsHome,
    /// Whoever administers the chart cannot be revoked before somebody else does.
    #[error("this contact's vault administers the chart; let another custodian's vault do that first")]
    KeepsHome,
    /// There are two contradictory histories of who may see the chart.
    #[error("the chart's sharing has two histories that contradict each other; a custodian must decide between them")]
    Forked,
    /// Somebody else changed the chart's sharing, so that this change is not made as it was wanted.
    #[error("the chart's sharing was changed by somebody else; look at it and decide again")]
    Superseded,
    /// The version is kept apart.
    #[error("this version is kept apart, its author's access had ended; see `quarantined`, a custodian may adopt it")]
    Quarantined,
    /// Only a version that is kept apart or disputed can be adopted.
    #[error("this version is neither kept apart nor disputed; there is nothing to adopt")]
    NotQuarantined,
    /// A reason that is empty or too long.
    #[error("give a reason, of up to 1024 bytes")]
    InvalidReason,
    /// The last custodian cannot be revoked.
    #[error("a chart keeps at least one custodian; share it with another first")]
    LastCustodian,
    /// The contact holds no grant of the chart.
    #[error("the contact holds no grant of this chart; share it first, or check which contact is meant")]
    NoSuchMember,
    /// The chart has no such label.
    #[error("the chart has no such label; use one of its labels, or `restricted`")]
    UnknownLabel,
    /// The grant contradicts itself, or its end is past.
    #[error(
        "a custodian's grant is of the whole chart with its history, so leave labels and limits out; any other ends in the future, in milliseconds since 1970"
    )]
    UnfitGrant,
    /// There is no such contact.
    #[error("there is no such contact in this vault; add its card first")]
    UnknownContact,
    /// The contact's fingerprint was not compared yet.
    #[error("the contact is not verified; compare the fingerprint with the person and verify it first")]
    UnverifiedContact,
    /// The contact's key changed since it was verified.
    #[error("the contact's key changed; compare the new fingerprint with the person and verify it again")]
    ChangedContact,
    /// The fingerprint typed in is another.
    #[error("the fingerprint does not match; do not share with this contact before you have talked to the person")]
    FingerprintMismatch,
    /// The bytes are no card.
    #[error("this is not a valid card; ask for it again")]
    InvalidCard,
    /// The bytes are no certificate, or not of an organisation among the contacts.
    #[error("this is not a valid certificate of an organisation among your contacts; ask for it again")]
    InvalidCertificate,
    /// The bytes are no file of events for this vault, or not by who it says.
    #[error("this is no valid file of events for you; ask for it again")]
    InvalidAudit,
    /// A list of withdrawn certificates that is older than the one that is held.
    #[error("this list of withdrawn certificates is older than the one you have; ask for the latest")]
    OutdatedWithdrawals,
    /// Only an organisation certifies.
    #[error("only the vault of an organisation certifies, and no other organisation; create one of that kind")]
    NotOrganisation,
    /// The batch and the chart act for different people.
    #[error("the chart was opened on behalf of somebody else; use a chart of the same handle")]
    OtherActor,
    /// The bytes are no bundle, or were damaged on the way.
    #[error("the bundle is damaged; ask for it again, nothing was imported")]
    DamagedBundle,
    /// Something was taken out of the bundle or changed in it, or it goes on from bundles that were never taken in.
    #[error(
        "the bundle is not whole, or goes on from one that is not here; ask for it again from `Cursor::START`, nothing was imported"
    )]
    IncompleteBundle,
    /// Bytes that are no cursor.
    #[error("this is no cursor; use what `Applied::next` gave, or `Cursor::START`")]
    InvalidCursor,
    /// The contact was not granted a label of the scope.
    #[error("the contact may not see all labels of this scope; leave them out, or share them first")]
    OutsideGrant,
    /// The bundle is not for this vault, or not of this chart.
    #[error("the bundle is for somebody else or of another chart; nothing was imported")]
    ForeignBundle,
    /// The chart is sealed with another cipher than the one that this vault was made for, and it takes no other.
    #[error(
        "the chart is sealed with another cipher than this vault takes; open the vault with `VaultOptions::also_accept` if that is meant"
    )]
    OtherSuite,
    /// The content is longer than a record may be.
    #[error("a record holds up to 16 MiB with short terms; store it as a file")]
    TooLong,
    /// A preview out of bounds.
    #[error("a preview has up to 256 KiB and a media type up to 255 bytes; make it smaller")]
    PreviewTooLong,
    /// A message that preview keys do not open: of another thread, of before they were made, not a message.
    #[error("this is outside of what the preview keys open; open the vault to read it")]
    OutsidePreview,
    /// The keys of the chart, or those who write to it, have changed since preview keys were made.
    #[error("the chart's keys or members have changed since the preview keys were made; open the vault and renew them")]
    OutdatedPreview,
    /// Preview keys of too much.
    #[error("preview keys are of up to 256 threads and hold up to 1 MiB of cards; choose fewer threads")]
    TooManyPreviews,
    /// Metadata out of bounds.
    #[error("the record has too many or too long codes, dates, words or names; shorten them")]
    TooManyTerms,
    /// Written by a newer version of this software.
    #[error("this was written by a newer version; update this software to open it")]
    NewerFormat,
    /// Something sealed did not open. What exactly is not told here.
    #[error("this cannot be opened; it was damaged or tampered with (incident {incident})")]
    Unopenable {
        /// Number to look it up by.
        incident: Incident,
    },
    /// The store does not hold what this vault last wrote, or another history of it.
    #[error(
        "the store withholds something, or shows an older state than it should; read docs/INCIDENTS.md, and run `verify`"
    )]
    Withheld,
    /// The store is older than the checkpoint that is kept elsewhere, or another; or it showed two devices of the vault different
    /// states, and both went on from them.
    #[error(
        "the store was restored from a backup, copied, rolled back, or showed two devices different states; find the right one, or take this one on with `adopt_restored`"
    )]
    RestoredCopy,
    /// Only a store that was restored can be taken on.
    #[error("the store is as it should be; there is nothing to adopt")]
    NotRestored,
    /// The keeper holds something that is no checkpoint of this vault.
    #[error("the keeper holds no checkpoint of this vault; give each vault a keeper of its own")]
    WrongCheckpoint,
    /// The keeper of checkpoints failed.
    #[error(transparent)]
    Keeper(#[from] crate::log::KeeperError),
    /// What was to be written out of the vault could not be.
    #[error("this could not be written; check the place that it goes to, and whether it has room")]
    CannotWrite,
    /// The entry is not the one that was expected.
    #[error("this is not the entry that was expected; look for the right bytes in your database")]
    Unexpected,
    /// There is a vault already.
    #[error("the store already holds a vault; open it instead of creating one")]
    VaultExists,
    /// There is no vault.
    #[error("the store holds no vault; create one first")]
    NoVault,
    /// A way in did not work, or is not acceptable.
    #[error(transparent)]
    Unlock(#[from] crate::keys::UnlockError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Not an id.
    #[error(transparent)]
    Id(#[from] IdError),
}

impl Error {
    /// An opening failed. The incident is random: it tells nothing to whoever sees it.
    pub(crate) fn unopenable() -> Self {
        Self::Unopenable { incident: Incident::new() }
    }

    /// The number that it tells, where it tells one.
    pub(crate) fn incident(&self) -> Option<u64> {
        match self {
            Self::Unopenable { incident } => Some(incident.0),
            _ => None,
        }
    }

    pub(crate) fn of_malformed(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Newer => Self::NewerFormat,
            Malformed::Invalid => Self::unopenable(),
        }
    }
}

/// Number of a failed opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Incident(u64);

impl Incident {
    /// The number.
    pub fn to_u64(self) -> u64 {
        self.0
    }

    fn new() -> Self {
        // Without randomness the number is zero: it only helps to tell incidents apart.
        Self(random::array().map_or(0, u64::from_be_bytes))
    }
}

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
