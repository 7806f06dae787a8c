//! Running other programs.

use crate::place::Place;
use crate::python;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// `cargo` in the checkout, with the build folder set, and what tests take from the environment.
pub(crate) fn cargo<I: IntoIterator<Item: AsRef<OsStr>>>(place: &Place, args: I) -> Command {
    let mut command = program("cargo", args);
    command.current_dir(&place.root).env("CARGO_TARGET_DIR", &place.target).env("AMPOULE_DATA", place.data());
    if let Ok(python) = python::interpreter(place, &place.adapter_requirements())
        && python.is_file()
    {
        command.env("AMPOULE_PYTHON", python);
    }
    command
}

/// A program with its arguments, without what cargo told this program about itself.
pub(crate) fn program<I: IntoIterator<Item: AsRef<OsStr>>>(name: impl AsRef<OsStr>, args: I) -> Command {
    let mut command = Command::new(name);
    command.args(args).stdin(Stdio::null());
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("CARGO_PKG_")
            || variable.to_string_lossy().starts_with("CARGO_MANIFEST_")
        {
            command.env_remove(variable);
        }
    }
    command
}

/// Runs with the output on the terminal; an exit status other than 0 is an error.
pub(crate) fn shown(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    finished(command, status)
}

/// Runs and returns what went to standard output; an exit status other than 0 is an error.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| cannot_start(command))?;
    finished(command, output.status)?;
    String::from_utf8(output.stdout).with_context(|| format!("{} printed what is not text", name(command)))
}

/// How a logged program ended.
#[derive(Debug)]
pub(crate) struct Logged {
    /// Whether its exit status was 0.
    pub(crate) success: bool,
    /// Both output streams as they came.
    pub(crate) text: String,
}

/// Runs with both output streams in the file `log`, for at most `limit`.
///
/// The program and all that it started are ended when the time is over, which is an error.
pub(crate) fn logged(command: &mut Command, log: &Path, limit: Duration) -> Result<Logged> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut child = command
        .stdout(file.try_clone()?)
        .stderr(file)
        .process_group(0)
        .spawn()
        .with_context(|| cannot_start(command))?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > limit {
            // Its own process group, so that a test binary goes with the cargo that started it.
            let _ended = program("kill", ["-KILL", "--", &format!("-{}", child.id())]).status();
            let _status = child.wait();
            bail!("{} was ended after {} s; its output is in {}", name(command), limit.as_secs(), log.display());
        }
        thread::sleep(Duration::from_millis(20));
    };
    let text = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    Ok(Logged { success: status.success(), text })
}

fn finished(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("{} failed ({status})", name(command))
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start {}; is it installed?", command.get_program().to_string_lossy())
}

/// Program and arguments as a person would type them.
pub(crate) fn name(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
