//! What a member holds of a chart: the seed, keys of compartments, or content keys only.

use super::{
    ContentKey, Path,
    epoch::{CompartmentKey, KeyState, SLOTS},
};
use crate::codec::{ChartId, CompartmentId, Hash, SecretBytes};
use crate::crypto::{Failed, Secret, Suite, kdf::Deriver, role};
use crate::record::{Kind, Label};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// What kind of key a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum NodeKind {
    /// The chart seed of an epoch: a custodian's.
    #[n(1)]
    Seed,
    /// A compartment's key, and with it those of earlier epochs.
    #[n(2)]
    Compartment,
    /// The three content keys of a compartment: this epoch, no history.
    #[n(3)]
    Content,
}

/// A node as the ledger names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub(crate) struct NodeRef {
    #[n(0)]
    pub(crate) kind: NodeKind,
    /// Zero for a seed.
    #[n(1)]
    pub(crate) compartment: CompartmentId,
}

/// A node with its keys, as it is granted and kept.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Node {
    #[n(0)]
    pub(crate) of: NodeRef,
    #[n(1)]
    pub(crate) epoch: u32,
    /// 32 bytes, or for content keys 96: record, file, message.
    #[n(2)]
    pub(crate) keys: SecretBytes,
    /// For content keys, which cannot open the sealed label.
    #[n(3)]
    pub(crate) label: Option<String>,
    /// For content keys, which cannot derive it.
    #[n(4)]
    pub(crate) cut: Option<SecretBytes>,
}

impl Node {
    pub(crate) fn seed(epoch: u32, seed: &Secret<role::ChartSeed>) -> Self {
        let of = NodeRef { kind: NodeKind::Seed, compartment: CompartmentId::from_bytes([0; 16]) };
        Self { of, epoch, keys: SecretBytes::new(seed.expose()), label: None, cut: None }
    }

    pub(crate) fn compartment(id: CompartmentId, epoch: u32, key: &CompartmentKey) -> Self {
        let of = NodeRef { kind: NodeKind::Compartment, compartment: id };
        Self { of, epoch, keys: SecretBytes::new(key.secret().expose()), label: None, cut: None }
    }

    pub(crate) fn content(id: CompartmentId, epoch: u32, key: &CompartmentKey, label: &Label) -> Self {
        let of = NodeRef { kind: NodeKind::Content, compartment: id };
        let mut keys = zeroize::Zeroizing::new(Vec::with_capacity(96));
        for kind in Kind::ALL {
            keys.extend_from_slice(key.content_secret(kind).expose());
        }
        Self {
            of,
            epoch,
            keys: SecretBytes::new(&keys),
            label: Some(label.as_str().to_owned()),
            cut: Some(SecretBytes::new(key.cut_secret().expose())),
        }
    }
}

/// The keys of one compartment in one epoch that a member can use.
struct SlotKeys {
    compartment: Option<CompartmentKey>,
    content: Vec<ContentKey>,
    cut: Secret<role::Cut>,
    label: Label,
}

