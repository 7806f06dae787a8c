//! Sealing and opening entries with a chart's keys.

use super::ChartKeys;
use crate::codec::{CardHash, CompartmentId, EntryId, Extensions, Hash, Version1, VersionId};
use crate::crypto::RandomError;
use crate::envelope::{self, Actor, Chain, Header, Metadata, OpenError, Opened, SealError, SealedEntry};
use crate::error::Error;
use crate::keys::Wrap;
use crate::keys::chart::ledger::{Authority, Claim, EntryStanding, Head, Vouched};
use crate::record::{Kind, Label, Record};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An entry version to be sealed.
pub(crate) struct NewEntry<'a> {
    pub(crate) kind: Kind,
    pub(crate) entry: EntryId,
    pub(crate) parents: Vec<VersionId>,
    pub(crate) record: &'a Record,
    pub(crate) tombstone: bool,
    pub(crate) request: Option<Hash>,
    pub(crate) actor: Option<Actor>,
    pub(crate) time_ms: i64,
}

/// What a verified version says of itself, as far as its standing depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    /// Device card.
    pub(crate) author: CardHash,
    /// Number of the compartment.
    pub(crate) slot: u8,
    pub(crate) chain: Option<Chain>,
    /// Object hash.
    pub(crate) object: Hash,
    /// The ledger entry that the author knew as the last.
    pub(crate) known: Head,
    pub(crate) time_ms: i64,
}

impl ChartKeys {
    /// Number of the compartment that a label names.
    pub(crate) fn slot_for(&self, label: Option<&Label>) -> Result<u8, Error> {
        let general = Label::general();
        let label = label.unwrap_or(&general);
        let epoch = self.authority().epoch();
        match self.held.slot_of(epoch, label) {
            Some(slot) => Ok(slot),
            None if self.held.is_whole(epoch) => Err(Error::UnknownLabel),
            None => Err(Error::NotGranted),
        }
    }

    /// Seals a version into the compartment of its label. `chain` gives its place among what this device wrote there.
    pub(crate) fn seal_entry(
        &self,
        new: NewEntry<'_>,
        chain: impl FnOnce(u8) -> Option<Chain>,
    ) -> Result<(SealedEntry, Header, Metadata, u8), Error> {
        self.require_access(new.time_ms)?;
        let authority = self.authority();
        let epoch = authority.epoch();
        let slot = self.slot_for(new.record.label())?;
        let key = self.held.content(epoch, slot, new.kind).ok_or(Error::NotGranted)?;
        let compartment = key.path().compartment;
        if !self.view.may_write(&self.identity.root_card.hash(), &compartment, new.time_ms) {
            return Err(Error::NotGranted);
        }
        let record = new.record;
        let short = |text: &str| text.len() <= 1024;
        if !record.terms().is_within_bounds() || !short(record.media_type()) || !record.name().is_none_or(short) {
            return Err(Error::TooManyTerms);
        }
        let mut parents = new.parents;
        parents.sort_unstable();
        parents.dedup();
        let header = Header {
            suite: self.suite,
            kind: new.kind,
            chart: self.chart,
            entry: new.entry,
            version: VersionId::random()?,
        };
        let metadata = Metadata {
            version: Version1,
            author: self.identity.device_card.hash(),
            compartment,
            epoch,
            ledger_seq: authority.head_seq(),
            ledger_hash: authority.head(),
            chain: chain(slot),
            parents,
            time_ms: new.time_ms,
            content_len: u64::try_from(record.described().len()).map_err(|_| Error::TooLong)?,
            coding: 0,
            media_type: record.media_type().to_owned(),
            label: self.held.label(slot).map_or_else(String::new, |label| label.as_str().to_owned()),
            name: record.name().map(str::to_owned),
            tombstone: new.tombstone,
            actor: new.actor,
            terms: record.shared_terms(),
            request: new.request,
            extensions: Extensions::default(),
        };
        let sealed =
            envelope::seal(&header, &metadata, record.described(), &self.identity.object, key).map_err(|error| {
                match error {
                    SealError::TooLong => Error::TooLong,
                    SealError::Random => Error::Random(RandomError),
                    SealError::Failed => Error::unopenable(),
                }
            })?;
        Ok((sealed, header, metadata, slot))
    }

    /// Opens a version, verifies its author, and the author's right to write it. `hint` is the compartment to try first.
    pub(crate) fn open_entry(&self, bytes: &[u8], wrap: &Wrap, hint: Option<u8>) -> Result<Opened, Error> {
        let (header, _) = Header::split(bytes).map_err(|error| self.open_error(error, wrap))?;
        let keys = self.held.content_keys(wrap.epoch, header.kind, hint);
        let unverified =
            envelope::open(&self.chart, self.suite, bytes, wrap, keys).map_err(|error| self.open_error(error, wrap))?;
        let claimed = unverified.claimed();
        let author = self.cards.device(&claimed.author).ok_or_else(Error::unopenable)?;
        let head = Head { seq: claimed.ledger_seq, hash: claimed.ledger_hash };
        if !self.view.could_write(&author.root(), &claimed.compartment, &head, claimed.time_ms) {
            return Err(Error::unopenable());
        }
        let author = Arc::clone(author);
        unverified.verify(author.object_key()).map_err(|error| self.open_error(error, wrap))
    }

