//! Benchmarks and their bounds.
//!
//! A benchmark is a program in `benches/`. It prints a line for each figure, its parts parted by tabs: the word `figure`,
//! name, value, unit, and what the value is measured against. Other lines are for people.
//!
//! `benches/bounds.tsv` has a line for each bound: benchmark, figure, `<=` or `>=`, value. Lines that begin with `#` are
//! comments.

mod doors;

use crate::place::Place;
use crate::run;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// The benchmark of the language bindings, which is not among those of the core.
const BINDINGS: &str = "bindings";
/// The part of `files` that is a program of its own.
const PEERS: &str = "peers";

/// Runs one benchmark or all of them; with `check`, a broken bound is an error.
pub(crate) fn run(place: &Place, only: Option<&str>, check: bool, parts: &[String]) -> Result<()> {
    let bounds = if check { read_bounds(&place.root.join("benches/bounds.tsv"))? } else { Vec::new() };
    let names = benchmarks(&place.root.join("benches"), only)?;
    let mut figures = Vec::new();
    for name in &names {
        let peers = name == "files" && (parts.is_empty() || parts.iter().any(|part| part == PEERS));
        if !peers || parts.len() != 1 {
            figures.extend(measure(bench(place, name, parts), name)?);
        }
        if peers {
            figures.extend(measure(against_peers(place), name)?);
        }
        if name == BINDINGS {
            for line in doors::measure(place, parts)? {
                figures.extend(Figure::parse(name, &line)?);
            }
        }
    }
    let table = place.target.join("bench.tsv");
    let lines: String = figures.iter().map(Figure::line).collect();
    fs::write(&table, lines).with_context(|| format!("cannot write {}", table.display()))?;
    println!("{} figures in {}", figures.len(), table.display());
    let broken: Vec<String> =
        bounds.iter().filter(|bound| names.contains(&bound.bench)).filter_map(|bound| bound.broken(&figures)).collect();
    ensure!(broken.is_empty(), "bounds that do not hold:\n  {}", broken.join("\n  "));
    Ok(())
}

/// Names of the programs in `benches/`.
fn benchmarks(folder: &Path, only: Option<&str>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).context("there is no folder benches")? {
        let path = entry?.path();
        if let (Some(stem), Some("rs")) = (path.file_stem(), path.extension().and_then(|kind| kind.to_str())) {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.push(BINDINGS.to_owned());
    names.sort_unstable();
    if let Some(only) = only {
        names.retain(|name| name == only);
    }
    ensure!(!names.is_empty(), "there is no such benchmark in benches");
    Ok(names)
}

fn bench(place: &Place, name: &str, parts: &[String]) -> Command {
    let package = if name == BINDINGS { "ampoule-c" } else { "ampoule" };
    let mut command = run::cargo(place, ["bench", "--locked", "--all-features", "-p", package, "--bench", name, "--"]);
    command.args(parts);
    command
}

/// The program in `benches/peers`. What is not on the machine is left out.
fn against_peers(place: &Place) -> Command {
    let manifest = "benches/peers/Cargo.toml";
    let mut command = run::cargo(place, ["run", "--release", "--locked", "--manifest-path", manifest]);
    let libsodium = run::program("pkg-config", ["--exists", "libsodium"]).status();
    if libsodium.is_ok_and(|status| status.success()) {
        command.args(["--features", "libsodium"]);
    }
    command
}

/// Runs a benchmark, shows what it prints, and keeps its figures.
fn measure(mut command: Command, bench: &str) -> Result<Vec<Figure>> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let mut figures = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        figures.extend(Figure::parse(bench, &line)?);
    }
    ensure!(child.wait()?.success(), "benchmark {bench} failed");
    ensure!(!figures.is_empty(), "benchmark {bench} printed no figure");
    Ok(figures)
}

/// One measured value.
#[derive(Clone, Debug, PartialEq)]
struct Figure {
    bench: String,
    name: String,
    value: f64,
    unit: String,
    reference: String,
}

impl Figure {
    /// `None` where the line is not a figure.
    fn parse(bench: &str, line: &str) -> Result<Option<Self>> {
        let Some(rest) = line.strip_prefix("figure\t") else {
            return Ok(None);
        };
        let [name, value, unit, reference] = parts(rest)?;
        Ok(Some(Self {
            bench: bench.into(),
            name: name.into(),
            value: number(value)?,
            unit: unit.into(),
            reference: reference.into(),
        }))
    }

