//! Deterministic CBOR (RFC 8949, section 4.2): a value is accepted only in the one encoding that we would write.

use core::convert::Infallible;
use minicbor::{Decode, Decoder, Encode, encode::Write};
use zeroize::Zeroizing;

/// Bytes that are not what they should be, or of a version that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Not a valid, canonical encoding.
    Invalid,
    /// A newer version, or an extension that must be understood and is not.
    Newer,
}

/// Encodes a value.
pub(crate) fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let result: Result<(), minicbor::encode::Error<Infallible>> = minicbor::encode(value, &mut out);
    // Writing to a vector cannot fail, and no derived encoder reports an error of its own.
    debug_assert!(result.is_ok());
    out
}

/// Encodes a secret value into a buffer that is wiped and was never moved while it grew.
pub(crate) fn encode_secret<T: Encode<()>>(value: &T) -> Zeroizing<Vec<u8>> {
    let mut count = Count(0);
    let counted = minicbor::encode(value, &mut count);
    let mut out = Zeroizing::new(Vec::with_capacity(count.0));
    let result: Result<(), minicbor::encode::Error<Infallible>> = minicbor::encode(value, &mut *out);
    debug_assert!(counted.is_ok() && result.is_ok() && out.len() == count.0);
    out
}

/// Decodes a value and requires that encoding it again gives the same bytes: so integers and lengths are minimal,
/// nothing is left over, and no field has a second form.
pub(crate) fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, Malformed> {
    let mut decoder = Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|error| {
        // A kind that came later, a later version or a critical extension: `newer`. A message would not do, as the
        // library gives some of its own.
        if error.is_unknown_variant() { Malformed::Newer } else { Malformed::Invalid }
    })?;
    let mut rest = Expected(bytes);
    let same = minicbor::encode(&value, &mut rest).is_ok() && rest.0.is_empty();
    if same && decoder.position() == bytes.len() { Ok(value) } else { Err(Malformed::Invalid) }
}

/// The error by which a decoder says that the bytes are of a newer version.
pub(super) fn newer() -> minicbor::decode::Error {
    minicbor::decode::Error::unknown_variant(0)
}

/// Takes only the bytes that it expects.
struct Expected<'b>(&'b [u8]);

impl Write for Expected<'_> {
    type Error = Malformed;

    fn write_all(&mut self, written: &[u8]) -> Result<(), Malformed> {
        self.0 = self.0.strip_prefix(written).ok_or(Malformed::Invalid)?;
        Ok(())
    }
}

struct Count(usize);

impl Write for Count {
    type Error = Infallible;

    fn write_all(&mut self, written: &[u8]) -> Result<(), Infallible> {
        self.0 = self.0.saturating_add(written.len());
        Ok(())
    }
}

/// Secret bytes of any length inside an encoding.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

impl<C> Encode<C> for SecretBytes {
    fn encode<W: Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for SecretBytes {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.bytes().map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(array)]
    struct Pair {
        #[n(0)]
        a: u32,
        #[cbor(n(1), with = "minicbor::bytes")]
        b: Vec<u8>,
    }

    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(array)]
    struct Fixed {
        #[cbor(n(0), with = "minicbor::bytes")]
        bytes: [u8; 2],
    }

    #[test]
    fn a_wrong_length_is_invalid_and_not_newer() {
        assert_eq!(decode::<Fixed>(&[0x81, 0x42, 1, 2]), Ok(Fixed { bytes: [1, 2] }));
        assert_eq!(decode::<Fixed>(&[0x81, 0x43, 1, 2, 3]), Err(Malformed::Invalid));
    }

    #[test]
    fn only_one_encoding_is_accepted() {
        let good = encode(&Pair { a: 7, b: vec![1, 2] });
        assert_eq!(good, [0x82, 0x07, 0x42, 1, 2]);
        assert_eq!(decode::<Pair>(&good), Ok(Pair { a: 7, b: vec![1, 2] }));
        for bad in [
            &[0x82, 0x18, 0x07, 0x42, 1, 2][..],   // integer longer than needed
            &[0x82, 0x07, 0x58, 0x02, 1, 2],       // length longer than needed
            &[0x82, 0x07, 0x42, 1, 2, 0],          // trailing byte
            &[0x9F, 0x07, 0x42, 1, 2, 0xFF],       // indefinite array
            &[0x82, 0x07, 0x5F, 0x42, 1, 2, 0xFF], // indefinite string
            &[0x83, 0x07, 0x42, 1, 2, 0x00],       // a field too many
            &[0x81, 0x07],                         // a field too few
            &[0x82, 0x07, 0x42, 1],                // cut short
            &[0x82, 0x07, 0x5B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], // huge length
            &[],
        ] {
            assert_eq!(decode::<Pair>(bad), Err(Malformed::Invalid), "{bad:02x?}");
        }
    }
}
