//! A small picture of a file, to be shown before the file itself.
//!
//! It is in the descriptor of one version: sealed and signed together with the root of the content that it shows. There is no
//! reference between the two that anybody could bend: another version, or another file, has a descriptor of its own.

use super::Fault;
use crate::codec::{self, Extensions, SecretBytes};
use crate::error::Error;
use crate::record::Kind;
use crate::vault::Entry;
use minicbor::{Decode, Encode};

/// Number of the extension of a descriptor. Software that does not know it passes it over.
const EXTENSION: u32 = 1;
/// Longest media type, in bytes.
const MOST_TYPE: usize = 255;

/// A preview of one version of a file, made by whoever put that version.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Preview {
    #[n(0)]
    media_type: String,
    #[n(1)]
    content: SecretBytes,
}

impl Preview {
    /// Longest content, in bytes: 256 KiB.
    pub const MAX_LEN: usize = 256 << 10;

    pub(super) fn new(media_type: String, content: &[u8]) -> Self {
        Self { media_type, content: SecretBytes::new(content) }
    }

    /// Media type, such as `image/jpeg`.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The bytes.
    pub fn content(&self) -> &[u8] {
        self.content.expose()
    }

    pub(super) fn require_fit(&self) -> Result<(), Error> {
        if self.fits() { Ok(()) } else { Err(Error::PreviewTooLong) }
    }

    fn fits(&self) -> bool {
        self.content().len() <= Self::MAX_LEN && self.media_type.len() <= MOST_TYPE
    }

    /// As it stands in a descriptor.
    pub(super) fn to_extensions(&self) -> Extensions {
        Extensions::ignorable(EXTENSION, codec::encode_secret(self))
    }

    /// What a descriptor has. One that is out of bounds does not open; the file does.
    pub(super) fn of(extensions: &Extensions) -> Result<Option<Self>, Fault> {
        let Some(bytes) = extensions.get(EXTENSION) else { return Ok(None) };
        codec::decode(bytes).ok().filter(Self::fits).map(Some).ok_or(Fault::Failed)
    }

    /// That of a version of a file.
    pub(super) fn of_entry(entry: &Entry) -> Result<Option<Self>, Error> {
        if entry.kind() != Kind::File || entry.is_deleted() {
            return Err(Error::OtherKind);
        }
        Ok(Self::of(&super::descriptor::Descriptor::decode(entry.record().described())?.extensions)?)
    }
}

