//! What the bundles of others have proven of a chart: how far the lines of each sender are held here, which heads of his logs
//! were seen, and what he lost.
//!
//! One row a chart, sealed, replaced as a whole, and marked in the logs. A store that hides it hides nothing of the chart:
//! bundles count as the first of their senders then, and `verify` names it.

use super::cursor::{Cursor, Held};
use super::logs::Write;
use super::mark::{Mark, Marked};
use super::session::Session;
use crate::codec::{
    self, CardHash, ChartId, CompartmentId, EntryId, Extensions, Hash, LogId, Malformed, Version1, VersionId, padding,
};
use crate::crypto::{Secret, chunked, kdf, kdf::Deriver, merkle, role};
use crate::error::Error;
use crate::keys::DeviceCard;
use crate::keys::chart::ChartKeys;
use crate::log::TreeHead;
use crate::store::{Snapshot, Table};
use crate::sync::extent::{Extent, LeftOut, Line, Piece, Why};
use crate::sync::proof::Proof;
use core::cmp::Ordering;
use minicbor::{Decode, Encode};
use std::collections::BTreeSet;

/// Key of the row in the chart's part of the keyring.
const KEY: &[u8] = b"sources";
/// Most heads that are kept of a sender: a device that is used no more makes room.
const MOST_HEADS: usize = 64;

/// All senders of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Sources {
    #[n(0)]
    version: Version1,
    #[n(1)]
    all: Vec<Source>,
    /// The row was hidden when a bundle came: what stood in it before is not known.
    #[n(2)]
    anew: bool,
    #[n(3)]
    extensions: Extensions,
}

/// A sender.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Source {
    /// Root card.
    #[n(0)]
    root: CardHash,
    /// Number of his last version in his order of arrival.
    #[n(1)]
    next: u64,
    #[n(2)]
    held: Vec<Held>,
    #[n(3)]
    left_out: Vec<LeftOut>,
    /// The one that was seen last stands last.
    #[n(4)]
    heads: Vec<Seen>,
    /// What he sent no more.
    #[n(5)]
    lost: Vec<(EntryId, VersionId)>,
    /// His device that contradicted what was proven before, until somebody settled it.
    #[n(6)]
    contradicted: Option<CardHash>,
    /// What he has told of the sharing.
    #[n(7)]
    sharing: Option<Hash>,
}

/// The newest head of a log that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Seen {
    #[n(0)]
    log: LogId,
    #[n(1)]
    leaves: u64,
    #[n(2)]
    root: Hash,
    /// Number of the sender's last version then.
    #[n(3)]
    next: u64,
}

/// A bundle whose proof was verified.
pub(super) struct Arrived<'a> {
    /// Of the sender, which proves it.
    pub(super) device: &'a DeviceCard,
    pub(super) head: TreeHead,
    pub(super) proof: &'a Proof,
    pub(super) extent: &'a Extent,
    /// Whether it tells nothing of the sharing.
    pub(super) of_entries: bool,
    /// Object hash of each entry, and the compartment of those that opened.
    pub(super) objects: &'a [(Hash, Option<u8>)],
}

/// What a bundle meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// It contradicts what its sender had proven before.
    pub(super) contradicted: bool,
    /// Versions that he lost, at least.
    pub(super) lost: u64,
}

/// How a head relates to the one of its log that was seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Older,
    Newer,
    Forked,
}

impl Sources {
    /// The row of a chart; nothing where it is not the one that was last written.
    pub(super) fn read(session: &Session, keys: &ChartKeys, snapshot: &dyn Snapshot) -> Result<Option<Self>, Error> {
        let chart = keys.chart();
        let stored = snapshot.get(Table::Keyring, chart.as_bytes(), KEY)?;
        let mark = session.logs(snapshot)?.last_mark(snapshot, Marked::Sources(chart))?;
        let sealed = match (stored, mark) {
            (None, None) => return Ok(Some(Self::default())),
            (Some(sealed), Some(mark)) if mark == Mark::new(mark.count, &row_hash(&sealed)) => sealed,
            _ => return Ok(None),
        };
        let opened = chunked::open(keys.suite(), &key(keys)?, &[&context(&chart)], &sealed).ok();
        match opened.as_deref().and_then(|padded| padding::unpad(padded)).map(codec::decode) {
            Some(Ok(sources)) => Ok(Some(sources)),
            Some(Err(Malformed::Newer)) => Err(Error::NewerFormat),
            _ => Ok(None),
        }
    }

    /// In the place of a row that is hidden.
    pub(super) fn begun_anew() -> Self {
        Self { anew: true, ..Self::default() }
    }

