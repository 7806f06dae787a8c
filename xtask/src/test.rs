//! Everything that a change must pass.

use crate::place::Place;
use crate::run::{self, Logged};
use crate::{cdoor, data, decoder, fuzz, guards, kotlin, postgres, python, robin, size, swift, tools, vectors};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// No step takes nearly as long; one that does hangs.
const LIMIT: Duration = Duration::from_secs(40 * 60);

/// MiB that must be free before anything is built. All steps together write more, with nothing built yet.
const LEAST_ROOM: u64 = 4096;

/// The steps in the order in which they run: cheap ones first.
///
/// Advisories are not among them: their database comes from the network at each run. CONTRIBUTING.md says when they
/// are checked.
fn steps() -> Vec<Step> {
    vec![
        step("format", cargo("fmt --all --check")),
        step("format, fuzz", cargo("fmt --all --check --manifest-path fuzz/Cargo.toml")),
        step("lock file, fuzz", cargo("tree --quiet --locked --depth 0 --manifest-path fuzz/Cargo.toml")),
        step("lints", cargo("clippy --locked --workspace --all-targets -- -D warnings")),
        step("lints, all features", cargo("clippy --locked --workspace --all-targets --all-features -- -D warnings")),
        step(
            "lints, pure Rust",
            cargo("clippy --locked -p ampoule --all-targets --no-default-features -- -D warnings"),
        ),
        step("no C code", without_c("check --locked -p ampoule --no-default-features --features blake3/pure")),
        step("documentation", cargo("doc --locked --workspace --all-features --no-deps")),
        step("dependencies: licences, bans, doubles, sources", call(deny)),
        step("tests", cargo("test --locked --workspace --all-features")),
        step("tests, pure Rust", cargo("test --locked -p ampoule --no-default-features --features testing")),
        step("the main job", cargo("run --locked --all-features --example clinic")),
        step("the hostile host", cargo("run --locked --all-features --example hostile_host")),
        step("a study of images", cargo("run --locked --all-features --example imaging")),
        step("the C door", call(c_door)),
        step("an existing database", call(existing_database)),
        step("the Kotlin door", call(kotlin_door)),
        step("the Swift door", call(swift_door)),
        step("the round robin", call(round_robin)),
        step("size for telephones", call(size_for_telephones)),
        step("vectors", call(vectors)),
        step("second decoder", call(decoder)),
        step("guards", call(guarded)),
        step("fuzzing", call(fuzzing)),
    ]
}

/// Runs all steps, or those with `only` in their name, and stops at the first failure.
pub(crate) fn run(place: &Place, only: Option<&str>) -> Result<()> {
    let begun = Instant::now();
    prepare(place).context("preparation")?;
    let mut steps = steps();
    steps.retain(|step| only.is_none_or(|only| step.name.contains(only)));
    ensure!(!steps.is_empty(), "no step has that in its name");
    let mut tests = Tests::new();
    for (index, step) in steps.iter().enumerate() {
        add(&mut tests, &step.run(place, index)?);
    }
    let all = tests.values().copied().fold(0, usize::saturating_add);
    println!("{} steps, {all} tests in {} s: {}", steps.len(), begun.elapsed().as_secs(), by_language(&tests));
    println!("{} passed, 0 failed", steps.len().saturating_add(all));
    Ok(())
}

/// How many tests passed, by the language that they are written in.
pub(crate) type Tests = BTreeMap<&'static str, usize>;

/// Adds counts.
pub(crate) fn add(to: &mut Tests, more: &Tests) {
    for (language, count) in more {
        let known = to.entry(language).or_default();
        *known = known.saturating_add(*count);
    }
}

fn by_language(tests: &Tests) -> String {
    let counts: Vec<_> = tests.iter().map(|(language, count)| format!("{language} {count}")).collect();
    counts.join(", ")
}

/// Installs what the steps need. Nothing is left out silently: what cannot be had is an error.
fn prepare(place: &Place) -> Result<()> {
    let begun = Instant::now();
    println!("build output in {}", place.target.display());
    println!("disk: {}", room(place)?);
    tools::ensure_system()?;
    tools::ensure_nightly()?;
    tools::cargo_command(place, "cargo-deny")?;
    tools::cargo_command(place, "cargo-fuzz")?;
    data::fetch(place)?;
    python::for_adapters(place)?;
    println!("preparation: {} s", begun.elapsed().as_secs());
    Ok(())
}

/// How much of the disk is free. A disk that fills up shows itself as one failure or another far from its cause.
fn room(place: &Place) -> Result<String> {
    std::fs::create_dir_all(&place.target)?;
    let table = run::read(run::program("df", ["--output=avail", "-BM"]).arg(&place.target))?;
    let mebibytes = table.split_whitespace().last().and_then(|last| last.trim_end_matches('M').parse::<u64>().ok());
    let mebibytes = mebibytes.context("df prints no size")?;
    ensure!(
        mebibytes >= LEAST_ROOM,
        "{} MiB are free for {}, and {LEAST_ROOM} are needed: delete build output of old checkouts there",
        mebibytes,
        place.target.display()
    );
    Ok(format!("{mebibytes} MiB are free"))
}

type Action = Box<dyn Fn(&Place, &Path) -> Result<Done>>;

struct Step {
    name: &'static str,
    action: Action,
}

/// What a step reports: a word on what it did, and the tests that it ran.
struct Done {
    note: String,
    tests: Tests,
}

impl Done {
    /// Tests in one language.
    fn of(language: &'static str, tests: usize, note: String) -> Self {
        Self { note, tests: (tests > 0).then_some((language, tests)).into_iter().collect() }
    }
}

fn step(name: &'static str, action: Action) -> Step {
    Step { name, action }
}

