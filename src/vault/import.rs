//! Taking bundles in.

use super::{
    Cursor, Inner, Vault,
    beside::Beside,
    chains::{Flaw, flaws},
    charts,
    cores::on_all_cores,
    event::{Event, EventKind},
    files::{Described, describes, missing},
    learn::{Learnt, damaged, learn},
    logs::{Write, log_id},
    mark::{Mark, Marked},
    open_chart::OpenChart,
    session::Session,
    sources::{Arrived, Sources},
    standings::standings_of,
    stored_entry::{Stub, put_entry, row_of},
};
use crate::codec::{ChartId, EntryId, Hash, VersionId};
use crate::crypto::WipedBytes;
use crate::envelope::{Opened, object_hash};
use crate::error::Error;
use crate::index::{self, IndexRow};
use crate::keys::DeviceCard;
use crate::keys::chart::{ChartKeys, EntryStanding, Fate, Proposal};
use crate::log::{LogError, TreeHead};
use crate::sync::bundle::{self, Bundle, BundleError, Item};
use crate::sync::extent::Extent;
use std::collections::BTreeSet;

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Applied {
    /// The chart.
    pub chart: ChartId,
    /// Versions that are new, and read from now on.
    pub added: u64,
    /// Entries that now have versions in conflict, among those that are new.
    pub conflicts: u64,
    /// Versions that are new and kept apart until a custodian decides: see [`Chart::quarantined`](crate::Chart::quarantined).
    pub quarantined: u64,
    /// Versions that were read here before, and are disputed now: the bundle tells of a revocation that does not know them.
    pub disputed: u64,
    /// Versions that did not open, or whose author never had the right to write them.
    pub rejected: u64,
    /// Places among the new versions where others by the same author are missing that this vault may read: take a bundle of
    /// the whole chart, from [`Cursor::START`], or from somebody else.
    pub gaps: u64,
    /// New versions of a device that had written another in the same place: it was copied, or put back to an older state.
    pub repeated: u64,
    /// Versions that the sender had and does not have any more, at least: [`Vault::verify`] names them until somebody else
    /// brings them.
    pub withheld: u64,
    /// The sender's history is another than he had proven before: his device was copied, or his store put back to an older
    /// state. What the bundle holds was taken in; [`Finding::Contradicted`](crate::Finding::Contradicted) stays until
    /// [`Chart::settle_bundles`](crate::Chart::settle_bundles), and `docs/INCIDENTS.md` says what to do.
    pub contradicted: bool,
    /// Versions of files, among those that are new, of which the content is not here: see
    /// [`Chart::receive_content`](crate::Chart::receive_content).
    pub missing_blobs: Vec<VersionId>,
    /// Changes of the sharing that another custodian proposed, and that this vault has recorded: it administers the chart.
    pub recorded: u64,
    /// Changes that were proposed here, and are recorded now.
    pub confirmed: u64,
    /// Changes that were proposed here, and were given up because somebody else had decided otherwise.
    pub superseded: u64,
    /// There are two histories of the chart's sharing that contradict each other: see [`Chart::fork`](crate::Chart::fork).
    pub forked: bool,
    /// Where the sender's next bundle goes on.
    pub next: Cursor,
}

impl Vault {
    /// Takes a bundle in: verifies all of it, and adds what is new in one transaction. A second time it changes nothing.
    ///
    /// The chart must have been shared by a verified contact. The sender's device proves what was in the bundle, and that it
    /// goes on from the bundles before: where something is missing, nothing is taken in, and it is
    /// [`Error::IncompleteBundle`].
    pub fn import(&self, bundle: &[u8]) -> Result<Applied, Error> {
        self.inner.with(|session| {
            let bundle = Bundle::parse(bundle).map_err(|error| match error {
                BundleError::Damaged => Error::DamagedBundle,
                BundleError::Newer => Error::NewerFormat,
            })?;
            import(&self.inner, session, &bundle)
        })
    }
}

