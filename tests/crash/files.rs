//! Files under faults, with their content in a folder: what was acknowledged is there byte for byte, what was under way is
//! there whole or not at all, and nothing else is left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use ampoule::store::{Durability, Store, Table};
use ampoule::{Chart, Error, FileInfo, Kind, Recovery, SqliteOptions, SqliteStore, Vault};

use crate::script::{KEY, Standing, key};
use crate::unsynced::{Fault, Machine, Notes, Run, child};
use crate::vault::{came_within_a_step, database, each, events, last, spread};

/// How many times the power is cut or the process killed within a step, and apart from that.
const CUTS: (usize, usize) = (180, 24);

#[derive(Clone, Copy, Debug)]
enum Step {
    Create,
    /// A file of so many bytes.
    Put(&'static str, usize),
    Update(&'static str, usize),
    Delete(&'static str),
    /// A file whose source fails after so many bytes, or that is left before its end.
    Fail(usize),
    Leave(usize),
}

use Step::{Create, Delete, Fail, Leave, Put, Update};

/// Contents of one chunk and of several, with an outboard and without.
const SCRIPT: &[Step] = &[
    Create,
    Put("note", 0),
    Put("letter", 9_000),
    Leave(40_000),
    Put("scan", 300_000),
    Update("letter", 20_000),
    Fail(100_000),
    Update("scan", 16_384),
    Put("film", 700_000),
    Delete("note"),
    Update("scan", 500_000),
    Put("last", 70_000),
];

/// Contents of all versions of each file that is not deleted.
type Files = BTreeMap<String, Vec<Vec<u8>>>;

/// What there must be after so many steps, and how many versions have a content, those of deleted files too.
fn expected(steps: usize) -> (Files, usize) {
    let (mut files, mut contents) = (Files::new(), 0);
    for (number, step) in SCRIPT[..steps].iter().enumerate() {
        match step {
            Put(name, len) | Update(name, len) => {
                files.entry((*name).into()).or_default().push(content(number, *len));
                contents += 1;
            }
            Delete(name) => drop(files.remove(*name)),
            Create | Fail(_) | Leave(_) => {}
        }
    }
    (files, contents)
}

/// What is put in a step: another in each.
fn content(number: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| ((at * 31 + number * 7) % 251) as u8).collect()
}

fn apply(vault: &mut Option<Vault>, store: &Arc<SqliteStore>, number: usize) -> Result<(), Error> {
    let step = SCRIPT[number];
    if let Create = step {
        let (options, none) = (Vault::options().clock(Standing), Recovery::none_data_will_be_lost());
        let (created, _) = options.create(Arc::clone(store), "Riverside Clinic", &key(KEY), &none)?;
        created.create_chart()?;
        *vault = Some(created);
        return Ok(());
    }
    let vault = vault.as_ref().unwrap();
    let chart = vault.chart(&vault.charts()?[0])?;
    let info = |name: &str| FileInfo::new("image/x").named(name);
    match step {
        Create => {}
        Put(name, len) => drop(chart.put_file(&info(name), &content(number, len)[..])?),
        Update(name, len) => drop(chart.update_file(&find(&chart, name)?, &info(name), &content(number, len)[..])?),
        Delete(name) => drop(chart.delete(&find(&chart, name)?)?),
        Fail(len) => {
            let content = content(number, len);
            match chart.put_file(&info("failed"), content.as_slice().chain(Broken)) {
                Err(Error::CannotRead) => {}
                other => return other.map(drop),
            }
        }
        Leave(len) => {
            let mut writer = chart.create_file(&info("left"))?;
            writer.update(&content(number, len))?;
        }
    }
    Ok(())
}

/// Fails when it is read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("the disk was taken out"))
    }
}

fn find(chart: &Chart, name: &str) -> Result<ampoule::EntryId, Error> {
    for found in chart.list_kind(Kind::File)? {
        if chart.get(&found.id)?.record().name() == Some(name) {
            return Ok(found.id);
        }
    }
    Err(Error::UnknownEntry)
}

/// The child's side: the script, step by step. After an error it ends, as whoever finds his disk full.
fn work(folder: &Path, mut notes: Notes) {
    let open = || SqliteOptions::new().open(database(folder)).map(Arc::new);
    let mut store = open().unwrap();
    let mut vault = None;
    for number in 0..SCRIPT.len() {
        notes.add(&format!("begin {}", number + 1));
        if let Err(error) = apply(&mut vault, &store, number) {
            return notes.add(&format!("failed {} {error:?}", number + 1));
        }
        notes.add(&format!("done {}", number + 1));
        // Now and then the vault is closed and opened.
        if number % 5 == 4 {
            drop(vault.take());
            let again = open().map_err(Error::from).and_then(|opened| {
                store = opened;
                Vault::options().clock(Standing).open(Arc::clone(&store), &key(KEY))
            });
            match again {
                Ok(opened) => vault = Some(opened),
                Err(error) => return notes.add(&format!("failed {} {error:?}", number + 1)),
            }
        }
    }
}

/// What there is after a run: all of the files of a chart, each with all its versions, read to the end.
fn files(chart: &Chart) -> Files {
    let mut files = Files::new();
    for found in chart.list_kind(Kind::File).unwrap() {
        let mut versions = Vec::new();
        for version in chart.history(&found.id).unwrap() {
            let mut content = Vec::new();
            chart.file_version(&version.unwrap().version()).unwrap().read_to_end(&mut content).unwrap();
            versions.push(content);
        }
        let name = chart.get(&found.id).unwrap().record().name().unwrap().to_owned();
        assert!(files.insert(name, versions).is_none(), "a file is there twice");
    }
    files
}

