//! Writing a folder.

use super::digest::{self, Digesting};
use super::draft::Draft;
use super::manifest::{BUNDLE, Is, MANIFEST, Manifest, Piece, TermsJson};
use super::names::{FILES, file_name};
use super::page::{Page, Row, Section};
use super::steps::Steps;
use super::{Exported, FolderError, made, readable};
use crate::{MEDIA_TYPE, Resource, patient};
use ampoule::{Acceptance, Chart, Entry, Error, Kind, NotHere, Posted, Revision};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Messages that are read at once.
const MESSAGES: usize = 64;
/// Most characters of a message that stand in its line; all of it is below.
const MAX_SAID: usize = 2000;
/// Longest resource of which more is shown than its kind, in bytes.
const MAX_READABLE: usize = 1 << 20;

pub(super) fn export(chart: &Chart, reason: &str, to: &Path, steps: Steps<'_>) -> Result<Exported, FolderError> {
    let draft = Draft::begin(to)?;
    chart.note_export(reason)?;
    let mut export = Export {
        chart,
        steps,
        draft: &draft,
        bundle: Bundle::begin(draft.create(BUNDLE)?)?,
        manifest: Manifest::new(chart.id().to_string()),
        page: Page::default(),
        references: BTreeMap::new(),
        files: 0,
        done: Exported::default(),
    };
    export.entries()?;
    export.threads()?;
    export.left_out()?;
    let done = export.finish()?;
    draft.keep()?;
    Ok(done)
}

/// A folder that is being filled.
struct Export<'a, 'b> {
    chart: &'a Chart,
    steps: Steps<'b>,
    draft: &'a Draft,
    bundle: Bundle,
    manifest: Manifest,
    page: Page,
    /// By what each version is referred to within the Bundle.
    references: BTreeMap<String, String>,
    files: usize,
    done: Exported,
}

impl Export<'_, '_> {
    /// Records and files, all versions of each that nobody has replaced.
    fn entries(&mut self) -> Result<(), FolderError> {
        let all = self.chart.list()?;
        self.done.left_out.unreadable = u64::try_from(all.damaged()).unwrap_or(u64::MAX);
        for found in all.into_iter().filter(|found| found.kind != Kind::Message) {
            let Some(entry) = self.readable(self.chart.get(&found.id))? else { continue };
            let others = entry.conflicts().to_vec();
            self.entry(&entry, !others.is_empty())?;
            for other in others {
                if let Some(other) = self.readable(self.chart.version(&other))?
                    && !other.is_deleted()
                {
                    self.entry(&other, true)?;
                }
            }
        }
        Ok(())
    }

