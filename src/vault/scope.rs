//! Which part of a chart a bundle brings.

use super::open_chart::OpenChart;
use crate::error::Error;
use crate::keys::chart::Visible;
use crate::record::Label;

/// Which part of a chart a bundle brings, of what its addressee may see. The bundle says so, and [`Vault::verify`] tells
/// what was left out from what is missing.
///
/// [`Vault::verify`]: crate::Vault::verify
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    labels: Option<Vec<Label>>,
}

impl Scope {
    /// Everything that the addressee may see.
    pub fn everything() -> Self {
        Self::default()
    }

    /// What has one of these labels.
    pub fn labels(labels: impl IntoIterator<Item = Label>) -> Self {
        Self { labels: Some(labels.into_iter().collect()) }
    }

    /// Of the compartments that this vault and the addressee may both read, those that are in the scope, and the others.
    pub(super) fn split(
        &self,
        open: &OpenChart,
        mine: &Visible,
        theirs: &Visible,
    ) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let both = theirs.slots().map(|(slot, _)| slot).filter(|slot| mine.has(*slot));
        let Some(labels) = &self.labels else { return Ok((both.collect(), Vec::new())) };
        let mut chosen = Vec::with_capacity(labels.len());
        for label in labels {
            let slot = open.keys.slot_for(Some(label))?;
            // Whose access has ended gets the news of it, whatever he asked for.
            if !theirs.has(slot) && theirs.slots().next().is_some() {
                return Err(Error::OutsideGrant);
            }
            chosen.push(slot);
        }
        Ok(both.partition(|slot| chosen.contains(slot)))
    }
}