/// Opens what is left of a run, and says after how many steps it stands. Fails where it is between two, or where anything
/// else is left: a blob that no file names, a part of one, a mark.
fn found(run: &Run) -> usize {
    let open = || Arc::new(SqliteOptions::new().durability(Durability::Relaxed).open(database(&run.folder())).unwrap());
    let store = open();
    store.check().unwrap();
    let vault = match Vault::open(Arc::clone(&store), &key(KEY)) {
        Err(Error::NoVault) => return 0,
        vault => vault.unwrap(),
    };
    assert_eq!(vault.verify().unwrap().findings, []);
    let charts = vault.charts().unwrap();
    // The first step makes a vault, and then a chart.
    let Some(chart) = charts.first() else { return 0 };
    let chart = vault.chart(chart).unwrap();
    let (begun, done) = (last(run, "begin"), last(run, "done"));
    let held = files(&chart);
    let fits = |steps: &usize| expected(*steps).0 == held;
    let steps = (done..=begun).find(fits).unwrap_or_else(|| panic!("{done} done, {begun} begun, neither is held"));
    // Those of deleted files and of earlier versions stay, and there are no others.
    let (_, contents) = expected(steps);
    let blobs = store.blobs().unwrap().list(None, 99).unwrap();
    assert_eq!(blobs.len(), contents, "after {steps} steps");
    assert_eq!(store.read().unwrap().scan(Table::Vault, b"blobs", None, 9).unwrap(), []);
    let names: BTreeSet<String> = blobs.iter().map(ToString::to_string).collect();
    for shard in fs::read_dir(run.folder().join("vault.db-blobs")).into_iter().flatten() {
        for file in fs::read_dir(shard.unwrap().path()).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let (name, part) = file.split_once('.').unwrap();
            assert!(names.contains(name) && ["chunks", "outboard"].contains(&part), "{file} is left");
        }
    }
    // It can be written again.
    let more = content(99, 50_000);
    let id = chart.put_file(&FileInfo::new("image/x").named("afterwards"), &more[..]).unwrap();
    let vault = Vault::open(open(), &key(KEY)).unwrap();
    let mut read = Vec::new();
    vault.chart(&chart.id()).unwrap().file(&id).unwrap().read_to_end(&mut read).unwrap();
    assert!(read == more);
    steps
}

fn undisturbed(test: &str) -> Run {
    let run = Machine::new(test).run(None);
    assert!(!run.killed);
    assert_eq!((last(&run, "done"), found(&run)), (SCRIPT.len(), SCRIPT.len()));
    run
}

#[test]
fn what_is_acknowledged_survives() {
    const TEST: &str = "files::what_is_acknowledged_survives";
    if let Some((folder, notes)) = child() {
        return work(&folder, notes);
    }
    let all = undisturbed(TEST);
    let (within, apart) = events(&all);
    let events = spread(&within, CUTS.0).chain(spread(&apart, CUTS.1));
    let runs = each(events, |event| {
        let fault = match event % 4 {
            0 => Fault::TornPowerCut { seed: event },
            1 => Fault::PowerCut,
            _ => Fault::Kill,
        };
        let run = Machine::new(TEST).run(Some((event, fault)));
        assert!(run.killed, "event {event} did not come");
        let steps = found(&run);
        assert!((last(&run, "done")..=last(&run, "begin")).contains(&steps), "{fault:?} at {event}");
        (came_within_a_step(&run), last(&run, "begin"))
    });
    let interrupted: BTreeSet<usize> = runs.iter().filter(|(within, _)| *within).map(|(_, begun)| *begun).collect();
    println!("{} events; {} cuts, within {} of {} steps", all.events(), runs.len(), interrupted.len(), SCRIPT.len());
    assert!(runs.len() >= 200, "{}", runs.len());
    assert!(interrupted.len() >= SCRIPT.len() - 1, "{interrupted:?}");
}

/// A disk that is full, or fails once, is told, and what was acknowledged before is all that there is.
#[test]
fn a_full_disk_is_told() {
    const TEST: &str = "files::a_full_disk_is_told";
    if let Some((folder, notes)) = child() {
        return work(&folder, notes);
    }
    let (within, _) = events(&undisturbed(TEST));
    let told = each(spread(&within, 60), |event| {
        let fault = if event % 3 == 0 { Fault::Io } else { Fault::DiskFull };
        let run = Machine::new(TEST).run(Some((event, fault)));
        assert!(!run.killed);
        let steps = found(&run);
        assert!((last(&run, "done")..=last(&run, "begin")).contains(&steps), "{fault:?} at {event}");
        run.notes().filter(|note| note.starts_with("failed")).map(str::to_owned).collect::<Vec<_>>()
    });
    let told: Vec<String> = told.into_iter().flatten().collect();
    let of = |error: &str| told.iter().filter(|note| note.ends_with(error)).count();
    // A sync that failed leaves it open what is stored.
    let (full, other) = (of("Store(Full)"), of("Store(Io)") + of("Store(Uncertain)"));
    assert!(full > 20 && other > 5, "{told:?}");
    assert_eq!(full + other, told.len(), "{told:?}");
}
