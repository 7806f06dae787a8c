//! A clinic's charts in an encrypted vault, from the first record to the lost key.
//!
//! ```text
//!  FHIR files ──► clinic's vault (SQLite) ── one label, by a bundle ──► Dr. Lee's vault (SQLite)
//!                      │
//!                      └── a new process, with the recovery words ──► every byte compared
//! ```
//!
//! `cargo run --release --example clinic` uses the synthetic chart in `examples/data`; `-- --fhir PATH` uses a folder of
//! JSON files, a Bundle or NDJSON. It needs no server, leaves nothing behind, and ends with an error where anything that
//! it says does not hold.

mod check;
mod find;
mod intake;
mod reveal;
mod say;
mod sharing;
mod source;
mod talk;

use ampoule::{Error, FactorKind, PatientQuery, Recovery, SqliteStore, Unlock, UnlockError, Vault};
use clap::{Parser, Subcommand};
use intake::{Filled, Totals};
use say::{Result, count, expect, heading, refusal, size, speed, time};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Keeps FHIR records in an encrypted vault, shares one label of a chart, takes it back, and survives the loss of a key.
#[derive(Parser)]
#[command(name = "clinic")]
struct Args {
    /// A folder of JSON files, a Bundle or NDJSON, instead of the synthetic chart that ships with this example
    #[arg(long, value_name = "PATH")]
    fhir: Option<PathBuf>,
    /// A new folder to keep the vaults in, instead of a temporary one
    #[arg(long, value_name = "PATH")]
    keep: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Step>,
}

#[derive(Subcommand)]
enum Step {
    /// Opens a vault with the recovery words on standard input and compares it with the files
    #[command(name = check::COMMAND, hide = true)]
    Compare { database: PathBuf },
}

/// Names on the two cards.
const CLINIC: &str = "Riverside Clinic";
const SPECIALIST: &str = "Dr. Lee";

