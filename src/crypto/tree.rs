//! The keyed BLAKE3 tree of a file, by groups of 16 KiB.
//!
//! Its root is the keyed BLAKE3 hash of the whole input. The *outboard* holds the parents above the groups, so that one group
//! is checked against the root without the others. They stand in post-order, each as the chaining values of its left and its
//! right child: a parent is written as soon as its last group is, and all below a complete subtree are contiguous.
//!
//! ```text
//!  groups  0 1 2 3 4        parents  0 = (0,1)  1 = (2,3)  2 = (0..2, 2..4)  3 = (0..4, 4)
//! ```

use super::{Failed, Secret, role};
use blake3::{
    Hash, Hasher,
    hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root},
};
use core::ops::Range;

/// Length of a group, in bytes; the last may be shorter. A group is what a chunk of the payload holds.
pub(crate) const GROUP: usize = super::chunked::CHUNK;
/// Length of a parent, in bytes.
pub(crate) const PARENT_LEN: usize = 64;
const GROUP_LEN: u64 = GROUP as u64;

/// The root of a tree: the keyed hash of the whole input.
#[derive(Clone, Copy)]
pub(crate) struct Root([u8; 32]);

impl Root {
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Chaining value of a group, or of a subtree that is not the whole.
#[derive(Clone, Copy)]
pub(crate) struct Value([u8; 32]);

/// The values of the two children of a parent.
#[derive(Clone, Copy)]
pub(crate) struct Parent {
    pub(crate) left: Value,
    pub(crate) right: Value,
}

impl Parent {
    /// Left, then right.
    pub(crate) fn from_bytes(bytes: &[u8; PARENT_LEN]) -> Self {
        let (left, right) = bytes.split_at(32);
        let value = |half: &[u8]| Value(half.try_into().unwrap_or_default());
        Self { left: value(left), right: value(right) }
    }
}

/// What a group or a subtree must have.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    /// It is the whole.
    Root(Root),
    /// It is a part.
    Value(Value),
}

/// The hash of a group.
pub(crate) struct Leaf {
    value: Value,
    /// What the root is if no other group follows: of the first group only.
    alone: Option<Root>,
}

/// Hashes under one key.
pub(crate) struct Tree(Secret<role::Outboard>);

impl Tree {
    pub(crate) fn new(key: Secret<role::Outboard>) -> Self {
        Self(key)
    }

    /// Hashes group `index` of an input, whichever groups follow.
    pub(crate) fn leaf(&self, index: u64, group: &[u8]) -> Result<Leaf, Failed> {
        let alone = if index == 0 { Some(self.whole(group)) } else { None };
        Ok(Leaf { value: self.value(index, group)?, alone })
    }

    /// Checks group `index` of an input.
    pub(crate) fn check(&self, index: u64, group: &[u8], expected: &Expected) -> Result<(), Failed> {
        match expected {
            Expected::Root(root) => same(&self.whole(group).0, &root.0),
            Expected::Value(value) => same(&self.value(index, group)?.0, &value.0),
        }
    }

    /// Checks a parent: what it says of its children is true then.
    pub(crate) fn check_parent(&self, parent: &Parent, expected: &Expected) -> Result<(), Failed> {
        match expected {
            Expected::Root(root) => same(&self.root(parent).0, &root.0),
            Expected::Value(value) => same(&self.merge(parent).0, &value.0),
        }
    }

    fn whole(&self, group: &[u8]) -> Root {
        Root(Hasher::new_keyed(self.0.expose()).update(group).finalize().into())
    }

    fn value(&self, index: u64, group: &[u8]) -> Result<Value, Failed> {
        // More would be another subtree than this, and nothing is none.
        if group.is_empty() || group.len() > GROUP {
            return Err(Failed);
        }
        let offset = index.checked_mul(GROUP_LEN).ok_or(Failed)?;
        Ok(Value(Hasher::new_keyed(self.0.expose()).set_input_offset(offset).update(group).finalize_non_root()))
    }

    fn merge(&self, parent: &Parent) -> Value {
        Value(merge_subtrees_non_root(&parent.left.0, &parent.right.0, Mode::KeyedHash(self.0.expose())))
    }

    fn root(&self, parent: &Parent) -> Root {
        Root(merge_subtrees_root(&parent.left.0, &parent.right.0, Mode::KeyedHash(self.0.expose())).into())
    }
}

fn same(a: &[u8; 32], b: &[u8; 32]) -> Result<(), Failed> {
    // In constant time, as all comparisons of this type.
    if Hash::from_bytes(*a) == Hash::from_bytes(*b) { Ok(()) } else { Err(Failed) }
}

/// Builds a tree from groups in order, of which there may be any number.
#[derive(Default)]
pub(crate) struct Builder {
    groups: u64,
    /// Of the complete subtrees so far, the largest first.
    stack: Vec<Value>,
    alone: Option<Root>,
    top: Option<Parent>,
}

impl Builder {
    /// Adds the next group. Appends the parents that are complete with it to `outboard`.
    pub(crate) fn push(&mut self, tree: &Tree, leaf: &Leaf, outboard: &mut Vec<u8>) {
        self.alone = self.alone.or(leaf.alone);
        self.groups = self.groups.saturating_add(1);
        self.stack.push(leaf.value);
        for _ in 0..self.groups.trailing_zeros() {
            self.merge(tree, outboard);
        }
    }

    /// Ends the input: appends the parents of the right edge and gives the root. Without a group there is none.
    pub(crate) fn finish(mut self, tree: &Tree, outboard: &mut Vec<u8>) -> Result<Root, Failed> {
        while self.stack.len() > 1 {
            self.merge(tree, outboard);
        }
        match self.top {
            Some(top) => Ok(tree.root(&top)),
            None => self.alone.ok_or(Failed),
        }
    }

