//! A vault under faults: each operation that was acknowledged is there, and the one under way is there whole or not at
//! all.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ampoule::store::{Durability, Store, Table};
use ampoule::{Error, Matches, PatientQuery, Query, Record, SqliteOptions, SqliteStore, Vault};

use crate::script::{Holdings, KEY, Member, Model, SCRIPT, Standing, holdings, key};
use crate::unsynced::{Fault, Line, Machine, Notes, Run, child};

const DURABILITY: &str = "AMPOULE_TEST_DURABILITY";
/// How many times the power is cut or the process killed within a step, and apart from that.
const CUTS: (usize, usize) = (185, 25);

/// The child's side: the script, step by step.
fn work(folder: &Path, mut notes: Notes) {
    let durability = match std::env::var(DURABILITY).as_deref() {
        Ok("relaxed") => Durability::Relaxed,
        _ => Durability::Full,
    };
    let open = || Arc::new(SqliteOptions::new().durability(durability).open(database(folder)).unwrap());
    let mut member = Member::new(open());
    for (number, step) in (1..).zip(SCRIPT) {
        member.prepare(*step);
        notes.add(&format!("begin {number}"));
        member.apply(*step).unwrap();
        notes.add(&format!("done {number}"));
        // Also the log goes into the file now and then, and the vault is closed and opened.
        if number % 6 == 0 {
            member.store.checkpoint().unwrap();
        }
        if number % 8 == 0 {
            member.vault = None;
            member.store = open();
            let options = Vault::options().clock(Standing);
            member.vault = Some(options.open(Arc::clone(&member.store), &key(KEY)).unwrap());
        }
    }
}

pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("vault.db")
}

/// What was begun last and what was acknowledged last.
pub(crate) fn last(run: &Run, word: &str) -> usize {
    run.notes().rev().find_map(|note| note.strip_prefix(word)?.trim_start().parse().ok()).unwrap_or(0)
}

/// Whether the fault came after the first and before the last write of a step: a write of it was done, and the one at
/// which the fault came was not.
pub(crate) fn came_within_a_step(run: &Run) -> bool {
    last(run, "begin") > last(run, "done") && matches!(run.log.as_slice(), [.., Line::Event { .. }, Line::Event { .. }])
}

/// Opens what is left of a run, and holds it against the model. Says after how many steps of the script it stands, or
/// what it holds where that is after none.
fn found(run: &Run) -> Result<usize, Box<Option<Holdings>>> {
    // Nothing fails any more: there is no need to wait for the disk.
    let open = || Arc::new(SqliteOptions::new().durability(Durability::Relaxed).open(database(&run.folder())).unwrap());
    let store = open();
    store.check().unwrap();
    let vault = match Vault::open(Arc::clone(&store), &key(KEY)) {
        Err(Error::NoVault) => return Ok(0),
        vault => vault.unwrap(),
    };
    let report = vault.verify().unwrap();
    assert_eq!(report.findings, []);
    let held = holdings(&vault, |number| Vault::open(Arc::clone(&store), &key(number)).is_ok());
    let fits = |steps: &usize| {
        Model::after(*steps).is_some_and(|model| model.versions() == report.versions && model.holdings() == held)
    };
    // Some steps change nothing that can be asked for: the run says which of several it can be.
    let steps = [last(run, "done"), last(run, "begin")];
    let steps = steps.into_iter().find(fits).or_else(|| (1..=SCRIPT.len()).find(fits)).ok_or(Box::new(Some(held)))?;
    rebuilt(&store, &vault);
    // It can be written again.
    let chart = vault.create_chart().unwrap();
    let id = chart.put(&Record::opaque("text/plain", "afterwards")).unwrap();
    let vault = Vault::open(open(), &key(KEY)).unwrap();
    assert_eq!(vault.chart(&chart.id()).unwrap().get(&id).unwrap().content(), b"afterwards");
    Ok(steps)
}

/// Holds the answers of the index that was found against those of one that is made anew from the entries.
fn rebuilt(store: &Arc<SqliteStore>, vault: &Vault) {
    let before = answers(vault);
    let charts = vault.charts().unwrap();
    let mut change = store.write().unwrap();
    for chart in charts {
        for (key, _) in change.scan(Table::Index, chart.as_bytes(), None, usize::MAX).unwrap() {
            assert!(change.delete(Table::Index, chart.as_bytes(), &key).unwrap());
        }
    }
    change.commit().unwrap();
    assert_eq!(answers(&Vault::open(Arc::clone(store), &key(KEY)).unwrap()), before);
}

