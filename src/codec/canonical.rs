//! Deterministic CBOR (RFC 8949, section 4.2): a value is accepted only in the one encoding that we would write.

use core::convert::Infallible;
use minicbor::{Decode, Decoder, Encode};

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

/// Decodes a value and requires that encoding it again gives the same bytes: so integers and lengths are minimal,
/// nothing is left over, and no field has a second form.
pub(crate) fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, Malformed> {
    let mut decoder = Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|error| {
        if error.is_message() {
            Malformed::Newer
        } else {
            Malformed::Invalid
        }
    })?;
    if decoder.position() == bytes.len() && encode(&value) == bytes {
        Ok(value)
    } else {
        Err(Malformed::Invalid)
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

    #[test]
    fn only_one_encoding_is_accepted() {
        let good = encode(&Pair {
            a: 7,
            b: vec![1, 2],
        });
        assert_eq!(good, [0x82, 0x07, 0x42, 1, 2]);
        assert_eq!(
            decode::<Pair>(&good),
            Ok(Pair {
                a: 7,
                b: vec![1, 2]
            })
        );
        for bad in [
            &[0x82, 0x18, 0x07, 0x42, 1, 2][..], // integer longer than needed
            &[0x82, 0x07, 0x58, 0x02, 1, 2],     // length longer than needed
            &[0x82, 0x07, 0x42, 1, 2, 0],        // trailing byte
            &[0x9F, 0x07, 0x42, 1, 2, 0xFF],     // indefinite array
            &[0x82, 0x07, 0x5F, 0x42, 1, 2, 0xFF], // indefinite string
            &[0x83, 0x07, 0x42, 1, 2, 0x00],     // a field too many
            &[0x81, 0x07],                       // a field too few
            &[0x82, 0x07, 0x42, 1],              // cut short
            &[
                0x82, 0x07, 0x5B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            ], // huge length
            &[],
        ] {
            assert_eq!(decode::<Pair>(bad), Err(Malformed::Invalid), "{bad:02x?}");
        }
    }
}
