//! FHIR `date`, `dateTime`, `instant` and `Period` as ranges of seconds.
//!
//! FHIR R4, 2.24.0.1 Primitive Types: a date may end after the year or the month, and a time has seconds and a zone.

use ampoule::DateRange;
use core::ops::Range;
use jiff::civil::{Date, DateTime, date};

/// 0001-01-01T00:00:00Z, where a Period without a start begins.
const FAR_PAST: i64 = -62_135_596_800;
/// 10000-01-01T00:00:00Z, where a Period without an end ends.
const FAR_FUTURE: i64 = 253_402_300_800;

const DAY: i64 = 86_400;

/// The span that `text` means, or nothing where it is no date. Dates without a zone are taken as UTC.
pub(crate) fn range(text: &str) -> Option<DateRange> {
    let span = span(text)?;
    DateRange::new(span.start, span.end).ok()
}

/// The span of a Period, from the first second of its start to the last of its end; an absent bound is open.
///
/// FHIR R4, 2.24.0.12 Period. A bound that is no date, or bounds the wrong way round, make no span.
pub(crate) fn period(start: Option<&str>, end: Option<&str>) -> Option<DateRange> {
    let bound = |text: Option<&str>| text.map(|text| span(text).ok_or(())).transpose();
    let (start, end) = (bound(start).ok()?, bound(end).ok()?);
    if start.is_none() && end.is_none() {
        return None;
    }
    DateRange::new(start.map_or(FAR_PAST, |span| span.start), end.map_or(FAR_FUTURE, |span| span.end)).ok()
}

/// Whether `text` is a `date`: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, and one of the calendar's.
pub(crate) fn is_date(text: &str) -> bool {
    !text.contains('T') && span(text).is_some()
}

fn span(text: &str) -> Option<Range<i64>> {
    match text.split_once('T') {
        None => days(text),
        Some((day, time)) => instant(day, time),
    }
}

fn days(text: &str) -> Option<Range<i64>> {
    let (first, last) = match text.len() {
        4 => {
            let first = Date::new(year(text)?, 1, 1).ok()?;
            (first, first.last_of_year())
        }
        7 => {
            let (year_text, month) = text.split_once('-')?;
            let first = Date::new(year(year_text)?, two(month)?, 1).ok()?;
            (first, first.last_of_month())
        }
        10 => {
            let first = day(text)?;
            (first, first)
        }
        _ => return None,
    };
    let start = seconds(first.at(0, 0, 0, 0));
    // The day after 9999-12-31 is none of the calendar's, so the end is counted from the last day's start.
    Some(start..seconds(last.at(0, 0, 0, 0)).checked_add(DAY)?)
}

fn instant(day_text: &str, time: &str) -> Option<Range<i64>> {
    let clock_len = time.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(clock_len)?;
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let mut parts = clock.split(':');
    let (hour, minute) = (two(parts.next()?)?, two(parts.next()?)?);
    // FHIR wants seconds; whole minutes are common in what people write, and mean the minute.
    let (second, length) = match (parts.next(), fraction) {
        (Some(second), _) => (two(second)?, 1),
        (None, None) => (0, 60),
        (None, Some(_)) => return None,
    };
    let digits = fraction.is_none_or(|f| !f.is_empty() && f.bytes().all(|b| b.is_ascii_digit()));
    if parts.next().is_some() || !digits {
        return None;
    }
    let day = day(day_text)?;
    // A leap second is the second before it, as in POSIX time.
    let second = if second == 60 { 59 } else { second };
    let local = DateTime::new(day.year(), day.month(), day.day(), hour, minute, second, 0).ok()?;
    let start = seconds(local).checked_sub(offset(zone)?)?;
    Some(start..start.checked_add(length)?)
}

/// Seconds east of UTC: `Z`, `+hh:mm`, `-hh:mm` up to 14 hours, or nothing for UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone == "Z" {
        return Some(0);
    }
    let (sign, clock) = match zone.split_at_checked(1)? {
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let (hours, minutes) = clock.split_once(':')?;
    let (hours, minutes) = (i64::from(two(hours)?), i64::from(two(minutes)?));
    let seconds = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?;
    (minutes < 60 && seconds <= 14 * 3600).then_some(seconds)?.checked_mul(sign)
}

fn day(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Date::new(year(y)?, two(m)?, two(d)?).ok()
}

