//! Scripts of a store that does whatever it likes: whatever it does, a vault gives the true answer or an error.
//!
//! Run it against a store of your own, to see that the vault's promises hold above it:
//!
//! ```
//! use ampoule::{MemoryStore, testing::hostile};
//!
//! let report = hostile::run(MemoryStore::new, 1, 0..20)?;
//! assert!(report.failures.is_empty(), "{report}");
//! # Ok::<(), ampoule::Error>(())
//! ```
//!
//! # A script
//!
//! It begins with one of a few vaults that were made honestly, each kept in the states that it went through. By choice of the
//! seed, the store then hides rows, changes, swaps, repeats and replays them, rolls parts or all of it back, contradicts
//! itself, gives rows in a wrong order, a wrong generation, shows what was written later, or shows two readers different
//! states: before the vault is opened, or while it is open. The vault is asked for all that can be asked, and told to write.
//! In the end the store is honest again, and the vault is asked once more, and opened anew.
//!
//! # A true answer
//!
//! Plain maps of what was truly written decide. An answer is true if it is, as a whole, what the maps say at one of these
//! states, the same state for all answers of one open vault:
//!
//! - The newest. It is the only one where the vault has seen it: by a checkpoint that is kept, because it wrote it, or
//!   because it was open meanwhile.
//! - Where an older checkpoint is kept, also the states since then; where none is kept (`Freshness::Unanchored`), any state
//!   that the vault was truly in. Nothing can be known of what was hidden from the vault as a whole.
//! - What another device wrote after a vault was opened, it may be shown later; never in part.
//!
//! That something is not there (`UnknownEntry`, `UnknownChart`) counts as an answer, and must be true; every other error is
//! a refusal. A list that says how many versions it could not open may leave those out, and nothing else. A history may have
//! errors in the places of its versions. A bundle may lack what the store withholds, and has nothing false in it.
//!
//! After the lies a vault that is opened anew must have everything that was acknowledged and be readable in every part,
//! unless the store let it overwrite a row that it was not shown: then it may refuse.

mod attack;
mod dice;
mod question;
mod script;
mod truth;
mod world;

use super::hazmat::with_fixed_randomness;
use crate::error::Error;
use crate::store::Store;
use attack::Attack;
use core::fmt;
use core::ops::Range;
use dice::Dice;
use script::Played;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use world::World;

/// What came of hostile scripts.
#[derive(Clone, Debug, Default)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Report {
    /// Scripts that were played.
    pub scripts: u64,
    /// Scripts in which the vault was given at least one answer that differs from the true one.
    pub altered: u64,
    /// How often each attack ended how: with a true answer, or with which error.
    pub outcomes: BTreeMap<(&'static str, String), u64>,
    /// Scripts in which an answer was wrong, something was lost, or the library panicked.
    pub failures: Vec<Failure>,
}

/// A script that failed. Run it alone to see it again: `run(make_store, seed, script..script + 1)`.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Number of the script.
    pub script: u64,
    /// What the store did.
    pub attack: &'static str,
    /// What was wrong.
    pub what: String,
}

/// Plays scripts by their numbers, on all cores, each on a new store of `make_store`. The same seed and number give the same
/// script. Fails where the honest part does not work.
pub fn run<S: Store + 'static>(
    make_store: impl Fn() -> S + Sync,
    seed: u64,
    scripts: Range<u64>,
) -> Result<Report, Error> {
    let worlds = with_fixed_randomness(b"worlds", world::all)?;
    let (next, report) = (AtomicU64::new(scripts.start), Mutex::<(Report, Option<Error>)>::default());
    let work = || {
        loop {
            let script = next.fetch_add(1, Ordering::Relaxed);
            if script >= scripts.end {
                return;
            }
            let (attack, played) = play(&worlds, &make_store, seed, script);
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            match played {
                Ok(played) => report.0.add(seed, script, attack, played),
                Err(error) => report.1 = Some(error),
            }
        }
    };
    on_all_cores(&work);
    finished(report)
}

