//! Records, what finds them, and what comes out of a chart.

use crate::VaultError;
use crate::text::hidden;
use ampoule::{
    Acceptance, Actor, ChartId, Code, DateRange, EntryId, Found, Identifier, Kind, Label, Patient, PatientQuery, Query,
    Record, Terms, VersionId,
};

/// A code in a code system, such as LOINC 4548-4: `http://loinc.org`, `4548-4`.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct RecordCode {
    /// URI of the code system; empty where none is given.
    pub system: String,
    /// The code in that system.
    pub value: String,
}

/// A span of time, in seconds since 1970, `start` included and `end` not.
#[derive(Clone, Copy, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct RecordDates {
    /// First second.
    pub start: i64,
    /// First second after it.
    pub end: i64,
}

/// What a record is found by. Sealed with it.
#[derive(Clone, Default, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct RecordTerms {
    /// What the record is: a FHIR resource type, an HL7 v2 message type. Empty where unknown.
    #[uniffi(default = "")]
    pub kind: String,
    /// Codes in the order in which they stand.
    #[uniffi(default = [])]
    pub codes: Vec<RecordCode>,
    /// When it happened.
    #[uniffi(default = [])]
    pub dates: Vec<RecordDates>,
    /// Text whose words find it.
    #[uniffi(default = "")]
    pub text: String,
}

/// A record to be put.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct NewRecord {
    /// Media type, such as `application/fhir+json` or `text/plain`.
    pub media_type: String,
    /// The bytes, which the library keeps as they are.
    pub content: Vec<u8>,
    /// Under which label's keys it is kept: `general` unless told.
    #[uniffi(default = None)]
    pub label: Option<Label>,
    /// A display name, sealed with it.
    #[uniffi(default = None)]
    pub name: Option<String>,
    /// What finds it.
    #[uniffi(default = None)]
    pub terms: Option<RecordTerms>,
}

/// On whose behalf a service acts, as that service says. Never a signature of that person.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct AssertedActor {
    /// Directory that knows the person: a URI.
    pub issuer: String,
    /// The person's id there.
    pub subject: String,
    /// The session in which it happened.
    pub session: String,
    /// Purpose of use, such as `TREAT`.
    pub purpose: String,
}

/// A version of an entry, opened and verified.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Entry {
    /// The entry, over all its versions.
    pub id: EntryId,
    /// This version.
    pub version: VersionId,
    /// Record, file or message.
    pub kind: Kind,
    /// Media type, as it was put.
    pub media_type: String,
    /// The bytes, exactly as they went in. None of a file.
    pub content: Vec<u8>,
    /// Its display name.
    pub name: Option<String>,
    /// Kind among what finds it: a FHIR resource type, for example.
    pub term_kind: String,
    /// Codes that find it.
    pub codes: Vec<RecordCode>,
    /// Dates that find it.
    pub dates: Vec<RecordDates>,
    /// Words that find it, in the form in which the index keeps them.
    pub words: Vec<String>,
    /// Name on the card of the member who signed it.
    pub author: String,
    /// Whether this vault's owner signed it.
    pub is_mine: bool,
    /// On whose behalf the author acted, as the author says.
    pub actor: Option<AssertedActor>,
    /// When the author says that it was written, in milliseconds since 1970.
    pub time_ms: i64,
    /// The versions that this one replaces.
    pub parents: Vec<VersionId>,
    /// Whether this version deletes the entry.
    pub is_deleted: bool,
    /// Other versions that nobody has replaced: they and this one conflict until `resolve`.
    pub conflicts: Vec<VersionId>,
    /// How the version is regarded.
    pub acceptance: Acceptance,
}

/// A version in a history: opened, or why it does not open.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum VersionResult {
    /// It opened.
    Opened {
        /// The version.
        entry: Entry,
    },
    /// It did not, or is kept apart.
    Failed {
        /// Why.
        error: VaultError,
    },
}

/// An entry that was found.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FoundEntry {
    /// The entry.
    pub id: EntryId,
    /// Its current version.
    pub version: VersionId,
    /// What it is.
    pub kind: Kind,
    /// Whether it has versions that conflict.
    pub conflict: bool,
}

