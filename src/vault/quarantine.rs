//! Versions that are kept apart or read with a mark, and letting one in.

use super::event::{Event, EventKind};
use super::sharing::Standing;
use super::{Chart, open_chart::OpenChart};
use crate::codec::{CardHash, ContactId, EntryId, VersionId};
use crate::error::Error;
use crate::index::Version;
use crate::keys::chart::{EntryStanding, Intent};

/// How a version is regarded whose signature was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Acceptance {
    /// Nothing is against it.
    Usual,
    /// Sealed with keys that were replaced meanwhile, by somebody who had not heard of it and may still write.
    Late,
    /// It was kept apart or disputed, and a custodian let it in.
    Adopted,
    /// It was read here before its author's access ended, and whoever ended it did not know it. It is read as before.
    Disputed,
    /// Kept apart: in no search, list or current version.
    Quarantined,
}

/// Why a version is kept apart or disputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub enum Doubt {
    /// Its author's access had ended, and whoever ended it did not know this version.
    AccessEnded,
    /// Its author's access has ended. It claims to be from before that; what would show it is not here, or tells otherwise.
    /// Import what colleagues have of this chart.
    Unproven,
    /// Only one of two histories of the chart's sharing, which contradict each other, gave its author the right to write it.
    Contradiction,
}

/// A version that is kept apart, or disputed.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "bindings"), non_exhaustive)]
pub struct Quarantined {
    /// Its entry.
    pub entry: EntryId,
    /// The version: what [`Chart::adopt`] takes.
    pub version: VersionId,
    /// Name on the card of its author.
    pub author: String,
    /// The author among the contacts, if he is one.
    pub contact: Option<ContactId>,
    /// When the author says that it was written, in milliseconds since 1970.
    pub time_ms: i64,
    /// [`Acceptance::Quarantined`] or [`Acceptance::Disputed`].
    pub acceptance: Acceptance,
    /// Why.
    pub doubt: Doubt,
}

/// Shows ids and reasons; the name is somebody's.
impl core::fmt::Debug for Quarantined {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { entry, version, author: _, contact: _, time_ms: _, acceptance, doubt } = self;
        f.debug_struct("Quarantined")
            .field("entry", entry)
            .field("version", version)
            .field("acceptance", acceptance)
            .field("doubt", doubt)
            .finish_non_exhaustive()
    }
}

impl Chart {
    /// The versions that are kept apart, and those that are disputed, in order of arrival. A custodian looks at one with
    /// [`Self::version`] and lets it in with [`Self::adopt`].
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, Error> {
        let listed = self.told(EventKind::Find, None, |open, _| {
            let doubtful = |version: &Version<'_>| open.standings.of(version.seq) >= EntryStanding::Disputed;
            Ok(open.index.after(0).filter(doubtful).map(|version| of(open, &version)).collect::<Vec<_>>())
        })?;
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let contacts = self.inner.with(|session| session.contacts(&self.inner))?;
        let known = |root: CardHash| contacts.by_root(root).map(|contact| contact.id);
        let contact =
            |(root, listed): (Option<CardHash>, Quarantined)| Quarantined { contact: root.and_then(known), ..listed };
        Ok(listed.into_iter().map(contact).collect())
    }

    /// Lets a version in that is kept apart or disputed, for everyone, with a reason of up to 1024 bytes that all members
    /// can read. Only a custodian can.
    pub fn adopt(&self, version: &VersionId, reason: &str) -> Result<Standing, Error> {
        let event = Event { note: Some(reason.to_owned()), ..Event::new(EventKind::Adopt, self.inner.now_ms()) };
        self.change(
            |open| {
                if !open.index.contains_version(version) {
                    return Err(Error::UnknownEntry);
                }
                let doubtful = |version: &Version<'_>| open.standings.of(version.seq) >= EntryStanding::Disputed;
                let version = open.index.versions_with(version).find(doubtful).ok_or(Error::NotQuarantined)?;
                Ok(Intent::Adopt { object: version.hash, reason: reason.to_owned() })
            },
            None,
            event,
        )
    }
}

/// As it is listed, with its author's root card.
fn of(open: &OpenChart, version: &Version<'_>) -> (Option<CardHash>, Quarantined) {
    let cards = open.keys.cards();
    let root = cards.device(&version.author).and_then(|device| cards.root(&device.root()));
    let doubt = if open.keys.fork().is_some() && open.keys.may_write_by_main(&version.author, version.compartment) {
        Doubt::Contradiction
    } else if open.keys.is_cut_after(&version.author, version.compartment, version.chain_seq) {
        Doubt::Unproven
    } else {
        Doubt::AccessEnded
    };
    let listed = Quarantined {
        entry: version.entry,
        version: version.version,
        author: root.map_or_else(String::new, |root| root.name().to_owned()),
        contact: None,
        time_ms: version.time_ms,
        acceptance: acceptance(open.standings.of(version.seq)),
        doubt,
    };
    (root.map(|root| root.hash()), listed)
}

pub(super) fn acceptance(standing: EntryStanding) -> Acceptance {
    match standing {
        EntryStanding::Normal => Acceptance::Usual,
        EntryStanding::Late => Acceptance::Late,
        EntryStanding::Adopted => Acceptance::Adopted,
        EntryStanding::Disputed => Acceptance::Disputed,
        EntryStanding::Quarantined => Acceptance::Quarantined,
    }
}
