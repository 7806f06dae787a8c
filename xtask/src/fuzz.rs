//! Fuzzing: every target of `fuzz/`, short in the tests, longer by hand.

use crate::place::Place;
use crate::run::{self, program};
use crate::tools;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Processor seconds that the short runs share.
const SHORT_BUDGET: u32 = 240;

/// Runs each target for a share of a fixed time. Returns the number of targets.
pub(crate) fn short(place: &Place) -> Result<usize> {
    let fuzz = Fuzz::build(place, None)?;
    let share = SHORT_BUDGET.checked_div(u32::try_from(fuzz.targets.len())?).unwrap_or(SHORT_BUDGET);
    fuzz.run(share.clamp(8, 20))?;
    Ok(fuzz.targets.len())
}

/// Runs one target or all of them for `seconds` each; with `keep`, commits to the corpus what reaches new code.
pub(crate) fn long(place: &Place, seconds: u32, keep: bool, only: Option<&str>) -> Result<()> {
    tools::ensure_system()?;
    tools::ensure_nightly()?;
    let fuzz = Fuzz::build(place, only)?;
    fuzz.run(seconds)?;
    if keep {
        for target in &fuzz.targets {
            fuzz.merge(target)?;
        }
    }
    Ok(())
}

/// The targets, built.
struct Fuzz<'a> {
    place: &'a Place,
    targets: Vec<String>,
    /// Folder of the programs.
    programs: PathBuf,
}

impl<'a> Fuzz<'a> {
    fn build(place: &'a Place, only: Option<&str>) -> Result<Self> {
        let tool = tools::cargo_command(place, "cargo-fuzz")?;
        let cargo_fuzz = |subcommand: &str| {
            let mut command = program(&tool, ["fuzz", subcommand, "--fuzz-dir", "fuzz"]);
            command.current_dir(&place.root).env("RUSTUP_TOOLCHAIN", "nightly");
            command
        };
        let mut targets: Vec<String> = run::read(&mut cargo_fuzz("list"))?.lines().map(str::to_owned).collect();
        if let Some(only) = only {
            targets.retain(|target| target == only);
        }
        ensure!(!targets.is_empty(), "there is no such fuzz target; fuzz/Cargo.toml lists them");
        let output = place.target.join("fuzz");
        let mut build = cargo_fuzz("build");
        build.arg("--target-dir").arg(&output).args(only);
        let log = place.target.join("log").join("fuzz-build.txt");
        let result = run::logged(&mut build, &log, Duration::from_secs(20 * 60))?;
        if !result.success {
            println!("{}", result.text);
            bail!("the fuzz targets do not build");
        }
        let programs = output.join(host()?).join("release");
        Ok(Self { place, targets, programs })
    }

    /// As many targets at a time as there are processors.
    fn run(&self, seconds: u32) -> Result<()> {
        let waiting = Mutex::new(self.targets.iter());
        let workers = thread::available_parallelism()?.get().min(self.targets.len());
        let results: Vec<Result<()>> = thread::scope(|scope| {
            let worker = || {
                let next = || waiting.lock().ok()?.next();
                std::iter::from_fn(next).try_for_each(|target| self.run_one(target, seconds))
            };
            let running: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
            running.into_iter().map(|handle| handle.join().unwrap_or_else(|_| bail!("a worker ended early"))).collect()
        });
        results.into_iter().collect()
    }

    /// The engine writes to its first folder, which is in the cache, and only reads the committed corpus.
    fn run_one(&self, target: &str, seconds: u32) -> Result<()> {
        let found = self.found(target);
        let artifacts = self.place.root.join("fuzz/artifacts").join(target);
        fs::create_dir_all(&found)?;
        fs::create_dir_all(&artifacts)?;
        let mut command = self.program(target);
        command.arg(&found).arg(self.seeds(target)?).args([
            format!("-max_total_time={seconds}"),
            format!("-artifact_prefix={}/", artifacts.display()),
            "-timeout=30".into(),
            "-rss_limit_mb=3000".into(),
            "-print_final_stats=1".into(),
        ]);
        let log = self.place.target.join("log").join(format!("fuzz-{target}.txt"));
        let limit = Duration::from_secs(u64::from(seconds).saturating_add(300));
        let ran = run::logged(&mut command, &log, limit)?;
        if !ran.success {
            println!("{}", ran.text);
            bail!("fuzz target {target} failed; the input is in fuzz/artifacts/{target}");
        }
        let executed = statistic(&ran.text, "stat::number_of_executed_units:").unwrap_or(0);
        let added = statistic(&ran.text, "stat::new_units_added:").unwrap_or(0);
        ensure!(executed > 0, "fuzz target {target} ran nothing; see {}", log.display());
        println!("  {target}: {executed} inputs in {seconds} s, {added} new");
        Ok(())
    }

    /// Copies into the committed corpus the found inputs that reach code which the committed ones do not.
    fn merge(&self, target: &str) -> Result<()> {
        let mut command = self.program(target);
        command.arg("-merge=1").arg(self.seeds(target)?).arg(self.found(target));
        let log = self.place.target.join("log").join(format!("fuzz-merge-{target}.txt"));
        let merged = run::logged(&mut command, &log, Duration::from_secs(20 * 60))?;
        ensure!(merged.success, "merging the corpus of {target} failed; see {}", log.display());
        Ok(())
    }

    fn program(&self, target: &str) -> std::process::Command {
        let mut command = program(self.programs.join(target), [""; 0]);
        command.current_dir(&self.place.root);
        command
    }

    fn found(&self, target: &str) -> PathBuf {
        self.place.cache.join("fuzz").join(target)
    }

    fn seeds(&self, target: &str) -> Result<PathBuf> {
        let seeds = self.place.root.join("fuzz/corpus").join(target);
        ensure!(seeds.is_dir(), "{target} has no seeds; put some inputs into fuzz/corpus/{target}");
        Ok(seeds)
    }
}

/// The triple that the targets are built for.
fn host() -> Result<String> {
    run::read(&mut program("rustc", ["+nightly", "-vV"]))?
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc names no host")
}

fn statistic(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_the_engine_are_read() {
        let text = "Done 9 runs\nstat::number_of_executed_units: 4711\nstat::new_units_added:          12\n";
        assert_eq!(statistic(text, "stat::number_of_executed_units:"), Some(4711));
        assert_eq!(statistic(text, "stat::new_units_added:"), Some(12));
        assert_eq!(statistic(text, "stat::peak_rss_mb:"), None);
    }
}
