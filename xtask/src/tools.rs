//! Programs that the commands need, and how they are had.

use crate::place::Place;
use crate::run::{self, program};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::PathBuf;

/// A program of the operating system: its name, its Debian package, what needs it.
const SYSTEM: &[(&str, &str, &str)] = &[
    ("cc", "gcc", "compiles SQLite and AWS-LC"),
    ("c++", "g++", "compiles the fuzzing engine"),
    ("cmake", "cmake", "builds a program from the installed C library"),
    ("nm", "binutils", "lists what the C library exports"),
    ("pkg-config", "pkg-config", "builds a program from the installed C library"),
    // Also a file, by its whole path.
    ("/usr/include/sqlite3.h", "libsqlite3-dev", "is the database of the example of an EHR, and of a store in C"),
    ("/usr/include/cjson/cJSON.h", "libcjson-dev", "reads the cases that hold in every language"),
    ("valgrind", "valgrind", "watches the C library's memory"),
    ("psql", "postgresql", "runs the statements for a database that is there already"),
    ("git", "git", "lists the sources and applies guards"),
    ("npm", "npm", "fetches the FHIR examples"),
    ("readelf", "binutils", "looks at how libraries are laid out"),
    ("tar", "tar", "unpacks the FHIR examples"),
    ("javac", "default-jdk-headless", "runs the tests of the Kotlin door"),
    ("mvn", "maven", "builds the Kotlin door"),
    ("python3", "python3", "runs the second decoder and fetches DICOM examples"),
];

/// A cargo command, installed once into the cache at this version.
const CARGO: &[(&str, &str)] = &[("cargo-deny", "0.20.2"), ("cargo-fuzz", "0.13.2")];

/// Installs what is missing, or says what is missing and how to get it.
pub(crate) fn ensure_system() -> Result<()> {
    let missing: Vec<_> = SYSTEM.iter().filter(|(name, _, _)| find(name).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|(_, package, _)| *package).collect();
    if find("apt-get").is_some() && is_root() {
        run::shown(&mut program("apt-get", ["update", "--quiet"]))?;
        let mut install = program("apt-get", ["install", "--yes", "--no-install-recommends"]);
        return run::shown(install.args(&packages).env("DEBIAN_FRONTEND", "noninteractive"));
    }
    let list: Vec<String> = missing.iter().map(|(name, _, why)| format!("  {name}: {why}")).collect();
    bail!(
        "these programs are missing:\n{}\nOn Debian or Ubuntu: sudo apt-get install {}",
        list.join("\n"),
        packages.join(" ")
    )
}

/// The path of a cargo command, installed into the cache when it is not there yet.
pub(crate) fn cargo_command(place: &Place, name: &str) -> Result<PathBuf> {
    let version = CARGO
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, version)| *version)
        .with_context(|| format!("{name} has no version in xtask/src/tools.rs"))?;
    let folder = place.cache.join("tools").join(format!("{name}-{version}"));
    let path = folder.join("bin").join(name);
    if !path.is_file() {
        println!("installing {name} {version} into {}", folder.display());
        fs::create_dir_all(&folder)?;
        // They run for a second and are compiled for minutes: without optimization that is less than half as long.
        // Outside the checkout, whose settings are not the tool's; its own build output is of no further use.
        let output = place.target.join("tools");
        let mut install =
            program("cargo", ["install", "--quiet", "--locked", "--debug", "--version", version, "--root"]);
        install.arg(&folder).arg(name).current_dir(&folder).env("CARGO_TARGET_DIR", &output);
        install.env("CARGO_PROFILE_DEV_DEBUG", "0");
        run::shown(&mut install)?;
        fs::remove_dir_all(&output)?;
    }
    Ok(path)
}

/// Makes sure that the nightly toolchain is there: the fuzzing engine's instrumentation is not on stable.
pub(crate) fn ensure_nightly() -> Result<()> {
    let there = program("cargo", ["+nightly", "--version"]).output().is_ok_and(|output| output.status.success());
    if there {
        return Ok(());
    }
    run::shown(&mut program("rustup", ["toolchain", "install", "nightly", "--profile", "minimal"]))
        .context("fuzzing needs the nightly toolchain")
}

/// The first file of that name on `PATH`.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

pub(crate) fn is_root() -> bool {
    run::read(&mut program("id", ["-u"])).is_ok_and(|id| id.trim() == "0")
}