fn answers(vault: &Vault) -> Vec<(Vec<Matches>, Vec<Vec<ampoule::VersionId>>)> {
    let charts = vault.charts().unwrap();
    assert!(vault.find_patient(&PatientQuery::name("example")).unwrap().len() <= charts.len());
    let each = charts.iter().map(|id| {
        let chart = vault.chart(id).unwrap();
        let queries = [Query::all(), Query::kind("Note").words("lot"), Query::all().word_prefix("ord")];
        let matches: Vec<_> = queries.iter().map(|query| chart.find(query).unwrap()).collect();
        let history = |entry| chart.history(entry).unwrap().into_iter().map(|entry| entry.unwrap().version()).collect();
        let histories = matches[0].entries().iter().map(|found| history(&found.id)).collect();
        (matches, histories)
    });
    each.collect()
}

/// The events of a run: those of a step but its first, and the others.
pub(crate) fn events(run: &Run) -> (Vec<u64>, Vec<u64>) {
    let (mut within, mut apart) = (Vec::new(), Vec::new());
    let (mut in_step, mut written) = (false, false);
    for line in &run.log {
        match line {
            Line::Note(note) => (in_step, written) = (note.starts_with("begin"), false),
            Line::Event { number, .. } => {
                if in_step && written {
                    within.push(*number)
                } else {
                    apart.push(*number)
                }
                written = true;
            }
        }
    }
    // Ids are drawn at random and pages fill accordingly: another run may have an event more or less.
    let last = run.events().saturating_sub(8);
    within.retain(|event| *event <= last);
    apart.retain(|event| *event <= last);
    (within, apart)
}

/// `count` of the events, spread evenly.
pub(crate) fn spread(events: &[u64], count: usize) -> impl Iterator<Item = u64> {
    assert!(events.len() >= count);
    (0..count).map(move |place| events[place * events.len() / count])
}

/// Runs the machine at each event, as many at a time as there are processors.
pub(crate) fn each<T: Send>(events: impl IntoIterator<Item = u64>, check: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let events = Mutex::new(events.into_iter().collect::<Vec<_>>().into_iter());
    let next = || events.lock().unwrap().next();
    std::thread::scope(|scope| {
        let work = || std::iter::from_fn(next).map(&check).collect::<Vec<_>>();
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

fn undisturbed(test: &str, durability: &str) -> Run {
    let run = Machine::new(test).set(DURABILITY, durability).run(None);
    assert!(!run.killed);
    assert_eq!(last(&run, "done"), SCRIPT.len());
    assert_eq!(found(&run), Ok(SCRIPT.len()));
    run
}

#[test]
fn what_is_acknowledged_survives() {
    const TEST: &str = "vault::what_is_acknowledged_survives";
    if let Some((folder, notes)) = child() {
        return work(&folder, notes);
    }
    let all = undisturbed(TEST, "full");
    let (within, apart) = events(&all);
    let events = spread(&within, CUTS.0).chain(spread(&apart, CUTS.1));
    let runs = each(events, |event| {
        let fault = match event % 3 {
            0 => Fault::TornPowerCut { seed: event },
            1 => Fault::Kill,
            _ => Fault::PowerCut,
        };
        let run = Machine::new(TEST).run(Some((event, fault)));
        assert!(run.killed, "event {event} did not come");
        let (begun, done) = (last(&run, "begin"), last(&run, "done"));
        match found(&run) {
            Ok(steps) if (done..=begun).contains(&steps) => {}
            other => panic!("{fault:?} at {event}: {done} steps were acknowledged, {begun} begun; found {other:?}"),
        }
        (came_within_a_step(&run), done, begun)
    });
    let within = runs.iter().filter(|(within, ..)| *within).count();
    let interrupted: BTreeSet<_> = runs.iter().filter(|(within, ..)| *within).map(|(_, _, begun)| begun).collect();
    let acknowledged: usize = runs.iter().map(|(_, done, _)| done).sum();
    println!(
        "{} events; {} cuts, {within} within one of {} steps; {acknowledged} acknowledged steps found again",
        all.events(),
        runs.len(),
        interrupted.len()
    );
    assert!(runs.len() >= 200, "{}", runs.len());
    assert!(within >= 150, "{within}");
    assert!(interrupted.len() + 2 >= SCRIPT.len(), "{interrupted:?}");
}

/// The same test on a store that does not sync each commit loses what it acknowledged, and the test sees it. What is left
/// is whole all the same.
#[test]
fn without_syncing_acknowledged_steps_are_lost() {
    const TEST: &str = "vault::without_syncing_acknowledged_steps_are_lost";
    if let Some((folder, notes)) = child() {
        return work(&folder, notes);
    }
    let (within, _) = events(&undisturbed(TEST, "relaxed"));
    let lost = each(spread(&within, 12), |event| {
        let run = Machine::new(TEST).set(DURABILITY, "relaxed").run(Some((event, Fault::PowerCut)));
        assert!(run.killed);
        let steps = found(&run).unwrap();
        assert!(steps <= last(&run, "begin"));
        last(&run, "done").saturating_sub(steps)
    });
    assert!(lost.iter().sum::<usize>() > 0);
}
