//! Finding records of a chart by the sealed index, checked against opening every record; and correcting one.

use crate::intake::Filled;
use crate::say::{Result, count, expect, time};
use ampoule::{Code, DateRange, Entry, EntryId, Query, Terms};
use jiff::tz::Offset;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Finds by type, code, date and word; returns the record that is to be corrected.
pub(crate) fn find(story: &Filled) -> Result<Entry> {
    let start = Instant::now();
    let all = story.chart.list()?.into_iter().map(|found| story.chart.get(&found.id));
    let all = all.collect::<std::result::Result<Vec<Entry>, _>>()?;
    let opening = start.elapsed();
    let kind = commonest(all.iter().map(|entry| &entry.record().terms().kind).filter(|kind| *kind == "Observation"))
        .or_else(|| commonest(all.iter().map(|entry| &entry.record().terms().kind).filter(|kind| !kind.is_empty())))
        .ok_or("the chart has no FHIR resource")?;
    let of_kind = || all.iter().filter(|entry| entry.record().terms().kind == *kind);

    let ask = |what: &str, query: &Query, fits: &dyn Fn(&Terms) -> bool| -> Result<()> {
        let expected: BTreeSet<EntryId> =
            all.iter().filter(|entry| fits(entry.record().terms())).map(Entry::id).collect();
        let start = Instant::now();
        let found = story.chart.find(query)?;
        let took = start.elapsed();
        println!("   {what}: {} found in {}.", count(found.entries().len()), time(took));
        let found: BTreeSet<EntryId> = found.into_iter().map(|found| found.id).collect();
        expect(!found.is_empty() && found == expected, "the index finds what opening every record finds")
    };
    ask(&format!("Every {kind}"), &Query::kind(kind), &|terms| terms.kind == *kind)?;

    let codes = || of_kind().flat_map(|entry| &entry.record().terms().codes);
    let known = |code: &&Code| ["http://loinc.org", "http://snomed.info/sct"].contains(&code.system.as_str());
    if let Some(code) = commonest(codes().filter(known)).or_else(|| commonest(codes())) {
        let query = Query::kind(kind).code(&code.system, &code.value);
        let what = format!("{kind} with code {} of {}", code.value, code.system);
        ask(&what, &query, &|terms| terms.kind == *kind && terms.codes.contains(code))?;
    }
    if let Some(latest) = of_kind().flat_map(|entry| &entry.record().terms().dates).max() {
        let (year, range) = year_of(latest)?;
        let fits = |terms: &Terms| terms.kind == *kind && terms.dates.iter().any(|date| date.overlaps(&range));
        ask(&format!("{kind} in {year}"), &Query::kind(kind).dates(range), &fits)?;
    }
    let words = all.iter().flat_map(|entry| &entry.record().terms().words);
    let plain = |word: &&String| word.len() <= 20 && word.chars().all(char::is_alphabetic);
    if let Some(word) = words.filter(plain).max_by_key(|word| word.len()) {
        ask(&format!("The word \"{word}\""), &Query::all().words(word), &|terms| terms.words.contains(word))?;
    }
    println!("   Each answer is the same as that of opening all {} records ({}).", count(all.len()), time(opening));
    let open = of_kind().find(|entry| amended(entry.content()).is_some()).or_else(|| all.first());
    Ok(open.ok_or("the chart is empty")?.clone())
}

/// Corrects a record: a new version, and the old one stays.
pub(crate) fn correct(story: &Filled, read: &Entry) -> Result<()> {
    let content = amended(read.content()).unwrap_or_else(|| read.content().to_vec());
    let mut record = ampoule_fhir::record(content.clone())?;
    if let Some(name) = read.record().name() {
        record = record.named(name);
    }
    story.chart.update_from(read, &record)?;
    println!("\n   A correction: \"status\" of one {} becomes \"amended\". Its history:", record.terms().kind);
    let history = story.chart.history(&read.id())?.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
    for (number, version) in (1..).zip(&history) {
        let at = jiff::Timestamp::from_millisecond(version.time_ms())?;
        println!("     version {number}: {at:.0}, {} bytes, signed by {}", version.content().len(), version.author());
    }
    let contents: Vec<&[u8]> = history.iter().map(Entry::content).collect();
    expect(contents == [read.content(), &content], "both versions are there")?;
    expect(story.chart.get(&read.id())?.content() == content, "the corrected version is the current one")
}

/// The resource with its status changed, and no other byte.
fn amended(content: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(content).ok()?;
    let text = text.contains("\"final\"").then(|| text.replacen("\"final\"", "\"amended\"", 1))?;
    Some(text.into_bytes())
}

fn commonest<T: Ord>(items: impl Iterator<Item = T>) -> Option<T> {
    let mut counts = BTreeMap::new();
    for item in items {
        let count: &mut u64 = counts.entry(item).or_default();
        *count = count.saturating_add(1);
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(item, _)| item)
}

/// The year in which a date begins, and the span of that year.
fn year_of(date: &DateRange) -> Result<(i16, DateRange)> {
    let year = Offset::UTC.to_datetime(jiff::Timestamp::from_second(date.start())?).year();
    let begin = |year: i16| -> Result<i64> {
        Ok(Offset::UTC.to_timestamp(jiff::civil::Date::new(year, 1, 1)?.into())?.as_second())
    };
    Ok((year, DateRange::new(begin(year)?, begin(year.saturating_add(1))?)?))
}