/// What a search gave, in order of arrival.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Matches {
    /// The entries.
    pub entries: Vec<FoundEntry>,
    /// Whether the whole chart was searched.
    pub complete: bool,
    /// How many entries have a damaged version that cannot be searched, and are left out.
    pub damaged: u64,
}

/// What `find` looks for: all conditions hold for one version of an entry.
#[derive(Clone, Default, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Search {
    /// A FHIR resource type, an HL7 v2 message type.
    #[uniffi(default = None)]
    pub kind: Option<String>,
    /// All of these codes.
    #[uniffi(default = [])]
    pub codes: Vec<RecordCode>,
    /// A date that shares a second with this span.
    #[uniffi(default = None)]
    pub dates: Option<RecordDates>,
    /// All words of this text.
    #[uniffi(default = None)]
    pub words: Option<String>,
    /// For each word of this text, a word that begins with it.
    #[uniffi(default = None)]
    pub word_prefix: Option<String>,
}

/// An identifier of a patient, in the namespace of whoever gave it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct PatientIdentifier {
    /// The namespace: a URI.
    pub system: String,
    /// The identifier in it.
    pub value: String,
}

/// Who a chart is about, as the vault's directory has it.
#[derive(Clone, Default, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct PatientInfo {
    /// Names, the usual one first.
    pub names: Vec<String>,
    /// Identifiers.
    #[uniffi(default = [])]
    pub identifiers: Vec<PatientIdentifier>,
    /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
    #[uniffi(default = None)]
    pub birth_date: Option<String>,
}

/// Which patients to find.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum PatientSearch {
    /// All, or all that were born then.
    All {
        /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
        birth_date: Option<String>,
    },
    /// Each word begins a word of the patient's names.
    Name {
        /// The words.
        text: String,
        /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
        birth_date: Option<String>,
    },
    /// Has this identifier, in this namespace or in whatever one.
    Identifier {
        /// The namespace.
        system: Option<String>,
        /// The identifier.
        value: String,
        /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
        birth_date: Option<String>,
    },
}

/// A patient that was found.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FoundPatient {
    /// The chart.
    pub chart: ChartId,
    /// Who it is about.
    pub patient: PatientInfo,
}

hidden!(
    RecordCode,
    RecordDates,
    RecordTerms,
    NewRecord,
    AssertedActor,
    Entry,
    Search,
    PatientIdentifier,
    PatientInfo,
    PatientSearch
);

impl From<Code> for RecordCode {
    fn from(Code { system, value }: Code) -> Self {
        Self { system, value }
    }
}

impl From<RecordCode> for Code {
    fn from(RecordCode { system, value }: RecordCode) -> Self {
        Self { system, value }
    }
}

impl TryFrom<RecordDates> for DateRange {
    type Error = VaultError;

    fn try_from(RecordDates { start, end }: RecordDates) -> Result<Self, VaultError> {
        Ok(Self::new(start, end)?)
    }
}

impl TryFrom<RecordTerms> for Terms {
    type Error = VaultError;

    fn try_from(RecordTerms { kind, codes, dates, text }: RecordTerms) -> Result<Self, VaultError> {
        Ok(Self {
            kind,
            codes: codes.into_iter().map(Code::from).collect(),
            dates: dates.into_iter().map(DateRange::try_from).collect::<Result<_, _>>()?,
            words: Self::fold(&text),
        })
    }
}

impl TryFrom<NewRecord> for Record {
    type Error = VaultError;

    fn try_from(new: NewRecord) -> Result<Self, VaultError> {
        let NewRecord { media_type, content, label, name, terms } = new;
        let mut record = Self::opaque(media_type, content);
        if let Some(label) = label {
            record = record.labelled(label);
        }
        if let Some(name) = name {
            record = record.named(name);
        }
        if let Some(terms) = terms {
            record = record.with_terms(terms.try_into()?);
        }
        Ok(record)
    }
}

impl From<Actor> for AssertedActor {
    fn from(Actor { issuer, subject, session, purpose }: Actor) -> Self {
        Self { issuer, subject, session, purpose }
    }
}

