//! Sealing and opening cuts: the last entries of the revoked that a revocation knew, by compartment.

use super::ChartKeys;
use crate::codec::{self, ChartId, padding};
use crate::crypto::{Suite, chunked, kdf};
use crate::error::Error;
use crate::keys::chart::{
    Path,
    epoch::{CompartmentKey, SLOTS},
    ledger::{CutPoint, Cuts, View},
    node::Held,
};
use minicbor::bytes::ByteVec;

impl ChartKeys {
    /// One ciphertext a compartment, all of one length, so that it is not visible where the revoked had written. `keys` are
    /// those of the compartments, by number.
    pub(super) fn seal_cuts<'k>(
        &self,
        keys: impl Fn(u8) -> Option<&'k CompartmentKey>,
        points: impl Fn(u8) -> Vec<CutPoint>,
    ) -> Result<Vec<ByteVec>, Error> {
        let mut plain = Vec::with_capacity(SLOTS);
        for slot in (0_u8..).take(SLOTS) {
            plain.push(padding::pad(&codec::encode(&points(slot))).ok_or(Error::TooLong)?);
        }
        let longest = plain.iter().map(|each| each.len()).max().unwrap_or(0);
        let mut sealed = Vec::with_capacity(SLOTS);
        for (slot, mut cut) in (0_u8..).zip(plain) {
            // The first padding is canonical for the shortest; this one makes all alike and is zeros as well.
            cut.resize(longest, 0);
            let key = keys(slot).ok_or(Error::NotCustodian)?;
            let context = context(key.path());
            let secret = key.cut_secret();
            let bytes = chunked::seal(self.suite, &secret, chunked::salt(&secret, &cut)?, &[&context], &cut);
            sealed.push(bytes.map_err(|_| Error::unopenable())?.into());
        }
        Ok(sealed)
    }

    /// The cuts that this member could open.
    pub(crate) fn cuts(&self) -> &Cuts {
        &self.cuts
    }
}

/// Opens the cuts of all compartments that are held. One that does not open names nobody: what the revoked wrote there is
/// kept apart, and the chart stays readable.
pub(super) fn open_all(suite: Suite, chart: ChartId, held: &Held, view: &View) -> Cuts {
    let mut cuts = Cuts::default();
    for line in view.lines() {
        for turn in line.turns() {
            let Some((hash, state)) = line.hash_at(turn.seq).zip(line.states().values().next()) else { continue };
            for ((slot, compartment), sealed) in (0_u8..).zip(&state.compartments).zip(&turn.cuts) {
                let path = Path { chart, compartment: compartment.id, epoch: turn.cut_epoch };
                let context = context(&path);
                let mut keys = held.cut_keys(turn.cut_epoch, slot);
                let opened = keys.find_map(|key| chunked::open(suite, key, &[&context], sealed).ok());
                let points = opened.and_then(|plain| codec::decode(padding::unpad_longer(&plain)?).ok());
                if let Some(points) = points {
                    cuts.insert(hash, compartment.id, points);
                }
            }
        }
    }
    cuts
}

fn context(path: &Path) -> Vec<u8> {
    let mut context = kdf::label("cut");
    context.extend_from_slice(&path.to_bytes());
    context
}
