//! What versions of files describe, where it is kept, and which of it is here.

use super::{BlobSource, Fault, blobs, descriptor::Descriptor};
use crate::blob::{Opener, Place, Sealed};
use crate::codec::{BlobId, EntryId, VersionId};
use crate::crypto::{Secret, kdf::Deriver, role};
use crate::envelope::Opened;
use crate::error::Error;
use crate::index::Version;
use crate::keys::chart::EntryStanding;
use crate::record::Kind;
use crate::store::{BlobReader, BlobStore, StoreError};
use crate::vault::open_chart::OpenChart;
use crate::vault::{Chart, EventKind, Inner};

/// The content that a version of a file describes.
pub(in crate::vault) struct Described {
    pub(super) entry: EntryId,
    pub(super) version: VersionId,
    pub(super) place: Place,
    pub(super) sealed: Sealed,
    /// Under which id it is kept where it was taken in. The author chose the other: with that alone, whoever describes another
    /// content under an id that is in use would have it take the place of what is there.
    pub(super) local: BlobId,
    /// It was written by the owner of this vault.
    pub(super) own: bool,
}

impl Described {
    /// Of an opened version of a file that has a content.
    pub(in crate::vault) fn of(open: &OpenChart, opened: &Opened) -> Result<Self, Error> {
        let author = open.keys.cards().device(&opened.metadata.author);
        let own = author.is_some_and(|device| device.root() == open.keys.identity().root_card.hash());
        let (entry, version) = (opened.header.entry, opened.header.version);
        Ok(Self { own, ..Self::decode(open, &opened.content, entry, version)? })
    }

    /// Of a descriptor, whoever wrote it.
    pub(super) fn decode(
        open: &OpenChart,
        descriptor: &[u8],
        entry: EntryId,
        version: VersionId,
    ) -> Result<Self, Error> {
        let Descriptor { blob, sealed, extensions: _ } = Descriptor::decode(descriptor)?;
        let place = Place { suite: open.keys.suite(), chart: open.keys.chart(), blob };
        let local = local_id(&open.index_key, &place, &sealed);
        Ok(Self { entry, version, place, sealed, local, own: false })
    }

    /// What is here of it.
    pub(super) fn open(&self, blobs: &dyn BlobStore) -> Result<Option<Box<dyn BlobReader>>, StoreError> {
        match blobs.open(&self.local)? {
            None => blobs.open(&self.place.blob),
            received => Ok(received),
        }
    }

    /// Whether what is here of it is whole: each byte is checked, while the vault is open and `go_on` has no error.
    pub(super) fn is_whole(
        &self,
        inner: &Inner,
        source: Box<dyn BlobReader>,
        mut go_on: impl FnMut() -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let open = Opener::new(&self.place, &self.sealed, BlobSource(source), inner.options.threads);
        let checked = open.map_err(Checked::Fault).and_then(|mut opener| {
            opener.read_all(|_| inner.with(|_| Ok(())).and_then(|()| go_on()).map_err(Checked::Ended))
        });
        match checked {
            Ok(()) => Ok(true),
            Err(Checked::Fault(Fault::Failed)) => Ok(false),
            Err(Checked::Fault(fault)) => Err(fault.into()),
            Err(Checked::Ended(error)) => Err(error),
        }
    }
}

enum Checked {
    Fault(Fault),
    Ended(Error),
}

impl From<Fault> for Checked {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// D(index key, `incoming`, chart ‖ blob ‖ length u64 ‖ root ‖ key), its first 16 bytes: one id for one content, and nobody else
/// can say whose.
pub(crate) fn local_id(key: &Secret<role::Index>, place: &Place, sealed: &Sealed) -> BlobId {
    let Sealed { key: of_blob, root, len } = sealed;
    let (chart, blob) = (place.chart.as_bytes(), place.blob.as_bytes());
    let context: [&[u8]; 5] = [chart, blob, &len.to_be_bytes(), root.as_bytes(), of_blob.expose()];
    let derived = Deriver::new(key).public("incoming", &context);
    BlobId::from_bytes(*derived.first_chunk().unwrap_or(&[0; 16]))
}

/// Whether an opened version describes a content.
pub(in crate::vault) fn describes(opened: &Opened) -> bool {
    opened.header.kind == Kind::File && !opened.metadata.tombstone
}

/// The content of one version of a file.
pub(super) fn described(chart: &Chart, version: &VersionId, event: EventKind) -> Result<Described, Error> {
    chart.told(event, None, |open, snapshot| {
        let version = open.index.version(version).ok_or(Error::UnknownEntry)?;
        if open.standings.of(version.seq) == EntryStanding::Quarantined && !open.keys.is_custodian() {
            return Err(Error::Quarantined);
        }
        if version.kind != Kind::File || version.tombstone {
            return Err(Error::OtherKind);
        }
        Described::of(open, &open.open_version(snapshot, &version)?)
    })
}

impl Chart {
    /// Versions of files whose content is not here, current or not, in order of arrival: get it from somebody who has it, with
    /// [`Chart::receive_content`].
    pub fn missing_content(&self) -> Result<Vec<VersionId>, Error> {
        let described = self.told(EventKind::Find, None, |open, snapshot| {
            let is_read = |version: &Version<'_>| open.standings.of(version.seq) != EntryStanding::Quarantined;
            let files = open.index.after(0).filter(|version| version.kind == Kind::File && !version.tombstone);
            let mut described = Vec::new();
            for version in files.filter(is_read) {
                match open.open_version(snapshot, &version).and_then(|opened| Described::of(open, &opened)) {
                    Ok(content) => described.push(content),
                    // `verify` names it.
                    Err(Error::Unopenable { .. } | Error::NewerFormat) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(described)
        })?;
        absent(blobs(&self.inner).ok().as_deref(), &described).map_err(Error::from)
    }
}

/// Those of which the content is not here, or is not to be had for now.
pub(in crate::vault) fn missing(inner: &Inner, described: &[Described]) -> Vec<VersionId> {
    let all = || described.iter().map(|content| content.version).collect();
    absent(blobs(inner).ok().as_deref(), described).unwrap_or_else(|_| all())
}

fn absent(blobs: Option<&dyn BlobStore>, described: &[Described]) -> Result<Vec<VersionId>, StoreError> {
    let mut absent = Vec::new();
    for content in described {
        let here = match blobs {
            Some(blobs) => content.open(blobs)?.is_some(),
            None => false,
        };
        absent.extend((!here).then_some(content.version));
    }
    Ok(absent)
}