    /// What can be read; what cannot is counted, and does not keep the rest from the patient.
    fn readable<T>(&mut self, read: Result<T, Error>) -> Result<Option<T>, FolderError> {
        match read {
            Ok(read) => Ok(Some(read)),
            // Deleted meanwhile.
            Err(Error::UnknownEntry) => Ok(None),
            Err(Error::ContentNotHere) => {
                add(&mut self.done.left_out.content_not_here);
                Ok(None)
            }
            Err(Error::Unopenable { .. } | Error::NewerFormat | Error::Quarantined) => {
                add(&mut self.done.left_out.unreadable);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn entry(&mut self, entry: &Entry, conflict: bool) -> Result<(), FolderError> {
        if entry.kind() == Kind::File {
            return self.file(entry, conflict);
        }
        let is_fhir = entry.record().media_type().strip_prefix(MEDIA_TYPE);
        let resource = is_fhir.filter(|rest| rest.is_empty() || rest.starts_with(';'));
        match resource.map(|_| Resource::parse(entry.content())) {
            Some(Ok(resource)) => self.resource(entry, &resource, conflict),
            _ => self.record(entry, conflict),
        }
    }

    fn resource(&mut self, entry: &Entry, resource: &Resource, conflict: bool) -> Result<(), FolderError> {
        let (content, id) = (entry.content(), entry.version().to_string());
        let offset = self.bundle.add(content)?;
        if let Some(logical) = resource.id() {
            self.references.insert(id.clone(), format!("{}/{logical}", resource.kind()));
        }
        let (length, sha256) = (len_of(content), digest::of(content));
        self.manifest.pieces.push(Piece { offset, length, sha256, ..piece(entry, id, Is::Resource, BUNDLE, conflict) });
        add(&mut self.done.records);
        let (title, value) = if content.len() <= MAX_READABLE { readable::of(content) } else { (None, None) };
        let section = if resource.kind() == "Patient" {
            let names = patient(content).map(|patient| patient.names).unwrap_or_default();
            self.page.patient = self.page.patient.take().or_else(|| names.into_iter().next());
            Section::Patient
        } else {
            Section::Resources(resource.kind().to_owned())
        };
        let date = resource.terms().dates.first().and_then(|date| readable::day(*date));
        let title = title.or_else(|| entry.record().name().map(str::to_owned));
        let title = title.unwrap_or_else(|| resource.kind().to_owned());
        self.page.add(section, Row { date, title, value, text: Some((offset, length)), ..row(entry, conflict) });
        Ok(self.steps.add(length)?)
    }

    /// A record in another format, as a file of its own.
    fn record(&mut self, entry: &Entry, conflict: bool) -> Result<(), FolderError> {
        let path = self.next_path(entry);
        let mut file = self.draft.create(&path)?;
        file.write_all(entry.content()).and_then(|()| file.sync_all()).map_err(FolderError::write)?;
        let piece = piece(entry, entry.version().to_string(), Is::Record, &path, conflict);
        let (length, sha256) = (len_of(entry.content()), digest::of(entry.content()));
        add(&mut self.done.records);
        self.beside(entry, Piece { length, sha256, ..piece }, Section::Records)?;
        Ok(self.steps.add(length)?)
    }

    fn file(&mut self, entry: &Entry, conflict: bool) -> Result<(), FolderError> {
        let opened = self.chart.file_version(&entry.version());
        let Some(mut reader) = self.readable(opened)? else { return Ok(()) };
        let path = self.next_path(entry);
        let mut to = Digesting::new(self.draft.create(&path)?);
        reader.copy_to(&mut to, |written| self.steps.within(written))?;
        let (file, length, sha256) = to.end();
        file.sync_all().map_err(FolderError::write)?;
        let piece = piece(entry, entry.version().to_string(), Is::File, &path, conflict);
        add(&mut self.done.files);
        self.beside(entry, Piece { length, sha256, ..piece }, Section::Files)?;
        Ok(self.steps.add(length)?)
    }

    /// Tells of a file beside the Bundle.
    fn beside(&mut self, entry: &Entry, piece: Piece, section: Section) -> Result<(), FolderError> {
        self.references.insert(piece.id.clone(), format!("DocumentReference/{}", piece.id));
        self.bundle.add(&made::document(&piece).unwrap_or_default())?;
        let title = entry.record().name().filter(|name| !name.is_empty()).unwrap_or(&piece.media_type).to_owned();
        let date = made::instant(piece.written_ms).and_then(|time| time.get(..10).map(str::to_owned));
        let row = Row { date, title, link: Some(piece.path.clone()), ..row(entry, piece.conflict) };
        self.page.add(section, row);
        self.manifest.pieces.push(Piece { terms: TermsJson::of(entry.record().terms()), ..piece });
        Ok(())
    }

    fn next_path(&mut self, entry: &Entry) -> String {
        self.files = self.files.saturating_add(1);
        format!("{FILES}/{}", file_name(self.files, entry.record().name(), entry.record().media_type()))
    }

    /// What was said, thread by thread.
    fn threads(&mut self) -> Result<(), FolderError> {
        for (number, info) in self.chart.threads()?.into_iter().enumerate() {
            let Some(info) = self.readable(info)? else { continue };
            let label = self.readable(self.chart.get(&info.id))?.and_then(|opening| label_of(&opening));
            let opening = Said {
                id: info.id.to_string(),
                author: &info.author.name,
                time_ms: info.opened_ms,
                label: label.clone(),
            };
            self.said(&opening, &made::opening(&info).unwrap_or_default())?;
            let section = Section::Thread(number, info.subject);
            let thread = self.chart.thread(&info.id)?;
            let mut page = thread.last(MESSAGES)?;
            while !page.is_empty() {
                let first = page.iter().flatten().next().cloned();
                for posted in page {
                    let Some(posted) = self.readable(posted)? else { continue };
                    self.message(&posted, &section, label.clone())?;
                }
                page = match first {
                    Some(first) => thread.before(&first, MESSAGES)?,
                    // None of them opens: no place to go on from.
                    None => Vec::new(),
                };
            }
        }
        Ok(())
    }

    fn message(&mut self, posted: &Posted, section: &Section, label: Option<String>) -> Result<(), FolderError> {
        if posted.revision == Revision::Deleted {
            return Ok(());
        }
        let (id, author) = (posted.id.to_string(), &*posted.author.name);
        let said = Said { id, author, time_ms: posted.time_ms, label: label.clone() };
        let text = self.said(&said, &made::message(posted, &self.references).unwrap_or_default())?;
        add(&mut self.done.messages);
        let mut marks = marks_of(posted.acceptance);
        marks.extend((posted.revision == Revision::Edited).then_some("changed by its author"));
        marks.extend(posted.gap.then_some("something that its author had seen is not here"));
        let title =
            if posted.text.is_empty() { "(no text)".into() } else { readable::shortened(&posted.text, MAX_SAID) };
        let (date, author) = (made::instant(posted.time_ms), author.to_owned());
        let more = !posted.attachments.is_empty() || (title != posted.text && !posted.text.is_empty());
        let text = more.then_some(text);
        self.page.add(section.clone(), Row { date, title, author, label, marks, text, ..Row::default() });
        Ok(())
    }

    /// Puts a Communication into the Bundle. Returns where it stands.
    fn said(&mut self, said: &Said<'_>, resource: &[u8]) -> Result<(u64, u64), FolderError> {
        let (offset, length) = (self.bundle.add(resource)?, len_of(resource));
        self.manifest.pieces.push(Piece {
            id: said.id.clone(),
            is: Is::Message,
            path: BUNDLE.into(),
            offset,
            length,
            sha256: digest::of(resource),
            media_type: MEDIA_TYPE.into(),
            name: None,
            label: said.label.clone(),
            author: said.author.to_owned(),
            written_ms: said.time_ms,
            conflict: false,
            terms: None,
        });
        self.steps.add(length)?;
        Ok((offset, length))
    }

    fn left_out(&mut self) -> Result<(), FolderError> {
        let left_out = &mut self.done.left_out;
        for not_here in self.chart.not_here()? {
            if let NotHere::OutsideScope { labels, .. } = not_here {
                left_out.labels_not_granted = labels;
            }
        }
        let apart = self.chart.quarantined()?;
        let apart = apart.iter().filter(|version| version.acceptance == Acceptance::Quarantined).count();
        left_out.kept_apart = u64::try_from(apart).unwrap_or(u64::MAX);
        Ok(())
    }

    fn finish(mut self) -> Result<Exported, FolderError> {
        let mut bundle = self.bundle.finish()?;
        let mut list = self.draft.create(MANIFEST)?;
        let json = self.manifest.to_json()?;
        list.write_all(&json).and_then(|()| list.sync_all()).map_err(FolderError::write)?;
        self.page.made = made::today();
        self.page.write(self.draft.create("index.html")?, &mut bundle, &self.done.left_out)?;
        Ok(self.done)
    }
}

/// What is said of a message, or of the opening of a thread.
struct Said<'a> {
    id: String,
    author: &'a str,
    time_ms: i64,
    label: Option<String>,
}

/// A Bundle of type `collection` (FHIR R4, 2.36.3) that is written as its entries come. They have no `fullUrl`, so that references
/// between them stay as they are.
struct Bundle {
    to: BufWriter<File>,
    len: u64,
    empty: bool,
}

impl Bundle {
    fn begin(file: File) -> Result<Self, FolderError> {
        let mut bundle = Self { to: BufWriter::new(file), len: 0, empty: true };
        bundle.put(br#"{"resourceType":"Bundle","type":"collection""#)?;
        Ok(bundle)
    }

    /// Adds a resource, and says where its bytes begin.
    fn add(&mut self, resource: &[u8]) -> Result<u64, FolderError> {
        self.put(if self.empty { br#","entry":[{"resource":"# } else { br#",{"resource":"# })?;
        self.empty = false;
        let offset = self.len;
        self.put(resource)?;
        self.put(b"}")?;
        Ok(offset)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FolderError> {
        self.to.write_all(bytes).map_err(FolderError::write)?;
        self.len = self.len.saturating_add(len_of(bytes));
        Ok(())
    }

    fn finish(mut self) -> Result<File, FolderError> {
        self.put(if self.empty { b"}" } else { b"]}" })?;
        let file = self.to.into_inner().map_err(io::IntoInnerError::into_error).map_err(FolderError::write)?;
        file.sync_all().map_err(FolderError::write)?;
        Ok(file)
    }
}

/// What is said of a version; where it is, the caller fills in.
fn piece(entry: &Entry, id: String, is: Is, path: &str, conflict: bool) -> Piece {
    let record = entry.record();
    Piece {
        id,
        is,
        path: path.to_owned(),
        offset: 0,
        length: 0,
        sha256: String::new(),
        media_type: record.media_type().to_owned(),
        name: record.name().map(str::to_owned),
        label: label_of(entry),
        author: entry.author().to_owned(),
        written_ms: entry.time_ms(),
        conflict,
        terms: None,
    }
}

fn row(entry: &Entry, conflict: bool) -> Row {
    let mut marks = marks_of(entry.acceptance());
    marks.extend(conflict.then_some("two versions, nobody has decided between them"));
    Row { author: entry.author().to_owned(), label: label_of(entry), marks, ..Row::default() }
}

fn label_of(entry: &Entry) -> Option<String> {
    entry.record().label().map(ToString::to_string)
}

fn marks_of(acceptance: Acceptance) -> Vec<&'static str> {
    match acceptance {
        Acceptance::Usual => Vec::new(),
        Acceptance::Late => vec!["came late"],
        Acceptance::Adopted => vec!["let in after its author's access had ended"],
        _ => vec!["disputed: its author's access had ended"],
    }
}

fn len_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}
