//! Runs a test of this program in a process of its own whose power can be cut: see `unsynced/unsynced.h`.
//!
//! A crash test has two sides. The parent makes a [`Machine`], learns from a run without a fault which events there are,
//! and runs it again with a [`Fault`] at one of them, each time on an empty folder. The child, which is the same test in
//! the other process, does the work and notes in the log what it begins and what was acknowledged.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const FOLDER: &str = "UNSYNCED_FOLDER";
const LOG: &str = "UNSYNCED_LOG";

/// What happens at an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The power fails; nothing is left that was not synced.
    PowerCut,
    /// The power fails; of what was not synced, chance says what is left, sector by sector.
    TornPowerCut { seed: u64 },
    /// The process is killed as by `kill -9`; the machine goes on.
    Kill,
    /// From then on no file can grow.
    DiskFull,
    /// The one call fails.
    Io,
}

/// An empty folder and a process to work in it.
pub(crate) struct Machine {
    test: String,
    home: tempfile::TempDir,
    settings: Vec<(String, String)>,
}

/// What is left of a run.
pub(crate) struct Run {
    home: tempfile::TempDir,
    /// What happened in order: events of the files, and notes of the child.
    pub(crate) log: Vec<Line>,
    /// Whether the process was killed by the fault. Otherwise it ended by itself, without an error.
    pub(crate) killed: bool,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A call to the file system.
    Event { number: u64, kind: String, file: String },
    /// What the child noted.
    Note(String),
}

impl Machine {
    /// A machine that runs the named test, such as `store::what_is_acknowledged_survives`.
    pub(crate) fn new(test: &str) -> Self {
        Self { test: test.to_owned(), home: quick_folder(), settings: Vec::new() }
    }

    /// An environment variable for the child.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs the test, with a fault before the numbered event if one is given. Fails if the child fails.
    pub(crate) fn run(self, fault: Option<(u64, Fault)>) -> Run {
        let folder = self.home.path().join("disk");
        let log = self.home.path().join("log");
        fs::create_dir(&folder).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args([&self.test, "--exact", "--test-threads=1", "--nocapture"])
            .env("LD_PRELOAD", library())
            .env(FOLDER, &folder)
            .env(LOG, &log)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        if let Some((event, fault)) = fault {
            let (then, seed) = match fault {
                Fault::PowerCut => ("drop", 0),
                Fault::TornPowerCut { seed } => ("some", seed),
                Fault::Kill => ("kill", 0),
                Fault::DiskFull => ("full", 0),
                Fault::Io => ("fail", 0),
            };
            child
                .env("UNSYNCED_AT", event.to_string())
                .env("UNSYNCED_THEN", then)
                .env("UNSYNCED_SEED", seed.to_string());
        }
        let output = child.output().unwrap();
        let killed = output.status.signal() == Some(9);
        assert!(
            killed || output.status.success(),
            "the child failed at {fault:?}: {}\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Run { log: fs::read_to_string(log).unwrap().lines().map(Line::parse).collect(), home: self.home, killed }
    }
}

impl Run {
    /// The folder that the child worked in, as the fault left it.
    pub(crate) fn folder(&self) -> PathBuf {
        self.home.path().join("disk")
    }

    /// How many events there were.
    pub(crate) fn events(&self) -> u64 {
        let events = self.log.iter().filter(|line| matches!(line, Line::Event { .. }));
        u64::try_from(events.count()).unwrap()
    }

    /// What the child noted, in order.
    pub(crate) fn notes(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.log.iter().filter_map(|line| match line {
            Line::Note(note) => Some(note.as_str()),
            Line::Event { .. } => None,
        })
    }
}

impl Line {
    fn parse(line: &str) -> Self {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("event"), Some(number), Some(kind), Some(file)) => {
                Self::Event { number: number.parse().unwrap(), kind: kind.to_owned(), file: file.to_owned() }
            }
            (Some("note"), ..) => Self::Note(line["note ".len()..].to_owned()),
            _ => panic!("not a line of the log: {line}"),
        }
    }
}

/// The child's side: the folder to work in, and the log to note in. `None` in the parent.
pub(crate) fn child() -> Option<(PathBuf, Notes)> {
    let folder = std::env::var_os(FOLDER)?;
    let log = OpenOptions::new().append(true).open(std::env::var_os(LOG)?).unwrap();
    Some((folder.into(), Notes(log)))
}

/// Notes what the child does, in the order of the events.
pub(crate) struct Notes(File);

impl Notes {
    /// Adds a note. It is there whatever happens next, as it is not on the disk that loses power.
    pub(crate) fn add(&mut self, note: &str) {
        self.0.write_all(format!("note {note}\n").as_bytes()).unwrap();
    }
}

/// A folder in memory where there is one: the disk is only thought of, and need not be waited for.
fn quick_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Compiles the library, once in a process.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/unsynced");
        let sources = ["start", "disk", "power", "calls"].map(|part| folder.join(part).with_extension("c"));
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("unsynced-{}.so", std::process::id()));
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let status = Command::new(compiler)
            .args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(&library)
            .args(sources)
            .args(["-ldl", "-lpthread"])
            .status()
            .unwrap();
        assert!(status.success(), "the library does not compile");
        library
    })
}
