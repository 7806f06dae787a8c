//! The parts of a log that are stored or travel, to be changed by whoever tests their readers.

use crate::codec::{ChartId, Hash, LogId, Malformed, VaultId};
use crate::crypto::sign::{SigningKey, VerifyingKey};
use crate::crypto::{Secret, role};
use crate::log::{Checkpoint, Consistency, Inclusion, LeafRow, Log, MapProof, Note, TreeHead, standings};
use crate::store::{MemoryStore, Store, Table};
use std::collections::BTreeMap;

/// A part of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A signed tree head.
    Note,
    /// The row of the last leaf.
    Row,
    /// The notes of all logs.
    Checkpoint,
    /// That a leaf is in the log.
    Inclusion,
    /// That the log only grew.
    Consistency,
    /// The digest of a chart.
    MapProof,
}

impl Part {
    /// Reads the part and writes it again.
    pub fn read(self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Note => Note::from_bytes(bytes).map(|note| note.to_bytes()),
            Self::Row => LeafRow::from_bytes(bytes).map(|row| row.to_bytes()),
            Self::Checkpoint => Checkpoint::from_bytes(bytes).map(|checkpoint| checkpoint.to_bytes()),
            Self::Inclusion => Inclusion::from_bytes(bytes).map(|proof| proof.to_bytes()),
            Self::Consistency => Consistency::from_bytes(bytes).map(|proof| proof.to_bytes()),
            Self::MapProof => MapProof::from_bytes(bytes).map(|proof| proof.to_bytes()),
        }
        .ok()
    }
}

/// A small log, and a part of each kind.
pub struct Sample {
    store: MemoryStore,
    key: VerifyingKey<role::LogSigning>,
    old: TreeHead,
    head: TreeHead,
    leaf: Vec<u8>,
    map_root: Hash,
    parts: Vec<(Part, Vec<u8>)>,
}

const VAULT: VaultId = VaultId::from_bytes([8; 16]);
const ID: LogId = LogId::from_bytes([7; 16]);
const LEAVES: u8 = 21;
const OLD: u64 = 13;
const PLACE: u64 = 5;

impl Sample {
    /// Makes the sample, or nothing if the log does not work.
    pub fn new() -> Option<Self> {
        let signer = SigningKey::<role::LogSigning>::from_seed(Secret::from_slice(&[1; 32]).ok()?);
        let key = signer.verifying_key();
        let store = MemoryStore::new();
        let mut log = Log::create(ID, key.clone());
        for number in 0..LEAVES {
            let mut tx = store.write().ok()?;
            let appended = log.append(&mut *tx, &BTreeMap::from([change(number)]), &[number], &signer).ok()?;
            tx.commit().ok()?;
            log.accept(appended).ok()?;
        }
        let view = store.read().ok()?;
        let mut reader = log.reader(&*view);
        let old = reader.note(OLD).ok()?.verify(&key).ok()?;
        let last = u64::from(LEAVES).checked_sub(1)?.to_be_bytes();
        let (chart, _) = change(LEAVES / 2);
        let parts = vec![
            (Part::Note, log.note()?.to_bytes()),
            (Part::Row, view.get(Table::Log, ID.as_bytes(), &last).ok()??),
            (Part::Checkpoint, Checkpoint::of(VAULT, 1, [&log]).to_bytes()),
            (Part::Inclusion, reader.prove_inclusion(PLACE).ok()?.to_bytes()),
            (Part::Consistency, reader.prove_consistency(OLD).ok()?.to_bytes()),
            (Part::MapProof, reader.prove_digest(&chart).ok()?.to_bytes()),
        ];
        let leaf = reader.leaf(PLACE).ok()?.to_bytes();
        drop(view);
        Some(Self { store, key, old, head: log.head()?, leaf, map_root: log.map_root(), parts })
    }

    /// A part as the log made it.
    pub fn part(&self, part: Part) -> &[u8] {
        self.parts.iter().find(|(of, _)| *of == part).map_or(&[], |(_, bytes)| bytes)
    }

    /// Whether the log, or whoever has its head, believes these bytes.
    pub fn believes(&self, part: Part, bytes: &[u8]) -> bool {
        match part {
            Part::Note => Note::from_bytes(bytes).is_ok_and(|note| note.verify(&self.key).is_ok()),
            Part::Row => self.opens_with(bytes).is_some(),
            Part::Checkpoint => self.extends(bytes).is_some(),
            Part::Inclusion => holds(Inclusion::from_bytes(bytes), |proof| {
                proof.index() == PLACE && proof.verify(&self.head, &self.leaf).is_ok()
            }),
            Part::Consistency => {
                holds(Consistency::from_bytes(bytes), |proof| proof.verify(&self.old, &self.head).is_ok())
            }
            Part::MapProof => holds(MapProof::from_bytes(bytes), |proof| {
                let (chart, digest) = change(LEAVES / 2);
                proof.verify(&self.map_root, &chart) == Ok(Some(digest))
            }),
        }
    }

    /// With this as its last row.
    fn opens_with(&self, row: &[u8]) -> Option<()> {
        let mut tx = self.store.write().ok()?;
        tx.put(Table::Log, ID.as_bytes(), &u64::from(LEAVES).checked_sub(1)?.to_be_bytes(), row).ok()?;
        Log::open(&*tx, ID, self.key.clone()).ok().map(drop)
    }

    fn extends(&self, checkpoint: &[u8]) -> Option<()> {
        let kept = Checkpoint::from_bytes(checkpoint).ok()?;
        let view = self.store.read().ok()?;
        let log = Log::open(&*view, ID, self.key.clone()).ok()?;
        standings(&kept, &*view, &[&log]).ok().map(drop)
    }
}

/// What a leaf changes.
fn change(number: u8) -> (ChartId, Hash) {
    let chart = number.wrapping_mul(89);
    (ChartId::from_bytes([chart; 32]), Hash::from_bytes([number; 32]))
}

fn holds<T>(proof: Result<T, Malformed>, says: impl FnOnce(&T) -> bool) -> bool {
    proof.is_ok_and(|proof| says(&proof))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_sample_are_believed_and_others_are_not() {
        let sample = Sample::new().unwrap();
        let all = [Part::Note, Part::Row, Part::Checkpoint, Part::Inclusion, Part::Consistency, Part::MapProof];
        for part in all {
            let bytes = sample.part(part);
            assert_eq!(part.read(bytes).as_deref(), Some(bytes), "{part:?}");
            for other in all {
                assert_eq!(sample.believes(other, bytes), other == part, "{part:?} as {other:?}");
            }
        }
    }
}
