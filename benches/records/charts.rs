//! Whole charts: sharing, revoking, finding.

use crate::common::measure::{figure, median, side_by_side};
use crate::common::plain::PlainCodes;
use crate::common::samples::{KIND, SYSTEM, acquainted, code, durable_vault, fill, unlock, vault};
use ampoule::{Chart, Grant, MemoryStore, Query, SqliteStore, Vault};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

const FEW: usize = 10;
const MANY: usize = 10_000;
const LEN: usize = 256;
/// How often a chart is shared and revoked. The ledger of both grows alike.
const ROUNDS: usize = 40;

/// Sharing a chart and revoking it again: of a patient with many records, against one with few.
pub(crate) fn sharing(folder: &Path) {
    println!("sharing and revoking charts of {MANY} and of {FEW} records");
    let clinic = durable_vault(&folder.join("sharing"));
    let specialist = vault(MemoryStore::new(), "Dr. Lee");
    let lee = acquainted(&clinic, &specialist);
    let [few, many] = [FEW, MANY].map(|count| {
        let chart = clinic.create_chart().unwrap();
        fill(&clinic, &chart, count, LEN);
        chart
    });
    let (mut sharing, mut revoking) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let order = if round % 2 == 0 { [&many, &few] } else { [&few, &many] };
        let mut shares = order.map(|chart| timed(|| chart.share(&lee, &Grant::read()).map(drop).unwrap()));
        let mut revokes = order.map(|chart| timed(|| chart.revoke(&lee).map(drop).unwrap()));
        if round % 2 != 0 {
            shares.reverse();
            revokes.reverse();
        }
        sharing.push(shares);
        revoking.push(revokes);
    }
    for (name, seen) in [("share_chart", sharing), ("revoke_chart", revoking)] {
        let times = [0, 1].map(|which| median(seen.iter().map(|pair| pair[which])) * 1e3);
        println!("  {name}: {:.2} ms against {:.2} ms", times[0], times[1]);
        let ratio = median(seen.iter().map(|[many, few]| many / few));
        figure(name, ratio, "x", "the same for a patient with 10 records");
    }
}

/// Finding by code in one chart.
pub(crate) fn finding(folder: &Path) {
    println!("finding the observations of one code among {MANY}");
    let file = folder.join("finding");
    let clinic = durable_vault(&file);
    let chart = clinic.create_chart().unwrap();
    let ids = fill(&clinic, &chart, MANY, LEN);
    let rows: Vec<_> = ids.iter().enumerate().map(|(number, id)| (*id.as_bytes(), code(number))).collect();
    let plain_file = folder.join("finding.plain");
    let plain = PlainCodes::create(&plain_file, KIND, SYSTEM, &rows);
    let wanted = code(17);
    let hits = rows.iter().filter(|(_, code)| *code == wanted).count();
    let find = |chart: &Chart| {
        let found = chart.find(&Query::kind(KIND).code(SYSTEM, &*wanted)).unwrap();
        let ids: Vec<[u8; 16]> = found.entries().iter().map(|found| *found.id.as_bytes()).collect();
        assert_eq!(black_box(ids).len(), hits);
    };
    let find_plain = |plain: &PlainCodes| assert_eq!(black_box(plain.find(KIND, SYSTEM, &wanted)).len(), hits);
    println!("  {hits} are found");
    side_by_side(101, 50, || find(&chart), || find_plain(&plain))
        .print("find_10k", "the same query on an indexed plain SQLite table");
    let id = chart.id();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    drop((chart, clinic, plain));
    for _ in 0..15 {
        let clinic = Vault::open(SqliteStore::open(&file).unwrap(), &unlock()).unwrap();
        ours.push(timed(|| find(&clinic.chart(&id).unwrap())));
        theirs.push(timed(|| find_plain(&PlainCodes::open(&plain_file))));
    }
    let times = [ours, theirs].map(|times| median(times.into_iter()) * 1e3);
    println!("  find_10k_cold: {:.2} ms against {:.2} ms", times[0], times[1]);
    figure("find_10k_cold", times[0] / times[1], "x", "the same query on an indexed plain SQLite table just opened");
}

fn timed(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}
