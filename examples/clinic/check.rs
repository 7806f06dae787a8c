//! The second process: opens the vault with the recovery words alone, and compares every source file with what it reads.

use crate::say::{Result, count, expect, progress, size, speed, time};
use crate::source::{self, Name};
use ampoule::{Kind, SqliteStore, Unlock, Vault};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Name of the command in this program.
pub(crate) const COMMAND: &str = "compare";

/// Starts the second process and waits for its verdict.
pub(crate) fn in_new_process(database: &Path, data: &Path, words: &str) -> Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--fhir").arg(data).arg(COMMAND).arg(database).stdin(Stdio::piped());
    let mut process = command.spawn()?;
    // Through a pipe: arguments and the environment can be seen by others on the machine.
    process.stdin.take().ok_or("the new process takes no input")?.write_all(words.as_bytes())?;
    let status = process.wait()?;
    expect(status.success(), "the new process read every file back as it was")
}

/// What the second process does.
pub(crate) fn compare(database: &Path, data: &Path) -> Result<()> {
    let mut words = String::new();
    std::io::stdin().read_to_string(&mut words)?;
    let vault = Vault::open(SqliteStore::open(database)?, &Unlock::recovery_words(&words)?)?;

    let start = Instant::now();
    let bar = progress(0, "opening")?;
    let mut files: BTreeMap<String, Pieces> = BTreeMap::new();
    let (mut records, mut bytes) = (0_u64, 0_u64);
    for id in vault.charts()? {
        let chart = vault.chart(&id)?;
        for entry in chart.list_kind(Kind::Record)? {
            // The first version is what came from the file; this program changed one record later.
            let first = chart.history(&entry.id)?.into_iter().next().ok_or("an entry without a version")??;
            let Some(name) = first.record().name().and_then(source::read_name) else { continue };
            let length = u64::try_from(first.content().len())?;
            records = records.saturating_add(1);
            bytes = bytes.saturating_add(length);
            bar.inc(length);
            let (file, content) = match name {
                Name::Whole(file) => (file, Content::Whole(Sha256::digest(first.content()).into())),
                Name::Piece(file, number) => (file, Content::Piece(number, first.content().to_vec())),
                Name::Frame(file) => (file, Content::Frame(first.content().to_vec())),
            };
            files.entry(file.to_owned()).or_default().add(content)?;
        }
    }
    let took = start.elapsed();
    bar.finish_and_clear();
    println!("   Opened and verified {} records in {}: {}.", count(records), time(took), speed(records, bytes, took));

    let (mut same, mut same_bytes) = (0_usize, 0_u64);
    let sources = source::files(data)?;
    for file in &sources {
        let original = std::fs::read(&file.path)?;
        let digest: [u8; 32] = Sha256::digest(&original).into();
        let kept = files.remove(&file.name).and_then(Pieces::digest);
        if kept == Some(digest) {
            same = same.saturating_add(1);
            same_bytes = same_bytes.saturating_add(u64::try_from(original.len())?);
        } else {
            println!("   DIFFERENT: {}", file.path.display());
        }
    }
    println!(
        "   SHA-256 of {} of {} source files is that of what the vault gives back ({}).",
        count(same),
        count(sources.len()),
        size(same_bytes)
    );
    expect(same == sources.len(), "every byte comes back")?;
    expect(files.is_empty(), "the vault holds no file that is not among the sources")?;

    let report = vault.verify()?;
    println!(
        "   Verified all {} versions in {} charts, with their signatures: {} damaged.",
        count(report.versions),
        count(report.charts),
        report.findings.len()
    );
    expect(report.findings.is_empty(), "nothing is damaged")
}

/// What came back of one file.
#[derive(Default)]
struct Pieces {
    whole: Option<[u8; 32]>,
    frame: Option<Vec<u8>>,
    parts: BTreeMap<usize, Vec<u8>>,
}

enum Content {
    Whole([u8; 32]),
    Piece(usize, Vec<u8>),
    Frame(Vec<u8>),
}

impl Pieces {
    fn add(&mut self, content: Content) -> Result<()> {
        let twice = match content {
            Content::Whole(digest) => self.whole.replace(digest).is_some(),
            Content::Piece(number, bytes) => self.parts.insert(number, bytes).is_some(),
            Content::Frame(bytes) => self.frame.replace(bytes).is_some(),
        };
        expect(!twice, "every piece of a file is there once")
    }

    fn digest(self) -> Option<[u8; 32]> {
        match (self.whole, self.frame) {
            (Some(digest), None) if self.parts.is_empty() => Some(digest),
            (None, Some(frame)) => {
                let in_order = self.parts.iter().enumerate().all(|(place, (number, _))| place == *number);
                let file = source::join(&frame, self.parts.values().map(Vec::as_slice))?;
                in_order.then(|| Sha256::digest(&file).into())
            }
            _ => None,
        }
    }
}
