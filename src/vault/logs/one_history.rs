//! Whether the devices of a vault were shown one history. All write to one store, one after the other, so whoever wrote last saw
//! all that the others had written. Each says in its log where it saw the others end.

use super::super::mark::{Mark, Marked};
use super::{Logs, Marks};
use crate::codec::{Hash, LogId};
use crate::crypto::kdf;
use crate::error::Error;
use crate::store::Snapshot;
use std::borrow::Cow;
use std::collections::BTreeMap;

impl Logs {
    /// Whether the logs are of one history: the device that wrote last saw all that the others had written. Where none has,
    /// two devices were shown different states, and wrote.
    pub(in crate::vault) fn is_one_history(&self, snapshot: &dyn Snapshot) -> Result<bool, Error> {
        if self.others.is_empty() {
            return Ok(true);
        }
        let mut said = false;
        for log in self.all() {
            let mark = log.reader(snapshot).digest(&Marked::Others.key())?;
            said |= mark.is_some();
            if mark.unwrap_or(Mark::EMPTY.digest()) == self.beside(log.id(), None).digest() {
                return Ok(true);
            }
        }
        // Software of before this mark has left none.
        Ok(!said)
    }

    /// Where the logs end that stand beside one: how many leaves they have in all, and a hash over their ends. One that is
    /// about to be closed no longer counts.
    pub(super) fn beside(&self, log: &LogId, closing: Option<LogId>) -> Mark {
        let mut ends = BTreeMap::new();
        for other in self.all().filter(|other| other.id() != log && Some(*other.id()) != closing) {
            ends.extend(other.head().map(|head| (*other.id(), (head.size(), head.tree().root))));
        }
        if ends.is_empty() {
            return Mark::EMPTY;
        }
        let leaves = ends.values().fold(0_u64, |sum, (size, _)| sum.saturating_add(*size));
        let mut bytes = Vec::new();
        for (id, (size, root)) in &ends {
            bytes.extend_from_slice(id.as_bytes());
            bytes.extend_from_slice(&size.to_be_bytes());
            bytes.extend_from_slice(root);
        }
        Mark::new(leaves, &Hash::from_bytes(kdf::hash("others", &[&bytes])))
    }

    /// Adds to the marks of a change where the other logs ended, unless this one says so already.
    pub(super) fn knowing<'m>(&self, snapshot: &dyn Snapshot, marks: &'m Marks) -> Result<Cow<'m, Marks>, Error> {
        if self.others.is_empty() {
            return Ok(Cow::Borrowed(marks));
        }
        let (key, known) = (Marked::Others.key(), self.beside(self.own.id(), None).digest());
        if marks.contains_key(&key) || self.own.reader(snapshot).digest(&key)? == Some(known) {
            return Ok(Cow::Borrowed(marks));
        }
        let mut marks = marks.clone();
        marks.insert(key, known);
        Ok(Cow::Owned(marks))
    }
}
