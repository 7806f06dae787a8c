//! The elements that terms are taken from, by name.
//!
//! One table serves R4 and R5 and every resource type: FHIR names like things alike.

/// Elements whose inside defines something rather than tells of it: walked, and not searched.
#[rustfmt::skip]
pub(crate) const DEFINITIONS: &[&str] = &[
    "snapshot", "differential", "compose", "expansion", "jurisdiction", "useContext",
];

/// Elements of a resource that say when it happened or was written, `[x]` and Period included.
#[rustfmt::skip]
pub(crate) const DATES: &[&str] = &[
    "abatementDateTime", "abatementPeriod", "approvalDate", "authored", "authoredOn", "billablePeriod", "birthDate",
    "collection", "created", "createdDateTime", "createdPeriod", "date", "dateAsserted", "dateTime", "dateWritten",
    "deceasedDateTime", "detected", "dueDate", "effectiveDateTime", "effectiveInstant", "effectivePeriod",
    "effectiveTiming", "end", "enteredDate", "event", "executionPeriod", "identifiedDateTime", "identifiedPeriod",
    "issued", "lastOccurrence", "occurredDateTime", "occurredPeriod", "occurrenceDateTime", "occurrencePeriod",
    "occurrenceTiming", "onsetDateTime", "onsetPeriod", "paymentDate", "performedDateTime", "performedPeriod", "period",
    "received", "receivedTime", "recorded", "recordedDate", "sent", "servicedDate", "servicedPeriod", "start",
    "startDate", "started", "statusDate", "valueDateTime", "valuePeriod", "whenHandedOver", "whenPrepared",
];

/// The elements below those of [`DATES`] that are dates themselves. Periods go by their bounds.
pub(crate) const DATES_WITHIN: &[&str] = &["collectedDateTime", "dateTime", "event"];

/// Elements of a resource that are a `code` without a system of its own.
#[rustfmt::skip]
pub(crate) const BARE_CODES: &[&str] = &[
    "category", "criticality", "docStatus", "gender", "intent", "kind", "lifecycleStatus", "mode", "outcome",
    "priority", "status", "type", "use",
];

/// Elements whose text people search by, wherever they stand; `valueString` and its like go by their ending.
#[rustfmt::skip]
pub(crate) const WORDS: &[&str] = &[
    "alias", "answer", "comment", "conclusion", "description", "display", "family", "given", "name", "note",
    "patientInstruction", "summary", "text", "title",
];
