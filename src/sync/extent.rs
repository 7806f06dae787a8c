//! What a bundle says of itself: which part of a chart it brings, from where to where, and what of it is not in the bundle.
//!
//! All versions that a sender holds of a compartment, in the order in which they came to him, are a *line*. A bundle brings a
//! piece of the line of each compartment in its scope. Whoever has the line up to some place sees whether a piece goes on from
//! there, and whether anything is missing in it.

#[cfg(feature = "testing")]
use crate::codec;
use crate::codec::{CompartmentId, EntryId, Extensions, Hash, Version1, VersionId};
use crate::crypto::kdf;
use minicbor::{Decode, Encode};

/// A place in a line: how many versions there are up to it, and a hash over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Line {
    #[n(0)]
    pub(crate) count: u64,
    #[n(1)]
    pub(crate) hash: Hash,
}

impl Line {
    /// Before the first version.
    pub(crate) const EMPTY: Self = Self { count: 0, hash: Hash::from_bytes([0; 32]) };

    /// With one version more, by its object hash.
    pub(crate) fn then(self, object: &Hash) -> Self {
        let hash = kdf::link("scope-line", &[self.hash.as_bytes(), object.as_bytes()]);
        Self { count: self.count.saturating_add(1), hash: Hash::from_bytes(hash) }
    }
}

/// How the contents of files travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Blobs {
    /// On their own, when somebody asks for them.
    #[default]
    #[n(0)]
    OnDemand,
}

/// A piece of the line of a compartment. Its versions stand in the bundle, one after the other, but for those named here.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Piece {
    #[n(0)]
    pub(crate) compartment: CompartmentId,
    /// Nothing before the piece is for the addressee, so that it goes on from whatever he has.
    #[n(1)]
    pub(crate) first: bool,
    #[n(2)]
    pub(crate) from: Line,
    #[n(3)]
    pub(crate) to: Line,
    /// In ascending order of their places.
    #[n(4)]
    pub(crate) absent: Vec<Absent>,
}

/// A version of a piece that is not in the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Absent {
    /// Its place in the line, from 1.
    #[n(0)]
    pub(crate) place: u64,
    #[n(1)]
    pub(crate) object: Hash,
    #[n(2)]
    pub(crate) why: Why,
    /// Where the sender lost it: which one it is.
    #[n(3)]
    pub(crate) ids: Option<(EntryId, VersionId)>,
}

/// Why a version is not in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Why {
    /// The addressee may not read it: it is of before he was granted the compartment.
    #[n(0)]
    NotGranted,
    /// It was in a bundle that the addressee took in.
    #[n(1)]
    Sent,
    /// The sender's store does not have it any more.
    #[n(2)]
    Lost,
}

/// A compartment that the addressee may read, and that the scope leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct LeftOut {
    #[n(0)]
    pub(crate) compartment: CompartmentId,
    /// Where its line ends at the sender.
    #[n(1)]
    pub(crate) to: Line,
}

/// What a bundle brings.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Extent {
    #[n(0)]
    version: Version1,
    /// Number of the last version at the sender, in his order of arrival.
    #[n(1)]
    pub(crate) next: u64,
    /// False where the sender's store is damaged so that he cannot say what there is: then the entries come without pieces.
    #[n(2)]
    pub(crate) whole: bool,
    /// In the order in which their versions stand in the bundle.
    #[n(3)]
    pub(crate) pieces: Vec<Piece>,
    #[n(4)]
    pub(crate) left_out: Vec<LeftOut>,
    #[n(5)]
    blobs: Blobs,
    /// How many leaves of the sender's log the addressee has seen; 0 where that is not known.
    #[n(6)]
    pub(crate) seen: u64,
    /// Hash of what there is to tell the addressee of the sharing; in the bundle, or heard before.
    #[n(7)]
    pub(crate) sharing: Hash,
    #[n(8)]
    extensions: Extensions,
}

impl Extent {
    pub(crate) fn new(next: u64, seen: u64, sharing: Hash) -> Self {
        Self {
            version: Version1,
            next,
            whole: true,
            pieces: Vec::new(),
            left_out: Vec::new(),
            blobs: Blobs::OnDemand,
            seen,
            sharing,
            extensions: Extensions::default(),
        }
    }

    /// Whether it stands for itself: nothing in it counts on an earlier bundle.
    pub(crate) fn stands_alone(&self) -> bool {
        let begins = |piece: &Piece| piece.first || piece.from == Line::EMPTY;
        let alone = |piece: &Piece| begins(piece) && piece.absent.iter().all(|absent| absent.why != Why::Sent);
        self.pieces.iter().all(alone)
    }
}

/// The bytes of a bundle's scope, once more from what was read of them.
#[cfg(feature = "testing")]
pub fn scope_again(bytes: &[u8]) -> Option<Vec<u8>> {
    codec::decode::<Extent>(bytes).ok().map(|scope| codec::encode(&scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_in_order_and_has_a_length() {
        let [one, two] = [[1; 32], [2; 32]].map(Hash::from_bytes);
        let of = |objects: &[Hash]| objects.iter().fold(Line::EMPTY, |line, object| line.then(object));
        let all = [of(&[]), of(&[one]), of(&[two]), of(&[one, one]), of(&[one, two]), of(&[two, one])];
        assert!(all.iter().enumerate().all(|(place, line)| !all[..place].contains(line)));
        assert!(all.is_sorted_by_key(|line| line.count));
    }
}