fn import(inner: &Inner, session: &Session, bundle: &Bundle<'_>) -> Result<Applied, Error> {
    let id = bundle.head.chart;
    if bundle.head.recipient != session.unlocked.identity().root_card.hash() {
        return Err(Error::ForeignBundle);
    }
    let mut write = Write::begin(inner, session)?;
    // What is there is held against the logs before anything is added to it, and all that follows goes on from it: a store
    // that is asked again may answer otherwise. Nobody else may see it: until the commit it is a chart that may never be.
    let known = match OpenChart::load(session, &id, &*write.tx) {
        Ok(open) => Some(open),
        Err(Error::UnknownChart) => {
            charts::add(&mut write, &id)?;
            None
        }
        Err(error) => return Err(error),
    };
    let disputed_before = known.as_ref().map_or_else(Vec::new, |open| open.standings.all(EntryStanding::Disputed));
    let beside = known.as_ref().map_or_else(Beside::default, |open| open.beside.clone());
    let Learnt { keys, own, recorded } = learn(inner, session, &mut write, bundle, known.as_ref())?;
    let mut chart = match (known, keys) {
        (Some(open), Some(keys)) => open.with_keys(keys),
        (Some(open), None) => open,
        (None, keys) => OpenChart::new(session, keys.ok_or(Error::IncompleteBundle)?)?,
    };
    let mut applied = Applied { recorded, forked: chart.keys.fork().is_some(), ..Applied::of(id) };
    let waiting = follow_up(session, &mut write, &chart, own, inner.now_ms(), &mut applied)?;
    Beside::new(chart.keys.all_rows(), &waiting).put(&mut write, &id, &beside)?;
    let Taken { rows, objects, files } = take_entries(&mut write, &chart, bundle, &mut applied)?;
    take_proof(session, &mut write, &chart, bundle, &rows, &objects, &mut applied)?;
    let known_to = chart.index.last_seq();
    let segment = chart.append_index(&mut *write.tx, &rows, true)?;
    write.mark(Marked::Ledger(id), chart.ledger_mark());
    if !rows.is_empty() {
        write.mark(Marked::Entries(id), chart.mark_with(&rows));
    }
    write.event(Event::new(EventKind::Import, inner.now_ms()).on(id));
    write.commit()?;
    session.forget(&id);
    let read = rows.iter().filter(|row| row.arrival != index::KEPT_APART);
    let entries: BTreeSet<EntryId> = read.map(|row| row.entry).collect();
    chart.insert(rows, segment, None)?;
    let in_conflict = |entry: &&EntryId| chart.index.heads(entry).is_some_and(|heads| !heads.conflicts.is_empty());
    applied.conflicts = count(entries.iter().filter(in_conflict).count());
    let flaws = flaws(&chart.keys, &chart.index, known_to);
    applied.gaps = count(flaws.iter().filter(|(_, flaw)| *flaw == Flaw::Gap).count());
    applied.repeated = count(flaws.iter().filter(|(_, flaw)| *flaw == Flaw::Repeat).count());
    let disputed = chart.standings.all(EntryStanding::Disputed);
    applied.missing_blobs = missing(inner, &files);
    applied.disputed = count(disputed.iter().filter(|seq| !disputed_before.contains(seq)).count());
    Ok(applied)
}

impl Applied {
    /// Nothing so far.
    fn of(chart: ChartId) -> Self {
        Self {
            chart,
            added: 0,
            conflicts: 0,
            quarantined: 0,
            disputed: 0,
            rejected: 0,
            gaps: 0,
            repeated: 0,
            withheld: 0,
            contradicted: false,
            missing_blobs: Vec::new(),
            recorded: 0,
            confirmed: 0,
            superseded: 0,
            forked: false,
            next: Cursor::START,
        }
    }
}

/// What is new of a bundle's entries.
struct Taken {
    rows: Vec<IndexRow>,
    /// What the bundle holds, entry by entry.
    objects: Vec<Object>,
    /// What is read of it and describes a content.
    files: Vec<Described>,
}

/// Object hash of an entry of a bundle, and its compartment where it opened.
type Object = (Hash, Option<u8>);

/// Stores what is new of a bundle's entries.
fn take_entries(
    write: &mut Write<'_>,
    chart: &OpenChart,
    bundle: &Bundle<'_>,
    applied: &mut Applied,
) -> Result<Taken, Error> {
    let (keys, id) = (&chart.keys, chart.keys.chart());
    let (mut rows, mut items, mut files, mut seen) = (Vec::new(), Vec::new(), Vec::new(), BTreeSet::new());
    let (opened, ()) = on_all_cores(&bundle.entries, || (), |(), item| open_item(keys, item), || ());
    let of = |(hash, opened): &(Hash, Option<Opened>)| (*hash, opened.as_ref().map(|opened| opened.slot));
    let objects = opened.iter().map(of).collect();
    for (item, (hash, opened)) in bundle.entries.iter().zip(opened) {
        let Some(opened) = opened else {
            applied.rejected = applied.rejected.saturating_add(1);
            continue;
        };
        // It is new here, whatever the bundle makes of it: that it was taken in before a revocation, only this vault can say.
        let stub = Stub { hash, arrival: index::KEPT_APART };
        let version = opened.header.version;
        // Another under an id that is taken is another version: its author did not choose to be too late.
        if chart.index.contains(&version, &hash) || !seen.insert((version, hash)) {
            continue;
        }
        files.push(if describes(&opened) { Described::of(chart, &opened).ok() } else { None });
        rows.push(row_of(0, stub, opened));
        items.push(item);
    }
    // Judged together, so that it does not matter in which order they stand in the bundle.
    let standings = standings_of(keys, &chart.index, &rows);
    let mut next = chart.index.last_seq();
    let mut taken = Taken { rows: Vec::with_capacity(rows.len()), objects, files: Vec::new() };
    for (((mut row, item), file), standing) in rows.into_iter().zip(items).zip(files).zip(standings) {
        let count = match standing {
            None => &mut applied.rejected,
            Some(EntryStanding::Quarantined) => &mut applied.quarantined,
            Some(_) => {
                row.arrival = keys.head_seq();
                taken.files.extend(file);
                &mut applied.added
            }
        };
        *count = count.saturating_add(1);
        if standing.is_none() {
            continue;
        }
        next = next.saturating_add(1);
        row.seq = next;
        let stub = Stub { hash: row.hash, arrival: row.arrival };
        put_entry(&mut *write.tx, &id, next, &item.wrap, item.bytes, stub)?;
        taken.rows.push(row);
    }
    Ok(taken)
}

