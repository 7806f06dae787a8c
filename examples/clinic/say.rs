//! What a visitor reads: headings, counts, speeds, and the check that every claim goes through.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;
use std::time::Duration;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A claim that must hold: where it does not, the program ends with an error.
pub(crate) fn expect(holds: bool, claim: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(format!("this did not hold: {claim}").into()) }
}

/// The error that something ended with, and nothing else.
pub(crate) fn refusal<T, E>(result: std::result::Result<T, E>, what: &str) -> Result<E> {
    match result {
        Ok(_) => Err(format!("this was not refused: {what}").into()),
        Err(error) => Ok(error),
    }
}

pub(crate) fn heading(number: u32, text: &str) {
    println!("\n{number}. {text}\n");
}

/// `1,234,567`.
pub(crate) fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes as MB or kB, with one decimal.
pub(crate) fn size(bytes: u64) -> String {
    let (unit, name) = if bytes >= 1_000_000 { (1_000_000, "MB") } else { (1000, "kB") };
    tenths(bytes.saturating_mul(10).checked_div(unit).unwrap_or_default(), name)
}

/// Records and megabytes in a second.
pub(crate) fn speed(records: u64, bytes: u64, took: Duration) -> String {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let a_second = records.saturating_mul(1_000_000).checked_div(micros).unwrap_or_default();
    // Bytes in a microsecond are megabytes in a second.
    let rate = bytes.saturating_mul(10).checked_div(micros).unwrap_or_default();
    format!("{} records/s, {}", count(a_second), tenths(rate, "MB/s"))
}

/// A time as a person would say it.
pub(crate) fn time(took: Duration) -> String {
    if took.as_secs() >= 10 {
        format!("{:.0} s", took.as_secs_f64())
    } else if took.as_millis() >= 100 {
        format!("{:.1} s", took.as_secs_f64())
    } else if took.as_millis() >= 1 {
        format!("{} ms", took.as_millis())
    } else {
        format!("{} µs", took.as_micros())
    }
}

/// A bar where somebody watches, nothing in a log.
pub(crate) fn progress(length: u64, what: &str) -> Result<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let style = ProgressStyle::with_template("   {msg} {wide_bar} {bytes}/{total_bytes}, {eta} left")?;
    Ok(ProgressBar::new(length).with_style(style).with_message(what.to_owned()))
}

fn tenths(number: u64, unit: &str) -> String {
    let (whole, rest) = (number.checked_div(10).unwrap_or_default(), number.checked_rem(10).unwrap_or_default());
    format!("{}.{rest} {unit}", count(whole))
}
