//! Reading the tree of a blob: what each group must have, proven from the root.

use super::{BlobPart, Source};
use crate::crypto::{
    Failed,
    tree::{Expected, PARENT_LEN, Parent, Root, Span, Tree, parents_before},
};
use std::collections::HashMap;

/// How many groups are proven at once. In a complete subtree their parents are contiguous: one read, of 960 bytes.
const BLOCK: u64 = 16;
/// How far from the root parents are kept once they are proven: 4095 of them at most, 256 KiB, all above a file of 1 GiB.
const KEPT_DEPTH: usize = 12;

/// The tree of a blob.
pub(super) struct Outboard {
    tree: Tree,
    root: Root,
    groups: u64,
    /// Proven parents near the root, by their place.
    kept: HashMap<u64, Parent>,
    /// From the root to the block that was proven last: what is common to the way to the next need not be gone again.
    way: Vec<(Span, Expected)>,
    /// The groups that were proven last, from number `first` on.
    first: u64,
    block: Vec<Expected>,
}

impl Outboard {
    pub(super) fn new(tree: Tree, root: Root, groups: u64) -> Self {
        Self { tree, root, groups, kept: HashMap::new(), way: Vec::new(), first: 0, block: Vec::new() }
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What a group must have; none after the last group.
    pub(super) fn expected<S: Source>(&mut self, group: u64, source: &S) -> Result<Option<Expected>, S::Error> {
        if group >= self.groups {
            return Ok(None);
        }
        let known = group.checked_sub(self.first).and_then(|index| self.block.get(usize::try_from(index).ok()?));
        if let Some(expected) = known {
            return Ok(Some(*expected));
        }
        self.block.clear();
        let (span, above) = self.descend(group, source)?;
        self.first = span.0.start;
        let result = self.prove(span, above, source);
        if result.is_err() {
            self.block.clear();
        }
        result?;
        let index = group.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        Ok(Some(*index.and_then(|index| self.block.get(index)).ok_or(Failed)?))
    }

    /// From the root to the block of a group.
    fn descend<S: Source>(&mut self, group: u64, source: &S) -> Result<(Span, Expected), S::Error> {
        while self.way.pop_if(|(span, _)| !span.0.contains(&group)).is_some() {}
        let root = || (Span(0..self.groups), Expected::Root(self.root));
        let (mut span, mut expected) = self.way.last().cloned().unwrap_or_else(root);
        if self.way.is_empty() {
            self.way.push((span.clone(), expected));
        }
        while span.len() > BLOCK {
            let place = span.place(self.groups).ok_or(Failed)?;
            let parent = if let Some(parent) = self.kept.get(&place) {
                *parent
            } else {
                let mut bytes = [0; PARENT_LEN];
                source.read(BlobPart::Outboard, offset(place)?, &mut bytes)?;
                let parent = Parent::from_bytes(&bytes);
                self.tree.check_parent(&parent, &expected)?;
                if self.way.len() <= KEPT_DEPTH {
                    self.kept.insert(place, parent);
                }
                parent
            };
            let (left, right) = span.split().ok_or(Failed)?;
            (span, expected) = if group < left.0.end {
                (left, Expected::Value(parent.left))
            } else {
                (right, Expected::Value(parent.right))
            };
            self.way.push((span.clone(), expected));
        }
        Ok((span, expected))
    }

    /// Proves all groups of a block, and keeps what they must have.
    fn prove<S: Source>(&mut self, span: Span, above: Expected, source: &S) -> Result<(), S::Error> {
        let start = parents_before(span.0.start).ok_or(Failed)?;
        // The last block, where it is not complete, has its parents among those of the right edge.
        let all = self.groups.saturating_sub(1).saturating_sub(start);
        let count = if span.len() == BLOCK { BLOCK.saturating_sub(1) } else { all };
        let len = usize::try_from(count).ok().and_then(|count| count.checked_mul(PARENT_LEN)).ok_or(Failed)?;
        let mut bytes = vec![0; len];
        if len > 0 {
            source.read(BlobPart::Outboard, offset(start)?, &mut bytes)?;
        }
        let (parents, _) = bytes.as_chunks::<PARENT_LEN>();
        // From left to right: what is still to be proven, the leftmost last.
        let mut open = vec![(span, above)];
        while let Some((span, expected)) = open.pop() {
            let Some((left, right)) = span.split() else {
                self.block.push(expected);
                continue;
            };
            let index = span.place(self.groups).and_then(|place| place.checked_sub(start)).ok_or(Failed)?;
            let bytes = parents.get(usize::try_from(index).map_err(|_| Failed)?).ok_or(Failed)?;
            let parent = Parent::from_bytes(bytes);
            self.tree.check_parent(&parent, &expected)?;
            open.push((right, Expected::Value(parent.right)));
            open.push((left, Expected::Value(parent.left)));
        }
        Ok(())
    }
}

fn offset(place: u64) -> Result<u64, Failed> {
    place.checked_mul(PARENT_LEN as u64).ok_or(Failed)
}
