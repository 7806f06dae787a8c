//! A member's keys of one chart, verified: what it takes to seal, open, share and revoke. No store, no I/O.

use super::{
    Path, Wrap,
    epoch::{KeyState, SLOTS, ledger_key},
    grant::{Grant, GrantBody, GrantFields, GrantRow, LedgerKey, Rights},
    ledger::{
        Act, CardBook, Genesis, LedgerEntry, LedgerRow, Line, LineError, Member, Readable, Revoke, found, seal_entry,
    },
    node::{Held, Node, NodeRef},
    ring::Ring,
};
use crate::codec::{
    self, CardHash, ChartId, CompartmentId, EntryId, Extensions, GrantId, Hash, Version1, VersionId, padding,
};
use crate::crypto::{
    Failed, Secret, Suite, chunked, kdf, kdf::Deriver, random, role, seal::SealError as PublicSealError,
    sign::SigningKey,
};
use crate::envelope::{self, Actor, Chain, Header, Metadata, OpenError, Opened, SealError, SealedEntry};
use crate::error::Error;
use crate::keys::{Identity, RootCard};
use crate::record::{Kind, Label, Record};
use std::sync::Arc;

/// The keys of a chart that a member holds, with the ledger that says so.
///
/// This is the whole library for an application that keeps sealed bytes in tables of its own: `seal`, `open`, `share`,
/// `revoke`, and one `state` to store. It does not search, order versions, or tell an old state from a new one.
pub struct ChartKeys {
    line: Line,
    rows: Vec<LedgerRow>,
    ring: Ring,
    held: Held,
    cards: CardBook,
    identity: Arc<Identity>,
}

/// A change of the ledger, ready to be stored: an entry, the grants beside it, and the keys to hold from now on.
pub(crate) struct Step {
    pub(crate) seq: u64,
    pub(crate) row: LedgerRow,
    pub(crate) grants: Vec<(GrantId, Vec<u8>)>,
    pub(crate) ring: Ring,
}

/// What of a chart a member may read.
pub(crate) struct Visible {
    /// Compartments by number.
    pub(crate) slots: Vec<u8>,
    /// First epoch.
    pub(crate) from_epoch: u32,
}

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

/// The last known entries of a device in a compartment.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct CutPoint {
    #[n(0)]
    pub(crate) device: CardHash,
    #[n(1)]
    pub(crate) seq: u64,
    #[n(2)]
    pub(crate) hash: Hash,
}

impl ChartKeys {
    /// Founds a chart: genesis, first key state, eight compartments.
    pub(crate) fn found(
        identity: &Arc<Identity>,
        suite: Suite,
        labels: &[Label; SLOTS],
        now_ms: i64,
    ) -> Result<Self, Error> {
        let mut distinct: Vec<_> = labels.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() != SLOTS {
            return Err(Error::UnknownLabel);
        }
        let home = SigningKey::generate()?;
        let genesis = Genesis {
            version: Version1,
            nonce: Hash::random()?,
            founder: identity.root_card.hash(),
            actor: identity.device_card.hash(),
            home: Hash::from_bytes(home.verifying_key().to_bytes()),
            suite: suite as u8,
            time_ms: now_ms,
            extensions: Extensions::default(),
        };
        let (chart, first) = found(&genesis, &identity.ledger, &home).map_err(line_error)?;
        let mut cards = CardBook::default();
        identity.add_to(&mut cards);
        let line = Line::begin(&first, &cards).map_err(line_error)?;

        let seed = Secret::generate()?;
        let mut compartments = Vec::with_capacity(SLOTS);
        for label in labels {
            compartments.push((CompartmentId::random()?, label.clone()));
        }
        // The order of compartments says nothing about their labels.
        compartments.sort_unstable_by_key(|(id, _)| *id);
        let state = KeyState::of_seed(suite, chart, 1, &seed, &compartments, None).map_err(|_| Error::unopenable())?;
        let mut ring = Ring::new(Some(&home))?;
        ring.add_seed(chart, 1, &seed);
        let entry = LedgerEntry {
            version: Version1,
            chart,
            seq: 1,
            previous: line.authority.head(),
            actor: identity.device_card.hash(),
            authority: 0,
            time_ms: now_ms,
            act: Act::KeyState(state),
            extensions: Extensions::default(),
        };
        let key = ledger_key(&Deriver::new(&seed), chart, 1);
        let second = seal_entry(suite, &entry, 1, &key, &identity.ledger, &home).map_err(line_error)?;
        Self::assemble(vec![first, second], ring, cards, identity)
    }