/// Shows a size only: it is a patient's.
impl core::fmt::Debug for Preview {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { media_type: _, content } = self;
        f.debug_struct("Preview").field("content_len", &content.expose().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::EntryId;
    use crate::store::{Store, Table};
    use crate::{Chart, FileInfo, MemoryStore, Record, Recovery, Unlock, Vault};
    use std::sync::Arc;

    #[test]
    fn the_bytes_of_a_preview_stay_the_same() {
        let preview = Preview::new("a/b".into(), &[1, 2]);
        let bytes = codec::encode(&preview.to_extensions());
        // [[1, false, h'82 63 612f62 42 0102']]
        assert_eq!(bytes, [0x81, 0x83, 1, 0xf4, 0x48, 0x82, 0x63, b'a', b'/', b'b', 0x42, 1, 2]);
        let again = codec::decode::<Extensions>(&bytes).unwrap();
        assert!(Preview::of(&again).is_ok_and(|again| again == Some(preview)));
        assert!(matches!(Preview::of(&Extensions::default()), Ok(None)));
    }

    #[test]
    fn h55_a_preview_out_of_bounds_by_its_author() {
        let of = |media_type: usize, len: usize| {
            let preview = Preview::new("x".repeat(media_type), &vec![0; len]);
            Preview::of(&preview.to_extensions()).is_ok()
        };
        assert!(of(MOST_TYPE, Preview::MAX_LEN));
        assert!(!of(MOST_TYPE + 1, 0) && !of(0, Preview::MAX_LEN + 1));
        let trailing = Extensions::ignorable(EXTENSION, vec![0x82, 0x60, 0x40, 0].into());
        assert!(Preview::of(&trailing).is_err());
    }

    fn chart(store: impl Store + 'static) -> Chart {
        let (unlock, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
        Vault::create(store, "Riverside Clinic", &unlock, &none).unwrap().0.create_chart().unwrap()
    }

    fn info(preview: &[u8]) -> FileInfo {
        FileInfo::new("image/png").with_preview("image/jpeg", preview)
    }

    fn shown(chart: &Chart, id: &EntryId) -> Option<Vec<u8>> {
        chart.preview(id).unwrap().map(|preview| preview.content().to_vec())
    }

    #[test]
    fn a_preview_is_of_its_version() {
        let chart = chart(MemoryStore::new());
        let id = chart.put_file(&info(b"small"), &b"first"[..]).unwrap();
        let first = chart.get(&id).unwrap().version();
        assert_eq!(chart.preview(&id).unwrap().unwrap().media_type(), "image/jpeg");
        // The new version has another, or none: that of the old one is not shown for it.
        let second = chart.update_file(&id, &info(b"other"), &b"second"[..]).unwrap();
        assert_eq!(shown(&chart, &id).unwrap(), b"other");
        chart.update_file(&id, &FileInfo::new("image/png"), &b"third"[..]).unwrap();
        assert_eq!(shown(&chart, &id), None);
        for (version, preview) in [(first, &b"small"[..]), (second, b"other")] {
            assert_eq!(chart.preview_version(&version).unwrap().unwrap().content(), preview);
        }
        chart.delete(&id).unwrap();
        assert_eq!(chart.preview(&id).unwrap_err(), Error::UnknownEntry);
    }

    #[test]
    fn a_preview_that_is_too_long_is_refused_before_anything_is_written() {
        let chart = chart(MemoryStore::new());
        let longest = vec![7; Preview::MAX_LEN];
        let id = chart.put_file(&info(&longest), &b""[..]).unwrap();
        assert_eq!(shown(&chart, &id).unwrap(), longest);
        let refused = [info(&[&longest[..], b"x"].concat()), FileInfo::new("a/b").with_preview("x".repeat(256), b"")];
        for info in refused {
            assert_eq!(chart.put_file(&info, &b""[..]), Err(Error::PreviewTooLong));
        }
        assert_eq!(chart.list().unwrap().entries().len(), 1);
    }

    #[test]
    fn c26_a_record_is_not_taken_for_a_file_with_a_preview() {
        let chart = chart(MemoryStore::new());
        let file = chart.put_file(&info(b"small"), &b"content"[..]).unwrap();
        let descriptor = chart.get(&file).unwrap().record().described().to_vec();
        let record = chart.put(&Record::opaque("image/png", descriptor)).unwrap();
        assert_eq!(chart.preview(&record).unwrap_err(), Error::OtherKind);
    }

    #[test]
    fn c26_the_store_shows_the_preview_of_another_file() {
        let store = Arc::new(MemoryStore::new());
        let chart = chart(Arc::clone(&store));
        let knee = chart.put_file(&info(b"knee"), &b"1"[..]).unwrap();
        let chest = chart.put_file(&info(b"chest"), &b"2"[..]).unwrap();
        let rows = store.read().unwrap().scan(Table::Entries, chart.id().as_bytes(), None, 9).unwrap();
        let mut tx = store.write().unwrap();
        for (from, to) in [(0, 1), (1, 0)] {
            tx.put(Table::Entries, chart.id().as_bytes(), &rows[to].0, &rows[from].1).unwrap();
        }
        tx.commit().unwrap();
        for id in [knee, chest] {
            assert!(matches!(chart.preview(&id), Err(Error::Unopenable { .. } | Error::Withheld)));
        }
    }
}
