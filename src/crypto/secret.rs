//! Secrets: one type for each purpose, wiped when dropped, never printed, never copied by accident.

use super::{Failed, random, random::RandomError};
use core::{fmt, marker::PhantomData};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// What a secret is for. Two roles never share a label, so a key of one role cannot stand in for another.
pub(crate) trait Role {
    /// Domain label: the `role` of the derivation that makes the secret, or its name where it is drawn at random.
    const LABEL: &'static str;
}

/// 32 secret bytes for one purpose.
///
/// On the heap, so that moving it leaves no copy behind; wiped when dropped.
pub(crate) struct Secret<R: Role> {
    bytes: Box<[u8; 32]>,
    role: PhantomData<fn() -> R>,
}

impl<R: Role> Secret<R> {
    /// Draws a fresh secret.
    pub(crate) fn generate() -> Result<Self, RandomError> {
        let mut secret = Self::zero();
        random::fill(&mut secret.bytes[..])?;
        Ok(secret)
    }

    /// Takes 32 bytes over. The caller wipes its own copy.
    pub(crate) fn from_slice(bytes: &[u8]) -> Result<Self, Failed> {
        if bytes.len() != 32 {
            return Err(Failed);
        }
        let mut secret = Self::zero();
        secret.bytes.copy_from_slice(bytes);
        Ok(secret)
    }

    /// Fills a fresh secret in place.
    pub(super) fn fill_with(fill: impl FnOnce(&mut [u8; 32])) -> Self {
        let mut secret = Self::zero();
        fill(&mut secret.bytes);
        secret
    }

    /// The bytes, for a primitive or for sealing. Every use is found by this name.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// A second copy, made on purpose.
    pub(crate) fn duplicate(&self) -> Self {
        Self::fill_with(|bytes| bytes.copy_from_slice(&self.bytes[..]))
    }

    fn zero() -> Self {
        Self { bytes: Box::new([0; 32]), role: PhantomData }
    }
}

impl<R: Role> Drop for Secret<R> {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl<R: Role> PartialEq for Secret<R> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.ct_eq(&other.bytes[..]).into()
    }
}

impl<R: Role> Eq for Secret<R> {}

impl<R: Role> fmt::Debug for Secret<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes: _, role: _ } = self;
        write!(f, "Secret({}, ..)", R::LABEL)
    }
}

/// The roles. Labels are part of the format: see the table of derivations in `docs/FORMAT.md`.
pub(crate) mod role {
    use super::Role;

    macro_rules! roles {
        ($($(#[$doc:meta])* $name:ident = $label:literal;)*) => {
            $($(#[$doc])* #[derive(Debug)] pub(crate) enum $name {} impl Role for $name { const LABEL: &'static str = $label; })*
            #[cfg(test)]
            pub(crate) const LABELS: &[&str] = &[$($label),*];
        };
    }

    roles! {
        /// 32 bytes from a platform keystore.
        DeviceFactor = "device-factor";
        /// Output of Argon2id over a passphrase.
        PassphraseFactor = "passphrase-factor";
        /// The bytes that a printed recovery code stands for.
        RecoveryFactor = "recovery-factor";
        /// Seed of a slot's X-Wing pair.
        SlotSecret = "slot";
        /// The key that every way in opens.
        VaultKey = "vault-key";
        /// Seals the vault's state: identity and list of slots.
        IdentityKey = "identity";
        /// Seals the keyring, the contacts and the directory.
        KeyringKey = "keyring";
        /// Seals the cards of closed devices. It stays when the vault key turns.
        Archive = "archive";
        /// Seed of the root's signing key.
        RootSigning = "root-signing";
        /// Seed of a device's key for entries.
        ObjectSigning = "object-signing";
        /// Seed of a device's key for the ledger.
        LedgerSigning = "ledger-signing";
        /// Seed of a device's key for its log.
        LogSigning = "log-signing";
        /// Seals the events of a log.
        Audit = "audit";
        /// Seals the events of a chart for an auditor: one for each file.
        AuditFile = "audit-file";
        /// Seed of the key of a witness of checkpoints.
        WitnessSigning = "witness-signing";
        /// Seed of the key of a ledger's home.
        HomeSigning = "home-signing";
        /// X-Wing private key of a member.
        KemSecret = "kem";
        /// Seed of a chart and epoch.
        ChartSeed = "chart-seed";
        /// Key of a compartment.
        Compartment = "compartment";
        /// Content key of a compartment and kind.
        Content = "content";
        /// Reads the cuts of a compartment.
        Cut = "cut";
        /// Seals ledger entries of an epoch.
        Ledger = "ledger";
        /// Seals the cards of a chart's other members.
        Cards = "cards";
        /// Seals the keys that open previews of messages.
        PreviewKeys = "preview-keys";
        /// Seals what others' bundles of a chart have proven.
        Sources = "sources";
        /// Seals a chart's local index.
        Index = "index";
        /// Random input of a data key.
        DataKeySeed = "data-key-seed";
        /// Data key of one entry version.
        DataKey = "data-key";
        /// Random input of a blob's key.
        BlobKeySeed = "blob-key-seed";
        /// Key of one blob.
        BlobKey = "blob-key";
        /// Key of the tree over a blob's content.
        Outboard = "outboard";
        /// Randomness of one encapsulation.
        Encapsulation = "encapsulation";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g50_debug_shows_the_role_only() {
        let secret = Secret::<role::ChartSeed>::from_slice(&[0xAB; 32]).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(chart-seed, ..)");
    }

    #[test]
    fn b13_labels_are_distinct() {
        let mut labels = role::LABELS.to_vec();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), role::LABELS.len());
    }

    #[test]
    fn only_32_bytes_make_a_secret() {
        for len in [0, 31, 33, 64] {
            assert!(Secret::<role::Content>::from_slice(&vec![1; len]).is_err());
        }
    }
}
