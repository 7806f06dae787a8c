//! What is taken from a resource while it is walked: rules by the path of an element.
//!
//! A path is counted from the resource that holds the element, so that a resource within another (`contained`, the entry
//! of a Bundle) is read by the same rules. Each rule is a line of a table or a few lines below it.

use crate::capped::{Capped, join};
use crate::elements::{BARE_CODES, DATES, DATES_WITHIN, DEFINITIONS, WORDS};
use crate::subject::{PatientRef, SubjectRule};
use crate::walk::Seen;
use crate::{dates, narrative, sensitivity};
use ampoule::{Code, DateRange, Terms};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The system of units is that of a Quantity, not of a code.
const UCUM: &str = "http://unitsofmeasure.org";

/// FHIR DS4P implementation guide, inline security labels: an extension that labels one element.
const INLINE_LABEL: &str = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label";

/// Longest system and value of a code together, in bytes.
const MAX_CODE: usize = 1024;

/// Most text that is folded into words, in bytes: of narratives, and of everything else.
const MAX_TEXT: usize = 1 << 20;

/// How near to the resource an element stands; what is nearer is kept first when there is too much.
const TIERS: usize = 4;

/// Deepest element of the first tier: `medication.concept.coding`.
const NEAR: usize = 3;

/// What a walk over a resource has found.
#[derive(Default)]
pub(crate) struct Collector<'de> {
    pub(crate) kind: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) security: BTreeSet<Code>,
    pub(crate) subjects: BTreeSet<PatientRef>,
    /// Other references of the patients of a Bundle: the URL of the entry, and the reference by its id.
    pub(crate) aliases: BTreeMap<PatientRef, PatientRef>,
    /// The patients of a Bundle whose entry had a URL.
    with_url: BTreeSet<PatientRef>,
    /// Types of the contained resources by id.
    pub(crate) contained: BTreeMap<String, String>,
    path: Vec<Cow<'de, str>>,
    roots: Vec<Root>,
    /// How many elements of [`DEFINITIONS`] the walk is in.
    definitions: usize,
    labels: usize,
    codes: [Capped<Code>; TIERS],
    dates: [Capped<DateRange>; TIERS],
    words: [Capped<String>; TIERS],
    budget: [usize; 2],
    truncated: bool,
}

/// A resource within the one that is walked.
#[derive(Clone, Copy)]
struct Root {
    depth: usize,
    contained: bool,
}

/// The fields of an object that rules look at when it ends.
#[derive(Default)]
pub(crate) struct Fields<'de> {
    code: Option<Cow<'de, str>>,
    display: bool,
    end: Option<Cow<'de, str>>,
    full_url: Option<Cow<'de, str>>,
    id: Option<Cow<'de, str>>,
    kind: Option<Cow<'de, str>>,
    reference: Option<Cow<'de, str>>,
    resource_type: Option<Cow<'de, str>>,
    start: Option<Cow<'de, str>>,
    system: Option<Cow<'de, str>>,
    url: Option<Cow<'de, str>>,
    value: Option<Cow<'de, str>>,
    /// Has `value` or `unit`: a Quantity or an Identifier, not a Coding.
    measured: bool,
    coding: Option<Box<Fields<'de>>>,
    identifier: Option<Box<Fields<'de>>>,
    resource: Option<Box<Fields<'de>>>,
    /// Security labels that were known when the object began.
    labels_before: usize,
}

impl<'de> Fields<'de> {
    pub(crate) fn new(collector: &Collector<'de>) -> Self {
        Self { labels_before: collector.labels, ..Self::default() }
    }

    /// Notes the value of `key`.
    pub(crate) fn set(&mut self, key: &str, seen: Seen<'de>) {
        match (key, &seen) {
            ("value" | "unit", _) => self.measured = true,
            ("display", _) => self.display = true,
            _ => {}
        }
        match seen {
            Seen::Text(text) => {
                let field = match key {
                    "code" => &mut self.code,
                    "end" => &mut self.end,
                    "fullUrl" => &mut self.full_url,
                    "id" => &mut self.id,
                    "type" => &mut self.kind,
                    "reference" => &mut self.reference,
                    "resourceType" => &mut self.resource_type,
                    "start" => &mut self.start,
                    "system" => &mut self.system,
                    "url" => &mut self.url,
                    "value" => &mut self.value,
                    _ => return,
                };
                *field = Some(text);
            }
            Seen::Object(object) => match key {
                "valueCoding" => self.coding = Some(object),
                "identifier" => self.identifier = Some(object),
                "resource" => self.resource = Some(object),
                _ => {}
            },
            Seen::Other => {}
        }
    }

    fn as_code(&self) -> Code {
        Code { system: owned(self.system.as_ref()), value: owned(self.code.as_ref()) }
    }
}

impl<'de> Collector<'de> {
    /// The walk goes into the value of `key`.
    pub(crate) fn enter(&mut self, key: Cow<'de, str>) {
        let contained = self.here().is_empty() && key == "contained";
        let nested = match self.here().last().map(AsRef::as_ref) {
            _ if contained => true,
            Some("entry" | "parameter" | "part") => key == "resource",
            Some("response") => key == "outcome",
            _ => false,
        };
        if DEFINITIONS.contains(&key.as_ref()) {
            self.definitions = self.definitions.saturating_add(1);
        }
        self.path.push(key);
        if nested {
            self.roots.push(Root { depth: self.path.len(), contained });
        }
    }

