//! What is looked for in a chart, and what was found.

use crate::codes::ampoule_kind;
use crate::ids::{ampoule_entry_id, ampoule_version_id};
use crate::memory::{Out, text};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::{DateRange, Matches, Query};
use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};

/// What to find: all conditions hold for one version of an entry. Any thread.
pub struct ampoule_query(Mutex<Query>);

impl ampoule_query {
    pub(crate) fn query(&self) -> Query {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(Query) -> Query) {
        let mut query = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *query = change(query.clone());
    }
}

/// Everything of a kind, as `ampoule_record_set_kind` set it; with no text, everything.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_query_new(
    kind: *const c_char,
    kind_len: usize,
    query: *mut *mut ampoule_query,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(query)?;
        let kind = text(kind, kind_len)?;
        let made = if kind.is_empty() { Query::all() } else { Query::kind(kind) };
        out.write(handles::open(ampoule_query(Mutex::new(made)))?);
        Ok(())
    })
}

/// Has this code of this code system.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_query_add_code(
    query: *const ampoule_query,
    system: *const c_char,
    system_len: usize,
    code: *const c_char,
    code_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let (system, code) = (text(system, system_len)?, text(code, code_len)?);
        handles::get(query)?.change(|query| query.code(system, code));
        Ok(())
    })
}

/// Has a date within these bounds: seconds since 1970, `start` included and `end` not. The last bounds count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_query_set_dates(query: *const ampoule_query, start: i64, end: i64) -> ampoule_status {
    boundary::call(|| {
        let dates = DateRange::new(start, end)?;
        handles::get(query)?.change(|query| query.dates(dates));
        Ok(())
    })
}

/// Has all words of a text, whatever their case and accents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_query_add_words(
    query: *const ampoule_query,
    words: *const c_char,
    words_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let words = text(words, words_len)?;
        handles::get(query)?.change(|query| query.words(words));
        Ok(())
    })
}

/// Has, for each word of a text, a word that begins with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_query_add_word_prefix(
    query: *const ampoule_query,
    words: *const c_char,
    words_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let words = text(words, words_len)?;
        handles::get(query)?.change(|query| query.word_prefix(words));
        Ok(())
    })
}

/// What was found, in order of arrival. It does not change. Any thread.
pub struct ampoule_matches(pub(crate) Matches);

/// An entry that was found.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_found {
    /// The entry.
    pub entry: ampoule_entry_id,
    /// Its current version.
    pub version: ampoule_version_id,
    /// What it is.
    pub kind: ampoule_kind,
    /// Whether it has versions that conflict.
    pub conflict: bool,
}

/// How many were found.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_matches_count(matches: *const ampoule_matches, count: *mut usize) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(matches)?.0.entries().len());
        Ok(())
    })
}

/// One of them, from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_matches_at(
    matches: *const ampoule_matches,
    place: usize,
    found: *mut ampoule_found,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(found)?;
        let matches = handles::get(matches)?;
        let found = *matches.0.entries().get(place).ok_or(ampoule_status::OutOfRange)?;
        out.write(ampoule_found {
            entry: found.id.into(),
            version: found.version.into(),
            kind: ampoule_kind::of(found.kind),
            conflict: found.conflict,
        });
        Ok(())
    })
}

/// Whether the whole chart was searched. Who was granted some labels searches those, and what is damaged is not searched.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_matches_are_complete(
    matches: *const ampoule_matches,
    complete: *mut bool,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(complete)?;
        out.write(handles::get(matches)?.0.is_complete());
        Ok(())
    })
}

/// How many entries are damaged, of those that might have been found.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_matches_damaged(matches: *const ampoule_matches, count: *mut usize) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(matches)?.0.damaged());
        Ok(())
    })
}
