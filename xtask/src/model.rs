//! The ledger's rules in all their small worlds, optimised.

use crate::place::Place;
use crate::run;
use anyhow::Result;

/// Prints each world with the number of states that it has.
pub(crate) fn run(place: &Place) -> Result<()> {
    let words = "test --locked --release -p ampoule --lib --all-features keys::chart::ledger::model";
    let mut command = run::cargo(place, words.split_whitespace());
    command.args(["--", "--nocapture", "--test-threads", "1"]);
    run::shown(&mut command)
}