    fn merge(&mut self, tree: &Tree, outboard: &mut Vec<u8>) {
        if let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop()) {
            let parent = Parent { left, right };
            outboard.extend_from_slice(&left.0);
            outboard.extend_from_slice(&right.0);
            self.stack.push(tree.merge(&parent));
            self.top = Some(parent);
        }
    }
}

/// A subtree of a tree: the groups that it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Range<u64>);

impl Span {
    /// How many groups it covers.
    pub(crate) fn len(&self) -> u64 {
        self.0.end.saturating_sub(self.0.start)
    }

    /// Its children; none where it is a group. The left one is complete, and as large as leaves something to the right.
    pub(crate) fn split(&self) -> Option<(Self, Self)> {
        let last = self.len().checked_sub(2)?.checked_add(1)?;
        let middle = self.0.start.checked_add(1_u64.checked_shl(last.ilog2())?)?;
        Some((Self(self.0.start..middle), Self(middle..self.0.end)))
    }

    /// Number of its parent in the outboard of a tree of `groups` groups.
    pub(crate) fn place(&self, groups: u64) -> Option<u64> {
        let len = self.len();
        if len.is_power_of_two() {
            // Complete: written with its last group, after the smaller ones and before the larger ones that end there.
            let end = self.0.end;
            let larger = end.trailing_zeros().checked_sub(len.trailing_zeros())?;
            parents_before(end)?.checked_sub(1)?.checked_sub(larger.into())
        } else {
            // At the right edge: written at the end, the smaller ones first.
            parents_before(groups)?.checked_add(u64::from(len.count_ones()).checked_sub(2)?)
        }
    }
}

/// How many parents stand before those that are written with group number `groups`, the first being 0.
pub(crate) fn parents_before(groups: u64) -> Option<u64> {
    groups.checked_sub(groups.count_ones().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn tree() -> Tree {
        Tree::new(Secret::from_slice(&KEY).unwrap())
    }

    fn built(input: &[u8]) -> (Root, Vec<u8>) {
        let (tree, mut builder, mut outboard) = (tree(), Builder::default(), Vec::new());
        for (index, group) in (0..).zip(input.chunks(GROUP)) {
            builder.push(&tree, &tree.leaf(index, group).unwrap(), &mut outboard);
        }
        (builder.finish(&tree, &mut outboard).unwrap(), outboard)
    }

    fn input(len: usize) -> Vec<u8> {
        (0..len).map(|i| u8::try_from(i * 31 % 251).unwrap()).collect()
    }

    #[test]
    fn the_root_is_the_keyed_hash_of_the_whole() {
        let lens = (1..=34).flat_map(|groups| [groups * GROUP, groups * GROUP - 1, groups * GROUP - GROUP + 1]);
        for len in lens.chain([70 * GROUP + 500]) {
            let input = input(len);
            let (root, outboard) = built(&input);
            assert_eq!(root.as_bytes(), Hasher::new_keyed(&KEY).update(&input).finalize().as_bytes(), "{len}");
            assert_eq!(outboard.len(), (len.div_ceil(GROUP) - 1) * PARENT_LEN);
        }
        assert!(Builder::default().finish(&tree(), &mut Vec::new()).is_err());
    }

    /// Walks every path from the root, by the places that `Span` gives.
    #[test]
    fn every_group_is_found_from_the_root() {
        fn walk(span: &Span, expected: &Expected, groups: u64, outboard: &[u8], input: &[u8], seen: &mut Vec<u64>) {
            let tree = tree();
            let Some((left, right)) = span.split() else {
                let index = usize::try_from(span.0.start).unwrap();
                let group = input.chunks(GROUP).nth(index).unwrap();
                tree.check(span.0.start, group, expected).unwrap();
                let mut other = group.to_vec();
                other[group.len() / 2] ^= 1;
                assert!(tree.check(span.0.start, &other, expected).is_err());
                return;
            };
            let place = span.place(groups).unwrap();
            seen.push(place);
            let start = usize::try_from(place).unwrap() * PARENT_LEN;
            let parent = Parent::from_bytes(outboard[start..start + PARENT_LEN].try_into().unwrap());
            tree.check_parent(&parent, expected).unwrap();
            walk(&left, &Expected::Value(parent.left), groups, outboard, input, seen);
            walk(&right, &Expected::Value(parent.right), groups, outboard, input, seen);
        }
        for groups in 1..=70 {
            let input = input(groups * GROUP - 5);
            let (root, outboard) = built(&input);
            let groups = u64::try_from(groups).unwrap();
            let mut seen = Vec::new();
            walk(&Span(0..groups), &Expected::Root(root), groups, &outboard, &input, &mut seen);
            seen.sort_unstable();
            assert_eq!(seen, (0..groups - 1).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_parent_of_height_k_stands_where_the_format_says() {
        // n - popcount(n) - 1 - (trailing_zeros(n) - k), for the subtree of 2^k groups that ends before group n.
        for (span, groups, place) in
            [(0..2, 9, 0), (2..4, 9, 1), (0..4, 9, 2), (4..8, 9, 5), (0..8, 9, 6), (0..9, 9, 7)]
        {
            assert_eq!(Span(span).place(groups), Some(place));
        }
        assert_eq!(Span(8..11).place(11), Some(8));
        assert_eq!(Span(0..11).place(11), Some(9));
    }

    #[test]
    fn a_group_that_is_none_is_not_hashed() {
        assert!(tree().leaf(1, &[]).is_err());
        assert!(tree().leaf(1, &vec![0; GROUP + 1]).is_err());
        assert!(tree().leaf(u64::MAX / 2, &[1]).is_err());
    }
}
