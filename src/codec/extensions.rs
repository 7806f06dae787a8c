//! Room for what later versions add. Each extension is marked critical or ignorable.

use super::canonical::newer;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use zeroize::Zeroizing;

/// Extensions of a statement, in ascending order of their numbers. No critical one is defined yet, so one that is critical is of a
/// newer version and refuses the whole; an ignorable one is kept as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extensions(Vec<Extension>);

#[derive(Clone, PartialEq, Eq)]
struct Extension {
    number: u32,
    critical: bool,
    value: Zeroizing<Vec<u8>>,
}

const MOST: u64 = 16;

impl Extensions {
    /// One that a reader may ignore.
    pub(crate) fn ignorable(number: u32, value: Zeroizing<Vec<u8>>) -> Self {
        Self(vec![Extension { number, critical: false, value }])
    }

    pub(crate) fn get(&self, number: u32) -> Option<&[u8]> {
        self.0.iter().find(|extension| extension.number == number).map(|extension| &extension.value[..])
    }
}

/// Shows no value: it may be plaintext.
impl core::fmt::Debug for Extension {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { number, critical, value } = self;
        f.debug_struct("Extension")
            .field("number", number)
            .field("critical", critical)
            .field("len", &value.len())
            .finish()
    }
}

impl<C> Encode<C> for Extensions {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(u64::try_from(self.0.len()).unwrap_or(u64::MAX))?;
        for Extension { number, critical, value } in &self.0 {
            e.array(3)?.u32(*number)?.bool(*critical)?.bytes(value)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Extensions {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let invalid = || decode::Error::end_of_input();
        let len = d.array()?.filter(|len| *len <= MOST).ok_or_else(invalid)?;
        let mut all: Vec<Extension> = Vec::new();
        for _ in 0..len {
            if d.array()? != Some(3) {
                return Err(invalid());
            }
            let extension = Extension { number: d.u32()?, critical: d.bool()?, value: d.bytes()?.to_vec().into() };
            if all.last().is_some_and(|last| last.number >= extension.number) {
                return Err(invalid());
            }
            if extension.critical {
                return Err(newer());
            }
            all.push(extension);
        }
        Ok(Self(all))
    }
}

/// Version 1 of a statement or a row: its first field, so that a later version is recognised whatever follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version1;

impl<C> Encode<C> for Version1 {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.u8(1)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Version1 {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        match d.u8()? {
            0 => Err(decode::Error::end_of_input()),
            1 => Ok(Self),
            _ => Err(newer()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{self, Malformed};

    fn one(number: u32, critical: bool) -> Extension {
        Extension { number, critical, value: vec![1].into() }
    }

    #[test]
    fn a_critical_one_is_newer_and_an_ignorable_one_is_kept() {
        let ignorable = Extensions(vec![one(1, false), one(2, false)]);
        assert_eq!(codec::decode::<Extensions>(&codec::encode(&ignorable)), Ok(ignorable));
        let critical = codec::encode(&Extensions(vec![one(1, true)]));
        assert_eq!(codec::decode::<Extensions>(&critical), Err(Malformed::Newer));
        let disordered = codec::encode(&Extensions(vec![one(2, false), one(1, false)]));
        assert_eq!(codec::decode::<Extensions>(&disordered), Err(Malformed::Invalid));
    }

    #[test]
    fn h55_more_extensions_than_the_limit() {
        let many = |count| codec::encode(&Extensions((0..count).map(|number| one(number, false)).collect()));
        assert!(codec::decode::<Extensions>(&many(16)).is_ok());
        assert_eq!(codec::decode::<Extensions>(&many(17)), Err(Malformed::Invalid));
    }

    #[test]
    fn a_later_version_is_newer_whatever_follows() {
        assert_eq!(codec::decode::<(Version1, u8)>(&[0x82, 1, 7]), Ok((Version1, 7)));
        assert_eq!(codec::decode::<(Version1, u8)>(&[0x82, 2, 0x41, 7]), Err(Malformed::Newer));
        assert_eq!(codec::decode::<(Version1, u8)>(&[0x82, 0, 7]), Err(Malformed::Invalid));
    }
}