    /// The walk comes back from it.
    pub(crate) fn leave(&mut self) {
        let depth = self.path.len();
        if self.roots.last().is_some_and(|root| root.depth == depth) {
            self.roots.pop();
        }
        if let Some(key) = self.path.pop()
            && DEFINITIONS.contains(&key.as_ref())
        {
            self.definitions = self.definitions.saturating_sub(1);
        }
    }

    /// A text, or a text of an array, stands here.
    pub(crate) fn text(&mut self, text: &str) {
        self.other();
        let Some(key) = self.path.last() else { return };
        let key = key.clone();
        let first = self.here().len() == 1;
        if first && key == "confidentiality" {
            // Composition.confidentiality of R4.
            self.label(Code { system: sensitivity::CONFIDENTIALITY.into(), value: text.into() });
        }
        if self.definitions > 0 {
            return;
        }
        if first && BARE_CODES.contains(&key.as_ref()) && is_code(text) {
            self.code(Code { system: String::new(), value: text.into() });
        }
        let dated = self.here().first().is_some_and(|key| DATES.contains(&key.as_ref()));
        if dated && (first || DATES_WITHIN.contains(&key.as_ref())) {
            self.date(dates::range(text));
        }
        let narrative = key == "div";
        if narrative {
            self.words(&narrative::plain(prefix(text, MAX_TEXT)), true);
        } else if WORDS.contains(&key.as_ref()) || key.ends_with("String") {
            self.words(text, false);
        }
    }

    /// A value that is no object and no array stands here. Where a security label is due, it is one that nobody knows.
    pub(crate) fn other(&mut self) {
        if self.at_security() || self.ends_with(&["securityLabel"]) {
            self.label(Code::unknown());
        }
    }

    /// An object ends here.
    pub(crate) fn object(&mut self, fields: &Fields<'de>) {
        self.security(fields);
        if self.here().is_empty() {
            self.resource(fields);
        }
        self.subject(fields);
        if self.here().len() == 1 && self.ends_with(&["entry"]) {
            self.entry(fields);
        }
        if self.definitions > 0 {
            return;
        }
        if self.is_coding(fields) {
            self.code(fields.as_code());
        } else if self.here().len() == 1 && self.ends_with(&["identifier"]) && fields.value.is_some() {
            self.code(Code { system: owned(fields.system.as_ref()), value: owned(fields.value.as_ref()) });
        }
        let dated = self.here().first().is_some_and(|key| DATES.contains(&key.as_ref()));
        if dated && (fields.start.is_some() || fields.end.is_some()) {
            self.date(dates::period(fields.start.as_deref(), fields.end.as_deref()));
        }
    }

    /// The terms, nearest elements first, and whether all found a place.
    pub(crate) fn take_terms(&mut self) -> (Terms, bool) {
        let (codes, all_codes) = join(&mut self.codes, Terms::MAX_CODES);
        let (dates, all_dates) = join(&mut self.dates, Terms::MAX_DATES);
        let (mut words, all_words) = join(&mut self.words, Terms::MAX_WORDS);
        words.sort_unstable();
        let complete = all_codes && all_dates && all_words && !self.truncated;
        let terms = Terms { kind: self.kind.clone().unwrap_or_default(), codes, dates, words };
        (terms, complete)
    }

    fn here(&self) -> &[Cow<'de, str>] {
        let depth = self.roots.last().map_or(0, |root| root.depth);
        self.path.get(depth..).unwrap_or_default()
    }

    fn ends_with(&self, keys: &[&str]) -> bool {
        self.path.len() >= keys.len() && self.path.iter().rev().zip(keys.iter().rev()).all(|(have, want)| have == want)
    }

    fn at_security(&self) -> bool {
        self.ends_with(&["meta", "security"])
    }

    fn label(&mut self, code: Code) {
        self.labels = self.labels.saturating_add(1);
        self.security.insert(code);
    }

    /// Security labels, wherever they stand: a Bundle is as sensitive as what it holds.
    fn security(&mut self, fields: &Fields<'de>) {
        let concept = self.ends_with(&["securityLabel"]);
        if self.at_security() || self.ends_with(&["securityLabel", "coding"]) || (concept && fields.code.is_some()) {
            self.label(fields.as_code());
        } else if concept && self.labels == fields.labels_before {
            self.label(Code::unknown());
        } else if fields.url.as_deref() == Some(INLINE_LABEL) {
            let code = fields.coding.as_deref().map_or_else(Code::unknown, Fields::as_code);
            self.label(code);
        }
    }