    /// Verifies a line from genesis on and expands the keys that are held.
    pub(crate) fn assemble(
        rows: Vec<LedgerRow>,
        ring: Ring,
        mut cards: CardBook,
        identity: &Arc<Identity>,
    ) -> Result<Self, Error> {
        identity.add_to(&mut cards);
        let keys = ring.ledger_secrets().map_err(|_| Error::unopenable())?;
        let (first, later) = rows.split_first().ok_or_else(Error::unopenable)?;
        let mut line = Line::begin(first, &cards).map_err(line_error)?;
        for row in later {
            line.follow(row, &Readable { keys: &keys, cards: &cards }).map_err(line_error)?;
        }
        let held = Held::expand(line.suite, line.chart, ring.nodes(), line.authority.states())
            .map_err(|_| Error::unopenable())?;
        Ok(Self { line, rows, ring, held, cards, identity: Arc::clone(identity) })
    }

    /// The chart.
    pub fn chart(&self) -> ChartId {
        self.line.chart
    }

    pub(crate) fn suite(&self) -> Suite {
        self.line.suite
    }

    /// Hash of the last ledger entry.
    pub(crate) fn head(&self) -> Hash {
        self.line.authority.head()
    }

    /// Hash of a ledger entry by its number.
    pub(crate) fn ledger_hash(&self, seq: u64) -> Option<Hash> {
        self.line.authority.hash_at(seq)
    }

    /// Number of the last ledger entry.
    pub(crate) fn head_seq(&self) -> u64 {
        self.line.authority.head_seq()
    }

    pub(crate) fn rows(&self) -> &[LedgerRow] {
        &self.rows
    }

    pub(crate) fn ring(&self) -> &Ring {
        &self.ring
    }