impl Step {
    /// Returns how many tests ran.
    fn run(&self, place: &Place, index: usize) -> Result<Tests> {
        let begun = Instant::now();
        let log = place.target.join("log").join(format!("{index:02}.txt"));
        let done = (self.action)(place, &log).with_context(|| format!("step \"{}\"", self.name))?;
        println!("{}: ok in {:.1} s{}", self.name, begun.elapsed().as_secs_f32(), done.note);
        Ok(done.tests)
    }
}

/// A cargo command as a step. Its words are split at blanks.
fn cargo(words: &'static str) -> Action {
    Box::new(move |place, log| {
        let mut command = run::cargo(place, words.split_whitespace());
        command.env("RUSTDOCFLAGS", "-D warnings");
        green(&mut command, log)
    })
}

/// As [`cargo`], with a C compiler that fails: what passes needs none.
fn without_c(words: &'static str) -> Action {
    Box::new(move |place, log| green(run::cargo(place, words.split_whitespace()).env("CC", "false"), log))
}

fn call(function: fn(&Place, &Path) -> Result<Done>) -> Action {
    Box::new(function)
}

/// Runs a command that must succeed. Where it runs tests, it must have run some.
fn green(command: &mut Command, log: &Path) -> Result<Done> {
    let Logged { success, text } = run::logged(command, log, LIMIT)?;
    if !success {
        println!("{text}");
        bail!("{} failed; its output stands above", run::name(command));
    }
    let tests = passed(&text);
    let note = if tests == 0 { String::new() } else { format!(", {tests} tests") };
    Ok(Done::of("Rust", tests, note))
}

fn deny(place: &Place, log: &Path) -> Result<Done> {
    let mut command = run::program(tools::cargo_command(place, "cargo-deny")?, ["--all-features", "--workspace"]);
    command.args(["check", "bans", "licenses", "sources"]).current_dir(&place.root);
    green(&mut command, log)
}

fn kotlin_door(place: &Place, log: &Path) -> Result<Done> {
    let tests = kotlin::test(place, log)?;
    Ok(Done::of("Kotlin", tests, format!(", {tests} tests in Kotlin")))
}

fn swift_door(place: &Place, log: &Path) -> Result<Done> {
    let tests = swift::test(place, log)?;
    Ok(Done::of("Swift", tests, format!(", {tests} tests in Swift")))
}

fn round_robin(place: &Place, log: &Path) -> Result<Done> {
    let languages = robin::run(place, log)?;
    let note = format!(", {} languages", languages.len());
    Ok(Done { note, tests: languages.into_iter().map(|language| (language, 1)).collect() })
}

fn vectors(place: &Place, _log: &Path) -> Result<Done> {
    let count = vectors::run(place, true)?;
    Ok(Done::of("Rust", count, format!(", {count} files")))
}

fn c_door(place: &Place, log: &Path) -> Result<Done> {
    let tests = cdoor::run(place, log)?;
    Ok(Done { note: format!(", tests in {}", by_language(&tests)), tests })
}

fn existing_database(place: &Place, log: &Path) -> Result<Done> {
    let count = postgres::run(place, log)?;
    Ok(Done::of("SQL", count, ", by PostgreSQL".to_owned()))
}

fn size_for_telephones(place: &Place, _log: &Path) -> Result<Done> {
    let bytes = size::check(place)?;
    Ok(Done::of("Rust", 1, format!(", {bytes} bytes")))
}

/// Vaults of this very run, then the vectors.
fn decoder(place: &Place, log: &Path) -> Result<Done> {
    let folder = decoder::made(place)?;
    green(&mut decoder::command(place, "made", &folder)?, log)?;
    decoder::sealed_elsewhere(&folder)?;
    green(&mut decoder::command(place, "vectors", &place.root.join("tests/vectors"))?, log)?;
    std::fs::remove_dir_all(&folder)?;
    Ok(Done::of("Python", 3, String::new()))
}

fn guarded(place: &Place, _log: &Path) -> Result<Done> {
    let (count, all) = guards::check_turn(place)?;
    let note = format!(", {count} guards whose turn it is; all {all} patches apply, and cargo xtask guards tries them");
    Ok(Done::of("Rust", count, note))
}

fn fuzzing(place: &Place, _log: &Path) -> Result<Done> {
    let count = fuzz::short(place)?;
    Ok(Done::of("Rust", count, format!(", {count} targets")))
}

/// Tests that passed, by the summary lines of the test harness.
pub(crate) fn passed(text: &str) -> usize {
    summaries(text, "passed")
}

/// Tests that failed, by the summary lines of the test harness.
pub(crate) fn failed(text: &str) -> usize {
    summaries(text, "failed")
}

/// Sums the numbers that stand before `word` in lines such as `test result: ok. 5 passed; 0 failed; …`.
fn summaries(text: &str, word: &str) -> usize {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("test result: "))
        .flat_map(|line| line.split([';', '.']))
        .filter_map(|part| part.trim().strip_suffix(word)?.trim().parse::<usize>().ok())
        .fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_by_language() {
        let mut all = Tests::new();
        for (language, count) in [("Rust", 5), ("C", 2), ("C++", 1), ("Rust", 4)] {
            add(&mut all, &Done::of(language, count, String::new()).tests);
        }
        assert_eq!(by_language(&all), "C 2, C++ 1, Rust 9");
        assert!(Done::of("Swift", 0, String::new()).tests.is_empty());
    }

    const TEXT: &str = "running 3 tests\ntest a ... ok\n\
        test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.00s\n\
        test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";

    #[test]
    fn summaries_of_several_test_programs_are_added() {
        assert_eq!(passed(TEXT), 5);
        assert_eq!(failed(TEXT), 1);
        assert_eq!(passed("9 passed; 9 failed"), 0);
    }
}
