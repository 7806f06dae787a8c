//! Epochs and compartments: what derives from a chart seed, and what the ledger publishes of it.
//!
//! ```text
//!  chart seed [epoch] ─┬─ ledger key
//!                      └─ compartment key, 8 of them ─┬─ content key: record | file | message
//!                                                     ├─ label, cut, history
//! ```

use super::{CheckOf, ContentKey, Path, check_value};
use crate::codec::{ChartId, CompartmentId, Hash};
use crate::crypto::{Failed, Secret, Suite, kdf::Deriver, open_once, role, seal_once};
use crate::record::{Kind, Label};
use minicbor::{Decode, Encode};

/// Compartments of a chart.
pub(crate) const SLOTS: usize = 8;
/// A label is padded to this many bytes before it is sealed: its length, the label, zeros.
const LABEL_LEN: usize = 32;

/// What the ledger says of an epoch: enough to recognise every key, and to walk back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct KeyState {
    #[n(0)]
    pub(crate) epoch: u32,
    #[n(1)]
    pub(crate) seed_check: Hash,
    /// Eight, in an order that stays the same over all epochs.
    #[n(2)]
    pub(crate) compartments: Vec<CompartmentState>,
}

/// One compartment in one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct CompartmentState {
    #[n(0)]
    pub(crate) id: CompartmentId,
    #[n(1)]
    pub(crate) check: Hash,
    /// Check values of the content keys: record, file, message.
    #[n(2)]
    pub(crate) content_checks: Vec<Hash>,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(crate) label: Vec<u8>,
    #[n(4)]
    pub(crate) history: Vec<HistoryLink>,
}

/// An older compartment key, under the one of this epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct HistoryLink {
    #[n(0)]
    pub(crate) epoch: u32,
    #[n(1)]
    pub(crate) check: Hash,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) wrapped: Vec<u8>,
}

impl KeyState {
    /// Derives the state of a fresh seed. `previous` is the epoch before, with its compartment keys by number; where a
    /// fork is resolved, the last epoch of each branch.
    pub(crate) fn of_seed(
        suite: Suite,
        chart: ChartId,
        epoch: u32,
        seed: &Secret<role::ChartSeed>,
        compartments: &[(CompartmentId, Label)],
        previous: &[(&KeyState, Vec<Secret<role::Compartment>>)],
    ) -> Result<Self, Failed> {
        let deriver = Deriver::new(seed);
        let seed_check = check_value(&deriver, CheckOf::Seed, &Path::of_seed(chart, epoch).to_bytes());
        let mut states = Vec::with_capacity(SLOTS);
        for (slot, (id, label)) in compartments.iter().enumerate() {
            let path = Path { chart, compartment: *id, epoch };
            let keys = CompartmentKey::of_seed(&deriver, path);
            let mut history = Vec::with_capacity(previous.len());
            for (state, secrets) in previous {
                let old = state.compartments.get(slot).filter(|old| old.id == *id).ok_or(Failed)?;
                history.push(keys.link(suite, state.epoch, &old.check, secrets.get(slot).ok_or(Failed)?)?);
            }
            let content_checks = Kind::ALL.into_iter().map(|kind| *keys.content(suite, 0, kind).check()).collect();
            states.push(CompartmentState {
                id: *id,
                check: keys.check(),
                content_checks,
                label: keys.seal_label(suite, label)?,
                history,
            });
        }
        let state = Self { epoch, seed_check, compartments: states };
        if state.is_well_formed() { Ok(state) } else { Err(Failed) }
    }

    /// Eight distinct compartments, three content keys each, links to earlier epochs only.
    pub(crate) fn is_well_formed(&self) -> bool {
        let mut ids: Vec<_> = self.compartments.iter().map(|state| state.id).collect();
        ids.sort_unstable();
        ids.dedup();
        self.epoch > 0
            && self.compartments.len() == SLOTS
            && ids.len() == SLOTS
            && self.compartments.iter().all(|state| {
                state.content_checks.len() == Kind::ALL.len()
                    && state.label.len() == LABEL_LEN.saturating_add(16)
                    && state.history.iter().all(|link| link.epoch < self.epoch && link.wrapped.len() == 48)
            })
    }

