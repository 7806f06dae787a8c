//! How an entry stands: whether it is read as usual, marked, or kept apart.

use super::{
    authority::Authority,
    cuts::Vouched,
    entry::Head,
    view::{View, fork_point},
};
use crate::codec::{CardHash, CompartmentId, Hash};
use crate::envelope::Chain;

/// How an entry of an author who had the right to write it is shown. A later one is graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum EntryStanding {
    Normal,
    /// Sealed under an old epoch by an author who did not know of the turn, and who still may write.
    Late,
    /// Kept apart once, and let in by a custodian.
    Adopted,
    /// Accepted here before the revocation arrived, and not shown to be within its cut: the custodian did not know it, or
    /// what lies between is not here yet.
    Disputed,
    /// Not shown to be within a cut, or by a right that only one branch of a fork gives: left out of normal reads, never deleted.
    Quarantined,
}

/// An entry that nobody had the right to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRight {
    /// It names a ledger entry that is not in any line we hold.
    UnknownLedger,
    /// The author had no right to write there, by the ledger that he names.
    NotGranted,
}

/// What an entry whose signature was verified says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) device: CardHash,
    /// Root card of the device.
    pub(crate) root: CardHash,
    pub(crate) compartment: CompartmentId,
    pub(crate) chain: Option<Chain>,
    /// Object hash.
    pub(crate) object: Hash,
    /// The last ledger entry that the author knew.
    pub(crate) ledger: Head,
    pub(crate) time_ms: i64,
}

impl View {
    /// How an entry stands.
    ///
    /// `accepted_at` is the number of the last ledger entry at which this reader took the entry into its normal reads;
    /// none if it is new, or was kept apart. `vouched` is what the cuts vouch for by the objects that this reader holds:
    /// entries that arrive together must all be among them.
    pub(crate) fn standing_of(
        &self,
        claim: &Claim,
        accepted_at: Option<u64>,
        vouched: &Vouched,
    ) -> Result<EntryStanding, NoRight> {
        let named = self.line_with(&claim.ledger).ok_or(NoRight::UnknownLedger)?;
        if !named.could_write(&claim.root, &claim.compartment, claim.ledger.seq, claim.time_ms) {
            return Err(NoRight::NotGranted);
        }
        let standing = self
            .counting()
            .map(|line| self.standing_in(line, named, claim, accepted_at, vouched))
            .max()
            .unwrap_or(EntryStanding::Quarantined);
        let adopted = self.counting().all(|line| line.adopted(&claim.object).is_some());
        Ok(if adopted && standing > EntryStanding::Adopted { EntryStanding::Adopted } else { standing })
    }

    /// How it stands by one line, which need not be the one that it names.
    fn standing_in(
        &self,
        line: &Authority,
        named: &Authority,
        claim: &Claim,
        accepted_at: Option<u64>,
        vouched: &Vouched,
    ) -> EntryStanding {
        let Claim { root, compartment, ledger, time_ms, .. } = claim;
        let kept_apart = if accepted_at.is_some() { EntryStanding::Disputed } else { EntryStanding::Quarantined };
        // The last entry of this line that says something about the author as of when he wrote.
        let (from, resolved) = if line.has(ledger.seq, &ledger.hash) {
            (ledger.seq, false)
        } else if let Some(seq) = self.resolved_by(named) {
            (seq.saturating_sub(1), true)
        } else {
            (fork_point(line, named).saturating_sub(1), false)
        };
        if !resolved && !line.could_write(root, compartment, from, *time_ms) {
            return kept_apart;
        }
        let Some(ended) = line.ended_after(root, compartment, from, *time_ms) else {
            let turned = |seq: u64| seq > from && accepted_at.is_none_or(|at| at >= seq);
            let late = line.turns().iter().any(|turn| turned(turn.seq));
            return if late { EntryStanding::Late } else { EntryStanding::Normal };
        };
        // What another branch ended, we did not know of when we accepted on ours.
        let knew = core::ptr::eq(line, self.main()) && accepted_at.is_some_and(|at| at >= ended);
        let turn = line.hash_at(ended).unwrap_or(Hash::from_bytes([0; 32]));
        if vouched.holds(turn, claim) {
            EntryStanding::Normal
        } else if knew {
            EntryStanding::Quarantined
        } else {
            kept_apart
        }
    }
}