    fn line(&self) -> String {
        let Self { bench, name, value, unit, reference } = self;
        format!("{bench}\t{name}\t{value}\t{unit}\t{reference}\n")
    }
}

/// What a figure must keep.
#[derive(Debug, PartialEq)]
struct Bound {
    bench: String,
    name: String,
    at_most: bool,
    value: f64,
}

fn read_bounds(path: &Path) -> Result<Vec<Bound>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse_bounds(&text).with_context(|| path.display().to_string())
}

fn parse_bounds(text: &str) -> Result<Vec<Bound>> {
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let [bench, name, relation, value] = parts(line)?;
            let at_most = match relation {
                "<=" => true,
                ">=" => false,
                _ => bail!("{relation:?} is neither <= nor >="),
            };
            Ok(Bound { bench: bench.into(), name: name.into(), at_most, value: number(value)? })
        })
        .collect()
}

impl Bound {
    /// Says how the bound is broken. A figure that was not measured breaks its bound.
    fn broken(&self, figures: &[Figure]) -> Option<String> {
        let Self { bench, name, at_most, value } = self;
        let wanted = if *at_most { "at most" } else { "at least" };
        let mut measured = figures.iter().filter(|figure| figure.bench == *bench && figure.name == *name).peekable();
        if measured.peek().is_none() {
            return Some(format!("{bench}: {name} was not measured, {wanted} {value} is wanted"));
        }
        measured
            .find(|figure| if *at_most { figure.value > *value } else { figure.value < *value })
            .map(|figure| format!("{bench}: {name} is {}, {wanted} {value} is wanted", figure.value))
    }
}

fn parts<const N: usize>(line: &str) -> Result<[&str; N]> {
    let parts: Vec<&str> = line.split('\t').map(str::trim).collect();
    <[&str; N]>::try_from(parts).ok().with_context(|| format!("{line:?} does not have {N} parts parted by tabs"))
}

fn number(text: &str) -> Result<f64> {
    let value: f64 = text.parse().with_context(|| format!("{text:?} is no number"))?;
    ensure!(value.is_finite(), "{text:?} is no finite number");
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(line: &str) -> Figure {
        Figure::parse("records", line).unwrap().unwrap()
    }

    #[test]
    fn figures_are_told_from_other_lines() {
        let seal = figure("figure\trecord_seal_2k\t1.17\tx\tbare primitives");
        assert_eq!((seal.name.as_str(), seal.value), ("record_seal_2k", 1.17));
        assert_eq!(seal.line(), "records\trecord_seal_2k\t1.17\tx\tbare primitives\n");
        assert_eq!(Figure::parse("records", "sealing 100 records").unwrap(), None);
        for bad in ["figure\ta\t1", "figure\ta\tfast\tx\t-", "figure\ta\tNaN\tx\t-", "figure\ta\t1\tx\t-\tmore"] {
            assert!(Figure::parse("records", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_bound_breaks_on_the_wrong_side_and_when_nothing_was_measured() {
        let bounds = parse_bounds("# ratios\n\nrecords\tseal\t<=\t1.25\nrecords\tspeed\t>=\t2\n").unwrap();
        let good = [figure("figure\tseal\t1.25\tx\t-"), figure("figure\tspeed\t2\tx\t-")];
        assert!(bounds.iter().all(|bound| bound.broken(&good).is_none()));
        let bad = [figure("figure\tseal\t1.26\tx\t-"), figure("figure\tspeed\t1.9\tx\t-")];
        assert_eq!(bounds.iter().filter_map(|bound| bound.broken(&bad)).count(), 2);
        assert_eq!(bounds.iter().filter_map(|bound| bound.broken(&[])).count(), 2);
        let twice = [figure("figure\tseal\t1\tx\t-"), figure("figure\tseal\t9\tx\t-")];
        assert!(bounds.iter().any(|bound| bound.name == "seal" && bound.broken(&twice).is_some()));
    }

    #[test]
    fn bounds_that_cannot_be_read_are_errors() {
        for bad in ["records\tseal\t<\t1", "records\tseal\t1.25", "records\tseal\t<=\tinf"] {
            assert!(parse_bounds(bad).is_err(), "{bad:?}");
        }
    }
}