    /// Whether the row was hidden once when a bundle came, and nobody settled it.
    pub(super) fn are_anew(&self) -> bool {
        self.anew
    }

    /// The senders that contradicted themselves, and nobody settled it: root card and device.
    pub(super) fn contradicted(&self) -> impl Iterator<Item = (CardHash, CardHash)> {
        self.all.iter().filter_map(|source| Some((source.root, source.contradicted?)))
    }

    /// Takes it that somebody looked into all of it.
    pub(super) fn settle(&mut self) {
        self.anew = false;
        self.all.iter_mut().for_each(|source| source.contradicted = None);
    }

    pub(super) fn put(&self, write: &mut Write<'_>, keys: &ChartKeys) -> Result<(), Error> {
        let (chart, key) = (keys.chart(), key(keys)?);
        let padded = padding::pad(&codec::encode(self)).ok_or_else(Error::unopenable)?;
        let salt = chunked::salt(&key, &padded)?;
        let sealed = chunked::seal(keys.suite(), &key, salt, &[&context(&chart)], &padded);
        let sealed = sealed.map_err(|_| Error::unopenable())?;
        write.tx.put(Table::Keyring, chart.as_bytes(), KEY, &sealed)?;
        write.replace(Marked::Sources(chart), &row_hash(&sealed))
    }

    /// Where the next bundle of a sender goes on.
    pub(super) fn cursor(&self, sender: &CardHash) -> Cursor {
        self.all.iter().find(|source| source.root == *sender).map_or(Cursor::START, |source| {
            let seen = source.heads.iter().map(|head| (head.log, head.leaves)).collect();
            Cursor::new(source.held.clone(), seen, source.sharing)
        })
    }

    /// Holds a bundle against what its sender had proven before, and takes in what it proves. An error means that something is
    /// missing in it or before it: then nothing has changed.
    pub(super) fn take(&mut self, arrived: &Arrived<'_>, keys: &ChartKeys) -> Result<Taken, Error> {
        let root = arrived.device.root();
        let known = self.all.iter().position(|source| source.root == root);
        let mut source = match known.and_then(|place| self.all.get(place)) {
            Some(source) => source.clone(),
            None => Source::new(root),
        };
        let taken = source.take(arrived, keys)?;
        match known.and_then(|place| self.all.get_mut(place)) {
            Some(known) => *known = source,
            None => self.all.push(source),
        }
        Ok(taken)
    }

    /// Forgets that versions were lost which are here now.
    pub(super) fn found(&mut self, here: impl Fn(&VersionId) -> bool) {
        for source in &mut self.all {
            source.lost.retain(|(_, version)| !here(version));
        }
    }

    /// Versions that a sender had and lost, and that nobody else has brought.
    pub(super) fn lost(&self) -> BTreeSet<(EntryId, VersionId)> {
        self.all.iter().flat_map(|source| &source.lost).copied().collect()
    }

    /// Compartments that were left out of a sender's bundles, with the number of versions that he has more than he sent.
    pub(super) fn left_out(&self) -> impl Iterator<Item = (CompartmentId, u64)> {
        let of = |source: &Source, left: &LeftOut| left.to.count.saturating_sub(source.line(left.compartment).count);
        let all = self.all.iter().flat_map(|source| source.left_out.iter().map(move |left| (source, left)));
        all.map(move |(source, left)| (left.compartment, of(source, left)))
    }
}

impl Source {
    fn new(root: CardHash) -> Self {
        Self {
            root,
            next: 0,
            held: Vec::new(),
            left_out: Vec::new(),
            heads: Vec::new(),
            lost: Vec::new(),
            contradicted: None,
            sharing: None,
        }
    }

    fn line(&self, compartment: CompartmentId) -> Line {
        self.held.iter().find(|held| held.compartment == compartment).map_or(Line::EMPTY, |held| held.line)
    }

