//! The memory that a stream needs, whatever its length.

use super::memory::chart;
use crate::common::measure::figure;
use ampoule::store::DirectoryBlobs;
use ampoule::{FileInfo, Suite};
use blake3::Hasher;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

/// Argument of the child, before folder and length in MiB.
pub(crate) const CHILD: &str = "--stream";
const SMALL: u64 = 100;
const LARGE: u64 = 10 << 10;
const HUGE: u64 = 20 << 10;
/// Address space of the child, in KiB: less than any of the files, and less than machines have.
const LIMIT: u64 = 1 << 20;

/// Peak memory while a file is sealed and opened again, above that of a vault at rest.
pub(crate) fn memory(folder: &Path) {
    if cfg!(target_os = "linux") && has_room(folder, LARGE) {
        let (small, large) = (peak(folder, SMALL), peak(folder, LARGE));
        println!("  file_rss_10g: {large:.1} MiB, of a file of {SMALL} MiB {small:.1} MiB");
        figure("file_rss_10g", large, "MiB", "the vault at rest");
    }
}

/// A sparse file of 20 GiB goes in and comes out.
pub(crate) fn huge(folder: &Path) {
    if cfg!(target_os = "linux") && has_room(folder, HUGE) {
        let peak = peak(folder, HUGE);
        println!("  {HUGE} MiB in and out within {LIMIT} KiB of address space; the digests agree");
        figure("file_rss_20g", peak, "MiB", "the vault at rest");
    }
}

/// What the child does: seals and opens a file, compares, and prints its peak memory above what it had before, in KiB.
pub(crate) fn child(folder: &Path, mebibytes: u64) {
    let chart = chart(Suite::Aes256Gcm, 2, DirectoryBlobs::new(folder.join("blobs")));
    let sparse = folder.join("sparse");
    File::create(&sparse).unwrap().set_len(mebibytes << 20).unwrap();
    // The kernel forgets the peak of what went before.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let idle = status("VmRSS:");
    let mut content = Hashed(File::open(&sparse).unwrap(), Hasher::new());
    let id = chart.put_file(&FileInfo::new("application/dicom"), &mut content).unwrap();
    let mut out = Hashed(io::sink(), Hasher::new());
    chart.file(&id).unwrap().copy_to(&mut out, |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(content.1.finalize(), out.1.finalize());
    println!("{}", status("VmHWM:") - idle);
}

fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// In MiB.
fn peak(folder: &Path, mebibytes: u64) -> f64 {
    let limited = format!("ulimit -v {LIMIT} && exec \"$0\" \"$@\"");
    let program = std::env::current_exe().unwrap();
    let folder = tempfile::tempdir_in(folder).unwrap();
    let output = Command::new("sh")
        .arg("-c")
        .arg(limited)
        .arg(program)
        .arg(CHILD)
        .arg(folder.path())
        .arg(mebibytes.to_string())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse::<f64>().unwrap() / 1024.0
}

/// Whether the disk has room for a blob of so many MiB and some more.
fn has_room(folder: &Path, mebibytes: u64) -> bool {
    let output = Command::new("df").args(["-m", "--output=avail"]).arg(folder).output().unwrap();
    let free = String::from_utf8(output.stdout).unwrap();
    let free: u64 = free.lines().last().unwrap().trim().parse().unwrap();
    let enough = free > mebibytes + mebibytes / 8;
    if !enough {
        println!("  not measured: a blob of {mebibytes} MiB, and the disk has {free} MiB left");
    }
    enough
}

/// What went through.
struct Hashed<T>(T, Hasher);

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(out)?;
        self.1.update(&out[..read]);
        Ok(read)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        self.1.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
