//! What the Kotlin and the Swift door cost: a program in each language, and one in Rust, do the same work in turns.
//!
//! A program reads a line for each piece of work, its words parted by tabs, and prints `took` and the nanoseconds that the work
//! itself took, by its own clock.
//!
//! | Line | Work |
//! |---|---|
//! | `call COUNT` | calls that look one handle up and give a number; not in Rust |
//! | `suspended COUNT` | calls of a function that suspends and gives whether the vault is locked; not in Rust |
//! | `record COUNT` | a record of 2 kB is put and got, in memory |
//! | `path FOLDER FROM TO` | a vault in the folder takes a file from a path and writes it to another |
//! | `chunks FOLDER COUNT` | such a vault takes a file in pieces of 256 KiB, and gives it in such pieces |

use crate::place::Place;
use crate::run;
use crate::{kotlin, swift};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// A piece of work takes seconds.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// Pieces of the file of 256 MiB.
const PIECES: u32 = 1024;
const RECORDS: u32 = 200;
const CALLS: u32 = 100_000;
const SUSPENDED: u32 = 5_000;

/// Prints the figures as a benchmark does, and returns those lines.
pub(crate) fn measure(place: &Place, parts: &[String]) -> Result<Vec<String>> {
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let log = place.target.join("log/bench.txt");
    let library = library(place)?;
    // With the features and profile of the tests, so that most of it is there already.
    let bindgen = ["build", "--locked", "--workspace", "--all-features", "--bin", "uniffi-bindgen"];
    run::shown(&mut run::cargo(place, bindgen))?;
    // Now, not while the others are measured.
    run::shown(rust(place).arg("--no-run"))?;
    // Swift sees no other folder than this one.
    let folder = swift::bench_folder(place);
    let doors =
        [("kotlin", kotlin::bench(place, &library, &log)?), ("swift", swift::bench(place, &library, &folder, &log)?)];
    let mut rust = Worker::start(&mut rust(place), LIMIT)?;
    let data = Data::lay(&folder.join("data"), wanted("file"))?;
    let mut figures = Figures::default();
    for (door, mut command) in doors {
        let mut door_worker = Worker::start(&mut command, LIMIT).with_context(|| format!("the worker in {door}"))?;
        if wanted("call") {
            for (name, line, count) in
                [("", format!("call\t{CALLS}"), CALLS), ("_suspended", format!("suspended\t{SUSPENDED}"), SUSPENDED)]
            {
                let took = alone(&mut door_worker, &line, count)?;
                figures.add(&format!("call_overhead_{door}{name}"), took, "ns", "-");
            }
        }
        if wanted("record") {
            let line = || Ok(format!("record\t{RECORDS}"));
            let ratio = in_turns(31, 100, &mut door_worker, &mut rust, line)?;
            figures.add(&format!("{door}_record_2k"), ratio, "x", "Rust");
        }
        if wanted("file") {
            let ratio = in_turns(9, 1, &mut door_worker, &mut rust, || data.by_path())?;
            figures.add(&format!("{door}_file_256m"), ratio, "x", "Rust");
            let ratio = in_turns(9, 1, &mut door_worker, &mut rust, || data.in_chunks())?;
            figures.add(&format!("{door}_file_256m_chunks"), ratio, "x", "Rust");
        }
    }
    drop(rust);
    fs::remove_dir_all(&data.0)?;
    Ok(figures.0)
}