    fn take(&mut self, arrived: &Arrived<'_>, keys: &ChartKeys) -> Result<Taken, Error> {
        let Arrived { head, proof, extent, .. } = arrived;
        let age = self.age(head, proof, extent)?;
        // It counts on what the sender has told of the sharing: that is to be what was heard. An older bundle changes nothing.
        if arrived.of_entries && age != Age::Older && self.sharing != Some(extent.sharing) {
            return Err(Error::IncompleteBundle);
        }
        let (agrees, lost) = self.follow(arrived, keys)?;
        let contradicted = age == Age::Forked || !agrees;
        // What counts on earlier bundles is nothing without them. What stands for itself is all there is now.
        if contradicted && !extent.stands_alone() {
            return Err(Error::IncompleteBundle);
        }
        if contradicted || age != Age::Older {
            self.heads.retain(|seen| seen.log != head.log());
            let root = Hash::from_bytes(head.tree().root);
            self.heads.push(Seen { log: head.log(), leaves: head.size(), root, next: extent.next });
            let surplus = self.heads.len().saturating_sub(MOST_HEADS);
            self.heads.drain(..surplus);
            self.sharing = Some(extent.sharing);
        }
        if contradicted || extent.next >= self.next {
            self.left_out.clone_from(&extent.left_out);
        }
        let untold = u64::from(!extent.whole);
        let taken = Taken { contradicted, lost: u64::try_from(lost.len()).unwrap_or(u64::MAX).saturating_add(untold) };
        if contradicted {
            self.contradicted = Some(arrived.device.hash());
        }
        for piece in &extent.pieces {
            let newest = Held { compartment: piece.compartment, line: piece.to, next: extent.next };
            match self.held.iter_mut().find(|held| held.compartment == piece.compartment) {
                Some(held) if contradicted || newest.is_after(held) => *held = newest,
                Some(_) => {}
                None => self.held.push(newest),
            }
        }
        self.next = if contradicted { extent.next } else { self.next.max(extent.next) };
        self.lost.extend(lost);
        self.lost.sort_unstable();
        self.lost.dedup();
        Ok(taken)
    }

    /// How the head relates to the one that was seen. Where the sender knew which one that is, he proves it.
    fn age(&self, head: &TreeHead, proof: &Proof, extent: &Extent) -> Result<Age, Error> {
        if proof.is_of_seen() != (extent.seen > 0) {
            return Err(Error::IncompleteBundle);
        }
        let Some(seen) = self.heads.iter().find(|seen| seen.log == head.log()) else { return Ok(Age::Newer) };
        let tree = merkle::Tree { size: seen.leaves, root: *seen.root.as_bytes() };
        Ok(match head.size().cmp(&seen.leaves) {
            // A later bundle was quicker; he had no more then than in that one.
            Ordering::Less if extent.next > seen.next => Age::Forked,
            Ordering::Less => Age::Older,
            Ordering::Equal if head.tree().root != tree.root => Age::Forked,
            Ordering::Greater if extent.next < seen.next => Age::Forked,
            Ordering::Greater if extent.seen == seen.leaves => {
                let old = TreeHead::kept(head.log(), tree);
                if proof.extends(&old, head).is_ok() { Age::Newer } else { Age::Forked }
            }
            Ordering::Equal | Ordering::Greater => Age::Newer,
        })
    }

    /// Follows each line through its piece. Returns whether all of them pass through where they were, and what was lost.
    fn follow(&self, arrived: &Arrived<'_>, keys: &ChartKeys) -> Result<(bool, Vec<(EntryId, VersionId)>), Error> {
        let extent = arrived.extent;
        let compartments = keys.compartment_ids();
        let (mut agrees, mut lost, mut before) = (true, Vec::new(), BTreeSet::new());
        let mut objects = arrived.objects.iter();
        for piece in &extent.pieces {
            let slot = compartments.iter().position(|id| *id == piece.compartment);
            let slot = slot.and_then(|slot| u8::try_from(slot).ok()).ok_or(Error::IncompleteBundle)?;
            if !before.insert(piece.compartment) {
                return Err(Error::IncompleteBundle);
            }
            let known = self.line(piece.compartment);
            agrees &= follow_one(piece, slot, known, &mut objects, &mut lost)?;
            // As many versions in all, and fewer of these.
            agrees &= extent.next < self.next || piece.to.count >= known.count;
        }
        let mut is_named = |left: &LeftOut| compartments.contains(&left.compartment) && before.insert(left.compartment);
        if !extent.left_out.iter().all(&mut is_named) {
            return Err(Error::IncompleteBundle);
        }
        // All that is there is in a line, unless he cannot tell which.
        if (extent.whole || !extent.pieces.is_empty()) && objects.next().is_some() {
            return Err(Error::IncompleteBundle);
        }
        Ok((agrees, lost))
    }
}