    /// Number and state of a compartment.
    pub(crate) fn slot_of(&self, id: &CompartmentId) -> Option<(u8, &CompartmentState)> {
        let slot = self.compartments.iter().position(|state| state.id == *id)?;
        Some((u8::try_from(slot).ok()?, self.compartments.get(slot)?))
    }

    /// The seed, if it is the one of this state.
    pub(crate) fn is_seed(&self, chart: ChartId, seed: &Deriver) -> bool {
        check_value(seed, CheckOf::Seed, &Path::of_seed(chart, self.epoch).to_bytes()) == self.seed_check
    }
}

/// A compartment's key in one epoch, ready to derive from.
pub(crate) struct CompartmentKey {
    secret: Secret<role::Compartment>,
    path: Path,
    path_bytes: [u8; Path::LEN],
    deriver: Deriver,
}

impl CompartmentKey {
    pub(crate) fn new(path: Path, secret: Secret<role::Compartment>) -> Self {
        let deriver = Deriver::new(&secret);
        Self { secret, path, path_bytes: path.to_bytes(), deriver }
    }

    /// D(seed, "compartment", path).
    pub(crate) fn of_seed(seed: &Deriver, path: Path) -> Self {
        Self::new(path, seed.key(&[&path.to_bytes()]))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn secret(&self) -> &Secret<role::Compartment> {
        &self.secret
    }

    pub(crate) fn check(&self) -> Hash {
        check_value(&self.deriver, CheckOf::Compartment, &self.path_bytes)
    }

    /// D(C, "content", path ‖ kind), as bytes to grant.
    pub(crate) fn content_secret(&self, kind: Kind) -> Secret<role::Content> {
        self.deriver.key(&[&self.path_bytes, &[kind as u8]])
    }

    pub(crate) fn content(&self, suite: Suite, slot: u8, kind: Kind) -> ContentKey {
        ContentKey::new(suite, slot, kind, self.path, &self.content_secret(kind))
    }

    /// D(C, "cut", path).
    pub(crate) fn cut_secret(&self) -> Secret<role::Cut> {
        self.deriver.key(&[&self.path_bytes])
    }

    pub(crate) fn seal_label(&self, suite: Suite, label: &Label) -> Result<Vec<u8>, Failed> {
        let mut padded = [0; LABEL_LEN];
        let len = u8::try_from(label.as_str().len()).map_err(|_| Failed)?;
        padded.iter_mut().zip([len].iter().chain(label.as_str().as_bytes())).for_each(|(to, from)| *to = *from);
        seal_once(suite, &self.deriver.key_and_nonce("label", &[&self.path_bytes]), &padded)
    }

    pub(crate) fn open_label(&self, suite: Suite, sealed: &[u8]) -> Result<Label, Failed> {
        let padded = open_once(suite, &self.deriver.key_and_nonce("label", &[&self.path_bytes]), sealed)?;
        let (len, rest) = padded.split_first().ok_or(Failed)?;
        let (label, zeros) = rest.split_at_checked(usize::from(*len)).ok_or(Failed)?;
        let text = core::str::from_utf8(label).map_err(|_| Failed)?;
        let label = Label::new(text).map_err(|_| Failed)?;
        if label.as_str() == text && zeros.iter().all(|byte| *byte == 0) { Ok(label) } else { Err(Failed) }
    }

    /// Wraps the key of an earlier epoch under this one.
    fn link(
        &self,
        suite: Suite,
        epoch: u32,
        check: &Hash,
        older: &Secret<role::Compartment>,
    ) -> Result<HistoryLink, Failed> {
        let key = self.history_key(epoch, check);
        Ok(HistoryLink { epoch, check: *check, wrapped: seal_once(suite, &key, older.expose())? })
    }

    /// The key of an earlier epoch, checked against the value that the link names.
    pub(crate) fn follow(&self, suite: Suite, link: &HistoryLink) -> Result<Self, Failed> {
        let opened = open_once(suite, &self.history_key(link.epoch, &link.check), &link.wrapped)?;
        let older = Self::new(Path { epoch: link.epoch, ..self.path }, Secret::from_slice(&opened)?);
        if older.check() == link.check { Ok(older) } else { Err(Failed) }
    }

    fn history_key(&self, epoch: u32, check: &Hash) -> zeroize::Zeroizing<[u8; 44]> {
        self.deriver.key_and_nonce("history", &[&self.path_bytes, &epoch.to_be_bytes(), check.as_bytes()])
    }
}

/// D(seed, "ledger", chart ‖ epoch).
pub(crate) fn ledger_key(seed: &Deriver, chart: ChartId, epoch: u32) -> Secret<role::Ledger> {
    seed.key(&[chart.as_bytes(), &epoch.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compartments() -> Vec<(CompartmentId, Label)> {
        Label::standard().into_iter().zip(1..).map(|(label, n)| (CompartmentId::from_bytes([n; 16]), label)).collect()
    }

    fn state(epoch: u32, seed: u8) -> (KeyState, Secret<role::ChartSeed>) {
        let seed = Secret::from_slice(&[seed; 32]).unwrap();
        let chart = ChartId::from_bytes([1; 32]);
        (KeyState::of_seed(Suite::Aes256Gcm, chart, epoch, &seed, &compartments(), &[]).unwrap(), seed)
    }

    #[test]
    fn labels_are_sealed_to_their_compartment_and_all_of_one_length() {
        let (state, seed) = state(1, 9);
        let chart = ChartId::from_bytes([1; 32]);
        for (slot, ((id, label), compartment)) in compartments().iter().zip(&state.compartments).enumerate() {
            let path = Path { chart, compartment: *id, epoch: 1 };
            let key = CompartmentKey::of_seed(&Deriver::new(&seed), path);
            assert_eq!(key.check(), compartment.check);
            assert_eq!(key.open_label(Suite::Aes256Gcm, &compartment.label).as_ref(), Ok(label));
            let other = &state.compartments[(slot + 1) % SLOTS];
            assert!(key.open_label(Suite::Aes256Gcm, &other.label).is_err());
            assert_eq!(other.label.len(), compartment.label.len());
        }
    }

    #[test]
    fn a_link_leads_to_the_key_that_it_names() {
        let chart = ChartId::from_bytes([1; 32]);
        let (old, old_seed) = state(1, 9);
        let derive = |seed: &Secret<role::ChartSeed>, epoch| -> Vec<CompartmentKey> {
            let deriver = Deriver::new(seed);
            compartments()
                .iter()
                .map(|(id, _)| CompartmentKey::of_seed(&deriver, Path { chart, compartment: *id, epoch }))
                .collect()
        };
        let secrets: Vec<_> = derive(&old_seed, 1).iter().map(|key| key.secret().duplicate()).collect();
        let seed = Secret::from_slice(&[10; 32]).unwrap();
        let expected = secrets[3].duplicate();
        let new = KeyState::of_seed(Suite::Aes256Gcm, chart, 2, &seed, &compartments(), &[(&old, secrets)]).unwrap();
        let key = &derive(&seed, 2)[3];
        let link = &new.compartments[3].history[0];
        assert_eq!(key.follow(Suite::Aes256Gcm, link).unwrap().secret(), &expected);
        let wrong = HistoryLink { check: Hash::from_bytes([0; 32]), ..link.clone() };
        assert!(key.follow(Suite::Aes256Gcm, &wrong).is_err());
        assert!(derive(&seed, 2)[4].follow(Suite::Aes256Gcm, link).is_err());
    }
}
