//! Where a key belongs.

use crate::codec::{ChartId, CompartmentId};

/// Chart, compartment and epoch: the context of every derivation below the chart seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Path {
    pub(crate) chart: ChartId,
    /// Zero where the seed itself is meant.
    pub(crate) compartment: CompartmentId,
    pub(crate) epoch: u32,
}

impl Path {
    pub(crate) const LEN: usize = ChartId::LEN + CompartmentId::LEN + 4;

    /// The path of a chart's seed.
    pub(crate) fn of_seed(chart: ChartId, epoch: u32) -> Self {
        Self { chart, compartment: CompartmentId::from_bytes([0; 16]), epoch }
    }

    /// chart32 ‖ compartment16 ‖ epoch u32.
    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        let bytes = self.chart.as_bytes().iter().chain(self.compartment.as_bytes()).copied();
        out.iter_mut().zip(bytes.chain(self.epoch.to_be_bytes())).for_each(|(to, from)| *to = from);
        out
    }
}
