//! A host that is not on your side keeps a clinic's vault, and tries everything that a host can.
//!
//! ```text
//!  clinic's vault ──► host: hides, swaps, flips, rolls back ──► the same vault: an error, or the truth
//! ```
//!
//! `cargo run --release --example hostile_host`. Each trick is played on a vault of its own, and most are looked at
//! both through the vault that was open meanwhile and through one that is opened anew. The program ends with an error where anything that it says
//! does not hold.

mod clinic;
mod host;
mod tricks;

use clinic::{Clinic, NEWEST};
use std::process::ExitCode;
use tricks::{Seen, TRICKS};

pub(crate) type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match show() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A claim that must hold: where it does not, the program ends with an error.
pub(crate) fn expect(holds: bool, claim: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(format!("this did not hold: {claim}").into()) }
}

fn show() -> Result<()> {
    honest()?;
    let (mut refused, mut unharmed, mut unknowable) = (0_u32, 0_u32, 0_u32);
    for (number, trick) in (1..).zip(&TRICKS) {
        let seen = play(trick).map_err(|error| format!("the host {}: {error}", trick.name))?;
        println!("{number:>2}. The host {}.", trick.name);
        let (count, text) = match seen {
            Seen::Refused(text) => (&mut refused, format!("Refused: \"{text}\"")),
            Seen::True(text) => (&mut unharmed, format!("True all the same: {text}.")),
            Seen::Unknowable(text) => (&mut unknowable, format!("Cannot be known: {text}.")),
        };
        *count = count.saturating_add(1);
        println!("    {text}");
    }
    println!("\n{} tricks: {refused} ended in an error, {unharmed} in the true answer.", TRICKS.len());
    println!(
        "{unknowable} showed an older state that only a checkpoint kept elsewhere tells; without one the vault says so."
    );
    Ok(())
}

/// Without this, a refusal would prove nothing.
fn honest() -> Result<()> {
    let clinic = Clinic::new()?;
    for vault in [clinic.vault.clone(), clinic.again()?, clinic.again_with_keeper()?] {
        let chart = vault.chart(&clinic.ana.id())?;
        expect(chart.get(&clinic.newest())?.content() == NEWEST.as_bytes(), "the newest entry is read")?;
        expect(chart.list()?.entries().len() == clinic.notes.len(), "every entry is found")?;
        expect(chart.shares()?.len() == 2, "the chart is shared with Dr. Lee")?;
        expect(vault.contacts().list()?.len() == 1, "the contact is there")?;
        expect(vault.verify()?.findings.is_empty(), "everything verifies")?;
        expect(!vault.audit()?.is_empty(), "the events are read")?;
    }
    let versions = u64::try_from(clinic.notes.len())?.saturating_add(1);
    expect(clinic.send()? == versions, "Dr. Lee gets every version")?;
    println!("With an honest host every entry is read, every signature verifies, and Dr. Lee takes the chart in.\n");
    Ok(())
}

fn play(trick: &tricks::Trick) -> Result<Seen> {
    let clinic = Clinic::new()?;
    let mut rows = clinic.host.rows();
    (trick.act)(&clinic, &mut rows);
    expect(rows != clinic.host.rows(), "the host did something")?;
    clinic.host.replace(rows);
    (trick.look)(&clinic)
}