fn main() -> ExitCode {
    let args = Args::parse();
    let shipped = || Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join("data");
    let data = args.fhir.unwrap_or_else(shipped);
    let done = match args.command {
        Some(Step::Compare { database }) => check::compare(&database, &data),
        None => in_folder(&data, args.keep.as_deref()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn in_folder(data: &Path, keep: Option<&Path>) -> Result<()> {
    if let Some(folder) = keep {
        fs::create_dir(folder).map_err(|error| format!("{} cannot be created: {error}", folder.display()))?;
        story(data, folder)?;
        println!("\nAll of this held. The vaults are in {}.", folder.display());
    } else {
        let folder = tempfile::tempdir()?;
        story(data, folder.path())?;
        folder.close()?;
        println!("\nAll of this held. The vaults were in a temporary folder and are gone.");
    }
    Ok(())
}

fn story(data: &Path, folder: &Path) -> Result<()> {
    let database = folder.join("clinic.db");
    let files = source::files(data)?;

    heading(1, "Two vaults");
    let device_key = fresh_key()?;
    let unlock = Unlock::device_key(&device_key);
    let (clinic, code) = Vault::create(SqliteStore::open(&database)?, CLINIC, &unlock, &Recovery::code())?;
    let words = code.ok_or("no recovery code was drawn")?.to_words();
    println!(
        "   The clinic has one SQLite file. This device's key opens it, and so does this recovery code, to be printed:\n"
    );
    words.lines().for_each(|line| println!("      {line}"));
    let lee = sharing::specialist(&folder.join("dr-lee.db"))?;
    let (lee_at_clinic, clinic_at_lee) = sharing::acquaint(&clinic, &lee)?;

    heading(2, "Records go in");
    let (charts, totals) = intake::seal(&clinic, &files)?;
    tell_intake(&charts, &totals);
    let Some(story) = charts.iter().skip(1).max_by_key(|filled| filled.records.len()) else {
        return Err(format!("{} names no patient, so there is no chart to show", data.display()).into());
    };

    heading(3, "Records are found, corrected and shared");
    find_patient(&clinic, story)?;
    let observed = find::find(story)?;
    find::correct(story, &observed)?;
    let parties = sharing::Parties { clinic: &clinic, lee: &lee, lee_at_clinic, clinic_at_lee };
    sharing::share_and_take_back(&parties, story, folder)?;

    heading(4, "They talk about it");
    talk::consult(&parties, story)?;

    heading(5, "The device is lost");
    drop((clinic, charts));
    let clinic = recover(&database, &device_key, &words)?;
    drop((clinic, lee));

    heading(6, "What the database file reveals");
    println!(
        "   clinic.db has {} for {} of records. Who takes it can count rows and bytes:\n",
        size(reveal::bytes(&database)?),
        size(totals.sealed_bytes)
    );
    reveal::tables(&database)?;
    println!();
    let empty = tempfile::tempdir()?;
    let sources: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    reveal::scan(folder, &totals.texts, &sharing::empty_vault(empty.path())?, &sources)?;

    heading(7, "Every byte comes back");
    println!("   A new process opens the vault with the recovery words and nothing else.");
    check::in_new_process(&database, data, &words)
}

fn tell_intake(charts: &[Filled], totals: &Totals) {
    let of_patients = charts.iter().skip(1).map(|filled| filled.records.len()).sum::<usize>();
    println!(
        "   Files: {} ({}), which became {} records.\n   \
         Patients named: {}, with {} records in their charts. Those that name no patient, or several, are {}; they are in\n   \
         the practice's own chart. Not FHIR, and kept as the bytes they are: {}.",
        count(totals.files),
        size(totals.bytes),
        count(totals.records),
        count(charts.len().saturating_sub(1)),
        count(of_patients),
        count(charts.first().map_or(0, |filled| filled.records.len())),
        count(totals.opaque),
    );
    let labels: Vec<String> =
        totals.labels.iter().map(|(label, number)| format!("{} {label}", count(*number))).collect();
    println!("   By their security labels: {}.", labels.join(", "));
    println!(
        "   Sealed, signed and on disk in {}, 100 in a transaction: {}.",
        time(totals.sealing),
        speed(totals.records, totals.sealed_bytes, totals.sealing)
    );
    println!(
        "   Reading them as FHIR took {} ({}), founding {} charts and their directory {}.",
        time(totals.reading),
        speed(totals.files, totals.bytes, totals.reading),
        count(charts.len()),
        time(totals.founding)
    );
}

fn find_patient(clinic: &Vault, story: &Filled) -> Result<()> {
    let patient = story.patient.as_ref().ok_or("a chart without a patient")?;
    let name = patient.names.first().ok_or("a patient without a name")?;
    let mut query = PatientQuery::name(name);
    if let Some(date) = &patient.birth_date {
        query = query.birth_date(date);
    }
    let start = Instant::now();
    let found = clinic.find_patient(&query)?;
    let born = patient.birth_date.as_deref().unwrap_or("unknown");
    println!("   Patient {name}, born {born}: found in the sealed directory in {}.", time(start.elapsed()));
    expect(found.iter().any(|(chart, _)| *chart == story.chart.id()), "the patient is found by name and birth date")
}

/// The device is gone: the recovery words open the vault, and the lost key is locked out.
fn recover(database: &Path, lost: &[u8; 32], words: &str) -> Result<Vault> {
    let wrong = Vault::open(SqliteStore::open(database)?, &Unlock::device_key(&fresh_key()?));
    let refused = refusal(wrong, "opening with another key")?;
    println!("   A new device with another key: \"{refused}\"");
    expect(refused == Error::Unlock(UnlockError::UnlockFailed), "another key does not open the vault")?;
    let clinic = Vault::open(SqliteStore::open(database)?, &Unlock::recovery_words(words)?)?;
    println!("   The recovery words open the vault.");
    let ways = clinic.ways()?;
    let by_lost = ways.iter().find(|way| way.factors == [FactorKind::DeviceKey]);
    let new_key = fresh_key()?;
    clinic.add_way(&Unlock::device_key(&new_key))?;
    clinic.remove_way(by_lost.ok_or("the vault has no device key")?.id)?;
    println!("   The new device's key is added, the lost one removed; all keys of the vault have turned.");
    drop(clinic);
    let lost = Vault::open(SqliteStore::open(database)?, &Unlock::device_key(lost));
    let refused = refusal(lost, "opening with the lost key")?;
    println!("   Whoever finds the lost device: \"{refused}\"");
    expect(refused == Error::Unlock(UnlockError::UnlockFailed), "the lost key does not open the vault")?;
    Ok(Vault::open(SqliteStore::open(database)?, &Unlock::device_key(&new_key))?)
}

/// A key as a device's keystore would hold it.
fn fresh_key() -> Result<[u8; 32]> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)?;
    Ok(key)
}