fn follow_one<'a>(
    piece: &Piece,
    slot: u8,
    known: Line,
    objects: &mut impl Iterator<Item = &'a (Hash, Option<u8>)>,
    lost: &mut Vec<(EntryId, VersionId)>,
) -> Result<bool, Error> {
    let missing = || Error::IncompleteBundle;
    if !piece.first && piece.from.count > known.count {
        return Err(missing());
    }
    let passes = |line: &Line| line.count != known.count || *line == known;
    let (mut line, mut agrees) = (piece.from, passes(&piece.from));
    let mut absent = piece.absent.iter().peekable();
    while line.count < piece.to.count {
        let place = line.count.saturating_add(1);
        let object = if let Some(absent) = absent.next_if(|absent| absent.place == place) {
            match (absent.why, absent.ids) {
                (Why::NotGranted, None) => {}
                (Why::Sent, None) if place <= known.count => {}
                (Why::Lost, Some(ids)) => lost.push(ids),
                _ => return Err(missing()),
            }
            absent.object
        } else {
            let (object, of) = objects.next().ok_or_else(missing)?;
            // Of another compartment than it is said to be: the scope holds what it does not say.
            if of.is_some_and(|of| of != slot) {
                return Err(missing());
            }
            *object
        };
        line = line.then(&object);
        agrees &= passes(&line);
    }
    if line != piece.to || absent.next().is_some() {
        return Err(missing());
    }
    Ok(agrees)
}

fn key(keys: &ChartKeys) -> Result<Secret<role::Sources>, Error> {
    let index = keys.ring().index_key().map_err(|_| Error::unopenable())?;
    Ok(Deriver::new(&index).key(&[keys.chart().as_bytes()]))
}

/// label("sources-row") ‖ chart.
fn context(chart: &ChartId) -> Vec<u8> {
    let mut context = kdf::label("sources-row");
    context.extend_from_slice(chart.as_bytes());
    context
}

/// What a log says of the row.
fn row_hash(sealed: &[u8]) -> Hash {
    Hash::from_bytes(kdf::hash("sources", &[sealed]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::extent::Absent;

    /// Software of the sender's that says something else than it sends. Honest first.
    #[test]
    fn h60_a_scope_that_says_less_or_more_than_it_holds() {
        let objects = [1, 2, 3].map(|byte| Hash::from_bytes([byte; 32]));
        let end = objects.iter().fold(Line::EMPTY, |line, object| line.then(object));
        let from = Line::EMPTY.then(&objects[0]);
        let compartment = CompartmentId::from_bytes([7; 16]);
        let lost = (EntryId::from_bytes([1; 16]), VersionId::from_bytes([2; 16]));
        let absent = |place, why, ids| Absent { place, object: objects[2], why, ids };
        let gone = vec![absent(3, Why::Lost, Some(lost))];
        let follow = |first, known, absent: &[Absent], sent: &[(Hash, Option<u8>)]| {
            let piece = Piece { compartment, first, from, to: end, absent: absent.to_vec() };
            let (mut rest, mut lost) = (sent.iter(), Vec::new());
            follow_one(&piece, 4, known, &mut rest, &mut lost).map(|agrees| (agrees, lost.len(), rest.len()))
        };
        let all = [(objects[1], Some(4)), (objects[2], None)];
        assert_eq!(follow(false, from, &[], &all), Ok((true, 0, 0)));
        assert_eq!(follow(true, Line::EMPTY, &gone, &all), Ok((true, 1, 1)));
        let sent = [absent(3, Why::Sent, None)];
        assert_eq!(follow(true, end, &sent, &all[..1]), Ok((true, 0, 0)));
        // It contradicts what is known at its beginning, within it, at its end.
        for count in 1..=3 {
            assert_eq!(follow(true, Line { count, hash: objects[0] }, &[], &all), Ok((false, 0, 0)), "{count}");
        }
        // Goes on from more than is held; sends less, something else, in another order, of another compartment.
        assert_eq!(follow(false, Line::EMPTY, &[], &all), Err(Error::IncompleteBundle));
        let swapped = [all[1], all[0]];
        let other = [(objects[1], Some(5)), all[1]];
        for sent in [&all[..1], &[], &all[1..], &swapped, &[all[0], all[0]], &other] {
            assert_eq!(follow(false, from, &[], sent), Err(Error::IncompleteBundle), "{sent:?}");
        }
        // Says of what is not there that it was sent, or of none that it is lost.
        assert_eq!(follow(true, from, &sent, &all[..1]), Err(Error::IncompleteBundle));
        for odd in [
            absent(3, Why::Lost, None),
            absent(3, Why::NotGranted, Some(lost)),
            absent(4, Why::NotGranted, None),
            absent(1, Why::NotGranted, None),
        ] {
            assert_eq!(follow(true, from, &[odd], &all[..1]), Err(Error::IncompleteBundle), "{odd:?}");
        }
    }
}
