//! Signed statements: `COSE_Sign1` (RFC 9052) over deterministic CBOR. The signed bytes are kept, never encoded again.

use super::{Malformed, canonical};
use crate::crypto::{
    Role,
    sign::{SigningKey, VerifyingKey},
};
use coset::{CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, iana};
use minicbor::{Decode, Encode};

/// What a statement says. Its name is signed as external data, so that one statement never passes for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatementType {
    RootCard,
    DeviceCard,
    DeviceClosing,
    Certificate,
    Withdrawals,
    VaultState,
    AuditFile,
    Genesis,
    LedgerEntry,
    Receipt,
    Home,
}

impl StatementType {
    fn external_aad(self) -> &'static [u8] {
        match self {
            Self::RootCard => b"ampoule/v1/sign/root-card",
            Self::DeviceCard => b"ampoule/v1/sign/device-card",
            Self::DeviceClosing => b"ampoule/v1/sign/device-closing",
            Self::Certificate => b"ampoule/v1/sign/certificate",
            Self::Withdrawals => b"ampoule/v1/sign/withdrawals",
            Self::VaultState => b"ampoule/v1/sign/vault-state",
            Self::AuditFile => b"ampoule/v1/sign/audit-file",
            Self::Genesis => b"ampoule/v1/sign/genesis",
            Self::LedgerEntry => b"ampoule/v1/sign/ledger-entry",
            Self::Receipt => b"ampoule/v1/sign/receipt",
            Self::Home => b"ampoule/v1/sign/home",
        }
    }
}

/// A statement as it was received: well-formed, not yet verified.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    bytes: Vec<u8>,
    cose: CoseSign1,
}

impl Signed {
    /// Signs the encoding of `payload`.
    pub(crate) fn sign<R: Role, T: Encode<()>>(
        kind: StatementType,
        key: &SigningKey<R>,
        payload: &T,
    ) -> Result<Self, Malformed> {
        let cose = CoseSign1Builder::new()
            .protected(HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).build())
            .payload(canonical::encode(payload))
            .create_signature(kind.external_aad(), |message| key.sign(message).to_vec())
            .build();
        let bytes = cose.clone().to_vec().map_err(|_| Malformed::Invalid)?;
        Self::parse(&bytes)
    }

    /// Takes the one encoding of a statement: protected header `EdDSA`, unprotected header empty, payload inside.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let cose = CoseSign1::from_slice(bytes).map_err(|_| Malformed::Invalid)?;
        let expected = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).build();
        let plain = cose.protected.header == expected && cose.unprotected.is_empty() && cose.payload.is_some();
        let mut again = cose.clone();
        again.protected.original_data = None;
        if !plain || again.to_vec().ok().as_deref() != Some(bytes) {
            return Err(Malformed::Invalid);
        }
        Ok(Self { bytes: bytes.to_vec(), cose })
    }

    /// The payload, before anything is known of its truth: to find out by whom it claims to be signed.
    pub(crate) fn unverified<T: for<'b> Decode<'b, ()> + Encode<()>>(&self) -> Result<T, Malformed> {
        canonical::decode(self.unverified_bytes())
    }

    /// The payload as bytes.
    pub(crate) fn unverified_bytes(&self) -> &[u8] {
        self.cose.payload.as_deref().unwrap_or_default()
    }

    /// The payload, if `key` signed it as a statement of this type.
    pub(crate) fn verify<R: Role, T: for<'b> Decode<'b, ()> + Encode<()>>(
        &self,
        kind: StatementType,
        key: &VerifyingKey<R>,
    ) -> Result<T, Malformed> {
        self.cose.verify_signature(kind.external_aad(), |signature, message| {
            let signature = signature.try_into().map_err(|_| Malformed::Invalid)?;
            key.verify(message, signature).map_err(|_| Malformed::Invalid)
        })?;
        self.unverified()
    }

    /// The bytes, exactly as they were signed.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Secret, role};

    fn key(byte: u8) -> SigningKey<role::LedgerSigning> {
        SigningKey::from_seed(Secret::from_slice(&[byte; 32]).unwrap())
    }

    #[test]
    fn verifies_for_its_key_and_type_only() {
        let signed = Signed::sign(StatementType::Receipt, &key(1), &7_u32).unwrap();
        let again = Signed::parse(signed.as_bytes()).unwrap();
        assert_eq!(again.verify::<_, u32>(StatementType::Receipt, &key(1).verifying_key()), Ok(7));
        assert!(again.verify::<_, u32>(StatementType::LedgerEntry, &key(1).verifying_key()).is_err());
        assert!(again.verify::<_, u32>(StatementType::Receipt, &key(2).verifying_key()).is_err());
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let signed = Signed::sign(StatementType::Receipt, &key(1), &7_u32).unwrap();
        for at in 0..signed.as_bytes().len() {
            for bit in 0..8 {
                let mut bytes = signed.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let accepted = Signed::parse(&bytes)
                    .and_then(|changed| changed.verify::<_, u32>(StatementType::Receipt, &key(1).verifying_key()));
                assert!(accepted.is_err(), "byte {at} bit {bit}");
            }
        }
        let mut longer = signed.as_bytes().to_vec();
        longer.push(0);
        assert!(Signed::parse(&longer).is_err());
    }

    /// The same statement with a longer length, of indefinite length, with something unsigned in it.
    #[test]
    fn b18_a_statement_has_one_encoding() {
        let signed = Signed::sign(StatementType::Receipt, &key(1), &7_u32).unwrap();
        let bytes = signed.as_bytes();
        // An array of four: protected header, empty unprotected header, payload, signature.
        assert_eq!(bytes[..6], [0x84, 0x43, 0xA1, 0x01, 0x27, 0xA0]);
        for other in [
            [&[0x98, 0x04][..], &bytes[1..]].concat(),
            [&[0x9F][..], &bytes[1..], &[0xFF]].concat(),
            [&bytes[..1], &[0x58, 0x03], &bytes[2..]].concat(),
            [&bytes[..5], &[0xBF, 0xFF], &bytes[6..]].concat(),
            [&bytes[..5], &[0xA1, 0x04, 0x41, 0x01], &bytes[6..]].concat(),
        ] {
            assert_eq!(Signed::parse(&other).err(), Some(Malformed::Invalid), "{other:02x?}");
        }
        assert!(Signed::parse(bytes).is_ok());
    }

    /// Attack 13: a statement of one type is no statement of another, even where key and payload are the same.
    #[test]
    fn b13_a_statement_of_one_type_is_none_of_another() {
        use StatementType::{
            Certificate, DeviceCard, DeviceClosing, Genesis, Home, LedgerEntry, Receipt, RootCard, VaultState,
            Withdrawals,
        };
        let all = [
            RootCard,
            DeviceCard,
            DeviceClosing,
            Certificate,
            Withdrawals,
            VaultState,
            Genesis,
            LedgerEntry,
            Receipt,
            Home,
        ];
        for made in all {
            let signed = Signed::sign(made, &key(1), &7_u32).unwrap();
            for wanted in all {
                let verified = signed.verify::<_, u32>(wanted, &key(1).verifying_key());
                assert_eq!(verified.is_ok(), made == wanted, "{made:?} as {wanted:?}");
            }
        }
    }
}