    /// A resource ends here: the one that is walked, or one within it.
    fn resource(&mut self, fields: &Fields<'de>) {
        let (kind, id) = (fields.resource_type.as_deref(), fields.id.as_deref());
        match self.roots.last() {
            None => {
                self.kind = kind.map(str::to_owned);
                self.id = id.map(str::to_owned);
            }
            Some(root) if root.contained => {
                if let (Some(kind), Some(id)) = (kind, id) {
                    self.contained.insert(id.to_owned(), kind.to_owned());
                }
                return;
            }
            Some(_) => {}
        }
        if kind == Some("Patient") {
            match id {
                Some(id) => {
                    self.subjects.insert(PatientRef::of_id(id));
                }
                // In a Bundle the URL of the entry stands for the id.
                None if self.ends_with(&["entry", "resource"]) => {}
                None => {
                    self.subjects.insert(PatientRef::unnamed());
                }
            }
        }
    }

    /// An entry of a Bundle ends here.
    fn entry(&mut self, fields: &Fields<'de>) {
        let Some(patient) = fields.resource.as_deref() else { return };
        if patient.resource_type.as_deref() != Some("Patient") {
            return;
        }
        let url = fields.full_url.as_deref().map(PatientRef::of_url);
        match (url, patient.id.as_deref()) {
            (Some(url), Some(id)) => self.entry_of(url, PatientRef::of_id(id)),
            (Some(url), None) => {
                self.subjects.insert(url);
            }
            (None, None) => {
                self.subjects.insert(PatientRef::unnamed());
            }
            (None, Some(_)) => {}
        }
    }

    /// Takes the URL of an entry for its Patient, where the two agree and no other entry has the same id.
    ///
    /// FHIR R4, Bundle.entry.fullUrl: it is consistent with the id, unless it is a URN. Where it is not, or where two
    /// servers each have a patient of that id, the URL is somebody else.
    fn entry_of(&mut self, url: PatientRef, id: PatientRef) {
        let taken = self.aliases.get(&url) != Some(&id) && !self.with_url.insert(id.clone());
        if taken || !url.agrees_with(&id) {
            self.subjects.insert(url);
        } else {
            self.aliases.insert(url, id);
        }
    }

    fn subject(&mut self, fields: &Fields<'de>) {
        let Some(rule) = SubjectRule::at(self.here()) else {
            return;
        };
        // A CodeableConcept in the place of a reference speaks of no person.
        let identifier = fields.identifier.as_deref();
        let found = PatientRef::found(
            rule,
            fields.reference.as_deref(),
            fields.kind.as_deref(),
            identifier.and_then(|id| Some((id.system.as_deref().unwrap_or(""), id.value.as_deref()?))),
            fields.display && fields.code.is_none(),
        );
        self.subjects.extend(found);
    }

    fn is_coding(&self, fields: &Fields<'de>) -> bool {
        if fields.code.is_none() || fields.measured || fields.system.as_deref() == Some(UCUM) {
            return false;
        }
        // The type of an identifier says how it was given, not what the record is about.
        let typed = self.ends_with(&["identifier", "type", "coding"]);
        let named = self.path.last().is_some_and(|key| key == "coding" || key.ends_with("Coding"));
        !typed && (named || fields.system.is_some())
    }

    fn tier(&self) -> usize {
        if self.roots.is_empty() {
            usize::from(self.path.len() > NEAR || self.path.first().is_some_and(|key| key == "meta"))
        } else {
            2
        }
    }

    fn code(&mut self, code: Code) {
        if code.system.len().saturating_add(code.value.len()) > MAX_CODE {
            self.truncated = true;
            return;
        }
        let tier = self.tier();
        if let Some(codes) = self.codes.get_mut(tier) {
            codes.insert(code, Terms::MAX_CODES);
        }
    }

    fn date(&mut self, date: Option<DateRange>) {
        let tier = self.tier();
        if let (Some(date), Some(dates)) = (date, self.dates.get_mut(tier)) {
            dates.insert(date, Terms::MAX_DATES);
        }
    }

    fn words(&mut self, text: &str, narrative: bool) {
        let tier = if narrative { TIERS.saturating_sub(1) } else { self.tier() };
        let (Some(words), Some(used)) = (self.words.get_mut(tier), self.budget.get_mut(usize::from(narrative))) else {
            return;
        };
        let text_within = prefix(text, MAX_TEXT.saturating_sub(*used));
        if text_within.len() < text.len() {
            self.truncated = true;
        }
        *used = used.saturating_add(text_within.len());
        for word in Terms::fold(text_within) {
            words.insert(word, Terms::MAX_WORDS);
        }
    }
}

fn owned(text: Option<&Cow<'_, str>>) -> String {
    text.map(|text| text.clone().into_owned()).unwrap_or_default()
}

/// FHIR R4, 2.24.0.1: a `code` has no white space but single blanks within; those that people search by are short.
fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len()) && !text.contains(char::is_whitespace)
}

/// The longest prefix of `text` of at most `len` bytes.
fn prefix(text: &str, len: usize) -> &str {
    if text.len() <= len {
        return text;
    }
    (0..=len).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

trait UnknownCode {
    /// A security label without a code that anybody could know.
    fn unknown() -> Self;
}

impl UnknownCode for Code {
    fn unknown() -> Self {
        Self { system: String::new(), value: String::new() }
    }
}
