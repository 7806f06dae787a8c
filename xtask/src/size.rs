//! How big the library is that a telephone has to fetch.

use crate::place::Place;
use crate::run;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;

/// Most bytes of the stripped library with records, files, conversations, FHIR and DICOM, built by the profile `mobile`: what it
/// has in `docs/START-MOBILE.md`, and 3 % of room.
const MOST: u64 = 7_800_000;

/// Parts of SQLite that no statement of this library uses. A static library keeps them: the program that links it may find
/// this SQLite before its own.
const SQLITE: &str = "-USQLITE_ENABLE_FTS3 -USQLITE_ENABLE_FTS3_PARENTHESIS -USQLITE_ENABLE_FTS5 -USQLITE_ENABLE_RTREE \
    -USQLITE_ENABLE_DBSTAT_VTAB -USQLITE_ENABLE_STAT4 -USQLITE_SOUNDEX -USQLITE_ENABLE_LOAD_EXTENSION \
    SQLITE_OMIT_LOAD_EXTENSION SQLITE_OMIT_JSON SQLITE_OMIT_DEPRECATED SQLITE_OMIT_SHARED_CACHE SQLITE_OMIT_PROGRESS_CALLBACK";

/// Builds the stripped dynamic library for this computer, or for another one. Returns where it is, and how many bytes it has.
pub(crate) fn build(place: &Place, target: Option<&str>) -> Result<(PathBuf, u64)> {
    // The dynamic library alone: where one for Rust is asked for beside it, cargo leaves out optimising at link time.
    let only =
        ["rustc", "--quiet", "--locked", "--profile", "mobile", "-p", "ampoule-c", "--lib", "--crate-type", "cdylib"];
    let mut cargo = run::cargo(place, only);
    let folder = match target {
        Some(target) => {
            cargo.args(["--target", target]);
            place.target.join(target)
        }
        None => place.target.clone(),
    };
    run::shown(cargo.env("LIBSQLITE3_FLAGS", SQLITE).env("CARGO_PROFILE_MOBILE_STRIP", "symbols"))?;
    let built = folder.join("mobile/libampoule_c.so");
    let bytes = fs::metadata(&built).with_context(|| format!("{} is not there", built.display()))?.len();
    Ok((built, bytes))
}

/// Returns how many bytes it has for this computer.
pub(crate) fn check(place: &Place) -> Result<u64> {
    let (_, bytes) = build(place, None)?;
    ensure!(bytes <= MOST, "the library has {bytes} bytes, which is more than {MOST}");
    Ok(bytes)
}
