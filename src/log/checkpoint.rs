//! A checkpoint: the notes of all logs of a vault at one moment, small enough to be kept elsewhere.

use super::{Log, LogError, Note};
use crate::codec::{self, Extensions, LogId, Malformed, VaultId, Version1};
use crate::store::Snapshot;
use minicbor::{Decode, Encode, bytes::ByteVec};
use std::collections::BTreeMap;

/// Most logs of a checkpoint.
const MOST_LOGS: usize = 4096;
/// Longest checkpoint.
pub(crate) const MOST: usize = 16 << 20;

/// The heads of a vault's logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// Whose logs these are.
    pub(crate) vault: VaultId,
    /// Counts the checkpoints of a vault.
    pub(crate) counter: u64,
    notes: BTreeMap<LogId, Note>,
    extensions: Extensions,
}

/// How a log in the store relates to what was kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is as it was.
    Same,
    /// Leaves were added.
    Extended,
    /// It is older than what was kept: the store was rolled back.
    Behind,
    /// It is another than what was kept: the store shows a second history.
    Forked,
    /// The store has no such log.
    Missing,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Encoded {
    #[n(0)]
    version: Version1,
    #[n(1)]
    vault: VaultId,
    #[n(2)]
    counter: u64,
    /// In ascending order of their logs.
    #[n(3)]
    notes: Vec<ByteVec>,
    #[n(4)]
    extensions: Extensions,
}

impl Checkpoint {
    /// The heads of logs as they stand. A log without leaves has none.
    pub(crate) fn of<'a>(vault: VaultId, counter: u64, logs: impl IntoIterator<Item = &'a Log>) -> Self {
        let notes = logs.into_iter().filter_map(|log| Some((*log.id(), log.note()?.clone())));
        Self { vault, counter, notes: notes.collect(), extensions: Extensions::default() }
    }

    /// The notes, by log.
    pub(crate) fn notes(&self) -> &BTreeMap<LogId, Note> {
        &self.notes
    }

    /// Puts the note of a log in.
    #[cfg(test)]
    pub(crate) fn insert(&mut self, note: Note) {
        self.notes.insert(note.unverified_log(), note);
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let notes = self.notes.values().map(|note| note.to_bytes().into()).collect();
        let (vault, counter, extensions) = (self.vault, self.counter, self.extensions.clone());
        codec::encode(&Encoded { version: Version1, vault, counter, notes, extensions })
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > MOST {
            return Err(Malformed::Invalid);
        }
        let Encoded { version: Version1, vault, counter, notes, extensions } = codec::decode(bytes)?;
        let notes = notes.iter().map(|note| Note::from_bytes(note)).collect::<Result<Vec<_>, _>>()?;
        let ascending = notes.is_sorted_by(|one, next| one.unverified_log() < next.unverified_log());
        if notes.len() > MOST_LOGS || !ascending {
            return Err(Malformed::Invalid);
        }
        let notes = notes.into_iter().map(|note| (note.unverified_log(), note)).collect();
        Ok(Self { vault, counter, notes, extensions })
    }
}

/// How the logs in the store, as they were opened from this view of it, relate to a checkpoint that was kept. A note of
/// another key than the log's is an error: then the keeper holds what this vault never wrote.
pub(crate) fn standings(
    kept: &Checkpoint,
    snapshot: &dyn Snapshot,
    logs: &[&Log],
) -> Result<BTreeMap<LogId, Standing>, LogError> {
    let standing = |(id, note): (&LogId, &Note)| {
        let standing = match logs.iter().find(|log| log.id() == id) {
            Some(log) => log.reader(snapshot).standing(note)?,
            None => Standing::Missing,
        };
        Ok((*id, standing))
    };
    kept.notes.iter().map(standing).collect()
}
