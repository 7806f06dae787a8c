//! A file on its way out, under faults: under its name stands what was there before, or the new file whole.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use ampoule::{FileInfo, MemoryStore, Recovery, Vault};

use crate::script::{KEY, key};
use crate::unsynced::{Fault, Line, Machine, Notes, Run, child};
use crate::vault::{each, last};

const BEFORE: &[u8] = b"what was exported before";
/// The first is there already.
const NAMES: [&str; 2] = ["old", "new"];

/// Longer than what is written at once.
fn content() -> Vec<u8> {
    (0..600_000_u32).map(|at| (at % 251) as u8).collect()
}

/// The child's side. Its vault is in memory, so that all that happens on the disk is an export.
fn work(folder: &Path, mut notes: Notes) {
    let (vault, _) =
        Vault::create(MemoryStore::new(), "Riverside Clinic", &key(KEY), &Recovery::none_data_will_be_lost()).unwrap();
    let chart = vault.create_chart().unwrap();
    let id = chart.put_file(&FileInfo::new("image/x"), &content()[..]).unwrap();
    fs::write(folder.join(NAMES[0]), BEFORE).unwrap();
    for path in [&folder.join(NAMES[0]), folder] {
        File::open(path).unwrap().sync_all().unwrap();
    }
    for (number, name) in (1..).zip(NAMES) {
        notes.add(&format!("begin {number}"));
        match chart.file(&id).unwrap().export_to(folder.join(name)) {
            Ok(()) => notes.add(&format!("done {number}")),
            Err(error) => notes.add(&format!("failed {number} {error:?}")),
        }
    }
}

/// Holds what is left of a run against what it said.
fn check(run: &Run, what: &str) {
    let begun = last(run, "begin");
    for (number, name) in (1..).zip(NAMES) {
        let held = fs::read(run.folder().join(name)).ok();
        let before = (number == 1).then(|| BEFORE.to_vec());
        let new = held.as_ref() == Some(&content());
        assert!(new || held == before, "{what}: {name} is neither whole nor as it was");
        assert!(new || run.notes().all(|note| note != format!("done {number}")), "{what}: {name} was acknowledged");
        assert!(!new || begun >= number, "{what}: {name} is there too early");
    }
    let names: BTreeSet<String> =
        fs::read_dir(run.folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let others: Vec<&String> = names.iter().filter(|name| !NAMES.contains(&name.as_str())).collect();
    // Whoever is killed cannot tidy up; what is left then says by its name that it is a part.
    assert!(others.len() <= usize::from(run.killed), "{what}: {others:?}");
    assert!(others.iter().all(|name| name.ends_with(".part")), "{what}: {others:?}");
}

#[test]
fn what_is_exported_is_whole_or_not_there() {
    const TEST: &str = "exports::what_is_exported_is_whole_or_not_there";
    if let Some((folder, notes)) = child() {
        return work(&folder, notes);
    }
    let all = Machine::new(TEST).run(None);
    check(&all, "no fault");
    assert_eq!(all.notes().collect::<Vec<_>>(), ["begin 1", "done 1", "begin 2", "done 2"]);
    let begun = all.log.iter().position(|line| *line == Line::Note("begin 1".into())).unwrap();
    let events: Vec<u64> = all.log[begun..]
        .iter()
        .filter_map(|line| match line {
            Line::Event { number, .. } => Some(*number),
            Line::Note(_) => None,
        })
        .collect();
    assert!(events.len() >= 10, "{events:?}");
    let told = each(events, |event| {
        let faults = [Fault::DiskFull, Fault::Io, Fault::Kill, Fault::PowerCut, Fault::TornPowerCut { seed: event }];
        let mut told = 0;
        for fault in faults {
            let run = Machine::new(TEST).run(Some((event, fault)));
            assert_eq!(run.killed, !matches!(fault, Fault::DiskFull | Fault::Io), "{fault:?} at {event}");
            check(&run, &format!("{fault:?} at {event}"));
            let failed: Vec<&str> = run.notes().filter(|note| note.starts_with("failed")).collect();
            assert!(failed.iter().all(|note| note.ends_with(" CannotWrite")), "{failed:?}");
            told += failed.len();
        }
        told
    });
    // Not every call makes a file grow, but each of them can fail.
    assert!(told.iter().all(|told| *told > 0) && told.iter().sum::<usize>() > told.len(), "{told:?}");
}