fn year(text: &str) -> Option<i16> {
    digits(text, 4)?.parse().ok().filter(|year| *year > 0)
}

fn two(text: &str) -> Option<i8> {
    digits(text, 2)?.parse().ok()
}

fn digits(text: &str, len: usize) -> Option<&str> {
    (text.len() == len && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

/// Seconds from 1970 to `local`, were it UTC.
fn seconds(local: DateTime) -> i64 {
    local.duration_since(date(1970, 1, 1).at(0, 0, 0, 0)).as_secs()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    use super::*;

    fn bounds(text: &str) -> Option<(i64, i64)> {
        range(text).map(|range| (range.start(), range.end()))
    }

    #[test]
    fn a_partial_date_is_its_whole_span() {
        // From `date -u -d ... +%s`.
        assert_eq!(bounds("2015"), Some((1_420_070_400, 1_451_606_400)));
        assert_eq!(bounds("2015-02"), Some((1_422_748_800, 1_425_168_000)));
        assert_eq!(bounds("2015-02-07"), Some((1_423_267_200, 1_423_353_600)));
        assert_eq!(bounds("1970-01-01"), Some((0, DAY)));
    }

    #[test]
    fn leap_years_are_the_calendars() {
        let days = |text| bounds(text).map(|(start, end)| (end - start) / DAY);
        assert_eq!(days("2023-02"), Some(28));
        assert_eq!(days("2024-02"), Some(29));
        assert_eq!(days("1900-02"), Some(28));
        assert_eq!(days("2000"), Some(366));
        assert_eq!(days("2024-02-29"), Some(1));
        assert_eq!(days("2023-02-29"), None);
        assert_eq!(days("2023-04-31"), None);
    }

    #[test]
    fn a_zone_moves_an_instant() {
        assert_eq!(bounds("2015-02-07T13:28:17.239+02:00"), Some((1_423_308_497, 1_423_308_498)));
        assert_eq!(bounds("2015-02-07T11:28:17Z"), Some((1_423_308_497, 1_423_308_498)));
        assert_eq!(bounds("2015-02-07T04:28:17-07:00"), bounds("2015-02-07T11:28:17Z"));
        assert_eq!(bounds("2016-12-31T23:59:60Z"), bounds("2016-12-31T23:59:59Z"));
        assert_eq!(bounds("2015-02-07T11:28Z"), Some((1_423_308_480, 1_423_308_540)));
    }

    #[test]
    fn the_calendar_ends_are_within_range() {
        assert_eq!(bounds("0001-01-01").map(|b| b.0), Some(FAR_PAST));
        assert_eq!(bounds("9999").map(|b| b.1), Some(FAR_FUTURE));
        assert_eq!(bounds("9999-12-31").map(|b| b.1), Some(FAR_FUTURE));
        assert!(bounds("9999-12-31T23:59:59-14:00").is_some());
    }

    #[test]
    fn what_is_no_date_makes_no_range() {
        for text in [
            "",
            "15",
            "0000",
            "2015-2",
            "2015-13",
            "2015-00",
            "2015-02-30",
            "20150207",
            "2015-02-07T",
            "2015-02-07T25:00:00Z",
            "2015-02-07T12:60:00Z",
            "2015-02-07T12:00:61Z",
            "2015-02-07T12:00:00+15:00",
            "2015-02-07T12:00:00+02:60",
            "2015-02-07T12:00:00 Z",
            "2015-02T12:00:00Z",
            "2015-02-07T12:00:00.Z",
            "2015-02-07T12:00.5Z",
            "2015-02-07T12:00:00:00Z",
            "-2015-01-01",
            "２０１５",
            "2015-02-07t12:00:00Z",
            "+201-01-01",
        ] {
            assert_eq!(bounds(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_period_may_be_open() {
        let bounds = |start, end| period(start, end).map(|range| (range.start(), range.end()));
        assert_eq!(bounds(Some("2015-02"), Some("2015-03")), Some((1_422_748_800, 1_427_846_400)));
        assert_eq!(bounds(Some("2015"), None), Some((1_420_070_400, FAR_FUTURE)));
        assert_eq!(bounds(None, Some("2015")), Some((FAR_PAST, 1_451_606_400)));
        assert_eq!(bounds(None, None), None);
        assert_eq!(bounds(Some("2016"), Some("2015")), None);
        assert_eq!(bounds(Some("soon"), Some("2015")), None);
    }
}
