//! The derivation `D` and the hash `H` of `docs/FORMAT.md`.

use super::{Role, Secret};
use hkdf::Hkdf;
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

const PREFIX: &str = "ampoule/v1/";

/// `D(key, role, ctx, n)` with the extract step done, so that many derivations from one key cost one expand each.
pub(crate) struct Deriver(Hkdf<Sha512>);

impl Deriver {
    /// HKDF-Extract with an empty salt.
    pub(crate) fn new<R: Role>(key: &Secret<R>) -> Self {
        Self(Hkdf::new(None, key.expose()))
    }

    /// HKDF-Extract of key material that is not a single secret, with a salt.
    pub(crate) fn extract(salt: &[u8], material: &[u8]) -> Self {
        Self(Hkdf::new(Some(salt), material))
    }

    /// A key of role `R` under the role's own label.
    pub(crate) fn key<R: Role>(&self, ctx: &[&[u8]]) -> Secret<R> {
        Secret::fill_with(|out| self.expand(R::LABEL, ctx, out))
    }

    /// A single-use AEAD key and nonce: 44 bytes.
    pub(crate) fn key_and_nonce(&self, role: &str, ctx: &[&[u8]]) -> Zeroizing<[u8; 44]> {
        let mut out = Zeroizing::new([0; 44]);
        self.expand(role, ctx, &mut out[..]);
        out
    }

    /// A value that may be public: a check value.
    pub(crate) fn public(&self, role: &str, ctx: &[&[u8]]) -> [u8; 32] {
        let mut out = [0; 32];
        self.expand(role, ctx, &mut out);
        out
    }

    fn expand(&self, role: &str, ctx: &[&[u8]], out: &mut [u8]) {
        let len = label_len(role);
        let mut info: Vec<&[u8]> = Vec::with_capacity(ctx.len().saturating_add(3));
        info.extend_from_slice(&[&len, PREFIX.as_bytes(), role.as_bytes()]);
        info.extend_from_slice(ctx);
        // RFC 5869 allows 255 × 64 bytes; no derivation here asks for more than 64.
        let fits = self.0.expand_multi_info(&info, out).is_ok();
        debug_assert!(fits);
    }
}

/// `D(key, R's label, ctx, 32)`.
pub(crate) fn derive<A: Role, R: Role>(key: &Secret<A>, ctx: &[&[u8]]) -> Secret<R> {
    Deriver::new(key).key(ctx)
}

/// `L(label, x)`: SHA-256 over the length-prefixed label and the concatenated parts. For long chains of short links.
pub(crate) fn link(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(label_len(label));
    hash.update(PREFIX);
    hash.update(label);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// `H(label, x)`: SHA-512 over the length-prefixed label and the concatenated parts, its first 32 bytes.
pub(crate) fn hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha512::new();
    hash.update(label_len(label));
    hash.update(PREFIX);
    hash.update(label);
    for part in parts {
        hash.update(part);
    }
    let digest: [u8; 64] = hash.finalize().into();
    first_half(&digest)
}

/// SHA-512.
pub(crate) fn sha512(data: &[u8]) -> [u8; 64] {
    Sha512::digest(data).into()
}

/// `lp(x)`: the length as u32, big-endian, then the bytes. Callers keep lengths below 2^32.
pub(crate) fn lp(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&lp_len(bytes));
    out.extend_from_slice(bytes);
}

/// The length prefix of `lp`.
pub(crate) fn lp_len(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// `lp("ampoule/v1/" + label)`, the head of every context and signature input.
pub(crate) fn label(label: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.extend_from_slice(&label_len(label));
    out.extend_from_slice(PREFIX.as_bytes());
    out.extend_from_slice(label.as_bytes());
    out
}

fn label_len(label: &str) -> [u8; 4] {
    u32::try_from(PREFIX.len().saturating_add(label.len())).unwrap_or(u32::MAX).to_be_bytes()
}

fn first_half(digest: &[u8; 64]) -> [u8; 32] {
    let mut out = [0; 32];
    out.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    out
}

#[cfg(test)]
mod tests {
    use super::super::role;
    use super::*;

    #[test]
    fn roles_and_contexts_separate() {
        let seed = Secret::<role::ChartSeed>::from_slice(&[7; 32]).unwrap();
        let deriver = Deriver::new(&seed);
        let a: Secret<role::Compartment> = deriver.key(&[b"path"]);
        assert_ne!(a.expose(), deriver.key::<role::Content>(&[b"path"]).expose());
        assert_ne!(a.expose(), deriver.key::<role::Compartment>(&[b"patH"]).expose());
        assert_eq!(a.expose(), deriver.key::<role::Compartment>(&[b"pa", b"th"]).expose());
    }

    #[test]
    fn b14_label_is_length_prefixed() {
        assert_eq!(label("x"), b"\0\0\0\x0campoule/v1/x");
        assert_ne!(hash("ab", &[b"c"]), hash("a", &[b"bc"]));
    }
}
