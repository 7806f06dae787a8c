//! Enums of the library that cross the border as they are. A variant more does not compile here until it is named.

use ampoule::{
    Acceptance, Audit, ContactStatus, Doubt, EventKind, FactorKind, Freshness, Kind, Known, MemberKind, Purpose,
    Receipt, Receipts, Revision, Rights, Standing, Suite,
};

/// Record, file or message.
#[uniffi::remote(Enum)]
pub enum Kind {
    /// A record.
    Record,
    /// A file.
    File,
    /// A message.
    Message,
}

/// What a member is.
#[uniffi::remote(Enum)]
pub enum MemberKind {
    /// A human being.
    Person,
    /// A program that acts on its own or for people of its own directory.
    Service,
    /// Several people who hold one key.
    Team,
    /// A hospital, a practice: it certifies who its members are.
    Organisation,
}

/// The cipher of a vault or a chart.
#[uniffi::remote(Enum)]
pub enum Suite {
    /// AES-256-GCM.
    Aes256Gcm,
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
}

/// What somebody may do with a chart.
#[uniffi::remote(Enum)]
pub enum Rights {
    /// Read.
    Read,
    /// Read, and add entries and versions.
    Write,
    /// All of a chart, and share and revoke.
    Custodian,
}

/// Purpose of use; the codes are those of HL7 v3 `PurposeOfUse`.
#[uniffi::remote(Enum)]
pub enum Purpose {
    /// `TREAT`: treatment.
    Treat,
    /// `ETREAT`: emergency treatment.
    EmergencyTreat,
    /// `BTG`: break the glass.
    BreakTheGlass,
    /// `HPAYMT`: payment.
    Payment,
    /// `HOPERAT`: operations.
    Operations,
    /// `HRESCH`: research.
    Research,
    /// `PUBHLTH`: public health.
    PublicHealth,
    /// `PATRQT`: the patient asked for it.
    PatientRequest,
    /// `FAMRQT`: the family asked for it.
    FamilyRequest,
    /// `PWATRNY`: power of attorney.
    PowerOfAttorney,
    /// `SUPNWK`: support network.
    SupportNetwork,
}

/// How far a contact's card can be relied on.
#[uniffi::remote(Enum)]
pub enum ContactStatus {
    /// Nobody has compared the fingerprint yet.
    Unverified,
    /// The fingerprint was compared, and was right.
    Verified,
    /// The keys are not those of before; nobody has compared the new fingerprint.
    Changed,
}

/// Whether a change of a chart's sharing is final.
#[uniffi::remote(Enum)]
pub enum Standing {
    /// The vault that administers the chart has recorded it.
    Committed,
    /// It takes effect when the vault that administers the chart has recorded it.
    Proposed,
}

/// How a version is regarded whose signature was verified. What is not usual should be shown with a mark.
#[uniffi::remote(Enum)]
pub enum Acceptance {
    /// Nothing is against it.
    Usual,
    /// Sealed with keys that were replaced meanwhile, by somebody who had not heard of it and may still write.
    Late,
    /// It was kept apart or disputed, and a custodian let it in.
    Adopted,
    /// It was read here before its author's access ended, and whoever ended it did not know it.
    Disputed,
    /// Kept apart: in no search, list or current version.
    Quarantined,
}

/// Why a version is kept apart or disputed.
#[uniffi::remote(Enum)]
pub enum Doubt {
    /// Its author's access had ended, and whoever ended it did not know this version.
    AccessEnded,
    /// Its author's access has ended; it claims to be from before that, and nothing here shows it.
    Unproven,
    /// Only one of two histories of the chart's sharing gave its author the right to write it.
    Contradiction,
}

/// How far it is known that the store shows the newest state.
#[uniffi::remote(Enum)]
pub enum Freshness {
    /// The keeper's checkpoint agrees with the store, and is recent.
    Anchored,
    /// There is no keeper, or it has kept nothing yet.
    Unanchored,
    /// The keeper's checkpoint agrees with the store, and newer ones could not be kept.
    Stale,
}

/// When events of reading are written.
#[uniffi::remote(Enum)]
pub enum Audit {
    /// In groups. A crash may lose one group.
    Grouped,
    /// Each before plaintext is released.
    Strict,
}

/// Which receipts of messages a vault gives.
#[uniffi::remote(Enum)]
pub enum Receipts {
    /// None.
    Off,
    /// That messages were delivered, not that they were read.
    Delivered,
    /// Both.
    Read,
}

/// What somebody says of the messages that came to him.
#[uniffi::remote(Enum)]
pub enum Receipt {
    /// They are on one of his devices.
    Delivered,
    /// He has read them.
    Read,
}

/// How well the author of a message is known to this vault.
#[uniffi::remote(Enum)]
pub enum Known {
    /// The owner of this vault.
    Own,
    /// A contact whose fingerprint was compared, or for whom a verified organisation vouches.
    Verified,
    /// A contact whose fingerprint nobody has compared.
    Unverified,
    /// A contact whose keys are not those of before.
    Changed,
    /// No contact.
    Unknown,
}

/// What the author has done with a message since he sent it.
#[uniffi::remote(Enum)]
pub enum Revision {
    /// Nothing.
    Original,
    /// He has changed it.
    Edited,
    /// He has deleted it.
    Deleted,
}

/// Kinds of factors of a way in.
#[uniffi::remote(Enum)]
pub enum FactorKind {
    /// 32 bytes from a platform keystore.
    DeviceKey,
    /// A passphrase.
    Passphrase,
    /// A recovery code.
    RecoveryCode,
    /// A kind that a newer version added.
    Newer,
}

/// What happened.
#[uniffi::remote(Enum)]
pub enum EventKind {
    /// The vault was created.
    Create,
    /// The vault was opened.
    Unlock,
    /// Somebody tried to open the vault, and had no right factor.
    UnlockFailed,
    /// A version was written; deletions too.
    Write,
    /// An entry, a version or a history was read.
    Read,
    /// A chart was searched or listed.
    Find,
    /// A bundle was made, or a chart handed out in the clear.
    Export,
    /// A bundle was taken in.
    Import,
    /// A chart was founded.
    Found,
    /// A chart was shared.
    Share,
    /// A grant was ended.
    Revoke,
    /// Contacts were changed.
    Contact,
    /// The directory of patients was changed or searched.
    Directory,
    /// Ways in or devices were changed.
    Access,
    /// A restored or copied store was taken on, or what a sender of bundles contradicted.
    Restore,
    /// What grows was tidied, what was damaged repaired.
    Maintain,
    /// The events themselves were read.
    Audit,
    /// A version that was kept apart was let in.
    Adopt,
}