/// Opens a small vault once for every byte of every row of its store, with that byte told otherwise, and reads everything:
/// it must be an error, or have no effect. Returns what came of it, one script for each byte; their numbers count the bytes
/// from the first row. With `every` greater than 1 it is one byte of so many, from byte `first` on.
pub fn every_byte<S: Store + 'static>(
    make_store: impl Fn() -> S + Sync,
    first: usize,
    every: usize,
) -> Result<Report, Error> {
    let world = with_fixed_randomness(b"small", world::small)?;
    let places = script::bytes(&world);
    let (next, report) = (AtomicUsize::new(first), Mutex::<(Report, Option<Error>)>::default());
    let work = || {
        loop {
            let number = next.fetch_add(every.max(1), Ordering::Relaxed);
            let Some(place) = places.get(number) else { return };
            let read = || with_fixed_randomness(b"read", || script::read_changed(&world, make_store(), place, number));
            let played = catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Ok(Played::panicked()));
            let script = u64::try_from(number).unwrap_or(u64::MAX);
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            match played {
                Ok(played) => report.0.add(0, script, Attack::Flip, played),
                Err(error) => report.1 = Some(error),
            }
        }
    };
    on_all_cores(&work);
    finished(report)
}

/// The report, or why there is none.
fn finished(report: Mutex<(Report, Option<Error>)>) -> Result<Report, Error> {
    match report.into_inner().unwrap_or_else(PoisonError::into_inner) {
        (_, Some(error)) => Err(error),
        (report, None) => Ok(report),
    }
}

fn on_all_cores(work: &(impl Fn() + Sync)) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
}

fn play<S: Store + 'static>(
    worlds: &[World],
    make_store: impl Fn() -> S,
    seed: u64,
    number: u64,
) -> (Attack, Result<Played, Error>) {
    let mut dice = Dice::new(seed, number);
    let attack = dice.pick(&Attack::ALL).copied().unwrap_or(Attack::Hide);
    let randomness = [seed.to_be_bytes(), number.to_be_bytes()].concat();
    let play = || with_fixed_randomness(&randomness, || script::play(worlds, attack, make_store(), dice));
    (attack, catch_unwind(AssertUnwindSafe(play)).unwrap_or_else(|_| Ok(Played::panicked())))
}

impl Report {
    /// Adds what came of other scripts.
    pub fn merge(&mut self, other: Self) {
        self.scripts = self.scripts.saturating_add(other.scripts);
        self.altered = self.altered.saturating_add(other.altered);
        for (place, times) in other.outcomes {
            let count = self.outcomes.entry(place).or_default();
            *count = count.saturating_add(times);
        }
        self.failures.extend(other.failures);
    }

    fn add(&mut self, seed: u64, script: u64, attack: Attack, played: Played) {
        self.scripts = self.scripts.saturating_add(1);
        self.altered = self.altered.saturating_add(u64::from(played.altered > 0));
        for (outcome, times) in played.outcomes {
            let count = self.outcomes.entry((attack.name(), outcome)).or_default();
            *count = count.saturating_add(times);
        }
        let failure = |what| Failure { seed, script, attack: attack.name(), what };
        self.failures.extend(played.wrong.map(failure));
    }
}

/// A histogram by attack and outcome, and what failed.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scripts, altered, outcomes, failures } = self;
        writeln!(f, "{scripts} scripts; in {altered} the vault was given an altered answer")?;
        for ((attack, outcome), times) in outcomes {
            writeln!(f, "{attack:<28} {outcome:<32} {times:>9}")?;
        }
        failures.iter().try_for_each(|failure| writeln!(f, "{failure}"))
    }
}

/// One line.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, script, attack, what } = self;
        write!(f, "FAILED: seed {seed}, script {script}, {attack}: {what}")
    }
}