    /// How a version stands that was opened once. `accepted_at` is the number of the last ledger entry when this vault took
    /// it into its normal reads, none if it is new or was kept apart; `vouched` what the cuts vouch for, by all objects that
    /// this vault holds or is about to take in.
    ///
    /// Ask again when the ledger or one of the author's chains has grown.
    pub(crate) fn standing_of(
        &self,
        written: &Written,
        accepted_at: Option<u64>,
        vouched: &Vouched,
    ) -> Result<EntryStanding, Error> {
        let Written { author, slot, chain, object, known, time_ms } = written;
        let claim = Claim {
            device: *author,
            root: self.cards.device(author).ok_or_else(Error::unopenable)?.root(),
            compartment: self.compartment(*slot).ok_or_else(Error::unopenable)?,
            chain: *chain,
            object: *object,
            ledger: *known,
            time_ms: *time_ms,
        };
        self.view.standing_of(&claim, accepted_at, vouched).map_err(|_| Error::unopenable())
    }

    /// Whether nothing in the ledger can be against a version that was opened once and names this entry: there is one line,
    /// and the keys have not turned since.
    pub(crate) fn is_settled_since(&self, known: &Head) -> bool {
        let main = self.authority();
        let turned = main.turns().last().is_some_and(|turn| turn.seq > known.seq);
        self.view.lines().count() == 1 && main.has(known.seq, &known.hash) && !turned
    }

    /// Whether the time that an author gives can matter to how a version stands.
    pub(crate) fn ends_by_date(&self) -> bool {
        self.view.lines().any(Authority::ends_by_date)
    }

    /// Whether the keys had turned, by the clocks of both, when an author wrote who did not know of it.
    pub(crate) fn had_turned(&self, known: &Head, time_ms: i64) -> bool {
        let main = self.authority();
        main.has(known.seq, &known.hash)
            && main.turns().iter().any(|turn| turn.seq > known.seq && turn.time_ms < time_ms)
    }

    /// Whether this member reads everything that was sealed for a compartment by who knew the ledger between two of its
    /// entries; from the beginning, where there is no first.
    pub(crate) fn reads_all_between(&self, slot: u8, first: Option<&Head>, last: &Head) -> bool {
        let main = self.authority();
        let epoch = |head: &Head| main.epoch_at(head.seq).filter(|_| main.has(head.seq, &head.hash));
        let (first, last) = (first.map_or(Some(1), epoch), epoch(last));
        first.zip(last).is_some_and(|(first, last)| {
            (first..=last).all(|epoch| self.held.content(epoch, slot, Kind::Record).is_some())
        })
    }

    /// The epoch in which something was sealed by who knew this ledger entry as the last.
    pub(crate) fn epoch_of(&self, known: &Head) -> Option<u32> {
        let main = self.authority();
        main.epoch_at(known.seq).filter(|_| main.has(known.seq, &known.hash))
    }

    /// Whether this member may write to a compartment now.
    pub(crate) fn may_write(&self, slot: u8, now_ms: i64) -> bool {
        let root = self.identity.root_card.hash();
        self.compartment(slot).is_some_and(|compartment| self.view.may_write(&root, &compartment, now_ms))
    }

    /// Whether the owner of a device may write to a compartment, by the line that we go by alone.
    pub(crate) fn may_write_by_main(&self, device: &CardHash, slot: u8) -> bool {
        let root = self.cards.device(device).map(|card| card.root());
        root.zip(self.compartment(slot))
            .is_some_and(|(root, compartment)| self.authority().may_write(&root, &compartment, i64::MIN))
    }

    /// What the cuts vouch for. `previous` gives, for the hash of an object that is held, the one before it in its chain.
    pub(crate) fn vouched(&self, previous: impl Fn(&Hash) -> Option<Hash>) -> Vouched {
        self.cuts.vouched(previous)
    }

    /// Devices whose chains a cut ends.
    pub(crate) fn cut_devices(&self) -> BTreeSet<CardHash> {
        self.cuts.devices()
    }

    /// Whether a version of a device, at a place in its chain, can be at or before a cut.
    pub(crate) fn is_cut_after(&self, device: &CardHash, slot: u8, seq: u64) -> bool {
        self.compartment(slot).is_some_and(|compartment| self.cuts.reach(device, &compartment, seq))
    }

    fn compartment(&self, slot: u8) -> Option<CompartmentId> {
        let state = self.authority().states().values().next()?;
        state.compartments.get(usize::from(slot)).map(|state| state.id)
    }

    /// Wraps an entry's data key anew under the newest epoch.
    pub(crate) fn rewrap_entry(&self, bytes: &[u8], wrap: &Wrap) -> Result<Wrap, Error> {
        let opened = self.open_entry(bytes, wrap, None)?;
        let (kind, slot) = (opened.header.kind, opened.slot);
        let from = self.held.content(wrap.epoch, slot, kind).ok_or(Error::NotGranted)?;
        let to = self.held.content(self.authority().epoch(), slot, kind).ok_or(Error::NotGranted)?;
        envelope::rewrap(bytes, wrap, from, to).map_err(|error| self.open_error(error, wrap))
    }

    fn open_error(&self, error: OpenError, wrap: &Wrap) -> Error {
        // An epoch that the ledger does not have is damage, and nothing that somebody could grant.
        let no_such_epoch = wrap.epoch == 0 || self.authority().is_current() && wrap.epoch > self.authority().epoch();
        match error {
            OpenError::Newer => Error::NewerFormat,
            // Where every key of the epoch is held, what does not open is damaged.
            OpenError::NoEpoch | OpenError::NoKey if !no_such_epoch && !self.held.is_whole(wrap.epoch) => {
                Error::NotGranted
            }
            OpenError::NoEpoch | OpenError::NoKey | OpenError::Failed => Error::unopenable(),
        }
    }
}
