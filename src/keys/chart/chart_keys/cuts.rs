//! Cuts: the last entries of the revoked that a revocation knew, by compartment.

use super::ChartKeys;
use crate::codec::{self, CardHash, Hash, padding};
use crate::crypto::{chunked, kdf, random};
use crate::error::Error;
use crate::keys::chart::{Path, epoch::SLOTS};

/// The last known entries of a device in a compartment.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct CutPoint {
    #[n(0)]
    pub(crate) device: CardHash,
    #[n(1)]
    pub(crate) seq: u64,
    #[n(2)]
    pub(crate) hash: Hash,
}

impl ChartKeys {
    /// One ciphertext a compartment, all of one length, so that it is not visible where the revoked had written.
    pub(super) fn seal_cuts(
        &self,
        epoch: u32,
        cuts: impl Fn(u8) -> Vec<CutPoint>,
    ) -> Result<Vec<minicbor::bytes::ByteVec>, Error> {
        let mut plain = Vec::with_capacity(SLOTS);
        for slot in (0_u8..).take(SLOTS) {
            plain.push(padding::pad(&codec::encode(&cuts(slot))).ok_or(Error::TooLong)?);
        }
        let longest = plain.iter().map(|each| each.len()).max().unwrap_or(0);
        let mut sealed = Vec::with_capacity(SLOTS);
        for (slot, mut cut) in (0_u8..).zip(plain) {
            // The first padding is canonical for the shortest; this one makes all alike and is zeros as well.
            cut.resize(longest, 0);
            let key = self.held.compartment(epoch, slot).ok_or(Error::NotCustodian)?;
            let context = cut_context(key.path());
            let bytes = chunked::seal(self.line.suite, &key.cut_secret(), random::array()?, &[&context], &cut);
            sealed.push(bytes.map_err(|_| Error::unopenable())?.into());
        }
        Ok(sealed)
    }
}

fn cut_context(path: &Path) -> Vec<u8> {
    let mut context = kdf::label("cut");
    context.extend_from_slice(&path.to_bytes());
    context
}
