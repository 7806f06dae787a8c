//! Ids. All are random or hashes; none says anything about a person.

use crate::crypto::{RandomError, random};
use core::fmt;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

/// Text that is no id of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is written as hexadecimal digits of the full length; copy it whole")]
pub struct IdError;

macro_rules! ids {
    ($($(#[$doc:meta])* $vis:vis $name:ident[$len:literal];)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name([u8; $len]);

        #[allow(dead_code, reason = "the kinds of ids share one set of methods")]
        impl $name {
            /// Length in bytes.
            $vis const LEN: usize = $len;

            /// The id with these bytes.
            $vis const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            $vis const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            pub(crate) fn random() -> Result<Self, RandomError> {
                random::array().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (words, rest) = self.0.as_chunks::<16>();
                words.iter().try_for_each(|word| write!(f, "{:032x}", u128::from_be_bytes(*word)))?;
                rest.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl core::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let (pairs, rest) = text.as_bytes().as_chunks::<2>();
                if pairs.len() != $len || !rest.is_empty() {
                    return Err(IdError);
                }
                let mut bytes = [0; $len];
                for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
                    *byte = nibble(*high)? << 4 | nibble(*low)?;
                }
                Ok(Self(bytes))
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                d.bytes()?.try_into().map(Self).map_err(|_| decode::Error::end_of_input())
            }
        }
    )*};
}

ids! {
    /// A chart: the hash of the statement that founded it.
    pub ChartId[32];
    /// An entry of a chart, over all its versions.
    pub EntryId[16];
    /// One version of an entry.
    pub VersionId[16];
    /// A vault.
    pub VaultId[16];
    /// A way into a vault.
    pub WayId[16];
    /// A grant.
    pub GrantId[16];
    /// A contact, in this vault only.
    pub ContactId[16];
    /// The sealed content of one version of a file.
    pub BlobId[16];
    /// A log of a device.
    pub(crate) LogId[16];
    /// A device of a member: the hash of its card.
    pub DeviceId[32];
    /// A compartment of a chart.
    pub(crate) CompartmentId[16];
    /// Hash of a card statement.
    pub(crate) CardHash[32];
    /// Any other 32-byte hash or check value.
    pub(crate) Hash[32];
}

impl From<CardHash> for DeviceId {
    fn from(card: CardHash) -> Self {
        Self(card.0)
    }
}

impl From<DeviceId> for CardHash {
    fn from(device: DeviceId) -> Self {
        Self(device.0)
    }
}

fn nibble(digit: u8) -> Result<u8, IdError> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or(IdError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_comes_back_and_nothing_else_does() {
        let id = EntryId::from_bytes(core::array::from_fn(|i| u8::try_from(i * 17).unwrap()));
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "00", &"0".repeat(31), &"0".repeat(33), &"g".repeat(32), &"é".repeat(16)] {
            assert!(bad.parse::<EntryId>().is_err(), "{bad}");
        }
    }
}
