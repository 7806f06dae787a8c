//! Resources that an export makes (FHIR R4): a `DocumentReference` for each file, and Communications for what was said.

use super::manifest::Piece;
use super::names::FILES;
use ampoule::{Author, Posted, ThreadInfo};
use serde::Serialize;
use std::collections::BTreeMap;

/// Largest `unsignedInt` of FHIR.
const MAX_SIZE: u64 = 0x7fff_ffff;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DocumentReference<'a> {
    resource_type: &'static str,
    id: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    author: [Display<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    security_label: Option<[Concept<'a>; 1]>,
    content: [Content<'a>; 1],
}

#[derive(Serialize)]
struct Content<'a> {
    attachment: Attachment<'a>,
}

/// FHIR R4, 2.24.0.2. The URL is that of the file beside the Bundle.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    content_type: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

#[derive(Serialize)]
struct Display<'a> {
    display: &'a str,
}

#[derive(Serialize)]
struct Concept<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Reference {
    reference: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Communication<'a> {
    resource_type: &'static str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    part_of: Option<[Reference; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_response_to: Option<[Reference; 1]>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<Concept<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<String>,
    sender: Display<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    payload: Vec<Payload<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    note: Vec<Note<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Payload<'a> {
    ContentString(&'a str),
    ContentReference(Reference),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Note<'a> {
    author_string: &'a str,
    text: &'a str,
}

/// A file beside the Bundle.
pub(super) fn document(piece: &Piece) -> Option<Vec<u8>> {
    debug_assert!(piece.path.starts_with(FILES), "only a file is referred to");
    let attachment = Attachment {
        content_type: &piece.media_type,
        url: &piece.path,
        size: Some(piece.length).filter(|len| *len <= MAX_SIZE),
        title: piece.name.as_deref().filter(|name| !name.is_empty()),
    };
    json(&DocumentReference {
        resource_type: "DocumentReference",
        id: &piece.id,
        status: "current",
        date: instant(piece.written_ms),
        author: [Display { display: &piece.author }],
        security_label: piece.label.as_deref().map(|text| [Concept { text }]),
        content: [Content { attachment }],
    })
}

/// The opening of a thread.
pub(super) fn opening(thread: &ThreadInfo) -> Option<Vec<u8>> {
    json(&Communication {
        resource_type: "Communication",
        id: thread.id.to_string(),
        part_of: None,
        in_response_to: None,
        status: "completed",
        topic: (!thread.subject.is_empty()).then_some(Concept { text: &thread.subject }),
        sent: instant(thread.opened_ms),
        sender: display(&thread.author),
        payload: Vec::new(),
        note: Vec::new(),
    })
}

/// A message as it stands. `references` says by what each version of an entry is referred to in this Bundle.
pub(super) fn message(posted: &Posted, references: &BTreeMap<String, String>) -> Option<Vec<u8>> {
    let of = |id: String| Reference { reference: format!("Communication/{id}") };
    let text = (!posted.text.is_empty()).then_some(Payload::ContentString(&posted.text));
    let attached = posted.attachments.iter().filter_map(|attached| references.get(&attached.version.to_string()));
    let attached = attached.map(|reference| Payload::ContentReference(Reference { reference: reference.clone() }));
    let note = |reaction: &'_ ampoule::Reaction| (reaction.author.name.clone(), reaction.symbol.clone());
    let notes: Vec<(String, String)> = posted.reactions.iter().map(note).collect();
    json(&Communication {
        resource_type: "Communication",
        id: posted.id.to_string(),
        part_of: Some([of(posted.thread.to_string())]),
        in_response_to: posted.reply_to.map(|message| [of(message.to_string())]),
        status: "completed",
        topic: None,
        sent: instant(posted.time_ms),
        sender: display(&posted.author),
        payload: text.into_iter().chain(attached).collect(),
        note: notes.iter().map(|(by, text)| Note { author_string: by, text }).collect(),
    })
}

fn display(author: &Author) -> Display<'_> {
    Display { display: &author.name }
}

/// Texts and integers always become JSON.
fn json(resource: &impl Serialize) -> Option<Vec<u8>> {
    serde_json::to_vec(resource).ok()
}

/// Today, by the clock of this machine.
pub(super) fn today() -> Option<String> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    instant(i64::try_from(since.as_millis()).ok()?).and_then(|time| time.get(..10).map(str::to_owned))
}

/// FHIR R4, 2.24.0.1 `instant`, for what is a time of this era.
pub(super) fn instant(ms: i64) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(ms).ok()?;
    (ms >= 0).then(|| time.to_string())
}
