//! Sealing and opening entries with a chart's keys.

use super::ChartKeys;
use crate::codec::{EntryId, Extensions, Hash, Version1, VersionId};
use crate::crypto::RandomError;
use crate::envelope::{self, Actor, Chain, Header, Metadata, OpenError, Opened, SealError, SealedEntry};
use crate::error::Error;
use crate::keys::Wrap;
use crate::keys::chart::ledger::{Claim, EntryStanding, Head};
use crate::record::{Kind, Label, Record};
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
            content_len: u64::try_from(record.content().len()).map_err(|_| Error::TooLong)?,
            coding: 0,
            media_type: record.media_type().to_owned(),
            label: self.held.label(slot).map_or_else(String::new, |label| label.as_str().to_owned()),
            name: record.name().map(str::to_owned),
            tombstone: new.tombstone,
            actor: new.actor,
            terms: record.terms().clone(),
            request: new.request,
            extensions: Extensions::default(),
        };
        let sealed =
            envelope::seal(&header, &metadata, record.content(), &self.identity.object, key).map_err(|error| {
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

    /// Whether the author of an opened version may still write: what a revoked author brings later is not taken in.
    pub(crate) fn author_stands(&self, opened: &Opened) -> bool {
        let compartment = opened.metadata.compartment;
        self.cards
            .device(&opened.metadata.author)
            .is_some_and(|card| self.view.may_write(&card.root(), &compartment, opened.metadata.time_ms))
    }

    /// How an opened version stands. `object` is its object hash; `accepted_at` the number of the last ledger entry when this
    /// vault took it into its normal reads, none if it is new or was kept apart; `previous` the hash before an object in its
    /// chain, for every object that this vault holds or is about to take in.
    ///
    /// Ask again for entries of the same author when the ledger or one of the author's chains has grown.
    pub(crate) fn standing_of(
        &self,
        opened: &Opened,
        object: Hash,
        accepted_at: Option<u64>,
        previous: impl Fn(&Hash) -> Option<Hash>,
    ) -> Result<EntryStanding, Error> {
        let Metadata { author, compartment, chain, ledger_seq, ledger_hash, time_ms, .. } = &opened.metadata;
        let claim = Claim {
            device: *author,
            root: self.cards.device(author).ok_or_else(Error::unopenable)?.root(),
            compartment: *compartment,
            chain: *chain,
            object,
            ledger: Head { seq: *ledger_seq, hash: *ledger_hash },
            time_ms: *time_ms,
        };
        // A right that is missing was found when it was opened; the ledger only grows.
        self.view.standing_of(&claim, accepted_at, &self.cuts, previous).map_err(|_| Error::unopenable())
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
