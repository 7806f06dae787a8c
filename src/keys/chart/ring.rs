//! What a vault keeps of a chart: the nodes it holds, ledger keys, its local index key, and the home key where it is home.

use super::{grant::LedgerKey, ledger::LedgerKeys, node::Node};
use crate::codec::{self, ChartId, Extensions, Malformed, SecretBytes, VaultId, Version1, padding};
use crate::crypto::sign::SigningKey;
use crate::crypto::{Failed, RandomError, Secret, Suite, chunked, kdf, kdf::Deriver, role};
use minicbor::{Decode, Encode};

/// The secrets of a chart that one vault holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Ring {
    #[n(0)]
    version: Version1,
    /// Seed of the home's signing key, in the vault that is home.
    #[n(1)]
    home: Option<SecretBytes>,
    #[n(2)]
    index: SecretBytes,
    #[n(3)]
    nodes: Vec<Node>,
    #[n(4)]
    ledger_keys: Vec<LedgerKey>,
    #[n(5)]
    extensions: Extensions,
}

impl Ring {
    /// A ring with a fresh index key and nothing else.
    pub(crate) fn new(home: Option<&SigningKey<role::HomeSigning>>) -> Result<Self, RandomError> {
        Ok(Self {
            version: Version1,
            home: home.map(|home| SecretBytes::new(home.seed().expose())),
            index: SecretBytes::new(Secret::<role::Index>::generate()?.expose()),
            nodes: Vec::new(),
            ledger_keys: Vec::new(),
            extensions: Extensions::default(),
        })
    }

    /// Adds nodes and ledger keys that are not there yet.
    pub(crate) fn add(&mut self, nodes: &[Node], ledger_keys: &[LedgerKey]) {
        for node in nodes {
            if !self.nodes.contains(node) {
                self.nodes.push(node.clone());
            }
        }
        for key in ledger_keys {
            if !self.ledger_keys.contains(key) {
                self.ledger_keys.push(key.clone());
            }
        }
        // One order, so that the same holdings give the same encoding.
        self.nodes.sort_by_key(|node| (node.epoch, node.of));
        self.ledger_keys.sort_by_key(|key| key.epoch);
    }

    /// Adds a seed and the ledger key that derives from it.
    pub(crate) fn add_seed(&mut self, chart: ChartId, epoch: u32, seed: &Secret<role::ChartSeed>) {
        let key = super::epoch::ledger_key(&Deriver::new(seed), chart, epoch);
        let key = LedgerKey { epoch, key: SecretBytes::new(key.expose()) };
        self.add(&[Node::seed(epoch, seed)], &[key]);
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn ledger_keys(&self) -> &[LedgerKey] {
        &self.ledger_keys
    }

    pub(crate) fn ledger_secrets(&self) -> Result<LedgerKeys, Failed> {
        let mut keys = LedgerKeys::new();
        for key in &self.ledger_keys {
            keys.entry(key.epoch).or_default().push(Secret::from_slice(key.key.expose())?);
        }
        Ok(keys)
    }

    /// Takes a key under which this vault is, or is to become, the ledger's home.
    pub(crate) fn set_home(&mut self, home: &SigningKey<role::HomeSigning>) {
        self.home = Some(SecretBytes::new(home.seed().expose()));
    }

    pub(crate) fn home(&self) -> Option<SigningKey<role::HomeSigning>> {
        Secret::from_slice(self.home.as_ref()?.expose()).ok().map(SigningKey::from_seed)
    }

    pub(crate) fn index_key(&self) -> Result<Secret<role::Index>, Failed> {
        Secret::from_slice(self.index.expose())
    }

    /// Seals the ring for the vault's keyring.
    pub(crate) fn seal(
        &self,
        suite: Suite,
        key: &Secret<role::KeyringKey>,
        vault: &VaultId,
        chart: &ChartId,
    ) -> Result<Vec<u8>, Failed> {
        let plaintext = padding::pad(&codec::encode_secret(self)).ok_or(Failed)?;
        let salt = chunked::salt(key, &plaintext).map_err(|_| Failed)?;
        chunked::seal(suite, key, salt, &[&context(vault, chart)], &plaintext)
    }

    /// Opens a ring.
    pub(crate) fn open(
        suite: Suite,
        key: &Secret<role::KeyringKey>,
        vault: &VaultId,
        chart: &ChartId,
        sealed: &[u8],
    ) -> Result<Self, Malformed> {
        let plaintext = chunked::open(suite, key, &[&context(vault, chart)], sealed).map_err(|_| Malformed::Invalid)?;
        codec::decode(padding::unpad(&plaintext).ok_or(Malformed::Invalid)?)
    }
}

fn context(vault: &VaultId, chart: &ChartId) -> Vec<u8> {
    let mut context = kdf::label("keyring");
    context.extend_from_slice(vault.as_bytes());
    context.extend_from_slice(chart.as_bytes());
    context
}