impl From<AssertedActor> for Actor {
    fn from(AssertedActor { issuer, subject, session, purpose }: AssertedActor) -> Self {
        Self { issuer, subject, session, purpose }
    }
}

impl From<ampoule::Entry> for Entry {
    fn from(entry: ampoule::Entry) -> Self {
        let record = entry.record();
        let Terms { kind: term_kind, codes, dates, words } = record.terms().clone();
        Self {
            id: entry.id(),
            version: entry.version(),
            kind: entry.kind(),
            media_type: record.media_type().to_owned(),
            content: record.content().to_vec(),
            name: record.name().map(str::to_owned),
            term_kind,
            codes: codes.into_iter().map(RecordCode::from).collect(),
            dates: dates.iter().map(|range| RecordDates { start: range.start(), end: range.end() }).collect(),
            words,
            author: entry.author().to_owned(),
            is_mine: entry.is_mine(),
            actor: entry.actor().cloned().map(AssertedActor::from),
            time_ms: entry.time_ms(),
            parents: entry.parents().to_vec(),
            is_deleted: entry.is_deleted(),
            conflicts: entry.conflicts().to_vec(),
            acceptance: entry.acceptance(),
        }
    }
}

impl From<Result<ampoule::Entry, ampoule::Error>> for VersionResult {
    fn from(version: Result<ampoule::Entry, ampoule::Error>) -> Self {
        match version {
            Ok(entry) => Self::Opened { entry: entry.into() },
            Err(error) => Self::Failed { error: error.into() },
        }
    }
}

impl From<Found> for FoundEntry {
    fn from(Found { id, version, kind, conflict }: Found) -> Self {
        Self { id, version, kind, conflict }
    }
}

impl From<ampoule::Matches> for Matches {
    fn from(matches: ampoule::Matches) -> Self {
        Self {
            complete: matches.is_complete(),
            damaged: matches.damaged() as u64,
            entries: matches.into_iter().map(FoundEntry::from).collect(),
        }
    }
}

impl TryFrom<Search> for Query {
    type Error = VaultError;

    fn try_from(Search { kind, codes, dates, words, word_prefix }: Search) -> Result<Self, VaultError> {
        let mut query = kind.map_or_else(Self::all, Self::kind);
        for RecordCode { system, value } in codes {
            query = query.code(system, value);
        }
        if let Some(dates) = dates {
            query = query.dates(dates.try_into()?);
        }
        if let Some(words) = words {
            query = query.words(&words);
        }
        if let Some(prefix) = word_prefix {
            query = query.word_prefix(&prefix);
        }
        Ok(query)
    }
}

impl From<Identifier> for PatientIdentifier {
    fn from(Identifier { system, value }: Identifier) -> Self {
        Self { system, value }
    }
}

impl From<PatientIdentifier> for Identifier {
    fn from(PatientIdentifier { system, value }: PatientIdentifier) -> Self {
        Self { system, value }
    }
}

impl From<Patient> for PatientInfo {
    fn from(Patient { names, identifiers, birth_date }: Patient) -> Self {
        Self { names, identifiers: identifiers.into_iter().map(PatientIdentifier::from).collect(), birth_date }
    }
}

impl From<PatientInfo> for Patient {
    fn from(PatientInfo { names, identifiers, birth_date }: PatientInfo) -> Self {
        Self { names, identifiers: identifiers.into_iter().map(Identifier::from).collect(), birth_date }
    }
}

impl From<PatientSearch> for PatientQuery {
    fn from(search: PatientSearch) -> Self {
        let (query, birth_date) = match search {
            PatientSearch::All { birth_date } => (Self::all(), birth_date),
            PatientSearch::Name { text, birth_date } => (Self::name(&text), birth_date),
            PatientSearch::Identifier { system: Some(system), value, birth_date } => {
                (Self::identifier(system, value), birth_date)
            }
            PatientSearch::Identifier { system: None, value, birth_date } => (Self::any_identifier(value), birth_date),
        };
        match birth_date {
            Some(date) => query.birth_date(date),
            None => query,
        }
    }
}
