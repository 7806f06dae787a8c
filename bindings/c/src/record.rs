//! What is put into a chart.

use crate::memory::{Out, bytes, text};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::{Code, DateRange, FileInfo, Label, Record, Terms};
use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// A record: bytes that the library keeps as they are, and what they are found by. It holds a copy of the bytes, which is
/// wiped when it is closed. It can be put more than once. Any thread.
pub struct ampoule_record(Mutex<Described>);

struct Described {
    record: Record,
    /// Media type and content of the preview of a file.
    preview: Option<(String, Zeroizing<Vec<u8>>)>,
}

impl ampoule_record {
    pub(crate) fn new(record: Record) -> Self {
        Self(Mutex::new(Described { record, preview: None }))
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&Record) -> T) -> T {
        work(&self.0.lock().unwrap_or_else(PoisonError::into_inner).record)
    }

    /// The same for a file, whose content comes otherwise.
    pub(crate) fn file_info(&self) -> Result<FileInfo, ampoule_status> {
        let described = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let record = &described.record;
        if !record.content().is_empty() {
            return Err(ampoule_status::InvalidLength);
        }
        let mut info = FileInfo::new(record.media_type()).with_terms(record.terms().clone());
        if let Some(name) = record.name() {
            info = info.named(name);
        }
        if let Some(label) = record.label() {
            info = info.labelled(label.clone());
        }
        if let Some((media_type, content)) = &described.preview {
            info = info.with_preview(media_type.as_str(), content);
        }
        Ok(info)
    }

    fn change(&self, change: impl FnOnce(Record) -> Record) {
        let mut described = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = std::mem::replace(&mut described.record, Record::opaque("", Vec::new()));
        described.record = change(taken);
    }

    /// Replaces all terms.
    pub(crate) fn set_terms(&self, terms: Terms) {
        self.change(|record| record.with_terms(terms));
    }

    fn change_terms(&self, change: impl FnOnce(&mut Terms)) {
        self.change(|record| {
            let mut terms = record.terms().clone();
            change(&mut terms);
            record.with_terms(terms)
        });
    }
}

/// A record of these bytes: HL7 v2 (`x-application/hl7-v2+er7`), FHIR (`application/fhir+json`), anything. Up to 16 MiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_record_new(
    media_type: *const c_char,
    media_type_len: usize,
    content: *const u8,
    content_len: usize,
    record: *mut *mut ampoule_record,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(record)?;
        let made = Record::opaque(text(media_type, media_type_len)?, bytes(content, content_len)?);
        out.write(handles::open(ampoule_record::new(made))?);
        Ok(())
    })
}

/// Keeps the record under the keys of a label, such as `psy` or `hiv`. Without one it is `general`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_record_set_label(
    record: *const ampoule_record,
    label: *const c_char,
    label_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let label = Label::new(text(label, label_len)?)?;
        handles::get(record)?.change(|record| record.labelled(label));
        Ok(())
    })
}

/// Gives the record a display name, sealed with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_record_set_name(
    record: *const ampoule_record,
    name: *const c_char,
    name_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let name = text(name, name_len)?;
        handles::get(record)?.change(|record| record.named(name));
        Ok(())
    })
}

/// What the record is, for `find`: a FHIR resource type, an HL7 v2 message type. Up to 256 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_record_set_kind(
    record: *const ampoule_record,
    kind: *const c_char,
    kind_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let kind = text(kind, kind_len)?.to_owned();
        handles::get(record)?.change_terms(|terms| terms.kind = kind);
        Ok(())
    })
}

/// A code that the record is found by: the URI of the code system, or nothing, and the code there. Up to 256 of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_record_add_code(
    record: *const ampoule_record,
    system: *const c_char,
    system_len: usize,
    code: *const c_char,
    code_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let code = Code { system: text(system, system_len)?.to_owned(), value: text(code, code_len)?.to_owned() };
        handles::get(record)?.change_terms(|terms| terms.codes.push(code));
        Ok(())
    })
}

/// When it happened: seconds since 1970, `start` included and `end` not. Up to 64 of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_record_add_dates(
    record: *const ampoule_record,
    start: i64,
    end: i64,
) -> ampoule_status {
    boundary::call(|| {
        let dates = DateRange::new(start, end)?;
        handles::get(record)?.change_terms(|terms| terms.dates.push(dates));
        Ok(())
    })
}

/// Text whose words the record is found by, whatever their case and accents. Up to 1024 words.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_record_add_text(
    record: *const ampoule_record,
    words: *const c_char,
    words_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let words = Terms::fold(text(words, words_len)?);
        handles::get(record)?.change_terms(|terms| {
            terms.words.extend(words);
            terms.words.sort_unstable();
            terms.words.dedup();
        });
        Ok(())
    })
}

/// Of a file: a small picture to be shown before the file itself, up to 256 KiB, sealed with this version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_record_set_preview(
    record: *const ampoule_record,
    media_type: *const c_char,
    media_type_len: usize,
    content: *const u8,
    content_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let preview =
            (text(media_type, media_type_len)?.to_owned(), Zeroizing::new(bytes(content, content_len)?.to_vec()));
        handles::get(record)?.0.lock().unwrap_or_else(PoisonError::into_inner).preview = Some(preview);
        Ok(())
    })
}
