//! Whether the contents that a chart describes are here and whole.

use super::{Described, blobs};
use crate::error::Error;
use crate::vault::Inner;
use crate::vault::verify::{Finding, NotHere, Report};

/// Reads a content to its end, each byte checked, and reports what is wrong with it. `go_on` is asked with each piece.
pub(in crate::vault) fn check(
    inner: &Inner,
    content: &Described,
    report: &mut Report,
    go_on: impl FnMut() -> Result<(), Error>,
) -> Result<(), Error> {
    let (chart, entry, version) = (content.place.chart, content.entry, content.version);
    let source = match blobs(inner) {
        Ok(blobs) => content.open(&*blobs)?,
        Err(Error::NoPlaceForFiles) => None,
        Err(error) => return Err(error),
    };
    match source {
        Some(source) => {
            report.files = report.files.saturating_add(1);
            if !content.is_whole(inner, source, go_on)? {
                report.findings.push(Finding::DamagedContent { chart, entry, version });
            }
        }
        // It was here when it was written. What somebody else wrote is had from him, be it for the first time or again.
        None if content.own => report.findings.push(Finding::MissingContent { chart, entry, version }),
        None => report.not_here.push(NotHere::Content { chart, entry, version }),
    }
    Ok(())
}
