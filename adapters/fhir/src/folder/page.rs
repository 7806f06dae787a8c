//! `index.html`: the folder for a person, in any browser and without a network.
//!
//! Everything in it is escaped by the templates, and a policy forbids scripts, and anything that is not in the page itself.

use super::{FolderError, LeftOut, digest};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

/// Longest resource that is shown in the page itself, in bytes. Longer ones are in the Bundle.
const MAX_SHOWN: u64 = 64 << 10;

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\
table{border-collapse:collapse;width:100%}td,th{border-top:1px solid #999;padding:.3em;text-align:left;vertical-align:top}\
pre{white-space:pre-wrap;overflow-wrap:anywhere}.mark{font-weight:bold}";

/// Under which heading something stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Patient,
    Resources(String),
    Records,
    Files,
    /// By the number of the thread, with its subject.
    Thread(usize, String),
}

/// Something that the page shows.
#[derive(Default)]
pub(super) struct Row {
    pub(super) date: Option<String>,
    pub(super) title: String,
    pub(super) value: Option<String>,
    pub(super) author: String,
    pub(super) label: Option<String>,
    /// What is to be said of it.
    pub(super) marks: Vec<&'static str>,
    /// A file beside the page: a safe name, made here.
    pub(super) link: Option<String>,
    /// Where its text stands in the Bundle.
    pub(super) text: Option<(u64, u64)>,
}

/// All that the page shows.
#[derive(Default)]
pub(super) struct Page {
    pub(super) patient: Option<String>,
    pub(super) made: Option<String>,
    pub(super) sections: BTreeMap<Section, Vec<Row>>,
}

impl Page {
    pub(super) fn add(&mut self, section: Section, row: Row) {
        self.sections.entry(section).or_default().push(row);
    }

    pub(super) fn write(mut self, to: File, bundle: &mut File, left_out: &LeftOut) -> Result<(), FolderError> {
        let mut to = BufWriter::new(to);
        let mut put = |markup: &Markup| to.write_all(markup.0.as_bytes()).map_err(FolderError::write);
        put(&html! { (DOCTYPE) })?;
        put(&PreEscaped("<html lang=\"en\">".into()))?;
        put(&head())?;
        put(&PreEscaped("<body>".into()))?;
        put(&self.about(left_out))?;
        for (section, rows) in &mut self.sections {
            // Newest first; what was said, as it was said.
            match section {
                Section::Thread(..) => rows.sort_by(|one, other| one.date.cmp(&other.date)),
                _ => rows.sort_by(|one, other| other.date.cmp(&one.date)),
            }
            put(&html! { h2 { (section.title()) " (" (rows.len()) ")" } })?;
            put(&PreEscaped("<table>".into()))?;
            put(&html! { tr { th { "Date" } th { "What" } th { "By" } th { "Label" } } })?;
            for row in rows {
                put(&row.markup(bundle)?)?;
            }
            put(&PreEscaped("</table>".into()))?;
        }
        put(&PreEscaped("</body></html>".into()))?;
        let file = to.into_inner().map_err(|error| FolderError::write(error.into_error()))?;
        file.sync_all().map_err(FolderError::write)
    }

    fn about(&self, left_out: &LeftOut) -> Markup {
        let LeftOut { labels_not_granted, unreadable, content_not_here, kept_apart } = left_out;
        html! {
            h1 { "Health record" @if let Some(patient) = &self.patient { ": " bdi { (shown(patient)) } } }
            @if let Some(made) = &self.made { p { "Written on " (made) "." } }
            p {
                "This folder is not encrypted: whoever has it can read it. The same is in "
                a href="bundle.json" { "bundle.json" } " as a FHIR Bundle, for software; the files are in the folder "
                a href="files/" { "files" } ". A file whose name ends in .bin may be a program or a web page: open it only if you know \
                what it is."
            }
            @if left_out.is_nothing() {
                p { "Nothing was left out." }
            } @else {
                h2 { "Left out" }
                ul {
                    @if *labels_not_granted > 0 {
                        li { "Whatever has one of " (labels_not_granted) " labels that whoever wrote this folder was not granted. \
                              Nobody can tell from here whether there is anything." }
                    }
                    @if *unreadable > 0 { li { (unreadable) " entries that are damaged, or were written by newer software." } }
                    @if *content_not_here > 0 { li { (content_not_here) " files whose content was not at hand." } }
                    @if *kept_apart > 0 { li { (kept_apart) " versions by people whose access had ended, which nobody let in." } }
                }
            }
        }
    }
}

fn head() -> Markup {
    let policy =
        format!("default-src 'none'; style-src {}; base-uri 'none'; form-action 'none'", digest::for_policy(STYLE));
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="referrer" content="no-referrer";
            meta name="viewport" content="width=device-width";
            title { "Health record" }
            style { (PreEscaped(STYLE)) }
        }
    }
}

impl Section {
    fn title(&self) -> Markup {
        match self {
            Self::Patient => html! { "Patient" },
            Self::Resources(kind) => html! { bdi { (shown(kind)) } },
            Self::Records => html! { "Documents in other formats" },
            Self::Files => html! { "Files" },
            Self::Thread(_, subject) => html! { "Messages: " bdi { (shown(subject)) } },
        }
    }
}

impl Row {
    fn markup(&self, bundle: &mut File) -> Result<Markup, FolderError> {
        let text = match self.text {
            Some((offset, len)) if len <= MAX_SHOWN => Some(read(bundle, offset, len)?),
            _ => None,
        };
        Ok(html! {
            tr {
                td { (self.date.as_deref().unwrap_or("no date")) }
                td {
                    @match &self.link {
                        Some(link) => a href=(link) { bdi { (shown(&self.title)) } },
                        None => bdi { (shown(&self.title)) },
                    }
                    @if let Some(value) = &self.value { ": " bdi { (shown(value)) } }
                    @for mark in &self.marks { " " span class="mark" { "(" (mark) ")" } }
                    @if let Some(text) = &text { details { summary { "all of it" } pre { (shown(text)) } } }
                    @else if self.text.is_some() { " (long; in bundle.json)" }
                }
                td { bdi { (shown(&self.author)) } }
                td { @if let Some(label) = &self.label { (label) } }
            }
        })
    }
}

fn read(bundle: &mut File, offset: u64, len: u64) -> Result<String, FolderError> {
    let mut bytes = Vec::new();
    bundle.seek(SeekFrom::Start(offset)).map_err(FolderError::read)?;
    bundle.take(len).read_to_end(&mut bytes).map_err(FolderError::read)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A text without what turns the direction of writing or cannot be seen: `exe.png` is not to look like another name.
fn shown(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
            || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