/// Key states by epoch, of the line that a reader goes by and then of others.
pub(crate) type States<'a> = &'a [&'a BTreeMap<u32, KeyState>];

/// Every key that follows from a member's nodes, checked against the ledger.
pub(crate) struct Held {
    suite: Suite,
    chart: ChartId,
    seeds: BTreeMap<u32, Secret<role::ChartSeed>>,
    slots: BTreeMap<(u32, u8), SlotKeys>,
    /// Keys of epochs of other branches, by epoch and compartment.
    elsewhere: Vec<((u32, u8), SlotKeys)>,
}

impl Held {
    /// Expands nodes. A key that does not match its check value makes the whole fail: somebody was given another key
    /// than the others.
    pub(crate) fn expand(suite: Suite, chart: ChartId, nodes: &[Node], states: States<'_>) -> Result<Self, Failed> {
        let mut held = Self { suite, chart, seeds: BTreeMap::new(), slots: BTreeMap::new(), elsewhere: Vec::new() };
        let mut keys = Vec::new();
        for node in nodes {
            match node.of.kind {
                NodeKind::Seed => keys.extend(held.add_seed(states, node)?),
                NodeKind::Compartment => {
                    let path = Path { chart, compartment: node.of.compartment, epoch: node.epoch };
                    if !states.iter().any(|line| line.contains_key(&node.epoch)) {
                        return Err(Failed);
                    }
                    keys.push(CompartmentKey::new(path, Secret::from_slice(node.keys.expose())?));
                }
                NodeKind::Content => held.add_content(states, node)?,
            }
        }
        for key in keys {
            held.add_compartment(states, key)?;
        }
        Ok(held)
    }

    /// Adds a seed; gives the compartment keys that derive from it.
    fn add_seed(&mut self, states: States<'_>, node: &Node) -> Result<Vec<CompartmentKey>, Failed> {
        let seed: Secret<role::ChartSeed> = Secret::from_slice(node.keys.expose())?;
        let deriver = Deriver::new(&seed);
        let (chart, epoch) = (self.chart, node.epoch);
        let (line, state) = find(states, epoch, |state| state.is_seed(chart, &deriver)).ok_or(Failed)?;
        let path = |compartment| Path { chart, compartment, epoch };
        let ids = state.compartments.iter().map(|compartment| compartment.id);
        let keys = ids.map(|id| CompartmentKey::of_seed(&deriver, path(id))).collect();
        if line == 0 {
            self.seeds.insert(epoch, seed);
        }
        Ok(keys)
    }

    /// Adds a compartment's key and, link by link, those of the epochs before.
    fn add_compartment(&mut self, states: States<'_>, key: CompartmentKey) -> Result<(), Failed> {
        let mut waiting = vec![key];
        while let Some(key) = waiting.pop() {
            let Path { compartment, epoch, .. } = *key.path();
            if !states.iter().any(|line| line.contains_key(&epoch)) {
                continue;
            }
            let check = key.check();
            let is_it = |state: &KeyState| state.slot_of(&compartment).is_some_and(|(_, found)| found.check == check);
            let (line, state) = find(states, epoch, is_it).ok_or(Failed)?;
            let (slot, published) = state.slot_of(&compartment).ok_or(Failed)?;
            if self.compartment_of(epoch, slot, &check).is_some() {
                continue;
            }
            for link in &published.history {
                waiting.push(key.follow(self.suite, link)?);
            }
            let content: Vec<_> = Kind::ALL.into_iter().map(|kind| key.content(self.suite, slot, kind)).collect();
            require_checks(&content, &published.content_checks)?;
            let label = key.open_label(self.suite, &published.label)?;
            let cut = key.cut_secret();
            let keys = SlotKeys { compartment: Some(key), content, cut, label };
            if line == 0 {
                self.slots.insert((epoch, slot), keys);
            } else {
                self.elsewhere.push(((epoch, slot), keys));
            }
        }
        Ok(())
    }

    fn add_content(&mut self, states: States<'_>, node: &Node) -> Result<(), Failed> {
        let path = Path { chart: self.chart, compartment: node.of.compartment, epoch: node.epoch };
        let (secrets, rest) = node.keys.expose().as_chunks::<32>();
        if secrets.len() != Kind::ALL.len() || !rest.is_empty() {
            return Err(Failed);
        }
        let keys = |slot| -> Result<Vec<_>, Failed> {
            let key = |(kind, secret): (Kind, &[u8; 32])| {
                Ok(ContentKey::new(self.suite, slot, kind, path, &Secret::from_slice(secret)?))
            };
            Kind::ALL.into_iter().zip(secrets).map(key).collect()
        };
        let is_it = |state: &KeyState| {
            state.slot_of(&path.compartment).is_some_and(|(slot, published)| {
                keys(slot).is_ok_and(|keys| require_checks(&keys, &published.content_checks).is_ok())
            })
        };
        let (line, state) = find(states, node.epoch, is_it).ok_or(Failed)?;
        let (slot, _) = state.slot_of(&path.compartment).ok_or(Failed)?;
        let content = keys(slot)?;
        let label = node.label.as_deref().and_then(|label| Label::new(label).ok()).ok_or(Failed)?;
        let cut = Secret::from_slice(node.cut.as_ref().ok_or(Failed)?.expose())?;
        let keys = SlotKeys { compartment: None, content, cut, label };
        if line == 0 {
            self.slots.entry((node.epoch, slot)).or_insert(keys);
        } else {
            self.elsewhere.push(((node.epoch, slot), keys));
        }
        Ok(())
    }

    /// The seed of an epoch, which only custodians hold.
    pub(crate) fn seed(&self, epoch: u32) -> Option<&Secret<role::ChartSeed>> {
        self.seeds.get(&epoch)
    }

    /// The compartment key of an epoch, where one is held.
    pub(crate) fn compartment(&self, epoch: u32, slot: u8) -> Option<&CompartmentKey> {
        self.slots.get(&(epoch, slot))?.compartment.as_ref()
    }

    /// The compartment key with this check value, of whatever branch.
    pub(crate) fn compartment_of(&self, epoch: u32, slot: u8, check: &Hash) -> Option<&CompartmentKey> {
        let elsewhere = self.elsewhere.iter().filter(|(at, _)| *at == (epoch, slot)).map(|(_, keys)| keys);
        let keys = self.slots.get(&(epoch, slot)).into_iter().chain(elsewhere);
        keys.filter_map(|keys| keys.compartment.as_ref()).find(|key| key.check() == *check)
    }

    /// Keys of a compartment's cuts in an epoch: several where a fork had several epochs of one number.
    pub(crate) fn cut_keys(&self, epoch: u32, slot: u8) -> impl Iterator<Item = &Secret<role::Cut>> {
        let elsewhere = self.elsewhere.iter().filter(move |(at, _)| *at == (epoch, slot)).map(|(_, keys)| keys);
        self.slots.get(&(epoch, slot)).into_iter().chain(elsewhere).map(|keys| &keys.cut)
    }

    pub(crate) fn content(&self, epoch: u32, slot: u8, kind: Kind) -> Option<&ContentKey> {
        self.slots.get(&(epoch, slot))?.content.iter().find(|key| key.kind() == kind)
    }

    /// Content keys of an epoch and kind, the one of `first` before the others.
    pub(crate) fn content_keys(&self, epoch: u32, kind: Kind, first: Option<u8>) -> impl Iterator<Item = &ContentKey> {
        let hinted = first.and_then(|slot| self.content(epoch, slot, kind));
        let others = (0_u8..8).filter(move |slot| Some(*slot) != first);
        let elsewhere = self.elsewhere.iter().filter(move |((of, _), _)| *of == epoch);
        let elsewhere = elsewhere.flat_map(|(_, keys)| &keys.content).filter(move |key| key.kind() == kind);
        hinted.into_iter().chain(others.filter_map(move |slot| self.content(epoch, slot, kind))).chain(elsewhere)
    }

    /// Label of a compartment, in the newest epoch in which it is held.
    pub(crate) fn label(&self, slot: u8) -> Option<&Label> {
        self.slots.iter().rev().find(|((_, at), _)| *at == slot).map(|(_, keys)| &keys.label)
    }

    /// Compartment with this label in an epoch.
    pub(crate) fn slot_of(&self, epoch: u32, label: &Label) -> Option<u8> {
        let mut slots = self.slots.range((epoch, 0)..=(epoch, u8::MAX));
        slots.find(|(_, keys)| keys.label == *label).map(|((_, slot), _)| *slot)
    }

    /// Whether every compartment of an epoch is held.
    pub(crate) fn is_whole(&self, epoch: u32) -> bool {
        self.slots.range((epoch, 0)..=(epoch, u8::MAX)).count() == SLOTS
    }

    /// Compartments held in an epoch.
    pub(crate) fn slots(&self, epoch: u32) -> impl Iterator<Item = u8> {
        self.slots.range((epoch, 0)..=(epoch, u8::MAX)).map(|((_, slot), _)| *slot)
    }
}

/// The first line that has this epoch as the key says, with its number.
fn find(states: States<'_>, epoch: u32, is_it: impl Fn(&KeyState) -> bool) -> Option<(usize, &KeyState)> {
    let mut lines = states.iter().enumerate().filter_map(|(line, states)| Some((line, states.get(&epoch)?)));
    lines.find(|(_, state)| is_it(state))
}

fn require_checks(keys: &[ContentKey], published: &[Hash]) -> Result<(), Failed> {
    if keys.iter().map(ContentKey::check).eq(published) { Ok(()) } else { Err(Failed) }
}
