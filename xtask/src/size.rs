//! How big the library is that a telephone has to fetch.

use crate::place::Place;
use crate::run::{self, program};
use anyhow::{Context, Result, ensure};
use std::fs;

/// Most bytes of the stripped library with records, files, conversations, FHIR and DICOM, built by the profile `mobile`: what it
/// has in `docs/START-MOBILE.md`, and 3 % of room.
const MOST: u64 = 8_500_000;

/// Returns how many bytes it has.
pub(crate) fn check(place: &Place) -> Result<u64> {
    // The dynamic library alone: where one for Rust is asked for beside it, cargo leaves out optimising at link time.
    let only =
        ["rustc", "--quiet", "--locked", "--profile", "mobile", "-p", "ampoule-c", "--lib", "--crate-type", "cdylib"];
    run::shown(&mut run::cargo(place, only))?;
    let folder = place.target.join("mobile");
    let (built, stripped) = (folder.join("libampoule_c.so"), folder.join("stripped.so"));
    run::shown(program("strip", ["-o"]).arg(&stripped).arg(&built))?;
    let bytes = fs::metadata(&stripped).with_context(|| format!("{} is not there", stripped.display()))?.len();
    fs::remove_file(&stripped)?;
    ensure!(bytes <= MOST, "the library has {bytes} bytes, which is more than {MOST}");
    Ok(bytes)
}