/// Builds the library as the benchmarks are built, for both doors. Without the kind of library that Rust links: with it, there
/// would be no link-time optimisation. Returns the folder that has it.
fn library(place: &Place) -> Result<PathBuf> {
    let kinds = "cdylib,staticlib";
    let args = ["rustc", "--locked", "--release", "-p", "ampoule-uniffi", "--lib", "--crate-type", kinds];
    // As `[profile.bench]`, which this command takes for the wish to have benchmarks.
    let settings = [("CARGO_PROFILE_RELEASE_LTO", "fat"), ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")];
    run::shown(run::cargo(place, args).envs(settings))?;
    let folder = place.target.join("bench-library");
    fs::create_dir_all(&folder)?;
    // Other builds write to where it is.
    for name in [kotlin::LIBRARY, "libampoule_uniffi.a"] {
        fs::copy(place.target.join("release").join(name), folder.join(name)).with_context(|| name.to_owned())?;
    }
    Ok(folder)
}

fn rust(place: &Place) -> Command {
    run::cargo(place, ["bench", "--quiet", "--locked", "-p", "ampoule-uniffi", "--bench", "worker"])
}

/// A program that works when it is told to.
struct Worker {
    child: Child,
    /// None when it was told that nothing comes any more.
    asked: Option<ChildStdin>,
    /// Its lines. They end when it does.
    answers: Receiver<io::Result<String>>,
    limit: Duration,
}

impl Worker {
    fn start(command: &mut Command, limit: Duration) -> Result<Self> {
        // A group of its own, so that it can be ended with all that it started.
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn()?;
        let asked = Some(child.stdin.take().context("it has no input")?);
        let mut lines = BufReader::new(child.stdout.take().context("it has no output")?).lines();
        let (sender, answers) = channel();
        thread::spawn(move || lines.try_for_each(|line| sender.send(line)));
        Ok(Self { child, asked, answers, limit })
    }

    /// Has it do a piece of work, and returns how many nanoseconds that took. One that ended, or does not answer in time, is an
    /// error.
    fn ask(&mut self, line: &str) -> Result<f64> {
        // What has ended takes nothing; how it ended is told below.
        if let Some(asked) = &mut self.asked
            && writeln!(asked, "{line}").is_err()
        {
            self.asked = None;
        }
        // What it says beside that tells why it ended.
        let mut said = String::new();
        loop {
            match self.answers.recv_timeout(self.limit) {
                // Maven puts colours before the first line.
                Ok(answer) => {
                    let answer = answer?;
                    if let Some((_, took)) = answer.split_once("took\t") {
                        return took.parse().context("no number of nanoseconds");
                    }
                    said.push('\n');
                    said.push_str(&answer);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.kill();
                    bail!("the worker was ended after {} s without an answer to: {line}", self.limit.as_secs());
                }
                Err(RecvTimeoutError::Disconnected) => {
                    // It closed its output; whether it does more is nothing to wait for.
                    self.kill();
                    bail!("the worker ended ({}) at: {line}{said}", self.child.wait()?);
                }
            }
        }
    }

    fn kill(&self) {
        let _ended = run::program("kill", ["-KILL", "--", &format!("-{}", self.child.id())]).status();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.asked = None;
        // Without anything to do it ends, which ends its lines.
        loop {
            match self.answers.recv_timeout(self.limit) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.kill();
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let _status = self.child.wait();
    }
}

/// What one call takes, in nanoseconds.
fn alone(worker: &mut Worker, line: &str, count: u32) -> Result<f64> {
    worker.ask(line)?;
    let mut seen = (0..31).map(|_| worker.ask(line)).collect::<Result<Vec<f64>>>()?;
    Ok(median(&mut seen)? / f64::from(count))
}

/// Both do the same work, one right after the other, each first in turn. Returns the middle one of the ratios.
fn in_turns(
    samples: usize,
    warm: usize,
    door: &mut Worker,
    rust: &mut Worker,
    line: impl Fn() -> Result<String>,
) -> Result<f64> {
    for _ in 0..warm {
        door.ask(&line()?)?;
        rust.ask(&line()?)?;
    }
    let (mut ours, mut reference, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for sample in 0..samples {
        let (door, rust) = if sample % 2 == 0 {
            let first = door.ask(&line()?)?;
            (first, rust.ask(&line()?)?)
        } else {
            let first = rust.ask(&line()?)?;
            (door.ask(&line()?)?, first)
        };
        ours.push(door);
        reference.push(rust);
        ratios.push(door / rust);
    }
    println!("  {:.2} ms against {:.2} ms", median(&mut ours)? / 1e6, median(&mut reference)? / 1e6);
    median(&mut ratios)
}

fn median(values: &mut [f64]) -> Result<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().div_euclid(2)).copied().context("nothing was measured")
}

/// Where files come from and go to, and the vaults are.
struct Data(PathBuf);

impl Data {
    fn lay(folder: &Path, with_file: bool) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        if with_file {
            fs::write(folder.join("from"), vec![7; 256 << 20])?;
        }
        Ok(Self(folder.to_owned()))
    }

    /// An empty folder for a vault. What the last one held is given back.
    fn fresh(&self) -> Result<String> {
        let folder = self.0.join("vault");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir(&folder)?;
        Ok(folder.display().to_string())
    }

    fn by_path(&self) -> Result<String> {
        let (from, to) = (self.0.join("from"), self.0.join("to"));
        Ok(format!("path\t{}\t{}\t{}", self.fresh()?, from.display(), to.display()))
    }

    fn in_chunks(&self) -> Result<String> {
        Ok(format!("chunks\t{}\t{PIECES}", self.fresh()?))
    }
}

/// Lines as benchmarks print them.
#[derive(Default)]
struct Figures(Vec<String>);

impl Figures {
    fn add(&mut self, name: &str, value: f64, unit: &str, reference: &str) {
        let line = format!("figure\t{name}\t{value:.3}\t{unit}\t{reference}");
        println!("{line}");
        self.0.push(line);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "whole numbers are exact")]
mod tests {
    use super::*;

    fn worker(script: &str, limit: Duration) -> Worker {
        Worker::start(&mut run::program("sh", ["-c", script]), limit).unwrap()
    }

    #[test]
    fn the_middle_one_is_taken() {
        assert_eq!(median(&mut [9.0, 1.0, 2.0]).unwrap(), 2.0);
        assert!(median(&mut []).is_err());
    }

    #[test]
    fn a_worker_answers_each_line_among_others() {
        let mut worker = worker("while read -r work; do echo noise; echo \"colour took\t7\"; done", LIMIT);
        assert_eq!(worker.ask("record\t1").unwrap(), 7.0);
        assert_eq!(alone(&mut worker, "call\t7", 7).unwrap(), 1.0);
    }

    #[test]
    fn a_worker_that_ends_or_is_silent_is_an_error() {
        let failed = |script: &str, limit| worker(script, limit).ask("record\t1").unwrap_err().to_string();
        assert_eq!(failed("exit 7", LIMIT), "the worker ended (exit status: 7) at: record\t1");
        assert_eq!(failed("read -r work; exit 7", LIMIT), "the worker ended (exit status: 7) at: record\t1");
        assert_eq!(
            failed("read -r work; echo why; exit 7", LIMIT),
            "the worker ended (exit status: 7) at: record\t1\nwhy"
        );
        assert!(failed("exec >&-; while read -r work; do :; done", LIMIT).contains("the worker ended"));
        assert!(failed("while read -r work; do :; done", Duration::ZERO).contains("without an answer"));
    }

    #[test]
    fn times_are_compared_sample_by_sample() {
        let mut door = worker("n=1; while read -r work; do echo \"took\t$((n * 20))\"; n=$((n + 1)); done", LIMIT);
        let mut rust = worker("n=1; while read -r work; do echo \"took\t$((n * 10))\"; n=$((n + 1)); done", LIMIT);
        assert_eq!(in_turns(5, 1, &mut door, &mut rust, || Ok("record\t1".to_owned())).unwrap(), 2.0);
    }
}
