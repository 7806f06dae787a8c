//! How much memory a preview takes: measured in a process of its own, which does nothing else.

use super::*;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where the child finds what it opens, and what it is to do with it.
const FOLDER: &str = "AMPOULE_PREVIEW_FOLDER";
const WHAT: &str = "AMPOULE_PREVIEW_WHAT";
/// What an extension of an app may take, in KiB.
const MOST: u64 = 12 << 10;

#[test]
fn a_preview_takes_less_than_12_mib() {
    let pair = pair();
    let folder = tempfile::tempdir().unwrap();
    let keys = altered(&pair.clinic, &pair.keys(), Keys::fill_up);
    assert!(keys.len() > 1_000_000, "{} bytes", keys.len());
    let notice = pair.said(&"x".repeat(190_000));
    assert!(notice.len() > 190_000);
    fs::write(folder.path().join("keys"), keys).unwrap();
    fs::write(folder.path().join("notice"), notice).unwrap();
    let preview = peak(folder.path(), "preview");

    assert!((1..=MOST).contains(&preview), "{preview} KiB");
    // A passphrase is stretched with 64 MiB: neither does a preview do so, nor does the measure miss it.
    assert!(peak(folder.path(), "passphrase") > 5 * MOST);
}

/// In KiB, above what the process had before.
fn peak(folder: &Path, what: &str) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "--ignored", "--nocapture", "vault::notice::tests::memory::child"]);
    let output = child.env(FOLDER, folder).env(WHAT, what).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("peak ")).unwrap().parse().unwrap()
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    // The kernel forgets the peak of what went before.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let idle = status("VmRSS:");
    if std::env::var(WHAT).unwrap() == "preview" {
        let read = |name| fs::read(Path::new(&folder).join(name)).unwrap();
        assert_eq!(open_preview(&read("notice"), &read("keys"), &KEY).unwrap().text.len(), 190_000);
    } else {
        let unlock = Unlock::passphrase("ruby mango 47 tractor");
        Vault::create(MemoryStore::new(), "Clinic", &unlock, &Recovery::none_data_will_be_lost()).unwrap();
    }
    println!("\npeak {}", status("VmHWM:") - idle);
}

fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