    pub(crate) fn cards(&self) -> &CardBook {
        &self.cards
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// The ledger key of the newest epoch that is held.
    pub(crate) fn newest_ledger_key(&self) -> Option<(u32, Secret<role::Ledger>)> {
        self.ring.ledger_secrets().ok()?.into_iter().next_back()
    }

    /// Everyone with rights now.
    pub(crate) fn members(&self) -> Vec<Member> {
        self.line.authority.members()
    }

    /// Labels of the compartments that are held in the newest epoch.
    pub fn labels(&self) -> Vec<Label> {
        let epoch = self.line.authority.epoch();
        self.held.slots(epoch).filter_map(|slot| self.held.label(slot).cloned()).collect()
    }

    /// Whether every compartment of the newest epoch is held.
    pub(crate) fn is_whole(&self) -> bool {
        self.held.is_whole(self.line.authority.epoch())
    }

    /// Labels that a member was granted; none where it is the whole chart.
    pub(crate) fn labels_of(&self, member: &Member) -> Vec<Label> {
        let Some(state) = self.line.authority.states().get(&self.line.authority.epoch()) else { return Vec::new() };
        let nodes = member.grants.iter().flat_map(|grant| &grant.nodes);
        nodes.filter_map(|node| self.held.label(state.slot_of(&node.compartment)?.0).cloned()).collect()
    }

    /// Whether a grant was ever made to this root card, or it founded the chart.
    pub(crate) fn was_member(&self, root: &CardHash) -> bool {
        self.line.authority.was_member(root)
    }

    /// Members none of whose grants lasts, where this vault can turn the epoch.
    pub(crate) fn ended_members(&self, now_ms: i64) -> Vec<CardHash> {
        if self.require_custody().is_err() {
            return Vec::new();
        }
        let ended = |fields: &GrantFields| fields.not_after_ms.is_some_and(|end| now_ms > end);
        let members = self.members().into_iter();
        members
            .filter(|member| !member.grants.is_empty() && member.grants.iter().all(ended))
            .map(|member| member.root)
            .collect()
    }

    /// The grants of a member that hold.
    pub(crate) fn grants_of(&self, root: &CardHash) -> Vec<GrantId> {
        let members = self.members();
        let member = members.iter().find(|member| member.root == *root);
        member.map(|member| member.grants.iter().map(|fields| fields.id).collect()).unwrap_or_default()
    }

    /// Ids of the compartments in order of their numbers: for vectors.
    #[cfg(feature = "testing")]
    pub(crate) fn compartment_ids(&self) -> Vec<CompartmentId> {
        let states = self.line.authority.states().values();
        states.take(1).flat_map(|state| &state.compartments).map(|compartment| compartment.id).collect()
    }

    /// Label of a compartment by its number.
    pub(crate) fn label(&self, slot: u8) -> Option<&Label> {
        self.held.label(slot)
    }

    /// Whether this member may share and revoke.
    pub fn is_custodian(&self) -> bool {
        self.line.current && self.line.authority.custodian_by(&self.identity.root_card.hash()).is_some()
    }

    /// Fails where this member's access ended: by revocation, or by the end date of its grants.
    pub(crate) fn require_access(&self, now_ms: i64) -> Result<(), Error> {
        let stands = self.line.authority.stands(&self.identity.root_card.hash(), now_ms);
        if stands && self.line.current { Ok(()) } else { Err(Error::GrantEnded) }
    }

    /// What a member may read from now on.
    pub(crate) fn visible_to(&self, root: &CardHash, now_ms: i64) -> Visible {
        let epoch = self.line.authority.epoch();
        let nothing = Visible { slots: Vec::new(), from_epoch: epoch };
        let Some(state) = self.line.authority.states().get(&epoch) else { return nothing };
        let members = self.line.authority.members();
        let Some(member) = members.iter().find(|member| member.root == *root) else { return nothing };
        if member.rights == Rights::Custodian {
            return Visible { slots: (0_u8..8).collect(), from_epoch: 1 };
        }
        let lasts = |fields: &&GrantFields| fields.not_after_ms.is_none_or(|end| now_ms <= end);
        let lasting: Vec<&GrantFields> = member.grants.iter().filter(lasts).collect();
        let nodes = lasting.iter().flat_map(|fields| &fields.nodes);
        let mut slots: Vec<u8> =
            nodes.filter_map(|node| state.slot_of(&node.compartment).map(|(slot, _)| slot)).collect();
        slots.sort_unstable();
        slots.dedup();
        // Where one of several grants has the history, entries of the others travel in vain: they do not open.
        let history = lasting.iter().any(|fields| fields.history);
        Visible { slots, from_epoch: if history { 1 } else { epoch } }
    }

    /// Number of the compartment that a label names.
    pub(crate) fn slot_for(&self, label: Option<&Label>) -> Result<u8, Error> {
        let general = Label::general();
        let label = label.unwrap_or(&general);
        let epoch = self.line.authority.epoch();
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
        let authority = &self.line.authority;
        let epoch = authority.epoch();
        let slot = self.slot_for(new.record.label())?;
        let key = self.held.content(epoch, slot, new.kind).ok_or(Error::NotGranted)?;
        let compartment = key.path().compartment;
        if !authority.may_write(&self.identity.root_card.hash(), &compartment, new.time_ms) {
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
            suite: self.line.suite,
            kind: new.kind,
            chart: self.line.chart,
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
                    SealError::Random => Error::Random(crate::crypto::RandomError),
                    SealError::Failed => Error::unopenable(),
                }
            })?;
        Ok((sealed, header, metadata, slot))
    }

    /// Opens a version, verifies its author, and the author's right to write it. `hint` is the compartment to try first.
    pub(crate) fn open_entry(&self, bytes: &[u8], wrap: &Wrap, hint: Option<u8>) -> Result<Opened, Error> {
        let (header, _) = Header::split(bytes).map_err(|error| self.open_error(error, wrap))?;
        let keys = self.held.content_keys(wrap.epoch, header.kind, hint);
        let unverified = envelope::open(&self.line.chart, self.line.suite, bytes, wrap, keys)
            .map_err(|error| self.open_error(error, wrap))?;
        let claimed = unverified.claimed();
        let author = self.cards.device(&claimed.author).ok_or_else(Error::unopenable)?;
        let authority = &self.line.authority;
        let known = authority.has(claimed.ledger_seq, &claimed.ledger_hash);
        let root = author.root();
        if !known || !authority.could_write(&root, &claimed.compartment, claimed.ledger_seq, claimed.time_ms) {
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
            .is_some_and(|card| self.line.authority.may_write(&card.root(), &compartment, opened.metadata.time_ms))
    }

    /// Wraps an entry's data key anew under the newest epoch.
    pub(crate) fn rewrap_entry(&self, bytes: &[u8], wrap: &Wrap) -> Result<Wrap, Error> {
        let opened = self.open_entry(bytes, wrap, None)?;
        let (kind, slot) = (opened.header.kind, opened.slot);
        let from = self.held.content(wrap.epoch, slot, kind).ok_or(Error::NotGranted)?;
        let to = self.held.content(self.line.authority.epoch(), slot, kind).ok_or(Error::NotGranted)?;
        envelope::rewrap(bytes, wrap, from, to).map_err(|error| self.open_error(error, wrap))
    }

    fn open_error(&self, error: OpenError, wrap: &Wrap) -> Error {
        // An epoch that the ledger does not have is damage, and nothing that somebody could grant.
        let no_such_epoch = wrap.epoch == 0 || self.line.current && wrap.epoch > self.line.authority.epoch();
        match error {
            OpenError::Newer => Error::NewerFormat,
            // Where every key of the epoch is held, what does not open is damaged.
            OpenError::NoEpoch | OpenError::NoKey if !no_such_epoch && !self.held.is_whole(wrap.epoch) => {
                Error::NotGranted
            }
            OpenError::NoEpoch | OpenError::NoKey | OpenError::Failed => Error::unopenable(),
        }
    }

    /// Prepares a grant to the owner of a verified card.
    pub(crate) fn share_step(&self, to: &RootCard, grant: &Grant, now_ms: i64) -> Result<Step, Error> {
        let (home, authority) = self.require_custody()?;
        let epoch = self.line.authority.epoch();
        let nodes = self.nodes_for(grant, epoch)?;
        let id = GrantId::random()?;
        let (fields, row) = self.seal_grant(id, to, grant, nodes, self.ledger_keys_for(grant, epoch))?;
        let seq = self.line.authority.head_seq().saturating_add(1);
        let entry = self.entry(seq, authority, now_ms, Act::Grant(fields));
        let key =
            self.ring.ledger_secrets().ok().and_then(|mut keys| keys.remove(&epoch)).ok_or(Error::NotCustodian)?;
        let row_stored =
            seal_entry(self.line.suite, &entry, epoch, &key, &self.identity.ledger, &home).map_err(line_error)?;
        Ok(Step { seq, row: row_stored, grants: vec![(id, codec::encode(&row))], ring: self.ring.clone() })
    }

    /// Prepares the end of every grant of `revoked`, with a fresh seed for those who stay.
    pub(crate) fn revoke_step(
        &self,
        revoked: &[CardHash],
        cuts: impl Fn(u8) -> Vec<CutPoint>,
        now_ms: i64,
    ) -> Result<Step, Error> {
        let (home, by) = self.require_custody()?;
        let authority = &self.line.authority;
        let (old_epoch, chart, suite) = (authority.epoch(), self.line.chart, self.line.suite);
        let epoch = old_epoch.checked_add(1).ok_or_else(Error::unopenable)?;
        let old = authority.states().get(&old_epoch).ok_or_else(Error::unopenable)?;

        let mut compartments = Vec::with_capacity(SLOTS);
        let mut secrets = Vec::with_capacity(SLOTS);
        for (slot, state) in (0_u8..).zip(&old.compartments) {
            let key = self.held.compartment(old_epoch, slot).ok_or(Error::NotCustodian)?;
            compartments.push((state.id, self.held.label(slot).cloned().ok_or(Error::NotCustodian)?));
            secrets.push(key.secret().duplicate());
        }
        let seed = Secret::generate()?;
        let state = KeyState::of_seed(suite, chart, epoch, &seed, &compartments, Some((old, &secrets)))
            .map_err(|_| Error::unopenable())?;
        let mut ring = self.ring.clone();
        ring.add_seed(chart, epoch, &seed);

        let next = NextEpoch { held: held_of(suite, chart, &state, &seed)?, ring: &ring, epoch };
        let (mut staying, mut grants, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        for member in self.members() {
            if revoked.contains(&member.root) {
                ended.extend(member.grants.iter().map(|fields| fields.id));
                continue;
            }
            let to = self.cards.root(&member.root).ok_or_else(Error::unopenable)?;
            for grant in self.regrants(&member, now_ms) {
                let (fields, row) = self.regrant(&next, to, &grant)?;
                grants.push((fields.id, codec::encode(&row)));
                staying.push(fields);
            }
        }
        if !staying.iter().any(|fields| fields.rights == Rights::Custodian) {
            return Err(Error::LastCustodian);
        }
        let cuts = self.seal_cuts(old_epoch, cuts)?;
        let act = Act::Revoke(Revoke { ended, cuts, state, staying });
        let seq = authority.head_seq().saturating_add(1);
        let key = ledger_key(&Deriver::new(&seed), chart, epoch);
        let entry = self.entry(seq, by, now_ms, act);
        let row = seal_entry(suite, &entry, epoch, &key, &self.identity.ledger, &home).map_err(line_error)?;
        Ok(Step { seq, row, grants, ring })
    }

    /// The grants that a member keeps over a revocation; those that ended by date are dropped.
    fn regrants(&self, member: &Member, now_ms: i64) -> Vec<Grant> {
        if member.rights == Rights::Custodian {
            return vec![Grant::custodian()];
        }
        let Some(state) = self.line.authority.states().get(&self.line.authority.epoch()) else { return Vec::new() };
        let lasting = member.grants.iter().filter(|fields| fields.not_after_ms.is_none_or(|end| now_ms <= end));
        lasting
            .map(|fields| Grant {
                rights: fields.rights,
                labels: fields
                    .nodes
                    .iter()
                    .filter_map(|node| self.held.label(state.slot_of(&node.compartment)?.0).cloned())
                    .collect(),
                history: fields.history,
                purpose: fields.purpose,
                not_after_ms: fields.not_after_ms,
            })
            .collect()
    }

    fn regrant(&self, next: &NextEpoch<'_>, to: &RootCard, grant: &Grant) -> Result<(GrantFields, GrantRow), Error> {
        let nodes = nodes_of(&next.held, next.epoch, grant)?;
        let keys = next.ring.ledger_keys().iter().filter(|key| grant.history || key.epoch == next.epoch);
        self.seal_grant(GrantId::random()?, to, grant, nodes, keys.cloned().collect())
    }

    fn nodes_for(&self, grant: &Grant, epoch: u32) -> Result<Vec<Node>, Error> {
        nodes_of(&self.held, epoch, grant)
    }

    fn ledger_keys_for(&self, grant: &Grant, epoch: u32) -> Vec<LedgerKey> {
        self.ring.ledger_keys().iter().filter(|key| grant.history || key.epoch == epoch).cloned().collect()
    }

    fn seal_grant(
        &self,
        id: GrantId,
        to: &RootCard,
        grant: &Grant,
        nodes: Vec<Node>,
        ledger_keys: Vec<LedgerKey>,
    ) -> Result<(GrantFields, GrantRow), Error> {
        let mut refs: Vec<NodeRef> = nodes.iter().map(|node| node.of).collect();
        refs.sort_unstable();
        let body = GrantBody {
            version: Version1,
            nodes,
            ledger_keys,
            ledger_seq: self.line.authority.head_seq(),
            ledger_hash: self.line.authority.head(),
            extensions: Extensions::default(),
        };
        let (granter, recipient) = (self.identity.root_card.hash(), to.hash());
        let row =
            GrantRow::seal(&self.line.chart, &id, granter, recipient, to.kem(), &body).map_err(
                |error| match error {
                    PublicSealError::Failed => Error::InvalidCard,
                    PublicSealError::Random => Error::Random(crate::crypto::RandomError),
                },
            )?;
        let fields = GrantFields {
            id,
            grantee: to.kind() as u8,
            nodes: refs,
            rights: grant.rights,
            history: grant.history,
            recipient,
            purpose: grant.purpose,
            not_after_ms: grant.not_after_ms,
            sealed: row.hash(),
            extensions: Extensions::default(),
        };
        Ok((fields, row))
    }

    /// One ciphertext a compartment, all of one length, so that it is not visible where the revoked had written.
    fn seal_cuts(
        &self,
        epoch: u32,
        cuts: impl Fn(u8) -> Vec<CutPoint>,
    ) -> Result<Vec<minicbor::bytes::ByteVec>, Error> {
        let mut plain = Vec::with_capacity(SLOTS);
        for slot in (0_u8..).take(SLOTS) {
            plain.push(padding::pad(&codec::encode(&cuts(slot))).ok_or(Error::TooLong)?);
        }
        let longest = plain.iter().map(|each| each.len()).max().unwrap_or(0);
        let mut sealed = Vec::with_capacity(SLOTS);
        for (slot, mut cut) in (0_u8..).zip(plain) {
            // The first padding is canonical for the shortest; this one makes all alike and is zeros as well.
            cut.resize(longest, 0);
            let key = self.held.compartment(epoch, slot).ok_or(Error::NotCustodian)?;
            let context = cut_context(key.path());
            let bytes = chunked::seal(self.line.suite, &key.cut_secret(), random::array()?, &[&context], &cut);
            sealed.push(bytes.map_err(|_| Error::unopenable())?.into());
        }
        Ok(sealed)
    }

    fn entry(&self, seq: u64, authority: u64, time_ms: i64, act: Act) -> LedgerEntry {
        LedgerEntry {
            version: Version1,
            chart: self.line.chart,
            seq,
            previous: self.line.authority.head(),
            actor: self.identity.device_card.hash(),
            authority,
            time_ms,
            act,
            extensions: Extensions::default(),
        }
    }

    fn require_custody(&self) -> Result<(SigningKey<role::HomeSigning>, u64), Error> {
        let by = self.line.authority.custodian_by(&self.identity.root_card.hash()).filter(|_| self.line.current);
        let by = by.ok_or(Error::NotCustodian)?;
        Ok((self.ring.home().ok_or(Error::NeedsHome)?, by))
    }

    /// Opens a grant that stands in a row, if it is for this member and the ledger signed it. Whether the ledger did
    /// can be checked only after its keys are known, so the caller assembles with the result and then calls
    /// [`Self::confirm_grant`].
    pub(crate) fn open_grant(
        identity: &Identity,
        chart: &ChartId,
        id: &GrantId,
        row: &GrantRow,
    ) -> Result<GrantBody, Failed> {
        if row.recipient != identity.root_card.hash() {
            return Err(Failed);
        }
        row.open(chart, id, &identity.kem)
    }

    /// Whether the ledger granted exactly this row and body. Anybody can seal to a card in anybody's name: who grants is
    /// who signed the ledger entry.
    pub(crate) fn confirm_grant(&self, id: &GrantId, row: &GrantRow, body: &GrantBody) -> bool {
        let Some((fields, granter)) = self.line.authority.grant(id) else { return false };
        let mut refs: Vec<NodeRef> = body.nodes.iter().map(|node| node.of).collect();
        refs.sort_unstable();
        fields.sealed == row.hash()
            && fields.recipient == row.recipient
            && granter == row.granter
            && fields.nodes == refs
            && self.line.authority.has(body.ledger_seq, &body.ledger_hash)
    }
}

impl core::fmt::Debug for ChartKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { line, rows: _, ring: _, held: _, cards: _, identity: _ } = self;
        f.debug_struct("ChartKeys").field("chart", &line.chart).finish_non_exhaustive()
    }
}

