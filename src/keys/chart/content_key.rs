//! Content keys, and the wraps that they make.

use super::Path;
use crate::codec::Hash;
use crate::crypto::{Failed, Secret, Suite, kdf, kdf::Deriver, open_once, role, seal_once};
use crate::record::Kind;

/// A data key, sealed under the content key of a compartment and epoch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Wrap {
    pub(crate) epoch: u32,
    pub(crate) sealed: [u8; 48],
}

impl Wrap {
    /// Length of its bytes.
    pub const LEN: usize = 52;

    /// Epoch (big-endian), then the sealed data key.
    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        let bytes = self.epoch.to_be_bytes().into_iter().chain(self.sealed);
        out.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        out
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let (epoch, sealed) = bytes.split_first_chunk()?;
        Some(Self { epoch: u32::from_be_bytes(*epoch), sealed: sealed.try_into().ok()? })
    }
}

impl core::fmt::Debug for Wrap {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { epoch, sealed: _ } = self;
        f.debug_struct("Wrap").field("epoch", epoch).finish_non_exhaustive()
    }
}

/// Key of what one kind of entry in one compartment and epoch is wrapped with, ready for use.
pub(crate) struct ContentKey {
    suite: Suite,
    slot: u8,
    kind: Kind,
    path: Path,
    path_bytes: [u8; Path::LEN],
    check: Hash,
    deriver: Deriver,
}

impl ContentKey {
    pub(crate) fn new(suite: Suite, slot: u8, kind: Kind, path: Path, secret: &Secret<role::Content>) -> Self {
        let deriver = Deriver::new(secret);
        let path_bytes = path.to_bytes();
        let check = check_value(&deriver, CheckOf::Content(kind), &path_bytes);
        Self { suite, slot, kind, path, path_bytes, check, deriver }
    }

    /// The check value that the ledger publishes.
    pub(crate) fn check(&self) -> &Hash {
        &self.check
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Number of the compartment in its chart, 0 to 7.
    pub(crate) fn slot(&self) -> u8 {
        self.slot
    }

    /// Deterministic, and single use: the commitment pins the data key, so one key and nonce seal one plaintext.
    pub(crate) fn wrap(
        &self,
        header: &[u8],
        salt: &[u8],
        commitment: &[u8],
        data_key: &Secret<role::DataKey>,
    ) -> Result<Wrap, Failed> {
        let sealed = seal_once(self.suite, &self.wrap_key(header, salt, commitment), data_key.expose())?;
        Ok(Wrap { epoch: self.path.epoch, sealed: sealed.try_into().map_err(|_| Failed)? })
    }

    pub(crate) fn unwrap(
        &self,
        header: &[u8],
        salt: &[u8],
        commitment: &[u8],
        wrap: &Wrap,
    ) -> Result<Secret<role::DataKey>, Failed> {
        if wrap.epoch != self.path.epoch {
            return Err(Failed);
        }
        Secret::from_slice(&open_once(self.suite, &self.wrap_key(header, salt, commitment), &wrap.sealed)?)
    }

    fn wrap_key(&self, header: &[u8], salt: &[u8], commitment: &[u8]) -> zeroize::Zeroizing<[u8; 44]> {
        let header_len = kdf::lp_len(header);
        self.deriver.key_and_nonce("wrap", &[&self.path_bytes, &header_len, header, salt, commitment])
    }
}

impl core::fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { suite: _, slot, kind, path, path_bytes: _, check: _, deriver: _ } = self;
        f.debug_struct("ContentKey")
            .field("slot", slot)
            .field("kind", kind)
            .field("epoch", &path.epoch)
            .finish_non_exhaustive()
    }
}

/// What a check value is of.
#[derive(Clone, Copy)]
pub(crate) enum CheckOf {
    Seed,
    Compartment,
    Content(Kind),
}

/// D(key, "check", type ‖ kind ‖ path, 32): says which key this is without saying anything about it.
pub(crate) fn check_value(deriver: &Deriver, of: CheckOf, path: &[u8; Path::LEN]) -> Hash {
    let tag = match of {
        CheckOf::Seed => [1, 0],
        CheckOf::Compartment => [2, 0],
        CheckOf::Content(kind) => [3, kind as u8],
    };
    Hash::from_bytes(deriver.public("check", &[&tag, path]))
}