/// Holds a bundle against what its sender had proven before, and takes note of what it proves.
fn take_proof(
    session: &Session,
    write: &mut Write<'_>,
    chart: &OpenChart,
    bundle: &Bundle<'_>,
    rows: &[IndexRow],
    objects: &[Object],
    applied: &mut Applied,
) -> Result<(), Error> {
    let keys = &chart.keys;
    let (device, head) = sender_of(keys, bundle)?;
    let known = Sources::read(session, keys, &*write.tx)?;
    let mut sources = known.clone().unwrap_or_else(Sources::begun_anew);
    if let Some(extent) = &extent_of(keys, bundle)? {
        let of_entries = bundle.is_of_entries();
        let arrived = Arrived { device, head, proof: &bundle.proof, extent, of_entries, objects };
        let told = sources.take(&arrived, keys)?;
        (applied.contradicted, applied.withheld) = (told.contradicted, told.lost);
    }
    let came: BTreeSet<VersionId> = rows.iter().map(|row| row.version).collect();
    sources.found(|version| came.contains(version) || chart.index.contains_version(version));
    if known.as_ref() != Some(&sources) {
        sources.put(write, keys)?;
    }
    applied.next = sources.cursor(&device.root());
    Ok(())
}

/// Opens and verifies an entry of a bundle. Returns its object hash, and where it opens, what is in it without its content,
/// which is sealed where it is wanted; but what describes a file.
fn open_item(keys: &ChartKeys, item: &Item<'_>) -> (Hash, Option<Opened>) {
    let opened = keys.open_entry(item.bytes, &item.wrap, None).ok();
    let without_content = |opened| Opened { content: WipedBytes::default(), ..opened };
    let shortened = |opened: Opened| if describes(&opened) { opened } else { without_content(opened) };
    (object_hash(item.bytes), opened.map(shortened))
}

/// Looks at what this vault proposed: what is recorded is done with, what lost against another step is made again on top of
/// it, where that is still allowed. Returns what waits on.
fn follow_up(
    session: &Session,
    write: &mut Write<'_>,
    chart: &OpenChart,
    own: Vec<Proposal>,
    now_ms: i64,
    applied: &mut Applied,
) -> Result<Vec<Proposal>, Error> {
    let (keys, mut waiting) = (&chart.keys, Vec::new());
    for proposal in own {
        match proposal.fate(keys) {
            Fate::Waiting => waiting.push(proposal),
            Fate::Committed => applied.confirmed = applied.confirmed.saturating_add(1),
            Fate::Lost => match keys.renew(&proposal, |slot, gone| chart.cut(slot, gone), now_ms) {
                Ok((again, ring)) => {
                    session.put_ring(&mut *write.tx, &keys.chart(), &ring)?;
                    waiting.push(again);
                }
                // Until the contradiction is resolved nobody knows what came first.
                Err(Error::Forked) => waiting.push(proposal),
                Err(error @ (Error::Random(_) | Error::Store(_))) => return Err(error),
                Err(_) => applied.superseded = applied.superseded.saturating_add(1),
            },
        }
    }
    Ok(waiting)
}

/// The sender's device and the head of its log, which says what this bundle is.
fn sender_of<'a>(keys: &'a ChartKeys, bundle: &Bundle<'_>) -> Result<(&'a DeviceCard, TreeHead), Error> {
    let log = bundle.proof.unverified_log().map_err(damaged)?;
    let device = keys.cards().devices().find(|device| log_id(&device.hash()) == log);
    let device = device.filter(|device| keys.was_member(&device.root())).ok_or(Error::IncompleteBundle)?;
    let proven = bundle.proof.verify(device.log_key(), &Marked::Bundle(bundle.head.chart).key());
    let (head, said) = proven.map_err(|error| match error {
        LogError::Newer => Error::NewerFormat,
        _ => Error::IncompleteBundle,
    })?;
    match Mark::of_digest(&said) {
        Some(mark) if mark == Mark::new(mark.count, &bundle.content) => Ok((device, head)),
        _ => Err(Error::IncompleteBundle),
    }
}

/// What the bundle says that it brings. Whose access has ended is told nothing.
fn extent_of(keys: &ChartKeys, bundle: &Bundle<'_>) -> Result<Option<Extent>, Error> {
    let Some((epoch, sealed)) = &bundle.scope else {
        return if bundle.entries.is_empty() { Ok(None) } else { Err(Error::DamagedBundle) };
    };
    let held = keys.ring().ledger_secrets().map_err(|_| Error::unopenable())?;
    let open = |key| bundle::open_scope(key, &bundle.head.chart, *epoch, sealed).ok();
    let opened = held.get(epoch).and_then(|keys| keys.iter().find_map(open));
    opened.map(Some).ok_or(Error::DamagedBundle)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