struct NextEpoch<'a> {
    held: Held,
    ring: &'a Ring,
    epoch: u32,
}

fn held_of(suite: Suite, chart: ChartId, state: &KeyState, seed: &Secret<role::ChartSeed>) -> Result<Held, Error> {
    // Without the links to earlier epochs, which are not needed to grant.
    let mut alone = state.clone();
    alone.compartments.iter_mut().for_each(|compartment| compartment.history.clear());
    let states = [(state.epoch, alone)].into_iter().collect();
    Held::expand(suite, chart, &[Node::seed(state.epoch, seed)], &states).map_err(|_| Error::unopenable())
}

/// The nodes that a grant is of, in one epoch.
fn nodes_of(held: &Held, epoch: u32, grant: &Grant) -> Result<Vec<Node>, Error> {
    if grant.rights == Rights::Custodian {
        if !grant.labels.is_empty() || !grant.history || grant.not_after_ms.is_some() {
            return Err(Error::UnfitGrant);
        }
        return Ok(vec![Node::seed(epoch, held.seed(epoch).ok_or(Error::NotCustodian)?)]);
    }
    let mut slots = Vec::new();
    for label in &grant.labels {
        slots.push(held.slot_of(epoch, label).ok_or(Error::UnknownLabel)?);
    }
    if grant.labels.is_empty() {
        slots.extend(held.slots(epoch));
    }
    slots.sort_unstable();
    slots.dedup();
    let mut nodes = Vec::with_capacity(slots.len());
    for slot in slots {
        let key = held.compartment(epoch, slot).ok_or(Error::NotCustodian)?;
        let id = key.path().compartment;
        nodes.push(if grant.history {
            Node::compartment(id, epoch, key)
        } else {
            Node::content(id, epoch, key, held.label(slot).ok_or(Error::NotCustodian)?)
        });
    }
    Ok(nodes)
}

fn cut_context(path: &Path) -> Vec<u8> {
    let mut context = kdf::label("cut");
    context.extend_from_slice(&path.to_bytes());
    context
}

fn line_error(error: LineError) -> Error {
    match error {
        LineError::Newer => Error::NewerFormat,
        LineError::Random => Error::Random(crate::crypto::RandomError),
        LineError::Invalid | LineError::UnknownCard => Error::unopenable(),
    }
}

#[cfg(test)]
mod attacks;
